"""The screening room: judging one record after another, taking back, looking again."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from reviews.models import Membership, Record
from reviews.pages import page
from reviews.permissions import membership_or_404
from reviews.refusals import BadInput, Refused
from screening import decisions, queue
from screening.criteria import criteria_in_force
from screening.forms.screen import Sent, reason_among, sent
from screening.models import Decision, Stage
from screening.models.protocol import SCREENING_STAGES

from .room import room


@require_safe
@never_cache
def screen(request: HttpRequest, slug: str, stage: str) -> HttpResponse:
    """The next record, or the one called ?record=; observers have no seat here."""
    membership = membership_or_404(request.user, slug, may="screen")
    known_stage(stage)
    record = record_or_404(membership, request.GET["record"]) if "record" in request.GET else None
    linked = request.GET.get("linked", "")
    pair = int(linked) if linked.isdecimal() and len(linked) < 19 else None
    return room(request, membership, stage, record=record, linked=pair)


@require_POST
@never_cache
def decide(request: HttpRequest, slug: str, stage: str) -> HttpResponse:
    """Keep one decision, and answer with the next record."""
    membership = membership_or_404(request.user, slug, may="screen")
    known_stage(stage)
    record = record_or_404(membership, request.POST.get("record", ""))
    try:
        wanted = sent(request.POST)
    except BadInput as no:
        return room(request, membership, stage, record=record, refusal=no, status=422)
    try:
        outcome = decisions.decide(
            record=record,
            stage=stage,
            reviewer=membership.user,
            verdict=wanted.verdict,
            key=wanted.key,
            reason=reason_among(criteria_in_force(membership.review, stage), wanted.reason),
            judgements=wanted.judgements,
            note=wanted.note,
            seconds=wanted.seconds,
        )
    except BadInput as no:
        return room(request, membership, stage, record=record, sent=wanted, refusal=no, status=422)
    except Refused as no:
        return room(request, membership, stage, lost=_lost(record, wanted, no), status=409)
    if outcome.repeated and (outcome.decision.withdrawn_at or outcome.decision.verdict != wanted.verdict):
        repeat = Refused(
            f"This page was sent before, as {outcome.decision.verdict}.",
            kept="What you decided then stays as it was; this second answer was not stored.",
            mend="Look at the record below and decide from there.",
        )
        lost = _lost(record, wanted, repeat)
        return room(request, membership, stage, record=record, lost=lost, status=409)
    return _go_on(request, membership, stage)


@require_POST
@never_cache
def undo(request: HttpRequest, slug: str, stage: str) -> HttpResponse:
    """Take back one's own decision and show its record again, one's answers still filled in."""
    membership = membership_or_404(request.user, slug, may="screen")
    known_stage(stage)
    wanted = request.POST.get("decision", "")
    decision = get_object_or_404(
        Decision.objects.select_related("record__report", "record__review"),
        pk=int(wanted) if wanted.isdecimal() and len(wanted) < 19 else 0,
        reviewer=membership.user,
        record__review=membership.review,
        stage=stage,
    )
    try:
        decisions.withdraw(decision=decision, by=membership.user, reason=request.POST.get("reason", ""))
    except Refused as no:
        status = 422 if isinstance(no, BadInput) else 409
        return room(request, membership, stage, record=decision.record, refusal=no, status=status)
    return _go_on(request, membership, stage, decision.record)


@require_safe
@never_cache
def screen_progress(request: HttpRequest, slug: str, stage: str) -> HttpResponse:
    """The numbers in the room's header: one's own done and to go."""
    membership = membership_or_404(request.user, slug, may="screen")
    known_stage(stage)
    return page(
        request,
        "screening/_progress.html",
        membership,
        stage=stage,
        stage_name=Stage(stage).label,
        progress=queue.progress(membership.review, stage, membership.user),
    )


def known_stage(stage: str) -> None:
    """404 for anything but the two stages of screening."""
    if stage not in SCREENING_STAGES:
        raise Http404("No such stage.")


def record_or_404(membership: Membership, number: str | int) -> Record:
    """The record of this review that people call by `number`."""
    text = str(number)
    if not text.isdecimal() or len(text) > 9:
        raise Http404("No such record.")
    records = Record.objects.select_related("search", "report", "duplicate_of")
    return get_object_or_404(records, review=membership.review, number=int(text))


def _lost(record: Record, wanted: Sent, no: Refused) -> dict[str, Any]:
    return {"refusal": no, "record": record, "verdict": wanted.verdict, "note": wanted.note}


def _go_on(
    request: HttpRequest, membership: Membership, stage: str, record: Record | None = None
) -> HttpResponse:
    """On to the next record (or back to `record`): the room itself for htmx, a redirect without it."""
    address = reverse("screen", args=[membership.review.slug, stage])
    if record is not None:
        address += f"?record={record.number}"
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(address)
    answer = room(request, membership, stage, record=record)
    answer["HX-Replace-Url"] = address
    answer["HX-Trigger-After-Settle"] = "winnow:judged"
    return answer


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/screen/<slug:stage>/", screen, name="screen"),
    path("r/<slug:slug>/screen/<slug:stage>/progress/", screen_progress, name="screen_progress"),
    path("r/<slug:slug>/screen/<slug:stage>/decide/", decide, name="decide"),
    path("r/<slug:slug>/screen/<slug:stage>/undo/", undo, name="undo"),
]
