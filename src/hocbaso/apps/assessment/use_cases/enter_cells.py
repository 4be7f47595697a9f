"""Cells as a teacher typed them: read by the same grammar as an import, written through the same door."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import User
from hocbaso.apps.assessment.class_sheet import Field, Kind, Roll, fields_of, read_roll, shown
from hocbaso.apps.assessment.models import ResultChange
from hocbaso.apps.assessment.use_cases.record_results import Answer, Door, Entry, Known, Saved, record
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.core.errors import DomainError, register, sentence
from hocbaso.core.regulation import tt22, tt27
from hocbaso.core.vietnamese.decimals import read_integer
from hocbaso.core.vietnamese.letters import INVISIBLE, collapse, nfc
from hocbaso.core.vietnamese.reading import Reading, empty, exact
from hocbaso.engines.rendering.fonts import require_printable

register(
    {
        "cell_unknown": ("Trang này không có ô đó.", "The page has no such cell."),
        "cell_pupil_left": (
            "Học sinh không còn học ở lớp nên không nhập được.",
            "The pupil has left the class.",
        ),
    }
)


class State(StrEnum):
    """What became of a cell."""

    SAVED = "saved"
    ASKED = "asked"  # a proposal that the teacher has not seen yet
    REFUSED = "refused"
    CONFLICT = "conflict"
    LOCKED = "locked"


@dataclass(frozen=True, slots=True)
class TypedCell:
    """One cell with what the page showed before."""

    enrolment_id: int
    key: str
    text: str
    seen: str = ""
    version: int = 0


@dataclass(frozen=True, slots=True)
class CellAnswer:
    """What became of one cell.

    ``text`` is what is stored now (``saved``, ``conflict``, ``locked``), or the proposal (``asked``).
    """

    cell: TypedCell
    state: State
    text: str = ""
    version: int = 0
    message: str = ""
    by: str = ""  # conflict: who changed it, in full name
    at: datetime | None = None  # conflict: when


def enter_cells(
    actor: Actor,
    school_class: SchoolClass,
    part: str,
    moment: str,
    typed: Sequence[TypedCell],
    *,
    quick: bool = False,
    roll: Roll | None = None,
    at_last: Callable[[list[CellAnswer]], None] | None = None,
) -> list[CellAnswer]:
    """Read and write cells of one page; one answer for each, in order. Repeating it changes nothing.

    :param quick: keyboard entry of marks: ``75`` is 7.5, ``d`` is Đ; the answer's ``message`` says what was
        understood.
    :param roll: the pupils of the cells, when the caller has read them.
    :param at_last: told the answers in the same transaction, before it takes its place in the audit chain.
    :raises NotFound: ``no_such_part``. Rights are asked by :func:`record_results.record` for each entry.
    """
    roll = roll or read_roll(school_class, {c.enrolment_id for c in typed})
    fields = {f.key: f for f in fields_of(school_class, part, moment, roll.programme)}
    pupils = {e.pk: e.active for e in roll.enrolments}
    answers: dict[int, CellAnswer] = {}
    entries: dict[int, Entry] = {}
    notes: dict[int, str] = {}
    for index, cell in enumerate(typed):
        column = fields.get(cell.key)
        refusal = _refusal(column, pupils.get(cell.enrolment_id))
        if column is None or refusal:
            answers[index] = CellAnswer(cell, State.REFUSED, version=cell.version, message=refusal)
            continue
        reading = read_cell(column, cell.text, quick=quick)
        if reading.asked or reading.refused:
            state = State.ASKED if reading.asked else State.REFUSED
            answers[index] = CellAnswer(
                cell, state, shown(reading.value), cell.version, reading.message or ""
            )
            continue
        notes[index] = reading.message or ""
        entries[index] = _entry(column, cell, moment, reading.value)
    found: list[CellAnswer] = []

    def tell(written: list[Answer]) -> None:
        for index, answer in zip(entries, written, strict=True):
            answers[index] = _answer(typed[index], fields[typed[index].key], answer, notes[index])
        found.extend(_with_rivals([answers[i] for i in range(len(typed))], fields))
        if at_last is not None:
            at_last(found)

    if entries:
        record(
            actor, list(entries.values()), door=Door.SCREEN, source="screen", known=_known(roll), at_last=tell
        )
    else:
        tell([])
    return found


def _known(roll: Roll) -> Known:
    programmes = {} if roll.programme is None else {roll.school_class.pk: roll.programme}
    return Known({e.pk: roll.school_class for e in roll.enrolments}, programmes)


def _refusal(column: Field | None, active: bool | None) -> str:
    if column is None or active is None:
        return sentence("cell_unknown")
    return "" if active else sentence("cell_pupil_left")


def read_cell(column: Field, text: str, *, quick: bool = False) -> Reading[Any]:
    """The text of one cell by the grammar of its circular.

    :param quick: see :func:`tt22.read_mark`; marks only.
    """
    if column.kind in (Kind.MARK, Kind.PASS):
        form = tt22.Form.SCORED if column.kind is Kind.MARK else tt22.Form.COMMENT
        return tt22.read_mark(text, form, quick=quick)
    if column.kind is Kind.RATING:
        return tt22.read_rating(text)
    if column.kind is Kind.LEVEL:
        return tt27.read_subject_level(text)
    if column.kind is Kind.TRAIT:
        return tt27.read_trait_level(text)
    if column.kind is Kind.SCORE:
        return tt27.read_test_score(text)
    if column.kind is Kind.NUMBER:
        return read_integer(text, low=column.low, high=column.high)
    return _read_text(text)


def _read_text(text: str) -> Reading[str]:
    """A comment as an import would read it: one paragraph of text that the form can print."""
    plain = collapse("".join(char for char in nfc(text) if char not in INVISIBLE))
    if not plain:
        return empty()
    try:
        require_printable("Nhận xét", plain)
    except DomainError as error:
        return Reading(None, False, error.code, error.message)
    return exact(plain)


def _entry(column: Field, cell: TypedCell, moment: str, value: Any) -> Entry:
    blank: Any = None if column.kind in (Kind.SCORE, Kind.NUMBER) else ""
    return Entry(
        cell.enrolment_id,
        column.sort,
        {column.name: blank if value is None else getattr(value, "value", value)},
        column.code,
        moment,
        base_version=cell.version,
        seen={column.name: cell.seen},
    )


def _answer(cell: TypedCell, column: Field, answer: Answer, note: str) -> CellAnswer:
    states = {
        Saved.SAVED: State.SAVED,
        Saved.SAME: State.SAVED,
        Saved.LOCKED: State.LOCKED,
        Saved.CONFLICT: State.CONFLICT,
        Saved.REFUSED: State.REFUSED,
    }
    text = shown(answer.current.get(column.name))
    return CellAnswer(cell, states[answer.state], text, answer.version, answer.message or note)


def _with_rivals(answers: list[CellAnswer], fields: dict[str, Field]) -> list[CellAnswer]:
    """Say of each conflict who changed the cell and when. Two queries when there is one."""
    rivals = [a for a in answers if a.state is State.CONFLICT]
    if not rivals:
        return answers
    names = {fields[a.cell.key].history_name for a in rivals}
    lines = ResultChange.objects.filter(
        enrolment_id__in={a.cell.enrolment_id for a in rivals}, field__in=names
    ).order_by("at", "pk")
    last = {(line.enrolment_id, line.field): line for line in lines}
    people = full_names({line.by for line in last.values()})
    found = []
    for answer in answers:
        line = None
        if answer.state is State.CONFLICT:
            line = last.get((answer.cell.enrolment_id, fields[answer.cell.key].history_name))
        if line is not None:
            by = people.get(line.by, line.by)
            message = sentence("results_conflict", by=by)
            answer = CellAnswer(answer.cell, answer.state, answer.text, answer.version, message, by, line.at)
        found.append(answer)
    return found


def full_names(labels: set[str]) -> dict[str, str]:
    """Full names of actors' labels. One query."""
    return dict(User.objects.filter(username__in=labels).values_list("username", "full_name"))
