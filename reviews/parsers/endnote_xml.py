"""EndNote XML, as EndNote, Bookends, Mendeley and others write it: <xml><records><record>...

Each element stands for the RIS tag under which EndNote exports the same field, so that a library says the same
in either form; what the tags mean is in ris_fields.py. Elements that are not in the table keep their name.
"""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from reviews.parsers.decoding import Text
from reviews.parsers.parsed import ParsedRecord, Problem
from reviews.parsers.ris_fields import Field, record_from
from reviews.parsers.xml_entries import Entry, entries, text_of

NAME = "endnote_xml"

_BEGINS = re.compile(
    r"<records\s*/?>|<xml\b[^>]*>\s*(?:<records|<record)\b|"
    r"<record>\s*<(?:database|source-app|rec-number|ref-type|contributors|titles)\b"
)
_TAGS = {
    "contributors/authors/author": "AU",
    "contributors/secondary-authors/author": "A2",
    "contributors/tertiary-authors/author": "A3",
    "contributors/subsidiary-authors/author": "A4",
    "contributors/translated-authors/author": "TA",
    "titles/title": "TI",
    "titles/secondary-title": "T2",
    "titles/tertiary-title": "T3",
    "titles/alt-title": "J2",
    "titles/short-title": "ST",
    "titles/translated-title": "TT",
    "periodical/full-title": "JO",
    "periodical/abbr-1": "JA",
    "alt-periodical/full-title": "J2",
    "dates/year": "PY",
    "dates/pub-dates/date": "DA",
    "keywords/keyword": "KW",
    "urls/related-urls/url": "UR",
    "urls/web-urls/url": "UR",
    "urls/text-urls/url": "UR",
    "urls/pdf-urls/url": "L1",
    "abstract": "AB",
    "accession-num": "AN",
    "auth-address": "AD",
    "call-num": "CN",
    "caption": "CA",
    "custom1": "C1",
    "custom2": "C2",
    "custom3": "C3",
    "custom4": "C4",
    "custom5": "C5",
    "custom6": "C6",
    "custom7": "C7",
    "custom8": "C8",
    "edition": "ET",
    "electronic-resource-num": "DO",
    "isbn": "SN",
    "label": "LB",
    "language": "LA",
    "notes": "N1",
    "number": "IS",
    "orig-pub": "OP",
    "pages": "SP",
    "pub-location": "CY",
    "publisher": "PB",
    "rec-number": "ID",
    "remote-database-name": "DB",
    "remote-database-provider": "DP",
    "reprint-edition": "RP",
    "research-notes": "RN",
    "reviewed-item": "RI",
    "section": "SE",
    "volume": "VL",
    "work-type": "M3",
    "access-date": "Y2",
}
_GROUPS = frozenset({path.split("/")[0] for path in _TAGS if "/" in path})
_DEEPER = frozenset(
    {"dates/pub-dates", "urls/related-urls", "urls/web-urls", "urls/text-urls", "urls/pdf-urls"}
)
_LEFT_OUT = frozenset({"database", "source-app", "foreign-keys", "ref-type"})
_LINE_ENDS = re.compile(r"\r\n|\r|\n")


def recognises(head: str) -> bool:
    """Whether it is XML with <records>, or with a <record> that begins as EndNote's do."""
    return head.lstrip("\ufeff \t\r\n").startswith("<") and _BEGINS.search(head) is not None


def read(text: Text) -> Iterator[ParsedRecord | Problem]:
    """The records of the file in order, and a Problem for each entry that is broken."""
    position = 0
    for entry in entries(text, ("record",)):
        if isinstance(entry, Entry):
            position += 1
            fields = list(_fields(entry.element))
            yield record_from(fields, position=position, line=entry.line, raw=entry.raw)
        else:
            yield entry


def _fields(record: Element) -> Iterator[Field]:
    for path, element in _leaves(record):
        lines = [line.strip() for line in _LINE_ENDS.split(text_of(element).strip())]
        if path == "dates/year" and not lines[0] and (year := element.get("year")):
            lines = [year]
        yield _TAGS.get(path, path), lines


def _leaves(record: Element) -> Iterator[tuple[str, Element]]:
    """Each element that holds the text of one field, with its path."""
    for element in record:
        name = element.tag
        if name in _LEFT_OUT:
            continue
        if name not in _GROUPS:
            yield name, element
            continue
        for inner in element:
            path = f"{name}/{inner.tag}"
            if name == "contributors" or path in _DEEPER:
                for innermost in inner:
                    yield f"{path}/{innermost.tag}", innermost
            else:
                yield path, inner
