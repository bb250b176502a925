"""One pasted page to one record. The texts are ours; their shapes are those of real pages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.parsers import ParsedRecord, UnreadableFile, open_source, parse_pasted

ABSTRACT = (
    "We asked whether watering twice a day helps tomato seedlings to survive a dry spring in the south. "
    "Of 58 seedlings in two beds, 48.5% bore fruit in the first season, and no seedling was lost after June."
)

DATABASE_PAGE = f"""Phase I/II trial of twice-daily watering in combination with shade for tomato seedlings

J Example Bot. 2019 Nov;94(11):1244-1253. doi: 10.1000/JEB.25627. Epub 2019 Oct 4.


{ABSTRACT}, NCT01234567.

Publication types

  • Clinical Trial, Phase I
  • Research Support, Non-U.S. Gov't

MeSH terms

  • Aged, 80 and over
  • Plants / growth & development*


  • tomatine
  • lycopene

Associated data
"""


def test_a_page_of_a_database():
    record = parse_pasted(DATABASE_PAGE)
    assert record == ParsedRecord(
        position=1,
        line=1,
        raw=DATABASE_PAGE,
        title="Phase I/II trial of twice-daily watering in combination with shade for tomato seedlings",
        abstract=f"{ABSTRACT}, NCT01234567.",
        year=2019,
        journal="J Example Bot",
        doi="10.1000/jeb.25627",
        registry_ids=("NCT01234567",),
        mesh=("Aged, 80 and over", "Plants / growth & development*"),
        publication_types=("Clinical Trial, Phase I", "Research Support, Non-U.S. Gov't"),
        volume="94",
        issue="11",
        pages="1244-1253",
    )


PUBMED_SITE = f"""Skip to main page content
Search
Clinical Trial
J Example Bot
. 2019 Nov;94(11):1244-1253. doi: 10.1000/jeb.25627. Epub 2019 Oct 4.
Twice-daily watering of tomato seedlings
Jane Doe 1, Richard Q Roe 2, Ana de la Cruz 1
Affiliations expand
PMID: 12345678 PMCID: PMC999 DOI: 10.1000/jeb.25627
Abstract
{ABSTRACT}

Keywords: seedlings; tomato; watering.

© 2019 A Publisher, Inc.

Conflict of interest statement
None.

Similar articles
Watering of beans in a dry spring.
Moe M.
J Other Bot. 2009 Apr 30;113(18):4341-51. doi: 10.1000/other.
PMID: 87654321
"""


def test_a_page_of_pubmed_itself():
    record = parse_pasted(PUBMED_SITE)
    assert record.title == "Twice-daily watering of tomato seedlings"
    assert record.abstract == ABSTRACT
    assert record.authors == ("Jane Doe", "Richard Q Roe", "Ana de la Cruz")
    assert (record.journal, record.year, record.doi, record.pmid) == (
        "J Example Bot",
        2019,
        "10.1000/jeb.25627",
        "12345678",
    )
    assert record.keywords == ("seedlings", "tomato", "watering")


PUBMED_TEXT = """1. J Example Bot. 2019 Nov;94(11):1244-1253. doi: 10.1000/jeb.25627. Epub 2019 Oct 4.

Twice-daily watering of tomato seedlings in combination with shade in a dry
spring: a trial.

Doe J(1), Roe RQ(2), de la Cruz A(1).

Author information:
(1)Department of Seedlings, University of the South, Southtown, and of many other
places that take up more than five and twenty words when they are written out in full.

BACKGROUND: It was not known whether watering helps.
METHODS: We watered 58 seedlings twice a day.

© 2019 A Publisher, Inc.

DOI: 10.1000/jeb.25627
PMID: 12345678 [Indexed for MEDLINE]

