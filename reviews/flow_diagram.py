"""The PRISMA 2020 flow diagram as SVG, laid out by hand: pure, numbers in, text out.

On a page its shapes carry the classes of docs/ui-kit.md and no style of their own (the content security
policy); as a file of its own it brings a small style sheet. Every number is a link where `links` gives one.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from .flow_boxes import Box, Entry, rows_of

if TYPE_CHECKING:
    from .prisma import Flow

PAD, LINE, GAP, BAND = 12, 18, 28, 28
SIZE, SMALL, LARGE = 14, 12, 18
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Columns:
    """Where the columns of boxes stand: (x, width) of each, left arm first."""

    main: tuple[int, int]
    side: tuple[int, int]
    other_main: tuple[int, int] | None
    other_side: tuple[int, int] | None

    @property
    def width(self) -> int:
        """The whole diagram's width."""
        x, width = self.other_side or self.side
        return x + width + 2


ONE_ARM = Columns((40, 380), (460, 360), None, None)
TWO_ARMS = Columns((40, 216), (276, 196), (500, 196), (716, 180))
PHASES = (("Identification", 0, 0), ("Screening", 1, 3), ("Included", 4, 4))
PLAIN_STYLE = """
.flow{font:14px Arial,Helvetica,sans-serif}.flow-box{fill:#fff;stroke:#55504a}.flow-box--side{stroke:#a39c8f}
.flow-box--end{stroke:#0b5f5b;stroke-width:2}.flow-phase{fill:#e9e5da}.flow-head{fill:#f3f1eb}.flow-line{fill:none;stroke:#55504a;stroke-width:1.25}
.flow-arrow{fill:#55504a}.flow-label{fill:#23211d}.flow-heading{fill:#23211d;font-weight:bold}.flow-small{fill:#5c574e;font-size:12px}
.flow-figure{fill:#23211d;font-weight:bold}.flow-n{fill:#23211d;font-weight:bold;font-size:18px}.flow-open{fill:#755000;font-weight:bold;font-size:12px}
.flow-phase-label{fill:#5c574e;font-weight:bold;font-size:12px;text-anchor:middle}.flow-paper{fill:#fff}
"""


def svg(flow: "Flow", links: Callable[[str], str] | None = None, *, alone: bool = False) -> str:
    """The diagram of `flow`; `links` gives the address behind a box (or "" for none).

    `alone` makes a document of its own, with a white ground, a style sheet and the moment it was true.
    """
    columns = TWO_ARMS if flow.has_other else ONE_ARM
    rows = rows_of(flow)
    heights = [_place(row, columns) for row in rows]
    tops = _tops(heights, first=8 + 36)
    for row, top in zip(rows, tops, strict=True):
        for box in row:
            if box:
                box.y = top
    bottom = tops[-1] + heights[-1]
    pieces = [*_headings(columns), *_phases(tops, heights), *_lines(rows)]
    pieces += [piece for row in rows for box in row if box for piece in _drawn(box, links)]
    foot = [f"As of {flow.at:%d %B %Y, %H:%M} UTC"]
    if flow.still_open:
        foot.append(f"not final: {flow.still_open:,} still open")
    height = bottom + 10
    if alone:
        pieces.append(_text(40, bottom + 26, "flow-small", "; ".join(foot)))
        height += 26
    return _document(flow, columns.width, height, pieces, alone)


def _document(flow: "Flow", width: int, height: int, pieces: list[str], alone: bool) -> str:
    named = 'role="group" aria-labelledby="flow-title flow-desc"'
    head = [
        f'<title id="flow-title">{_safe(f"PRISMA 2020 flow diagram: {flow.review.title}")}</title>',
        f'<desc id="flow-desc">{_safe(_in_words(flow))}</desc>',
    ]
    size, css = "", "flow flow--two" if flow.has_other else "flow"
    if alone:
        size = f' xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
        head.append(f"<style>{PLAIN_STYLE}</style>")
        head.append(f'<rect class="flow-paper" x="0" y="0" width="{width}" height="{height}"/>')
    start = f'<svg class="{css}"{size} viewBox="0 0 {width} {height}" {named}>'
    return "\n".join([start, *head, *pieces, "</svg>"])


