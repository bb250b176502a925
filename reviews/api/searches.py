"""Searches for programs: list, import a file or a text, read one, undo, restore."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.core.files.base import ContentFile
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviews import importing, jobs, uploads
from reviews.describing import DESCRIBED, describe_search
from reviews.models import ImportProblem, Job, Membership, Search
from reviews.models.corpus import SearchKind
from reviews.newness import Brought
from reviews.permissions import membership_or_404
from reviews.refusals import BadInput
from reviews.views.searches import searches_shown, waiting_pairs_of, with_what_is_new
from screening.visibility import sealed_files
from workers.tasks import queue_job_on_commit

from .checking import ReadAsField
from .jobs import accepted
from .jobs import as_json as job_as_json

PROBLEMS_SHOWN = 1000


class TooLarge(exceptions.APIException):
    """The body is larger than this server accepts."""

    status_code = 413
    default_code = "too_large"
    default_detail = (
        "That is more than this server accepts. Split the export, or ask the operator to raise the limit."
    )


class DescriptionFields(serializers.Serializer):
    """What is asked about a search (PRISMA-S)."""

    source = serializers.CharField(max_length=120)
    kind = serializers.ChoiceField(choices=SearchKind.choices)
    searched_on = serializers.DateField()
    platform = serializers.CharField(required=False, allow_blank=True, max_length=120)
    strategy = serializers.CharField(required=False, allow_blank=True, trim_whitespace=False)
    limits = serializers.CharField(required=False, allow_blank=True)
    filters = serializers.CharField(required=False, allow_blank=True)
    declared_count = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=2**31 - 1
    )


class CorrectionFields(DescriptionFields):
    """Some of it corrected, and why."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=300)