Conflict of interest statement: None.
"""


def test_a_record_saved_from_pubmed_as_text():
    record = parse_pasted(PUBMED_TEXT)
    assert record.title == (
        "Twice-daily watering of tomato seedlings in combination with shade in a dry spring: a trial."
    )
    assert record.abstract == (
        "BACKGROUND: It was not known whether watering helps.\nMETHODS: We watered 58 seedlings twice a day."
    )
    assert record.authors == ("Doe J", "Roe RQ", "de la Cruz A")
    assert (record.journal, record.year, record.doi, record.pmid) == (
        "J Example Bot",
        2019,
        "10.1000/jeb.25627",
        "12345678",
    )


PAPER = """ Abstract
Introduction Although seedlings have been watered for long, the best time of the day for it
remains a question. A second watering remains a valid option for eligi-
ble seedlings that dried out after a first one.
Methods This trial in beds aimed to collect data on a second watering at noon.
Results Of the 23 seedlings, 17 (74%) [95% CI 52–90] grew to 2 × 106 cells/kg of leaf.
Trial Registration NCT02439476 Registered 8 May 2015, https:// clini caltr ials. gov/ ct2/ show/ NCT02 439476.
 1 Introduction

Seedlings dry out [1, 2].

2  Methods

This trial was registered (NCT02439476). It was compared with an older one (NCT09999999).

References

 1. Doe J, Roe RQ, et al. Watering in the south. J Example Bot.
2014;28(5):1122–8. https:// doi. org/ 10. 1000/ cited.

https://doi.org/10.1000/cited

\tA Second Watering of\xa0Seedlings Before Noon in a Dry Spring (BED-2015-03)
\tAbstract
\tIntroduction\x20
\t1 Introduction
\t2 Methods
\tReferences

"""


def test_the_text_of_a_whole_paper():
    record = parse_pasted(PAPER)
    assert record.title == "A Second Watering of Seedlings Before Noon in a Dry Spring (BED-2015-03)"
    assert record.abstract == PAPER[len(" Abstract\n") : PAPER.index("\n 1 Introduction")]
    assert "eligi-\nble" in record.abstract
    assert (record.doi, record.year, record.journal) == ("", None, "")
    assert record.registry_ids == ("NCT02439476",)


def test_a_register_number_is_found_even_if_only_a_broken_address_has_it():
    text = PAPER.replace("NCT02439476 Registered", "Registered").replace("(NCT02439476)", "there")
    assert parse_pasted(text).registry_ids == ("NCT02439476",)


SCRAPED = f"""A phase 1 study of shade, water and ash for dried-out, wilted tomato seedlings.

Like Comment
{ABSTRACT} This article is protected by copyright. All rights reserved.

Get PDF with LibKey

View the article @ journal of examples (sign-in may be required)


The better view for gardeners. GardenOwl shows the latest from over 100 leading gardens.
12 Contributions
0 Following
"""


def test_a_scraped_page_without_its_furniture():
    record = parse_pasted(SCRAPED)
    assert record.title == "A phase 1 study of shade, water and ash for dried-out, wilted tomato seedlings."
    assert record.abstract == ABSTRACT
    assert (record.doi, record.year) == ("", None)
    assert record.raw == SCRAPED


TABLE = "BedWater, lShade, hBest Response\nNE = not evaluable.\xa0\n1.0\xa02 PR, 1 MR\xa0\n1.3\xa01 CR, 2 PR\xa0\n"
CONFERENCE = f"""Introduction: Water and shade are active in tomato seedlings, and early data showing additive \
activity in beds suggest that more may come of combining the two of them.

Results: Nineteen seedlings were planted in beds 1–5. Responses by bed are shown in the table.

Conclusions: Water and shade were well tolerated.

{TABLE}{TABLE}
Author notes

Corresponding author

Sign in via your Institution
"""


def test_a_conference_abstract_with_its_table_once():
    record = parse_pasted(CONFERENCE)
    assert record.title == ""
    assert record.abstract == CONFERENCE[: CONFERENCE.index(TABLE) + len(TABLE)].strip()


NEWS = """Biweekly watering for 1 year may not improve the yield among shaded tomato seedlings \
that plateau after a first watering in the greenhouse, according to a study published in the Journal of Examples.1

