"""The dry run: read a workbook, compare it with the database, write nothing at all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.intake.importers import IMPORTERS, read
from hocbaso.apps.intake.models import Kind
from hocbaso.apps.intake.planning import Plan
from hocbaso.apps.intake.policies import require_import
from hocbaso.apps.organisations.models import Organisation
from hocbaso.core.vietnamese.school_year import SchoolYear
from hocbaso.engines.workbooks.model import Issue, Reading

#: Answers to questions, by :func:`question_key`; they outlive the row numbers of one upload.
Answers = Mapping[str, bool]
_ROUNDS = 5  # a "yes" may lead to the next question of the same cell


@dataclass(slots=True)
class Read:
    """A workbook as read with the answers given so far."""

    reading: Reading[Any]
    questions: dict[str, Issue] = field(default_factory=dict)  # every question, answered or not
    answers: dict[str, bool] = field(default_factory=dict)  # those of the given answers that were used


def question_key(who: str, issue: Issue) -> str:
    """What a question is about: the person, the column, what was written, what was proposed."""
    text = "\x1f".join([who, issue.column, issue.code, issue.value, issue.proposal or ""])
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def _questions(reading: Reading[Any]) -> dict[str, Issue]:
    who = {(row.sheet, row.row): row.code or row.full_name for row in reading.rows}
    return {
        question_key(who.get((issue.sheet, issue.row)) or f"{issue.sheet}!{issue.row}", issue): issue
        for issue in reading.issues
        if issue.answerable
    }


def read_with(kind: Kind, data: bytes, year: str, answers: Answers) -> Read:
    """Read, answering what somebody has answered before.

    :raises Unreadable: see :func:`hocbaso.apps.intake.importers.read`.
    """
    found = Read(read(kind, data, year))
    decisions: dict[tuple[int, str] | tuple[str, int, str], bool] = {}
    found.questions = _questions(found.reading)
    for _ in range(_ROUNDS):
        known = {k: q for k, q in found.questions.items() if k in answers and k not in found.answers}
        if not known:
            break
        for key, issue in known.items():
            place = (issue.sheet, issue.row, issue.code)
            # Two questions of one row under one code have one answer there: a "no" wins.
            decisions[place] = decisions.get(place, True) and answers[key]
            found.answers[key] = answers[key]
        found.reading = read(kind, data, year, decisions)
        found.questions = _questions(found.reading) | found.questions
    return found


def compare(actor: Actor, kind: Kind, school: Organisation, year: str, found: Read) -> Plan:
    """The plan of what was read, against the database as it is now, for ``actor`` to write."""
    return IMPORTERS[kind].plan(school, year, found.reading, actor)


def report_of(plan: Plan, found: Read) -> dict[str, Any]:
    """The plan's report with the questions, each with its answer so far."""
    return plan.report() | {
        "questions": [
            issue.to_json() | {"key": key, "answer": found.answers.get(key)}
            for key, issue in found.questions.items()
        ]
    }


def dry_run(
    actor: Actor, *, kind: Kind, school: Organisation, year: str, data: bytes, answers: Answers | None = None
) -> tuple[Plan, Read]:
    """What importing would do. The database refuses every write meanwhile.

    :raises NotAllowed: the actor may not import this kind into this school.
    :raises Unreadable: no workbook of this kind.
    :raises DomainError: ``school_year.format``.
    """
    require_import(actor, kind, school)
    year = str(SchoolYear.parse(year))
    with reading_only():
        found = read_with(kind, data, year, answers or {})
        return compare(actor, kind, school, year, found), found


@contextmanager
def reading_only() -> Iterator[None]:
    """Let this connection refuse writes inside the block: a dry run that wrote would be found out at once."""
    on, off = (
        ("PRAGMA query_only = ON", "PRAGMA query_only = OFF")
        if connection.vendor == "sqlite"
        else (
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
        )
    )
    with connection.cursor() as cursor:
        cursor.execute(on)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(off)
