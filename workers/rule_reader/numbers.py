"""Numbers in a sentence: their value, what stands beside them, and what they cannot be.

A number that is part of a name ("CD34", "NCT00903968", "phase 2", "grade 3", "day 1"), a p-value or the bound of an
interval or range is found, but marked, for it answers nearly no question about a study.
"""

import re
from dataclasses import dataclass

from .words import NUMBER_WORDS, PEOPLE

_DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_WORDS = "|".join(sorted(NUMBER_WORDS, key=len, reverse=True))
_NUMBER = re.compile(rf"(?<![\w.])(?:({_DIGITS})(?![\w]|\.\d)|({_WORDS})(?![\w-]))", re.I)
_NAMED = re.compile(
    r"(?:\b(?:phase|grade|day|days|week|cycle|cycles|cohort|cohorts|version|table|figure|fig|type|level|ref|stage|line|vol|no"
    r"|weeks|arm|group|part|step|site|sites|dose|doses|visit|class|section|appendix|item)\s?|[a-z]-)$",
    re.I,
)
_P_VALUE = re.compile(r"\bp\s?[=<>≤≥]\s?$", re.I)
_INTERVAL = re.compile(
    r"(?:\bci\b|confidence interval|\biqr\b|interquartile|\brange\b|min-max|\bbetween\b)[^;)\]]{0,20}$", re.I
)
_BOUND_AFTER = re.compile(r"\s?(?:-|to)\s?\d")
_BOUND_BEFORE = re.compile(r"\d\s?%?\s?(?:-|\bto\b)\s?$")
_UNIT_AFTER = re.compile(r"\s?-?\s?(%|per ?cent|[a-zµμ]+(?:/[a-z0-9]+)?)", re.I)
_YEAR = re.compile(r"(?:19|20)\d\d$")

_COUNT = rf"(?P<count>\d+|{_WORDS})"
_TOTAL = rf"(?P<total>\d+|{_WORDS})"
_DONE = "achieved|had|were|responded|died|completed|received|experienced|patients|pts"
COUNT_OF_TOTAL = (
    # "10 of 17", "10 out of 17", "10/17", "10 (59%) of 17"
    re.compile(
        rf"(?<![\w.]){_COUNT} ?(?:\(\d+(?:\.\d+)?%\) )?(?:(?:out )?of (?:the )?|/ ?){_TOTAL}(?![\w.]\d|%)",
        re.I,
    ),
    # "of 17 evaluable pts, 10 (59%) ...", "among the 17 patients, 10 responded"
    re.compile(
        rf"\b(?:of|among) (?:the )?{_TOTAL}\b[^.;()]{{0,60}}?,? {_COUNT}(?= ?(?:\(|\[|{_DONE}))", re.I
    ),
)
"""How a count and its total are written together; groups `count` and `total`."""


@dataclass(frozen=True)
class Number:
    """One number. `start:end` is its span in the sentence; `unit` the word or % after it; `people_after` when a word
    for people follows within three words; `marked` when it is a name's part, a bound, a p-value or in brackets (but a
    percentage alone in brackets is not marked)."""

    value: int | float
    start: int
    end: int
    unit: str
    people_after: bool
    is_year: bool
    marked: bool


def numbers(low: str) -> list[Number]:
    """Every number of a sentence in lower case, in order."""
    found = []
    for match in _NUMBER.finditer(low):
        before, after = low[: match.start()], low[match.end() :]
        unit = _UNIT_AFTER.match(after)
        next_words = re.findall(r"[a-z]+", re.split(r"[,;:()\[]", after, maxsplit=1)[0])[:3]
        bound = _BOUND_AFTER.match(after) or _BOUND_BEFORE.search(before) or _INTERVAL.search(before)
        lone_percentage = before.endswith("(") and after.startswith("%)")
        bracketed = not lone_percentage and (_open(before, "()") or _open(before, "[]"))
        found.append(
            Number(
                value=value_of(match.group()),
                start=match.start(),
                end=match.end(),
                unit=_unit(unit.group(1)) if unit else "",
                people_after=any(word in PEOPLE for word in next_words),
                is_year=_YEAR.match(match.group()) is not None
                and not any(word in PEOPLE for word in next_words[:1]),
                marked=bool(_NAMED.search(before) or _P_VALUE.search(before) or bound or bracketed),
            )
        )
    return found


def _open(before: str, pair: str) -> bool:
    """Is a bracket still open here?"""
    return before.count(pair[0]) > before.count(pair[1])


def _unit(word: str) -> str:
    return "%" if word.lower() in ("%", "percent", "per cent") else word


def value_of(written: str) -> int | float:
    """The value of a number as it is written: "1,234" -> 1234, "62.9" -> 62.9, "Twenty-eight" -> 28.

    Raises ValueError when it is not a number.
    """
    word = NUMBER_WORDS.get(written.lower())
    if word is not None:
        return word
    plain = written.replace(",", "")
    return float(plain) if "." in plain else int(plain)


def says(quote: str, value: int | float) -> bool:
    """Does the quote have this number, in digits or in words?"""
    return any(number.value == value for number in numbers(quote.lower()))
