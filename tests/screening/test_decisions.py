"""Two people, blind: deciding, taking back, agreement and conflict."""

import threading
import uuid

import pytest
from django.db import connection

from reviews.models import Event, Record, Report
from reviews.refusals import BadInput, Refused
from screening import conflicts, decisions, visibility
from screening.models import Conflict, Decision, Protocol, Resolution
from screening.queue import next_records, progress
from tests import factories

TA, FT = "title_abstract", "full_text"


def vote(person, record, verdict="include", stage=TA, **more):
    return decisions.decide(
        record=record,
        stage=stage,
        reviewer=person,
        verdict=verdict,
        key=more.pop("key", uuid.uuid4()),
        **more,
    )


def rows():
    return tuple(model.objects.count() for model in (Decision, Resolution, Conflict, Event, Report))


@pytest.fixture
def retrieved(record, bob, carol):
    """The record, included at title and abstract, its report at hand."""
    vote(bob, record)
    vote(carol, record)
    Report.objects.filter(record=record).update(retrieval="retrieved", text="Full text.")
    return record


def test_one_vote_leaves_the_record_waiting(record, bob):
    outcome = vote(bob, record)
    assert (outcome.resolution, outcome.conflict) == (None, None)
    assert rows() == (1, 0, 0, 1, 0)


def test_two_includes_settle_the_record_and_open_its_report(record, bob, carol):
    vote(bob, record)
    resolution = vote(carol, record).resolution
    assert (resolution.verdict, resolution.how, resolution.conflict) == ("include", "agreement", None)
    assert Report.objects.get().record == record
    assert rows() == (2, 1, 0, 2, 1)


def test_two_excludes_settle_the_record_without_a_report(record, bob, carol):
    vote(bob, record, "exclude")
    assert vote(carol, record, "exclude").resolution.verdict == "exclude"
    assert rows() == (2, 1, 0, 2, 0)


def test_include_against_exclude_is_a_conflict(record, bob, carol):
    vote(bob, record)
    outcome = vote(carol, record, "exclude")
    assert outcome.resolution is None
    assert outcome.conflict.closed_at is None
    assert rows() == (2, 0, 1, 2, 0)


@pytest.mark.parametrize(
    ("first", "second"), [("maybe", "include"), ("include", "maybe"), ("maybe", "maybe")]
)
def test_maybe_counts_as_include(record, bob, carol, first, second):
    vote(bob, record, first)
    assert vote(carol, record, second).resolution.verdict == "include"


@pytest.mark.parametrize("other", ["include", "exclude", "maybe"])
def test_maybe_goes_to_the_conflicts_queue_where_the_protocol_says_so(record, bob, carol, other):
    Protocol.objects.create(review=record.review, stage=TA, maybe_means="conflict")
    vote(bob, record, other)
    assert vote(carol, record, "maybe").conflict is not None
    assert Resolution.objects.count() == 0


def test_one_reviewer_settles_alone_where_the_protocol_wants_one(record, bob):
    Protocol.objects.create(review=record.review, stage=TA, reviewers_wanted=1)
    assert vote(bob, record, "exclude").resolution.how == "single"


def test_sending_the_same_decision_twice_decides_once(record, bob):
    key = uuid.uuid4()
    first, second = vote(bob, record, key=key), vote(bob, record, key=key)
    assert second.decision == first.decision
    assert (first.repeated, second.repeated) == (False, True)
    assert rows() == (1, 0, 0, 1, 0)


def test_a_second_decision_by_the_same_person_is_refused(record, bob):
    vote(bob, record)
    before = rows()
    with pytest.raises(Refused, match="decided on this record already"):
        vote(bob, record, "exclude")
    assert rows() == before


def test_a_third_vote_on_a_settled_record_is_refused(record, alice, bob, carol):
    vote(bob, record)
    vote(carol, record)
    before = rows()
    with pytest.raises(Refused, match="settled meanwhile"):
        vote(alice, record, "exclude")
    assert rows() == before


