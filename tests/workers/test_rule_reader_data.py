"""How the offline stand-in answers data items, on sentences of our own."""

import pytest

from workers.rule_reader.extraction import read_items
from workers.rule_reader.numbers import numbers


def value(text, label, kind="number", **more):
    (found,) = read_items([{"key": "k", "label": label, "kind": kind, **more}], text)
    assert (found["state"] == "given") == (found["value"] is not None) == bool(found["quote"])
    return found["value"]


def test_numbers_are_read_in_digits_and_in_words():
    found = numbers("twenty-eight patients, 1,234 women and 62.9 years")
    assert [number.value for number in found] == [28, 1234, 62.9]
    assert [number.unit for number in found] == ["patients", "women", "years"]


@pytest.mark.parametrize(
    "sentence",
    [
        "cd34 cells",
        "nct00000001",
        "phase 2",
        "grade 3 events",
        "p = 0.04",
        "(range, 3-9)",
        "on days 1-4",
        "95% ci 2-8",
    ],
)
def test_a_number_in_a_name_a_bound_or_a_p_value_is_no_answer(sentence):
    assert [number for number in numbers(sentence) if not number.marked and number.unit != "%"] == []


@pytest.mark.parametrize(
    ("text", "label", "unit", "expected"),
    [
        ("Thirty-one patients were enrolled at 4 sites.", "Participants enrolled", "", 31),
        ("A total of 1,204 women were randomised.", "Number of people randomised", "", 1204),
        ("Side effects included nausea in 3 patients.", "Participants enrolled", "", None),
        ("Patients were enrolled from 2001 to 2004.", "Participants enrolled", "", None),
        ("The mean age was 51.5 years (SD 4.2).", "Mean age", "years", 51.5),
        ("The mean age was 51.5 years.", "Median age", "years", None),
        ("Median age was 40 years; median weight was 70 kg.", "Median weight", "kg", 70),
        ("The complete response rate was 12%.", "Overall response rate", "%", None),
        (
            "The overall response rate was 48%, the complete response rate 12%.",
            "Overall response rate",
            "%",
            48,
        ),
        ("Median progression-free survival was 9 months.", "Median overall survival", "months", None),
        (
            "After a median follow-up of 30 months, median overall survival was not reached.",
            "Median overall survival",
            "months",
            None,
        ),
        ("Median age was 40 years.", "Median weight", "kg", None),
    ],
)
def test_the_number_rule(text, label, unit, expected):
    assert value(text, label, unit=unit) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A response was seen in 10 of 17 patients.", {"count": 10, "total": 17}),
        ("Response: 10/17.", {"count": 10, "total": 17}),
        ("Of 17 evaluable patients, ten (59%) had a response.", {"count": 10, "total": 17}),
        ("A response was seen in 17 of 10 patients.", None),
        ("A response was seen in 59% of patients.", None),
    ],
)
def test_the_count_rule(text, expected):
    assert value(text, "Overall response", "count_of_total") == expected


PHASES = ["Phase 1", "Phase 1/2", "Phase 2"]


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("Ice: a phase I/II trial\n\nIn the phase II part we gave ice.", PHASES, "Phase 1/2"),
        ("Ice: a combined phase I and II trial\n\nWe gave ice.", ["I", "I/II", "II"], "I/II"),
        ("Ice\n\nThe aim of this phase 2 study was comfort.", ["I", "II", "III"], "II"),
        ("Ice\n\nPhase II evaluation is planned.", PHASES, None),
        ("Ice\n\nWe gave ice.", PHASES, None),
    ],
)
def test_the_choice_rule_for_phases(text, options, expected):
    assert value(text, "Phase", "choice", options=options) == expected


def test_options_that_every_text_contains_are_never_guessed():
    assert value("We found no difference. Yes.", "Funding", "choice", options=["Yes", "No"]) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Patients were randomised in this trial.", True),
        ("This trial was not randomised.", False),
        ("This was a non-randomised trial.", False),
        ("Two randomised trials have shown it.", None),
        ("We gave ice.", None),
    ],
)
def test_the_yes_no_rule(text, expected):
    assert value(text, "Randomised", "yes_no") is expected


@pytest.mark.parametrize(
    ("label", "expected"), [("Enrolment start", "2010-12"), ("End of enrolment", "2013-05-03")]
)
def test_the_date_rule(label, expected):
    text = "Patients were enrolled, from the start in December 2010 to the end on 3 May 2013."
    assert value(text, label, "date") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It is registered (NCT01234567).", "NCT01234567"),
        ("Registry: ISRCTN12345678.", "ISRCTN12345678"),
        ("It is registered.", None),
    ],
)
def test_registry_numbers_are_known_by_their_form(text, expected):
    assert value(text, "Registration number", "text") == expected


def test_a_text_item_takes_the_sentence_that_has_all_its_words():
    text = "Ice\n\nThe starting dose of rituximab was 5 mg once a week. The dose fell."
    assert (
        value(text, "Starting dose of rituximab", "text")
        == "The starting dose of rituximab was 5 mg once a week."
    )
    assert value(text, "Country of recruitment", "text") is None
