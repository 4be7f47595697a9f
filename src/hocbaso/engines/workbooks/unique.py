"""Values that must not occur twice: the later row is refused, the earlier one told."""

from __future__ import annotations

from hocbaso.core.vietnamese.letters import fold
from hocbaso.engines.workbooks.notes import Notes


class Seen:
    """Where each value of one field was met first, over all sheets of a reading."""

    def __init__(self, field: str) -> None:
        self.field = field
        self._first: dict[str, tuple[Notes, int, str]] = {}

    def earlier(self, value: str, notes: Notes, name: str) -> str | None:
        """Remember ``value`` for the row begun in ``notes``; a phrase for the row that has it already."""
        place = (notes, notes.row, name)
        first = self._first.setdefault(value, place)
        return None if first is place else where(first, notes)

    def tell_first(self, value: str, notes: Notes, name: str, code: str, message: str) -> None:
        """Put a warning on the row that had ``value`` first; ``{row}`` in ``message`` is the row begun."""
        first, index, _ = self._first[value]
        told = message.format(row=where((notes, notes.row, name), first))
        first.at(index, first.table.columns.get(self.field), code, "warning", told, value)


def where(place: tuple[Notes, int, str], seen_from: Notes) -> str:
    """``dòng 64 (Trần Lê Bảo An)``, with the sheet when it is another one."""
    notes, index, name = place
    sheet = "" if notes is seen_from else f" của trang tính “{notes.table.sheet.name}”"
    return f"dòng {index + 1}{sheet} ({name})"


class Persons:
    """Codes and personal numbers of the persons read so far."""

    def __init__(self, kind: str) -> None:
        """:param kind: who they are, in sentences ("học sinh", "cán bộ")."""
        self.kind = kind
        self.codes = Seen("code")
        self.numbers = Seen("personal_number")
        self.people = Seen("full_name")

    def check(self, notes: Notes, code: str | None, number: str | None, name: str | None) -> None:
        """Refuse the row begun when its code or number was met before."""
        shown = name or "chưa có tên"
        if code and (place := self.codes.earlier(code, notes, shown)):
            message = f"Mã {self.kind} trùng với {place}. Mỗi {self.kind} chỉ ghi một dòng."
            notes.error(notes.table.columns.get("code"), "duplicate_code", message, code)
        if number and (place := self.numbers.earlier(number, notes, shown)):
            message = f"Số định danh trùng với {place}. Mỗi người chỉ có một số."
            column = notes.table.columns.get("personal_number")
            notes.error(column, "duplicate_number", message, number)
            told = "Số định danh của dòng này được ghi lại ở {row}."
            self.numbers.tell_first(number, notes, shown, "duplicate_number", told)

    def check_person(self, notes: Notes, name: str | None, birth: str | None, sex: str | None) -> None:
        """Tell when name, full birth date and sex were met before: perhaps one child under two codes."""
        if name is None or sex is None or birth is None or len(birth) < 10:
            return
        if place := self.people.earlier(f"{fold(name)}|{birth}|{sex}", notes, name):
            message = f"Trùng họ tên, ngày sinh và giới tính với {place}. Thầy cô kiểm tra có phải một người."
            notes.warn(notes.table.columns.get("full_name"), "same_person", message, name)
