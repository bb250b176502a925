"""PubMed's "Abstract (text)" and "Summary (text)", saved or pasted: numbered references in plain text.

    1. J Ex. 2019 Mar 3;12(3):101-9. doi: 10.1000/j.ex.1.        1: Doe J, Roe R. A title. J Ex. 2019
                                                                 Mar 3;12(3):101-9. doi: 10.1000/j.ex.1.
    A title that may be broken.                                  PMID: 1234567.

    Doe J(1), Roe R.

    Author information: ...

    The abstract.

    DOI: 10.1000/j.ex.1
    PMID: 1234567 [Indexed for MEDLINE]

Several references pasted at once are told apart only here, where it is certain: the text begins with such a
reference that names its PubMed number, and each further one stands behind a blank line, has the next number,
and begins with a journal and a year. Anything else is one pasted page, as ever (pasted.py).

An abstract is the paragraphs between the authors and the identifiers; what PubMed adds to them (affiliations,
comments, copyright, conflicts of interest) is left out. Lines were broken at 80 signs: they are joined.
"""

import re
from collections.abc import Iterator

from reviews.parsers.decoding import Text
from reviews.parsers.identifiers import dois_in, registry_ids_in
from reviews.parsers.parsed import ParsedRecord, Problem
from reviews.parsers.tagged import Outside

NAME = "pubmed_text"

_JOURNAL_AND_YEAR = r"[^\W\d_].{1,150}?\. (?:1[89]|20)\d\d\b"
_ABSTRACT_BEGINS = re.compile(rf"\ufeff*(\d{{1,6}})\. (?={_JOURNAL_AND_YEAR})")
_SUMMARY_BEGINS = re.compile(r"\ufeff*(\d{1,6}): (?=\S)")
_PMID = re.compile(r"\bPMID:\s*0*([1-9]\d{0,7})\b")
_FIRST_ENTRY = re.compile(r"(?:\n[ \t]*){3,}\d{1,6}\. |\n[ \t]*\n\d{1,6}: ")
_SUMMARY = re.compile(
    r"(?:(?P<authors>[^.]+?)\. )?(?P<title>.+?[.?!]\]?) (?P<citation>[^\W\d_][^.?!]{1,120}\. (?:1[89]|20)\d\d\b.*)"
)
_CITATION = re.compile(
    r"(?P<journal>.+?)\. (?P<year>(?:1[89]|20)\d\d)\b[\w /-]{0,30}"
    r"(?:;\s?(?P<volume>[^:;()]{0,30})(?:\((?P<issue>[^()]{0,40})\))?(?::\s?(?P<pages>[\w.,-]*\w))?)?"
)
_PERSON = re.compile(r"[^\W\d_][\w'’ʼ. -]* [A-Z]{1,4}(?: (?:Jr|Sr|2nd|3rd|4th))?")
_MARKS = re.compile(r"\(\d{1,3}\)|[#*]")
_LANGUAGE = re.compile(r"\s*\[Article in ([A-Z][\w, ]{2,40})\]\.?\s*$")
_ADDED = re.compile(
    r"(?:Author information|Collaborators|Conflict of interest|(?:Comment|Erratum|Update|Republished|Retract\w+|"
    r"Correct\w+|Summary for patients|Expression of concern|Original report)[\w ]{0,12} (?:in|of|on|from|by)\b|"
    r"©|Copyright\b|\(c\) (?:1[89]|20)\d\d)",
    re.I,
)
_IDENTIFIERS = re.compile(r"(?:DOI|PMCID|PMID): ?\S")
_OUTSIDE = "This text stands in front of the first reference and was not imported."


def recognises(head: str) -> bool:
    """Whether the text begins with a numbered reference that names its PubMed number."""
    text = head.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff \t\n")
    if not (_ABSTRACT_BEGINS.match(text) or _SUMMARY_BEGINS.match(text)):
        return False
    following = _FIRST_ENTRY.search(text)
    first = text[: following.start() if following else len(text)]
    return _PMID.search(first) is not None and (
        text[:8].find(": ") < 0 or _SUMMARY.match(_summary(first)) is not None
    )


