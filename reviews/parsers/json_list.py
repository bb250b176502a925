"""References as JSON: a list of objects, or an object a line. CSL JSON (Zotero, Mendeley, Crossref), Reflib, others.

- Each object is an entry; its own text is `raw`, and its fields are named by _TAGS, whatever the capitals, dashes
  and underscores. An object in which no name is known is a Problem, and so is what is not an object.
- Where the JSON breaks, the entries before it are kept and the break is a Problem with its line.
- Authors are texts, or objects with family and given (or lastName and firstName), or literal.
- The objects may lie one deep: {"references": [...]}, {"items": [...]}, {"records": [...]}.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from reviews.parsers.decoding import Text
from reviews.parsers.parsed import EXCERPT_LENGTH, ParsedRecord, Problem
from reviews.parsers.ris_fields import Field, record_from

NAME = "json"
LONGEST_ENTRY = 8 << 20  # characters; a longer one is no reference

_TAGS = {
    "title": "TI", "shorttitle": "ST", "titleshort": "ST",
    "author": "AU", "authors": "AU", "creators": "AU", "editor": "A2",
    "containertitle": "JO", "journal": "JO", "publicationtitle": "JO", "containertitleshort": "JA",
    "journalabbreviation": "JA", "secondarytitle": "T2", "booktitle": "T2",
    "abstract": "AB", "abstractnote": "AB",
    "year": "PY", "issued": "PY", "publicationyear": "PY", "date": "DA",
    "volume": "VL", "issue": "IS", "number": "IS", "page": "SP", "pages": "SP",
    "doi": "DO", "pmid": "PM", "pubmedid": "PM", "issn": "SN", "isbn": "SN", "url": "UR", "urls": "UR",
    "keyword": "KW", "keywords": "KW", "tags": "KW", "language": "LA", "lang": "LA",
    "publisher": "PB", "publisherplace": "CY", "address": "AD", "note": "N1", "notes": "N1",
    "type": "M3", "itemtype": "M3", "genre": "M3",
    "custom1": "C1", "custom2": "C2", "custom3": "C3", "custom4": "C4", "custom5": "C5", "custom6": "C6",
    "label": "LB", "recnumber": "ID", "id": "ID", "accessionnumber": "AN",
}  # fmt: skip
_NEEDED = frozenset({"TI", "AB", "AU", "DO", "PM"})  # one of these makes an object a reference
_BEGINS = re.compile(r'\ufeff?\s*(?:\{\s*"(?:references|items|records|data)"\s*:\s*)?(?:\[\s*)?(?=\{)')
_LIST_BEGINS = re.compile(r'\ufeff?\s*(?:\{\s*"(?:references|items|records|data)"\s*:\s*)?\[\s*|\ufeff?\s*')
_KEYS = re.compile(r'"([A-Za-z][\w-]{1,30})"\s*:')
_BETWEEN = re.compile(r"[\s,]*")


def recognises(head: str) -> bool:
    """Whether it begins as a list of objects, of which the names tell that they are references."""
    if not _BEGINS.match(head):
        return False
    named = {_TAGS.get(_plain(key)) for key in _KEYS.findall(head)}
    return "TI" in named and bool(named & {"AU", "DO", "AB", "PY", "JO", "PM"})


def read(text: Text) -> Iterator[ParsedRecord | Problem]:
    """The records of the file in order, read object by object."""
    position = 0
    for line, raw, found in _objects(text):
        if isinstance(found, Problem):
            yield found
            continue
        fields = list(_fields(found)) if isinstance(found, dict) else []
        if not _NEEDED & {tag for tag, _ in fields}:
            why = "This entry of the list says neither a title nor anything else of a reference."
            yield Problem(line, f"{why} It was not imported.", raw[:EXCERPT_LENGTH])
            continue
        position += 1
        yield record_from(fields, position=position, line=line, raw=raw)


def _objects(text: Text) -> Iterator[tuple[int, str, Any]]:
    """(line, its own text, the value) of every entry; at a break (line, "", Problem), and nothing after it."""
    decoder, pieces = json.JSONDecoder(), text.chunks()
    held, line = next(pieces, ""), 1
    begun = _LIST_BEGINS.match(held)
    at = begun.end() if begun else 0
    line += held.count("\n", 0, at)
    while True:
        gap = _BETWEEN.match(held, at)
        end = gap.end() if gap else at
        line += held.count("\n", at, end)
        held, at = held[end:], 0
        if not held and (more := next(pieces, "")):
            held = more
            continue
        if not held or held[0] in "]}":
            return
        try:
            value, at = decoder.raw_decode(held)
        except (ValueError, RecursionError):
            if len(held) < LONGEST_ENTRY and (more := next(pieces, "")):
                held += more
                continue
            why = "The JSON breaks here; what stands before this line was imported, what follows was not."
            yield line, "", Problem(line, why, held[:EXCERPT_LENGTH])
            return
        yield line, held[:at], value
        line += held.count("\n", 0, at)


def _fields(entry: dict[str, Any]) -> Iterator[Field]:
    for key, value in entry.items():
        tag = _TAGS.get(_plain(key), key)
        for said in _texts(value, tag):
            yield tag, [each.strip() for each in re.split(r"\r\n|\r|\n", said)]


def _texts(value: Any, tag: str) -> Iterator[str]:
    """The value as texts, one for each field it fills."""
    if isinstance(value, str):
        if value.strip():
            yield value
    elif isinstance(value, bool) or value is None:
        return
    elif isinstance(value, int | float):
        yield str(value)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each, tag)
    elif isinstance(value, dict):
        yield from _told(value, tag)


def _told(value: dict[str, Any], tag: str) -> Iterator[str]:
    """An object within an entry: a person, a date, a tag."""
    parts = value.get("date-parts")
    if isinstance(parts, list) and parts and isinstance(parts[0], list) and parts[0]:
        yield "-".join(f"{part:02}" if isinstance(part, int) else str(part) for part in parts[0] if part)
        return
    family = value.get("family") or value.get("lastName")
    given = value.get("given") or value.get("firstName")
    if isinstance(family, str):
        particle = value.get("non-dropping-particle")
        name = f"{particle} {family}" if isinstance(particle, str) and particle else family
        yield f"{name}, {given}" if isinstance(given, str) and given else name
        return
    for key in ("literal", "name", "tag", "raw"):
        if isinstance(said := value.get(key), str) and said.strip():
            yield said
            return


def _plain(key: str) -> str:
    return re.sub(r"[\W_]", "", key).lower()
