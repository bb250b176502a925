"""A record's fields brought to one spelling, so that two databases' versions of a paper can be compared.

Titles, names and places have files of their own. Pure: no Django, no database. `facts_of` takes anything that has
a record's attributes (the model, a parsed record, a test's dataclass). What is unknown is empty, and the unknown
contradicts nothing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from sys import intern
from typing import Protocol
from urllib.parse import unquote

from .likeness_names import Person, people_in
from .likeness_places import Journal, issue_of, journal_of, pages_of, volume_of
from .likeness_titles import ABOUT_ANOTHER, figures_in, plain, title_words, words_in

ABSTRACT_LENGTH = 400  # characters kept for comparing: enough to tell two abstracts apart, little to store

_DOI = re.compile(r"10\.\d{1,9}/[^\s\"<>;]+")
# What stands before the text of some databases' abstracts only.
_HEADING = re.compile(
    r"^(?:abstract|background|objectives?|aims?|purpose|introduction|summary)\W+(?:and \w+\W+)?"
)
# Where preprints stand, by the beginnings of their DOIs and by name: another report than the article.
_PREPRINT = re.compile(
    r"10\.(?:1101/(?:\d{4}\.\d\d\.|\d{6}$)|31234/|31219/|21203/|2139/ssrn|20944/|26434/|48550/|22541/|36227/)"
    r"|\b(?:\w+rxiv|preprints?|research square|ssrn|authorea)\b"
)
_TYPES_ABOUT_ANOTHER = {
    "comment": "comment",
    "published erratum": "correction",
    "erratum": "correction",
    "correction": "correction",
    "retraction of publication": "retraction",
    "retraction notice": "retraction",
    "editorial": "editorial",
    "conference abstract": "conference abstract",
    "meeting abstract": "conference abstract",
    "congress": "conference abstract",
    "preprint": "preprint",
}


class HasFields(Protocol):
    """The attributes of a record that are compared."""

    title: str
    abstract: str
    authors: Sequence[str]
    year: int | None
    journal: str
    volume: str
    issue: str
    pages: str
    doi: str
    pmid: str
    publication_types: Sequence[str]


@dataclass(frozen=True, slots=True)
class Facts:
    """One record, ready to be compared. `key` says whose they are and is never compared."""

    key: int
    words: tuple[str, ...] = ()
    squashed: str = ""  # the title without spaces: "follow up" and "followup" are the same
    figures: tuple[str, ...] = ()
    markers: frozenset[str] = frozenset()
    people: tuple[Person, ...] = ()
    year: int | None = None
    journal: Journal = ()
    volume: str = ""
    issue: str = ""
    pages: tuple[str, str] = ("", "")
    doi: str = ""
    pmid: str = ""
    abstract: str = ""
    kinds: frozenset[str] = frozenset()

    @property
    def title(self) -> str:
        """The title in its one spelling."""
        return " ".join(self.words)


def facts_of(record: HasFields, *, key: int = 0) -> Facts:
    """The facts of a record; `key` is the caller's name for it (its primary key)."""
    words = tuple(intern(word) for word in title_words(record.title))
    if words == ("unknown",):
        words = ()
    return Facts(
        key=key,
        words=words,
        squashed="".join(words),
        figures=figures_in(words),
        markers=ABOUT_ANOTHER.intersection(words),
        people=people_in(record.authors),
        year=record.year,
        journal=journal_of(record.journal) if record.journal else (),
        volume=volume_of(record.volume, record.year),
        issue=issue_of(record.issue, record.volume),
        pages=pages_of(record.pages, record.year) if record.pages else ("", ""),
        doi=doi_of(record.doi),
        pmid=record.pmid.strip(),
        abstract=_abstract(record.abstract),
        kinds=_kinds(record),
    )


def _kinds(record: HasFields) -> frozenset[str]:
    kinds = {_TYPES_ABOUT_ANOTHER.get(kind.lower(), "") for kind in record.publication_types}
    if _PREPRINT.match(doi_of(record.doi)) or _PREPRINT.search(record.journal.lower()):
        kinds.add("preprint")
    return frozenset(kinds - {""})


def doi_of(text: str) -> str:
    """The bare identifier in small letters; "" where there is none."""
    found = _DOI.search(unquote(text.lower())) if text else None
    return found[0].rstrip(".,)]") if found else ""


def _abstract(text: str) -> str:
    """The beginning of an abstract, by its words, without a heading that only some databases have."""
    text = _HEADING.sub("", plain(text[: 2 * ABSTRACT_LENGTH]).lstrip(), count=1)
    return " ".join(words_in(text))[:ABSTRACT_LENGTH]
