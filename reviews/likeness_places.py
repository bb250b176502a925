"""Where a paper stands: journal, volume, issue, pages, as databases write them. Pure: no Django, no database."""

import re
from functools import lru_cache

from rapidfuzz.distance import OSA

from .likeness_titles import american, plain, words_in

Journal = tuple[
    tuple[str, ...], ...
]  # the words of the whole name, then those of each name that means the same

_SMALL_WORDS = frozenset(
    [
        *("a", "and", "at", "by", "for", "in", "of", "on", "the", "to"),
        *("de", "der", "die", "das", "des", "di", "et", "fur", "la", "le", "los", "und", "y"),
    ]
)
_OCCASION = frozenset(["proceedings", "proc", "annual"])
# Two names in one: "Der Hautarzt; Zeitschrift fur Dermatologie", and a subtitle as PubMed writes it.
_ALIAS = re.compile(r"[;=/|]| : | - ")
# These may also lead to a journal of its own: "Circulation. Heart failure", "Journal of Physics: Condensed Matter".
_PART = re.compile(r"[:.]\s")
_COUNTED = re.compile(r"\d+(?:st|nd|rd|th)?")
_PAGES = re.compile(r"([a-z]{0,3})(\d{1,7})([a-z]?)(?:-+([a-z]{0,3})(\d{1,7})[a-z]?)?")
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DATED = re.compile(r"(\d{1,2})-([a-z]{3})")
_ISSUE_IN_VOLUME = re.compile(r"^\D{0,5}\d+\s*\(([^)]*)\)")


@lru_cache(maxsize=20_000)
def journal_of(name: str) -> Journal:
    """A journal's name by the words that count, and other names of it that the name itself tells."""
    name = american(re.sub(r"\(.*?\)|\[.*?\]", " ", plain(name)).replace("&", " ").replace("'", ""))
    if name.startswith(("http", "www.")) or not re.search("[^\\W\\d_]{2}", name):  # an address, an ISSN
        return ()
    whole = _words(name)
    names = [whole, *(_words(alias) for alias in _ALIAS.split(name))]
    parts = [_words(part) for part in _PART.split(name)]
    if len(parts) == 2 and (_acronym(*parts) or _acronym(*reversed(parts))):  # "BMJ: British Medical Journal"
        names += parts
    event = tuple(word for word in whole if word not in _OCCASION)
    if len(event) > 2 or (event and any(_COUNTED.fullmatch(word) for word in words_in(name))):
        names.append(event)
    return tuple(dict.fromkeys(words for words in names if words))


def _words(name: str) -> tuple[str, ...]:
    """Without small words and without the count or year of a congress."""
    words = words_in(re.sub(r"\bu ?s ?a\b", "usa", re.sub(r"\bunited states of america\b", "usa", name)))
    kept = tuple(word for word in words if word not in _SMALL_WORDS and not _COUNTED.fullmatch(word))
    return kept or tuple(words)


@lru_cache(maxsize=200_000)
def same_journal(one: Journal, other: Journal) -> bool | None:
    """Whether two names mean one journal; None when that cannot be said.

    An abbreviated name is known by its words being the beginnings of the other's ("am j hematol"), a very
    short one by its first letters ("bmj", "jama", "amcis"). Where one name only goes on longer it may be either:
    the same journal with its place, or another ("Eur J Cancer", "Eur J Cancer Prevention").
    """
    if not one or not other:
        return None
    if any(_same_name(mine, theirs) for mine in one for theirs in other):
        return True
    short, long = sorted((one[0], other[0]), key=lambda words: (len(words), words))
    return None if _some_of(short, long) else False


