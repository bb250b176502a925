"""Runs: what would be asked of which model, starting one, watching it, cancelling, asking again what failed."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from extraction.design import published_form
from reviews.models import LLMCall, Membership, Record
from reviews.pages import page
from reviews.permissions import allows, membership_or_404
from reviews.refusals import Refused
from screening import run_figures, visibility
from screening import runs as verbs
from screening.criteria import current_version
from screening.forms.runs import CancelForm
from screening.models import Protocol, Run, Stage
from screening.runs import RunProgress
from workers import llm
from workers.starting import how_to_ask, left_to_ask, start_and_queue
from workers.tasks import kick_on_commit

from .run_items import SHOW, items_shown, settled_records

RUNS_A_PAGE = 25


@require_safe
@never_cache
def runs(request: HttpRequest, slug: str) -> HttpResponse:
    """What is configured, what each stage would ask, and every run so far, newest first."""
    membership = membership_or_404(request.user, slug, may="read")
    return _runs(request, membership)


def _runs(request: HttpRequest, membership: Membership, *, status: int = 200, **context: Any) -> HttpResponse:
    review = membership.review
    every = Run.objects.filter(review=review).select_related("started_by").order_by("-pk")
    listed = Paginator(every, RUNS_A_PAGE).get_page(request.GET.get("page"))
    shared: dict[str, Any] = {
        "model": llm.describe(settings.WINNOW_MODEL),
        "stages": [_stage(membership, stage) for stage in Stage] if allows(membership, "propose") else [],
        "page": listed,
        "rows": rows_of(list(listed)),
        "refusal": None,
    }
    return page(request, "screening/runs.html", membership, status=status, **shared | context)


def _stage(membership: Membership, stage: Stage) -> dict[str, Any]:
    """What a run at this stage would ask about; without criteria (or a form) there is nothing to ask."""
    review = membership.review
    if stage == Stage.EXTRACTION:
        form = published_form(review)
        ready, asked = form is not None, f"form version {form.version}" if form else ""
    else:
        version = current_version(review, stage)
        ready = bool(version and version.criteria)
        asked = f"criteria version {version.number}, {len(version.criteria)} in force" if version else ""
    return {
        "stage": stage,
        "ready": ready,
        "asked": asked,
        "left": left_to_ask(review, stage) if ready else 0,
        "role": Protocol.of(review, stage).get_model_role_display(),
        "prompt_sha256": how_to_ask(stage).prompt_sha256,
    }


def rows_of(listed: list[Run]) -> list[dict[str, Any]]:
    """Runs as the list shows them. One query for all."""
    progress = run_figures.progress_of(listed)
    return [
        {
            "run": run,
            "model": llm.describe(run.model),
            "stage": Stage(run.stage).label,
            "progress": progress[run.pk],
            "state": run_figures.state_of(progress[run.pk]),
        }
        for run in listed
    ]


@require_POST
def run_start(request: HttpRequest, slug: str, stage: str) -> HttpResponse:
    """Start asking about what was not asked yet, and go to the run."""
    membership = membership_or_404(request.user, slug, may="propose")
    if stage not in Stage.values:
        raise Http404("No such stage.")
    try:
        started = start_and_queue(review=membership.review, stage=stage, by=membership.user)
    except Refused as no:
        return _runs(request, membership, status=no.status, refusal=no)
    if started is None:
        messages.info(request, "Nothing is left to ask: every record was asked about this way already.")
        return redirect("runs", slug)
    return redirect("run", slug, started.pk)


@require_safe
@never_cache
def run(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One run: how it stands, how it was asked, and its records. While it works, htmx asks for the first part only."""
    membership = membership_or_404(request.user, slug, may="read")
    wanted = _run_or_404(membership, pk)
    if request.htmx:  # type: ignore[attr-defined]
        return page(request, "screening/_run_polled.html", membership, **_standing(wanted))
    return _run(request, membership, wanted)


