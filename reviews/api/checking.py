"""How a held file is read, for programs: look at it, decide otherwise, import it."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviews import checking
from reviews.models import Job, Membership, Record
from reviews.models.corpus import SearchKind
from reviews.parsers import ReadAs
from reviews.permissions import membership_or_404
from workers.tasks import queue_job_on_commit

from .jobs import accepted
from .jobs import as_json as job_as_json

_SHOWN = (
    "position", "line", "title", "abstract", "authors", "year", "journal", "volume", "issue", "pages", "doi", "pmid",
    "registry_ids", "keywords", "mesh", "publication_types", "language", "url",
)  # fmt: skip


class ReadAsField(serializers.JSONField):
    """What is decided about how a file is read: encoding, sheet, separator, header_line, columns."""

    def to_internal_value(self, data: Any) -> ReadAs:
        """A ReadAs; a text is JSON."""
        try:
            return ReadAs.from_json(super().to_internal_value(data))
        except ValueError as no:
            raise serializers.ValidationError(str(no)) from no


class ReadingFields(serializers.Serializer):
    """What was decided (in place of all that was before), and whether to import it like that."""

    read_as = ReadAsField(required=False)
    kind = serializers.ChoiceField(choices=SearchKind.choices, required=False)
    import_it = serializers.BooleanField(required=False, default=False)


def reading_as_json(looked: checking.Looked) -> dict[str, Any]:
    """A file as it would be read. `found` is null where counting would take long."""
    return {
        "format": looked.format,
        "encoding": looked.encoding,
        "table": looked.table.as_json() if looked.table else None,
        "records": [_record(record) for record in looked.records],
        "problems": [
            {"line": problem.line, "reason": problem.reason, "excerpt": problem.excerpt}
            for problem in looked.problems
        ],
        "found": looked.found,
        "noted": looked.noted,
        "trouble": looked.trouble,
    }


def _record(record: Record) -> dict[str, Any]:
    return {name: getattr(record, name) for name in _SHOWN}


class ReadingView(APIView):
    """GET -> how a held file is read. POST read_as -> how it is read then; with import_it -> 202 and the job."""

    def get(self, request: Request, slug: str, pk: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="import")
        job = _job(membership, pk)
        checking.refuse_others(job, membership.user)
        return Response({"job": job_as_json(job)} | reading_as_json(checking.look(job)))

    def post(self, request: Request, slug: str, pk: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="import")
        job = _job(membership, pk)
        checking.refuse_others(job, membership.user)
        fields = ReadingFields(data=request.data)
        fields.is_valid(raise_exception=True)
        told = fields.validated_data
        if "read_as" in told or "kind" in told:
            read_as = told.get("read_as") or ReadAs.from_json(job.argument("read_as"))
            job = checking.decide(job=job, by=membership.user, read_as=read_as, kind=told.get("kind", ""))
        if told["import_it"]:
            job = checking.let_it_in(job=job, by=membership.user)
            queue_job_on_commit(job.pk)
            return accepted(job)
        return Response({"job": job_as_json(job)} | reading_as_json(checking.look(job)))


def _job(membership: Membership, pk: int) -> Job:
    jobs = Job.objects.select_related("review", "started_by", "search")
    return get_object_or_404(jobs, review=membership.review, pk=pk)


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/jobs/<int:pk>/reading/", ReadingView.as_view(), name="api_job_reading"),
]
