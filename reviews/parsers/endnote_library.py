"""An EndNote library itself: compressed (.enlx) or, since EndNote 20, the .enl, which is an SQLite database.

- The references stand in its table `refs`, a row each; those in EndNote's trash are left out.
- `raw` is JSON, column -> text, empty columns left out; `line` is the row's place in the library.
- The archive's sizes are checked before it is unpacked, to a temporary file; the database is opened for reading
  only, runs nothing of its own (trusted_schema is off), and is asked one plain question.
"""

import contextlib
import json
import re
import sqlite3
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from reviews.parsers.parsed import ParsedRecord, Problem, Source, UnreadableFile
from reviews.parsers.ris_fields import Field, record_from

NAME = "endnote_library"
MOST_BYTES = 1 << 30  # unpacked
_INSIDE = "sdb/sdb.eni"
_SQLITE = b"SQLite format 3\x00"
_CHUNK = 1 << 20
_LINE_ENDS = re.compile(r"\r\n|\r|\n")

_TAGS = {
    "title": "TI", "short_title": "ST", "translated_title": "TT", "author": "AU", "secondary_author": "A2",
    "tertiary_author": "A3", "secondary_title": "T2", "tertiary_title": "T3", "alternate_title": "J2",
    "year": "PY", "date": "DA", "volume": "VL", "number": "IS", "pages": "SP", "section": "SE", "edition": "ET",
    "abstract": "AB", "keywords": "KW", "language": "LA", "electronic_resource_number": "DO", "url": "UR",
    "isbn": "SN", "publisher": "PB", "place_published": "CY", "type_of_work": "M3", "notes": "N1",
    "research_notes": "RN", "label": "LB", "caption": "CA", "call_number": "CN", "author_address": "AD",
    "accession_number": "AN", "name_of_database": "DB", "database_provider": "DP", "id": "ID",
    "custom_1": "C1", "custom_2": "C2", "custom_3": "C3", "custom_4": "C4", "custom_5": "C5", "custom_6": "C6",
    "custom_7": "C7",
}  # fmt: skip
_A_LINE_EACH = frozenset({"AU", "A2", "A3", "KW"})
_OURS_ALONE = frozenset({"trash_state", "added_to_library", "record_last_updated", "text_styles"})


def recognises(stream: BinaryIO) -> bool:
    """Whether the bytes are an EndNote library. Reads only the beginning, or the archive's directory."""
    stream.seek(0)
    head = stream.read(16)
    if head == _SQLITE:
        return True
    if not head.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(stream) as archive:
            return _INSIDE in archive.namelist()
    except (zipfile.BadZipFile, ValueError, OSError):
        return False


def open_library(stream: BinaryIO) -> Source:
    """The references of a library.

    Raises UnreadableFile when it is damaged, too large, or a database of something else.
    """
    return Source(NAME, "utf-8", _read(stream))


def _read(stream: BinaryIO) -> Iterator[ParsedRecord | Problem]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "library"
        _unpack(stream, path)
        if _is_cut_short(path):
            raise _damaged()
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as library:
            library.text_factory = lambda said: said.decode("utf-8", "replace")
            position = 0
            for place, row in enumerate(_rows(library), start=1):
                told = {name: text for name, value in row.items() if (text := _text(value))}
                if told.get("trash_state", "0") != "0":
                    continue
                position += 1
                raw = json.dumps(told, ensure_ascii=False, indent=1)
                yield record_from(list(_fields(told)), position=position, line=place, raw=raw)


def _rows(library: sqlite3.Connection) -> Iterator[dict[str, object]]:
    try:
        library.execute("PRAGMA trusted_schema = OFF")
        cursor = library.execute("SELECT * FROM refs ORDER BY id")
        names = [str(column[0]) for column in cursor.description]
        for row in cursor:
            yield dict(zip(names, row, strict=True))
    except sqlite3.DatabaseError as no:
        raise UnreadableFile(
            "This is a database, but no EndNote library that can be read here, or a damaged one; nothing was "
            "imported. Open it in EndNote and export the references as RIS."
        ) from no


def _fields(told: dict[str, str]) -> Iterator[Field]:
    for name, text in told.items():
        if name in _OURS_ALONE:
            continue
        tag = _TAGS.get(name, name)
        lines = [line.strip() for line in _LINE_ENDS.split(text) if line.strip()]
        if tag in _A_LINE_EACH:
            yield from ((tag, [line]) for line in lines)
        elif lines:
            yield tag, lines


def _text(value: object) -> str:
    if isinstance(value, bytes | None):
        return ""
    return str(value).strip()


def _unpack(stream: BinaryIO, path: Path) -> None:
    """Write the library's database to `path`."""
    stream.seek(0)
    try:
        if stream.read(16) == _SQLITE:
            stream.seek(0)
            _copy(stream, path)
            return
        with zipfile.ZipFile(stream) as archive:
            if archive.getinfo(_INSIDE).file_size > MOST_BYTES:
                raise _too_large()
            with archive.open(_INSIDE) as packed:
                _copy(packed, path)  # type: ignore[arg-type]
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        NotImplementedError,
        RuntimeError,
        KeyError,
    ) as no:
        raise _damaged() from no


def _is_cut_short(path: Path) -> bool:
    """Whether the file has fewer bytes than its header says (SQLite would read it as a shorter library).

    Bytes 16 to 17 are the size of a page, 28 to 31 the number of pages (sqlite.org/fileformat2.html, 1.3).
    SQLite's own check cannot be asked: it needs EndNote's private sorting orders.
    """
    with path.open("rb") as library:
        header = library.read(32)
    page = int.from_bytes(header[16:18], "big")
    return path.stat().st_size < (65536 if page == 1 else page) * int.from_bytes(header[28:32], "big")


def _damaged() -> UnreadableFile:
    return UnreadableFile(
        "This EndNote library is damaged; nothing was imported. Open it in EndNote and export the references as RIS."
    )


def _copy(source: BinaryIO, path: Path) -> None:
    written = 0
    with path.open("wb") as target:
        while chunk := source.read(_CHUNK):
            written += len(chunk)
            if written > MOST_BYTES:
                raise _too_large()
            target.write(chunk)


def _too_large() -> UnreadableFile:
    return UnreadableFile(
        "This EndNote library is larger than 1 GB; nothing was imported. Export its references as RIS, in parts."
    )
