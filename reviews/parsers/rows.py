"""Lines of a delimited text to rows: each with the line where it begins and its own text as found.

Quoted cells may hold separators and line breaks of any kind. An open quotation mark that is never closed must not
swallow the rows behind it. A row of several lines is therefore distrusted when its quotation marks do not fit, when
it has not the cells of a row, or when it does not end; if one of its lines begins a row as it should be, it ends in
front of that line, and what was swallowed is read again. The torn row itself is kept when it makes sense without
its quotation marks, and is a Problem otherwise.
"""

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from reviews.parsers.parsed import EXCERPT_LENGTH, Problem

LONGEST_ROW = 4 << 20  # characters; more is an open quotation mark, or no table
MOST_LINES = 2000  # of one row
# Lines of a torn row that are tried as the beginning of the next, and how many tries a line of the file pays for:
# a file made to be slow is read without looking.
_LOOKED_AT = 200
_TRIES_A_LINE = 20

# The csv module refuses cells of more than 131,072 characters unless told otherwise; rows are limited here.
csv.field_size_limit(LONGEST_ROW * 2)

_TORN = (
    "A quotation mark opens in this row and is not closed, so its cells cannot be told apart; the row was not "
    "imported. Close or remove it, and import the file again."
)


@dataclass(slots=True)
class Row:
    """One row: its cells, and its own text as found."""

    line: int  # 1-based line of the file where it begins
    cells: list[str]
    raw: str


class _Lines:
    """Lines with their numbers, which can be given back."""

    def __init__(self, lines: Iterator[str], number: int) -> None:
        self._lines = lines
        self._ahead: deque[str] = deque()
        self.number = number  # of the line that comes next, 1-based
        self.tries = 10_000  # what may still be spent on looking into torn rows

    def take(self) -> str | None:
        line = self._ahead.popleft() if self._ahead else next(self._lines, None)
        if line is not None:
            self.number += 1
        return line

    def give_back(self, lines: list[str]) -> None:
        self._ahead.extendleft(reversed(lines))
        self.number -= len(lines)


class _Taken:
    """Lines taken for one row. Ends, and says so, where the file ends or the row grows beyond all rows."""

    def __init__(self, lines: _Lines, most: int) -> None:
        self._lines = lines
        self._most = most
        self.taken: list[str] = []
        self._length = 0
        self.cut = False  # the row wanted more than there was

    def __iter__(self) -> "_Taken":
        return self

    def __next__(self) -> str:
        too_much = self._length > LONGEST_ROW or len(self.taken) >= self._most
        line = None if too_much else self._lines.take()
        if line is None:
            self.cut = bool(self.taken)
            raise StopIteration
        self.taken.append(line)
        self._length += len(line)
        return line


def rows(lines: Iterator[str], separator: str, *, number: int = 1, width: int = 0) -> Iterator[Row | Problem]:
    """The rows of the lines, blank lines left out.

    `number` is the line the first of them is. `width` is how many cells the column names have; 0 (not known)
    leaves torn rows as they are.
    """
    waiting = _Lines(lines, number)
    while True:
        begins = waiting.number
        line = waiting.take()
        if line is None:
            return
        waiting.tries += _TRIES_A_LINE
        if '"' not in line:
            raw = line.rstrip("\r\n")
            if raw:
                yield Row(begins, raw.split(separator), raw)
            continue
        waiting.give_back([line])
        yield from _quoted(waiting, separator, width)


def _quoted(waiting: _Lines, separator: str, width: int) -> Iterator[Row | Problem]:
    """The row that begins with the next line, which has quotation marks."""
    begins = waiting.number
    cells, taken, cut = _row(waiting, separator)
    well_quoted = not cut and _well_quoted(taken, separator)
    if len(taken) == 1 and not well_quoted:
        cells = _unquoted(taken[0], separator, cells)
    distrusted = cut or (len(taken) > 1 and (len(cells) != width or not well_quoted))
    if width and distrusted:
        at = _next_row_in(waiting, taken, separator, width)
        if not at and (cut or (not well_quoted and _all_rows(taken, separator, width))):
            at = 1
        if at:
            waiting.give_back(taken[at:])
            taken = taken[:at]
            cells = "".join(taken).rstrip("\r\n").split(separator)
            if len(cells) != width:
                yield Problem(begins, _TORN, "".join(taken).strip()[:EXCERPT_LENGTH])
                return
    raw = "".join(taken).rstrip("\r\n")
    if raw.strip():
        yield Row(begins, cells, raw)


def _row(waiting: _Lines, separator: str, most: int = MOST_LINES) -> tuple[list[str], list[str], bool]:
    """(cells, the lines they came from, whether a quotation mark was still open at the end)."""
    source = _Taken(waiting, most)
    try:
        cells = next(csv.reader(source, delimiter=separator), [])
    except csv.Error:
        return [], source.taken, True
    return cells, source.taken, source.cut


def _well_quoted(lines: list[str], separator: str) -> bool:
    """Whether every quotation mark that closes a cell stands at its end."""
    try:
        next(csv.reader(lines, delimiter=separator, strict=True), None)
    except csv.Error:
        return False
    return True


def _all_rows(lines: list[str], separator: str, width: int) -> bool:
    """Whether every line is a whole row once its quotation marks are taken for words."""
    return all(line.count(separator) == width - 1 for line in lines)


def _unquoted(line: str, separator: str, otherwise: list[str]) -> list[str]:
    """The cells of a line whose quotation marks belong to its words, where that gives as many cells."""
    cells = line.rstrip("\r\n").split(separator)
    if len(cells) != len(otherwise):
        return otherwise
    return [cell[1:-1] if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell for cell in cells]


def _next_row_in(waiting: _Lines, taken: list[str], separator: str, width: int) -> int:
    """Which of the lines begins a row as it should be; 0 when none does. `waiting` is left as it was."""
    waiting.give_back(taken)
    found = passed = 0
    for at in range(1, min(len(taken), _LOOKED_AT)):
        if waiting.tries <= 0:
            break
        waiting.take()
        passed = at
        cells, used, cut = _row(waiting, separator, most=_LOOKED_AT)
        waiting.give_back(used)
        waiting.tries -= len(used)
        balanced = sum(line.count('"') for line in used) % 2 == 0
        if len(cells) == width and not cut and balanced and _well_quoted(used, separator):
            found = at
            break
    for _ in range(len(taken) - passed):
        waiting.take()
    return found
