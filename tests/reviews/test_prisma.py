"""The flow: every number, the list behind it, and the sums that tie them together."""

import random
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reviews import audit, prisma, removing
from reviews.flow_identities import identities
from reviews.models import Record, Report, Study
from reviews.refusals import Refused
from screening.conflicts import reopen, resolve
from screening.decisions import decide, withdraw
from screening.models import Conflict, Decision, Resolution
from tests import factories
from tests.reviews.random_reviews import random_review, report_of, settle, vote


def holds(flow, *, but=()):
    """Every identity, those of `but` left out; the broken ones, so that a failure says which."""
    return [i for i in identities(flow) if not i.holds and i.code not in but]


def every_box(flow):
    return [
        *flow.counts,
        *flow.open,
        *(s.box for s in flow.sources),
        *(r.box for r in flow.reasons),
        *(r.box for r in flow.rules),
    ]


def number(flow, box):
    parts = {part.box: part.n for part in (*flow.sources, *flow.reasons, *flow.rules)}
    return parts[box] if box in parts else flow.n(box)


@pytest.mark.parametrize("seed", range(12))
def test_whatever_the_state_every_identity_holds_and_every_number_is_the_length_of_its_list(
    seed, review, alice, bob
):
    random_review(review, [alice, bob], seed)
    flow = prisma.counts(review)
    orphans = flow.n("orphaned_duplicates")
    assert holds(flow, but=("L2",)) == []
    assert [i.holds for i in identities(flow) if i.code == "L2"] == [orphans == 0]
    for box in every_box(flow):
        records = list(prisma.records_behind(review, box))
        assert (box, len(records)) == (box, number(flow, box))
        assert len({record.pk for record in records}) == len(records)
    for arm in prisma.ARMS:
        split = [flow.n(f"{arm}_{what}") for what in ("not_screened", "one_vote_in", "in_conflict")]
        assert sum(split) == flow.n(f"{arm}_in_screening")


@pytest.mark.parametrize("seed", range(3))
def test_whatever_people_do_through_the_verbs_every_identity_holds(seed, review, alice, bob, carol):
    dice = random.Random(seed)
    searches = [
        factories.search(review, by=alice),
        factories.search(review, by=alice, source="WHO", kind="website"),
    ]
    records = [factories.record(dice.choice(searches)) for _ in range(8)]
    reason = factories.criterion(review, by=alice, stage="full_text", kind="exclude", label="Wrong design")
    for step in range(150):
        record, stage = dice.choice(records), dice.choice(["title_abstract", "full_text"])
        try:
            _do_something(dice, record, stage, [alice, bob, carol], reason)
        except Refused:
            continue
        finally:
            if step % 30 == 29:
                assert holds(prisma.counts(review)) == []
    flow = prisma.counts(review)
    assert flow.n("dbr_sought_reports") + flow.n("other_sought_reports") > 0, "the walk must get somewhere"
    assert flow.events > 20


def _do_something(dice, record, stage, people, reason):
    who = dice.choice(people)
    act = dice.random()
    if act < 0.7:
        verdict = dice.choice(["include", "include", "exclude"])
        why = reason if (stage, verdict) == ("full_text", "exclude") else None
        decide(record=record, stage=stage, reviewer=who, verdict=verdict, key=uuid.uuid4(), reason=why)
    elif act < 0.8:
        mine = Decision.objects.filter(record=record, stage=stage, reviewer=who, withdrawn_at=None).first()
        if mine:
            withdraw(decision=mine, by=who, reason="A slip of the finger.")
    elif act < 0.85:
        reopen(record=record, stage=stage, by=who, reason="We were wrong.")
    elif act < 0.95:
        conflict = Conflict.objects.filter(record=record, stage=stage, closed_at=None).first()
        if conflict:
            resolve(conflict=conflict, by=who, verdict="include", explanation="We talked.")
    else:
        Report.objects.filter(record=record, retrieval="sought").update(retrieval="retrieved", text="Text.")


def test_an_empty_review_counts_nothing_and_adds_up(review):
    flow = prisma.counts(review)
    assert set(flow.counts.values()) | set(flow.open.values()) == {0}
    assert (flow.sources, flow.reasons, flow.still_open, flow.has_other) == ((), (), 0, False)
    assert (flow.events, flow.head) == (0, "0" * 64)
    assert holds(flow) == []


def test_another_reviews_records_are_not_counted(review, alice):
    other = factories.review(lead=alice, slug="other")
    factories.record(factories.search(other, by=alice))
    assert prisma.counts(review).n("database_results") == 0
    assert prisma.counts(other).n("database_results") == 1


def test_searches_of_one_source_add_up_and_an_empty_search_is_named(review, alice):
    first, again = factories.search(review, by=alice), factories.search(review, by=alice)
    factories.search(review, by=alice, source="Embase")
    register = factories.search(review, by=alice, source="ClinicalTrials.gov", kind="register")
    factories.record(register), factories.record(first), factories.record(first), factories.record(again)
    flow = prisma.counts(review)
    assert [(s.kind, s.label, s.n) for s in flow.sources] == [
        ("database", "PubMed", 3),
        ("database", "Embase", 0),
        ("register", "ClinicalTrials.gov", 1),
    ]
    assert (flow.n("database_results"), flow.n("register_results")) == (3, 1)


