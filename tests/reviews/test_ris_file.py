"""Our own RIS: what is exported is read back to the letter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews import export, ris_file
from reviews.importing import import_search
from reviews.models import Record
from reviews.parsers import ParsedRecord, open_source
from tests import factories
from tests.reviews.parsers.test_real_exports import EXPORTS

FIELDS = (
    "title", "abstract", "authors", "year", "journal", "volume", "issue", "pages", "doi", "pmid", "registry_ids",
    "language", "keywords", "mesh", "publication_types", "url",
)  # fmt: skip
NOTHING_SETTLED = dict.fromkeys(export.RECORD_COLUMNS)


def fields_of(record):
    return {name: getattr(record, name) for name in FIELDS}


def as_ris(*records):
    rows = (
        {**NOTHING_SETTLED, **fields_of(record), "number": number, "source": "Ovid MEDLINE"}
        for number, record in enumerate(records, start=1)
    )
    return "".join(ris_file.entry(row) for row in rows).encode()


def read_back(*records):
    source = open_source(as_ris(*records))
    assert (source.format, source.encoding) == ("ris", "utf-8")
    return list(source.records)


word = st.text(st.characters(categories=["Lu", "Ll", "Nd"]), min_size=2, max_size=9).filter(
    lambda text: (
        text.lower() not in ("na", "none", "null", "undefined")
    )  # which say in RIS that there is nothing
)
words = st.lists(word, min_size=2, max_size=6).map(" ".join)
items = st.lists(words, max_size=4, unique=True).map(tuple)
records = st.builds(
    ParsedRecord,
    position=st.just(1),
    line=st.just(1),
    raw=st.just(""),
    title=words,
    abstract=st.lists(
        st.sampled_from(["", "TY  - JOUR", "AB  - x", "ER  - ", "Record #1 of 2"]) | words, max_size=6
    ).map("\n".join),
    authors=st.lists(words, max_size=4).map(tuple),
    year=st.none() | st.integers(1500, 2099),
    journal=st.just("") | words,
    volume=st.just("") | word,
    issue=st.just("") | word,
    pages=st.sampled_from(["", "1", "1-9", "e12", "S1-S9", "101-9", "5-5", "i-iv, 1-9", "1;2"]),
    doi=st.sampled_from(["", "10.1000/abc", "10.1000/a(b)c-d_e"]),
    pmid=st.sampled_from(["", "1", "12345678"]),
    registry_ids=st.sampled_from([(), ("NCT01234567",), ("NCT01234567", "ISRCTN12345678")]),
    language=st.just("") | word,
    keywords=items,
    mesh=items,
    publication_types=items,
    url=st.sampled_from(["", "https://example.org/1?a=b"]),
)


@given(st.lists(records, min_size=1, max_size=4))
def test_any_record_comes_back(written):
    read = read_back(*written)
    assert len(read) == len(written)
    for before, after in zip(written, read, strict=True):
        abstract = " ".join(before.abstract.split())
        assert " ".join(after.abstract.split()) == abstract
        assert fields_of(after) | {"abstract": ""} == fields_of(before) | {"abstract": ""}


def test_paragraphs_come_back_as_they_were():
    record = ParsedRecord(
        1, 1, "", title="A title", abstract="BACKGROUND: One.\nMETHODS: Two.\n\nA paragraph."
    )
    assert read_back(record)[0].abstract == record.abstract


@pytest.mark.parametrize("name", sorted(name for name in EXPORTS if EXPORTS[name][1]))
def test_what_a_real_export_says_comes_back(shared, name):
    first = [
        row
        for row in open_source((shared("data/import-fixtures") / name).read_bytes()).records
        if isinstance(row, ParsedRecord)
    ]
    again = read_back(*first)
    assert len(again) == len(first)
    for before, after in zip(first, again, strict=True):
        assert fields_of(after) == fields_of(before)


def test_a_whole_review_comes_back_through_the_export(review, search, alice):
    import_search(
        review=review, by=alice, data=as_ris(ParsedRecord(1, 1, "", title="One", authors=("Doe, J.",), year=2001)),
        source="A source", kind="database", searched_on=search.searched_on,
    )  # fmt: skip
    factories.record(search, title="=Two", abstract="Some text.\nMore.", keywords=["a", "b"])
    rows = list(open_source("".join(export.streamed(review, "records", "ris")).encode()).records)
    stored = Record.objects.order_by("number")
    assert [row.title for row in rows] == [record.title for record in stored] == ["One", "=Two"]
    assert (rows[0].authors, rows[0].year) == (("Doe, J.",), 2001)
    assert (rows[1].abstract, rows[1].keywords) == ("Some text.\nMore.", ("a", "b"))
    assert dict(rows[1].extra) == {"DB": "PubMed", "N1": "Winnow: number=2"}


def test_what_is_settled_is_told_in_a_note():
    settled = {"title_abstract": "exclude", "title_abstract_reason": "Wrong\npopulation"}
    row = NOTHING_SETTLED | fields_of(ParsedRecord(1, 1, "")) | settled | {"number": 3}
    assert ris_file.entry(row) == (
        "TY  - GEN\r\nN1  - Winnow: number=3; title_abstract=exclude; title_abstract_reason=Wrong population\r\n"
        "ER  - \r\n\r\n"
    )
