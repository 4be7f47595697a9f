"""Synthetic people: names, birth dates and numbers drawn from a seeded generator; nobody is real."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta

FAMILY = [
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
    "Dương",
    "Lý",
    "Đinh",
    "Lâm",
    "Trương",
    "Cao",
]
MIDDLE_BOY = ["Minh", "Gia", "Quốc", "Hữu", "Đức", "Nhật", "Tuấn", "Bảo", "Anh", "Hoàng", "Thành", "Khôi"]
MIDDLE_GIRL = [
    "Thị",
    "Ngọc",
    "Khánh",
    "Phương",
    "Thùy",
    "Bảo",
    "Minh",
    "Thanh",
    "Quỳnh",
    "Diệu",
    "Tường",
    "Mỹ",
]
BOY = [
    "An",
    "Khang",
    "Huy",
    "Long",
    "Nam",
    "Phúc",
    "Quân",
    "Sơn",
    "Trí",
    "Vinh",
    "Đạt",
    "Hiếu",
    "Kiên",
    "Lộc",
    "Nghĩa",
    "Tiến",
    "Thịnh",
    "Khôi",
]
GIRL = [
    "Anh",
    "Chi",
    "Dung",
    "Giang",
    "Hà",
    "Hân",
    "Hương",
    "Linh",
    "Mai",
    "My",
    "Ngân",
    "Nhi",
    "Oanh",
    "Phượng",
    "Thảo",
    "Thư",
    "Trang",
    "Uyên",
    "Vy",
    "Yến",
]
LONG_NAMES = (
    ("Công Tằng Tôn Nữ Hoàng Thị Nguyệt Minh Châu", "Nữ"),
    ("Nguyễn Phúc Bảo Quỳnh Hương Giang", "Nữ"),
    ("Tôn Thất Nguyễn Hoàng Thiên Phúc Nguyên", "Nam"),
)
JOBS = [
    "Kinh doanh",
    "Công nhân",
    "Giáo viên",
    "Kỹ sư",
    "Bác sĩ",
    "Nông dân",
    "Công chức",
    "Nội trợ",
    "Tự do",
]
STREETS = ["Nguyễn Trãi", "Lê Lợi", "Hoa Sữa", "Trần Hưng Đạo", "Phan Đình Phùng", "số 37", "số 12"]


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    sex: str
    born: date
    number: str
    phone: str


class People:
    """Deterministic: the same seed gives the same people."""

    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)  # noqa: S311  synthetic data, nothing secret
        self._numbers: set[str] = set()

    def name(self, sex: str) -> str:
        pick = self.random.choice
        middle, given = (MIDDLE_BOY, BOY) if sex == "Nam" else (MIDDLE_GIRL, GIRL)
        return f"{pick(FAMILY)} {pick(middle)} {pick(given)}"

    def number(self, sex: str, born: date) -> str:
        """A personal number of the right structure (province 079), not given twice."""
        century = (2 if born.year >= 2000 else 0) + (sex == "Nữ")
        while True:
            number = f"079{century}{born.year % 100:02d}{self.random.randrange(10**6):06d}"
            if number not in self._numbers:
                self._numbers.add(number)
                return number

    def phone(self) -> str:
        return f"09{self.random.randrange(10**8):08d}"

    def born_between(self, first: date, last: date) -> date:
        return first + timedelta(days=self.random.randrange((last - first).days))

    def person(self, first: date, last: date, name: str | None = None, sex: str | None = None) -> Person:
        sex = sex or self.random.choice(("Nam", "Nữ"))
        born = self.born_between(first, last)
        return Person(name or self.name(sex), sex, born, self.number(sex, born), self.phone())

    def pupil(self, grade: int, start_year: int, index: int) -> Person:
        """A pupil of a grade; the first ones of each class bear long names."""
        year = start_year - 5 - grade
        name, sex = LONG_NAMES[index] if index < len(LONG_NAMES) else (None, None)
        return self.person(date(year, 1, 1), date(year, 12, 28), name, sex)

    def adult(self) -> Person:
        return self.person(date(1970, 1, 1), date(1996, 12, 31))
