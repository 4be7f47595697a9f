"""One row of a mark page or of the conduct page → :class:`MarkRow`."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from hocbaso.core.regulation.secondary import Form
from hocbaso.core.regulation.tt22 import mark_text, read_mark, read_rating, show_mark
from hocbaso.core.vietnamese.decimals import round_half_up
from hocbaso.core.vietnamese.reading import Reading
from hocbaso.engines.workbooks.cells import PUPIL_CODE_DIGITS, CellReader
from hocbaso.engines.workbooks.days import read_days
from hocbaso.engines.workbooks.grid import Cell
from hocbaso.engines.workbooks.mark_columns import PageColumns
from hocbaso.engines.workbooks.mark_identity import Identity
from hocbaso.engines.workbooks.model import MarkRow
from hocbaso.engines.workbooks.notes import Notes
from hocbaso.engines.workbooks.text import shown, tidy
from hocbaso.engines.workbooks.unique import Persons

_PLAIN = (float, str)
_MOST_SESSIONS = 250  # as the year record takes
#: Serial numbers of the days from 2000 to 2049: what is left of a date in a cell formatted as a number.
_SERIALS = range(36526, 54789)
_EPOCH = date(1899, 12, 30)
_DATE_TEXT = re.compile(r"^(\d{1,2})\s*[/-]\s*(\d{1,2})(?:\s*[/-]\s*(?:19|20)?\d\d)?(?: 0?0:00(?::00)?)?$")
_DAY_MONTH = re.compile(
    r"^(\d{1,2})[\s-]*(?:th(?:g|áng)?[\s-]*(\d{1,2})"
    r"|(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))[a-z]*$",
    re.IGNORECASE,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


class MarkReader:
    """Reads the records of one page."""

    def __init__(
        self,
        notes: Notes,
        page: PageColumns,
        persons: Persons,
        identity: Identity,
    ) -> None:
        """:param identity: what the page holds."""
        self.notes, self.page, self.persons, self.identity = notes, page, persons, identity
        self.subject = identity.subject
        self.cells = CellReader(notes)
        self.incomplete: list[int] = []
        #: Cells of this page that were read exactly, and their marks: a page repeats a few dozen.
        self._known: dict[Cell, str] = {}
        self._averages: dict[Cell, str] = {}
        columns = notes.table.columns
        self._marks = [(name, columns[name]) for name in page.marks] if self.subject else []
        self._needed = self._needed_columns()
        conduct = {"conduct_1": "conduct_1", "conduct_2": "conduct_2"}
        if identity.term:
            conduct["conduct"] = f"conduct_{identity.term[-1]}"
        self._conduct = [(stored, columns[name]) for name, stored in conduct.items() if name in columns]

    def _needed_columns(self) -> list[str]:
        if self.subject is None:
            return []
        # A book may keep fewer columns than the circular counts: that is told once, for the whole page.
        kept = [name for name in self.page.marks if name not in ("gk", "ck")]
        return [*kept[: self.subject.regular_count], "gk", "ck"]

    def read(self, index: int, row: list[Cell]) -> MarkRow:
        """One pupil's line."""
        cells, notes = self.cells, self.notes
        cells.begin(index, row)
        class_name: str | None = self.identity.class_name
        if "class_name" in cells.columns:
            class_name = cells.class_name(row, class_name)
        code = cells.code(row, "mã học sinh", digits=PUPIL_CODE_DIGITS)
        name = cells.name(row, "full_name", label="họ tên")
        values = self._mark_values(row) if self.subject else self._conduct_values(row)
        if text := cells.text(row, "comment"):
            values["comment" if self.subject else "homeroom_comment"] = text
        self.persons.check(notes, code, None, name)
        return MarkRow(
            notes.table.sheet.name,
            index + 1,
            not notes.bad,
            class_name,
            self.subject.code if self.subject else "",
            self.identity.term if self.subject else "",
            code,
            name,
            values,
        )

    def refused(self, index: int) -> MarkRow:
        """A row that is not read because it belongs to something else."""
        class_name, subject, term = self.identity.key
        return MarkRow(self.notes.table.sheet.name, index + 1, False, class_name, subject, term)

    def _mark_values(self, row: list[Cell]) -> dict[str, Any]:
        assert self.subject is not None
        values: dict[str, Any] = {}
        form, known = self.subject.form, self._known
        for name, column in self._marks:
            cell = row[column]
            if cell == "":
                if self.cells.flaws:
                    self.cells.flawed_at(column)
                continue
            value = known.get(cell) if type(cell) in _PLAIN else None
            if value or (value := self._mark(column, cell, form)):
                values[name] = value
        if values and not self.notes.bad and any(name not in values for name in self._needed):
            self.incomplete.append(self.notes.row)
        for column in self.page.too_many:
            if tidy(shown(row[column])):
                message = "Sổ điểm có nhiều nhất sáu cột điểm đánh giá thường xuyên; điểm ở cột này thừa."
                self.notes.error(column, "too_many_regular", message, row[column])
        if stated := self._stated(row, form):
            values["stated"] = stated
        return values

    def _mark(self, column: int, cell: Cell, form: Form) -> str | None:
        if isinstance(cell, str):
            text = cell if self.cells.tidy else tidy(cell)
            if not text:
                return None
            if (near := _date_text(text)) is not None:
                return self._date(column, cell, near)
            return self._read(column, cell, read_mark(text, form))
        if isinstance(cell, (date, datetime)):
            return self._date(column, cell, _day_month(cell.day, cell.month))
        if isinstance(cell, (bool, time, timedelta)):
            message = f"Excel đã đổi nội dung của ô thành “{shown(cell)}”. Thầy cô ghi lại điểm."
            self.notes.error(column, "cell_type", message, cell)
            return None
        if form is Form.SCORED and isinstance(cell, float) and cell.is_integer() and int(cell) in _SERIALS:
            day = _EPOCH + timedelta(days=int(cell))
            return self._date(column, cell, _day_month(day.day, day.month))
        return self._read(column, cell, read_mark(cell if form is Form.SCORED else shown(cell), form))

    def _read(self, column: int, cell: Cell, reading: Reading[str]) -> str | None:
        if reading.exact or reading.empty:
            if reading.value and type(cell) in _PLAIN:
                self._known[cell] = reading.value
            return reading.value
        if reading.value is None:
            self.notes.error(column, "bad_mark", reading.message or "", cell)
            return None
        # What Excel shows for 7.000000000000001 is 7: told, and taken unless somebody says no.
        noise = reading.code == "decimal.float_noise"
        answer = self.notes.ask(
            column,
            "float_noise" if noise else "bad_mark",
            reading.message or "",
            cell,
            show_mark(reading.value),
            severity="warning" if noise else "error",
        )
        return reading.value if answer or (noise and answer is None) else None

    def _date(self, column: int, cell: Cell, near: str) -> str | None:
        """A cell that Excel turned into a date: refused, with the mark that was probably typed."""
        told = (
            f"Ô ghi “{tidy(cell)}”, giống ngày tháng hơn là điểm."
            if isinstance(cell, str)
            else f"Excel đã đổi điểm thành ngày tháng “{shown(cell)}”."
        )
        if not near or (self.subject and not self.subject.scored):
            message = f"{told} Thầy cô ghi lại điểm, số thập phân dùng dấu phẩy."
            self.notes.error(column, "date_for_mark", message, cell)
            return None
        message = (
            f"{told} Có lẽ thầy cô đã ghi {show_mark(near)}; nếu đúng thì xác nhận, nếu không thì ghi lại."
        )
        yes = self.notes.ask(column, "date_for_mark", message, cell, show_mark(near), severity="error")
        return near if yes else None

    def _stated(self, row: list[Cell], form: Form) -> str | None:
        """What the file gives as ĐTBmhk, as it shows; compared later, never used."""
        column = self.cells.columns.get("stated")
        if column is None or row[column] == "":
            return None
        cell = row[column]
        if type(cell) is float and form is Form.SCORED and 0 <= cell <= 10:
            if cell not in self._averages:
                self._averages[cell] = mark_text(round_half_up(Decimal(repr(cell))))
            return self._averages[cell]
        if type(cell) is str and cell in self._known:
            return self._known[cell]
        text = tidy(cell) if isinstance(cell, str) else cell
        reading = read_mark(text, form) if not isinstance(cell, (date, time, timedelta, bool)) else None
        if reading is None or reading.value is None:
            if text != "":
                message = (
                    f"Không đọc được “{shown(cell)}” ở cột điểm trung bình; hệ thống tự tính nên bỏ qua."
                )
                self.notes.warn(column, "bad_stated", message, cell)
            return None
        return reading.value

    def _conduct_values(self, row: list[Cell]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for stored, column in self._conduct:
            cell = row[column]
            if (rating := self._rating(column, cell)) is not None:
                values[stored] = rating
        for name in ("absent_excused", "absent_unexcused"):
            if (number := self._whole(row, name)) is not None:
                values[name] = number
        if text := self.cells.text(row, "discipline"):
            values["discipline"] = text
        return values

    def _rating(self, column: int, cell: Cell) -> str | None:
        text = tidy(shown(cell))
        if not text:
            if self.cells.flaws:
                self.cells.flawed_at(column)
            return None
        reading = read_rating(text)
        if reading.value is None:
            self.notes.error(column, "bad_conduct", reading.message or "", cell)
            return None
        if reading.exact:
            return reading.value.value
        proposal = reading.value.value
        yes = self.notes.ask(column, "bad_conduct", reading.message or "", cell, proposal, severity="error")
        return proposal if yes else None

    def _whole(self, row: list[Cell], name: str) -> int | None:
        cell, column = self.cells.cell(row, name)
        if cell == "" or column is None or not tidy(shown(cell)):
            self.cells.flawed(name)
            return None
        return read_days(self.notes, column, cell, high=_MOST_SESSIONS)


def _day_month(day: int, month: int) -> str:
    """The mark that was typed when Excel made day.month of it: 5 June is 5.6; "" when it can be none."""
    if day < 10 and month < 10:
        return f"{day}.{month}"
    return ""


def _date_text(text: str) -> str | None:
    """The mark behind a text that looks like a day and month; None when it does not look like one."""
    if match := _DATE_TEXT.match(text):
        return _day_month(int(match.group(1)), int(match.group(2)))
    if match := _DAY_MONTH.match(text):
        month = int(match.group(2)) if match.group(2) else _MONTHS.index(match.group(3).lower()) + 1
        return _day_month(int(match.group(1)), month)
    return None
