"""Large synthetic input for benchmarks. Every person is invented from lists of words and a seed."""

from __future__ import annotations

import io
import random
from datetime import date, timedelta

import xlsxwriter

from hocbaso.core import codelists

_FAMILY = (
    "Nguyễn",
    "Trần",
    "Lê",
    "Phạm",
    "Hoàng",
    "Huỳnh",
    "Phan",
    "Vũ",
    "Võ",
    "Đặng",
    "Bùi",
    "Đỗ",
    "Hồ",
    "Ngô",
)
_MIDDLE = ("Văn", "Thị", "Hữu", "Minh", "Ngọc", "Thùy", "Quốc", "Gia", "Bảo", "Anh", "Khánh", "Thanh")
_GIVEN = (
    "An",
    "Bình",
    "Châu",
    "Dũng",
    "Giang",
    "Hà",
    "Hân",
    "Khôi",
    "Linh",
    "Long",
    "Mai",
    "Nam",
    "Phúc",
    "Vy",
)
_JOBS = ("Công nhân", "Nông dân", "Giáo viên", "Kỹ sư", "Buôn bán", "Nội trợ", "Tự do")
HEADERS = (
    "STT", "Mã lớp", "Mã học sinh", "Họ tên", "Ngày sinh\n(dd/mm/yyyy)", "Giới tính", "Trạng thái HS",
    "Ngày nhập\ntrạng thái", "Dân tộc", "Tôn giáo", "Quốc tịch", "Số định danh\ncá nhân",
    "Tỉnh/Thành phố\n(Theo địa chỉ thường trú)", "Xã/Phường\n(Theo địa chỉ thường trú)",
    "Tổ/Thôn/Xóm\n(Theo địa chỉ thường trú)", "Nơi sinh\nchi tiết", "Chỗ ở hiện nay",
    "Số điện thoại\nliên hệ", "Loại khuyết tật", "Họ tên cha", "Nghề nghiệp cha", "Năm sinh cha",
    "Số điện thoại cha", "Họ tên mẹ", "Nghề nghiệp mẹ", "Năm sinh mẹ", "Số điện thoại mẹ",
    "Họ tên người\ngiám hộ",
)  # fmt: skip


def _name(dice: random.Random) -> str:
    return f"{dice.choice(_FAMILY)} {dice.choice(_MIDDLE)} {dice.choice(_MIDDLE)} {dice.choice(_GIVEN)}"


def _phone(dice: random.Random) -> str:
    return f"09{dice.randrange(10**8):08}"


def make_large_pupil_workbook(rows: int, *, year: int = 2025, seed: int = 1) -> bytes:
    """A clean pupil list of ``rows`` pupils in grades 1 to 5, in the sector's 28 columns.

    :param year: the calendar year in which the school year starts. :param seed: same seed, same people.
    """
    dice = random.Random(seed)
    communes = codelists.communes("79")
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet("Sheet1")
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    sheet.write_string(0, 0, "SỞ GIÁO DỤC VÀ ĐÀO TẠO THÀNH PHỐ HỒ CHÍ MINH")
    sheet.write_string(3, 3, f"DANH SÁCH HỌC SINH NĂM HỌC {year}-{year + 1}")
    sheet.write_row(5, 0, HEADERS)
    for index in range(rows):
        grade = 1 + index * 5 // rows
        born = date(year - 5 - grade, 1, 1) + timedelta(days=dice.randrange(365))
        girl = dice.random() < 0.5
        place = dice.choice(communes).name
        values: list[object] = [
            index + 1,
            f"{grade}{chr(65 + index // 35 % 26)}",
            f"{10**9 + index:010}",
            _name(dice),
            born,
            "Nữ" if girl else "Nam",
            "Đang học",
            date(year, 9, 5),
            dice.choice(("Kinh", "Kinh", "Kinh", "Hoa", "Chăm", "Khơ-me")),
            "Không",
            "Việt Nam",
            f"079{3 if girl else 2}{born.year % 100:02}{index:06}",
            "Thành phố Hồ Chí Minh",
            place,
            f"Khu phố {dice.randrange(1, 60)}",
            "Bệnh viện Từ Dũ, Thành phố Hồ Chí Minh",
            f"{dice.randrange(1, 400)} đường số {dice.randrange(1, 60)}, {place}",
            _phone(dice),
            "không",
        ]
        for _ in range(2):
            values += [_name(dice), dice.choice(_JOBS), dice.randrange(1975, 1998), _phone(dice)]
        values.append("không")
        for column, value in enumerate(values):
            if isinstance(value, date):
                sheet.write_datetime(6 + index, column, value, day)
            else:
                sheet.write(6 + index, column, value)
    book.close()
    return out.getvalue()
