"""Pilot rounds: drawn from a seed, judged by everybody with a seat, closed; alone and at the same moment."""

import hashlib
import threading

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from reviews import audit, members
from reviews.flow_identities import identities
from reviews.models import Event, Membership, Record, User
from reviews.prisma import counts as flow_of
from reviews.refusals import BadInput, Refused
from screening import conflicts, queue, sampling, visibility
from screening.models import Conflict, Decision, Protocol, Resolution, Sample, SampleRecord, SampleSeat
from screening.pilot import LARGEST_SEED, close_pilot, draw_pilot, open_records
from screening.pilot_seats import open_pilot, screeners, seats_at, seats_of
from tests import factories
from tests.screening.scene import FT, TA, vote


def everything():
    tables = (Sample, SampleRecord, SampleSeat, Decision, Resolution, Conflict, Event)
    return tuple(table.objects.count() for table in tables)


@pytest.fixture
def ten(search):
    return [factories.record(search, title=f"Trial {n}") for n in range(1, 11)]


def drawn(review, by, people, size=3, seed=7, stage=TA):
    return draw_pilot(review=review, stage=stage, by=by, size=size, seed=seed, people=people)


@pytest.fixture
def pilot(ten, review, alice, bob, carol):
    return drawn(review, alice, [alice, bob, carol])


def records_of(pilot):
    return [one.record for one in pilot.drawn.select_related("record").order_by("position")]


# ---------------------------------------------------------------- the draw


def test_the_draw_is_by_sha256_of_seed_and_number():
    by_hand = sorted(range(1, 41), key=lambda n: hashlib.sha256(f"winnow:7:{n}".encode()).hexdigest())
    assert sampling.draw(7, range(1, 41), 5) == by_hand[:5]
    assert sampling.draw(7, range(1, 41), 5) == [25, 39, 11, 8, 9]


def test_the_draw_does_not_depend_on_the_order_of_the_records_and_grows_with_its_size():
    assert sampling.draw(3, [5, 1, 9, 4], 2) == sampling.draw(3, [9, 4, 5, 1], 2)
    assert sampling.draw(3, range(50), 20)[:5] == sampling.draw(3, range(50), 5)


@pytest.mark.parametrize("size", [0, 4])
def test_more_than_there_are_cannot_be_drawn(size):
    with pytest.raises(ValueError, match="cannot draw"):
        sampling.draw(1, [1, 2, 3], size)


def test_a_round_says_how_it_was_drawn_and_can_be_drawn_again(pilot, ten, alice, bob, carol):
    assert (pilot.size, pilot.seed, pilot.drawn_from, pilot.closed_at) == (3, 7, 10, None)
    numbers = [record.number for record in records_of(pilot)]
    assert numbers == sampling.draw(7, range(1, 11), 3)
    event = Event.objects.get()
    assert (event.verb, event.actor, event.stage) == ("pilot.drawn", alice, TA)
    assert event.after == {
        "size": 3,
        "seed": 7,
        "drawn_from": 10,
        "records": numbers,
        "people": ["Alice", "Bob", "Carol"],
    }
    close_pilot(pilot=pilot, by=alice, reason="To draw it again.")
    again = drawn(pilot.review, alice, [bob, carol])
    assert [record.number for record in records_of(again)] == numbers


def test_settled_and_disputed_records_are_not_drawn_and_votes_play_no_part(ten, review, alice, bob, carol):
    """Were records with a vote left out, how many are open would tell how far others are."""
    for person in (bob, carol):
        vote(person, ten[0])
    vote(bob, ten[1])
    vote(carol, ten[1], "exclude")
    vote(bob, ten[2])
    assert list(open_records(review, TA).order_by("number")) == ten[2:]
    assert drawn(review, alice, [bob, carol], size=8).drawn_from == 8


