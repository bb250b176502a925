"""Exports of records and decisions, row by row, blind-safe: a door that only reads.

Records carry what is settled about them, never a vote. Decisions are those on records settled at that stage,
which everybody in the review may see by then (screening/visibility.py); votes on open records stay inside.
"""

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.db.models import Count, Exists, IntegerField, OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.functions import Coalesce

from reviews import ris_file
from reviews.best_fields import FIELDS
from reviews.merged import merged_many
from reviews.models import ImportProblem, Record, Removal, Review, Search
from reviews.newness import first_of_their_papers
from screening.models import Decision, Resolution, Stage

CHUNK = 1000
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")
Row = dict[str, Any]


def neutralised(cell: Any) -> str:
    """One cell of a CSV as text that no spreadsheet takes for a formula.

    Text of papers and of people is untrusted: where it begins (blanks aside) with = + - @ or a tab or line end,
    an apostrophe is put in front. Numbers are written as they are.
    """
    if cell is None:
        return ""
    if isinstance(cell, int | float):
        return str(cell)
    text = str(cell)
    return f"'{text}" if text.startswith(DANGEROUS) or text.lstrip().startswith(DANGEROUS[:4]) else text


@dataclass(frozen=True)
class Kind:
    """One thing that can be exported: its words, its columns, its rows in order."""

    title: str
    says: str
    columns: tuple[str, ...]
    rows: Callable[[Review], QuerySet[Any]]
    row: Callable[[Any], Row]
    forms: tuple[str, ...] = ("csv", "json")
    with_more: Callable[[list[Any]], None] = lambda rows: None


# ---------------------------------------------------------------- records
def _records(review: Review) -> QuerySet[Record]:
    live = Resolution.objects.filter(withdrawn_at__isnull=True).select_related("reason")
    removals = Removal.objects.filter(withdrawn_at__isnull=True)
    return (
        Record.objects.filter(review=review)
        .found()
        .select_related("search", "duplicate_of", "report__study")
        .prefetch_related(
            Prefetch("resolutions", live, to_attr="live_resolutions"),
            Prefetch("removals", removals, to_attr="live_removals"),
        )
        .order_by("number")
    )


def _with_duplicates(records: list[Any]) -> None:
    """Put beside each record its duplicates and the best of their fields, as `whole`."""
    wholes = merged_many(records)
    for record in records:
        record.whole = wholes[record.pk]


def _record_row(record: Any) -> Row:
    settled = {resolution.stage: resolution for resolution in record.live_resolutions}
    first, full = settled.get(Stage.TITLE_ABSTRACT), settled.get(Stage.FULL_TEXT)
    removal = record.live_removals[0] if record.live_removals else None
    report = getattr(record, "report", None)
    best = record.whole.best
    told = {
        "number": record.number,
        **{name: getattr(best, name) for name in FIELDS},
        "source": record.search.source,
        "source_kind": record.search.kind,
        "searched_on": record.search.searched_on.isoformat(),
        "found_by": [search.source for search in record.whole.found_by],
        "duplicate_of": record.duplicate_of.number if record.duplicate_of else None,
        "duplicates": [each.number for each in record.whole.members if each.pk != record.pk],
        "fields_from": {
            name: [each.number for each in members] for name, members in record.whole.borrowed.items()
        },
        "removed": removal.kind if removal else None,
        "removed_because": removal.reason if removal else None,
        "title_abstract": first.verdict if first else None,
        "title_abstract_reason": first.reason.label if first and first.reason else None,
        "retrieval": report.retrieval if report else None,
        "not_retrieved_because": report.why_not if report else None,
        "full_text": full.verdict if full else None,
        "full_text_reason": full.reason.label if full and full.reason else None,
        "study": report.study.label if report and report.study else None,
    }
    return {column: told[column] for column in RECORD_COLUMNS}


# ---------------------------------------------------------------- decisions
def _decisions(review: Review) -> QuerySet[Decision]:
    settled = Resolution.objects.filter(
        record=OuterRef("record"), stage=OuterRef("stage"), withdrawn_at__isnull=True
    )
    return (
        Decision.objects.filter(Exists(settled), record__review=review)
        .select_related("record", "reviewer", "reason", "criteria_version")
        .order_by("record__number", "stage", "made_at", "pk")
    )


def _decision_row(decision: Decision) -> Row:
    return {
        "record": decision.record.number,
        "stage": decision.stage,
        "reviewer": decision.reviewer.name,
        "verdict": decision.verdict,
        "reason": decision.reason.label if decision.reason else None,
        "judgements": decision.judgements,
        "note": decision.note,
        "criteria_version": decision.criteria_version.number if decision.criteria_version else None,
        "made_at": decision.made_at.isoformat(timespec="milliseconds"),
        "seconds": decision.seconds,
        "seen_proposal": decision.seen_proposal,
        "seen_votes": decision.seen_votes,
        "brought_along": decision.brought_id is not None,
        "came_back": decision.came_from_id is not None,
        "withdrawn_at": decision.withdrawn_at.isoformat(timespec="milliseconds")
        if decision.withdrawn_at
        else None,
    }


