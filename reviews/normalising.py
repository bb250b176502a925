"""Normal forms of a text in which every character still knows where it came from.

A quote and the text it was taken from rarely agree character by character: PDF extraction breaks
lines and words, publishers set curly quotes and true minus signs, models tidy up. Each step here
takes a `Mapped` text and gives a plainer one, and never loses the way back: character `i` of the
plainer text was made from `source[starts[i]:ends[i]]`. Offsets are code points.

What is never folded, because it would change a figure: superscripts and subscripts (10² is not 102,
mg/m² is not mg/m2), fractions (1½ is not 11/2) and anything else whose plain form brings new digits.
Pure: no Django, no database, no files.
"""

import re
import unicodedata
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

SOFT_HYPHEN = "\u00ad"
BROKEN_LINE = "\ufffe\x02"
"""What PDFium puts where a hyphen ended a line; it swallows the line break itself."""

INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
"""Zero-width spaces, joiners and marks: they are not seen, so nobody can quote them."""

_SIGNS = (
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043\u02d7\ufe58\ufe63\uff0d", "-")
    | dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u02bc\u00b4", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"')
    | dict.fromkeys("\u2264\u2266\u2a7d", "<=")
    | dict.fromkeys("\u2265\u2267\u2a7e", ">=")
)
_FOLDED_KINDS = {"<compat>", "<wide>", "<narrow>", "<font>", "<noBreak>", "<square>"}

_GAP = re.compile(rf"[\s{INVISIBLE}{SOFT_HYPHEN}]+")
_GAP_OR_BREAK = re.compile(rf"[\s{INVISIBLE}{SOFT_HYPHEN}{BROKEN_LINE}]+")
_HYPHEN_IN_A_WORD = re.compile(r"(?<=\w)-( ?)(?=\w)")

# The middle dot of the Lancet: a decimal point between digits, unless a power of ten follows.
_DECIMAL_DOT = r"(?<=\d)\u00b7(?=\d)(?!10[\u207b\u2070\u00b9\u00b2\u00b3\u2074-\u2079])"
# A base letter and its marks. Bounded, because ordering an endless run of marks takes quadratic time.
_MARKS_AT_ONCE = 30

NO_HYPHEN, HYPHEN, PERHAPS_HYPHEN = 0, 1, 2


@dataclass(frozen=True)
class Mapped:
    """A plain form of a text: `text[i]` stands for `source[starts[i]:ends[i]]`.

    `hyphens` is only filled once hyphens inside words were taken out: for each character, whether a
    hyphen stood before it (`HYPHEN`), or one that may have been put there by the end of a line
    (`PERHAPS_HYPHEN`).
    """

    text: str
    starts: "array[int]"
    ends: "array[int]"
    hyphens: bytes = b""

    def span(self, first: int, stop: int) -> tuple[int, int]:
        """The code-point offsets in the source of the non-empty stretch `text[first:stop]`."""
        return self.starts[first], self.ends[stop - 1]


class Forms:
    """All normal forms of one text, each made when first asked for, each built upon the one before."""

    def __init__(self, text: str) -> None:
        self.source = text

    @cached_property
    def exact(self) -> Mapped:
        """The text as it is."""
        length = len(self.source)
        return Mapped(self.source, array("I", range(length)), array("I", range(1, length + 1)))

    @cached_property
    def whitespace(self) -> Mapped:
        """Every run of white space is one space; soft hyphens and invisible characters are gone."""
        return _one_space(self.exact, _GAP, joint="")

    @cached_property
    def typography(self) -> Mapped:
        """Accents composed, ligatures and wide letters plain, quotes straight, dashes one hyphen."""
        return _typeset(self.whitespace)

    @cached_property
    def dehyphenate(self) -> Mapped:
        """Hyphens between letters are taken out of the text and noted in `hyphens`."""
        return _without_hyphens(self.with_breaks)

    @cached_property
    def casefold(self) -> Mapped:
        """No difference between capital and small letters."""
        return _without_hyphens(_casefolded(self.with_breaks))

    @cached_property
    def with_breaks(self) -> Mapped:
        """As `typography`, but each possible end of a line within a word shows as a hyphen and a space."""
        return _typeset(_one_space(self.exact, _GAP_OR_BREAK, joint="- "))


@lru_cache(maxsize=4)
def forms(text: str) -> Forms:
    """The normal forms of a text, remembered for a few texts: many quotes are sought in one paper."""
    return Forms(text)


def without_signs(text: str) -> str:
    """`text` with dashes, quotes and the like made plain, code point for code point."""
    return text.translate(_SAME_LENGTH_SIGNS)


_SAME_LENGTH_SIGNS = {ord(sign): plain for sign, plain in _SIGNS.items() if len(plain) == 1}


