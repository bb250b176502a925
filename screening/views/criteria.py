"""The criteria of both stages: add, reword, retire, order, copy; and every version they had."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from reviews.models import Review
from reviews.pages import page
from reviews.permissions import membership_or_404
from reviews.refusals import Refused
from screening import criteria as verbs
from screening.forms.criteria import NewCriterionForm, RetireForm, RewordForm
from screening.models import CriteriaVersion, Criterion, Stage


@require_safe
def criteria(request: HttpRequest, slug: str) -> HttpResponse:
    """Both stages side by side, in the declared order. Two queries beside the membership's."""
    membership = membership_or_404(request.user, slug, may="read")
    in_force = list(
        Criterion.objects.filter(review=membership.review, retired_at__isnull=True).order_by("position", "pk")
    )
    history = list(
        CriteriaVersion.objects.filter(review=membership.review).select_related("made_by").order_by("-number")
    )
    stages = [
        {
            "stage": stage,
            "criteria": [_shown(criterion) for criterion in in_force if criterion.stage == stage],
            "versions": _with_changes([version for version in history if version.stage == stage]),
        }
        for stage in verbs.SCREENED
    ]
    can_copy = bool(_labels(in_force, Stage.TITLE_ABSTRACT) - _labels(in_force, Stage.FULL_TEXT))
    return page(request, "screening/criteria.html", membership, stages=stages, can_copy=can_copy)


def _labels(criteria: list[Criterion], stage: str) -> set[str]:
    return {criterion.label.casefold() for criterion in criteria if criterion.stage == stage}


def _shown(criterion: Criterion) -> dict[str, Any]:
    printed = verbs.printed_label(criterion.label)
    return {
        "criterion": criterion,
        "printed": printed if printed != criterion.label else "",
        "warnings": verbs.warnings_for(kind=criterion.kind, label=criterion.label, text=criterion.text),
    }


def _with_changes(versions: list[CriteriaVersion]) -> list[dict[str, Any]]:
    """Each version, newest first, with what came and went against the one before it."""
    rows = []
    for place, version in enumerate(versions):
        before = versions[place + 1] if place + 1 < len(versions) else None
        now = {row["id"]: row["label"] for row in version.criteria}
        then = {row["id"]: row["label"] for row in before.criteria} if before else {}
        rows.append(
            {
                "version": version,
                "came": [label for key, label in now.items() if key not in then],
                "went": [label for key, label in then.items() if key not in now],
            }
        )
    return rows


@require_http_methods(["GET", "HEAD", "POST"])
def criterion_add(request: HttpRequest, slug: str, stage: str) -> HttpResponse:
    """A new criterion at the end of the list."""
    membership = membership_or_404(request.user, slug, may="criteria")
    _check_stage(stage)
    form, refusal, status = NewCriterionForm(request.POST or None), None, 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                added = verbs.add_criterion(
                    review=membership.review, stage=stage, by=membership.user, **form.cleaned_data
                )
            except Refused as no:
                refusal, status = no, no.status
            else:
                _say(request, f"“{added.label}” is in force.", added)
                return _back(slug, stage)
    context = {"form": form, "refusal": refusal, "stage": Stage(stage), "nav": "criteria"}
    return page(request, "screening/criterion_add.html", membership, status=status, **context)


@require_http_methods(["GET", "HEAD", "POST"])
def criterion_reword(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Other words: the old criterion is retired and a new one stands in its place."""
    membership = membership_or_404(request.user, slug, may="criteria")
    old = _criterion_or_404(membership.review, pk)
    now = {"label": old.label, "text": old.text}
    form, refusal, status = RewordForm(request.POST or None, initial=now), None, 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                new = verbs.reword_criterion(criterion=old, by=membership.user, **form.cleaned_data)
            except Refused as no:
                refusal, status = no, no.status
            else:
                _say(request, f"Reworded to “{new.label}”. Earlier decisions keep the old words.", new)
                return _back(slug, old.stage)
    context = {"form": form, "refusal": refusal, "criterion": old, "nav": "criteria"}
    return page(request, "screening/criterion_reword.html", membership, status=status, **context)


@require_http_methods(["GET", "HEAD", "POST"])
def criterion_retire(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Out of force, with a reason."""
    membership = membership_or_404(request.user, slug, may="criteria")
    old = _criterion_or_404(membership.review, pk)
    form, refusal, status = RetireForm(request.POST or None), None, 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                verbs.retire_criterion(criterion=old, by=membership.user, **form.cleaned_data)
            except Refused as no:
                refusal, status = no, no.status
            else:
                messages.success(request, f"“{old.label}” is retired. Earlier decisions keep it.")
                return _back(slug, old.stage)
    context = {"form": form, "refusal": refusal, "criterion": old, "nav": "criteria"}
    return page(request, "screening/criterion_retire.html", membership, status=status, **context)


@require_POST
def criterion_move(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One place up or down. Moving what has no further to go is no error: somebody may have been quicker."""
    membership = membership_or_404(request.user, slug, may="criteria")
    moved = _criterion_or_404(membership.review, pk)
    order = [criterion.pk for criterion in verbs.criteria_in_force(membership.review, moved.stage)]
    place = order.index(moved.pk) if moved.pk in order else 0
    target = place + {"up": -1, "down": 1}.get(request.POST.get("direction", ""), 0)
    if moved.pk in order and target != place and 0 <= target < len(order):
        order[place], order[target] = order[target], order[place]
        verbs.reorder_criteria(review=membership.review, stage=moved.stage, by=membership.user, order=order)
        messages.success(request, f"“{moved.label}” is now number {target + 1}.")
    return _back(slug, moved.stage)


@require_POST
def criteria_copy(request: HttpRequest, slug: str) -> HttpResponse:
    """Title and abstract's criteria at full text too, those that are not there yet."""
    membership = membership_or_404(request.user, slug, may="criteria")
    added = verbs.copy_criteria_to_full_text(review=membership.review, by=membership.user)
    messages.success(request, f"{len(added)} criteria copied to full text.")
    return _back(slug, Stage.FULL_TEXT)


def _check_stage(stage: str) -> None:
    if stage not in verbs.SCREENED:
        raise Http404("No such stage.")


def _criterion_or_404(review: Review, pk: int) -> Criterion:
    return get_object_or_404(Criterion.objects.select_related("review"), pk=pk, review=review)


def _say(request: HttpRequest, words: str, criterion: Criterion) -> None:
    messages.success(request, words)
    for warning in verbs.warnings_for(kind=criterion.kind, label=criterion.label, text=criterion.text):
        messages.warning(request, warning)


def _back(slug: str, stage: str) -> HttpResponse:
    return redirect(f"{reverse('criteria', args=[slug])}#{stage}")


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/criteria/", criteria, name="criteria"),
    path("r/<slug:slug>/criteria/copy/", criteria_copy, name="criteria_copy"),
    path("r/<slug:slug>/criteria/<slug:stage>/add/", criterion_add, name="criterion_add"),
    path("r/<slug:slug>/criteria/<int:pk>/reword/", criterion_reword, name="criterion_reword"),
    path("r/<slug:slug>/criteria/<int:pk>/retire/", criterion_retire, name="criterion_retire"),
    path("r/<slug:slug>/criteria/<int:pk>/move/", criterion_move, name="criterion_move"),
]
