"""The gradebook's page as templates and the script need it: cells with their state, rows with their notes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from hocbaso.apps.assessment.class_sheet import ClassSheet, findings
from hocbaso.apps.assessment.models import MARK_COLUMNS
from hocbaso.apps.assessment.parts import RECORD, TRAITS, is_secondary, year_moments
from hocbaso.apps.assessment.sheet_fields import subject_line
from hocbaso.apps.assessment.use_cases.enter_cells import CellAnswer, State, TypedCell
from hocbaso.apps.common.clock import VIETNAM
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.core.regulation import tt22
from hocbaso.core.vietnamese.dates import format_vi
from hocbaso.core.vietnamese.reading import Finding
from hocbaso.interfaces.web.gradebook_columns import (
    DECIMAL,
    Average,
    Column,
    averages,
    columns,
    grammar,
    groups,
)
from hocbaso.interfaces.web.gradebook_locks import PageGates

PREFIX = "o-"  # ids and names of cells: o-<enrolment>-<key>
_DECIMAL = re.compile(r"\d{1,2},\d")
_MARKS = frozenset({*MARK_COLUMNS, "retest"})
ICONS = {"refused": "cross", "asked": "warn", "conflict": "differ", "locked": "lock", "waiting": "clock"}


@dataclass(slots=True)
class Cell:
    """One cell as it is shown."""

    name: str
    column: Column
    text: str  # in the cell
    stored: str
    version: int
    readonly: bool
    state: str = ""  # a State, or "locked" for a padlock
    message: str = ""

    @property
    def icon(self) -> str:
        return ICONS.get(self.state, "")


@dataclass(frozen=True, slots=True)
class Note:
    """What "Tình trạng" says of a row. ``long`` stands in the rail."""

    kind: str  # colour
    icon: str
    short: str
    long: str = ""
    target: str = ""  # id of the cell


@dataclass(slots=True)
class Line:
    """One pupil's row."""

    no: int
    enrolment: Enrolment
    name: str
    cells: list[Cell]
    notes: list[Note]
    averages: list[tuple[str, str]] = field(default_factory=list)  # key, as the cell shows it

    @property
    def short_cells(self) -> list[Cell]:
        """What stands before the averages."""
        return [c for c in self.cells if not c.column.is_text]

    @property
    def text_cells(self) -> list[Cell]:
        return [c for c in self.cells if c.column.is_text]


@dataclass(slots=True)
class Page:
    """One page of the gradebook."""

    title: str
    columns: list[Column]
    lines: list[Line]
    groups: list[tuple[int, str]]
    one_group: bool  # only one group of columns at a time, on wide screens too
    gates: PageGates
    averages: list[Average] = field(default_factory=list)
    closed: str = ""  # why rows are locked, in a sentence
    viewer: str = ""  # why the whole page is read-only
    blanks: list[tuple[str, int, str]] = field(default_factory=list)  # column, how many, first cell
    grammar: list[str] = field(default_factory=list)  # how cells are written, in sentences

    @property
    def quick(self) -> bool:
        """Whether two digits may be read as a decimal here."""
        return any(c.field.kind in DECIMAL for c in self.columns)

    @property
    def closed_columns(self) -> list[tuple[str, str]]:
        return self.gates.closed_lines(self.columns)

    @property
    def short_columns(self) -> list[Column]:
        return [c for c in self.columns if not c.is_text]

    @property
    def text_columns(self) -> list[Column]:
        return [c for c in self.columns if c.is_text]

    @property
    def missing(self) -> int:
        return sum(count for _label, count, _first in self.blanks)

    @property
    def problems(self) -> list[tuple[Line, Note]]:
        """What the rail lists: notes with a cell to go to."""
        return [(line, note) for line in self.lines for note in line.notes if note.target]

    def base(self) -> str:
        """What the page shows before anybody types: ``{cell: [version, text]}``."""
        cells = {c.name: [c.version, c.stored] for line in self.lines for c in line.cells if not c.readonly}
        return json.dumps(cells, ensure_ascii=False, separators=(",", ":"))


def part_name(school_class: SchoolClass, part: str) -> str:
    """What a page is called.

    :raises NotFound: ``no_such_part``.
    """
    if part == TRAITS:
        return _("Phẩm chất và năng lực")
    if part == RECORD:
        return _("Rèn luyện và nhận xét") if is_secondary(school_class.grade) else _("Nhận xét và ngày nghỉ")
    return subject_line(school_class, part).short_name


def cell_name(enrolment_id: int, key: str) -> str:
    return f"{PREFIX}{enrolment_id}-{key}"


def parse_cell(name: str) -> tuple[int, str] | None:
    """Enrolment and key of a cell's name."""
    number, _dash, key = name.removeprefix(PREFIX).partition("-")
    if not name.startswith(PREFIX) or not number.isascii() or not number.isdigit() or len(number) > 15:
        return None
    return int(number), key


