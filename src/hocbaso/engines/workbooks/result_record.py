"""One row of a primary result sheet → :class:`PrimaryResultRow`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hocbaso.core.regulation.programme import PRIMARY_GRADES, GradeProgramme, Programme
from hocbaso.core.vietnamese.decimals import read_decimal, read_integer, round_half_up
from hocbaso.core.vietnamese.school_year import SchoolYear
from hocbaso.engines.workbooks.cells import PUPIL_CODE_DIGITS, CellReader, grade_of
from hocbaso.engines.workbooks.days import read_days
from hocbaso.engines.workbooks.grid import Cell
from hocbaso.engines.workbooks.model import PrimaryResultRow, SubjectResult
from hocbaso.engines.workbooks.notes import Notes
from hocbaso.engines.workbooks.result_columns import Metric, ResultColumn, ResultLayout
from hocbaso.engines.workbooks.text import key, shown, tidy
from hocbaso.engines.workbooks.unique import Persons

#: Scale of periodic tests: whole numbers from 1 to 10 (TT 27/2020 Điều 7; domain sheet 3.2).
LOWEST_SCORE, HIGHEST_SCORE = 1, 10
_MOST_DAYS = 250
_SUBJECT_LEVELS = {
    "t": "T", "hoàn thành tốt": "T",
    "h": "H", "hoàn thành": "H",
    "c": "C", "chưa hoàn thành": "C",
}  # fmt: skip
_TRAIT_LEVELS = {"t": "T", "tốt": "T", "đ": "Đ", "đạt": "Đ", "c": "C", "cần cố gắng": "C"}
_OVERALL = {
    "htxs": "Hoàn thành xuất sắc",
    "hoàn thành xuất sắc": "Hoàn thành xuất sắc",
    "htt": "Hoàn thành tốt",
    "hoàn thành tốt": "Hoàn thành tốt",
    "ht": "Hoàn thành",
    "hoàn thành": "Hoàn thành",
    "cht": "Chưa hoàn thành",
    "chưa hoàn thành": "Chưa hoàn thành",
}
_YES = {"x", "có", "1", "đúng", "hoàn thành", "lên lớp", "được lên lớp"}
_NO = {"", "không", "0", "chưa hoàn thành", "ở lại lớp", "không lên lớp"}
_EXEMPT = {"m", "miễn", "được miễn"}


class ResultReader:
    """Reads the records of one sheet."""

    def __init__(
        self, notes: Notes, sheet: ResultLayout, programme: Programme, year: SchoolYear, persons: Persons
    ) -> None:
        self.notes = notes
        self.sheet = sheet
        self.programme = programme
        self.year = year
        self.persons = persons
        self.cells = CellReader(notes)

    def read(self, index: int, row: list[Cell], context: str | None) -> PrimaryResultRow:
        """One pupil's line; ``context`` is the class that the sheet or a line above names."""
        cells, notes = self.cells, self.notes
        cells.begin(index, row)
        class_name = cells.class_name(row, context)
        found: dict[str, Any] = {
            "class_name": class_name,
            "code": cells.code(row, "mã học sinh", digits=PUPIL_CODE_DIGITS),
            "full_name": cells.name(row, "full_name", label="họ tên"),
            "birth_date": cells.date(row, "birth_date", latest=self.year.last_day),
            "absences_excused": self._whole(row, "absences_excused", _MOST_DAYS),
            "absences_unexcused": self._whole(row, "absences_unexcused", _MOST_DAYS),
            "height_cm": self._measure(row, "height_cm", 60, 220, "cm"),
            "weight_kg": self._measure(row, "weight_kg", 8, 180, "kg"),
            "comment": cells.text(row, "comment"),
            "stated_overall": self._overall(row),
            "stated_completed": self._mark(row, "completed"),
            "stated_promoted": self._mark(row, "promoted"),
            "awards": cells.text(row, "awards"),
        }
        found["grade"] = grade = self._grade(class_name)
        if grade is not None:
            self._results(row, self.programme.grade(grade), found)
        self.persons.check(notes, found["code"], None, found["full_name"])
        return PrimaryResultRow(sheet=notes.table.sheet.name, row=index + 1, ok=not notes.bad, **found)

    def _grade(self, class_name: str | None) -> int | None:
        grade = grade_of(class_name)
        if grade is not None and grade not in PRIMARY_GRADES:
            column = self.cells.columns.get("class_name")
            message = f"Lớp {class_name} không phải lớp tiểu học (lớp 1 đến lớp 5)."
            self.notes.error(column, "not_primary", message, class_name or "")
            return None
        return grade

    def _results(self, row: list[Cell], grade: GradeProgramme, found: dict[str, Any]) -> None:
        subjects: dict[str, dict[str, Any]] = {}
        traits: dict[str, str] = {}
        comments: dict[str, str] = {}
        lines = {line.code: line for line in grade.lines}
        wanted = {trait.code for trait in grade.traits}
        for column in self.sheet.columns:
            cell = row[column.index]
            if column.metric is Metric.COMMENT:
                if text := self._comment(column, cell):
                    (comments if column.trait else subjects.setdefault(column.code, {}))[
                        column.code if column.trait else "comment"
                    ] = text
            elif column.code not in (wanted if column.trait else lines):
                self._not_in_grade(column, cell, grade)
            elif column.trait:
                if level := self._level(column, cell, grade):
                    traits[column.code] = level
            elif column.metric is Metric.LEVEL:
                subjects.setdefault(column.code, {})["level"] = self._level(column, cell, grade)
            else:
                tested = lines[column.code].tested
                subjects.setdefault(column.code, {})["score"] = self._score(column, cell, tested=tested)
        found["subjects"] = {
            code: SubjectResult(one.get("level"), one.get("score"), one.get("comment"))
            for code, one in subjects.items()
            if any(value is not None for value in one.values())
        }
        found["traits"] = traits
        found["trait_comments"] = comments

    def _not_in_grade(self, column: ResultColumn, cell: Cell, grade: GradeProgramme) -> None:
        if tidy(shown(cell)):
            title = self.notes.table.titles[column.index]
            message = f"Lớp {grade.grade} không có “{title}” nên ô này không được nhập."
            self.notes.warn(column.index, "not_in_grade", message, cell)

    def _level(self, column: ResultColumn, cell: Cell, grade: GradeProgramme) -> str | None:
        written = tidy(shown(cell))
        if not written:
            if not self._flawed(column.index):
                self._missing_level(column, grade)
            return None
        levels = _TRAIT_LEVELS if column.trait else _SUBJECT_LEVELS
        if isinstance(cell, str) and (level := levels.get(written.lower())):
            return level
        if not column.trait and written.lower() in _EXEMPT:
            message = "Môn này ghi là được miễn. Thầy cô ghi lý do miễn trong hồ sơ của học sinh."
            self.notes.warn(column.index, "exempt", message, cell)
            return None
        allowed = (
            "T (Tốt), Đ (Đạt), C (Cần cố gắng)"
            if column.trait
            else ("T (Hoàn thành tốt), H (Hoàn thành), C (Chưa hoàn thành)")
        )
        message = f"Mức “{written}” không đúng. Chỉ ghi {allowed}."
        if column.trait and written.upper() in ("D", "Ð"):
            yes = self.notes.ask(
                column.index, "bad_level", f"{message} Có phải Đ?", cell, "Đ", severity="error"
            )
            return "Đ" if yes else None
        self.notes.error(column.index, "bad_level", message, cell)
        return None

    def _missing_level(self, column: ResultColumn, grade: GradeProgramme) -> None:
        if column.trait:
            name = grade.trait(column.code).name
        else:
            line = grade.line(column.code)
            if not line.compulsory:
                return
            name = line.short_name
        message = (
            f"Chưa có mức đạt được của {name}. Chưa đủ kết quả thì chưa kết thúc được năm học của học sinh."
        )
        self.notes.warn(column.index, "missing_level", message)

    def _score(self, column: ResultColumn, cell: Cell, *, tested: bool) -> int | None:
        written = tidy(shown(cell))
        if not written:
            if not self._flawed(column.index) and tested:
                message = "Chưa có điểm kiểm tra định kỳ cuối năm."
                self.notes.warn(column.index, "missing_score", message)
            return None
        if not tested:
            message = "Môn này không có bài kiểm tra định kỳ cuối năm ở lớp này; điểm không được nhập."
            self.notes.warn(column.index, "score_without_test", message, cell)
            return None
        reading = read_integer(cell, low=LOWEST_SCORE, high=HIGHEST_SCORE)
        if reading.exact:
            return reading.value
        if reading.asked:
            proposal = str(reading.value)
            yes = self.notes.ask(
                column.index, "bad_score", reading.message or "", cell, proposal, severity="error"
            )
            return reading.value if yes else None
        self.notes.error(column.index, "bad_score", reading.message or f"Điểm “{written}” không đúng.", cell)
        return None

    def _flawed(self, index: int) -> bool:
        return self.cells.flawed_at(index)

    def _comment(self, column: ResultColumn, cell: Cell) -> str | None:
        return self.cells.text_at(column.index, cell)

    def _whole(self, row: list[Cell], name: str, high: int) -> int | None:
        cell, column = self.cells.cell(row, name)
        if cell == "" or column is None or not tidy(shown(cell)):
            self.cells.flawed(name)
            return None
        return read_days(self.notes, column, cell, high=high)

    def _measure(self, row: list[Cell], name: str, low: int, high: int, unit: str) -> int | None:
        cell, column = self.cells.cell(row, name)
        if cell == "" or column is None or not tidy(shown(cell)):
            self.cells.flawed(name)
            return None
        text = cell.lower().removesuffix(unit).strip() if isinstance(cell, str) else cell
        reading = read_decimal(text, places=1, low=Decimal(low), high=Decimal(high))
        if not reading.exact or reading.value is None:
            message = (
                f"“{tidy(shown(cell))}” không đọc được; ghi số {unit} từ {low} đến {high}. Ô này để trống."
            )
            self.notes.warn(column, "bad_measure", message, cell)
            return None
        rounded = round_half_up(reading.value, 0)
        if rounded == reading.value:
            return int(rounded)
        message = f"Học bạ ghi số {unit} nguyên. Có phải {rounded} {unit}?"
        yes = self.notes.ask(column, f"rounded_{name}", message, cell, str(rounded), refused="warning")
        return int(rounded) if yes else None

    def _overall(self, row: list[Cell]) -> str | None:
        cell, column = self.cells.cell(row, "overall")
        written = tidy(shown(cell))
        if not written:
            self.cells.flawed("overall")
            return None
        if found := _OVERALL.get(key(written)):
            return found
        message = f"Xếp loại “{written}” không đúng. Chỉ ghi HTXS, HTT, HT hoặc CHT."
        self.notes.error(column, "bad_overall", message, cell)
        return None

    def _mark(self, row: list[Cell], name: str) -> bool | None:
        cell, column = self.cells.cell(row, name)
        if column is None or (cell == "" and self.cells.flawed(name)):
            return None
        written = key(shown(cell))
        if isinstance(cell, bool) or written in _YES:
            return cell if isinstance(cell, bool) else True
        if written in _NO and (written or not tidy(shown(cell))):
            return False
        message = f"“{tidy(shown(cell))}” không đọc được. Ghi “x” là có, để trống là không."
        self.notes.error(column, f"bad_{name}", message, cell)
        return None