def test_a_vote_on_a_record_in_conflict_is_refused(record, alice, bob, carol):
    vote(bob, record)
    vote(carol, record, "exclude")
    before = rows()
    with pytest.raises(Refused, match="in conflict"):
        vote(alice, record)
    assert rows() == before


def test_a_vote_on_a_duplicate_is_refused_and_names_the_other(search, bob):
    first, second = factories.record(search), factories.record(search)
    Record.objects.filter(pk=second.pk).update(duplicate_of=first)
    with pytest.raises(Refused, match="duplicate of #1"):
        vote(bob, second)
    assert rows() == (0, 0, 0, 0, 0)


def test_an_unknown_verdict_is_refused(record, bob):
    with pytest.raises(BadInput, match="not a verdict"):
        vote(bob, record, "perhaps")
    assert rows() == (0, 0, 0, 0, 0)


def test_a_judgement_on_a_retired_criterion_is_refused(record, alice, bob):
    old = factories.criterion(record.review, by=alice, retired_at=record.search.imported_at)
    with pytest.raises(BadInput, match="not in force"):
        vote(bob, record, judgements={str(old.pk): "met"})
    assert rows() == (0, 0, 0, 0, 0)


def test_full_text_waits_for_retrieval(record, bob, carol):
    vote(bob, record)
    vote(carol, record)
    with pytest.raises(Refused, match="not up for judgement"):
        vote(bob, record, stage=FT)
    assert next_records(record.review, FT, bob) == []


def test_an_exclusion_at_full_text_needs_one_reason(retrieved, bob):
    before = rows()
    with pytest.raises(BadInput, match="needs one reason"):
        vote(bob, retrieved, "exclude", FT)
    with pytest.raises(BadInput, match="include or exclude"):
        vote(bob, retrieved, "maybe", FT)
    assert rows() == before


def test_the_first_violated_criterion_in_declared_order_is_the_reason(retrieved, alice, bob):
    first = factories.criterion(retrieved.review, by=alice, stage=FT, label="Population")
    second = factories.criterion(retrieved.review, by=alice, stage=FT, label="News", kind="exclude")
    outcome = vote(
        bob, retrieved, "exclude", FT, judgements={str(second.pk): "met", str(first.pk): "not_met"}
    )
    assert outcome.decision.reason == first


def test_of_two_reasons_the_first_in_declared_order_stands(retrieved, alice, bob, carol):
    first = factories.criterion(retrieved.review, by=alice, stage=FT, label="Population")
    second = factories.criterion(retrieved.review, by=alice, stage=FT, label="Design")
    vote(bob, retrieved, "exclude", FT, reason=second)
    assert vote(carol, retrieved, "exclude", FT, reason=first).resolution.reason == first


def test_two_reasons_are_a_conflict_where_the_protocol_says_so(retrieved, alice, bob, carol):
    Protocol.objects.create(review=retrieved.review, stage=FT, different_reasons="conflict")
    first = factories.criterion(retrieved.review, by=alice, stage=FT, label="Population")
    second = factories.criterion(retrieved.review, by=alice, stage=FT, label="Design")
    vote(bob, retrieved, "exclude", FT, reason=second)
    assert vote(carol, retrieved, "exclude", FT, reason=first).conflict is not None


def test_taking_back_an_only_vote_leaves_it_in_the_table(record, bob):
    decision = vote(bob, record).decision
    decisions.withdraw(decision=decision, by=bob)
    assert Decision.objects.get().withdrawn_at is not None
    assert next_records(record.review, TA, bob) == [record]


def test_nobody_takes_back_another_persons_vote(record, bob, carol):
    decision = vote(bob, record).decision
    before = rows()
    with pytest.raises(Refused, match="somebody else"):
        decisions.withdraw(decision=decision, by=carol, reason="I know better.")
    assert rows() == before
    assert Decision.objects.get().withdrawn_at is None


