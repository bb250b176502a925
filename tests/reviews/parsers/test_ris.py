"""The RIS reader accounts for every TY line and for every line outside an entry."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.parsers import ParsedRecord, Problem, open_source
from reviews.parsers.ris import read_lines


def rows_of(text):
    source = open_source(text.encode())
    assert source.format == "ris"
    return list(source.records)


def titles_of(text):
    return [row.title for row in rows_of(text) if isinstance(row, ParsedRecord)]


TWO = "TY  - JOUR\nTI  - One\nER  - \n\nTY  - JOUR\nTI  - Two\nER  - \n"


def test_a_record_knows_its_place_its_line_and_its_raw_text():
    one, two = rows_of(TWO)
    assert (one.position, one.line, one.raw) == (1, 1, "TY  - JOUR\nTI  - One\nER  - ")
    assert (two.position, two.line, two.raw) == (2, 5, "TY  - JOUR\nTI  - Two\nER  - ")


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + TWO,
        TWO.replace("\nTY", "\n\ufeffTY"),  # files put together with their byte order marks
        TWO.removesuffix("ER  - \n"),
        TWO.removesuffix("\nER  - \n"),
        TWO.replace("ER  - \n", ""),
        TWO.replace("ER  - \n\n", ""),
        TWO.replace("  - ", " - "),
        TWO.replace("  - ", "  -  "),
        TWO.replace("  - ", "\xa0\xa0-\xa0"),
        TWO.replace("  - ", "  – "),
        TWO.replace("ER  - ", "ER  -"),
        TWO.lower().replace("one", "One").replace("two", "Two"),
        TWO.lower().replace("one", "One").replace("two", "Two").replace("  - ", " - "),
        TWO.replace("TY", "  TY").replace("TI", "  TI").replace("ER", "  ER"),
        TWO.replace("ER  - \n", "ER  - \nER  - \n"),
        "\n\n\n" + TWO,
        "1.\n" + TWO.replace("\n\nTY", "\n\n2.\nTY"),
        "Record #1 of 2\nProvider: A library\nContent: text/plain\n\n" + TWO,
    ],
)
def test_no_dialect_loses_a_record(text):
    assert titles_of(text) == ["One", "Two"]
    assert [row for row in rows_of(text) if isinstance(row, Problem)] == []


def test_a_preamble_after_an_entry_without_its_end_does_not_slip_into_the_abstract():
    text = (
        "TY  - JOUR\nAB  - Some text.\n\nRecord #2 of 2\nProvider: A library\n\nTY  - JOUR\nAB  - More text.\n\n3.\n"
        "TY  - JOUR\nAB  - Last text.\n"
    )
    assert [row.abstract for row in rows_of(text)] == ["Some text.", "More text.", "Last text."]


def test_an_entry_with_nothing_but_its_type_is_kept():
    (record,) = rows_of("TY  - JOUR\n")
    assert record == ParsedRecord(position=1, line=1, raw="TY  - JOUR")


def test_lines_without_a_tag_continue_the_field_above():
    (record,) = rows_of(
        "TY  - JOUR\nTI  - A title\n      that goes on\nAB  - First line,\nsecond line.\n\nThird.\nER  -\n"
    )
    assert record.title == "A title that goes on"
    assert record.abstract == "First line,\nsecond line.\n\nThird."


@pytest.mark.parametrize(
    "line",
    [
        "ER then the second line",
        "T1-weighted images were taken",
        "is - as everyone knows - wrong",
        "at - least - once",
        "ty - as in typhoid",
        "Ji - 2 Department of Things",
        "     ER  - of the cell",
    ],
)
def test_a_line_that_only_looks_tagged_is_text(line):
    (record,) = rows_of(f"TY  - JOUR\nAB  - First line\n{line}\nER  - \n")
    assert record.abstract == f"First line\n{line.strip()}"


def test_an_unknown_tag_in_the_spacing_of_its_entry_ends_the_field_above():
    (record,) = rows_of("TY  - JOUR\nTI  - A title\nZZ  - unknown\nER  - \n")
    assert record.title == "A title"


def test_text_outside_every_entry_is_a_problem_with_its_line():
    rows = rows_of("Exported by hand\nwith a note\n\n" + TWO + "The end.\n")
    assert [type(row) for row in rows] == [Problem, ParsedRecord, ParsedRecord, Problem]
    assert (rows[0].line, rows[0].excerpt) == (1, "Exported by hand\nwith a note")
    assert (rows[3].line, rows[3].excerpt) == (11, "The end.")
    assert "outside every entry" in rows[0].reason


def test_a_reference_without_its_type_line_is_reported_with_how_to_mend_it():
    rows = rows_of(TWO + "TI  - Three\nAU  - Doe, J.\nER  - \n\nTI  - Four\nER  - \n")
    assert [row.title for row in rows[:2]] == ["One", "Two"]
    assert (rows[2].line, rows[2].excerpt) == (8, "TI  - Three\nAU  - Doe, J.")
    assert (rows[3].line, rows[3].excerpt) == (12, "TI  - Four")
    assert "TY  - JOUR" in rows[2].reason


def test_a_page_that_mentions_ty_is_no_ris():
    source = open_source(
        b"The TY - 21 strain was used.\nTY-21 came first, and then the others were given as well.\n"
    )
    assert source.format == "pasted"


values = (
    st.text(
        st.characters(
            exclude_categories=("Cs", "Cc", "Cn", "Co", "Zl", "Zp"), exclude_characters="\ufeff\ufffd"
        ),
        min_size=1,
    )
    .map(lambda text: " ".join(text.split()))
    .filter(
        lambda text: (
            text
            and not re.match(r"(?i)n/?a$|none|null|undef|n\.a\.|-", text)
            and "<" not in text
            and "&" not in text
        )
    )
)
names = values.filter(lambda name: ";" not in name)


def written(entry, *, gap="  ", end="\n", close=True):
    lines = [f"TY{gap}- JOUR", f"TI{gap}- {entry['title']}", f"AB{gap}- {entry['abstract']}"]
    lines += [f"AU{gap}- {name}" for name in entry["authors"]]
    lines += [f"PY{gap}- {entry['year']}", f"JF{gap}- {entry['journal']}"]
    return end.join(lines + ([f"ER{gap}- "] if close else [])) + end


entries = st.fixed_dictionaries(
    {
        "title": values,
        "abstract": values.filter(lambda text: not re.match(r"(?i)\W*(no )?abstract|copyright", text)),
        "authors": st.lists(names, unique=True, max_size=4),
        "year": st.integers(1500, 2099),
        "journal": values,
    }
)


@given(
    st.lists(entries, min_size=1, max_size=5),
    st.sampled_from([" ", "  ", "   "]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.booleans(),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_is_written_is_read_back(entries, gap, end, close, codec):
    text = "".join(written(entry, gap=gap, end=end, close=close) + end for entry in entries)
    rows = list(open_source(text.encode(codec)).records)
    assert [
        {
            "title": r.title,
            "abstract": r.abstract,
            "authors": list(r.authors),
            "year": r.year,
            "journal": r.journal,
        }
        for r in rows
    ] == entries
    assert [row.position for row in rows] == list(range(1, len(entries) + 1))


tag_soup = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "TY  - JOUR",
                "TY - JOUR",
                "ty  - jour",
                "  TY  - BOOK",
                "TY  -",
                "ER  - ",
                "ER  -",
                "TI  - A",
                "AB  - NA",
                "",
            ]
        ),
        st.sampled_from(
            [
                "2.",
                "Record #1 of 3",
                "Provider: X",
                "text",
                "AU  - Doe",
                "KW  - a",
                "zz - b",
                "\ufeffTY  - GEN",
            ]
        ),
        st.text(max_size=12),
    ),
    max_size=30,
)


@given(tag_soup)
def test_every_type_line_becomes_one_record_and_every_other_word_is_accounted_for(soup):
    lines = [line + "\n" for text in soup for line in re.split("[\r\n]", text)]
    rows = list(read_lines(lines))
    begun = [
        n for n, line in enumerate(lines, 1) if re.match(r"(?:\ufeff)*[ \t\xa0]*(?:TY +- ?|ty  - jour)", line)
    ]
    records = [row for row in rows if isinstance(row, ParsedRecord)]
    assert [record.line for record in records] == begun
    assert [record.position for record in records] == list(range(1, len(begun) + 1))
    kept = "".join(record.raw for record in records) + "".join(
        row.excerpt for row in rows if isinstance(row, Problem)
    )
    if "text" in soup:
        assert "text" in kept