def test_at_full_text_reports_at_hand_are_drawn(retrieved, search, alice, bob):
    factories.record(search)
    pilot = drawn(retrieved.review, alice, [alice, bob], size=1, stage=FT)
    assert records_of(pilot) == [retrieved]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"size": 0}, "1 to 500"),
        ({"size": 501}, "1 to 500"),
        ({"seed": -1}, "whole number"),
        ({"seed": LARGEST_SEED + 1}, "whole number"),
        ({"stage": "extraction"}, "pilot rounds at"),
    ],
)
def test_what_cannot_be_drawn_is_refused(ten, review, alice, bob, wrong, words):
    with pytest.raises(BadInput, match=words):
        drawn(review, alice, [alice, bob], **wrong)
    assert everything() == (0,) * 7


def test_a_round_needs_two_different_people_who_may_screen(ten, review, alice, bob, olive, mallory):
    for people, words in (
        ([bob], "two people"),
        ([bob, bob], "two people"),
        ([bob, olive], "may not screen"),
    ):
        with pytest.raises(BadInput, match=words):
            drawn(review, alice, people)
    with pytest.raises(BadInput, match="may not screen"):
        drawn(review, alice, [bob, mallory])
    assert everything() == (0,) * 7


def test_more_than_is_open_is_refused(ten, review, alice, bob):
    with pytest.raises(Refused, match="10 records are open"):
        drawn(review, alice, [alice, bob], size=11)
    assert everything() == (0,) * 7


def test_one_round_is_open_at_a_stage(pilot, alice, bob):
    before = everything()
    with pytest.raises(Refused, match="open at this stage"):
        drawn(pilot.review, alice, [alice, bob])
    assert everything() == before


def test_the_database_refuses_a_second_open_round_and_any_edit(pilot, alice, bob):
    row = {"review": pilot.review, "stage": TA, "size": 1, "seed": 1, "drawn_from": 1, "drawn_by": alice}
    with pytest.raises(IntegrityError, match=r"one_open_pilot|review_id.*stage"), transaction.atomic():
        Sample.objects.create(purpose="pilot", drawn_at=audit.now(), **row)
    Sample.objects.create(purpose="audit", drawn_at=audit.now(), **row)
    for change in (
        lambda: Sample.objects.update(seed=8),
        lambda: SampleRecord.objects.update(position=9),
        lambda: SampleSeat.objects.all()._raw_delete("default"),
        lambda: Sample.objects.filter(purpose="audit")._raw_delete("default"),
    ):
        with pytest.raises(DatabaseError, match=r"never edited|append-only"), transaction.atomic():
            change()
    Sample.objects.filter(pk=pilot.pk).update(closed_at=audit.now())
    with pytest.raises(DatabaseError, match="never edited"), transaction.atomic():
        Sample.objects.filter(pk=pilot.pk).update(closed_at=None)


# ---------------------------------------------------------------- the queue


def test_the_rounds_records_come_first_in_the_order_of_the_draw(pilot, ten, bob):
    in_pilot = records_of(pilot)
    rest = [record for record in ten if record not in in_pilot]
    assert queue.next_records(pilot.review, TA, bob, n=10) == in_pilot + rest
    assert queue.next_records(pilot.review, TA, bob, n=2) == in_pilot[:2]
    vote(bob, in_pilot[0])
    assert queue.next_records(pilot.review, TA, bob, n=3) == in_pilot[1:] + rest[:1]
    assert queue.next_records(pilot.review, TA, bob, n=1, after=in_pilot[1]) == [in_pilot[2]]


def test_who_has_no_seat_never_meets_the_rounds_records(ten, review, alice, bob, carol):
    pilot = drawn(review, alice, [alice, bob])
    in_pilot = records_of(pilot)
    assert not set(queue.next_records(review, TA, carol, n=10)) & set(in_pilot)
    assert queue.progress(review, TA, carol).waiting == 7
    before = everything()
    with pytest.raises(Refused, match="pilot round that others judge"):
        vote(carol, in_pilot[0])
    assert everything() == before


def test_progress_tells_of_ones_own_part_of_the_round(pilot, ten, bob, olive):
    vote(bob, records_of(pilot)[0])
    vote(bob, next(record for record in ten if record not in records_of(pilot)))
    mine = queue.progress(pilot.review, TA, bob)
    assert (mine.mine, mine.waiting, mine.pilot_mine, mine.pilot_total) == (2, 8, 1, 3)
    nobody = queue.progress(pilot.review, TA, olive)
    assert (nobody.pilot_mine, nobody.pilot_total) == (0, 0)


