"""The stored rows behind entries: read with few queries, written with few statements, with history."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, models
from django.db.models import Q, QuerySet

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.assessment.entries import (
    FIELDS,
    MODELS,
    Entry,
    Key,
    Row,
    Sort,
    field_name,
    key_of,
    value_text,
)
from hocbaso.apps.assessment.models import Moment, ResultChange
from hocbaso.apps.assessment.use_cases.bulk_insert import bulk_update_rows
from hocbaso.apps.common.compiled import Compiled
from hocbaso.apps.pupils.models import SchoolClass

CHUNK = 500
_PAGE_LOCKS = 0x4842_5302  # first key of the advisory locks on PostgreSQL
_ROW_META = ("version", "updated_at", "updated_by", "source")


class Stored:
    """The rows of the database that some entries speak of.

    Without ``entries`` every row of the pupils: four queries per 500 of them. With ``entries`` only what
    these touch, and one query more when a row is not there yet.
    """

    def __init__(
        self, enrolment_ids: Iterable[int], *, lock: bool = False, entries: Collection[Entry] | None = None
    ) -> None:
        self.rows: dict[Key, Row] = {}
        #: Pupils of whose year something is locked; not known yet while only some rows were read.
        self._closed: set[int] | None = set() if entries is None else None
        self.ids = ids = sorted(set(enrolment_ids))
        for start in range(0, len(ids), CHUNK):
            part = ids[start : start + CHUNK]
            for sort in MODELS:
                if entries is not None and not any(entry.sort is sort for entry in entries):
                    continue
                for row in _rows(sort, part, entries, lock=lock):
                    self.rows[key_of(sort, row)] = row
                    if row.locked and self._closed is not None:
                        self._closed.add(row.enrolment_id)

    def locked(self, entry: Entry) -> bool:
        """Whether the row may not be written: locked itself, or not there yet in a year that is closed.

        What the summer gives is new: a sheet that was issued without waiting does not close it (design 4.2,
        "a later summer result makes a replacing version").
        """
        row = self.rows.get(entry.key)
        if row is not None:
            return row.locked
        if entry.moment == Moment.SUMMER and entry.sort is not Sort.RECORD:
            return False
        return _of_year(entry) and entry.enrolment_id in self.closed

    @property
    def closed(self) -> set[int]:
        """Pupils of whose year something is frozen. One query at the first call, where it is not known."""
        if self._closed is None:
            self._closed = closed_years(self.ids)
        return self._closed


def _rows(sort: Sort, ids: list[int], entries: Collection[Entry] | None, *, lock: bool) -> Iterable[Row]:
    """Everybody locks in one order."""
    if entries is None or sort is Sort.RECORD or not lock:
        model = MODELS[sort]
        found = model._default_manager.filter(_touched(sort, entries), enrolment_id__in=ids).order_by("pk")
        return found.select_for_update() if lock else found
    own = [entry for entry in entries if entry.sort is sort]
    rows: list[Row] = _LOCKING[sort](
        ids=ids, moments=sorted({e.moment for e in own}), codes=sorted({e.code for e in own})
    )
    return rows


def _locking(sort: Sort) -> Compiled:
    def make(ids: Collection[int], moments: Collection[str], codes: Collection[str]) -> QuerySet[Any]:
        own = {_CODES[sort]: codes, "moment__in": moments, "enrolment_id__in": ids}
        return MODELS[sort]._default_manager.filter(**own).order_by("pk").select_for_update()

    return Compiled(make, ids=list[int], moments=list[str], codes=list[str])


_CODES = {
    Sort.SUBJECT: "subject_code__in",
    Sort.MARKS: "subject_code__in",
    Sort.TRAIT: "trait_code__in",
}
_LOCKING = {sort: _locking(sort) for sort in _CODES}


def _of_year(entry: Entry) -> bool:
    """Whether the value stands on the year sheet, which closing has frozen."""
    if entry.sort in (Sort.RECORD, Sort.MARKS):
        return True
    return entry.moment in (Moment.YEAR_END, Moment.SUMMER)


def _touched(sort: Sort, entries: Collection[Entry] | None) -> Q:
    """Rows that the entries speak of, or a little more."""
    if entries is None or sort is Sort.RECORD:
        return Q()
    own = [entry for entry in entries if entry.sort is sort]
    return Q(moment__in={e.moment for e in own}, **{_CODES[sort]: {e.code for e in own}})


def closed_years(enrolment_ids: Collection[int]) -> set[int]:
    """Enrolments of whose year something is frozen. One statement per 500 pupils."""
    found: set[int] = set()
    ids = sorted(enrolment_ids)
    tables = [connection.ops.quote_name(model._meta.db_table) for model in MODELS.values()]
    with connection.cursor() as cursor:
        for start in range(0, len(ids), CHUNK):
            part = ",".join(str(int(pk)) for pk in ids[start : start + CHUNK])
            selects = (
                f"SELECT enrolment_id FROM {table} WHERE locked AND enrolment_id IN ({part})"  # noqa: S608
                for table in tables
            )
            cursor.execute(" UNION ".join(selects))
            found |= {row[0] for row in cursor.fetchall()}
    return found


def hold_pages(entries: Collection[Entry], classes: Mapping[int, int], *, whole: bool) -> None:
    """Wait for others who write the same pages, until the transaction ends (PostgreSQL; one statement).

    Row locks do not help where the row is not there yet: two teachers would insert the same one.

    :param classes: class of each enrolment; ``whole``: hold whole classes (an import), not single pages.
    """
    if connection.vendor != "postgresql":
        return  # SQLite has one writer anyhow
    ids = sorted({classes[e.enrolment_id] for e in entries if e.enrolment_id in classes})
    if whole:
        _advisory([f"pg_advisory_xact_lock({_PAGE_LOCKS}, {pk})" for pk in ids])
        return
    pages = sorted({_page_key(classes[e.enrolment_id], e) for e in entries if e.enrolment_id in classes})
    shared = [f"pg_advisory_xact_lock_shared({_PAGE_LOCKS}, {pk})" for pk in ids]
    _advisory(shared + [f"pg_advisory_xact_lock({key})" for key in pages])


def hold_class(school_class: SchoolClass) -> None:
    """Let nobody write results of the class until the transaction ends (closing, locking; PostgreSQL)."""
    if connection.vendor == "postgresql":
        _advisory([f"pg_advisory_xact_lock({_PAGE_LOCKS}, {school_class.pk})"])


def _advisory(calls: list[str]) -> None:
    if calls:
        with connection.cursor() as cursor:
            cursor.execute("SELECT " + ", ".join(calls))  # numbers only


def _page_key(class_id: int, entry: Entry) -> int:
    """A lock number for one page: 63 bits of class, sort and code."""
    letters = f"{entry.sort}|{entry.code}".encode()
    number = 0
    for byte in letters:
        number = (number * 257 + byte) % 0x7FFF_FFFF
    return ((class_id % 0x7FFF_FFFF) << 32) | number


def differing(row: Row | None, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that the stored row does not hold yet."""
    if row is None:
        return {name: value for name, value in values.items() if value not in (None, "")}
    return {name: value for name, value in values.items() if getattr(row, name) != value}


