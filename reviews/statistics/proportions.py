"""Intervals of a proportion: x of n. Pure.

Both are given because they answer differently at the edges: Wilson's is close to its level on average, the one of
Clopper and Pearson never has less than its level ("exact"). Neither collapses where x is 0 or n.
"""

import math
from dataclasses import dataclass

from .distributions import beta_quantile, normal_quantile, t_quantile

LEVEL = 0.95
NOTHING = 1e-12  # a variance below this is rounding: the formula has nothing to make an interval of


@dataclass(frozen=True)
class Interval:
    """From `low` to `high`, both belonging to it."""

    low: float
    high: float


@dataclass(frozen=True)
class Estimate:
    """A figure and its interval; None where it is not defined by what was counted (shown as n/a, never as 0)."""

    value: float | None
    interval: Interval | None = None


def wilson(x: int, n: int, level: float = LEVEL) -> Interval | None:
    """Wilson's score interval of x / n, without continuity correction; None where n is 0.

    Wilson EB. Probable inference, the law of succession, and statistical inference. J Am Stat Assoc 1927; 22: 209-212.
    """
    _check(x, n, level)
    if n == 0:
        return None
    z2 = normal_quantile((1 + level) / 2) ** 2
    p = x / n
    middle = p + z2 / (2 * n)
    half = math.sqrt(z2 * (p * (1 - p) / n + z2 / (4 * n * n)))
    # At the edges the bound is the proportion itself; rounding must not move it past.
    low = 0.0 if x == 0 else (middle - half) / (1 + z2 / n)
    high = 1.0 if x == n else (middle + half) / (1 + z2 / n)
    return Interval(low, high)


def clopper_pearson(x: int, n: int, level: float = LEVEL) -> Interval | None:
    """The exact interval of x / n, by quantiles of the beta distribution; None where n is 0.

    Clopper CJ, Pearson ES. The use of confidence or fiducial limits illustrated in the case of the binomial.
    Biometrika 1934; 26: 404-413.
    """
    _check(x, n, level)
    if n == 0:
        return None
    tail = (1 - level) / 2
    low = 0.0 if x == 0 else beta_quantile(tail, x, n - x + 1)
    high = 1.0 if x == n else beta_quantile(1 - tail, x + 1, n - x)
    return Interval(low, high)


def proportion(x: int, n: int, level: float = LEVEL) -> Estimate:
    """x / n with Wilson's interval."""
    return Estimate(x / n if n else None, wilson(x, n, level))


def shared_part(both: int, one: int, level: float = LEVEL) -> Estimate:
    """Of all answers of a category, the part that was shared: 2 both / (2 both + one).

    `both` records were put into it by both people, `one` by one of them only. The figure rises with the proportion
    p = both / (both + one), as 2p / (1 + p); so its interval is Wilson's for p, carried through.
    """
    plain = proportion(both, both + one, level)
    if plain.value is None or plain.interval is None:
        return Estimate(None)
    bounds = Interval(_doubled(plain.interval.low), _doubled(plain.interval.high))
    return Estimate(_doubled(plain.value), bounds)


def around(
    value: float | None, variance: float, n: int, level: float = LEVEL, lowest: float = -1.0
) -> Interval | None:
    """value ± t · SE, with n - 1 degrees of freedom, within `lowest` and 1.

    None where there is no value, fewer than two records, or no variance: a figure of 1 with an interval from 1 to 1
    would claim a certainty that no sample has.
    """
    if value is None or n < 2 or variance < NOTHING:
        return None
    half = t_quantile((1 + level) / 2, n - 1) * math.sqrt(variance)
    return Interval(max(lowest, value - half), min(1.0, value + half))


def _doubled(p: float) -> float:
    return 2 * p / (1 + p)


def _check(x: int, n: int, level: float) -> None:
    if not (0 <= x <= n and 0 < level < 1):
        raise ValueError(f"there is no interval at level {level} for {x} of {n}")
