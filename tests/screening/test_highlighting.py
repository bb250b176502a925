"""Cutting a text at its quotes, setting it in sections and pages: nothing of the text is ever lost."""

import html
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screening.highlighting import Piece, Span, pieces
from screening.passages import abstract_passages, pages, paragraphs
from screening.templatetags.marking import marked

TEXTS = st.text(alphabet=st.sampled_from("ab <>&\"'\n.:é\U0001f9ecM"), max_size=60)
NUMBERS = st.integers(min_value=-3, max_value=64)


def bare(markup: str) -> str:
    """What a reader sees of the markup: its text without tags."""
    return html.unescape(re.sub(r"</?(?:mark|span)\b[^>]*>", "", markup))


@st.composite
def texts_with_parts(draw):
    text = draw(TEXTS)
    borders = sorted(draw(st.sets(st.integers(0, len(text)), max_size=4)) | {0, len(text)})
    return text, list(pairwise(borders)) or [(0, len(text))]


@given(texts_with_parts(), st.lists(st.tuples(NUMBERS, NUMBERS), max_size=5))
def test_no_text_is_lost_and_every_piece_names_its_quotes(text_and_parts, ends):
    text, parts = text_and_parts
    spans = [Span(f"q{n}", start, end) for n, (start, end) in enumerate(ends)]
    cut = pieces(text, spans, parts)
    assert ["".join(piece.text for piece in part) for part in cut] == [text[a:b] for a, b in parts]
    at = 0
    covered = {}
    for piece in (piece for part in cut for piece in part):
        for offset in range(at, at + len(piece.text)):
            covered[offset] = set(piece.names)
        at += len(piece.text)
    assert covered == {
        offset: {span.name for span in spans if span.start <= offset < span.end}
        for offset in range(len(text))
    }


@given(texts_with_parts(), st.lists(st.tuples(NUMBERS, NUMBERS), max_size=5))
def test_each_quote_that_covers_anything_begins_exactly_once(text_and_parts, ends):
    text, parts = text_and_parts
    spans = [Span(f"q{n}", start, end) for n, (start, end) in enumerate(ends)]
    cut = [piece for part in pieces(text, spans, parts) for piece in part]
    begun = [name for piece in cut for name in piece.begins]
    covering = {name for piece in cut for name in piece.names}
    assert sorted(begun) == sorted(covering)


@given(texts_with_parts(), st.lists(st.tuples(NUMBERS, NUMBERS), max_size=5))
def test_the_markup_says_the_text_and_nothing_else(text_and_parts, ends):
    text, parts = text_and_parts
    spans = [Span(f"q{n}", start, end) for n, (start, end) in enumerate(ends)]
    for part, (start, end) in zip(pieces(text, spans, parts), parts, strict=True):
        assert bare(marked(part)) == text[start:end]


def test_words_of_a_paper_are_escaped_inside_a_quote_and_outside():
    text = "<script>alert(1)</script> & more"
    [cut] = pieces(text, [Span("p1-1", 0, 8)], [(0, len(text))])
    assert marked(cut) == (
        '<mark class="quote" tabindex="0" data-quotes="p1-1" id="quote-p1-1">&lt;script&gt;</mark>'
        "alert(1)&lt;/script&gt; &amp; more"
    )


def test_overlapping_quotes_share_a_piece_and_only_first_pieces_have_an_id():
    [cut] = pieces("abcdef", [Span("a", 0, 4), Span("b", 2, 6)], [(0, 6)])
    assert cut == [
        Piece("ab", ("a",), ("a",)),
        Piece("cd", ("a", "b"), ("b",)),
        Piece("ef", ("b",), ()),
    ]


def test_two_quotes_that_begin_together_both_have_an_id():
    [cut] = pieces("abcd", [Span("a", 0, 4), Span("b", 0, 2)], [(0, 4)])
    assert marked(cut).count("id=") == 2
    assert 'data-quotes="a b" id="quote-a"><span id="quote-b"></span>ab</mark>' in marked(cut)


def test_a_quote_over_title_and_abstract_begins_in_the_title():
    text = "Title\n\nAbstract"
    title, abstract = pieces(text, [Span("a", 2, 10)], [(0, 5), (7, len(text))])
    assert title == [Piece("Ti"), Piece("tle", ("a",), ("a",))]
    assert abstract == [Piece("Abs", ("a",), ()), Piece("tract")]


# ---------------------------------------------------------------- sections


def labels(text: str) -> list[str]:
    return [text[p.start : p.start + p.label].strip() for p in abstract_passages(text, 0, len(text))]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("BACKGROUND: We. METHODS: Did. RESULTS: This.", ["BACKGROUND:", "METHODS:", "RESULTS:"]),
        ("Aim: To see.\nMethods: Look. Conclusions: Seen.", ["Aim:", "Methods:", "Conclusions:"]),
        (
            "Introduction Despite all.\nPatients and Methods This.\nResults Of 23.",
            ["Introduction", "Patients and Methods", "Results"],
        ),
        ("BACKGROUND\nWe did.\nMETHODS\nMore.", ["BACKGROUND", "METHODS"]),
        ("We looked. Results: none seen. The end.", [""]),
        ("Results show that methods: matter.", [""]),
        ("Results\nshow that results\nare good", [""]),
        ("", []),
    ],
)
def test_sections_of_a_structured_abstract_are_recognised(text, found):
    assert labels(text) == found


@given(
    TEXTS
    | st.lists(st.sampled_from(["METHODS: ", "Results: ", "Aim\n", "x. ", "\n\n", "Of 3 "])).map("".join)
)
def test_passages_cover_the_abstract_without_gaps(text):
    found = abstract_passages(text, 0, len(text))
    assert "".join(text[p.start : p.end] for p in found) == text
    assert all(p.start + p.label <= p.end for p in found)


def test_line_breaks_are_kept_in_a_table_and_not_in_wrapped_prose():
    prose = "This line is as long as the lines of a wrapped column in a paper are,\nand this one ends it."
    table = "Arm A 12\nArm B 13\nBoth 25"
    text = f"{prose}\n\n{table}"
    assert [(text[p.start : p.end].strip(), p.lines) for p in paragraphs(text, 0, len(text))] == [
        (prose, False),
        (table, True),
    ]


# ---------------------------------------------------------------- pages


@given(TEXTS, st.lists(st.integers(0, 70), max_size=3))
def test_pages_lose_no_word_even_where_their_map_has_gaps(text, starts):
    starts = sorted(starts)
    page_map = [[n, start, start + 1] for n, start in enumerate(starts, 1)]
    laid_out = pages(text, page_map)
    shown = "".join(text[p.start : p.end] for page in laid_out for p in page.passages)
    assert "".join(shown.split()) == "".join(text.split())
    assert [page.number for page in laid_out] == (
        [n for n, _ in enumerate(starts, 1)] or ([None] if text else [])
    )


def test_what_stands_between_two_pages_is_not_shown_when_it_is_only_space():
    text = "One.\n\fTwo. And more."
    laid_out = pages(text, [[1, 0, 4], [2, 6, 10]])
    assert [[text[p.start : p.end] for p in page.passages] for page in laid_out] == [
        ["One."],
        ["Two. And more."],
    ]