def names_of(sheet: ClassSheet) -> dict[int, str]:
    """Names by enrolment; two of one name are told apart by their birth dates."""
    rows = sheet.enrolments
    seen: dict[str, int] = {}
    for row in rows:
        seen[row.pupil.full_name] = seen.get(row.pupil.full_name, 0) + 1
    return {
        row.pk: f"{row.pupil.full_name} ({format_vi(row.pupil.birth_date)})"
        if seen[row.pupil.full_name] > 1
        else row.pupil.full_name
        for row in rows
    }


@dataclass(frozen=True, slots=True)
class Frame:
    """What decides over every cell of a page."""

    sheet: ClassSheet
    editable: bool
    frozen: Mapping[int, datetime]  # when a pupil's year was closed, by enrolment
    gates: PageGates

    def frozen_row(self, enrolment: Enrolment, column: Column) -> bool:
        """Closed with the pupil's year."""
        row = self.sheet.row(enrolment.pk, column.field)
        of_year = self.sheet.part == RECORD or self.sheet.moment in year_moments(
            self.sheet.school_class.grade
        )
        return row.locked if row is not None else of_year and enrolment.pk in self.frozen

    def locked(self, enrolment: Enrolment, column: Column) -> bool:
        """Not to be written, whoever asks."""
        return self.frozen_row(enrolment, column) or not self.gates.cell(column, enrolment.pk).open


def build(frame: Frame, answers: Iterable[CellAnswer] = ()) -> Page:
    """The page with what is stored and, after a plain form, what became of each typed cell."""
    sheet, shown = frame.sheet, columns(frame.sheet)
    given = {(a.cell.enrolment_id, a.cell.key): a for a in answers}
    warned = findings(sheet)
    names = names_of(sheet)
    ruled = averages(sheet)
    lines = []
    for no, enrolment in enumerate(sheet.enrolments, 1):
        cells = [_cell(frame, enrolment, c, given.get((enrolment.pk, c.key))) for c in shown]
        notes = [*_state_notes(frame, enrolment), *_answer_notes(cells)]
        notes += [finding_note(sheet, enrolment.pk, f) for f in warned.get(enrolment.pk, ())]
        line = Line(enrolment.order or no, enrolment, names[enrolment.pk], cells, notes)
        line.averages = [(a.key, result_words(sheet, enrolment.pk, a.key)) for a in ruled]
        lines.append(line)
    title = part_name(sheet.school_class, sheet.part)
    page = Page(title, shown, lines, groups(sheet), sheet.part == RECORD, frame.gates, ruled)
    page.blanks = blanks(sheet)
    page.closed = _closed(frame)
    page.grammar = grammar(sheet)
    return page


def result_words(sheet: ClassSheet, enrolment_id: int, key: str) -> str:
    """What the rules made of a pupil's marks, as the cell shows it: ``8,0``; a dash while undetermined."""
    text = sheet.computed.get(enrolment_id, {}).get(key, "")
    return tt22.show_mark(text, places=1) if text else "–"


def _cell(frame: Frame, enrolment: Enrolment, column: Column, answer: CellAnswer | None) -> Cell:
    sheet = frame.sheet
    row = sheet.row(enrolment.pk, column.field)
    stored = column.shown(sheet.text(enrolment.pk, column.field))
    locked = frame.locked(enrolment, column)
    exempt = bool(sheet.exempt(enrolment.pk)) and not column.is_text
    readonly = not frame.editable or locked or exempt or not enrolment.active
    name = cell_name(enrolment.pk, column.key)
    cell = Cell(name, column, stored, stored, row.version if row else 0, readonly)
    if locked or not enrolment.active:
        cell.state = "locked"
    if answer is not None and answer.state is not State.SAVED:
        cell.text = column.shown(answer.text if answer.state is State.ASKED else answer.cell.text)
        cell.state, cell.message = answer.state.value, answer_words(column, answer)
    return cell


def answer_words(column: Column, answer: CellAnswer) -> str:
    """What became of a typed cell, with both values when there are two."""
    if answer.state is State.CONFLICT and answer.at is None:
        return _("tôi nhập “%(mine)s”, người khác đã lưu “%(theirs)s”") % {
            "mine": answer.cell.text,
            "theirs": column.shown(answer.text),
        }
    if answer.state is State.CONFLICT:
        return _("tôi nhập “%(mine)s”, %(by)s đã lưu “%(theirs)s” lúc %(at)s") % {
            "mine": answer.cell.text,
            "by": answer.by,
            "theirs": column.shown(answer.text),
            "at": moment_words(answer.at),
        }
    return answer.message


def moment_words(at: datetime | None) -> str:
    """``10:38 ngày 20/05/2026``."""
    if at is None:
        return ""
    local = at.astimezone(VIETNAM)
    return _("%(time)s ngày %(date)s") % {"time": f"{local:%H:%M}", "date": f"{local:%d/%m/%Y}"}


