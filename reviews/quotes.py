"""Grounding: is this quote really in this text, and where?

A model proposes, and gives a quote for everything it says. This module looks the quote up in our own
copy of the text. It never measures similarity: in science the dangerous errors (412 for 421, "did
differ" for "did not differ") are the smallest ones, and an edit distance calls them 98 % alike.
Instead the quote and the text are brought to the same normal form, step by step (`Tier`), and must
then be equal, character by character. A quote that is not found is unverified; `hint` may then show a
person where to look, which is never a proof.

Decided on purpose:
- superscripts are not digits: mg/m² is not found in a text that says mg/m2, nor 10⁶ in one that says
  106. Which of the two the paper printed cannot be known from the text;
- a quote must hold at least 12 characters that are not white space, or a number with its unit or label
  (n=206, 14 days), at every tier: a word such as "placebo" stands everywhere and proves nothing;
- a quote may not begin or end inside a word or a number, at every tier. Hyphenated words, ranges,
  signs, percent signs, bounds (> 75) and factors (5 × 10⁹) belong to the word or number.

A true quote can still be used for a wrong claim: people see it in its context.
Pure: no Django, no database, no files. No string makes these functions raise.
"""

import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from rapidfuzz import fuzz

from reviews.figures import carries_number
from reviews.normalising import (
    BROKEN_LINE,
    INVISIBLE,
    PERHAPS_HYPHEN,
    SOFT_HYPHEN,
    Forms,
    Mapped,
    forms,
    without_signs,
)

__all__ = ["Span", "Tier", "carries_number", "hint", "locate"]


class Tier(StrEnum):
    """What had to be overlooked for the quote to be found; each tier overlooks all before it too."""

    EXACT = "exact"
    WHITESPACE = "whitespace"
    TYPOGRAPHY = "typography"
    DEHYPHENATE = "dehyphenate"
    CASEFOLD = "casefold"
    ELLIPSIS = "ellipsis"


@dataclass(frozen=True)
class Span:
    """Where a quote stands: `text[start:end]`, in code points of the text that was given.

    This is the first place that needs the strictest tier. `others` are all further places where the same
    words stand, at any tier, in order: where a line happened to break does not make a quote unique.
    """

    start: int
    end: int
    tier: Tier
    others: tuple[tuple[int, int], ...] = ()

    @property
    def ambiguous(self) -> bool:
        """Whether the quote stands in several places, so that it does not say which one is meant."""
        return bool(self.others)


_LADDER: tuple[tuple[Tier, Callable[[Forms], Mapped]], ...] = (
    (Tier.EXACT, lambda made: made.exact),
    (Tier.WHITESPACE, lambda made: made.whitespace),
    (Tier.TYPOGRAPHY, lambda made: made.typography),
    (Tier.DEHYPHENATE, lambda made: made.dehyphenate),
    (Tier.CASEFOLD, lambda made: made.casefold),
)

_WORK, _WORK_AT_A_PLACE = 2_000_000, 100
"""Characters compared at most for one quote at one tier: what a text made to slow us down hides stays unverified."""

_ELISION = re.compile(r"[\[(]\s*(?:…|\.{3}|\. \. \.)\s*[\])]|…|\.{3,}|\. \. \.")
_ELIDED = 500
"""Characters at most between two parts of a quote with an ellipsis: about three sentences."""
_PARTS = 8

_ENOUGH = 12
_NUMBER_WITH_UNIT = re.compile(r"\d\s*[%‰°]|\d[\s-]*[^\W\d_]|[^\W\d_][\s-]*[=:<>≤≥~≈]?[\s-]*\d")
_EDGES = f" \t\r\n\f\v{INVISIBLE}{SOFT_HYPHEN}{BROKEN_LINE}"

_HINT_FROM = 60.0
_HINT_LENGTH = 500


def locate(quote: str, text: str) -> Span | None:
    """Find a quote in a text; None means it is not there and must be shown as unverified.

    The tiers are tried in order; the first at which the quote stands anywhere decides. The module's
    docstring says what is refused. Offsets are code points of `text`.
    """
    wanted = quote.strip().strip(_EDGES)
    if not _says_enough(wanted):
        return None
    sought, made = Forms(wanted), forms(text)

    for tier, form in _LADDER:
        first = next(_places(sought, made, form), None)
        if first is not None:
            _, loosest = _LADDER[-1]
            return Span(*first, tier, tuple(at for at in _places(sought, made, loosest) if at != first))
    return _across_ellipses(wanted, made)


