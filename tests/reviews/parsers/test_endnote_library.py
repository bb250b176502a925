"""EndNote's own libraries, .enlx and .enl."""

import io
import json
import sqlite3
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.parsers import UnreadableFile, endnote_library, open_source

COLUMNS = "id, trash_state, author, title, year, secondary_title, volume, number, pages, abstract, keywords, \
electronic_resource_number, accession_number, database_provider, url, notes, label"
ROWS = [
    (7, 0, "Doe, J.\rLi, K.", "Light for acne", "2019", "J Ex", "12", "3", "1-9", "It was\rbright.",
     "acne\rlight", "10.1000/ABC", "1234567", "NLM", "https://example.org/1", "1111-2222\rDoe, Jane", "kept"),
    (8, 1, "Gone, A.", "In the trash", "2018", "J Ex", "", "", "", "", "", "", "", "", "", "", ""),
    (9, 0, "", "Only a title", "", "", "", "", "", "", "", "", "", "", "", "", ""),
]  # fmt: skip


def database(tmp_path, table="refs") -> bytes:
    path = tmp_path / "library.enl"
    with sqlite3.connect(path) as made:
        made.execute(f"CREATE TABLE {table} ({COLUMNS})")
        made.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * 17)})", ROWS)
    made.close()
    return path.read_bytes()


def packed(data: bytes, name="sdb/sdb.eni") -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr(name, data)
    return archive.getvalue()


@pytest.mark.parametrize("as_found", [lambda data: data, packed], ids=["enl", "enlx"])
def test_the_references_of_a_library(tmp_path, as_found):
    source = open_source(as_found(database(tmp_path)))
    first, second = source.records
    assert source.format == "endnote_library"
    assert (first.title, first.authors, first.year) == ("Light for acne", ("Doe, J.", "Li, K."), 2019)
    assert (first.journal, first.volume, first.issue, first.pages) == ("J Ex", "12", "3", "1-9")
    assert (first.doi, first.pmid, first.keywords) == ("10.1000/abc", "1234567", ("acne", "light"))
    assert (first.abstract, first.url) == ("It was\nbright.", "https://example.org/1")
    assert ("N1", "1111-2222\nDoe, Jane") in first.extra and ("LB", "kept") in first.extra
    assert json.loads(first.raw)["author"] == "Doe, J.\rLi, K."
    assert (second.title, second.position, second.line) == ("Only a title", 2, 3)


def test_a_database_of_something_else_is_refused(tmp_path):
    source = open_source(database(tmp_path, table="bookmarks"))
    with pytest.raises(UnreadableFile, match="no EndNote library"):
        list(source.records)


def test_a_library_cut_short_is_refused(tmp_path):
    with pytest.raises(UnreadableFile, match="damaged"):
        list(open_source(database(tmp_path)[:6000]).records)


def test_an_archive_whose_library_would_fill_the_disk_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(endnote_library, "MOST_BYTES", 1000)
    library = database(tmp_path)
    for data in (library, packed(library)):
        with pytest.raises(UnreadableFile, match="larger than"):
            list(open_source(data).records)


def test_an_archive_of_something_else_is_named_as_that():
    with pytest.raises(UnreadableFile, match="a zip archive"):
        open_source(packed(b"x", name="notes.txt"))


@given(st.binary(max_size=300))
def test_no_bytes_make_it_raise_anything_else(data):
    for found in (b"SQLite format 3\x00" + data, packed(data)):
        with pytest.raises(UnreadableFile):
            list(open_source(found).records)
