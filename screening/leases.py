"""Who works on what: handing a run's records to workers under leases, and taking them back from the dead.

The truth about work in hand is in RunItem rows, never in the broker. A worker claims items under a lease and renews
it while it asks; `sweep` frees leases that ran out or whose holder died, so that a worker killed in mid-run loses
nothing. Leases are housekeeping and write no events; a record that is shown as failed does.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from reviews import audit
from reviews.models import Verb

from .models import Run, RunItem

MOST_TRIES = 5  # hand-outs of one record to workers that died over it, before it is shown as failed
OPEN = Q(done_at__isnull=True, failed_at__isnull=True)


def open_items() -> QuerySet[RunItem]:
    """Items that still want an answer, of runs nobody cancelled."""
    return RunItem.objects.filter(OPEN, run__cancelled_at__isnull=True)


def waiting_items() -> QuerySet[RunItem]:
    """Open items that no worker holds."""
    return open_items().filter(leased_until__isnull=True)


def idle_runs() -> list[int]:
    """Ids of the runs in which records wait and no worker holds any: nobody would go on with them."""
    held = open_items().filter(run=OuterRef("run"), leased_until__isnull=False)
    return list(waiting_items().exclude(Exists(held)).values_list("run_id", flat=True).distinct())


def claim(*, run: Run, lease: str, n: int, seconds: float) -> list[RunItem]:
    """Lease up to `n` waiting items of a run to the worker `lease` for `seconds`. No two workers get the same."""
    with transaction.atomic():
        rows = waiting_items().filter(run=run).order_by("pk")
        if connection.features.has_select_for_update_skip_locked:
            rows = rows.select_for_update(skip_locked=True, of=("self",))
        ids = list(rows.values_list("pk", flat=True)[:n])
        RunItem.objects.filter(pk__in=ids).update(
            lease=lease, leased_until=audit.now() + timedelta(seconds=seconds), tries=F("tries") + 1
        )
    return list(
        RunItem.objects.filter(pk__in=ids).select_related("record__report", "run__review").order_by("pk")
    )


def renew(*, items: Sequence[RunItem], lease: str, seconds: float) -> int:
    """Hold what this worker still holds of `items` for `seconds` from now; returns how many that are."""
    until = audit.now() + timedelta(seconds=seconds)
    return _held_by(items, lease).update(leased_until=until)


def give_back(*, items: Sequence[RunItem], lease: str) -> None:
    """Free items this worker still holds and did not get to."""
    _held_by(items, lease).update(lease="", leased_until=None)


def _held_by(items: Sequence[RunItem], lease: str) -> QuerySet[RunItem]:
    return RunItem.objects.filter(OPEN, pk__in=[item.pk for item in items], lease=lease)


def sweep(*, is_dead: Callable[[str], bool]) -> int:
    """Free the leases that ran out, or whose holder `is_dead`; returns how many. At start and every minute.

    A record that outlived MOST_TRIES workers is set failed instead, so that one bad record cannot kill
    workers for ever.
    """
    held = RunItem.objects.filter(OPEN).exclude(lease="")
    dead = [lease for lease in held.values_list("lease", flat=True).distinct() if is_dead(lease)]
    stale = held.filter(Q(leased_until__lt=audit.now()) | Q(lease__in=dead))
    for item in stale.filter(tries__gte=MOST_TRIES).select_related("run__review", "record"):
        fail_item(item=item, kind="worker_died", why=f"{MOST_TRIES} workers stopped while asking about it.")
    return stale.filter(tries__lt=MOST_TRIES).update(lease="", leased_until=None)


def fail_item(*, item: RunItem, kind: str, why: str) -> bool:
    """Show this record of a run as failed, unless it was answered or failed meanwhile; whether it was set.

    Re-runnable by a person with `runs.retry_failed`; the record itself waits for people as ever.
    """
    with transaction.atomic():
        failed = RunItem.objects.filter(OPEN, pk=item.pk).update(
            failed_at=audit.now(), failure_kind=kind, failure=why, lease="", leased_until=None
        )
        if failed:
            audit.log(
                review=item.run.review,
                verb=Verb.PROPOSAL_FAILED,
                actor_label=f"{item.run.said_by}, run {item.run.pk}",
                record=item.record,
                stage=item.run.stage,
                subject={"run": item.run.pk},
                after={"kind": kind, "failure": why},
            )
        return bool(failed)


def halt(*, run: Run, kind: str, why: str) -> int:
    """Show everything that still waits in a run as failed, for a fault that no further call can mend.

    A wrong key or an unreachable model: asking 5,000 times more would only repeat it. One event; a person sets
    the records waiting again with `runs.retry_failed`. Returns how many waited.
    """
    with transaction.atomic():
        run = Run.objects.select_for_update(no_key=True, of=("self",)).select_related("review").get(pk=run.pk)
        if run.cancelled_at is not None:
            return 0
        waiting = RunItem.objects.filter(OPEN, run=run, leased_until__isnull=True)
        failed = waiting.update(failed_at=audit.now(), failure_kind=kind, failure=why)
        if failed:
            audit.log(
                review=run.review,
                verb=Verb.PROPOSAL_FAILED,
                actor_label=f"{run.said_by}, run {run.pk}",
                stage=run.stage,
                subject={"run": run.pk},
                after={"kind": kind, "failure": why, "records": failed},
            )
        return failed
