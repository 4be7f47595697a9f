"""Pages of the secondary mark book in the sector's form, filled or empty (domain sheet 9.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hocbaso.core.regulation.secondary import SecondarySubject
from hocbaso.core.regulation.tt22 import Rating, mark_value
from hocbaso.engines.workbooks.form_writer import Entry, FormColumn, FormPage, Value
from hocbaso.engines.workbooks.grid import column_letter

_TERMS = {"hk1": ("HKI", "HỌC KỲ I"), "hk2": ("HKII", "HỌC KỲ II")}
_NUMBER, _CODE, _NAME = (
    FormColumn(("STT",), 5),
    FormColumn(("Mã học sinh",), 14),
    FormColumn(("Họ và tên",), 28),
)
_PASS = ("Đ", "CĐ", "V", "M")
_MARK_HINT = "Ghi điểm từ 0 đến 10, nhiều nhất một chữ số thập phân; V là vắng, M là miễn."
_LETTER_HINT = "Ghi Đ (Đạt), CĐ (Chưa đạt), V (vắng) hoặc M (miễn)."
_COMMENT = 500
_RATING_HINT = "Chọn Tốt, Khá, Đạt hoặc Chưa đạt."
_SESSIONS = 500
_FIRST_MARK = 3  # column of TX1


@dataclass(frozen=True, slots=True)
class Line:
    """One pupil; ``values`` by the name of the stored column, with ``stated`` for what the rule gives."""

    code: str
    name: str
    values: Mapping[str, Any] = field(default_factory=dict)


def marks_page(
    subject: SecondarySubject,
    term: str,
    lines: Sequence[Line],
    *,
    class_name: str,
    year: str,
    regular: int,
    needed: int,
    by_class: bool = False,
) -> FormPage:
    """The page of one subject and semester.

    :param regular: number of columns of regular marks; ``needed``: how many of them a result asks for.
    :param by_class: the sheet is named by the class (a
        subject teacher's book) instead of the subject.
    """
    short, long = _TERMS[term]
    names = [f"tx{n}" for n in range(1, regular + 1)] + ["gk", "ck"]
    heads = [f"TX{n}" for n in range(1, regular + 1)] + ["ĐĐGgk", "ĐĐGck"]
    columns = [_NUMBER, _CODE, _NAME, *(_mark_column(subject, head) for head in heads)]
    columns.append(FormColumn(("ĐTBmhk",), 9, Entry.COMPUTED, formula=_average(subject, regular, needed)))
    columns.append(FormColumn(("Nhận xét",), 44, Entry.TEXT, high=_COMMENT))
    rows = [
        [
            number,
            line.code,
            line.name,
            *(_mark(line.values.get(name)) for name in names),
            _mark(line.values.get("stated")),
            line.values.get("comment") or None,
        ]
        for number, line in enumerate(lines, start=1)
    ]
    return FormPage(
        f"{class_name} {short}" if by_class else f"{short} {subject.name}",
        f"SỔ ĐIỂM MÔN {subject.name.upper()} - LỚP {class_name} - {long} - NĂM HỌC {year}",
        columns,
        rows,
        (class_name, subject.code, term),
    )


def conduct_page(lines: Sequence[Line], *, class_name: str, year: str, by_class: bool = False) -> FormPage:
    """The page of conduct, absences and the homeroom teacher's comment."""
    ratings = tuple(rating.value for rating in Rating)
    names = ("conduct_1", "conduct_2", "absent_excused", "absent_unexcused", "homeroom_comment")
    columns = [
        _NUMBER,
        _CODE,
        _NAME,
        FormColumn(("Rèn luyện HKI",), 12, Entry.CHOICE, ratings, hint=_RATING_HINT),
        FormColumn(("Rèn luyện HKII",), 12, Entry.CHOICE, ratings, hint=_RATING_HINT),
        FormColumn(("Số buổi nghỉ có phép",), 12, Entry.WHOLE, high=_SESSIONS, hint="Ghi số buổi."),
        FormColumn(("Số buổi nghỉ không phép",), 12, Entry.WHOLE, high=_SESSIONS, hint="Ghi số buổi."),
        FormColumn(("Nhận xét của GVCN",), 50, Entry.TEXT, high=_COMMENT),
    ]
    rows = [
        [number, line.code, line.name, *(_plain(line.values.get(name)) for name in names)]
        for number, line in enumerate(lines, start=1)
    ]
    title = f"RÈN LUYỆN, NGÀY NGHỈ VÀ NHẬN XÉT - LỚP {class_name} - NĂM HỌC {year}"
    name = f"{class_name} Rèn luyện" if by_class else "Rèn luyện"
    return FormPage(name, title, columns, rows, (class_name, "", ""))


def _mark_column(subject: SecondarySubject, head: str) -> FormColumn:
    if subject.scored:
        return FormColumn((head,), 8, Entry.MARK, hint=_MARK_HINT)
    return FormColumn((head,), 8, Entry.CHOICE, _PASS, hint=_LETTER_HINT)


def _mark(text: Any) -> Value:
    """A canonical mark as Excel counts with it: a number, or its letters."""
    value = mark_value(text) if text else None
    return value if value is not None else (text or None)


def _plain(value: Any) -> Value:
    return None if value in (None, "") else value if isinstance(value, (str, int, Decimal)) else str(value)


def _average(subject: SecondarySubject, regular: int, needed: int) -> Callable[[int], str]:
    """ĐTBmhk as Excel calculates it (TT 22/2021 Điều 9 khoản 1): shown to the teacher, never read back.

    An absence counts as 0 (Điều 7); with an exemption or a missing mark the cell stays empty.
    """
    first, last = column_letter(_FIRST_MARK), column_letter(_FIRST_MARK + regular - 1)
    mid, final = column_letter(_FIRST_MARK + regular), column_letter(_FIRST_MARK + regular + 1)

    def lacking(row: int) -> str:
        often = f"{first}{row}:{last}{row}"
        return f'COUNTA({often})<{needed},{mid}{row}="",{final}{row}=""'

    def scored(row: int) -> str:
        often, whole = f"{first}{row}:{last}{row}", f"{first}{row}:{final}{row}"
        total = f"SUM({often})+2*N({mid}{row})+3*N({final}{row})"
        count = f'COUNT({often})+COUNTIF({often},"V")+5'
        return f'=IF(OR({lacking(row)},COUNTIF({whole},"M")>0),"",ROUND(({total})/({count}),1))'

    def passed(row: int) -> str:
        whole = f"{first}{row}:{final}{row}"
        bad = f'COUNTIF({whole},"CĐ")+COUNTIF({whole},"V")'
        return f'=IF(OR({lacking(row)}),"",IF({bad}>0,"CĐ","Đ"))'

    return scored if subject.scored else passed
