"""Queries that are asked many times a second: Django puts their SQL together once, not at every call.

Building and compiling a query costs Django more than the database takes to answer it. A :class:`Compiled`
query is written as an ordinary queryset of its arguments; the first call with lists of some lengths compiles
it, later ones fill in values. Rows come back as the same models (or tuples) that the queryset would give.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.db.models.query import ModelIterable, get_related_populators

#: Longer lists are compiled anew at every call: each length is a statement of its own.
LONGEST = 64

#: Values that stand for arguments while a query is compiled, by type: found again in what comes out.
_PLACES: dict[Any, Callable[[int], Any]] = {
    int: lambda n: -1_000_000_007 - n,
    str: lambda n: f"\x01{n}\x01",
    date: lambda n: date(1, 1, 1 + n),
}


@dataclass(frozen=True, slots=True)
class _Plan:
    """One compiled statement: SQL, what its parameters are, how its rows are read."""

    sql: str
    #: Argument ("": a constant), index in a list (-1: none), the constant or what the value goes through.
    places: tuple[tuple[str, int, Any], ...]
    converters: tuple[tuple[int, Any, Any], ...]  # column, functions, expression
    model: Any  # None: tuples
    names: tuple[str, ...]
    start: int
    stop: int
    populators: tuple[Any, ...]


class Compiled:
    """A query with named arguments.

    :param make: gives the queryset, neither sliced nor annotated, of models or of ``values_list``; its shape
        may depend on nothing but the lengths of lists. Arguments are plain values of lookups.
    :param kinds: the type of each argument: ``int``, ``str``, ``date``, or ``list[int]``, ``list[str]``.
    """

    def __init__(self, make: Callable[..., QuerySet[Any, Any]], **kinds: Any) -> None:
        self.make, self.kinds = make, kinds
        self._lists = [name for name, kind in kinds.items() if hasattr(kind, "__args__")]
        self._plans: dict[tuple[Any, ...], _Plan] = {}

    def __call__(self, **values: Any) -> list[Any]:
        """The rows. One query.

        :param values: every argument by its name; lists are any collections, whose order means nothing.
        """
        lists: dict[str, Collection[Any]] = {name: tuple(set(values[name])) for name in self._lists}
        values |= lists
        lengths = [len(value) for value in lists.values()]
        if not all(lengths) or sum(lengths) > LONGEST:
            return list(self.make(**values))
        key = (connection.vendor, *lengths)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = self._compile(dict(zip(self._lists, lengths, strict=True)))
        return _read(plan, values)

    def _compile(self, lengths: dict[str, int]) -> _Plan:
        """Compile with values that occur nowhere else, and see where they have gone.

        :raises TypeError: an argument does not stand in the SQL as it is.
        """
        examples, found = self._examples(lengths)
        query = self.make(**examples)
        compiler: Any = query.query.get_compiler(connection=connection)
        sql, params = compiler.as_sql()
        known: dict[Any, tuple[str, int, Any]] = {value: (*place, None) for value, place in found.items()}
        # SQLite is given a date as text.
        known |= {str(value): (*place, str) for value, place in found.items() if isinstance(value, date)}
        places = [known[p] if isinstance(p, int | str | date) and p in known else ("", -1, p) for p in params]
        if {place[:2] for place in places} - {("", -1)} != set(found.values()):
            raise TypeError("an argument of a compiled query does not stand in its SQL as it is")
        converters = compiler.get_converters([column[0] for column in compiler.select])
        info = compiler.klass_info if query._iterable_class is ModelIterable else None
        columns = info["select_fields"] if info else []
        start, stop = (columns[0], columns[-1] + 1) if columns else (0, 0)
        related: Any = get_related_populators
        return _Plan(
            sql,
            tuple(places),
            tuple((at, *rest) for at, rest in converters.items()),
            info["model"] if info else None,
            tuple(column[0].target.attname for column in compiler.select[start:stop]),
            start,
            stop,
            tuple(related(info, compiler.select, connection.alias)) if info else (),
        )

    def _examples(self, lengths: dict[str, int]) -> tuple[dict[str, Any], dict[Any, tuple[str, int]]]:
        """An example of each argument, and of which argument (and index) each of their values is."""
        examples: dict[str, Any] = {}
        found: dict[Any, tuple[str, int]] = {}
        for name, kind in self.kinds.items():
            of_list = name in lengths
            place = _PLACES[kind.__args__[0] if of_list else kind]
            made = [place(len(found) + n) for n in range(lengths[name] if of_list else 1)]
            examples[name] = tuple(made) if of_list else made[0]
            found |= {value: (name, n if of_list else -1) for n, value in enumerate(made)}
        return examples, found


def _value(place: tuple[str, int, Any], values: dict[str, Any]) -> Any:
    name, index, rest = place
    if not name:
        return rest
    value = values[name] if index < 0 else values[name][index]
    return rest(value) if rest else value


def _read(plan: _Plan, values: dict[str, Any]) -> list[Any]:
    params = [_value(place, values) for place in plan.places]
    with connection.cursor() as cursor:
        cursor.execute(plan.sql, params)
        rows: list[Any] = cursor.fetchall()
    if plan.converters:
        rows = [_converted(plan, list(row)) for row in rows]
    if plan.model is None:
        return [tuple(row) for row in rows]
    return [_model(plan, row) for row in rows]


def _converted(plan: _Plan, row: list[Any]) -> list[Any]:
    for at, functions, expression in plan.converters:
        for convert in functions:
            row[at] = convert(row[at], expression, connection)
    return row


def _model(plan: _Plan, row: Any) -> Any:
    made = plan.model.from_db(connection.alias, plan.names, row[plan.start : plan.stop])
    for populator in plan.populators:
        populator.populate(row, made)
    return made
