"""Runs: starting one, handing its records to workers under leases, cancelling, setting failures waiting again.

The truth about work in hand is in RunItem rows, never in the broker. A worker claims items under a lease;
`sweep` frees leases that ran out or whose holder died, so that a worker killed in mid-run loses nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from reviews import audit
from reviews.models import Record, Review, User, Verb
from reviews.refusals import Refused

from .models import CriteriaVersion, Proposal, Resolution, Run, RunItem, Stage
from .queue import up_for_judgement

MOST_TRIES = 5  # hand-outs of one record to workers that died over it, before it is shown as failed


@dataclass(frozen=True)
class HowToAsk:
    """What a run is asked with: everything but the records."""

    model: str
    api_base: str
    prompt: str
    prompt_sha256: str
    rule_version: str
    parameters: dict[str, Any]


def start_run(
    *, review: Review, stage: str, by: User, how: HowToAsk, budget_usd: Decimal | None = None
) -> Run | None:
    """Begin asking about every unsettled record at a screening stage that was not yet asked about this way.

    "This way" is the same model, prompt, criteria and text: what is answered, or under way, is not asked
    again. None when nothing is left to ask.

    Raises:
        Refused: there are no criteria at this stage.
    """
    with transaction.atomic():
        review = Review.objects.select_for_update(no_key=True).get(pk=review.pk)
        version = CriteriaVersion.objects.filter(review=review, stage=stage).order_by("-number").first()
        if version is None or not version.criteria:
            name = Stage(stage).label.lower()
            raise Refused(
                f"There are no criteria for {name} yet.", mend="Write at least one criterion first."
            )
        records = _not_asked_yet(review, stage, how, version)
        if not records:
            return None
        return begin(
            review=review,
            stage=stage,
            by=by,
            how=how,
            records=records,
            criteria=version.criteria,
            criteria_version=version,
            budget_usd=budget_usd,
        )


def begin(
    *,
    review: Review,
    stage: str,
    by: User,
    how: HowToAsk,
    records: list[Record],
    criteria: list[dict[str, Any]],
    criteria_version: CriteriaVersion | None = None,
    budget_usd: Decimal | None = None,
) -> Run:
    """Write the run, its items and its event. For verbs that have locked the review and chosen the records."""
    run = Run.objects.create(
        review=review,
        stage=stage,
        model=how.model,
        api_base=how.api_base,
        parameters=how.parameters,
        prompt=how.prompt,
        prompt_sha256=how.prompt_sha256,
        criteria=criteria,
        criteria_version=criteria_version,
        rule_version=how.rule_version,
        budget_usd=budget_usd,
        started_by=by,
        started_at=audit.now(),
    )
    RunItem.objects.bulk_create([RunItem(run=run, record=record) for record in records], batch_size=100)
    audit.log(
        review=review,
        verb=Verb.RUN_STARTED,
        actor=by,
        stage=stage,
        subject={"run": run.pk},
        after={
            "model": how.model,
            "prompt_sha256": how.prompt_sha256,
            "rule": how.rule_version,
            "criteria_version": criteria_version.number if criteria_version else None,
            "records": len(records),
        },
    )
    return run


def unsettled(review: Review, stage: str) -> QuerySet[Record]:
    """Records up for judgement at a screening stage that have no settled answer there."""
    settled = Resolution.objects.filter(record=OuterRef("pk"), stage=stage, withdrawn_at__isnull=True)
    return up_for_judgement(review, stage).exclude(Exists(settled)).order_by("number")


def _not_asked_yet(review: Review, stage: str, how: HowToAsk, version: CriteriaVersion) -> list[Record]:
    same = Q(
        run__review=review,
        run__stage=stage,
        run__model=how.model,
        run__prompt_sha256=how.prompt_sha256,
        run__criteria_version=version,
    )
    answered = set(Proposal.objects.filter(same).values_list("record_id", "text_sha256"))
    open_items = RunItem.objects.filter(same, done_at__isnull=True, failed_at__isnull=True)
    under_way = set(open_items.filter(run__cancelled_at__isnull=True).values_list("record_id", flat=True))
    return [
        record
        for record in unsettled(review, stage).select_related("report")
        if record.pk not in under_way and (record.pk, text_to_read(record, stage)[1]) not in answered
    ]


def text_to_read(record: Record, stage: str) -> tuple[str, str]:
    """(the text a model reads at this stage, its sha256): title and abstract, or the report's own text."""
    if stage == Stage.TITLE_ABSTRACT:
        return record.text, record.text_sha256
    return record.report.text, record.report.text_sha256


def waiting_items() -> QuerySet[RunItem]:
    """Items that no worker holds and that still want an answer, of runs nobody cancelled."""
    return RunItem.objects.filter(
        done_at__isnull=True,
        failed_at__isnull=True,
        leased_until__isnull=True,
        run__cancelled_at__isnull=True,
    )


def claim(*, run: Run, lease: str, n: int, seconds: float) -> list[RunItem]:
    """Lease up to `n` waiting items of a run to the worker `lease` for `seconds`. No two workers get the same.

    Writes no event: a lease is housekeeping and says nothing about a record.
    """
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


