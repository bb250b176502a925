"""One pasted page to one record: a database page, the text of a PDF, a conference abstract, a news item.

The rules, none of which knows a site:

1. The raw text is kept whole. Everything below only chooses what stands in which field, and leaves a field
   empty rather than guess: a wrong title misleads a person, a wrong DOI makes two papers look like one.
2. Title: what "Title:" names; else the first entry of a PDF's outline (tab-indented headings at the very
   end); else the first line before the abstract that reads like a title: one sentence, 3 to 40 words, no
   heading, no journal, no names, no statement with a full stop ("X has ..., the agency said.").
3. Abstract: what follows the heading "Abstract"; without one, from the first passage of prose (25 words, or
   a run-in heading such as "Methods:"). It ends at the first of: keywords and other lists, a numbered
   heading ("1 Introduction") or a second "Introduction", references, the apparatus (funding, conflicts of
   interest), or closing furniture (furniture.py). Furniture inside is left out; the text goes on behind it.
   The lines themselves are not touched: hyphens at line ends, lost superscripts and odd blanks stay as
   found, because quotes are checked against this text. Copyright sentences at its end go. A run of two or
   more lines (a flattened table) repeated word for word right after itself is kept once.
4. Identifiers count as the page's own only on a citation line, or on a line of identifiers, before the end
   of the article. Those in references, in "similar articles" and in running text belong to other papers. A
   page that tells of somebody else's study ("according to a study published in ...") has no DOI, journal or
   year here.
5. Lists: publication types, MeSH terms and keywords under their headings. A list without a heading
   (PubMed's substances, when the heading was lost) is none of them.
6. Authors: only a line before the abstract in which every piece is a person's name.

Several records pasted at once are not told apart here; PubMed's numbered ones are, in pubmed_text.py.
"""

import re
from collections.abc import Iterator

from reviews.parsers.authors import author_list
from reviews.parsers.decoding import Text, storable
from reviews.parsers.identifiers import dois_in, registry_ids_in, the_only, year_in
from reviews.parsers.page import (
    Citation,
    Kind,
    Line,
    citation_in,
    inline_keywords,
    label_and_value,
    labelled,
    list_name,
)
from reviews.parsers.parsed import ParsedRecord, Problem, UnreadableFile
from reviews.parsers.prose import (
    Passage,
    abstract_start,
    find_abstract,
    find_title,
    front_passages,
    without_outline,
)

NAME = "pasted"

_STUDY = r"(?:study|trial|research|analysis|review|report|findings|results|data|paper)"
_ABOUT_ANOTHER = re.compile(
    rf"\baccording to (?:an?|the|new|recent|{_STUDY})\b.{{0,80}}\b{_STUDY}\b|"
    rf"\b{_STUDY},? (?:was |were |recently |just )*(?:published|presented)\b.{{0,30}}"
    r"\b(?:in|at|by) (?:the )?[A-Z]"
)
_ENDS_LIST = frozenset(
    {Kind.BLANK, Kind.LIST, Kind.APPARATUS, Kind.REFERENCES, Kind.NUMBERED, Kind.CLOSING, Kind.ABSTRACT}
)
_BULLET = re.compile(r"^\s*[•·▪◦‣∙*–-]\s*")


def read(text: Text) -> Iterator[ParsedRecord | Problem]:
    """The one record of a pasted text."""
    yield parse_pasted(text.whole())


def parse_pasted(text: str) -> ParsedRecord:
    """The record of one pasted page, by the rules above.

    RIS is not recognised here: text of unknown kind goes through open_source.
    Raises UnreadableFile when the text is blank.
    """
    raw = storable(text)
    if not raw.strip("\ufeff \t\r\n\f\xa0"):
        raise UnreadableFile(
            "There is no text: nothing was imported. Paste the text of the page and send it again."
        )
    outline_title, lines = without_outline(labelled(raw.lstrip("\ufeff")))
    front = front_passages(lines)
    title_at, title = find_title(lines, front)
    start, offset = abstract_start(lines, front, title_at)
    end, abstract = find_abstract(lines, start, offset)
    title = " ".join((outline_title or title).split())
    if not abstract and not title:
        abstract = "\n".join(line.text for line in lines if line.kind is Kind.TEXT).strip()
    lists = _lists(lines)
    own = _own_lines(lines, end)
    citation = _citation(lines, own)
    opening = abstract.split("\n\n", maxsplit=1)[0][:600]
    about_another = citation is None and _ABOUT_ANOTHER.search(opening) is not None
    named = dict(label_and_value(lines[at].text) for at in reversed(own) if lines[at].kind is Kind.LABELLED)
    identified = "\n".join(
        lines[at].text for at in own if lines[at].kind in (Kind.IDENTIFIERS, Kind.CITATION)
    )
    return ParsedRecord(
        position=1,
        line=1,
        raw=raw,
        title=named.get("title") or named.get("article title") or title,
        abstract=abstract,
        authors=_authors(front, start, named),
        year=None if about_another else _year(citation, named, identified),
        journal="" if about_another else _journal(citation, named),
        doi="" if about_another else _doi(lines, own),
        pmid=the_only(re.findall(r"\bPMID\s*:?\s*0*([1-9]\d{0,7})\b", identified)),
        registry_ids=_registry_ids(lines, end, title, abstract),
        language=named.get("language", ""),
        keywords=lists["keywords"],
        mesh=lists["mesh"],
        publication_types=lists["publication_types"],
        url=_url(named),
        volume=citation.volume if citation else "",
        issue=citation.issue if citation else "",
        pages=citation.pages if citation else "",
    )


