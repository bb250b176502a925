"""From independent votes to one answer: a pure rule (docs/architecture.md, "When two people agree")."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from .models import Criterion, Decision, Protocol, Resolution, Stage, Verdict


@dataclass(frozen=True)
class Settled:
    """The votes give one answer."""

    verdict: str
    reason: Criterion | None
    how: str


@dataclass(frozen=True)
class Disagreement:
    """The votes differ; `about` says in what, in words."""

    about: str


def combine(
    votes: Sequence[Decision], protocol: Protocol, awaited: Collection[int] = ()
) -> Settled | Disagreement | None:
    """What the live votes on a record at a stage add up to; None while more are wanted.

    `awaited`: ids of people who must all have voted first (a pilot round). However many votes there are, all of
    them must agree: a majority settles nothing.

    Maybe counts as include, unless the protocol sends every maybe to the conflicts queue. Two exclusions at
    full text for different reasons: the first in the declared order stands, or it is a conflict, as the
    protocol says.
    """
    if len(votes) < protocol.reviewers_wanted or set(awaited) - {vote.reviewer_id for vote in votes}:
        return None
    if protocol.maybe_means == Protocol.Maybe.CONFLICT and any(v.verdict == Verdict.MAYBE for v in votes):
        return Disagreement("somebody answered maybe")
    sides = {Verdict.EXCLUDE if v.verdict == Verdict.EXCLUDE else Verdict.INCLUDE for v in votes}
    if len(sides) > 1:
        return Disagreement("include against exclude")
    how = Resolution.How.SINGLE if len(votes) == 1 else Resolution.How.AGREEMENT
    if sides == {Verdict.INCLUDE}:
        return Settled(Verdict.INCLUDE, None, how)
    reasons = sorted({v.reason for v in votes if v.reason}, key=lambda c: (c.position, c.pk))
    differ = len(reasons) > 1 and protocol.stage == Stage.FULL_TEXT
    if differ and protocol.different_reasons == Protocol.Reasons.CONFLICT:
        return Disagreement("different reasons to exclude")
    return Settled(Verdict.EXCLUDE, reasons[0] if reasons else None, how)
