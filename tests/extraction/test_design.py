"""Designing the form: drafting, items, publishing, and that a published form never changes."""

import pytest
from django.db import DatabaseError, transaction
from hypothesis import given
from hypothesis import strategies as st

from extraction import design
from extraction.models import Form, Item
from reviews import audit
from reviews.models import Event
from reviews.refusals import BadInput, Refused
from tests import factories


@pytest.fixture
def draft(review, alice):
    return design.draft_form(review=review, by=alice)


def add(form, by, label="Age", kind="number", **more):
    return design.add_item(form=form, by=by, label=label, kind=kind, **more)


def state(form):
    form.refresh_from_db()
    items = list(form.items.values_list("key", "label", "kind", "options", "required", "position"))
    return form.published_at, items, Event.objects.count()


def refused(error, words, form, act):
    before = state(form)
    with pytest.raises(error, match=words), transaction.atomic():
        act()
    assert state(form) == before


def test_the_first_draft_is_version_1_and_empty(draft):
    assert (draft.version, draft.name, draft.published_at, draft.items.count()) == (
        1,
        "Data extraction",
        None,
        0,
    )
    assert Event.objects.get().verb == "form.drafted"


def test_there_is_one_draft_at_a_time(draft, review, alice):
    refused(Refused, "draft already", draft, lambda: design.draft_form(review=review, by=alice))


def test_items_keep_the_order_they_were_added_in(draft, alice):
    for label in ("Zeta", "Alpha", "Mu"):
        add(draft, alice, label)
    assert list(draft.items.values_list("label", "position")) == [("Zeta", 1), ("Alpha", 2), ("Mu", 3)]


def test_a_key_is_made_from_the_label_and_numbered_where_it_is_taken(draft, alice):
    keys = [
        add(draft, alice, label).key for label in ("Median age (years)", "Median age, years", "年齢", "性別")
    ]
    assert keys == ["median_age_years", "median_age_years_2", "item", "item_2"]


def test_a_key_that_is_given_twice_is_refused(draft, alice):
    add(draft, alice, key="age")
    refused(BadInput, 'column "age" already', draft, lambda: add(draft, alice, "Age again", key="Age"))


@pytest.mark.parametrize("key", ["study", "!!!"])
def test_a_key_that_cannot_be_a_column_is_refused(draft, alice, key):
    refused(BadInput, "Choose another|column|letters", draft, lambda: add(draft, alice, key=key))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"label": "  "}, "needs a label"),
        ({"kind": "colour"}, "not a kind of item"),
        ({"kind": "choice", "options": ["only one", " only  one "]}, "at least two options"),
        ({"kind": "choice"}, "at least two options"),
    ],
)
def test_an_item_nobody_could_answer_is_refused(draft, alice, fields, words):
    refused(
        BadInput, words, draft, lambda: add(draft, alice, **({"label": "Age", "kind": "number"} | fields))
    )


def test_options_are_kept_in_order_once_each_and_only_for_a_choice(draft, alice):
    item = add(draft, alice, kind="choice", options=["II", " I ", "", "II"])
    assert item.options == ["II", "I"]
    assert design.change_item(item=item, by=alice, kind="text").options == []


def test_an_item_is_changed_and_its_key_stays(draft, alice):
    item = add(draft, alice)
    changed = design.change_item(item=item, by=alice, label="  Mean \n age ", unit="years", required=False)
    assert (changed.key, changed.label, changed.unit, changed.required) == ("age", "Mean age", "years", False)
    event = Event.objects.order_by("seq").last()
    assert (event.verb, event.before["label"], event.after["label"]) == ("form.changed", "Age", "Mean age")


def test_a_label_of_any_length_fits(draft, alice):
    item = add(draft, alice, "x" * 500)
    assert (len(item.label), len(item.key)) == (160, 54)
    assert len(design.change_item(item=item, by=alice, label="y" * 500).label) == 160


def test_items_are_put_in_order_and_each_must_be_named(draft, alice):
    for label in ("A", "B", "C"):
        add(draft, alice, label)
    design.order_items(form=draft, by=alice, keys=["c", "a", "b"])
    assert list(draft.items.values_list("key", flat=True)) == ["c", "a", "b"]
    for keys in (["c", "a"], ["c", "a", "b", "b"], ["c", "a", "x"]):
        refused(
            BadInput,
            "every item once",
            draft,
            lambda keys=keys: design.order_items(form=draft, by=alice, keys=keys),
        )


def test_an_item_is_taken_off_a_draft(draft, alice):
    design.remove_item(item=add(draft, alice), by=alice)
    assert draft.items.count() == 0


def test_a_form_without_items_is_not_published(draft, alice):
    refused(BadInput, "without items", draft, lambda: design.publish_form(form=draft, by=alice))


def test_a_published_form_never_changes(form, items, alice):
    item = items["phase"]
    for act in (
        lambda: add(form, alice, "More"),
        lambda: design.change_item(item=item, by=alice, label="Other"),
        lambda: design.remove_item(item=item, by=alice),
        lambda: design.order_items(form=form, by=alice, keys=list(items)),
        lambda: design.publish_form(form=form, by=alice),
    ):
        refused(Refused, "never changes", form, act)


@pytest.mark.parametrize(
    "act",
    [
        lambda form: Form.objects.filter(pk=form.pk).update(name="Other"),
        lambda form: Item.objects.filter(form=form).update(label="Other"),
        lambda form: form.items.first().delete(),
        lambda form: Item.objects.create(form=form, key="x", label="X", kind="text", position=9),
    ],
)
def test_the_database_refuses_to_change_a_published_form(form, act):
    refused(DatabaseError, "never changes", form, lambda: act(form))


def test_the_next_version_begins_as_a_copy_and_the_old_one_stays_in_force(form, review, alice):
    draft = design.draft_form(review=review, by=alice)
    assert (draft.version, draft.name) == (2, "Trial data")
    copied = list(draft.items.values_list("key", "label", "kind", "unit", "options", "required", "position"))
    assert copied == list(
        form.items.values_list("key", "label", "kind", "unit", "options", "required", "position")
    )
    assert design.published_form(review) == form
    design.publish_form(form=draft, by=alice)
    assert design.published_form(review) == draft


def test_a_draft_of_another_review_does_not_count(form, alice):
    other = factories.review(lead=alice, slug="other")
    assert design.published_form(other) is None
    assert design.draft_form(review=other, by=alice).version == 1


def test_every_change_of_a_form_is_one_event(form, review):
    verbs = list(Event.objects.order_by("seq").values_list("verb", flat=True))
    assert verbs == ["form.drafted", *["form.changed"] * 6, "form.published"]
    assert audit.verify(review).ok


@given(st.text(max_size=200), st.frozensets(st.sampled_from(["item", "item_2", "a", "study"])))
def test_a_key_made_from_any_label_is_free_and_fits(label, taken):
    key = design._free_key(label, taken)
    assert key not in taken
    assert 0 < len(key) <= 60
    assert key.isascii() and key == key.lower() and "-" not in key