def history(
    actor: Actor,
    entry: Entry,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    source: str,
    at: datetime,
    *,
    moments: Mapping[str, str] | None = None,
    cases: Mapping[str, str] | None = None,
) -> list[ResultChange]:
    """One line a field: who changed it from what to what.

    :param moments: the moment of a field where it is not the entry's (fields of the record in secondary).
    :param cases: the unlock case under which a field was written.
    """
    return [
        ResultChange(
            enrolment_id=entry.enrolment_id,
            moment=(moments or {}).get(name, entry.moment),
            field=field_name(entry.sort, entry.code, name),
            old=value_text(old.get(name)),
            new=value_text(new.get(name)),
            at=at,
            by=actor.label,
            source=source,
            case_number=(cases or {}).get(name, ""),
        )
        for name in new
    ]


def save_rows(
    rows: Mapping[Sort, Sequence[Row]], names: Mapping[Sort, Collection[str]] | None = None
) -> None:
    """Store changed rows: one prepared statement a table.

    A frozen row stays frozen; the database lets a covered cell of it through (``periods.lock_guard``).

    :param names: the fields that changed, by sort; all fields when not given.
    """
    for sort, changed in rows.items():
        fields = [*sorted(names[sort] if names is not None else FIELDS[sort]), *_ROW_META]
        bulk_update_rows(MODELS[sort], list(changed), fields)


def model_of(sort: Sort) -> type[models.Model]:
    """The table of a sort of entry."""
    return MODELS[sort]