def _state_notes(frame: Frame, enrolment: Enrolment) -> list[Note]:
    sheet = frame.sheet
    if not enrolment.active:
        date = format_vi(enrolment.status_date) if enrolment.status_date else ""
        return [Note("idle", "lock", f"{enrolment.status} {date}".strip())]
    since = frame.frozen.get(enrolment.pk)
    rows = [sheet.row(enrolment.pk, f) for f in sheet.fields]
    of_year = sheet.moment in year_moments(sheet.school_class.grade)
    if any(row is not None and row.locked for row in rows) or (since and of_year):
        words = _("Đã khóa")
        if since:
            words = _("Đã chốt ngày %(date)s") % {"date": f"{since.astimezone(VIETNAM):%d/%m/%Y}"}
        return [Note("idle", "lock", words)]
    reason = sheet.exempt(enrolment.pk)
    if reason:
        return [Note("idle", "info", _("Được miễn: %(why)s") % {"why": reason})]
    absent = [c.label for c in columns(sheet) if c.numeric and sheet.text(enrolment.pk, c.field) == "V"]
    if absent:
        return [Note("idle", "info", _("%(where)s: vắng, chờ kiểm tra bù") % {"where": ", ".join(absent)})]
    return []


def _answer_notes(cells: Iterable[Cell]) -> list[Note]:
    kinds = {"refused": "stop", "asked": "warn", "conflict": "warn", "locked": "idle"}
    return [
        Note(kinds[c.state], c.icon, f"{c.column.label}: {short_words(c.column, c.state)}", c.message, c.name)
        for c in cells
        if c.message
    ]


def short_words(column: Column, state: str) -> str:
    """What the row says of a cell's state."""
    words = {"conflict": _("có hai giá trị"), "asked": _("cần xác nhận"), "locked": _("đã khóa")}
    return words.get(state, column.hint)


def finding_note(sheet: ClassSheet, enrolment_id: int, found: Finding) -> Note:
    """A warning of the rule, at the cell to look at."""
    row = sheet.row(enrolment_id, sheet.fields[0])
    level, score = getattr(row, "level", ""), getattr(row, "score", None)
    short = _("Xem lại")
    if score is not None and level:
        short = _("Mức %(level)s, điểm %(score)s") % {"level": level, "score": score}
    return Note("warn", "warn", short, found.message, cell_name(enrolment_id, sheet.fields[0].key))


def blanks(sheet: ClassSheet) -> list[tuple[str, int, str]]:
    """Required columns with empty cells: label, how many, the first of them."""
    missing: dict[str, list[int]] = {}
    for enrolment in sheet.enrolments:
        for f in sheet.missing(enrolment):
            missing.setdefault(f.key, []).append(enrolment.pk)
    return [
        (c.label, len(missing[c.key]), cell_name(missing[c.key][0], c.key))
        for c in columns(sheet)
        if c.key in missing
    ]


def _closed(frame: Frame) -> str:
    sheet, frozen = frame.sheet, frame.frozen
    pupils = [e.pk for e in sheet.enrolments if e.active]
    closed = [frozen[pk] for pk in pupils if pk in frozen]
    of_year = sheet.moment in year_moments(sheet.school_class.grade)
    if not closed or not (of_year or sheet.part == RECORD):
        return ""
    date = f"{max(closed).astimezone(VIETNAM):%d/%m/%Y}"
    if len(closed) == len(pupils):
        return _("Lớp đã chốt ngày %(date)s") % {"date": date}
    return _("%(n)s / %(all)s học sinh đã chốt, lần cuối ngày %(date)s") % {
        "n": len(closed),
        "all": len(pupils),
        "date": date,
    }


def typed_cell(name: str, text: str, seen: str, version: int) -> TypedCell:
    """One cell as the use case takes it: a mark that was seen with a comma is compared as it is stored.

    :raises ValueError: no name of a cell.
    """
    place = parse_cell(name)
    if place is None:
        raise ValueError("cell")
    if _DECIMAL.fullmatch(seen) and place[1] in _MARKS:
        seen = seen.replace(",", ".")
    return TypedCell(*place, text, seen, version)


def typed_from_form(data: Mapping[str, Any]) -> list[TypedCell]:
    """Cells of a plain form that differ from what its page showed.

    :raises ValueError: the page's own record of what it showed is damaged.
    """
    base = json.loads(str(data.get("base", "{}")))
    if not isinstance(base, dict):
        raise ValueError("base")
    found = []
    for name, (version, seen) in base.items():
        text = str(data.get(name, seen)).replace("\r\n", "\n")
        if parse_cell(name) is None or text == seen:
            continue
        found.append(typed_cell(name, text, str(seen), int(version)))
    return found
