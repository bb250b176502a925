"""Screening again what was judged under criteria that have changed since: which records, and the verb that does it.

Amending the criteria changes nothing by itself. Here a lead sees what was settled under an older version and may put
it up again, record by record or many at once, with a reason: the answer and the votes are withdrawn (they stay in
their tables and in the trail) and the record waits for everybody anew. Its new votes say that others' could be seen.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from reviews import audit
from reviews.models import Record, Review, User, Verb
from reviews.refusals import BadInput, Refused

from .criteria import current_version
from .models import Conflict, Decision, Resolution, Sample, Stage

MOST = 200


def affected(review: Review, stage: str, pilot: Sample | None = None) -> QuerySet[Record]:
    """Records settled or in conflict by votes made under an older version of the criteria, by number.

    Records still being judged are not among them: who may not see their votes must not learn that there are any.
    Nor are those whose conflict was settled after the criteria changed, nor votes brought along from another tool,
    which were made under no criteria of ours. Each has `oldest`, the number of the oldest
    version one of its votes was made under (0: before there were any), and `went_on`: judged at full text since.
    """
    version = current_version(review, stage)
    if version is None:
        return Record.objects.none()
    here = {"record": OuterRef("pk"), "stage": stage}
    votes = Decision.objects.filter(withdrawn_at__isnull=True, **here)
    older = Q(criteria_version__isnull=True) | Q(criteria_version__number__lt=version.number)
    settled = Resolution.objects.filter(withdrawn_at__isnull=True, **here)
    since = settled.filter(conflict__isnull=False, made_at__gte=version.made_at)
    disputed = Conflict.objects.filter(closed_at__isnull=True, **here)
    later = Decision.objects.filter(record=OuterRef("pk"), stage=Stage.FULL_TEXT, withdrawn_at__isnull=True)
    records = Record.objects.filter(review=review).to_screen()
    if pilot is not None:
        records = records.filter(pk__in=pilot.drawn.values("record"))
    oldest = votes.filter(brought__isnull=True).order_by(F("criteria_version__number").asc(nulls_first=True))
    return (
        records.filter(Exists(votes.filter(older, brought__isnull=True)))
        .filter(Exists(settled) | Exists(disputed))
        .exclude(Exists(since))
        .annotate(
            oldest=Subquery(oldest.values("criteria_version__number")[:1]),
            answer=Subquery(settled.values("verdict")[:1]),
            went_on=Exists(later) if stage == Stage.TITLE_ABSTRACT else Exists(later.none()),
        )
        .order_by("number")
    )


@dataclass(frozen=True)
class PutUp:
    """What became of a request to screen again: the records put up, and those that were not, with why."""

    done: list[Record]
    left: list[tuple[Record, str]]


def put_up_again(*, records: Iterable[Record], stage: str, by: User, reason: str) -> PutUp:
    """Withdraw answer and votes of these records of one review, so that they wait for everybody again.

    A record that is neither settled nor in conflict, or that was judged at full text since, is left as it is. One
    event a record tells of it; nobody's vote is edited or deleted.

    Raises:
        BadInput: no reason, no records, or more than 200.
        Refused: none of the records could be put up.
    """
    wanted = {record.pk for record in records}
    if not reason.strip():
        raise BadInput(
            "Screening again needs a reason.", mend="Say in a sentence why; it goes into the trail."
        )
    if not 0 < len(wanted) <= MOST:
        raise BadInput(f"Choose 1 to {MOST} records at a time.")
    with transaction.atomic():
        locked = Record.objects.select_for_update(of=("self",), no_key=True).select_related("review")
        chosen = list(locked.filter(pk__in=wanted).order_by("pk"))
        state = _State(wanted, stage)
        left = [(record, why) for record in chosen if (why := state.why_not(record))]
        not_possible = {record.pk for record, _ in left}
        done = [record for record in chosen if record.pk not in not_possible]
        if not done:
            raise Refused(f"Nothing was put up: {left[0][1]}" if left else "There are no such records.")
        subjects = {record.pk: state.subject(record) for record in done}
        _withdraw_all([record.pk for record in done], stage)
        for record in done:
            audit.log(
                review=record.review,
                verb=Verb.RECORD_PUT_UP_AGAIN,
                actor=by,
                record=record,
                stage=stage,
                subject=subjects[record.pk],
                reason=reason.strip(),
            )
    return PutUp(done, left)


class _State:
    """What stands on some locked records at a stage. Four queries."""

    def __init__(self, records: set[int], stage: str) -> None:
        live = {"record__in": records, "stage": stage}
        self.answers = dict(
            Resolution.objects.filter(withdrawn_at__isnull=True, **live).values_list("record", "pk")
        )
        self.conflicts = dict(
            Conflict.objects.filter(closed_at__isnull=True, **live).values_list("record", "pk")
        )
        self.votes: dict[int, list[int]] = {pk: [] for pk in records}
        votes = Decision.objects.filter(withdrawn_at__isnull=True, **live).order_by("pk")
        for record, pk in votes.values_list("record", "pk"):
            self.votes[record].append(pk)
        later = Decision.objects.filter(
            record__in=records, stage=Stage.FULL_TEXT, withdrawn_at__isnull=True
        ).values_list("record", flat=True)
        self.went_on = set(later) if stage == Stage.TITLE_ABSTRACT else set[int]()

    def why_not(self, record: Record) -> str:
        """Why a record cannot be put up again, in words; empty where it can."""
        if record.pk in self.went_on:
            return f"#{record.number} has been judged at full text since."
        if record.pk not in self.answers and record.pk not in self.conflicts:
            return f"#{record.number} is neither settled nor in conflict."
        return ""

    def subject(self, record: Record) -> dict[str, object]:
        """What is withdrawn, by key: no verdicts, since the record is sealed again from this moment."""
        return {
            "resolution": self.answers.get(record.pk),
            "conflict": self.conflicts.get(record.pk),
            "decisions": self.votes[record.pk],
        }


def _withdraw_all(records: list[int], stage: str) -> None:
    moment = audit.now()
    live = {"record__in": records, "stage": stage}
    Resolution.objects.filter(withdrawn_at__isnull=True, **live).update(withdrawn_at=moment)
    Decision.objects.filter(withdrawn_at__isnull=True, **live).update(withdrawn_at=moment)
    Conflict.objects.filter(closed_at__isnull=True, **live).update(
        closed_at=moment, closed_how=Conflict.Closed.VOTE_WITHDRAWN
    )
