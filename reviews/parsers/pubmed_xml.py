"""PubMed XML: PubmedArticle and PubmedBookArticle, as PubMed's page, its FTP files and E-utilities write them.

| field | elements | remarks |
|---|---|---|
| title | ArticleTitle, VernacularTitle, BookTitle | "[Not Available]." is none |
| abstract | Abstract/AbstractText, OtherAbstract | a label becomes "METHODS: "; a paragraph each |
| authors | AuthorList/Author | "Doe, Jane" or the name of a group; ValidYN="N" are corrections |
| year | PubDate, ArticleDate, ContributionDate | MedlineDate says "2019 Sep-Oct" |
| journal | Journal/Title ISOAbbreviation MedlineTA, BookTitle | BookTitle of a chapter |
| doi | ELocationID, ArticleIdList of the article | never those of ReferenceList |
| registers | DataBankList, title, abstract | |
| keywords | KeywordList | MeSH is written as in MEDLINE: "*Asthma/diagnosis" |
| pages | MedlinePgn, StartPage EndPage | |
"""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from reviews.parsers.decoding import Text
from reviews.parsers.identifiers import dois_in, is_pmid, registry_ids_in, year_in
from reviews.parsers.parsed import ParsedRecord, Problem
from reviews.parsers.xml_entries import Entry, entries, one_line

NAME = "pubmed_xml"

_BEGINS = re.compile(r"<Pubmed(?:ArticleSet|BookArticleSet|Article|BookArticle)[\s>]")
_NO_TITLE = re.compile(r"\[?not available\]?\.?", re.I)


def recognises(head: str) -> bool:
    """Whether it is XML in which an article or a set of PubMed begins."""
    return head.lstrip("\ufeff \t\r\n").startswith("<") and _BEGINS.search(head) is not None


def read(text: Text) -> Iterator[ParsedRecord | Problem]:
    """The records of the file in order, and a Problem for each entry that is broken."""
    position = 0
    for entry in entries(text, ("PubmedArticle", "PubmedBookArticle")):
        if isinstance(entry, Entry):
            position += 1
            yield _record(entry, position)
        else:
            yield entry


def _record(entry: Entry, position: int) -> ParsedRecord:
    root = entry.element
    book = root.find("BookDocument")
    citation = root.find("MedlineCitation") if book is None else book
    citation = root if citation is None else citation
    article = citation.find("Article") if book is None else book
    article = citation if article is None else article
    title = _title(article)
    abstract = _abstract(article) or _abstract(citation, "OtherAbstract")
    pmid = _first(citation, "PMID")
    return ParsedRecord(
        position=position,
        line=entry.line,
        raw=entry.raw,
        title=title,
        abstract=abstract,
        authors=_authors(article),
        year=_year(article),
        journal=_journal(article, citation, title),
        doi=_doi(article, root),
        pmid=pmid.lstrip("0") if is_pmid(pmid) else "",
        registry_ids=registry_ids_in("\n".join([title, abstract, *_numbers_of_registers(article)])),
        language="; ".join(_all(article, "Language")),
        keywords=_all(citation, "KeywordList/Keyword"),
        mesh=tuple(_heading(heading) for heading in citation.findall("MeshHeadingList/MeshHeading")),
        publication_types=_all(article, "PublicationTypeList/PublicationType")
        or _all(article, "PublicationType"),
        volume=_first(article, "Journal/JournalIssue/Volume", "Book/Volume"),
        issue=_first(article, "Journal/JournalIssue/Issue"),
        pages=_pages(article),
    )


def _all(element: Element, path: str) -> tuple[str, ...]:
    """What the elements at this path say, without repeats."""
    return tuple(dict.fromkeys(said for each in element.findall(path) if (said := one_line(each))))


def _first(element: Element, *paths: str) -> str:
    """The first that says something."""
    return next((said for path in paths for each in element.findall(path) if (said := one_line(each))), "")


def _title(article: Element) -> str:
    told = (_first(article, path) for path in ("ArticleTitle", "VernacularTitle", "Book/BookTitle"))
    return next((title for title in told if title and not _NO_TITLE.fullmatch(title)), "")


def _abstract(holder: Element, name: str = "Abstract") -> str:
    """The paragraphs of the first abstract, each behind its label."""
    found = holder.find(name)
    parts = [] if found is None else found.findall("AbstractText")
    told = [(" ".join((part.get("Label") or "").split()), one_line(part)) for part in parts]
    return "\n\n".join(
        f"{label}: {said}" if label and label.upper() != "UNLABELLED" else said
        for label, said in told
        if said
    )


def _authors(article: Element) -> tuple[str, ...]:
    names: list[str] = []
    for authors in article.findall("AuthorList"):
        if authors.get("Type") == "editors":
            continue
        valid = (author for author in authors.findall("Author") if author.get("ValidYN") != "N")
        names += [name for author in valid if (name := _name(author))]
    return tuple(names)


def _name(author: Element) -> str:
    last = _first(author, "LastName")
    first = _first(author, "ForeName", "FirstName", "Initials")
    suffix = _first(author, "Suffix")
    if last:
        return f"{last}, {' '.join(part for part in (first, suffix) if part)}".rstrip(" ,")
    return _first(author, "CollectiveName") or first


def _year(article: Element) -> int | None:
    dates = ("Journal/JournalIssue/PubDate", "ArticleDate", "ContributionDate", "Book/PubDate")
    told = (_first(article, f"{date}/Year", f"{date}/MedlineDate") for date in dates)
    return next((year for text in told if (year := year_in(text))), None)


def _journal(article: Element, citation: Element, title: str) -> str:
    journal = _first(article, "Journal/Title", "Journal/ISOAbbreviation")
    journal = journal or _first(citation, "MedlineJournalInfo/MedlineTA") or _first(article, "Book/BookTitle")
    return "" if journal == title else journal


def _doi(article: Element, root: Element) -> str:
    named = [
        each
        for path in ("ELocationID", "ArticleIdList/ArticleId")
        for each in article.findall(path)
        if "doi" in (each.get("EIdType"), each.get("IdType")) and each.get("ValidYN") != "N"
    ]
    for data in ("PubmedData", "PubmedBookData"):
        ids = root.findall(f"{data}/ArticleIdList/ArticleId")
        named += [each for each in ids if each.get("IdType") == "doi"]
    return next((doi for each in named for doi in dois_in(one_line(each))), "")


def _numbers_of_registers(article: Element) -> list[str]:
    banks = article.findall("DataBankList/DataBank")
    return [
        f"{_first(bank, 'DataBankName')}/{number}"
        for bank in banks
        for number in _all(bank, "AccessionNumberList/AccessionNumber")
    ]


def _heading(heading: Element) -> str:
    """As in MEDLINE: the star marks what the article is mainly about."""
    parts = [*heading.findall("DescriptorName"), *heading.findall("QualifierName")]
    return "/".join(("*" if part.get("MajorTopicYN") == "Y" else "") + one_line(part) for part in parts)


def _pages(article: Element) -> str:
    if told := _first(article, "Pagination/MedlinePgn"):
        return told
    first, last = _first(article, "Pagination/StartPage"), _first(article, "Pagination/EndPage")
    return f"{first}-{last}" if first and last and first != last else first or last
