"""How a stored text is set for reading: sections of a structured abstract, paragraphs, pages. Pure.

Only ranges of the text are given back, never changed words, so that the offsets of a quote stay true. The
ranges of one text follow each other without gaps: whatever is not recognised stays in the running text.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_LABELS = (
    r"introduction|background|context|rationale|importance|significance|"
    r"(?:study )?(?:aims?|objectives?|purposes?)|research question|hypothesis|"
    r"(?:background|introduction)(?: and | & |/)(?:aims?|objectives?|purpose)|"
    r"(?:patients|materials?|subjects|participants)(?:(?:,? and |, | & )methods?)?|"
    r"methods?|methodology|methods (?:and|&) (?:materials|findings|results)|methods/results|"
    r"(?:study |trial )?design|design and methods|setting|settings|design, setting,? and participants|"
    r"interventions?|exposures?|measurements|main outcomes?(?: and measures?)?|main outcome measures?|outcomes?|"
    r"data sources?|study selection|data extraction|data synthesis|search methods|selection criteria|"
    r"data collection and analysis|main results|results?|findings|limitations?|"
    r"discussion|conclusions?(?:(?: and |/)(?:relevance|significance))?|authors['’] conclusions|"
    r"interpretation|summary|funding|(?:clinical )?trial registration|registration"
)
# "METHODS: ...", "Methods. ..." or a label alone on its line; or, where lines were kept, "Methods We gave ...".
_WITH_SIGN = re.compile(
    rf"(?:(?<=^)|(?<=[\n.;!?)\]]\s)|(?<=\n))(?P<label>(?i:{_LABELS})\s?[:—–](?=\s|$|[A-Z0-9(\[])|"
    rf"(?-i:{_LABELS.upper()})(?:\.?(?=\s)|\.?$))",
)
_ON_A_LINE = re.compile(rf"(?m:^)(?P<label>(?i:{_LABELS})[.:]?)(?=[ \t]*\n|[ \t]+[A-Z0-9(\[])")
_BLANK_LINES = re.compile(r"\n[ \t\r]*\n\s*")
_WRAPPED_FROM = (
    50  # characters; shorter lines inside a paragraph are a list or a table, and keep their breaks
)


@dataclass(frozen=True)
class Passage:
    """`text[start:end]`, one paragraph; its first `label` characters name a section; `lines`: breaks are kept."""

    start: int
    end: int
    label: int = 0
    lines: bool = False


@dataclass(frozen=True)
class Page:
    """One page of a report: its number (None where the text has no pages) and its paragraphs."""

    number: int | None
    passages: tuple[Passage, ...]


def abstract_passages(text: str, start: int, end: int) -> list[Passage]:
    """The paragraphs of `text[start:end]`, an abstract, with the labels of its sections where it has them.

    One label alone is not trusted ("Results show..." in a sentence): a structured abstract has at least two.
    """
    labels = _labels(text, start, end)
    if not labels:
        return paragraphs(text, start, end)
    made = paragraphs(text, start, labels[0][0]) if text[start : labels[0][0]].strip() else []
    begin = start if not made else labels[0][0]
    for (_, label_end), (after, _) in zip(labels, [*labels[1:], (end, end)], strict=True):
        first, *more = paragraphs(text, begin, after)
        made += [Passage(first.start, first.end, label_end - first.start, first.lines), *more]
        begin = after
    return made


def paragraphs(text: str, start: int, end: int) -> list[Passage]:
    """`text[start:end]` parted at blank lines; the blank lines belong to the paragraph before them."""
    if start >= end:
        return []
    borders = [start]
    for match in _BLANK_LINES.finditer(text, start, end):
        if text[borders[-1] : match.start()].strip() and match.end() < end:
            borders.append(match.end())
    return [
        Passage(left, right, lines=_keeps_lines(text[left:right]))
        for left, right in zip(borders, [*borders[1:], end], strict=True)
    ]


def pages(text: str, page_map: Sequence[Sequence[int]]) -> list[Page]:
    """A report's text page by page, by its map of [number, start, end]; without one it is a single page.

    Words outside the map go with the page before them (before the first page: with it); white space between
    pages, such as form feeds, goes with none.
    """
    if not page_map:
        return [Page(None, tuple(paragraphs(text, 0, len(text))))] if text else []
    starts = [0, *(min(max(int(page[1]), 0), len(text)) for page in page_map[1:])]
    made = []
    for page, start, after in zip(page_map, starts, [*starts[1:], len(text)], strict=True):
        end = min(max(int(page[2]), start), after)
        if text[end:after].strip():
            end = after
        made.append(Page(int(page[0]), tuple(paragraphs(text, start, end))))
    return made


def _labels(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Ranges of the section labels of an abstract, in order; none unless there are two different ones."""
    best: list[tuple[int, int]] = []
    for pattern in (_WITH_SIGN, _ON_A_LINE):
        # A slice, so that the abstract's own beginning counts as the beginning of a line.
        found = [match.span("label") for match in pattern.finditer(text[start:end])]
        names = {text[start + a : start + b].strip(" .:—–").casefold() for a, b in found}
        if len(names) >= 2 and len(found) > len(best):
            best = [(start + a, start + b) for a, b in found]
    return best


def _keeps_lines(paragraph: str) -> bool:
    """Whether the line breaks mean something: not where each line but the last is long, as in wrapped prose."""
    lines = paragraph.strip().split("\n")
    return len(lines) > 1 and any(len(line.strip()) < _WRAPPED_FROM for line in lines[:-1])
