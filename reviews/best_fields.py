"""The best of each field among the records of a group, and where each came from. Pure: no database.

    best = best_of([own, *others])      # the record that stays first
    best.abstract, best.origins["abstract"]     # the words; the records that have them

Nothing is merged or overwritten: this is computed each time from the records as they are. The rules:

corrected      What a person corrected on the record that stays is shown as they left it, even if empty.
own            Otherwise its own value, wherever it has one that is not worse by a rule below.
missing        Otherwise what a person corrected on another member, then what most members say, then the member with
               the lowest number.
title          Missing, or cut off (ends in three points): the longest whole one.
abstract       Missing ("No abstract available" is missing) or cut off: the longest whole one. Cut off is what ends
               in three points or says that it was truncated, or stops in mid-sentence where another goes on.
authors        A list that leaves nobody out and tells more: more people ("et al." is nobody), then more given
               names written out. It must hold every family name that the shorter one has.
pages          First and last before first only, if it is the same first page.
lists          Register numbers, keywords, MeSH, publication types: what any member says, its own first, each once.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

PLAIN = ("title", "abstract", "year", "journal", "volume", "issue", "pages", "doi", "pmid", "language", "url")
JOINED = ("registry_ids", "keywords", "mesh", "publication_types")
FIELDS = ("title", "abstract", "authors", *PLAIN[2:], *JOINED)
NO_ABSTRACT = re.compile(
    r"[\[(]?\s*(?:no abstract(?: available)?|abstract not available|n/?a)\s*[\])]?\.?", re.I
)
_CUT_OFF = re.compile(
    r"(?:\.\.\.|…|[\[(](?:abstract )?truncated[^\])]{0,30}[\])]|abstract truncated(?: at \d+ words)?)\s*\.?\s*$",
    re.I,
)
_ENDS_WELL = re.compile(r"[.!?:;)\]}”\"'’»%]\s*$")
_BEGINNING = 40  # letters that must agree before one text counts as the beginning of another
_OTHERS = re.compile(r"\b(?:et al|and others|and colleagues)\b", re.I)
_WORD = re.compile(r"[^\W\d_]+")


class Entry(Protocol):
    """What is read of a record; `key` of `corrected` is the caller's."""

    pk: int
    number: int
    title: str
    abstract: str
    authors: list[str]
    year: int | None
    journal: str
    volume: str
    issue: str
    pages: str
    doi: str
    pmid: str
    language: str
    url: str
    registry_ids: list[str]
    keywords: list[str]
    mesh: list[str]
    publication_types: list[str]


@dataclass(frozen=True)
class Best:
    """A paper as its group tells it. `origins`: for each field with a value, the numbers of the records it is from."""

    title: str = ""
    abstract: str = ""
    authors: list[str] = field(default_factory=list)
    year: int | None = None
    journal: str = ""
    volume: str = ""
    issue: str = ""
    pages: str = ""
    doi: str = ""
    pmid: str = ""
    language: str = ""
    url: str = ""
    registry_ids: list[str] = field(default_factory=list)
    keywords: list[str] = field(default_factory=list)
    mesh: list[str] = field(default_factory=list)
    publication_types: list[str] = field(default_factory=list)
    origins: dict[str, tuple[int, ...]] = field(default_factory=dict)


def best_of(members: Sequence[Entry], corrected: Mapping[int, Collection[str]] | None = None) -> Best:
    """The best of each field. The first of `members` is the record that stays; `corrected` names the fields that
    people corrected, by the record's key.
    """
    own, *others = members
    by_hand = corrected or {}
    others.sort(key=lambda entry: entry.number)
    values: dict[str, Any] = {}
    origins: dict[str, tuple[int, ...]] = {}
    for name in FIELDS:
        if name in by_hand.get(own.pk, ()):
            chosen, sources = getattr(own, name), [own]
        elif name in JOINED:
            chosen, sources = _joined(name, [own, *others])
        else:
            source = _RULES.get(name, _first_told)(name, own, others, by_hand)
            chosen, sources = getattr(source, name), [source]
        values[name] = chosen
        if chosen:
            origins[name] = tuple(source.number for source in sources)
    return Best(**values, origins=origins)


def is_cut_off(text: str) -> bool:
    """Whether a text says of itself that it was cut off."""
    return bool(_CUT_OFF.search(text))


# ---------------------------------------------------------------- one field each

By = Mapping[int, Collection[str]]


def _first_told(name: str, own: Entry, others: Sequence[Entry], by_hand: By) -> Entry:
    return own if getattr(own, name) else _of_others(name, own, others, by_hand)


