"""Rules, votes and corrections at the same moment, on a database that lets people try."""

import uuid

import pytest

from reviews import audit, correcting
from reviews.applying_rules import apply_rules, undo_rules
from reviews.models import Event, Record, Removal, RuleApplication
from reviews.refusals import Refused
from reviews.removing import remove_record, restore_record
from reviews.rules import add_rule, retire_rule
from screening import decisions
from screening.models import Decision
from tests import factories
from tests.reviews.test_members_races import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
AGAIN = pytest.mark.parametrize("_again", range(5))


@pytest.fixture
def scene():
    alice, bob = factories.person("alice"), factories.person("bob")
    review = factories.review(lead=alice, reviewers=[bob])
    search = factories.search(review, by=alice)
    records = [factories.record(search, language="ger") for _ in range(12)]
    rule = add_rule(review=review, by=alice, kind="language", settings={"languages": ["English"]})
    return review, alice, bob, records, rule


def decide(record, who) -> None:
    decisions.decide(record=record, stage="title_abstract", reviewer=who, verdict="include", key=uuid.uuid4())


def live() -> int:
    return Removal.objects.filter(withdrawn_at__isnull=True).count()


@AGAIN
def test_a_vote_and_a_rule_never_both_have_the_record(scene, _again):
    review, alice, bob, records, _rule = scene
    outcomes = at_once(
        lambda: apply_rules(review=review, by=alice),
        *(lambda record=record: decide(record, bob) for record in records[:5]),
    )
    assert outcomes[0] == "done"
    removed = set(Removal.objects.values_list("record_id", flat=True))
    voted = set(Decision.objects.values_list("record_id", flat=True))
    assert removed & voted == set()
    assert removed | voted == {record.pk for record in records}
    assert [outcome == "done" for outcome in outcomes[1:]] == [record.pk in voted for record in records[:5]]
    assert RuleApplication.objects.get().removed == len(removed)
    assert audit.verify(review).ok


@AGAIN
def test_two_applications_at_once_remove_each_record_once(scene, _again):
    review, alice, bob, records, _rule = scene
    assert at_once(
        lambda: apply_rules(review=review, by=alice), lambda: apply_rules(review=review, by=bob)
    ) == ["done", "done"]
    assert live() == Removal.objects.count() == len(records)
    assert sorted(RuleApplication.objects.values_list("removed", flat=True)) == [0, len(records)]


@AGAIN
def test_a_removal_by_hand_and_a_rule_leave_one_live_removal(scene, _again):
    review, alice, bob, records, _rule = scene
    at_once(
        lambda: apply_rules(review=review, by=alice),
        lambda: remove_record(record=records[3], by=bob, reason="x"),
        lambda: correcting.correct_record(record=records[7], by=bob, reason="x", language="eng"),
    )
    assert Removal.objects.filter(record=records[3], withdrawn_at__isnull=True).count() == 1
    kept = Record.objects.to_screen().values_list("pk", flat=True)
    assert set(kept) <= {records[7].pk}


@AGAIN
def test_a_rule_retired_at_the_same_moment_is_applied_or_it_is_not(scene, _again):
    review, alice, bob, records, rule = scene
    applied, retired = at_once(
        lambda: apply_rules(review=review, by=alice), lambda: retire_rule(rule=rule, by=bob)
    )
    assert retired == "done"
    assert live() == (len(records) if applied == "done" else 0)
    assert Event.objects.filter(verb="rules.applied").count() == (applied == "done")


@AGAIN
def test_an_undo_and_bringing_back_one_record_at_once_bring_each_back_once(scene, _again):
    review, alice, bob, records, _rule = scene
    done = apply_rules(review=review, by=alice)
    at_once(
        lambda: undo_rules(review=review, by=alice, application=done, reason="x"),
        lambda: undo_rules(review=review, by=bob, application=done, reason="y"),
        lambda: restore_record(record=records[0], by=bob, reason="mine"),
    )
    assert (live(), Record.objects.to_screen().count()) == (0, len(records))
    restored = sum(event.after["restored"] for event in Event.objects.filter(verb="rules.undone"))
    assert restored + Event.objects.filter(verb="record.restored").count() == len(records)


def test_what_a_refused_vote_says_after_a_rule_took_the_record(scene):
    review, alice, bob, records, _rule = scene
    apply_rules(review=review, by=alice)
    with pytest.raises(Refused):
        decide(records[0], bob)
    assert not Decision.objects.exists()
