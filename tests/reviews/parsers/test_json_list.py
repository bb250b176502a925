"""References as JSON: CSL JSON and plain lists, read entry by entry."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.parsers import ParsedRecord, Problem, UnreadableFile, json_list, open_source
from reviews.parsers.decoding import decode, seekable

CSL = {
    "id": "zotero/1",
    "type": "article-journal",
    "title": "Light for acne",
    "container-title": "J Ex",
    "author": [
        {"family": "Doe", "given": "Jane"},
        {"non-dropping-particle": "van", "family": "Dam", "given": "P."},
    ],
    "issued": {"date-parts": [[2019, 5, 3]]},
    "abstract": "It was bright.\nIt helped.",
    "DOI": "10.1000/ABC",
    "PMID": "1234567",
    "volume": 12,
    "issue": "3",
    "page": "1-9",
    "language": "en",
    "URL": "https://example.org/1",
    "keyword": "acne; light",
}


def rows_of(text):
    source = open_source(text.encode())
    assert source.format == "json"
    return list(source.records)


def test_every_field_of_csl_json():
    (record,) = rows_of(json.dumps([CSL]))
    assert (record.title, record.abstract) == ("Light for acne", "It was bright.\nIt helped.")
    assert record.authors == ("Doe, Jane", "van Dam, P.")
    assert (record.year, record.journal, record.volume, record.issue) == (2019, "J Ex", "12", "3")
    assert (record.pages, record.doi, record.pmid, record.language) == ("1-9", "10.1000/abc", "1234567", "en")
    assert (record.keywords, record.url) == (("acne", "light"), "https://example.org/1")
    assert json.loads(record.raw) == CSL


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([CSL, CSL | {"title": "Another"}]),
        json.dumps([CSL, CSL | {"title": "Another"}], indent=2),
        "\ufeff" + json.dumps({"references": [CSL, CSL | {"title": "Another"}]}),
        json.dumps(CSL) + "\n" + json.dumps(CSL | {"title": "Another"}) + "\n",
    ],
    ids=["one line", "indented", "within an object", "an object a line"],
)
def test_however_the_list_is_written(text):
    assert [(row.position, row.title) for row in rows_of(text)] == [(1, "Light for acne"), (2, "Another")]


def test_each_entry_knows_its_line():
    text = json.dumps([CSL, CSL], indent=2)
    second = text.split("\n").index("  {", 3) + 1
    assert [row.line for row in rows_of(text)] == [2, second]


def test_what_stands_before_a_break_is_kept_and_the_break_is_told():
    rows = rows_of(json.dumps([CSL], indent=1)[:-2] + ',\n {"title": "Cut in the mid')
    assert [type(row) for row in rows] == [ParsedRecord, Problem]
    assert (rows[1].line, rows[1].excerpt) == (
        len(json.dumps([CSL], indent=1).split("\n")),
        '{"title": "Cut in the mid',
    )


def test_an_entry_that_is_no_reference_is_told_and_the_rest_is_read():
    rows = rows_of(json.dumps([CSL, {"total": 2}, "a text", CSL]))
    assert [type(row) for row in rows] == [ParsedRecord, Problem, Problem, ParsedRecord]
    assert [row.excerpt for row in rows[1:3]] == ['{"total": 2}', '"a text"']


@pytest.mark.parametrize("text", ['[{"total": 3, "pages": [1, 2]}]', '{"title": "A thing", "price": 3}'])
def test_json_of_something_else_is_refused(text):
    with pytest.raises(UnreadableFile, match="JSON"):
        open_source(text.encode())


def test_lists_within_lists_without_end_raise_nothing():
    rows = rows_of(json.dumps([CSL])[:-1] + ', {"title": ' + "[" * 100_000)
    assert [type(row) for row in rows] == [ParsedRecord, Problem]


@given(st.text())
def test_no_text_makes_it_raise(text):
    data = (json.dumps([CSL])[:-1] + "," + text).encode("utf-8", "surrogatepass")
    rows = list(json_list.read(decode(seekable(data))))
    assert isinstance(rows[0], ParsedRecord)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda v: st.lists(v) | st.dictionaries(st.text(), v),
)


@given(st.lists(st.dictionaries(st.sampled_from([*CSL, "authors", "date", "other"]), _VALUES)))
def test_every_entry_of_a_list_is_a_record_or_a_problem(entries):
    rows = list(json_list.read(decode(seekable(json.dumps(entries).encode() or b"[]"))))
    assert len(rows) == len(entries)
