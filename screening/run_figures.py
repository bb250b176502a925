"""How runs went, in figures: progress, failures by kind, cost. Reads only, and tells nothing of any proposal."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, Sum

from reviews.models import LLMCall

from .models import Run, RunItem
from .runs import RunProgress

KINDS = {
    "wrong_key": "key not accepted",
    "unreachable": "service out of reach",
    "timeout": "no answer in time",
    "rate_limited": "too many calls for the service",
    "refused": "refused by the service or the model",
    "server_error": "fault of the service",
    "rubbish": "answer that cannot be used",
    "cut_off": "answer cut off",
    "worker_died": "worker stopped over it",
    "prompt_changed": "prompt changed by an update",
    "internal": "mistake of Winnow's own",
}
# Calls that never reached a model, so that a price nobody knows is no gap in the sum.
FREE = ("wrong_key", "unreachable", "rate_limited")


@dataclass(frozen=True)
class Cost:
    """What a run's calls cost in US dollars, as far as prices are known; `unknown` counts calls without a price."""

    calls: int
    known: Decimal
    unknown: int


def progress_of(runs: Sequence[Run]) -> dict[int, RunProgress]:
    """Progress by id of run. One query for all of them."""
    counted = (
        RunItem.objects.filter(run__in=runs)
        .values("run_id")
        .annotate(
            total=Count("pk"),
            answered=Count("pk", filter=Q(done_at__isnull=False)),
            failed=Count("pk", filter=Q(failed_at__isnull=False)),
            leased=Count("pk", filter=~Q(lease="")),
        )
    )
    found = {row["run_id"]: row for row in counted}
    return {run.pk: _progress(run, found.get(run.pk)) for run in runs}


def _progress(run: Run, row: Mapping[str, Any] | None) -> RunProgress:
    names = ("total", "answered", "failed", "leased")
    return RunProgress(
        **{name: row[name] if row else 0 for name in names}, cancelled=run.cancelled_at is not None
    )


def state_of(progress: RunProgress) -> str:
    """under_way, cancelled or ended."""
    if progress.cancelled:
        return "cancelled"
    return "under_way" if progress.under_way else "ended"


def failures_by_kind(run: Run) -> list[tuple[str, int]]:
    """(kind, records) of what is shown as failed now, most frequent first."""
    failed = RunItem.objects.filter(run=run, failed_at__isnull=False).values_list("failure_kind")
    return sorted(failed.annotate(n=Count("pk")), key=lambda row: (-row[1], row[0]))


def in_words(kind: str) -> str:
    """A kind of failure as a page says it."""
    return KINDS.get(kind, kind.replace("_", " "))


def cost_of(run: Run) -> Cost:
    """What the calls of a run cost so far. One query."""
    counted = LLMCall.objects.filter(run_key=run.key).aggregate(
        calls=Count("pk"),
        known=Sum("cost_usd"),
        unknown=Count("pk", filter=Q(cost_usd__isnull=True) & ~Q(error_kind__in=FREE)),
    )
    known = (counted["known"] or Decimal(0)).quantize(Decimal("0.000001"))
    return Cost(counted["calls"], known, counted["unknown"])


def models_that_answered(run: Run) -> list[str]:
    """Every name the service gave to the model that answered, in alphabetical order."""
    names: Iterable[str] = (
        LLMCall.objects.filter(run_key=run.key)
        .exclude(model_answered="")
        .order_by()
        .values_list("model_answered", flat=True)
        .distinct()
    )
    return sorted(names)
