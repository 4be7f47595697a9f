"""What a workbook would change: the plan that every kind of import makes before it writes anything."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from django.db import models

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.intake.models import Batch, Change
from hocbaso.engines.workbooks.model import Issue, Reading, Severity, Skipped

#: Called with (rows done, rows in all) while a long step runs.
Progress = Callable[[int, int], None]
CHUNK = 500


def silent(done: int, total: int) -> None:
    """A progress that nobody looks at."""


class RowState(StrEnum):
    """What one row of the workbook means for the database."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One value that would change; texts as a person is shown them (phones and numbers masked)."""

    label: str
    before: str
    after: str


@dataclass(slots=True)
class PlannedRow:
    """One record of the workbook and what would become of it."""

    sheet: str
    row: int
    key: str  # the sector's code of the person
    name: str
    class_name: str
    state: RowState
    changes: list[FieldChange] = field(default_factory=list)

    @property
    def place(self) -> tuple[str, int]:
        return self.sheet, self.row


@dataclass(frozen=True, slots=True)
class Missing:
    """Somebody whom the database holds and the workbook does not name; never deleted."""

    key: str
    name: str
    class_name: str


@dataclass(slots=True)
class Plan:
    """A pure comparison of one workbook with the database; ``work`` is for the importer that made it."""

    rows: list[PlannedRow] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
    sheets: tuple[str, ...] = ()
    quiet: int = 0  # writes that change no row's state (the order in a class list)
    work: Any = None

    def count(self, state: RowState) -> int:
        return sum(1 for row in self.rows if row.state is state)

    @property
    def refused(self) -> int:
        """Rows that cannot be written: records with an error, and other rows (a header) with one."""
        places = {row.place for row in self.rows if row.state is RowState.REFUSED}
        return len(places | {(i.sheet, i.row) for i in self.issues if i.severity == "error"})

    @property
    def writes(self) -> bool:
        """Whether applying the plan would write anything."""
        return bool(self.quiet or self.count(RowState.NEW) or self.count(RowState.CHANGED))

    @property
    def fingerprint(self) -> str:
        """Changes when the same workbook would do something else: what was confirmed is what is written."""
        told = [[r.sheet, r.row, r.key, r.state, [asdict(c) for c in r.changes]] for r in self.rows]
        return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()

    def report(self) -> dict[str, Any]:
        """The plan as plain data: what a batch keeps and the command line answers (design 4.2)."""
        return {
            **{state.value: self.count(state) for state in (RowState.NEW, RowState.CHANGED, RowState.SAME)},
            "refused": self.refused,
            "warnings": sum(1 for issue in self.issues if issue.severity == "warning"),
            "rows": len(self.rows),
            "reordered": self.quiet,
            "fingerprint": self.fingerprint,
            "sheets": list(self.sheets),
            "issues": [issue.to_json() for issue in self.issues],
            "changes": [
                {
                    "sheet": row.sheet,
                    "row": row.row,
                    "key": row.key,
                    "name": row.name,
                    "class": row.class_name,
                    "fields": [asdict(change) for change in row.changes],
                }
                for row in self.rows
                if row.state is RowState.CHANGED
            ],
            "people": {
                state.value: [
                    [r.sheet, r.row, r.key, r.name, r.class_name] for r in self.rows if r.state is state
                ]
                for state in (RowState.NEW, RowState.REFUSED)
            },
            "missing": [asdict(missing) for missing in self.missing],
            "skipped": [skipped.to_json() for skipped in self.skipped],
        }


class Judge:
    """Collects the database's objections to rows; used by every importer's plan."""

    def __init__(self, columns: dict[str, dict[str, tuple[str, str]]]) -> None:
        """:param columns: sheet → field → (header, column letter)."""
        self._columns = columns
        self.issues: list[Issue] = []
        self.refused: set[tuple[str, int]] = set()

    def say(
        self, row: Any, column: str, code: str, severity: Severity, message: str, value: str | None = ""
    ) -> None:
        """Note an issue at a row of the workbook (anything with ``sheet`` and ``row``)."""
        title, letter = self._columns.get(row.sheet, {}).get(column, ("", ""))
        self.issues.append(
            Issue(row.row, title, letter, code, severity, message, value or "", None, row.sheet)
        )
        if severity == "error":
            self.refused.add((row.sheet, row.row))

    def refuse(self, row: Any, column: str, code: str, message: str, value: str | None = "") -> None:
        self.say(row, column, code, "error", message, value)

    def warn(self, row: Any, column: str, code: str, message: str, value: str | None = "") -> None:
        self.say(row, column, code, "warning", message, value)

    def stands(self, row: Any) -> bool:
        """The row has no error, neither of the reader nor of the database."""
        return bool(row.ok) and (row.sheet, row.row) not in self.refused


