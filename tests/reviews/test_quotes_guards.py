"""What is refused though it looks alike: other figures, other words, halves of either."""

import pytest

from reviews import quotes
from reviews.normalising import Forms
from reviews.quotes import locate
from tests.reviews.test_quotes import TRIAL, found, tier

# --- Figures ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "quote",
    [
        "n=2",
        "n=20",
        "412 adults (n=20",
        "HbA1c fell by \u22120.5",
        "HbA1c fell by \u22120",
        "Median follow-up was 12",
        "Median follow-up was 12.",
        "months (range, 2.6",
        "16.3); the ratio was",
        "6 months (range, 2.6\u201316.3)",
        "204 people asked, 94% agreed",
        "Of 1,204 people asked, 94",
        "95% CI \u22120.71 to \u22120",
        "0.54 points (95% CI",
        "0.37). Quality of life",
        "% CI \u22120.71 to \u22120.37)",
        "and the count 10",
        "per mm\u00b2. Patients received 1",
        "CI \u22120.71 to \u22120.37). Quality of life did not differ  between the group",
        "omised 412 adults (n=206 per arm)",
    ],
)
def test_half_a_number_or_half_a_word_is_refused_even_where_it_stands_verbatim(quote):
    assert quote in TRIAL
    assert locate(quote, TRIAL) is None


@pytest.mark.parametrize(
    "quote",
    [
        "range, 16.3\u20132.6",
        "follow-up was 12.7 months",
        "follow-up was 126 months",
        "follow-up was 1.26 months",
        "Of 1,204 people asked, 94 agreed",
        "Of 1,204 people asked, 94.0% agreed",
        "Of 1204 people asked, 94% agreed",
        "Of 1.204 people asked, 94% agreed",
        "HbA1c fell by 0.54 points",
        "the ratio was 054 and the count",
        "range, 2.616.3); the ratio",
    ],
)
def test_a_figure_written_with_another_meaning_is_refused(quote):
    assert locate(quote, TRIAL) is None


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("the count 102 per", "so the count 10\u00b2 per unit"),
        ("the count 10\u00b2 per", "so the count 102 per unit"),
        ("received 1.3 mg/m\u00b2 weekly", TRIAL),
        ("received 1.3 mg/m2 weekly", "They received 1.3 mg/m\u00b2 weekly"),
        ("at least 2 \u00d7 10\u2076 cells", "at least 2 \u00d7 106 cells"),
        ("a dose of 11/2 tablets", "a dose of 1\u00bd tablets"),
        ("carbon dioxide CO2 levels", "carbon dioxide CO\u2082 levels"),
    ],
)
def test_superscripts_subscripts_and_fractions_are_never_digits(quote, text):
    """Which of the two the paper printed cannot be known from the text, so a person has to look."""
    assert locate(quote, text) is None


def test_the_normal_forms_keep_apart_what_the_guards_would_have_to_catch():
    """The digit guard refuses these too; each of the two locks must hold without the other."""
    unchanged = "10\u00b2 CO\u2082 1\u00bd \u2488 \u00a8 mg/m\u00b2"
    assert Forms(unchanged).casefold.text == unchanged.casefold()
    assert Forms("\u33a1").typography.text == "m\u00b2"
    assert Forms("11\u00ad29").whitespace.text == "11-29"
    assert Forms("2-\n3 \u22125").casefold.text == "2-3 -5"


def test_a_superscript_quoted_as_it_stands_is_found():
    assert found("the count 10\u00b2 per mm\u00b2") == ("the count 10\u00b2 per mm\u00b2", "exact")
    assert found("the ratio was 0.54 and the count 10\u00b2 per mm\u00b2")[1] == "typography"


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("12 patients were treated", "1\u200b2 patients were treated"),
        ("a range of 1129 days in all", "a range of 11\u00ad29 days in all"),
        ("a dose of 23 mg was given", "a dose of 2-\n3 mg was given"),
        ("a dose of 23 mg was given", "a dose of 2-3 mg was given"),
        ("a change of 5 mmHg or more", "a change of -\n5 mmHg or more"),
        ("a change of 5 mmHg or more", "a change of \u2212\n5 mmHg or more"),
        ("2\u00b710\u2076 cells per ml", "so 2.10\u2076 cells per ml"),
    ],
)
def test_no_step_glues_digits_together_or_eats_a_minus_sign(quote, text):
    assert locate(quote, text) is None


