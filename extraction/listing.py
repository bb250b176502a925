"""Proposed values as a program or a terminal reads them (for the operator; pages ask visibility.py first)."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Max

from extraction.models import ProposedValue
from extraction.shown import in_words as value_in_words
from reviews.models import Review
from screening.listing import shortened


def newest_values(review: Review) -> list[ProposedValue]:
    """The newest proposed value of each item of each report, by record number and the form's order."""
    values = ProposedValue.objects.filter(run__review=review)
    newest = values.values("report", "item").annotate(newest=Max("pk")).values("newest")
    return list(
        ProposedValue.objects.filter(pk__in=newest)
        .select_related("report__record", "item__form", "run")
        .defer("report__text", "report__page_map")
        .order_by("report__record__number", "item__form__version", "item__position", "item__pk")
    )


def as_json(values: Sequence[ProposedValue]) -> list[dict[str, Any]]:
    """One dict a value; `text[start:end]` of the report's text with that sha256 is what was matched.

    `tier` is null where the quote is unverified, and `doubt` then says why in words.
    """
    return [
        {
            "record": value.report.record.number,
            "title": value.report.record.heading,
            "report": value.report_id,
            "item": value.item.key,
            "label": value.item.label,
            "model": value.run.model,
            "said_by": value.run.said_by,
            "state": value.state,
            "value": value.value,
            "unit": value.item.unit,
            "quote": value.quote,
            "start": value.start,
            "end": value.end,
            "tier": value.tier or None,
            "page": value.page,
            "doubt": value.doubt,
            "reasoning": value.reasoning,
            "text_sha256": value.text_sha256,
        }
        for value in values
    ]


def in_words(values: Sequence[ProposedValue]) -> str:
    """A short table: the report, and each item's value with a mark of whether its quote was found."""
    lines: list[str] = []
    record = None
    for value in values:
        if (said_by := f"Proposed by {value.run.said_by}:") not in lines:
            lines.append(said_by)
        if value.report_id != record:
            record = value.report_id
            lines.append(f"#{value.report.record.number:<4} {shortened(value.report.record.heading, 90)}")
        found = "found" if value.tier else f"UNVERIFIED: {value.doubt}"
        quote = f' "{shortened(value.quote, 70)}" [{found}]' if value.quote else ""
        said = value_in_words(value.item, value.state, value.value)
        lines.append(f"        {value.item.label}: {shortened(said, 60)}{quote}")
    return "\n".join(lines) or "No proposals yet."
