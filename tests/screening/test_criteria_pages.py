"""Criteria as people and programs meet them: both stages, every act, every version."""

import pytest

from reviews.models import Event
from screening import criteria
from screening.models import CriteriaVersion, Criterion
from tests import factories

PAGE, API = "/r/myeloma/criteria/", "/api/r/myeloma/criteria/"
TA, FT = "title_abstract", "full_text"


@pytest.fixture
def add(review, alice):
    def add(label: str, stage: str = TA, kind: str = "include", text: str = "Its full wording."):
        return criteria.add_criterion(review=review, stage=stage, by=alice, kind=kind, label=label, text=text)

    return add


def labels(review, stage: str = TA) -> list[str]:
    return [criterion.label for criterion in criteria.criteria_in_force(review, stage)]


def counts() -> tuple[int, int, int]:
    return Criterion.objects.count(), CriteriaVersion.objects.count(), Event.objects.count()


def test_an_empty_list_says_what_that_means(as_person, review, alice, olive):
    words = as_person(alice).get(PAGE).content.decode()
    assert "At full text every exclusion needs a reason from this list." in words
    assert "Add a criterion" in words
    assert "Add a criterion" not in as_person(olive).get(PAGE).content.decode()


def test_the_page_shows_order_warnings_printed_labels_and_versions(as_person, review, alice, add):
    add("Design (not randomised, one arm)", kind="exclude")
    old = add("No usable outcome data", kind="exclude")
    criteria.reword_criterion(criterion=old, by=alice, label="Nothing to pool", text="No.", reason="C40")
    add("No outcome data reported", kind="exclude", stage=FT)
    words = as_person(alice).get(PAGE).content.decode()
    assert "1. Design (not randomised, one arm)" in words and "2. Nothing to pool" in words
    assert "“Design (not randomised – one arm)”" in words
    assert words.count("MECIR C40") == 1
    assert "new: Nothing to pool" in words and "retired: No usable outcome data" in words
    assert "3 versions of this list" in words


@pytest.mark.parametrize("rows", [1, 3])
def test_criteria_ask_the_same_questions_for_one_and_three(
    rows, as_person, alice, add, django_assert_num_queries
):
    for number in range(rows):
        add(f"c{number}")
        add(f"c{number}", stage=FT)
    browser = as_person(alice)
    with django_assert_num_queries(5):  # session, person, membership, criteria, versions
        browser.get(PAGE)


def test_words_of_a_criterion_are_shown_as_text(as_person, alice, add):
    add("<b>bold</b>", text="<script>alert(1)</script>")
    words = as_person(alice).get(PAGE).content.decode()
    assert "&lt;b&gt;bold&lt;/b&gt;" in words and "<script>alert(1)" not in words


def test_a_lead_adds_a_criterion(as_person, review, alice):
    browser = as_person(alice)
    assert browser.get(f"{PAGE}{TA}/add/").status_code == 200
    page = browser.post(
        f"{PAGE}{TA}/add/", {"kind": "exclude", "label": "No outcome data reported", "text": "None."}
    )
    assert page["Location"] == f"{PAGE}#{TA}"
    assert labels(review) == ["No outcome data reported"]
    assert "MECIR C40" in browser.get(PAGE).content.decode()


@pytest.mark.parametrize(
    ("fields", "status"), [({"label": ""}, 422), ({"kind": "maybe"}, 422), ({"label": "population"}, 409)]
)
def test_what_cannot_be_added_comes_back_with_what_was_typed(as_person, alice, add, fields, status):
    add("Population")
    before = counts()
    given = {"kind": "include", "label": "Design", "text": "Only randomised trials."} | fields
    page = as_person(alice).post(f"{PAGE}{TA}/add/", given)
    assert page.status_code == status and "Only randomised trials." in page.content.decode()
    assert counts() == before


def test_there_is_no_page_for_criteria_of_other_stages(as_person, review, alice):
    assert as_person(alice).get(f"{PAGE}extraction/add/").status_code == 404


def test_a_lead_rewords_a_criterion(as_person, review, alice, add):
    old = add("Design", text="Trials.")
    browser, address = as_person(alice), f"{PAGE}{old.pk}/reword/"
    words = browser.get(address).content.decode()
    assert 'value="Design"' in words and "Trials.</textarea>" in words and "retires the criterion" in words
    sent = {"label": "Design", "text": "Randomised trials.", "reason": "too wide"}
    assert browser.post(address, sent).status_code == 302
    (new,) = criteria.criteria_in_force(review, TA)
    assert (new.text, new.replaces) == ("Randomised trials.", old)
    assert browser.post(address, sent).status_code == 409
    assert counts() == (2, 2, 2)


def test_a_lead_retires_a_criterion(as_person, review, alice, add):
    old = add("Design")
    browser, address = as_person(alice), f"{PAGE}{old.pk}/retire/"
    assert browser.get(address).status_code == 200
    assert browser.post(address, {"reason": ""}).status_code == 422
    assert labels(review) == ["Design"]
    assert browser.post(address, {"reason": "asked twice"}).status_code == 302
    assert labels(review) == []
    assert browser.post(address, {"reason": "again"}).status_code == 409


