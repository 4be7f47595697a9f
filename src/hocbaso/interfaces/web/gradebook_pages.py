"""The gradebook's page as templates and the script need it: columns in words, cells with their state."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from hocbaso.apps.assessment.class_sheet import (
    RECORD,
    TRAITS,
    ClassSheet,
    Field,
    Kind,
    findings,
    programme_of,
    subject_line,
)
from hocbaso.apps.assessment.models import Moment
from hocbaso.apps.assessment.use_cases.enter_cells import CellAnswer, State, TypedCell
from hocbaso.apps.common.clock import VIETNAM
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.core.regulation.programme import TraitGroup
from hocbaso.core.vietnamese.dates import format_vi
from hocbaso.core.vietnamese.reading import Finding

PREFIX = "o-"  # ids and names of cells: o-<enrolment>-<key>
ICONS = {"refused": "cross", "asked": "warn", "conflict": "differ", "locked": "lock", "waiting": "clock"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column in words."""

    field: Field
    label: str  # in the head
    hint: str  # what may be written
    group: int  # of columns that stand together on a phone
    css: str

    @property
    def key(self) -> str:
        return self.field.key

    @property
    def is_text(self) -> bool:
        return self.field.kind is Kind.TEXT


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


@dataclass(slots=True)
class Page:
    """One page of the gradebook."""

    title: str
    columns: list[Column]
    lines: list[Line]
    groups: list[tuple[int, str]]
    one_group: bool  # only one group of columns at a time, on wide screens too
    closed: str = ""  # why rows are locked, in a sentence
    viewer: str = ""  # why the whole page is read-only
    blanks: list[tuple[str, int, str]] = field(default_factory=list)  # column, how many, first cell

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


def moments() -> list[tuple[str, str]]:
    """The four moments in words."""
    return [
        (Moment.MID_ONE.value, _("Giữa học kỳ I")),
        (Moment.END_ONE.value, _("Cuối học kỳ I")),
        (Moment.MID_TWO.value, _("Giữa học kỳ II")),
        (Moment.YEAR_END.value, _("Cuối năm học")),
    ]


def part_name(school_class: SchoolClass, part: str) -> str:
    """What a page is called.

    :raises NotFound: ``no_such_part``.
    """
    if part == TRAITS:
        return _("Phẩm chất và năng lực")
    if part == RECORD:
        return _("Nhận xét và ngày nghỉ")
    return subject_line(school_class, part).short_name


def cell_name(enrolment_id: int, key: str) -> str:
    return f"{PREFIX}{enrolment_id}-{key}"


def parse_cell(name: str) -> tuple[int, str] | None:
    """Enrolment and key of a cell's name."""
    number, _dash, key = name.removeprefix(PREFIX).partition("-")
    if not name.startswith(PREFIX) or not number.isascii() or not number.isdigit() or len(number) > 15:
        return None
    return int(number), key


def columns(sheet: ClassSheet) -> list[Column]:
    """The page's columns in words."""
    return [_column(sheet, f) for f in sheet.fields]


def _column(sheet: ClassSheet, found: Field) -> Column:
    level = {"level": _("Mức đạt được"), "score": _("Điểm KTĐK"), "comment": _("Nhận xét")}
    if sheet.part == TRAITS:
        trait = programme_of(sheet.school_class).trait(found.key)
        group = list(TraitGroup).index(trait.group) + 1
        return Column(found, trait.name, _hint(found), group, "col-trait")
    if sheet.part == RECORD:
        return _record_column(found)
    css = {Kind.TEXT: "col-text", Kind.LEVEL: "col-level", Kind.SCORE: "col-level"}[found.kind]
    return Column(found, level[found.key], _hint(found), 2 if found.kind is Kind.TEXT else 1, css)


