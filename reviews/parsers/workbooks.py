"""Excel workbooks (.xlsx, .xlsm), read by openpyxl as it streams; nothing in them is ever computed.

- The sheet with the most column names we know is read, the first of equals; a person may choose another.
- A formula gives the value that was stored with it, or its own text where none was; dates become 2024-05-28, and
  whole numbers lose what makes them decimal.
- `line` is the number of the row; `raw` is JSON, column name -> text of the cell, empty cells left out.
- A zip bomb is refused by the sizes its directory declares, before anything is unpacked; a directory that lies is
  no way around, because Python stops at the declared size. XML bombs are refused by defusedxml, which openpyxl
  uses where it is installed; it is one of our dependencies.

openpyxl takes 44 MB, so it is imported when the first workbook comes. It keeps the strings of a workbook in memory;
everything else streams.
"""

import json
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any, BinaryIO

from defusedxml import DefusedXmlException

from reviews.parsers import columns
from reviews.parsers.cells import Reading
from reviews.parsers.decoding import storable
from reviews.parsers.parsed import ParsedRecord, Problem, ReadAs, Source, Table, UnreadableFile
from reviews.parsers.tables import ROWS_LOOKED_AT, Judged, looked_at

NAME = "xlsx"
MOST_BYTES = 400 << 20  # unpacked, of all parts together
MOST_OF_ONE_TO_OTHER = 200  # unpacked bytes for each packed byte, of a part that is large
_LARGE = 10 << 20
MOST_ROWS = 1_048_576  # Excel's own limits
MOST_COLUMNS = 1000
MOST_PARTS = 2000
_HEADER_WITHIN = 30  # rows
_CHUNK = 1 << 20
_FORMULA = re.compile(rb"<(?:\\w{1,30}:)?f[ />]")


def recognises(stream: BinaryIO) -> bool:
    """Whether the bytes are a zip archive with a workbook inside. Reads only the archive's directory."""
    stream.seek(0)
    if stream.read(4) != b"PK\x03\x04":
        return False
    try:
        with zipfile.ZipFile(stream) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (zipfile.BadZipFile, ValueError, OSError):
        return False


def open_workbook(stream: BinaryIO, read_as: ReadAs) -> Source:
    """The workbook's best sheet, or the one that was chosen, as a table.

    Raises UnreadableFile when it is damaged, a bomb, has no such sheet, or no sheet with anything in it.
    """
    _refuse_bombs(stream)
    book = _Book(stream)
    if read_as.sheet and read_as.sheet not in book.names:
        raise UnreadableFile(
            f"The workbook has no sheet “{read_as.sheet[:60]}”; nothing was imported. Its sheets are: "
            f"{', '.join(book.names)[:600]}."
        )
    best: tuple[int, int, str, list[list[str]]] | None = None
    for name in (read_as.sheet,) if read_as.sheet else book.names:
        head = [cells for _, cells in islice(book.rows(name), ROWS_LOOKED_AT)]
        at, score = _header(head, read_as.header_line)
        if any(map(any, head)) and (best is None or score > best[0]):
            best = (score, at, name, head)
    if best is None:
        raise UnreadableFile("The workbook is empty; nothing was imported. Save it again with its rows.")
    _, at, name, head = best
    sample = [cells for cells in head[at:] if any(cells)]
    named = [cell.strip() for cell in head[at - 1]] if at else [""] * max(map(len, sample), default=1)
    while at and named and not named[-1]:
        named.pop()
    table, reading = looked_at(
        named,
        sample,
        read_as,
        kind=NAME,
        sheet=name,
        sheets=book.names,
        header_line=at,
        preamble=tuple(" ".join(filter(None, cells)) for cells in head[: max(at - 1, 0)]),
    )
    return Source(NAME, "", _records(book, table, reading), table)


def _header(head: Sequence[Sequence[str]], told: int | None) -> tuple[int, int]:
    """(row with the column names, how many fields they give): as told, else the best of the first rows."""
    if told is not None:
        if told > len(head):
            raise UnreadableFile(
                f"The sheet has no row {told} near its beginning that could name the columns."
            )
        return told, columns.known(head[told - 1]) if told else 0
    scores = [(columns.known(cells), -at) for at, cells in enumerate(head[:_HEADER_WITHIN], start=1)]
    score, at = max(scores, default=(0, -1))
    if score:
        fields = columns.guess(head[-at - 1], [True] * len(head[-at - 1]))
        return -at, len(set(fields.values()))
    return next((at for at, cells in enumerate(head, start=1) if sum(map(bool, cells)) > 1), 1), 0


def _records(book: "_Book", table: Table, reading: Reading) -> Iterator[ParsedRecord | Problem]:
    if table.trouble:
        raise UnreadableFile(f"{table.trouble} Nothing was imported.")
    names = _names_apart([column.name for column in table.columns])
    judged = Judged(table, reading, widest=MOST_COLUMNS)
    for number, cells in book.rows(table.sheet):
        if number > table.header_line and any(cells):
            raw = {
                names[at] if at < len(names) else f"column {at + 1}": text
                for at, text in enumerate(cells)
                if text
            }
            yield from judged.row(cells, line=number, raw=json.dumps(raw, ensure_ascii=False))


