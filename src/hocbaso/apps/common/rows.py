"""Rows that are worked out before the transaction which inserts them.

On SQLite one process writes at a time, and on PostgreSQL whoever appends to the log or the audit chain keeps
others waiting until the commit. What Django does for a row (packing, adapting values, putting SQL together)
costs several times what the database does with it: done beforehand, nobody waits for it.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import Any, cast

from django.db import connection, models


class Rows:
    """Rows of one table to be inserted later, in order.

    :param made: unsaved objects of one model; nothing is asked of the database for them. They stay unsaved
        and get no key.
    """

    def __init__(self, made: Iterable[models.Model]) -> None:
        self._made = list(made)
        if not self._made:
            return
        self._meta = self._made[0]._meta
        self._fields = [
            field
            for field in self._meta.local_concrete_fields
            if not isinstance(field, models.AutoField) or self._made[0].pk is not None
        ]
        self._values = [self._values_of(one) for one in self._made]

    def _values_of(self, one: models.Model) -> list[Any]:
        return [f.get_db_prep_save(f.pre_save(one, True), connection) for f in self._fields]

    def __len__(self) -> int:
        return len(self._made)

    def put(self, name: str, values: Sequence[Any]) -> None:
        """Fill in a column that was not known before: one value a row."""
        if not self._made:
            return
        column = [field.attname for field in self._fields].index(name)
        field = self._fields[column]
        for row, value in zip(self._values, values, strict=True):
            row[column] = field.get_db_prep_save(value, connection)

    def insert(self, only: Container[int] | None = None, *, pass_over: bool = False) -> int:
        """Insert them. One statement, or a few where the database takes no more values at once.

        :param only: numbers of the rows (0, 1, …) that are wanted.
        :param pass_over: a row that breaks a constraint of uniqueness is left out.
        :returns: how many rows were inserted.
        :raises IntegrityError: a constraint or a guard refuses one.
        """
        made = self._values if self._made else []
        rows = [row for at, row in enumerate(made) if only is None or at in only]
        if not rows:
            return 0
        size = max(connection.ops.bulk_batch_size(self._fields, rows), 1)
        done = 0
        with connection.cursor() as cursor:
            for start in range(0, len(rows), size):
                part = rows[start : start + size]
                cursor.execute(self._sql(len(part), pass_over), [value for row in part for value in row])
                done += cast(int, cursor.rowcount)
        return done

    def _sql(self, number: int, pass_over: bool) -> str:
        quote = connection.ops.quote_name
        columns = ", ".join(quote(str(field.column)) for field in self._fields)
        places = f"({', '.join(['%s'] * len(self._fields))})"
        values = ", ".join([places] * number)
        end = " ON CONFLICT DO NOTHING" if pass_over else ""
        table = quote(self._meta.db_table)
        return f"INSERT INTO {table} ({columns}) VALUES {values}{end}"  # noqa: S608  names of the model's own
