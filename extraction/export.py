"""The agreed data as CSV, long (a row a value) or wide (a row a study): a door that only reads.

Only agreed values leave: for a person, those of studies whose sheets they may see; for the operator, all of them.
A count of a total is written "17 of 18", because spreadsheets take 3/12 for a day in December.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from extraction import visibility
from extraction.consensus import same_value
from extraction.design import published_form
from extraction.models import ConsensusValue, Form, State, Value
from extraction.shown import in_words
from reviews import quotes
from reviews.export import neutralised
from reviews.models import Report, Review, Study, User

SHAPES = ("long", "wide")
LONG = (
    "study", "report", "item", "label", "value", "unit", "state", "quote", "page", "how", "reason", "by", "date",
)  # fmt: skip
Row = dict[str, Any]


def agreed(review: Review, form: Form, user: User | None) -> list[ConsensusValue]:
    """The agreed values under `form`, by study and item; `user` None: all of them (the operator)."""
    studies = Study.objects.filter(review=review).values_list("pk", flat=True)
    seen = set(studies) if user is None else visibility.sees_sheets_of(user, review, form, studies)
    values = ConsensusValue.objects.filter(study__in=seen, item__form=form, withdrawn_at__isnull=True)
    return list(
        values.select_related("study", "item", "by", "value_a__report__record", "value_b__report__record")
        .defer(
            "value_a__report__text",
            "value_a__report__page_map",
            "value_b__report__text",
            "value_b__report__page_map",
        )
        .order_by("study__label", "item__position", "item__pk")
    )


def long_rows(values: Iterable[ConsensusValue]) -> Iterator[Row]:
    """One row a value."""
    for value in values:
        yield {
            "study": value.study.label,
            "report": _report_number(value),
            "item": value.item.key,
            "label": value.item.label,
            "value": _cell(value),
            "unit": value.item.unit,
            "state": value.state,
            "quote": value.quote,
            "page": value.page,
            "how": value.how,
            "reason": value.reason,
            "by": value.by.name,
            "date": value.made_at.date().isoformat(),
        }


def wide_rows(values: Iterable[ConsensusValue]) -> list[Row]:
    """One row a study, a column an item key; an item that is not agreed is empty."""
    rows: dict[int, Row] = {}
    for value in values:
        row = rows.setdefault(value.study_id, {"study": value.study.label})
        row[value.item.key] = _cell(value) or "not reported"
    return list(rows.values())


def as_csv(review: Review, shape: str, user: User | None) -> tuple[str, int]:
    """(the file's text, how many rows it has) under the form in force; without one it is the header alone."""
    form = published_form(review)
    values = agreed(review, form, user) if form else []
    if shape == "wide":
        keys = list(form.items.values_list("key", flat=True)) if form else []
        return _written(("study", *keys), wide_rows(values))
    return _written(LONG, list(long_rows(values)))


def _written(columns: tuple[str, ...], rows: list[Row]) -> tuple[str, int]:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([neutralised(column) for column in columns])
    for row in rows:
        writer.writerow([neutralised(row.get(column)) for column in columns])
    # The mark lets a spreadsheet know that this is UTF-8.
    return "\ufeff" + out.getvalue(), len(rows)


def _cell(value: ConsensusValue) -> Any:
    """The value alone: numbers as numbers, the unit left to its own column; empty when not reported."""
    if value.state == State.NOT_REPORTED:
        return ""
    kept = value.value
    is_number = isinstance(kept, int | float) and not isinstance(kept, bool)
    return kept if is_number else in_words(value.item, value.state, kept, unit=False)


def _report_number(value: ConsensusValue) -> int | None:
    """The record number of the report the agreed value was taken from, where one report can be named."""
    for taken in (value.value_a, value.value_b):
        if taken is not None and _is_from(value, taken):
            return taken.report.record.number
    if value.how != ConsensusValue.How.WRITTEN or not value.quote:
        return None
    for report in Report.objects.filter(study=value.study_id).select_related("record").order_by("pk"):
        if quotes.locate(value.quote, report.text) is not None:
            return report.record.number
    return None


def _is_from(value: ConsensusValue, taken: Value) -> bool:
    same = same_value(Value(state=value.state, value=value.value), taken)
    return same and value.quote == taken.quote
