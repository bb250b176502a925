"""Labelled sets for benchmarks.dedup: a CSV of records, a CSV of groups of identifiers, read however they come.

The layout is that of bib-dedupe's data: ID, title, year, author, pages, volume, number, ENTRYTYPE, journal, and
in some sets booktitle, doi, abstract and more. Any column may be missing; encodings and separators differ.
"""

import csv
import re
import sys
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path

from reviews.parsers.parsed import ParsedRecord

Row = dict[str, str]
Pair = tuple[str, str]  # identifiers, in order

_NAMES = {
    "id": ("id", "record_id", "recordid", "key"),
    "title": ("title", "primary_title", "article_title"),
    "author": ("author", "authors"),
    "year": ("year", "date", "publication_year"),
    "journal": ("journal", "secondary_title", "source", "container_title"),
    "booktitle": ("booktitle", "series"),
    "volume": ("volume",),
    "number": ("number", "issue"),
    "pages": ("pages", "page"),
    "doi": ("doi",),
    "pmid": ("pmid", "pubmed_id", "accession"),
    "abstract": ("abstract",),
    "type": ("entrytype", "type"),
}
_KINDS = {"inproceedings": "Conference Paper", "proceedings": "Conference Paper", "book": "Book",
          "incollection": "Book Chapter", "inbook": "Book Chapter", "phdthesis": "Thesis"}  # fmt: skip
_UNTOLD = frozenset({"nan", "na", "n/a", "none", "null", "unknown"})


def rows_of(path: Path) -> list[Row]:
    """The records of a file, in its order, by our names for the columns; an identifier counts once."""
    rows: dict[str, Row] = {}
    again = 0
    for number, told in enumerate(_dicts(path), start=1):
        low = {name.strip().lower().replace(" ", "_"): (value or "").strip() for name, value in told.items()}
        row = {
            ours: next((low[name] for name in theirs if _told(low.get(name))), "")
            for ours, theirs in _NAMES.items()
        }
        row["id"] = row["id"] or str(number)
        again += row["id"] in rows
        rows.setdefault(row["id"], row)
    if again:
        print(f"{path.name}: {again} identifiers stand there again; the first counts", file=sys.stderr)
    return list(rows.values())


def true_pairs_of(path: Path, known: Iterable[str]) -> set[Pair]:
    """Every pair of records that the gold file puts in one group; groups that overlap are one group."""
    ids, groups = set(known), Groups()
    unknown = 0
    for told in _dicts(path):
        joined = told.get("merged_ids") or next(iter(told.values()), "") or ""
        members = [each.strip() for each in re.split(r"[;,|]", joined) if each.strip()]
        unknown += sum(each not in ids for each in members)
        for each in members:
            groups.join(members[0], each)
    if unknown:
        print(f"{path.name}: {unknown} identifiers are of no record and were left out", file=sys.stderr)
    return {pair for group in groups.all() for pair in combinations(sorted(ids & group), 2)}


class Groups:
    """Things put together: join(a, b) makes one group of theirs."""

    def __init__(self) -> None:
        self._of: dict[str, set[str]] = {}

    def join(self, a: str, b: str) -> None:
        """Make one group of the groups of a and b."""
        one, other = (self._of.setdefault(each, {each}) for each in (a, b))
        if one is not other:
            one |= other
            for each in other:
                self._of[each] = one

    def together(self, a: str, b: str) -> bool:
        """Whether a and b are in one group."""
        return a == b or (a in self._of and self._of.get(b) is self._of[a])

    def all(self) -> list[set[str]]:
        """Every group once."""
        return list({id(group): group for group in self._of.values()}.values())


def record_of(row: Row, position: int) -> ParsedRecord:
    """A row as one of our parsers would give it."""
    year = re.search(r"\b(1[89]|20)\d\d\b", row["year"])
    doi = re.search(r"10\.\d{4,9}/[^\s;\]]+", row["doi"].lower())
    kind = _KINDS.get(row["type"].lower())
    return ParsedRecord(
        position=position,
        line=position,
        raw=row["id"],
        title=row["title"],
        abstract=row["abstract"],
        authors=people_of(row["author"]),
        year=int(year[0]) if year else None,
        journal=row["journal"] or row["booktitle"],
        volume=row["volume"],
        issue=row["number"],
        pages=row["pages"],
        doi=doi[0].rstrip(".,") if doi else "",
        pmid=row["pmid"] if re.fullmatch(r"\d{1,8}", row["pmid"]) else "",
        publication_types=(kind,) if kind else (),
    )


def people_of(text: str) -> tuple[str, ...]:
    """The authors of one string, however they were joined; not told apart, they stay one."""
    if re.search(r"\band\b", text):
        people = re.split(r"\s*\band\b\s*", text)
    elif ";" in text:
        people = text.split(";")
    else:
        people = [text]
    return tuple(name for each in people if (name := each.strip(" ,;\n")))


def _told(text: str | None) -> bool:
    return bool(text) and str(text).lower() not in _UNTOLD


def _dicts(path: Path) -> list[Row]:
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    csv.field_size_limit(1 << 28)
    head = text.split("\n", 1)[0]
    comma = max(",;\t", key=head.count) if head.count(",") < 2 and len(head) > 30 else ","
    return list(csv.DictReader(text.splitlines(keepends=True), delimiter=comma))
