"""Entries are found one by one: exact as found, at their line, whatever stands around them or is broken."""

import io
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.parsers import ParsedRecord, Problem, UnreadableFile, open_source, xml_entries
from reviews.parsers.xml_entries import pieces


def record(title, more=""):
    return f"<record><ref-type>17</ref-type><titles><title>{title}</title></titles>{more}</record>"


def library(*records):
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<xml><records>\n{"".join(records)}\n</records></xml>'


def rows_of(text, codec="utf-8"):
    return list(open_source(text.encode(codec)).records)


def titles_of(text):
    return [row.title if isinstance(row, ParsedRecord) else row for row in rows_of(text)]


def test_an_entry_is_kept_as_found_at_its_line():
    first, second = record("One"), record("Two &amp; more", "<!-- a\nnote -->")
    rows = rows_of(library(first + "\n\n", second))
    assert [(row.position, row.line, row.raw, row.title) for row in rows] == [
        (1, 3, first, "One"),
        (2, 5, second, "Two & more"),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_counted_whatever_ends_them(end):
    text = library(record("One") + "\n\n", record("Two")).replace("\n", end)
    assert [row.line for row in rows_of(text)] == [3, 5]


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_the_mark_at_the_beginning_goes_before_what_is_declared(codec):
    assert rows_of(library(record("Naïveté")), codec)[0].title == "Naïveté"


@pytest.mark.parametrize(
    ("declared", "codec", "told"),
    [
        ("windows-1251", "cp1251", "cp1251"),
        ("GB18030", "gb18030", "gb18030"),
        ("Shift_JIS", "shift_jis", "shift_jis"),
        ("ISO-8859-15", "iso-8859-15", "iso8859-15"),
        ("ISO-8859-1", "latin-1", "cp1252"),
        ("UTF-8", "utf-8", "utf-8"),
        ("no-such-code", "utf-8", "utf-8"),
        ("UTF-7", "utf-8", "utf-8"),
    ],
)
def test_a_declared_encoding_is_honoured(declared, codec, told):
    letters = {"cp1251": "Лечение", "gb18030": "治疗", "shift_jis": "治療"}.get(codec, "Überprüfung für ä")
    text = library(record(letters)).replace("UTF-8", declared)
    source = open_source(text.encode(codec))
    assert [row.title for row in source.records] == [letters]
    assert source.encoding == told


def test_a_declaration_that_does_not_fit_the_file_is_not_believed():
    source = open_source(library(record("Überprüfung")).encode("cp1252"))
    assert [(row.title, source.encoding) for row in source.records] == [("Überprüfung", "cp1252")]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Salt & pepper", "Salt & pepper"),
        ("p < 0.05, n <5", "p < 0.05, n <5"),
        ("A&nbsp;letter &eacute;", "A\xa0letter é"),
        ("An &unknown; name", "An &unknown; name"),
        ("A \x0b control", "A \ufffd control"),
        ("A &#11; control", "A \ufffd control"),
        ("A &#xD800; half, &#9999999; none", "A \ufffd half, \ufffd none"),
        ("H<x:sub>2</x:sub>O, note: this stays", "H2O, note: this stays"),
        ("<![CDATA[Salt & <pepper>]]>", "Salt & <pepper>"),
        ("A<!-- noted --> title", "A title"),
    ],
)
def test_what_commonly_breaks_an_entry_is_mended_and_raw_stays_as_found(written, read):
    (row,) = rows_of(library(record(written)))
    assert row.title == read
    assert row.raw == record(written)


def test_a_broken_entry_is_told_and_those_around_it_are_read():
    broken = "<record><titles><title>Lost</titel></titles></record>"
    one, problem, three = rows_of(library(record("One") + "\n", broken + "\n", record("Three")))
    assert (one.title, three.title, three.position, three.line) == ("One", "Three", 2, 5)
    assert (problem.line, problem.excerpt) == (4, "Lost")
    assert problem.reason.startswith("This entry is not well-formed XML (mismatched tag")


def test_an_entry_without_its_end_is_told_and_the_next_is_read():
    endless = record("Lost").removesuffix("</record>")
    one, problem, three = rows_of(library(record("One"), endless, record("Three")))
    assert (one.title, problem.excerpt, three.title) == ("One", "17 Lost", "Three")
    assert problem.reason.startswith("This entry has no end")


