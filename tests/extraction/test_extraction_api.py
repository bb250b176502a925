"""Forms, sheets, consensus and asking the model through the API."""

import pytest

from extraction import design
from extraction.models import ConsensusValue, Form, Item, Value
from reviews import fulltext
from screening.models import Run

API = "/api/r/myeloma/"


@pytest.fixture
def call(as_person):
    """call(bob, "put", "form/", key=...) sends JSON to an address of the review."""

    def do(person, method, where, **fields):
        browser = as_person(person)
        if method == "get":
            return browser.get(API + where)
        return getattr(browser, method)(API + where, fields, content_type="application/json")

    return do


@pytest.fixture
def sheet(study):
    return f"extraction/{study.pk}/sheet/"


@pytest.fixture
def agreement(study):
    return f"extraction/{study.pk}/consensus/"


def error(answer):
    return answer.status_code, answer.json()["error"]["code"]


# ---------------------------------------------------------------- the form


def test_a_form_is_drafted_filled_ordered_and_published(call, review, alice):
    assert call(alice, "get", "form/").json() == {"in_force": None, "draft": None}
    assert call(alice, "post", "form/draft/", name="Trial data").json()["version"] == 1
    first = call(alice, "post", "form/items/", label="Phase", kind="choice", options=["I", "II"])
    assert (first.status_code, first.json()["key"]) == (201, "phase")
    second = call(
        alice, "post", "form/items/", label="Age", kind="number", unit="years", key="age_median"
    ).json()
    changed = call(alice, "patch", f"form/items/{second['id']}/", required=False).json()
    assert (changed["required"], changed["unit"]) == (False, "years")
    ordered = call(alice, "post", "form/order/", keys=["age_median", "phase"]).json()
    assert [item["key"] for item in ordered["items"]] == ["age_median", "phase"]
    gone = call(alice, "post", "form/items/", label="Gone", kind="text").json()
    assert call(alice, "delete", f"form/items/{gone['id']}/").status_code == 204
    published = call(alice, "post", "form/publish/").json()
    assert published["published_at"] is not None
    assert call(alice, "get", "form/").json()["in_force"] == published


@pytest.mark.parametrize(
    ("where", "fields", "status"),
    [
        ("form/items/", {"label": "X", "kind": "colour"}, 400),
        ("form/items/", {"label": "", "kind": "text"}, 400),
        ("form/items/", {"label": "X", "kind": "choice", "options": ["one"]}, 400),
        ("form/items/", {"label": "X", "kind": "text", "key": "study"}, 400),
        ("form/order/", {"keys": ["nothing"]}, 400),
        ("form/draft/", {}, 409),
        ("form/publish/", {}, 400),
    ],
)
def test_what_a_form_cannot_hold_changes_nothing(call, review, alice, rows, where, fields, status):
    design.draft_form(review=review, by=alice)
    before = rows()
    assert call(alice, "post", where, **fields).status_code == status
    assert (rows(), Item.objects.count()) == (before, 0)


def test_only_leads_change_the_form(call, form, items, bob, olive, mallory, rows):
    before = rows()
    for person, status in ((bob, 403), (olive, 403), (mallory, 404)):
        for method, where in (
            ("post", "form/draft/"),
            ("post", "form/items/"),
            ("patch", f"form/items/{items['phase'].pk}/"),
            ("delete", f"form/items/{items['phase'].pk}/"),
            ("post", "form/order/"),
            ("post", "form/publish/"),
        ):
            assert call(person, method, where).status_code == status
    assert call(olive, "get", "form/").json()["in_force"]["version"] == 1
    assert (rows(), Form.objects.count()) == (before, 1)


def test_a_published_item_is_not_changed(call, form, items, alice, rows):
    before = rows()
    assert error(call(alice, "patch", f"form/items/{items['phase'].pk}/", label="X")) == (409, "refused")
    assert error(call(alice, "delete", f"form/items/{items['phase'].pk}/")) == (409, "refused")
    assert call(alice, "post", "form/publish/").status_code == 404
    assert rows() == before