def test_a_lead_moves_criteria_up_and_down(as_person, review, alice, add):
    a, b, c = (add(label) for label in "abc")
    browser = as_person(alice)

    def move(criterion, direction):
        browser.post(f"{PAGE}{criterion.pk}/move/", {"direction": direction})
        return "".join(labels(review))

    assert [move(c, "up"), move(a, "down"), move(b, "up")] == ["acb", "cab", "cba"]


def test_a_move_that_leads_nowhere_changes_nothing(as_person, review, alice, add):
    a, b = add("a"), add("b")
    gone = criteria.retire_criterion(criterion=add("c"), by=alice, reason="why")
    before, browser = counts(), as_person(alice)
    for criterion, direction in ((a, "up"), (b, "down"), (a, "sideways"), (gone, "up")):
        assert browser.post(f"{PAGE}{criterion.pk}/move/", {"direction": direction}).status_code == 302
    assert (labels(review), counts()) == (["a", "b"], before)


def test_a_lead_copies_criteria_to_full_text(as_person, review, alice, add):
    add("Population")
    browser = as_person(alice)
    assert "Copy those of title and abstract" in browser.get(PAGE).content.decode()
    assert browser.post(f"{PAGE}copy/")["Location"] == f"{PAGE}#{FT}"
    assert labels(review, FT) == ["Population"]
    assert "Copy those of title and abstract" not in browser.get(PAGE).content.decode()
    assert browser.post(f"{PAGE}copy/").status_code == 409


def test_a_criterion_of_another_review_is_out_of_reach(as_person, review, alice, mallory):
    elsewhere = factories.criterion(factories.review(lead=mallory, slug="other"), by=mallory)
    browser, sent = as_person(alice), {"label": "x", "text": "y", "reason": "z", "direction": "up"}
    for act in ("reword", "retire", "move"):
        assert browser.post(f"{PAGE}{elsewhere.pk}/{act}/", sent).status_code == 404
    for act in ("reword", "retire"):
        assert browser.post(f"{API}{elsewhere.pk}/{act}/", sent).status_code == 404
    elsewhere.refresh_from_db()
    assert (elsewhere.retired_at, counts()) == (None, (1, 0, 0))


# ---------------------------------------------------------------- the API


def send(browser, address: str, body: dict):
    return browser.post(address, body, content_type="application/json")


def test_a_program_adds_lists_rewords_orders_and_retires(as_person, review, alice):
    api = as_person(alice)
    assert api.get(f"{API}{TA}/").json() == {"stage": TA, "version": None, "criteria": []}
    sent = {"kind": "exclude", "label": "No usable outcome data", "text": "None."}
    first = send(api, f"{API}{TA}/", sent)
    assert (first.status_code, first.json()["position"], len(first.json()["warnings"])) == (201, 1, 1)
    second = send(api, f"{API}{TA}/", {"kind": "include", "label": "Design", "text": "Trials."}).json()
    reworded = send(
        api,
        f"{API}{first.json()['id']}/reword/",
        {"label": "Animals", "text": "No people.", "reason": "C40"},
    ).json()
    assert (reworded["replaces"], reworded["position"], reworded["warnings"]) == (first.json()["id"], 1, [])
    listed = send(api, f"{API}{TA}/order/", {"order": [second["id"], reworded["id"]]}).json()
    assert (listed["version"], [c["label"] for c in listed["criteria"]]) == (4, ["Design", "Animals"])
    assert api.get(f"{API}{TA}/").json() == listed
    retired = send(api, f"{API}{second['id']}/retire/", {"reason": "asked twice"}).json()
    assert retired["retired_at"] is not None and labels(review) == ["Animals"]
    copied = send(api, f"{API}copy/", {})
    assert (copied.status_code, [c["label"] for c in copied.json()["criteria"]]) == (201, ["Animals"])
    assert Event.objects.count() == 6


@pytest.mark.parametrize(
    ("address", "body", "status"),
    [
        (f"{TA}/", {"kind": "maybe", "label": "a", "text": "b"}, 400),
        (f"{TA}/", {"kind": "include", "label": "POPULATION", "text": "b"}, 409),
        (f"{TA}/", {"kind": "include", "label": "x" * 81, "text": "b"}, 400),
        ("extraction/", {"kind": "include", "label": "a", "text": "b"}, 404),
        (f"{TA}/order/", {"order": [1, 2, 3]}, 409),
        (f"{TA}/order/", {"order": "abc"}, 400),
        (f"{TA}/order/", {}, 400),
    ],
)
def test_what_a_program_may_not_do_is_refused_in_the_one_shape(as_person, alice, add, address, body, status):
    add("Population")
    before = counts()
    answer = send(as_person(alice), f"{API}{address}", body)
    assert answer.status_code == status
    assert sorted(answer.json()["error"]) == ["code", "kept", "mend", "what"]
    assert counts() == before


def test_everybody_in_the_review_reads_and_only_leads_write(as_person, review, bob, add):
    add("Population")
    api, before = as_person(bob), counts()
    assert len(api.get(f"{API}{TA}/").json()["criteria"]) == 1
    assert send(api, f"{API}{TA}/", {"kind": "include", "label": "a", "text": "b"}).status_code == 403
    assert as_person(bob).post(f"{PAGE}{TA}/add/", {}).status_code == 403
    assert counts() == before
