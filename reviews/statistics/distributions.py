"""Quantiles of the distributions that intervals are made of: normal, beta, Student's t.

The regularised incomplete beta function is computed by its continued fraction (Press et al., Numerical Recipes,
3rd edition, section 6.4; NIST DLMF 8.17.22), evaluated by Lentz's method, and inverted by bisection.
"""

import math
from functools import lru_cache
from statistics import NormalDist

_TINY = 1e-300
_EPSILON = 1e-15
_TERMS = 100_000  # the fraction needs about the square root of the larger parameter


def normal_quantile(p: float) -> float:
    """The z below which a standard normal variable lies with probability `p`, 0 < p < 1."""
    return NormalDist().inv_cdf(p)


def incomplete_beta(x: float, a: float, b: float) -> float:
    """The probability that a Beta(a, b) variable is at most `x`; a and b above 0, 0 <= x <= 1.

    Raises:
        ValueError: a parameter out of its range.
    """
    if not (a > 0 and b > 0 and 0 <= x <= 1):
        raise ValueError(f"incomplete_beta({x}, {a}, {b}) is not defined")
    if x in (0, 1):
        return float(x)
    logarithm = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    front = math.exp(logarithm)
    # The fraction converges quickly on this side of the mean only; the other side is its mirror.
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(1 - x, b, a) / b


def beta_quantile(p: float, a: float, b: float) -> float:
    """The x below which a Beta(a, b) variable lies with probability `p`, 0 <= p <= 1."""
    low, high = 0.0, 1.0
    while (middle := (low + high) / 2) not in (low, high):
        if incomplete_beta(middle, a, b) < p:
            low = middle
        else:
            high = middle
    return high if p > 0 else 0.0


@lru_cache(maxsize=1024)
def t_quantile(p: float, freedom: int) -> float:
    """The t below which Student's variable with `freedom` degrees of freedom lies with probability `p`, 0.5 <= p < 1.

    By way of the beta distribution: freedom / (freedom + t²) is Beta(freedom / 2, 1 / 2) (NIST DLMF 8.17).
    """
    if freedom < 1 or not 0.5 <= p < 1:
        raise ValueError(f"t_quantile({p}, {freedom}) is not defined")
    x = beta_quantile(2 * (1 - p), freedom / 2, 0.5)
    return math.sqrt(freedom * (1 - x) / x)


def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of the incomplete beta function, by the modified method of Lentz."""
    c, d = 1.0, 1 / _not_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _TERMS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _not_zero(1 + term * d)
            c = _not_zero(1 + term / c)
            value *= c * d
        if abs(c * d - 1) < _EPSILON:
            return value
    raise ArithmeticError(f"the fraction of incomplete_beta({x}, {a}, {b}) did not converge")


def _not_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
