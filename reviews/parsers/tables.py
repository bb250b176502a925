"""Tables: CSV with commas, semicolons or bars, and TSV, whoever wrote them.

- The column names are the line with the most names we know (columns.py) among the first lines, under the separator
  that gives the most of them; whatever stands in front of it (a search query, a title) is the preamble.
- Without any name we know, a text is a table when its first line and all rows behind it have the same number of
  cells, three or more; a person then says which column is what.
- A row is a record when it has a title, an abstract, an identifier, or at least two cells that say something. One
  that has fewer cells than the columns in use, or more cells than there are names, is kept and noted. A single cell
  (a heading in between, a notice at the end) is no record, and is noted; a blank row is nothing.

Memory holds one row at a time. Exports with each field in a row of its own are read in field_rows.py.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

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

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
ROWS_SHOWN = 5
ROWS_LOOKED_AT = 50
_CHARACTERS_LOOKED_AT = 1 << 20
_LINES_LOOKED_AT = 60
_LONGEST_NAME = 120
_PLAIN = 4  # known names that make a header whatever stands behind it
_LONGEST_NAME_UNKNOWN = 60
_ALONE = frozenset({"title", "abstract", "doi", "pmid", "registry_ids"})  # one of these alone makes a record


@dataclass(frozen=True, slots=True)
class Header:
    """Where the column names are, and under which separator."""

    line: int  # 1-based; 0: nowhere
    separator: str
    cells: tuple[str, ...]  # as found, blank ones at the end too
    score: int = 0  # how many names are known

    @property
    def names(self) -> tuple[str, ...]:
        """The names, without blank ones at the end."""
        named = [cell.strip() for cell in self.cells]
        while named and not named[-1]:
            named.pop()
        return tuple(named)


def open_table(text: Text, read_as: ReadAs, *, plainly: bool = False) -> Source | None:
    """The text as a table; None when it is none.

    `plainly` accepts only a table that no other format could be: three known names in the first line that is not
    blank. What a person decided about separator, header or columns makes any text a table.
    """
    told = bool(read_as.separator or read_as.header_line is not None or read_as.mapping)
    lines = text.head_lines()
    header = _told(lines, read_as) if told else _found(lines)
    if header is None:
        return None
    if plainly and not told and (header.score < 3 or header.line != _first_line(lines)):
        return None
    sample = _sample(text, header)
    if not told and not _agree(header, sample):
        return None
    table, reading = looked_at(
        header.names if header.line else ("",) * max((len(row) for row in sample), default=1),
        sample,
        read_as,
        kind="tsv" if header.separator == "\t" else "csv",
        separator=header.separator,
        header_line=header.line,
        preamble=tuple(
            line.strip("\ufeff\r\n").rstrip(header.separator) for line in lines[: max(header.line - 1, 0)]
        ),
    )
    return Source(table.kind, text.encoding, _records(text, table, reading, header), table)


def looked_at(
    names: Sequence[str], sample: Sequence[Sequence[str]], read_as: ReadAs, **about: object
) -> tuple[Table, Reading]:
    """The table of these column names and first rows, and how its rows are read. `about`: the rest of Table."""
    filled = [any(at < len(row) and row[at].strip() for row in sample) for at in range(len(names))]
    mapping, trouble = columns.chosen(names, filled, read_as)
    table = Table(
        columns=columns.columns_of(names, mapping, columns.guess(names, filled), sample[:ROWS_SHOWN]),
        rows=tuple(tuple(row) for row in sample[:ROWS_SHOWN]),
        profile=columns.profile_of(names),
        trouble=trouble,
        **about,  # type: ignore[arg-type]
    )
    return table, Reading(names, mapping, sample)


# ---------------------------------------------------------------- where the column names are


def _first_line(lines: Sequence[str]) -> int:
    return next((at for at, line in enumerate(lines, start=1) if line.strip("\ufeff\r\n \t")), 1)


def _cells_at(lines: Sequence[str], at: int, separator: str) -> tuple[str, ...]:
    """The cells of the row that begins with this line (counted from 0)."""
    first = next(rows(islice(lines, at, None), separator), None)
    cells = first.cells if isinstance(first, Row) else []
    return tuple([cells[0].lstrip("\ufeff"), *cells[1:]] if cells else [])


def _found(lines: Sequence[str]) -> Header | None:
    """The line with the most known names, the first of them; else the first line if it could be one."""
    best: Header | None = None
    for at, line in enumerate(lines[:_LINES_LOOKED_AT]):
        for separator in SEPARATORS:
            if separator not in line:
                continue
            cells = _cells_at(lines, at, separator)
            score = columns.known(cells) if all(len(cell) <= _LONGEST_NAME for cell in cells) else 0
            enough = score >= 2 and (len(cells) > 2 or score == len(cells))
            if enough and (best is None or score > best.score):
                best = Header(at + 1, separator, cells, score)
    return best or _unknown(lines)


def _unknown(lines: Sequence[str]) -> Header | None:
    """The first line as column names in words we do not know: three or more, short, all different."""
    first = _first_line(lines)
    for separator in SEPARATORS:
        cells = _cells_at(lines, first - 1, separator)
        names = [cell.strip() for cell in cells]
        if (
            len(names) >= 3
            and len(set(names)) == len(names)
            and all(name and len(name) <= _LONGEST_NAME_UNKNOWN and not name.isdigit() for name in names)
        ):
            return Header(first, separator, cells)
    return None


def _agree(header: Header, sample: Sequence[Sequence[str]]) -> bool:
    """Whether the rows behind the names are those of a table and not the lines of some prose."""
    width = len(header.cells)
    if not header.score:
        return len(sample) >= 2 and all(len(row) == width for row in sample)
    if header.score >= _PLAIN or not sample:
        return header.score >= 3
    fitting = sum(1 for row in sample if max(2, width // 3) <= len(row) <= width + 2)
    return fitting * 2 >= len(sample)


def _told(lines: Sequence[str], read_as: ReadAs) -> Header:
    """The header where a person said it is, and found out for the rest.

    Raises UnreadableFile when the separator is none, or the file has no such line.
    """
    separator = read_as.separator
    if separator and separator not in SEPARATORS:
        raise UnreadableFile(
            f"“{separator[:20]}” is no separator that is read here; nothing was imported. Use a comma, a semicolon, "
            "a tab or a bar."
        )
    line = read_as.header_line
    candidates = (separator,) if separator else tuple(SEPARATORS)
    if line is None:
        found = _found(lines)
        if found and found.separator in candidates:
            return found
        line = _first_line(lines)
    if line > len(lines):
        raise UnreadableFile(
            f"The file has no line {line} near its beginning that could name the columns; nothing was imported."
        )
    at = max(line, 1) - 1
    options = [Header(line, sign, _cells_at(lines, at, sign)) for sign in candidates]
    best = max(options, key=lambda header: (columns.known(header.cells), len(header.cells)))
    return Header(line, best.separator, best.cells, columns.known(best.cells))


# ---------------------------------------------------------------- rows


def _behind(lines: Iterable[str], header: Header) -> Iterator[Row | Problem]:
    """The rows behind the header; all rows when there is none."""
    numbered = iter(lines)
    skipped = max(header.line - 1, 0)
    for _ in islice(numbered, skipped):
        pass
    behind = rows(numbered, header.separator, number=skipped + 1, width=len(header.cells))
    if header.line:
        next(behind, None)
    return behind


def _sample(text: Text, header: Header) -> list[list[str]]:
    """The cells of the first rows."""
    found: list[list[str]] = []
    length = 0
    with closing(text.lines()) as lines:  # type: ignore[type-var]
        for row in islice(_behind(lines, header), 4 * ROWS_LOOKED_AT):
            if isinstance(row, Row) and any(cell.strip() for cell in row.cells):
                found.append(row.cells)
                length += len(row.raw)
            if len(found) >= ROWS_LOOKED_AT or length > _CHARACTERS_LOOKED_AT:
                break
    return found


def _records(text: Text, table: Table, reading: Reading, header: Header) -> Iterator[ParsedRecord | Problem]:
    if table.trouble:
        raise UnreadableFile(f"{table.trouble} Nothing was imported.")
    judged = Judged(table, reading, widest=max(len(header.cells), len(table.columns)))
    for row in _behind(text.lines(), header):
        if isinstance(row, Problem):
            yield row
        else:
            yield from judged.row(row.cells, line=row.line, raw=row.raw)


class Judged:
    """Rows to records, with the notes that a row deserves; counts the records."""

    def __init__(self, table: Table, reading: Reading, *, widest: int) -> None:
        """`widest` is how many cells a row may have before it seems that a cell was cut in two."""
        self._reading = reading
        self._widest = widest
        self._names = [column.name for column in table.columns]
        self._named = bool(table.header_line)
        self._alone = {column.number - 1 for column in table.columns if column.field in _ALONE}
        self._position = 0

    def row(self, cells: Sequence[str], *, line: int, raw: str) -> Iterator[ParsedRecord | Problem]:
        """The record of a row and its notes; a Problem when it is no record; nothing when it is blank."""
        said = [at for at, cell in enumerate(cells) if cell.strip()]
        if not said:
            return
        width = len(self._names)
        if len(said) == 1 and width > 1 and (len(cells) == 1 < width - 1 or said[0] not in self._alone):
            yield Problem(
                line,
                f"This row has a single cell where there are {width} columns, so it is no record; it was not imported.",
                raw.strip()[:EXCERPT_LENGTH],
            )
            return
        if self._named and [cell.strip() for cell in cells[:width]] == self._names:
            yield Problem(
                line, "This row repeats the names of the columns; it was left out.", raw[:EXCERPT_LENGTH]
            )
            return
        self._position += 1
        yield self._reading.record(cells, position=self._position, line=line, raw=raw)
        if said[-1] >= self._widest:
            yield Problem(
                line,
                f"This row has {said[-1] + 1} cells where there are {self._widest} columns: a cell may hold a "
                "separator without quotation marks around it. Its record was imported; compare it with the raw entry.",
                raw[:EXCERPT_LENGTH],
            )
        elif len(cells) <= self._reading.last_used:
            yield Problem(
                line,
                f"This row has {len(cells)} cells where there are {width} columns. Its record was imported; what is "
                "missing is empty.",
                raw[:EXCERPT_LENGTH],
            )
