"""Pilot rounds: a sample that everybody who screens judges, drawn and closed by a lead.

Drawing locks the records it draws before the review, like every verb of judgement; so a record that is settled in
the same moment is either settled or drawn, never both.
"""

from collections.abc import Collection

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from reviews import audit
from reviews.models import Record, Review, User, Verb
from reviews.refusals import BadInput, Refused

from .models import Conflict, Decision, Protocol, Resolution, Sample, SampleRecord, SampleSeat
from .models.protocol import SCREENING_STAGES
from .pilot_seats import open_pilot, screeners, seats_of
from .queue import up_for_judgement
from .sampling import draw
from .settling import conclude

MOST = 500
LARGEST_SEED = 2**53 - 1  # the largest whole number that JSON passes on unharmed everywhere
TRIES = 5


class _Moved(Exception):
    """A record that was drawn was settled before it could be locked."""


def open_records(review: Review, stage: str) -> QuerySet[Record]:
    """What a pilot round is drawn from: records up for judgement, not settled and not in conflict.

    Whether somebody has voted on them plays no part: otherwise their number would tell how far others are.
    """
    settled = Resolution.objects.filter(record=OuterRef("pk"), stage=stage, withdrawn_at__isnull=True)
    disputed = Conflict.objects.filter(record=OuterRef("pk"), stage=stage, closed_at__isnull=True)
    return up_for_judgement(review, stage).exclude(Exists(settled)).exclude(Exists(disputed))


def draw_pilot(
    *, review: Review, stage: str, by: User, size: int, seed: int, people: Collection[User]
) -> Sample:
    """Draw `size` open records that all of `people` judge. The same seed and open records give the same draw.

    Votes already made on them count as their makers' votes in the round.

    Raises:
        BadInput: an unknown stage, a size or seed out of range, fewer than two people, one who may not screen.
        Refused: a round is open at this stage, fewer records are open, or they keep being settled meanwhile.
    """
    _check(review, stage, size, seed, people)
    with transaction.atomic():
        numbers, chosen = _locked_draw(review, stage, size, seed)
        review = Review.objects.select_for_update(no_key=True).get(pk=review.pk)
        if open_pilot(review, stage) is not None:
            raise Refused("A pilot round is open at this stage.", mend="Close it before drawing another.")
        pilot = Sample.objects.create(
            review=review,
            stage=stage,
            purpose=Sample.Purpose.PILOT,
            size=size,
            seed=seed,
            drawn_from=numbers,
            drawn_by=by,
            drawn_at=audit.now(),
        )
        SampleRecord.objects.bulk_create(
            SampleRecord(sample=pilot, record=record, position=n) for n, record in enumerate(chosen, 1)
        )
        names = sorted({(person.name, person.pk) for person in people})
        SampleSeat.objects.bulk_create(SampleSeat(sample=pilot, person_id=pk) for _, pk in names)
        audit.log(
            review=review,
            verb=Verb.PILOT_DRAWN,
            actor=by,
            stage=stage,
            subject={"sample": pilot.pk},
            after={
                "size": size,
                "seed": seed,
                "drawn_from": numbers,
                "records": [record.number for record in chosen],
                "people": [name for name, _ in names],
            },
        )
    return pilot


