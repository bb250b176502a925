"""Reading a review's records and comparing them: what is proven and what is likely. Writes nothing.

dedup.py acts on it. All of it happens outside of transactions, so nothing is locked however long it takes.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace

from django.db.models import QuerySet
from django.db.models.functions import Left

from .candidates import pairs_to_compare, those_in_reach
from .duplicate_groups import chunks
from .jobs import Report
from .likeness import Likeness, Outcome, compare, hopeless
from .likeness_fields import ABSTRACT_LENGTH, Facts, facts_of
from .models import Record, Review

AT_ONCE = 2000  # rows read, or pairs compared, between two reports
_COMPARED = (
    *("pk", "title", "authors", "year", "journal", "volume", "issue", "pages", "doi", "pmid"),
    *("publication_types", "duplicate_of_id"),
)

Pair = tuple[int, int]  # keys of two records, the smaller first
Likely = dict[Pair, Likeness]  # the most likely first


@dataclass
class Compared:
    """What comparing showed: `certain` and `unsure` pairs, whose records are described in `facts`."""

    pairs: int
    facts: dict[int, Facts]
    certain: Likely = field(default_factory=dict)
    unsure: Likely = field(default_factory=dict)


def compare_records(review: Review, *, only: Collection[int] | None, report: Report) -> Compared:
    """Compare the records of a review that are found, or those of `only` with all.

    Raises:
        Cancelled: the report was told to stop.
    """
    facts = {each.key: each for each in _facts(review, only, report)}
    report("choosing pairs", 0)
    pairs = list(pairs_to_compare(facts.values(), only=only))
    said: list[tuple[Likeness, int, int]] = []
    for done, (a, b) in enumerate(pairs):
        if done % AT_ONCE == 0:
            report("comparing", done, len(pairs))
        if not hopeless(a, b) and (likeness := compare(a, b)).outcome is not Outcome.DIFFERENT:
            said.append((likeness, a.key, b.key))
    said.sort(key=lambda each: (-each[0].score, each[1], each[2]))
    compared = Compared(pairs=len(pairs), facts=facts)
    for likeness, one, other in said:
        kind = compared.certain if likeness.outcome is Outcome.CERTAIN else compared.unsure
        kind[one, other] = likeness
    report("comparing", len(pairs), len(pairs))
    return compared


def facts_about(keys: Iterable[int]) -> dict[int, Facts]:
    """What is compared of these records."""
    found: dict[int, Facts] = {}
    for chunk in chunks(keys):
        found.update((each.key, each) for each in _read(Record.objects.filter(pk__in=chunk)))
    return found


def _facts(review: Review, only: Collection[int] | None, report: Report) -> list[Facts]:
    """Of all records that are found, or of those in `only` and all that share a block with one of them."""
    records = Record.objects.filter(review=review).found()
    total = records.count()
    everybody = _told(_read(records), total, report)
    if only is None:
        return list(everybody)
    wanted = frozenset(only)
    new = [
        each for chunk in chunks(only) for each in _read(records.filter(pk__in=chunk)) if each.key in wanted
    ]
    return those_in_reach(everybody, new) if new else []


def _told(facts: Iterable[Facts], total: int, report: Report) -> Iterator[Facts]:
    for done, each in enumerate(facts):
        if done % AT_ONCE == 0:
            report("reading", done, total)
        yield each


def _read(records: QuerySet[Record]) -> Iterator[Facts]:
    rows = (
        records.annotate(head=Left("abstract", 2 * ABSTRACT_LENGTH)).values(*_COMPARED, "head").order_by("pk")
    )
    for row in rows.iterator(chunk_size=AT_ONCE):
        yield facts_of(SimpleNamespace(**row, abstract=row["head"]), key=row["pk"])
