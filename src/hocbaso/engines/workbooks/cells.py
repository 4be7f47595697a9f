"""One cell of a record → one value, with an issue whenever value and cell are not plainly the same."""

from __future__ import annotations

import re
from datetime import date, time, timedelta
from functools import lru_cache
from typing import Any

from hocbaso.core.vietnamese import names
from hocbaso.core.vietnamese.dates import format_vi, read_date
from hocbaso.core.vietnamese.reading import Severity as Weight
from hocbaso.engines.workbooks.class_names import grade_of as grade_of
from hocbaso.engines.workbooks.grid import Cell
from hocbaso.engines.workbooks.model import Severity
from hocbaso.engines.workbooks.notes import Notes
from hocbaso.engines.workbooks.text import all_tidy, all_usual, bare, joined_texts, key, shown, tidy

#: Excel keeps 15 significant digits of a number (ECMA-376; IEEE 754 double).
_EXACT_DIGITS = 10**15
_DAYS_1904 = 1462
_AS_TEXT = "Thầy cô đổi ô sang dạng văn bản rồi ghi lại."
_CLASS_SPELLING = re.compile(r"^(?:lớp\s*:?\s*)?(1[0-2]|[1-9])\s*([a-zA-ZđĐ]\d{0,2})$", re.IGNORECASE)
_CODE = re.compile(r"^[0-9A-Z]{8,20}$")
_PHONE = re.compile(r"^(?:\+?84|0)\d{9,10}$")
#: What the sector database writes today (domain sheet 2.2).
PUPIL_CODE_DIGITS = 10
_SEXES = {"nam": "Nam", "nữ": "Nữ"}
_SEX_CODES = {"1": "Nam", "01": "Nam", "0": "Nữ", "00": "Nữ", "2": "Nữ", "02": "Nữ"}
_SEX_GUESSES = {"nu": "Nữ", "trai": "Nam", "gai": "Nữ", "male": "Nam", "female": "Nữ", "m": "Nam", "f": "Nữ"}

_NO = "không"
_NOBODY = frozenset({"không có", "không rõ", "chưa rõ", "chưa có"})
#: A column repeats its dates (birth dates of a year group, the day of enrolment).
_read_date = lru_cache(maxsize=5000, typed=True)(read_date)


