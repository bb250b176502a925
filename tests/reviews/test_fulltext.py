"""Getting reports: PDFs and pasted text with their pages, not retrieved with why, and studies."""

import io
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from reportlab.pdfgen import canvas

from reviews import audit, fulltext
from reviews.models import Event, Report, Study
from reviews.refusals import BadInput, Refused
from screening import decisions
from tests import factories


def pdf(*pages: list[str]) -> bytes:
    """A PDF with one list of lines a page."""
    out = io.BytesIO()
    sheet = canvas.Canvas(out)
    for lines in pages:
        for place, line in enumerate(lines):
            sheet.drawString(72, 760 - 16 * place, line)
        sheet.showPage()
    sheet.save()
    return out.getvalue()


@pytest.fixture
def report(record, bob, carol):
    for person in (bob, carol):
        decisions.decide(
            record=record, stage="title_abstract", reviewer=person, verdict="include", key=uuid.uuid4()
        )
    return Report.objects.get()


def state() -> tuple:
    report = Report.objects.get()
    return report.retrieval, report.text, report.file.name, report.why_not, Event.objects.count()


def test_a_pdf_is_kept_with_its_text_and_pages(report, bob):
    data = pdf(["We enrolled 58 patients."], ["The median age was 63 years."])
    fulltext.attach_pdf(report=report, by=bob, data=data, file_name="C:/papers/trial.pdf")
    report.refresh_from_db()
    assert report.retrieval == "retrieved"
    with report.file.open() as kept:
        assert kept.read() == data
    pages = [report.text[start:end] for _page, start, end in report.page_map]
    assert pages == ["We enrolled 58 patients.", "The median age was 63 years."]
    assert [page for page, _start, _end in report.page_map] == [1, 2]


def test_the_trail_says_what_was_retrieved(report, bob):
    fulltext.paste_text(report=report, by=bob, text="Full text.")
    event = Event.objects.order_by("seq").last()
    assert (event.verb, event.actor, event.record) == ("report.retrieved", bob, report.record)
    assert event.after["characters"] == 10


@pytest.mark.parametrize(
    ("data", "words"), [(b"<html>", "not a PDF"), (b"%PDF-1.4 rubbish", "broken"), (b"", "not a PDF")]
)
def test_what_is_not_a_pdf_is_refused_and_nothing_changes(report, bob, settings, data, words):
    before = state()
    with pytest.raises(BadInput, match=words):
        fulltext.attach_pdf(report=report, by=bob, data=data, file_name="x.pdf")
    assert state() == before
    assert not list(settings.MEDIA_ROOT.rglob("*.pdf"))


def test_the_broken_pdfs_of_the_field_are_refused_in_plain_words(report, bob, shared):
    for path in sorted(shared("data/import-fixtures/pdf-edge-cases").glob("*.pdf")):
        with pytest.raises(BadInput):
            fulltext.attach_pdf(report=report, by=bob, data=path.read_bytes(), file_name=path.name)
    assert Report.objects.get().retrieval == "sought"


def test_an_empty_paste_is_refused(report, bob):
    before = state()
    with pytest.raises(BadInput, match="Nothing was pasted"):
        fulltext.paste_text(report=report, by=bob, text=" \n ")
    assert state() == before


def test_not_retrieved_says_why(report, bob):
    with pytest.raises(BadInput):
        fulltext.mark_not_retrieved(report=report, by=bob, why=" ")
    fulltext.mark_not_retrieved(report=report, by=bob, why="The library has no access.")
    assert (Report.objects.get().retrieval, Report.objects.get().why_not) == (
        "not_retrieved",
        "The library has no access.",
    )


def test_a_retrieved_report_is_not_marked_as_not_retrieved(report, bob):
    fulltext.paste_text(report=report, by=bob, text="Full text.")
    before = state()
    with pytest.raises(Refused, match="retrieved already"):
        fulltext.mark_not_retrieved(report=report, by=bob, why="Lost.")
    assert state() == before


def test_a_wrong_pdf_is_taken_off_with_a_reason_and_its_hash_stays_in_the_trail(report, bob):
    fulltext.attach_pdf(report=report, by=bob, data=pdf(["Another paper."]), file_name="wrong.pdf")
    digest = Report.objects.get().sha256
    fulltext.seek_again(report=report, by=bob, reason="It was another paper.")
    assert state()[:4] == ("sought", "", "", "")
    assert Event.objects.order_by("seq").last().before["sha256"] == digest


