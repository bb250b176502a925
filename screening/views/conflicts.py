"""Where two people disagree: the queue, one conflict with both votes as margins, settling and reopening."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from reviews.merged import merged
from reviews.models import Membership, Record, Review
from reviews.pages import page
from reviews.permissions import membership_or_404
from reviews.refusals import BadInput, Refused
from screening import conflicts as verbs
from screening import opinions, reading, visibility
from screening.criteria import criteria_in_force
from screening.forms.screen import reason_among
from screening.models import Conflict, Criterion, Decision, Protocol, Stage
from screening.models.protocol import SCREENING_STAGES

from .judgement import record_judgement
from .room import about
from .screen import known_stage, record_or_404


@require_safe
@never_cache
def conflicts(request: HttpRequest, slug: str) -> HttpResponse:
    """The open conflicts per stage, oldest first. Which record and since when, never who said what."""
    membership = membership_or_404(request.user, slug, may="read")
    stages = [
        {
            "name": Stage(stage).label,
            "rule": Protocol.of(membership.review, stage).get_adjudicator_display(),
            "conflicts": list(open_conflicts(membership.review, stage)),
        }
        for stage in SCREENING_STAGES
    ]
    return page(
        request,
        "screening/conflicts.html",
        membership,
        stages=stages,
        any_open=any(stage["conflicts"] for stage in stages),
    )


@require_safe
@never_cache
def conflict(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One conflict: the text in the middle, a vote at each side, the answer at the foot."""
    membership = membership_or_404(request.user, slug, may="resolve")
    return _conflict(request, membership, _of_review(membership.review, pk))