def _names_apart(names: Sequence[str]) -> list[str]:
    """Every name once, for the keys of a JSON object: a second "Year" is "Year (2)"."""
    apart: dict[str, None] = {}
    for at, name in enumerate(names, start=1):
        wanted, times = name or f"column {at}", 1
        while wanted in apart:
            times += 1
            wanted = f"{name or f'column {at}'} ({times})"
        apart[wanted] = None
    return list(apart)


# ---------------------------------------------------------------- rows and cells


class _Book:
    """An opened workbook: its sheets' names, and their rows as text."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._values = _loaded(stream, values=True)
        self._formulas: Any = (
            None  # the same workbook with what is written in its cells instead of their values
        )
        self._computed: dict[str, bool] = {}  # sheet -> whether it has formulas
        self.names: tuple[str, ...] = tuple(sheet.title for sheet in self._values.worksheets)

    def rows(self, name: str) -> Iterator[tuple[int, list[str]]]:
        """(number, text of each cell) of every row of a sheet, blank rows too."""
        if name not in self._computed:
            self._computed[name] = _has_formulas(self._stream, self._values[name])
        if not self._computed[name]:
            for number, row in _rows(self._values[name]):
                yield number, [_text(value) for value in row]
            return
        self._formulas = self._formulas or _loaded(self._stream, values=False)
        both = zip(_rows(self._values[name]), _rows(self._formulas[name]), strict=False)
        for (number, row), (_, written) in both:
            yield (
                number,
                [
                    _text(getattr(formula, "text", formula) if value is None else value)
                    for value, formula in zip(row, written, strict=False)
                ],
            )


def _rows(sheet: Any) -> Iterator[tuple[int, tuple[Any, ...]]]:
    sheet.reset_dimensions()  # what a workbook declares about its size cuts rows off when it is wrong
    try:
        for number, row in enumerate(sheet.iter_rows(max_row=MOST_ROWS, values_only=True), start=1):
            yield number, row[:MOST_COLUMNS]
    except Exception as no:  # openpyxl lets through whatever its readers of XML, zip and dates raise
        raise _damaged(no) from no


def _has_formulas(stream: BinaryIO, sheet: Any) -> bool:
    """Whether any cell of the sheet holds a formula, told from its XML without parsing it."""
    tail = b""
    try:
        with zipfile.ZipFile(stream) as archive, archive.open(sheet._worksheet_path) as xml:
            while chunk := xml.read(_CHUNK):
                if _FORMULA.search(tail + chunk):
                    return True
                tail = chunk[-40:]
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, OSError) as no:
        raise _damaged(no) from no
    return False


def _text(value: Any) -> str:
    """What a cell says, as text."""
    if value is None:
        return ""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return storable(str(value))


# ---------------------------------------------------------------- opening, and what is refused


def _loaded(stream: BinaryIO, *, values: bool) -> Any:
    from openpyxl import DEFUSEDXML, load_workbook

    if not DEFUSEDXML:
        raise RuntimeError("defusedxml is missing: without it workbooks are not read.")
    # It warns about styles and extensions, which say nothing about what is in the cells.
    warnings.filterwarnings("ignore", category=UserWarning, module=r"openpyxl\.")
    stream.seek(0)
    try:
        book = load_workbook(stream, read_only=True, data_only=values, keep_links=False)
    except Exception as no:  # as in _rows
        raise _damaged(no) from no
    if not book.worksheets:
        raise UnreadableFile("The workbook has no sheet with cells; nothing was imported.")
    return book


def _damaged(why: BaseException) -> UnreadableFile:
    if _is_xml_bomb(why):
        return UnreadableFile(
            "This Excel workbook defines XML entities, which no workbook needs and which can be made to fill the "
            "memory; nothing was imported. Save the sheet with the references as CSV and import that."
        )
    return UnreadableFile(
        "This Excel workbook (.xlsx) is damaged and cannot be read; nothing was imported. Open it in Excel or "
        "LibreOffice and save it again, or save it as CSV."
    )


def _is_xml_bomb(why: BaseException | None) -> bool:
    """Whether defusedxml said no; openpyxl wraps that in errors of its own."""
    while why and not isinstance(why, DefusedXmlException):
        why = why.__cause__ or why.__context__
    return why is not None


def _refuse_bombs(stream: BinaryIO) -> None:
    try:
        with zipfile.ZipFile(stream) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError) as damaged:
        raise _damaged(damaged) from damaged
    unpacked = sum(part.file_size for part in parts)
    blown_up = any(
        part.file_size > _LARGE and part.file_size > MOST_OF_ONE_TO_OTHER * max(part.compress_size, 1)
        for part in parts
    )
    if unpacked > MOST_BYTES or blown_up or len(parts) > MOST_PARTS:
        raise UnreadableFile(
            f"This Excel workbook would unpack to {unpacked >> 20:,} MB in {len(parts)} parts, more than is read "
            f"here ({MOST_BYTES >> 20} MB); nothing was imported. Save the sheet with the references as CSV and "
            "import that."
        )
