"""Quotes in texts nobody wrote by hand: drawn at random, made to slow us down, or out of a real PDF."""

import re
import string
import time

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reviews.normalising import Forms, forms
from reviews.quotes import Span, Tier, carries_number, hint, locate
from tests.reviews.test_quotes import tier

# --- Properties ------------------------------------------------------------------------------------------

AWKWARD = "no|not|non-randomised|unable|notable|under|without|didn't|follow-up|G-CSF|(AHCT),|arm."
WORDS = st.one_of(
    st.sampled_from(AWKWARD.split("|")),
    st.text(string.ascii_letters + "\u00e9\u00df\ufb01\u03c3", min_size=1, max_size=9),
)
NUMBERS = st.one_of(
    st.integers(0, 5000).map(str),
    st.decimals(-50, 500, places=2).map(str),
    st.integers(0, 100).map("{}%".format),
    st.integers(1, 999).map("n={}".format),
    st.tuples(st.integers(0, 99), st.integers(0, 99)).map("{0[0]}-{0[1]}".format),
)
# A word after every number: two numbers in a row could be one number in groups.
TOKENS = st.lists(
    st.one_of(WORDS.map(lambda word: [word]), st.tuples(NUMBERS, WORDS).map(list)), min_size=3, max_size=40
).map(lambda pairs: [token for pair in pairs for token in pair])


@st.composite
def cuttings(draw) -> tuple[list[str], int, int]:
    """Words of a text, and the first and last (exclusive) of those that are quoted."""
    tokens = draw(TOKENS)
    first = draw(st.integers(0, len(tokens) - 2))
    stop = draw(st.integers(first + 1, len(tokens)))
    assume(sum(map(len, tokens[first:stop])) >= 12)
    return tokens, first, stop


def places_of(span: Span | None) -> list[tuple[int, int]]:
    return [] if span is None else [(span.start, span.end), *span.others]


@settings(deadline=None)
@given(cuttings())
def test_whole_words_of_a_text_are_found_where_they_stand(cutting):
    tokens, first, stop = cutting
    text, quote = " ".join(tokens), " ".join(tokens[first:stop])
    start = len(" ".join(tokens[:first])) + (first > 0)
    span = locate(quote, text)
    assert span.tier is Tier.EXACT
    assert (start, start + len(quote)) in places_of(span)
    assert all(text[a:b] == quote for a, b in places_of(span))


@settings(deadline=None)
@given(cuttings(), st.data())
def test_a_quote_with_any_one_digit_changed_is_not_found(cutting, data):
    tokens, first, stop = cutting
    text, quote = " ".join(tokens), " ".join(tokens[first:stop])
    digits = [at for at, character in enumerate(quote) if character.isdecimal()]
    assume(digits)
    at = data.draw(st.sampled_from(digits))
    other = data.draw(st.sampled_from([digit for digit in string.digits if digit != quote[at]]))
    changed = quote[:at] + other + quote[at + 1 :]
    assume(changed.casefold() not in text.casefold())
    assert locate(changed, text) is None


@st.composite
def broken(draw, token: str) -> str:
    """A word as typesetting leaves it: perhaps split between two letters or after its own hyphen."""
    ways = [at for at in range(1, len(token)) if token[at - 1].isalpha() and token[at].isalpha()]
    own = [at for at in range(1, len(token)) if token[at - 1] == "-" and token[at - 2 : at - 1].isalnum()]
    at = draw(st.sampled_from([0, *ways, *own]))
    space = draw(st.sampled_from(["\n", " \n", "  \r\n ", "\n\n"]))
    if at in ways:
        return (
            token[:at]
            + draw(st.sampled_from(["-" + space, "\u00ad", "\u00ad" + space, "\ufffe", "\x02"]))
            + token[at:]
        )
    return token[:at] + space + token[at:] if at else token


@settings(deadline=None)
@given(cuttings(), st.data())
def test_typesetting_a_text_anew_never_loses_a_quote(cutting, data):
    tokens, first, stop = cutting
    gaps = st.sampled_from([" ", "  ", "\n", "\r\n", " \n ", "\u00a0", "\u2009", "\n\n"])
    text, start, end = "", 0, 0
    for number, token in enumerate(tokens):
        text += data.draw(gaps) if number else ""
        start = len(text) if number == first else start
        text += data.draw(broken(token))
        end = len(text) if number == stop - 1 else end
    span = locate(" ".join(tokens[first:stop]), text)
    assert (start, end) in places_of(span)
    # and the other way round: a quote that carries its line ends is found in the clean text
    clean = " ".join(tokens)
    begin = len(" ".join(tokens[:first])) + (first > 0)
    length = len(" ".join(tokens[first:stop]))
    assert (begin, begin + length) in places_of(locate(text[start:end], clean))


