"""An import is undone and restored at any stage: the sums hold in between, and afterwards all is as it was."""

from collections.abc import Callable

import pytest

from extraction import design, filling
from extraction.models import Value
from reviews import audit, importing, prisma
from reviews.flow_identities import identities
from reviews.models import Record, Report, Study
from screening.models import Conflict, Decision, Resolution
from tests import factories
from tests.reviews.random_reviews import random_review, report_of, settle, vote


def untouched(record, people) -> None:
    """Nobody has looked at it."""


def one_vote(record, people) -> None:
    vote(record, people[0])


def conflict(record, people) -> None:
    vote(record, people[0])
    vote(record, people[1], verdict="exclude")
    Conflict.objects.create(record=record, stage="title_abstract", opened_at=audit.now())


def excluded(record, people) -> None:
    for person in people:
        vote(record, person, verdict="exclude")
    settle(record, people[0], verdict="exclude")


def sought(record, people) -> None:
    for person in people:
        vote(record, person)
    settle(record, people[0])


def full_text(record, people) -> None:
    sought(record, people)
    report_of(record, retrieval="retrieved", text="We enrolled 58 patients.")


def included(record, people) -> None:
    full_text(record, people)
    settle(record, people[0], "full_text")
    report_of(record, study=Study.objects.get_or_create(review=record.review, label="Smith 2020")[0])


def extracted(record, people) -> None:
    included(record, people)
    form = design.draft_form(review=record.review, by=people[0])
    design.add_item(form=form, by=people[0], label="Patients", kind="number", unit="patients")
    design.publish_form(form=form, by=people[0])
    report = Report.objects.get(record=record)
    filling.give_value(
        study=report.study, item=form.items.get(), extractor=people[1], report=report,
        answer=filling.Answer("given", 58),
    )  # fmt: skip


STAGES: list[Callable] = [untouched, one_vote, conflict, excluded, sought, full_text, included, extracted]


def sums_hold(review) -> bool:
    return all(each.holds for each in identities(prisma.counts(review)) if each.code.startswith(("E", "L")))


def flow(review) -> tuple[dict[str, int], dict[str, int]]:
    counted = prisma.counts(review)
    return counted.counts, counted.open


def kept() -> list[int]:
    """How many rows of each judgement there are, live ones only."""
    judged = [Decision, Resolution, Value]
    return [each.objects.filter(withdrawn_at__isnull=True).count() for each in judged] + [
        Report.objects.count()
    ]


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.__name__)
def test_undone_and_restored_all_is_as_it_was(review, alice, bob, carol, stage):
    other, search = factories.search(review, by=alice), factories.search(review, by=alice, source="Embase")
    factories.record(other)
    records = [factories.record(search) for _ in range(2)]
    stage(records[0], [bob, carol])
    before, rows = flow(review), kept()
    assert sums_hold(review)
    importing.withdraw_search(search=search, by=alice, reason="the wrong export")
    assert sums_hold(review)
    counted, still_open = flow(review)
    assert (counted["database_results"], counted["records_screened"], counted["new_studies"]) == (1, 1, 0)
    assert still_open["dbr_in_screening"] == 1
    assert kept() == rows
    importing.restore_search(search=search, by=alice)
    assert flow(review) == before
    assert kept() == rows
    assert sums_hold(review)
    assert audit.verify(review).ok


@pytest.mark.parametrize("seed", range(4))
def test_in_any_review_every_import_is_undone_and_restored_and_the_sums_hold(review, alice, bob, seed):
    random_review(review, [alice, bob], seed, size=25)
    for search in review.searches.filter(withdrawn_at__isnull=True):
        papers = {record.duplicate_of_id or record.pk for record in Record.objects.found()}
        rows = kept()
        importing.withdraw_search(search=search, by=alice, reason="wrong")
        assert sums_hold(review)
        importing.restore_search(search=search, by=alice)
        assert sums_hold(review)
        assert kept() == rows
        assert len({record.duplicate_of_id or record.pk for record in Record.objects.found()}) == len(papers)
