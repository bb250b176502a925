"""What leaves the review: settled states only, no formula, one line in the trail."""

import csv
import io
import json
import re

import pytest

from reviews import audit, dedup, export
from reviews.models import Event, Record, Study
from screening.models import Conflict
from tests import factories
from tests.reviews.random_reviews import random_review, report_of, settle, vote


def read(review, kind):
    return list(
        csv.DictReader(io.StringIO("".join(export.streamed(review, kind, "csv")).removeprefix("\ufeff")))
    )


@pytest.mark.parametrize("evil", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "=", "-"])
def test_a_cell_that_a_spreadsheet_would_run_is_neutralised(evil):
    assert export.neutralised(evil) == f"'{evil}"


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("a=1", "a=1"),
        ("", ""),
        (None, ""),
        (-5, "-5"),
        (0.5, "0.5"),
        ("'=1", "'=1"),
        ("Müller – 1", "Müller – 1"),
    ],
)
def test_any_other_cell_stays_as_it_is(cell, written):
    assert export.neutralised(cell) == written


def test_a_record_carries_what_is_settled(review, search, alice):
    first = factories.record(
        search, title="=cmd", year=2019, authors=["Smith, J", "Müller, K"], keywords=["a", "b"]
    )
    copy = factories.record(search)
    Record.objects.filter(pk=copy.pk).update(duplicate_of=first)
    removed = factories.record(search)
    factories.removed_by_rule(removed, by=alice)
    settle(first, alice)
    report_of(
        first, retrieval="retrieved", text="T", study=Study.objects.create(review=review, label="Smith 2019")
    )
    settle(first, alice, "full_text")
    one, two, three = read(review, "records")
    assert (one["number"], one["title"], one["year"], one["authors"]) == (
        "1",
        "'=cmd",
        "2019",
        "Smith, J; Müller, K",
    )
    assert (one["title_abstract"], one["retrieval"], one["full_text"], one["study"]) == (
        "include", "retrieved", "include", "Smith 2019",
    )  # fmt: skip
    assert (two["duplicate_of"], three["removed"], three["removed_because"]) == (
        "1",
        "automation",
        "year is before 1990",
    )


def test_a_vote_on_an_open_record_is_in_no_export(review, search, alice, bob):
    secret = "A note only Alice may know"
    one, torn, settled = (factories.record(search) for _ in range(3))
    vote(one, alice, verdict="exclude", note=secret)
    vote(torn, alice, note=secret), vote(torn, bob, verdict="exclude")
    Conflict.objects.create(record=torn, stage="title_abstract", opened_at=audit.now())
    vote(settled, alice, note="Clear enough"), vote(settled, bob)
    settle(settled, alice)
    vote(settled, alice, stage="full_text", note=secret)
    for kind in export.KINDS:
        for form in ("csv", "json"):
            assert secret not in "".join(export.streamed(review, kind, form))
    assert {(row["record"], row["reviewer"], row["stage"]) for row in read(review, "decisions")} == {
        ("3", "Alice", "title_abstract"), ("3", "Bob", "title_abstract"),
    }  # fmt: skip
    assert [row["title_abstract"] for row in read(review, "records")] == ["", "", "include"]


def test_a_reopened_record_takes_its_votes_back_inside(review, record, alice, bob):
    vote(record, alice), vote(record, bob)
    answer = settle(record, alice)
    assert len(read(review, "decisions")) == 2
    type(answer).objects.filter(pk=answer.pk).update(withdrawn_at=audit.now())
    assert read(review, "decisions") == []


def test_both_formats_hold_the_same_rows(review, alice, bob):
    random_review(review, [alice, bob], seed=1)
    for kind, what in export.KINDS.items():
        rows, listed = read(review, kind), json.loads("".join(export.streamed(review, kind, "json")))
        assert len(rows) == len(listed) == export.rows(review, kind).count() > 0
        assert all(tuple(row) == what.columns for row in listed)


def test_an_empty_export_is_a_header_and_an_empty_list(review):
    assert "".join(export.streamed(review, "records", "csv")).count("\n") == 1
    assert json.loads("".join(export.streamed(review, "records", "json"))) == []