def _in_words(flow: "Flow") -> str:
    n = flow.n
    found = sum(
        n(box)
        for box in (
            "database_results",
            "register_results",
            "website_results",
            "organisation_results",
            "citations_results",
        )
    )
    return (
        f"{found:,} records identified, {n('records_screened'):,} screened from databases and registers, "
        f"{n('records_excluded'):,} of them excluded; "
        f"{n('dbr_assessed') + n('other_assessed'):,} reports assessed; "
        f"{n('new_studies'):,} studies included in {n('new_reports'):,} reports; {flow.still_open:,} still open."
    )


# ---------------------------------------------------------------- where they stand
def _place(row: list[Box | None], columns: Columns) -> int:
    """Give each box of a row its column and its height; the row's height."""
    places = (columns.main, columns.side, columns.other_main, columns.other_side)
    for box, place in zip(row, places, strict=True):
        if box and place:
            box.x, box.width = place
            box.height = 2 * PAD + sum(_height(entry, box) for entry in box.entries) - 4
            if box.heading:
                box.height += LINE * len(wrapped(box.heading, box.width - 2 * PAD, SIZE))
    return max((box.height for box in row if box), default=0)


def _height(entry: Entry, box: Box) -> int:
    return LINE * len(_entry_lines(entry, box)) + (6 if entry.large else 0)


def _entry_lines(entry: Entry, box: Box) -> list[str]:
    if entry.open_words:
        return wrapped(entry.open_words, box.width - 2 * PAD, SMALL)
    number = _width(f"{entry.n:,}", LARGE if entry.large else SIZE) * 1.1 + PAD
    room = box.width - 2 * PAD - entry.indent - int(number)
    return wrapped(entry.words, room, SMALL if entry.indent else SIZE)


def _tops(heights: list[int], first: int) -> list[int]:
    tops, y = [], first
    for height in heights:
        tops.append(y)
        y += height + GAP
    return tops


def wrapped(words: str, width: int, size: int) -> list[str]:
    """`words` in lines of at most `width` pixels (estimated); a word that is too long is cut."""
    lines: list[str] = []
    line = ""
    for word in words.split():
        while _width(word, size) > width and len(word) > 1:
            cut = max(1, int(len(word) * width / _width(word, size)) - 1)
            if line:
                lines.append(line)
                line = ""
            lines.append(word[:cut])
            word = word[cut:]
        longer = f"{line} {word}".strip()
        if line and _width(longer, size) > width:
            lines.append(line)
            longer = word
        line = longer
    return [*lines, line] if line or not lines else lines


def _width(words: str, size: int) -> float:
    """About how wide `words` are in a sans-serif of `size` pixels."""
    return size * sum(_EM.get(letter, 0.66 if letter.isupper() else 0.56) for letter in words)


_EM = dict.fromkeys("iljI.,;:'|!()[] ", 0.3) | dict.fromkeys("ftr-/", 0.36) | dict.fromkeys("mwMW@%", 0.86)


# ---------------------------------------------------------------- drawing
def _drawn(box: Box, links: Callable[[str], str] | None) -> list[str]:
    shape = (
        f'<rect class="{box.css}" x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" rx="3"/>'
    )
    numbers = [entry for entry in box.entries if entry.box]
    href = links(numbers[0].box) if links and len(numbers) == 1 else ""
    inner, y = [], box.y + PAD
    if box.heading:
        for line in wrapped(box.heading, box.width - 2 * PAD, SIZE):
            inner.append(_text(box.x + PAD, y + 12, "flow-label flow-heading", line))
            y += LINE
    for entry in box.entries:
        piece = _entry(entry, box, y)
        # Where the whole box is one number, the link holds the box too, so that all of it can be clicked.
        inner.append(piece if href or not links else _linked(piece, entry, links, box, y))
        y += _height(entry, box)
    if href:
        return [f'<a href="{_safe(href)}" aria-label="{_safe(_aria(numbers[0]))}">', shape, *inner, "</a>"]
    return [shape, *inner]


