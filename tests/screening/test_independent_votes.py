"""Which votes count for agreement: what each person said before they could see anybody else's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.models import Record
from screening import conflicts, decisions
from screening.independent_votes import Said, independent, judged
from screening.models import Conflict, Decision, Protocol
from tests import factories
from tests.screening.scene import TA, propose, vote

BOB, CAROL, DAN = 1, 2, 3


def said(person, verdict, key, **more):
    flags = {
        "withdrawn": False,
        "in_the_open": False,
        "seen_votes": False,
        "seen_proposal": False,
        "brought": False,
    }
    return Said(record=1, key=key, person=person, verdict=verdict, **flags | more)


def test_two_blind_votes_count():
    one = independent([said(BOB, "include", 1), said(CAROL, "exclude", 2)])
    assert (one.votes, one.last, one.changed) == ({BOB: "include", CAROL: "exclude"}, 2, 0)


def test_a_slip_corrected_before_anything_could_be_seen_counts_as_corrected():
    one = independent(
        [said(BOB, "exclude", 1, withdrawn=True), said(BOB, "include", 2), said(CAROL, "include", 3)]
    )
    assert (one.votes, one.changed) == ({BOB: "include", CAROL: "include"}, 0)


def test_a_vote_changed_in_the_open_counts_as_first_given():
    one = independent(
        [
            said(BOB, "include", 1),
            said(CAROL, "exclude", 2, withdrawn=True, in_the_open=True),
            said(CAROL, "include", 3, seen_votes=True),
        ]
    )
    assert (one.votes, one.changed, one.after_votes) == ({BOB: "include", CAROL: "exclude"}, 1, 0)


def test_a_vote_taken_back_unseen_and_not_made_again_is_none():
    one = independent([said(BOB, "include", 1, withdrawn=True), said(CAROL, "include", 2)])
    assert one.votes == {CAROL: "include"}


def test_a_vote_made_after_seeing_anothers_is_left_out_and_counted_as_that():
    one = independent(
        [said(BOB, "include", 1), said(CAROL, "include", 2), said(DAN, "include", 3, seen_votes=True)]
    )
    assert (sorted(one.votes), one.after_votes, one.after_proposal) == ([BOB, CAROL], 1, 0)


def test_votes_with_a_proposal_in_view_are_left_out_unless_asked_for():
    votes = [said(BOB, "include", 1, seen_proposal=True), said(CAROL, "include", 2, seen_proposal=True)]
    one = independent(votes)
    assert (one.votes, one.after_proposal, one.last) == ({}, 2, 0)
    both = independent(votes, with_proposal=True)
    assert (both.votes, both.after_proposal) == ({BOB: "include", CAROL: "include"}, 0)


def test_votes_brought_along_from_another_tool_are_left_out_and_counted():
    one = independent([said(BOB, "include", 1, brought=True), said(CAROL, "include", 2)], with_proposal=True)
    assert (one.votes, one.brought, one.after_votes) == ({CAROL: "include"}, 1, 0)


history = st.lists(
    st.builds(
        said,
        st.sampled_from([BOB, CAROL, DAN]),
        st.sampled_from(["include", "maybe", "exclude"]),
        st.just(0),
        withdrawn=st.booleans(),
        in_the_open=st.booleans(),
        seen_votes=st.booleans(),
        seen_proposal=st.booleans(),
    ),
    min_size=1,
    max_size=8,
)


@given(history)
def test_a_person_has_one_vote_that_they_gave_blind(told):
    one = independent(told)
    for person, verdict in one.votes.items():
        blind = [d for d in told if d.person == person and not d.seen_votes and not d.seen_proposal]
        assert blind[-1].verdict == verdict
        assert not blind[-1].withdrawn or blind[-1].in_the_open
    assert set(one.votes) <= {d.person for d in told}
    assert set(independent(told, with_proposal=True).votes) >= {
        p for p in one.votes if not any(d.person == p and d.seen_proposal for d in told)
    }


# ---------------------------------------------------------------- from the database


def found(record):
    everything = list(judged(Record.objects.filter(pk=record.pk), TA))
    return everything[0] if everything else None


def test_the_votes_of_an_agreed_record_are_its_makers(record, bob, carol):
    vote(bob, record)
    vote(carol, record, "maybe")
    assert found(record).votes == {bob.pk: "include", carol.pk: "maybe"}
    assert found(record).last == Decision.objects.get(reviewer=carol).pk


def test_talking_about_a_conflict_does_not_make_it_disappear(record, bob, carol):
    vote(bob, record)
    slip = vote(carol, record, "exclude").decision
    decisions.withdraw(decision=slip, by=carol)
    assert found(record).votes == {bob.pk: "include", carol.pk: "exclude"}
    assert vote(carol, record).resolution.verdict == "include"
    assert found(record).votes == {bob.pk: "include", carol.pk: "exclude"}
    assert found(record).changed == 1


def test_a_slip_undone_before_the_other_voted_is_no_disagreement(record, bob, carol):
    slip = vote(bob, record, "exclude").decision
    decisions.withdraw(decision=slip, by=bob)
    vote(bob, record)
    vote(carol, record)
    assert found(record).votes == {bob.pk: "include", carol.pk: "include"}


def test_the_order_of_settling_changes_nothing_of_what_was_said(record, alice, bob, carol):
    vote(bob, record)
    conflict = vote(carol, record, "exclude").conflict
    before = found(record)
    conflicts.resolve(conflict=conflict, by=alice, verdict="exclude", explanation="Wrong people.")
    conflicts.reopen(record=record, stage=TA, by=alice, reason="Looked again.")
    conflicts.resolve(conflict=Conflict.objects.last(), by=bob, verdict="include", explanation="Right ones.")
    assert found(record) == before


def test_a_proposal_shown_before_makes_votes_that_are_left_out(record, alice, bob, carol):
    Protocol.objects.create(review=record.review, stage=TA, model_role="before")
    propose(record, alice, [])
    vote(bob, record)
    vote(carol, record)
    assert (found(record).votes, found(record).after_proposal) == ({}, 2)


@pytest.mark.parametrize("n", [1, 12])
def test_one_query_however_many_records(search, bob, carol, django_assert_num_queries, n):
    for _ in range(n):
        record = factories.record(search)
        vote(bob, record)
        vote(carol, record)
    with django_assert_num_queries(1):
        assert len(list(judged(Record.objects.all(), TA))) == n
