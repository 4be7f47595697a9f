"""The staff list with posts, homeroom classes and teaching assignment → :class:`StaffRow` with issues."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from hocbaso.core.errors import DomainError
from hocbaso.core.regulation.programme import PRIMARY_GRADES, ProgrammeLine, programme_for
from hocbaso.core.regulation.secondary import SECONDARY_GRADES, secondary_grade
from hocbaso.core.vietnamese import personal_number
from hocbaso.core.vietnamese.school_year import SchoolYear
from hocbaso.engines.workbooks.cells import CellReader, grade_of
from hocbaso.engines.workbooks.columns import STAFF_REQUIRED
from hocbaso.engines.workbooks.grid import Cell
from hocbaso.engines.workbooks.mark_titles import find_subject, part_of
from hocbaso.engines.workbooks.model import ALL_OTHER, Decisions, Reading, StaffRow, Teaching, WorkbookKind
from hocbaso.engines.workbooks.notes import Notes
from hocbaso.engines.workbooks.opening import (
    STAFF,
    check_header,
    note_no_records,
    open_notes,
    open_tables,
    spread_merges,
)
from hocbaso.engines.workbooks.pupil_record import note_number
from hocbaso.engines.workbooks.table import Records
from hocbaso.engines.workbooks.text import bare, shown, tidy
from hocbaso.engines.workbooks.unique import Persons, Seen

_IDENTITY = ("code", "full_name", "birth_date", "position", "personal_number")

#: Post (key without diacritics) → roles that the post brings. A teacher's come from class and teaching.
ROLE_OF_POSITION: dict[str, tuple[str, ...]] = {
    "hieu truong": ("principal",),
    "giam doc": ("principal",),
    "giam doc trung tam": ("principal",),
    "pho hieu truong": ("deputy_principal",),
    "pho giam doc": ("deputy_principal",),
    "van thu": ("seal_keeper", "data_clerk"),
    "nhan vien van thu": ("seal_keeper", "data_clerk"),
    "to truong chuyen mon": ("group_head",),
    "to truong": ("group_head",),
    "to pho chuyen mon": ("group_deputy",),
    "to pho": ("group_deputy",),
    "giao vien": (),
    "giao vien chu nhiem": (),
    "giao vien bo mon": (),
    "tong phu trach doi": (),
    "nhan vien": (),
}
HOMEROOM, SUBJECT = "homeroom_teacher", "subject_teacher"
_EVERYTHING = re.compile(r"^tat ca(?: cac)?(?: mon)?(?: hoc)?(?: tru(?: cac)? mon chuyen)?$")
_LINE = re.compile(r"^([^:]+?)\s*:\s*(.+)$")
_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")


def read_staff(
    data: bytes, *, year: SchoolYear | str, decisions: Decisions | None = None
) -> Reading[StaffRow]:
    """Read and validate a staff list.

    :param year: the school year of the assignment; says which subjects a grade has.
    :returns: every record with ``ok``, issues in order of rows, rows passed over.
    :raises Unreadable: as :func:`hocbaso.engines.workbooks.pupils.read_pupils`.
    """
    school_year = SchoolYear.parse(year) if isinstance(year, str) else year
    tables = open_tables(data, STAFF, key_fields=("full_name", "position"), what="cán bộ")
    reading: Reading[StaffRow] = Reading(WorkbookKind.STAFF, tuple(t.sheet.name for t in tables))
    shared = Shared()
    for notes in open_notes(tables, decisions):
        reading.headers.append(notes.table.position())
        records = Records(notes.table, _IDENTITY)
        if check_header(notes, STAFF_REQUIRED, year=school_year):
            spread_merges(notes, fill=())
            reader = StaffReader(notes, school_year, shared)
            read = [reader.read(index, row) for index, row in records]
            reading.rows.extend(read)
            if not read:
                note_no_records(notes, "cán bộ")
        reading.skipped.extend(records.skipped)
        notes.issues.sort(key=lambda issue: issue.row)
        reading.issues.extend(notes.issues)
    return reading


class Shared:
    """What must be unique over the whole list."""

    def __init__(self) -> None:
        self.persons = Persons("cán bộ")
        self.homerooms = Seen("homeroom_class")
        self.emails = Seen("email")


class StaffReader:
    """Reads the records of one table."""

    def __init__(self, notes: Notes, year: SchoolYear, shared: Shared) -> None:
        self.notes = notes
        self.year = year
        self.shared = shared
        self.cells = CellReader(notes)
        self.columns = notes.table.columns

    def read(self, index: int, row: list[Cell]) -> StaffRow:
        """One record; its issues are in the notes afterwards."""
        cells = self.cells
        cells.begin(index, row)
        found: dict[str, Any] = {
            "code": cells.code(row, "mã cán bộ"),
            "full_name": cells.name(row, "full_name", label="họ tên"),
            "birth_date": cells.date(row, "birth_date", latest=self.year.last_day),
            "sex": cells.sex(row, label=None),
            "phone": cells.phone(row, "phone"),
            "status": cells.text(row, "status"),
            "position": cells.required(row, "position", "vị trí việc làm"),
            "group": cells.text(row, "group"),
            "subject": cells.text(row, "subject"),
        }
        name = found["full_name"]
        found["personal_number"] = self._number(row, found)
        found["email"] = self._email(row, name)
        found["homeroom_class"] = self._homeroom(row, name)
        found["teaching"] = self._teaching(row)
        found["roles"] = self._roles(found)
        self.shared.persons.check(self.notes, found["code"], found["personal_number"], name)
        sheet = self.notes.table.sheet.name
        return StaffRow(sheet=sheet, row=index + 1, ok=not self.notes.bad, **found)

    def _number(self, row: list[Cell], found: dict[str, Any]) -> str | None:
        cell, column = self.cells.cell(row, "personal_number")
        if cell == "" and self.cells.flawed("personal_number"):
            return None
        if column is not None and not tidy(shown(cell)):
            self.notes.warn(column, "no_number", "Cán bộ chưa có số định danh cá nhân.", cell)
            return None
        written = cell if isinstance(cell, float) else tidy(shown(cell))
        checked = personal_number.check(written, birth=found["birth_date"], sex=found["sex"])
        value = checked.value
        for finding in checked.findings:
            value = note_number(self.notes, column, cell, finding) or value
        return value

    def _email(self, row: list[Cell], name: str | None) -> str | None:
        cell, column = self.cells.cell(row, "email")
        email = self.cells.text(row, "email")
        if email is None or column is None:
            return None
        if not _EMAIL.match(email):
            message = f"“{email}” không phải địa chỉ email; ô này để trống."
            self.notes.warn(column, "bad_email", message, cell)
            return None
        if place := self.shared.emails.earlier(email.lower(), self.notes, name or "chưa có tên"):
            message = f"Email trùng với {place}. Mỗi người cần một email riêng để đăng nhập."
            self.notes.warn(column, "shared_email", message, cell)
        return email

    def _homeroom(self, row: list[Cell], name: str | None) -> str | None:
        value = self.cells.text(row, "homeroom_class")
        if value is None or value.lower() == "không":
            return None
        column = self.columns["homeroom_class"]
        if not self.cells.class_like(column, value):
            return None
        if place := self.shared.homerooms.earlier(value, self.notes, name or "chưa có tên"):
            message = f"Lớp {value} đã có giáo viên chủ nhiệm ở {place}. Mỗi lớp chỉ có một người."
            self.notes.error(column, "homeroom_twice", message, value)
        return value

    def _teaching(self, row: list[Cell]) -> tuple[Teaching, ...]:
        cell, column = self.cells.cell(row, "teaching")
        if isinstance(cell, str) and column is not None and tidy(cell):
            lines = [tidy(part) for part in re.split(r"[;\n\r]+", cell)]
        elif self.cells.text(row, "teaching") is None:
            return ()
        else:
            lines = [shown(cell)]
        found: dict[Teaching, None] = {}
        for line in lines:
            if not line or line.lower() == "không":
                continue
            for one in self._teaching_line(column, cell, line):
                if one in found:
                    self.notes.warn(column, "teaching_twice", f"“{line}” ghi hai lần.", cell)
                found[one] = None
        return tuple(found)

    def _teaching_line(self, column: int | None, cell: Cell, line: str) -> list[Teaching]:
        match = _LINE.match(line)
        classes = re.split(r"\s*,\s*", match.group(1)) if match else []
        if match is None or not all(grade_of(name) for name in classes):
            message = (
                f"Không đọc được phân công “{line}”. Cách ghi: lớp, dấu hai chấm, môn; các lớp cách nhau "
                "bằng dấu chấm phẩy, ví dụ “1A: Âm nhạc; 1B: Âm nhạc”."
            )
            self.notes.error(column, "bad_teaching", message, cell)
            return []
        subject = match.group(2)
        if _EVERYTHING.match(bare(subject)):
            return [Teaching(name, ALL_OTHER) for name in classes]
        return [self._subject(column, cell, Teaching(name, subject)) for name in classes]

    def _subject(self, column: int | None, cell: Cell, teaching: Teaching) -> Teaching:
        grade = grade_of(teaching.class_name)
        if grade in SECONDARY_GRADES:
            return self._secondary_subject(column, cell, teaching, grade)
        if grade not in PRIMARY_GRADES:
            return teaching
        line = _find_line(grade, self.year, teaching.subject or "")
        if line is None:
            message = (
                f"Lớp {teaching.class_name}: khối {grade} không có môn “{teaching.subject}”; không phân công."
            )
            self.notes.warn(column, "subject_not_in_grade", message, cell)
            return teaching
        return replace(teaching, subject_code=line.code)

    def _secondary_subject(self, column: int | None, cell: Cell, teaching: Teaching, grade: int) -> Teaching:
        written = teaching.subject or ""
        try:
            programme = secondary_grade(grade, self.year)
        except DomainError as error:
            self.notes.warn(column, "subject_not_in_grade", error.message, cell)
            return teaching
        if (subject := find_subject(programme, written)) is not None:
            return replace(teaching, subject_code=subject.code)
        whole = part_of(programme, written)
        if whole is None:
            message = f"Lớp {teaching.class_name}: khối {grade} không có môn “{written}”; không phân công."
            self.notes.warn(column, "subject_not_in_grade", message, cell)
            return teaching
        message = (
            f"Lớp {teaching.class_name}: “{written}” là một phần của môn {whole.name}, cả môn ghi một kết "
            f"quả chung; phân công được ghi cho môn {whole.name}."
        )
        answer = self.notes.ask(column, "part_of_subject", message, cell, whole.name, refused="warning")
        return teaching if answer is False else replace(teaching, subject_code=whole.code)

    def _roles(self, found: dict[str, Any]) -> tuple[str, ...]:
        roles: dict[str, None] = {}
        for post in re.split(r"[;,+/]", found["position"] or ""):
            if not (text := bare(post)):
                continue
            known = ROLE_OF_POSITION.get(text)
            if known is None:
                message = (
                    f"Vị trí việc làm “{tidy(post)}” không có trong danh mục nên không có quyền kèm theo."
                )
                self.notes.warn(self.columns["position"], "unknown_position", message, found["position"])
            roles.update(dict.fromkeys(known or ()))
        if found["homeroom_class"]:
            roles[HOMEROOM] = None
        if found["teaching"]:
            roles[SUBJECT] = None
        return tuple(roles)


def _find_line(grade: int, year: SchoolYear, subject: str) -> ProgrammeLine | None:
    try:
        return programme_for(grade, year).grade(grade).find_line(subject)
    except DomainError:  # a year before the programme: nothing to check against
        return None
