"""How far any number of people agree, each record judged by two or more of them. Pure.

What they said is given as `Units`: how many records have which answers, where the answers of a record are the
number of people who gave each category, such as (2, 1) for two includes and one exclude. Who gave them does not
matter here, so records judged by different people stand together. Formulas with their sources: docs/agreement.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from .proportions import LEVEL, Estimate, around, proportion, shared_part

Units = Mapping[tuple[int, ...], int]


@dataclass(frozen=True)
class AgreementOfMany:
    """What the answers of two or more people on each of `n` records tell; `answers` counts them all.

    `observed` is the part of all pairs of answers to the same record that agree, `specific` the same for each
    category, `alpha` Krippendorff's (nominal), `ac1` Gwet's.
    """

    n: int
    answers: int
    observed: Estimate
    alpha: Estimate
    ac1: Estimate
    specific: tuple[Estimate, ...]


def many_people(units: Units, categories: int, level: float = LEVEL) -> AgreementOfMany:
    """Every figure of these records.

    Where every record has two answers, intervals of proportions are Wilson's; where some have more, their pairs
    are not independent, and the interval comes from leaving out one record at a time (the jackknife).

    Raises:
        ValueError: a record with fewer than two answers, or not `categories` of them to choose from.
    """
    units = {answers: n for answers, n in units.items() if n}
    if categories < 2 or any(len(a) != categories or sum(a) < 2 or min(a) < 0 for a in units):
        raise ValueError("every record needs two answers or more, among at least two categories")
    in_pairs = all(sum(answers) == 2 for answers in units)
    return AgreementOfMany(
        n=sum(units.values()),
        answers=sum(sum(answers) * n for answers, n in units.items()),
        observed=_observed_in_pairs(units, level) if in_pairs else jackknifed(_observed, units, level, 0.0),
        alpha=jackknifed(krippendorff_alpha, units, level),
        ac1=ac1(units, level),
        specific=tuple(
            _specific_in_pairs(units, k, level)
            if in_pairs
            else jackknifed(partial(_specific, k), units, level, 0.0)
            for k in range(categories)
        ),
    )


def krippendorff_alpha(units: Units) -> float | None:
    """Krippendorff's alpha for categories without an order; None where only one category was ever used.

    1 - observed disagreement / expected disagreement, from the matrix of coincidences: within a record of m answers
    each pair counts 1 / (m - 1). Krippendorff K. Content Analysis, chapter on reliability; the same as in
    Hayes AF, Krippendorff K. Commun Methods Meas 2007; 1: 77-89.
    """
    total = sum(sum(answers) * n for answers, n in units.items())
    width = len(next(iter(units), ()))
    given = [sum(answers[k] * n for answers, n in units.items()) for k in range(width)]
    by_chance = total * total - sum(g * g for g in given)
    if by_chance == 0:
        return None
    apart = sum(_pairs_apart(answers) / (sum(answers) - 1) * n for answers, n in units.items())
    return 1 - (total - 1) * apart / by_chance


def ac1(units: Units, level: float = LEVEL) -> Estimate:
    """Gwet's AC1 with its interval; None where there are no records.

    Gwet KL. Computing inter-rater reliability and its variance in the presence of high agreement. Br J Math Stat
    Psychol 2008; 61: 29-48; the variance by record, as in Gwet's Handbook of Inter-Rater Reliability and in irrCAC.
    """
    units = {answers: n for answers, n in units.items() if n}
    n = sum(units.values())
    if n == 0:
        return Estimate(None)
    k = len(next(iter(units)))
    shares = [sum(a[q] / sum(a) * times for a, times in units.items()) / n for q in range(k)]
    by_chance = sum(share * (1 - share) for share in shares) / (k - 1)
    observed = sum(_agreeing(answers) * times for answers, times in units.items()) / n
    # by_chance is at most 1 / k, so this is never a division by 0
    value = (observed - by_chance) / (1 - by_chance)
    squares = 0.0
    for answers, times in units.items():
        here = (_agreeing(answers) - by_chance) / (1 - by_chance)
        chance_here = sum(a * (1 - share) for a, share in zip(answers, shares, strict=True)) / sum(answers)
        shift = 2 * (1 - value) * (chance_here / (k - 1) - by_chance) / (1 - by_chance)
        squares += times * (here - shift - value) ** 2
    variance = squares / (n * (n - 1)) if n > 1 else 0.0
    return Estimate(value, around(value, variance, n, level))


def jackknifed(
    figure: Callable[[Units], float | None], units: Units, level: float = LEVEL, lowest: float = -1.0
) -> Estimate:
    """`figure` of the records, with an interval from leaving out one record at a time.

    Records with the same answers are the same to leave out, so it is computed once for each kind of them. Efron B,
    Tibshirani RJ. An Introduction to the Bootstrap, chapter 11. No interval where the figure is not defined without
    one of the records. `lowest` is the least the figure can be.
    """
    value = figure(units) if units else None
    n = sum(units.values())
    if value is None or n < 2:
        return Estimate(value)
    without = [(figure({**units, answers: times - 1}), times) for answers, times in units.items()]
    defined = [(one, times) for one, times in without if one is not None]
    if len(defined) < len(without):
        return Estimate(value)
    mean = sum(one * times for one, times in defined) / n
    variance = (n - 1) / n * sum(times * (one - mean) ** 2 for one, times in defined)
    return Estimate(value, around(value, variance, n, level, lowest))


def _pairs_apart(answers: tuple[int, ...]) -> int:
    """Ordered pairs of answers to one record that differ."""
    m = sum(answers)
    return m * m - sum(a * a for a in answers)


def _pairs_alike(answers: tuple[int, ...]) -> int:
    return sum(a * (a - 1) for a in answers)


def _agreeing(answers: tuple[int, ...]) -> float:
    """The part of the pairs of answers to one record that agree."""
    m = sum(answers)
    return _pairs_alike(answers) / (m * (m - 1))


def _observed(units: Units) -> float | None:
    """Of all pairs of answers to the same record, the part that agree (Uebersax, see docs/agreement.md)."""
    pairs = sum(sum(a) * (sum(a) - 1) * times for a, times in units.items())
    return sum(_pairs_alike(a) * times for a, times in units.items()) / pairs if pairs else None


def _specific(k: int, units: Units) -> float | None:
    """Of all pairs that begin with an answer of category `k`, the part whose other answer is the same."""
    pairs = sum(a[k] * (sum(a) - 1) * times for a, times in units.items())
    return sum(a[k] * (a[k] - 1) * times for a, times in units.items()) / pairs if pairs else None


def _observed_in_pairs(units: Units, level: float) -> Estimate:
    agreed = sum(times for answers, times in units.items() if 2 in answers)
    return proportion(agreed, sum(units.values()), level)


def _specific_in_pairs(units: Units, k: int, level: float) -> Estimate:
    both = sum(times for answers, times in units.items() if answers[k] == 2)
    one = sum(times for answers, times in units.items() if answers[k] == 1)
    return shared_part(both, one, level)
