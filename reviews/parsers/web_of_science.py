"""Web of Science, its plain text export: FN and VR, then PT ... ER for every entry, EF at the end.

- A PT line with one letter begins an entry, whether or not the entry before it was closed by ER; EF, a new
  FN, or the end of the file close the last one. An entry without a title is still a record.
- Tags have two signs and stand at the left; any other line continues the field above it.
- Text outside an entry, other than FN and VR, is a Problem with its line.

| field | tags | remarks |
|---|---|---|
| authors | AF AU, BF BA, CA | AF (full names) unless it names fewer than AU; BF and BA of books; CA is a group |
| year | PY EA PD | never DA: it is the day of the export |
| journal | SO J9 JI | |
| doi | DI | never CR, which lists the cited papers, nor D2, which is the book's |
| pmid | PM UT | UT only as "MEDLINE:12345" |
| keywords | DE ID | the authors' and those of Web of Science |
| pages | BP EP AR | AR is the number of an article that has no pages |
"""

import re
from collections.abc import Iterable, Iterator

from reviews.parsers import ris
from reviews.parsers.decoding import Text
from reviews.parsers.identifiers import dois_in, is_pmid, registry_ids_in
from reviews.parsers.markup import without_markup
from reviews.parsers.parsed import ParsedRecord, Problem
from reviews.parsers.tagged import Entry, Outside

NAME = "web_of_science"

_TAG = re.compile(r"([A-Z][A-Z0-9])(?: (.*)|[\s]*)", re.S)
_KIND = re.compile(r"[A-Z]?\s*")
_BEGINS = re.compile(r"^\ufeff*(?:FN [^\n]*\n+VR |PT [A-Z][ \t]*\n(?:[A-Z][A-Z0-9] \S|ER[ \t]*$))", re.M)
_OUTSIDE = (
    "This text stands outside every entry and was not imported. If it is a reference, put a line 'PT J' in "
    "front of it and import the file again."
)


def recognises(head: str) -> bool:
    """Whether FN and VR, or a PT line with a tagged line below it, stand in the text, before any RIS entry."""
    found = _BEGINS.search(head.replace("\r\n", "\n").replace("\r", "\n"))
    return found is not None and not ris.recognises(found.string[: found.start()])


def read(text: Text) -> Iterator[ParsedRecord | Problem]:
    """The records of the file in order, and a Problem for each run of lines outside any entry."""
    return read_lines(text.lines())


def read_lines(lines: Iterable[str]) -> Iterator[ParsedRecord | Problem]:
    """As `read`, from lines that still have their line ends. Holds one entry in memory."""
    position = 0
    entry: Entry | None = None
    outside = Outside()
    for number, original in enumerate(lines, start=1):
        line = original.lstrip("\ufeff")
        tag = _tag_of(line)
        begins = tag is not None and tag[0] == "PT" and (not entry or bool(_KIND.fullmatch(tag[1])))
        frame = tag is not None and tag[0] in ("FN", "VR", "EF")
        if entry and (begins or frame):
            position += 1
            yield _record(entry, position)
            entry = None
        if begins:
            yield from outside.problems(_OUTSIDE)
            entry = Entry(number)
        if entry:
            entry.add(line, tag)
            if tag and tag[0] == "ER":
                position += 1
                yield _record(entry, position)
                entry = None
        elif tag and tag[0] == "ER":
            yield from outside.problems(_OUTSIDE)  # two references without PT are two problems
        elif line.strip() and not frame:
            outside.add(number, line)
    yield from outside.problems(_OUTSIDE)
    if entry:
        yield _record(entry, position + 1)


def _tag_of(line: str) -> tuple[str, str] | None:
    """(tag, value) of a tag line; None for a line that continues the field above it."""
    match = _TAG.fullmatch(line)
    if not match:
        return None
    tag, value = match[1], match[2] or ""
    # "ER positive tumours" in a line that lost its indent ends nothing.
    return None if tag in ("ER", "EF") and value.strip() else (tag, value)


def _record(entry: Entry, position: int) -> ParsedRecord:
    title = without_markup(entry.first("TI"))
    abstract = without_markup("\n\n".join(dict.fromkeys(entry.texts("AB"))))
    return ParsedRecord(
        position=position,
        line=entry.line,
        raw=entry.raw(),
        title=title,
        abstract=abstract,
        authors=_authors(entry),
        year=entry.year("PY", "EA", "PD"),
        journal=without_markup(entry.first("SO", "J9", "JI")),
        doi=next((doi for text in entry.texts("DI") for doi in dois_in(text)), ""),
        pmid=_pmid(entry),
        registry_ids=registry_ids_in(f"{title}\n{abstract}"),
        language=entry.first("LA"),
        keywords=entry.listed("DE", "ID"),
        mesh=entry.listed("MH"),
        publication_types=entry.listed("DT"),
        volume=entry.first("VL"),
        issue=entry.first("IS"),
        pages=_pages(entry),
    )


def _authors(entry: Entry) -> tuple[str, ...]:
    full, short = entry.items("AF"), entry.items("AU")
    persons = (full if len(full) >= len(short) else short) or entry.items("BF") or entry.items("BA")
    return (*persons, *(group for group in entry.items("CA") if group not in persons))


def _pmid(entry: Entry) -> str:
    named = [text.removeprefix("MEDLINE:") for text in entry.texts("UT") if text.startswith("MEDLINE:")]
    return next((text.lstrip("0") for text in [*entry.texts("PM"), *named] if is_pmid(text)), "")


def _pages(entry: Entry) -> str:
    first, last = entry.first("BP"), entry.first("EP")
    if first and last and first != last:
        return f"{first}-{last}"
    return first or entry.first("AR") or last
