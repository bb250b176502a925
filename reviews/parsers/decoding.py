"""Bytes to text: which encoding, and lines whatever ends them.

The order is: byte order mark; UTF-16 without one, if every other byte is zero; strict UTF-8; else cp1252.
No statistical guess is made: the common guessers read cp1252 files as cp1250 and turn "naïveté" into
"naďveté". The encoding used is reported, so that a person who sees odd letters knows why.

Zero bytes and lone surrogates, which no database can store, become U+FFFD, the sign for an unreadable letter.
"""

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

HEAD_BYTES = 1 << 16
_CHUNK = 1 << 20
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16", "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16", "utf-16-be"),
)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Text:
    """A file whose encoding is settled. `lines` and `whole` read it from its beginning each time."""

    stream: BinaryIO
    codec: str
    errors: str
    encoding: str  # the name to show
    head: str  # the first HEAD_BYTES bytes, decoded: enough to tell the format

    def lines(self) -> Iterator[str]:
        """The lines with their own line ends (LF, CRLF or CR, also mixed), one at a time."""
        self.stream.seek(0)
        reader = io.TextIOWrapper(self.stream, encoding=self.codec, errors=self.errors, newline="")
        try:
            for line in reader:
                yield storable(line) if "\0" in line else line  # a decoder yields no surrogates
        finally:
            reader.detach()  # or the wrapper would close a stream that is not ours

    def whole(self) -> str:
        """All of it, line ends as found."""
        return "".join(self.lines())


def storable(text: str) -> str:
    """The text with what no database stores (zero, lone surrogates) replaced by U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)


def seekable(data: bytes | BinaryIO) -> BinaryIO:
    """A stream that can be read twice: once to learn the encoding, once for the records."""
    if isinstance(data, bytes | bytearray | memoryview):
        return io.BytesIO(data)
    if data.seekable():
        return data
    return io.BytesIO(data.read())  # a pipe; the caller limits how much comes out of it


def read_head(stream: BinaryIO) -> bytes:
    """The first HEAD_BYTES bytes."""
    stream.seek(0)
    return stream.read(HEAD_BYTES)


def decode(stream: BinaryIO) -> Text:
    """Settle the encoding of a stream by the order in the module's docstring."""
    head = read_head(stream)
    codec, name = _named_by_its_bytes(head)
    errors = "strict"
    if codec and not _decodes(stream, codec):
        # The mark says what was meant, so a damaged file is read as meant, and the damage is reported.
        errors, name = "replace", f"{name} (damaged)"
    elif not codec and _decodes(stream, "utf-8"):
        codec = name = "utf-8"
    elif not codec:
        codec = name = "cp1252"
        if not _decodes(stream, "cp1252"):
            errors, name = "replace", "cp1252 (damaged)"
    decoded = codecs.getincrementaldecoder(codec)(errors).decode(head)
    return Text(stream, codec, errors, name, storable(decoded))


def _named_by_its_bytes(head: bytes) -> tuple[str, str]:
    """(codec, name to show) where a byte order mark or the pattern of zero bytes tells, else ("", "")."""
    for mark, codec, name in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return codec, name
    sample = head[: 4096 - 4096 % 2]
    even, odd = sample[0::2], sample[1::2]
    if len(odd) >= 4:
        zero_even, zero_odd = even.count(0) / len(even), odd.count(0) / len(odd)
        if zero_odd > 0.5 and zero_even < 0.05:
            return "utf-16-le", "utf-16-le"
        if zero_even > 0.5 and zero_odd < 0.05:
            return "utf-16-be", "utf-16-be"
    return "", ""


def _decodes(stream: BinaryIO, codec: str) -> bool:
    """Whether every byte of the stream is valid in this encoding; read in chunks, so memory stays flat."""
    decoder = codecs.getincrementaldecoder(codec)("strict")
    stream.seek(0)
    try:
        while chunk := stream.read(_CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
