"""Figures of agreement as words and as short bars on one axis, for the pages."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import floor

from reviews.statistics.agreement import Agreement
from reviews.statistics.agreement_of_many import AgreementOfMany
from reviews.statistics.proportions import Estimate
from screening.agreement import Counting, Figures, Pair

WIDTH = 200.0
NOT_DEFINED = "n/a"


@dataclass(frozen=True)
class Bar:
    """Where a figure and its interval lie, 0 to WIDTH; without an interval `low` and `high` are `point`."""

    low: str
    point: str
    high: str


@dataclass(frozen=True)
class Axis:
    """From `low` (0, or below where a figure is) to 1, the same for all bars of a page."""

    low: float

    def at(self, value: float) -> str:
        """The place of a value, as an SVG attribute."""
        return f"{4 + (WIDTH - 8) * (value - self.low) / (1 - self.low):.1f}"

    @property
    def marks(self) -> list[tuple[str, str]]:
        """(place, what stands there) of the lines behind the bars."""
        return [(self.at(value), words) for value, words in ((0.0, "0"), (0.5, "0.5"), (1.0, "1"))]

    def bar(self, estimate: Estimate) -> Bar | None:
        """The bar of a figure; None where it is not defined."""
        if estimate.value is None:
            return None
        point = self.at(max(self.low, estimate.value))
        if estimate.interval is None:
            return Bar(point, point, point)
        return Bar(self.at(max(self.low, estimate.interval.low)), point, self.at(estimate.interval.high))


@dataclass(frozen=True)
class Row:
    """One figure: what it is called, its value and interval in words, its bar, and what it means."""

    name: str
    value: str
    interval: str
    bar: Bar | None
    says: str = ""


def axis_for(estimates: Iterable[Estimate]) -> Axis:
    """An axis that holds all of these, with 0 at its left where nothing is below."""
    bounds = [e.interval.low if e.interval else e.value for e in estimates if e.value is not None]
    lowest = min((bound for bound in bounds if bound is not None), default=0.0)
    return Axis(min(0.0, floor(lowest * 4) / 4))


def every_estimate(figures: Figures | None) -> list[Estimate]:
    """Every figure that a page shows as a bar."""
    if figures is None:
        return []
    found = _of_many(figures.overall)
    for pair in figures.pairs:
        found += _of_pair(pair.figures)
    return found


def overall_rows(figures: Figures, axis: Axis) -> list[Row]:
    """Everybody together; with only two people, their kappa and PABAK too."""
    of = figures.overall
    rows = [*_shared(figures.counting, of.specific, axis), _observed(of.observed, axis)]
    if len(figures.pairs) == 1:
        rows += _kappas(figures.pairs[0].figures, axis)
    alpha = coefficient_row(
        "Krippendorff’s alpha",
        of.alpha,
        axis,
        "beyond chance, for any number of people; with two it is close to kappa",
    )
    return [*rows, alpha, _ac1(of.ac1, axis)]


def pair_rows(pair: Pair, counting: Counting, axis: Axis) -> list[Row]:
    """Two people in full."""
    of = pair.figures
    rows = [
        *_shared(counting, of.specific, axis),
        _observed(of.observed, axis),
        *_kappas(of, axis),
        _ac1(of.ac1, axis),
    ]
    if of.prevalence is not None and of.bias is not None:
        rows += [
            Row("Prevalence index", coefficient(of.prevalence), "", None, "−1: all exclude, 1: all include"),
            Row(
                "Bias index", coefficient(of.bias), "", None,
                f"above 0: {pair.one.name} includes more often than {pair.other.name}",
            ),
        ]  # fmt: skip
    return rows


def coefficient_row(name: str, estimate: Estimate, axis: Axis, says: str = "") -> Row:
    """A figure between -1 and 1."""
    interval = estimate.interval
    between = f"{coefficient(interval.low)} to {coefficient(interval.high)}" if interval else ""
    return Row(name, coefficient(estimate.value), between, axis.bar(estimate), says)


def percent_row(name: str, estimate: Estimate, axis: Axis, says: str = "") -> Row:
    """A figure between 0 and 1."""
    interval = estimate.interval
    between = f"{percent(interval.low)} to {percent(interval.high)}" if interval else ""
    return Row(name, percent(estimate.value), between, axis.bar(estimate), says)


def coefficient(value: float | None) -> str:
    """Two decimals with a true minus sign; n/a where there is no value."""
    return NOT_DEFINED if value is None else f"{value + 0.0:.2f}".replace("-0.00", "0.00").replace("-", "−")


def percent(value: float | None) -> str:
    """One decimal; n/a where there is no value."""
    return NOT_DEFINED if value is None else f"{100 * value:.1f}%"


def _shared(counting: Counting, specific: Sequence[Estimate], axis: Axis) -> list[Row]:
    words = {0: "Positive agreement", len(counting.names) - 1: "Negative agreement"}
    return [
        percent_row(
            words.get(n, f"Agreement on {name}"),
            estimate,
            axis,
            f"of all “{name}”, the part that the other person shared",
        )
        for n, (name, estimate) in enumerate(zip(counting.names, specific, strict=True))
    ]


def _observed(observed: Estimate, axis: Axis) -> Row:
    return percent_row("Observed agreement", observed, axis, "of all records, the part with the same answer")


def _kappas(of: Agreement, axis: Axis) -> list[Row]:
    se = f"beyond chance; standard error {of.kappa_se:.3f}" if of.kappa_se is not None else "beyond chance"
    return [
        coefficient_row("Cohen’s kappa", of.kappa, axis, se),
        coefficient_row("PABAK", of.pabak, axis, "observed agreement on a scale from −1"),
    ]


def _ac1(estimate: Estimate, axis: Axis) -> Row:
    return coefficient_row("Gwet’s AC1", estimate, axis, "beyond chance, less moved by rare answers")


def _of_many(of: AgreementOfMany) -> list[Estimate]:
    return [of.observed, of.alpha, of.ac1, *of.specific]


def _of_pair(of: Agreement) -> list[Estimate]:
    return [of.observed, of.kappa, of.pabak, of.ac1, *of.specific]
