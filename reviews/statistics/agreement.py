"""How far two people agree, beyond chance and without it: figures of one k by k table of counts. Pure.

The table's rows are one person's answers, its columns the other's, in the same order of categories; the first
category is the positive one. Every figure that the counts do not define is None. For more than two people, or
people who judged different records: agreement_of_many.py. Formulas with their sources: docs/agreement.md.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .agreement_of_many import ac1
from .proportions import LEVEL, Estimate, Interval, around, proportion, shared_part

Table = Sequence[Sequence[int]]


@dataclass(frozen=True)
class Agreement:
    """What two people's answers on the same `n` records tell of their agreement.

    `specific` has one figure a category, in the table's order: of all answers of that category, the part that
    the other person shared (positive and negative agreement, where there are two). `prevalence` and `bias` are
    defined for two categories only.
    """

    n: int
    observed: Estimate
    kappa: Estimate
    kappa_se: float | None
    pabak: Estimate
    ac1: Estimate
    specific: tuple[Estimate, ...]
    prevalence: float | None
    bias: float | None


def two_people(table: Table, level: float = LEVEL) -> Agreement:
    """Every figure of one table.

    Raises:
        ValueError: not a square of at least two by two, or a count below 0.
    """
    k = len(table)
    if k < 2 or any(len(row) != k for row in table) or any(cell < 0 for row in table for cell in row):
        raise ValueError("an agreement table is square, at least two by two, of counts from 0")
    n = sum(map(sum, table))
    agreed = sum(table[i][i] for i in range(k))
    observed = proportion(agreed, n, level)
    se = _kappa_se(table)
    two = k == 2 and n > 0
    return Agreement(
        n=n,
        observed=observed,
        kappa=Estimate(kappa := _kappa(table), _around(kappa, se, n, level)),
        kappa_se=se,
        pabak=_scaled(observed, k),
        ac1=_ac1(table, level),
        specific=tuple(_specific(table, i, level) for i in range(k)),
        prevalence=(table[0][0] - table[1][1]) / n if two else None,
        bias=(table[0][1] - table[1][0]) / n if two else None,
    )


def _scaled(observed: Estimate, k: int) -> Estimate:
    """PABAK, (k · observed - 1) / (k - 1): the observed agreement on another scale, and so is its interval."""
    if observed.value is None or observed.interval is None:
        return Estimate(None)
    low, value, high = (
        (k * part - 1) / (k - 1) for part in (observed.interval.low, observed.value, observed.interval.high)
    )
    return Estimate(value, Interval(low, high))


def _margins(table: Table) -> tuple[list[int], list[int]]:
    return [sum(row) for row in table], [sum(column) for column in zip(*table, strict=True)]


def _kappa(table: Table) -> float | None:
    """Cohen's kappa; None where chance alone would give full agreement."""
    rows, columns = _margins(table)
    n = sum(rows)
    # In whole numbers, so that "full agreement by chance" is seen exactly: n² · expected.
    by_chance = sum(r * c for r, c in zip(rows, columns, strict=True))
    if by_chance == n * n:
        return None
    agreed = sum(table[i][i] for i in range(len(rows)))
    return (n * agreed - by_chance) / (n * n - by_chance)


def _kappa_se(table: Table) -> float | None:
    """The large-sample standard error of kappa of Fleiss, Cohen and Everitt (1969), for kappa not 0."""
    kappa = _kappa(table)
    if kappa is None:
        return None
    rows, columns = _margins(table)
    n, k = sum(rows), len(rows)
    p = [[cell / n for cell in row] for row in table]
    r, c = [x / n for x in rows], [x / n for x in columns]
    expected = sum(r[i] * c[i] for i in range(k))
    on = sum(p[i][i] * (1 - (r[i] + c[i]) * (1 - kappa)) ** 2 for i in range(k))
    off = sum(p[i][j] * (c[i] + r[j]) ** 2 for i in range(k) for j in range(k) if i != j)
    level = (kappa - expected * (1 - kappa)) ** 2
    inside = on + (1 - kappa) ** 2 * off - level
    return math.sqrt(max(0.0, inside) / n) / (1 - expected)


def _around(kappa: float | None, se: float | None, n: int, level: float) -> Interval | None:
    """The interval of kappa: its variance for n - 1, and Student's t, as irrCAC does."""
    return around(kappa, (se or 0) ** 2 * n / (n - 1), n, level) if n > 1 else None


def _ac1(table: Table, level: float) -> Estimate:
    """Gwet's AC1 of two people is that of many with two answers a record."""
    k = len(table)
    units: dict[tuple[int, ...], int] = {}
    for i in range(k):
        for j in range(k):
            answers = tuple((q == i) + (q == j) for q in range(k))
            units[answers] = units.get(answers, 0) + table[i][j]
    return ac1(units, level)


def _specific(table: Table, i: int, level: float) -> Estimate:
    rows, columns = _margins(table)
    both = table[i][i]
    return shared_part(both, rows[i] + columns[i] - 2 * both, level)