class CellReader:
    """Reads the cells of one table's rows; all issues go to its :class:`Notes`."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.columns = notes.table.columns
        self.flaws = notes.table.sheet.flaws.cells
        self.tidy = False
        self._usual = False
        self._plain_classes: set[str] = set()
        self.date1904 = notes.table.sheet.book.date1904

    def begin(self, index: int, row: list[Cell]) -> None:
        """Start on a row: one look at the whole row saves one at each of its cells."""
        self.notes.begin(index)
        joined = joined_texts(row)
        self._usual = all_usual(joined)
        self.tidy = self._usual or all_tidy(joined)

    def cell(self, row: list[Cell], name: str) -> tuple[Cell, int | None]:
        """The raw cell of a field and its column; ``('', None)`` when the file has no such column."""
        column = self.columns.get(name)
        return ("", None) if column is None else (row[column], column)

    def flawed(self, name: str) -> bool:
        """Whether the cell shows an error or a formula never calculated (then it is noted as an error)."""
        return bool(self.flaws) and self.flawed_at(self.columns.get(name, -1))

    def flawed_at(self, column: int) -> bool:
        """:meth:`flawed` for a column by its number."""
        flaw = self.flaws.get((self.notes.row, column))
        if flaw is None:
            return False
        if flaw == "=":
            message = (
                "Ô có công thức chưa tính ra giá trị. Thầy cô mở tệp bằng Excel, lưu lại, hoặc ghi giá trị."
            )
            self.notes.error(column, "formula_without_value", message, flaw)
        else:
            message = f"Ô đang báo lỗi {flaw} của Excel. Thầy cô ghi lại giá trị."
            self.notes.error(column, "cell_error", message, flaw)
        return True

    def text(self, row: list[Cell], name: str) -> str | None:
        """A text cell in normal form (NFC, single spaces); None when empty."""
        column = self.columns.get(name)
        return None if column is None else self.text_at(column, row[column])

    def text_at(self, column: int, cell: Cell) -> str | None:
        """:meth:`text` for a column by its number."""
        if isinstance(cell, str):
            if cell == "":
                if self.flaws:
                    self.flawed_at(column)
                return None
            if self.tidy:
                return cell
            value = tidy(cell)
            return value if value == cell else self._normalised(column, cell, value)
        return self._untexted(column, cell)

    def texts(self, row: list[Cell], fields: list[tuple[str, int]], found: dict[str, Any]) -> None:
        """:meth:`text_at` of each (field, column), put into ``found``."""
        easy = self.tidy and not self.flaws
        for name, column in fields:
            cell = row[column]
            found[name] = (cell or None) if easy and type(cell) is str else self.text_at(column, cell)

    def _normalised(self, column: int, cell: str, value: str) -> str | None:
        if not value:
            return None
        message = (
            f"Ô có dấu cách thừa, xuống dòng, ký tự ẩn hoặc dấu gõ kiểu tổ hợp; nhìn giống nhau nhưng khác. "
            f"Trong tệp: “{cell}”. Dạng chuẩn: “{value}”."
        )
        answer = self.notes.ask(column, "text_normalised", message, cell, value)
        return None if answer is False else value

    def _untexted(self, column: int, cell: Cell) -> str | None:
        if isinstance(cell, (bool, date, time, timedelta)):
            message = f"Excel đã đổi nội dung của ô thành “{shown(cell)}”. {_AS_TEXT}"
            self.notes.error(column, "cell_type", message, cell)
            return None
        if not isinstance(cell, str) and abs(cell) >= _EXACT_DIGITS:
            message = f"Số quá dài nên Excel đã làm tròn các chữ số cuối. {_AS_TEXT}"
            self.notes.error(column, "number_rounded", message, cell)
            return None
        return shown(cell)

    def required(self, row: list[Cell], name: str, label: str) -> str | None:
        """:meth:`text`, and an error when empty."""
        told = len(self.notes.issues)
        value = self.text(row, name)
        if value is None and len(self.notes.issues) == told:
            self.missing(name, label)
        return value

    def missing(self, name: str, label: str) -> None:
        """An obligatory cell is empty."""
        self.notes.error(self.columns.get(name), f"missing_{name}", f"Chưa có {label}.")

    def name(self, row: list[Cell], field: str, *, label: str | None = None) -> str | None:
        """A person's name; ``label`` makes it obligatory. "không" is kept."""
        column = self.columns.get(field)
        cell: Cell = "" if column is None else row[column]
        if (
            self._usual
            and type(cell) is str
            and " " in cell
            and cell.replace(" ", "").isalpha()
            and not (cell.isupper() or cell.islower())
        ):
            return cell  # the plain case, without the report
        if not isinstance(cell, (str, bool, date, time, timedelta)):
            message = f"“{shown(cell)}” không phải họ tên."
            self.notes.error(column, "bad_name", message, cell)
            return None
        if not isinstance(cell, str) or column is None or cell == "":
            return self.required(row, field, label) if label else self.text(row, field)
        if label is None and cell == _NO:
            return cell
        read = names.normalise(cell)
        if not read.value:
            return self.required(row, field, label) if label else None
        if read.value.casefold() == "không":
            if label:
                self.missing(field, label)
            return None if label else _NO
        value: str | None = read.value
        if label is None and read.value.casefold() in _NOBODY:
            return read.value
        if " " in read.value and (read.value.isupper() or read.value.islower()):
            value = self._capitals(column, cell, read.value)
        for found in read.findings:
            if found.code == "name.changed":
                message = f"{found.message} Trong tệp: “{cell}”."
                if self.notes.ask(column, "text_normalised", message, cell, read.value) is False:
                    value = None
            elif found.severity is Weight.ERROR:
                self.notes.error(column, "bad_name", found.message, cell)
                value = None
            elif label:
                self.notes.warn(column, "one_word_name", found.message, cell)
        return value

    def _capitals(self, column: int, cell: str, value: str) -> str | None:
        """A name all in capitals or small letters: asked, since a transcript prints it as it is."""
        usual = " ".join(word[:1].upper() + word[1:].lower() for word in value.split(" "))
        message = f"Họ tên viết toàn chữ hoa hoặc chữ thường; học bạ in đúng như ghi. Có phải “{usual}”?"
        answer = self.notes.ask(column, "name_case", message, cell, usual, refused="warning")
        return usual if answer else value

    def date(self, row: list[Cell], name: str, *, latest: date | None = None) -> str | None:
        """A partial ISO date. A bare serial number and the like count, with a warning, until refused."""
        column = self.columns.get(name)
        cell: Cell = "" if column is None else row[column]
        if column is None:
            return None
        if cell == "":
            self.flawed(name)
            return None
        if self.date1904 and isinstance(cell, float) and cell > 2100:
            cell += _DAYS_1904
        if type(cell) is date and (latest is None or cell <= latest) and cell.year >= 1900:
            return cell.isoformat()
        reading = _read_date(cell, latest=latest)
        if reading.refused:
            proposal = _american(cell) if reading.code == "date.no_such_month" else None
            if proposal is None:
                self.notes.error(column, "bad_date", reading.message or "", cell)
                return None
            message = f"{reading.message} Có phải {format_vi(proposal)}?"
            answer = self.notes.ask(column, "bad_date", message, cell, format_vi(proposal), severity="error")
            return proposal if answer else None
        if reading.value is None or reading.exact:
            return reading.value
        code = "serial_date" if reading.code == "date.serial" else "unsure_date"
        answer = self.notes.ask(column, code, reading.message or "", cell, format_vi(reading.value))
        return None if answer is False else reading.value

    def sex(self, row: list[Cell], *, label: str | None = "giới tính") -> str | None:
        """``Nam`` or ``Nữ``; the codes 1 and 0 are asked."""
        cell, column = self.cell(row, "sex")
        if isinstance(cell, str) and (plain := _SEXES.get(cell.lower())):
            return plain
        text = tidy(shown(cell))
        if not text:
            if not self.flawed("sex") and label:
                self.missing("sex", label)
            return None
        if plain := _SEXES.get(text.lower()):
            return plain
        if not isinstance(cell, bool) and (coded := _SEX_CODES.get(text)):
            message = f"Giới tính ghi bằng mã “{text}”, đọc là {coded} (1 là Nam, 0 là Nữ). Có phải {coded}?"
            return None if self.notes.ask(column, "sex_code", message, cell, coded) is False else coded
        message = f"Giới tính “{text}” không đọc được. Chỉ ghi Nam hoặc Nữ."
        guess = _SEX_GUESSES.get(bare(text))
        if guess is None or isinstance(cell, bool):
            self.notes.error(column, "unknown_sex", message, cell)
            return None
        answer = self.notes.ask(
            column, "unknown_sex", f"{message} Có phải {guess}?", cell, guess, severity="error"
        )
        return guess if answer else None

    def class_like(self, column: int | None, value: str) -> bool:
        """Whether ``value`` can be a class's name (else noted as an error)."""
        if grade_of(value) is not None:
            return True
        message = (
            f"“{value}” không phải tên lớp. Tên lớp bắt đầu bằng khối từ 1 đến 12, ví dụ 1A, 6A1; lớp mầm "
            "non ghi Mầm, Chồi, Lá hoặc “Nhà trẻ 25-36 tháng”."
        )
        self.notes.error(column, "bad_class", message, value)
        return False

    def class_name(self, row: list[Cell], context: str | None) -> str | None:
        """Name of the class; from the class line above when the cell is empty."""
        cell, column = self.cell(row, "class_name")
        if cell in self._plain_classes and context in (None, cell):
            return str(cell)
        told = len(self.notes.issues)
        value = self.text(row, "class_name")
        if value is None:
            if len(self.notes.issues) == told and context:
                return context
            if len(self.notes.issues) == told:
                self.missing("class_name", "tên lớp")
            return None
        if (match := _CLASS_SPELLING.match(value)) and (usual := "".join(match.groups()).upper()) != value:
            message = f"Tên lớp ghi là “{value}”. Có phải {usual}?"
            asked: Severity = "warning" if grade_of(value) is not None else "error"
            answer = self.notes.ask(column, "class_spelling", message, cell, usual, severity=asked)
            value = usual if answer else value
            if answer is False or grade_of(value) is None:
                return None
        if not self.class_like(column, value):
            return None
        if isinstance(cell, float) and not cell.is_integer():
            message = (
                f"Tên lớp ghi dạng số {value}; Excel bỏ số 0 ở cuối nên có thể là {value} hoặc {value}0."
            )
            if self.notes.ask(column, "class_as_number", message, cell, value) is False:
                return None
        if context and key(context) != key(value):
            message = f"Dòng tiêu đề phía trên ghi lớp {context}, ô này ghi lớp {value}; hệ thống đọc theo ô."
            self.notes.warn(column, "class_line_differs", message, value)
        if cell == value and len(self.notes.issues) == told:
            self._plain_classes.add(value)
        return value

    def code(self, row: list[Cell], label: str, *, digits: int = 0) -> str | None:
        """A code of 8 to 20 digits and capital letters (domain sheet 2.2), as text.

        :param digits: usual length of such codes; a shorter *number* may have lost zeros and is asked.
        """
        cell, column = self.cell(row, "code")
        if isinstance(cell, str) and _CODE.match(cell):
            return cell
        value = self.required(row, "code", label)
        if value is None:
            return None
        if isinstance(cell, float) and value.isdigit() and len(value) < digits:
            padded = value.zfill(digits)
            message = (
                f"Ô dạng số chỉ có {len(value)} chữ số, có thể Excel đã bỏ số 0 ở đầu. Có phải {padded}?"
            )
            answer = self.notes.ask(column, "code_lost_zero", message, cell, padded, severity="error")
            return padded if answer else None
        if _CODE.match(value):
            return value
        message = f"Mã “{value}” không đúng. Mã gồm 8 đến 20 ký tự, chỉ có chữ số và chữ in hoa không dấu."
        joined = value.replace(" ", "").upper()
        if not _CODE.match(joined):
            self.notes.error(column, "bad_code", message, cell)
            return None
        answer = self.notes.ask(
            column, "bad_code", f"{message} Có phải {joined}?", cell, joined, severity="error"
        )
        return joined if answer else None

    def phone(self, row: list[Cell], name: str) -> str | None:
        """A telephone number as text; a numeric cell that lost its zero is asked and not kept meanwhile."""
        column = self.columns.get(name)
        cell: Cell = "" if column is None else row[column]
        if isinstance(cell, str) and _PHONE.match(cell):
            return cell
        value = self.text(row, name)
        if value is None or column is None or _PHONE.match(value) or value.lower() == "không":
            return value
        if isinstance(cell, float) and len(value) in (9, 10) and _PHONE.match(f"0{value}"):
            message = f"Ô dạng số {value} có lẽ đã mất số 0 ở đầu. Có phải 0{value}?"
            answer = self.notes.ask(column, "phone_lost_zero", message, cell, f"0{value}", refused="warning")
            return f"0{value}" if answer else None
        if not _PHONE.match(re.sub(r"[\s.\-()]", "", value)):
            message = f"“{value}” không giống số điện thoại (10 chữ số, bắt đầu bằng 0); hệ thống giữ nguyên."
            self.notes.warn(column, "odd_phone", message, cell)
        return value

    def year(self, row: list[Cell], name: str, *, latest: int) -> int | None:
        """A year of birth; None when empty or "không"."""
        column = self.columns.get(name)
        cell: Cell = "" if column is None else row[column]
        if isinstance(cell, float) and cell.is_integer() and 1900 <= cell <= latest:
            return int(cell)
        value = self.text(row, name) if not isinstance(cell, (date, bool)) else shown(cell)
        if value is None or column is None or value.lower() == "không":
            return None
        if value.isascii() and value.isdigit() and 1900 <= int(value) <= latest:
            return int(value)
        message = f"“{value}” không phải năm sinh (bốn chữ số, từ 1900 đến {latest}); ô này để trống."
        self.notes.warn(column, "bad_year", message, cell)
        return None


def _american(cell: Cell) -> str | None:
    """``12/25/2017`` read month first, as a question only."""
    match = re.fullmatch(r"\s*(\d{1,2})[/-](\d{1,2})[/-](\d{4})\s*", cell) if isinstance(cell, str) else None
    if match is None:
        return None
    reading = read_date(f"{match[2]}/{match[1]}/{match[3]}")
    return reading.value if reading.exact else None
