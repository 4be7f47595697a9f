"""Rows that nobody may change: triggers on SQLite and PostgreSQL, installed after every migrate.

Each app that holds such rows registers a :class:`Guard` beside its model. The database then refuses UPDATE,
DELETE, where asked INSERT, and (PostgreSQL) TRUNCATE with ``IntegrityError``, whatever door the statement
came through.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper


@dataclass(frozen=True, slots=True)
class Condition:
    """When an operation is refused, as SQL over ``OLD`` and ``NEW`` that may look into other tables.

    PostgreSQL evaluates ``first`` before the rest: let it be cheap, and false for nearly every row. Where an
    expression would be too slow there, ``declare`` and ``body`` hold a plpgsql block instead that says
    ``REFUSE;`` or falls through.
    """

    sqlite: str
    postgresql: str = "false"
    first: str = "true"
    declare: str = ""
    body: str = ""


#: Plain SQL over the row alone serves both databases; the empty text refuses always.
Refusal = str | Condition


@dataclass(frozen=True, slots=True)
class Guard:
    """What is refused on one table. Inserting is free unless a condition says otherwise."""

    model: type[models.Model]
    update_when: Refusal = ""
    delete_when: Refusal = ""
    insert_when: Refusal | None = None

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    @property
    def rules(self) -> list[tuple[str, Refusal]]:
        """(operation, condition) pairs that are refused."""
        pairs: list[tuple[str, Refusal]] = [("update", self.update_when), ("delete", self.delete_when)]
        return pairs if self.insert_when is None else [*pairs, ("insert", self.insert_when)]


_guards: dict[str, Guard] = {}


def guard(
    model: type[models.Model],
    *,
    update_when: Refusal = "",
    delete_when: Refusal = "",
    insert_when: Refusal | None = None,
) -> None:
    """Register a guarded table; call it right below the model. Without conditions it is append-only.

    A later call for the same table takes the place of the earlier one: an app that knows more than the
    model's own (``periods.lock_guard``) says the whole rule again.
    """
    entry = Guard(model, update_when, delete_when, insert_when)
    _guards[entry.table] = entry


def all_guards() -> list[Guard]:
    return sorted(_guards.values(), key=lambda g: g.table)


def _name(entry: Guard, operation: str) -> str:
    return f"guard_{entry.table}_{operation}"


def _sqlite(entry: Guard) -> list[str]:
    statements = []
    for operation, condition in entry.rules:
        name = _name(entry, operation)
        text = condition.sqlite if isinstance(condition, Condition) else condition
        when = f"WHEN {text}" if text else ""
        statements += [
            f"DROP TRIGGER IF EXISTS {name}",
            f"CREATE TRIGGER {name} BEFORE {operation.upper()} ON {entry.table} {when} "
            f"BEGIN SELECT RAISE(ABORT, 'guarded row: {entry.table} refuses {operation}'); END",
        ]
    return statements


_PG_RAISE = """RAISE EXCEPTION 'guarded row: % refuses %', TG_TABLE_NAME, lower(TG_OP)
    USING ERRCODE = 'integrity_constraint_violation';"""
_PG_FUNCTION = f"""
CREATE OR REPLACE FUNCTION hocbaso_refuse() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  {_PG_RAISE}
END $body$
"""


def _pg_function(name: str, operation: str, condition: Condition) -> str:
    """A trigger's WHEN may not look into other tables there: such a condition stands in a function."""
    block = (
        condition.body or f"IF {condition.first} THEN IF {condition.postgresql} THEN REFUSE; END IF; END IF;"
    )
    return f"""
CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $body$
{f"DECLARE {condition.declare}" if condition.declare else ""}
BEGIN
  {block.replace("REFUSE;", _PG_RAISE)}
  RETURN {"OLD" if operation == "delete" else "NEW"};
END $body$
"""


def _postgresql(entry: Guard) -> list[str]:
    statements = [_PG_FUNCTION]
    for operation, condition in entry.rules:
        name = function = _name(entry, operation)
        when = ""
        if isinstance(condition, Condition):
            statements.append(_pg_function(name, operation, condition))
        else:
            function, when = "hocbaso_refuse", f"WHEN ({condition})" if condition else ""
        statements += [
            f"DROP TRIGGER IF EXISTS {name} ON {entry.table}",
            f"CREATE TRIGGER {name} BEFORE {operation.upper()} ON {entry.table} "
            f"FOR EACH ROW {when} EXECUTE FUNCTION {function}()",
        ]
    name = _name(entry, "truncate")
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
    truncate = ["truncate"] if connection.vendor == "postgresql" else []
    return {
        _name(entry, operation)
        for entry in all_guards()
        for operation in [*(rule[0] for rule in entry.rules), *truncate]
    }


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


def _standing(connection: BaseDatabaseWrapper) -> list[tuple[str, str]]:
    """(trigger, table) of ours in the database, those of former versions too."""
    query = (
        "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'"
        if connection.vendor == "sqlite"
        else "SELECT t.tgname, c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
        "WHERE NOT t.tgisinternal"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        return [(name, table) for name, table in cursor.fetchall() if name.startswith("guard_")]


def take_away(connection: BaseDatabaseWrapper) -> None:
    """Drop every trigger of ours; :func:`install` brings them back."""
    for name, table in _standing(connection):
        on = "" if connection.vendor == "sqlite" else f" ON {table}"
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TRIGGER {name}{on}")


def take_away_before_migrate(sender: Any, using: str, **_: Any) -> None:
    """SQLite cannot rebuild a table that a trigger of another table reads. After the migration all stand
    again; if it broke off, the check at start says loudly that they are missing."""
    if connections[using].vendor == "sqlite":
        take_away(connections[using])


@contextmanager
def suspended(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Take the triggers away inside the block: only the test suite's flush needs this."""
    take_away(connection)
    try:
        yield
    finally:
        install(connection)
