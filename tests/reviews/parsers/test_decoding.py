"""Bytes to text: the encoding is found, reported, and never guessed by statistics."""

import io

import pytest

from reviews.parsers import ParsedRecord, UnreadableFile, open_source

ENTRY = "TY  - JOUR\nTI  - Naïveté and the “Škoda” café\nER  - \n"


def the_record(data):
    (record,) = open_source(data).records
    assert isinstance(record, ParsedRecord)
    return record


@pytest.mark.parametrize(
    ("codec", "reported"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16-le"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("cp1252", "cp1252"),
    ],
)
def test_the_encoding_is_found_and_reported(codec, reported):
    source = open_source(ENTRY.encode(codec))
    assert source.encoding == reported
    assert [row.title for row in source.records] == ["Naïveté and the “Škoda” café"]


def test_big_endian_text_with_a_mark_is_read():
    source = open_source(b"\xfe\xff" + ENTRY.encode("utf-16-be"))
    assert source.encoding == "utf-16-be"
    assert [row.title for row in source.records] == ["Naïveté and the “Škoda” café"]


def test_a_mark_that_promises_utf_8_holds_for_a_damaged_file_too():
    source = open_source(b"\xef\xbb\xbf" + ENTRY.encode().replace("Š".encode(), b"\xff"))
    assert source.encoding == "utf-8 (damaged)"
    assert [row.title for row in source.records] == ["Naïveté and the “�koda” café"]


def test_a_letter_that_breaks_utf_8_far_behind_the_head_is_noticed():
    filler = "KW  - filler\n" * 20_000
    data = ("TY  - JOUR\n" + filler + "TI  - Café\nER  - \n").encode("cp1252")
    assert open_source(data).encoding == "cp1252"
    assert the_record(data).title == "Café"


def test_a_file_that_ends_within_a_letter_is_not_utf_8():
    source = open_source(b"TY  - JOUR\nTI  - Caf" + b"\xc3")
    assert source.encoding == "cp1252"
    assert [row.title for row in source.records] == ["CafÃ"]


def test_a_letter_cut_by_the_end_of_the_head_is_not_an_error():
    padding = "x" * (65_536 - len("TY  - JOUR\nTI  - ") - 1)
    data = f"TY  - JOUR\nTI  - {padding}é\nER  - \n".encode()
    assert open_source(data).encoding == "utf-8"
    assert the_record(data).title == f"{padding}é"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_may_end_in_any_way(end):
    record = the_record(ENTRY.replace("\n", end).encode())
    assert record.title == "Naïveté and the “Škoda” café"
    assert record.raw == ENTRY.replace("\n", end).rstrip("\r\n")


def test_line_ends_may_be_mixed_and_lines_are_counted_all_the_same():
    data = b"TY  - JOUR\r\nTI  - One\rER  - \n\nTY  - JOUR\rTI  - Two\r\nER  - \r\n"
    assert [(row.line, row.title) for row in open_source(data).records] == [(1, "One"), (5, "Two")]


def test_separators_of_unicode_do_not_end_a_line():
    record = the_record("TY  - JOUR\nTI  - One\u2028two\x85three\x0bfour\nER  - \n".encode())
    assert record.title == "One\u2028two\x85three\x0bfour"


def test_zero_bytes_inside_text_become_a_sign_that_a_database_can_store():
    padding = b"KW  - filler\n" * 6_000
    record = the_record(b"TY  - JOUR\n" + padding + b"TI  - One\x00two\nER  - \n")
    assert record.title == "One�two"
    assert "\x00" not in record.raw


def test_a_stream_is_read_without_being_closed():
    stream = io.BytesIO(ENTRY.encode())
    assert the_record(stream).title == "Naïveté and the “Škoda” café"
    assert not stream.closed


def test_a_stream_that_cannot_go_back_is_read_as_well():
    class Pipe(io.BytesIO):
        def seekable(self):
            return False

        def seek(self, *args):
            raise OSError("a pipe cannot go back")

    assert the_record(Pipe(ENTRY.encode())).title == "Naïveté and the “Škoda” café"


def test_records_are_read_one_at_a_time():
    data = io.BytesIO(b"TY  - JOUR\nTI  - One\nER  - \n" * 100_000)
    records = open_source(data).records
    assert next(records).position == 1
    assert data.tell() < 1_000_000  # of 2.9 million bytes


@pytest.mark.parametrize("data", [b"", b"  \n\r\n ", "\ufeff \n".encode(), " \n \n".encode("utf-16")])
def test_an_empty_file_is_refused_as_empty(data):
    with pytest.raises(UnreadableFile, match="nothing was imported"):
        open_source(data)
