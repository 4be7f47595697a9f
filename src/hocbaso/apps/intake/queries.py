"""Reads for the import screens. A batch's report was made once; these only arrange it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import User
from hocbaso.apps.common import clock
from hocbaso.apps.intake.models import Batch, Kind, State
from hocbaso.apps.intake.policies import for_school, may_import
from hocbaso.apps.intake.states import UNDO_WITHIN
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.core.vietnamese.school_year import SchoolYear

_LISTED = 30
_COUNTS = ("new", "changed", "same", "refused")


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """One kind of error: how many rows, an example, how to mend it."""

    code: str
    rows: int
    example: str


def kinds_for(actor: Actor, school: Organisation) -> list[Kind]:
    """The kinds of workbook that the actor may import. No query."""
    return [kind for kind in Kind if may_import(actor, kind, school)]


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the list of imports; ``counts`` are new, changed, same, refused once it was checked."""

    batch: Batch
    counts: tuple[int, int, int, int] | None


def batches(actor: Actor, school: Organisation) -> list[Listed]:
    """The latest imports of the school that the actor may see. One query, without the long reports."""
    kinds = kinds_for(actor, school)
    of_all = [kind for kind in kinds if for_school(actor, kind, school)]
    found = (
        Batch.objects.filter(Q(kind__in=of_all) | Q(kind__in=kinds, created_by=actor.label), school=school)
        .defer("decisions", "report")
        .annotate(**{f"n_{name}": F(f"report__{name}") for name in _COUNTS})
        .order_by("-pk")[:_LISTED]
    )
    listed = []
    for batch in found:
        counts = [getattr(batch, f"n_{name}") for name in _COUNTS]
        listed.append(Listed(batch, None if None in counts else (counts[0], counts[1], counts[2], counts[3])))
    return listed


def people(batches: Iterable[Batch]) -> dict[str, str]:
    """User name → full name of those who uploaded. One query."""
    names = {batch.created_by for batch in batches}
    return dict(User.objects.filter(username__in=names).values_list("username", "full_name"))


def school_years(school: Organisation) -> list[str]:
    """Years to choose from, the likeliest first: the latest with classes, then around today. One query."""
    today = SchoolYear.of(clock.today())
    used = SchoolClass.objects.filter(school=school).values_list("school_year", flat=True).distinct()
    listed = sorted(used, reverse=True)
    around = [str(today), str(today.next()), str(today.previous())]
    return list(dict.fromkeys([*listed[:1], *around, *listed]))


def can_undo(batch: Batch) -> bool:
    """Still within the time in which an import may be undone."""
    return (
        batch.state == State.APPLIED
        and batch.applied_at is not None
        and clock.now() - batch.applied_at <= UNDO_WITHIN
    )


def error_kinds(report: dict[str, Any]) -> list[ErrorKind]:
    """Kinds of error by number of rows, most first."""
    places: Counter[str] = Counter()
    example: dict[str, str] = {}
    seen = set()
    for issue in report["issues"]:
        if issue["severity"] != "error":
            continue
        key = (issue["code"], issue["sheet"], issue["row"])
        if key not in seen:
            seen.add(key)
            places[issue["code"]] += 1
            example.setdefault(issue["code"], issue["message"])
    return [ErrorKind(code, rows, example[code]) for code, rows in places.most_common()]


def names_by_row(report: dict[str, Any]) -> dict[tuple[str, int], tuple[str, str]]:
    """(sheet, row) → (name, class) of the refused and new rows and the changed ones."""
    found = {(r[0], r[1]): (r[3], r[4]) for rows in report["people"].values() for r in rows}
    return found | {(c["sheet"], c["row"]): (c["name"], c["class"]) for c in report["changes"]}


def to_answer(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Questions of the report in order of the file, each with ``name`` of the person."""
    names = names_by_row(report)
    return [q | {"name": names.get((q["sheet"], q["row"]), ("", ""))[0]} for q in report["questions"]]


def refused_rows(report: dict[str, Any], *, code: str = "", which: str = "") -> list[dict[str, Any]]:
    """Errors in order of the file, each with the person's name and its question's key and answer.

    :param code: only this kind of error.
    :param which: "answer" for those that a yes settles, "file" for those to mend in the file.
    """
    keys = {_place(q): q for q in report["questions"]}
    names = names_by_row(report)
    found = []
    for issue in report["issues"]:
        if issue["severity"] != "error" or (code and issue["code"] != code):
            continue
        question = keys.get(_place(issue))
        answerable = question is not None
        if (which == "answer" and not answerable) or (which == "file" and answerable):
            continue
        found.append(
            issue
            | {
                "name": names.get((issue["sheet"], issue["row"]), ("", ""))[0],
                "key": question["key"] if question else "",
                "answer": question["answer"] if question else None,
            }
        )
    return found


def _place(issue: dict[str, Any]) -> tuple[str, int, str, str]:
    return issue["sheet"], issue["row"], issue["column"], issue["code"]