def test_a_file_that_breaks_off_keeps_what_stands_before_the_break():
    text = library(record("One") + "\n", record("Two"))
    one, problem = rows_of(text[: text.index("Two") + 2])
    assert (one.title, problem.line, problem.excerpt) == ("One", 4, "17 Tw")


def test_text_between_the_entries_is_told():
    text = library(record("One"), "\nA stray\nsentence.\n", record("Two"), "<note>\n\nAnother</note>")
    assert titles_of(text) == [
        "One",
        Problem(4, xml_entries._BETWEEN, "A stray sentence."),
        "Two",
        Problem(8, xml_entries._BETWEEN, "Another"),
    ]


@pytest.mark.parametrize(
    "prolog",
    [
        '<!DOCTYPE xml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>',
        '<!DOCTYPE xml SYSTEM "file:///etc/passwd" [\n]>',
        '<!doctype xml [ <!ENTITY % x SYSTEM "http://127.0.0.1/x"> %x; ]>',
    ],
)
def test_a_file_that_declares_entities_is_refused(prolog):
    text = library(record("&b;")).replace("<xml>", f"{prolog}<xml>")
    with pytest.raises(UnreadableFile, match="declares entities of its own") as refusal:
        open_source(text.encode())
    assert "nothing was imported" in str(refusal.value)


def test_entities_declared_behind_a_long_comment_are_never_expanded():
    bomb = '<!DOCTYPE xml [<!ENTITY a "aaaa">]>'
    text = library(record("&a;")).replace("<records>", f"<records><!--{'x' * 100_000}-->{bomb}")
    assert [row.title for row in rows_of(text) if isinstance(row, ParsedRecord)] == ["&a;"]


def test_a_document_type_without_entities_is_no_reason_to_refuse():
    text = library(record("One")).replace(
        "<xml>", '<!DOCTYPE xml SYSTEM "https://example.org/RSXML.dtd"><xml>'
    )
    assert titles_of(text) == ["One"]


@pytest.mark.parametrize("part", ["<record>", "<record", "<record><!--", "</record>", "<", "<!--<record/>"])
def test_a_crafted_file_takes_no_longer_than_its_length_allows(part):
    begun = time.process_time()
    assert sum(1 for _ in pieces(iter([part * 20_000] * 3), ("record",))) > 0
    assert time.process_time() - begun < 2


def test_an_entry_nested_a_hundred_thousand_deep_is_read():
    (row,) = rows_of(library(record("<b>" * 100_000 + "Deep" + "</b>" * 100_000)))
    assert row.title == "Deep"


def test_an_entry_beyond_all_measure_is_told_and_the_next_is_read(monkeypatch):
    monkeypatch.setattr(xml_entries, "LONGEST", 5000)
    monkeypatch.setattr(xml_entries, "MOST_TAGS", 100)
    long, many = record("Long " * 2000), record("<i/>" * 200)
    one, first, second, two = rows_of(library(record("One"), long, many, record("Two")))
    assert (one.title, two.title) == ("One", "Two")
    assert "too large" in first.reason
    assert "too large" in second.reason


def test_a_long_file_is_read_in_the_memory_of_a_few_entries():
    many = (record(f"Title {n}", f"<abstract>{'Some words. ' * 1000}</abstract>") for n in range(1500))
    stream = io.BytesIO(library(*many).encode())
    tracemalloc.start()
    assert sum(1 for _ in open_source(stream).records) == 1500
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(stream.getvalue()) > 18_000_000
    assert peak < 12_000_000


soup = st.lists(
    st.sampled_from(
        ["<record>", "</record>", "<record/>", "</record >", "<records>", "<!--", "-->", "<![CDATA[", "]]>", "<", ">",
         "&", "text", "<title>", "</title>", "<record", " a='b'>", "\r\n", "\r"]
    )
)  # fmt: skip


@given(soup, st.integers(1, 40))
def test_pieces_are_the_whole_text_wherever_it_is_cut(parts, size):
    text = "".join(parts)
    found = list(pieces((text[at : at + size] for at in range(0, len(text), size)), ("record",)))
    assert "".join(piece for _, piece in found) == text
    assert found == list(pieces([text], ("record",)))


@given(soup)
def test_every_beginning_is_a_record_or_a_problem(parts):
    text = "<xml><records>" + "".join(parts)
    rows = rows_of(text)
    begun = [kind for kind, _ in pieces([text], ("record",)) if kind != "between"]
    assert len([row for row in rows if "stands between" not in getattr(row, "reason", "")]) == len(begun)
