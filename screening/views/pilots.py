"""Pilot rounds: the list, drawing one, one round step by step, closing it."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from reviews.models import Membership
from reviews.pages import page
from reviews.permissions import membership_or_404
from reviews.refusals import Refused
from screening import agreement as figures_of
from screening import pilot as verbs
from screening.criteria import current_version
from screening.forms.pilots import DrawForm
from screening.models import Sample, Stage
from screening.models.protocol import SCREENING_STAGES
from screening.pilot_seats import Seat, screeners, seats_of
from screening.rescreening import affected

from . import agreement_rows as rows
from .screen import known_stage


@require_safe
@never_cache
def pilots(request: HttpRequest, slug: str) -> HttpResponse:
    """Per stage the open round, if there is one, and those that were closed."""
    membership = membership_or_404(request.user, slug, may="read")
    rounds = list(rounds_of(membership).order_by("-pk"))
    stages = [
        {
            "stage": str(stage),
            "name": stage.label,
            "open": next((one for one in rounds if one.stage == stage and not one.closed_at), None),
            "closed": [one for one in rounds if one.stage == stage and one.closed_at],
        }
        for stage in SCREENING_STAGES
    ]
    return page(request, "screening/pilots.html", membership, nav="agreement", stages=stages)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def pilot_draw(request: HttpRequest, slug: str, stage: str) -> HttpResponse:
    """Size, seed and people; then straight to the round."""
    membership = membership_or_404(request.user, slug, may="protocol")
    known_stage(stage)
    review = membership.review
    form = DrawForm(request.POST or None, screeners=screeners(review))
    refusal, status = None, 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            given = {name: form.cleaned_data[name] for name in ("size", "seed")}
            try:
                drawn = verbs.draw_pilot(
                    review=review, stage=stage, by=membership.user, people=form.chosen(), **given
                )
            except Refused as no:
                refusal, status = no, no.status
            else:
                messages.success(
                    request, f"{drawn.size} records drawn. They come first in everybody’s queue."
                )
                return redirect("pilot", slug, drawn.pk)
    context: dict[str, Any] = {
        "form": form,
        "refusal": refusal,
        "stage": stage,
        "stage_name": Stage(stage).label,
        "criteria": current_version(review, stage),
        "open_now": verbs.open_records(review, stage).count(),
    }
    return page(request, "screening/pilot_draw.html", membership, status=status, nav="agreement", **context)


@require_safe
@never_cache
def pilot(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One round: who has judged how many, the agreement, the disagreements, the criteria, what is affected."""
    membership = membership_or_404(request.user, slug, may="read")
    return _pilot(request, membership, get_object_or_404(rounds_of(membership), pk=pk))


@require_POST
def pilot_close(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """End the round."""
    membership = membership_or_404(request.user, slug, may="protocol")
    wanted = get_object_or_404(rounds_of(membership), pk=pk)
    reason = request.POST.get("reason", "")
    try:
        verbs.close_pilot(pilot=wanted, by=membership.user, reason=reason)
    except Refused as no:
        return _pilot(request, membership, wanted, status=no.status, refusal=no, typed=reason)
    messages.success(request, "The round is closed. What has votes enough is settled or in conflict.")
    return redirect("pilot", slug, pk)


def rounds_of(membership: Membership) -> Any:
    """The pilot rounds of this review."""
    rounds = Sample.objects.filter(review=membership.review, purpose=Sample.Purpose.PILOT)
    return rounds.select_related("review", "drawn_by")


def _pilot(
    request: HttpRequest, membership: Membership, wanted: Sample, *, status: int = 200, **context: Any
) -> HttpResponse:
    stage = wanted.stage
    found = figures_of.of_stage(membership, stage, pilot=wanted)
    seats = seats_of(wanted)
    axis = rows.axis_for(rows.every_estimate(found.figures))
    shared: dict[str, Any] = {
        "pilot": wanted,
        "stage_name": Stage(stage).label,
        "seats": seats,
        "mine": next((seat for seat in seats if seat.person == membership.user), None),
        "behind": behind(wanted, seats),
        "numbers": list(wanted.drawn.order_by("position").values_list("record__number", flat=True)),
        "found": found,
        "rows": rows.overall_rows(found.figures, axis),
        "axis": axis,
        "width": rows.WIDTH,
        "criteria": current_version(membership.review, stage),
        "affected": affected(membership.review, stage, wanted).count(),
        "refusal": None,
        "typed": "",
    }
    return page(
        request, "screening/pilot.html", membership, status=status, nav="agreement", **shared | context
    )


def behind(pilot: Sample, seats: list[Seat]) -> list[Seat]:
    """Those who are waited for and have not judged every record."""
    return [seat for seat in seats if seat.active and seat.judged < pilot.size]


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/pilots/", pilots, name="pilots"),
    path("r/<slug:slug>/pilots/draw/<slug:stage>/", pilot_draw, name="pilot_draw"),
    path("r/<slug:slug>/pilots/<int:pk>/", pilot, name="pilot"),
    path("r/<slug:slug>/pilots/<int:pk>/close/", pilot_close, name="pilot_close"),
]