def _rewrite(mapped: Mapped, pattern: re.Pattern[str], replace: Callable[[re.Match[str]], str]) -> Mapped:
    """Replace every match; each new character stands for the whole stretch that was matched."""
    pieces: list[str] = []
    starts, ends = array("I"), array("I")
    done = 0
    for hit in pattern.finditer(mapped.text):
        new = replace(hit)
        if new == hit.group():
            continue
        first, stop = hit.span()
        pieces += mapped.text[done:first], new
        starts += mapped.starts[done:first]
        ends += mapped.ends[done:first]
        starts += array("I", [mapped.starts[first]] * len(new))
        ends += array("I", [mapped.ends[stop - 1]] * len(new))
        done = stop
    if not done:
        return mapped
    pieces.append(mapped.text[done:])
    starts += mapped.starts[done:]
    ends += mapped.ends[done:]
    return Mapped("".join(pieces), starts, ends)


def _one_space(mapped: Mapped, gaps: re.Pattern[str], *, joint: str) -> Mapped:
    """Collapse white space; `joint` is what a soft hyphen (and the line end after it) turns into.

    Many PDFs encode true hyphens as soft ones. Next to a digit it is therefore always kept as a
    hyphen: 11<soft hyphen>29 is a range, never 1129.
    """

    def plain(hit: re.Match[str]) -> str:
        gap = hit.group()
        if gap == " ":
            return gap
        before = mapped.text[hit.start() - 1 : hit.start()]
        after = mapped.text[hit.end() : hit.end() + 1]
        first = gap.lstrip(INVISIBLE)[:1]
        if first and not first.isspace() and before.isalnum() and after.isalnum():
            return joint if before.isalpha() and after.isalpha() else "-"
        return " " if any(character.isspace() for character in gap) else ""

    return _rewrite(mapped, gaps, plain)


@lru_cache(maxsize=4096)
def _fold(character: str) -> str:
    """The plain form of one character, or the character itself."""
    if character in _SIGNS:
        return _SIGNS[character]
    kind, *points = unicodedata.decomposition(character).split() or ["", ""]
    if kind not in _FOLDED_KINDS:
        return unicodedata.normalize("NFC", character)
    plain = "".join(_fold(chr(int(point, 16))) for point in points)
    brings_digits = len(plain) > 1 and any(part.isdecimal() for part in plain)
    if brings_digits or plain.startswith(" "):  # such as the number with its full stop, the lone accent
        return character
    return plain


def _typeset(mapped: Mapped) -> Mapped:
    if mapped.text.isascii():
        return mapped
    letters = set(mapped.text)
    plain = {letter: folded for letter in letters if (folded := _fold(letter)) != letter}
    marks = "".join(re.escape(letter) for letter in letters if unicodedata.combining(letter))
    alternatives = [_DECIMAL_DOT]
    if marks:
        alternatives.append(rf"[^{marks}][{marks}]{{1,{_MARKS_AT_ONCE}}}")
    if plain:
        alternatives.append(f"[{''.join(re.escape(letter) for letter in plain)}]")

    def typeset(hit: re.Match[str]) -> str:
        found = hit.group()
        if found == "\u00b7":
            return "."
        if len(found) == 1:
            return plain.get(found, found)
        return unicodedata.normalize("NFC", _fold(found[0]) + found[1:])

    return _rewrite(mapped, re.compile("|".join(alternatives)), typeset)


def _casefolded(mapped: Mapped) -> Mapped:
    letters = {letter for letter in set(mapped.text) if letter.casefold() != letter}
    if not letters:
        return mapped
    pattern = re.compile(f"[{''.join(re.escape(letter) for letter in letters)}]")
    return _rewrite(mapped, pattern, lambda hit: hit.group().casefold())


def _without_hyphens(mapped: Mapped) -> Mapped:
    """Take hyphens between letters out and note them; next to a digit only a line break is taken out.

    A hyphen before white space may be the end of a line (`autol-` `ogous`) or belong to the word
    (`progression-` `free`): both readings are allowed for. A digit's hyphen is never taken away, so a
    range or a minus sign cannot be eaten.
    """

    def removed(hit: re.Match[str]) -> str:
        before, after = mapped.text[hit.start() - 1], mapped.text[hit.end()]
        return "" if before.isalpha() and after.isalpha() else "-"

    hits = list(_HYPHEN_IN_A_WORD.finditer(mapped.text))
    plain = _rewrite(mapped, _HYPHEN_IN_A_WORD, removed)
    hyphens = bytearray(len(plain.text))
    shift = 0
    for hit in hits:
        new = removed(hit)
        shift += len(hit.group()) - len(new)
        if not new:
            hyphens[hit.end() - shift] = PERHAPS_HYPHEN if hit.group(1) else HYPHEN
    return Mapped(plain.text, plain.starts, plain.ends, bytes(hyphens))
