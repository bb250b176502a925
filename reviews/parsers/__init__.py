"""Files and pasted texts to records. Pure: bytes in, records out; no Django, no database.

    source = open_source(data)
    for row in source.records:
        ...                                  # a ParsedRecord, or a Problem with its line and reason

One module per format, all of the same shape: NAME; recognises(head), which looks at the first 64 KB of
text, never at a file's name; and read(text), which yields records as they are asked for, so that a file of
any length is read in the memory of one entry. To add a format, write such a module and put it into
_FORMATS; its entry in refusals.py goes. A format is asked before the ones behind it, and the pasted page,
which any text could be, is last.

Tables (tables.py, field_rows.py, workbooks.py) also tell how they were read (Source.table), and a person may
decide otherwise: open_source(data, read_as=ReadAs(...)).
"""

from collections.abc import Iterator
from typing import BinaryIO, Protocol

from reviews.parsers import (
    bibtex,
    endnote_xml,
    json_list,
    medline,
    ovid,
    pasted,
    pubmed_text,
    pubmed_xml,
    refer,
    ris,
    web_of_science,
)
from reviews.parsers.decoding import ENCODINGS, Text, decode, read_head, seekable
from reviews.parsers.endnote_library import open_library
from reviews.parsers.endnote_library import recognises as is_library
from reviews.parsers.field_rows import open_field_rows
from reviews.parsers.parsed import Column, ParsedRecord, Problem, ReadAs, Source, Table, UnreadableFile
from reviews.parsers.pasted import parse_pasted
from reviews.parsers.refusals import (
    refuse_binary,
    refuse_entities,
    refuse_fragments,
    refuse_noise,
    refuse_other_formats,
)
from reviews.parsers.tables import open_table
from reviews.parsers.workbooks import open_workbook
from reviews.parsers.workbooks import recognises as is_workbook

__all__ = [
    "ENCODINGS",
    "Column",
    "ParsedRecord",
    "Problem",
    "ReadAs",
    "Source",
    "Table",
    "UnreadableFile",
    "open_source",
    "parse_pasted",
]


class Format(Protocol):
    """The shape of a format's module."""

    NAME: str

    def recognises(self, head: str) -> bool: ...

    def read(self, text: Text) -> Iterator[ParsedRecord | Problem]: ...


_FORMATS: tuple[Format, ...] = (
    pubmed_xml,
    endnote_xml,
    medline,
    web_of_science,
    ris,
    refer,
    ovid,
    pubmed_text,
    json_list,
    bibtex,
)


def open_source(data: bytes | BinaryIO, *, read_as: ReadAs | None = None) -> Source:
    """Open a file, or the bytes of a pasted text, by what it contains; `read_as` is what a person decided.

    A stream must stay open until the last record is read. Its size is the caller's to limit.

    Raises UnreadableFile when it is empty, not text, or an export in a format that is not read here, or when it
    cannot be read as was decided.
    """
    read_as = read_as or ReadAs()
    stream = seekable(data)
    if is_workbook(stream):
        return open_workbook(stream, read_as)
    if is_library(stream):
        return open_library(stream)
    refuse_binary(read_head(stream))
    text = _decoded(stream, read_as.encoding)
    refuse_entities(text.head)
    if table := open_table(text, read_as, plainly=True):
        return table
    for form in _FORMATS:
        if form.recognises(text.head):
            return Source(form.NAME, text.encoding, form.read(text))
    refuse_other_formats(text.head)
    if table := open_field_rows(text, read_as) or open_table(text, read_as):
        return table
    refuse_fragments(text.head)
    return Source(pasted.NAME, text.encoding, pasted.read(text))


def _decoded(stream: BinaryIO, encoding: str) -> Text:
    """The text, in the encoding a person chose if they did."""
    try:
        text = decode(stream, encoding)
    except LookupError as no:
        raise UnreadableFile(
            f"“{encoding[:40]}” is no encoding that is read here; nothing was imported. Use one of: "
            f"{', '.join(ENCODINGS)}."
        ) from no
    try:
        refuse_noise(text.head)
    except UnreadableFile:
        if not encoding:
            raise
        refuse_noise(decode(stream).head)  # the wrong encoding makes noise of a text as well
    return text
