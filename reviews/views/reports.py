"""Reports: which are sought, getting one, reading its text. Naming studies is in views/studies.py."""

import csv
from typing import Any

from django.contrib import messages
from django.core.exceptions import RequestDataTooBig
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST, require_safe

from reviews import exporting, fulltext, uploads
from reviews.export import neutralised
from reviews.forms.reports import (
    NameStudyForm,
    SeekAgainForm,
    TextForm,
    UploadForm,
    WhyNotForm,
    largest_pdf_mb,
)
from reviews.merged import merged
from reviews.models import Membership, Report, Review, Study
from reviews.pages import page
from reviews.permissions import membership_or_404
from reviews.refusals import BadInput, Refused
from screening.models import Resolution, Stage
from screening.reading import authors_line, links, reading
from screening.retrieval import sought_reports

from . import studies

REPORTS_A_PAGE = 50
FILE_POLICY = "default-src 'none'; sandbox; frame-ancestors 'self'"
ONLY = {
    "": "All that are sought",
    "sought": "Not here yet",
    "retrieved": "Retrieved",
    "not_retrieved": "Not retrieved",
    "no_study": "Retrieved, of no study yet",
}
COLUMNS = (
    "number", "title", "authors", "year", "journal", "doi", "pmid", "registry_ids", "url", "retrieval",
    "why_not", "file_name", "study",
)  # fmt: skip


def reports_shown(review: Review, only: str = "") -> QuerySet[Report]:
    """The reports sought, by record number, their texts left out; `only` is a key of ONLY."""
    reports = sought_reports(review)
    if only in Report.Retrieval.values:
        reports = reports.filter(retrieval=only)
    elif only == "no_study":
        reports = reports.filter(retrieval=Report.Retrieval.RETRIEVED, study__isnull=True)
    return reports.select_related("record", "study").defer("text", "page_map").order_by("record__number")


def counts(review: Review) -> dict[str, int]:
    """How many reports each key of ONLY lists. One query."""
    states = {state: Count("pk", filter=Q(retrieval=state)) for state in Report.Retrieval.values}
    loose = Count("pk", filter=Q(retrieval=Report.Retrieval.RETRIEVED, study__isnull=True))
    return sought_reports(review).aggregate(all=Count("pk"), no_study=loose, **states)


@require_safe
@never_cache
def reports(request: HttpRequest, slug: str) -> HttpResponse:
    """The table of reports, `?only=` a key of ONLY."""
    membership = membership_or_404(request.user, slug, may="read")
    only = request.GET.get("only", "")
    only = only if only in ONLY else ""
    n = counts(membership.review)
    listed = Paginator(reports_shown(membership.review, only), REPORTS_A_PAGE)
    return page(
        request,
        "reviews/reports.html",
        membership,
        page=listed.get_page(request.GET.get("page")),
        filters=[(key, words, n[key or "all"]) for key, words in ONLY.items()],
        only=only,
        n=n,
    )