def test_taking_back_a_vote_closes_the_conflict_and_keeps_the_other_vote(record, bob, carol):
    vote(bob, record)
    slip = vote(carol, record, "exclude").decision
    decisions.withdraw(decision=slip, by=carol)
    assert Conflict.objects.get().closed_how == "vote_withdrawn"
    assert vote(carol, record).resolution.how == "agreement"
    assert Decision.objects.filter(withdrawn_at__isnull=True).count() == 2


def test_a_vote_made_again_after_seeing_the_other_says_so(record, bob, carol):
    vote(bob, record)
    slip = vote(carol, record, "exclude").decision
    decisions.withdraw(decision=slip, by=carol)
    assert vote(carol, record).decision.seen_votes is True
    assert slip.seen_votes is False


def test_a_third_persons_vote_after_a_conflict_lay_open_says_so(record, alice, bob, carol):
    vote(bob, record)
    slip = vote(carol, record, "exclude").decision
    decisions.withdraw(decision=slip, by=carol)
    assert vote(alice, record).decision.seen_votes is True


def test_first_votes_are_blind(record, bob, carol):
    assert vote(bob, record).decision.seen_votes is False
    assert vote(carol, record).decision.seen_votes is False


def test_unsettling_an_agreed_record_needs_a_reason(record, bob, carol):
    vote(bob, record)
    decision = vote(carol, record).decision
    with pytest.raises(BadInput, match="with a reason"):
        decisions.withdraw(decision=decision, by=carol)
    assert Resolution.objects.get().withdrawn_at is None
    decisions.withdraw(decision=decision, by=carol, reason="I misread the population.")
    assert Resolution.objects.get().withdrawn_at is not None
    assert Event.objects.order_by("seq").last().reason == "I misread the population."


def test_a_record_judged_at_full_text_cannot_be_unsettled_before(retrieved, bob):
    vote(bob, retrieved, stage=FT)
    decision = Decision.objects.get(reviewer=bob, stage=TA)
    with pytest.raises(Refused, match="judged at full text since"):
        decisions.withdraw(decision=decision, by=bob, reason="Changed my mind.")
    assert Resolution.objects.get(stage=TA).withdrawn_at is None


@pytest.fixture
def conflict(record, bob, carol):
    vote(bob, record)
    return vote(carol, record, "exclude").conflict


def test_one_of_the_two_settles_by_discussion(conflict, bob):
    resolution = conflicts.resolve(
        conflict=conflict, by=bob, verdict="include", explanation="We read it together."
    )
    assert (resolution.how, resolution.conflict, resolution.verdict) == ("discussion", conflict, "include")
    assert Conflict.objects.get().closed_how == "resolved"
    assert sorted(Decision.objects.values_list("verdict", flat=True)) == ["exclude", "include"]


def test_a_third_person_settles_by_adjudication(conflict, alice):
    resolution = conflicts.resolve(
        conflict=conflict, by=alice, verdict="exclude", explanation="Wrong population."
    )
    assert resolution.how == "adjudication"
    assert Report.objects.count() == 0


def test_a_conflict_is_settled_once(conflict, alice, bob):
    conflicts.resolve(conflict=conflict, by=alice, verdict="exclude", explanation="Wrong population.")
    before = rows()
    with pytest.raises(Refused, match="closed meanwhile"):
        conflicts.resolve(conflict=conflict, by=bob, verdict="include", explanation="No.")
    assert rows() == before


def test_a_conflict_needs_an_explanation_and_a_clear_answer(conflict, alice):
    before = rows()
    with pytest.raises(BadInput, match="reason in words"):
        conflicts.resolve(conflict=conflict, by=alice, verdict="include", explanation="  ")
    with pytest.raises(BadInput, match="include or exclude"):
        conflicts.resolve(conflict=conflict, by=alice, verdict="maybe", explanation="Hm.")
    assert rows() == before


def test_a_voter_does_not_settle_where_the_protocol_wants_a_third_person(conflict, alice, bob):
    Protocol.objects.create(review=conflict.record.review, stage=TA, adjudicator="third")
    with pytest.raises(Refused, match="third person"):
        conflicts.resolve(conflict=conflict, by=bob, verdict="include", explanation="Mine.")
    assert Resolution.objects.count() == 0
    assert conflicts.resolve(conflict=conflict, by=alice, verdict="include", explanation="Both fit.")


