"""Agreement of two people against values computed with other programs, and what must hold for any table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.statistics.agreement import two_people
from reviews.statistics.agreement_of_many import many_people

# Kappa checked with scikit-learn 1.9.1, AC1 with irrCAC 0.4.4:
# (a, b, c, d): observed, kappa, SE(kappa), PABAK, AC1, positive, negative
REFERENCE = {
    (20, 5, 10, 15): (0.70, 0.400000, 0.126996, 0.40, 0.405941, 0.727273, 0.666667),
    (40, 9, 6, 45): (0.85, 0.699519, 0.071394, 0.70, 0.700748, 0.842105, 0.857143),
    (80, 10, 5, 5): (0.85, 0.318182, 0.133457, 0.70, 0.808000, 0.914286, 0.400000),
    (45, 15, 25, 15): (0.60, 0.130435, 0.098662, 0.20, 0.266055, 0.692308, 0.428571),
    (118, 5, 2, 0): (0.944, -0.023392, 0.012287, 0.888, 0.940776, 0.971193, 0),
    (28, 9, 6, 957): (0.985, 0.780971, 0.054928, 0.97, 0.983897, 0.788732, 0.992224),
}


def table(a, b, c, d):
    return [[a, b], [c, d]]


def six(value):
    return None if value is None else round(value, 6) + 0.0


def bounds(estimate):
    return None if estimate.interval is None else (six(estimate.interval.low), six(estimate.interval.high))


@pytest.mark.parametrize("cells", REFERENCE, ids=str)
def test_figures_are_those_of_other_programs(cells):
    of = two_people(table(*cells))
    found = (of.observed.value, of.kappa.value, of.kappa_se, of.pabak.value, of.ac1.value)
    assert tuple(map(six, (*found, of.specific[0].value, of.specific[1].value))) == REFERENCE[cells]


def test_intervals_are_those_of_irrcac():
    assert bounds(two_people(table(20, 5, 10, 15)).ac1) == (0.141736, 0.670146)
    realistic = two_people(table(28, 9, 6, 957))
    assert bounds(realistic.ac1) == (0.975675, 0.992120)
    assert bounds(realistic.kappa) == (0.673129, 0.888813)


def test_prevalence_and_bias_are_differences_of_cells():
    of = two_people(table(28, 9, 6, 957))
    assert (of.prevalence, of.bias) == ((28 - 957) / 1000, (9 - 6) / 1000)


def test_three_categories_are_judged_as_three():
    """Worked by hand: 100 records, diagonal 60, margins 50-30-20 and 45-35-20."""
    of = two_people([[35, 10, 5], [7, 18, 5], [3, 7, 10]])
    expected = (50 * 45 + 30 * 35 + 20 * 20) / 10_000
    assert of.kappa.value == pytest.approx((0.63 - expected) / (1 - expected))
    assert of.pabak.value == pytest.approx((3 * 0.63 - 1) / 2)
    assert [six(one.value) for one in of.specific] == [six(70 / 95), six(36 / 65), 0.5]
    assert (of.prevalence, of.bias) == (None, None)


def test_nothing_judged_is_undefined_and_not_nought():
    of = two_people(table(0, 0, 0, 0))
    assert of.n == 0
    undefined = (of.observed, of.kappa, of.pabak, of.ac1, *of.specific)
    assert [(one.value, one.interval) for one in undefined] == [(None, None)] * 6
    assert (of.kappa_se, of.prevalence, of.bias) == (None, None, None)


@pytest.mark.parametrize("cells", [(7, 0, 0, 0), (0, 0, 0, 7)])
def test_kappa_is_undefined_where_both_said_only_one_thing(cells):
    of = two_people(table(*cells))
    assert (of.kappa.value, of.kappa.interval, of.kappa_se) == (None, None, None)
    assert of.observed.value == 1
    assert of.ac1.value == 1
    assert sorted(map(six, (one.value for one in of.specific if one.value is not None))) == [1]


def test_full_agreement_claims_no_certainty():
    of = two_people(table(12, 0, 0, 8))
    assert (of.kappa.value, of.kappa.interval) == (1, None)
    assert (of.ac1.value, of.ac1.interval) == (1, None)
    assert of.observed.interval.low < 0.9


def test_one_record_has_no_interval_that_needs_two():
    of = two_people(table(0, 1, 0, 0))
    assert (of.kappa.value, of.kappa.interval, of.ac1.interval) == (0, None, None)


@pytest.mark.parametrize("wrong", [[[1]], [[1, 2], [3]], [[1, -1], [0, 2]], []])
def test_what_is_no_table_is_an_error(wrong):
    with pytest.raises(ValueError, match="square"):
        two_people(wrong)


cell = st.integers(0, 60)
two_by_two = st.tuples(cell, cell, cell, cell).map(lambda c: table(*c))
squares = st.integers(2, 4).flatmap(
    lambda k: st.lists(st.lists(cell, min_size=k, max_size=k), min_size=k, max_size=k)
)


def figures(of):
    return [of.observed, of.kappa, of.pabak, of.ac1, *of.specific]


def close(one, other):
    return one is other is None or one == pytest.approx(other, abs=1e-9)


def same(one, other):
    return close(one.value, other.value) and (
        one.interval is other.interval is None
        or (close(one.interval.low, other.interval.low) and close(one.interval.high, other.interval.high))
    )


@given(squares)
def test_who_comes_first_makes_no_difference(cells):
    one, other = two_people(cells), two_people(list(zip(*cells, strict=True)))
    assert all(same(a, b) for a, b in zip(figures(one), figures(other), strict=True))
    assert close(one.kappa_se, other.kappa_se)
    assert one.bias is None or close(one.bias, -other.bias)
    assert close(one.prevalence, other.prevalence)


@given(squares, st.randoms(use_true_random=False))
def test_the_order_of_the_categories_makes_no_difference(cells, dice):
    order = list(range(len(cells)))
    dice.shuffle(order)
    one, other = two_people(cells), two_people([[cells[i][j] for j in order] for i in order])
    assert all(same(a, b) for a, b in zip(figures(one)[:4], figures(other)[:4], strict=True))
    assert all(same(one.specific[i], other.specific[place]) for place, i in enumerate(order))


@given(squares)
def test_every_figure_stays_within_its_bounds_and_inside_its_interval(cells):
    of = two_people(cells)
    k = len(cells)
    lowest = [0, -1, -1 / (k - 1), -1 / (k - 1), *([0] * k)]
    for figure, low in zip(figures(of), lowest, strict=True):
        if figure.value is not None:
            assert low - 1e-9 <= figure.value <= 1 + 1e-9
        if figure.interval is not None:
            assert figure.interval.low - 1e-9 <= figure.value <= figure.interval.high + 1e-9
            assert figure.interval.low >= -1 and figure.interval.high <= 1


@given(two_by_two)
def test_agreement_by_chance_is_nought_only_where_it_is(cells):
    """Kappa has the sign of what is beyond chance: n · agreed against the products of the margins."""
    of = two_people(cells)
    (a, b), (c, d) = cells
    beyond = (a + b + c + d) * (a + d) - (a + b) * (a + c) - (c + d) * (b + d)
    if of.kappa.value is not None:
        assert (of.kappa.value > 0) == (beyond > 0)
        assert (of.kappa.value == 0) == (beyond == 0)


@given(two_by_two)
def test_two_people_are_the_smallest_case_of_many(cells):
    (a, b), (c, d) = cells
    pair, many = two_people(cells), many_people({(2, 0): a, (1, 1): b + c, (0, 2): d}, 2)
    assert many.n == pair.n and many.answers == 2 * pair.n
    assert same(many.observed, pair.observed)
    assert same(many.ac1, pair.ac1)
    assert all(same(x, y) for x, y in zip(many.specific, pair.specific, strict=True))
