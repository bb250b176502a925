"""What the database itself refuses, tried on the database the suite runs on."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from reviews import audit
from reviews.models import Event, LLMCall, Record, Verb
from tests import factories
from tests.guards import ALL_GUARDS


def refused(change) -> str:
    """Run `change`, which the database must refuse; its words."""
    with pytest.raises(DatabaseError) as refusal, transaction.atomic():
        change()
    return str(refusal.value)


@pytest.fixture
def event(review, alice):
    with transaction.atomic():
        return audit.log(review=review, verb=Verb.REVIEW_CREATED, actor=alice, after={"slug": review.slug})


def test_an_event_cannot_be_changed(event):
    assert "append-only" in refused(lambda: Event.objects.update(reason="rewritten"))
    assert Event.objects.get().reason == ""


def test_an_event_cannot_be_deleted(event):
    assert "append-only" in refused(lambda: Event.objects.all()._raw_delete("default"))
    assert Event.objects.count() == 1


def test_a_call_cannot_be_changed_or_deleted(review):
    asked = {"purpose": "screen", "model_asked": "m", "messages": [], "schema_sha256": "", "text_sha256": ""}
    LLMCall.objects.create(review=review, run_key="0" * 32, started_at=audit.now(), seconds=1.0, **asked)
    assert "append-only" in refused(lambda: LLMCall.objects.update(raw="another answer"))
    assert "append-only" in refused(lambda: LLMCall.objects.all()._raw_delete("default"))
    assert LLMCall.objects.get().raw == ""


def test_the_raw_entry_of_a_record_never_changes(record):
    raw = record.raw
    assert "never change" in refused(lambda: Record.objects.update(raw="tidied up"))
    assert Record.objects.get().raw == raw


def test_duplicate_links_are_one_deep(search):
    first, second, third = (factories.record(search) for _ in range(3))
    Record.objects.filter(pk=second.pk).update(duplicate_of=first)
    assert "one deep" in refused(lambda: Record.objects.filter(pk=third.pk).update(duplicate_of=second))
    assert "one deep" in refused(lambda: Record.objects.filter(pk=first.pk).update(duplicate_of=third))
    assert list(Record.objects.order_by("pk").values_list("duplicate_of", flat=True)) == [
        None,
        first.pk,
        None,
    ]


def test_a_record_is_not_its_own_duplicate(record):
    with pytest.raises(IntegrityError), transaction.atomic():
        Record.objects.filter(pk=record.pk).update(duplicate_of=record)
    assert Record.objects.get().duplicate_of is None


def test_a_duplicate_link_stays_within_the_review(record, alice):
    elsewhere = factories.search(factories.review(lead=alice, slug="other"), by=alice)
    other = factories.record(elsewhere)
    assert "in one review" in refused(lambda: Record.objects.filter(pk=other.pk).update(duplicate_of=record))


def test_the_words_of_a_criterion_never_change(review, alice):
    criterion = factories.criterion(review, by=alice)
    assert "never change" in refused(lambda: type(criterion).objects.update(text="Something easier."))
    assert type(criterion).objects.get().text == "Adults with multiple myeloma."


def test_every_guard_stands_on_this_database(db):
    """A migration that rebuilds a guarded table on SQLite drops its triggers; this says which must come back."""
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if connection.vendor == "sqlite"
        else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        standing = {row[0] for row in cursor.fetchall()}
        wanted = set()
        for guard in ALL_GUARDS:
            columns = [c.name for c in connection.introspection.get_table_description(cursor, guard.table)]
            wanted |= {name for name, _sql in getattr(guard, connection.vendor)(columns)}
    assert wanted - standing == set()
