"""What a model is sent when it takes data from a report, and which of its values are accepted."""

import json

import jsonschema
import pytest

from extraction import prompting
from screening.prompting import text_sha256

ITEMS = [
    {
        "key": "n",
        "label": "People enrolled",
        "kind": "number",
        "help": "at the start",
        "options": [],
        "unit": "",
    },
    {"key": "dose", "label": "Dose", "kind": "text"},
    {"key": "phase", "label": "Phase", "kind": "choice", "options": ["1", "2", "1/2"]},
    {"key": "blind", "label": "Blinded", "kind": "yes_no"},
    {"key": "orr", "label": "Response", "kind": "count_of_total"},
    {"key": "start", "label": "Start", "kind": "date", "unit": ""},
]
VALUES = {
    "n": 41,
    "dose": "5 mg daily",
    "phase": "1/2",
    "blind": False,
    "orr": {"count": 3, "total": 9},
    "start": "2019-05",
}


def entry(key, value, quote="a quote"):
    return {"item": key, "quote": quote, "reasoning": "It says so.", "state": "given", "value": value}


def answer(**changed):
    return {"values": [entry(key, value) for key, value in {**VALUES, **changed}.items()]}


def test_the_items_are_sent_with_what_they_have_and_no_more():
    messages = prompting.extraction_messages(question="How many?", items=ITEMS[:3], text="T.")
    assert [message["role"] for message in messages] == ["system", "user", "user"]
    assert json.loads(messages[1]["content"]) == {
        "question": "How many?",
        "items": [
            {"key": "n", "label": "People enrolled", "kind": "number", "help": "at the start"},
            {"key": "dose", "label": "Dose", "kind": "text"},
            {"key": "phase", "label": "Phase", "kind": "choice", "options": ["1", "2", "1/2"]},
        ],
    }


def test_pages_are_marked_by_sealed_lines_of_their_own():
    text = "First page.\fSecond page."
    messages = prompting.extraction_messages(
        question="q", items=ITEMS, text=text, pages=[[1, 0, 12], [2, 12, len(text)]]
    )
    seal = text_sha256(text)
    assert messages[2]["content"] == "\n".join(
        [
            f"-----BEGIN DOCUMENT {seal}-----",
            f"-----PAGE 1 {seal}-----",
            "First page.\f",
            f"-----PAGE 2 {seal}-----",
            "Second page.",
            f"-----END DOCUMENT {seal}-----",
        ]
    )


@pytest.mark.parametrize("pages", [None, []])
def test_a_text_without_pages_is_sent_as_it_is(pages):
    messages = prompting.extraction_messages(question="q", items=ITEMS, text="T.", pages=pages)
    seal = text_sha256("T.")
    assert messages[2]["content"] == f"-----BEGIN DOCUMENT {seal}-----\nT.\n-----END DOCUMENT {seal}-----"


def test_the_hash_is_of_the_file_that_is_sent():
    sent = prompting.extraction_messages(question="q", items=ITEMS, text="T.")[0]["content"]
    assert prompting.prompt_sha256() == text_sha256(sent)
    assert prompting.prompt_sha256("extract") == prompting.prompt_sha256()


def test_the_schema_asks_for_evidence_before_the_value():
    schema = prompting.extraction_schema(ITEMS)
    jsonschema.Draft202012Validator.check_schema(schema)
    value = schema["properties"]["values"]["items"]
    assert list(value["properties"]) == ["item", "quote", "reasoning", "state", "value"]
    assert value["required"] == list(value["properties"])
    assert value["properties"]["item"]["enum"] == list(VALUES)
    assert jsonschema.Draft202012Validator(schema).is_valid(answer())


def test_the_schema_allows_only_the_types_that_the_form_needs():
    validator = jsonschema.Draft202012Validator(prompting.extraction_schema(ITEMS[:1]))
    assert validator.is_valid({"values": [entry("n", 41)]})
    assert validator.is_valid({"values": [entry("n", None)]})
    assert not validator.is_valid({"values": [entry("n", "41")]})
    assert not validator.is_valid({"values": [entry("n", {"count": 1, "total": 2})]})


def test_values_of_the_right_kinds_pass():
    prompting.check_values(ITEMS)(answer())


def test_not_reported_is_an_answer():
    given = answer()
    given["values"][0] |= {"state": "not_reported", "value": None, "quote": ""}
    prompting.check_values(ITEMS)(given)


@pytest.mark.parametrize("change", [{"value": 41, "quote": ""}, {"value": None, "quote": "41 people"}])
def test_not_reported_with_a_value_or_a_quote_is_refused(change):
    given = answer()
    given["values"][0] |= {"state": "not_reported", **change}
    with pytest.raises(ValueError, match="item n is not reported, and yet has"):
        prompting.check_values(ITEMS)(given)


def test_a_value_without_a_quote_is_refused():
    given = answer()
    given["values"][0]["quote"] = " "
    with pytest.raises(ValueError, match="item n has a value without a quote"):
        prompting.check_values(ITEMS)(given)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("n", "41"),
        ("n", True),
        ("n", None),
        ("n", float("inf")),
        ("dose", ""),
        ("dose", 5),
        ("dose", "x" * 2001),
        ("phase", "3"),
        ("phase", 1),
        ("blind", "no"),
        ("blind", 0),
        ("orr", {"count": 9, "total": 3}),
        ("orr", {"count": -1, "total": 3}),
        ("orr", {"count": 1.5, "total": 3}),
        ("orr", {"count": 1}),
        ("orr", "3 of 9"),
        ("start", "May 2019"),
        ("start", "2019-13"),
        ("start", "2019-05-32"),
        ("start", "2019-05\n"),
    ],
)
def test_a_value_of_another_kind_is_refused(key, value):
    with pytest.raises(ValueError, match=f"item {key}"):
        prompting.check_values(ITEMS)(answer(**{key: value}))


@pytest.mark.parametrize("value", ["2019", "2019-05", "2019-05-31"])
def test_a_date_is_as_precise_as_the_report(value):
    prompting.check_values(ITEMS)(answer(start=value))


def test_an_item_left_out_or_answered_twice_is_refused():
    given = answer()["values"]
    with pytest.raises(ValueError, match="no answer for item start"):
        prompting.check_values(ITEMS)({"values": given[:-1]})
    with pytest.raises(ValueError, match="more than one answer for item n"):
        prompting.check_values(ITEMS)({"values": [*given, given[0]]})