def _url(named: dict[str, str]) -> str:
    told = (named.get(key, "") for key in ("url", "link"))
    return next((address for address in told if re.fullmatch(r"https?://\S+", address)), "")


def _own_lines(lines: list[Line], end: int) -> list[int]:
    """The lines in which the page can speak of itself: no further than the references or the paper's body,
    and behind the abstract no further than what the page adds (other papers, funding, "Sign in")."""
    for at, line in enumerate(lines):
        if line.kind in (Kind.REFERENCES, Kind.NUMBERED):
            return list(range(at))
        if at >= end and line.kind in (Kind.APPARATUS, Kind.CLOSING):
            return list(range(at))
    return list(range(len(lines)))


def _citation(lines: list[Line], own: list[int]) -> Citation | None:
    """The first citation line, with the journal from the line above where it stands there."""
    for at in own:
        if lines[at].kind is not Kind.CITATION or (found := citation_in(lines[at].text)) is None:
            continue
        above = lines[at - 1].text.strip() if at else ""
        if not found.journal and above and len(above.split()) <= 10:
            return Citation(above.rstrip("."), found.year, found.volume, found.issue, found.pages)
        return found
    return None


def _doi(lines: list[Line], own: list[int]) -> str:
    """The page's own DOI: on its citation line, else the only one named on its lines of identifiers."""
    for kind in (Kind.CITATION, Kind.IDENTIFIERS):
        found = [doi for at in own if lines[at].kind is kind for doi in dois_in(lines[at].text)[:1]]
        if found:
            return found[0] if kind is Kind.CITATION else the_only(found)
    return ""


def _journal(citation: Citation | None, named: dict[str, str]) -> str:
    told = (named.get(key, "") for key in ("journal", "published in", "publication", "source"))
    return next((journal for journal in told if journal), citation.journal if citation else "")


def _year(citation: Citation | None, named: dict[str, str], identified: str) -> int | None:
    """The year of a citation line, of "Year: ...", or of "Published: ..."; never one out of running text."""
    told = (year_in(named.get(key, "")) for key in ("year", "publication year", "publication date"))
    labelled_year = next((year for year in told if year), None)
    if labelled_year or citation:
        return labelled_year or (citation.year if citation else None)
    published = re.search(r"published.*", identified, re.I)
    return year_in(re.sub(r"https?://\S+", "", published[0])) if published else None


def _authors(front: list[Passage], start: int, named: dict[str, str]) -> tuple[str, ...]:
    for label in ("authors", "author", "by"):
        if label in named:
            return author_list(named[label], alone=True)
    before = (author_list(passage.text) for passage in front if passage.first < start)
    return next((authors for authors in before if authors), ())


def _registry_ids(lines: list[Line], end: int, title: str, abstract: str) -> tuple[str, ...]:
    """Of the page up to the end of the abstract; behind it only where a sentence speaks of registration."""
    body: list[str] = []
    for line in lines[end:]:
        if line.kind is Kind.REFERENCES:
            break
        body.append(line.text)
    sentences = re.split(r"(?<=[.;])\s+(?=[A-Z])", "\n".join(body))
    told = [sentence for sentence in sentences if re.search(r"regist|clinicaltrials", sentence, re.I)]
    return registry_ids_in("\n".join([title, abstract, *(line.text for line in lines[:end]), *told]))


def _lists(lines: list[Line]) -> dict[str, tuple[str, ...]]:
    """Publication types, MeSH terms and keywords: the items under each heading, up to a blank line."""
    lists: dict[str, tuple[str, ...]] = {"publication_types": (), "mesh": (), "keywords": ()}
    for at, heading in enumerate(lines):
        if heading.kind is not Kind.LIST or (name := list_name(heading.text)) not in lists or lists[name]:
            continue
        items: list[str] = []
        if inline := inline_keywords(heading.text):
            items.append(inline)
        for line in lines[at + 1 :]:
            if line.kind is Kind.BLANK and not items:
                continue
            if line.kind in _ENDS_LIST:
                break
            items.append(_BULLET.sub("", line.text).strip())
        lists[name] = tuple(_separated(items) if name == "keywords" else filter(None, items))
    return lists


def _separated(items: list[str]) -> list[str]:
    """Keywords written one behind the other: apart at semicolons, bullets, or else commas."""
    text = "\n".join(items)
    separator = next((sign for sign in (";", "·", "•", "|", ",") if sign in text), "\n")
    separated = (" ".join(item.split()).rstrip(".") for item in re.split(f"[{re.escape(separator)}\n]", text))
    return [item for item in separated if item]
