"""Screening again what was judged under older criteria: which records, the act, and what it leaves alone."""

import threading

import pytest
from django.db import connection

from reviews import audit
from reviews.flow_identities import identities
from reviews.models import Event, User
from reviews.prisma import counts as flow_of
from reviews.refusals import BadInput, Refused
from screening import agreement, conflicts, criteria, queue, visibility
from screening.models import Conflict, Decision, Resolution
from screening.pilot import draw_pilot
from screening.rescreening import MOST, affected, put_up_again
from tests import factories
from tests.screening.scene import FT, TA, criterion_of, vote


def everything():
    standing = [t.objects.filter(withdrawn_at__isnull=True).count() for t in (Decision, Resolution)]
    return (*standing, Decision.objects.count(), Resolution.objects.count(), Event.objects.count())


@pytest.fixture
def amended(search, review, alice, bob, carol):
    """Agreed, disputed and half-judged under version 1; agreed under version 2; in this order."""
    old = criterion_of(review, alice, "Population")
    records = [factories.record(search, title=f"Trial {n}") for n in range(1, 5)]
    agreed, disputed, waiting, new = records
    for record, second in ((agreed, "include"), (disputed, "exclude")):
        vote(bob, record)
        vote(carol, record, second)
    vote(bob, waiting)
    criteria.reword_criterion(
        criterion=old, by=alice, label="People", text="All adults.", reason="Too narrow."
    )
    vote(bob, new)
    vote(carol, new)
    return records


def listed(review, **more):
    return [record.number for record in affected(review, TA, **more)]


def test_settled_and_disputed_records_of_an_older_version_are_listed_and_nothing_open(review, amended):
    """That somebody voted on the third is not for others to know, under whatever version."""
    assert listed(review) == [1, 2]
    found = affected(review, TA).get(number=1)
    assert (found.oldest, found.answer, found.went_on) == (1, "include", False)
    assert affected(review, TA).get(number=2).answer is None


def test_nothing_is_listed_before_the_criteria_change_or_without_any(record, review, alice, bob, carol):
    vote(bob, record)
    vote(carol, record)
    assert listed(review) == []
    criterion_of(review, alice, "Population")
    assert listed(review) == [1]
    assert affected(review, TA).get().oldest is None


def test_a_conflict_settled_since_was_judged_under_the_new_criteria(review, amended, alice):
    conflicts.resolve(
        conflict=Conflict.objects.get(), by=alice, verdict="include", explanation="By version 2."
    )
    assert listed(review) == [1]


def test_a_pilot_round_has_its_own_list(search, review, alice, bob, carol):
    records = [factories.record(search, title=f"Trial {n}") for n in range(6)]
    pilot = draw_pilot(review=review, stage=TA, by=alice, size=2, seed=5, people=[bob, carol])
    for record in records:
        for person in (bob, carol):
            vote(person, record)
    criterion_of(review, alice, "Population")
    inside = sorted(pilot.drawn.values_list("record__number", flat=True))
    assert listed(review, pilot=pilot) == inside and len(listed(review)) == 6


def test_what_is_put_up_waits_for_everybody_again_and_every_vote_stays_in_its_table(
    review, amended, alice, bob, carol
):
    agreed, disputed, *_ = amended
    done = put_up_again(records=[agreed, disputed], stage=TA, by=alice, reason="Children are in now.")
    assert (done.done, done.left) == ([agreed, disputed], [])
    for person in (alice, bob, carol):
        assert {agreed, disputed} <= set(queue.next_records(review, TA, person, n=10))
        assert visibility.sees_votes(person, review, TA, [agreed.pk, disputed.pk]) == set()
    assert Decision.objects.filter(record__in=[agreed, disputed]).count() == 4
    assert not Decision.objects.filter(record__in=[agreed, disputed], withdrawn_at__isnull=True).exists()
    assert Conflict.objects.get().closed_how == "vote_withdrawn"
    assert listed(review) == []


