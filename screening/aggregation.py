"""From a model's judgements to a proposal: grounding, then a deterministic, versioned rule. Pure.

The model never gives an overall verdict. It judges each criterion with a quote; a quote that is not found in
our own text counts as unverified, and its judgement as unclear. The rule then combines what is left
(shared reference, "Aggregation rule"; docs/models-and-privacy.md states it in words).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reviews import quotes

from .answers import VIOLATED
from .models import Proposal, Stage

RULE_VERSION = "any-verified-violation-1"
# An elided quote may hide a "not", so it can support an inclusion but never an exclusion.
FIRM_TIERS = frozenset({"exact", "whitespace", "typography", "dehyphenate", "casefold"})


@dataclass(frozen=True)
class Combined:
    """What the rule makes of the judgements; `reason` is the id of the first violated criterion."""

    verdict: str
    reason: int | None
    judgements: list[dict[str, Any]]


def ground(
    said: Sequence[dict[str, Any]], criteria: Sequence[dict[str, Any]], text: str
) -> list[dict[str, Any]]:
    """Check every quote against `text`, in the criteria's order; see Proposal for the shape returned.

    `said` is the model's answer: {"criterion": id as text, "quote", "reasoning", "verdict"} for each of
    `criteria` ({"id", "kind", "label", ...}).
    """
    by_id = {str(judgement["criterion"]): judgement for judgement in said}
    return [_grounded(criterion, by_id[str(criterion["id"])], text) for criterion in criteria]


def _grounded(criterion: dict[str, Any], judgement: dict[str, Any], text: str) -> dict[str, Any]:
    quote, verdict = judgement["quote"], judgement["verdict"]
    span = quotes.locate(quote, text) if quote.strip() else None
    # That nothing speaks for an exclusion cannot be quoted; everything else needs words of the text.
    needs_quote = not (criterion["kind"] == "exclude" and verdict == "not_met" and not quote.strip())
    firm = span is not None and (verdict != VIOLATED[criterion["kind"]] or span.tier in FIRM_TIERS)
    return {
        "criterion": criterion["id"],
        "kind": criterion["kind"],
        "label": criterion["label"],
        "said": verdict,
        "verdict": verdict if firm or not needs_quote else "unclear",
        "quote": quote,
        "start": span.start if span else None,
        "end": span.end if span else None,
        "tier": str(span.tier) if span else "",
        "reasoning": judgement["reasoning"],
    }


def combine(judgements: list[dict[str, Any]], *, stage: str, readable: bool = True) -> Combined:
    """The proposal for grounded `judgements`, which stand in the criteria's declared order.

    Title and abstract: exclude if any criterion is violated with a verified quote, else include. Full text: the
    same exclusion, but include only if every inclusion criterion is met and no exclusion criterion is; else it
    needs a person. Not `readable` (no abstract; a report without text): it always needs a person.
    """
    violated = [j for j in judgements if j["verdict"] == VIOLATED[j["kind"]]]
    if not readable:
        return Combined(Proposal.Verdict.UNCLEAR, None, judgements)
    if violated:
        return Combined(Proposal.Verdict.EXCLUDE, violated[0]["criterion"], judgements)
    if stage == Stage.TITLE_ABSTRACT:
        return Combined(Proposal.Verdict.INCLUDE, None, judgements)
    inclusions_met = all(j["verdict"] == "met" for j in judgements if j["kind"] == "include")
    verdict = Proposal.Verdict.INCLUDE if inclusions_met else Proposal.Verdict.UNCLEAR
    return Combined(verdict, None, judgements)


def unasked(criteria: Sequence[dict[str, Any]], why: str) -> list[dict[str, Any]]:
    """Judgements for a record the model is not asked about; `why` stands in place of its reasoning."""
    return [
        {
            "criterion": criterion["id"],
            "kind": criterion["kind"],
            "label": criterion["label"],
            "said": "unclear",
            "verdict": "unclear",
            "quote": "",
            "start": None,
            "end": None,
            "tier": "",
            "reasoning": why,
        }
        for criterion in criteria
    ]
