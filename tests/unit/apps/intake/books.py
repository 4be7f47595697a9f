"""Small workbooks in the sector's shapes (synthetic people) and the school they belong to."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import xlsxwriter

from hocbaso.apps.organisations.models import Kind, Organisation

YEAR = "2025-2026"
GIVEN = ("An", "Bình", "Châu", "Dung", "Giang", "Hà", "Khoa", "Lan", "Mai", "Nam")
PUPIL = {
    "Mã lớp": "1A",
    "Mã học sinh": "1000000001",
    "Họ tên": "Lê Minh An",
    "Ngày sinh": "09/02/2019",
    "Giới tính": "Nam",
    "Trạng thái HS": "Đang học",
    "Dân tộc": "Kinh",
    "Số định danh cá nhân": "079219000011",
    "Chỗ ở hiện nay": "8 đường số 55",
    "Số điện thoại liên hệ": "0963459029",
    "Họ tên cha": "Lê Văn Bình",
}
STAFF = {
    "Mã cán bộ": "CB00GV001",
    "Họ tên": "Võ Tuấn Đạt",
    "Giới tính": "Nam",
    "Email": "gv001@truong.example",
    "Trạng thái CB": "Đang làm việc",
    "Vị trí việc làm": "Giáo viên",
    "Nhóm chức vụ": "Giáo viên",
    "Lớp chủ nhiệm": "",
    "Phân công giảng dạy": "",
}


def book(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """A workbook with one header row; all cells are text."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as made:
        sheet = made.add_worksheet("Sheet1")
        sheet.write_row(0, 0, ["STT", *rows[0]])
        for number, row in enumerate(rows, start=1):
            for column, value in enumerate([number, *row.values()]):
                sheet.write_string(number, column, str(value))
    return out.getvalue()


def pupil(number: int = 1, **changes: str) -> dict[str, str]:
    """One line of a pupil list; ``changes`` by header (spaces as ``_``)."""
    made = PUPIL | {
        "Mã học sinh": str(1_000_000_000 + number),
        "Họ tên": f"Lê Minh {GIVEN[number % 10]}",
        "Số định danh cá nhân": f"0792190{number:05d}",
    }
    return made | {name.replace("_", " "): value for name, value in changes.items()}


def staff(number: int = 1, **changes: str) -> dict[str, str]:
    """One line of a staff list."""
    made = STAFF | {
        "Mã cán bộ": f"CB00GV{number:03d}",
        "Email": f"gv{number:03d}@truong.example",
        "Họ tên": f"Võ Tuấn {GIVEN[number % 10]}",
    }
    return made | {name.replace("_", " "): value for name, value in changes.items()}


def school(code: str = "79000101", levels: Sequence[str] = ("tieu_hoc",)) -> Organisation:
    """A school without anything in it."""
    return Organisation.objects.create(
        code=code,
        kind=Kind.SCHOOL,
        name=f"Trường {code}",
        levels=list(levels),
        province_code="79",
        commune_code="25747",
        valid_from=date(2020, 1, 1),
    )


def dump() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table: what a dry run must leave as it is."""
    from django.db import connection

    with connection.cursor() as cursor:
        found = {}
        for table in sorted(connection.introspection.table_names(cursor)):
            cursor.execute(f'SELECT * FROM "{table}"')
            found[table] = sorted(cursor.fetchall(), key=repr)
    return found
