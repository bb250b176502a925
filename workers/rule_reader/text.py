"""A text made easy to search, with the way back to every original character.

`Text.flat` has runs of white space collapsed, words that a line end had hyphenated joined, ligatures opened and dashes
and quotation marks made plain; `Text.low` is the same in lower case and of the same length. `Text.source[i]` is the
index in the original of the character `flat[i]`, so that every quote is cut from the original, verbatim.
"""

import re
from dataclasses import dataclass
from functools import cached_property

QUOTE_LIMIT = 300
"""No quote is longer than this, in characters of the original."""

_PLAIN = {
    "ﬁ": "fi", "ﬂ": "fl", "ﬀ": "ff", "ﬃ": "ffi", "ﬄ": "ffl", "\u00ad": "", "\u200b": "", "\ufeff": "",
    "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "−": "-",
    "‘": "'", "’": "'", "“": '"', "”": '"', "·": ".",
}  # fmt: skip
_GAP = re.compile(r"\s+")
_HYPHEN_AT_LINE_END = re.compile(r"(?<=[^\W\d_])-[ \t]*\n[ \t]*(?=[a-zà-ÿ])")
_BULLET = re.compile(r"[•●▪◦‣*·-]\s+|\d{1,2}[.)]\s+|\t")
_SENTENCE_END = re.compile(r"[.?!][\"')\]]*(?:\d{1,2}(?:,\d{1,2})*)?(?=\s+[\"'(\[]?[A-Z0-9≥>≤<])")
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|et al|vs|dr|prof|fig|figs|no|nos|approx|ca|cf|st|resp|inc|ltd|min|max|ref|refs|eq)|\b[A-Z])\.$",
    re.I,
)
_REFERENCES = re.compile(
    r"^[ \t]*(?:references|bibliography|literature cited|reference list)[ \t]*:?[ \t]*$", re.I | re.M
)
_SECTION = re.compile(
    r"\s*(?:abstract|introduction|background|summary|objectives?|aims?|purpose|methods?|patients and methods"
    r"|results?|findings|conclusions?|importance|context)\b\s*:?",
    re.I,
)


@dataclass(frozen=True)
class Sentence:
    """One sentence, or one line of a list: a half-open span of `Text.flat`."""

    number: int
    start: int
    end: int
    low: str
    is_title: bool


class Text:
    """One document, read once."""

    def __init__(self, raw: str) -> None:
        self.raw = raw
        self.flat, self.source = _flatten(raw)
        lowered = (character.lower() for character in self.flat)
        self.low = "".join(low if len(low) == 1 else "?" for low in lowered)

    @cached_property
    def main_end(self) -> int:
        """Where the list of references begins in `flat`, or the end of the text."""
        headings = (match.start() for match in _REFERENCES.finditer(self.raw))
        begins = next((at for at in headings if at >= len(self.raw) * 0.3), len(self.raw))
        return next((i for i, at in enumerate(self.source) if at >= begins), len(self.flat))

    @cached_property
    def title_end(self) -> int:
        """The end of the title in `flat`; 0 when the text does not begin with one.

        The title is the first paragraph, if it is short, does not begin with the name of a section, and more follows.
        """
        first = self.flat.lstrip().split("\n", 1)[0]
        start = len(self.flat) - len(self.flat.lstrip())
        has_more = self.flat[start + len(first) :].strip() != ""
        if not has_more or not 15 <= len(first) <= QUOTE_LIMIT or _SECTION.match(first):
            return 0
        return start + len(first)

    @cached_property
    def sentences(self) -> list[Sentence]:
        """The sentences before the list of references, in order."""
        found: list[Sentence] = []
        for start, end in _sentence_spans(self.flat[: self.main_end]):
            is_title = end <= self.title_end
            found.append(Sentence(len(found), start, end, self.low[start:end], is_title))
        return found

    def quote(self, start: int, end: int, keep: tuple[int, int] | None = None) -> str:
        """The original characters of `flat[start:end]`, cut to QUOTE_LIMIT around `keep` (a span inside it).

        A cut is made at a clause boundary where there is one, else between words.
        """
        keep = keep or (start, start + 1)
        while True:
            quote = self._original(start, end)
            if len(quote) <= QUOTE_LIMIT:
                return quote
            shorter = _shorten(self.flat, start, end, keep)
            if shorter == (start, end):
                return quote[:QUOTE_LIMIT].rsplit(None, 1)[0]
            start, end = shorter

    def _original(self, start: int, end: int) -> str:
        if start >= end:
            return ""
        return self.raw[self.source[start] : self.source[end - 1] + 1].strip()


