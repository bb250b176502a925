"""Which record comes next for a person, and how far they are. Reads only; blind by construction.

A record waits for a person at a stage when it is up for judgement there, not settled, not in conflict, and
this person has no live decision on it; records of an open pilot round wait only for those with a seat in it, and
come first. Nothing here says whether anybody else has voted: the order may put
records with a first vote in front, but the answer is the record alone.
"""

from dataclasses import dataclass

from django.db.models import Exists, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Mod

from reviews.models import Record, Report, Review, User

from .models import Conflict, Decision, Protocol, Resolution, SampleRecord, Stage
from .pilot_seats import not_for, open_pilot, own_part


def up_for_judgement(review: Review, stage: str) -> QuerySet[Record]:
    """Every record that is, or was, to be judged at `stage`: settled or not."""
    records = Record.objects.filter(review=review).to_screen()
    if stage == Stage.TITLE_ABSTRACT:
        return records
    included = Resolution.objects.filter(
        record=OuterRef("pk"), stage=Stage.TITLE_ABSTRACT, verdict="include", withdrawn_at__isnull=True
    )
    return records.filter(Exists(included), report__retrieval=Report.Retrieval.RETRIEVED)


def waiting_for(review: Review, stage: str, user: User) -> QuerySet[Record]:
    """Records that wait for this person at `stage`, in no particular order."""
    return (
        up_for_judgement(review, stage)
        .exclude(not_for(review, stage, user))
        .exclude(
            Exists(Resolution.objects.filter(record=OuterRef("pk"), stage=stage, withdrawn_at__isnull=True))
        )
        .exclude(Exists(Conflict.objects.filter(record=OuterRef("pk"), stage=stage, closed_at__isnull=True)))
        .exclude(
            Exists(
                Decision.objects.filter(
                    record=OuterRef("pk"), stage=stage, reviewer=user, withdrawn_at__isnull=True
                )
            )
        )
    )


def next_records(
    review: Review, stage: str, user: User, *, after: Record | None = None, n: int = 1
) -> list[Record]:
    """The next `n` records for this person: an open pilot round's first, then in the protocol's order.

    `after` leaves one out (say, "later").
    """
    waiting = waiting_for(review, stage, user)
    if stage == Stage.FULL_TEXT:
        waiting = waiting.select_related("report")
    if after is not None:
        waiting = waiting.exclude(pk=after.pk)
    first: list[Record] = []
    if pilot := open_pilot(review, stage):
        drawn = SampleRecord.objects.filter(sample=pilot)
        position = drawn.filter(record=OuterRef("pk")).values("position")
        in_pilot = waiting.filter(pk__in=drawn.values("record")).annotate(place=Subquery(position))
        first = list(in_pilot.order_by("place")[:n])
        waiting = waiting.exclude(pk__in=drawn.values("record"))
    return first + _in_order(waiting, review, stage, user, n - len(first)) if len(first) < n else first


def _in_order(waiting: QuerySet[Record], review: Review, stage: str, user: User, n: int) -> list[Record]:
    """The first `n` in the order the protocol asks for."""
    order = Protocol.of(review, stage).order
    if order == Protocol.Order.RANDOM:
        # Shuffled, but each person's own shuffle stays the same from one request to the next.
        waiting = waiting.annotate(shuffled=Mod(F("number") * 7919 + user.pk * 104729, 1000003))
        return list(waiting.order_by("shuffled", "number")[:n])
    if order == Protocol.Order.NUMBER:
        return list(waiting.order_by("number")[:n])
    voted = Exists(Decision.objects.filter(record=OuterRef("pk"), stage=stage, withdrawn_at__isnull=True))
    first = list(waiting.filter(voted).order_by("number")[:n])
    if len(first) < n:
        first += list(waiting.exclude(voted).order_by("number")[: n - len(first)])
    return first


@dataclass(frozen=True)
class Progress:
    """How far one person is at a stage: decided by them, waiting for them, and up for judgement in all.

    A vote on a record that is linked to another, or was taken out, is kept and counts nowhere, so not here either.
    `pilot_mine` of `pilot_total` records of the open pilot round are judged by them; both 0 without a seat in one.
    """

    mine: int
    waiting: int
    total: int
    pilot_mine: int = 0
    pilot_total: int = 0


def progress(review: Review, stage: str, user: User) -> Progress:
    """Count this person's work at a stage. Four queries, six while a pilot round is open."""
    mine = Decision.objects.filter(
        record=OuterRef("pk"), stage=stage, reviewer=user, withdrawn_at__isnull=True
    )
    records = up_for_judgement(review, stage)
    pilot = open_pilot(review, stage)
    in_pilot = own_part(pilot, user) if pilot else None
    return Progress(
        mine=records.filter(Exists(mine)).count(),
        waiting=waiting_for(review, stage, user).count(),
        total=records.count(),
        pilot_mine=in_pilot or 0,
        pilot_total=pilot.size if pilot and in_pilot is not None else 0,
    )


def own_decisions(review: Review, stage: str, user: User) -> QuerySet[Decision]:
    """This person's live decisions at a stage, in no particular order; their ids follow the time they were made."""
    return Decision.objects.filter(
        record__review=review, stage=stage, reviewer=user, withdrawn_at__isnull=True
    ).select_related("record", "reason")


def own_recent(review: Review, stage: str, user: User, n: int = 50) -> QuerySet[Decision]:
    """This person's latest live decisions at a stage, newest first: the way back from a slip.

    Those they did not make here just now (brought along from another tool, come back with a record) are no slips.
    """
    made_here = own_decisions(review, stage, user).filter(brought__isnull=True, came_from__isnull=True)
    return made_here.order_by("-pk")[:n]
