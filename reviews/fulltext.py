"""Reports: getting the full text, or saying why not; and which study a report belongs to.

An include at title and abstract opens a report (screening.settling). From there: sought -> retrieved (a PDF or
pasted text), or not retrieved with why, and back to sought with a reason. A file that is replaced stays on disk
and in the trail. A PDF without any text (a scan) may get pasted text beside it.
"""

import hashlib
import threading
from dataclasses import dataclass
from pathlib import PurePath

import pypdfium2
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction

from . import audit
from .models import Record, Report, Review, Study, User, Verb
from .models.corpus import sha256_of
from .refusals import BadInput, Refused

PAGE_BREAK = "\n\n"
_PDFIUM = threading.Lock()
"""PDFium may not be used by two threads at once, and pages are served by threads."""


@dataclass(frozen=True)
class Paper:
    """Text with its pages: `page_map` lists [page number from 1, start, end] in code points of `text`."""

    text: str
    page_map: list[list[int]]


def read_pdf(data: bytes) -> Paper:
    """The text of a PDF, page by page; a scan without any text gives "".

    Raises:
        BadInput: not a PDF, broken, or locked with a password.
    """
    if not data.lstrip()[:5] == b"%PDF-":
        raise BadInput("This file is not a PDF.", mend="Upload the PDF of the report, or paste its text.")
    with _PDFIUM:
        try:
            document = pypdfium2.PdfDocument(data)
        except pypdfium2.PdfiumError as error:
            locked = "password" in str(error).lower()
            what = (
                "This PDF is locked with a password."
                if locked
                else "This PDF is broken and cannot be opened."
            )
            raise BadInput(what, mend="Get another copy, or paste the text.") from error
        try:
            pages = [_page_text(document, index) for index in range(len(document))]
        except pypdfium2.PdfiumError as error:
            what = "This PDF is broken: one of its pages cannot be read."
            raise BadInput(what, mend="Get another copy, or paste the text.") from error
        finally:
            document.close()
    return joined(pages) if any(pages) else Paper("", [])


def _page_text(document: pypdfium2.PdfDocument, index: int) -> str:
    page = document[index]
    text_page = page.get_textpage()
    try:
        # PDFium marks a hyphen at a line's end by U+0002 (or U+FFFE) and ends lines with CR LF.
        text = text_page.get_text_range().replace("\r\n", "\n").replace("\r", "\n")
        return text.replace("\x02", "-\n").replace("\ufffe", "-\n").replace("\x00", "").strip()
    finally:
        text_page.close()
        page.close()


def joined(pages: list[str]) -> Paper:
    """Pages as one text and the map back to them."""
    text, page_map = "", []
    for number, page in enumerate(pages, 1):
        if number > 1:
            text += PAGE_BREAK
        page_map.append([number, len(text), len(text) + len(page)])
        text += page
    return Paper(text, page_map)


def attach_pdf(*, report: Report, by: User, data: bytes, file_name: str) -> Report:
    """Keep a PDF as the report's document and its text for quotes. Replaces what was there before.

    Raises:
        BadInput: not a readable PDF (see read_pdf).
        Refused: the record is no longer among those whose reports are sought.
    """
    paper = read_pdf(data)
    digest = hashlib.sha256(data).hexdigest()
    name = PurePath(file_name).name[-200:] or "report.pdf"
    stored = default_storage.save(f"reports/{report.record.review.slug}/{digest[:16]}.pdf", ContentFile(data))
    try:
        return _retrieve(report=report, by=by, paper=paper, file=(stored, name, digest))
    except BaseException:
        default_storage.delete(stored)
        raise


