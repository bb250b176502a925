"""The protocol for programs."""

from typing import Any

from django.http import Http404
from django.urls import URLPattern, path
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviews.permissions import membership_or_404
from screening.models import Protocol
from screening.protocol import SETTINGS, change_protocol, settings_of


class ProtocolView(APIView):
    """GET the settings of a stage. PUT settings and "reason": those named change, the others stay."""

    def get(self, request: Request, slug: str, stage: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="read")
        _check_stage(stage)
        return Response(_as_json(Protocol.of(membership.review, stage)))

    def put(self, request: Request, slug: str, stage: str) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="protocol")
        _check_stage(stage)
        if not isinstance(request.data, dict):
            raise ValidationError("Send an object of settings and a reason.")
        sent = {name: request.data[name] for name in request.data if name not in ("reason", "stage")}
        if unknown := sorted(set(sent) - set(SETTINGS[stage])):
            raise ValidationError({name: ["This stage has no such setting."] for name in unknown})
        reason = request.data.get("reason", "")
        if not isinstance(reason, str):
            raise ValidationError({"reason": ["This is not text."]})
        changed = change_protocol(
            review=membership.review, stage=stage, by=membership.user, reason=reason, **_typed(sent)
        )
        return Response(_as_json(changed))


def _typed(sent: dict[str, Any]) -> dict[str, Any]:
    """A form sends figures as text; everything else is judged by the verb as it is."""
    wanted = sent.get("reviewers_wanted")
    return sent | ({"reviewers_wanted": int(wanted)} if wanted in ("1", "2") else {})


def _as_json(protocol: Protocol) -> dict[str, Any]:
    return {"stage": str(protocol.stage), **settings_of(protocol)}


def _check_stage(stage: str) -> None:
    if stage not in SETTINGS:
        raise Http404("No such stage.")


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/protocol/<slug:stage>/", ProtocolView.as_view(), name="api_protocol"),
]
