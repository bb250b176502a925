"""The number in a value must stand in its quote, however either of them writes it."""

import pytest

from reviews.figures import carries_number as carries_number_itself
from reviews.quotes import carries_number


@pytest.mark.parametrize(
    ("value", "quote"),
    [
        ("28", "twenty-eight patients"),
        ("twenty-eight", "28 patients"),
        ("28", "Twenty-\neight patients"),
        ("128", "one hundred and twenty-eight"),
        ("2105", "two thousand one hundred and five"),
        ("100", "a hundred adults"),
        ("28%", "28 % of them"),
        ("28%", "twenty-eight percent"),
        ("28 percent", "28% of them"),
        ("28", "28% of them"),
        ("84%", "95% CI 84\u2013100%"),
        ("77%", "male, n (%) 10 (77)"),
        ("1204", "1,204 people"),
        ("1204", "1\u202f204 people"),
        ("1 204", "1204 people"),
        ("1,204,000.5", "1.204.000,5 people"),
        ("12.6", "12,6 months"),
        ("0.54", "0\u00b754"),
        (".54", "0.540"),
        ("-0.54", "fell by \u22120.54 points"),
        ("-0.54", "95% CI \u2212 0.54 to 0.2"),
        ("\u22120.54 (\u22120.71 to \u22120.37)", "-0.54 (95% CI -0.71, -0.37)"),
        ("2.6-16.3", "(range, 2.6\u201316.3)"),
        ("17/23", "17 of 23"),
        ("206", "n=206"),
        ("12mg", "12 mg"),
        ("200 mg/m2", "200 mg/m\u00b2"),
        ("5x10^9", "0.5 to 5 \u00d7 10\u2079/L"),
        ("1.5e-5", "p=1.5E-05"),
        ("CD34", "CD34+ cells"),
        ("1\u00bd tablets", "1\u00bd tablets a day"),
        ("\u0661\u0662", "12 months"),
        ("male", "all were men"),
        ("", ""),
    ],
)
def test_a_number_is_carried_however_it_is_written(value, quote):
    assert carries_number(value, quote)


@pytest.mark.parametrize(
    ("value", "quote"),
    [
        ("28", "82 patients"),
        ("28", "128 patients"),
        ("28", "28.5 months"),
        ("28", "0.28"),
        ("28%", "28 patients"),
        ("28%", "28 patients, 94% of all"),
        ("28", "twenty patients and eight nurses"),
        ("28", ""),
        ("0.54", "fell by \u22120.54 points"),
        ("-0.54", "fell by 0.54 points"),
        ("-16.3", "(range, 2.6\u201316.3)"),
        ("1204", "1.204 mg"),
        ("1.204", "1,204 people"),
        ("10", "10\u00b2 cells"),
        ("102", "10\u00b2 cells"),
        ("5x10^9", "5 \u00d7 109/L"),
        ("34", "CD34+ cells"),
        ("19", "during COVID-19"),
        ("2", "200 mg/m2"),
        ("1", "1\u00bd tablets"),
        ("\u00bd", "1 tablet"),
        ("17 of 17", "17 of 23"),
        ("3", "10\u207b\u00b3 per ml"),
        ("CD34", "34 cells"),
        ("1", "someone else"),
    ],
)
def test_a_number_that_is_not_there_is_not_carried(value, quote):
    assert not carries_number(value, quote)


def test_the_public_module_offers_the_reader_of_figures():
    assert carries_number is carries_number_itself