def test_a_range_broken_at_its_dash_keeps_the_dash():
    text = "The median was 5.4 years (range, 2.6\u2013\n16.3) and all had COVID-\n19 before."
    assert found("years (range, 2.6-16.3) and", text) == ("years (range, 2.6\u2013\n16.3) and", "dehyphenate")
    assert found("all had COVID-19 before", text) == ("all had COVID-\n19 before", "dehyphenate")
    assert locate("all had COVID19 before", text) is None


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("204 patients were screened", "In all 1 204 patients were screened"),
        ("204 patients were screened", "In all 1\u202f204 patients were screened"),
        ("we screened in all 1", "There we screened in all 1\u2009204 patients"),
        ("0.54 points lower", "it was \u2212 0.54 points lower"),
        ("0.54 points lower", "it was (- 0.54 points lower)"),
        ("75 years of age were excluded", "Those > 75 years of age were excluded"),
        ("75 years of age were excluded", "Those \u226575 years of age were excluded"),
        ("05 was called significant", "p=.05 was called significant"),
        ("the threshold was 0.5", "the threshold was 0.5 \u00d7 10\u2079/L"),
        ("10\u2079 cells per litre", "at 0.5 \u00d7 10\u2079 cells per litre"),
        ("it was achieved by 94", "it was achieved by 94 % of them"),
        ("17 patients had engrafted", "ratio 3/17 patients had engrafted"),
        ("15 days or more in all", "It took 3\u201415 days or more in all"),
        ("It took a further 3", "It took a further 3\u201415 days or more"),
        ("0.54 points lower", "it was -0.54 points lower"),
        ("0.54 points lower", "it was <= 0.54 points lower"),
    ],
)
def test_the_sign_the_bound_the_unit_and_the_group_belong_to_the_number(quote, text):
    assert locate(quote, text) is None


# --- Words -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "quote",
    [
        "Quality of life did differ between the groups",
        "We have not randomised 412 adults",
        "It did matter whether first doses were",
        "It did not matter whether first doses were",
        "randomised centres, and CD34+ cells",
        "centres, and CD34",
        "Nonrandomised centres, and CD34+ cells",
        "placebo or dapagliflozin",
        "Quality of life did not differ between the groupsof",
    ],
)
def test_a_dropped_added_or_moved_word_is_refused(quote):
    assert locate(quote, TRIAL) is None


@pytest.mark.parametrize("text", ["a non-\nrandomised trial in Ghent", "a non- randomised trial in Ghent"])
def test_a_negating_prefix_is_not_lost_at_the_end_of_a_line(text):
    assert locate("randomised trial in Ghent", text) is None
    assert found("non-randomised trial in Ghent", text) == (text[2:], "dehyphenate")
    assert found("nonrandomised trial in Ghent", text) == (text[2:], "dehyphenate")


def test_a_hard_hyphen_is_part_of_the_word():
    text = "The un-ionised fraction was measured twice"
    assert locate("The unionised fraction was measured", text) is None
    assert tier("The un-ionised fraction was measured", text) == "exact"


def test_half_a_word_at_the_end_of_a_line_is_refused():
    text = "This was for eligi-\nble patients and for autolo-  \n  gous transplants in Lyon"
    assert locate("ble patients and for", text) is None
    assert locate("This was for eligi", text) is None
    assert locate("This was for eligi-", text) is None
    assert locate("gous transplants in Lyon", text) is None
    assert tier("This was for eligible patients and for autologous transplants", text) == "dehyphenate"


def test_an_apostrophe_does_not_end_a_word():
    text = "The outcome didn't change in the patients' homes, nor at the nurse's desk"
    assert locate("The outcome didn", text) is None
    assert locate("in the patients' homes, nor at the nurse", text) is None
    assert tier("in the patients' homes, nor at", text) == "exact"
    assert locate("homme malade de Paris", "l\u2019homme malade de Paris") is None


def test_the_negation_guard_stands_on_its_own():
    assert quotes._changes_meaning("they did differ", "they did not differ")
    assert quotes._changes_meaning("an inferior arm", "a non-inferior arm")
    assert quotes._changes_meaning("it did matter", "it didn\u2019t matter")
    assert quotes._changes_meaning("412 adults", "421 adults")
    assert not quotes._changes_meaning("a non-inferior, notable arm", "a non-\ninferior, no-\ntable arm")
    assert not quotes._changes_meaning("is not-for-profit", "is not-\nfor-profit")


def test_a_word_that_a_line_end_only_seems_to_negate_is_not_a_negation():
    text = "There was no-\ntable improvement in walking"
    assert tier("There was notable improvement in walking", text) == "dehyphenate"
    assert locate("There was no table improvement in walking", text) is None
