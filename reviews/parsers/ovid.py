"""Ovid: references numbered <1>, <2>, ... with labels above indented text, or with two-letter tags.

    <1>                                   <1. >
    Unique Identifier                     VN  - Ovid Technologies
      12345678                            DB  - Ovid MEDLINE(R)
    Title                                 UI  - 12345678
      A title.[Review]                    TI  - A title.

- A number in angle brackets begins an entry, and so does VN where the entry above has its own.
- Under a label stands its text, indented; in the other form a line without a tag continues the field above.
- Text in front of the first entry (the search strategy, say) is a Problem with its line.

| field | tags | labels | remarks |
|---|---|---|---|
| title | TI CT | Title, Chapter Title | without "[Article]", "[Review]", "[12 refs]" at the end |
| authors | FA AU | Author(s), Authors Full Name | without degrees and footnote signs; "[Ed]" are editors |
| year, journal, place | YR JT JN VI VO IP PG SO | Source, Year, ... | Source is taken apart where it is plain |
| doi | DO DI | DOI, DOI Number, Digital Object Identifier | |
| pmid | UI PM | Unique Identifier, PMID | Unique Identifier only where the database is MEDLINE |
| mesh, keywords | MH, KW DE ID | MeSH Subject Headings, (Author) Keywords | headings of other databases are keywords |
"""

import re
from collections.abc import Iterator

from reviews.parsers.decoding import Text
from reviews.parsers.identifiers import dois_in, is_pmid, registry_ids_in, year_in
from reviews.parsers.markup import without_markup
from reviews.parsers.parsed import ParsedRecord, Problem
from reviews.parsers.tagged import Entry, Outside, one_line

NAME = "ovid"

# What a label means, as the tag of the other form.
_LABELS = {
    "title": "TI",
    "chapter title": "CT",
    "abstract": "AB",
    "author": "AU",
    "authors": "AU",
    "author(s)": "AU",
    "authors full name": "FA",
    "database": "DB",
    "unique identifier": "UI",
    "accession number": "AN",
    "pmid": "PM",
    "source": "SO",
    "journal name": "JN",
    "journal": "JN",
    "year": "YR",
    "year of publication": "YR",
    "publication year": "YR",
    "volume": "VO",
    "issue": "IP",
    "pages": "PG",
    "doi": "DO",
    "doi number": "DO",
    "digital object identifier": "DO",
    "language": "LG",
    "publication type": "PT",
    "document type": "PT",
    "mesh subject headings": "MH",
    "subject headings": "MH",
    "emtree heading": "MH",
    "author keywords": "KW",
    "keywords": "KW",
    "key words": "KW",
    "keyword heading": "KW",
    "key concepts": "KW",
    "link to the ovid full text or citation": "XL",
}
_OURS = frozenset({*_LABELS.values(), "DI", "DE", "VI", "JT", "#"}) - {"DB", "AN", "SO"}
_NUMBER = re.compile(r"\ufeff?\s*<\s*(\d{1,7})\s*\.?\s*>\s*")
_TAG = re.compile(r"\ufeff?([A-Z][A-Z0-9]) {1,2}- (.*)", re.S)
_FIRST = r"(?:(?!TY)[A-Z][A-Z0-9] {1,2}- |[A-Z][\w()/' -]{1,60}[ \t]*\n[ \t]+\S)"
_BEGINS = re.compile(rf"^\ufeff?(?:VN {{1,2}}- Ovid|[ \t]*<\s*\d{{1,7}}\s*\.?\s*>[ \t]*\n+{_FIRST})", re.M)
_END_OF_TITLE = re.compile(
    r"\s*\[(?:Article|Review|Report|Miscellaneous|References|Letter|Editorial|\d+ refs?)\][.\s]*$", re.I
)
_EDITOR = re.compile(r"\[Ed(?:s|itors?)?\b[^\]]*\]", re.I)
_FOOTNOTES = re.compile(r"\[[^\]]*\]|[\d*+,;\s]+$")
# Only behind a full name: "Jones MA" and "Smith MD" are initials.
_DEGREES = re.compile(
    r"(?<=[a-z.])(?:,?\s(?:M\.?D|Ph\.?D|MPH|MB[BC]h?S?|[BM]\.?Sc|MA|BA|DO|RN|FRC[PS]\w*)\.?)+[\s\d*+,]*$"
)
_JOINED = re.compile(r"\.\s+(?=\S)")
_PLACE = re.compile(
    r"(?P<journal>[^\d\s(].*?)[.,]\s+(?:Vol\.?\s*)?(?P<volume>\d+)\s?(?:\((?P<issue>[^()]{1,40})\))?(?P<rest>[\s:,(].*)",
    re.S,
)
_PAGES = re.compile(r"(?:^\s*:\s*|\bpp\.\s*|\d{4},\s)([A-Za-z]?\d+(?:\s?-\s?[A-Za-z]?\d+)?)")
_OUTSIDE = "This text stands in front of the first numbered reference and was not imported."


def recognises(head: str) -> bool:
    """Whether a reference of Ovid begins in it: a number in angle brackets above a label or tag, or VN."""
    return _BEGINS.search(head.replace("\r\n", "\n").replace("\r", "\n")) is not None


