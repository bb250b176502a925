"""A parsed entry to a row of the corpus: what does not fit a column is cut there and said as a problem."""

import re
from typing import Any

from .models import ImportProblem, Record, Search
from .models.corpus import sha256_of
from .parsers import ParsedRecord, Problem

YEARS = range(1400, 2101)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_COLUMNS = ("journal", "volume", "issue", "pages", "doi", "pmid", "language")
_LISTS = ("authors", "registry_ids", "keywords", "mesh", "publication_types")
_LENGTHS = {name: getattr(Record._meta.get_field(name), "max_length") for name in _COLUMNS}  # noqa: B009


def row_from(
    parsed: ParsedRecord, *, review_id: int, search_id: int | None, number: int
) -> tuple[dict[str, Any], list[str]]:
    """The columns of one entry by name, and what has to be said about it. Never an error: what does not fit is cut."""
    said: list[str] = []
    raw = storable(parsed.raw)
    if raw != parsed.raw:
        said.append("Characters that no database can store were left out.")
    if "\ufffd" in raw:
        said.append("Some letters could not be read; � stands in their place.")
    row: dict[str, Any] = {name: _cut(getattr(parsed, name), name, said) for name in _COLUMNS}
    year = parsed.year
    if year is not None and year not in YEARS:
        said.append(f"{year} is no year of publication; the year was left empty.")
        year = None
    title = storable(parsed.title).strip()
    if not title:
        said.append("No title was found; the record is kept without one.")
    row |= {
        "review_id": review_id,
        "search_id": search_id,
        "position": parsed.position,
        "line": parsed.line,
        "number": number,
        "raw": raw,
        "raw_sha256": sha256_of(raw),
        "title": title,
        "abstract": storable(parsed.abstract).strip(),
        "year": year,
        "url": storable(parsed.url),
    }
    for name in _LISTS:
        row[name] = [storable(each) for each in getattr(parsed, name)]
    return row, said


def record_from(parsed: ParsedRecord, search: Search, number: int) -> tuple[Record, list[ImportProblem]]:
    """The same as an unsaved Record with its unsaved problems."""
    row, said = row_from(parsed, review_id=search.review_id, search_id=search.pk, number=number)
    problems = [ImportProblem(**problem) for problem in problems_of(row, said)]
    return Record(**row), problems


def problems_of(row: dict[str, Any], said: list[str]) -> list[dict[str, Any]]:
    """What was said about a row, as rows of their own."""
    excerpt = row["title"][:200] or row["raw"][:200]
    return [
        {"search_id": row["search_id"], "line": row["line"], "reason": reason[:300], "excerpt": excerpt}
        for reason in said
    ]


def problem_row(problem: Problem, search: Search) -> dict[str, Any]:
    """The row of what belongs to no record."""
    return {
        "search_id": search.pk,
        "line": problem.line,
        "reason": storable(problem.reason)[:300],
        "excerpt": storable(problem.excerpt),
    }


def storable(text: str) -> str:
    """Without zero characters and lone surrogates, which PostgreSQL refuses."""
    if text.isascii() and "\0" not in text:  # nearly always, and ten times as quick to ask
        return text
    return _UNSTORABLE.sub("", text)


def _cut(value: str, name: str, said: list[str]) -> str:
    """The value, at most as long as its column; identifiers are left out rather than cut into others."""
    value = storable(value).strip()
    longest = _LENGTHS[name]
    if len(value) <= longest:
        return value
    if name in ("doi", "pmid"):
        said.append(
            f"The {name.upper()} is longer than {longest} characters and was left out; the raw entry has it."
        )
        return ""
    said.append(f"The {name} is longer than {longest} characters and was cut; the raw entry has all of it.")
    return value[:longest]
