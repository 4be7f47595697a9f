"""A workbook read with the answers given so far."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from hocbaso.apps.common import clock
from hocbaso.engines.workbooks.collection import CollectionReading, read_collection
from hocbaso.engines.workbooks.model import Issue

#: Answers to questions, by :func:`question_key`.
Answers = Mapping[str, bool]
_ROUNDS = 5  # a "yes" may lead to the next question of the same cell


@dataclass(slots=True)
class Read:
    """A reading, its questions (answered or not), and the answers that were used."""

    reading: CollectionReading
    questions: dict[str, Issue] = field(default_factory=dict)
    answers: dict[str, bool] = field(default_factory=dict)


def question_key(who: str, issue: Issue) -> str:
    """What a question is about: the person, the column, what was written, what was proposed."""
    text = "\x1f".join([who, issue.column, issue.code, issue.value, issue.proposal or ""])
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def read_with(data: bytes, year: str, answers: Answers) -> Read:
    """Read the workbook, answering what somebody has answered before.

    :raises Unreadable: see :func:`read_collection`.
    """
    today = clock.today()
    found = Read(read_collection(data, year=year, today=today))
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
        found.reading = read_collection(data, year=year, today=today, decisions=decisions)
        found.questions = _questions(found.reading) | found.questions
    return found


def _questions(reading: CollectionReading) -> dict[str, Issue]:
    who = {(row.sheet, row.row): row.code for row in reading.rows}
    return {
        question_key(who.get((issue.sheet, issue.row)) or f"{issue.sheet}!{issue.row}", issue): issue
        for issue in reading.issues
        if issue.answerable
    }
