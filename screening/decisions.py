"""Deciding and taking back: the verbs of independent judgement.

Each locks the record's row first, so two people deciding in the same millisecond come one after the other and
the second sees the first: always exactly one resolution or one conflict. Nothing is edited: a change of mind
withdraws a row and makes another.
"""

import uuid
from dataclasses import dataclass

from django.db import transaction

from reviews import audit
from reviews.models import Record, User, Verb
from reviews.refusals import BadInput, Refused

from . import visibility
from .answers import checked_judgements, checked_reason
from .models import Conflict, CriteriaVersion, Criterion, Decision, Proposal, Protocol, Resolution
from .pilot_seats import Seats, seats_at
from .queue import up_for_judgement
from .settling import check_may_reopen, conclude, live_resolution, live_votes, locked


@dataclass(frozen=True)
class Outcome:
    """What became of a record when a decision was made: settled, in conflict, or waiting for another vote."""

    decision: Decision
    resolution: Resolution | None = None
    conflict: Conflict | None = None
    repeated: bool = False


def decide(
    *,
    record: Record,
    stage: str,
    reviewer: User,
    verdict: str,
    key: uuid.UUID,
    reason: Criterion | None = None,
    judgements: dict[str, str] | None = None,
    note: str = "",
    seconds: float | None = None,
) -> Outcome:
    """Record one person's opinion, and settle the record or open a conflict if it completes the votes.

    `key` is made by the sender: sending the same decision twice decides once. `judgements` maps ids of
    criteria in force to met, not_met or unclear. An exclusion at full text needs a reason; where none is
    given, the first criterion judged violated, in declared order, is it.

    Raises:
        BadInput: a verdict, reason or judgement that does not fit the stage.
        Refused: the record does not wait for this person's vote (settled, in conflict, a duplicate...).
    """
    with transaction.atomic():
        record = locked(record)
        if repeated := Decision.objects.filter(reviewer=reviewer, key=key).first():
            return _as_it_was(repeated, record, stage)
        protocol = Protocol.of(record.review, stage)
        seats = seats_at(record, stage)
        _check_open(record, stage, reviewer, seats)
        criteria = list(Criterion.objects.filter(review=record.review, stage=stage, retired_at__isnull=True))
        judgements = checked_judgements(judgements or {}, criteria)
        reason = checked_reason(stage, verdict, reason, judgements, criteria)
        seen_proposal, seen_votes = visibility.had_seen(reviewer, record.review, stage, record.pk)
        versions = CriteriaVersion.objects.filter(review=record.review, stage=stage)
        decision = Decision.objects.create(
            record=record,
            stage=stage,
            reviewer=reviewer,
            verdict=verdict,
            reason=reason,
            judgements=judgements,
            note=note.strip(),
            criteria_version=versions.order_by("-number").first(),
            made_at=audit.now(),
            seconds=seconds,
            seen_proposal=seen_proposal,
            seen_votes=seen_votes,
            key=key,
        )
        outcome = _conclude(decision, protocol, seats)
        _log(outcome)
        return outcome


def withdraw(*, decision: Decision, by: User, reason: str = "") -> Decision:
    """Take one's own decision back. It stays in the table; the record waits for a new one.

    An open conflict it took part in is closed; an answer that two people (or one) agreed on is withdrawn with
    it, which needs a reason. Nobody else's vote is touched.

    Raises:
        Refused: not one's own, taken back already, settled by discussion, or judged at full text since.
        BadInput: the record is settled and no reason was given.
    """
    with transaction.atomic():
        record = locked(decision.record)
        decision = Decision.objects.select_related("reviewer", "reason").get(pk=decision.pk)
        if decision.reviewer_id != by.pk:
            raise Refused("That is somebody else's decision.", mend="Only they can take it back.")
        if decision.withdrawn_at is not None:
            raise Refused("You took this decision back already.")
        resolution = live_resolution(record, decision.stage)
        if resolution is not None:
            _check_may_unsettle(record, decision.stage, resolution, reason)
        moment = audit.now()
        decision.withdrawn_at = moment
        decision.save(update_fields=["withdrawn_at"])
        if resolution is not None:
            resolution.withdrawn_at = moment
            resolution.save(update_fields=["withdrawn_at"])
        closed = Conflict.objects.filter(record=record, stage=decision.stage, closed_at__isnull=True).update(
            closed_at=moment, closed_how=Conflict.Closed.VOTE_WITHDRAWN
        )
        audit.log(
            review=record.review,
            verb=Verb.DECISION_WITHDRAWN,
            actor=by,
            record=record,
            stage=decision.stage,
            subject={"decision": decision.pk, "resolution": resolution.pk if resolution else None},
            before={
                "verdict": decision.verdict,
                "reason": decision.reason.label if decision.reason else None,
            },
            after={"conflict_closed": bool(closed), "answer_withdrawn": resolution is not None},
            reason=reason.strip(),
        )
        return decision


