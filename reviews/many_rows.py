"""Many rows at once, the quickest way each database has: COPY on PostgreSQL, executemany on SQLite.

Django's bulk_create makes an object and some thirty expressions of every row, and one statement of thousands of
parameters of every batch: at 100,000 records half of an import's time. Here a row is a plain mapping.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Field, Model

# As Django stores JSON: letters beyond ASCII escaped, which the search in names (views/records.py) relies on.
_dumps = json.dumps
_AS_THEY_ARE = {
    "CharField", "TextField", "ForeignKey", "BigIntegerField", "IntegerField", "PositiveIntegerField",
    "PositiveSmallIntegerField", "SmallIntegerField",
}  # fmt: skip


def insert_rows(model: type[Model], rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert rows, each a value by the name of its column's attribute (`search_id`); what is left out is the default.

    Inside a transaction of the caller's. Constraints and triggers hold as ever; no keys are given back.
    """
    columns, fill = _columns(model)
    values = (
        [default if (value := row.get(name, fill)) is fill else put(value) for name, default, put in columns]
        for row in rows
    )
    table = connection.ops.quote_name(model._meta.db_table)
    names = ", ".join(
        connection.ops.quote_name(str(model._meta.get_field(name).column))  # type: ignore[union-attr]
        for name, _default, _put in columns
    )
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            for each in values:
                copy.write_row(each)
        return
    marks = ", ".join(["%s"] * len(columns))
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(values))  # noqa: S608


_Column = tuple[str, Any, Callable[[Any], Any]]


@cache
def _columns(model: type[Model]) -> tuple[list[_Column], object]:
    """(attribute, its default as stored, how a value is stored) of every column but the key; and "not given"."""
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    return [(f.attname, _putter(f)(f.get_default()), _putter(f)) for f in fields], object()


def _putter(field: "Field[Any, Any]") -> Callable[[Any], Any]:
    kind = field.get_internal_type()
    if kind == "JSONField":
        return lambda value: "[]" if value == [] else _dumps(value)
    if kind in _AS_THEY_ARE:
        return lambda value: value
    return lambda value: field.get_db_prep_save(value, connection)