NASTY = (
    "\ud800\udfff\u0301\u0130\u00df\ufb03\u2026\u00ad\ufffe\x02\u200b\u00b7\u00b2\u00bd\0 -\u2212.,%19anx'\n"
)
ANYTHING = st.text(st.one_of(st.characters(exclude_categories=()), st.sampled_from(NASTY)))


@settings(max_examples=400, deadline=None)
@given(ANYTHING, ANYTHING, ANYTHING, st.sampled_from(["", " ... ", "-\n", " "]))
def test_no_string_makes_it_raise_and_every_span_lies_in_the_text(before, quote, after, joint):
    text = before + quote + joint + after
    for sought in (quote, before, quote + joint + after, quote + "..." + after):
        for start, end in places_of(locate(sought, text)) + [span for span in [hint(sought, text)] if span]:
            assert 0 <= start < end <= len(text)
        assert carries_number(sought, text) in (True, False)


@settings(max_examples=300, deadline=None)
@given(ANYTHING)
def test_every_normal_form_maps_back_in_order(text):
    made = Forms(text)
    for form in (made.exact, made.whitespace, made.typography, made.dehyphenate, made.casefold):
        assert len(form.text) == len(form.starts) == len(form.ends)
        assert list(form.starts) == sorted(form.starts)
        assert list(form.ends) == sorted(form.ends)
        assert all(0 <= start < end <= len(text) for start, end in zip(form.starts, form.ends, strict=True))
    assert len(made.casefold.hyphens) == len(made.casefold.text)


# --- Whole papers ----------------------------------------------------------------------------------------


def test_many_quotes_from_one_paper_normalise_it_once():
    paper = " ".join(f"Sentence {number} of this paper says no-\nthing new." for number in range(5_000))
    assert len(paper) > 200_000
    forms.cache_clear()
    started = time.perf_counter()
    for number in range(0, 5_000, 500):
        assert tier(f"Sentence {number} of this paper says nothing new.", paper) == "dehyphenate"
        assert locate(f"Sentence {number} of this paper says something new.", paper) is None
    assert forms.cache_info().misses == 1
    assert time.perf_counter() - started < 10


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("ab" * 40_000, "ab" * 100_000),
        ("ab " * 30_000, "ab " * 60_000),
        ("patient" + " " * 100_000 + "s x", "patient" + " " * 200_000),
        ("a" + "\u0301\u0323" * 50_000 + " and more", "a" + "\u0323\u0301" * 100_000),
        ("1 " * 50_000, "1" * 200_000),
        ("-" * 100_000 + "a", "-" * 200_000),
        ("\u00ad" * 100_000 + "abcdefghijkl", "\u00ad" * 200_000),
        ("no ... " * 20_000, "no " * 60_000),
        ("enough words here ... " * 2_000, "enough words here " * 10_000),
    ],
    ids=["ab", "words", "spaces", "marks", "digits", "hyphens", "soft hyphens", "dots", "parts"],
)
def test_a_text_made_to_slow_us_down_does_not(quote, text):
    started = time.perf_counter()
    locate(quote, text)
    hint(quote, text)
    carries_number(quote[:2_000], text)
    assert time.perf_counter() - started < 20


# --- Real text out of a PDF ------------------------------------------------------------------------------


@pytest.fixture
def paper(shared) -> str:
    (path,) = shared("abstracts").glob("001*.txt")
    return path.read_text()


def test_sentences_broken_by_line_ends_in_a_real_paper_are_found_whole(paper):
    line_end = re.compile(r"(?<=[a-z])-[ ]?\n(?=[a-z])")
    needed = 0
    for hit in line_end.finditer(paper):
        start = paper.rfind(" ", 0, paper.rfind(" ", 0, hit.start())) + 1
        end = min(paper.index(mark, hit.end() + 12) for mark in " \n")
        quote = " ".join(line_end.sub("", paper[start:end]).split())
        span = locate(quote, paper)
        assert (start, end) in places_of(span), quote
        needed += span.tier is Tier.DEHYPHENATE
    assert needed > 40


def test_a_real_abstract_is_found_sentence_by_sentence_and_no_changed_figure_is(paper):
    abstract = paper[: paper.index("Trial Registration")]
    sentences = re.split(r"(?<=[a-z)\]])\.\s+", abstract)
    figures = 0
    for sentence in sentences:
        clean = " ".join(re.sub(r"(?<=[a-z])-[ ]?\n(?=[a-z])", "", sentence).split()).replace("\u2013", "-")
        assert places_of(locate(clean, paper)), clean
        for at, character in enumerate(clean):
            if character.isdecimal():
                figures += 1
                changed = clean[:at] + str((int(character) + 1) % 10) + clean[at + 1 :]
                assert locate(changed, paper) is None, changed
    assert figures > 50
