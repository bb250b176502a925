"""Bytes to text: which encoding, and lines whatever ends them.

The order is: byte order mark; UTF-16 without one, if every other byte is zero; the encoding an XML file
declares, if it fits all of it; strict UTF-8; else cp1252.
No statistical guess is made: the common guessers read cp1252 files as cp1250 and turn "naïveté" into
"naďveté". The encoding used is reported, so that a person who sees odd letters knows why.

Zero bytes and lone surrogates, which no database can store, become U+FFFD, the sign for an unreadable letter.
"""

import codecs
import contextlib
import functools
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from reviews.parsers.parsed import UnreadableFile

HEAD_BYTES = 1 << 16
LONGEST_LINE = 16_000_000
_CHUNK = 1 << 20
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16", "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16", "utf-16-be"),
)
# What a person may choose when the guess is wrong: name -> where it comes from.
ENCODINGS = {
    "utf-8": "Unicode (UTF-8)",
    "utf-16-le": "Unicode (UTF-16, little-endian)",
    "utf-16-be": "Unicode (UTF-16, big-endian)",
    "cp1252": "Western Europe (Windows)",
    "iso8859-15": "Western Europe (ISO 8859-15)",
    "mac-roman": "Western Europe (old Mac)",
    "cp850": "Western Europe (DOS)",
    "cp1250": "Central Europe (Windows)",
    "iso8859-2": "Central Europe (ISO 8859-2)",
    "cp1251": "Cyrillic (Windows)",
    "koi8-r": "Cyrillic (KOI8-R)",
    "cp1253": "Greek (Windows)",
    "cp1254": "Turkish (Windows)",
    "cp1255": "Hebrew (Windows)",
    "cp1256": "Arabic (Windows)",
    "cp1257": "Baltic (Windows)",
    "cp1258": "Vietnamese (Windows)",
    "cp874": "Thai (Windows)",
    "gb18030": "Chinese, simplified (GB 18030)",
    "big5": "Chinese, traditional (Big5)",
    "shift_jis": "Japanese (Shift JIS)",
    "euc_jp": "Japanese (EUC)",
    "cp949": "Korean (Windows)",
}
_XML_DECLARATION = re.compile(rb"\s*<\?xml\b[^>]{0,100}?\sencoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']")
# Those in which ASCII stands as it is, as it must where the declaration could be read.
_DECLARABLE = re.compile(
    r"utf-8|cp\d+|iso8859-\d+|koi8-\w|mac-\w+|gb2312|gbk|gb18030|big5\w*|euc_\w+|shift_jis\w*|johab|tis-620"
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
        """The lines with their own line ends (LF, CRLF or CR, also mixed), one at a time.

        Raises UnreadableFile at a line of LONGEST_LINE characters, which would otherwise fill the memory.
        """
        self.stream.seek(0)
        reader = io.TextIOWrapper(self.stream, encoding=self.codec, errors=self.errors, newline="")
        try:
            for line in iter(functools.partial(reader.readline, LONGEST_LINE), ""):
                if len(line) == LONGEST_LINE:
                    raise _endless_line()
                yield storable(line) if "\0" in line else line  # a decoder yields no surrogates
        finally:
            _let_go(reader)

    def head_lines(self) -> list[str]:
        """The lines of the head, parted as `lines` parts them; the last may be cut."""
        return list(io.StringIO(self.head, newline=""))

    def chunks(self) -> Iterator[str]:
        """The text in pieces of about a million signs, for what is not written in lines."""
        self.stream.seek(0)
        reader = io.TextIOWrapper(self.stream, encoding=self.codec, errors=self.errors, newline="")
        try:
            while piece := reader.read(_CHUNK):
                yield storable(piece) if "\0" in piece else piece
        finally:
            _let_go(reader)

    def whole(self) -> str:
        """All of it, line ends as found."""
        return "".join(self.lines())


def _endless_line() -> UnreadableFile:
    return UnreadableFile(
        f"A line of this file is longer than {LONGEST_LINE // 1_000_000} million characters, as no line of "
        "references is; nothing was imported. Export the list again."
    )


def _let_go(reader: io.TextIOWrapper) -> None:
    """Take the stream out of its wrapper, which would close it with itself; it is not ours to close."""
    with contextlib.suppress(ValueError):  # whoever read only the beginning may have closed it already
        reader.detach()


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


def decode(stream: BinaryIO, encoding: str = "") -> Text:
    """Settle the encoding of a stream: as told (one of ENCODINGS), or by the order in the module's docstring.

    Raises LookupError when the encoding told is not one of ENCODINGS.
    """
    head = read_head(stream)
    if encoding:
        return _as_told(stream, encoding, head)
    codec, name = _named_by_its_bytes(head)
    if not codec and (declared := _declared_in_xml(head)) and _decodes(stream, declared):
        codec = name = declared
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
    return _text(stream, codec, errors, name, head)


def _as_told(stream: BinaryIO, encoding: str, head: bytes) -> Text:
    """As a person decided. A byte order mark of that encoding is still no letter."""
    name = encoding_named(encoding)
    codec = next(
        (codec for mark, codec, marked in _BYTE_ORDER_MARKS if marked == name and head.startswith(mark)), name
    )
    if _decodes(stream, codec):
        return _text(stream, codec, "strict", name, head)
    return _text(stream, codec, "replace", f"{name} (damaged)", head)


def encoding_named(name: str) -> str:
    """The spelling in ENCODINGS of an encoding: "UTF8" is "utf-8". Raises LookupError for any other."""
    wanted = codecs.lookup(name.removesuffix(" (damaged)").strip()[:40]).name
    for known in ENCODINGS:
        if codecs.lookup(known).name == wanted:
            return known
    raise LookupError(name)


def _text(stream: BinaryIO, codec: str, errors: str, name: str, head: bytes) -> Text:
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


def _declared_in_xml(head: bytes) -> str:
    """The codec that an XML declaration names, "" without one. A page meant as ISO 8859-1 is read as cp1252."""
    declared = _XML_DECLARATION.match(head)
    try:
        codec = codecs.lookup(declared[1].decode("ascii")).name if declared else ""
    except LookupError:
        return ""
    if codec in ("iso8859-1", "ascii"):
        return ""  # UTF-8 or cp1252, by the order in the module's docstring
    return codec if _DECLARABLE.fullmatch(codec) else ""


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
