"""What deciding and settling share: the lock on a record, the votes that stand, the answer written down."""

from collections.abc import Collection, Iterable, Sequence

from reviews import audit
from reviews.duplicate_groups import chunks
from reviews.models import Record, Report, User
from reviews.refusals import BadInput, Refused

from .combining import Disagreement, Settled, combine
from .models import Conflict, Decision, Protocol, Resolution, Stage, Verdict


def locked(record: Record) -> Record:
    """The record, with its row locked until the transaction ends: the one lock of judgement."""
    return (
        Record.objects.select_for_update(of=("self",), no_key=True)
        .select_related("review", "search", "duplicate_of")
        .get(pk=record.pk)
    )


def locked_many(keys: Iterable[int]) -> dict[int, Record]:
    """These records by key, with their numbers only, their rows locked in the order of their keys."""
    found: dict[int, Record] = {}
    for chunk in chunks(keys):
        rows = Record.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=chunk)
        found |= {row.pk: row for row in rows.order_by("pk").only("number", "review_id")}
    return found


def live_votes(record: Record, stage: str) -> list[Decision]:
    """The votes that stand on a record at a stage, oldest first."""
    votes = Decision.objects.filter(record=record, stage=stage, withdrawn_at__isnull=True)
    return list(votes.select_related("reviewer", "reason").order_by("made_at", "pk"))


def live_resolution(record: Record, stage: str) -> Resolution | None:
    """The settled answer that stands, if any."""
    return Resolution.objects.filter(record=record, stage=stage, withdrawn_at__isnull=True).first()


def conclude(
    record: Record, protocol: Protocol, votes: Sequence[Decision], by: User, awaited: Collection[int] = ()
) -> Resolution | Conflict | None:
    """Settle the record, open a conflict, or leave it waiting (None), by the votes now on it."""
    match combine(votes, protocol, awaited):
        case Settled() as settled:
            return settle(record, protocol.stage, settled, by, None, "")
        case Disagreement():
            return Conflict.objects.create(record=record, stage=protocol.stage, opened_at=audit.now())
    return None


def settle(
    record: Record, stage: str, settled: Settled, by: User, conflict: Conflict | None, explanation: str
) -> Resolution:
    """Write the settled answer; an include at title and abstract opens a report to be sought."""
    moment = audit.now()
    resolution = Resolution.objects.create(
        record=record,
        stage=stage,
        verdict=settled.verdict,
        reason=settled.reason,
        how=settled.how,
        conflict=conflict,
        explanation=explanation,
        by=by,
        made_at=moment,
    )
    if stage == Stage.TITLE_ABSTRACT and settled.verdict == Verdict.INCLUDE:
        Report.objects.get_or_create(record=record, defaults={"opened_at": moment})
    return resolution


def check_may_reopen(record: Record, stage: str, reason: str) -> None:
    """Refuse to unsettle a record that was judged at full text since, or without a reason."""
    later = Decision.objects.filter(record=record, stage=Stage.FULL_TEXT, withdrawn_at__isnull=True)
    if stage == Stage.TITLE_ABSTRACT and later.exists():
        raise Refused(
            "This record has been judged at full text since.", mend="Take the full-text decisions back first."
        )
    if not reason.strip():
        raise BadInput("A settled record is reopened with a reason.", mend="Say in a sentence why.")
