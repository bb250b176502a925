"""Quotes are found where they stand, and nothing that merely looks alike is ever called found."""

import pytest

from reviews.quotes import Span, Tier, hint, locate

TRIAL = (
    "We randomised 412 adults (n=206 per arm) to dapagli-\nflozin or placebo. HbA1c fell by "
    "\u22120.54 points (95% CI \u22120.71 to \u22120.37). Quality of life did not differ  between the "
    "groups. It didn\u2019t matter whether \ufb01rst doses were \u201cmissed\u201d. Of 1,204 people asked, "
    "94% agreed. Median follow-up was 12.6 months (range, 2.6\u201316.3); the ratio was 0\u00b754 and the "
    "count 10\u00b2 per mm\u00b2. Patients received 1.3 mg/m2 weekly. Non-randomised centres, and CD34+ "
    "cells, were left out."
)


def found(quote: str, text: str = TRIAL) -> tuple[str, str] | None:
    """What was matched and how, or None."""
    span = locate(quote, text)
    return span and (text[span.start : span.end], span.tier.value)


def tier(quote: str, text: str) -> str | None:
    span = locate(quote, text)
    return span and span.tier.value


# --- The probes of the field: what other tools wave through ---------------------------------------------


def test_a_verbatim_quote_is_exact_and_its_offsets_are_code_points():
    text = "\U0001d4dc \u00e9t\u00e9 " + TRIAL
    span = locate("We randomised 412 adults", text)
    assert span == Span(6, 30, Tier.EXACT)
    assert text[span.start : span.end] == "We randomised 412 adults"


def test_a_word_broken_at_the_end_of_a_line_is_found_whole():
    assert found("to dapagliflozin or placebo") == ("to dapagli-\nflozin or placebo", "dehyphenate")


def test_a_true_minus_sign_and_a_double_space_do_not_matter():
    assert found("HbA1c fell by -0.54  points") == ("HbA1c fell by \u22120.54 points", "typography")
    assert found("life did not differ between the groups") == (
        "life did not differ  between the groups",
        "whitespace",
    )


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("HbA1c fell by \u22120.45 points", TRIAL),
        ("We randomised 421 adults", TRIAL),
        ("Quality of life did differ  between the groups", TRIAL),
        ("A fabricated sentence about quite another trial", TRIAL),
        ("n=216", TRIAL),
    ],
    ids=["wrong number", "wrong n", "negation dropped", "fabricated", "n=216 for n=206"],
)
def test_the_errors_other_tools_repair_or_accept_are_refused(quote, text):
    assert locate(quote, text) is None


# --- Enough to prove something ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "quote", ["", " \n", "placebo", "412", "We", "...", "\u2026", "(", "- - - - - - - -" * 3]
)
def test_a_quote_that_says_too_little_is_refused(quote):
    assert locate(quote, TRIAL + " (412) - - - - - - - -" * 3) is None


@pytest.mark.parametrize("quote", ["n=206", "412 adults", "12.6 months", "94%", "Of 1,204"])
def test_a_short_quote_with_a_number_and_its_unit_or_label_is_enough(quote):
    assert found(quote) == (quote, "exact")


# --- Typography, white space, case -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quote", "text", "expected"),
    [
        ('doses were "missed" at first', "doses were \u201cmissed\u201d at first", "typography"),
        ("it didn't change at all", "it didn\u2019t change at all", "typography"),
        ("a \ufb02uid \ufb01rst of\ufb01cial", "a fluid first official", "typography"),
        ("age \u2265 18 years at entry", "age >= 18 years at entry", "typography"),
        ("caf\u00e9 staff in Malm\u00f6", "cafe\u0301 staff in Malmo\u0308", "typography"),
        ("the mean \U0001d45d value was low", "the mean p value was low", "typography"),
        ("5 \u00b5g of \u212bngstr\u00f6m", "5 \u03bcg of \u00c5ngstr\u00f6m", "typography"),
        ("\uff11\uff12 patients\uff0c treated", "12 patients, treated", "typography"),
        ("and so on... until then", "and so on\u2026 until then", "typography"),
        ("one\u2010year \u2012 and \u2014 more", "one-year - and - more", "typography"),
        ("for 12\u00a0months in all", "for 12 months in all", "whitespace"),
        ("for\ttwelve\r\n months", "for twelve months", "whitespace"),
        ("co\u00adoperation began", "cooperation began", "whitespace"),
        ("zero\u200bwidth charac\u2060ters", "zerowidth characters", "whitespace"),
        ("auto\u00ad\nlogous grafting", "autologous grafting", "whitespace"),
        ("autol-\nogous grafting", "autologous grafting", "dehyphenate"),
        ("autol-\nogous grafting", "au-  \n tologous grafting", "dehyphenate"),
        ("auto\u00adlogous grafting", "auto-logous grafting", "dehyphenate"),
        ("granulocyte-colony factor", "granulocyte- colony factor", "dehyphenate"),
        ("THE MAIN OUTCOME WAS DEATH", "The main outcome was death", "casefold"),
        ("gro\u00dfe stra\u00dfe in Bern", "GROSSE STRASSE IN BERN", "casefold"),
        ("\u0130stanbul cohort, 2015", "i\u0307stanbul COHORT, 2015", "casefold"),
        ("The AUTOL-\nogous \ufb01nal graft", "the autolo-\ngous final graft", "casefold"),
    ],
)
def test_what_does_not_change_the_words_is_overlooked_in_both_directions(quote, text, expected):
    for one, other in [(quote, text), (text, quote)]:
        around = f"Before it. {other} (after it)"
        span = locate(one, around)
        assert span == Span(11, 11 + len(other), Tier(expected))