def _record_column(found: Field) -> Column:
    label, group = {
        "absent_excused": (_("Nghỉ có phép"), 1),
        "absent_unexcused": (_("Nghỉ không phép"), 1),
        "height_cm": (_("Chiều cao (cm)"), 1),
        "weight_kg": (_("Cân nặng (kg)"), 1),
        "homeroom_comment": (_("Nhận xét của giáo viên chủ nhiệm"), 2),
        "qualities_comment": (_("Phẩm chất"), 3),
        "general_comment": (_("Năng lực chung"), 3),
        "specific_comment": (_("Năng lực đặc thù"), 3),
    }[found.key]
    return Column(found, label, _hint(found), group, "col-text" if found.kind is Kind.TEXT else "col-number")


def _hint(found: Field) -> str:
    """What may be written, short enough for a row."""
    if found.kind is Kind.LEVEL:
        return _("chỉ T, H hoặc C")
    if found.kind is Kind.TRAIT:
        return _("chỉ T, Đ hoặc C")
    if found.kind is Kind.TEXT:
        return _("nhiều nhất %(n)s ký tự") % {"n": found.high}
    return _("chỉ số nguyên từ %(low)s đến %(high)s") % {"low": found.low, "high": found.high}


def _groups(sheet: ClassSheet) -> list[tuple[int, str]]:
    if sheet.part == TRAITS:
        return [(i, group.label) for i, group in enumerate(TraitGroup, 1)]
    if sheet.part == RECORD:
        return [
            (1, _("Ngày nghỉ, chiều cao, cân nặng")),
            (2, _("Nhận xét của giáo viên chủ nhiệm")),
            (3, _("Nhận xét phẩm chất, năng lực")),
        ]
    scored = len(sheet.fields) > 2
    return [(1, _("Mức và điểm") if scored else _("Mức đạt được")), (2, _("Nhận xét"))]


def _names(enrolments: Iterable[Enrolment]) -> dict[int, str]:
    """Names; two of one name are told apart by their birth dates."""
    rows = list(enrolments)
    seen: dict[str, int] = {}
    for row in rows:
        seen[row.pupil.full_name] = seen.get(row.pupil.full_name, 0) + 1
    return {
        row.pk: f"{row.pupil.full_name} ({format_vi(row.pupil.birth_date)})"
        if seen[row.pupil.full_name] > 1
        else row.pupil.full_name
        for row in rows
    }


def build(
    sheet: ClassSheet,
    *,
    editable: bool,
    frozen: Mapping[int, datetime],
    answers: Iterable[CellAnswer] = (),
) -> Page:
    """The page with what is stored and, after a plain form, what became of each typed cell."""
    shown = columns(sheet)
    given = {(a.cell.enrolment_id, a.cell.key): a for a in answers}
    warned = findings(sheet)
    names = _names(sheet.enrolments)
    lines = []
    for no, enrolment in enumerate(sheet.enrolments, 1):
        cells = [
            _cell(sheet, enrolment, c, editable, frozen, given.get((enrolment.pk, c.key))) for c in shown
        ]
        notes = [*_state_notes(sheet, enrolment, frozen), *_answer_notes(cells)]
        notes += [finding_note(sheet, enrolment.pk, f) for f in warned.get(enrolment.pk, ())]
        lines.append(Line(enrolment.order or no, enrolment, names[enrolment.pk], cells, notes))
    page = Page(part_name(sheet.school_class, sheet.part), shown, lines, _groups(sheet), sheet.part == RECORD)
    page.blanks = blanks(sheet)
    page.closed = _closed(sheet, frozen)
    return page


def _locked(sheet: ClassSheet, enrolment: Enrolment, column: Column, frozen: Mapping[int, datetime]) -> bool:
    row = sheet.row(enrolment.pk, column.field)
    of_year = sheet.part == RECORD or sheet.moment == Moment.YEAR_END
    return row.locked if row is not None else of_year and enrolment.pk in frozen