def test_a_report_that_was_judged_stays_at_hand(report, bob):
    fulltext.paste_text(report=report, by=bob, text="Full text.")
    decisions.decide(
        record=report.record, stage="full_text", reviewer=bob, verdict="include", key=uuid.uuid4()
    )
    before = state()
    with pytest.raises(Refused, match="judged at full text"):
        fulltext.seek_again(report=report, by=bob, reason="Wrong one.")
    assert state() == before


def test_a_study_is_named_once_and_a_report_linked_to_it(report, alice):
    study = fulltext.name_study(review=report.record.review, by=alice, label="  Smith   2020 ", report=report)
    assert (study.label, Report.objects.get().study) == ("Smith 2020", study)
    with pytest.raises(BadInput, match="already"):
        fulltext.name_study(review=report.record.review, by=alice, label="Smith 2020")
    assert Study.objects.count() == 1


def test_a_report_is_not_linked_to_a_study_of_another_review(report, alice):
    other = factories.review(lead=alice, slug="other")
    study = fulltext.name_study(review=other, by=alice, label="Jones 2021")
    with pytest.raises(Refused, match="another review"):
        fulltext.link_report(report=report, by=alice, study=study)
    assert Report.objects.get().study is None


def test_a_hyphen_at_a_line_end_of_a_pdf_stays_readable_for_quotes():
    paper = fulltext.read_pdf(pdf(["The patients were col-", "lected again."]))
    from reviews.quotes import locate

    assert locate("The patients were collected again.", paper.text) is not None


def test_a_suggested_label_is_the_first_author_and_year(search):
    record = factories.record(search, authors=["Smith, Ann", "Doe, J"], year=2020)
    assert fulltext.suggested_label(record) == "Smith 2020"
    assert fulltext.suggested_label(factories.record(search, registry_ids=["NCT00903968"])) == "NCT00903968"
    assert audit.verify(search.review).ok


def test_a_scan_keeps_its_pdf_and_takes_pasted_text_beside_it(report, bob):
    fulltext.attach_pdf(report=report, by=bob, data=pdf([], []), file_name="scan.pdf")
    report.refresh_from_db()
    assert (report.retrieval, report.text, report.page_map, report.file_name) == (
        "retrieved",
        "",
        [],
        "scan.pdf",
    )
    stored = report.file.name
    fulltext.paste_text(report=report, by=bob, text="Typed from the scan.")
    report.refresh_from_db()
    assert (report.text, report.file.name, report.file_name) == ("Typed from the scan.", stored, "scan.pdf")


def test_pasted_text_replaces_a_pdf_that_has_a_text_of_its_own(report, bob):
    fulltext.attach_pdf(report=report, by=bob, data=pdf(["One."]), file_name="one.pdf")
    fulltext.paste_text(report=report, by=bob, text="Another paper.")
    report.refresh_from_db()
    assert (report.text, report.file.name, report.file_name, report.sha256) == ("Another paper.", "", "", "")
    before = Event.objects.order_by("seq").last().before
    assert (before["file"], before["stored_as"][-4:]) == ("one.pdf", ".pdf")


def test_nothing_is_attached_to_a_record_that_became_a_duplicate(report, bob, search, settings):
    original = factories.record(search)
    report.record.duplicate_of = original
    report.record.save()
    before = state()
    with pytest.raises(Refused, match="no longer counts"):
        fulltext.paste_text(report=report, by=bob, text="Full text.")
    with pytest.raises(Refused, match="no longer counts"):
        fulltext.attach_pdf(report=report, by=bob, data=pdf(["Full text."]), file_name="x.pdf")
    assert state() == before
    assert not list(settings.MEDIA_ROOT.rglob("*.pdf"))


def test_many_pdfs_are_read_at_once():
    with ThreadPoolExecutor(8) as pool:
        papers = list(pool.map(fulltext.read_pdf, [pdf([f"Paper {n}."], ["Page two."]) for n in range(40)]))
    assert [paper.text for paper in papers] == [f"Paper {n}.\n\nPage two." for n in range(40)]
