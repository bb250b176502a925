"""The way through the pairs that people judge: which comes next, which was before, how far they are. Reads only."""

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from .dedup import waiting_pairs
from .models import DuplicatePair, Review


@dataclass(frozen=True)
class Place:
    """A pair and where it stands: `judged` by people so far, `waiting` still, and the pair one comes back to."""

    pair: DuplicatePair | None
    judged: int
    waiting: int
    before: int | None

    @property
    def total(self) -> int:
        """All pairs that people were or are asked about."""
        return self.judged + self.waiting


def place(review: Review, *, pair: int | None = None, after: int | None = None) -> Place:
    """The pair with this key; else the next one that waits after the pair `after`; else the first that waits.

    The most likely comes first, and after the last the first again. Keys of other reviews are passed over.
    """
    waiting = waiting_pairs(review)
    shown = _pairs(review).filter(pk=pair).first() if pair is not None else None
    if shown is None:
        last = DuplicatePair.objects.filter(review=review, pk=after).first() if after is not None else None
        queue = _with_records(waiting)
        shown = (queue.filter(_later_than(last)).first() if last else None) or queue.first()
    return Place(
        pair=shown,
        judged=judged_by_people(review).count(),
        waiting=waiting.count(),
        before=_before(review, shown),
    )


def judged_by_people(review: Review) -> QuerySet[DuplicatePair]:
    """Pairs on which a person's word stands."""
    return DuplicatePair.objects.filter(review=review, decided_by__isnull=False)


def judged_different(review: Review) -> QuerySet[DuplicatePair]:
    """Pairs that a person judged different, the latest first."""
    return (
        _with_records(judged_by_people(review))
        .filter(verdict=DuplicatePair.Verdict.DIFFERENT)
        .order_by("-decided_at", "-pk")
    )


def _before(review: Review, shown: DuplicatePair | None) -> int | None:
    """The pair before this one in the order of the queue, judged ones included; at the end the last of them."""
    seen = judged_by_people(review)
    if shown is not None:
        earlier = Q(score__gt=shown.score) | Q(score=shown.score, pk__lt=shown.pk)
        waiting = waiting_pairs(review).filter(earlier).order_by("score", "-pk").first()
        judged = seen.filter(earlier).order_by("score", "-pk").first()
        near = [pair for pair in (waiting, judged) if pair is not None]
        return max(near, key=lambda pair: (-pair.score, pair.pk)).pk if near else None
    last = seen.order_by("score", "-pk").first()
    return last.pk if last else None


def _later_than(pair: DuplicatePair) -> Q:
    return Q(score__lt=pair.score) | Q(score=pair.score, pk__gt=pair.pk)


def _pairs(review: Review) -> QuerySet[DuplicatePair]:
    return _with_records(DuplicatePair.objects.filter(review=review))


def _with_records(pairs: QuerySet[DuplicatePair]) -> QuerySet[DuplicatePair]:
    return pairs.select_related(
        "a__search", "b__search", "a__duplicate_of__search", "b__duplicate_of__search", "decided_by"
    ).defer("a__raw", "b__raw", "a__duplicate_of__raw", "b__duplicate_of__raw")
