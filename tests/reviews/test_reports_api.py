"""Reports and studies through the API."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from reviews import fulltext
from reviews.models import Event, Report, Study
from tests import factories
from tests.reviews.test_fulltext import pdf

LIST, ONE = "/api/r/myeloma/reports/", "/api/r/myeloma/reports/1/"


@pytest.fixture
def report(record, alice):
    return factories.sought_report(record, by=alice)


@pytest.fixture
def api(as_person, bob):
    """api("text/", text="...") posts JSON to the first report's address, as bob."""

    def post(where, **fields):
        return as_person(bob).post(ONE + where, fields, content_type="application/json")

    return post


def state():
    reports = Report.objects.order_by("pk").values_list(
        "retrieval", "text", "file", "why_not", "study__label"
    )
    return list(reports), Event.objects.count(), Study.objects.count()


def test_the_list_has_counts_and_no_texts(search, alice, olive, as_person):
    factories.sought_report(factories.record(search), by=alice)
    factories.sought_report(
        factories.record(search), by=alice, retrieval="retrieved", text="Secretly long", study="Smith 2020"
    )
    answer = as_person(olive).get(LIST).json()
    assert answer["counts"] == {"all": 2, "sought": 1, "retrieved": 1, "not_retrieved": 0, "no_study": 0}
    assert [(row["record"], row["retrieval"], row["study"]) for row in answer["reports"]] == [
        (1, "sought", None),
        (2, "retrieved", {"id": Study.objects.get().pk, "label": "Smith 2020"}),
    ]
    assert "Secretly long" not in str(answer)
    listed = as_person(olive).get(LIST, {"only": "retrieved"}).json()["reports"]
    assert [row["record"] for row in listed] == [2]
    assert as_person(olive).get(LIST, {"only": "colour"}).status_code == 400


def test_a_report_is_read_with_its_pages(report, bob, as_person):
    fulltext.attach_pdf(report=report, by=bob, data=pdf(["One."], ["Two."]), file_name="x.pdf")
    answer = as_person(bob).get(ONE).json()
    assert [answer["text"][start:end] for _n, start, end in answer["pages"]] == ["One.", "Two."]
    assert (answer["full_text"], answer["file_name"]) == (None, "x.pdf")


def test_a_pdf_is_uploaded(report, bob, as_person):
    file = SimpleUploadedFile("trial.pdf", pdf(["We enrolled 58 patients."]), "application/pdf")
    answer = as_person(bob).post(f"{ONE}upload/", {"file": file})
    assert (answer.status_code, answer.json()["text"]) == (200, "We enrolled 58 patients.")


def test_what_is_no_pdf_or_too_large_is_refused_in_the_one_shape(report, bob, as_person, settings):
    before, browser = state(), as_person(bob)
    answer = browser.post(f"{ONE}upload/", {"file": SimpleUploadedFile("x.pdf", b"<html>")})
    assert (answer.status_code, answer.json()["error"]["what"]) == (400, "This file is not a PDF.")
    assert browser.post(f"{ONE}upload/", {}).status_code == 400
    settings.MAX_UPLOAD_MB = 0
    large = SimpleUploadedFile("x.pdf", b"%PDF-" + b"x" * 2_000_000)
    answer = browser.post(f"{ONE}upload/", {"file": large})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
    assert state() == before


def test_text_not_retrieved_and_seek_again(api, report):
    assert api("not-retrieved/", why="No access.").json()["retrieval"] == "not_retrieved"
    assert api("seek-again/", reason="A lead.").json()["retrieval"] == "sought"
    assert api("text/", text="Full text.\n").json()["text"] == "Full text."
    answer = api("not-retrieved/", why="Lost.")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "refused")


@pytest.mark.parametrize(
    ("where", "fields"),
    [("text/", {}), ("text/", {"text": " "}), ("not-retrieved/", {}), ("seek-again/", {"reason": ""}),
     ("study/", {}), ("study/", {"label": "A", "study": 1}), ("study/", {"label": ""})],
)  # fmt: skip
def test_incomplete_requests_change_nothing(api, report, where, fields):
    before = state()
    assert api(where, **fields).status_code == 400
    assert state() == before


def test_a_study_is_named_linked_and_unlinked(api, report, review, alice):
    made = api("study/", label="Smith 2020").json()["study"]
    assert made["label"] == "Smith 2020"
    other = fulltext.name_study(review=review, by=alice, label="Jones 2021")
    assert api("study/", study=other.pk).json()["study"]["label"] == "Jones 2021"
    assert api("study/", study=None).json()["study"] is None
    assert api("study/", study=999_999).status_code == 404


def test_the_studies_are_listed_with_their_reports(search, alice, olive, as_person):
    factories.included_report(factories.record(search), by=alice, study="Smith 2020")
    factories.sought_report(factories.record(search), by=alice, study="Smith 2020")
    [row] = as_person(olive).get("/api/r/myeloma/studies/").json()["studies"]
    assert (row["label"], row["included"], row["reports"]) == (
        "Smith 2020",
        True,
        [{"record": 1, "full_text": "include"}, {"record": 2, "full_text": None}],
    )


@pytest.mark.parametrize("where", ["upload/", "text/", "not-retrieved/", "seek-again/", "study/"])
def test_observers_change_nothing(report, olive, mallory, as_person, where):
    before = state()
    for person, status in ((olive, 403), (mallory, 404)):
        answer = as_person(person).post(ONE + where, {"text": "x"}, content_type="application/json")
        assert answer.status_code == status
    assert state() == before
