"""Retracted papers and notices of retraction: what a record says of itself, and lists of them.

A list is the Retraction Watch database's CSV (Crossref gives it away), any CSV with a column called DOI or PMID,
or text with one DOI or PubMed number a line. Of Retraction Watch only rows of the nature "Retraction" count: an
expression of concern or a correction retracts nothing, and a paper that was reinstated is not retracted any more.
Pure: no Django, no database.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from .parsers.identifiers import dois_in

PAPER, NOTICE = "retracted paper", "notice of retraction"

# PubMed's publication types, and the words of Web of Science, Embase and Scopus for the same.
_TYPES = {
    "retracted publication": PAPER,
    "retracted article": PAPER,
    "retracted": PAPER,
    "retraction of publication": NOTICE,
    "retraction": NOTICE,
    "retraction notice": NOTICE,
    "retraction note": NOTICE,
}
# Publishers put the word in front: "RETRACTED:", "RETRACTED ARTICLE:", "[Retracted]", "Retraction Note to:". A word
# that goes on ("Retraction of the tongue in ...") is no notice.
_PAPER_TITLE = re.compile(
    r"\W{0,2}retracted(?:\s+(?:article|paper|chapter|publication|study))?\s*(?:[:\].)–—]|-\s)", re.IGNORECASE
)
_NOTICE_TITLE = re.compile(
    r"\W{0,2}(?:(?:notice|statement|note)\s+of\s+retraction\b|retraction\s+(?:notice|note|statement)\b"
    r"|retraction(?:\s+to)?\s*(?:[:\])–—]|-\s)|retraction\s*\.?$)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Said:
    """What a record says that makes it one: a retracted paper or a notice, and the words."""

    what: str
    words: str


def said_by(title: str, publication_types: Iterable[str]) -> Iterator[Said]:
    """Each sign of a retraction that a record carries itself."""
    for kind in publication_types:
        if what := _TYPES.get(" ".join(kind.casefold().split())):
            yield Said(what, f"publication type {kind}")
    for what, pattern in ((PAPER, _PAPER_TITLE), (NOTICE, _NOTICE_TITLE)):
        if found := pattern.match(title):
            yield Said(what, f"title begins with “{found[0].strip()}”")


@dataclass
class Listed:
    """DOIs (bare, lower-case) and PubMed numbers of retracted papers and of notices; `rows` were read for it."""

    papers: set[str] = field(default_factory=set)
    notices: set[str] = field(default_factory=set)
    rows: int = 0
    passed_over: int = 0  # corrections, expressions of concern, reinstated papers


class UnreadableList(ValueError):
    """Nothing in it can be used; the message says why."""


# Names of columns, without blanks and signs: what they hold.
_COLUMNS = {
    "originalpaperdoi": "papers",
    "originalpaperpubmedid": "papers",
    "retractiondoi": "notices",
    "retractionpubmedid": "notices",
    "doi": "papers",
    "pmid": "papers",
    "pubmedid": "papers",
    "pubmednumber": "papers",
    "retractionnature": "nature",
}
_NUMBERS_ONLY = re.compile(r"[\s,;]*(?:pmid:?\s*)?\d{1,8}(?:[\s,;]+(?:pmid:?\s*)?\d{1,8})*[\s,;.]*", re.I)
_NUMBER = re.compile(r"\d{1,8}")
_PMID = re.compile(r"\bPMID\b[:\s]*(\d{1,8})\b", re.I)


def read_list(stream: BinaryIO) -> Listed:
    """The retractions of a list, told by its first line.

    Raises:
        UnreadableList: no DOI and no PubMed number is in it, or it is no text.
    """
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace", newline="")
    try:
        first = text.readline(1 << 16)
        if "\x00" in first:
            raise UnreadableList("This is no text: a spreadsheet must be saved as CSV first.")
        delimiter = "\t" if "\t" in first else ";" if first.count(";") > first.count(",") else ","
        columns = [
            _COLUMNS.get(re.sub(r"[\W_]", "", name.casefold()), "")
            for name in next(csv.reader([first], delimiter=delimiter), [])
        ]
        if {"papers", "notices"} & set(columns):
            listed = _from_table(csv.reader(text, delimiter=delimiter), columns)
        else:
            listed = _from_lines([first], text)
    except csv.Error as no:
        raise UnreadableList(f"The table cannot be read: {no}.") from no
    finally:
        text.detach()
    if not listed.papers and not listed.notices:
        raise UnreadableList("No DOI and no PubMed number was found in it.")
    return listed


def _from_table(rows: Iterable[list[str]], columns: list[str]) -> Listed:
    listed, reinstated = Listed(), set()
    for row in rows:
        if not any(row):
            continue
        listed.rows += 1
        cells = list(zip(columns, row, strict=False))
        nature = " ".join(cell.casefold() for what, cell in cells if what == "nature")
        papers = {each for what, cell in cells if what == "papers" for each in _identifiers(cell)}
        if nature and not re.search(r"\bretraction\b", nature):
            listed.passed_over += 1
            if "reinstatement" in nature:
                reinstated |= papers
            continue
        listed.papers |= papers
        listed.notices |= {each for what, cell in cells if what == "notices" for each in _identifiers(cell)}
    listed.papers -= reinstated
    listed.notices -= listed.papers | reinstated  # many publishers give the notice the paper's own DOI
    return listed


def _identifiers(cell: str) -> list[str]:
    """The DOI or the PubMed number of one cell; "unavailable" and 0 stand where there is none."""
    number = cell.strip()
    if number.isascii() and number.isdigit():
        number = number.lstrip("0")
        return [number] if 0 < len(number) <= 8 else []
    return dois_in(cell)


def _from_lines(*parts: Iterable[str]) -> Listed:
    listed = Listed()
    for part in parts:
        for line in part:
            found = dois_in(line) or _PMID.findall(line)
            if not found and _NUMBERS_ONLY.fullmatch(line):
                found = _NUMBER.findall(line)
            listed.rows += bool(line.strip())
            listed.papers.update(stripped for each in found if (stripped := each.lstrip("0")))
    return listed