def test_only_a_lead_settles_where_the_protocol_wants_a_lead(conflict, alice, bob):
    Protocol.objects.create(review=conflict.record.review, stage=TA, adjudicator="lead")
    with pytest.raises(Refused, match="a lead to settle"):
        conflicts.resolve(conflict=conflict, by=bob, verdict="include", explanation="Mine.")
    assert conflicts.resolve(conflict=conflict, by=alice, verdict="include", explanation="Both fit.")


def test_reopening_puts_the_record_in_conflict_with_every_vote_kept(record, alice, bob, carol):
    vote(bob, record)
    vote(carol, record)
    with pytest.raises(BadInput):
        conflicts.reopen(record=record, stage=TA, by=alice, reason="")
    conflict = conflicts.reopen(record=record, stage=TA, by=alice, reason="It is a retracted paper.")
    assert Resolution.objects.get().withdrawn_at is not None
    assert Decision.objects.filter(withdrawn_at__isnull=True).count() == 2
    assert conflicts.resolve(conflict=conflict, by=alice, verdict="exclude", explanation="Retracted.")


def test_carol_sees_nothing_of_bobs_vote_before_her_own(record, alice, bob, carol, olive, mallory):
    vote(bob, record)
    review = record.review
    seers = [
        p for p in (alice, bob, carol, olive, mallory) if visibility.sees_votes(p, review, TA, [record.pk])
    ]
    assert seers == [bob]
    vote(carol, record)
    seers = [
        p for p in (alice, bob, carol, olive, mallory) if visibility.sees_votes(p, review, TA, [record.pk])
    ]
    assert seers == [alice, bob, carol, olive]


def test_a_conflict_is_seen_by_those_who_may_resolve_it_and_not_by_an_observer(conflict, alice, olive):
    record = conflict.record
    assert visibility.sees_votes(alice, record.review, TA, [record.pk]) == {record.pk}
    assert visibility.sees_votes(olive, record.review, TA, [record.pk]) == set()


def test_records_with_a_first_vote_come_first_and_settled_ones_never(search, alice, bob, carol):
    first, second, third = (factories.record(search) for _ in range(3))
    vote(bob, third)
    assert next_records(search.review, TA, carol, n=3) == [third, first, second]
    assert next_records(search.review, TA, bob, n=3) == [first, second]
    vote(carol, third)
    assert next_records(search.review, TA, alice, n=3) == [first, second]


def test_progress_counts_ones_own_work_only(search, bob, carol):
    first, _second = factories.record(search), factories.record(search)
    vote(bob, first)
    assert (lambda p: (p.mine, p.waiting, p.total))(progress(search.review, TA, bob)) == (1, 1, 2)
    assert (lambda p: (p.mine, p.waiting, p.total))(progress(search.review, TA, carol)) == (0, 2, 2)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("second", "resolutions", "open_conflicts"), [("include", 1, 0), ("exclude", 0, 1)])
def test_two_people_deciding_at_the_same_moment_never_lose_the_outcome(
    review, alice, bob, carol, second, resolutions, open_conflicts
):
    search = factories.search(review, by=alice)
    for _ in range(25):
        record = factories.record(search)
        start = threading.Barrier(2)
        errors = []

        def judge(person, verdict, record=record, start=start, errors=errors):
            try:
                start.wait()
                vote(person, record, verdict)
            except Exception as error:
                errors.append(error)
            finally:
                connection.close()

        people = [threading.Thread(target=judge, args=args) for args in ((bob, "include"), (carol, second))]
        for person in people:
            person.start()
        for person in people:
            person.join()
        assert errors == []
        assert Resolution.objects.filter(record=record, withdrawn_at__isnull=True).count() == resolutions
        assert Conflict.objects.filter(record=record, closed_at__isnull=True).count() == open_conflicts
