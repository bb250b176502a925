"""The figures of agreement as a CSV: a row for everybody together and one for each pair, for each way of counting."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from reviews.export import neutralised
from reviews.statistics.proportions import Estimate
from screening.agreement import Figures, StageAgreement

ESTIMATES = ("positive", "negative", "on_maybe", "observed", "kappa", "pabak", "ac1", "alpha")
COLUMNS = (
    "stage", "maybe_counts_as", "who", "and_whom", "records", "disagreements",
    *(f"{name}{part}" for name in ESTIMATES for part in ("", "_low", "_high")),
    "kappa_se", "prevalence_index", "bias_index",
)  # fmt: skip


def written(found: StageAgreement) -> str:
    """The file: UTF-8 with a mark, lines ended by CR LF, a figure that is not defined left empty."""
    made = io.StringIO()
    made.write("\ufeff")
    writer = csv.DictWriter(made, COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    for figures in filter(None, (found.figures, found.other_way)):
        for row in _rows(found.stage, figures):
            writer.writerow({name: neutralised(value) for name, value in row.items()})
    return made.getvalue()


def _rows(stage: str, figures: Figures) -> Iterator[dict[str, Any]]:
    counting = figures.counting
    shared = {"stage": stage, "maybe_counts_as": "itself" if counting.maybe_apart else "include"}
    of = figures.overall
    yield {
        **shared,
        "who": "everybody",
        "and_whom": "",
        "records": of.n,
        "disagreements": figures.disagreements,
        **_estimates(observed=of.observed, alpha=of.alpha, ac1=of.ac1, **_specific(of.specific)),
    }
    for pair in figures.pairs:
        two = pair.figures
        yield {
            **shared,
            "who": pair.one.name,
            "and_whom": pair.other.name,
            "records": two.n,
            "disagreements": two.n - sum(pair.table[i][i] for i in range(len(pair.table))),
            **_estimates(
                observed=two.observed,
                kappa=two.kappa,
                pabak=two.pabak,
                ac1=two.ac1,
                **_specific(two.specific),
            ),
            "kappa_se": _six(two.kappa_se),
            "prevalence_index": _six(two.prevalence),
            "bias_index": _six(two.bias),
        }


def _specific(specific: tuple[Estimate, ...]) -> dict[str, Estimate]:
    first, *middle, last = specific
    return {"positive": first, "negative": last} | ({"on_maybe": middle[0]} if middle else {})


def _estimates(**estimates: Estimate) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, one in estimates.items():
        row[name] = _six(one.value)
        row[f"{name}_low"] = _six(one.interval.low) if one.interval else None
        row[f"{name}_high"] = _six(one.interval.high) if one.interval else None
    return row


def _six(value: float | None) -> float | None:
    return None if value is None else round(value, 6) + 0.0