def test_a_withdrawn_search_counts_nowhere(search, record, review):
    type(search).objects.filter(pk=search.pk).update(withdrawn_at=audit.now())
    flow = prisma.counts(review)
    assert (flow.n("database_results"), flow.n("records_screened"), flow.sources) == (0, 0, ())


def test_a_duplicate_counts_once_under_its_own_source_whatever_its_originals(review, alice):
    original = factories.record(factories.search(review, by=alice, source="A website", kind="website"))
    copy = factories.record(factories.search(review, by=alice))
    Record.objects.filter(pk=copy.pk).update(duplicate_of=original)
    factories.removed_by_rule(copy, by=alice)
    settle(copy, alice)
    flow = prisma.counts(review)
    assert (flow.n("duplicates"), flow.n("excluded_automatic"), flow.n("other_duplicates")) == (1, 0, 0)
    assert (flow.n("records_screened"), flow.n("dbr_sought_reports")) == (0, 0)
    assert flow.n("other_records_screened") == 1
    assert holds(flow) == []


def test_an_original_whose_search_was_withdrawn_shows_as_a_broken_sum(review, alice):
    gone = factories.search(review, by=alice, source="Embase")
    original, copy = factories.record(gone), factories.record(factories.search(review, by=alice))
    Record.objects.filter(pk=copy.pk).update(duplicate_of=original)
    type(gone).objects.filter(pk=gone.pk).update(withdrawn_at=audit.now())
    assert [(i.code, i.left, i.right) for i in holds(prisma.counts(review))] == [("L2", 1, 0)]


def test_an_include_without_a_report_shows_as_a_broken_sum(record, review, alice):
    settle(record, alice)
    Report.objects.filter(record=record).delete()
    assert [(i.code, i.left, i.right) for i in holds(prisma.counts(review))] == [("W4", 0, 1), ("L1", 1, 0)]


def test_removed_records_are_counted_by_kind_and_not_screened(search, review, alice):
    for _ in range(2):
        factories.removed_by_rule(factories.record(search), by=alice)
    gone, back = factories.record(search), factories.record(search)
    removing.remove_records(review=review, numbers=[gone.number, back.number], by=alice, reason="A slip")
    removing.restore_record(record=back, by=alice)
    flow = prisma.counts(review)
    assert [flow.n(box) for box in ("excluded_automatic", "excluded_other", "records_screened")] == [2, 1, 1]


def test_what_a_model_helped_to_exclude_is_never_in_the_box_of_automation_tools(search, review, alice):
    settle(factories.record(search), alice, verdict="exclude", how="with_model")
    settle(factories.record(search), alice, verdict="exclude", how="single")
    flow = prisma.counts(review)
    assert flow.n("excluded_automatic") == 0
    assert flow.n("records_excluded") == 2
    assert (flow.n("records_excluded_by_human"), flow.n("records_excluded_by_ai")) == (1, 1)


def test_open_records_stand_by_what_they_wait_for(search, review, alice, bob):
    factories.record(search)
    vote(factories.record(search), alice)
    torn = factories.record(search)
    vote(torn, alice), vote(torn, bob, verdict="exclude")
    Conflict.objects.create(record=torn, stage="title_abstract", opened_at=audit.now())
    sought, here, included = (factories.record(search) for _ in range(3))
    for record in (sought, here, included):
        settle(record, alice)
    report_of(here, retrieval="retrieved", text="Text.")
    report_of(included, retrieval="retrieved", text="Text.")
    settle(included, alice, "full_text")
    flow = prisma.counts(review)
    assert {box: n for box, n in flow.open.items() if n} == {
        "dbr_in_screening": 3,
        "dbr_not_screened": 1,
        "dbr_one_vote_in": 1,
        "dbr_in_conflict": 1,
        "dbr_awaiting_retrieval": 1,
        "dbr_awaiting_full_text": 1,
        "unlinked_reports": 1,
    }
    assert flow.still_open == 6
    assert (flow.n("records_screened"), flow.n("dbr_sought_reports"), flow.n("dbr_assessed")) == (6, 3, 2)


def test_a_withdrawn_vote_leaves_a_record_nobody_has_voted_on(record, review, alice):
    vote(record, alice, withdrawn_at=audit.now())
    flow = prisma.counts(review)
    assert (flow.n("dbr_not_screened"), flow.n("dbr_one_vote_in")) == (1, 0)