def read(text: Text) -> Iterator[ParsedRecord | Problem]:
    """The records of the file in order, and a Problem for lines in front of the first."""
    position = 0
    entry: Entry | None = None
    outside = Outside()
    for number, line in enumerate(text.lines(), start=1):
        tag = _tag_of(line, entry)
        begins = tag is not None and (tag[0] == "#" or (tag[0] == "VN" and (not entry or "VN" in entry.tags)))
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
    yield from outside.problems(_OUTSIDE)
    if entry:
        yield _record(entry, position + 1)


def _tag_of(line: str, entry: Entry | None) -> tuple[str, str] | None:
    """("#", "1") of a number, (tag, text) of a tag line, (tag of the label, "") of a label."""
    if found := _NUMBER.fullmatch(line):
        return "#", found[1]
    if found := _TAG.fullmatch(line):
        return found[1], found[2]
    if entry is None or "VN" in entry.tags or line[:1].isspace() or not line.strip():
        return None
    label = line.strip()
    return _LABELS.get(label.lower(), label), ""


def _record(entry: Entry, position: int) -> ParsedRecord:
    title = without_markup(_END_OF_TITLE.sub("", _END_OF_TITLE.sub("", entry.first("TI", "CT"))))
    abstract = without_markup(_abstract(entry))
    journal, volume, issue, pages, year = _place(" ".join(entry.texts("SO")))
    is_medline = "medline" in entry.first("DB").lower()
    headings = _listed(entry, ";", "MH")
    keywords = _listed(entry, ";", "KW", "DE")
    pmid = entry.first("PM", "UI") if is_medline else entry.first("PM")
    return ParsedRecord(
        position=position,
        line=entry.line,
        raw=entry.raw(),
        title=title,
        abstract=abstract,
        authors=_authors(entry),
        year=entry.year("YR") or year or entry.year("Status"),  # "Publish Ahead of Print, 18 August 2014"
        journal=without_markup(entry.first("JT", "JN") or journal),
        doi=next((doi for text in entry.texts("DO", "DI") for doi in dois_in(text)), ""),
        pmid=pmid.lstrip("0") if is_pmid(pmid) else "",
        registry_ids=registry_ids_in("\n".join([title, abstract])),
        language="; ".join(text.rstrip(".") for text in entry.texts("LG")),
        keywords=keywords if is_medline else tuple(dict.fromkeys((*keywords, *headings))),
        mesh=headings if is_medline else (),
        publication_types=_listed(entry, r";|\.\s", "PT"),
        url=next((text for text in entry.texts("XL") if text.startswith(("http://", "https://"))), ""),
        volume=entry.first("VO", "VI") or volume,
        issue=entry.first("IP") or issue,
        pages=entry.first("PG") or pages,
        extra=tuple(
            (tag, text) for tag, lines in entry.fields if tag not in _OURS and (text := one_line(lines))
        ),
    )


def _listed(entry: Entry, separator: str, *tags: str) -> tuple[str, ...]:
    """A list kept one per field or line, or behind a separator."""
    parts = [part.strip(" .-") for line in entry.items(*tags) for part in re.split(separator, line)]
    return tuple(dict.fromkeys(part for part in parts if part))


def _abstract(entry: Entry) -> str:
    """Its lines as paragraphs."""
    fields = entry.tags.get("AB", ())
    return "\n".join(text for lines in fields for line in lines if (text := line.strip()))


def _authors(entry: Entry) -> tuple[str, ...]:
    """One for each field or line, behind semicolons, or as "Doe J. Roe RR." on one line."""
    names: list[str] = []
    for lines in entry.tags.get("FA") or entry.tags.get("AU") or []:
        for part in re.split(r";|\s{2,}", "  ".join(line.strip() for line in lines)):
            pieces = _JOINED.split(part.strip())
            whole = len(pieces) < 2 or not all(" " in piece or "," in piece for piece in pieces)
            names += [part] if whole else [piece.rstrip(".") for piece in pieces]
    persons = (_person(name) for name in names if not _EDITOR.search(name))
    return tuple(person for person in persons if person)


def _person(name: str) -> str:
    name = _FOOTNOTES.sub("", name)
    return " ".join((_DEGREES.sub("", name) if "," in name else name).strip(" ,").split())


def _place(source: str) -> tuple[str, str, str, str, int | None]:
    """Journal, volume, issue, pages and year of a Source such as "J Ex. 28(2):103-106, April 2015."."""
    pages = _PAGES.search(source)
    year = year_in(source)
    found = _PLACE.fullmatch(source)
    if not found:
        journal = "" if any(sign.isdigit() for sign in source) else source.strip(" .")
        return journal, "", "", pages[1] if pages else "", year
    pages = _PAGES.search(found["rest"])
    journal = re.split(r"\.\s+Conference:", found["journal"])[0]
    return (
        journal.strip(),
        found["volume"],
        (found["issue"] or "").strip(),
        pages[1].replace(" ", "") if pages else "",
        year_in(found["rest"]) or year,
    )
