"""MEDLINE: the tagged export of PubMed (.nbib, "PubMed format") and of PubMed Central.

- A PMID line begins an entry, and so does the line of a PubMed Central number ("PMC - PMC6055010"), which
  stands before PMID there. Every such line is accounted for: an entry without a title is still a record.
- Lines that are indented, or have no tag, continue the field above them.
- A blank line ends an entry, unless indented text follows or the entry is written with a blank line after
  every line. What then stands before the next beginning is a Problem with its line.

| field | tags | remarks |
|---|---|---|
| title | TI BTI CTI TT | "[Not Available]." is none: the title in its own language (TT) is taken |
| abstract | AB OAB | several are joined; "Abstract available from the publisher." is none |
| authors | FAU AU CN | AU only where no FAU stands before it; CN is a group of authors |
| year | DP DEP PY | DP may say "2019 Sep-Oct" |
| journal | JT TA | |
| doi | LID AID DO SO | LID and AID only as "[doi]" or "doi:"; SO only where exactly one is named |
| registers | SI, title, abstract | "ClinicalTrials.gov/NCT01234567" |
| keywords | OT | the star of a main topic is left out; in MH it stays |
"""

import re
from collections.abc import Iterable, Iterator

from reviews.parsers import ris
from reviews.parsers.decoding import Text
from reviews.parsers.identifiers import dois_in, is_pmid, registry_ids_in, the_only, year_in
from reviews.parsers.markup import without_markup
from reviews.parsers.parsed import ParsedRecord, Problem
from reviews.parsers.tagged import Entry, Outside, one_line

NAME = "medline"

_KNOWN_TAGS_WORDS = """
AB AD AID AU AUID BTI CDAT CI CIN CN COI COIS CON CP CRDT CRF CRI CTDT CTI DA DCOM DDIN DEP DO DP DRIN ECF ECI
EDAT EFR EIN EN ED FAU FED FIR FPS GN GR GS IP IR IRAD IS ISBN JID JT LA LID LR MH MHDA MID NM OAB OABL OCI
OID ORI OT OTO OWN PB PG PHST PL PMC PMCR PMID PRIN PS PST PT PUBM RF RIN RN ROF RPF RPI RRF RRI SB SFM SI SO
SPIN STAT TA TI TT UIN UOF VI VTI
"""
_KNOWN_TAGS = frozenset(_KNOWN_TAGS_WORDS.split())
_INNER_TAGS = {f"{tag:<4}- ": tag for tag in _KNOWN_TAGS - {"PMID", "PMC"}}
_TAG = re.compile(r"([A-Z][A-Z0-9]{1,3})([ \t\xa0]{0,3})-([ \t\xa0]*)(.*)", re.S)
_BEGINS = re.compile(
    r"^\ufeff*(?:PMID[ \t]?-[ \t]*\d{1,8}|PMC[ \t]?-[ \t]*PMC\d+)[ \t]*"
    r"(?=\Z|[\r\n]+(?:\Z|[A-Z][A-Z0-9]{1,3}[ \t]{0,2}-))",
    re.M,
)
_PMC_NUMBER = re.compile(r"PMC\d+\s*")
_NO_TITLE = re.compile(r"\[?not available\]?\.?", re.I)
_NO_ABSTRACT = re.compile(
    r"\W*(?:\w+: )?(?:no abstract(?: is)?(?: available)?|abstract (?:not )?available(?: from the publisher)?)\W*",
    re.I,
)
_OUTSIDE = (
    "These lines belong to no entry: no PMID line stands before them. If they are a reference, put a line "
    "'PMID- ' with its PubMed number in front of them and import the file again."
)


def recognises(head: str) -> bool:
    """Whether a PMID or PMC line with a tagged line below it stands in the text, before any RIS entry."""
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
    after_blank = False
    for number, original in enumerate(lines, start=1):
        if entry and not after_blank and (tagged := _INNER_TAGS.get(original[:6])):  # nearly every line
            entry.begin(original, tagged, original[6:])
            continue
        if entry and original.startswith("      ") and (more := original.strip()):
            entry.lines.append(original)
            entry.fields[-1][1].append(more)
            after_blank = False
            continue
        line = original.lstrip("\ufeff")
        tag = _tag_of(line)
        begins = _begins(tag, entry, after_blank)
        if entry and (begins or (after_blank and _stands_alone(line, entry))):
            position += 1
            yield _record(entry, position)
            entry = None
        if begins:
            yield from outside.problems(_OUTSIDE)
            entry = Entry(number)
        if entry:
            entry.add(line, tag)
        elif line.strip():
            if after_blank:  # two references without PMID are two problems
                yield from outside.problems(_OUTSIDE)
            outside.add(number, line)
        after_blank = not line.strip()
    yield from outside.problems(_OUTSIDE)
    if entry:
        yield _record(entry, position + 1)