def hint(quote: str, text: str) -> tuple[int, int] | None:
    """The place in the text most like the quote, as offsets of whole words, or None if nothing is.

    For a person to look at. The likeness (Indel ratio of rapidfuzz, at least 60 of 100) says nothing
    about truth: one wrong digit costs one point. Of a long quote the first 500 characters count.
    """
    sought = Forms(quote[:_HINT_LENGTH]).casefold.text.strip()
    hay = forms(text).casefold
    if not sought or not hay.text:
        return None
    found = fuzz.partial_ratio_alignment(sought, hay.text, score_cutoff=_HINT_FROM)
    if found is None or found.dest_start >= found.dest_end:
        return None
    start, end = hay.span(found.dest_start, found.dest_end)
    while start > 0 and text[start].isalnum() and text[start - 1].isalnum():
        start -= 1
    while end < len(text) and text[end - 1].isalnum() and text[end].isalnum():
        end += 1
    return start, end


def _says_enough(quote: str) -> bool:
    """Whether a quote is long enough, or precise enough, to prove anything."""
    if not any(character.isalnum() for character in quote):
        return False
    seen = sum(not character.isspace() and character not in INVISIBLE for character in quote)
    return seen >= _ENOUGH or _NUMBER_WITH_UNIT.search(" ".join(quote.split())) is not None


def _places(sought: Forms, made: Forms, form: Callable[[Forms], Mapped]) -> Iterator[tuple[int, int]]:
    """Every place, in offsets of the source, where the two normal forms are equal and no guard objects."""
    needle, hay = form(sought), form(made)
    words = needle.text.strip(" ")
    if not words:
        return
    skipped = needle.text.index(words)
    hyphens = needle.hyphens[skipped : skipped + len(words)]
    at, work = hay.text.find(words), 0
    while at >= 0 and work < _WORK:
        work += len(words) + _WORK_AT_A_PLACE
        start, end = hay.span(at, at + len(words))
        if (
            not _splits(hay, at)
            and not _splits(hay, at + len(words))
            and _hyphens_agree(hyphens, hay.hyphens[at : at + len(words)])
            and not _cuts(made.source, start)
            and not _cuts(made.source, end)
            and not _changes_meaning(sought.source, made.source[start:end])
        ):
            yield start, end
        at = hay.text.find(words, at + 1)


def _splits(hay: Mapped, at: int) -> bool:
    """Whether this place lies within what was one character of the source, such as a ligature."""
    return 0 < at < len(hay.text) and hay.starts[at - 1] == hay.starts[at]


def _hyphens_agree(one: bytes, other: bytes) -> bool:
    """Whether hyphens within words stand in the same places, those that may be line ends aside.

    The first character's hyphen lies outside of the quote and is left to `_cuts`.
    """
    return one[1:] == other[1:] or all(
        a == b or PERHAPS_HYPHEN in (a, b) for a, b in zip(one[1:], other[1:], strict=True)
    )


# --- Guards ---------------------------------------------------------------------------------------------