def test_records_of_withdrawn_searches_and_other_reviews_stay_out(review, search, record, alice):
    factories.record(factories.search(factories.review(lead=alice, slug="other"), by=alice))
    assert len(read(review, "records")) == 1
    type(search).objects.update(withdrawn_at=audit.now())
    assert read(review, "records") == []


def test_the_number_of_queries_does_not_grow_with_the_records(
    review, search, alice, django_assert_num_queries
):
    for _ in range(3):
        settle(factories.record(search), alice)
    with django_assert_num_queries(4):
        "".join(export.streamed(review, "records", "csv"))


@pytest.mark.parametrize("door", ["/r/myeloma/export/records.csv", "/api/r/myeloma/export/records.csv"])
def test_a_file_goes_out_with_one_line_in_the_trail(door, review, record, olive, as_person):
    answer = as_person(olive).get(door)
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert answer["Content-Disposition"] == 'attachment; filename="myeloma-records.csv"'
    assert b"".join(answer.streaming_content).decode().count("\r\n") == 2
    (event,) = Event.objects.filter(review=review)
    assert (event.verb, event.actor, event.after) == (
        "exported",
        olive,
        {"what": "records", "format": "csv", "rows": 1},
    )


@pytest.mark.parametrize("path", ["records.xlsx", "votes.csv", "records.csv.exe", "decisions.ris"])
def test_what_does_not_exist_is_not_found_and_leaves_no_line(path, review, alice, as_person):
    assert as_person(alice).get(f"/r/myeloma/export/{path}").status_code == 404
    assert Event.objects.count() == 0


def test_a_stranger_gets_nothing_and_leaves_no_line(review, mallory, as_person):
    for path in ("export/", "export/records.csv", "prisma/?as=csv"):
        assert as_person(mallory).get(f"/r/myeloma/{path}").status_code == 404
        assert as_person(mallory).get(f"/api/r/myeloma/{path}").status_code == 404
    assert Event.objects.count() == 0


def test_the_page_offers_every_file_and_each_link_gives_one(review, olive, as_person):
    browser = as_person(olive)
    page = browser.get("/r/myeloma/export/").content.decode()
    links = re.findall(r'<a class="btn" href="([^"]+)"', page)
    assert len(links) == sum(len(kind.forms) for kind in export.KINDS.values()) + 3 + 2
    for link in links:
        answer = browser.get(link)
        assert (answer.status_code, answer["Content-Disposition"].split(";")[0]) == (200, "attachment")
        if answer.streaming:
            written = b"".join(answer.streaming_content)
            assert (written == b"") is link.endswith(".ris")  # RIS has nothing to say of no record
    assert Event.objects.filter(verb="exported").count() == len(links)


def test_a_record_with_duplicates_is_exported_with_the_best_of_their_fields_and_who_has_what(
    review, search, alice
):
    embase = factories.search(review, by=alice, source="Embase")
    bare = factories.record(search, title="A trial", abstract="", authors=["Moss A"], keywords=["a"])
    full = factories.record(
        embase, title="A trial", abstract="It worked.", authors=["Moss, Ada"], doi="10.1/x", keywords=["b"]
    )
    dedup.link_records(record=full, original=bare, by=alice)
    one, two = json.loads("".join(export.streamed(review, "records", "json")))
    assert (one["abstract"], one["authors"], one["doi"], one["keywords"]) == (
        "It worked.",
        ["Moss, Ada"],
        "10.1/x",
        ["a", "b"],
    )
    assert (one["found_by"], one["duplicates"], one["duplicate_of"]) == (["PubMed", "Embase"], [2], None)
    assert one["fields_from"] == {"abstract": [2], "authors": [2], "doi": [2], "keywords": [1, 2]}
    assert (two["keywords"], two["found_by"], two["duplicates"], two["duplicate_of"], two["fields_from"]) == (
        ["b"],
        ["Embase"],
        [],
        1,
        {},
    )
    ris = "".join(export.streamed(review, "records", "ris"))
    assert "AB  - It worked.\r\n" in ris
    assert "found_by=PubMed, Embase; duplicates=2; fields_from=abstract from 2, authors from 2" in ris
    [in_csv, _] = read(review, "records")
    assert (in_csv["abstract"], in_csv["found_by"], in_csv["duplicates"]) == (
        "It worked.",
        "PubMed; Embase",
        "2",
    )
