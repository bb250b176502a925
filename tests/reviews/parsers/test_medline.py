"""MEDLINE: every PMID line is a record, every other line is in one or in a Problem."""

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.parsers import ParsedRecord, Problem, UnreadableFile, open_source
from reviews.parsers.medline import read_lines


def rows_of(text):
    source = open_source(text.encode())
    assert source.format == "medline"
    return list(source.records)


def one(*lines):
    (row,) = rows_of("\n".join(["PMID- 12345678", "OWN - NLM", *lines]))
    return row


TWO = "PMID- 1\nOWN - NLM\nTI  - One\n\nPMID- 2\nOWN - NLM\nTI  - Two\n"


def test_a_record_knows_its_place_its_line_and_its_raw_text():
    first, second = rows_of(TWO)
    assert (first.position, first.line, first.raw) == (1, 1, "PMID- 1\nOWN - NLM\nTI  - One")
    assert (second.position, second.line, second.raw) == (2, 5, "PMID- 2\nOWN - NLM\nTI  - Two")


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + TWO,
        "\n\n" + TWO,
        TWO.replace("\nPMID", "\n\ufeffPMID"),
        TWO.replace("\n\n", "\n"),
        TWO.replace("\n", "\r\n"),
        TWO.replace("\n", "\r"),
        TWO.replace("\n", "\n\n"),  # every line doubled by a mail program
        TWO.replace("PMID- ", "PMID-"),
        TWO.replace("PMID- ", "PMID - "),
        TWO.replace("TI  - ", "TI - "),
        TWO.replace("PMID", "PMC - PMC77\nPMID"),
        TWO.replace("OWN - NLM", "PMC - PMC77"),
    ],
)
def test_both_entries_are_read_however_they_are_set_apart(text):
    assert [(row.pmid, row.title) for row in rows_of(text)] == [("1", "One"), ("2", "Two")]


def test_an_article_of_pubmed_central_without_pubmed_number_is_a_record():
    first, second = rows_of("PMC - PMC11\nTI  - One\n\nPMC - PMC12\nPMID- 2\nTI  - Two\n")
    assert (first.pmid, first.title, second.pmid, second.title) == ("", "One", "2", "Two")


def test_an_entry_with_nothing_but_its_number_is_a_record():
    assert [(row.pmid, row.title) for row in rows_of("PMID- 1\n\nPMID- 2\nTI  - Two\n")] == [
        ("1", ""),
        ("2", "Two"),
    ]


def test_text_and_tagged_lines_without_a_number_are_problems_with_their_line():
    rows = rows_of("Found by me\n" + TWO + "\nA stray line\n\nTI  - Lost\nAU  - Doe J\n")
    assert [row.title for row in rows if isinstance(row, ParsedRecord)] == ["One", "Two"]
    problems = [row for row in rows if isinstance(row, Problem)]
    assert [(row.line, row.excerpt) for row in problems] == [
        (1, "Found by me"),
        (10, "A stray line"),
        (12, "TI  - Lost\nAU  - Doe J"),
    ]
    assert all(row.reason.startswith("These lines belong to no entry") for row in problems)


def test_a_wrapped_field_is_one_line_of_text_also_across_a_blank_line_or_without_indent():
    row = one(
        "TI  - T1-weighted \n      imaging of", "marrow", "AB  - First.", "", "      Second.", "LA  - eng"
    )
    assert (row.title, row.abstract, row.language) == (
        "T1-weighted imaging of marrow",
        "First. Second.",
        "eng",
    )


def test_a_word_with_a_dash_in_a_line_that_lost_its_indent_is_no_tag():
    assert one("TI  - Imaging of", "MH-associated disease", "LA  - eng").title == (
        "Imaging of MH-associated disease"
    )


def test_an_indented_number_begins_no_entry():
    assert one("CIN - Ann Ex. 2001;1:1.", "      PMID- 99999999", "TI  - A title").pmid == "12345678"


def test_a_ris_file_that_mentions_a_number_stays_ris():
    text = "TY  - JOUR\nTI  - A title\nPMID- 12345678\nN1  - x\nER  - \n"
    assert open_source(text.encode()).format == "ris"


def test_every_field():
    row = one(
        "VI  - 12",
        "IP  - 3",
        "DP  - 2019 Sep-Oct",
        "TI  - [Plerixafor &amp; bortezomib.]",
        "PG  - 11-9",
        "LID - 10.1000/Moss.1 [doi]",
        "LID - e55 [pii]",
        "AB  - We treated adults (NCT00000001).",
        "OAB - Publisher: Another text.",
        "FAU - Moss, Ada",
        "AU  - Moss A",
        "AU  - Fern B",
        "CN  - Marrow Group",
        "LA  - ger",
        "LA  - eng",
        "SI  - ClinicalTrials.gov/NCT00000002",
        "PT  - Journal Article",
        "PT  - Review",
        "DEP - 20180330",
        "TA  - J Marrow",
        "JT  - Journal of Marrow",
        "MH  - Adult",
        "MH  - *Multiple Myeloma/drug therapy",
        "OT  - *stem cells",
        "OT  - harvest",
        "CON - Ex J. 2001;1:1. doi: 10.1000/other",
    )
    assert row.title == "[Plerixafor & bortezomib.]"
    assert row.abstract == "We treated adults (NCT00000001)."
    assert row.authors == ("Moss, Ada", "Fern B", "Marrow Group")
    assert (row.year, row.volume, row.issue, row.pages) == (2019, "12", "3", "11-9")
    assert (row.journal, row.doi, row.pmid) == ("Journal of Marrow", "10.1000/moss.1", "12345678")
    assert row.registry_ids == ("NCT00000001", "NCT00000002")
    assert row.language == "ger; eng"
    assert row.publication_types == ("Journal Article", "Review")
    assert row.mesh == ("Adult", "*Multiple Myeloma/drug therapy")
    assert row.keywords == ("stem cells", "harvest")