def test_the_other_stage_knows_nothing_of_the_round(pilot, retrieved, bob):
    assert open_pilot(pilot.review, FT) is None
    assert seats_at(retrieved, FT) is None
    assert retrieved in queue.next_records(pilot.review, FT, bob, n=5)


# ---------------------------------------------------------------- every vote


def test_a_record_waits_for_every_seat_though_the_protocol_wants_two(pilot, alice, bob, carol):
    record = records_of(pilot)[0]
    assert vote(bob, record).resolution is None
    assert vote(carol, record).resolution is None
    assert alice.pk in seats_at(record, TA).awaited
    outcome = vote(alice, record)
    assert (outcome.resolution.verdict, outcome.resolution.how) == ("include", "agreement")


def test_two_who_disagree_open_no_conflict_while_a_third_is_waited_for(pilot, alice, bob, carol):
    """A conflict lies open to everybody who may settle it, so it would show carol what she has yet to judge."""
    record = records_of(pilot)[0]
    vote(alice, record)
    assert vote(bob, record, "exclude").conflict is None
    assert visibility.sees_votes(carol, pilot.review, TA, [record.pk]) == set()
    assert visibility.sees_votes(alice, pilot.review, TA, [record.pk]) == {record.pk}
    assert vote(carol, record, "exclude").conflict is not None


@pytest.mark.parametrize(
    ("verdicts", "settled"),
    [
        (("include", "include", "include"), "include"),
        (("exclude", "exclude", "exclude"), "exclude"),
        (("include", "maybe", "include"), "include"),
        (("include", "include", "exclude"), None),
        (("exclude", "exclude", "maybe"), None),
    ],
)
def test_all_must_agree_and_a_majority_settles_nothing(pilot, alice, bob, carol, verdicts, settled):
    record = records_of(pilot)[0]
    for person, verdict in zip((alice, bob, carol), verdicts, strict=True):
        outcome = vote(person, record, verdict)
    if settled:
        assert outcome.resolution.verdict == settled
    else:
        assert outcome.conflict is not None and Resolution.objects.count() == 0


def test_one_reviewer_a_record_is_not_enough_in_a_round(pilot, alice, bob, carol):
    Protocol.objects.create(review=pilot.review, stage=TA, reviewers_wanted=1)
    record = records_of(pilot)[0]
    assert vote(bob, record).resolution is None
    assert vote(carol, record).resolution is None
    assert vote(alice, record).resolution.how == "agreement"


def test_votes_made_before_the_draw_count_in_the_round(ten, review, alice, bob, carol):
    for record in ten:
        vote(bob, record)
    pilot = drawn(review, alice, [alice, bob, carol])
    assert [seat.judged for seat in seats_of(pilot)] == [0, 3, 0]
    record = records_of(pilot)[0]
    vote(alice, record)
    assert vote(carol, record).resolution.how == "agreement"


def test_a_vote_of_somebody_without_a_seat_made_before_counts_too(ten, review, alice, bob, carol):
    """It stands on the record like any other: all votes must agree."""
    for record in ten:
        vote(carol, record, "exclude")
    pilot = drawn(review, alice, [alice, bob])
    record = records_of(pilot)[0]
    vote(alice, record)
    assert vote(bob, record).conflict is not None


def test_who_left_is_not_waited_for(pilot, alice, bob, carol):
    record, other, _ = records_of(pilot)
    vote(carol, other)
    members.deactivate(by=alice, membership=Membership.objects.get(user=carol), reason="Moved.")
    vote(alice, record)
    assert vote(bob, record).resolution.verdict == "include"
    assert [(seat.person, seat.judged, seat.active) for seat in seats_of(pilot)] == [
        (alice, 1, True),
        (bob, 1, True),
        (carol, 1, False),
    ]
    assert list(screeners(pilot.review)) == [alice, bob]