def paste_text(*, report: Report, by: User, text: str) -> Report:
    """Keep pasted text as the report's document, or as the text of a PDF from which none could be read.

    Raises:
        BadInput: nothing was pasted.
        Refused: the record is no longer among those whose reports are sought.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").strip()
    if not text:
        raise BadInput("Nothing was pasted.", mend="Paste the report's text, or upload its PDF.")
    return _retrieve(report=report, by=by, paper=Paper(text, []), file=None)


def _retrieve(*, report: Report, by: User, paper: Paper, file: tuple[str, str, str] | None) -> Report:
    """`file` is (where it is stored, its own name, its sha256); None where text was pasted."""
    with transaction.atomic():
        report = _locked(report)
        _check_still_sought(report)
        before = {
            "retrieval": report.retrieval,
            "file": report.file_name,
            "stored_as": report.file.name or "",
            "sha256": report.sha256,
            "text_sha256": sha256_of(report.text),
        }
        is_scan = bool(report.file) and not report.text
        report.retrieval, report.why_not = Report.Retrieval.RETRIEVED, ""
        if file is not None or not is_scan:
            report.file, report.file_name, report.sha256 = file or ("", "", "")
        report.text, report.page_map = paper.text, paper.page_map
        report.settled_at = audit.now()
        report.save()
        audit.log(
            review=report.record.review,
            verb=Verb.REPORT_RETRIEVED,
            actor=by,
            record=report.record,
            subject={"report": report.pk},
            before=before,
            after={
                "file": report.file_name,
                "sha256": report.sha256,
                "text_sha256": sha256_of(paper.text),
                "pages": len(paper.page_map),
                "characters": len(paper.text),
            },
        )
        return report


def mark_not_retrieved(*, report: Report, by: User, why: str) -> Report:
    """Say that the report could not be had, and why.

    Raises:
        BadInput: no reason given.
        Refused: its text is at hand.
    """
    why = why.strip()
    if not why:
        raise BadInput("A report that is not retrieved needs a reason.", mend="Say what was tried.")
    with transaction.atomic():
        report = _locked(report)
        if report.retrieval == Report.Retrieval.RETRIEVED:
            raise Refused(
                "This report was retrieved already.", mend="Set it back to sought first, with a reason."
            )
        report.retrieval, report.why_not, report.settled_at = (
            Report.Retrieval.NOT_RETRIEVED,
            why[:300],
            audit.now(),
        )
        report.save(update_fields=["retrieval", "why_not", "settled_at"])
        audit.log(
            review=report.record.review,
            verb=Verb.REPORT_NOT_RETRIEVED,
            actor=by,
            record=report.record,
            subject={"report": report.pk},
            after={"why": report.why_not},
            reason=report.why_not,
        )
        return report


def seek_again(*, report: Report, by: User, reason: str) -> Report:
    """Set a report back to sought (a wrong PDF, a new lead). The file and its hash stay in the trail.

    Raises:
        BadInput: no reason given.
        Refused: it is being sought already, or somebody has judged its text.
    """
    if not reason.strip():
        raise BadInput("Setting a report back to sought needs a reason.", mend="Say in a sentence why.")
    with transaction.atomic():
        report = _locked(report)
        if report.retrieval == Report.Retrieval.SOUGHT:
            raise Refused("This report is being sought already.")
        before = {
            "retrieval": report.retrieval,
            "why_not": report.why_not,
            "file": report.file_name,
            "stored_as": report.file.name or "",
            "sha256": report.sha256,
        }
        report.retrieval, report.why_not, report.settled_at = Report.Retrieval.SOUGHT, "", None
        report.file, report.file_name, report.sha256, report.text, report.page_map = "", "", "", "", []
        _save_unless_judged(report)
        audit.log(
            review=report.record.review,
            verb=Verb.REPORT_SOUGHT_AGAIN,
            actor=by,
            record=report.record,
            subject={"report": report.pk},
            before=before,
            reason=reason.strip(),
        )
        return report


def name_study(*, review: Review, by: User, label: str, report: Report | None = None) -> Study:
    """A new study, and `report` as its first.

    Raises:
        BadInput: no label, or one that another study of this review has.
    """
    label = " ".join(label.split())[:120]
    if not label:
        raise BadInput("A study needs a name.", mend='Give it one such as "Smith 2020".')
    with transaction.atomic():
        locked = _locked(report) if report is not None else None
        Review.objects.select_for_update(no_key=True).get(pk=review.pk)
        if Study.objects.filter(review=review, label=label).exists():
            raise BadInput(
                f'There is a study called "{label}" already.',
                mend="Link the report to it, or name it otherwise.",
            )
        study = Study.objects.create(review=review, label=label)
        if locked is not None:
            locked.study = study
            locked.save(update_fields=["study"])
        audit.log(
            review=review,
            verb=Verb.STUDY_NAMED,
            actor=by,
            record=locked.record if locked else None,
            subject={"study": study.pk, "report": locked.pk if locked else None},
            after={"label": label},
        )
        return study


def link_report(*, report: Report, by: User, study: Study | None) -> Report:
    """Say which study a report is of (None: take the link away).

    Raises:
        Refused: the study is of another review, or it is linked so already.
    """
    with transaction.atomic():
        report = _locked(report)
        if study is not None and study.review_id != report.record.review_id:
            raise Refused("That study belongs to another review.")
        before = report.study
        if before == study:
            raise Refused("The report is linked so already.")
        report.study = study
        report.save(update_fields=["study"])
        audit.log(
            review=report.record.review,
            verb=Verb.REPORT_LINKED,
            actor=by,
            record=report.record,
            subject={"report": report.pk, "study": study.pk if study else None},
            before={"study": before.label if before else None},
            after={"study": study.label if study else None},
        )
        return report


def suggested_label(record: Record) -> str:
    """A study's usual name from its record: first author's family name and year, or the registry number."""
    author = str(record.authors[0]).split(",")[0].split()[-1] if record.authors else ""
    if author and record.year:
        return f"{author} {record.year}"
    return next(iter(record.registry_ids), "") or author or f"Record {record.number}"


def _check_still_sought(report: Report) -> None:
    """A record may have become a duplicate, or its search been withdrawn, while somebody fetched the paper.

    Whether its inclusion still stands is for the doors to ask (screening.retrieval): this app does not know votes.
    """
    if not Record.objects.filter(pk=report.record_id).to_screen().exists():
        raise Refused(
            "This record no longer counts: it is a duplicate, was removed, or its search was withdrawn.",
            mend="Look at the record; attach the report to the record that stands for it.",
        )


def _save_unless_judged(report: Report) -> None:
    """Votes are about a text; this app does not know votes, but the database does (screening.guards)."""
    try:
        with transaction.atomic():
            report.save()
    except IntegrityError as error:
        raise Refused(
            "This report has been judged at full text.",
            mend="Take those decisions back first, or replace the PDF.",
        ) from error


def _locked(report: Report) -> Report:
    """The report, its record's row locked first: the same lock as judging it."""
    Record.objects.select_for_update(no_key=True).get(pk=report.record_id)
    return Report.objects.select_related("record__review", "study").get(pk=report.pk)
