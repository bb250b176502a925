"""Runs and proposals for programs."""

from typing import Any

from django.conf import settings
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviews.models import Membership
from reviews.permissions import membership_or_404
from screening import run_figures, visibility
from screening import runs as verbs
from screening.listing import as_json as proposals_as_json
from screening.listing import newest_ids, newest_proposals
from screening.models import Run, Stage
from screening.models.protocol import SCREENING_STAGES
from screening.runs import RunProgress
from workers import llm
from workers.starting import start_and_queue
from workers.tasks import kick_on_commit

MOST_RUNS = 100
MOST_PROPOSALS = 500


class StartFields(serializers.Serializer):
    """Which stage to ask about."""

    stage = serializers.ChoiceField(choices=Stage.choices)


class CancelFields(serializers.Serializer):
    """Why, if one wants to say."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=500)


def model_json(name: str) -> dict[str, Any]:
    """A model's name, how pages call it, and whether it is the rule-based stand-in."""
    info = llm.describe(name)
    return {"name": info.name, "label": info.label, "offline": info.is_offline}


def run_json(run: Run, progress: RunProgress) -> dict[str, Any]:
    """How a run was asked and how it stands; nothing of what was answered."""
    return {
        "id": run.pk,
        "stage": run.stage,
        "model": model_json(run.model),
        "prompt": run.prompt,
        "prompt_sha256": run.prompt_sha256,
        "rule_version": run.rule_version,
        "criteria_version": run.criteria_version.number if run.criteria_version else None,
        "parameters": run.parameters,
        "started_by": run.started_by.name,
        "started_at": run.started_at,
        "cancelled_at": run.cancelled_at,
        "state": run_figures.state_of(progress),
        "progress": {
            "total": progress.total,
            "answered": progress.answered,
            "failed": progress.failed,
            "leased": progress.leased,
            "waiting": progress.waiting,
        },
    }


def run_json_in_full(run: Run) -> dict[str, Any]:
    """The same with failures by kind, and cost: "usd" as text over the calls whose price is known."""
    cost = run_figures.cost_of(run)
    return run_json(run, verbs.progress(run)) | {
        "failures": dict(run_figures.failures_by_kind(run)),
        "models_that_answered": run_figures.models_that_answered(run),
        "cost": {"calls": cost.calls, "usd": str(cost.known), "calls_of_unknown_price": cost.unknown},
    }


class RunsView(APIView):
    """GET -> the newest runs and the model configured. POST {"stage"} -> 201 and the run begun, or 200 and null."""

    def get(self, request: Request, slug: str) -> Response:
        """At most 100; `next` is the `before` of the following ones."""
        membership = membership_or_404(request.user, slug, may="read")
        runs = _runs(membership).order_by("-pk")
        before = request.query_params.get("before", "")
        if before.isdecimal() and len(before) < 19:
            runs = runs.filter(pk__lt=int(before))
        found = list(runs[: MOST_RUNS + 1])
        listed = found[:MOST_RUNS]
        progress = run_figures.progress_of(listed)
        return Response(
            {
                "model": model_json(settings.WINNOW_MODEL),
                "runs": [run_json(run, progress[run.pk]) for run in listed],
                "next": listed[-1].pk if len(found) > MOST_RUNS else None,
            }
        )

    def post(self, request: Request, slug: str) -> Response:
        """`run` is null when every record was asked about this way already."""
        membership = membership_or_404(request.user, slug, may="propose")
        fields = StartFields(data=request.data)
        fields.is_valid(raise_exception=True)
        run = start_and_queue(review=membership.review, by=membership.user, **fields.validated_data)
        if run is None:
            return Response({"run": None})
        return Response({"run": run_json_in_full(run)}, status=201)


class RunView(APIView):
    """GET -> one run in full."""

    def get(self, request: Request, slug: str, pk: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="read")
        return Response({"run": run_json_in_full(_run_or_404(membership, pk))})


class CancelView(APIView):
    """POST {"reason"?} -> the run, cancelled."""

    def post(self, request: Request, slug: str, pk: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="propose")
        fields = CancelFields(data=request.data)
        fields.is_valid(raise_exception=True)
        run = verbs.cancel_run(run=_run_or_404(membership, pk), by=membership.user, **fields.validated_data)
        return Response({"run": run_json_in_full(run)})


class RetryView(APIView):
    """POST -> the run, its failed records waiting again."""

    def post(self, request: Request, slug: str, pk: int) -> Response:
        """See the class."""
        membership = membership_or_404(request.user, slug, may="propose")
        run = _run_or_404(membership, pk)
        verbs.retry_failed(run=run, by=membership.user)
        kick_on_commit(run.pk)
        return Response({"run": run_json_in_full(run)})


class ProposalsView(APIView):
    """GET ?stage=&after= -> the newest proposal of each record, of those this person may see, by record number."""

    def get(self, request: Request, slug: str) -> Response:
        """At most 500; `next` is the `after` of the following ones. `sealed` counts those one may not see yet."""
        membership = membership_or_404(request.user, slug, may="read")
        stage = request.query_params.get("stage", Stage.TITLE_ABSTRACT)
        if stage not in SCREENING_STAGES:
            raise Http404("No such stage.")
        after = request.query_params.get("after", "")
        newest = newest_ids(membership.review, stage)
        seen = visibility.sees_proposals(membership.user, membership.review, stage, newest)
        found = newest_proposals(
            membership.review,
            stage,
            records=seen,
            after=int(after) if after.isdecimal() and len(after) < 10 else 0,
            most=MOST_PROPOSALS + 1,
        )
        shown = found[:MOST_PROPOSALS]
        return Response(
            {
                "stage": stage,
                "proposals": proposals_as_json(shown),
                "sealed": len(newest) - len(seen),
                "next": shown[-1].record.number if len(found) > MOST_PROPOSALS else None,
            }
        )


def _runs(membership: Membership) -> Any:
    return Run.objects.filter(review=membership.review).select_related(
        "review", "started_by", "criteria_version"
    )


def _run_or_404(membership: Membership, pk: int) -> Run:
    return get_object_or_404(_runs(membership), pk=pk)


urlpatterns: list[URLPattern] = [
    path("r/<slug:slug>/runs/", RunsView.as_view(), name="api_runs"),
    path("r/<slug:slug>/runs/<int:pk>/", RunView.as_view(), name="api_run"),
    path("r/<slug:slug>/runs/<int:pk>/cancel/", CancelView.as_view(), name="api_run_cancel"),
    path("r/<slug:slug>/runs/<int:pk>/retry/", RetryView.as_view(), name="api_run_retry"),
    path("r/<slug:slug>/proposals/", ProposalsView.as_view(), name="api_proposals"),
]
