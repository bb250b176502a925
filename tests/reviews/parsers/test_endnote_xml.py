"""EndNote XML: each element stands for the RIS tag under which EndNote exports the same field."""

import pytest

from reviews.parsers import open_source

STYLED = '<style face="normal" font="default" size="100%">{}</style>'


def rows_of(*records):
    text = f'<?xml version="1.0" encoding="UTF-8" ?><xml><records>{"".join(records)}</records></xml>'
    source = open_source(text.encode())
    assert source.format == "endnote_xml"
    return list(source.records)


def record_of(*elements):
    (record,) = rows_of(f"<record>{''.join(elements)}</record>")
    return record


def test_every_field():
    record = record_of(
        '<database name="Mine.enl" path="C:\\\\Mine.enl">Mine.enl</database>',
        '<ref-type name="Journal Article">17</ref-type><rec-number>7</rec-number>',
        "<contributors><authors><author>Doe, J.</author><author>",
        STYLED.format("Li, <i/>J."),
        "</author><author>Li, J.</author></authors><secondary-authors><author>Editor, E.</author></secondary-authors>",
        "</contributors><titles><title>",
        STYLED.format("In ") + '<style face="italic">vivo</style>' + STYLED.format(" &amp; more"),
        "</title><secondary-title>J Ex</secondary-title><short-title>Short</short-title></titles>",
        "<periodical><full-title>Journal of Examples</full-title></periodical>",
        "<pages>1-9</pages><volume>12</volume><number>3</number>",
        "<keywords><keyword>cows</keyword><keyword>Neoplasms/*epidemiology</keyword></keywords>",
        "<dates><year>2019</year><pub-dates><date>Mar 3</date></pub-dates></dates>",
        "<accession-num>1234567</accession-num><abstract>BACKGROUND: One.&#xD;METHODS: Two.</abstract>",
        "<notes>A note&#xD;in two lines</notes><label>Kept</label><caption>Duplicate</caption>",
        "<custom1>One</custom1><research-notes>Mine</research-notes><remote-database-provider>NLM</remote-database-provider>",
        "<urls><related-urls><url>https://example.org/1</url></related-urls></urls>",
        "<electronic-resource-num>10.1000/ABC</electronic-resource-num><language>eng</language>",
        "<work-type>Review</work-type><an-unknown-one>What it says</an-unknown-one>",
    )
    assert record.title == "In vivo & more"
    assert record.authors == ("Doe, J.", "Li, J.", "Li, J.")
    assert (record.year, record.journal) == (2019, "J Ex")
    assert (record.volume, record.issue, record.pages) == ("12", "3", "1-9")
    assert (record.doi, record.pmid, record.url) == ("10.1000/abc", "1234567", "https://example.org/1")
    assert record.abstract == "BACKGROUND: One.\nMETHODS: Two."
    assert record.keywords == ("cows", "Neoplasms/*epidemiology")
    assert (record.language, record.publication_types) == ("eng", ("Review",))
    assert dict(record.extra) == {
        "ID": "7",
        "A2": "Editor, E.",
        "DA": "Mar 3",
        "AN": "1234567",
        "N1": "A note\nin two lines",
        "LB": "Kept",
        "CA": "Duplicate",
        "C1": "One",
        "RN": "Mine",
        "DP": "NLM",
        "M3": "Review",
        "an-unknown-one": "What it says",
    }


@pytest.mark.parametrize(
    ("elements", "field", "value"),
    [
        ('<dates><year year="2015"/></dates>', "year", 2015),
        ("<titles><title>\n   A title\n   that goes on\n</title></titles>", "title", "A title that goes on"),
        ("<titles><short-title>A title</short-title></titles>", "title", "A title"),
        ("<periodical><abbr-1>J Ex</abbr-1></periodical>", "journal", "J Ex"),
        (
            "<urls><web-urls><url>https://example.org/2</url></web-urls></urls>",
            "url",
            "https://example.org/2",
        ),
        ("<accession-num>1234567</accession-num>", "pmid", ""),
        ("<notes>PMID: 1234567</notes>", "pmid", "1234567"),
    ],
)
def test_other_ways_to_say_it(elements, field, value):
    assert getattr(record_of(elements), field) == value


def test_a_record_without_a_title_is_kept():
    first, second = rows_of("<record/>", "<record><year>2019</year></record>")
    assert [(row.position, row.title, row.raw) for row in (first, second)] == [
        (1, "", "<record/>"),
        (2, "", "<record><year>2019</year></record>"),
    ]


def test_a_library_without_records_is_a_library():
    assert rows_of() == []
