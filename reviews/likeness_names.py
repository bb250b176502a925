"""Authors as far as databases agree on them: family names and first letters. Pure: no Django, no database."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import OSA

from .likeness_titles import plain, words_in

MOST = 15  # authors that are compared; some papers have thousands

_INITIALS = re.compile(r"(?:[^\W\d_]\.?[\s-]?){1,4}")
_NOBODY = frozenset(
    {"unknown", "anonymous", "anon", "", "no authors listed", "n a", "na", "null", "et al", "nan"}
)
_GROUP = re.compile(
    r"\b(?:group|study|trials?|consortium|collaborat\w+|committee|investigators?|society|association|organi[sz]ation"
    r"|network|team|agency|council|institute|task force|nct|pactr)\b"
)
_SUFFIX = re.compile(r"[\s,]+(?:jr|sr|ii|iii|md|phd)\b\.?", re.I)
# Several people in one string, as some exports have them: "Tan A.Schulze A.O'Donnell C. P.", "A. Moss, B. Reed".
_GLUED = re.compile(r"(?<=[A-Z]\.)(?=[A-Z][^\W\d_]{2,}|[A-Z]['’][A-Z])")
_GLUED_WORDS = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z][^\W\d_A-Z]+ )")


@dataclass(frozen=True, slots=True)
class Person:
    """An author as far as databases agree on one: family name and the first letter of the given name."""

    family: str
    initial: str
    parts: tuple[str, ...]  # every part of the name of three letters or more


def people_in(authors: Sequence[str]) -> tuple[Person, ...]:
    """The persons of a list of authors, at most MOST; groups and "et al" are nobody. One string that holds all of
    them is taken apart."""
    if len(authors) == 1 and len(authors[0]) > 12:
        authors = _apart(authors[0])
    return tuple(person for author in authors[:MOST] if (person := _person(author)))


def _apart(text: str) -> list[str]:
    if ";" in text:
        return text.split(";")
    if re.search(r"\band\b", text):
        return re.split(r"\s*,?\s*\band\b\s*", text)
    if text.count(",") > 1:
        pieces = [piece.strip() for piece in text.split(",")]
        if all(" " in piece or "." in piece for piece in pieces):  # "A. Moss, B. Reed", "Moss A, Reed B"
            return pieces
        if len(pieces) % 2 == 0 and all(_INITIALS.fullmatch(given) for given in pieces[1::2]):
            return [f"{family}, {given}" for family, given in zip(pieces[::2], pieces[1::2], strict=True)]
    if "," not in text:
        for border in (_GLUED, _GLUED_WORDS):
            if len(pieces := border.split(text)) > 1:
                return pieces
    return [text]


@lru_cache(maxsize=50_000)
def _person(author: str) -> Person | None:
    """Of "Smith, John", "Smith J", "J. Smith" and "John Smith" the family name and J."""
    author = _SUFFIX.sub("", author)
    text = plain(author).replace("'", "").replace("\u2019", "").strip(" .,;")
    if " ".join(words_in(text)) in _NOBODY or _GROUP.search(text):
        return None
    family, comma, given = (part.strip() for part in text.partition(","))
    if not comma:
        words = author.replace(",", " ").split()
        trailing = len(words) > 1 and _INITIALS.fullmatch(words[-1]) and words[-1].upper() == words[-1]
        parts = text.split()
        if trailing:
            first = next(
                (place for place, word in enumerate(words[1:], start=1) if _INITIALS.fullmatch(word)),
                len(words) - 1,
            )
            family, given = " ".join(parts[:first]), " ".join(parts[first:])
        else:
            family, given = parts[-1], " ".join(parts[:-1])
    names = dict.fromkeys(word for word in words_in(text) if len(word) > 2)
    family = "".join(words_in(family))
    return Person(family, (words_in(given) or [""])[0][:1], tuple(names)) if family else None


def same_first_author(a: tuple[Person, ...], b: tuple[Person, ...], shared: float | None) -> bool | None:
    """By family name and, where both tell it, the first letter of the given name; a letter may be misspelt.

    None where names stand in another order, or where another of the same authors is put first: then `shared`
    (see shared_authors) has to tell.
    """
    if not a or not b:
        return None
    one, other = a[0], b[0]
    if one.family == other.family or _misspelt(one.family, other.family):
        return True if one.initial == other.initial or not one.initial or not other.initial else None
    several = min(len(a), len(b)) > 1
    if set(one.parts) & set(other.parts):
        return True if several and (shared or 0) >= 0.8 else None
    turned = one.initial == other.family[:1] and other.initial == one.family[:1]
    near = one.initial == other.initial and OSA.distance(one.family, other.family) <= 1  # "Chen", "Che"
    if (several and (shared or 0) >= 0.6) or ((turned or near) and one.initial):
        return None
    return False


def shared_authors(a: tuple[Person, ...], b: tuple[Person, ...]) -> float | None:
    """The share of the shorter list that is also in the other, 0 to 1; None where one names nobody."""
    short, long = sorted((a, b), key=len)
    if not short:
        return None
    if len(short) == len(long):  # twice the same person may count on one side only: ask both ways
        return min(_share(short, long), _share(long, short))
    return _share(short, long)


def _share(people: tuple[Person, ...], others: tuple[Person, ...]) -> float:
    families = {person.family for person in others}
    parts = {part for person in others for part in person.parts}
    strangers = [
        person.family for person in people if person.family not in families and parts.isdisjoint(person.parts)
    ]
    few = len(strangers) <= max(2, len(people) // 2)  # where hardly anybody is known, nobody was misspelt
    if strangers and few:
        strangers = [one for one in strangers if not any(_misspelt(one, other) for other in families)]
    return 1 - len(strangers) / len(people)


def _misspelt(one: str, other: str) -> bool:
    return (
        min(len(one), len(other)) > 3
        and abs(len(one) - len(other)) <= 1
        and OSA.distance(one, other, score_cutoff=1) <= 1
    )
