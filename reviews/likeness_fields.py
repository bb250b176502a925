"""A record's fields brought to one spelling, so that two databases' versions of a paper can be compared.

Pure: no Django, no database. `facts_of` takes anything that has a record's attributes (the model, a parsed
record, a test's dataclass). What is unknown is empty, and the unknown contradicts nothing.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

ABSTRACT_LENGTH = 400  # characters kept for comparing: enough to tell two abstracts apart, little to store

_GREEK = {
    code: f" {unicodedata.name(chr(code)).split()[-1].lower().replace('lamda', 'lambda')} "
    for code in range(ord("α"), ord("ω") + 1)
}
# Roman figures (not I, V and X: they are also words) and number words: "phase II" is "phase 2".
_FIGURES = {
    word: str(value)
    for value, words in enumerate(
        (
            "one",
            "two ii",
            "three iii",
            "four iv",
            "five",
            "six vi",
            "seven vii",
            "eight viii",
            "nine ix",
            "ten",
        ),
        start=1,
    )
    for word in words.split()
}
# What a database adds to the title of the paper.
_ADDED = re.compile(
    r"\[(?:review|\d+ refs?|in process citation|article in [^\]]*|abstract|electronic resource)\]", re.I
)
_WORD = re.compile(r"[^\W_]+")
_SMALL_WORDS = frozenset(
    [
        "a",
        "an",
        "and",
        "at",
        "by",
        "de",
        "der",
        "des",
        "di",
        "et",
        "for",
        "in",
        "la",
        "le",
        "of",
        "on",
        "the",
        "to",
        "und",
    ]
)
_INITIALS = re.compile(r"(?:[^\W\d_]\.?[\s-]?){1,4}")
_PLAIN_PAGES = re.compile(r"([a-z]{0,3})(\d{1,7})(?:-+([a-z]{0,3})(\d{1,7}))?")
_NOBODY = frozenset({"unknown", "anonymous", "anon", "", "no authors listed", "n a", "na"})

# Words that make another document of the same title.
_ABOUT_ANOTHER = frozenset(
    [
        "comment",
        "comments",
        "commentary",
        "reply",
        "response",
        "rebuttal",
        "erratum",
        "errata",
        "corrigendum",
        "correction",
        "corrected",
        "retraction",
        "retracted",
        "withdrawn",
        "addendum",
        "editorial",
        "letter",
        "protocol",
        "expression",
        "supplement",
    ]
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
class Person:
    """An author as far as databases agree on one: family name and the first letter of the given name."""

    family: str
    initial: str
    parts: frozenset[str]


@dataclass(frozen=True, slots=True)
class Facts:
    """One record, ready to be compared. `key` says whose they are and is never compared."""

    key: int
    title: str = ""
    words: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    markers: frozenset[str] = frozenset()
    people: tuple[Person, ...] = ()
    year: int | None = None
    journal: tuple[str, ...] = ()
    volume: str = ""
    issue: str = ""
    first_page: str = ""
    last_page: str = ""
    doi: str = ""
    pmid: str = ""
    abstract: str = ""
    kinds: frozenset[str] = frozenset()

    @property
    def squashed(self) -> str:
        """The title without spaces: "follow up" and "followup" are the same."""
        return "".join(self.words)


def facts_of(record: HasFields, *, key: int = 0) -> Facts:
    """The facts of a record; `key` is the caller's name for it (its primary key)."""
    words = title_words(record.title)
    first, last = _pages(record.pages)
    return Facts(
        key=key,
        title=" ".join(words),
        words=words,
        figures=tuple(sorted(re.findall(r"\d+", " ".join(words)))),
        markers=_ABOUT_ANOTHER.intersection(words),
        people=tuple(person for author in record.authors[:30] if (person := _person(author))),
        year=record.year,
        journal=_journal(record.journal),
        volume=_leading_figure(record.volume),
        issue=_leading_figure(record.issue),
        first_page=first,
        last_page=last,
        doi=record.doi.strip().lower(),
        pmid=record.pmid.strip(),
        abstract=" ".join(_WORD.findall(plain(record.abstract[: 2 * ABSTRACT_LENGTH])))[:ABSTRACT_LENGTH],
        kinds=frozenset(
            _TYPES_ABOUT_ANOTHER[kind.lower()]
            for kind in record.publication_types
            if kind.lower() in _TYPES_ABOUT_ANOTHER
        ),
    )