def test_offsets_stay_true_where_folding_changes_the_length():
    text = "\ufb03 \u00df\u0130 \u2026 e\u0301\u00ad\u200b  then THE STRA\u00dfE was final"
    span = locate("the strasse was \ufb01nal", text)
    assert text[span.start : span.end] == "THE STRA\u00dfE was final"


def test_half_a_ligature_is_half_a_word():
    assert locate("nal outcome of the trial", "\ufb01nal outcome of the trial") is None
    assert locate("inal outcome of the trial", "\ufb01nal outcome of the trial") is None
    assert locate("the last word was of", "the last word was o\ufb00") is None


def test_an_accent_belongs_to_its_letter():
    assert locate("the staff of the cafe", "the staff of the cafe\u0301 was asked") is None


def test_the_hyphens_pdfium_swallows_are_given_back():
    text = "for eligi\ufffeble adults, prolif\x02eration after COVID\ufffe19 in non\ufffecontrolled studies"
    assert (
        tier("for eligible adults, proliferation after COVID-19 in non-controlled studies", text)
        == "dehyphenate"
    )
    assert (
        tier("for eligible adults, proliferation after COVID-19 in noncontrolled studies", text)
        == "dehyphenate"
    )
    assert locate("controlled studies", text) is None
    assert locate("ble adults, proliferation", text) is None


def test_scripts_without_spaces_have_no_half_words():
    text = (
        "\u60a3\u8005\u306f\u4e8c\u5341\u516b\u4eba\u3067\u3001"
        "\u7121\u4f5c\u70ba\u306b\u5272\u308a\u4ed8\u3051\u3089\u308c\u305f"
    )
    assert found(text[2:16], text) == (text[2:16], "exact")
    assert locate("2\u4eba\u306e\u60a3\u8005", "\u5408\u8a0812\u4eba\u306e\u60a3\u8005") is None


# --- Several places --------------------------------------------------------------------------------------


def test_every_place_of_a_quote_is_kept_and_called_ambiguous():
    text = "No patient had died. At last follow-up no patient had died. Again no patient had died."
    span = locate("patient had died", text)
    assert span == Span(3, 19, Tier.EXACT, ((42, 58), (69, 85)))
    assert span.ambiguous
    assert not locate("At last follow-up no patient", text).ambiguous


def test_a_line_end_in_one_of_two_places_does_not_make_the_quote_unique():
    text = "Then the mor-\ntality rate fell. THE mortality rate fell."
    span = locate("the mortality rate fell", text)
    assert (span.start, span.end, span.tier) == (5, 30, Tier.DEHYPHENATE)
    assert span.others == ((32, 55),)


def test_a_refused_place_does_not_hide_a_good_one():
    text = "There were n=2060 then, and n=206 now"
    assert locate("n=206", text) == Span(28, 33, Tier.EXACT)


# --- Ellipses --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "gap", ["...", "\u2026", " ... ", "[...]", " [\u2026] ", "(...)", " . . . ", "....."]
)
def test_a_quote_with_an_ellipsis_spans_from_its_first_part_to_its_last(gap):
    quote = f"We randomised 412 adults{gap}to dapagliflozin or placebo{gap}hba1c FELL by -0.54 points"
    assert found(quote) == (TRIAL[: TRIAL.index(" (95% CI")], "ellipsis")


def test_an_ellipsis_before_or_after_the_quote_is_allowed():
    assert found("...We randomised 412 adults...") == ("We randomised 412 adults", "ellipsis")


@pytest.mark.parametrize(
    "quote",
    [
        "to dapagliflozin or placebo ... We randomised 412 adults",
        "We randomised 421 adults ... to dapagliflozin or placebo",
        "We randomised 412 adults ... to dapagliflozin or plac",
        "We randomised 412 adults ... or",
        "We randomised 412 adults ... 206",
        "Quality of life did ... differ between the groups",
        "We randomised 412 adults ... We randomised 412 adults",
    ],
    ids=["order", "number", "half a word", "too little", "bare number", "negation", "the same place twice"],
)
def test_an_ellipsis_does_not_weaken_the_guards(quote):
    assert locate(quote, TRIAL) is None


def test_parts_far_from_each_other_are_not_one_quote():
    first, last = "The first arm was small", "the second arm was large"
    assert tier(f"{first} ... {last}", f"{first} {'and so on ' * 30} {last}") == "ellipsis"
    assert locate(f"{first} ... {last}", f"{first} {'and so on ' * 300} {last}") is None


def test_an_ellipsis_starts_from_the_place_that_leads_on():
    first, last = "The first arm was small", "the second arm was large"
    text = f"{first}. {'Other matters. ' * 60} {first}. Then {last}."
    span = locate(f"{first} ... {last}", text)
    assert (span.start, span.others) == (text.rindex(first), ())


# --- Hints -----------------------------------------------------------------------------------------------


def test_a_hint_shows_the_nearest_place_in_whole_words_but_is_no_proof():
    quote = "HbA1c fell by -0.45 points"
    start, end = hint(quote, TRIAL)
    assert TRIAL[start:end] == "HbA1c fell by \u22120.54 points"
    assert locate(quote, TRIAL) is None


def test_there_is_no_hint_for_what_is_nowhere_near():
    assert hint("xylophone quartz jukebox", TRIAL) is None
    assert hint("", TRIAL) is None
    assert hint("anything at all", "") is None
