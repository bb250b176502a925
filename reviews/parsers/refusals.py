"""What we cannot read, named, so that the person learns what the file is and how to mend it.

Binary files are told by their first bytes. Text that is an export in a format not read here is told by its
shape: taken for a pasted page, a list of a thousand references would become a single record.
"""

import html
import re
import unicodedata

from reviews.parsers.parsed import UnreadableFile

_AS_RIS = "Export the list again as RIS, or open it in Zotero or EndNote and export it from there as RIS."
_COPY_TEXT = "Open it, copy the text, and paste it; or export the references as RIS."

_AS_WORKBOOK = "Open it in Excel or LibreOffice and save it as .xlsx or as CSV."

# (first bytes, what it is, how to mend it)
_SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF", "a PDF", f"{_COPY_TEXT} A full text is added to its report later, on the full-text page."),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an old Word or Excel file (.doc, .xls), or one that is locked with a password",
        "Open a table in Excel or LibreOffice and save it as .xlsx, without a password, or as CSV. "
        + _COPY_TEXT,
    ),
    (
        b"{\\rtf",
        "a rich text document (RTF)",
        "If it is a list of references, export them as RIS from where they were formatted; if it is one page, "
        "copy its text and paste it.",
    ),
    (b"\x1f\x8b", "a gzip archive", "Unpack it and upload the file inside."),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "Unpack it and upload the file inside."),
    (b"Rar!", "a RAR archive", "Unpack it and upload the file inside."),
    (b"\x89PNG", "an image (PNG)", "Copy the text itself; text in a picture cannot be read."),
    (b"\xff\xd8\xff", "an image (JPEG)", "Copy the text itself; text in a picture cannot be read."),
    (b"GIF8", "an image (GIF)", "Copy the text itself; text in a picture cannot be read."),
    (b"II*\x00", "an image (TIFF)", "Copy the text itself; text in a picture cannot be read."),
    (b"MM\x00*", "an image (TIFF)", "Copy the text itself; text in a picture cannot be read."),
    (b"RIFF", "an image or a sound (RIFF)", "Copy the text itself; text in a picture cannot be read."),
)

_REFERENCE = re.compile(r'^[^\n\r"]{0,300}\((?:\d{4}|n\.d\.)[a-z]?\)\. ["“][^"”\n\r]{5,400}["”] ', re.M)

# What the names inside a zip archive say it is.
_ZIPS: tuple[tuple[bytes, str, str], ...] = (
    (b"word/", "a Word document (.docx)", _COPY_TEXT),
    (b"xl/", "an Excel workbook that is damaged or binary (.xlsb)", _AS_WORKBOOK),
    (b"opendocument.spreadsheet", "an OpenDocument spreadsheet (.ods)", _AS_WORKBOOK),
    (b"ppt/", "a PowerPoint file (.pptx)", _COPY_TEXT),
    (b"", "a zip archive", "Unpack it and upload the file inside."),
)

_TAG_LINE = r"^[A-Z][A-Z0-9] {1,3}- "
# (shape near the beginning, what it is, how to mend it). The first that fits is named.
_SHAPES: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (
        re.compile(r"\A\s*<\?xml|\A\s*<[A-Za-z]\w*(?:Set|Collection)\b"),
        "an XML file that is neither PubMed's nor EndNote's",
        _AS_RIS,
    ),
    (
        re.compile(r"\A\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.I | re.S),
        "a web page (HTML)",
        "Open it in a browser, select the text you see, copy it, and paste it.",
    ),
    (
        re.compile(r"^(?:Unique Identifier|Accession Number|Authors?|VN|UI)[ \t]*[\n\r]+ {2}\S", re.M),
        "an Ovid export in which no number (<1>, <2>, ...) tells where a reference begins",
        _AS_RIS,
    ),
    (re.compile(r'\A\s*(?:\[\s*)?\{\s*"'), "JSON in which no references are recognised", _AS_RIS),
    (
        re.compile(rf"(?:{_TAG_LINE}.*(?:\r\n|\n|\r)){{3}}", re.M),
        "a list of tagged lines without any TY line, so it cannot be told where an entry begins",
        "In RIS every entry begins with a line such as 'TY  - JOUR'. " + _AS_RIS,
    ),
)


def refuse_binary(head: bytes) -> None:
    """Raise UnreadableFile when the first bytes are those of a kind of file that is not text, or none."""
    if not head.strip():
        raise UnreadableFile("The file is empty: nothing was imported. Export it again, or paste the text.")
    if head.startswith(b"PK\x03\x04") or head.startswith(b"PK\x05\x06"):
        what, mend = next((what, mend) for name, what, mend in _ZIPS if name in head)
        raise _not_ours(what, mend)
    for signature, what, mend in _SIGNATURES:
        if head.startswith(signature):
            raise _not_ours(what, mend)
    if head[4:8] == b"ftyp":
        raise _not_ours("an image or a film", "Copy the text itself; text in a picture cannot be read.")


def refuse_noise(head: str) -> None:
    """Raise UnreadableFile when the decoded text is mostly what no text contains: control characters."""
    sample = head[:4096].removeprefix("\ufeff")
    if not sample.strip():
        raise UnreadableFile("The file holds only blank lines: nothing was imported. Export it again.")
    strange = sum(
        1
        for sign in sample
        if sign == "\ufffd" or (not sign.isspace() and unicodedata.category(sign) in _NOISE)
    )
    if strange > len(sample) / 50:
        raise _not_ours("a binary file, not text", _AS_RIS)


_NOISE = frozenset({"Cc", "Cn", "Co", "Cs"})  # control, unassigned, private use, surrogate


def refuse_entities(head: str) -> None:
    """Raise UnreadableFile when it is XML that declares entities, of which a "bomb" of a few lines is made."""
    if head.lstrip("\ufeff \t\r\n").startswith("<") and _DECLARES_ENTITIES.search(head):
        raise UnreadableFile(
            "This XML file declares entities of its own, by which a small file can fill a computer's memory or "
            "fetch other files; it was not read and nothing was imported. PubMed and EndNote write none: export "
            f"the list there anew. {_AS_RIS}"
        )


_DECLARES_ENTITIES = re.compile(r"<!DOCTYPE[^<>\[]*\[|<!ENTITY\b", re.I)


def refuse_other_formats(head: str) -> None:
    """Raise UnreadableFile when the text has the shape of an export that is not read here."""
    text = head.removeprefix("\ufeff")
    if _is_reference_list(html.unescape(text)):
        raise _not_ours(
            "a list of formatted references", f"Such a list leaves out most authors and every DOI. {_AS_RIS}"
        )
    for shape, what, mend in _SHAPES:
        if shape.search(text):
            raise _not_ours(what, mend)


def refuse_fragments(head: str) -> None:
    """Raise UnreadableFile when the text has too few words to name anything that could be screened."""
    words = head.removeprefix("\ufeff").split()
    if len(words) < _FEWEST_WORDS:
        said = " ".join(words)[:60]
        raise UnreadableFile(
            f"There is nothing but “{said}” in it, which is too little to be a reference; nothing was imported. "
            "Paste the title and the abstract of one page, or upload the file a database gave you."
        )


_FEWEST_WORDS = 3


def _is_reference_list(text: str) -> bool:
    """Whether three references or more stand in it, each 'Author (year). "Title." Journal ...'."""
    return len(_REFERENCE.findall(text)) >= 3


def _not_ours(what: str, mend: str) -> UnreadableFile:
    return UnreadableFile(f"This is {what}, which cannot be imported here; nothing was imported. {mend}")
