"""Files and pasted texts to records. Pure: bytes in, records out; no Django, no database.

    source = open_source(data)
    for row in source.records:
        ...                                  # a ParsedRecord, or a Problem with its line and reason

One module per format, all of the same shape: NAME; recognises(head), which looks at the first 64 KB of
text, never at a file's name; and read(text), which yields records as they are asked for, so that a file of
any length is read in the memory of one entry. To add a format, write such a module and put it into
_FORMATS; its entry in refusals.py goes. A format is asked before the ones behind it, and the pasted page,
which any text could be, is last.
"""

from collections.abc import Iterator
from typing import BinaryIO, Protocol

from reviews.parsers import medline, pasted, ris, web_of_science
from reviews.parsers.decoding import Text, decode, read_head, seekable
from reviews.parsers.parsed import ParsedRecord, Problem, Source, UnreadableFile
from reviews.parsers.pasted import parse_pasted
from reviews.parsers.refusals import refuse_binary, refuse_noise, refuse_other_formats

__all__ = ["ParsedRecord", "Problem", "Source", "UnreadableFile", "open_source", "parse_pasted"]


class Format(Protocol):
    """The shape of a format's module."""

    NAME: str

    def recognises(self, head: str) -> bool: ...

    def read(self, text: Text) -> Iterator[ParsedRecord | Problem]: ...


_FORMATS: tuple[Format, ...] = (medline, web_of_science, ris)


def open_source(data: bytes | BinaryIO) -> Source:
    """Open a file, or the bytes of a pasted text, by what it contains.

    A stream must stay open until the last record is read. Its size is the caller's to limit.

    Raises UnreadableFile when it is empty, not text, or an export in a format that is not read here.
    """
    stream = seekable(data)
    refuse_binary(read_head(stream))
    text = decode(stream)
    refuse_noise(text.head)
    for form in _FORMATS:
        if form.recognises(text.head):
            return Source(form.NAME, text.encoding, form.read(text))
    refuse_other_formats(text.head)
    return Source(pasted.NAME, text.encoding, pasted.read(text))
