"""Who judges the records of an open pilot round, and how far they are. Reads only.

While a round is open, everybody with a seat judges each of its records and nobody else does; a record is settled
or in conflict when all of them have. Who left the review, or may no longer screen, keeps the seat and is not
waited for. How many each person has judged is told to everybody: in a pilot round everybody judges everything, so
it tells nothing of what they thought.
"""

from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, QuerySet

from reviews.models import Membership, Record, Review, User
from reviews.permissions import MAY

from .models import Decision, Sample, SampleRecord, SampleSeat

SCREENERS = [role for role, acts in MAY.items() if "screen" in acts]


def open_pilot(review: Review, stage: str) -> Sample | None:
    """The open pilot round of a stage, if there is one (there is never more than one). One query."""
    return _open().filter(review=review, stage=stage).first()


def screeners(review: Review) -> QuerySet[User]:
    """Everybody who may screen in this review now, by name."""
    active = Membership.objects.filter(review=review, deactivated_at__isnull=True, role__in=SCREENERS)
    return User.objects.filter(pk__in=active.values("user")).order_by("name", "pk")


@dataclass(frozen=True)
class Seats:
    """The seats of the open round a record is in: everybody's, and of those the ones that are waited for."""

    everybody: frozenset[int]
    awaited: frozenset[int]


def seats_at(record: Record, stage: str) -> Seats | None:
    """The seats of the open pilot round that this record is in; None where it is in none. One query."""
    held = SampleSeat.objects.filter(sample__in=_open().filter(stage=stage, drawn__record=record))
    rows = list(held.annotate(active=_still_screening(record.review)).values_list("person", "active"))
    if not rows:
        return None
    everybody = frozenset(person for person, _ in rows)
    return Seats(everybody, frozenset(person for person, active in rows if active))


def not_for(review: Review, stage: str, user: User) -> Exists:
    """A condition on records: in an open pilot round in which this person has no seat."""
    rounds = _open().filter(review=review, stage=stage).exclude(seats__person=user)
    return Exists(SampleRecord.objects.filter(record=OuterRef("pk"), sample__in=rounds))


@dataclass(frozen=True)
class Seat:
    """One person's part of a round: how many records they have judged, and whether they are waited for."""

    person: User
    judged: int
    active: bool


def seats_of(pilot: Sample) -> list[Seat]:
    """Everybody's part, by name. Two queries."""
    judged = dict(_judged(pilot).values_list("reviewer").annotate(n=Count("pk")))
    seats = SampleSeat.objects.filter(sample=pilot).select_related("person")
    return [
        Seat(seat.person, judged.get(seat.person_id, 0), seat.active)
        for seat in seats.annotate(active=_still_screening(pilot.review)).order_by("person__name", "person")
    ]


def own_part(pilot: Sample, user: User) -> int | None:
    """How many records of the round this person has judged; None without a seat. Two queries."""
    if not SampleSeat.objects.filter(sample=pilot, person=user).exists():
        return None
    return _judged(pilot).filter(reviewer=user).count()


def _judged(pilot: Sample) -> QuerySet[Decision]:
    return Decision.objects.filter(
        stage=pilot.stage, withdrawn_at__isnull=True, record__in=pilot.drawn.values("record")
    )


def _open() -> QuerySet[Sample]:
    return Sample.objects.filter(purpose=Sample.Purpose.PILOT, closed_at__isnull=True)


def _still_screening(review: Review) -> Exists:
    return Exists(
        Membership.objects.filter(
            review=review, user=OuterRef("person"), deactivated_at__isnull=True, role__in=SCREENERS
        )
    )
