"""refer (.enw): where entries begin, and what the tags mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.parsers import ParsedRecord, Problem, UnreadableFile, open_source, refer
from reviews.parsers.decoding import decode, seekable


def rows_of(text):
    source = open_source(text.encode())
    assert source.format == "endnote"
    return list(source.records)


def titles_of(text):
    return [row.title if isinstance(row, ParsedRecord) else row.excerpt for row in rows_of(text)]


def test_every_field():
    (record,) = rows_of(
        "\ufeff%0 Journal Article\n%A Doe, Jane\n%A Li, J.,\n%A Li, J.\n%E Editor, E.\n%T A title\nthat goes on\n"
        "%J J Ex\n%D 2019\n%V 12\n%N 3\n%P 1-9\n%K one\ntwo; three\n%R 10.1000/ABC\n%G eng\n%9 Review\n"
        "%U https://example.org/1\n%X First paragraph.\n\nSecond, at 50 %0 of all.\n%Z A note\n%F Kept\n%1 One\n"
        "%+ An address\n%= What is this\n"
    )
    assert (record.title, record.authors) == ("A title that goes on", ("Doe, Jane", "Li, J.", "Li, J."))
    assert record.abstract == "First paragraph.\nSecond, at 50 %0 of all."
    assert (record.year, record.journal, record.volume, record.issue) == (2019, "J Ex", "12", "3")
    assert (record.pages, record.doi, record.language) == ("1-9", "10.1000/abc", "eng")
    assert (record.keywords, record.publication_types) == (("one", "two", "three"), ("Review",))
    assert record.url == "https://example.org/1"
    assert record.extra == (
        ("A2", "Editor, E."),
        ("M3", "Review"),
        ("N1", "A note"),
        ("LB", "Kept"),
        ("C1", "One"),
        ("AD", "An address"),
        ("%=", "What is this"),
    )


@pytest.mark.parametrize(
    "text",
    [
        "%0 Book\n%T One\n\n%0 Book\n%T Two\n",
        "%0 Book\n%T One\n%0 Book\n%T Two",
        "%0 Book\r\n%T One\r\n\r\n%0 Book\r\n%T Two\r\n",
        "%A Doe\n%T One\n%D 2001\n\n%A Roe\n%T Two\n",
        "%T One\n%A Doe\n\n%T Two\n%A Doe\n",
        "%0 Book\n%T One\n%X Text.\n\nMore text.\n\n%K word\n\n%0 Book\n%A Doe\n\n%T Two\n",
    ],
)
def test_where_entries_begin(text):
    assert titles_of(text) == ["One", "Two"]


def test_an_entry_without_a_title_is_kept_with_its_line():
    first, second = rows_of("%0 Book\n%A Doe\n\n%0 Generic\n")
    assert [(row.position, row.line, row.title, row.raw) for row in (first, second)] == [
        (1, 1, "", "%0 Book\n%A Doe"),
        (2, 4, "", "%0 Generic"),
    ]


def test_text_in_front_of_the_first_entry_is_told():
    problem, record = rows_of("Exported by somebody\n\n%0 Book\n%T One\n")
    assert (problem.line, problem.excerpt, record.title) == (1, "Exported by somebody", "One")


@pytest.mark.parametrize("text", ["%0 is a sign we often use here.\nNothing else.", "We saw 20 %\n%T of all"])
def test_a_page_with_percent_signs_is_none(text):
    assert open_source((text + " And some more words follow.").encode()).format == "pasted"


@given(
    st.lists(
        st.one_of(
            st.sampled_from(["%0 Book", "%T One", "%A Doe", "", "text", "%", "%%", "%0"]), st.text(max_size=9)
        )
    )
)
def test_every_type_line_is_an_entry_and_every_other_line_is_accounted_for(soup):
    text = "\n".join(soup)
    try:
        rows = list(refer.read(decode(seekable(text.encode("utf-8", "surrogatepass") or b" "))))
    except UnreadableFile:
        return
    raws = [row.raw for row in rows if isinstance(row, ParsedRecord)]
    told = "".join(raws) + "".join(row.excerpt for row in rows if isinstance(row, Problem))
    assert len(raws) >= soup.count("%0 Book")
    assert "text" not in soup or "text" in told
