"""Proposals as a program or a terminal reads them (for the operator; pages ask visibility.py first)."""

from collections.abc import Collection, Sequence
from typing import Any

from django.db.models import Max

from reviews.models import Review

from .models import Proposal


def newest_ids(review: Review, stage: str) -> dict[int, int]:
    """Id of the newest proposal by id of record, at a screening stage. One query."""
    proposals = Proposal.objects.filter(run__review=review, run__stage=stage).order_by()
    return dict(proposals.values("record").annotate(newest=Max("pk")).values_list("record", "newest"))


def newest_proposals(
    review: Review,
    stage: str,
    *,
    records: Collection[int] | None = None,
    after: int = 0,
    most: int | None = None,
) -> list[Proposal]:
    """The newest proposal of each record (of those in `records`, where given) at a screening stage.

    By record number; `after` a number, and at most `most` of them.
    """
    newest = newest_ids(review, stage)
    wanted = [pk for record, pk in newest.items() if records is None or record in records]
    proposals = Proposal.objects.filter(pk__in=wanted, record__number__gt=after)
    return list(proposals.select_related("record__report", "reason", "run").order_by("record__number")[:most])


def as_json(proposals: Sequence[Proposal]) -> list[dict[str, Any]]:
    """One dict a proposal; in a judgement, `text[start:end]` of the record's stored text is what was matched."""
    return [
        {
            "record": proposal.record.number,
            "title": proposal.record.heading,
            "verdict": proposal.verdict,
            "reason": proposal.reason.label if proposal.reason else None,
            "model": proposal.run.model,
            "said_by": proposal.run.said_by,
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
    lines: list[str] = []
    for proposal in proposals:
        if (said_by := f"Proposed by {proposal.run.said_by}:") not in lines:
            lines.append(said_by)
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
