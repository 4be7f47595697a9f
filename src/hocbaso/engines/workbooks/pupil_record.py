"""One row of a pupil list → :class:`PupilRow`. What is ambiguous is asked, what is wrong is refused."""

from __future__ import annotations

from dataclasses import fields
from functools import lru_cache
from typing import Any

from hocbaso.core import codelists
from hocbaso.core.vietnamese import personal_number
from hocbaso.core.vietnamese.reading import Finding, Severity
from hocbaso.core.vietnamese.school_year import SchoolYear
from hocbaso.engines.workbooks.address import resolve
from hocbaso.engines.workbooks.cells import PUPIL_CODE_DIGITS, CellReader, grade_of
from hocbaso.engines.workbooks.class_names import school_age
from hocbaso.engines.workbooks.grid import Cell
from hocbaso.engines.workbooks.model import PupilRow
from hocbaso.engines.workbooks.notes import Notes
from hocbaso.engines.workbooks.text import shown, tidy
from hocbaso.engines.workbooks.unique import Persons

#: Ages in the calendar year in which the school year starts that need no question, as grade + these:
#: a pupil of grade 1 is 6 (domain sheet 8.2).
_YOUNGEST, _OLDEST = 4, 9
_FIRST_ADULT_GRADE = 10
_NO = "không"
_NUMBER_WARNINGS = {
    "personal_number.sex": "wrong_sex_digit",
    "personal_number.century": "wrong_century_digit",
    "personal_number.year": "wrong_year_digits",
    "personal_number.province": "unknown_number_province",
    "personal_number.spaces": "text_normalised",
}
_UNITS = ("hamlet", "commune", "district", "province")
#: Text fields that need nothing but normal form.
_PLAIN = (
    "nationality",
    "birth_place",
    "home_town",
    "current_address",
    "disability",
    "hamlet",
    "permanent_text",
    "father_occupation",
    "mother_occupation",
)
_PARENTS = (
    ("father_name", "father_birth_year", "father_phone"),
    ("mother_name", "mother_birth_year", "mother_phone"),
)
#: The fields of a row that are read from its cells, in the order of :class:`PupilRow`.
_FIELDS: dict[str, Any] = dict.fromkeys([one.name for one in fields(PupilRow)][3:])
_CARERS = ("father_name", "mother_name", "guardian_name")


def note_number(notes: Notes, column: int | None, cell: Cell, finding: Finding) -> str | None:
    """Note what was found about a personal number; the padded number when the person has said yes to it."""
    if code := _NUMBER_WARNINGS.get(finding.code):
        notes.warn(column, code, finding.message, cell)
    elif finding.code == "personal_number.lost_zero" and finding.proposal:
        message = f"{finding.message} Số này chưa được ghi khi chưa xác nhận."
        if notes.ask(column, "lost_zero", message, cell, finding.proposal, refused="warning"):
            return finding.proposal
    elif finding.severity is Severity.ERROR:
        digits = sum(char.isdigit() for char in shown(cell))
        short = finding.code == "personal_number.length" and digits < personal_number.LENGTH
        notes.error(column, "short_number" if short else "bad_number", finding.message, cell)
    return None