@require_POST
@never_cache
def resolve(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Settle it, with a reason in words; then on to the next one."""
    membership = membership_or_404(request.user, slug, may="resolve")
    wanted = _of_review(membership.review, pk)
    typed = {
        "verdict": request.POST.get("verdict", ""),
        "reason": request.POST.get("reason", ""),
        "explanation": request.POST.get("explanation", ""),
    }
    try:
        chosen = int(typed["reason"]) if typed["reason"].isdecimal() and len(typed["reason"]) < 19 else None
        reason = chosen if typed["verdict"] == "exclude" else None
        resolution = verbs.resolve(
            conflict=wanted,
            by=membership.user,
            verdict=typed["verdict"],
            explanation=typed["explanation"],
            reason=reason_among(possible_reasons(membership, wanted), reason),
        )
    except Refused as no:
        status = 422 if isinstance(no, BadInput) else 409
        again = _of_review(membership.review, pk)
        return _conflict(request, membership, again, status=status, refusal=no, typed=typed)
    messages.success(
        request, f"Settled: {resolution.verdict} #{wanted.record.number}. The votes stay as they were."
    )
    following = open_conflicts(membership.review, wanted.stage).first()
    return redirect("conflict", slug, following.pk) if following else redirect("conflicts", slug)


@require_POST
@never_cache
def reopen(request: HttpRequest, slug: str, number: int, stage: str) -> HttpResponse:
    """Put a settled record back into the queue, with a reason; then straight to it."""
    membership = membership_or_404(request.user, slug, may="resolve")
    known_stage(stage)
    record = record_or_404(membership, number)
    reopened = verbs.reopen(
        record=record, stage=stage, by=membership.user, reason=request.POST.get("reason", "")
    )
    messages.success(request, f"#{number} is in the conflicts again. Every vote stayed.")
    return redirect("conflict", slug, reopened.pk)


def _conflict(
    request: HttpRequest, membership: Membership, wanted: Conflict, *, status: int = 200, **context: Any
) -> HttpResponse:
    record, stage = wanted.record, wanted.stage
    review, user = membership.review, membership.user
    if record.pk not in visibility.sees_votes(user, review, stage, [record.pk]):
        # Closed because a vote was taken back: whoever is left waits for an independent vote again.
        return page(request, "screening/conflict_closed.html", membership, conflict=wanted, nav="conflicts")
    criteria = criteria_in_force(review, stage)
    whole = merged(record)
    _, sha256 = reading.judged_text(record, stage, whole=whole)
    seen = opinions.opinions(membership, record, stage, criteria, sha256)
    protocol = Protocol.of(review, stage)
    votes = ([seen.own] if seen.own else []) + seen.others
    shared = {
        "conflict": wanted,
        "stage": stage,
        "stage_name": Stage(stage).label,
        "full_text": stage == Stage.FULL_TEXT,
        "text": reading.reading(
            record, stage, seen.proposal.proposal if seen.proposal else None, whole=whole
        ),
        "votes": votes,
        "seen": seen,
        "rule": protocol.get_adjudicator_display(),
        "barred": linked_away(record) or barred(membership, protocol, [vote.decision for vote in votes]),
        "reasons": possible_reasons(membership, wanted),
        "typed": {},
        "refusal": None,
        "nav": "conflicts",
    }
    context = shared | about(membership, whole, stage) | context
    return page(request, "screening/conflict.html", membership, status=status, **context)


def open_conflicts(review: Review, stage: str) -> QuerySet[Conflict]:
    """The open conflicts of a stage, oldest first, of records that are still to be judged. One query."""
    records = Record.objects.filter(review=review).to_screen()
    conflicts = Conflict.objects.filter(record__in=records, stage=stage, closed_at__isnull=True)
    return conflicts.select_related("record").order_by("opened_at", "pk")


def possible_reasons(membership: Membership, wanted: Conflict) -> list[Criterion]:
    """The reasons a settled exclusion may have: the criteria in force, and those the votes named."""
    review, stage = membership.review, wanted.stage
    criteria = criteria_in_force(review, stage)
    known = {criterion.pk for criterion in criteria}
    if wanted.record_id in visibility.sees_votes(membership.user, review, stage, [wanted.record_id]):
        named = Criterion.objects.filter(
            pk__in=wanted.record.decisions.filter(stage=stage, withdrawn_at__isnull=True).values("reason")
        )
        criteria += [criterion for criterion in named if criterion.pk not in known]
    return criteria


def linked_away(record: Record) -> str:
    """Why the conflict of a linked record waits, in words; empty where the record is linked to no other."""
    if record.duplicate_of is None:
        return ""
    return (
        f"#{record.number} is linked as a duplicate of #{record.duplicate_of.number}, which is judged for both. "
        "This conflict is kept and opens again if the link is undone."
    )


def barred(membership: Membership, protocol: Protocol, votes: list[Decision]) -> str:
    """Why this person may not settle under the protocol, in words; empty when they may. The verb enforces it."""
    voted = membership.user_id in {vote.reviewer_id for vote in votes}
    third = protocol.adjudicator == Protocol.Adjudicator.THIRD
    if third and voted and verbs.somebody_has_not_voted(membership.review, votes):
        return "You voted on this record, and the protocol asks for a third person."
    if protocol.adjudicator == Protocol.Adjudicator.LEAD and not membership.is_lead:
        return "The protocol asks for a lead to settle conflicts."
    return ""


def _of_review(review: Review, pk: int) -> Conflict:
    related = ("record__search", "record__report", "record__duplicate_of")
    conflicts = Conflict.objects.select_related(*related)
    found = get_object_or_404(conflicts, pk=pk, record__review=review)
    if found.stage not in SCREENING_STAGES:
        raise Http404("No such conflict.")
    return found


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/conflicts/", conflicts, name="conflicts"),
    path("r/<slug:slug>/conflicts/<int:pk>/", conflict, name="conflict"),
    path("r/<slug:slug>/conflicts/<int:pk>/resolve/", resolve, name="resolve"),
    path("r/<slug:slug>/records/<int:number>/reopen/<slug:stage>/", reopen, name="reopen"),
    path("r/<slug:slug>/records/<int:number>/judgement/", record_judgement, name="record_judgement"),
]