def _as_it_was(decision: Decision, record: Record, stage: str) -> Outcome:
    """The answer to a decision that was sent before: what stands now."""
    if decision.record_id != record.pk or decision.stage != stage:
        raise BadInput(
            "This key was used for another decision.", mend="Send each decision with a key of its own."
        )
    conflict = Conflict.objects.filter(record=record, stage=stage, closed_at__isnull=True).first()
    return Outcome(decision, live_resolution(record, stage), conflict, repeated=True)


def _check_open(record: Record, stage: str, reviewer: User, seats: Seats | None) -> None:
    """Refuse a vote on a record that does not wait for this person, saying why."""
    kept = "Your answer was not needed any more and was not stored."
    if live_resolution(record, stage) is not None:
        raise Refused("This record was settled meanwhile.", kept=kept, mend="Go on to the next one.")
    if Decision.objects.filter(
        record=record, stage=stage, reviewer=reviewer, withdrawn_at__isnull=True
    ).exists():
        raise Refused(
            "You have decided on this record already.", mend="Undo that decision first to change it."
        )
    if Conflict.objects.filter(record=record, stage=stage, closed_at__isnull=True).exists():
        raise Refused("This record is in conflict.", kept=kept, mend="Settle it in the conflicts queue.")
    if record.duplicate_of is not None:
        raise Refused(
            f"This record was linked as a duplicate of #{record.duplicate_of.number}.",
            kept=kept,
            mend="Judge that one.",
        )
    if seats is not None and reviewer.pk not in seats.everybody:
        raise Refused(
            "This record is in a pilot round that others judge.", kept=kept, mend="Go on to the next one."
        )
    if not up_for_judgement(record.review, stage).filter(pk=record.pk).exists():
        raise Refused("This record is not up for judgement at this stage.", kept=kept)


def _conclude(decision: Decision, protocol: Protocol, seats: Seats | None) -> Outcome:
    """Settle, open a conflict, or leave the record waiting, by the votes now on it."""
    votes = live_votes(decision.record, decision.stage)
    awaited = seats.awaited if seats else frozenset[int]()
    match conclude(decision.record, protocol, votes, decision.reviewer, awaited):
        case Resolution() as resolution:
            return Outcome(decision, resolution=resolution)
        case Conflict() as conflict:
            return Outcome(decision, conflict=conflict)
    return Outcome(decision)


def _check_may_unsettle(record: Record, stage: str, resolution: Resolution, reason: str) -> None:
    if resolution.conflict_id is not None:
        raise Refused(
            "This record was settled after a conflict.", mend="Reopen it with a reason on the record's page."
        )
    check_may_reopen(record, stage, reason)


def _log(outcome: Outcome) -> None:
    """The line in the trail: what was said, under which criteria, seen what, and what became of the record."""
    decision = outcome.decision
    audit.log(
        review=decision.record.review,
        verb=Verb.DECISION_MADE,
        actor=decision.reviewer,
        record=decision.record,
        stage=decision.stage,
        subject={"decision": decision.pk},
        after={
            "verdict": decision.verdict,
            "reason": decision.reason.label if decision.reason else None,
            "judgements": decision.judgements,
            "note": decision.note,
            "criteria_version": decision.criteria_version.number if decision.criteria_version else None,
            "seen_proposal": decision.seen_proposal,
            "seen_votes": decision.seen_votes,
            "outcome": _in_a_word(outcome),
        },
    )


def _in_a_word(outcome: Outcome) -> str:
    if outcome.conflict:
        return "conflict"
    return f"settled: {outcome.resolution.verdict}" if outcome.resolution else "waiting for another vote"


def accepted(proposal: Proposal, judgements: dict[str, str]) -> bool:
    """Whether a person's answers are the proposal's own, criterion by criterion."""
    return judgements == {str(j["criterion"]): j["verdict"] for j in proposal.judgements}