def sweep(*, is_dead: Callable[[str], bool]) -> int:
    """Free the leases that ran out, or whose holder `is_dead`; returns how many. At start and every minute.

    A record that outlived MOST_TRIES workers is set failed instead, so that one bad record cannot kill
    workers for ever.
    """
    held = RunItem.objects.exclude(lease="").filter(done_at__isnull=True, failed_at__isnull=True)
    dead = [lease for lease in held.values_list("lease", flat=True).distinct() if is_dead(lease)]
    stale = held.filter(Q(leased_until__lt=audit.now()) | Q(lease__in=dead))
    for item in stale.filter(tries__gte=MOST_TRIES).select_related("run__review", "record"):
        fail_item(item=item, kind="worker_died", why=f"{MOST_TRIES} workers stopped while asking about it.")
    return stale.filter(tries__lt=MOST_TRIES).update(lease="", leased_until=None)


def fail_item(*, item: RunItem, kind: str, why: str) -> bool:
    """Show this record of a run as failed, unless it was answered or failed meanwhile; whether it was set.

    Re-runnable by a person with `retry_failed`; the record itself waits for people as ever.
    """
    with transaction.atomic():
        open_items = RunItem.objects.filter(pk=item.pk, done_at__isnull=True, failed_at__isnull=True)
        failed = open_items.update(
            failed_at=audit.now(), failure_kind=kind, failure=why, lease="", leased_until=None
        )
        if failed:
            audit.log(
                review=item.run.review,
                verb=Verb.PROPOSAL_FAILED,
                actor_label=f"{item.run.model}, run {item.run.pk}",
                record=item.record,
                stage=item.run.stage,
                subject={"run": item.run.pk},
                after={"kind": kind, "failure": why},
            )
        return bool(failed)


def give_back(*, items: list[RunItem], lease: str) -> None:
    """Free items this worker still holds and did not get to."""
    RunItem.objects.filter(
        pk__in=[item.pk for item in items], lease=lease, done_at__isnull=True, failed_at__isnull=True
    ).update(lease="", leased_until=None)


def cancel_run(*, run: Run, by: User, reason: str = "") -> Run:
    """Stop asking. What was answered stays; answers already on their way are still kept.

    Raises:
        Refused: cancelled already, or nothing left to ask.
    """
    with transaction.atomic():
        run = Run.objects.select_for_update(no_key=True).select_related("review").get(pk=run.pk)
        if run.cancelled_at is not None:
            raise Refused("This run was cancelled already.")
        if not progress(run).under_way:
            raise Refused("This run has ended, so there is nothing to cancel.")
        run.cancelled_at = audit.now()
        run.save(update_fields=["cancelled_at"])
        audit.log(
            review=run.review,
            verb=Verb.RUN_CANCELLED,
            actor=by,
            stage=run.stage,
            subject={"run": run.pk},
            reason=reason.strip(),
        )
        return run


def retry_failed(*, run: Run, by: User) -> int:
    """Set every failed record of a run waiting again; returns how many. What was answered is not asked again.

    Raises:
        Refused: nothing failed, or the run was cancelled.
    """
    with transaction.atomic():
        run = Run.objects.select_for_update(no_key=True).select_related("review").get(pk=run.pk)
        if run.cancelled_at is not None:
            raise Refused("This run was cancelled.", mend="Start a new one.")
        again = RunItem.objects.filter(run=run, failed_at__isnull=False).update(
            failed_at=None, failure_kind="", failure="", tries=0
        )
        if not again:
            raise Refused("Nothing failed in this run.")
        audit.log(
            review=run.review,
            verb=Verb.RUN_RETRIED,
            actor=by,
            stage=run.stage,
            subject={"run": run.pk},
            after={"records": again},
        )
        return again


def halt(*, run: Run, kind: str, why: str) -> int:
    """Show everything that still waits in a run as failed, for a fault that no further call can mend.

    A wrong key or an unreachable model: asking 5,000 times more would only repeat it. One event; a person sets
    the records waiting again with `retry_failed`.
    """
    with transaction.atomic():
        failed = (
            waiting_items()
            .filter(run=run)
            .update(failed_at=audit.now(), failure_kind=kind, failure=why, lease="", leased_until=None)
        )
        if failed:
            audit.log(
                review=run.review,
                verb=Verb.PROPOSAL_FAILED,
                actor_label=f"{run.model}, run {run.pk}",
                stage=run.stage,
                subject={"run": run.pk},
                after={"kind": kind, "failure": why, "records": failed},
            )
        return failed


@dataclass(frozen=True)
class RunProgress:
    """How a run stands, in records."""

    total: int
    answered: int
    failed: int
    leased: int
    cancelled: bool

    @property
    def waiting(self) -> int:
        """Not yet handed to a worker."""
        return self.total - self.answered - self.failed - self.leased

    @property
    def under_way(self) -> bool:
        """Whether anything is still to come."""
        return not self.cancelled and self.waiting + self.leased > 0


def progress(run: Run) -> RunProgress:
    """Count a run's items. One query."""
    counted = RunItem.objects.filter(run=run).aggregate(
        total=Count("pk"),
        answered=Count("pk", filter=Q(done_at__isnull=False)),
        failed=Count("pk", filter=Q(failed_at__isnull=False)),
        leased=Count("pk", filter=~Q(lease="")),
    )
    return RunProgress(**counted, cancelled=run.cancelled_at is not None)