_REACH = 24
_SPACELESS = (  # scripts written without spaces: there every place between two letters is a boundary
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_CUT = re.compile(
    rf"""
      [^\W{_SPACELESS}] \0 [^\W{_SPACELESS}]             # half a word, half a number: 20|6, m|²
    | \w \0 ' [^\W\d_] | \w ' \0 [^\W\d_]                # did|n't
    | \w \0 [-−+] (?!-) | \w [-−+] \0 \w                  # COVID|-19, 84|-100, CD34|+, non-|randomised
    | \w - \0 \s* \n | \w - \s* \n \s* \0 \w             # eligi-|ble at the end of a line
    | \b (?:non|un) - \s* \0                             # non- |randomised
    | \d — \0 \d | \d \0 — \d                            # a range with a long dash
    | \d \0 [.,:/^'·] \d | \d [.,:/^'·] \0 \d            # 0.|54, 1|,204, 17|/23
    | (?: ^ | [\s(\[=<>≤≥~±-] ) \. \0 \d                 # .|54
    | \d \0 \s? [%‰°]                                    # 94|%
    | (?<![\d.,]) \d{{1,3}} [^\S\n] \0 \d{{3}} (?!\d)    # 1 |204
    | (?<![\d.,]) \d{{1,3}} \0 [^\S\n] \d{{3}} (?!\d)
    | [-−] \0 \.?\d | − \s* \0 \.?\d                     # −|0.54
    | [(\[=<>,;:] \s* - \s+ \0 \.?\d                     # (- |0.54
    | [<>≤≥±~≈] =? \s* \0 \.?\d                          # <|0.05
    | \d \0 \s* × \s* \d | \d \s* × \s* \0 \d            # 5| × 10⁹
    """,
    re.VERBOSE | re.IGNORECASE,
)
_KEPT_SIGNS = {"−": "−", "—": "—"}  # these two mean more than a hyphen, next to a number
_PLAIN = {
    **{ord(character): None for character in INVISIBLE},
    **{ord(character): "-" for character in SOFT_HYPHEN + BROKEN_LINE},
    0: " ",
}


def _cuts(text: str, at: int) -> bool:
    """Whether a quote that begins or ends at this offset would split a word or a number of the text."""
    before, after = text[max(0, at - _REACH) : at], text[at : at + _REACH]
    if after and unicodedata.combining(after[0]):
        return True
    around = f"{_plain(before)}\0{_plain(after)}"
    return _CUT.search(around) is not None


def _plain(stretch: str) -> str:
    stretch = stretch.translate(_PLAIN)
    if stretch.isascii():
        return stretch
    bare = "".join(c for c in unicodedata.normalize("NFC", stretch) if not unicodedata.combining(c))
    return "".join(c if c in _KEPT_SIGNS else without_signs(c) for c in bare)


_DIGITS = re.compile(r"\d+")
_NEGATORS = ("no", "not", "without", "neither", "nor", "never", "none", "cannot")
_NEGATOR = re.compile(rf"\b(?:{'|'.join(_NEGATORS)})\b|n't\b|\b(?:non|un)(?=-?\w)")
_PUNCTUATION = ".,;:()[]\"'"
_BREAK = re.compile(r"(?<=[^\W\d_])- (?=[^\W\d_])")


def _changes_meaning(quote: str, found: str) -> bool:
    """A second lock, independent of the tiers: other figures or other negations are never the same words.

    Figures are compared as runs of digits as they stand in the two sources, invisible characters included.
    """
    return quote != found and (_digits(quote) != _digits(found) or not _same_negators(quote, found))


def _digits(words: str) -> Counter[str]:
    return Counter("".join(str(unicodedata.decimal(d)) for d in run) for run in _DIGITS.findall(words))


def _same_negators(quote: str, found: str) -> bool:
    """Whether both say no, not, without, un-, non- ... equally often.

    The end of a line can hide a hyphen (non-inferior) or break a word (no-table), so a stretch gives the
    fewest and the most negators it may hold; the two must be able to agree.
    """
    one, other = _negators(quote), _negators(found)
    named = set().union(*one, *other)
    return all(
        max(min(c[word] for c in one), min(c[word] for c in other))
        <= min(max(c[word] for c in one), max(c[word] for c in other))
        for word in named
    )


def _negators(words: str) -> tuple[Counter[str], Counter[str]]:
    plain = Forms(words).with_breaks.text.casefold()
    return (
        Counter(_NEGATOR.findall(_BREAK.sub("-", plain))),
        Counter(_NEGATOR.findall(_BREAK.sub("", plain))),
    )


# --- Ellipses -------------------------------------------------------------------------------------------


def _across_ellipses(quote: str, made: Forms) -> Span | None:
    """Find the parts of a quote with ellipses: each by itself, in order, close together.

    The span covers all from the first part to the last. Every part must pass all guards.
    """
    parts = [part for part in _ELISION.split(quote) if part.strip()]
    if parts in ([], [quote]) or len(parts) > _PARTS or not all(_says_enough(part) for part in parts):
        return None
    _, loosest = _LADDER[-1]
    ways: list[tuple[int, int]] = []
    for count, part in enumerate(reversed(parts)):
        places = list(_places(Forms(part), made, loosest))
        ways = places if count == 0 else _joined(places, ways, made.source)
        if not ways:
            return None
    return Span(*ways[0], Tier.ELLIPSIS, tuple(ways[1:]))


def _joined(places: list[tuple[int, int]], ways: list[tuple[int, int]], text: str) -> list[tuple[int, int]]:
    """Each place of a part together with the nearest way to go on from there, if there is one."""
    starts = [start for start, _ in ways]
    joined = []
    for start, end in places:
        following = bisect_left(starts, end)
        if following == len(ways) or starts[following] - end > _ELIDED:
            continue
        if not _hides_a_negator(text[end : starts[following]]):
            joined.append((start, ways[following][1]))
    return joined


def _hides_a_negator(elided: str) -> bool:
    """Whether an ellipsis stands for a "not" right beside the quoted words: did ... differ."""
    words = [word.strip(_PUNCTUATION) for word in without_signs(elided).casefold().split()]
    return any(word in _NEGATORS or word.endswith("n't") for word in words[:2] + words[-2:])