class PupilReader:
    """Reads the records of one table."""

    def __init__(self, notes: Notes, year: SchoolYear, persons: Persons) -> None:
        self.notes = notes
        self.year = year
        self.persons = persons
        self.cells = CellReader(notes)
        self.columns = notes.table.columns
        self.sheet = notes.table.sheet.name
        self.latest = year.last_day
        self.carers = [self.columns[name] for name in _CARERS if name in self.columns]
        self.plain = [(name, self.columns[name]) for name in _PLAIN if name in self.columns]
        #: Places written in columns of their own for each unit (domain sheet 9.1, T–Y).
        self.places = [
            (field, group)
            for field, group in (("birth_place", "birth"), ("home_town", "home"))
            if f"{group}_province" in self.columns
        ]

    def read(self, index: int, row: list[Cell], class_line: str | None) -> PupilRow:
        """One record; its issues are in the notes afterwards."""
        cells = self.cells
        cells.begin(index, row)
        found = _FIELDS.copy()
        found["class_name"] = cells.class_name(row, class_line)
        found["code"] = cells.code(row, "mã học sinh", digits=PUPIL_CODE_DIGITS)
        found["full_name"] = cells.name(row, "full_name", label="họ tên")
        found["sex"] = cells.sex(row)
        found["status_date"] = cells.date(row, "status_date", latest=self.latest)
        found["religion"] = self._religion(row)
        found["phone"] = cells.phone(row, "phone")
        cells.texts(row, self.plain, found)
        for field, group in self.places:
            found[field] = self._place(row, found.get(field), group)
        found["birth_date"] = self._birth(row, found["class_name"])
        self._status(row, found)
        self._ethnic(row, found)
        self._number(row, found)
        self._address(row, found)
        self._people(row, found)
        self.persons.check(self.notes, found["code"], found["personal_number"], found["full_name"])
        self.persons.check_person(self.notes, found["full_name"], found["birth_date"], found["sex"])
        # By position, in the order of _FIELDS: matching 36 keywords to their parameters takes twice as long.
        return PupilRow(self.sheet, index + 1, not self.notes.bad, *found.values())

    def _birth(self, row: list[Cell], class_name: str | None) -> str | None:
        told = len(self.notes.issues)
        birth = self.cells.date(row, "birth_date", latest=self.latest)
        if birth is None and len(self.notes.issues) == told:
            self.cells.missing("birth_date", "ngày sinh")
        grade = _grade_of(class_name)
        if birth is None or grade is None:
            return birth
        age, years = self.year.start - int(birth[:4]), school_age(grade)
        if age < years + _YOUNGEST or (age > years + _OLDEST and years < _FIRST_ADULT_GRADE):
            column = self.columns["birth_date"]
            message = f"Học lớp {class_name} mà sinh năm {birth[:4]} ({age} tuổi). Thầy cô kiểm tra lại."
            self.notes.warn(column, "unlikely_age", message, row[column])
        return birth

    def _number(self, row: list[Cell], found: dict[str, Any]) -> None:
        cell, column = self.cells.cell(row, "personal_number")
        birth, sex = found["birth_date"], found["sex"]
        if isinstance(cell, str) and personal_number.agrees(cell, birth=birth, sex=sex):
            found["personal_number"] = found["personal_number_raw"] = cell
            return
        written = tidy(shown(cell))
        if not written and self.cells.flawed("personal_number"):
            return
        if not written or written.lower() in (_NO, "không có", "chưa có"):
            if column is not None:
                self.notes.warn(column, "no_number", "Học sinh chưa có số định danh cá nhân.", cell)
            return
        found["personal_number_raw"] = written
        checked = personal_number.check(cell if isinstance(cell, float) else written, birth=birth, sex=sex)
        found["personal_number"] = checked.value
        for finding in checked.findings:
            if confirmed := note_number(self.notes, column, cell, finding):
                found["personal_number"] = confirmed

    def _ethnic(self, row: list[Cell], found: dict[str, Any]) -> None:
        cell, column = self.cells.cell(row, "ethnic_group")
        text = self.cells.text(row, "ethnic_group")
        if text is None:
            return
        item = _find_ethnic(text)
        if item is None:
            by_code = codelists.ethnic_group(text.zfill(2)) if text.isdigit() else None
            near = (by_code,) if by_code else codelists.propose(codelists.ethnic_groups(), text)
            message = f"Dân tộc “{text}” không có trong danh mục."
            item = self._proposed(column, "unknown_ethnic", message, cell, near)
        if item is not None:
            found["ethnic_group"], found["ethnic_group_code"] = item.name, item.code

    def _proposed(
        self,
        column: int | None,
        code: str,
        message: str,
        cell: Cell,
        near: tuple[codelists.CodeItem, ...] | tuple[codelists.PupilStatus, ...],
    ) -> Any:
        """The nearest entry when the person has said yes to it."""
        if not near:
            self.notes.error(column, code, f"{message} Thầy cô chọn đúng tên trong danh mục.", cell)
            return None
        asked = f"{message} Có phải {near[0].name}?"
        return near[0] if self.notes.ask(column, code, asked, cell, near[0].name, severity="error") else None

    def _status(self, row: list[Cell], found: dict[str, Any]) -> None:
        cell, column = self.cells.cell(row, "status")
        told = len(self.notes.issues)
        text = self.cells.text(row, "status")
        status: codelists.PupilStatus | None = None
        if text is not None:
            status = _find_status(text)
            if status is None:
                near = codelists.propose(codelists.pupil_statuses(), text)
                message = f"Trạng thái “{text}” không có trong danh mục 12 trạng thái."
                status = self._proposed(column, "unknown_status", message, cell, near)
        elif column is not None and len(self.notes.issues) == told:
            studying = codelists.pupil_statuses()[0]
            message = f"Chưa có trạng thái của học sinh. Có phải {studying.name}?"
            if self.notes.ask(column, "no_status", message, cell, studying.name, refused="warning"):
                status = studying
        if status is not None:
            found["status"], found["status_code"] = status.name, status.code

    def _religion(self, row: list[Cell]) -> str | None:
        text = self.cells.text(row, "religion")
        if text is None or text.lower() == _NO:
            return text
        item = _find_religion(text)
        if item is None:
            column = self.columns["religion"]
            message = f"Tôn giáo “{text}” không có trong danh mục; hệ thống giữ nguyên như trong tệp."
            self.notes.warn(column, "unknown_religion", message, row[column])
            return text
        return item.name

    def _place(self, row: list[Cell], detail: str | None, group: str) -> str | None:
        """A place in words: the detailed column, then the units of its own columns."""
        parts = [detail, *(self.cells.text(row, f"{group}_{unit}") for unit in _UNITS)]
        return ", ".join(dict.fromkeys(part for part in parts if part)) or None

    def _address(self, row: list[Cell], found: dict[str, Any]) -> None:
        text = self.cells.text
        province, district, commune = text(row, "province"), text(row, "district"), text(row, "commune")
        hamlet, typed = found.get("hamlet"), found.get("permanent_text")
        found["permanent_text"] = (
            typed
            or ", ".join(
                [part for part in (hamlet, commune, district, province) if part and part.lower() != _NO]
            )
            or None
        )
        if province is not None and province.lower() == _NO:
            province = None
        if district is not None and district.lower() == _NO:
            district = None
        address = resolve(province, district, commune)
        while question := address.question:
            column = self.columns.get(question.field)
            cell = row[column] if column is not None else ""
            if question.proposal is None:
                self.notes.warn(column, question.code, question.message, cell)
                break
            yes = self.notes.ask(
                column, question.code, question.message, cell, question.proposal, refused="warning"
            )
            if not yes or question.if_yes is None:
                break
            address = question.if_yes
        found["province"], found["province_code"] = address.province, address.province_code
        found["commune"], found["commune_code"] = address.commune, address.commune_code
        if address.commune_code is None and address.commune and district:
            # Without its district an old name says too little to be read later ("Phường 5" stands in many).
            found["commune"] = f"{address.commune}, {district}"

    def _people(self, row: list[Cell], found: dict[str, Any]) -> None:
        cells = self.cells
        for name, year, phone in _PARENTS:
            found[name] = cells.name(row, name)
            found[year] = cells.year(row, year, latest=self.year.start)
            found[phone] = cells.phone(row, phone)
        found["guardian_name"] = cells.name(row, "guardian_name")
        if self.carers and found["father_name"] is found["mother_name"] is found["guardian_name"] is None:
            message = "Cả ba ô cha, mẹ, người giám hộ đều trống. Không có thì ghi “không”."
            self.notes.warn(self.carers[0], "no_guardian", message)


_grade_of = lru_cache(maxsize=1000)(grade_of)
_find_ethnic = lru_cache(maxsize=1000)(codelists.find_ethnic_group)
_find_status = lru_cache(maxsize=1000)(codelists.find_pupil_status)
_find_religion = lru_cache(maxsize=1000)(codelists.find_religion)
