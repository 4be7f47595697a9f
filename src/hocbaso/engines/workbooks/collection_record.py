"""One row of a collection workbook → :class:`CollectionRow`."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from hocbaso.core.vietnamese import personal_number
from hocbaso.core.vietnamese.dates import read_date
from hocbaso.core.vietnamese.reading import Severity
from hocbaso.engines.workbooks.address import resolve
from hocbaso.engines.workbooks.cells import PUPIL_CODE_DIGITS, CellReader
from hocbaso.engines.workbooks.collection_columns import CONFIRM, HANDLINGS
from hocbaso.engines.workbooks.grid import Cell
from hocbaso.engines.workbooks.notes import Notes
from hocbaso.engines.workbooks.text import bare, shown, tidy

_NOTHING = frozenset({"", "không", "không có", "chưa có", "không đổi", "-", "x"})
_SHOWN = ("full_name", "birth_date", "sex", "personal_number", "province", "commune")
_HANDLINGS = {bare(text): code for code, text in HANDLINGS.items()}
_LONGEST = {"paper": 120, "note": 120}


@dataclass(slots=True)
class CollectionRow:
    """One person as the workbook says; ``ok`` is False when the row has an error.

    ``shown`` are the fields as they stood at the export (dates ISO); ``values`` what the school filled in, by
    the fields of ``identity.use_cases.repair.CORRECTABLE``; ``columns`` field → (header, letter) for issues
    found later.
    """

    sheet: str
    row: int
    ok: bool
    staff: bool = False
    code: str = ""
    shown: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    handling: str = ""
    paper: str = ""
    paper_date: str = ""  # ISO
    note: str = ""
    columns: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def touched(self) -> bool:
        """The school wrote something that asks for an act."""
        return bool(self.values) or self.handling == CONFIRM

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


class RecordReader:
    """Reads the records of one table; issues go to ``notes``."""

    def __init__(self, notes: Notes, *, staff: bool, today: date) -> None:
        self.notes = notes
        self.staff = staff
        self.today = today
        self.sheet = notes.table.sheet.name
        columns = notes.table.columns
        self.columns = columns
        self.now = CellReader(notes)
        self.now.columns = columns | ({"code": columns["staff_code"]} if staff else {})
        #: Reads the cells that the school fills in, under the names of the fields themselves.
        self.new = CellReader(notes)
        self.new.columns = {
            name.removeprefix("new_"): column for name, column in columns.items() if name.startswith("new_")
        } | {name: columns[name] for name in ("paper", "paper_date", "note", "handling") if name in columns}
        position = notes.table.position()
        self.places = {
            name.removeprefix("new_"): (notes.table.title(name), position.columns[name])
            for name in columns
            if name.startswith("new_") or name in ("paper", "paper_date", "handling", "full_name")
        }
        self.places["code"] = (
            notes.table.title("staff_code" if staff else "code"),
            position.columns["staff_code" if staff else "code"],
        )

    def read(self, index: int, row: list[Cell]) -> CollectionRow:
        """One record; its issues are in the notes afterwards."""
        self.now.begin(index, row)
        self.new.begin(index, row)
        self.notes.begin(index)
        found = CollectionRow(self.sheet, index + 1, True, self.staff, columns=self.places)
        digits = 0 if self.staff else PUPIL_CODE_DIGITS
        found.code = self._code(row, digits)
        found.shown = {name: self._standing(row, name) for name in _SHOWN if name in self.columns}
        self._values(row, found)
        self._handling(row, found)
        found.ok = not self.notes.bad
        return found

    def _code(self, row: list[Cell], digits: int) -> str:
        if self.staff:  # codes of staff are the school's own: any text
            return self.now.required(row, "code", "mã cán bộ") or ""
        return self.now.code(row, "mã học sinh", digits=digits) or ""

    def _standing(self, row: list[Cell], name: str) -> str:
        """What stood there at the export, as the file holds it."""
        cell = row[self.columns[name]]
        if name == "birth_date":
            reading = read_date(cell)
            return reading.value or tidy(shown(cell))
        return tidy(shown(cell))

    def _values(self, row: list[Cell], found: CollectionRow) -> None:
        new = self.new
        if self._given(row, "full_name") and (name := new.name(row, "full_name")):
            found.values["full_name"] = name
        if self._given(row, "birth_date") and (birth := new.date(row, "birth_date", latest=self.today)):
            found.values["birth_date"] = birth
        if self._given(row, "sex") and (sex := new.sex(row, label=None)):
            found.values["sex"] = sex
        if self._given(row, "personal_number") and (number := self._number(row)):
            found.values["personal_number"] = number
        if not self.staff:
            self._address(row, found)

    def _given(self, row: list[Cell], name: str) -> bool:
        """Whether the school wrote a value; "không" and the like mean nothing is to be changed."""
        column = self.new.columns.get(name)
        if column is None:
            return False
        if row[column] == "" and self.new.flawed(name):
            return False
        return tidy(shown(row[column])).lower() not in _NOTHING

    def _number(self, row: list[Cell]) -> str | None:
        cell, column = self.new.cell(row, "personal_number")
        if isinstance(cell, bool | date):
            message = (
                f"Excel đã đổi nội dung của ô thành “{shown(cell)}”. Thầy cô đổi ô sang dạng văn bản rồi "
                f"ghi lại."
            )
            self.notes.error(column, "cell_type", message, cell)
            return None
        checked = personal_number.check(cell if isinstance(cell, float) else tidy(shown(cell)))
        value = checked.value
        for finding in checked.findings:
            if finding.code == "personal_number.lost_zero" and finding.proposal:
                message = f"{finding.message} Dòng này chưa được ghi khi chưa xác nhận."
                if self.notes.ask(column, "lost_zero", message, cell, finding.proposal, severity="error"):
                    value = finding.proposal
            elif finding.severity is Severity.ERROR:
                self.notes.error(column, "bad_number", finding.message, cell)
            elif finding.code == "personal_number.province":
                self.notes.warn(column, "unknown_number_province", finding.message, cell)
        return value

    def _address(self, row: list[Cell], found: CollectionRow) -> None:
        """Both units; a commune alone is looked for in the province that stands in the file."""
        given = {name: self._given(row, name) for name in ("province", "commune")}
        if not any(given.values()):
            return
        province = self.new.text(row, "province") if given["province"] else found.shown.get("province")
        commune = self.new.text(row, "commune") if given["commune"] else None
        column = self.new.columns.get("commune")
        if not province or not commune:
            what = "tỉnh, thành phố" if not province else "xã, phường"
            message = f"Nơi thường trú đúng phải có đủ tỉnh và xã; chưa có {what}."
            self.notes.error(column, "half_address", message, row[column] if column is not None else "")
            return
        address = resolve(province, None, commune)
        while question := address.question:
            at = self.new.columns.get(question.field, column)
            cell = row[at] if at is not None else ""
            if question.proposal is None or question.if_yes is None:
                self.notes.error(at, question.code, question.message, cell)
                return
            if not self.notes.ask(
                at, question.code, question.message, cell, question.proposal, severity="error"
            ):
                return
            address = question.if_yes
        if address.province_code and address.commune_code:
            found.values["province_code"] = address.province_code
            found.values["commune_code"] = address.commune_code

    def _handling(self, row: list[Cell], found: CollectionRow) -> None:
        text = self.new.text(row, "handling") or ""
        found.handling = _HANDLINGS.get(bare(text), "")
        if text and not found.handling:
            choices = "; ".join(HANDLINGS.values())
            message = f"“{text}” không có trong cách xử lý. Thầy cô chọn một trong: {choices}."
            self.notes.error(self.new.columns["handling"], "unknown_handling", message, text)
        for name, limit in _LONGEST.items():
            value = self.new.text(row, name) or ""
            if len(value) > limit:
                message = f"Ô dài quá {limit} ký tự. Thầy cô viết gọn lại."
                self.notes.error(self.new.columns[name], "too_long", message, value[:60])
            setattr(found, name, value[:limit])
        self._paper_date(row, found)
        self._agrees(found)

    def _paper_date(self, row: list[Cell], found: CollectionRow) -> None:
        day = self.new.date(row, "paper_date", latest=self.today)
        if day is not None and len(day) != 10:
            column = self.new.columns["paper_date"]
            message = "Ngày của giấy tờ phải có đủ ngày, tháng, năm; không rõ thì để trống."
            self.notes.error(column, "partial_paper_date", message, row[column])
        found.paper_date = day if day and len(day) == 10 else ""

    def _agrees(self, found: CollectionRow) -> None:
        if found.handling == CONFIRM and found.values:
            message = f"Dòng vừa ghi giá trị đúng, vừa chọn “{HANDLINGS[CONFIRM]}”. Thầy cô bỏ một trong hai."
            self.notes.error(
                self.new.columns["handling"], "handling_contradicts", message, HANDLINGS[CONFIRM]
            )
        elif found.handling == CONFIRM and not found.paper:
            message = "Xác nhận hồ sơ đã đúng thì phải ghi giấy tờ đã đối chiếu."
            self.notes.error(self.new.columns.get("paper"), "no_paper", message)
        elif found.values.keys() - {"province_code", "commune_code"} and not found.paper:
            # No paper may be asked for residence (Nghị định 104/2022/NĐ-CP): data stand in for it.
            message = (
                "Chưa ghi giấy tờ đã đối chiếu. Dòng vẫn được nhận; thầy cô nên ghi để sau này tra lại được."
            )
            self.notes.warn(self.new.columns.get("paper"), "no_paper_named", message)
