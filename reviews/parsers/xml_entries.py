"""Entries out of an XML file of any length: found one by one in the text, then each parsed for itself.

A parser of the whole file would stop at the first broken letter, and everything behind it would be lost. So
the beginnings and ends of entries are found in the text, and each entry is parsed alone (ADR 10):

- The file is read in the memory of one entry, and `raw` is the entry as found, at a line that is exact.
- An entry that is not well-formed is mended where it is clear what was meant (a bare "&" or "<", a letter
  that XML forbids, an HTML entity such as &nbsp;, a prefix without its namespace). Where it is not, that
  entry is a Problem, and so is one without its end; those before and behind it are read.
- No entry can declare an entity or fetch a file, because a DTD can only stand before all of them; a file
  whose DTD declares any is refused (refusals.py). defusedxml sees to the rest.
- An entry may be LONGEST signs long and have MOST_TAGS tags, which the papers with most authors (15,000)
  stay below.
"""

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError

from defusedxml.ElementTree import fromstring

from reviews.parsers.decoding import Text
from reviews.parsers.parsed import EXCERPT_LENGTH, Problem

LONGEST = 16_000_000
MOST_TAGS = 500_000
_HELD = 1 << 20  # signs between entries that are looked at together

_EMPTY = re.compile(r"<[^<>]*/>")
_TAG = re.compile(r"<!--.*?-->|<[^<>]*>", re.S)
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_NUMBERED = re.compile(r"&#(?:(\d{1,7})|x([0-9a-fA-F]{1,6}));")
_BARE_SIGN = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});)|<(?![A-Za-z/!?])")
_NAMED = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)[A-Za-z][A-Za-z0-9]{1,31};")
_PREFIX = re.compile(r"(?<=[</\s])[A-Za-z][\w.-]*:(?=[A-Za-z_])")

_BETWEEN = "This text stands between the entries of the file and was not imported."
_BROKEN = "This entry is not well-formed XML ({}) and was not imported. Export it again, or add it by RIS."
_ENDLESS = (
    "This entry has no end: the file breaks off inside it, or its closing tag is damaged. It was not imported; "
    "export the list again."
)
_TOO_LARGE = "This entry is too large to be a reference and was not imported."


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: where it begins, its text as found, and what it says."""

    line: int  # 1-based
    raw: str
    element: Element


def entries(text: Text, names: tuple[str, ...]) -> Iterator[Entry | Problem]:
    """Every element of the file that bears one of these names, and a Problem for whatever else says something."""
    line = 1
    between: list[str] = []
    between_line = 1
    after_return = False
    for kind, piece in pieces(text.chunks(), names):
        if kind != "between":
            yield from _outside("".join(between), between_line)
            between = []
            yield _entry(piece, line) if kind == "entry" else _problem(_ENDLESS, piece, line)
        elif (said := _TAG.sub(" ", piece).strip()) and sum(map(len, between)) < EXCERPT_LENGTH:
            between_line = between_line if between else line + _line_ends(piece[: piece.find(said[0])])
            between.append(said)
        line += _line_ends(piece) - (after_return and piece.startswith("\n"))
        after_return = piece.endswith("\r")
    yield from _outside("".join(between), between_line)


def pieces(chunks: Iterable[str], names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The whole text in pieces, in order: "entry", "endless" (an entry without its end), or "between".

    A tag inside CDATA counts as one: no exporter writes that, and telling it apart would let a crafted file
    be searched without end.
    """
    begins = re.compile(rf"<({'|'.join(names)})(?=[\s/>])")
    more = iter(chunks)
    rest, at, whole = next(more, ""), 0, False
    while True:
        begin = begins.search(rest, at)
        stop = begin.start() if begin else len(rest) if whole else at
        if not begin and not whole and len(rest) - at > _HELD:
            stop = max(rest.rfind("<"), len(rest) - _HELD)
        if stop > at:
            yield "between", rest[at:stop]
            at = stop
        if begin:
            following = begins.search(rest, begin.end())
            end = _end_of_entry(rest, begin, following.start() if following else len(rest))
            if end or following or whole or len(rest) - at > LONGEST:
                stop = end or (following.start() if following else len(rest))
                yield "entry" if end else "endless", rest[at:stop]
                at = stop
                continue
        elif whole:
            return
        chunk = next(more, "")
        rest, at, whole = rest[at:] + chunk, 0, not chunk


def _end_of_entry(rest: str, begin: re.Match[str], before: int) -> int:
    """Where the entry ends: behind its closing tag, or behind its only tag; 0 when neither stands there."""
    if empty := _EMPTY.match(rest, begin.start(), before):
        return empty.end()
    closing = re.compile(rf"</{begin[1]}\s*>").search(rest, begin.end(), before)
    return closing.end() if closing else 0


def _line_ends(text: str) -> int:
    if "\r" in text:
        return text.count("\n") + text.count("\r") - text.count("\r\n")
    return text.count("\n")


def _entry(raw: str, line: int) -> Entry | Problem:
    if len(raw) > LONGEST or raw.count("<") > MOST_TAGS:
        return _problem(_TOO_LARGE, raw[: EXCERPT_LENGTH * 50], line)
    try:
        return Entry(line, raw, fromstring(raw, forbid_dtd=True))
    except (ParseError, ValueError) as broken:
        try:
            return Entry(line, raw, fromstring(_mended(raw), forbid_dtd=True))
        except (ParseError, ValueError):
            return _problem(_BROKEN.format(broken), raw, line)


def _mended(raw: str) -> str:
    """The entry with what commonly breaks an export put right."""
    raw = _FORBIDDEN.sub("\ufffd", raw)
    raw = _NUMBERED.sub(_allowed, raw)
    raw = _NAMED.sub(lambda entity: html.escape(html.unescape(entity[0])), raw)
    raw = _BARE_SIGN.sub(lambda sign: html.escape(sign[0]), raw)
    return _TAG.sub(lambda tag: _PREFIX.sub("", tag[0]), raw)


def _allowed(reference: re.Match[str]) -> str:
    """A numeric reference, or U+FFFD when XML forbids the letter it stands for."""
    number = int(reference[1]) if reference[1] else int(reference[2], 16)
    forbidden = number > 0x10FFFF or 0xD800 <= number <= 0xDFFF or _FORBIDDEN.match(chr(number))
    return "\ufffd" if forbidden else reference[0]


def _outside(said: str, line: int) -> Iterator[Problem]:
    if said:
        yield Problem(line=line, reason=_BETWEEN, excerpt=" ".join(said.split())[:EXCERPT_LENGTH])


def _problem(reason: str, raw: str, line: int) -> Problem:
    said = " ".join(_TAG.sub(" ", raw[: EXCERPT_LENGTH * 50]).split())
    return Problem(line=line, reason=reason[:300], excerpt=(said or raw.strip())[:EXCERPT_LENGTH])


def text_of(element: Element | None) -> str:
    """All text inside an element, its markup left out; "" for None. However deep, as itertext() is not."""
    if element is None or not len(element):
        return (element.text or "") if element is not None else ""
    parts: list[str] = []
    ahead: list[Element | str] = [element]
    while ahead:
        this = ahead.pop()
        if isinstance(this, str):
            parts.append(this)
            continue
        parts.append(this.text or "")
        for child in reversed(this):
            ahead += [child.tail or "", child]
    return "".join(parts)


def one_line(element: Element | None) -> str:
    """As `text_of`, every run of blanks and line ends a single blank."""
    return " ".join(text_of(element).split())