@require_safe
@never_cache
def reports_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """The retrieval list as CSV, for a librarian; `?only=` as on the page. Leaves a line in the trail."""
    membership = membership_or_404(request.user, slug, may="export")
    only = request.GET.get("only", "sought")
    rows = [_row(report) for report in reports_shown(membership.review, only if only in ONLY else "")]
    exporting.log_export(
        review=membership.review, by=membership.user, what="retrieval list", form="csv", rows=len(rows)
    )
    answer = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{slug}-reports.csv"'
    writer = csv.writer(answer, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([neutralised(cell) for cell in row] for row in rows)
    return answer


def _row(report: Report) -> list[Any]:
    record = report.record
    return [
        record.number,
        record.title,
        "; ".join(str(author) for author in record.authors),
        record.year,
        record.journal,
        record.doi,
        record.pmid,
        "; ".join(str(number) for number in record.registry_ids),
        record.url,
        report.retrieval,
        report.why_not,
        report.file_name,
        report.study.label if report.study else None,
    ]


@require_safe
@never_cache
def report(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """One report: where it stands, its text by pages, its study."""
    membership = membership_or_404(request.user, slug, may="read")
    return show_report(request, membership, report_or_404(membership, number))


def report_or_404(membership: Membership, number: int) -> Report:
    """The report, sought now, of the record that people call by `number`."""
    reports = sought_reports(membership.review).select_related("record__search", "record__review", "study")
    return get_object_or_404(reports, record__number=number if number < 2**31 else 0)


def show_report(
    request: HttpRequest, membership: Membership, report: Report, *, status: int = 200, **context: Any
) -> HttpResponse:
    """The report's page, with the forms that failed, if any, as they were sent."""
    record = report.record
    whole = merged(record)
    text = reading(record, Stage.FULL_TEXT, whole=whole) if report.text else None
    settled = (
        Resolution.objects.filter(record=record, stage=Stage.FULL_TEXT, withdrawn_at__isnull=True)
        .select_related("reason")
        .first()
    )
    shared: dict[str, Any] = {
        "report": report,
        "record": record,
        "authors": authors_line(whole.best),
        "links": links(whole.best),
        "text": text,
        "settled": settled,
        "studies": list(Study.objects.filter(review=membership.review).order_by("label")),
        "upload_form": UploadForm(),
        "text_form": TextForm(),
        "why_form": WhyNotForm(),
        "again_form": SeekAgainForm(),
        "study_form": NameStudyForm(initial={"label": fulltext.suggested_label(record)}),
        "limit_mb": largest_pdf_mb(),
    }
    return page(
        request, "reviews/report.html", membership, status=status, nav="reports", **(shared | context)
    )


@csrf_exempt  # only until the size is known: reading the token would read all of the body
@require_POST
def report_upload(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Keep a PDF as the report's document, or replace the one there was."""
    membership = membership_or_404(request.user, slug, may="retrieve")
    try:
        if not uploads.too_large(request):
            return _report_upload(request, membership, number)
    except RequestDataTooBig:
        pass
    return page(request, "413.html", membership, status=413)


@csrf_protect
def _report_upload(request: HttpRequest, membership: Membership, number: int) -> HttpResponse:
    sought = report_or_404(membership, number)
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return show_report(request, membership, sought, status=422, upload_form=form)
    file = form.cleaned_data["file"]
    try:
        kept = fulltext.attach_pdf(
            report=sought, by=membership.user, data=file.read(), file_name=file.name or ""
        )
    except Refused as no:
        return show_report(request, membership, sought, status=_status(no), upload_form=form, refusal=no)
    _say_kept(request, kept)
    return redirect("report", membership.review.slug, number)


@require_POST
def report_text(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Keep pasted text as the report's document."""
    membership = membership_or_404(request.user, slug, may="retrieve")
    sought = report_or_404(membership, number)
    form = TextForm(request.POST)
    if not form.is_valid():
        return show_report(request, membership, sought, status=422, text_form=form)
    try:
        kept = fulltext.paste_text(report=sought, by=membership.user, text=form.cleaned_data["text"])
    except Refused as no:
        return show_report(request, membership, sought, status=_status(no), text_form=form, refusal=no)
    _say_kept(request, kept)
    return redirect("report", slug, number)


def _say_kept(request: HttpRequest, report: Report) -> None:
    if report.text:
        pages = len(report.page_map)
        length = f"{pages} page{'' if pages == 1 else 's'}" if pages else f"{len(report.text):,} characters"
        messages.success(request, f"The report is here: {length} of text.")
    else:
        messages.warning(
            request,
            "The PDF is kept, but no text could be read from it: it may be a scan. "
            "You may paste its text beside it, so that quotes can be checked.",
        )


@require_POST
def report_not_retrieved(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Say that the report could not be had, and why."""
    membership = membership_or_404(request.user, slug, may="retrieve")
    sought = report_or_404(membership, number)
    form = WhyNotForm(request.POST)
    if not form.is_valid():
        return show_report(request, membership, sought, status=422, why_form=form)
    try:
        fulltext.mark_not_retrieved(report=sought, by=membership.user, why=form.cleaned_data["why"])
    except Refused as no:
        return show_report(request, membership, sought, status=_status(no), why_form=form, refusal=no)
    messages.success(request, "Noted as not retrieved. It can be sought again at any time.")
    return redirect("report", slug, number)


@require_POST
def report_seek_again(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Set the report back to sought, with a reason."""
    membership = membership_or_404(request.user, slug, may="retrieve")
    sought = report_or_404(membership, number)
    form = SeekAgainForm(request.POST)
    if not form.is_valid():
        return show_report(request, membership, sought, status=422, again_form=form)
    try:
        fulltext.seek_again(report=sought, by=membership.user, reason=form.cleaned_data["reason"])
    except Refused as no:
        return show_report(request, membership, sought, status=_status(no), again_form=form, refusal=no)
    messages.success(request, "The report is being sought again.")
    return redirect("report", slug, number)


@require_safe
@never_cache
@xframe_options_sameorigin
def report_file(request: HttpRequest, slug: str, number: int) -> FileResponse:
    """The PDF itself, for members only, shut into a sandbox: it may run nothing and reach nothing of ours."""
    membership = membership_or_404(request.user, slug, may="read")
    kept = report_or_404(membership, number)
    if not kept.file:
        raise Http404("This report has no file.")
    try:
        opened = kept.file.open("rb")
    except FileNotFoundError as gone:
        raise Http404("The file is not on this server any more.") from gone
    answer = FileResponse(opened, filename=kept.file_name or "report.pdf", content_type="application/pdf")
    answer["X-Content-Type-Options"] = "nosniff"
    # A policy that stands already is left alone by the middleware.
    answer["Content-Security-Policy"] = FILE_POLICY
    return answer


def _status(no: Refused) -> int:
    return 422 if isinstance(no, BadInput) else no.status


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/reports/", reports, name="reports"),
    path("r/<slug:slug>/reports/list.csv", reports_csv, name="reports_csv"),
    path("r/<slug:slug>/reports/<int:number>/", report, name="report"),
    path("r/<slug:slug>/reports/<int:number>/file/", report_file, name="report_file"),
    path("r/<slug:slug>/reports/<int:number>/upload/", report_upload, name="report_upload"),
    path("r/<slug:slug>/reports/<int:number>/text/", report_text, name="report_text"),
    path(
        "r/<slug:slug>/reports/<int:number>/not-retrieved/", report_not_retrieved, name="report_not_retrieved"
    ),
    path("r/<slug:slug>/reports/<int:number>/seek-again/", report_seek_again, name="report_seek_again"),
    *studies.urlpatterns,
]
