"""Which sources found which papers, and which papers only one of them found. Reads only; nothing is stored.

A *paper* is a group of duplicates, counted once: PRISMA's records after duplicates are taken out. A source found it if
any record of the group is from a search of that source; undone searches count nowhere. So, for the whole review:

    records of all sources                     = records identified
    papers                                     = records identified - duplicates
    papers found by exactly 1, 2, ... sources  = papers
    records of a source - papers of it         = how often it found the same paper again

The database counts: one row for each combination of sources comes out of it, however many records there are.
"""

from collections import Counter
from dataclasses import dataclass
from itertools import combinations

from django.db import connection
from django.db.models import BigIntegerField, Case, Count, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce

from .models import Record, Review, Search
from .models.corpus import SearchKind

BITS = 60  # sources in one whole number of the database: 63 are what both vendors can add up


@dataclass(frozen=True)
class Unit:
    """What is compared: one source (all searches of its name and kind), or one search. `searches`: their keys."""

    label: str
    kind: str
    searches: tuple[int, ...]

    @property
    def kind_name(self) -> str:
        """Database, register, ..."""
        return str(SearchKind(self.kind).label)


@dataclass(frozen=True)
class Line:
    """One unit: `records` as found, `papers` they are of, `alone` the papers nobody else found; and of the included."""

    unit: Unit
    records: int
    papers: int
    alone: int
    included: int
    included_alone: int

    @property
    def again(self) -> int:
        """Records of papers that this unit had found already."""
        return self.records - self.papers


@dataclass(frozen=True)
class Both:
    """Two units, by their place among the lines: the papers both found, and how many of them are included."""

    a: int
    b: int
    papers: int
    included: int


@dataclass(frozen=True)
class Overlap:
    """All of it. `found_by[n]` is how many papers (and included ones) exactly n units found."""

    lines: list[Line]
    pairs: list[Both]
    found_by: dict[int, tuple[int, int]]
    records: int
    papers: int
    included: int

    def both(self, a: int, b: int) -> int:
        """Papers that both of these lines found."""
        wanted = (min(a, b), max(a, b))
        return next((pair.papers for pair in self.pairs if (pair.a, pair.b) == wanted), 0)


def units_of(review: Review, *, by_search: bool = False) -> list[Unit]:
    """The sources (or each search) that count, in the order they were first imported."""
    found: dict[object, list[Search]] = {}
    for search in Search.objects.filter(review=review, withdrawn_at__isnull=True).order_by("pk"):
        found.setdefault(search.pk if by_search else (search.kind, search.source), []).append(search)
    return [
        Unit(str(first) if by_search else first.source, first.kind, tuple(each.pk for each in searches))
        for searches in found.values()
        for first in searches[:1]
    ]


def overlap(review: Review, units: list[Unit], *, included: QuerySet[Record]) -> Overlap:
    """Count who found what. `included`: the records that stay of the papers in the review, as PRISMA counts them."""
    everything = _by_combination(review, units)
    of_included = _by_combination(review, units, only=included)
    records = dict(
        Record.objects.filter(review=review).found().order_by().values_list("search").annotate(n=Count("pk"))
    )
    lines = [
        Line(
            unit=unit,
            records=sum(records.get(key, 0) for key in unit.searches),
            papers=_holding(everything, place),
            alone=everything[frozenset([place])],
            included=_holding(of_included, place),
            included_alone=of_included[frozenset([place])],
        )
        for place, unit in enumerate(units)
    ]
    pairs = [
        Both(a, b, _holding(everything, a, b), _holding(of_included, a, b))
        for a, b in combinations(range(len(units)), 2)
    ]
    sizes = sorted({len(places) for places in everything})
    found_by = {size: (_of_size(everything, size), _of_size(of_included, size)) for size in sizes}
    return Overlap(
        lines, pairs, found_by, sum(records.values()), sum(everything.values()), sum(of_included.values())
    )


def _holding(counted: Counter[frozenset[int]], *wanted: int) -> int:
    return sum(n for places, n in counted.items() if places.issuperset(wanted))


def _of_size(counted: Counter[frozenset[int]], size: int) -> int:
    return sum(n for places, n in counted.items() if len(places) == size)


def _by_combination(
    review: Review, units: list[Unit], *, only: QuerySet[Record] | None = None
) -> Counter[frozenset[int]]:
    """How many papers each combination of units found: a bit for each unit, added up once for each paper."""
    if not units:
        return Counter()
    papers = Record.objects.filter(review=review).found().annotate(paper=Coalesce("duplicate_of_id", "pk"))
    if only is not None:
        papers = papers.filter(paper__in=only.order_by().values("pk"))
    masks = {
        f"mask{start // BITS}": Sum(_bits(units[start : start + BITS]), distinct=True)
        for start in range(0, len(units), BITS)
    }
    grouped = papers.order_by().values("paper").annotate(**masks).values(*masks)
    sql, params = grouped.query.sql_with_params()
    columns = ", ".join(masks)
    counted: Counter[frozenset[int]] = Counter()
    with connection.cursor() as cursor:
        # Column names are ours and parameters stay parameters: nothing here comes from outside.
        cursor.execute(f"SELECT {columns}, COUNT(*) FROM ({sql}) AS papers GROUP BY {columns}", params)  # noqa: S608
        for *values, n in cursor.fetchall():
            counted[_places([int(value or 0) for value in values])] += n
    return counted


def _bits(units: list[Unit]) -> Case:
    whens = [When(search__in=unit.searches, then=Value(1 << place)) for place, unit in enumerate(units)]
    return Case(*whens, default=Value(0), output_field=BigIntegerField())


def _places(masks: list[int]) -> frozenset[int]:
    return frozenset(
        number * BITS + bit for number, mask in enumerate(masks) for bit in range(BITS) if mask >> bit & 1
    )