def _same_name(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    if one == other or "".join(one) == "".join(other):
        return True
    if len(one) == len(other):
        return len(one) > 1 and all(map(_abbreviates, one, other))
    return _acronym(one, other) or _acronym(other, one)


def _acronym(short: tuple[str, ...], long: tuple[str, ...]) -> bool:
    """Whether one word is made of the first letters of several, one or two of each: "amcis"."""
    if len(short) != 1 or len(long) < 3 or not len(long) <= len(short[0]) <= 2 * len(long):
        return False
    return _made_of(short[0], long)


def _made_of(letters: str, words: tuple[str, ...]) -> bool:
    if not words:
        return not letters
    return any(
        words[0].startswith(letters[:taken]) and _made_of(letters[taken:], words[1:])
        for taken in (1, 2)
        if len(letters) >= taken
    )


def _abbreviates(one: str, other: str) -> bool:
    short, long = (one, other) if len(one) <= len(other) else (other, one)
    if long.startswith(short):
        return True
    if len(short) < 3 or short[0] != long[0]:
        return False
    if len(short) >= 5 and short[:4] == long[:4] and OSA.distance(short, long) <= 2:
        return True  # "Roumanian", "Romanian" and the like
    if len(short) >= 6 and OSA.distance(short, long[: len(short) + 1]) <= 1:
        return True
    rest = iter(long)  # letters left out: "natl", "dtsch"
    return len(short) >= 4 and all(letter in rest for letter in short) and len(long) > len(short) + 2


def _some_of(short: tuple[str, ...], long: tuple[str, ...]) -> bool:
    """Whether the words of the short name stand in the long one, in their order, perhaps abbreviated."""
    rest = iter(long)
    return all(any(_abbreviates(word, other) for other in rest) for word in short)


def volume_of(volume: str, year: int | None) -> str:
    """The leading figure; nothing where the year stands for it."""
    found = re.match(r"\D{0,5}0*(\d{1,6})", volume)
    return "" if not found or found[1] == str(year) else found[1]


def issue_of(issue: str, volume: str) -> str:
    """The leading figure, with "s" before it for a supplement; looked for in the volume's brackets too."""
    inside = _ISSUE_IN_VOLUME.match(volume)
    text = plain(issue or (inside[1] if inside else ""))
    found = re.search(r"\d{1,6}", text)
    figure = found[0].lstrip("0") if found else ""
    return f"s{figure}" if "sup" in text else figure


def same_issue(one: str, other: str) -> bool | None:
    """Whether two issues are one; None where one of them says nothing, or is a supplement without a figure."""
    if not one or not other:
        return None
    if one == other:
        return True
    return None if one.lstrip("s") == other.lstrip("s") or "s" in (one, other) else False


def pages_of(text: str, year: int | None) -> tuple[str, str]:
    """First and last page, the last written out (221-8 is 221 to 228); ("", "") where they make no sense."""
    text = re.sub(r"[\s.]", "", plain(text)).replace("–", "-").replace("—", "-").replace("‐", "-")
    dated = _DATED.fullmatch(text)
    if dated and dated[2] in _MONTHS:  # a spreadsheet made a date of "8-11"
        text = f"{dated[1]}-{_MONTHS.index(dated[2]) + 1}"
    found = _PAGES.match(re.sub(r"^(?:pp?|article|art|id)(?=\d)", "", text))
    if not found or found[0] == str(year):
        return "", ""
    letter, first, behind, last_letter, last = found.groups()
    first = first.lstrip("0") or "0"
    if not last:
        return letter + first + behind, ""
    last = last.lstrip("0") or "0"
    if len(last) < len(first):
        last = first[: len(first) - len(last)] + last
    return letter + first + behind, (last_letter or letter) + last


def same_pages(one: tuple[str, str], other: tuple[str, str]) -> bool | None:
    """True: the same first page. False: both stand elsewhere.

    None, nothing told: an article number (but not a supplement's page) against a page, a page inside the range of
    the other (databases keep the last page, or an offprint's), and pages counted from 1, as they are before the
    issue is printed.
    """
    (first, last), (other_first, other_last) = one, other
    if not first or not other_first:
        return None
    if first == other_first:
        return True
    if first.isdigit() != other_first.isdigit():
        supplement = first.startswith("s") or other_first.startswith("s")
        return False if supplement and first.lstrip("s") != other_first.lstrip("s") else None
    if last and last == other_last:
        return None
    if not first.isdigit():
        return False
    a, z, b, y = int(first), _number(last), int(other_first), _number(other_last)
    if (not z and b <= a <= y) or (not y and a <= b <= z):
        return None
    counted = (a == 1 and z and (not y or y - b == z - 1)) or (b == 1 and y and (not z or z - a == y - 1))
    return None if counted else False


def _number(page: str) -> int:
    return int(page) if page.isdigit() else 0
