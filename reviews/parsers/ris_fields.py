"""What RIS tags mean, over the dialects of databases and reference managers.

Where several tags may carry a field, they are asked in order and the first that says something wins:

| field | tags | remarks |
|---|---|---|
| title | TI T1 CT BT ST | ST only when it is a title, not "Smith (2024)" (EPPI-Reviewer) |
| abstract | AB N2 | several AB are joined; EBSCO's copyright notice in its own AB and "NA" are none |
| authors | AU, A1 | of A1 those whom AU lacks; A2 to A4 are editors and translators |
| year | PY Y1 YR DA Y2 | Y2 only as a bare year: with a day it is when somebody opened a page |
| journal | JF T2 JO JA J2 J1 | full name before abbreviation |
| doi | DO DI, M3 L3, UR, N1, L2 LK L1 | after DO only where exactly one DOI is named |
| pmid | PM, "1[pmid]", "PUBMED 1", links, AN ID C5 C2 | a bare number only where the dialect says PubMed |
| publication types | PT M3 | M3 is a DOI in some dialects and a class code in others: both left out |

Tags that are in none of these rows are the record's `extra`, each as found and in their order.
"""

import re

from reviews.parsers.identifiers import (
    dois_in,
    is_pmid,
    pmids_in_addresses,
    registry_ids_in,
    the_only,
    year_in,
)
from reviews.parsers.markup import without_markup
from reviews.parsers.parsed import ParsedRecord

_NOTHING = frozenset({"", "na", "n/a", "n.a.", "none", "null", "undefined", "-", "--"})
_LONGEST_NOTHING = 10
_NO_ABSTRACT = re.compile(r"\W*(?:no abstract(?: is)?(?: available)?|abstract not available)\W*", re.I)
_COPYRIGHT_NOTICE = re.compile(r"Copyright of .{1,300}? is the property of ", re.I | re.S)
_AUTHOR_YEAR = re.compile(r"[\w'’ .,&-]{1,60}\((?:\d{4}|n\.d\.)[a-z]?\)")
_CLASS_CODE = re.compile(r".*\[\d{3,5}\]")
_MEDLINE = re.compile(r"medline|pubmed|^nlm$|^cmedm$|^mnh$|^mdc$|^ppez", re.I)
_PMID_NAMED = re.compile(r"(?:^|[\s;,])(?:PMID|PubMed(?: PMID| ID)?|PUBMED|MEDLINE)[\s:]{1,2}(\d{1,8})\b")
_PMID_MARKED = re.compile(r"^(\d{1,8})\s*\[pmid\]", re.I)
_LINK_TAGS = ("UR", "L1", "L2", "L3", "L4", "LK")
_OURS_WORDS = """
TY TI T1 CT BT ST AB N2 AU A1 PY Y1 YR JF T2 JO JA J2 J1 DO DI PM LA KW MH PT UR VL VO IS IP SP EP PG ER
"""
_OURS = frozenset(
    _OURS_WORDS.split()
)  # what they say is in the fields of the record; the others are its extra


# One tag with its text: the first line, and the lines that continue it.
Field = tuple[str, list[str]]


class _Fields:
    """The fields of one entry, asked for by tag."""

    def __init__(self, fields: list[Field]) -> None:
        self._lines: dict[str, list[list[str]]] = {}
        for tag, lines in fields:
            if tag in self._lines:
                self._lines[tag].append(lines)
            else:
                self._lines[tag] = [lines]

    def texts(self, tag: str) -> list[str]:
        """Each occurrence of a tag with its lines as paragraphs; those that say nothing are left out."""
        if tag not in self._lines:
            return []
        return [text for lines in self._lines[tag] if (text := _text_of(lines))]

    def all(self, *tags: str) -> list[str]:
        return [text for tag in tags if tag in self._lines for text in self.texts(tag)]

    def first(self, *tags: str) -> str:
        """The first that says something, on one line."""
        for tag in tags:
            for lines in self._lines.get(tag, ()):
                if text := _text_of(lines):
                    return _one_line(text)
        return ""

    def items(self, *tags: str) -> tuple[str, ...]:
        """A list kept one per tag, one per line below the tag (EndNote), or behind semicolons; no repeats."""
        return tuple(dict.fromkeys(self.listed(*tags)))

    def listed(self, *tags: str) -> list[str]:
        """As `items`, repeats and all."""
        found: list[str] = []
        for tag in tags:
            for lines in self._lines.get(tag, ()):
                for line in _unwrapped(lines) if len(lines) > 1 else lines:
                    for part in line.split(";"):
                        item = " ".join(part.split())
                        if len(item) > _LONGEST_NOTHING or item.lower() not in _NOTHING:
                            found.append(item)
        return found


