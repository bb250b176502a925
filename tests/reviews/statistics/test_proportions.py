"""Intervals of proportions against published values, against the sums they are defined by, and at the edges."""

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviews.statistics.distributions import beta_quantile, incomplete_beta, normal_quantile, t_quantile
from reviews.statistics.proportions import Interval, clopper_pearson, proportion, shared_part, wilson

# Computed with statsmodels 0.15: x, n, Wilson's bounds, Clopper's and Pearson's.
REFERENCE = [
    (0, 10, 0, 0.277533, 0, 0.308497),
    (10, 10, 0.722467, 1, 0.691503, 1),
    (28, 34, 0.664863, 0.916510, 0.654685, 0.932359),
    (97, 100, 0.915481, 0.989745, 0.914824, 0.993770),
    (29, 30, 0.833296, 0.994091, 0.827831, 0.999156),
    (60, 60, 0.939828, 1, 0.940371, 1),
    (0, 300, 0, 0.012643, 0, 0.012221),
    (1, 1, 0.206549, 1, 0.025, 1),
]


def rounded(interval: Interval | None) -> tuple[float, float]:
    assert interval is not None
    return round(interval.low, 6), round(interval.high, 6)


@pytest.mark.parametrize(("x", "n", "wl", "wh", "cl", "ch"), REFERENCE)
def test_intervals_are_those_of_statsmodels(x, n, wl, wh, cl, ch):
    assert rounded(wilson(x, n)) == (wl, wh)
    assert rounded(clopper_pearson(x, n)) == (cl, ch)


def test_nothing_counted_has_no_interval():
    assert (wilson(0, 0), clopper_pearson(0, 0)) == (None, None)
    assert proportion(0, 0).value is None


@pytest.mark.parametrize(("x", "n", "level"), [(-1, 3, 0.95), (4, 3, 0.95), (1, 3, 0), (1, 3, 1)])
def test_what_is_no_proportion_is_an_error(x, n, level):
    for interval in (wilson, clopper_pearson):
        with pytest.raises(ValueError, match="no interval"):
            interval(x, n, level)


# The number of relevant records without a miss that puts the lower bound at a target: known from the literature.
@pytest.mark.parametrize(("target", "n"), [(0.90, 36), (0.95, 72), (0.99, 368)])
def test_how_many_without_a_miss_show_a_sensitivity(target, n):
    assert clopper_pearson(n, n).low >= target > clopper_pearson(n - 1, n - 1).low


counted = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counted)
def test_an_interval_holds_its_proportion_and_mirrors_that_of_the_rest(count):
    x, n = count
    for interval in (wilson, clopper_pearson):
        here, mirrored = interval(x, n), interval(n - x, n)
        assert 0 <= here.low <= x / n <= here.high <= 1
        assert here.low < here.high
        assert here.low == pytest.approx(1 - mirrored.high, abs=1e-12)


@given(counted)
def test_more_confidence_is_a_wider_interval(count):
    for interval in (wilson, clopper_pearson):
        narrow, wide = interval(*count, 0.8), interval(*count, 0.99)
        assert wide.low <= narrow.low <= narrow.high <= wide.high


@settings(max_examples=40)
@given(st.integers(1, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_exact_interval_leaves_two_and_a_half_percent_on_each_side(count):
    """By the sum of binomial probabilities in exact fractions, which is what the quantile stands for."""
    x, n = count

    def tail(p: float, of: range) -> float:
        q = Fraction(p)
        return float(sum(math.comb(n, i) * q**i * (1 - q) ** (n - i) for i in of))

    exact = clopper_pearson(x, n)
    if x > 0:
        assert tail(exact.low, range(x, n + 1)) == pytest.approx(0.025, abs=1e-10)
    if x < n:
        assert tail(exact.high, range(x + 1)) == pytest.approx(0.025, abs=1e-10)


@given(st.integers(1, 60), st.integers(1, 60), st.floats(0, 1))
def test_the_beta_distribution_of_whole_numbers_is_a_binomial_sum(a, b, x):
    n = a + b - 1
    summed = sum(math.comb(n, i) * x**i * (1 - x) ** (n - i) for i in range(a, n + 1))
    assert incomplete_beta(x, a, b) == pytest.approx(summed, abs=1e-12)


@given(st.floats(0.001, 0.999), st.floats(0.5, 500), st.floats(0.5, 500))
def test_a_quantile_is_the_inverse_of_the_distribution(p, a, b):
    assert incomplete_beta(beta_quantile(p, a, b), a, b) == pytest.approx(p, abs=1e-9)


# From printed tables of the t distribution.
@pytest.mark.parametrize(
    ("freedom", "t"), [(1, 12.7062), (2, 4.3027), (10, 2.2281), (49, 2.0096), (999, 1.9623)]
)
def test_students_t_is_that_of_the_tables(freedom, t):
    assert round(t_quantile(0.975, freedom), 4) == t


def test_students_t_becomes_the_normal():
    assert t_quantile(0.975, 10**6) == pytest.approx(normal_quantile(0.975), abs=1e-5)


@pytest.mark.parametrize("wrong", [(0, 1, 1), (0.5, -1, 1), (0.5, 1, 0), (1.5, 1, 1)])
def test_a_beta_out_of_range_is_an_error(wrong):
    if wrong == (0, 1, 1):
        assert incomplete_beta(*wrong) == 0
    else:
        with pytest.raises(ValueError, match="not defined"):
            incomplete_beta(*wrong)


@given(st.integers(0, 300), st.integers(0, 300))
def test_the_part_that_was_shared_lies_in_its_interval(both, one):
    shared = shared_part(both, one)
    if both + one == 0:
        assert shared.value is None and shared.interval is None
    else:
        assert shared.value == pytest.approx(2 * both / (2 * both + one))
        assert 0 <= shared.interval.low <= shared.value <= shared.interval.high <= 1