def _run(
    request: HttpRequest, membership: Membership, wanted: Run, *, status: int = 200, **context: Any
) -> HttpResponse:
    show = request.GET.get("show", "")
    shared = {
        "items": items_shown(membership, wanted, show=show, number=request.GET.get("page", "")),
        "show": show if show in SHOW else "",
        "choices": SHOW.items(),
        "answered_by": run_figures.models_that_answered(wanted),
        "cancel_form": CancelForm(),
        "refusal": None,
        "nav": "runs",
    }
    return page(
        request, "screening/run.html", membership, status=status, **_standing(wanted) | shared | context
    )


def _standing(wanted: Run) -> dict[str, Any]:
    """The figures that change while a run works. Four queries."""
    progress: RunProgress = verbs.progress(wanted)
    return {
        "run": wanted,
        "model": llm.describe(wanted.model),
        "stage_name": Stage(wanted.stage).label,
        "progress": progress,
        "state": run_figures.state_of(progress),
        "ended": progress.answered + progress.failed,
        "failures": [(run_figures.in_words(kind), n) for kind, n in run_figures.failures_by_kind(wanted)],
        "cost": run_figures.cost_of(wanted),
    }


@require_POST
def run_cancel(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Stop asking; what was answered stays."""
    membership = membership_or_404(request.user, slug, may="propose")
    wanted = _run_or_404(membership, pk)
    form = CancelForm(request.POST)
    if not form.is_valid():
        return _run(request, membership, wanted, status=422, cancel_form=form)
    try:
        verbs.cancel_run(run=wanted, by=membership.user, **form.cleaned_data)
    except Refused as no:
        wanted.refresh_from_db()
        return _run(request, membership, wanted, status=no.status, refusal=no)
    messages.success(request, "The run is cancelled. What was answered stays.")
    return redirect("run", slug, pk)


@require_POST
def run_retry(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Ask again about what failed, and about nothing else."""
    membership = membership_or_404(request.user, slug, may="propose")
    wanted = _run_or_404(membership, pk)
    try:
        again = verbs.retry_failed(run=wanted, by=membership.user)
    except Refused as no:
        return _run(request, membership, wanted, status=no.status, refusal=no)
    kick_on_commit(wanted.pk)
    messages.success(request, f"{again} record{'' if again == 1 else 's'} will be asked about again.")
    return redirect("run", slug, pk)


@require_safe
@never_cache
def run_calls(request: HttpRequest, slug: str, pk: int, number: int) -> HttpResponse:
    """What was sent about one record and what came back, word for word: for leads, once the record is settled."""
    membership = membership_or_404(request.user, slug, may="propose")
    wanted = _run_or_404(membership, pk)
    record = get_object_or_404(Record, review=membership.review, number=number)
    user, review = membership.user, membership.review
    settled = record.pk in settled_records(wanted, [record.pk])
    if not settled or record.pk not in visibility.sees_proposals(user, review, wanted.stage, [record.pk]):
        raise PermissionDenied("The calls about a record are sealed until it is settled.")
    calls = LLMCall.objects.filter(run_key=wanted.key, record=record).order_by("pk")
    return page(
        request,
        "screening/run_calls.html",
        membership,
        run=wanted,
        record=record,
        calls=list(calls),
        model=llm.describe(wanted.model),
        nav="runs",
    )


def _run_or_404(membership: Membership, pk: int) -> Run:
    runs = Run.objects.select_related("review", "started_by", "criteria_version")
    return get_object_or_404(runs, pk=pk, review=membership.review)


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/runs/", runs, name="runs"),
    path("r/<slug:slug>/runs/start/<slug:stage>/", run_start, name="run_start"),
    path("r/<slug:slug>/runs/<int:pk>/", run, name="run"),
    path("r/<slug:slug>/runs/<int:pk>/cancel/", run_cancel, name="run_cancel"),
    path("r/<slug:slug>/runs/<int:pk>/retry/", run_retry, name="run_retry"),
    path("r/<slug:slug>/runs/<int:pk>/records/<int:number>/calls/", run_calls, name="run_calls"),
]