def record_from(fields: list[Field], *, position: int, line: int, raw: str) -> ParsedRecord:
    """The record that the fields of one entry describe."""
    entry = _Fields(fields)
    title = without_markup(_title(entry)).strip()
    abstract = without_markup(_abstract(entry)).strip()
    told = [title, abstract, *entry.all("AN", "ID", "C1", "N1", *_LINK_TAGS)]
    return ParsedRecord(
        position=position,
        line=line,
        raw=raw,
        title=title,
        abstract=abstract,
        authors=_authors(entry),
        year=_year(entry),
        journal=without_markup(entry.first("JF", "T2", "JO", "JA", "J2", "J1")),
        doi=_doi(entry),
        pmid=_pmid(entry),
        registry_ids=registry_ids_in("\n".join(told)),
        language=entry.first("LA"),
        keywords=entry.items("KW"),
        mesh=entry.items("MH"),
        publication_types=tuple(
            kind for kind in entry.items("PT", "M3") if not dois_in(kind) and not _CLASS_CODE.fullmatch(kind)
        ),
        url=_url(entry),
        volume=entry.first("VL", "VO"),
        issue=entry.first("IS", "IP"),
        pages=_pages(entry),
        extra=tuple((tag, text) for tag, lines in fields if tag not in _OURS and (text := _text_of(lines))),
    )


def _title(entry: _Fields) -> str:
    short = entry.first("ST")
    return entry.first("TI", "T1", "CT", "BT") or ("" if _AUTHOR_YEAR.fullmatch(short) else short)


def _abstract(entry: _Fields) -> str:
    for tag in ("AB", "N2"):
        parts = [
            text
            for text in entry.texts(tag)
            if not _NO_ABSTRACT.fullmatch(text) and not _COPYRIGHT_NOTICE.match(text)
        ]
        if parts:
            return "\n\n".join(dict.fromkeys(parts))
    return ""


def _authors(entry: _Fields) -> tuple[str, ...]:
    """AU as listed, for two of the authors may be a "Li, J."; of A1 those that AU lacks."""
    authors = entry.listed("AU")
    return tuple(authors + [name for name in entry.listed("A1") if name not in authors])


def _year(entry: _Fields) -> int | None:
    for text in entry.all("PY", "Y1", "YR", "DA"):
        if year := year_in(text):
            return year
    accessed_or_published = entry.first("Y2")
    return year_in(accessed_or_published) if re.fullmatch(r"\d{4}/*", accessed_or_published) else None


def _doi(entry: _Fields) -> str:
    for text in entry.all("DO", "DI"):
        if dois := dois_in(text):
            return dois[0]
    for tags in (("M3", "L3"), ("UR",), ("N1",), ("L2", "LK", "L1")):
        if doi := the_only([doi for text in entry.all(*tags) for doi in dois_in(text)]):
            return doi
    return ""


def _pmid(entry: _Fields) -> str:
    for text in entry.all("PM"):
        if is_pmid(text):
            return text.lstrip("0")
    named: list[str] = []
    for text in entry.all("U1", "U2", "C3", "AN", "ID"):
        named += _PMID_MARKED.findall(text) + _PMID_NAMED.findall(text)
    for text in entry.texts("N1"):
        if "PMID" in text or "MED" in text or "Med" in text or "pmid" in text:
            # Notes also cite ("Comment in ... PMID: 1"), so there the number must begin its line.
            told = (_PMID_NAMED.match(line) or _PMID_MARKED.match(line) for line in text.split("\n"))
            named += [note[1] for note in told if note]
    if pmid := the_only([number.lstrip("0") for number in named]):
        return pmid
    if pmid := the_only([number for text in entry.all(*_LINK_TAGS) for number in pmids_in_addresses(text)]):
        return pmid
    for tag in _bare_number_tags(entry):
        number = entry.first(tag)
        if is_pmid(number):
            return number.lstrip("0")
    return ""


def _bare_number_tags(entry: _Fields) -> tuple[str, ...]:
    """The tags in which this dialect keeps the PubMed number without saying so."""
    names = entry.all("DB", "DP")
    database = " ".join(names)
    if "embase.com" in " ".join(entry.all("UR")) or entry.first("U2").startswith("L"):
        return ("C5",)  # Embase.com; its own numbers begin with L
    if database == "Scopus":
        return ("C2",)
    # Embase on Ovid numbers its own records with bare digits as well, so its name rules AN and ID out.
    if "embase" not in database.lower() and any(_MEDLINE.search(name) for name in names):
        # Ovid's ID is the accession number; EndNote's is its own running number, whatever the provider.
        return ("AN", "ID") if "ovid" in database.lower() else ("AN",)
    return ()


def _url(entry: _Fields) -> str:
    for text in entry.all("UR", "L1", "L2"):
        for address in re.split(r"[\s]+|;(?=https?:)", text) if ";" in text or " " in text else text.split():
            if address.lower().startswith(("http://", "https://")):
                return address.rstrip(";,")
    return ""


def _pages(entry: _Fields) -> str:
    first, last = entry.first("SP"), entry.first("EP")
    if first and last and last != first and last not in first.split("-"):
        return f"{first}-{last}"
    return first or entry.first("PG", "C7") or last


def _text_of(lines: list[str]) -> str:
    """The lines of one field as paragraphs; "" when they say nothing."""
    text = lines[0].strip() if len(lines) == 1 else "\n".join([line.strip() for line in lines]).strip()
    return "" if len(text) <= _LONGEST_NOTHING and text.lower() in _NOTHING else text


def _one_line(text: str) -> str:
    return " ".join(text.split()) if "\n" in text else text


def _unwrapped(lines: list[str]) -> list[str]:
    """Lines of a list; an indented line goes on with the one before it."""
    whole: list[list[str]] = []
    for line in lines:
        if whole and line[:1] in (" ", "\t") and line.strip():
            whole[-1].append(line.strip())
        else:
            whole.append([line])
    return [" ".join(parts) for parts in whole]
