"""Insert many rows with one prepared statement: a school's results are some 60 rows a pupil.

PostgreSQL gets many rows a statement instead: there a statement costs more than the rows in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.db import connection, models

#: Rows of one statement on PostgreSQL.
_ROWS = 500


def bulk_insert(model: type[models.Model], rows: Sequence[models.Model]) -> None:
    """Store new rows whose keys nobody needs afterwards.

    ``bulk_create`` builds SQL text for every 100 rows, which takes five times as long as SQLite takes to
    store them. Values must be of the fields' own types; constraints hold as ever.
    """
    if not rows:
        return
    fields = [f for f in model._meta.concrete_fields if not f.primary_key]
    columns = ", ".join(connection.ops.quote_name(str(f.column)) for f in fields)
    places = ", ".join(["%s"] * len(fields))
    getters = [(f.attname, _converter(f)) for f in fields]
    table = connection.ops.quote_name(model._meta.db_table)
    values = [
        tuple(convert(getattr(row, name)) if convert else getattr(row, name) for name, convert in getters)
        for row in rows
    ]
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", values)  # noqa: S608
            return
        for part in _parts(values):
            lines = ", ".join([f"({places})"] * len(part))
            cursor.execute(f"INSERT INTO {table} ({columns}) VALUES {lines}", _flat(part))  # noqa: S608


def _parts(values: list[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    return (values[start : start + _ROWS] for start in range(0, len(values), _ROWS))


def _flat(values: list[tuple[Any, ...]]) -> list[Any]:
    return [value for row in values for value in row]


def _converter(field: models.Field[Any, Any]) -> Callable[[Any], Any] | None:
    """How a value reaches the driver; None: as it is."""
    if isinstance(field, models.DateTimeField | models.JSONField):
        return lambda value: field.get_db_prep_save(value, connection)
    return None


def bulk_update_rows(model: type[models.Model], rows: Sequence[models.Model], names: Sequence[str]) -> None:
    """Store the named fields of rows that exist, with one prepared statement.

    ``bulk_update`` builds a CASE for every field and row; parsing that costs more than the write itself.
    """
    if not rows:
        return
    fields = [model._meta.get_field(name) for name in names]
    quote = connection.ops.quote_name
    columns = [quote(str(f.column)) for f in fields]  # type: ignore[union-attr]
    key = quote(str(model._meta.pk.column))
    getters = [(f.attname, _converter(f)) for f in fields]  # type: ignore[union-attr, arg-type]
    values = [
        (
            *(convert(getattr(row, name)) if convert else getattr(row, name) for name, convert in getters),
            row.pk,
        )
        for row in rows
    ]
    table = quote(model._meta.db_table)
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            sets = ", ".join(f"{column} = %s" for column in columns)
            cursor.executemany(f"UPDATE {table} SET {sets} WHERE {key} = %s", values)  # noqa: S608
            return
        sets = ", ".join(f"{column} = v.{column}" for column in columns)
        casts = ", ".join(f"%s::{f.db_type(connection)}" for f in (*fields, model._meta.pk))  # type: ignore[union-attr]
        for part in _parts(values):
            lines = ", ".join([f"({casts})"] * len(part))
            cursor.execute(
                f"UPDATE {table} SET {sets} FROM (VALUES {lines}) AS v ({', '.join(columns)}, {key}) "  # noqa: S608
                f"WHERE {table}.{key} = v.{key}",
                _flat(part),
            )
