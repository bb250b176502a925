"""Agreement of several people: known values, the definitions spelled out, and records left out one at a time."""

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviews.statistics.agreement_of_many import ac1, jackknifed, krippendorff_alpha, many_people
from reviews.statistics.distributions import t_quantile

# Krippendorff's own worked example (nominal; 4 observers, 12 units, gaps): units as answers per category 1 to 5.
# Unit 12 has one answer and does not take part. alpha = 0.743.
KRIPPENDORFF = [
    (3, 0, 0, 0, 0), (0, 3, 1, 0, 0), (0, 0, 4, 0, 0), (0, 0, 4, 0, 0), (0, 4, 0, 0, 0), (1, 1, 1, 1, 0),
    (0, 0, 0, 4, 0), (3, 1, 0, 0, 0), (0, 4, 0, 0, 0), (0, 0, 0, 0, 3), (2, 0, 0, 0, 0),
]  # fmt: skip


def counted(units):
    return {answers: units.count(answers) for answers in units}


def test_alpha_is_that_of_krippendorffs_example():
    assert round(krippendorff_alpha(counted(KRIPPENDORFF)), 3) == 0.743


def test_alpha_is_undefined_where_only_one_answer_was_ever_given():
    assert krippendorff_alpha({(3, 0): 5}) is None
    of = many_people({(3, 0): 5}, 2)
    assert (of.alpha.value, of.observed.value, of.specific[1].value) == (None, 1, None)


def test_nothing_judged_is_undefined_and_not_nought():
    of = many_people({}, 2)
    assert (of.n, of.answers) == (0, 0)
    assert [one.value for one in (of.observed, of.alpha, of.ac1, *of.specific)] == [None] * 5


@pytest.mark.parametrize("wrong", [{(1, 0): 1}, {(1, 1, 0): 1}, {(3, -1): 1}])
def test_a_record_judged_by_one_person_is_an_error(wrong):
    with pytest.raises(ValueError, match="two answers"):
        many_people(wrong, 2)


people = st.lists(st.tuples(*[st.sampled_from("IEM-")] * 4), min_size=2, max_size=12)


def answers_of(rows):
    units = [tuple(row.count(letter) for letter in "IEM") for row in rows]
    return [unit for unit in units if sum(unit) >= 2]


@given(people)
def test_observed_and_specific_agreement_are_parts_of_pairs_of_answers(rows):
    """Counted pair by pair, as they are defined, from what each person said."""
    units = answers_of(rows)
    of = many_people(counted(units), 3)
    pairs = [
        (one, other)
        for row in rows
        for one, other in itertools.permutations([said for said in row if said != "-"], 2)
    ]
    if pairs:
        alike = sum(one == other for one, other in pairs)
        assert of.observed.value == pytest.approx(alike / len(pairs))
    for place, letter in enumerate("IEM"):
        begun = [other for one, other in pairs if one == letter]
        if begun:
            assert of.specific[place].value == pytest.approx(begun.count(letter) / len(begun))
        else:
            assert of.specific[place].value is None


@given(people)
def test_alpha_is_one_less_the_disagreement_over_that_of_chance(rows):
    """From the matrix of coincidences, cell by cell."""
    units = answers_of(rows)
    matrix = {(c, k): 0.0 for c in range(3) for k in range(3)}
    for unit in units:
        for c, k in matrix:
            matrix[c, k] += unit[c] * (unit[k] - (c == k)) / (sum(unit) - 1)
    n_c = [sum(matrix[c, k] for k in range(3)) for c in range(3)]
    total = sum(n_c)
    expected = sum(n_c[c] * n_c[k] for c, k in matrix if c != k)
    alpha = krippendorff_alpha(counted(units)) if units else None
    if expected < 1e-9:
        assert alpha is None
    else:
        apart = sum(of for (c, k), of in matrix.items() if c != k)
        assert alpha == pytest.approx(1 - (total - 1) * apart / expected)


@settings(max_examples=60)
@given(people)
def test_the_jackknife_leaves_out_every_record_once(rows):
    """Against leaving them out one by one, in a list, as the textbook writes it."""
    units = answers_of(rows)
    if len(units) < 2:
        return
    found = jackknifed(krippendorff_alpha, counted(units))
    without = [krippendorff_alpha(counted(units[:i] + units[i + 1 :])) for i in range(len(units))]
    if found.interval is None or found.interval.low == -1 or found.interval.high == 1:
        return
    mean, n = sum(without) / len(without), len(without)
    se = math.sqrt((n - 1) / n * sum((one - mean) ** 2 for one in without))
    half = t_quantile(0.975, n - 1) * se
    assert found.interval.low == pytest.approx(found.value - half)
    assert found.interval.high == pytest.approx(found.value + half)


@given(people, st.permutations([0, 1, 2]))
def test_the_order_of_the_categories_makes_no_difference(rows, order):
    units = answers_of(rows)
    turned = [tuple(unit[k] for k in order) for unit in units]
    one, other = many_people(counted(units), 3), many_people(counted(turned), 3)
    for name in ("observed", "alpha", "ac1"):
        here, there = getattr(one, name), getattr(other, name)
        assert here.value is there.value is None or here.value == pytest.approx(there.value, abs=1e-9)
        assert (here.interval is None) == (there.interval is None)


def test_three_people_have_an_interval_though_no_two_by_two_table():
    of = many_people({(3, 0): 4, (2, 1): 3, (1, 2): 2, (0, 3): 41}, 2)
    assert (of.n, of.answers) == (50, 150)
    assert of.specific[0].value == pytest.approx((4 * 6 + 3 * 2) / (4 * 6 + 3 * 4 + 2 * 2))
    assert of.specific[0].interval.low < of.specific[0].value < of.specific[0].interval.high
    assert of.observed.interval.low < of.observed.value < of.observed.interval.high
    assert of.alpha.interval.low < of.alpha.value < of.alpha.interval.high


def test_ac1_of_full_agreement_is_one():
    assert ac1({(3, 0): 4, (0, 2): 3}).value == 1
