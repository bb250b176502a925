"""RIS: a tag-line reader that accounts for every TY line of the file.

RIS has no guardian, so every vendor writes it a little differently. What holds here:

- A TY line begins an entry, whether or not the entry before it was closed by ER; the end of the file closes
  the last one. No entry is dropped: without a title, or with nothing but its TY line, it is still a record.
- Between tag and dash stand one, two (the rule) or three blanks; tabs, no-break blanks and long dashes,
  left by mail programs and word processors, count as well. Lower-case tags count in entries whose TY is
  lower-case.
- A line without a tag continues the field above it. A word with a dash inside such a line ("T1-weighted",
  "is - as expected") is no tag: a tag is one that RIS knows, or is written with the spacing of its TY line.
- Preambles before TY ("Record #1 of 20", "Provider: ...", "17.") are known and skipped. Any other text
  outside an entry is a Problem with its line: nothing that was in the file disappears in silence.

What the tags mean is in ris_fields.py.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from reviews.parsers.decoding import Text
from reviews.parsers.parsed import EXCERPT_LENGTH, ParsedRecord, Problem
from reviews.parsers.ris_fields import Field, record_from

NAME = "ris"

_KNOWN_TAGS_WORDS = """
TY A1 A2 A3 A4 A5 A6 AB AD AN AU AV BT C1 C2 C3 C4 C5 C6 C7 C8 CA CC CN CP CT CY DA DB DI DO DP ED EP ER ET
FD H1 H2 ID IP IS J1 J2 JA JF JO KW L1 L2 L3 L4 LA LB LK M1 M2 M3 N1 N2 NV OP PB PG PM PP PT PY RI RN RP SE
SN SP ST SV T1 T2 T3 TA TI TT U1 U2 U3 U4 U5 UR VL VO WP WT WV Y1 Y2 YR
"""
_KNOWN_TAGS = frozenset(_KNOWN_TAGS_WORDS.split())
_INNER_TAGS = _KNOWN_TAGS - {"TY", "ER"}
_TYPES_WORDS = """
ABST ADVS AGGR ANCIENT ART BILL BLOG BOOK CASE CHAP CHART CLSWK COMP CONF CPAPER CTLG DATA DBASE DICT EBOOK
ECHAP EDBOOK EJOUR ELEC ENCYC EQUA FIGURE GEN GOVDOC GRANT HEAR ICOMM INPR INTV JFULL JOUR LEGAL MANSCPT MAP
MGZN MPCT MULTI MUSIC NEWS PAMP PAT PCOMM POD PRESS RPRT SER SLIDE SOUND STAND STAT STD STUD THES UNBILL
UNPB UNPD VIDEO WEB
"""
_TYPES = frozenset(_TYPES_WORDS.split())
_INDENT = " \t\xa0"
_TAG = re.compile(r"([ \t\xa0]*)([A-Za-z][A-Za-z0-9])([ \t\xa0]{0,4})[-‐‑–—]([ \t\xa0]*)(.*)", re.S)
_BEGINS = re.compile(r"^\ufeff?[ \t\xa0]*TY[ \t\xa0]{0,4}[-‐‑–—]", re.M | re.I)
# What a line must look like to be anything but more of the field above it.
_NOTEWORTHY = re.compile(r"\s*$|\s*record #?\d|\ufeff|[ \t\xa0]*[a-z][a-z0-9][ \t\xa0]{0,4}[-‐‑–—]", re.I)
_PREAMBLE = re.compile(
    r"(?:Record #?\d+ of \d+|(?:Provider|Content|Database|Source|Link to [^:]{1,60}|Date|"
    r"Exported?[^:]{0,40}):.*"
    r"|\d{1,7}[.)]?|<\s*\d+\s*>|[-=_*#~]{3,})",
    re.I,
)
# What ends an entry whose ER line is missing, when it stands after a blank line.
_NEXT_ENTRY = re.compile(r"Record #?\d+ of \d+$", re.I)


class _Style(NamedTuple):
    """How the TY line of an entry is written; the lines below it are read by it."""

    indent: int
    upper: bool
    gap: int


class _Entry:
    """The entry being read: its lines as found and its fields so far."""

    __slots__ = ("fields", "line", "lines", "style")

    def __init__(self, line: int, style: _Style) -> None:
        self.line = line
        self.style = style
        self.lines: list[str] = []
        self.fields: list[Field] = []

    def add(self, line: str, tag: tuple[str, str] | None) -> None:
        self.lines.append(line)
        if tag:
            self.fields.append((tag[0], [tag[1].rstrip()]))
        else:
            self.fields[-1][1].append(line.rstrip())

    def without_next_preamble(self) -> None:
        """Give back the lines at the end that announce the next entry, when ER is missing."""
        while len(self.fields[-1][1]) > 1 and _is_preamble(self.lines[-1]):
            self.fields[-1][1].pop()
            self.lines.pop()

    def record(self, position: int) -> ParsedRecord:
        return record_from(
            self.fields, position=position, line=self.line, raw="".join(self.lines).rstrip("\r\n")
        )


def recognises(head: str) -> bool:
    """Whether a TY line stands in the text."""
    return any(_type_line(line.lstrip("\ufeff")) for line in head.splitlines() if _BEGINS.match(line))


def read(text: Text) -> Iterator[ParsedRecord | Problem]:
    """The records of an RIS file in order, and a Problem for each run of lines outside any entry."""
    return read_lines(text.lines())


def read_lines(lines: Iterable[str]) -> Iterator[ParsedRecord | Problem]:
    """As `read`, from lines that still have their line ends. Holds one entry in memory."""
    position = 0
    entry: _Entry | None = None
    stray: list[str] = []
    stray_line = 0
    after_blank = False
    for number, original in enumerate(lines, start=1):
        if entry and original[2:6] == "  - " and original[:2] in _INNER_TAGS:  # nearly every line
            entry.lines.append(original)
            entry.fields.append((original[:2], [original[6:].rstrip()]))
            after_blank = False
            continue
        if entry and not after_blank and not _NOTEWORTHY.match(original):  # nearly every other line
            entry.lines.append(original)
            entry.fields[-1][1].append(original.rstrip())
            continue
        line = original.lstrip("\ufeff")
        style = _type_line(line)
        if entry and not style and after_blank and _NEXT_ENTRY.match(line.strip()):
            position += 1
            yield _closed(entry, position)
            entry = None
        if style:
            if stray:
                yield _outside(stray_line, stray)
                stray = []
            if entry:
                position += 1
                yield _closed(entry, position)
            entry = _Entry(number, style)
        if entry:
            tag = _tag_of(line, entry.style)
            entry.add(line, tag)
            if tag and tag[0] == "ER":
                position += 1
                yield entry.record(position)
                entry = None
        elif _is_bare_end(line):
            if stray:  # two references without TY are two problems
                yield _outside(stray_line, stray)
                stray = []
        elif not _is_preamble(line):
            stray_line = stray_line if stray else number
            stray.append(line)
        after_blank = not line.strip() or (after_blank and _is_preamble(line))
    if stray:
        yield _outside(stray_line, stray)
    if entry:
        yield _closed(entry, position + 1)


def continues(line: str) -> bool:
    """Whether a line below "AB  - ..." is read as more of that field: it has no tag and begins no entry."""
    return (
        _tag_of(line, _Style(0, True, 2)) is None
        and _type_line(line) is None
        and not _NEXT_ENTRY.match(line.strip())
        and not line.startswith("\ufeff")
    )


def _closed(entry: _Entry, position: int) -> ParsedRecord:
    """The record of an entry that no ER line closed."""
    entry.without_next_preamble()
    return entry.record(position)


def _outside(line: int, stray: list[str]) -> Problem:
    tagged = any(_tag_of(each, _Style(0, True, 2)) for each in stray)
    reason = (
        "These tagged lines belong to no entry: no TY line stands before them. If they are a reference, put "
        "a "
        "line 'TY  - JOUR' in front of them and import the file again."
        if tagged
        else "This text stands outside every entry and was not imported."
    )
    return Problem(line=line, reason=reason, excerpt="".join(stray).strip()[:EXCERPT_LENGTH])


def _type_line(line: str) -> _Style | None:
    """The style of a TY line; None for any other line."""
    start = line.lstrip(_INDENT)[:2]
    if start not in ("TY", "ty", "Ty", "tY"):
        return None
    match = _TAG.match(line)
    if not match or match[2].upper() != "TY":
        return None
    indent, tag, gap, after, value = match.groups()
    kind = value.strip().upper()
    # "ty - jour" is an entry, "ty - as in thymus" is prose; capital TY with blanks around is always an entry.
    if kind not in _TYPES and (
        not tag.isupper() or not gap or (value.strip() and not after and len(gap) < 2)
    ):
        return None
    return _Style(indent=len(indent), upper=tag.isupper(), gap=len(gap))


def _tag_of(line: str, style: _Style) -> tuple[str, str] | None:
    """(tag in capitals, value) of a tag line; None for a line that continues the field above it."""
    if line[2:5] == "  -" and line[5:6] in _BLANK and line[:2] in _KNOWN_TAGS:  # the usual case, fast
        return line[:2], line[6:]
    match = _TAG.match(line)
    if not match:
        return None
    indent, tag, gap, after, value = match.groups()
    name = tag.upper()
    spaced = bool(after) or not value.strip()
    if name == "TY":
        return (name, value) if _type_line(line) else None
    if len(indent) > style.indent or (style.upper and not tag.isupper()):
        return None
    if name in _KNOWN_TAGS:
        near = bool(gap) or style.gap == 0
        return (name, value) if near and (spaced or len(gap) > 1) else None
    return (name, value) if tag.isupper() and len(gap) == style.gap and gap and spaced else None


_BLANK = frozenset(("", " ", "\t", "\r", "\n"))


def _is_preamble(line: str) -> bool:
    line = line.strip("\ufeff \t\r\n\f\xa0")
    return not line or _PREAMBLE.fullmatch(line) is not None


def _is_bare_end(line: str) -> bool:
    """An ER line outside an entry: it holds nothing."""
    return _tag_of(line, _Style(0, True, 2)) in (("ER", ""), ("ER", "\n"), ("ER", "\r\n"), ("ER", "\r"))