# ---------------------------------------------------------------- sheets


def test_an_answer_is_put_read_and_taken_back(call, sheet, form, report, bob):
    answer = call(
        bob,
        "put",
        f"{sheet}items/enrolled/",
        report=1,
        state="given",
        value=58,
        quote="We enrolled 58 patients",
    )
    assert (answer.status_code, answer.json()["page"]) == (200, 1)
    shown = call(bob, "get", sheet).json()
    assert (shown["study"]["label"], shown["form_version"], shown["reports"]) == ("Smith 2020", 1, [1])
    assert shown["still_open"] == ["response", "phase", "blinded"]
    kept = shown["items"][0]["answer"]
    assert (kept["value"], report.text[kept["start"] : kept["end"]]) == (58, "We enrolled 58 patients")
    assert call(bob, "delete", f"{sheet}items/enrolled/").status_code == 204
    assert call(bob, "delete", f"{sheet}items/enrolled/").status_code == 404
    assert call(bob, "get", sheet).json()["items"][0]["answer"] is None


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 400),
        ({"state": "given", "value": 58}, 400),
        ({"report": 1, "state": "given", "value": "58"}, 400),
        ({"report": 1, "state": "given"}, 400),
        ({"report": 1, "state": "guessed", "value": 58}, 400),
        ({"report": 1, "state": "not_reported", "value": 58}, 400),
        ({"report": 99, "state": "given", "value": 58}, 400),
        ({"report": 1, "state": "given", "value": 58, "proposal": 1}, 400),
        ({"proposal": 999_999}, 404),
    ],
)
def test_what_is_no_answer_changes_nothing(call, sheet, form, bob, rows, fields, status):
    before = rows()
    assert call(bob, "put", f"{sheet}items/enrolled/", **fields).status_code == status
    assert rows() == before


def test_an_unknown_item_is_not_found(call, sheet, form, bob, rows):
    before = rows()
    answer = call(bob, "put", f"{sheet}items/nothing/", report=1, state="not_reported")
    assert answer.status_code == 404
    assert rows() == before


def test_a_proposal_is_hidden_then_shown_then_accepted(call, sheet, propose, protocol, bob):
    said = propose("enrolled", 58, quote="We enrolled 58 patients")
    assert call(bob, "get", sheet).json()["items"][0]["proposals"] == []
    assert error(call(bob, "put", f"{sheet}items/enrolled/", proposal=said.pk)) == (409, "refused")
    protocol(model_role="before")
    [shown] = call(bob, "get", sheet).json()["items"][0]["proposals"]
    assert (shown["value"], shown["tier"], shown["offline"], shown["report"]) == (58, "exact", True, 1)
    kept = call(bob, "put", f"{sheet}items/enrolled/", proposal=said.pk).json()
    assert (kept["value"], kept["accepted"], kept["seen_proposal"]) == (58, said.pk, True)


def test_a_sheet_is_handed_in_and_reopened(call, sheet, fill, bob, rows):
    fill(bob, submit=False)
    assert call(bob, "post", f"{sheet}submit/").json()["submitted_at"] is not None
    before = rows()
    assert error(call(bob, "post", f"{sheet}submit/")) == (409, "refused")
    assert call(bob, "post", f"{sheet}reopen/").status_code == 400
    assert rows() == before
    assert call(bob, "post", f"{sheet}reopen/", reason="A slip.").json()["submitted_at"] is None


def test_an_incomplete_sheet_names_what_is_open(call, sheet, give, bob, rows):
    give(bob, "enrolled", 58)
    before = rows()
    answer = call(bob, "post", f"{sheet}submit/")
    assert answer.json()["error"]["what"] == "Still open: Partial response, Phase, Blinded."
    assert rows() == before