@pytest.mark.parametrize(
    ("line", "doi"),
    [
        ("AID - 10.1000/a [doi]", "10.1000/a"),
        ("AID - doi:10.1000/a", "10.1000/a"),
        ("AID - 10.1000/a [pii]", ""),
        ("DO  - 10.1000/A", "10.1000/a"),
        ("SO  - J Ex. 2001;1:1. doi: 10.1000/a. Epub 2001.", "10.1000/a"),
        ("SO  - doi: 10.1000/a doi: 10.1000/b", ""),
        ("CIN - J Ex. 2001. doi: 10.1000/a", ""),
    ],
)
def test_a_doi_is_taken_only_where_the_entry_means_itself(line, doi):
    assert one(line).doi == doi


def test_what_stands_in_for_an_empty_field():
    row = one(
        "TI  - [Not Available].",
        "TT  - Ein Titel.",
        "AB  - ",
        "OAB - Ein Text.",
        "DEP - 20180330",
        "TA  - J Ex",
    )
    assert (row.title, row.abstract, row.year, row.journal) == ("Ein Titel.", "Ein Text.", 2018, "J Ex")
    assert one("OAB - Publisher: Abstract available from the publisher.").abstract == ""


def test_one_entry_is_held_at_a_time():
    def endless():
        while True:
            yield from ("PMID- 7\n", "TI  - A title\n")

    rows = read_lines(endless())
    assert [next(rows).position for _ in range(3)] == [1, 2, 3]


words = st.from_regex(r"[a-z]{1,9}( [a-z0-9éß]{1,9}){0,8}", fullmatch=True)
entries = st.fixed_dictionaries(
    {
        "pmid": st.integers(1, 99_999_999).map(str),
        "title": words,
        "abstract": words.filter(lambda text: "abstract" not in text),
        "authors": st.lists(words, unique=True, max_size=4).map(tuple),
        "year": st.integers(1500, 2099),
        "journal": words,
        "mesh": st.lists(words, unique=True, max_size=4).map(tuple),
    }
)


def written(entry, end):
    fields = [("PMID", entry["pmid"]), ("TI", entry["title"]), ("AB", entry["abstract"])]
    fields += [("FAU", name) for name in entry["authors"]]
    fields += [("DP", str(entry["year"])), ("JT", entry["journal"])]
    fields += [("MH", heading) for heading in entry["mesh"]]
    return end.join(f"{tag:<4}- " + value.replace(" ", f" {end}      ", 1) for tag, value in fields) + end


@given(
    st.lists(entries, min_size=1, max_size=4),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.booleans(),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_is_written_is_read_back(entries, end, apart, codec):
    text = (end if apart else "").join(written(entry, end) for entry in entries)
    rows = list(open_source(text.encode(codec)).records)
    assert [{name: getattr(row, name) for name in entries[0]} for row in rows] == entries


soup = st.lists(
    st.one_of(
        st.sampled_from(
            ["PMID- 1", "PMID-2", "PMC - PMC3", "TI  - A", "TI", "-", "", "      more", "AB  -", "zebra"]
        ),
        st.text(max_size=12),
    ),
    max_size=30,
)


@given(soup)
def test_every_line_is_in_a_record_or_begins_a_problem(soup):
    lines = [line + "\n" for text in soup for line in re.split("[\r\n]", text)]
    rows = list(read_lines(lines))
    records = [row for row in rows if isinstance(row, ParsedRecord)]
    assert [record.position for record in records] == list(range(1, len(records) + 1))
    kept = "".join(row.raw if isinstance(row, ParsedRecord) else row.excerpt for row in rows)
    numbers = re.findall(r"^PMID-.*$", "".join(lines), re.M)
    assert all(kept.count(number) >= numbers.count(number) for number in numbers)
    if sum(map(len, lines)) < 200:  # shorter than an excerpt
        assert kept.count("zebra") == "".join(lines).count("zebra")


@given(st.binary(max_size=300), st.sampled_from([b"", b"PMID- 1\nTI  - A\n"]))
def test_random_bytes_raise_nothing_but_unreadable_file(data, before):
    with suppress(UnreadableFile):
        list(open_source(before + data).records)
