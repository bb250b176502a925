"""Title and abstract of a pasted page, chosen among its labelled lines by the rules in pasted.py."""

import re
from dataclasses import dataclass

from reviews.parsers.authors import author_list
from reviews.parsers.furniture import without_rights
from reviews.parsers.page import Kind, Line, abstract_label, citation_in, section_label

_PROSE_WORDS = 25
_FRONT_LINES = 1000
_WRAPPED = range(40, 131)  # letters in a line of a PDF's column or page
_LONGEST_REPEAT = 200  # lines
_TITLE_WORDS = range(3, 41)
_OUTLINE_SECTIONS_WORDS = """
abstract introduction methods results discussion conclusion conclusions references
"""
_OUTLINE_SECTIONS = frozenset(_OUTLINE_SECTIONS_WORDS.split())
_STATEMENT = re.compile(
    r"\b(?:has|have|had|was|were|is|are|may|might|will|said|says|announced|reported|found|showed|"
    r"according)\b",
    re.I,
)
_CITED_FIGURE = re.compile(r"[a-z)]\.\d{1,3}$")  # "... Hematology.1": a sentence with a reference mark
_KIND_OF_ARTICLE_WORDS = """
original research article articles clinical trial trials review systematic meta-analysis multicenter study
comparative randomized randomised controlled case report reports brief communication letter editorial open
access free pmc full text paper phase i ii iii iv conference abstract abstracts oral poster session regular
"""
_KIND_OF_ARTICLE = frozenset(_KIND_OF_ARTICLE_WORDS.split())
_WORDS = frozenset({Kind.TEXT, Kind.SECTION, Kind.AFFILIATION})  # lines of an abstract


@dataclass(frozen=True, slots=True)
class Passage:
    """Consecutive text lines that belong together: a wrapped paragraph, or a line that stands for itself."""

    first: int  # index of its first line
    text: str


def without_outline(lines: list[Line]) -> tuple[str, list[Line]]:
    """The title in a PDF's outline, and the lines without the outline.

    An outline is a last run of tab-indented lines, four at least, of which two name sections of a paper.
    """
    begin = len(lines)
    while begin and (not lines[begin - 1].text.strip() or lines[begin - 1].text.startswith("\t")):
        begin -= 1
    entries = [line.text.strip() for line in lines[begin:] if line.text.strip()]
    sections = sum(1 for entry in entries if re.sub(r"^[\d. ]+", "", entry).lower() in _OUTLINE_SECTIONS)
    if len(entries) < 4 or sections < 2:
        return "", lines
    title = entries[0] if _reads_like_title(entries[0]) else ""
    return title, lines[:begin]


def front_passages(lines: list[Line]) -> list[Passage]:
    """The passages of text in order; wrapped lines joined, long lines and lists of names each for itself.

    Only the first lines of a long text are looked at: its title and the beginning of its abstract are there.
    """
    passages: list[Passage] = []
    parts: list[str] = []
    first = 0
    for at, line in enumerate(lines[:_FRONT_LINES]):
        text = line.text.strip()
        joins = line.kind is Kind.TEXT and bool(parts) and _goes_on(parts[-1]) and len(text) <= _WRAPPED.stop
        joins = joins and not author_list(text) and not author_list(parts[-1])
        if parts and not joins:
            passages.append(Passage(first, " ".join(parts)))
            parts = []
        if line.kind is Kind.TEXT:
            first = first if parts else at
            parts.append(text)
    if parts:
        passages.append(Passage(first, " ".join(parts)))
    return passages


def _goes_on(line: str) -> bool:
    """Whether a line is as long as lines that were wrapped, and its sentence is not finished."""
    line = line.strip()
    return len(line) in _WRAPPED and line[-1] not in ".?!:"


def find_title(lines: list[Line], front: list[Passage]) -> tuple[int, str]:
    """(index of its line, title), or (-1, "") when no line before the abstract is certain to be one."""
    heading = next((at for at, line in enumerate(lines) if line.kind is Kind.ABSTRACT), len(lines))
    candidates: list[Passage] = []
    for passage in front:
        if passage.first > heading or abstract_label(passage.text) is not None:
            break
        if _reads_like_title(passage.text) and not _is_journal_line(lines, passage.first):
            candidates.append(passage)
        elif _is_prose(passage.text):
            break
    for passage in candidates[:6]:
        if len(passage.text.split()) >= 5 or len(candidates) == 1:
            return passage.first, passage.text
    return -1, ""


def _reads_like_title(text: str) -> bool:
    words = text.split()
    if len(words) not in _TITLE_WORDS or len(text) > 400 or not any(letter.isalpha() for letter in text):
        return False
    if section_label(text) or author_list(text) or _CITED_FIGURE.search(text):
        return False
    if re.search(r"[a-z)]{2}[.!?]\s+[A-Z][a-z]", text) or all(
        word.strip(",;").lower() in _KIND_OF_ARTICLE for word in words
    ):
        return False
    return not (text.endswith((".", "…")) and len(words) >= 12 and _STATEMENT.search(text))