def test_where_all_voted_a_third_person_is_not_asked_for(pilot, alice, bob, carol):
    """Nobody is left who has not voted, so the protocol's third person cannot be had: they discuss it."""
    Protocol.objects.create(review=pilot.review, stage=TA, adjudicator="third")
    record = records_of(pilot)[0]
    vote(alice, record)
    vote(bob, record)
    conflict = vote(carol, record, "exclude").conflict
    settled = conflicts.resolve(conflict=conflict, by=bob, verdict="include", explanation="Read together.")
    assert settled.how == "discussion"


def test_where_a_third_person_is_left_the_protocol_stands(ten, review, alice, bob, carol):
    Protocol.objects.create(review=review, stage=TA, adjudicator="third")
    record = records_of(drawn(review, alice, [bob, carol]))[0]
    vote(bob, record)
    conflict = vote(carol, record, "exclude").conflict
    with pytest.raises(Refused, match="third person"):
        conflicts.resolve(conflict=conflict, by=bob, verdict="include", explanation="Mine.")
    assert Resolution.objects.count() == 0


def test_the_flow_adds_up_at_every_moment_of_a_round(pilot, alice, bob, carol):
    def holds():
        return [one.code for one in identities(flow_of(pilot.review)) if not one.holds]

    for n, record in enumerate(records_of(pilot)):
        for person in (alice, bob, carol):
            vote(person, record, "exclude" if person is carol and n == 1 else "include")
            assert holds() == []
    close_pilot(pilot=pilot, by=alice)
    assert holds() == []
    flow = flow_of(pilot.review)
    assert (flow.n("dbr_in_screening"), flow.n("dbr_in_conflict"), flow.n("dbr_sought_reports")) == (8, 1, 2)


# ---------------------------------------------------------------- the end


def test_a_finished_round_is_closed_without_a_reason_and_another_may_be_drawn(pilot, alice, bob, carol):
    for record in records_of(pilot):
        for person in (alice, bob, carol):
            vote(person, record)
    closed = close_pilot(pilot=pilot, by=alice)
    assert closed.closed_at is not None
    assert Event.objects.order_by("seq").last().verb == "pilot.closed"
    assert open_pilot(pilot.review, TA) is None
    assert drawn(pilot.review, alice, [bob, carol], seed=8).drawn_from == 7


def test_an_unfinished_round_is_closed_with_a_reason_and_names_who_is_behind(pilot, alice, bob, carol):
    for record in records_of(pilot):
        vote(bob, record)
    before = everything()
    with pytest.raises(BadInput, match="Alice, Carol have not judged"):
        close_pilot(pilot=pilot, by=alice)
    assert everything() == before
    assert open_pilot(pilot.review, TA) == pilot


def test_on_closing_what_has_votes_enough_is_settled_or_disputed_and_the_rest_waits(pilot, alice, bob, carol):
    agreed, disputed, waiting = records_of(pilot)
    for record, second in ((agreed, "include"), (disputed, "exclude")):
        vote(alice, record)
        vote(bob, record, second)
    vote(bob, waiting)
    close_pilot(pilot=pilot, by=alice, reason="Carol is ill.")
    resolution = Resolution.objects.get()
    assert (resolution.record, resolution.verdict, resolution.how) == (agreed, "include", "agreement")
    assert Conflict.objects.get().record == disputed
    assert waiting in queue.next_records(pilot.review, TA, carol, n=10)
    event = Event.objects.order_by("seq").last()
    assert event.reason == "Carol is ill."
    assert event.after == {
        "settled": [agreed.number],
        "in_conflict": [disputed.number],
        "not_finished_by": ["Alice", "Carol"],
    }
    assert vote(carol, waiting).resolution.how == "agreement"


def test_a_round_is_closed_once(pilot, alice):
    close_pilot(pilot=pilot, by=alice, reason="Enough.")
    before = everything()
    with pytest.raises(Refused, match="closed already"):
        close_pilot(pilot=pilot, by=alice, reason="Enough.")
    assert everything() == before


def test_a_record_linked_as_a_duplicate_since_is_left_alone_on_closing(pilot, ten, alice, bob):
    record = records_of(pilot)[0]
    vote(alice, record)
    vote(bob, record)
    other = next(one for one in ten if one not in records_of(pilot))
    Record.objects.filter(pk=record.pk).update(duplicate_of=other)
    close_pilot(pilot=pilot, by=alice, reason="Enough.")
    assert Resolution.objects.count() == 0


