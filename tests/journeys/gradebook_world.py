"""A lower secondary class for journeys at the gradebook: 45 pupils, long names, two teachers."""

from __future__ import annotations

import random

from playwright.sync_api import Locator, Page

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.assessment.models import SubjectMarks
from hocbaso.apps.common import clock
from tests.journeys.browser import sign_in
from tests.journeys.test_sign_in import person
from tests.unit.apps.accounts import people

NAMES = (
    """
Nguyễn Ngọc Hoài An, Trần Lê Bảo An, Đặng Vũ Quỳnh Anh, Nguyễn Minh Anh, Nguyễn Minh Anh, Phạm Hoàng Thiên Ân,
Huỳnh Nguyễn Quốc Bảo, Lý Gia Bảo, Trương Thị Ngọc Bích, Phan Đình Chiến, Hồ Thị Kim Cương, Lê Quang Duy,
Võ Thùy Dương, Nguyễn Tấn Đạt, Bùi Nguyễn Hải Đăng, Đỗ Nguyễn Hương Giang, Tôn Nữ Hoàng Ngân Hà,
Cao Thị Diễm Hằng, Mai Gia Hân, Nguyễn Đức Hiếu, Dương Khánh Hòa, Công Tằng Tôn Nữ Quỳnh Hương,
Thạch Minh Khôi, Lâm Tuấn Kiệt, Nguyễn Phương Linh, Trịnh Ngọc Khánh Linh, Vương Thành Long, Hoàng Nhật Minh,
Ngô Trần Bảo Ngọc, Phùng Yến Nhi, Nguyễn Hoàng Phúc, Châu Minh Quân, Lưu Tú Quyên, Đinh Công Sơn, Tạ Minh Tâm,
Nguyễn Công Thành, Vũ Thị Phương Thảo, Kiều Anh Thư, H' Nguyệt Niê Kđăm, Trần Nguyễn Bảo Trâm, Lê Minh Trí,
Quách Thanh Trúc, Nguyễn Khánh Trường, Phạm Thị Ánh Tuyết, Ỷ Lan Y Blô
""".replace("\n", " ")
    .strip()
    .split(", ")
)


class Secondary:
    """Class 6A1 in mathematics, semester I."""

    def __init__(self, address: str, size: int = 45) -> None:
        self.address = address
        self.unit = people.school("79000201", "Trường THCS Lý Thường Kiệt", levels=["thcs"])
        self.in_class = people.school_class(self.unit, "6A1", 6)
        self.pupils = [people.enrol(self.in_class, n, name) for n, name in enumerate(NAMES[:size], 1)]
        self.teacher = person("hoa", "Phạm Đỗ Khánh Trường")
        self.post = people.post(
            self.teacher, self.unit, Role.SUBJECT_TEACHER, self.in_class, subject_code="toan"
        )
        self.colleague = person("hanh", "Lý Thị Mỹ Hạnh")
        people.post(self.colleague, self.unit, Role.SUBJECT_TEACHER, self.in_class, subject_code="toan")
        self.url = f"{address}/truong/so-diem/{self.in_class.pk}"

    def enter(self, page: Page, part: str = "toan", moment: str = "hk1", who: str = "hoa") -> None:
        """Sign in and open a page of the class."""
        sign_in(page, self.address, who, people.PASSWORD)
        self.open(page, part, moment)

    def open(self, page: Page, part: str = "toan", moment: str = "hk1") -> None:
        page.goto(f"{self.url}/{part}/?dot={moment}")
        page.locator("main[data-ready]").wait_for()

    def cell(self, page: Page, n: int, key: str) -> Locator:
        return page.locator(f"#o-{self.pupils[n].pk}-{key}")

    def row(self, page: Page, n: int) -> Locator:
        return page.locator(f"tr[data-em='{self.pupils[n].pk}']")

    def stored(self, key: str, moment: str = "hk1") -> list[str]:
        """What is stored in a column, in the order of the class; "" where there is no row."""
        rows = SubjectMarks.objects.filter(subject_code="toan", moment=moment)
        found = dict(rows.values_list("enrolment_id", key))
        return [found.get(p.pk, "") for p in self.pupils]

    def fill(self, *columns: str, moment: str = "hk1", seed: int = 7) -> list[float]:
        """Marks around each pupil's own level; returns the levels."""
        chance = random.Random(seed)
        levels = [chance.uniform(3.5, 9.3) for _ in self.pupils]
        for pupil, level in zip(self.pupils, levels, strict=True):
            values = {c: _mark(level + chance.uniform(-0.7, 0.7)) for c in columns}
            SubjectMarks.objects.update_or_create(
                enrolment=pupil,
                subject_code="toan",
                moment=moment,
                defaults={**values, "updated_at": clock.now(), "updated_by": "x", "source": "test"},
            )
        return levels


def _mark(value: float) -> str:
    return f"{min(10.0, max(0.0, value)):.1f}".removesuffix(".0")
