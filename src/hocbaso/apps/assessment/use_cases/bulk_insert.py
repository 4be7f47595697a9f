"""Insert many rows with one prepared statement: a school's results are some 60 rows a pupil.

PostgreSQL gets one array a column instead: there a statement costs more than the rows in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection, models

_Fields = Sequence["models.Field[Any, Any]"]


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
        if _as_arrays(fields):
            given = f"unnest({_arrays(fields)})"
            cursor.execute(f"INSERT INTO {table} ({columns}) SELECT * FROM {given}", _columns(values))  # noqa: S608
        else:
            cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", values)  # noqa: S608


def _as_arrays(fields: _Fields) -> bool:
    return connection.vendor == "postgresql" and not any(isinstance(f, models.JSONField) for f in fields)


def _arrays(fields: _Fields) -> str:
    """Placeholders of arrays. Without the types' lengths: a cast to ``varchar(4)`` would cut a longer text
    off, where storing it is refused."""
    return ", ".join(f"%s::{str(f.db_type(connection)).partition('(')[0]}[]" for f in fields)


def _columns(values: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*values, strict=True)]


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
    fields: list[Any] = [model._meta.get_field(name) for name in names]
    quote = connection.ops.quote_name
    columns = [quote(str(f.column)) for f in fields]
    key = quote(str(model._meta.pk.column))
    getters = [(f.attname, _converter(f)) for f in fields]
    values = [
        (
            *(convert(getattr(row, name)) if convert else getattr(row, name) for name, convert in getters),
            row.pk,
        )
        for row in rows
    ]
    table = quote(model._meta.db_table)
    with connection.cursor() as cursor:
        if _as_arrays(fields):
            sets = ", ".join(f"{column} = v.{column}" for column in columns)
            given = f"unnest({_arrays([*fields, model._meta.pk])}) AS v ({', '.join(columns)}, {key})"
            cursor.execute(
                f"UPDATE {table} SET {sets} FROM {given} WHERE {table}.{key} = v.{key}",  # noqa: S608
                _columns(values),
            )
        else:
            sets = ", ".join(f"{column} = %s" for column in columns)
            cursor.executemany(f"UPDATE {table} SET {sets} WHERE {key} = %s", values)  # noqa: S608
