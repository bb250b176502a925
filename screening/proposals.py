"""Keeping what a model answered: the call, the grounded proposal, the end of the item. Nothing is asked here.

A model's answer reaches the database only through `keep_answer` and `keep_failure`, and they write LLMCall,
RunItem and Proposal rows and nothing else.
"""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from reviews import audit
from reviews.best_fields import is_missing
from reviews.merged import merged
from reviews.models import LLMCall, Verb
from reviews.models.corpus import sha256_of

from .aggregation import Combined, combine, ground, unasked
from .leases import fail_item
from .models import Proposal, RunItem, Stage
from .reading import judged_text

NO_ABSTRACT = "There is no abstract, so the model was not asked."
NO_TEXT = "No text could be read from this report, so the model was not asked."


def needs_no_model(item: RunItem) -> bool:
    """Whether there is nothing to ask about: no abstract, or a report (a scan, say) without any text."""
    return not _readable(item)


def _readable(item: RunItem) -> bool:
    """Whether what this stage is judged by is there; without it no exclusion may be proposed."""
    if item.run.stage == Stage.TITLE_ABSTRACT:
        return not is_missing(merged(item.record).best.abstract)
    return bool(item.record.report.text.strip())


def keep_unasked(*, item: RunItem) -> Proposal | None:
    """The proposal "needs a person" for a record that has nothing to read; no model is called."""
    why = NO_ABSTRACT if item.run.stage == Stage.TITLE_ABSTRACT else NO_TEXT
    combined = combine(unasked(item.run.criteria, why), stage=item.run.stage, readable=False)
    return _keep(item, combined, None, judged_text(item.record, item.run.stage)[0])


def keep_answer(
    *, item: RunItem, judgements: Sequence[dict[str, Any]], text: str, calls: Sequence[dict[str, Any]]
) -> Proposal | None:
    """Ground a model's judgements in `text`, the text it was sent, and keep them as this item's proposal.

    `calls` are the fields of one LLMCall each, in the order they went; the last is the one that answered.
    Safe to repeat: a second answer for an item is logged as a call and otherwise dropped (returns None).
    """
    with transaction.atomic():
        kept = keep_calls(item, calls, text)
        grounded = ground(judgements, item.run.criteria, text)
        combined = combine(grounded, stage=item.run.stage, readable=_readable(item))
        return _keep(item, combined, kept[-1], text)


def keep_failure(*, item: RunItem, text: str, calls: Sequence[dict[str, Any]], kind: str, why: str) -> None:
    """Keep the calls that failed and show the record as failed in this run."""
    with transaction.atomic():
        keep_calls(item, calls, text)
        fail_item(item=item, kind=kind, why=why)


def keep_calls(item: RunItem, calls: Sequence[dict[str, Any]], text: str) -> list[LLMCall]:
    """One row for every call to the model, answered or not, as it really went."""
    run = item.run
    purpose = LLMCall.Purpose.EXTRACT if run.stage == Stage.EXTRACTION else LLMCall.Purpose.SCREEN
    return [
        audit.log_call(
            review=run.review,
            record=item.record,
            run_key=run.key,
            purpose=purpose,
            model_asked=run.model,
            text_sha256=sha256_of(text),
            **call,
        )
        for call in calls
    ]


def end_item(item: RunItem) -> bool:
    """Mark this item answered; False when it was ended before (then nothing more may be written for it)."""
    open_items = RunItem.objects.filter(pk=item.pk, done_at__isnull=True)
    return bool(
        open_items.update(
            done_at=audit.now(), failed_at=None, failure_kind="", failure="", lease="", leased_until=None
        )
    )


def _keep(item: RunItem, combined: Combined, call: LLMCall | None, text: str) -> Proposal | None:
    run = item.run
    with transaction.atomic():
        if not end_item(item):
            return None
        proposal = Proposal.objects.create(
            run=run,
            record=item.record,
            verdict=combined.verdict,
            reason_id=combined.reason,
            judgements=combined.judgements,
            text_sha256=sha256_of(text),
            call=call,
            made_at=audit.now(),
        )
        audit.log(
            review=run.review,
            verb=Verb.PROPOSAL_MADE,
            actor_label=f"{run.said_by}, run {run.pk}",
            record=item.record,
            stage=run.stage,
            subject={"run": run.pk, "proposal": proposal.pk},
            after={
                "verdict": combined.verdict,
                "judgements": [[j["label"], j["verdict"]] for j in combined.judgements],
            },
        )
        return proposal
