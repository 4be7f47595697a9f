"""Locks before typing: which columns are closed, when the others close, where to ask for more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from hocbaso.apps.assessment.class_sheet import ClassSheet
from hocbaso.apps.assessment.parts import RECORD, is_secondary, record_moment
from hocbaso.apps.common.clock import VIETNAM
from hocbaso.apps.periods.queries import Gate, Gates
from hocbaso.interfaces.web.gradebook_columns import Column

_UNLOCK = "/truong/mo-khoa/moi"
_WEEKDAYS = ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật")


@dataclass(slots=True)
class PageGates:
    """The gates of one page."""

    sheet: ClassSheet
    now: datetime
    gates: Gates
    columns: dict[str, Gate] = field(default_factory=dict)  # of whole columns, by key

    @classmethod
    def of(cls, sheet: ClassSheet, shown: Sequence[Column], now: datetime) -> PageGates:
        """Four queries."""
        made = cls(sheet, now, Gates.of([sheet.school_class], now))
        made.columns = {c.key: made._gate(c) for c in shown}
        return made

    def _gate(self, column: Column, enrolment_id: int | None = None) -> Gate:
        sheet, name = self.sheet, column.field.name
        moment = sheet.moment
        if sheet.part == RECORD and is_secondary(sheet.school_class.grade):
            moment = record_moment(sheet.school_class.grade, name)
        return self.gates.gate(sheet.school_class, sheet.part, moment, name, enrolment_id)

    def cell(self, column: Column, enrolment_id: int) -> Gate:
        """Of one cell: a case may open it alone."""
        whole = self.columns[column.key]
        return whole if whole.open else self._gate(column, enrolment_id)

    @property
    def closed(self) -> dict[str, str]:
        """Why each closed column is closed, by key."""
        return {key: gate.message for key, gate in self.columns.items() if not gate.open}

    @property
    def closes_at(self) -> datetime | None:
        """When the next of the open columns closes by itself."""
        ends = [g.closes_at for g in self.columns.values() if g.open and g.closes_at]
        return min(ends, default=None)

    @property
    def cases(self) -> list[str]:
        """Numbers of the unlock cases that let columns through."""
        return sorted({g.case_number for g in self.columns.values() if g.case_number})

    def closed_lines(self, shown: Sequence[Column]) -> list[tuple[str, str]]:
        """(columns, why), columns of one reason together."""
        lines: dict[str, list[str]] = {}
        for column in shown:
            if column.key in self.closed:
                lines.setdefault(self.closed[column.key], []).append(column.label)
        return [(", ".join(labels), words) for words, labels in lines.items()]

    def seconds_left(self) -> int:
        """Until the next column closes; 0: none does."""
        return max(1, int((self.closes_at - self.now).total_seconds())) if self.closes_at else 0

    def closing_words(self) -> str:
        """``Đóng lúc 17:00, thứ Sáu 22/05/2026``."""
        if self.closes_at is None:
            return ""
        local = self.closes_at.astimezone(VIETNAM)
        return _("Đóng lúc %(time)s, %(day)s %(date)s") % {
            "time": f"{local:%H:%M}",
            "day": _(_WEEKDAYS[local.weekday()]),
            "date": f"{local:%d/%m/%Y}",
        }

    def left_words(self) -> str:
        """``Còn 2 ngày 6 giờ``."""
        minutes = -(-self.seconds_left() // 60)
        days, hours = divmod(minutes // 60, 24)
        if days:
            return _("Còn %(days)s ngày %(hours)s giờ") % {"days": days, "hours": hours}
        if hours:
            return _("Còn %(hours)s giờ %(minutes)s phút") % {"hours": hours, "minutes": minutes % 60}
        return _("Còn %(minutes)s phút") % {"minutes": minutes}

    def unlock_url(self, column: str = "") -> str:
        """Where to ask for a column to be opened again."""
        sheet = self.sheet
        query = {"lop": sheet.school_class.pk, "phan": sheet.part, "thoi-diem": sheet.moment, "cot": column}
        return f"{_UNLOCK}?{urlencode(query)}"