class SearchFields(DescriptionFields):
    """What is asked about a search (PRISMA-S), and either a file (multipart) or its text."""

    file = serializers.FileField(required=False, allow_empty_file=True)
    text = serializers.CharField(required=False, allow_blank=True, trim_whitespace=False)
    file_name = serializers.CharField(required=False, allow_blank=True, max_length=255)
    read_as = ReadAsField(required=False)
    check = serializers.BooleanField(
        required=False, help_text="hold the import until how it is read was looked at (…/jobs/<id>/reading/)"
    )
    anew = serializers.BooleanField(required=False, default=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Exactly one of file and text."""
        if ("file" in attrs) == bool(attrs.get("text", "").strip()):
            raise serializers.ValidationError("Send either a file or a text.")
        return attrs


class ReasonFields(serializers.Serializer):
    """Why (the verb knows whether it must be said)."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=300, default="")


def as_json(membership: Membership, searches: Iterable[Search]) -> list[dict[str, Any]]:
    """Searches of `searches_shown`; the name of a file that is sealed for this person is null."""
    listed = with_what_is_new(membership.review, searches)
    sealed = sealed_files(membership.user, membership.review, [search.pk for search in listed])
    return [_as_json(search, search.pk in sealed) for search in listed]


def one_as_json(membership: Membership, pk: int) -> dict[str, Any]:
    """One search of this review."""
    [told] = as_json(membership, [searches_shown(membership.review).get(pk=pk)])
    return told


def _as_json(search: Search, sealed: bool) -> dict[str, Any]:
    return {
        "id": search.pk,
        "source": search.source,
        "platform": search.platform,
        "kind": search.kind,
        "searched_on": search.searched_on,
        "strategy": search.strategy,
        "limits": search.limits,
        "filters": search.filters,
        "file_name": None if sealed else search.file_name,
        "sealed": sealed,
        "sha256": search.sha256,
        "format": search.format,
        "encoding": search.encoding,
        "read_as": search.read_as,
        "imported_by": search.imported_by.name,
        "imported_at": search.imported_at,
        "withdrawn_at": search.withdrawn_at,
        "declared": search.declared_count,
        "found": getattr(search, "found"),  # noqa: B009 (annotated by searches_shown)
        **_as_brought(getattr(search, "brought")),  # noqa: B009 (by with_what_is_new)
    }


def _as_brought(brought: Brought | None) -> dict[str, Any]:
    """What was new with a search and which earlier ones had the rest; nulls for an undone one."""
    return {
        "duplicates": brought.again if brought else None,
        "new": brought.new if brought else None,
        "there_before": brought.there if brought else None,
        "repeated": brought.repeated if brought else None,
        "had": [{"search": pk, "records": n} for pk, n in sorted(brought.had.items())] if brought else [],
    }


def problem_as_json(problem: ImportProblem, sealed: bool = False) -> dict[str, Any]:
    """What could not be used, and why; a sealed file's own words are null."""
    return {"line": problem.line, "reason": problem.reason, "excerpt": None if sealed else problem.excerpt}


class SearchesView(APIView):
    """GET -> {"searches": [...]}. POST a file or text, and SearchFields -> 202 and the job that imports it."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse by size before anything (the token of a session, too) is read from the body."""
        if uploads.too_large(request._request):
            raise TooLarge
        super().initial(request, *args, **kwargs)

    def handle_exception(self, exc: Exception) -> Response:
        """Django's own limit for forms is said in the same words."""
        return super().handle_exception(TooLarge() if isinstance(exc, RequestDataTooBig) else exc)

    def get(self, request: Request, slug: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="read")
        return Response({"searches": as_json(membership, searches_shown(membership.review))})

    def post(self, request: Request, slug: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="import")
        fields = SearchFields(data=request.data)
        fields.is_valid(raise_exception=True)
        given = dict(fields.validated_data)
        file, text = given.pop("file", None), given.pop("text", "")
        held = given.pop("check", False)
        given["file_name"] = given.get("file_name") or (file.name if file else "")
        job = importing.start_import(
            review=membership.review,
            by=membership.user,
            file=file or ContentFile(text.encode("utf-8", "replace"), name="pasted.txt"),
            hold=held,
            **given,
        )
        if not held:
            queue_job_on_commit(job.pk)
        return accepted(job)


class SearchView(APIView):
    """GET one search with its problems. PATCH what is said of it (PRISMA-S), with a reason -> the search."""

    def get(self, request: Request, slug: str, pk: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="read")
        search = get_object_or_404(searches_shown(membership.review), pk=pk)
        [told] = as_json(membership, [search])
        pairs = waiting_pairs_of(search).count()
        return Response(told | {"pairs_waiting": pairs, "problems": _problems(search, told["sealed"])})

    def patch(self, request: Request, slug: str, pk: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="import")
        search = get_object_or_404(Search, review=membership.review, pk=pk)
        if not isinstance(request.data, dict):
            raise BadInput("Send an object with what to correct and a reason.")
        if unknown := sorted(set(request.data) - {*DESCRIBED, "reason"}):
            raise BadInput(
                f"“{unknown[0][:60]}” cannot be corrected.", mend=f"These can: {', '.join(DESCRIBED)}."
            )
        fields = CorrectionFields(data=request.data, partial=True)
        fields.is_valid(raise_exception=True)
        describe_search(search=search, by=membership.user, **{"reason": ""} | fields.validated_data)
        return Response(one_as_json(membership, pk))


class WithdrawView(APIView):
    """POST a reason: undo the import."""

    def post(self, request: Request, slug: str, pk: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="import")
        search = get_object_or_404(Search, review=membership.review, pk=pk)
        importing.withdraw_search(search=search, by=membership.user, reason=_reason(request))
        return Response(one_as_json(membership, pk))


class RestoreView(APIView):
    """POST, with a reason if you like: take an undone import back -> the search, and "job" (duplicates)."""

    def post(self, request: Request, slug: str, pk: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="import")
        search = get_object_or_404(Search, review=membership.review, pk=pk)
        importing.restore_search(search=search, by=membership.user, reason=_reason(request))
        job = jobs.start_unless_waiting(
            review=membership.review, kind=Job.Kind.DUPLICATES, by=membership.user, arguments={"search": pk}
        )
        queue_job_on_commit(job.pk)
        return Response(one_as_json(membership, pk) | {"job": job_as_json(job, membership.user)})


def _problems(search: Search, sealed: bool = False) -> list[dict[str, Any]]:
    return [
        problem_as_json(problem, sealed)
        for problem in search.problems.order_by("line", "pk")[:PROBLEMS_SHOWN]
    ]


def _reason(request: Request) -> str:
    fields = ReasonFields(data=request.data)
    fields.is_valid(raise_exception=True)
    return fields.validated_data["reason"]


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/searches/", SearchesView.as_view(), name="api_searches"),
    path("r/<slug:slug>/searches/<int:pk>/", SearchView.as_view(), name="api_search"),
    path("r/<slug:slug>/searches/<int:pk>/withdraw/", WithdrawView.as_view(), name="api_search_withdraw"),
    path("r/<slug:slug>/searches/<int:pk>/restore/", RestoreView.as_view(), name="api_search_restore"),
]
