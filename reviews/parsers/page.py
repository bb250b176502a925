"""A pasted page as labelled lines: what each line is, before anything is decided about the record.

A label says what the line is by itself: a citation, a list's heading, a numbered heading of a paper, site
furniture. What follows from it (where the abstract ends, whose DOI it is) is decided in pasted.py.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto

from reviews.parsers.furniture import is_closing, is_furniture


class Kind(Enum):
    """What a line of a page is."""

    BLANK = auto()
    TEXT = auto()
    FURNITURE = auto()
    CLOSING = auto()  # furniture that closes the article
    CITATION = auto()  # "J Example. 2019 Nov;94(11):1-9. doi: ..."
    IDENTIFIERS = auto()  # "PMID: 1 DOI: 10.1000/x", an address of a DOI alone
    LABELLED = auto()  # "Title: ...", "Authors: ..."
    ABSTRACT = auto()  # the heading "Abstract"
    SECTION = auto()  # "Methods" alone: inside an abstract, or of a paper
    NUMBERED = auto()  # "1 Introduction": of a paper
    LIST = auto()  # heading of "MeSH terms", "Publication types", ...
    APPARATUS = auto()  # "Conflict of interest statement", "Funding", "Similar articles"
    REFERENCES = auto()  # the heading
    REFERENCE = auto()  # one numbered item of a list of references
    AFFILIATION = auto()


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its label; `text` is as found, without the line end."""

    text: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Citation:
    """What a citation line says about the article it stands on."""

    journal: str
    year: int
    volume: str
    issue: str
    pages: str


