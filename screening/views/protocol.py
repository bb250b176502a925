"""The protocol: how each stage is judged. Everybody reads it; a lead changes it, with a reason."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST, require_safe

from reviews.models import Membership
from reviews.pages import page
from reviews.permissions import allows, membership_or_404
from reviews.refusals import Refused
from screening.forms.protocol import ProtocolForm, in_words
from screening.models import Protocol, Stage
from screening.protocol import SETTINGS, change_protocol, settings_of


@require_safe
def protocol(request: HttpRequest, slug: str) -> HttpResponse:
    """The three stages with their settings in words."""
    return _protocol(request, membership_or_404(request.user, slug, may="read"))


@require_POST
def protocol_change(request: HttpRequest, slug: str, stage: str) -> HttpResponse:
    """Change the settings of one stage."""
    membership = membership_or_404(request.user, slug, may="protocol")
    if stage not in SETTINGS:
        raise Http404("No such stage.")
    form = ProtocolForm(request.POST, stage=stage)
    if not form.is_valid():
        return _protocol(request, membership, status=422, sent=(stage, form, None))
    try:
        change_protocol(review=membership.review, stage=stage, by=membership.user, **form.cleaned_data)
    except Refused as no:
        return _protocol(request, membership, status=no.status, sent=(stage, form, no))
    messages.success(request, f"{Stage(stage).label}: changed from now on. What is settled stays settled.")
    return redirect(f"{reverse('protocol', args=[slug])}#{stage}")


def _protocol(
    request: HttpRequest,
    membership: Membership,
    *,
    status: int = 200,
    sent: tuple[str, ProtocolForm, Refused | None] | None = None,
) -> HttpResponse:
    """The page; `sent` is the form that came back, with its stage and the refusal to show beside it."""
    saved = {row.stage: row for row in Protocol.objects.filter(review=membership.review)}
    stages = []
    for stage in Stage:
        row = saved.get(stage) or Protocol(review=membership.review, stage=stage)
        shown: dict[str, Any] = {"stage": stage, "settings": in_words(row)}
        if allows(membership, "protocol"):
            shown["form"] = ProtocolForm(stage=stage, initial=settings_of(row))
        if sent and sent[0] == stage:
            shown |= {"form": sent[1], "refusal": sent[2], "open": True}
        stages.append(shown)
    return page(request, "screening/protocol.html", membership, status=status, stages=stages, nav="protocol")


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/protocol/", protocol, name="protocol"),
    path("r/<slug:slug>/protocol/<slug:stage>/", protocol_change, name="protocol_change"),
]
