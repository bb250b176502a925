"""Studies: which reports are of which investigation, and how far their data are."""

from dataclasses import dataclass

from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from extraction.design import published_form
from extraction.studies import StudyLine, study_lines
from reviews import fulltext
from reviews.forms.reports import NameStudyForm
from reviews.models import Membership, Report, Study
from reviews.pages import page
from reviews.permissions import membership_or_404
from reviews.refusals import BadInput, Refused
from screening.models import Resolution, Stage
from screening.retrieval import sought_reports


@dataclass(frozen=True)
class ReportShown:
    """A report and its settled answer at full text, if there is one: include, exclude or ""."""

    report: Report
    verdict: str


@dataclass(frozen=True)
class StudyShown:
    """A study, its reports, and the line of its data where it is extracted."""

    study: Study
    reports: list[ReportShown]
    line: StudyLine | None

    @property
    def included(self) -> bool:
        """Whether a report of it is included at full text."""
        return any(shown.verdict == "include" for shown in self.reports)


@require_safe
@never_cache
def studies(request: HttpRequest, slug: str) -> HttpResponse:
    """Every study of the review with its reports."""
    membership = membership_or_404(request.user, slug, may="read")
    return page(request, "reviews/studies.html", membership, nav="reports", rows=studies_shown(membership))


def studies_shown(membership: Membership) -> list[StudyShown]:
    """The studies by name. The number of queries does not depend on how many there are."""
    review = membership.review
    sought = sought_reports(review).select_related("record").defer("text", "page_map")
    everything = Study.objects.filter(review=review).order_by("label")
    settled = dict(
        Resolution.objects.filter(
            record__review=review,
            record__report__study__isnull=False,
            stage=Stage.FULL_TEXT,
            withdrawn_at__isnull=True,
        ).values_list("record_id", "verdict")
    )
    form = published_form(review)
    lines = {line.study.pk: line for line in study_lines(membership, form)} if form else {}
    return [
        StudyShown(
            study=study,
            reports=[
                ReportShown(report, settled.get(report.record_id, ""))
                for report in sorted(study.reports.all(), key=lambda report: report.record.number)
            ],
            line=lines.get(study.pk),
        )
        for study in everything.prefetch_related(Prefetch("reports", sought))
    ]


@require_POST
def report_study(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Say which study a report is of: `do` is name (a new one), link (`study`, its id) or unlink."""
    membership = membership_or_404(request.user, slug, may="retrieve")
    # Here, because the two modules need each other: a report's page holds the form, its failure that page.
    from .reports import report_or_404, show_report

    report = report_or_404(membership, number)
    wanted, form = request.POST.get("do", ""), NameStudyForm(request.POST)
    if wanted == "name" and not form.is_valid():
        return show_report(request, membership, report, status=422, study_form=form)
    try:
        words = _linked(request, membership, report, wanted, form)
    except Refused as no:
        status = 422 if isinstance(no, BadInput) else no.status
        shown = {"study_form": form} if wanted == "name" else {}
        return show_report(request, membership, report, status=status, study_refusal=no, **shown)
    messages.success(request, words)
    return redirect(f"{reverse('report', args=[slug, number])}#study")


def _linked(
    request: HttpRequest, membership: Membership, report: Report, wanted: str, form: NameStudyForm
) -> str:
    """Call the one verb that is asked for; what to say of it."""
    if wanted == "name":
        study = fulltext.name_study(
            review=membership.review, by=membership.user, label=form.cleaned_data["label"], report=report
        )
        return f"This is the first report of the study {study.label}."
    if wanted == "unlink":
        fulltext.link_report(report=report, by=membership.user, study=None)
        return "The report is of no study now."
    chosen = request.POST.get("study", "")
    if not chosen.isdecimal() or len(chosen) > 18:
        raise BadInput("No study was chosen.", mend="Choose one of the list, or name a new one.")
    study = get_object_or_404(Study, pk=int(chosen), review=membership.review)
    fulltext.link_report(report=report, by=membership.user, study=study)
    return f"This is a report of the study {study.label}."


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/studies/", studies, name="studies"),
    path("r/<slug:slug>/reports/<int:number>/study/", report_study, name="report_study"),
]
