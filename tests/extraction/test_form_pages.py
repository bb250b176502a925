"""The form as pages: the one in force, the draft and its items, publishing."""

import pytest

from extraction import design
from extraction.models import Form, Item
from reviews.models import Event

PAGE = "/r/myeloma/form/"


@pytest.fixture
def draft(review, alice):
    made = design.draft_form(review=review, by=alice)
    for label in ("Age", "Sex", "Dose"):
        design.add_item(form=made, by=alice, label=label, kind="text")
    return made


@pytest.fixture
def alices(as_person, alice):
    return as_person(alice)


def text_of(answer) -> str:
    return answer.content.decode()


def state():
    items = Item.objects.order_by("form", "position").values_list(
        "form__version", "key", "label", "kind", "options"
    )
    forms = Form.objects.order_by("version").values_list("version", "published_at")
    return list(items), list(forms), Event.objects.count()


def test_a_lead_without_a_form_is_asked_to_begin_one_and_others_to_wait(alices, bob, as_person, review):
    assert "Begin the form" in text_of(alices.get(PAGE))
    words = text_of(as_person(bob).get(PAGE))
    assert "A lead writes the form" in words
    assert "Begin the form" not in words


def test_a_form_is_written_item_by_item_and_published(alices, review):
    assert alices.post(f"{PAGE}draft/", {"name": "Trial data"})["Location"] == f"{PAGE}#draft"
    alices.post(
        f"{PAGE}items/add/",
        {
            "label": "Phase",
            "kind": "choice",
            "options": "I\r\nII\r\n",
            "required": "on",
            "help": "As stated.",
        },
    )
    alices.post(f"{PAGE}items/add/", {"label": "Enrolled", "kind": "number", "unit": "patients"})
    items = list(Item.objects.values_list("key", "kind", "options", "required", "unit", "help"))
    assert items == [
        ("phase", "choice", ["I", "II"], True, "", "As stated."),
        ("enrolled", "number", [], False, "patients", ""),
    ]
    words = text_of(alices.get(PAGE))
    assert "Once published, this version never changes." in words
    assert 'data-confirm="Publish version 1? It never changes afterwards."' in words
    assert alices.post(f"{PAGE}publish/")["Location"] == PAGE
    words = text_of(alices.get(PAGE))
    assert "In force: Trial data, version 1" in words
    assert "Draft version 2" in words


def test_an_item_that_cannot_be_answered_is_refused_with_what_was_typed(alices, draft):
    before = state()
    answer = alices.post(f"{PAGE}items/add/", {"label": "Phase", "kind": "choice", "options": "I"})
    assert answer.status_code == 422
    assert "at least two options" in text_of(answer)
    assert 'value="Phase"' in text_of(answer)
    assert alices.post(f"{PAGE}items/add/", {"label": "", "kind": "text"}).status_code == 422
    assert alices.post(f"{PAGE}items/add/", {"label": "X", "kind": "colour"}).status_code == 422
    assert state() == before


def test_an_item_is_changed_in_its_place(alices, draft):
    item = draft.items.get(key="sex")
    answer = alices.post(
        f"{PAGE}items/{item.pk}/change/", {"label": "Sex", "kind": "choice", "options": "f\nm"}
    )
    assert answer["Location"] == f"{PAGE}#item-{item.pk}"
    item.refresh_from_db()
    assert (item.kind, item.options, item.required, item.key) == ("choice", ["f", "m"], False, "sex")
    before = state()
    answer = alices.post(
        f"{PAGE}items/{item.pk}/change/", {"label": "Gender", "kind": "choice", "options": "f"}
    )
    assert (answer.status_code, 'value="Gender"' in text_of(answer)) == (422, True)
    assert state() == before


def test_items_move_up_and_down_and_no_further(alices, draft):
    keys = {item.key: item.pk for item in draft.items.all()}

    def move(key, to):
        alices.post(f"{PAGE}items/{keys[key]}/move/", {"to": to})
        return list(draft.items.values_list("key", flat=True))

    assert move("dose", "up") == ["age", "dose", "sex"]
    assert move("age", "down") == ["dose", "age", "sex"]
    before = state()
    assert move("dose", "up") == ["dose", "age", "sex"]
    assert move("sex", "down") == ["dose", "age", "sex"]
    assert state() == before


def test_an_item_is_taken_off(alices, draft):
    alices.post(f"{PAGE}items/{draft.items.get(key='sex').pk}/remove/")
    assert list(draft.items.values_list("key", flat=True)) == ["age", "dose"]


def test_a_published_item_is_neither_changed_moved_nor_removed(alices, form, items):
    before = state()
    pk = items["phase"].pk
    for where, fields in (
        ("change/", {"label": "X", "kind": "text"}),
        ("move/", {"to": "down"}),
        ("remove/", {}),
    ):
        answer = alices.post(f"{PAGE}items/{pk}/{where}", fields)
        assert (answer.status_code, "never changes" in text_of(answer)) == (409, True)
    assert state() == before


def test_the_next_version_warns_of_sheets_that_were_begun(alices, form, give, bob):
    alices.post(f"{PAGE}draft/")
    assert "begun under version 1" not in text_of(alices.get(PAGE))
    give(bob, "enrolled", 58)
    words = text_of(alices.get(PAGE))
    assert "1 sheet begun under version 1 stays as it is" in words


def test_two_drafts_at_a_time_are_refused(alices, draft):
    before = state()
    answer = alices.post(f"{PAGE}draft/")
    assert (answer.status_code, "There is a draft already" in text_of(answer)) == (409, True)
    assert state() == before


def test_an_empty_draft_is_not_published(alices, review, alice):
    design.draft_form(review=review, by=alice)
    before = state()
    answer = alices.post(f"{PAGE}publish/")
    assert (answer.status_code, "without items" in text_of(answer)) == (422, True)
    assert state() == before


def test_words_of_people_are_escaped(alices, draft, alice):
    design.add_item(form=draft, by=alice, label="<script>alert(1)</script>", kind="text", help="<b>x</b>")
    words = text_of(alices.get(PAGE))
    assert "<script>alert" not in words
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in words


@pytest.mark.parametrize(
    "where", ["draft/", "items/add/", "publish/", "items/{}/change/", "items/{}/move/", "items/{}/remove/"]
)
def test_only_leads_change_the_form_and_all_read_it(draft, bob, olive, mallory, as_person, where):
    before = state()
    address = PAGE + where.format(draft.items.first().pk)
    fields = {"label": "X", "kind": "text", "to": "down"}
    for person, reads, status in ((bob, 200, 403), (olive, 200, 403), (mallory, 404, 404)):
        assert as_person(person).get(PAGE).status_code == reads
        assert as_person(person).post(address, fields).status_code == status
    assert state() == before


def test_an_item_of_another_review_is_not_found(alices, draft, as_person, alice):
    from tests import factories

    other = factories.review(lead=alice, slug="other")
    theirs = design.add_item(
        form=design.draft_form(review=other, by=alice), by=alice, label="Theirs", kind="text"
    )
    before = state()
    assert alices.post(f"{PAGE}items/{theirs.pk}/remove/").status_code == 404
    assert state() == before


@pytest.mark.parametrize("n", [1, 3])
def test_the_page_asks_as_many_queries_for_three_items_as_for_one(
    n, review, alice, alices, django_assert_num_queries
):
    draft = design.draft_form(review=review, by=alice)
    for each in range(n):
        design.add_item(form=draft, by=alice, label=f"Item {each}", kind="text")
    with django_assert_num_queries(6):
        assert len(alices.get(PAGE).context["rows"]) == n
