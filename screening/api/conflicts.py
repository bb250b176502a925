"""Conflicts for programs: the open ones, settling, reopening, and what may be seen of a record's judgement."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviews.models import CarriedJudgement, Membership
from reviews.permissions import membership_or_404
from screening import conflicts as verbs
from screening import opinions, reading, visibility
from screening.criteria import criteria_in_force
from screening.forms.screen import reason_among
from screening.models import Conflict, Decision, Resolution
from screening.models.protocol import SCREENING_STAGES
from screening.views.conflicts import open_conflicts, possible_reasons
from screening.views.screen import known_stage, record_or_404

from .screen import decision_json, proposal_json


class ResolveFields(serializers.Serializer):
    """The settled answer; `reason` is the id of a criterion, needed to exclude at full text."""

    verdict = serializers.ChoiceField(choices=["include", "exclude"])
    explanation = serializers.CharField(max_length=20_000)
    reason = serializers.IntegerField(required=False, allow_null=True)


class ReopenFields(serializers.Serializer):
    """Why it is opened again."""

    reason = serializers.CharField(max_length=20_000)


def conflict_json(conflict: Conflict, votes: list[Decision] | None) -> dict[str, Any]:
    """An open conflict; `votes` is None for those who may not see them."""
    return {
        "id": conflict.pk,
        "record": conflict.record.number,
        "title": conflict.record.heading,
        "stage": conflict.stage,
        "opened_at": conflict.opened_at,
        "votes": None if votes is None else [decision_json(vote) for vote in votes],
    }


def resolution_json(resolution: Resolution) -> dict[str, Any]:
    """A settled answer."""
    return {
        "stage": resolution.stage,
        "verdict": resolution.verdict,
        "reason": resolution.reason_id,
        "how": resolution.how,
        "explanation": resolution.explanation,
        "made_at": resolution.made_at,
    }


def carried_json(row: CarriedJudgement) -> dict[str, Any]:
    """What a file of another tool says, for those who may see it."""
    fields = ("tool", "said_by", "verdict", "stage", "reasons", "labels", "note")
    return {"record": row.record.number, **{name: getattr(row, name) for name in fields}}


class ConflictsView(APIView):
    """GET ?stage= -> the open conflicts, oldest first, with the votes where this person may see them."""

    def get(self, request: Request, slug: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="read")
        stages = [str(stage) for stage in SCREENING_STAGES]
        if stage := request.query_params.get("stage"):
            known_stage(stage)
            stages = [stage]
        listed = [entry for stage in stages for entry in _listed(membership, stage)]
        return Response({"conflicts": listed})


def _listed(membership: Membership, stage: str) -> list[dict[str, Any]]:
    conflicts = list(open_conflicts(membership.review, stage))
    records = [conflict.record_id for conflict in conflicts]
    seen = visibility.sees_votes(membership.user, membership.review, stage, records)
    votes: dict[int, list[Decision]] = {pk: [] for pk in seen}
    live = Decision.objects.filter(record__in=seen, stage=stage, withdrawn_at__isnull=True)
    for vote in live.select_related("record", "reviewer").order_by("made_at", "pk"):
        votes[vote.record_id].append(vote)
    return [conflict_json(conflict, votes.get(conflict.record_id)) for conflict in conflicts]


class ResolveView(APIView):
    """POST verdict, explanation, reason? -> the settled answer."""

    def post(self, request: Request, slug: str, pk: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="resolve")
        related = Conflict.objects.select_related("record__review")
        conflict = get_object_or_404(related, pk=pk, record__review=membership.review)
        fields = ResolveFields(data=request.data)
        fields.is_valid(raise_exception=True)
        given = fields.validated_data
        resolution = verbs.resolve(
            conflict=conflict,
            by=membership.user,
            verdict=given["verdict"],
            explanation=given["explanation"],
            reason=reason_among(possible_reasons(membership, conflict), given.get("reason")),
        )
        return Response({"record": conflict.record.number, **resolution_json(resolution)}, status=201)


class ReopenView(APIView):
    """POST reason -> 201, the conflict the record is in now."""

    def post(self, request: Request, slug: str, number: int, stage: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="resolve")
        known_stage(stage)
        record = record_or_404(membership, number)
        fields = ReopenFields(data=request.data)
        fields.is_valid(raise_exception=True)
        conflict = verbs.reopen(
            record=record, stage=stage, by=membership.user, reason=fields.validated_data["reason"]
        )
        return Response(conflict_json(conflict, None), status=201)


class JudgementView(APIView):
    """GET -> per stage what this person may see of a record: votes, settled answer, proposal, or sealed.

    `carried` is what the file of another tool said of it, null while that is sealed.
    """

    def get(self, request: Request, slug: str, number: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="read")
        record = record_or_404(membership, number)
        parts = {}
        for stage in SCREENING_STAGES:
            criteria = criteria_in_force(membership.review, stage)
            _, sha256 = reading.judged_text(record, stage)
            seen = opinions.opinions(membership, record, stage, criteria, sha256)
            votes = ([seen.own] if seen.own else []) + seen.others
            parts[str(stage)] = {
                "sealed": not seen.open,
                "votes": [decision_json(vote.decision) for vote in votes],
                "resolution": resolution_json(seen.resolution) if seen.resolution else None,
                "conflict": seen.conflict.pk if seen.conflict else None,
                "proposal": proposal_json(seen.proposal) if seen.proposal else None,
            }
        carried = opinions.carried(membership, record)
        told = None if carried is None else [carried_json(row) for row in carried]
        return Response({"record": record.number, "stages": parts, "carried": told})


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/conflicts/", ConflictsView.as_view(), name="api_conflicts"),
    path("r/<slug:slug>/conflicts/<int:pk>/resolve/", ResolveView.as_view(), name="api_conflict_resolve"),
    path("r/<slug:slug>/records/<int:number>/reopen/<slug:stage>/", ReopenView.as_view(), name="api_reopen"),
    path("r/<slug:slug>/records/<int:number>/judgement/", JudgementView.as_view(), name="api_judgement"),
]
