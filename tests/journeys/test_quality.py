"""From the printed slip to the better score: the teacher prints, a mother answers, the clerk takes over."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.pupils.models import Pupil
from hocbaso.apps.quality.models import Mark
from hocbaso.apps.quality.use_cases.compute import compute
from hocbaso.core.quality import Dimension
from tests.journeys.browser import PHONE, check_page, sign_in
from tests.journeys.test_sign_in import person
from tests.unit.apps.accounts import people

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


class School:
    """Class 1A with two pupils, the homeroom teacher and the clerk."""

    def __init__(self, address: str) -> None:
        self.address = address
        unit = people.school()
        self.in_class = people.school_class(unit, "1A")
        names = ("Công Tằng Tôn Nữ Nguyễn Phúc Bảo Quỳnh Hương", "Bùi Minh An")
        self.pupils = [people.enrol(self.in_class, n, name) for n, name in enumerate(names, 1)]
        people.post(person("gv", "Lê Thị Phương"), unit, Role.HOMEROOM, self.in_class)
        people.post(person("dl", "Mai Thị Ngọc Lan"), unit, Role.DATA_CLERK)
        compute(unit, people.YEAR)

    def as_(self, page: Page, who: str, path: str) -> None:
        page.context.clear_cookies()
        page.set_viewport_size({"width": 1280, "height": 900})
        sign_in(page, self.address, who, people.PASSWORD)
        page.goto(f"{self.address}{path}")

    def done(self) -> int:
        mark = Mark.objects.get(pupil=self.pupils[0].pupil)
        return sum(getattr(mark, d.value) for d in Dimension)


def _printed(page: Page, school: School, folder: Path) -> str:
    """The path of the first pupil's link, as it stands on paper."""
    school.as_(page, "gv", f"/truong/chat-luong/lop/{school.in_class.pk}/")
    check_page(page)
    page.get_by_role("link", name="Phiếu phụ huynh").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="In phiếu cả lớp 1A").click()
    paper = folder / "phieu.pdf"
    download.value.save_as(paper)
    text = subprocess.run(["pdftotext", str(paper), "-"], capture_output=True, check=True).stdout.decode()
    found = re.search(r"(/phieu/[a-z2-7]{32})", text)
    assert found is not None
    return found[1]


def _answered(page: Page, school: School, path: str) -> None:
    page.context.clear_cookies()
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page.goto(f"{school.address}{path}")
    page.get_by_label("Ngày sinh của con").fill("09/02/2019")
    page.get_by_role("button", name="Mở phiếu").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Quỳnh Hương")
    for right in page.locator("input[value=dung]").all():
        right.check()
    page.locator("input[name=f-home_town][value=sai]").check()
    page.get_by_role("button", name="Xác nhận và gửi").click()
    expect(page.get_by_role("alert")).to_contain_text("Quê quán: xin ghi lại cho đúng")
    check_page(page)
    page.get_by_label("Quê quán: ghi cho đúng").fill("Xã Thủ Thừa, tỉnh Tây Ninh")
    page.get_by_role("radio", name="Mẹ").check()
    page.get_by_role("button", name="Xác nhận và gửi").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Đã nhận câu trả lời")


def test_a_slip_is_printed_answered_on_the_phone_and_taken_over(page: Page, live_server, tmp_path):
    school = School(live_server.url)
    before = school.done()
    path = _printed(page, school, tmp_path)
    _answered(page, school, path)
    school.as_(page, "dl", f"/truong/chat-luong/lop/{school.in_class.pk}/phieu/")
    check_page(page)
    page.get_by_role("button", name=re.compile("^Ghi vào hồ sơ Quê quán")).click()
    expect(page.get_by_role("status").first).to_contain_text("Đã ghi mục “Quê quán”")
    assert Pupil.objects.get(pk=school.pupils[0].pupil_id).home_town == "Xã Thủ Thừa, tỉnh Tây Ninh"
    assert school.done() > before