For this phase 2 study, 38 seedlings that were not eligible for transplanting were watered until plateau. \
Seedlings then started maintenance with water 1.3 l/m2 every 2 weeks for 1 year.

Continue Reading

Related Articles
A better way to shade beds
Five gardens to visit

Of 36 seedlings, the overall response rate was 61%, and half of them dried out in the end.


  1. Doe J, Roe RQ, Poe E, et al. Watering of shaded seedlings: a phase II trial. \
J Example Bot. 2018 Mar 28. doi: 10.1000/s12185 [Epub ahead of print]
"""


def test_a_news_item_has_neither_title_nor_doi_nor_year_of_its_own():
    record = parse_pasted(NEWS)
    assert (record.title, record.doi, record.year, record.journal) == ("", "", None, "")
    first, second, *_, last, _ = [line for line in NEWS.split("\n") if line]
    assert record.abstract == f"{first}\n\n{second}\n\n{last}"


def test_a_news_item_does_not_take_the_doi_that_it_gives_as_its_source():
    paragraphs = NEWS.split("Continue Reading")[0]
    assert parse_pasted(f"{paragraphs}\nDOI: 10.1000/s12185\n").doi == ""


PUBLISHER = f"""Journal of Examples (2007) 110 (11): 2730.
https://doi.org/10.1000/example.V110.11.2730

Watering of Seedlings at Noon: First Results

Jane Doe, MD, PhD; Richard Roe, MD; Eve Poe

Department of Seedlings, University of the South, Southtown, Southland

Abstract
Background
{ABSTRACT}

Methods
Seedlings were watered.

Footnotes
* Asterisk.