def read(text: Text) -> Iterator[ParsedRecord | Problem]:
    """The references in order, and a Problem for lines in front of the first."""
    position = number = begun = 0
    entry: list[str] = []
    outside = Outside()
    after_blank = True
    for at, line in enumerate(text.lines(), start=1):
        begins = (_ABSTRACT_BEGINS.match(line) or _SUMMARY_BEGINS.match(line)) if after_blank else None
        if begins and (not entry or int(begins[1]) == number + 1):
            if entry:
                position += 1
                yield _record(entry, position, begun)
            yield from outside.problems(_OUTSIDE)
            entry, begun, number = [], at, int(begins[1])
            entry.append(line)
        elif entry:
            entry.append(line)
        elif line.strip():
            outside.add(at, line)
        after_blank = not line.strip()
    yield from outside.problems(_OUTSIDE)
    if entry:
        yield _record(entry, position + 1, begun)


def _record(lines: list[str], position: int, line: int) -> ParsedRecord:
    raw = "".join(lines).rstrip()
    if _SUMMARY_BEGINS.match(lines[0]):
        authors, title, citation = _of_summary(_summary(raw))
        abstract = ""
    else:
        authors, title, citation, abstract = _of_abstract(_paragraphs(lines))
    language = _LANGUAGE.search(title)
    title = _LANGUAGE.sub("", title)
    cited = _CITATION.match(citation)
    place = {name: (told or "").strip() for name, told in cited.groupdict().items()} if cited else {}
    pmid = _PMID.findall(raw)
    named = dois_in(citation) or [doi for told in re.findall(r"^DOI: .*", raw, re.M) for doi in dois_in(told)]
    return ParsedRecord(
        position=position,
        line=line,
        raw=raw,
        title=title,
        abstract=abstract,
        authors=authors,
        year=int(place["year"]) if cited else None,
        journal=place.get("journal", ""),
        doi=named[0] if named else "",
        pmid=pmid[-1] if pmid else "",  # the last: comments name those of other articles, above it
        registry_ids=registry_ids_in(f"{title}\n{abstract}"),
        language=language[1] if language else "",
        volume=place.get("volume", ""),
        issue=place.get("issue", ""),
        pages=place.get("pages", ""),
    )


def _paragraphs(lines: list[str]) -> list[str]:
    """The paragraphs, each on one line. A line broken behind a hyphen goes on without a blank."""
    paragraphs: list[str] = []
    joined = ""
    for line in [*lines, ""]:
        if not line.strip():
            if joined:
                paragraphs.append(" ".join(joined.split()))
            joined = ""
        else:
            text = line.rstrip("\r\n")
            joined += text if text.endswith("-") else text + " "
    return paragraphs


def _of_abstract(paragraphs: list[str]) -> tuple[tuple[str, ...], str, str, str]:
    """(authors, title, citation, abstract)."""
    citation = _ABSTRACT_BEGINS.sub("", paragraphs[0])
    title = paragraphs[1] if len(paragraphs) > 1 and not _IDENTIFIERS.match(paragraphs[1]) else ""
    rest = paragraphs[2 if title else 1 :]
    authors = _persons(rest[0]) if rest else ()
    body: list[str] = []
    for paragraph in rest[1 if authors else 0 :]:
        if _IDENTIFIERS.match(paragraph):
            break
        if not _ADDED.match(paragraph):
            body.append(paragraph)
    return authors, title, citation, "\n\n".join(body)


def _summary(text: str) -> str:
    return _SUMMARY_BEGINS.sub("", " ".join(_paragraphs(text.splitlines())))


def _of_summary(text: str) -> tuple[tuple[str, ...], str, str]:
    """(authors, title, citation) of one line; all of it is the title where it cannot be taken apart."""
    found = _SUMMARY.fullmatch(text)
    if not found:
        return (), text, ""
    authors = _persons(found["authors"] or "")
    title = found["title"] if authors or not found["authors"] else f"{found['authors']}. {found['title']}"
    return authors, title, found["citation"]


def _persons(text: str) -> tuple[str, ...]:
    """The authors of a line of authors; () when most of its pieces are not written as PubMed writes persons."""
    pieces = [" ".join(_MARKS.sub("", piece).split()).strip(" .") for piece in re.split(r"[,;]", text)]
    pieces = [piece for piece in pieces if piece]
    persons = sum(_PERSON.fullmatch(piece) is not None for piece in pieces)
    return tuple(pieces) if pieces and persons > len(pieces) / 2 and max(map(len, pieces)) < 100 else ()