def _cell(
    sheet: ClassSheet,
    enrolment: Enrolment,
    column: Column,
    editable: bool,
    frozen: Mapping[int, datetime],
    answer: CellAnswer | None,
) -> Cell:
    row = sheet.row(enrolment.pk, column.field)
    stored = sheet.text(enrolment.pk, column.field)
    locked = _locked(sheet, enrolment, column, frozen)
    exempt = bool(sheet.exempt(enrolment.pk)) and not column.is_text
    readonly = not editable or locked or exempt or not enrolment.active
    name = cell_name(enrolment.pk, column.key)
    cell = Cell(name, column, stored, stored, row.version if row else 0, readonly)
    if locked or not enrolment.active:
        cell.state = "locked"
    if answer is not None and answer.state is not State.SAVED:
        cell.text = answer.text if answer.state is State.ASKED else answer.cell.text
        cell.state, cell.message = answer.state.value, answer_words(column, answer)
    return cell


def answer_words(column: Column, answer: CellAnswer) -> str:
    """What became of a typed cell, with both values when there are two."""
    if answer.state is State.CONFLICT and answer.at is None:
        return _("tôi nhập “%(mine)s”, người khác đã lưu “%(theirs)s”") % {
            "mine": answer.cell.text,
            "theirs": answer.text,
        }
    if answer.state is State.CONFLICT:
        return _("tôi nhập “%(mine)s”, %(by)s đã lưu “%(theirs)s” lúc %(at)s") % {
            "mine": answer.cell.text,
            "by": answer.by,
            "theirs": answer.text,
            "at": moment_words(answer.at),
        }
    return answer.message


def moment_words(at: datetime | None) -> str:
    """``10:38 ngày 20/05/2026``."""
    if at is None:
        return ""
    local = at.astimezone(VIETNAM)
    return _("%(time)s ngày %(date)s") % {"time": f"{local:%H:%M}", "date": f"{local:%d/%m/%Y}"}


def _state_notes(sheet: ClassSheet, enrolment: Enrolment, frozen: Mapping[int, datetime]) -> list[Note]:
    if not enrolment.active:
        date = format_vi(enrolment.status_date) if enrolment.status_date else ""
        return [Note("idle", "lock", f"{enrolment.status} {date}".strip())]
    since = frozen.get(enrolment.pk)
    rows = [sheet.row(enrolment.pk, f) for f in sheet.fields]
    if any(row is not None and row.locked for row in rows) or (since and sheet.moment == Moment.YEAR_END):
        words = _("Đã khóa")
        if since:
            words = _("Đã chốt ngày %(date)s") % {"date": f"{since.astimezone(VIETNAM):%d/%m/%Y}"}
        return [Note("idle", "lock", words)]
    reason = sheet.exempt(enrolment.pk)
    return [Note("idle", "info", _("Được miễn: %(why)s") % {"why": reason})] if reason else []


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
    return Note("warn", "warn", short, found.message, cell_name(enrolment_id, "level"))


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


def _closed(sheet: ClassSheet, frozen: Mapping[int, datetime]) -> str:
    pupils = [e.pk for e in sheet.enrolments if e.active]
    closed = [frozen[pk] for pk in pupils if pk in frozen]
    if not closed or (sheet.moment != Moment.YEAR_END and sheet.part != RECORD):
        return ""
    date = f"{max(closed).astimezone(VIETNAM):%d/%m/%Y}"
    if len(closed) == len(pupils):
        return _("Lớp đã chốt ngày %(date)s") % {"date": date}
    return _("%(n)s / %(all)s học sinh đã chốt, lần cuối ngày %(date)s") % {
        "n": len(closed),
        "all": len(pupils),
        "date": date,
    }


def typed_from_form(data: Mapping[str, Any]) -> list[TypedCell]:
    """Cells of a plain form that differ from what its page showed.

    :raises ValueError: the page's own record of what it showed is damaged.
    """
    base = json.loads(str(data.get("base", "{}")))
    if not isinstance(base, dict):
        raise ValueError("base")
    found = []
    for name, (version, seen) in base.items():
        place = parse_cell(name)
        text = str(data.get(name, seen)).replace("\r\n", "\n")
        if place is None or text == seen:
            continue
        found.append(TypedCell(*place, text, str(seen), int(version)))
    return found