# ---------------------------------------------------------------- at the same moment


def at_once(*acts):
    gate, outcomes = threading.Barrier(len(acts)), [""] * len(acts)

    def run(place, act):
        gate.wait()
        try:
            act()
            outcomes[place] = "done"
        except Refused as no:
            outcomes[place] = no.what
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.fixture
def crowd(transactional_db):
    lead, *others = (factories.person(name) for name in ("alice", "bob", "carol", "dan"))
    review = factories.review(lead=lead, reviewers=others)
    search = factories.search(review, by=lead)
    for n in range(12):
        factories.record(search, title=f"Trial {n}")
    return review


@pytest.mark.postgres
@pytest.mark.parametrize("seed", range(4))
def test_two_leads_who_draw_at_once_get_one_round(crowd, seed):
    people = list(User.objects.order_by("pk"))
    outcomes = at_once(
        lambda: drawn(crowd, people[0], people, seed=seed),
        lambda: drawn(crowd, people[1], people, seed=seed + 100),
    )
    assert sorted(outcomes) == ["A pilot round is open at this stage.", "done"]
    assert (Sample.objects.count(), SampleRecord.objects.count(), SampleSeat.objects.count()) == (1, 3, 4)
    assert audit.verify(crowd).ok


@pytest.mark.postgres
@pytest.mark.parametrize("seed", range(6))
def test_a_record_settled_while_a_round_is_drawn_is_settled_or_drawn_never_both(crowd, seed):
    alice, bob, carol, dan = User.objects.order_by("pk")
    records = list(crowd.records.order_by("pk"))
    for record in records:
        vote(bob, record)

    def settle_all():
        for record in records:
            try:
                vote(carol, record)
            except Refused as no:
                raise AssertionError(no.what) from no

    outcomes = at_once(settle_all, lambda: drawn(crowd, alice, [alice, bob, carol, dan], size=4, seed=seed))
    assert outcomes[0] == "done"
    settled = set(Resolution.objects.values_list("record", flat=True))
    in_pilot = set(SampleRecord.objects.values_list("record", flat=True))
    assert not settled & in_pilot
    assert len(settled) + len(in_pilot) == 12
    assert audit.verify(crowd).ok


@pytest.mark.postgres
@pytest.mark.parametrize("seed", range(6))
def test_the_last_votes_of_a_round_at_once_settle_every_record_once(crowd, seed):
    people = list(User.objects.order_by("pk"))
    pilot = drawn(crowd, people[0], people, seed=seed)

    def judge(person):
        for record in records_of(pilot):
            vote(person, record, "exclude" if record.number % 2 and person == people[3] else "include")

    assert at_once(*[lambda p=p: judge(p) for p in people]) == ["done"] * 4
    odd = sum(record.number % 2 for record in records_of(pilot))
    assert Resolution.objects.filter(withdrawn_at__isnull=True).count() == 3 - odd
    assert Conflict.objects.filter(closed_at__isnull=True).count() == odd
    assert audit.verify(crowd).ok


@pytest.mark.postgres
@pytest.mark.parametrize("seed", range(6))
def test_a_round_closed_while_its_last_votes_arrive_loses_none_and_settles_each_once(crowd, seed):
    people = list(User.objects.order_by("pk"))
    pilot = drawn(crowd, people[0], people, seed=seed)
    for record in records_of(pilot):
        for person in people[:3]:
            vote(person, record)
    refused = []

    def last_votes():
        for record in records_of(pilot):
            try:
                vote(people[3], record)
            except Refused as no:
                refused.append(no.what)

    outcomes = at_once(
        last_votes,
        lambda: close_pilot(pilot=pilot, by=people[0], reason="Now."),
        lambda: close_pilot(pilot=pilot, by=people[1], reason="Now."),
    )
    assert sorted(outcomes) == ["This pilot round is closed already.", "done", "done"]
    assert set(refused) <= {"This record was settled meanwhile."}
    assert Resolution.objects.filter(withdrawn_at__isnull=True).count() == 3
    assert Decision.objects.count() == 12 - len(refused)
    assert audit.verify(crowd).ok