def _linked(piece: str, entry: Entry, links: Callable[[str], str], box: Box, y: int) -> str:
    href = links(entry.box)
    if not href:
        return piece
    height = _height(entry, box)
    hit = f'<rect class="flow-hit" x="{box.x + 4}" y="{y - 3}" width="{box.width - 8}" height="{height}" rx="2"/>'
    return f'<a href="{_safe(href)}" aria-label="{_safe(_aria(entry))}">{hit}{piece}</a>'


def _aria(entry: Entry) -> str:
    return entry.open_words or f"{entry.words}: {entry.n:,}"


def _entry(entry: Entry, box: Box, y: int) -> str:
    x, right = box.x + PAD + entry.indent, box.x + box.width - PAD
    css = "flow-open" if entry.open_words else "flow-small" if entry.indent else "flow-label"
    first = y + (15 if entry.large else 12)
    pieces = [_text(x, first + LINE * i, css, line) for i, line in enumerate(_entry_lines(entry, box))]
    if not entry.open_words:
        css = "flow-n" if entry.large else "flow-figure"
        pieces.append(_text(right, first + (1 if entry.large else 0), css, f"{entry.n:,}", anchor="end"))
    return "".join(pieces)


def _headings(columns: Columns) -> list[str]:
    made = []
    arms = [(columns.main, columns.side, "Identification of new studies via databases and registers")]
    if columns.other_main and columns.other_side:
        arms.append(
            (columns.other_main, columns.other_side, "Identification of new studies via other methods")
        )
    for (x, _), (side_x, side_width), words in arms:
        width = side_x + side_width - x
        made.append(f'<rect class="flow-head" x="{x}" y="4" width="{width}" height="28" rx="3"/>')
        made.append(_text(x + PAD, 23, "flow-label flow-heading", words))
    return made


def _phases(tops: list[int], heights: list[int]) -> list[str]:
    made = []
    for words, first, last in PHASES:
        top, bottom = tops[first], tops[last] + heights[last]
        if words == "Included":
            bottom = max(bottom, top + 68)
        middle = (top + bottom) // 2
        made.append(
            f'<rect class="flow-phase" x="4" y="{top}" width="{BAND}" height="{bottom - top}" rx="3"/>'
        )
        made.append(
            f'<text class="flow-phase-label" x="{4 + BAND // 2}" y="{middle}" dy="4" '
            f'transform="rotate(-90 {4 + BAND // 2} {middle})">{words}</text>'
        )
    return made


def _lines(rows: list[list[Box | None]]) -> list[str]:
    made: list[str] = []
    for column in (0, 2):
        mains = [row[column] for row in rows]
        standing = [box for box in mains if box]
        for upper, lower in pairwise(standing):
            made += _down(upper.x + upper.width // 2, upper.y + upper.height, lower.y)
        for row in rows:
            main, side = row[column], row[column + 1]
            if main and side:
                middle = main.y + min(main.height, side.height) // 2
                made += _across(main.x + main.width, side.x, middle)
    end, last = rows[4][0], rows[3][2]
    if end and last:
        middle, x = end.y + end.height // 2, last.x + last.width // 2
        made.append(
            f'<path class="flow-line" d="M{x} {last.y + last.height}V{middle}H{end.x + end.width + 8}"/>'
        )
        tip = end.x + end.width
        made.append(f'<path class="flow-arrow" d="M{tip} {middle}l8 -4v8z"/>')
    return made


def _down(x: int, top: int, bottom: int) -> Iterable[str]:
    yield f'<path class="flow-line" d="M{x} {top}V{bottom - 7}"/>'
    yield f'<path class="flow-arrow" d="M{x} {bottom}l-4 -8h8z"/>'


def _across(left: int, right: int, y: int) -> Iterable[str]:
    yield f'<path class="flow-line" d="M{left} {y}H{right - 7}"/>'
    yield f'<path class="flow-arrow" d="M{right} {y}l-8 -4v8z"/>'


def _text(x: int, y: int, css: str, words: str, *, anchor: str = "") -> str:
    anchored = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text class="{css}" x="{x}" y="{y}"{anchored}>{_safe(words)}</text>'


def _safe(words: str) -> str:
    """Escaped for SVG, without the control characters that no XML may hold."""
    return escape(_NOT_XML.sub("", words), quote=True)
