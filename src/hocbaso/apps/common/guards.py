"""Rows that nobody may change: triggers on SQLite and PostgreSQL, installed after every migrate.

Each app that holds such rows registers a :class:`Guard` beside its model. The database then refuses UPDATE,
DELETE and (PostgreSQL) TRUNCATE with ``IntegrityError``, whatever door the statement came through.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper


@dataclass(frozen=True, slots=True)
class Guard:
    """What is refused on one table.

    A condition is SQL over ``OLD`` (and for updates ``NEW``); the empty condition refuses always.
    """

    model: type[models.Model]
    update_when: str = ""
    delete_when: str = ""

    @property
    def table(self) -> str:
        return self.model._meta.db_table


_guards: dict[str, Guard] = {}


def guard(model: type[models.Model], *, update_when: str = "", delete_when: str = "") -> None:
    """Register a guarded table; call it right below the model. Without conditions it is append-only."""
    entry = Guard(model, update_when, delete_when)
    _guards[entry.table] = entry


def all_guards() -> list[Guard]:
    return sorted(_guards.values(), key=lambda g: g.table)


def _rules(entry: Guard) -> list[tuple[str, str]]:
    """(operation, condition) pairs that are refused."""
    return [("update", entry.update_when), ("delete", entry.delete_when)]


def _sqlite(entry: Guard) -> list[str]:
    statements = []
    for operation, condition in _rules(entry):
        name = f"guard_{entry.table}_{operation}"
        when = f"WHEN {condition}" if condition else ""
        statements += [
            f"DROP TRIGGER IF EXISTS {name}",
            f"CREATE TRIGGER {name} BEFORE {operation.upper()} ON {entry.table} {when} "
            f"BEGIN SELECT RAISE(ABORT, 'guarded row: {entry.table} refuses {operation}'); END",
        ]
    return statements


_PG_FUNCTION = """
CREATE OR REPLACE FUNCTION hocbaso_refuse() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  RAISE EXCEPTION 'guarded row: % refuses %', TG_TABLE_NAME, lower(TG_OP)
    USING ERRCODE = 'integrity_constraint_violation';
END $body$
"""


def _postgresql(entry: Guard) -> list[str]:
    statements = [_PG_FUNCTION]
    for operation, condition in _rules(entry):
        name = f"guard_{entry.table}_{operation}"
        when = f"WHEN ({condition})" if condition else ""
        statements += [
            f"DROP TRIGGER IF EXISTS {name} ON {entry.table}",
            f"CREATE TRIGGER {name} BEFORE {operation.upper()} ON {entry.table} "
            f"FOR EACH ROW {when} EXECUTE FUNCTION hocbaso_refuse()",
        ]
    name = f"guard_{entry.table}_truncate"
    statements += [
        f"DROP TRIGGER IF EXISTS {name} ON {entry.table}",
        f"CREATE TRIGGER {name} BEFORE TRUNCATE ON {entry.table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION hocbaso_refuse()",
    ]
    return statements


def _existing_tables(connection: BaseDatabaseWrapper) -> set[str]:
    return set(connection.introspection.table_names())


def install(connection: BaseDatabaseWrapper) -> None:
    """(Re)create every trigger whose table exists."""
    tables = _existing_tables(connection)
    make = _sqlite if connection.vendor == "sqlite" else _postgresql
    with connection.cursor() as cursor:
        for entry in all_guards():
            if entry.table in tables:
                for statement in make(entry):
                    cursor.execute(statement)


def install_after_migrate(sender: Any, using: str, **_: Any) -> None:
    install(connections[using])


def _expected(connection: BaseDatabaseWrapper) -> set[str]:
    operations = ["update", "delete"] + (["truncate"] if connection.vendor == "postgresql" else [])
    return {f"guard_{g.table}_{operation}" for g in all_guards() for operation in operations}


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Names of triggers that should stand and do not (or are switched off)."""
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if connection.vendor == "sqlite"
        else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        present = {row[0] for row in cursor.fetchall()}
    return sorted(_expected(connection) - present)


@contextmanager
def suspended(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Take the triggers away inside the block: only the test suite's flush needs this."""
    with connection.cursor() as cursor:
        for entry in all_guards():
            for operation in ("update", "delete", "truncate"):
                name = f"guard_{entry.table}_{operation}"
                on = "" if connection.vendor == "sqlite" else f" ON {entry.table}"
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on}")
    try:
        yield
    finally:
        install(connection)