def _tag_of(line: str) -> tuple[str, str] | None:
    """(tag, value) of a tag line; None for a line that continues the field above it."""
    if line[:1] in (" ", "\t"):  # the usual case, fast
        return None
    match = _TAG.match(line)
    if not match:
        return None
    tag, gap, after, value = match.groups()
    aligned = len(tag) + len(gap) == 4
    spaced = bool(after) or not value.strip()
    if tag in _KNOWN_TAGS:
        # "PMID-22664220" has no blank; "TI-weighted" in a line that lost its indent is no tag.
        known = tag == "PMID" or (aligned and (bool(gap) or spaced)) or (bool(gap) and spaced)
        return (tag, value) if known or not value.strip() else None
    return (tag, value) if aligned and spaced else None


def _begins(tag: tuple[str, str] | None, entry: Entry | None, after_blank: bool) -> bool:
    """Whether a line begins an entry, given the one that is open."""
    if not tag:
        return False
    name, value = tag
    if name == "PMID":
        return not entry or "PMID" in entry.tags or (after_blank and not _is_double_spaced(entry))
    if name == "PMC" and _PMC_NUMBER.fullmatch(value):
        if not entry or entry.fields[0][0] == "PMC":
            return not entry or "PMC" in entry.tags
        return after_blank and not _is_double_spaced(entry)
    return False


def _stands_alone(line: str, entry: Entry) -> bool:
    """Whether a line below a blank line is no longer part of the entry."""
    return bool(line.strip()) and line[0] not in " \t\xa0" and not _is_double_spaced(entry)


def _is_double_spaced(entry: Entry) -> bool:
    """Whether a blank line follows the first line of the entry, as after a mail program doubled them all."""
    return len(entry.lines) > 1 and not entry.lines[1].strip()


def _record(entry: Entry, position: int) -> ParsedRecord:
    title = without_markup(_title(entry))
    abstract = without_markup(_abstract(entry))
    pmid = entry.first("PMID")
    return ParsedRecord(
        position=position,
        line=entry.line,
        raw=entry.raw(),
        title=title,
        abstract=abstract,
        authors=_authors(entry),
        year=_year(entry),
        journal=without_markup(entry.first("JT", "TA")),
        doi=_doi(entry),
        pmid=pmid.lstrip("0") if is_pmid(pmid) else "",
        registry_ids=registry_ids_in("\n".join([title, abstract, *entry.texts("SI")])),
        language="; ".join(dict.fromkeys(entry.texts("LA"))),
        keywords=tuple(
            dict.fromkeys(text for word in entry.texts("OT") if (text := word.removeprefix("*").strip()))
        ),
        mesh=tuple(dict.fromkeys(entry.texts("MH"))),
        publication_types=tuple(dict.fromkeys(entry.texts("PT"))),
        volume=entry.first("VI"),
        issue=entry.first("IP"),
        pages=entry.first("PG"),
    )


def _title(entry: Entry) -> str:
    told = (text for text in entry.texts("TI", "BTI", "CTI", "TT") if not _NO_TITLE.fullmatch(text))
    return next(told, "")


def _abstract(entry: Entry) -> str:
    for tag in ("AB", "OAB"):
        if parts := [text for text in entry.texts(tag) if not _NO_ABSTRACT.fullmatch(text)]:
            return "\n\n".join(dict.fromkeys(parts))
    return ""


def _authors(entry: Entry) -> tuple[str, ...]:
    """Full names; the short form behind a full name is the same person."""
    names: list[str] = []  # two of the authors may bear the same name
    told_in_full = False
    for tag, lines in entry.fields:
        if tag not in ("FAU", "AU", "CN"):
            continue
        if name := one_line(lines):
            if not (tag == "AU" and told_in_full):
                names.append(name)
            told_in_full = tag == "FAU"
    return tuple(names)


def _year(entry: Entry) -> int | None:
    # DEP is written without dashes: 20180330.
    return entry.year("DP") or next(
        (year for text in entry.texts("DEP", "PY") if (year := year_in(text[:4]))), None
    )


def _doi(entry: Entry) -> str:
    for text in entry.texts("LID", "AID"):
        if ("[doi]" in text.lower() or text.lower().startswith("doi:")) and (dois := dois_in(text)):
            return dois[0]
    for text in entry.texts("DO"):
        if dois := dois_in(text):
            return dois[0]
    return the_only([doi for text in entry.texts("SO") for doi in dois_in(text)])
