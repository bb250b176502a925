"""BibTeX: every block accounted for, strings put in, names and LaTeX made plain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.parsers import ParsedRecord, Problem, bibtex, open_source
from reviews.parsers.decoding import decode, seekable

ENTRY = "@article{{{key},\n  title = {{{title}}},\n  year = 2019\n}}\n"


def entry(title, key="doe2019"):
    return ENTRY.format(key=key, title=title)


def rows_of(text, codec="utf-8"):
    source = open_source(text.encode(codec))
    assert source.format == "bibtex"
    return list(source.records)


def record_of(*fields):
    (record,) = rows_of("@article{key,\n" + ",\n".join(fields) + "\n}\n")
    return record


def test_every_field():
    record = record_of(
        "  Author = {Jane Doe and van der Berg, Jan and {The Example and Sample Group}",
        " and Li, J. and Li, J. and others}",
        "  title = {{A} Title: {RNA} at work}",
        "  subtitle = {And more}",
        '  journal = "J Ex"',
        "  year = {2019}",
        "  volume = 12, number = {3}, pages = {1--9}",
        "  doi = {10.1000/A\\_B}",
        "  pmid = 1234567",
        "  abstract = {First line\n  of it.\n\n  Second paragraph.}",
        "  keywords = {Aged, 80 and over; Female}",
        "  language = {eng}",
        "  type = {Review}",
        "  url = {https://example.org/~a\\_b?x=1}",
        "  editor = {Ed Itor}",
        "  note = {A note}",
        "  annote = {Mine}",
        "  month = mar",
    )
    assert record.title == "A Title: RNA at work: And more"
    assert record.authors == (
        "Doe, Jane",
        "van der Berg, Jan",
        "The Example and Sample Group",
        "Li, J.",
        "Li, J.",
    )
    assert (record.journal, record.year, record.volume, record.issue) == ("J Ex", 2019, "12", "3")
    assert (record.pages, record.doi, record.pmid) == ("1-9", "10.1000/a_b", "1234567")
    assert record.abstract == "First line of it.\n\nSecond paragraph."
    assert (record.keywords, record.language) == (("Aged, 80 and over", "Female"), "eng")
    assert (record.publication_types, record.url) == (("Review",), "https://example.org/~a_b?x=1")
    assert record.extra == (
        ("M3", "Review"),
        ("A2", "Itor, Ed"),
        ("N1", "A note"),
        ("annote", "Mine"),
        ("month", "Mar"),
    )


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_in_any_encoding_and_with_any_line_ends(codec, end):
    text = (entry("Naïveté") + "\n" + entry("Two", "roe")).replace("\n", end)
    first, second = rows_of(text, codec)
    assert (first.title, first.line, second.title, second.line) == ("Naïveté", 1, "Two", 6)
    assert first.raw == entry("Naïveté").strip().replace("\n", end)


def test_two_entries_of_the_same_key_are_two_records():
    assert [row.title for row in rows_of(entry("One") + entry("Two"))] == ["One", "Two"]


def test_several_entries_on_one_line_are_several_records():
    text = entry("One").replace("\n", " ") + entry("Two").replace("\n", " ")
    assert [row.title for row in rows_of(text)] == ["One", "Two"]


def test_a_field_named_twice_spoils_nothing():
    record = record_of("title = {A title}", "keywords = {one}", "keywords = {two}")
    assert (record.title, record.keywords) == ("A title", ("one", "two"))


@pytest.mark.parametrize(
    "text",
    [
        "@article(key, title = {A title}, year = 2019)",
        "@ARTICLE {key, TITLE = {A title}, YEAR = 2019}",
        '@misc{key, title = "A title", year = "2019",}',
        '@misc{key, title = "A" # { title}, year = 20 # 19}',
        "@string{t = {A title}}\n@misc{key, title = t, year = 2019}",
        '@string(T = "A ")\n@misc{key, title = t # "title", year = 2019}',
        "@comment{jabref-meta: x;}\n@preamble{ {\\x} }\n@misc{key, title={A title}, date={2019-03}}",
        "% Encoding: UTF-8\n\n@misc{, title = {A title}, year = 2019}\n% the end",
        "@unheardof{key, title = {A title}, year = 2019}",
        "@misc{key, title = {A title}, year = 2019",
        "@misc{key,\n title = {A title}\n year = 2019\n}",
        "@misc{key, title = {A {t}itle}, url = {a@b.c}, year = 2019}",
    ],
)
def test_ways_to_write_it(text):
    (record,) = rows_of(text + "\n")
    assert (record.title, record.year) == ("A title", 2019)


@pytest.mark.parametrize("text", ["@misc{key}", "@misc{key,}", "@set{set, entryset = {a,b}}"])
def test_an_entry_without_a_title_is_kept(text):
    first, second = rows_of(f"{text}\n{entry('Two')}")
    assert (first.title, first.raw, second.title) == ("", text, "Two")


def test_a_broken_entry_is_told_and_those_around_it_are_read():
    broken = "@article{lost, title = {A {title}, year = 2019}\n"
    one, problem, three = rows_of(entry("One") + broken + entry("Three", "roe"))
    assert (one.title, three.title, three.position, three.line) == ("One", "Three", 2, 6)
    assert (problem.line, problem.excerpt) == (5, broken.strip())
    assert problem.reason.startswith(
        "This entry is broken and was not imported: Unexpectedly reached end of file."
    )


def test_text_outside_is_told():
    text = f"article{{lost,\n  title = {{Lost}}\n}}\n\n{entry('One')}trailing words\n"
    first, record, last = rows_of(text)
    assert (first.line, first.excerpt) == (1, "article{lost,\ntitle = {Lost}\n}")
    assert (record.title, record.line) == ("One", 5)
    assert (last.line, last.excerpt) == (9, "trailing words")


def test_an_entry_beyond_all_measure_is_told_and_the_next_is_read(monkeypatch):
    monkeypatch.setattr(bibtex, "LONGEST", 2000)
    rows = rows_of(entry("One") + entry("Long\n" * 1000, "long") + entry("Two", "roe"))
    assert [row.title for row in rows if isinstance(row, ParsedRecord)] == ["One", "Two"]
    assert "too long" in rows[1].reason


def test_nothing_is_said_on_the_standard_error_stream(capfd):
    rows_of("@article{lost, title = {A\n" + entry("Two"))
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "text", ["An address: me@example.org {or so}", "Then @someone {said so}, and we agreed with that."]
)
def test_a_page_with_such_signs_is_none(text):
    assert open_source(text.encode()).format == "pasted"


soup = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "@article{k,",
                "@article{",
                "@string{x = {y}}",
                "@comment{",
                "@preamble{a}",
                "title = {A}",
                '"',
                "{",
                "}",
                "\\",
                ",",
                "=",
                "#",
                "\n",
                "\r",
                "x",
                "author = {A and B}",
                "@",
                "@article(k, title = x)",
                " and ",
                "$",
            ]
        ),
        st.text(max_size=6),
    ),
    max_size=40,
)


@given(soup)
def test_nothing_it_stumbles_over_is_an_error(parts):
    text = "".join(parts).encode("utf-8", "replace") or b" "
    rows = list(bibtex.read(decode(seekable(text))))
    assert all(isinstance(row, ParsedRecord | Problem) for row in rows)


names = st.text(st.characters(whitelist_categories=["Ll", "Lu"]), min_size=1, max_size=12)


@given(st.lists(st.tuples(names, names), min_size=1, max_size=6), st.lists(names, min_size=1, max_size=5))
def test_every_entry_is_a_record_with_its_title(written, keys):
    text = "\n".join(
        entry(f"{first} {second}", keys[n % len(keys)]) for n, (first, second) in enumerate(written)
    )
    assert [row.title for row in rows_of(text)] == [" ".join(f"{a} {b}".split()) for a, b in written]
