"""Bringing along, voting, undoing and coming back in the same moment, on a database that lets people try."""

import uuid

import pytest

from reviews import audit, importing
from reviews.models import Event, Record
from screening import decisions, moving
from screening.carried_plan import Wish
from screening.models import Conflict, Decision, Resolution
from screening.returning import return_judgements
from tests import factories
from tests.reviews.test_members_races import at_once
from tests.screening.scene import TA, carried, vote

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
AGAIN = pytest.mark.parametrize("_again", range(4))


@pytest.fixture
def people():
    alice, bob, carol = (factories.person(name) for name in ("alice", "bob", "carol"))
    review = factories.review(lead=alice, reviewers=[bob, carol])
    return review, alice, bob, carol


def a_file(review, alice, size=6):
    """A search whose file says that Ann included everything."""
    search = factories.search(review, by=alice)
    for n in range(size):
        carried(factories.record(search, title=f"Trial {n}"), "Ann", "include")
    return search


def live():
    return Decision.objects.filter(withdrawn_at=None)


def every_record_adds_up(review):
    """One live vote a person; two votes settled or in conflict, never both; one vote neither."""
    for record in Record.objects.filter(review=review):
        votes = list(live().filter(record=record).values_list("reviewer", flat=True))
        assert len(votes) == len(set(votes))
        settled = Resolution.objects.filter(record=record, withdrawn_at=None).count()
        disputed = Conflict.objects.filter(record=record, closed_at=None).count()
        assert settled + disputed == (len(votes) >= 2), record
    assert audit.verify(review).ok


def decide(record, person, verdict):
    decisions.decide(record=record, stage=TA, reviewer=person, verdict=verdict, key=uuid.uuid4())


@AGAIN
def test_bringing_along_beside_people_who_vote_loses_no_vote_and_makes_none_twice(people, _again):
    review, alice, bob, carol = people
    search = a_file(review, alice)
    first, second, *_ = Record.objects.order_by("-pk")
    at_once(
        lambda: moving.bring(wish=Wish(search, TA, {"Ann": bob}), by=alice),
        lambda: decide(first, bob, "exclude"),
        lambda: decide(second, carol, "exclude"),
    )
    assert live().filter(reviewer=bob).count() == 6
    assert live().filter(reviewer=carol).count() == 1
    every_record_adds_up(review)


@AGAIN
def test_two_leads_who_bring_the_same_along_bring_it_once(people, _again):
    review, alice, bob, _carol = people
    search = a_file(review, alice)
    outcomes = at_once(
        *(lambda: moving.bring(wish=Wish(search, TA, {"Ann": bob}), by=alice) for _ in range(2))
    )
    assert sorted(outcome == "done" for outcome in outcomes) == [False, True]
    assert live().count() == 6
    every_record_adds_up(review)


@AGAIN
def test_undoing_beside_somebody_who_votes_leaves_their_vote(people, _again):
    review, alice, bob, carol = people
    bringing = moving.bring(wish=Wish(a_file(review, alice), TA, {"Ann": bob}), by=alice).bringing
    record = Record.objects.order_by("-pk").first()
    at_once(
        lambda: moving.send_back(bringing=bringing, by=alice, reason="No."),
        lambda: decide(record, carol, "exclude"),
    )
    assert list(live().values_list("reviewer__name", "record")) == [("Carol", record.pk)]
    every_record_adds_up(review)


@AGAIN
def test_what_comes_back_twice_at_once_comes_back_once(people, _again):
    review, alice, bob, _carol = people
    old = factories.search(review, by=alice)
    vote(bob, factories.record(old, raw="the same entry"))
    importing.withdraw_search(search=old, by=alice, reason="Wrong.")
    new = factories.search(review, by=alice)
    record = factories.record(new, raw="the same entry")
    at_once(*(lambda: return_judgements(search=new, by=alice) for _ in range(2)))
    assert live().filter(record=record).count() == 1
    assert Event.objects.filter(verb="decision.returned").count() == 1
    assert audit.verify(review).ok