def close_pilot(*, pilot: Sample, by: User, reason: str = "") -> Sample:
    """End a round. From now on its records are judged as the protocol says, with the votes they have.

    What has votes enough is settled or goes to the conflicts; the rest goes back to the queue. While somebody who
    is waited for has not judged everything, a reason is needed.

    Raises:
        Refused: closed already.
        BadInput: somebody has not judged everything and no reason was given.
    """
    with transaction.atomic():
        records = _locked(Record.objects.filter(pk__in=pilot.drawn.values("record")))
        review = Review.objects.select_for_update(no_key=True).get(pk=pilot.review_id)
        pilot = Sample.objects.select_related("review").get(pk=pilot.pk)
        if pilot.closed_at is not None:
            raise Refused("This pilot round is closed already.")
        behind = [seat.person.name for seat in seats_of(pilot) if seat.active and seat.judged < pilot.size]
        if behind and not reason.strip():
            raise BadInput(
                f"{', '.join(behind)} {'has' if len(behind) == 1 else 'have'} not judged every record of the round.",
                mend="Wait for them, or say in a sentence why the round ends now.",
            )
        pilot.closed_at = audit.now()
        pilot.save(update_fields=["closed_at"])
        settled, disputed = _conclude_all(pilot, records, by)
        audit.log(
            review=review,
            verb=Verb.PILOT_CLOSED,
            actor=by,
            stage=pilot.stage,
            subject={"sample": pilot.pk},
            after={"settled": settled, "in_conflict": disputed, "not_finished_by": behind},
            reason=reason.strip(),
        )
    return pilot


def _check(review: Review, stage: str, size: int, seed: int, people: Collection[User]) -> None:
    if stage not in SCREENING_STAGES:
        raise BadInput("There are pilot rounds at title and abstract and at full text only.")
    if not 1 <= size <= MOST:
        raise BadInput(f"A pilot round has 1 to {MOST} records.", mend="Thirty is a usual number.")
    if not 0 <= seed <= LARGEST_SEED:
        raise BadInput("The seed is a whole number from 0.", mend=f"Choose one up to {LARGEST_SEED}.")
    wanted = {person.pk for person in people}
    if len(wanted) < 2:
        raise BadInput("A pilot round needs two people or more.", mend="Choose who judges it.")
    if unknown := wanted - set(screeners(review).values_list("pk", flat=True)):
        raise BadInput(
            f"{len(unknown)} of the people chosen may not screen in this review.",
            mend="Choose leads and reviewers.",
        )


def _locked_draw(review: Review, stage: str, size: int, seed: int) -> tuple[int, list[Record]]:
    """How many records were open, and those drawn, locked, in the order of the draw."""
    for _ in range(TRIES):
        try:
            with transaction.atomic():  # leaving it by an exception gives the locks back
                keys = dict(open_records(review, stage).values_list("number", "pk"))
                if len(keys) < size:
                    raise Refused(
                        f"{len(keys):,} records are open at this stage, fewer than {size:,}.",
                        mend="Draw fewer, or import more first.",
                    )
                drawn = [keys[number] for number in draw(seed, keys, size)]
                records = {record.pk: record for record in _locked(Record.objects.filter(pk__in=drawn))}
                if open_records(review, stage).filter(pk__in=drawn).count() < size:
                    raise _Moved
                return len(keys), [records[pk] for pk in drawn]
        except _Moved:
            continue
    raise Refused("Records are being settled faster than they can be drawn.", mend="Try again in a moment.")


def _locked(records: QuerySet[Record]) -> list[Record]:
    locked = records.select_for_update(of=("self",), no_key=True).select_related("review", "search")
    return list(locked.order_by("pk"))


def _conclude_all(pilot: Sample, records: list[Record], by: User) -> tuple[list[int], list[int]]:
    """Settle or dispute what has votes enough; the numbers of each."""
    protocol = Protocol.of(pilot.review, pilot.stage)
    waiting = set(
        open_records(pilot.review, pilot.stage)
        .filter(pk__in=[record.pk for record in records])
        .values_list("pk", flat=True)
    )
    votes: dict[int, list[Decision]] = {pk: [] for pk in waiting}
    live = Decision.objects.filter(record__in=waiting, stage=pilot.stage, withdrawn_at__isnull=True)
    for vote in live.select_related("reviewer", "reason").order_by("made_at", "pk"):
        votes[vote.record_id].append(vote)
    settled, disputed = [], []
    for record in records:
        outcome = conclude(record, protocol, votes.get(record.pk, []), by)
        if isinstance(outcome, Resolution):
            settled.append(record.number)
        elif isinstance(outcome, Conflict):
            disputed.append(record.number)
    return sorted(settled), sorted(disputed)
