"""Marking a record as a duplicate from the screening room, and taking that back: then on to the next record."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from reviews import dedup
from reviews.models import DuplicatePair, Record
from reviews.permissions import membership_or_404
from reviews.refusals import BadInput, Refused

from .room import room
from .screen import known_stage, record_or_404


@require_POST
@never_cache
def screen_duplicate(request: HttpRequest, slug: str, stage: str) -> HttpResponse:
    """Link the record to the one it is a duplicate of, and answer with the next record."""
    membership = membership_or_404(request.user, slug, may="dedup")
    known_stage(stage)
    record = record_or_404(membership, request.POST.get("record", ""))
    original = record_or_404(membership, request.POST.get("original", ""))
    try:
        dedup.link_records(
            record=record,
            original=original,
            by=membership.user,
            reason=request.POST.get("reason", "")[:300],
        )
    except Refused as no:
        status = 422 if isinstance(no, BadInput) else 409
        fresh = record_or_404(membership, record.number)
        return room(request, membership, stage, record=fresh, refusal=no, status=status)
    a, b = sorted((record.pk, original.pk))
    pair = DuplicatePair.objects.get(a=a, b=b)
    address = f"{reverse('screen', args=[slug, stage])}?linked={pair.pk}"
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(address)
    answer = room(request, membership, stage, linked=pair.pk)
    answer["HX-Replace-Url"] = address
    answer["HX-Trigger-After-Settle"] = "winnow:judged"
    return answer


@require_POST
@never_cache
def screen_duplicate_undo(request: HttpRequest, slug: str, stage: str) -> HttpResponse:
    """Take the link back, and show the record again."""
    membership = membership_or_404(request.user, slug, may="dedup")
    known_stage(stage)
    record = record_or_404(membership, request.POST.get("record", ""))
    wanted = request.POST.get("pair", "")
    pair = get_object_or_404(
        DuplicatePair,
        pk=int(wanted) if wanted.isdecimal() and len(wanted) < 19 else 0,
        review=membership.review,
    )
    try:
        dedup.take_back(pair=pair, by=membership.user)
    except Refused as no:
        return room(request, membership, stage, record=record, refusal=no, status=409)
    address = f"{reverse('screen', args=[slug, stage])}?record={record.number}"
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(address)
    answer = room(request, membership, stage, record=Record.objects.get(pk=record.pk))
    answer["HX-Replace-Url"] = address
    answer["HX-Trigger-After-Settle"] = "winnow:judged"
    return answer


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/screen/<slug:stage>/duplicate/", screen_duplicate, name="screen_duplicate"),
    path(
        "r/<slug:slug>/screen/<slug:stage>/duplicate/undo/",
        screen_duplicate_undo,
        name="screen_duplicate_undo",
    ),
]