_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
_NAME = r"(?P<journal>[^\d\W][^.;:\n]{1,120}?)"
_JOURNAL = r"(?P<journal>[^\d\W][^;:\n]{1,120}?)"
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_DATE = rf"{_YEAR}(?:[ -]{_MONTH})*(?:\s\d{{1,2}})?"
_PLACE = (
    r"(?P<volume>[\w. -]{1,20}?)\s?(?:\((?P<issue>[^()]{1,40})\))?\s?:\s?(?P<pages>[\w.]+(?:[-–][\w.]+)?)"
)
_CITATIONS = tuple(
    re.compile(pattern)
    for pattern in (
        # J Example. 2019 Nov 4;94(11):1244-1253. doi: ...    (PubMed; volume and pages may be missing)
        rf"(?:\d+\.\s+)?{_NAME}\.\s+{_DATE}(?:;\s?{_PLACE}|(?=\.|$))",
        # . 2019 Nov 4;94(11):1244-1253.                       (PubMed's page: the journal is the line before)
        rf"(?P<journal>)\.\s{_DATE}(?:;\s?{_PLACE}|(?=\.|$))",
        # J Example (2007) 110 (11): 2730.                      (publishers' pages)
        rf"{_JOURNAL}\s\({_YEAR}\)\s{_PLACE}",
        # J Example 2008; 112 (11): 3446.
        rf"{_JOURNAL},?\s{_YEAR}(?:\s{_MONTH})?\s?;\s?{_PLACE}",
    )
)
_AUTHORS_FIRST = re.compile(r"[^\d\W][\w'’-]+ [A-Z]{1,3}(?:,|$| and )|.*\bet al\b")
_VOLUME_ISSUE = re.compile(
    rf"{_JOURNAL},? Volume (?P<volume>\w+)(?:, (?:Issue|Number) (?P<issue>[\w-]+))?,.{{0,40}}?{_YEAR}"
    r"(?:,? Pages? (?P<pages>[\w–-]+))?",
    re.I,
)
_SECTIONS = (
    r"introduction|background(?: and (?:aims?|objectives?|purpose))?|(?:aims?|objectives?|"
    r"purpose)(?: of the study)?|context|rationale|importance|(?:patients|materials?|subjects|"
    r"participants)(?:,? (?:and|&) methods?)?|methods?(?: (?:and|&) (?:materials?|results|findings))?|"
    r"methodology|study design|design|setting|interventions?|main outcomes?(?: (?:and )?measures?)?|"
    r"measurements?|results?(?: and discussion)?|findings|discussion|conclusions?(?: (?:and|/) (?:relevance|"
    r"significance))?|interpretation|significance|trial registration|clinical trial (?:registration|"
    r"information)|registration|limitations|summary|case (?:report|presentation)"
)
_NUMBER = r"(?:\d{1,2}(?:\.\d{1,2}){0,3}\.?|[IVX]{1,4}\.)"
_ABSTRACT = re.compile(
    r"(?:structured |author )?(?P<word>abstract|summary)(?:(?:\s*[:.—–-]\s*)(?P<inline>.*))?", re.I
)
_SECTION = re.compile(rf"(?:{_SECTIONS})\s*[:.]?", re.I)
_NUMBERED = re.compile(rf"{_NUMBER}\s+(?:{_SECTIONS})(?:\W.{{0,40}})?", re.I)
_LIST = re.compile(
    r"(?P<publication_types>publication types?)|(?P<mesh>(?:mesh|medical subject headings?)(?: terms?|"
    r" headings?)?)|(?P<keywords>(?:author )?key ?-?words?)|(?P<other>substances|supplementary concepts?|"
    r"index terms?|emtree(?: terms?)?|subject terms?|subjects?|topics?|tags?)",
    re.I,
)
_KEYWORDS = re.compile(r"(?:author )?key ?-?words?(?: and phrases)?\s*[:.—–-]\s*(?P<items>\S.*)", re.I)
_APPARATUS = re.compile(
    r"(?:(?:declaration of |potential )?(?:conflicts?|competing|declarations?)(?: of)? interests?(?: "
    r"statements?)?|(?:financial )?disclosures?|(?:grants?(?: and| &) )?funding(?: .{0,30})?|grant support|"
    r"acknowledge?ments?|author(?:s['’]?)? (?:information|affiliations|contributions?|details)|"
    r"affiliations?(?: expand)?|similar articles|references and notes|related information|linkout.{0,40}|"
    r"medical|figures?(?: and tables?)?|full text sources|research materials|other literature sources|"
    r"data (?:availability|sharing).{0,20}|footnotes?|ethic(?:s|al) (?:approval|statement|considerations?|"
    r"declarations?)|comment in|update(?:s)? (?:in|of)|erratum in|about (?:the )?authors?|contributors?|"
    r"abbreviations?|grant numbers?|appendix.{0,20}|supplementary information)\s*(?:[:.]|$)",
    re.I,
)
_REFERENCES = re.compile(
    rf"(?:{_NUMBER}\s+)?(?:references?|bibliography|works cited|literature cited|literature|sources?)\s*:?",
    re.I,
)
_REFERENCE = re.compile(r"(?:\[\d{1,3}\]|\d{1,3}[.)])\s+(?=\S.{20,})")
_CITES = re.compile(
    r"\bet al\b|\bdoi\b|https?://|(?:19|20)\d\d\s?(?:\w{3,9}\s?)?(?:\d{1,2})?\s?;|"
    r"^[^\d\W][\w'’-]+ [A-Z]{1,3}[,.]",
    re.I,
)
_IDENTIFIER = re.compile(
    r"(?:PMC?ID|DOI|PII|ISSN|EISSN|Article number)\s*:?\s*\S+|https?://(?:dx\.)?doi\.org/\S+|"
    r"\[Indexed for MEDLINE\]|Free (?:PMC )?article",
    re.I,
)
_PUBLISHED = re.compile(
    r"(?:first |e)?published(?: online)?(?: (?:on|ahead of print))?\s*:?\s*[\w "
    r",./-]{4,30}(?:\s*https?://(?:dx\.)?doi\.org/\S+)?",
    re.I,
)
_LABELLED = re.compile(
    r"(?P<label>(?:article )?title|authors?|by|journal|source|publication|year|publication (?:year|date)|"
    r"published in|language|url|link)\s*:\s*(?P<value>\S.*)",
    re.I,
)
_AFFILIATION = re.compile(
    r"(?:[\d*†‡§(]|from the |\W)*\b(?:department|division|institut\w*|universit\w*|hospital|cent(?:er|re)|"
    r"school|faculty|college|clinic|service|unit|laborator\w+)\b.*,",
    re.I,
)
_LONGEST = 500


def labelled(text: str) -> list[Line]:
    """The lines of a text with their labels. Form feeds, which stand between PDF pages, end lines as well."""
    return [Line(line, kind_of(line)) for line in re.split(r"\r\n|[\r\n\f]", text)]


