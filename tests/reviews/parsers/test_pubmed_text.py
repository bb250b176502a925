"""PubMed's plain text: several references pasted at once are told apart where that is certain."""

import pytest

from reviews.parsers import open_source

ABSTRACTS = """\
1. Br J Ex. 2012 Oct;26(10):2245-53. doi: 10.1000/bjex.2012.101. Epub 2012 Apr 9.

Poor prognosis for one thing but not for another in children with acute B-cell
precursor leukemia: a double-
blind trial. [Article in French]

Palmi C(1), Vendramini E, Te Kronnie G(1)(2); The Example Group.

Author information:
(1)Centro Ricerca, Clinica Pediatrica, Monza, Italy.
(2)Another place.

Comment in
    Other J. 2013;1(1):1. doi: 10.1000/other. PMID: 999.

BACKGROUND: Pediatric things are common, as
we all know.
METHODS: We counted 2. Then we stopped.

2. This is the second aim of the study.

RESULTS: NCT01234567.

Copyright © 2012 A Publisher. All rights reserved.

DOI: 10.1000/bjex.2012.101
PMCID: PMC123
PMID: 22816614 [Indexed for MEDLINE]

Conflict of interest statement: None.


2. J Other. 2019 Mar 3.

A title without anything else.

DOI: 10.1000/OTHER.2
PMID: 22816615


3. Cochrane Database Syst Rev. 2016 May 12;(5):CD007917.

Another title?

Doe J.

PMID: 22816616
"""

SUMMARIES = """\
1: Doe J, Roe R. A first title. With two sentences. J Ex. 2019 Mar 3;12(3):101-9.
doi: 10.1000/j.ex.1. Epub 2019 Jan 2. PMID: 1234567; PMCID: PMC12.

2: [No authors listed]. A second title? Lancet. 1999 May;353:1. PMID: 1234568.
"""


def rows_of(text):
    source = open_source(text.encode())
    assert source.format == "pubmed_text"
    return list(source.records)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_abstracts(end):
    first, second, third = rows_of(ABSTRACTS.replace("\n", end))
    assert first.title == (
        "Poor prognosis for one thing but not for another in children with acute B-cell precursor leukemia: "
        "a double-blind trial."
    )
    assert first.authors == ("Palmi C", "Vendramini E", "Te Kronnie G", "The Example Group")
    assert first.abstract == (
        "BACKGROUND: Pediatric things are common, as we all know. METHODS: We counted 2. Then we stopped.\n\n"
        "2. This is the second aim of the study.\n\nRESULTS: NCT01234567."
    )
    assert (first.journal, first.year, first.volume, first.issue, first.pages) == (
        "Br J Ex", 2012, "26", "10", "2245-53",
    )  # fmt: skip
    assert (first.doi, first.pmid, first.language) == ("10.1000/bjex.2012.101", "22816614", "French")
    assert first.registry_ids == ("NCT01234567",)
    assert (second.title, second.abstract, second.authors) == ("A title without anything else.", "", ())
    assert (second.doi, second.pmid, second.year) == ("10.1000/other.2", "22816615", 2019)
    assert (third.title, third.authors, third.pages) == ("Another title?", ("Doe J",), "CD007917")
    assert [(row.position, row.line) for row in (first, second, third)] == [(1, 1), (2, 33), (3, 41)]
    assert "".join(row.raw for row in (first, second, third)).replace(end, "") == ABSTRACTS.replace("\n", "")


def test_summaries():
    first, second = rows_of(SUMMARIES)
    assert (first.title, first.authors) == ("A first title. With two sentences.", ("Doe J", "Roe R"))
    assert (first.journal, first.year, first.volume, first.issue, first.pages) == (
        "J Ex",
        2019,
        "12",
        "3",
        "101-9",
    )
    assert (first.doi, first.pmid) == ("10.1000/j.ex.1", "1234567")
    assert (second.title, second.pmid, second.year) == (
        "[No authors listed]. A second title?",
        "1234568",
        1999,
    )


def test_one_reference_alone_is_read_the_same():
    (record,) = rows_of(SUMMARIES.split("\n\n")[0])
    assert (record.title, record.pmid) == ("A first title. With two sentences.", "1234567")


@pytest.mark.parametrize(
    "text",
    [
        "1. Introduction. 2019 was a year of things.\n\nWe did much of it.\n\n2. Methods. 2020 was another.\n",
        "1: first we did this, and then that.\n\n2: and then something else.\n",
        "A title of a page\n\n1. J Ex. 2019;1(1):1. PMID: 1\n\n2. J Ex. 2019;1(2):2. PMID: 2\n",
        "1. Doe J. Some title of a reference. J Ex. 2019\n\n2. Roe R. Another title. J Ex. 2019",
    ],
)
def test_a_page_with_numbered_paragraphs_stays_one_page(text):
    source = open_source(text.encode())
    assert source.format == "pasted"
    assert len(list(source.records)) == 1