def test_the_list_of_studies_is_blind(call, give, fill, bob, carol, olive):
    give(carol, "enrolled", 4711)
    [row] = call(bob, "get", "extraction/").json()["studies"]
    assert (row["given"], row["agreed"], row["to_settle"], row["free"]) == (0, None, None, True)
    fill(bob)
    fill(carol, enrolled=60)
    [row] = call(bob, "get", "extraction/").json()["studies"]
    assert (row["agreed"], row["to_settle"]) == (3, 1)
    [row] = call(olive, "get", "extraction/").json()["studies"]
    assert (row["agreed"], row["to_settle"]) == (None, None)


def test_the_list_without_a_form_names_reports_without_a_study(call, report, bob, alice):
    fulltext.link_report(report=report, by=alice, study=None)
    assert call(bob, "get", "extraction/").json() == {
        "form_version": None,
        "studies": [],
        "without_study": [1],
    }


def test_the_model_is_asked_once(call, form, report, alice, bob):
    answer = call(alice, "post", "extraction/propose/")
    assert (answer.status_code, answer.json()) == (201, {"run": Run.objects.get().pk, "records": 1})
    again = call(alice, "post", "extraction/propose/")
    assert (again.status_code, again.json()) == (200, {"run": None, "records": 0})
    assert call(bob, "post", "extraction/propose/").status_code == 403


def test_without_a_form_everything_is_refused_in_the_one_shape(call, report, alice):
    assert error(call(alice, "post", "extraction/propose/")) == (409, "refused")
    assert error(call(alice, "get", f"extraction/{report.study_id}/sheet/")) == (409, "refused")
    assert Run.objects.count() == 0


# ---------------------------------------------------------------- consensus


def test_consensus_is_closed_then_open_then_settled(call, agreement, fill, bob, carol, alice):
    fill(bob, enrolled=4711)
    assert call(carol, "get", agreement).json() == {"seen": False}
    fill(carol, enrolled=60)
    shown = call(alice, "get", agreement).json()
    assert (shown["seen"], shown["complete"]) == (True, True)
    row = shown["items"][0]
    assert [(a["extractor"], a["answer"]["value"]) for a in row["answers"]] == [("Bob", 4711), ("Carol", 60)]
    assert (row["differs"], row["agreed"]) == (True, None)
    made = call(
        alice, "post", f"{agreement}enrolled/", choose=row["answers"][1]["answer"]["id"], reason="Table 1."
    )
    assert (made.status_code, made.json()["value"], made.json()["how"]) == (201, 60, "chosen")
    withdrawn = call(alice, "post", f"{agreement}enrolled/reopen/", reason="Misread.").json()
    assert withdrawn["withdrawn_at"] is not None
    third = call(alice, "post", f"{agreement}enrolled/", state="given", value=17, reason="Evaluable.")
    assert (third.json()["value"], third.json()["how"]) == (17, "written")


@pytest.mark.parametrize(
    "fields",
    [
        {"reason": "x"},
        {"state": "given", "value": 60},
        {"state": "given", "value": "sixty", "reason": "x"},
        {"state": "not_reported", "value": 60, "reason": "x"},
        {"choose": 1, "state": "given", "value": 60, "reason": "x"},
    ],
)
def test_what_settles_nothing_changes_nothing(call, agreement, fill, bob, carol, alice, rows, fields):
    fill(bob)
    fill(carol, enrolled=60)
    before = rows()
    assert call(alice, "post", f"{agreement}enrolled/", **fields).status_code == 400
    assert rows() == before


def test_who_may_not_see_the_sheets_settles_and_reopens_nothing(
    call, agreement, fill, bob, carol, olive, rows
):
    fill(bob)
    before = rows()
    value = Value.objects.get(item__key="enrolled")
    for where, fields in (("enrolled/", {"choose": value.pk}), ("enrolled/reopen/", {})):
        assert error(call(carol, "post", agreement + where, reason="x", **fields)) == (409, "refused")
        assert call(olive, "post", agreement + where, reason="x", **fields).status_code == 403
    assert (rows(), ConsensusValue.objects.count()) == (before, 0)
