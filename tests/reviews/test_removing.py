"""Taking records out before screening by hand, one or several, and bringing them back."""

import pytest
from django.db import IntegrityError, transaction

from reviews import audit, dedup
from reviews.models import Event, Record, Removal
from reviews.refusals import BadInput, Refused
from reviews.removing import remove_record, remove_records, restore_record
from tests import factories
from tests.reviews.test_importing import vote


def test_a_removed_record_is_not_screened_until_it_is_restored(record, alice):
    removal = remove_record(record=record, by=alice, reason="published before 1990")
    assert (removal.kind, removal.reason) == ("other", "published before 1990")
    assert not Record.objects.to_screen().exists()
    restore_record(record=record, by=alice)
    assert Record.objects.to_screen().get() == record
    assert list(Event.objects.order_by("seq").values_list("verb", flat=True)) == [
        "record.removed",
        "record.restored",
    ]
    remove_record(record=record, by=alice, reason="again")
    assert list(Removal.objects.order_by("pk").values_list("withdrawn_how", flat=True)) == [
        "brought_back",
        "",
    ]


def test_a_record_somebody_judged_cannot_be_removed(record, alice, bob):
    vote(record, bob)
    with pytest.raises(Refused, match="judged #1 already"):
        remove_record(record=record, by=alice, reason="too late")
    assert not Removal.objects.exists()
    assert not Event.objects.exists()


def test_removing_needs_a_reason_and_a_record_that_counts(record, search, alice):
    with pytest.raises(BadInput, match="No reason"):
        remove_record(record=record, by=alice, reason=" \x00 ")
    with pytest.raises(BadInput, match="too long"):
        remove_record(record=record, by=alice, reason="x" * 301)
    with pytest.raises(Refused, match="was not removed"):
        restore_record(record=record, by=alice)
    duplicate = factories.record(search)
    dedup.link_records(record=duplicate, original=record, by=alice)
    with pytest.raises(Refused, match="duplicate of #1"):
        remove_record(record=duplicate, by=alice, reason="x")
    remove_record(record=record, by=alice, reason="x")
    with pytest.raises(Refused, match="removed already"):
        remove_record(record=record, by=alice, reason="x")
    assert Removal.objects.count() == 1


def test_several_records_go_for_one_reason_and_each_keeps_its_line_in_the_trail(review, search, alice):
    for _ in range(4):
        factories.record(search)
    remove_records(review=review, numbers=[3, 1, 3], by=alice, reason="abstracts of one congress")
    assert sorted(Record.objects.to_screen().values_list("number", flat=True)) == [2, 4]
    assert list(Event.objects.order_by("seq").values_list("verb", "record__number", "reason")) == [
        ("record.removed", 1, "abstracts of one congress"),
        ("record.removed", 3, "abstracts of one congress"),
    ]


def test_of_several_all_are_removed_or_none_and_the_refusal_names_those_that_cannot(
    review, search, alice, bob
):
    one, two, three, *_rest = [factories.record(search) for _ in range(7)]
    vote(two, bob)
    Record.objects.filter(pk=three.pk).update(duplicate_of=one)
    remove_records(review=review, numbers=[4, 5], by=alice, reason="x")
    events = Event.objects.count()
    with pytest.raises(Refused) as no:
        remove_records(review=review, numbers=range(1, 8), by=alice, reason="x")
    assert no.value.what == (
        "Somebody judged #2 already, so it cannot be removed before screening. "
        "#3 is a duplicate of #1 and is out already. #4 was removed already. And 1 more of them."
    )
    assert no.value.kept == "None of the records was removed."
    assert (Removal.objects.count(), Event.objects.count()) == (2, events)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [([], "Choose between"), (range(1, 1002), "Choose between"), ([1, 99], "no record #99")],
)
def test_a_choice_that_makes_no_sense_removes_nothing(review, record, alice, numbers, words):
    with pytest.raises(BadInput, match=words):
        remove_records(review=review, numbers=numbers, by=alice, reason="x")
    assert (Removal.objects.count(), Event.objects.count()) == (0, 0)


def test_a_number_of_another_review_is_no_record_here(review, record, alice):
    other = factories.search(factories.review(lead=alice, slug="other"), by=alice)
    for _ in range(2):
        factories.record(other)
    with pytest.raises(BadInput, match="no record #2"):
        remove_records(review=review, numbers=[2], by=alice, reason="x")
    assert not Removal.objects.exists()


# ---------------------------------------------------------------- what the database refuses


def removal(record, alice, **fields):
    defaults = {"kind": "other", "reason": "x", "by": alice, "at": audit.now()}
    return Removal.objects.create(record=record, **defaults | fields)


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"kind": "automation"}, "removal_by_automation_names_its_rule"),
        ({"said": "ger"}, "removal_by_automation_names_its_rule"),
        ({"withdrawn_how": "brought_back"}, "removal_withdrawn_says_how"),
        ({"withdrawn_at": audit.now()}, "removal_withdrawn_says_how"),
    ],
)
def test_a_removal_that_makes_no_sense_is_no_row(record, alice, fields, name):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        removal(record, alice, **fields)
    assert not Removal.objects.exists()


def test_a_judged_record_has_no_removal_even_past_the_verb(record, alice, bob):
    vote(record, bob)
    with pytest.raises(IntegrityError, match="somebody judged this record"), transaction.atomic():
        removal(record, alice)
    assert not Removal.objects.exists()


def test_what_a_removal_says_never_changes_and_one_taken_back_stays_so(record, alice):
    made = removal(record, alice)
    with pytest.raises(IntegrityError, match="never change"), transaction.atomic():
        Removal.objects.update(reason="nicer words")
    restore_record(record=record, by=alice)
    with pytest.raises(IntegrityError, match="taken back stays so"), transaction.atomic():
        Removal.objects.update(withdrawn_at=None, withdrawn_how="")
    made.refresh_from_db()
    assert (made.reason, made.withdrawn_how) == ("x", "brought_back")
