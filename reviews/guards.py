"""Rules the database itself enforces by triggers, on SQLite and on PostgreSQL.

Each app lists its guards in GUARDS and installs them in a migration with `install`. SQLite drops a table's
triggers when Django rebuilds the table (most AlterField operations), so a migration that alters a guarded
table must end with the same `install` again; tests/test_guards.py fails if one is missing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from django.db.backends.base.base import BaseDatabaseWrapper


class Guard(Protocol):
    """One rule on one table, as SQL for each vendor."""

    @property
    def table(self) -> str:
        """The table it stands on."""

    def sqlite(self, columns: list[str]) -> list[tuple[str, str]]:
        """Pairs of (trigger name, CREATE TRIGGER statement)."""

    def postgresql(self, columns: list[str]) -> list[tuple[str, str]]:
        """Pairs of (trigger name, statements that create its function and the trigger)."""


def _sqlite(name: str, table: str, event: str, when: str, message: str) -> tuple[str, str]:
    """A trigger that refuses `event` on `table` when `when` holds."""
    clause = f"WHEN {when} " if when else ""
    return name, (
        f'CREATE TRIGGER "{name}" BEFORE {event} ON "{table}" FOR EACH ROW {clause}'
        f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
    )


def _postgresql(
    name: str, table: str, event: str, when: str, message: str, each: str = "ROW"
) -> tuple[str, str]:
    """The same for PostgreSQL: a function that raises, and the trigger that calls it."""
    test = f"IF {when} THEN " if when else ""
    end = "END IF; " if when else ""
    give_back = "RETURN COALESCE(NEW, OLD);" if each == "ROW" else "RETURN NULL;"
    return name, (
        f'CREATE OR REPLACE FUNCTION "{name}_fn"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN '
        f"{test}RAISE EXCEPTION '{message}' USING ERRCODE = 'restrict_violation'; {end}{give_back} END $$; "
        f'CREATE TRIGGER "{name}" BEFORE {event} ON "{table}" FOR EACH {each} EXECUTE FUNCTION "{name}_fn"();'
    )


@dataclass(frozen=True)
class AppendOnly:
    """Rows are written once: no UPDATE, no DELETE, no TRUNCATE."""

    table: str

    def _rules(self) -> list[tuple[str, str, str]]:
        message = f"{self.table} is append-only"
        return [(f"{self.table}_no_{event.lower()}", event, message) for event in ("UPDATE", "DELETE")]

    def sqlite(self, columns: list[str]) -> list[tuple[str, str]]:
        """See Guard."""
        return [_sqlite(name, self.table, event, "", message) for name, event, message in self._rules()]

    def postgresql(self, columns: list[str]) -> list[tuple[str, str]]:
        """See Guard."""
        rows = [_postgresql(name, self.table, event, "", message) for name, event, message in self._rules()]
        return [*rows, _no_truncate(self.table)]


@dataclass(frozen=True)
class WithdrawOnly:
    """Rows are written once; the only change allowed is setting `column` from null, once. No DELETE."""

    table: str
    column: str = "withdrawn_at"

    def sqlite(self, columns: list[str]) -> list[tuple[str, str]]:
        """See Guard."""
        if self.column not in columns:
            return []
        changed = " OR ".join(f'OLD."{c}" IS NOT NEW."{c}"' for c in columns if c != self.column)
        message = f"{self.table} is never edited: withdraw and make anew"
        return [
            _sqlite(f"{self.table}_no_delete", self.table, "DELETE", "", message),
            _sqlite(
                f"{self.table}_no_edit",
                self.table,
                "UPDATE",
                f'OLD."{self.column}" IS NOT NULL OR {changed}',
                message,
            ),
        ]

    def postgresql(self, columns: list[str]) -> list[tuple[str, str]]:
        """See Guard."""
        if self.column not in columns:
            return []
        message = f"{self.table} is never edited: withdraw and make anew"
        when = (
            f'OLD."{self.column}" IS NOT NULL OR '
            f"(to_jsonb(OLD) - '{self.column}') IS DISTINCT FROM (to_jsonb(NEW) - '{self.column}')"
        )
        return [
            _postgresql(f"{self.table}_no_delete", self.table, "DELETE", "", message),
            _postgresql(f"{self.table}_no_edit", self.table, "UPDATE", when, message),
            _no_truncate(self.table),
        ]


@dataclass(frozen=True)
class FrozenColumns:
    """These columns keep what was first written."""

    table: str
    frozen: tuple[str, ...]

    def sqlite(self, columns: list[str]) -> list[tuple[str, str]]:
        """See Guard."""
        if not set(self.frozen) <= set(columns):
            return []
        return [_sqlite(f"{self.table}_frozen", self.table, "UPDATE", self._when("IS NOT"), self._message())]

    def postgresql(self, columns: list[str]) -> list[tuple[str, str]]:
        """See Guard."""
        if not set(self.frozen) <= set(columns):
            return []
        when = self._when("IS DISTINCT FROM")
        return [_postgresql(f"{self.table}_frozen", self.table, "UPDATE", when, self._message())]

    def _when(self, differs: str) -> str:
        return " OR ".join(f'OLD."{column}" {differs} NEW."{column}"' for column in self.frozen)

    def _message(self) -> str:
        return f"{self.table}: {', '.join(self.frozen)} never change"


@dataclass(frozen=True)
class RefusedWhen:
    """A condition on a row (SQL over NEW and OLD, the same for both vendors) under which `event` is refused.

    `needs` is a (table, column) it reads that a later migration than the table's own has made.
    """

    table: str
    name: str
    event: str
    when: str
    message: str
    needs: tuple[str, str] | None = None

    def sqlite(self, columns: list[str]) -> list[tuple[str, str]]:
        """See Guard."""
        return [_sqlite(self.name, self.table, self.event, self.when, self.message)]

    def postgresql(self, columns: list[str]) -> list[tuple[str, str]]:
        """See Guard."""
        return [_postgresql(self.name, self.table, self.event, self.when, self.message)]


def _no_truncate(table: str) -> tuple[str, str]:
    return _postgresql(
        f"{table}_no_truncate", table, "TRUNCATE", "", f"{table} is append-only", each="STATEMENT"
    )


def _statements(connection: BaseDatabaseWrapper, guards: Iterable[Guard]) -> Iterable[tuple[str, str, str]]:
    """(table, trigger name, SQL) of every trigger of `guards` on this database.

    A guard whose table or column a later migration makes is left out; that migration installs it.
    """
    needed = [(guard, getattr(guard, "needs", None) or (guard.table, "id")) for guard in guards]
    columns = _columns(connection, {name for guard, (table, _) in needed for name in (guard.table, table)})
    for guard, (table, column) in needed:
        if column in columns.get(table, ()) and guard.table in columns:
            for name, sql in getattr(guard, connection.vendor)(columns[guard.table]):
                yield guard.table, name, sql


def _columns(connection: BaseDatabaseWrapper, tables: set[str]) -> dict[str, list[str]]:
    """The columns of each of these tables that is there."""
    with connection.cursor() as cursor:
        return {
            table: [c.name for c in connection.introspection.get_table_description(cursor, table)]
            for table in tables.intersection(connection.introspection.table_names(cursor))
        }


def install_on(connection: BaseDatabaseWrapper, guards: Iterable[Guard]) -> None:
    """Create every trigger of `guards`, replacing those of the same name."""
    remove_from(connection, guards := list(guards))
    with connection.cursor() as cursor:
        for _table, _name, sql in _statements(connection, guards):
            cursor.execute(sql)


def remove_from(connection: BaseDatabaseWrapper, guards: Iterable[Guard]) -> None:
    """Drop every trigger of `guards` (for migrations backwards, and for tests that flush)."""
    for table, name, _sql in list(_statements(connection, guards)):
        on = f' ON "{table}"' if connection.vendor == "postgresql" else ""
        with connection.cursor() as cursor:
            cursor.execute(f'DROP TRIGGER IF EXISTS "{name}"{on}')


def install(guards: list[Guard]) -> tuple[Callable, Callable]:
    """The pair of functions for migrations.RunPython(*install(GUARDS))."""

    def forwards(apps: object, schema_editor: object) -> None:
        install_on(schema_editor.connection, guards)  # type: ignore[attr-defined]

    def backwards(apps: object, schema_editor: object) -> None:
        remove_from(schema_editor.connection, guards)  # type: ignore[attr-defined]

    return forwards, backwards


_CHAIN = (
    "NEW.duplicate_of_id IS NOT NULL AND ("
    "EXISTS (SELECT 1 FROM reviews_record r WHERE r.id = NEW.duplicate_of_id"
    " AND (r.duplicate_of_id IS NOT NULL OR r.review_id <> NEW.review_id))"
    " OR EXISTS (SELECT 1 FROM reviews_record r WHERE r.duplicate_of_id = NEW.id))"
)

_ARRIVED_AT = ("reviews_search", "arrived_at")
_HAS_ARRIVED = (
    "NOT EXISTS (SELECT 1 FROM reviews_search s WHERE s.id = OLD.search_id AND s.arrived_at IS NULL)"
)

GUARDS: list[Guard] = [
    AppendOnly("reviews_event"),
    AppendOnly("reviews_llmcall"),
    RefusedWhen(
        "reviews_search",
        "reviews_search_no_delete",
        "DELETE",
        "OLD.arrived_at IS NOT NULL",
        "reviews_search: what has arrived is never deleted, only withdrawn",
        needs=_ARRIVED_AT,
    ),
    RefusedWhen(
        "reviews_search",
        "reviews_search_arrives_once",
        "UPDATE OF arrived_at",
        "OLD.arrived_at IS NOT NULL AND (NEW.arrived_at IS NULL OR NEW.arrived_at <> OLD.arrived_at)",
        "reviews_search: a search arrives once",
        needs=_ARRIVED_AT,
    ),
    *(
        RefusedWhen(
            table,
            f"{table}_no_delete",
            "DELETE",
            _HAS_ARRIVED,
            f"{table}: what has arrived is never deleted",
            needs=_ARRIVED_AT,
        )
        for table in ("reviews_record", "reviews_importproblem", "reviews_carriedjudgement")
    ),
    FrozenColumns(
        "reviews_carriedjudgement",
        ("search_id", "record_id", "tool", "said_by", "verdict", "stage", "reasons", "labels", "note"),
    ),
    FrozenColumns("reviews_record", ("review_id", "search_id", "position", "number", "raw", "raw_sha256")),
    RefusedWhen(
        "reviews_record",
        "reviews_record_links_one_deep_insert",
        "INSERT",
        _CHAIN,
        "reviews_record: duplicate links are one deep and stay in one review",
    ),
    RefusedWhen(
        "reviews_record",
        "reviews_record_links_one_deep",
        "UPDATE OF duplicate_of_id",
        _CHAIN,
        "reviews_record: duplicate links are one deep and stay in one review",
    ),
    FrozenColumns(
        "reviews_automationrule",
        (
            "review_id",
            "kind",
            "settings",
            "notice_list_id",
            "words",
            "replaces_id",
            "written_by_id",
            "written_at",
        ),
    ),
    RefusedWhen(
        "reviews_automationrule",
        "reviews_automationrule_retired_for_good",
        "UPDATE OF retired_at",
        "OLD.retired_at IS NOT NULL",
        "reviews_automationrule: a retired rule stays retired, write another",
    ),
    AppendOnly("reviews_noticelist"),
    AppendOnly("reviews_ruleapplication"),
    AppendOnly("reviews_ruleundo"),
    FrozenColumns(
        "reviews_removal",
        ("record_id", "kind", "reason", "rule_id", "application_id", "said", "by_id", "at"),
    ),
    RefusedWhen(
        "reviews_removal",
        "reviews_removal_withdrawn_once",
        "UPDATE",
        "OLD.withdrawn_at IS NOT NULL",
        "reviews_removal: a removal that was taken back stays so, remove anew",
    ),
]