def _flatten(raw: str) -> tuple[str, list[int]]:
    """The flat text and, for each of its characters, the index of the character it came from."""
    out: list[str] = []
    source: list[int] = []
    skip_until = 0
    joins = {match.start(): match.end() for match in _HYPHEN_AT_LINE_END.finditer(raw)}
    for index, character in enumerate(raw):
        if index < skip_until:
            continue
        if index in joins:
            skip_until = joins[index]
            continue
        if character.isspace():
            gap = _GAP.match(raw, index)
            assert gap is not None
            skip_until = gap.end()
            out.append("\n" if _is_break(raw, gap) else " ")
            source.append(index)
            continue
        plain = _PLAIN.get(character, character)
        out.extend(plain)
        source.extend([index] * len(plain))
    return "".join(out), source


def _is_break(raw: str, gap: re.Match[str]) -> bool:
    """Does this white space end a paragraph, a heading or a line of a list?"""
    newlines = gap.group().count("\n")
    if newlines != 1:
        return newlines > 1
    if _BULLET.match(raw, gap.end()):
        return True
    before = raw[raw.rfind("\n", 0, gap.start()) + 1 : gap.start()].strip()
    next_line_end = raw.find("\n", gap.end())
    after = raw[gap.end() : next_line_end if next_line_end >= 0 else len(raw)].strip()
    if _BULLET.match(before):
        return not after[:1].islower()
    # A short line above a much longer one is a heading or a button, not wrapped text.
    return (
        len(before) <= 60
        and len(after) > 2 * len(before)
        and not after[:1].islower()
        and before[-1:] not in ",;"
    )


def _sentence_spans(flat: str) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for paragraph in re.finditer(r"[^\n]+", flat):
        start = paragraph.start()
        for stop in _SENTENCE_END.finditer(flat, paragraph.start(), paragraph.end()):
            if _ABBREVIATION.search(flat, max(start, stop.start() - 8), stop.start() + 1):
                continue
            spans.append((start, stop.end()))
            start = stop.end()
        spans.append((start, paragraph.end()))
    return [span for span in (_trimmed(flat, start, end) for start, end in spans) if span[0] < span[1]]


def _trimmed(flat: str, start: int, end: int) -> tuple[int, int]:
    """The span without white space around it and without the bullet in front."""
    start += len(flat[start:end]) - len(flat[start:end].lstrip())
    bullet = _BULLET.match(flat, start, end)
    if bullet and not bullet.group()[0].isdigit():
        start = bullet.end()
    return start, start + len(flat[start:end].rstrip())


def _shorten(flat: str, start: int, end: int, keep: tuple[int, int]) -> tuple[int, int]:
    """Take one clause, or failing that one word, off the end that is farther from what must stay."""
    if end - keep[1] >= keep[0] - start:
        return start, _last_cut(flat, keep[1], end)
    return _first_cut(flat, start, keep[0]), end


def _last_cut(flat: str, low: int, end: int) -> int:
    clause = max(flat.rfind(mark, low, end - 1) for mark in (", ", "; ", ": ", " (", ". "))
    if clause > low:
        return clause
    space = flat.rfind(" ", low, end - 1)
    return space if space > low else end


def _first_cut(flat: str, start: int, high: int) -> int:
    clauses = [at for mark in (", ", "; ", ": ", ") ", ". ") if (at := flat.find(mark, start, high)) >= 0]
    if clauses:
        return min(clauses) + 2
    space = flat.find(" ", start, high)
    return space + 1 if space >= 0 else start
