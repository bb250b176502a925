"""Tables that stand on their side: each field in a row of its own, the name first ("Fields by row" of Embase).

    "TITLE","Statins in the very old"
    "AUTHOR NAMES","Smith J.","Doe K."
    "ABSTRACT","..."

A record begins with every row named like the first title row. The names are the columns of the table, in the order
in which they first appear; several cells behind a name are a list.
"""

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field

from reviews.parsers import columns
from reviews.parsers.cells import Reading
from reviews.parsers.decoding import Text
from reviews.parsers.parsed import (
    EXCERPT_LENGTH,
    ParsedRecord,
    Problem,
    ReadAs,
    Source,
    Table,
    UnreadableFile,
)
from reviews.parsers.rows import Row, rows
from reviews.parsers.tables import ROWS_LOOKED_AT, SEPARATORS, looked_at

_LINES_LOOKED_AT = 400
_ENOUGH = 4  # different known names that must stand at the left of the first record


@dataclass(slots=True)
class _Entry:
    """The rows of one record."""

    line: int
    fields: dict[str, list[str]] = field(default_factory=dict)
    raw: list[str] = field(default_factory=list)

    def add(self, row: Row) -> None:
        name = row.cells[0].strip()
        said = [cell.strip() for cell in row.cells[1:] if cell.strip()]
        self.fields.setdefault(name, []).extend(said)
        self.raw.append(row.raw)

    def cells(self, names: Iterable[str]) -> list[str]:
        return ["; ".join(self.fields.get(name, ())) for name in names]


def open_field_rows(text: Text, read_as: ReadAs) -> Source | None:
    """The text as such a table; None when it is none, or when a person said which line names the columns."""
    if read_as.header_line is not None or read_as.separator not in ("", *SEPARATORS):
        return None
    lines = text.head_lines()[:_LINES_LOOKED_AT]
    for separator in (read_as.separator,) if read_as.separator else SEPARATORS:
        if line := _first_title(lines, separator):
            return _opened(text, read_as, separator, line)
    return None


def _first_title(lines: list[str], separator: str) -> int:
    """The line of the first title row, counted from 1; 0 when the lines are no such table."""
    title = begins = 0
    names: set[str] = set()
    for row in rows(iter(lines), separator):
        if isinstance(row, Problem) or len(row.cells) < 2 or columns.known(row.cells) != 1:
            continue
        name = row.cells[0].lstrip("\ufeff")
        if not columns.known([name]):
            continue
        if columns.guess([name], [True]).get(1) == "title":
            if title and len(names) >= _ENOUGH:
                break
            title, begins, names = 1, row.line, set()
        names.add(columns.key(name))
    return begins if title and len(names) >= _ENOUGH else 0


def _opened(text: Text, read_as: ReadAs, separator: str, line: int) -> Source:
    names: dict[str, None] = {}
    sample: list[_Entry] = []
    with closing(_entries(text, separator, line)) as entries:
        for entry in entries:
            if isinstance(entry, _Entry):
                names |= dict.fromkeys(entry.fields)
                if len(sample) < ROWS_LOOKED_AT:
                    sample.append(entry)
    table, reading = looked_at(
        tuple(names),
        [entry.cells(names) for entry in sample],
        read_as,
        kind="tsv" if separator == "\t" else "csv",
        separator=separator,
        header_line=line,
        by_row=True,
        preamble=tuple(line.strip("\ufeff\r\n") for line in text.head_lines()[: line - 1]),
    )
    return Source(table.kind, text.encoding, _records(text, table, reading, tuple(names)), table)


def _entries(text: Text, separator: str, line: int) -> Generator[_Entry | Problem]:
    entry: _Entry | None = None
    begins = ""
    with closing(text.lines()) as lines:  # type: ignore[type-var]
        for number in range(1, line):
            next(lines, number)
        for row in rows(lines, separator, number=line):
            if isinstance(row, Problem):
                yield row
                continue
            name = row.cells[0].strip()
            begins = begins or name
            if name == begins:
                if entry:
                    yield entry
                entry = _Entry(row.line)
            if entry and name:
                entry.add(row)
            elif any(cell.strip() for cell in row.cells):
                yield Problem(
                    row.line,
                    "This row has no name in front of its cells; it was not imported.",
                    row.raw[:EXCERPT_LENGTH],
                )
    if entry:
        yield entry


def _records(
    text: Text, table: Table, reading: Reading, names: tuple[str, ...]
) -> Iterator[ParsedRecord | Problem]:
    if table.trouble:
        raise UnreadableFile(f"{table.trouble} Nothing was imported.")
    position = 0
    for entry in _entries(text, table.separator, table.header_line):
        if isinstance(entry, Problem):
            yield entry
            continue
        position += 1
        yield reading.record(entry.cells(names), position=position, line=entry.line, raw="\n".join(entry.raw))
