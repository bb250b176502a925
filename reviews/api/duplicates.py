"""Duplicates for programs: open pairs, the detection, judging and taking back, groups, and candidates for a record."""

from typing import Any

from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviews import dedup, jobs
from reviews.likely_originals import Likely, likely_originals
from reviews.linked_groups import Group, Member, groups_of, linked_count, roots_with_duplicates
from reviews.models import DuplicatePair, Job, Record
from reviews.permissions import membership_or_404
from reviews.record_search import LARGEST_NUMBER
from workers.tasks import queue_job_on_commit

from .jobs import accepted
from .searches import ReasonFields

PAIRS_A_PAGE = GROUPS_A_PAGE = 100


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


class TakeBackView(APIView):
    """POST, with a reason if you like: the pair is open again -> {"linked": whether other links hold them still}."""

    def post(self, request: Request, slug: str, pk: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="dedup")
        fields = ReasonFields(data=request.data)
        fields.is_valid(raise_exception=True)
        pair = get_object_or_404(DuplicatePair, pk=pk, review=membership.review)
        return Response({"linked": dedup.take_back(pair=pair, by=membership.user, **fields.validated_data)})


class GroupsView(APIView):
    """GET -> {"count", "page", "pages", "groups": who stays, its members, and who or which rule linked each}."""

    def get(self, request: Request, slug: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="read")
        roots = Paginator(roots_with_duplicates(membership.review), GROUPS_A_PAGE)
        page = roots.get_page(request.query_params.get("page"))
        groups = groups_of(page.object_list)
        return Response(
            {
                "count": page.paginator.count,
                "page": page.number,
                "pages": page.paginator.num_pages,
                "groups": [_group_as_json(groups[root.pk]) for root in page.object_list],
            }
        )


def _group_as_json(group: Group) -> dict[str, Any]:
    return {
        "stays": _record_as_json(group.root),
        "members": [_record_as_json(member.record) | _link_as_json(member) for member in group.members],
    }


def _record_as_json(record: Record) -> dict[str, Any]:
    return {"number": record.number, "title": record.title, "source": record.search.source}


def _link_as_json(member: Member) -> dict[str, Any]:
    link, other = member.link, member.linked_to
    return {
        "pair": link.pk if link else None,
        "linked_to": other.number if other else None,
        "rule": link.rule if link else "",
        "by": link.decided_by.name if link and link.decided_by else None,
        "at": link.decided_at if link else None,
        "why": link.why if link else [],
    }


class CandidatesView(APIView):
    """GET ?q= -> records that this one may be a duplicate of, the likeliest first; link with .../link/."""

    def get(self, request: Request, slug: str, number: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="dedup")
        wanted = number if number <= LARGEST_NUMBER else 0
        record = get_object_or_404(Record, review=membership.review, number=wanted)
        found = likely_originals(record, request.query_params.get("q", "")[:300])
        return Response({"candidates": [_candidate_as_json(likely) for likely in found]})


def _candidate_as_json(likely: Likely) -> dict[str, Any]:
    return _record_as_json(likely.record) | {
        "stays": likely.stays.number,
        "waiting": likely.waiting,
        "score": likely.likeness.score,
        "why": list(likely.likeness.why),
    }


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/duplicates/", DuplicatesView.as_view(), name="api_duplicates"),
    path("r/<slug:slug>/duplicates/find/", FindView.as_view(), name="api_duplicates_find"),
    path("r/<slug:slug>/duplicates/groups/", GroupsView.as_view(), name="api_duplicates_groups"),
    path("r/<slug:slug>/duplicates/<int:pk>/judge/", JudgeView.as_view(), name="api_duplicate_judge"),
    path(
        "r/<slug:slug>/duplicates/<int:pk>/take-back/",
        TakeBackView.as_view(),
        name="api_duplicate_take_back",
    ),
    path(
        "r/<slug:slug>/records/<int:number>/duplicate-of/",
        CandidatesView.as_view(),
        name="api_record_duplicate_of",
    ),
]
