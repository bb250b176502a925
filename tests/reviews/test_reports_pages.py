"""Reports and studies as pages: the list, getting a report or not, reading it, its file, its study."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from reviews import audit, fulltext
from reviews.models import Event, Report, Study
from screening.models import Resolution
from tests import factories
from tests.reviews.test_fulltext import pdf

LIST, PAGE = "/r/myeloma/reports/", "/r/myeloma/reports/1/"


@pytest.fixture
def report(record, alice):
    return factories.sought_report(record, by=alice)


def text_of(answer) -> str:
    return answer.content.decode()


def upload(browser, data: bytes, name: str = "trial.pdf"):
    return browser.post(f"{PAGE}upload/", {"file": SimpleUploadedFile(name, data, "application/pdf")})


def state():
    reports = Report.objects.order_by("pk").values_list(
        "retrieval", "text", "file", "why_not", "study__label"
    )
    return list(reports), Event.objects.count(), Study.objects.count()


# ---------------------------------------------------------------- the list


def test_the_list_says_what_to_do_when_nothing_is_sought(review, bob, as_person):
    assert "No report is sought yet" in text_of(as_person(bob).get(LIST))


def test_the_list_counts_and_filters(search, alice, olive, as_person):
    for fields in (
        {},
        {"retrieval": "retrieved", "text": "x"},
        {"retrieval": "not_retrieved", "why_not": "No access."},
        {"retrieval": "retrieved", "text": "x", "study": "Smith 2020"},
    ):
        factories.sought_report(factories.record(search), by=alice, **fields)
    browser = as_person(olive)
    answer = browser.get(LIST)
    assert [(key, n) for key, _words, n in answer.context["filters"]] == [
        ("", 4),
        ("sought", 1),
        ("retrieved", 2),
        ("not_retrieved", 1),
        ("no_study", 1),
    ]
    listed = {
        only: [report.record.number for report in browser.get(LIST, {"only": only}).context["page"]]
        for only in ("", "sought", "retrieved", "not_retrieved", "no_study", "nonsense")
    }
    assert listed == {
        "": [1, 2, 3, 4],
        "sought": [1],
        "retrieved": [2, 4],
        "not_retrieved": [3],
        "no_study": [2],
        "nonsense": [1, 2, 3, 4],
    }
    assert "No access." in text_of(answer)


def test_duplicates_and_reopened_records_are_not_sought(search, alice, bob, as_person):
    original = factories.record(search)
    duplicate = factories.sought_report(factories.record(search), by=alice).record
    duplicate.duplicate_of = original
    duplicate.save()
    reopened = factories.sought_report(factories.record(search), by=alice).record
    for resolution in Resolution.objects.filter(record=reopened):
        resolution.withdrawn_at = audit.now()
        resolution.save(update_fields=["withdrawn_at"])
    browser = as_person(bob)
    assert browser.get(LIST).context["n"]["all"] == 0
    assert browser.get("/r/myeloma/reports/2/").status_code == 404
    assert browser.get("/r/myeloma/reports/3/").status_code == 404


@pytest.mark.parametrize("n", [1, 3])
def test_the_list_asks_as_many_queries_for_three_reports_as_for_one(
    n, search, alice, bob, as_person, django_assert_num_queries
):
    for each in range(n):
        factories.sought_report(factories.record(search), by=alice, study=f"Study {each}")
    browser = as_person(bob)
    with django_assert_num_queries(6):
        assert len(browser.get(LIST).context["page"].object_list) == n


def test_the_retrieval_list_is_a_csv_without_formulas(search, alice, bob, as_person):
    record = factories.record(
        search,
        title="=HYPERLINK(1)",
        authors=["+Smith, A"],
        registry_ids=["NCT01"],
        doi="10.1/x",
        journal="@Blood",
        year=2020,
    )
    factories.sought_report(record, by=alice)
    retrieved = factories.record(search)
    factories.sought_report(retrieved, by=alice, retrieval="retrieved", text="x", study="Smith 2020")
    browser = as_person(bob)
    answer = browser.get(f"{LIST}list.csv")
    assert answer["Content-Disposition"] == 'attachment; filename="myeloma-reports.csv"'
    [row] = csv.DictReader(io.StringIO(text_of(answer).removeprefix("\ufeff")))
    assert (row["number"], row["title"], row["authors"], row["journal"]) == (
        "1",
        "'=HYPERLINK(1)",
        "'+Smith, A",
        "'@Blood",
    )
    rows = list(
        csv.DictReader(io.StringIO(text_of(browser.get(f"{LIST}list.csv?only=")).removeprefix("\ufeff")))
    )
    assert [(row["number"], row["retrieval"], row["study"]) for row in rows] == [
        ("1", "sought", ""),
        ("2", "retrieved", "Smith 2020"),
    ]
    events = Event.objects.filter(verb="exported").order_by("seq")
    assert [event.after["rows"] for event in events] == [1, 2]


# ---------------------------------------------------------------- one report


def test_a_pdf_is_uploaded_and_read_page_by_page(report, bob, as_person):
    browser = as_person(bob)
    answer = upload(browser, pdf(["We enrolled <b>58</b> patients."], ["The median age was 63."]))
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    words = text_of(browser.get(PAGE))
    assert "The report is here: 2 pages of text." in words
    assert 'id="page-1"' in words and 'id="page-2"' in words
    assert "We enrolled &lt;b&gt;58&lt;/b&gt; patients." in words
    assert Event.objects.get(verb="report.retrieved").actor == bob


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"<html>not a pdf</html>", "not a PDF"),
        (b"%PDF-1.4 rubbish", "broken and cannot be opened"),
        (b"", "file is empty"),
    ],
)
def test_what_cannot_be_read_is_refused_beside_the_form(report, bob, as_person, data, words):
    before = state()
    answer = upload(as_person(bob), data)
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert state() == before


def test_nothing_chosen_is_refused_beside_the_form(report, bob, as_person):
    before = state()
    answer = as_person(bob).post(f"{PAGE}upload/", {})
    assert (answer.status_code, "Choose a PDF first." in text_of(answer)) == (422, True)
    assert state() == before


def test_a_pdf_beyond_the_limit_is_refused_before_it_is_read(report, bob, as_person, settings):
    settings.MAX_UPLOAD_MB = 0
    before = state()
    answer = upload(as_person(bob), b"%PDF-" + b"x" * 2_000_000)
    assert (answer.status_code, "more than this server accepts" in text_of(answer)) == (413, True)
    assert state() == before


def test_a_pdf_a_little_beyond_the_limit_is_refused_beside_the_form(report, bob, as_person, settings):
    settings.MAX_UPLOAD_MB = 1
    before = state()
    answer = upload(as_person(bob), b"%PDF-" + b"x" * (1 << 20))
    assert (answer.status_code, "larger than 1 MB" in text_of(answer)) == (422, True)
    assert state() == before


def test_the_upload_asks_for_the_token_of_its_form(report, bob):
    from django.test import Client

    browser = Client(enforce_csrf_checks=True)
    browser.force_login(bob, backend="allauth.account.auth_backends.AuthenticationBackend")
    before = state()
    assert upload(browser, pdf(["x"])).status_code == 403
    assert state() == before


def test_text_is_pasted(report, bob, as_person):
    browser = as_person(bob)
    assert browser.post(f"{PAGE}text/", {"text": "We enrolled 58.\r\nAll lived."}).status_code == 302
    assert Report.objects.get().text == "We enrolled 58.\nAll lived."
    words = text_of(browser.get(PAGE))
    assert "The report is here: 26 characters of text." in words
    assert browser.post(f"{PAGE}text/", {"text": " "}).status_code == 422


def test_a_report_that_cannot_be_had_is_noted_with_why_and_sought_again_with_a_reason(report, bob, as_person):
    browser = as_person(bob)
    assert browser.post(f"{PAGE}not-retrieved/", {"why": ""}).status_code == 422
    browser.post(f"{PAGE}not-retrieved/", {"why": "No library has it."})
    assert "No library has it." in text_of(browser.get(PAGE))
    assert browser.post(f"{PAGE}seek-again/", {"reason": ""}).status_code == 422
    assert state()[0] == [("not_retrieved", "", "", "No library has it.", None)]
    browser.post(f"{PAGE}seek-again/", {"reason": "The author wrote back."})
    assert state()[0] == [("sought", "", "", "", None)]
    assert Event.objects.get(verb="report.sought_again").reason == "The author wrote back."


def test_a_refusal_of_the_verb_is_shown_on_the_page(report, bob, as_person):
    fulltext.paste_text(report=report, by=bob, text="Full text.")
    before = state()
    answer = as_person(bob).post(f"{PAGE}not-retrieved/", {"why": "Lost."})
    assert (answer.status_code, "was retrieved already" in text_of(answer)) == (409, True)
    assert state() == before


def test_a_scan_is_said_to_be_one(report, bob, as_person):
    browser = as_person(bob)
    upload(browser, pdf([]), "scan.pdf")
    words = text_of(browser.get(PAGE))
    assert "it may be a scan" in words
    assert "Paste the text of this scan" in words


def test_full_text_is_being_judged_until_it_is_settled(report, alice, bob, as_person):
    fulltext.paste_text(report=report, by=bob, text="Full text.")
    assert "being judged" in text_of(as_person(bob).get(PAGE))
    reason = factories.criterion(report.record.review, by=alice, stage="full_text", label="Wrong design")
    Resolution.objects.create(
        record=report.record,
        stage="full_text",
        verdict="exclude",
        reason=reason,
        how="agreement",
        by=alice,
        made_at=audit.now(),
    )
    assert "Wrong design" in text_of(as_person(bob).get(PAGE))


# ---------------------------------------------------------------- the file


def test_the_pdf_is_served_to_members_shut_into_a_sandbox(report, bob, olive, mallory, client, as_person):
    data = pdf(["We enrolled 58 patients."])
    assert as_person(bob).get(f"{PAGE}file/").status_code == 404
    fulltext.attach_pdf(report=report, by=bob, data=data, file_name='tri"al\r\n.pdf')
    answer = as_person(olive).get(f"{PAGE}file/")
    assert b"".join(answer.streaming_content) == data
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"].startswith("inline")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    policy = {part.strip() for part in answer["Content-Security-Policy"].split(";")}
    assert policy == {"default-src 'none'", "sandbox", "frame-ancestors 'self'"}
    assert as_person(mallory).get(f"{PAGE}file/").status_code == 404
    assert client.get(f"{PAGE}file/").status_code == 302


def test_a_file_that_is_gone_from_the_disk_is_not_found(report, bob, as_person):
    fulltext.attach_pdf(report=report, by=bob, data=pdf(["x"]), file_name="x.pdf")
    report.refresh_from_db()
    report.file.storage.delete(report.file.name)
    assert as_person(bob).get(f"{PAGE}file/").status_code == 404


def test_other_pages_are_framed_by_nobody(report, bob, as_person):
    answer = as_person(bob).get(PAGE)
    assert answer["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]


# ---------------------------------------------------------------- studies


def study(browser, **fields):
    return browser.post(f"{PAGE}study/", fields)


def test_a_study_is_named_with_the_suggested_name_filled_in(search, alice, bob, as_person):
    record = factories.record(search, authors=["Smith, Ann"], year=2020)
    factories.sought_report(record, by=alice)
    browser = as_person(bob)
    assert 'value="Smith 2020"' in text_of(browser.get(PAGE))
    answer = study(browser, do="name", label="Smith 2020")
    assert (answer.status_code, answer["Location"]) == (302, f"{PAGE}#study")
    assert Report.objects.get().study.label == "Smith 2020"


def test_a_report_is_linked_to_a_study_that_is_there_and_unlinked(report, review, alice, bob, as_person):
    browser, made = as_person(bob), fulltext.name_study(review=review, by=alice, label="Smith 2020")
    study(browser, do="link", study=made.pk)
    assert Report.objects.get().study == made
    study(browser, do="unlink")
    assert Report.objects.get().study is None


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"do": "name", "label": ""}, 422, "field is required"),
        ({"do": "name", "label": "Smith 2020"}, 422, "is a study called"),
        ({"do": "link", "study": ""}, 422, "No study was chosen"),
        ({"do": "link", "study": "999999"}, 404, ""),
        ({"do": "unlink"}, 409, "linked so already"),
        ({}, 422, "No study was chosen"),
    ],
)
def test_what_cannot_be_linked_changes_nothing(report, review, alice, bob, as_person, fields, status, words):
    fulltext.name_study(review=review, by=alice, label="Smith 2020")
    before = state()
    answer = study(as_person(bob), **fields)
    assert (answer.status_code, words in text_of(answer)) == (status, True)
    assert state() == before


def test_the_studies_page_lists_reports_and_says_which_are_included(search, alice, olive, as_person):
    factories.included_report(factories.record(search, title="First"), by=alice, study="Smith 2020")
    factories.sought_report(factories.record(search, title="Second"), by=alice, study="Smith 2020")
    factories.sought_report(factories.record(search, title="Third"), by=alice, study="Adams 2019")
    answer = as_person(olive).get("/r/myeloma/studies/")
    assert [(row.study.label, row.included) for row in answer.context["rows"]] == [
        ("Adams 2019", False),
        ("Smith 2020", True),
    ]
    assert [[s.report.record.number for s in row.reports] for row in answer.context["rows"]] == [[3], [1, 2]]


@pytest.mark.parametrize("n", [1, 3])
def test_the_studies_page_asks_as_many_queries_for_three_as_for_one(
    n, search, alice, bob, as_person, django_assert_num_queries
):
    for each in range(n):
        factories.included_report(factories.record(search), by=alice, study=f"Study {each}")
    browser = as_person(bob)
    with django_assert_num_queries(7):
        assert len(browser.get("/r/myeloma/studies/").context["rows"]) == n


# ---------------------------------------------------------------- who may


@pytest.mark.parametrize("where", ["upload/", "text/", "not-retrieved/", "seek-again/", "study/"])
def test_observers_read_and_change_nothing(report, olive, mallory, as_person, where):
    before = state()
    assert as_person(olive).get(PAGE).status_code == 200
    assert "Upload the PDF" not in text_of(as_person(olive).get(PAGE)).split("Where it stands")[1]
    assert as_person(olive).post(PAGE + where, {"why": "x"}).status_code == 403
    assert as_person(mallory).post(PAGE + where, {"why": "x"}).status_code == 404
    assert state() == before
