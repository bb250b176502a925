"""Which reports are sought, and which are included: the same as PRISMA counts."""

import pytest

from reviews import audit, prisma
from reviews.models import Removal, Report
from screening.models import Resolution
from screening.retrieval import included_reports, sought_reports
from tests import factories


def settle(record, stage, verdict, by):
    reason = factories.criterion(record.review, by=by, stage=stage) if verdict == "exclude" else None
    return Resolution.objects.create(
        record=record,
        stage=stage,
        verdict=verdict,
        how="agreement",
        by=by,
        made_at=audit.now(),
        reason=reason,
    )


@pytest.fixture
def world(search, alice):
    """One record in each state a report can be in; by name."""
    records = {}

    def made(name, ta="include", ft=None, **report):
        record = records[name] = factories.record(search, title=name)
        if (
            name == "removed"
        ):  # votes brought along by an import may stand beside a removal; none comes after a vote
            Removal.objects.create(record=record, kind="other", reason="Retracted.", by=alice, at=audit.now())
        if ta:
            settle(record, "title_abstract", ta, alice)
        if ft:
            settle(record, "full_text", ft, alice)
        if report:
            Report.objects.create(record=record, opened_at=audit.now(), **report)

    made("sought", retrieval="sought")
    made("not retrieved", retrieval="not_retrieved", why_not="No access.")
    made("retrieved", retrieval="retrieved", text="Text.")
    made("included", ft="include", retrieval="retrieved", text="Text.")
    made("excluded", ft="exclude", retrieval="retrieved", text="Text.")
    made("reopened", ta=None, ft="include", retrieval="retrieved", text="Text.")
    made("duplicate", ft="include", retrieval="retrieved", text="Text.")
    made("removed", ft="include", retrieval="retrieved", text="Text.")
    made("unread", ta=None)
    records["duplicate"].duplicate_of = records["unread"]
    records["duplicate"].save()
    return records


def names(reports):
    return list(reports.order_by("record__number").values_list("record__title", flat=True))


def test_what_is_sought_is_what_was_included_by_title_and_abstract(world, review):
    assert names(sought_reports(review)) == ["sought", "not retrieved", "retrieved", "included", "excluded"]
    assert names(included_reports(review)) == ["included"]


def test_prisma_counts_the_same(world, review):
    flow = prisma.counts(review)
    assert sought_reports(review).count() == flow.n("dbr_sought_reports") == 5
    assert included_reports(review).count() == flow.n("dbr_included") == 1


def test_nothing_is_sought_of_an_undone_search(world, review, search):
    search.withdrawn_at = audit.now()
    search.save()
    assert (names(sought_reports(review)), names(included_reports(review))) == ([], [])
