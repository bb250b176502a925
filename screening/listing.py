"""Proposals as a program or a terminal reads them (for the operator; pages ask visibility.py first)."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Max

from reviews.models import Review

from .models import Proposal


def newest_proposals(review: Review, stage: str) -> list[Proposal]:
    """The newest proposal of each record at a screening stage, by record number."""
    proposals = Proposal.objects.filter(run__review=review, run__stage=stage)
    newest = proposals.values("record").annotate(newest=Max("pk")).values("newest")
    return list(
        Proposal.objects.filter(pk__in=newest)
        .select_related("record__report", "reason", "run")
        .order_by("record__number")
    )


def as_json(proposals: Sequence[Proposal]) -> list[dict[str, Any]]:
    """One dict a proposal; in a judgement, `text[start:end]` of the record's stored text is what was matched."""
    return [
        {
            "record": proposal.record.number,
            "title": proposal.record.heading,
            "verdict": proposal.verdict,
            "reason": proposal.reason.label if proposal.reason else None,
            "model": proposal.run.model,
            "text_sha256": proposal.text_sha256,
            "judgements": [
                {
                    "criterion": judgement["label"],
                    "verdict": judgement["verdict"],
                    "said": judgement["said"],
                    "quote": judgement["quote"],
                    "start": judgement["start"],
                    "end": judgement["end"],
                    "tier": judgement["tier"] or None,
                    "reasoning": judgement["reasoning"],
                }
                for judgement in proposal.judgements
            ],
        }
        for proposal in proposals
    ]


def in_words(proposals: Sequence[Proposal]) -> str:
    """A short table: the record, what is proposed and why, and each quote with a mark of whether it was found."""
    lines = []
    for proposal in proposals:
        why = f" ({proposal.reason.label})" if proposal.reason else ""
        lines.append(
            f"#{proposal.record.number:<4} {proposal.verdict.upper()}{why}  {shortened(proposal.record.heading, 76)}"
        )
        for judgement in proposal.judgements:
            found = "found" if judgement["tier"] else "NOT FOUND"
            quote = f' "{shortened(judgement["quote"], 70)}" [{found}]' if judgement["quote"] else ""
            lines.append(f"        {judgement['label']}: {judgement['verdict'].replace('_', ' ')}{quote}")
    return "\n".join(lines) or "No proposals yet."


def shortened(text: str, length: int) -> str:
    """`text` on one line, cut at `length` characters with an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"
