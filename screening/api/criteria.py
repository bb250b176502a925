"""Criteria for programs."""

from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviews.models import Review
from reviews.permissions import membership_or_404
from screening import criteria as verbs
from screening.models import Criterion


class WordingFields(serializers.Serializer):
    """Label and full wording."""

    label = serializers.CharField(max_length=verbs.LABEL_LENGTH)
    text = serializers.CharField(max_length=5000)


class NewCriterionFields(WordingFields):
    """The same, and which way it works."""

    kind = serializers.ChoiceField(choices=Criterion.Kind.choices)


class RewordFields(WordingFields):
    """The same, with why it changed."""

    reason = serializers.CharField(max_length=500)


class ReasonFields(serializers.Serializer):
    """Why a criterion goes."""

    reason = serializers.CharField(max_length=500)


class OrderFields(serializers.Serializer):
    """The ids of all criteria in force, in the order wanted."""

    order = serializers.ListField(child=serializers.IntegerField(), max_length=1000)


def as_json(criterion: Criterion) -> dict[str, Any]:
    """A criterion, with what to think twice about in its words."""
    return {
        "id": criterion.pk,
        "kind": str(criterion.kind),
        "label": criterion.label,
        "text": criterion.text,
        "position": criterion.position,
        "replaces": criterion.replaces_id,
        "retired_at": criterion.retired_at,
        "warnings": verbs.warnings_for(kind=criterion.kind, label=criterion.label, text=criterion.text),
    }


def _listed(review: Review, stage: str) -> dict[str, Any]:
    version = verbs.current_version(review, stage)
    return {
        "stage": stage,
        "version": version.number if version else None,
        "criteria": [as_json(criterion) for criterion in verbs.criteria_in_force(review, stage)],
    }


class CriteriaView(APIView):
    """GET -> {"stage", "version", "criteria"}; POST kind, label, text -> 201, the new criterion."""

    def get(self, request: Request, slug: str, stage: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="read")
        _check_stage(stage)
        return Response(_listed(membership.review, stage))

    def post(self, request: Request, slug: str, stage: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="criteria")
        _check_stage(stage)
        fields = NewCriterionFields(data=request.data)
        fields.is_valid(raise_exception=True)
        added = verbs.add_criterion(
            review=membership.review, stage=stage, by=membership.user, **fields.validated_data
        )
        return Response(as_json(added), status=201)


class RewordView(APIView):
    """POST label, text, reason -> the new criterion, which says what it replaces."""

    def post(self, request: Request, slug: str, pk: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="criteria")
        fields = RewordFields(data=request.data)
        fields.is_valid(raise_exception=True)
        old = get_object_or_404(Criterion, pk=pk, review=membership.review)
        new = verbs.reword_criterion(criterion=old, by=membership.user, **fields.validated_data)
        return Response(as_json(new), status=201)


class RetireView(APIView):
    """POST reason -> the retired criterion."""

    def post(self, request: Request, slug: str, pk: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="criteria")
        fields = ReasonFields(data=request.data)
        fields.is_valid(raise_exception=True)
        old = get_object_or_404(Criterion, pk=pk, review=membership.review)
        retired = verbs.retire_criterion(criterion=old, by=membership.user, **fields.validated_data)
        return Response(as_json(retired))


class OrderView(APIView):
    """POST {"order": [ids]} -> the list in its new order."""

    def post(self, request: Request, slug: str, stage: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="criteria")
        _check_stage(stage)
        fields = OrderFields(data=request.data)
        fields.is_valid(raise_exception=True)
        verbs.reorder_criteria(
            review=membership.review, stage=stage, by=membership.user, **fields.validated_data
        )
        return Response(_listed(membership.review, stage))


class CopyView(APIView):
    """POST -> 201, the criteria of title and abstract that are now at full text too."""

    def post(self, request: Request, slug: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="criteria")
        added = verbs.copy_criteria_to_full_text(review=membership.review, by=membership.user)
        return Response({"criteria": [as_json(criterion) for criterion in added]}, status=201)


def _check_stage(stage: str) -> None:
    if stage not in verbs.SCREENED:
        raise Http404("No such stage.")


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/criteria/copy/", CopyView.as_view(), name="api_criteria_copy"),
    path("r/<slug:slug>/criteria/<int:pk>/reword/", RewordView.as_view(), name="api_criterion_reword"),
    path("r/<slug:slug>/criteria/<int:pk>/retire/", RetireView.as_view(), name="api_criterion_retire"),
    path("r/<slug:slug>/criteria/<slug:stage>/order/", OrderView.as_view(), name="api_criteria_order"),
    path("r/<slug:slug>/criteria/<slug:stage>/", CriteriaView.as_view(), name="api_criteria"),
]
