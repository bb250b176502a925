"""Settling a conflict and reopening a settled record. The original votes stay as they are."""

from django.db import transaction

from reviews import audit
from reviews.models import Membership, Record, Review, Role, User, Verb
from reviews.refusals import BadInput, Refused

from .answers import checked_reason
from .combining import Settled
from .models import Conflict, Criterion, Decision, Protocol, Resolution
from .pilot_seats import screeners
from .settling import check_may_reopen, live_resolution, live_votes, locked, settle


def resolve(
    *, conflict: Conflict, by: User, verdict: str, explanation: str, reason: Criterion | None = None
) -> Resolution:
    """Settle a conflict, with a reason in words. The original votes stay as they are.

    By one of those who voted it counts as discussion, by anybody else as adjudication.

    Raises:
        BadInput: maybe, no explanation, or an exclusion at full text without a reason from the list.
        Refused: settled or closed meanwhile, the record was linked to another, or the protocol names somebody else.
    """
    with transaction.atomic():
        record = locked(conflict.record)
        conflict = Conflict.objects.get(pk=conflict.pk)
        if conflict.closed_at is not None:
            raise Refused(
                "This conflict was closed meanwhile.",
                kept="What was settled stays.",
                mend="Go to the next one.",
            )
        _check_not_linked(record)
        if verdict not in ("include", "exclude"):
            raise BadInput("A conflict is settled with include or exclude.", mend="Choose one of the two.")
        if not explanation.strip():
            raise BadInput("A settled conflict needs a reason in words.", mend="Say in a sentence why.")
        votes = live_votes(record, conflict.stage)
        how = _adjudicating(by, votes, Protocol.of(record.review, conflict.stage))
        criteria = list(
            Criterion.objects.filter(review=record.review, stage=conflict.stage, retired_at__isnull=True)
        )
        voted_reasons = [vote.reason for vote in votes if vote.reason]
        reason = checked_reason(conflict.stage, verdict, reason, {}, [*criteria, *voted_reasons])
        resolution = settle(
            record, conflict.stage, Settled(verdict, reason, how), by, conflict, explanation.strip()
        )
        conflict.closed_at, conflict.closed_how = resolution.made_at, Conflict.Closed.RESOLVED
        conflict.save(update_fields=["closed_at", "closed_how"])
        audit.log(
            review=record.review,
            verb=Verb.CONFLICT_RESOLVED,
            actor=by,
            record=record,
            stage=conflict.stage,
            subject={"conflict": conflict.pk, "resolution": resolution.pk},
            before={"votes": [[vote.reviewer.name, vote.verdict] for vote in votes]},
            after={"verdict": verdict, "reason": reason.label if reason else None, "how": how},
            reason=explanation.strip(),
        )
        return resolution


def reopen(*, record: Record, stage: str, by: User, reason: str) -> Conflict:
    """Withdraw a settled answer and put the record in the conflicts queue; every vote stays.

    Raises:
        Refused: not settled, judged at full text since, or linked to another record.
        BadInput: no reason given.
    """
    with transaction.atomic():
        record = locked(record)
        resolution = live_resolution(record, stage)
        if resolution is None:
            raise Refused("This record is not settled at this stage, so there is nothing to reopen.")
        _check_not_linked(record)
        check_may_reopen(record, stage, reason)
        moment = audit.now()
        resolution.withdrawn_at = moment
        resolution.save(update_fields=["withdrawn_at"])
        conflict = Conflict.objects.create(record=record, stage=stage, opened_at=moment)
        audit.log(
            review=record.review,
            verb=Verb.RESOLUTION_REOPENED,
            actor=by,
            record=record,
            stage=stage,
            subject={"resolution": resolution.pk, "conflict": conflict.pk},
            before={"verdict": resolution.verdict, "how": resolution.how},
            reason=reason.strip(),
        )
        return conflict


def somebody_has_not_voted(review: Review, votes: list[Decision]) -> bool:
    """Whether a third person can be had at all. Where everybody who may settle has voted on the record, as after a
    pilot round, they settle it by discussion, whatever the protocol says of a third person.
    """
    voted = {vote.reviewer_id for vote in votes}
    return screeners(review).exclude(pk__in=voted).exists()


def _check_not_linked(record: Record) -> None:
    if record.duplicate_of is not None:
        raise Refused(
            f"This record was linked as a duplicate of #{record.duplicate_of.number}.",
            kept="Its votes are kept, and count again if the link is undone.",
            mend="Judge that one.",
        )


def _adjudicating(by: User, votes: list[Decision], protocol: Protocol) -> str:
    """discussion or adjudication, or a refusal where the protocol names somebody else."""
    voted = by.pk in {vote.reviewer_id for vote in votes}
    third = protocol.adjudicator == Protocol.Adjudicator.THIRD
    if third and voted and somebody_has_not_voted(protocol.review, votes):
        raise Refused(
            "The protocol asks for a third person, and you voted on this record.", mend="Leave it to others."
        )
    if protocol.adjudicator == Protocol.Adjudicator.LEAD:
        leads = Membership.objects.filter(
            review=protocol.review, user=by, role=Role.LEAD, deactivated_at__isnull=True
        )
        if not leads.exists():
            raise Refused("The protocol asks for a lead to settle conflicts.", mend="Leave it to a lead.")
    return Resolution.How.DISCUSSION if voted else Resolution.How.ADJUDICATION
