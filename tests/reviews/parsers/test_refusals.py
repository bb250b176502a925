"""What cannot be read is named, with how to mend it, and is never taken for a pasted page."""

import pytest

from reviews.parsers import UnreadableFile, open_source

BINARY = [
    (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "a PDF"),
    (b"PK\x03\x04\x14\x00[Content_Types].xml....word/document.xml", "a Word document"),
    (b"PK\x03\x04\x14\x00[Content_Types].xml....xl/workbook.xml", "an Excel workbook"),
    (
        b"PK\x03\x04\x14\x00mimetypeapplication/vnd.oasis.opendocument.spreadsheet",
        "an OpenDocument spreadsheet",
    ),
    (b"PK\x03\x04\x14\x00something.else", "a zip archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(64), "an old Word or Excel file"),
    (b"\x89PNG\r\n\x1a\n" + bytes(64), "an image (PNG)"),
    (b"\xff\xd8\xff\xe0" + bytes(64), "an image (JPEG)"),
    (b"GIF89a" + bytes(64), "an image (GIF)"),
    (b"\x00\x00\x00\x18ftypheic" + bytes(64), "an image or a film"),
    (b"\x1f\x8b\x08\x00" + bytes(64), "a gzip archive"),
    (b"{\\rtf1\\ansi Some text}", "a rich text document"),
    (bytes(range(256)) * 8, "a binary file"),
    (b"\x01", "a binary file"),
]

TEXT = [
    ("<!DOCTYPE html><html><body><p>A page.</p></body></html>", "a web page (HTML)"),
    ("\n<html lang='en'><head></head></html>", "a web page (HTML)"),
    ('<?xml version="1.0"?><modsCollection></modsCollection>', "an XML file that is neither"),
    ("Accession Number\n  0001.\nAuthor\n  Doe J.\nTitle\n  A title.\n", "an Ovid export in which no number"),
    ('[{"name": "A thing", "price": 2019}]', "JSON in which no references"),
    ("AU  - Doe, J.\nTI  - A title\nPY  - 2019\nER  - \n", "a list of tagged lines without any TY line"),
    (
        'Doe, J. (2017). "First things." J Ex 6(4).\n\tText.\n\n'
        'Roe, R. (2018). "Second things." J Ex 7(4).\n\n'
        'Poe, E. (2019). "Third things." J Ex 8(4).\n',
        "a list of formatted references",
    ),
]


@pytest.mark.parametrize(("data", "name"), BINARY, ids=[name for _, name in BINARY])
def test_a_file_that_is_no_text_is_named(data, name):
    with pytest.raises(UnreadableFile) as refusal:
        open_source(data)
    assert str(refusal.value).startswith(f"This is {name}")
    assert "nothing was imported. " in str(refusal.value)


@pytest.mark.parametrize(("text", "name"), TEXT, ids=[name for _, name in TEXT])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
def test_an_export_in_another_format_is_named_and_not_taken_for_a_page(text, name, codec):
    with pytest.raises(UnreadableFile) as refusal:
        open_source(text.encode(codec))
    assert str(refusal.value).startswith(f"This is {name}")


def test_a_page_that_mentions_titles_and_abstracts_is_not_a_table():
    text = "We searched by title, abstract, and keyword, and two persons screened what was found in each of them."
    assert open_source(text.encode()).format == "pasted"