def test_reasons_stand_in_the_declared_order_and_a_reworded_one_is_one_reason(search, review, alice):
    old = factories.criterion(review, by=alice, stage="full_text", label="Wrong design", position=2)
    type(old).objects.filter(pk=old.pk).update(retired_at=audit.now())
    new = factories.criterion(review, by=alice, stage="full_text", label="Wrong design", position=1)
    people = factories.criterion(review, by=alice, stage="full_text", label="Wrong people", position=2)
    gone = factories.criterion(review, by=alice, stage="full_text", label="A retired reason", position=0)
    type(gone).objects.filter(pk=gone.pk).update(retired_at=audit.now())
    for reason in (gone, people, people, old, new):
        record = factories.record(search)
        settle(record, alice)
        report_of(record, retrieval="retrieved", text="Text.")
        settle(record, alice, "full_text", "exclude", reason=reason)
    flow = prisma.counts(review)
    assert [(r.arm, r.label, r.n) for r in flow.reasons] == [
        ("dbr", "Wrong design", 2),
        ("dbr", "Wrong people", 2),
        ("dbr", "A retired reason", 1),
    ]
    for criterion in (old, new):
        assert prisma.records_behind(review, f"dbr_excluded-{criterion.pk}").count() == 2


def test_a_study_with_two_reports_is_one_study_in_two_reports(review, alice):
    study = Study.objects.create(review=review, label="Smith 2020")
    for kind in ("database", "website"):
        record = factories.record(factories.search(review, by=alice, kind=kind))
        settle(record, alice)
        report_of(record, retrieval="retrieved", text="Text.", study=study)
        settle(record, alice, "full_text")
    Study.objects.create(review=review, label="A study without a report")
    flow = prisma.counts(review)
    assert (flow.n("new_studies"), flow.n("new_reports"), flow.n("unlinked_reports")) == (1, 2, 0)
    assert [r.number for r in prisma.records_behind(review, "new_studies")] == [1]


def test_an_answer_at_full_text_counts_only_while_the_report_is_here(record, review, alice):
    settle(record, alice)
    report_of(record, retrieval="retrieved", text="Text.")
    settle(record, alice, "full_text")
    report_of(record, retrieval="not_retrieved", why_not="It was the wrong paper", text="")
    flow = prisma.counts(review)
    assert (flow.n("new_reports"), flow.n("dbr_notretrieved_reports"), flow.n("dbr_assessed")) == (0, 1, 0)
    assert holds(flow) == []


def test_w6_says_what_became_of_records_found_otherwise(review, alice):
    search = factories.search(review, by=alice, source="Google", kind="website")
    settle(factories.record(search), alice, verdict="exclude")
    settle(factories.record(search), alice)
    factories.record(search)
    (w6,) = [i for i in identities(prisma.counts(review)) if i.code == "W6"]
    assert (w6.left, w6.right, w6.holds) == (1, 1, True)
    assert "1 were excluded at title and abstract, 1 are still in screening" in w6.note


def test_a_reopened_answer_puts_the_record_back_into_screening(record, review, alice):
    settle(record, alice)
    Resolution.objects.update(withdrawn_at=audit.now())
    flow = prisma.counts(review)
    assert (flow.n("dbr_in_screening"), flow.n("dbr_sought_reports")) == (1, 0)
    assert holds(flow) == []


@pytest.mark.parametrize("size", [1, 30])
def test_the_number_of_queries_does_not_grow_with_the_review(size, review, alice, bob):
    random_review(review, [alice, bob], seed=3, size=size)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        prisma.counts(review)
    assert len(queries) == 9


def test_a_change_in_the_middle_of_a_count_makes_it_begin_anew(record, review, monkeypatch):
    heads = iter([(1, "a"), (2, "b"), (2, "b"), (2, "b")])
    monkeypatch.setattr(prisma, "_trail_head", lambda _: next(heads))
    flow = prisma.counts(review)
    assert (flow.events, flow.head) == (2, "b")
    assert next(heads, None) is None


@pytest.mark.parametrize(
    "box",
    ["nonsense", "source-0", "source-x", "dbr_excluded-999", "duplicates-1", "", "-", "source-" + "9" * 30],
)
def test_an_unknown_box_is_refused(box, review, search):
    with pytest.raises(KeyError):
        prisma.records_behind(review, box)


def test_a_source_of_another_review_is_an_unknown_box(review, alice):
    other = factories.search(factories.review(lead=alice, slug="other"), by=alice)
    with pytest.raises(KeyError):
        prisma.records_behind(review, f"source-{other.pk}")


def test_who_screens_is_not_told_how_far_others_are(record, review, alice, bob, olive):
    vote(record, alice)
    flow = prisma.counts(review)
    for person, told in ((alice, False), (bob, False), (olive, True)):
        seen = flow.seen_by(review.memberships.get(user=person))
        assert ("dbr_one_vote_in" in seen.open) is told
        assert seen.open["dbr_in_screening"] == 1


def test_every_box_has_words(review):
    flow = prisma.counts(review)
    assert all(prisma.title(box) for box in [*flow.counts, *flow.open])
    assert prisma.title("other_excluded-7") == "Reports excluded (other methods)"
    assert prisma.title("dbr_assessed") == "Reports assessed for eligibility"
