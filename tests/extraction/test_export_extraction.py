"""The agreed data as CSV: long and wide, as a page, through the API and as a command."""

import csv
import io

import pytest
from django.core.management import CommandError, call_command

from extraction import consensus, filling
from extraction.export import LONG, as_csv
from extraction.models import ConsensusValue, Value
from reviews.models import Event
from tests import factories

LONG_FILE, WIDE_FILE = "/r/myeloma/extraction/export/long.csv", "/r/myeloma/extraction/export/wide.csv"


@pytest.fixture
def agreed(give, fill, bob, carol):
    """All agreed but the dose, which only bob took down, in words a spreadsheet would run."""
    give(bob, "dose", "=0.32+1 mg/kg", quote="never said")
    return fill(bob), fill(carol)


def rows_of(text):
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def body(answer):
    assert answer.status_code == 200
    return rows_of(answer.content.decode())


def exported():
    return [event.after for event in Event.objects.filter(verb="exported").order_by("seq")]


def settle_dose(by):
    value = Value.objects.get(item__key="dose", withdrawn_at__isnull=True)
    return consensus.choose(
        study=value.sheet.study, item=value.item, by=by, value=value, reason="Only Bob read it."
    )


def test_the_long_file_has_a_row_for_each_agreed_value(agreed, as_person, alice, report):
    settle_dose(alice)
    found = body(as_person(alice).get(LONG_FILE))
    assert tuple(found[0]) == LONG
    assert [(row["item"], row["value"], row["unit"], row["state"], row["how"]) for row in found] == [
        ("enrolled", "58", "patients", "given", "agreement"),
        ("response", "10 of 17", "", "given", "agreement"),
        ("phase", "I/II", "", "given", "agreement"),
        ("blinded", "", "", "not_reported", "agreement"),
        ("dose", "'=0.32+1 mg/kg", "", "given", "chosen"),
    ]
    assert {(row["study"], row["report"]) for row in found} == {("Smith 2020", "1")}
    assert (found[4]["reason"], found[4]["by"]) == ("Only Bob read it.", "Alice")
    assert found[0]["date"] == ConsensusValue.objects.first().made_at.date().isoformat()
    assert exported() == [{"what": "extraction, long", "format": "csv", "rows": 5}]


def test_the_wide_file_has_a_row_for_each_study_and_a_column_for_each_item(agreed, as_person, alice):
    [row] = body(as_person(alice).get(WIDE_FILE))
    assert row == {
        "study": "Smith 2020",
        "enrolled": "58",
        "response": "10 of 17",
        "phase": "I/II",
        "blinded": "not reported",
        "started": "",
        "dose": "",
    }


def test_a_written_value_names_the_report_its_quote_stands_in(fill, bob, carol, alice, study, items):
    fill(bob)
    fill(carol, enrolled=60)
    consensus.write(
        study=study,
        item=items["enrolled"],
        by=alice,
        state="given",
        value=17,
        quote="Of 17 evaluable patients",
        reason="why",
    )
    text, _n = as_csv(study.review, "long", None)
    [row] = [row for row in rows_of(text) if row["item"] == "enrolled"]
    assert (row["report"], row["page"], row["value"]) == ("1", "2", "17")


def test_nothing_leaves_before_it_may_be_seen(fill, as_person, alice, bob, carol, olive):
    sheet = fill(bob)
    fill(carol, enrolled=60)
    assert len(body(as_person(alice).get(LONG_FILE))) == 3
    assert body(as_person(olive).get(LONG_FILE)) == []
    filling.reopen_sheet(sheet=sheet, by=bob, reason="A slip.")
    for person in (alice, bob, carol, olive):
        assert body(as_person(person).get(LONG_FILE)) == []


def test_a_reopened_value_is_not_exported(agreed, alice, study):
    consensus.reopen(consensus=ConsensusValue.objects.get(item__key="phase"), by=alice, reason="No.")
    text, n = as_csv(study.review, "long", None)
    assert (n, "phase" in text) == (3, False)


def test_without_a_form_the_files_are_headers_alone(review):
    assert as_csv(review, "long", None) == ("\ufeff" + ",".join(LONG) + "\r\n", 0)
    assert as_csv(review, "wide", None) == ("\ufeffstudy\r\n", 0)


def test_strangers_and_unknown_shapes_are_not_found(review, as_person, alice, mallory):
    assert as_person(mallory).get(LONG_FILE).status_code == 404
    assert as_person(alice).get("/r/myeloma/extraction/export/tall.csv").status_code == 404
    assert exported() == []


def test_the_api_gives_the_same_file(agreed, as_person, alice):
    page, api = (as_person(alice).get(prefix + LONG_FILE) for prefix in ("", "/api"))
    assert (api.content, api["Content-Type"]) == (page.content, "text/csv; charset=utf-8")
    assert len(exported()) == 2


def test_the_command_prints_or_writes_and_notes_it_in_the_trail(agreed, alice, tmp_path):
    out = io.StringIO()
    call_command("export_extraction", "myeloma", stdout=out)
    assert (
        out.getvalue().splitlines()[1].startswith("Smith 2020,1,enrolled,Patients enrolled,58,patients,given")
    )
    target = tmp_path / "wide.csv"
    call_command("export_extraction", "myeloma", wide=True, output=target, stderr=io.StringIO())
    [row] = rows_of(target.read_bytes().decode())
    assert row["enrolled"] == "58"
    assert [after["what"] for after in exported()] == ["extraction, long", "extraction, wide"]
    assert Event.objects.order_by("seq").last().actor == alice


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["nothing-here"], "There is no review"),
        (["myeloma", "--by", "mallory@example.org"], "not a member"),
        (["myeloma", "--output", "/nowhere/at/all.csv"], "cannot be written"),
    ],
)
def test_the_command_says_what_is_wrong_and_notes_nothing(agreed, args, words):
    with pytest.raises(CommandError, match=words):
        call_command("export_extraction", *args)
    assert exported() == []


@pytest.mark.parametrize("n", [1, 3])
def test_the_export_asks_as_many_queries_for_three_studies_as_for_one(
    n, form, search, alice, bob, protocol, review, django_assert_num_queries
):
    protocol(reviewers_wanted=1)
    required = [item for item in form.items.all() if item.required]
    for each in range(n):
        report = factories.included_report(factories.record(search), by=alice, study=f"Study {each}")
        for item in required:
            answer = filling.Answer("not_reported")
            value = filling.give_value(
                study=report.study, item=item, extractor=bob, report=report, answer=answer
            )
        filling.submit_sheet(sheet=value.sheet, by=bob)
    with django_assert_num_queries(9):
        assert as_csv(review, "long", bob)[1] == 4 * n