def test_one_event_a_record_says_why_and_tells_no_verdict(review, amended, alice):
    agreed, disputed, *_ = amended
    put_up_again(records=[agreed, disputed], stage=TA, by=alice, reason=" Children are in now. ")
    events = list(Event.objects.filter(verb="record.put_up_again").order_by("seq"))
    assert [(e.record, e.actor, e.stage, e.reason) for e in events] == [
        (agreed, alice, TA, "Children are in now."),
        (disputed, alice, TA, "Children are in now."),
    ]
    assert "include" not in str([(e.subject, e.before, e.after) for e in events])
    assert audit.verify(review).ok


def test_votes_made_again_say_that_others_lay_open_and_agreement_keeps_the_first_ones(
    review, amended, alice, bob, carol
):
    agreed = amended[0]
    put_up_again(records=[agreed], stage=TA, by=alice, reason="Children are in now.")
    assert vote(bob, agreed, "exclude").decision.seen_votes is True
    assert vote(carol, agreed, "exclude").resolution.verdict == "exclude"
    membership = review.memberships.get(user=alice)
    [of] = [one for one in agreement.judged(agreement.visible(membership, TA), TA) if one.record == agreed.pk]
    assert (of.votes, of.changed) == ({bob.pk: "include", carol.pk: "include"}, 2)


def test_the_flow_adds_up_before_between_and_after(review, amended, alice, bob, carol):
    for act in (
        lambda: put_up_again(records=amended[:2], stage=TA, by=alice, reason="Again."),
        lambda: [vote(person, amended[0], "exclude") for person in (bob, carol)],
    ):
        act()
        assert [one.code for one in identities(flow_of(review)) if not one.holds] == []
    assert flow_of(review).n("records_excluded") == 1


def test_what_was_judged_at_full_text_since_stays(retrieved, alice, bob):
    review = retrieved.review
    vote(bob, retrieved, stage=FT)
    criterion_of(review, alice, "Population")
    assert affected(review, TA).get().went_on is True
    before = everything()
    with pytest.raises(Refused, match="judged at full text since"):
        put_up_again(records=[retrieved], stage=TA, by=alice, reason="Again.")
    assert everything() == before


def test_what_is_still_open_is_left_and_the_rest_is_done(review, amended, alice):
    agreed, _, waiting, _ = amended
    done = put_up_again(records=[agreed, waiting], stage=TA, by=alice, reason="Again.")
    assert done.done == [agreed]
    assert done.left == [(waiting, "#3 is neither settled nor in conflict.")]
    assert Decision.objects.get(record=waiting).withdrawn_at is None


@pytest.mark.parametrize(
    ("take", "reason", "words"), [(1, " ", "needs a reason"), (0, "Again.", f"1 to {MOST}")]
)
def test_without_a_reason_or_records_nothing_happens(amended, alice, take, reason, words):
    before = everything()
    with pytest.raises(BadInput, match=words):
        put_up_again(records=amended[:take], stage=TA, by=alice, reason=reason)
    assert everything() == before


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_again", range(4))
def test_two_leads_who_put_the_same_records_up_at_once_do_it_once(_again):
    for name in ("alice", "bob", "carol"):
        factories.person(name)
    alice, bob, carol = User.objects.order_by("pk")
    review = factories.review(lead=alice, reviewers=[bob, carol])
    search = factories.search(review, by=alice)
    records = [factories.record(search, title=f"Trial {n}") for n in range(8)]
    for record in records:
        vote(bob, record)
        vote(carol, record)
    gate, outcomes = threading.Barrier(2), []

    def put_up(wanted):
        gate.wait()
        try:
            outcomes.append(len(put_up_again(records=wanted, stage=TA, by=alice, reason="Again.").done))
        except Refused:
            outcomes.append(0)
        finally:
            connection.close()

    threads = [threading.Thread(target=put_up, args=(some,)) for some in (records, records[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [0, 8]
    assert Event.objects.filter(verb="record.put_up_again").count() == 8
    assert audit.verify(review).ok