https://doi.org/10.1000/cited
"""


def test_a_page_of_a_publisher_with_headings_inside_the_abstract():
    record = parse_pasted(PUBLISHER)
    assert record.title == "Watering of Seedlings at Noon: First Results"
    assert record.authors == ("Jane Doe", "Richard Roe", "Eve Poe")
    assert record.abstract == f"Background\n{ABSTRACT}\n\nMethods\nSeedlings were watered."
    assert (record.journal, record.year, record.volume, record.issue, record.pages) == (
        "Journal of Examples",
        2007,
        "110",
        "11",
        "2730",
    )
    assert record.doi == "10.1000/example.v110.11.2730"


def test_a_text_with_labels():
    record = parse_pasted(
        "Title: Watering of seedlings\nAuthors: Doe, J.; Roe, R.\nJournal: J Example Bot\nYear: 2011\n"
        f"Language: English\nURL: https://example.org/1\nDOI: 10.1000/abc\n\nAbstract: {ABSTRACT}\n"
    )
    assert record.title == "Watering of seedlings"
    assert record.authors == ("Doe J", "Roe R")
    assert (record.journal, record.year, record.doi, record.language) == (
        "J Example Bot",
        2011,
        "10.1000/abc",
        "English",
    )
    assert record.abstract == ABSTRACT
    assert record.url == "https://example.org/1"


@pytest.mark.parametrize(
    ("text", "title", "abstract"),
    [
        ("Watering of tomato seedlings at noon", "Watering of tomato seedlings at noon", ""),
        (ABSTRACT, "", ABSTRACT),
        (f"Watering of seedlings at noon\n{ABSTRACT}", "Watering of seedlings at noon", ABSTRACT),
        (f"Watering of seedlings at noon\n\nAbstract {ABSTRACT}", "Watering of seedlings at noon", ABSTRACT),
        (f"Abstract\n{ABSTRACT}\nIntroduction\nSeedlings dry out.", "", ABSTRACT),
        (f"Abstract\nBackground\n{ABSTRACT}\nBackground\nSeedlings dry out.", "", f"Background\n{ABSTRACT}"),
        (f"Original Research Article\n\nJane Doe, Richard Roe, Eve Poe\n\n{ABSTRACT}", "", ABSTRACT),
        ("See table.", "", "See table."),
        (f"{ABSTRACT}\n\nCopyright © 2019 A Society. Published by A House.", "", ABSTRACT),
        (f"We use cookies to improve your experience.\nAccept all cookies\n{ABSTRACT}", "", ABSTRACT),
        (f"{ABSTRACT}\n\n1.3\n1.3\n0\n0\n0\n0", "", f"{ABSTRACT}\n\n1.3\n1.3\n0\n0\n0\n0"),
        (f"{ABSTRACT}\n\nReferences\n1. Doe J. Things. J Ex. 2011;1:1.", "", ABSTRACT),
    ],
)
def test_title_and_abstract_of_smaller_pieces(text, title, abstract):
    record = parse_pasted(text)
    assert (record.title, record.abstract) == (title, abstract)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_the_words_of_a_wrapped_sentence_are_not_mistaken_for_furniture(line_end):
    text = line_end.join(
        [
            "In this trial of watering the seedlings of the two beds were compared in this",
            "article. The seedlings of the third bed were only looked at, and there we saw no",
            "comment. We conclude that seedlings should be given water at noon, which is in this",
            "article, and that the question deserves to be asked again before a different",
            "background.",
            "We also conclude that more is to be learnt about the beds that had no shade in",
            "article.",
        ]
    )
    assert parse_pasted(text).abstract == text.replace(line_end, "\n")


@pytest.mark.parametrize(
    "sentence",
    [
        "The gardens share their water with others and save it for the next morning.",
        "We used cookies made of oats as bait for the mice in both arms of the trial.",
        "Download speed was measured at noon in every one of the twelve greenhouses.",
        "Copyright law was the subject of the interviews with all of the gardeners.",
    ],
)
def test_a_sentence_that_shares_words_with_furniture_stays(sentence):
    assert parse_pasted(f"{ABSTRACT}\n\n{sentence}").abstract == f"{ABSTRACT}\n\n{sentence}"


def test_two_dois_that_claim_the_page_are_none():
    record = parse_pasted(
        f"Watering of tomato seedlings at noon\nDOI: 10.1000/1\nDOI: 10.1000/2\n\n{ABSTRACT}"
    )
    assert record.doi == ""


def test_a_doi_in_running_text_is_not_the_page_s_own():
    assert parse_pasted(f"{ABSTRACT} The data are at https://doi.org/10.1000/data.").doi == ""


def test_ris_that_is_pasted_is_read_as_ris():
    source = open_source(b"Here is the reference:\n\nTY - JOUR\nTI - A title\nER -\n")
    assert source.format == "ris"
    assert [getattr(row, "title", None) for row in source.records] == [None, "A title"]


@pytest.mark.parametrize("text", ["", " \n\t\r\n", "\ufeff", "\xa0\n"])
def test_a_blank_paste_is_refused(text):
    with pytest.raises(UnreadableFile, match="nothing was imported"):
        parse_pasted(text)


page_soup = st.lists(
    st.one_of(
        st.sampled_from(
            [line for page in (DATABASE_PAGE, PUBMED_SITE, PAPER, NEWS) for line in page.split("\n")]
        ),
        st.text(max_size=30),
    ),
    max_size=25,
).map("\n".join)


@given(page_soup)
def test_whatever_is_pasted_gives_one_record_with_its_whole_text_or_a_plain_refusal(text):
    try:
        record = parse_pasted(text)
    except UnreadableFile:
        assert not text.strip("\ufeff \t\r\n\f\xa0")
        return
    assert record.raw == text.replace("\x00", "\ufffd")
    lines = {line.strip() for line in record.raw.replace("\r", "\n").replace("\f", "\n").split("\n")}
    abstract = [line.strip() for line in record.abstract.split("\n") if line.strip()]
    assert all(any(line in whole for whole in lines) for line in abstract)


@given(st.binary(max_size=2000))
def test_random_bytes_are_read_or_refused_and_never_break(data):
    try:
        rows = list(open_source(data).records)
    except UnreadableFile as refusal:
        assert "nothing was imported" in str(refusal)
        return
    assert rows
    told = [row.raw if isinstance(row, ParsedRecord) else row.excerpt for row in rows]
    assert all("\x00" not in text and text.encode() for text in told)  # or no database could store it
