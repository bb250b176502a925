"""Which record comes next for a person, and how far they are. Reads only; blind by construction.

A record waits for a person at a stage when it is up for judgement there, not settled, not in conflict, and
this person has no live decision on it. Nothing here says whether anybody else has voted: the order may put
records with a first vote in front, but the answer is the record alone.
"""

from dataclasses import dataclass

from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import Mod

from reviews.models import Record, Report, Review, User

from .models import Conflict, Decision, Protocol, Resolution, Stage


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
    """The next `n` records for this person in the protocol's order; `after` leaves one out (say, "later")."""
    waiting = waiting_for(review, stage, user)
    if stage == Stage.FULL_TEXT:
        waiting = waiting.select_related("report")
    if after is not None:
        waiting = waiting.exclude(pk=after.pk)
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
    """

    mine: int
    waiting: int
    total: int


def progress(review: Review, stage: str, user: User) -> Progress:
    """Count this person's work at a stage. Three queries."""
    mine = Decision.objects.filter(
        record=OuterRef("pk"), stage=stage, reviewer=user, withdrawn_at__isnull=True
    )
    records = up_for_judgement(review, stage)
    return Progress(
        mine=records.filter(Exists(mine)).count(),
        waiting=waiting_for(review, stage, user).count(),
        total=records.count(),
    )


def own_decisions(review: Review, stage: str, user: User) -> QuerySet[Decision]:
    """This person's live decisions at a stage, in no particular order; their ids follow the time they were made."""
    return Decision.objects.filter(
        record__review=review, stage=stage, reviewer=user, withdrawn_at__isnull=True
    ).select_related("record", "reason")


def own_recent(review: Review, stage: str, user: User, n: int = 50) -> QuerySet[Decision]:
    """This person's latest live decisions at a stage, newest first: the way back from a slip."""
    return own_decisions(review, stage, user).order_by("-pk")[:n]
