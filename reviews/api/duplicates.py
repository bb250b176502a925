"""Duplicates for programs: the open pairs, the detection, judging a pair."""

from typing import Any

from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviews import dedup, jobs
from reviews.linked_groups import linked_count
from reviews.models import DuplicatePair, Job
from reviews.permissions import membership_or_404
from workers.tasks import queue_job_on_commit

from .jobs import accepted

PAIRS_A_PAGE = 100


class JudgeFields(serializers.Serializer):
    """Whether a pair is the same, and why."""

    same = serializers.BooleanField()
    reason = serializers.CharField(required=False, allow_blank=True, max_length=300, default="")


def pair_as_json(pair: DuplicatePair) -> dict[str, Any]:
    """A pair (select_related a, b, decided_by)."""
    return {
        "id": pair.pk,
        "a": {"number": pair.a.number, "title": pair.a.title},
        "b": {"number": pair.b.number, "title": pair.b.title},
        "score": pair.score,
        "why": pair.why,
        "verdict": pair.verdict or None,
        "rule": pair.rule,
        "decided_by": pair.decided_by.name if pair.decided_by else None,
        "decided_at": pair.decided_at,
    }


class DuplicatesView(APIView):
    """GET -> {"waiting", "page", "pages", "pairs": the open pairs, the most likely first, "linked": how many are}."""

    def get(self, request: Request, slug: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="read")
        pairs = dedup.waiting_pairs(membership.review).select_related("a", "b", "decided_by")
        page = Paginator(pairs, PAIRS_A_PAGE).get_page(request.query_params.get("page"))
        return Response(
            {
                "waiting": page.paginator.count,
                "page": page.number,
                "pages": page.paginator.num_pages,
                "pairs": [pair_as_json(pair) for pair in page.object_list],
                "linked": linked_count(membership.review),
            }
        )


class FindView(APIView):
    """POST: compare all records again -> 202 and the job that does it."""

    def post(self, request: Request, slug: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="dedup")
        job = jobs.start_unless_waiting(
            review=membership.review, kind=Job.Kind.DUPLICATES, by=membership.user
        )
        queue_job_on_commit(job.pk)
        return accepted(job)


class JudgeView(APIView):
    """POST same (true or false) and a reason if you like."""

    def post(self, request: Request, slug: str, pk: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="dedup")
        fields = JudgeFields(data=request.data)
        fields.is_valid(raise_exception=True)
        pair = get_object_or_404(DuplicatePair, pk=pk, review=membership.review)
        dedup.judge_pair(pair=pair, by=membership.user, **fields.validated_data)
        return Response(pair_as_json(DuplicatePair.objects.select_related("a", "b", "decided_by").get(pk=pk)))


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/duplicates/", DuplicatesView.as_view(), name="api_duplicates"),
    path("r/<slug:slug>/duplicates/find/", FindView.as_view(), name="api_duplicates_find"),
    path("r/<slug:slug>/duplicates/<int:pk>/judge/", JudgeView.as_view(), name="api_duplicate_judge"),
]