def _of_others(name: str, own: Entry, others: Sequence[Entry], by_hand: By) -> Entry:
    told = [entry for entry in others if getattr(entry, name)]
    if not told:
        return own
    for entry in told:
        if name in by_hand.get(entry.pk, ()):
            return entry
    said = Counter(str(getattr(entry, name)) for entry in told)
    return max(told, key=lambda entry: (said[str(getattr(entry, name))], -entry.number))


def _whole_title(name: str, own: Entry, others: Sequence[Entry], by_hand: By) -> Entry:
    if own.title and not is_cut_off(own.title):
        return own
    whole = [entry for entry in others if entry.title and not is_cut_off(entry.title)]
    if not own.title:
        return _of_others(name, own, whole or others, by_hand)
    beginning = _bare(_CUT_OFF.sub("", own.title))
    whole = [entry for entry in whole if _bare(entry.title).startswith(beginning)]
    return max(whole, key=lambda entry: (len(entry.title), -entry.number), default=own)


def _whole_abstract(name: str, own: Entry, others: Sequence[Entry], by_hand: By) -> Entry:
    told = [entry for entry in others if not is_missing(entry.abstract)]
    missing = is_missing(own.abstract)
    if not told or not (missing or _is_cut(own.abstract, told)):
        return own
    for entry in told:
        if "abstract" in by_hand.get(entry.pk, ()):
            return entry
    whole = [entry for entry in told if not _is_cut(entry.abstract, told)]
    if not whole and not missing:
        return own
    return max(whole or told, key=lambda entry: (len(entry.abstract), -entry.number))


def is_missing(abstract: str) -> bool:
    """Whether an abstract is none: empty, or words that say so."""
    return not abstract.strip() or bool(NO_ABSTRACT.fullmatch(abstract.strip()))


def _is_cut(abstract: str, entries: Sequence[Entry]) -> bool:
    """Whether this abstract was cut off: it says so, or stops in mid-sentence where one of `entries` goes on."""
    if is_cut_off(abstract):
        return True
    if _ENDS_WELL.search(abstract):
        return False
    bare = _bare(abstract)
    return len(bare) >= _BEGINNING and any(
        len(longer := _bare(entry.abstract)) > len(bare) and longer.startswith(bare) for entry in entries
    )


def _bare(text: str) -> str:
    return "".join(_WORD.findall(text.casefold()))


def _fuller_authors(name: str, own: Entry, others: Sequence[Entry], by_hand: By) -> Entry:
    if not own.authors:
        return _of_others(name, own, others, by_hand)
    people = {_family(author) for author in _people(own)}
    chosen, most = own, _told_of_people(own)
    for entry in others:
        if most < _told_of_people(entry) and people <= {_family(author) for author in _people(entry)}:
            chosen, most = entry, _told_of_people(entry)
    return chosen


def _people(entry: Entry) -> list[str]:
    return [name for author in entry.authors if (name := _OTHERS.sub("", str(author)).strip(" ,;."))]


def _told_of_people(entry: Entry) -> tuple[int, int]:
    people = _people(entry)
    return len(people), sum(map(_has_given_name, people))


def _family(author: str) -> str:
    """Of "Moss, Ada" and "Moss A" and "Ada Moss": moss."""
    family, comma, _given = author.partition(",")
    if comma:
        return _bare(family)
    words = author.split()
    if len(words) > 1 and _are_initials(words[-1]):
        return _bare(" ".join(words[:-1]))
    return _bare(words[-1]) if words else ""


def _has_given_name(author: str) -> bool:
    _family_name, comma, given = author.partition(",")
    words = given.split() if comma else author.split()[:-1]
    if not comma and _are_initials(author.split()[-1]):
        return False
    return any(len(word.strip(".")) > 1 and not _are_initials(word) for word in words)


def _are_initials(word: str) -> bool:
    letters = re.sub(r"[.\-\s]", "", word)
    return 0 < len(letters) <= 3 and letters.isupper()


def _range_of_pages(name: str, own: Entry, others: Sequence[Entry], by_hand: By) -> Entry:
    if not own.pages:
        return _of_others(name, own, others, by_hand)
    longer = [entry for entry in others if re.match(rf"{re.escape(own.pages.strip())}\s*[-–—]", entry.pages)]
    return longer[0] if longer else own


_RULES: dict[str, Callable[[str, Entry, Sequence[Entry], By], Entry]] = {
    "title": _whole_title,
    "abstract": _whole_abstract,
    "authors": _fuller_authors,
    "pages": _range_of_pages,
}


def _joined(name: str, entries: Sequence[Entry]) -> tuple[list[str], list[Entry]]:
    """What any of them says, each once whatever its capitals, and those who added something."""
    said: dict[str, str] = {}
    sources = []
    for entry in entries:
        new = {
            key: each for each in getattr(entry, name) if (key := str(each).strip().casefold()) not in said
        }
        if new:
            said |= new
            sources.append(entry)
    return list(said.values()), sources
