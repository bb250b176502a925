"""Whatever the bytes are: records, problems, or one refusal in words; and every word of a format is accounted for."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reviews.parsers import ParsedRecord, Problem, UnreadableFile, decoding, open_source, parsed

# How a file of each format may begin; hypothesis puts anything behind it, and damages it.
BEGINNINGS = {
    "ris": "TY  - JOUR\r\nTI  - A title\r\nN1  - PMID: 12\r\nDO  - 10.1000/x\r\nER  - \r\n",
    "medline": "PMID- 123\nTI  - A title\nAB  - Some\n      text\nFAU - Doe, J\nAU  - Doe J\n\n",
    "web_of_science": "FN Clarivate\nVR 1.0\nPT J\nAU Doe, J\nTI A title\nER\n\nEF\n",
    "pubmed_xml": "<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>1</PMID>"
    "<Article><ArticleTitle>A</ArticleTitle></Article></MedlineCitation></PubmedArticle>",
    "endnote_xml": "<xml><records><record><titles><title>A</title></titles><dates><year>2001</year></dates></record>",
    "endnote": "%0 Journal Article\n%T A title\n%A Doe, J.\n\n",
    "ovid": "<1>\nTitle\n  A title.[Review]\nAuthor\n  Doe J. Roe R.\nSource\n  J Ex. 1(2):3-4, 2001.\n\n",
    "pubmed_text": "1. J Ex. 2019 Mar;1(2):3-4. doi: 10.1000/x.\n\nA title.\n\nDoe J(1).\n\nText.\n\nPMID: 12\n\n\n",
    "bibtex": '@article{key,\n title = {A {\\"o}},\n author = {Doe, J and Roe, R},\n year = 2001\n}\n',
}


def rows_of(data):
    """The rows of a file; () when it is refused in words."""
    try:
        return tuple(open_source(data).records)
    except UnreadableFile as no:
        assert "nothing was imported" in str(no)
        return ()


def all_text(rows):
    """Every field of every row, so that a value that cannot be made is found out."""
    return repr(rows)


@pytest.mark.parametrize("name", BEGINNINGS)
def test_the_beginnings_are_what_they_say(name):
    source = open_source(BEGINNINGS[name].encode())
    assert source.format == name
    (record,) = (row for row in source.records if isinstance(row, ParsedRecord))
    assert record.title[0] == "A"


@given(st.binary(max_size=400))
@example(b"\xff\xfe")
@example(b"PK\x03\x04")
@example(b"\x00" * 10)
@example(b"<?xml version='1.0' encoding='utf-32'?><xml><records>")
def test_no_bytes_are_an_error(data):
    all_text(rows_of(data))


@pytest.mark.parametrize("name", BEGINNINGS)
@given(data=st.data())
def test_no_text_behind_a_beginning_is_an_error(name, data):
    begin = BEGINNINGS[name]
    pieces = re.findall(r"\S+\s*|\s+", begin)
    soup = data.draw(st.lists(st.sampled_from(pieces) | st.text(max_size=8), max_size=25))
    codec = data.draw(st.sampled_from(["utf-8", "utf-16", "cp1252"]))
    rows = rows_of((begin + "".join(soup)).encode(codec, "replace"))
    assert all(isinstance(row, ParsedRecord | Problem) for row in rows)
    assert [row.position for row in rows if isinstance(row, ParsedRecord)] == list(
        range(1, sum(isinstance(row, ParsedRecord) for row in rows) + 1)
    )
    assert [row.line for row in rows] == sorted(row.line for row in rows)
    all_text(rows)


@pytest.mark.parametrize("name", BEGINNINGS)
@given(data=st.data())
def test_no_damage_is_an_error(name, data):
    whole = (BEGINNINGS[name] * 3).encode()
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at : at + data.draw(st.integers(0, 6))] = data.draw(st.binary(max_size=3))
        if not damaged:
            break
    all_text(rows_of(bytes(damaged)))


WORDS = st.text(st.characters(categories=["Lu", "Ll"], max_codepoint=0x17F), min_size=4, max_size=9)


@pytest.mark.parametrize("name", BEGINNINGS)
@given(between=st.lists(WORDS, min_size=1, max_size=3, unique=True))
def test_every_word_is_in_a_record_or_a_problem(name, between):
    text = BEGINNINGS[name] + "".join(f"\n\n{word}\n\n{BEGINNINGS[name]}" for word in between)
    rows = rows_of(text.encode())
    told = "".join(row.raw if isinstance(row, ParsedRecord) else row.excerpt for row in rows)
    assert [word for word in between if word not in told] == []
    expected = 1 if name == "pubmed_text" else len(between) + 1  # whose numbers do not go on
    assert sum(isinstance(row, ParsedRecord) for row in rows) == expected


@pytest.mark.parametrize("name", ["ris", "medline", "web_of_science", "endnote", "ovid", "bibtex"])
def test_a_line_without_end_is_refused_before_it_fills_the_memory(name, monkeypatch):
    monkeypatch.setattr(decoding, "LONGEST_LINE", 100_000)
    source = open_source((BEGINNINGS[name] + "x" * 100_001).encode())
    with pytest.raises(UnreadableFile, match="nothing was imported"):
        list(source.records)


def test_an_excerpt_is_never_longer_than_it_may_be():
    for name, begin in BEGINNINGS.items():
        for row in rows_of((("x" * 5000 + "\n") + begin).encode()):
            assert isinstance(row, ParsedRecord) or len(row.excerpt) <= parsed.EXCERPT_LENGTH, name
