"""The chain: what holds, what a change to any row breaks, and many writers at once."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reviews import audit
from reviews.guards import install_on, remove_from
from reviews.models import Event, Record, TrailHead, Verb
from tests.guards import ALL_GUARDS

EVENTS = [guard for guard in ALL_GUARDS if guard.table == "reviews_event"]


def write(review, actor=None, **fields):
    with transaction.atomic():
        return audit.log(review=review, actor=actor, **({"verb": Verb.REVIEW_CHANGED} | fields))


def tamper(change):
    """Do to the table what only somebody with the database in hand can: take the guards off first."""
    remove_from(connection, EVENTS)
    try:
        change()
    finally:
        install_on(connection, EVENTS)


@pytest.fixture
def five(review, alice, record):
    """A chain of five events, the third about a record."""
    for n in range(5):
        write(review, alice, after={"n": n}, record=record if n == 2 else None, reason=f"because {n}")
    return review


def test_a_chain_holds_and_each_link_carries_the_one_before(five):
    found = audit.verify(five)
    events = list(Event.objects.filter(review=five).order_by("seq"))
    assert (found.ok, found.events, found.head, found.why) == (True, 5, events[-1].hash, "")
    assert [event.seq for event in events] == [1, 2, 3, 4, 5]
    assert [event.prev_hash for event in events] == [audit.GENESIS, *(event.hash for event in events[:-1])]


def test_an_empty_chain_holds(review):
    assert audit.verify(review) == audit.Verification(0, audit.GENESIS)


def test_each_review_and_the_installation_have_a_chain_of_their_own(five, alice):
    write(None, alice, verb=Verb.PERSON_SIGNED_UP)
    assert (audit.verify(None).events, audit.verify(five).events) == (1, 5)


CHANGES = {
    "reason": "rewritten",
    "after": {"n": 99},
    "before": {"n": 99},
    "subject": {"record": 7},
    "verb": Verb.EXPORTED.value,
    "actor_label": "Bob <bob@example.org>",
    "actor": None,
    "role": "observer",
    "record": None,
    "stage": "full_text",
    "at": datetime(2020, 1, 1, tzinfo=UTC),
}


@pytest.mark.parametrize("field", CHANGES)
def test_a_changed_field_of_any_kind_breaks_the_chain_at_that_event(field, five):
    assert set(CHANGES) | {"review", "seq", "prev_hash"} == set(audit.HASHED)
    tamper(lambda: Event.objects.filter(review=five, seq=3).update(**{field: CHANGES[field]}))
    found = audit.verify(five)
    assert (found.ok, found.broken_at, found.events) == (False, 3, 2)
    assert found.why == "event 3 was changed after it was written"


def test_a_change_with_its_hash_made_anew_breaks_at_the_next_event(five):
    def forge():
        event = Event.objects.get(review=five, seq=3)
        event.reason = "rewritten"
        event.hash = audit.hash_of(event)
        event.save(update_fields=["reason", "hash"])

    tamper(forge)
    assert audit.verify(five).why == "event 4 does not follow the one before it"


def test_a_missing_event_is_named(five):
    tamper(lambda: Event.objects.filter(review=five, seq=2).delete())
    assert audit.verify(five).why == "event 2 is missing"


def test_a_missing_end_is_named(five):
    tamper(lambda: Event.objects.filter(review=five, seq__gt=3).delete())
    found = audit.verify(five)
    assert (found.broken_at, found.events, found.why) == (4, 3, "events after 3 are missing")


def test_an_event_moved_to_another_place_breaks_the_chain(five):
    def swap():
        for seq, to in ((2, 900), (3, 2), (900, 3)):
            Event.objects.filter(review=five, seq=seq).update(seq=to)

    tamper(swap)
    assert audit.verify(five).broken_at == 2


def test_after_tampering_the_guards_stand_again(five):
    tamper(lambda: None)
    with pytest.raises(Exception, match="append-only"), transaction.atomic():
        Event.objects.filter(review=five).update(reason="rewritten")


def test_a_change_and_its_event_are_kept_or_lost_together(five, record):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        Record.objects.filter(pk=record.pk).update(title="Changed")
        audit.log(review=five, verb=Verb.RECORD_CORRECTED, record=record)
        raise ZeroDivisionError
    assert audit.verify(five).events == 5
    assert Record.objects.get(pk=record.pk).title != "Changed"


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_nothing_is_logged(review):
    with pytest.raises(RuntimeError, match="in the transaction"):
        audit.log(review=review, verb=Verb.REVIEW_CHANGED)
    with pytest.raises(RuntimeError, match="in the transaction"):
        audit.log_many(review=review, entries=[audit.Entry(Verb.REVIEW_CHANGED)])
    assert Event.objects.count() == 0


def test_the_actor_is_kept_in_words_with_the_role_at_that_time(review, bob):
    event = write(review, bob)
    review.memberships.filter(user=bob).update(role="lead")
    assert (event.actor_label, event.role) == ("Bob <bob@example.org>", "reviewer")
    assert audit.verify(review).ok


def test_a_machine_is_named_and_winnow_acts_where_nobody_does(review):
    assert write(review, actor_label="offline/rule-reader-1, run 1").actor is None
    assert write(review).actor_label == "Winnow"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("aé\n\"'", max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    after=st.dictionaries(st.text("abc", min_size=1), JSON, max_size=3),
    reason=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
)
def test_whatever_is_written_verifies_when_it_is_read_back(review, after, reason):
    write(review, after=after, reason=reason)
    assert audit.verify(review).ok


def test_many_events_at_once_are_what_they_would_be_one_by_one(review, alice, record):
    entries = [
        audit.Entry(Verb.RECORD_CORRECTED, actor=alice, record=record, before={"title": "é"}, reason="Typo."),
        audit.Entry(
            Verb.PROPOSAL_MADE, actor_label="a model", record=record, stage="title_abstract", after={"n": [1]}
        ),
        audit.Entry(Verb.REVIEW_CHANGED),
    ]
    write(review, alice)
    with transaction.atomic():
        audit.log_many(review=review, entries=entries)
    write(review, alice)
    one, two, three = Event.objects.order_by("seq")[1:4]
    assert (one.actor, one.role, one.record, one.before, one.reason) == (
        alice,
        "lead",
        record,
        {"title": "é"},
        "Typo.",
    )
    assert (two.actor, two.actor_label, two.stage, two.after) == (
        None,
        "a model",
        "title_abstract",
        {"n": [1]},
    )
    assert (three.actor_label, three.subject, three.seq) == ("Winnow", {}, 4)
    assert audit.verify(review) == audit.Verification(5, Event.objects.order_by("seq").last().hash)


def test_a_time_is_in_whole_milliseconds_and_utc():
    moment = audit.now()
    assert moment.microsecond % 1000 == 0
    assert moment.utcoffset() == timedelta(0)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_many_writers_at_once_make_one_chain(review, alice):
    start, failures = threading.Barrier(8), []

    def append(name: int) -> None:
        try:
            start.wait()
            for n in range(10):
                write(review, alice, after={"writer": name, "n": n})
        except Exception as problem:
            failures.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=append, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    found = audit.verify(review)
    assert (found.ok, found.events) == (True, 80)
    assert TrailHead.objects.filter(review=review).count() == 1
    for name in range(8):
        told = Event.objects.filter(review=review, after__writer=name).order_by("seq")
        assert [event.after["n"] for event in told] == list(range(10))