def _is_journal_line(lines: list[Line], at: int) -> bool:
    """Whether the next line is a citation that leaves the journal to this one (". 2019 Nov;94(11):1-9.")."""
    following = citation_in(lines[at + 1].text) if at + 1 < len(lines) else None
    return following is not None and not following.journal


def _is_prose(text: str) -> bool:
    return not author_list(text) and (len(text.split()) >= _PROSE_WORDS or section_label(text))


def abstract_start(lines: list[Line], front: list[Passage], title_at: int) -> tuple[int, int]:
    """(index of the abstract's first line, offset in it); (len(lines), 0) when there is none."""
    for at, line in enumerate(lines):
        if line.kind is Kind.ABSTRACT:
            following = next(
                (each for each in lines[at + 1 :] if each.kind not in (Kind.BLANK, Kind.FURNITURE)), None
            )
            if following and following.kind in (Kind.TEXT, Kind.SECTION):
                return at + 1, 0
        elif line.kind is Kind.TEXT and (offset := abstract_label(line.text)) is not None:
            return at, offset
    skipped_to = -1
    for passage in front:
        if passage.first <= title_at or passage.first < skipped_to:
            continue
        before = lines[passage.first - 1].kind if passage.first else Kind.BLANK
        if before is Kind.APPARATUS:  # "Author information:" with its addresses, before the abstract
            continue
        if before is Kind.SECTION and passage.text:
            return passage.first - 1, 0
        if _is_prose(passage.text):
            return passage.first, 0
    return len(lines), 0


def find_abstract(lines: list[Line], start: int, offset: int) -> tuple[int, str]:
    """(index behind its last line, the abstract)."""
    kept: list[str] = []
    words = 0
    end = len(lines)
    among_links = False
    for at in range(start, len(lines)):
        line = lines[at]
        inside_sentence = at > start and _continues(lines[at - 1], line)
        if not inside_sentence and _ends_abstract(line, words):
            end = at
            break
        among_links = line.kind is Kind.FURNITURE or (among_links and _is_link(line))
        if inside_sentence or (line.kind in _WORDS and not among_links):
            kept.append(line.text[offset:] if at == start else line.text)
            words += len(line.text.split())
        elif line.kind is Kind.BLANK and kept and kept[-1].strip():
            kept.append("")
    return end, without_rights("\n".join(_without_repeats(kept)).strip())


def _is_link(line: Line) -> bool:
    """Whether a line behind furniture is only a title to click on ("Related Articles" and its list)."""
    text = line.text.strip()
    return not text or (line.kind is Kind.TEXT and len(text.split()) < 12 and text[-1] not in ".?!)]”")


def _continues(before: Line, line: Line) -> bool:
    """Whether a line looks like something else but ends a wrapped sentence ("... in this / article.")."""
    if before.kind is not Kind.TEXT or not _goes_on(before.text):
        return False
    if line.kind in (Kind.FURNITURE, Kind.SECTION):
        return line.text.strip()[:1].islower()
    return line.kind in (Kind.CITATION, Kind.REFERENCE, Kind.IDENTIFIERS, Kind.LABELLED)


def _ends_abstract(line: Line, words: int) -> bool:
    """Whether the abstract, of so many words by now, ends before this line."""
    if line.kind in (Kind.NUMBERED, Kind.REFERENCES, Kind.LIST, Kind.APPARATUS, Kind.ABSTRACT):
        return words > 0
    if line.kind is Kind.CLOSING:
        return words >= _PROSE_WORDS
    if line.kind is Kind.SECTION:
        opening = line.text.strip(" :.\t").lower() in ("introduction", "background")
        return opening and words > 0
    return False


def _without_repeats(lines: list[str]) -> list[str]:
    """Without the second of two equal runs of lines that follow each other, a blank line between or none.

    A run has two different lines and 40 letters at least: equal figures one below the other are data.
    """
    kept: list[str] = []
    alike = 0  # equal lines at the end; a run must be longer than these to hold two different ones
    for line in lines:
        alike = alike + 1 if kept and kept[-1] == line else 1
        kept.append(line)
        for size in range(alike + 1, min(len(kept) // 2, _LONGEST_REPEAT) + 1):
            if line in (kept[-1 - size], kept[-2 - size]) and _repeats(kept, size):
                del kept[-size:]
                break
    return kept


def _repeats(lines: list[str], size: int) -> bool:
    """Whether the last `size` lines say what the `size` lines before them say."""
    run = lines[-size:]
    directly = lines[-2 * size : -size] == run
    behind_blank = not lines[-size - 1].strip() and lines[-2 * size - 1 : -size - 1] == run
    if not directly and not behind_blank:
        return False
    return len({line.strip() for line in run} - {""}) > 1 and len("".join(run)) >= 40