# ---------------------------------------------------------------- searches
def _searches(review: Review) -> QuerySet[Search]:
    here = Record.objects.found().filter(search=OuterRef("pk"))
    return (
        Search.objects.filter(review=review, withdrawn_at__isnull=True)
        .select_related("imported_by")
        .annotate(
            found=_counted(here),
            new=_counted(first_of_their_papers(here)),
            noted=_counted(ImportProblem.objects.filter(search=OuterRef("pk"))),
        )
        .order_by("searched_on", "pk")
    )


def _counted(rows: QuerySet[Any]) -> Coalesce:
    """How many of these rows each search has, for rows filtered by the outer search."""
    counted = rows.order_by().values("search").annotate(n=Count("pk"))
    return Coalesce(Subquery(counted.values("n")), 0, output_field=IntegerField())


def search_row(search: Any) -> Row:
    """What PRISMA-S asks of a search, and what came of it."""
    return {
        "source": search.source,
        "platform": search.platform,
        "kind": search.kind,
        "searched_on": search.searched_on.isoformat(),
        "strategy": search.strategy,
        "limits": search.limits,
        "filters": search.filters,
        "declared": search.declared_count,
        "found": search.found,
        "new": search.new,
        "there_before": search.found - search.new,
        "problems": search.noted,
        "format": search.format,
        "sha256": search.sha256,
        "imported_by": search.imported_by.name,
        "imported_at": search.imported_at.isoformat(timespec="milliseconds"),
    }


SEARCH_COLUMNS = (
    "source", "platform", "kind", "searched_on", "strategy", "limits", "filters", "declared", "found", "new",
    "there_before", "problems", "format", "sha256", "imported_by", "imported_at",
)  # fmt: skip
RECORD_COLUMNS = (
    "number", "title", "authors", "year", "journal", "volume", "issue", "pages", "doi", "pmid", "registry_ids",
    "language", "keywords", "mesh", "publication_types", "url", "abstract", "source", "source_kind", "searched_on",
    "found_by", "duplicate_of", "duplicates", "fields_from", "removed", "removed_because", "title_abstract",
    "title_abstract_reason", "retrieval", "not_retrieved_because", "full_text", "full_text_reason", "study",
)  # fmt: skip
DECISION_COLUMNS = (
    "record", "stage", "reviewer", "verdict", "reason", "judgements", "note", "criteria_version", "made_at",
    "seconds", "seen_proposal", "seen_votes", "brought_along", "came_back", "withdrawn_at",
)  # fmt: skip
KINDS: dict[str, Kind] = {
    "records": Kind(
        "Records",
        "Every record identified, with what is settled about it: duplicate, removed, excluded with its reason, "
        "included, its report and study. A record that has duplicates carries the best of their fields, with whom each "
        "is from, and all sources that found the paper. No votes.",
        RECORD_COLUMNS,
        _records,
        _record_row,
        ("csv", "json", "ris"),
        _with_duplicates,
    ),
    "searches": Kind(
        "Searches",
        "What PRISMA-S asks of each search: source, platform, date, the search string as run, limits, filters, how "
        "many records it was said to have and how many came, how many of them were new.",
        SEARCH_COLUMNS,
        _searches,
        search_row,
    ),
    "decisions": Kind(
        "Decisions",
        "Every vote, withdrawn ones too, on records that are settled at that stage. Votes on records still being "
        "judged are left out.",
        DECISION_COLUMNS,
        _decisions,
        _decision_row,
    ),
}


def rows(review: Review, kind: str) -> QuerySet[Any]:
    """What an export of this kind would hold now. Raises KeyError: no such kind."""
    return KINDS[kind].rows(review)


def streamed(review: Review, kind: str, form: str) -> Iterator[str]:
    """The export in pieces of text, never all of it in memory: `csv` (with a header), `json` (one list), `ris`."""
    what = KINDS[kind]
    made = (what.row(row) for row in _loaded(what, review))
    if form == "ris":
        return map(ris_file.entry, made)
    return _as_csv(what.columns, made) if form == "csv" else _as_json(made)


def _loaded(what: Kind, review: Review) -> Iterator[Any]:
    found = what.rows(review).iterator(chunk_size=CHUNK)
    while chunk := list(islice(found, CHUNK)):
        what.with_more(chunk)
        yield from chunk


class _Echo:
    """A file that gives back what is written to it, for csv.writer."""

    def write(self, text: str) -> str:
        return text


def _as_csv(columns: tuple[str, ...], made: Iterable[Row]) -> Iterator[str]:
    writer = csv.writer(_Echo(), lineterminator="\r\n")
    # The mark lets a spreadsheet know that this is UTF-8; names like Müller survive a double click.
    yield "\ufeff" + writer.writerow(columns)
    for row in made:
        yield writer.writerow([neutralised(_flat(row[column])) for column in columns])


def _flat(value: Any) -> Any:
    """Lists as `a; b`, mappings as JSON, the rest as it is."""
    if isinstance(value, list):
        return "; ".join(str(part) for part in value)
    return json.dumps(value, sort_keys=True, ensure_ascii=False) if isinstance(value, dict) else value


def _as_json(made: Iterable[Row]) -> Iterator[str]:
    opening = "[\n"
    for row in made:
        yield opening + json.dumps(row, ensure_ascii=False)
        opening = ",\n"
    yield "\n]\n" if opening == ",\n" else "[]\n"