def plain(value: Any) -> Any:
    """A field's value as JSON holds it."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value


#: Bookkeeping that tells nothing about whether somebody changed the row.
_BOOKKEEPING = {"updated_at", "updated_by", "source", "last_login"}


def snapshot(instance: models.Model, fields: Iterable[str] | None = None) -> dict[str, Any]:
    """The stored values of a row (``attname`` → JSON value), without bookkeeping."""
    names = fields or [f.attname for f in instance._meta.concrete_fields if f.attname not in _BOOKKEEPING]
    return {name: plain(getattr(instance, name)) for name in names}


def fingerprint(instance: models.Model) -> dict[str, str]:
    """Enough to see that a created row was changed later, without a second copy of personal data."""
    text = json.dumps(snapshot(instance), ensure_ascii=False, sort_keys=True, default=str)
    return {"sha256": hashlib.sha256(text.encode()).hexdigest()}


class Recorder:
    """Keeps what a batch created and changed, for undo; written with the batch in one transaction."""

    def __init__(self, batch: Batch, actor: Actor, progress: Progress = silent, total: int = 0) -> None:
        self.batch = batch
        self.actor = actor
        self.source = f"import:{batch.pk}"
        self.total = total
        self.done = 0
        self._progress = progress
        self._changes: list[Change] = []

    def created(self, instances: Sequence[models.Model]) -> None:
        self._changes += [
            Change(batch=self.batch, model=i._meta.label, object_id=i.pk, before=None, after=fingerprint(i))
            for i in instances
        ]

    def changed(self, instance: models.Model, before: dict[str, Any]) -> None:
        """:param before: the former values of the fields that changed."""
        self.note(instance._meta.label, instance.pk, before, snapshot(instance, before))

    def removed(self, instance: models.Model) -> None:
        self.note(instance._meta.label, instance.pk, snapshot(instance), {})

    def note(self, model: str, object_id: int, before: dict[str, Any] | None, after: dict[str, Any]) -> None:
        self._changes.append(
            Change(batch=self.batch, model=model, object_id=object_id, before=before, after=after)
        )

    def step(self, rows: int) -> None:
        """So many more rows are written."""
        self.done = min(self.done + rows, self.total)
        self._progress(self.done, self.total)

    def flush(self) -> None:
        Change.objects.bulk_create(self._changes, batch_size=CHUNK)
        self._changes = []


def columns_of(reading: Reading[Any], labels: Mapping[str, str]) -> dict[str, dict[str, tuple[str, str]]]:
    """sheet → field → (what people call it, column letter), for a :class:`Judge`."""
    return {
        h.sheet: {name: (labels.get(name, name), letter) for name, letter in h.columns.items()}
        for h in reading.headers
    }


def chunks(items: Sequence[Any], size: int = CHUNK) -> Iterable[Sequence[Any]]:
    """Slices of at most ``size``."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def mask_digits(text: str) -> str:
    """A phone or personal number with its middle hidden: ``0943 xxx 108``."""
    if len(text) < 7:
        return text
    return f"{text[:4]} xxx {text[-3:]}" if len(text) <= 11 else f"{text[:3]} xxx xxx {text[-3:]}"


def mask_change(before: str, after: str) -> tuple[str, str]:
    """Both values masked; where the masks would look alike, the digits that differ show, and only they."""
    masked = mask_digits(before), mask_digits(after)
    if masked[0] != masked[1]:
        return masked
    pairs = list(zip(before, after, strict=True)) if len(before) == len(after) else []
    return (
        (
            "".join(a if a != b else "x" for a, b in pairs),
            "".join(b if a != b else "x" for a, b in pairs),
        )
        if pairs
        else (f"{masked[0]} ({len(before)})", f"{masked[1]} ({len(after)})")
    )
