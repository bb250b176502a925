"""Reports and studies for programs: list, read, upload, paste, not retrieved, seek again, which study."""

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviews import fulltext, uploads
from reviews.models import Report, Study
from reviews.permissions import membership_or_404
from reviews.refusals import BadInput
from reviews.views.reports import ONLY, counts, report_or_404, reports_shown
from reviews.views.studies import StudyShown, studies_shown
from screening.models import Resolution, Stage

from .searches import TooLarge


class ReportTooLarge(TooLarge):
    """The same, in words for a PDF."""

    default_detail = (
        "That is more than this server accepts. Save a smaller copy of the PDF, or paste its text."
    )


class FileFields(serializers.Serializer):
    """A PDF (multipart)."""

    file = serializers.FileField(allow_empty_file=True, max_length=255)


class TextFields(serializers.Serializer):
    """The report's text."""

    text = serializers.CharField(trim_whitespace=False)


class WhyFields(serializers.Serializer):
    """Why it could not be had."""

    why = serializers.CharField(max_length=300)


class ReasonFields(serializers.Serializer):
    """Why it is sought again."""

    reason = serializers.CharField(max_length=300)


class StudyFields(serializers.Serializer):
    """`label`: a new study of that name. `study`: the id of one that is there, or null for none."""

    label = serializers.CharField(max_length=120, required=False)
    study = serializers.IntegerField(required=False, allow_null=True, min_value=1)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Exactly one of the two."""
        if ("label" in attrs) == ("study" in attrs):
            raise serializers.ValidationError("Send either a label or a study.")
        return attrs


def as_json(report: Report) -> dict[str, Any]:
    """A report without its text; `record` is the record's number."""
    return {
        "record": report.record.number,
        "title": report.record.heading,
        "doi": report.record.doi,
        "pmid": report.record.pmid,
        "retrieval": report.retrieval,
        "why_not": report.why_not,
        "file_name": report.file_name,
        "sha256": report.sha256,
        "settled_at": report.settled_at,
        "study": {"id": report.study.pk, "label": report.study.label} if report.study else None,
    }


def detail(report: Report) -> dict[str, Any]:
    """A report with its text; `pages` lists [number, start, end] in code points of `text`.

    `full_text` is the settled answer, or null while it is being judged; never a vote.
    """
    settled = Resolution.objects.filter(
        record=report.record, stage=Stage.FULL_TEXT, withdrawn_at__isnull=True
    )
    verdict = settled.values_list("verdict", "reason__label").first()
    return as_json(report) | {
        "text": report.text,
        "text_sha256": report.text_sha256,
        "pages": report.page_map,
        "full_text": {"verdict": verdict[0], "reason": verdict[1]} if verdict else None,
    }


def study_json(shown: StudyShown) -> dict[str, Any]:
    """A study and its reports."""
    return {
        "id": shown.study.pk,
        "label": shown.study.label,
        "included": shown.included,
        "reports": [
            {"record": each.report.record.number, "full_text": each.verdict or None} for each in shown.reports
        ],
    }


class ReportsView(APIView):
    """GET ?only= (a key of ONLY) -> {"reports", "counts"}: those sought, without their texts."""

    def get(self, request: Request, slug: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="read")
        only = request.query_params.get("only", "")
        if only not in ONLY:
            raise BadInput(f'"{only}" is no list of reports.', mend=f"Use one of {', '.join(ONLY)}.")
        reports = [as_json(report) for report in reports_shown(membership.review, only)]
        return Response({"reports": reports, "counts": counts(membership.review)})


class ReportView(APIView):
    """GET -> the report with its text."""

    def get(self, request: Request, slug: str, number: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="read")
        return Response(detail(report_or_404(membership, number)))


class UploadView(APIView):
    """POST a file (multipart) -> the report with its text."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse by size before anything is read from the body."""
        if uploads.too_large(request._request):
            raise ReportTooLarge
        super().initial(request, *args, **kwargs)

    def handle_exception(self, exc: Exception) -> Response:
        """Django's own limit for forms is said in the same words."""
        return super().handle_exception(ReportTooLarge() if isinstance(exc, RequestDataTooBig) else exc)

    def post(self, request: Request, slug: str, number: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="retrieve")
        fields = FileFields(data=request.data)
        fields.is_valid(raise_exception=True)
        file = fields.validated_data["file"]
        sought = report_or_404(membership, number)
        kept = fulltext.attach_pdf(
            report=sought, by=membership.user, data=file.read(), file_name=file.name or ""
        )
        return Response(detail(kept))


class TextView(APIView):
    """POST {"text"} -> the report with its text."""

    def post(self, request: Request, slug: str, number: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="retrieve")
        fields = TextFields(data=request.data)
        fields.is_valid(raise_exception=True)
        sought = report_or_404(membership, number)
        kept = fulltext.paste_text(report=sought, by=membership.user, **fields.validated_data)
        return Response(detail(kept))


class NotRetrievedView(APIView):
    """POST {"why"} -> the report."""

    def post(self, request: Request, slug: str, number: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="retrieve")
        fields = WhyFields(data=request.data)
        fields.is_valid(raise_exception=True)
        sought = report_or_404(membership, number)
        kept = fulltext.mark_not_retrieved(report=sought, by=membership.user, **fields.validated_data)
        return Response(detail(kept))


class SeekAgainView(APIView):
    """POST {"reason"} -> the report."""

    def post(self, request: Request, slug: str, number: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="retrieve")
        fields = ReasonFields(data=request.data)
        fields.is_valid(raise_exception=True)
        sought = report_or_404(membership, number)
        kept = fulltext.seek_again(report=sought, by=membership.user, **fields.validated_data)
        return Response(detail(kept))


class ReportStudyView(APIView):
    """POST {"label"} names a new study for the report, {"study": id or null} links it -> the report."""

    def post(self, request: Request, slug: str, number: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="retrieve")
        fields = StudyFields(data=request.data)
        fields.is_valid(raise_exception=True)
        sought, wanted = report_or_404(membership, number), fields.validated_data
        if "label" in wanted:
            fulltext.name_study(
                review=membership.review, by=membership.user, label=wanted["label"], report=sought
            )
        else:
            study = (
                get_object_or_404(Study, pk=wanted["study"], review=membership.review)
                if wanted["study"]
                else None
            )
            fulltext.link_report(report=sought, by=membership.user, study=study)
        return Response(detail(report_or_404(membership, number)))


class StudiesView(APIView):
    """GET -> {"studies": [...]}, each with its reports."""

    def get(self, request: Request, slug: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="read")
        return Response({"studies": [study_json(shown) for shown in studies_shown(membership)]})


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/reports/", ReportsView.as_view(), name="api_reports"),
    path("r/<slug:slug>/reports/<int:number>/", ReportView.as_view(), name="api_report"),
    path("r/<slug:slug>/reports/<int:number>/upload/", UploadView.as_view(), name="api_report_upload"),
    path("r/<slug:slug>/reports/<int:number>/text/", TextView.as_view(), name="api_report_text"),
    path(
        "r/<slug:slug>/reports/<int:number>/not-retrieved/",
        NotRetrievedView.as_view(),
        name="api_report_not_retrieved",
    ),
    path(
        "r/<slug:slug>/reports/<int:number>/seek-again/",
        SeekAgainView.as_view(),
        name="api_report_seek_again",
    ),
    path("r/<slug:slug>/reports/<int:number>/study/", ReportStudyView.as_view(), name="api_report_study"),
    path("r/<slug:slug>/studies/", StudiesView.as_view(), name="api_studies"),
]
