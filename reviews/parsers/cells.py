"""The cells of one row to a record, by the mapping of columns to fields."""

import re
from collections.abc import Mapping, Sequence

from reviews.parsers import lists
from reviews.parsers.columns import FIELDS
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

_NOTHING = frozenset({"", "na", "n/a", "n.a.", "none", "null", "undefined", "nan", "-", "--", "#n/a"})
_LONGEST_NOTHING = 10
_AS_TEXT = re.compile(r'="(.*)"', re.S)  # what EBSCO writes so that Excel leaves a number alone
_WHOLE = re.compile(r"(\d+)\.0")
_PMID = re.compile(r"(?:^|\b(?:PUBMED|PMID|MEDLINE)[\s:]*)(\d{1,8})\b", re.I)
_CITED = re.compile(r"\. \d{4}[^.;]{0,20};([^.;:()]{1,20})(?:\(([^()]{1,30})\))?(?::([^.;]{1,40}))?\.")
_NO_ABSTRACT = re.compile(r"\W*(?:no abstract(?: is)?(?: available)?|abstract not available)\W*", re.I)


def said(cell: str) -> str:
    """What a cell says: without blanks around it and without ="..."; "" where it says that there is nothing."""
    text = cell.strip()
    if text[:2] == '="' and (wrapped := _AS_TEXT.fullmatch(text)):
        text = wrapped[1].strip()
    return "" if len(text) <= _LONGEST_NOTHING and text.lower() in _NOTHING else text


class Reading:
    """How the rows of one table become records: which column is which field, and how its lists are parted."""

    def __init__(
        self, names: Sequence[str], mapping: Mapping[int, str], sample: Sequence[Sequence[str]]
    ) -> None:
        """`mapping` counts columns from 1. `sample` is the first rows, from which the separators are learnt."""
        self._names = tuple(names)
        self._columns: dict[str, list[int]] = {field: [] for field in FIELDS}
        for number, field in sorted(mapping.items()):
            self._columns[field].append(number - 1)
        self._mapped = frozenset(number - 1 for number in mapping)
        self._commas = {
            at: lists.commas_part((row[at] for row in sample if at < len(row)), persons=field == "authors")
            for field in ("authors", "keywords", "mesh")
            for at in self._columns[field]
        }
        self.last_used = max(self._mapped, default=-1)  # the last column that is a field, counted from 0

    def record(self, cells: Sequence[str], *, position: int, line: int, raw: str) -> ParsedRecord:
        """The record a row describes. Missing cells are empty; cells beyond the names stay as extra."""

        columns = self._columns

        def texts(field: str) -> list[str]:
            return [text for at in columns[field] if at < len(cells) and (text := said(cells[at]))]

        def first(field: str) -> str:
            for at in columns[field]:
                if at < len(cells) and (text := said(cells[at])):
                    return " ".join(text.split())
            return ""

        title = without_markup(first("title"))
        abstract = _abstract("".join(texts("abstract")))
        links = texts("url") if columns["url"] else []
        told = "\n".join((title, abstract, *texts("registry_ids"), *links))
        cited = _cited(first("citation"))
        return ParsedRecord(
            position=position,
            line=line,
            raw=raw,
            title=title,
            abstract=abstract,
            authors=self._list("authors", cells),
            year=year_in(first("year")),
            journal=without_markup(first("journal")),
            doi=next(iter(dois_in(first("doi"))), "") or the_only(_all_dois(links)),
            pmid=_pmid(first("pmid"), links),
            registry_ids=registry_ids_in(told),
            language=first("language"),
            keywords=self._list("keywords", cells),
            mesh=self._list("mesh", cells),
            publication_types=self._list("publication_types", cells),
            url=_url(links),
            volume=_number(first("volume")) or cited[0],
            issue=_number(first("issue")) or cited[1],
            pages=_pages(first("pages"), first("first_page"), first("last_page"))
            or cited[2]
            or first("article_number"),
            extra=self._extra(cells),
        )

    def _list(self, field: str, cells: Sequence[str]) -> tuple[str, ...]:
        part = lists.persons if field == "authors" else lists.items
        found = [
            item
            for at in self._columns[field]
            if at < len(cells) and (text := said(cells[at]))
            for item in part(without_markup(text), commas=self._commas.get(at, False))
            if item.lower() not in _NOTHING
        ]
        return tuple(dict.fromkeys(found))

    def _extra(self, cells: Sequence[str]) -> tuple[tuple[str, str], ...]:
        names = self._names
        return tuple(
            (names[at] if at < len(names) else "", text)
            for at, cell in enumerate(cells)
            if cell and at not in self._mapped and (text := cell.strip())
        )


def _cited(citation: str) -> tuple[str, str, str]:
    """(volume, issue, pages) of "Eur J Med Genet. 2020 Feb;63(2):103640. doi: ..."."""
    found = _CITED.search(citation) if citation else None
    return (found[1], found[2] or "", found[3] or "") if found else ("", "", "")


def _abstract(text: str) -> str:
    text = without_markup(text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    return "" if len(text) <= 60 and _NO_ABSTRACT.fullmatch(text) else text


def _all_dois(links: list[str]) -> list[str]:
    return [doi for link in links for doi in dois_in(link)]


def _pmid(text: str, links: list[str]) -> str:
    if whole := _WHOLE.fullmatch(text):
        text = whole[1]
    if text:
        found = pmids_in_addresses(text) or _PMID.findall(text)
        if found and is_pmid(found[0]):
            return found[0].lstrip("0")
    return the_only([number for link in links for number in pmids_in_addresses(link)])


def _url(links: list[str]) -> str:
    for text in links:
        for address in re.split(r"[\s|]+|;(?=\s*https?:)", text):
            if address.lower().startswith(("http://", "https://")):
                return address.rstrip(";,")
    return ""


def _number(text: str) -> str:
    """A volume or issue; a program that took it for a number may have written 15.0."""
    whole = _WHOLE.fullmatch(text)
    return whole[1] if whole else text


def _pages(pages: str, first: str, last: str) -> str:
    if pages:
        return pages
    first, last = _number(first), _number(last)
    if first and last and first != last and last not in re.split(r"[-–‐]", first):
        return f"{first}-{last}"
    return first or last
