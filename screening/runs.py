"""Runs: starting one over what was not yet asked, cancelling it, setting what failed waiting again.

How a run's records reach the workers, and come back from dead ones, is in leases.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from reviews import audit
from reviews.merged import merged_many
from reviews.models import DuplicatePair, Record, Review, TextVersion, User, Verb
from reviews.refusals import Refused

from .criteria import current_version
from .leases import OPEN
from .models import CriteriaVersion, Proposal, Resolution, Run, RunItem, Stage
from .queue import up_for_judgement
from .reading import judged_text

TEXTS_AT_ONCE = 500


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
        version = current_version(review, stage)
        if version is None or not version.criteria:
            name = Stage(stage).label.lower()
            raise Refused(
                f"There are no criteria for {name} yet.", mend="Write at least one criterion first."
            )
        records = left_to_ask(review, stage, how)
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
    records: Sequence[int],
    criteria: list[dict[str, Any]],
    criteria_version: CriteriaVersion | None = None,
    budget_usd: Decimal | None = None,
) -> Run:
    """Write the run, its items and its event. For verbs that have locked the review and chosen the records (ids)."""
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
    RunItem.objects.bulk_create([RunItem(run=run, record_id=record) for record in records], batch_size=100)
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


def left_to_ask(review: Review, stage: str, how: HowToAsk) -> list[int]:
    """Ids of the unsettled records that were not yet asked about this way, by number; what a run would ask.

    None of them while there are no criteria. A record whose text was changed after it was answered, by a
    correction or because a duplicate lends it an abstract, is asked again; texts are loaded only where a change is
    possible. Four queries, and two for every 500 of those texts.
    """
    version = current_version(review, stage)
    if version is None or not version.criteria:
        return []
    same = _this_way(review, stage, how, version)
    under_way = RunItem.objects.filter(same, OPEN, record=OuterRef("pk"), run__cancelled_at__isnull=True)
    answered = Proposal.objects.filter(same, record=OuterRef("pk"))
    left = unsettled(review, stage).exclude(Exists(under_way))
    fresh = list(left.exclude(Exists(answered)).values_list("number", "pk"))
    asked = left.filter(Exists(answered))
    if stage == Stage.TITLE_ABSTRACT:
        corrected = TextVersion.objects.filter(record=OuterRef("pk"))
        # A record that was ever linked has a judged pair; so has one whose duplicate was unlinked again.
        judged = DuplicatePair.objects.exclude(verdict=DuplicatePair.Verdict.OPEN)
        maybe_changed = asked.filter(
            Exists(corrected)
            | Exists(judged.filter(a=OuterRef("pk")))
            | Exists(judged.filter(b=OuterRef("pk")))
            | Exists(Record.objects.filter(duplicate_of=OuterRef("pk")))
        )
    else:
        earlier = answered.filter(run__started_at__lte=OuterRef("report__settled_at"))
        maybe_changed = asked.filter(Exists(earlier))
    known = set(
        Proposal.objects.filter(same, record__in=maybe_changed.order_by().values("pk")).values_list(
            "record_id", "text_sha256"
        )
    )
    changed = []
    rows = maybe_changed.select_related("report").defer("raw").iterator(chunk_size=TEXTS_AT_ONCE)
    while records := list(islice(rows, TEXTS_AT_ONCE)):
        wholes = merged_many(records) if stage == Stage.TITLE_ABSTRACT else {}
        changed += [
            (record.number, record.pk)
            for record in records
            if (record.pk, judged_text(record, stage, whole=wholes.get(record.pk))[1]) not in known
        ]
    return [pk for _number, pk in sorted(fresh + changed)]


def _this_way(review: Review, stage: str, how: HowToAsk, version: CriteriaVersion) -> Q:
    return Q(
        run__review=review,
        run__stage=stage,
        run__model=how.model,
        run__prompt_sha256=how.prompt_sha256,
        run__criteria_version=version,
    )


def cancel_run(*, run: Run, by: User, reason: str = "") -> Run:
    """Stop asking. What was answered stays; answers already on their way are still kept.

    Raises:
        Refused: cancelled already, or nothing left to ask.
    """
    with transaction.atomic():
        run = Run.objects.select_for_update(no_key=True, of=("self",)).select_related("review").get(pk=run.pk)
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
    """Set the failed records of a run waiting again; returns how many. What was answered is not asked again.

    Nor is what another run answered meanwhile, or is asking about, in this same way.

    Raises:
        Refused: nothing failed, all of it was answered meanwhile, or the run was cancelled.
    """
    with transaction.atomic():
        run = Run.objects.select_for_update(no_key=True, of=("self",)).select_related("review").get(pk=run.pk)
        if run.cancelled_at is not None:
            raise Refused("This run was cancelled.", mend="Start a new one.")
        failed = RunItem.objects.filter(run=run, failed_at__isnull=False)
        if not failed.exists():
            raise Refused("Nothing failed in this run.")
        taken_up = RunItem.objects.filter(
            Q(done_at__gte=OuterRef("failed_at")) | (OPEN & Q(run__cancelled_at__isnull=True)),
            record=OuterRef("record"),
            run__stage=run.stage,
            run__model=run.model,
            run__prompt_sha256=run.prompt_sha256,
            run__criteria=run.criteria,
        )
        ids = list(failed.exclude(Exists(taken_up)).values_list("pk", flat=True))
        if not ids:
            raise Refused("A later run has taken up every record that failed here.", mend="Look at that run.")
        for n in range(0, len(ids), 500):
            RunItem.objects.filter(pk__in=ids[n : n + 500]).update(
                failed_at=None, failure_kind="", failure="", tries=0
            )
        audit.log(
            review=run.review,
            verb=Verb.RUN_RETRIED,
            actor=by,
            stage=run.stage,
            subject={"run": run.pk},
            after={"records": len(ids)},
        )
        return len(ids)


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
