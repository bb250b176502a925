"""Web of Science: every PT line is a record, every other line is in one or in a Problem."""

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.parsers import ParsedRecord, Problem, UnreadableFile, open_source
from reviews.parsers.web_of_science import read_lines


def rows_of(text):
    source = open_source(text.encode())
    assert source.format == "web_of_science"
    return list(source.records)


def one(*lines):
    (row,) = rows_of("\n".join(["FN Clarivate", "VR 1.0", "PT J", *lines, "ER", "", "EF"]))
    return row


TWO = "FN Clarivate\nVR 1.0\nPT J\nTI One\nER\n\nPT J\nTI Two\nER\n\nEF\n"


def test_a_record_knows_its_place_its_line_and_its_raw_text():
    first, second = rows_of(TWO)
    assert (first.position, first.line, first.raw) == (1, 3, "PT J\nTI One\nER")
    assert (second.position, second.line, second.raw) == (2, 7, "PT J\nTI Two\nER")


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + TWO,
        TWO.replace("\n", "\r\n"),
        TWO.replace("\n", "\r"),
        TWO.replace("FN Clarivate\nVR 1.0\n", ""),
        TWO.replace("ER\n\n", ""),
        TWO.replace("\nEF\n", ""),
        TWO.replace("ER\n\nPT J\nTI Two", "ER\n\nEF\n\ufeffFN Clarivate\nVR 1.0\nPT J\nTI Two"),
        TWO.replace("\n", "\n\n"),
    ],
)
def test_both_entries_are_read_however_they_are_set_apart(text):
    assert [row.title for row in rows_of(text)] == ["One", "Two"]


def test_an_entry_without_a_title_is_a_record():
    assert [row.title for row in rows_of(TWO.replace("TI One\n", ""))] == ["", "Two"]


def test_text_outside_the_entries_is_a_problem_with_its_line():
    rows = rows_of(TWO.replace("ER\n\nPT", "ER\nstray\n\nTI Lost\nER\nAU Lost too\nPT") + "after the end")
    assert [row.title for row in rows if isinstance(row, ParsedRecord)] == ["One", "Two"]
    problems = [row for row in rows if isinstance(row, Problem)]
    assert [row.excerpt for row in problems] == ["stray\nTI Lost", "AU Lost too", "after the end"]
    assert [row.line for row in problems] == [6, 10, 16]
    assert all(row.reason.startswith("This text stands outside every entry") for row in problems)


def test_words_that_look_like_an_end_end_nothing():
    row = one("AB Tumours that are", "ER positive and", "EF preserved", "PY 2019")
    assert (row.abstract, row.year) == ("Tumours that are ER positive and EF preserved", 2019)


def test_every_field():
    row = one(
        "AU Moss, A",
        "   Fern, B",
        "AF Moss, Ada",
        "   Fern, Bert",
        "CA Marrow Grp",
        "TI Plerixafor and",
        "   bortezomib",
        "SO JOURNAL OF MARROW",
        "LA English",
        "DT Article; Proceedings Paper",
        "DE stem cells; harvest",
        "ID STEM-CELLS; MULTIPLE",
        "   MYELOMA",
        "AB We treated adults (NCT00000001).",
        "CR Other A, 2001, J EX, V1, DOI 10.1000/other",
        "J9 J MARROW",
        "PD SEP",
        "PY 2019",
        "VL 12",
        "IS 3",
        "BP 11",
        "EP 19",
        "DI 10.1000/Moss.1",
        "D2 10.1000/book",
        "UT WOS:000000000000001",
        "PM 12345678",
        "DA 2023-01-01",
    )
    assert (row.title, row.journal) == ("Plerixafor and bortezomib", "JOURNAL OF MARROW")
    assert row.authors == ("Moss, Ada", "Fern, Bert", "Marrow Grp")
    assert row.abstract == "We treated adults (NCT00000001)."
    assert (row.year, row.volume, row.issue, row.pages) == (2019, "12", "3", "11-19")
    assert (row.doi, row.pmid, row.registry_ids) == ("10.1000/moss.1", "12345678", ("NCT00000001",))
    assert (row.language, row.publication_types) == ("English", ("Article", "Proceedings Paper"))
    assert row.keywords == ("stem cells", "harvest", "STEM-CELLS", "MULTIPLE MYELOMA")


def test_nothing_is_taken_from_cited_papers_or_the_day_of_the_export():
    row = one("CR Other A, 2001, J EX, V1, DOI 10.1000/other", "D2 10.1000/book", "DA 2023-01-01")
    assert (row.doi, row.year) == ("", None)


def test_what_stands_in_for_an_empty_field():
    row = one("AU Moss, A", "   Fern, B", "AF Moss, Ada", "EA JAN 2020", "AR e55", "UT MEDLINE:12345")
    assert (row.authors, row.year, row.pages, row.pmid) == (("Moss, A", "Fern, B"), 2020, "e55", "12345")


words = st.from_regex(r"[a-z]{1,9}( [a-z0-9éß]{1,9}){0,8}", fullmatch=True)
entries = st.fixed_dictionaries(
    {
        "title": words,
        "abstract": words,
        "authors": st.lists(words, unique=True, max_size=4).map(tuple),
        "year": st.integers(1500, 2099),
        "journal": words,
        "keywords": st.lists(words, unique=True, max_size=4).map(tuple),
    }
)


def written(entry, end, close):
    lines = ["PT J", "TI " + entry["title"].replace(" ", f"{end}   ", 1), "AB " + entry["abstract"]]
    if entry["authors"]:
        lines += [f"AU {entry['authors'][0]}", *(f"   {name}" for name in entry["authors"][1:])]
    lines += [f"PY {entry['year']}", f"SO {entry['journal']}", "DE " + f";{end}   ".join(entry["keywords"])]
    return end.join(lines + ["ER", ""] * close) + end


@given(
    st.lists(entries, min_size=1, max_size=4),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.booleans(),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_is_written_is_read_back(entries, end, close, codec):
    text = f"FN Clarivate{end}VR 1.0{end}" + "".join(written(entry, end, close) for entry in entries)
    rows = list(open_source((text + "EF").encode(codec)).records)
    assert [{name: getattr(row, name) for name in entries[0]} for row in rows] == entries


soup = st.lists(
    st.one_of(
        st.sampled_from(
            ["PT J", "PT B", "ER", "EF", "FN x", "TI A", "AB", "", "   more", "zebra", "\ufeffPT J"]
        ),
        st.text(max_size=12),
    ),
    max_size=30,
)


@given(soup)
def test_every_type_line_becomes_one_record_and_every_other_word_is_accounted_for(soup):
    lines = [line + "\n" for text in soup for line in re.split("[\r\n]", text)]
    rows = list(read_lines(lines))
    records = [row for row in rows if isinstance(row, ParsedRecord)]
    begun = [n for n, line in enumerate(lines, 1) if re.fullmatch(r"\ufeff*PT [JB]\n", line)]
    assert set(begun) <= {record.line for record in records}
    assert [record.position for record in records] == list(range(1, len(records) + 1))
    kept = "".join(row.raw if isinstance(row, ParsedRecord) else row.excerpt for row in rows)
    if sum(map(len, lines)) < 200:  # shorter than an excerpt
        assert kept.count("zebra") == "".join(lines).count("zebra")


@given(st.binary(max_size=300), st.sampled_from([b"", b"FN x\nVR 1.0\nPT J\nTI A\n"]))
def test_random_bytes_raise_nothing_but_unreadable_file(data, before):
    with suppress(UnreadableFile):
        list(open_source(before + data).records)