def plain(text: str) -> str:
    """Small letters without accents; Greek letters by their names."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text.casefold())
        text = "".join(sign for sign in text if not unicodedata.combining(sign)).translate(_GREEK)
        text = (
            text.replace("ß", "ss").replace("ø", "o").replace("æ", "ae").replace("ł", "l").replace("đ", "d")
        )
    return text.casefold()


def title_words(title: str) -> tuple[str, ...]:
    """The words of a title in small letters, figures as figures, without what databases add in brackets."""
    if "[" in title:
        title = _ADDED.sub(" ", title)
    words = _WORD.findall(plain(title).replace("'", "").replace("\u2019", ""))
    return tuple(_FIGURES.get(word, word) for word in words)


@lru_cache(maxsize=20_000)
def _person(author: str) -> Person | None:
    """Of "Smith, John", "Smith J", "J. Smith" and "John Smith" the family name and J."""
    text = plain(author).replace("'", "").replace("\u2019", "").strip(" .,;")
    if " ".join(_WORD.findall(text)) in _NOBODY:
        return None
    family, comma, given = (part.strip() for part in text.partition(","))
    if not comma:
        words = author.replace(",", " ").split()
        trailing = len(words) > 1 and _INITIALS.fullmatch(words[-1]) and words[-1].upper() == words[-1]
        parts = text.split()
        if trailing:
            family, given = " ".join(parts[:-1]), parts[-1]
        else:
            family, given = parts[-1], " ".join(parts[:-1])
    names = frozenset(word for word in _WORD.findall(text) if len(word) > 2)
    return Person("".join(_WORD.findall(family)), (_WORD.findall(given) or [""])[0][:1], names)


@lru_cache(maxsize=20_000)
def _journal(name: str) -> tuple[str, ...]:
    """The words of a journal's name that count: without articles, brackets and what follows a colon or slash."""
    name = re.sub(r"[(\[].*?[)\]]", " ", plain(name))
    name = re.split(r"[:/=]|\. (?=conference|annual)", name)[0]
    words = _WORD.findall(name.replace("&", " ").replace("'", ""))
    return tuple(word for word in words if word not in _SMALL_WORDS)


def _leading_figure(text: str) -> str:
    found = re.match(r"\D{0,5}0*(\d{1,6})", text)
    return found[1] if found else ""


def _pages(text: str) -> tuple[str, str]:
    """First and last page, the last written out (221-8 is 221 to 228); ("", "") where they make no sense."""
    text = re.sub(r"[\s.]", "", plain(text)).replace("–", "-").replace("—", "-")
    found = _PLAIN_PAGES.match(re.sub(r"^pp?(?=\d)", "", text))
    if not found:
        return "", ""
    letter, first, last_letter, last = found.groups()
    first = first.lstrip("0") or "0"
    if not last:
        return letter + first, ""
    last = last.lstrip("0") or "0"
    if len(last) < len(first):
        last = first[: len(first) - len(last)] + last
    return letter + first, (last_letter or letter) + last


def same_journal(one: Iterable[str], other: Iterable[str]) -> bool | None:
    """Whether two names mean one journal; None when that cannot be said.

    An abbreviated name is known by its words being the beginnings of the other's ("am j hematol"), a very
    short one by its first letters ("bmj", "jama"). Where one name only goes on longer it may be either: the
    same journal with its place, or another ("Eur J Cancer", "Eur J Cancer Prevention").
    """
    short, long = sorted((tuple(one), tuple(other)), key=lambda words: (len(" ".join(words)), words))
    if not short or not long:
        return None
    if short == long:
        return True
    begins = all(b.startswith(a) or a.startswith(b) for a, b in zip(short, long, strict=False))
    if len(short) == len(long) or (begins and min(len(short), len(long)) > 1):
        return begins if len(short) == len(long) else None
    initials = "".join(word[0] for word in long)
    return len(short) == 1 and len(short[0]) > 2 and short[0] == initials
