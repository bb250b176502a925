"""How far the people of a review agree at a stage, over the records whose votes a member may see. Reads only.

Every figure here is computed from votes that the reader may read one by one on the records' own pages
(visibility.votes_seen says which), and from nothing else. So no figure, no difference between two figures or two
moments, and no smallness of a number can tell anything of a record that the reader has yet to judge
(docs/adr/0013). The formulas are in reviews/statistics, the choice of votes in independent_votes.py.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations

from django.db.models import QuerySet

from reviews.models import Membership, Record, User
from reviews.statistics.agreement import Agreement, two_people
from reviews.statistics.agreement_of_many import AgreementOfMany, many_people

from . import visibility
from .independent_votes import Judged, judged
from .models import Conflict, Decision, Protocol, Resolution, Sample, Stage, Verdict

SLICE, MOST_STEPS = (
    100,
    20,
)  # records a step of the figures over time; more a step where there would be more steps
APART = {Verdict.INCLUDE: 0, Verdict.MAYBE: 1, Verdict.EXCLUDE: 2}
TOGETHER = {Verdict.INCLUDE: 0, Verdict.MAYBE: 0, Verdict.EXCLUDE: 1}


@dataclass(frozen=True)
class Counting:
    """How verdicts become categories: `names` in order, the positive one first, and the place of each verdict."""

    names: tuple[str, ...]
    places: dict[str, int]

    @property
    def maybe_apart(self) -> bool:
        """Whether maybe is a category of its own."""
        return len(self.names) == 3


MAYBE_INCLUDES = Counting(("include or maybe", "exclude"), {str(v): n for v, n in TOGETHER.items()})
MAYBE_APART = Counting(("include", "maybe", "exclude"), {str(v): n for v, n in APART.items()})
TWO_ANSWERS = Counting(("include", "exclude"), {"include": 0, "exclude": 1})


@dataclass(frozen=True)
class Basis:
    """What the figures rest on, in records and votes that the reader may see (and the open conflicts).

    `by_two` records were judged independently by two people or more; `by_one` are settled or in conflict with one
    independent vote, `by_none` with none; `waiting` are the reader's own, waiting for another vote.
    `after_conflict` were settled by discussion or a third person, `in_conflict` wait for that (everybody may list
    them). Of the votes, `changed` were taken back after another lay open and count as first given; `after_votes`,
    `after_proposal` and those `brought` along from another tool are left out.
    """

    by_two: int
    by_one: int
    by_none: int
    waiting: int
    after_conflict: int
    in_conflict: int
    changed: int
    after_votes: int
    after_proposal: int
    brought: int


@dataclass(frozen=True)
class Pair:
    """Two people, their table of counts (rows: `one`, columns: `other`) and its figures."""

    one: User
    other: User
    table: list[list[int]]
    figures: Agreement


@dataclass(frozen=True)
class Step:
    """The figures of some records that follow each other in time, `first` and `last` when they were judged."""

    first: datetime
    last: datetime
    figures: AgreementOfMany


@dataclass(frozen=True)
class Figures:
    """All figures under one way of counting; `share` is the part of all answers that are of the first category."""

    counting: Counting
    share: float | None
    overall: AgreementOfMany
    pairs: list[Pair]
    disagreements: int


@dataclass(frozen=True)
class StageAgreement:
    """The figures of a stage. `apart` counts maybe the other way, where anybody answered maybe."""

    stage: str
    basis: Basis
    figures: Figures
    other_way: Figures | None
    over_time: list[Step]


def of_stage(
    membership: Membership, stage: str, *, pilot: Sample | None = None, with_proposal: bool = False
) -> StageAgreement:
    """The agreement at a stage, of a pilot round where one is given, as this member may see it. A few queries."""
    records = visible(membership, stage, pilot)
    everything = list(judged(records, stage, with_proposal=with_proposal))
    by_two = [one for one in everything if len(one.votes) > 1]
    counting = counting_of(membership, stage)
    people = _people(by_two)
    said_maybe = any(Verdict.MAYBE in one.votes.values() for one in by_two)
    other = MAYBE_INCLUDES if counting.maybe_apart else MAYBE_APART
    return StageAgreement(
        stage=stage,
        basis=_basis(membership, stage, pilot, everything),
        figures=_figures(by_two, counting, people),
        other_way=_figures(by_two, other, people) if said_maybe else None,
        over_time=_over_time(by_two, counting),
    )


def disagreements(
    membership: Membership, stage: str, *, pilot: Sample | None = None, with_proposal: bool = False
) -> list[Judged]:
    """The records on which independent votes differ, as the protocol counts them, by id of record. Two queries."""
    places = counting_of(membership, stage).places
    records = visible(membership, stage, pilot)
    return [
        one
        for one in judged(records, stage, with_proposal=with_proposal)
        if len({places[verdict] for verdict in one.votes.values()}) > 1
    ]


def visible(membership: Membership, stage: str, pilot: Sample | None = None) -> QuerySet[Record]:
    """The records that count: up for screening, not linked to another, whose votes this member may see."""
    return _counting(membership, pilot).filter(visibility.votes_seen(membership, stage))


def _counting(membership: Membership, pilot: Sample | None) -> QuerySet[Record]:
    records = Record.objects.filter(review=membership.review).to_screen()
    return records.filter(pk__in=pilot.drawn.values("record")) if pilot else records


def counting_of(membership: Membership, stage: str) -> Counting:
    """How the protocol counts maybe at this stage: as include, or as an answer of its own that makes a conflict."""
    if stage == Stage.FULL_TEXT:
        return TWO_ANSWERS
    conflict = Protocol.of(membership.review, stage).maybe_means == Protocol.Maybe.CONFLICT
    return MAYBE_APART if conflict else MAYBE_INCLUDES


def _figures(by_two: Sequence[Judged], counting: Counting, people: dict[int, User]) -> Figures:
    k = len(counting.names)
    units = _units(by_two, counting)
    overall = many_people(units, k)
    first = sum(answers[0] * n for answers, n in units.items())
    return Figures(
        counting=counting,
        share=first / overall.answers if overall.answers else None,
        overall=overall,
        pairs=_pairs(by_two, counting, people),
        disagreements=sum(n for answers, n in units.items() if max(answers) < sum(answers)),
    )


def _units(by_two: Iterable[Judged], counting: Counting) -> Counter[tuple[int, ...]]:
    """How many records have which answers, whoever gave them."""
    units: Counter[tuple[int, ...]] = Counter()
    for one in by_two:
        given = [0] * len(counting.names)
        for verdict in one.votes.values():
            given[counting.places[verdict]] += 1
        units[tuple(given)] += 1
    return units


def _pairs(by_two: Iterable[Judged], counting: Counting, people: dict[int, User]) -> list[Pair]:
    k = len(counting.names)
    cells: Counter[tuple[int, int, int, int]] = Counter()
    for one in by_two:
        for a, b in combinations(sorted(one.votes), 2):
            cells[a, b, counting.places[one.votes[a]], counting.places[one.votes[b]]] += 1
    pairs = []
    for a, b in sorted({key[:2] for key in cells}, key=lambda pair: [people[pk].name for pk in pair]):
        table = [[cells[a, b, i, j] for j in range(k)] for i in range(k)]
        pairs.append(Pair(people[a], people[b], table, two_people(table)))
    return pairs


def _over_time(by_two: Sequence[Judged], counting: Counting) -> list[Step]:
    """The figures of every hundred records (or more), in the order in which their last person judged them."""
    ordered = sorted(by_two, key=lambda one: one.last)
    size = SLICE * -(-len(ordered) // (SLICE * MOST_STEPS))
    slices = [ordered[start : start + size] for start in range(0, len(ordered), size)] if ordered else []
    if len(slices) < 2:
        return []
    ends = {end.last for part in slices for end in (part[0], part[-1])}
    moments = dict(Decision.objects.filter(pk__in=ends).values_list("pk", "made_at"))
    k = len(counting.names)
    return [
        Step(moments[part[0].last], moments[part[-1].last], many_people(_units(part, counting), k))
        for part in slices
    ]


def _people(by_two: Iterable[Judged]) -> dict[int, User]:
    wanted = {person for one in by_two for person in one.votes}
    return User.objects.in_bulk(list(wanted))


def _basis(membership: Membership, stage: str, pilot: Sample | None, everything: Sequence[Judged]) -> Basis:
    records = _counting(membership, pilot)
    live = {"stage": stage, "withdrawn_at__isnull": True}
    settled = Resolution.objects.filter(record__in=records.values("pk"), **live)
    disputed = Conflict.objects.filter(record__in=records.values("pk"), stage=stage, closed_at__isnull=True)
    own = Decision.objects.filter(reviewer=membership.user_id, record__in=records.values("pk"), **live)
    waiting = set(
        own.exclude(record__in=settled.values("record"))
        .exclude(record__in=disputed.values("record"))
        .values_list("record_id", flat=True)
    )
    return Basis(
        by_two=sum(len(one.votes) > 1 for one in everything),
        by_one=sum(len(one.votes) == 1 and one.record not in waiting for one in everything),
        by_none=sum(not one.votes and one.record not in waiting for one in everything),
        waiting=sum(len(one.votes) < 2 and one.record in waiting for one in everything),
        after_conflict=settled.filter(conflict__isnull=False).count(),
        in_conflict=disputed.count(),
        changed=sum(one.changed for one in everything),
        after_votes=sum(one.after_votes for one in everything),
        after_proposal=sum(one.after_proposal for one in everything),
        brought=sum(one.brought for one in everything),
    )
