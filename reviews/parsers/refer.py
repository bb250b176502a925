"""refer, the format of EndNote's "EndNote Export" (.enw): %0 Journal Article, %A Doe, J., %T A title, ...

- A %0 line begins an entry. In files of the old refer, which have none, a blank line parts the entries; so it
  does here where an author or title follows and the entry above has its title.
- A line without a tag continues the field above it. Text in front of the first entry is a Problem.
- Each tag stands for the RIS tag under which EndNote exports the same field; what those mean is in
  ris_fields.py. Tags that are not in the table keep their name.
"""

import re
from collections.abc import Iterator

from reviews.parsers.decoding import Text
from reviews.parsers.parsed import ParsedRecord, Problem
from reviews.parsers.ris_fields import record_from
from reviews.parsers.tagged import Entry, Outside

NAME = "endnote"

_TAGS = {
    "%0": "TY",
    "%1": "C1",
    "%2": "C2",
    "%3": "C3",
    "%4": "C4",
    "%#": "C5",
    "%$": "C6",
    "%]": "C7",
    "%7": "ET",
    "%8": "DA",
    "%9": "M3",
    "%A": "AU",
    "%B": "T2",
    "%C": "CY",
    "%D": "PY",
    "%E": "A2",
    "%F": "LB",
    "%G": "LA",
    "%H": "TA",
    "%I": "PB",
    "%J": "JF",
    "%K": "KW",
    "%L": "CN",
    "%M": "AN",
    "%N": "IS",
    "%O": "J2",
    "%P": "SP",
    "%Q": "TT",
    "%R": "DO",
    "%S": "T3",
    "%T": "TI",
    "%U": "UR",
    "%V": "VL",
    "%W": "DP",
    "%X": "AB",
    "%Y": "A3",
    "%Z": "N1",
    "%!": "ST",
    "%?": "A4",
    "%@": "SN",
    "%&": "SE",
    "%(": "OP",
    "%)": "RP",
    "%*": "RI",
    "%+": "AD",
    "%^": "CA",
    "%<": "RN",
    "%>": "L1",
    "%[": "Y2",
    "%~": "DB",
}
_TAG = re.compile(r"%([0-9A-Za-z!-/:-@\[-`{-~])(?:[ \t]+(.*)|[ \t\r\n]*)", re.S)
_BEGINS = re.compile(r"^\ufeff?(?:%0 \S.*|%[AT] \S.*)[\r\n]+(?:%[0-9A-Z!-/:-@\[-`{-~] \S)", re.M)
_OUTSIDE = (
    "This text stands in front of the first entry and was not imported. If it is a reference, put a line "
    "'%0 Journal Article' in front of it and import the file again."
)


def recognises(head: str) -> bool:
    """Whether a type, an author or a title stands in it as refer writes them, with another tag below."""
    return _BEGINS.search(head) is not None


def read(text: Text) -> Iterator[ParsedRecord | Problem]:
    """The records of the file in order, and a Problem for lines in front of the first."""
    position = 0
    entry: Entry | None = None
    outside = Outside()
    after_blank = False
    for number, original in enumerate(text.lines(), start=1):
        line = original.lstrip("\ufeff")
        tag = _tag_of(line)
        begins = tag is not None and _begins(tag[0], entry, after_blank)
        if entry and begins:
            position += 1
            yield _record(entry, position)
        if begins:
            yield from outside.problems(_OUTSIDE)
            entry = Entry(number)
        if entry:
            entry.add(line, tag)
        elif line.strip():
            outside.add(number, line)
        after_blank = not line.strip()
    yield from outside.problems(_OUTSIDE)
    if entry:
        yield _record(entry, position + 1)


def _tag_of(line: str) -> tuple[str, str] | None:
    match = _TAG.fullmatch(line) if line.startswith("%") else None
    return (f"%{match[1]}", match[2] or "") if match else None


def _begins(tag: str, entry: Entry | None, after_blank: bool) -> bool:
    """Whether a tag line begins an entry, given the one that is open."""
    if entry is None or tag == "%0":
        return True
    return after_blank and tag in ("%A", "%T", "%E") and "%T" in entry.tags


def _record(entry: Entry, position: int) -> ParsedRecord:
    fields = [
        (_TAGS.get(tag, tag), [name.rstrip().removesuffix(",") for name in lines] if tag == "%A" else lines)
        for tag, lines in entry.fields
    ]
    return record_from(fields, position=position, line=entry.line, raw=entry.raw())
