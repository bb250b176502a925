"""What every parser gives back: records, rows that could not be used, and the file they came from."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ParsedRecord:
    """One entry of a search result, as the file tells it. Unknown text is "", an unknown year is None.

    A field is filled only from what the entry says about itself: a DOI that belongs to a cited paper
    would later make two different papers look like duplicates, so a doubtful identifier stays empty.
    """

    position: int  # 1-based place among the records of the file
    line: int  # 1-based line of the file where the entry begins
    raw: str  # the entry as found
    title: str = ""
    abstract: str = ""
    authors: tuple[str, ...] = ()
    year: int | None = None
    journal: str = ""
    doi: str = ""  # bare and lower-case: 10.1000/xyz
    pmid: str = ""
    registry_ids: tuple[str, ...] = ()  # trial registers: NCT01234567, ISRCTN01234567, ...
    language: str = ""
    keywords: tuple[str, ...] = ()
    mesh: tuple[str, ...] = ()
    publication_types: tuple[str, ...] = ()
    url: str = ""  # http or https only
    volume: str = ""
    issue: str = ""
    pages: str = ""
    # What the entry says beyond the fields above, in its order: (tag or name of the column, text). It is not
    # stored (raw has it); what other tools write there about judgements is read from it (see carried.py).
    extra: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """Text of the file that belongs to no record. It is shown to the person, never dropped in silence."""

    line: int  # 1-based
    reason: str
    excerpt: str  # at most EXCERPT_LENGTH characters of the text in question


@dataclass(frozen=True, slots=True)
class Source:
    """An opened file: what it was taken for, how its bytes were read, and its records, read as asked for."""

    format: str  # "ris", "medline", "web_of_science" or "pasted"
    encoding: str  # "utf-8", "cp1252", "utf-16-le", ...; with " (damaged)" when some bytes fit no letter
    records: Iterator[ParsedRecord | Problem]


class UnreadableFile(ValueError):
    """The bytes are nothing we can read. The message says what they are and how to mend it."""


EXCERPT_LENGTH = 200