def kind_of(line: str) -> Kind:
    """What a line is by itself. Lines of more than 500 characters are always text."""
    line = line.strip()
    if not line:
        return Kind.BLANK
    if len(line) > _LONGEST:
        return Kind.TEXT if not is_furniture(line) else Kind.FURNITURE
    for kind, pattern in _WHOLE_LINE:
        if pattern.fullmatch(line):
            return kind
    if _KEYWORDS.fullmatch(line):
        return Kind.LIST
    if _APPARATUS.match(line):
        return Kind.APPARATUS
    if citation_in(line):
        return Kind.CITATION
    if _only_identifiers(line):
        return Kind.IDENTIFIERS
    if is_closing(line):
        return Kind.CLOSING
    if is_furniture(line):
        return Kind.FURNITURE
    item = _REFERENCE.match(line)
    if item and _CITES.search(line, item.end()):
        return Kind.REFERENCE
    if len(line) < 300 and _AFFILIATION.match(line) and not line.endswith((".", "?")):
        return Kind.AFFILIATION
    return Kind.TEXT


_WHOLE_LINE = (
    (Kind.NUMBERED, _NUMBERED),
    (Kind.REFERENCES, _REFERENCES),
    (Kind.ABSTRACT, re.compile(r"(?:structured |author )?(?:abstract|summary)\s*[:.]?", re.I)),
    (Kind.SECTION, _SECTION),
    (Kind.LIST, re.compile(rf"(?:{_LIST.pattern})\s*:?", re.I)),
    (Kind.LABELLED, _LABELLED),
    (Kind.IDENTIFIERS, _PUBLISHED),
)


def abstract_label(line: str) -> int | None:
    """Where the abstract begins in a line that opens with "Abstract:" or "Abstract "; None without one."""
    match = re.match(r"\s*(?:abstract|ABSTRACT|Abstract)(?:\s*[:.—–-]\s*|\s+(?=[A-Z]))(?=\S)", line)
    return match.end() if match and len(line.split()) >= 8 else None


def section_label(line: str) -> bool:
    """Whether a line begins with a run-in heading: "Methods: Eight cohorts ...", "Results Of the 23 ..."."""
    return re.match(rf"\s*(?:{_SECTIONS})(?:\s*[:.—–-]|\s+(?-i:[A-Z]))", line, re.I) is not None


def list_name(line: str) -> str:
    """Which list a heading opens: "publication_types", "mesh", "keywords", or "other"."""
    if _KEYWORDS.fullmatch(line.strip()):
        return "keywords"
    match = _LIST.match(line.strip())
    return match.lastgroup or "other" if match else "other"


def inline_keywords(line: str) -> str:
    """The items behind "Keywords:" on the same line."""
    match = _KEYWORDS.fullmatch(line.strip())
    return match["items"] if match else ""


def label_and_value(line: str) -> tuple[str, str]:
    """("title", "...") of a line such as "Title: ..."."""
    match = _LABELLED.fullmatch(line.strip())
    return (match["label"].lower(), match["value"].strip()) if match else ("", "")


def citation_in(line: str) -> Citation | None:
    """The journal, year and place that a citation line names; None when the line is none."""
    line = line.strip()
    if not re.search(r"(?:19|20)\d\d", line) or len(line) > _LONGEST:
        return None
    for pattern in (*_CITATIONS, _VOLUME_ISSUE):
        match = pattern.match(line)
        if match and len(line) - match.end() < 160:
            parts = match.groupdict()
            journal = parts["journal"] or ""
            if len(journal.split()) > 14 or _AUTHORS_FIRST.match(journal):
                continue
            return Citation(
                journal=journal.strip(" .,"),
                year=int(parts["year"]),
                volume=(parts.get("volume") or "").strip(),
                issue=(parts.get("issue") or "").strip(),
                pages=(parts.get("pages") or "").strip("."),
            )
    return None


def _only_identifiers(line: str) -> bool:
    """Whether hardly a word is left of the line once its identifiers are taken out."""
    rest, found = _IDENTIFIER.subn(" ", line)
    return found > 0 and len(re.findall(r"\w+", rest)) <= 3
