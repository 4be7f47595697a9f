"""Periods and locks in a real browser: a case from request to lock again; a blind check without script."""

from __future__ import annotations

import io
import re

import pytest
from django.db import IntegrityError, connection, transaction
from PIL import Image
from playwright.sync_api import Page, expect

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.assessment.models import ResultChange
from hocbaso.apps.periods.models import CaseState, Review, ReviewState, UnlockCase
from tests.journeys.browser import check_page, sign_in
from tests.journeys.gradebook_world import Secondary
from tests.journeys.test_sign_in import person
from tests.unit.apps.accounts import people

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

HEAD = "Đỗ Thị Minh Nguyệt (Tổ trưởng chuyên môn)"


class School(Secondary):
    """Five pupils with marks, a principal and the head of the mathematics group."""

    def __init__(self, address: str) -> None:
        super().__init__(address, size=5)
        self.fill("tx1", "gk")
        people.post(person("ht", "Võ Đặng Quốc Hưng"), self.unit, Role.PRINCIPAL)
        people.post(person("tt", "Đỗ Thị Minh Nguyệt"), self.unit, Role.GROUP_HEAD)

    def as_(self, page: Page, who: str, path: str) -> None:
        """Somebody else sits down at the computer."""
        page.context.clear_cookies()
        sign_in(page, self.address, who, people.PASSWORD)
        page.goto(f"{self.address}{path}")


@pytest.fixture
def school(live_server) -> School:
    return School(live_server.url)


def _scan() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (600, 800), "white").save(out, "PNG")
    return out.getvalue()


def _period_set_and_closed(page: Page, school: School) -> None:
    school.as_(page, "ht", "/truong/dot-nhap/")
    check_page(page)
    page.get_by_role("link", name="Đặt đợt nhập").click()
    check_page(page)
    page.get_by_label("Cho lớp nào").select_option(label="Khối 6")
    page.get_by_label("Thời điểm").select_option(label="Học kỳ I")
    page.get_by_role("button", name="Đặt đợt nhập").click()
    expect(page.get_by_role("status").first).to_contain_text("Đã đặt đợt nhập")
    expect(page.get_by_role("table", name="Lịch đợt nhập")).to_contain_text("Đang mở")
    page.get_by_role("link", name=re.compile("^Khối 6 · Học kỳ I")).click()
    check_page(page)
    page.get_by_role("button", name="Đóng ngay").click()
    expect(page.get_by_role("alert")).to_contain_text("Cần ghi lý do")
    page.get_by_label("Lý do đóng sớm").fill("Đã nhập xong học kỳ I.")
    page.get_by_role("button", name="Đóng ngay").click()
    expect(page.get_by_role("table", name="Lịch đợt nhập")).to_contain_text("Đã khóa")


def _asked(page: Page, school: School) -> UnlockCase:
    school.as_(page, "hoa", f"/truong/so-diem/{school.in_class.pk}/toan/?dot=hk1")
    page.get_by_role("link", name="Xin mở khóa").first.click()
    page.get_by_label("ĐĐGgk").check()
    page.get_by_text("Chọn học sinh").click()
    page.get_by_label(re.compile(school.pupils[0].pupil.full_name)).check()
    check_page(page)
    page.get_by_role("button", name="Gửi yêu cầu").click()
    expect(page.get_by_role("alert")).to_contain_text("Cần ghi lý do")
    page.get_by_label("Vì sao phải sửa").fill("Cộng sót câu 4, học sinh báo.")
    page.get_by_label("Nội dung biên bản").fill("Sửa ĐĐGgk thành 9,5.\nCăn cứ bài kiểm tra.")
    page.get_by_role("button", name="Gửi yêu cầu").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("MK-2025-79000201-0001")
    check_page(page)
    return UnlockCase.objects.get()


def test_an_unlock_case_from_request_to_lock_again(page: Page, school):
    _period_set_and_closed(page, school)
    case = _asked(page, school)
    where = f"/truong/mo-khoa/{case.number}/"

    school.as_(page, "ht", "/truong/mo-khoa/")
    check_page(page)
    expect(page.get_by_role("table")).to_contain_text("Chờ thầy cô quyết định")
    page.get_by_role("link", name=case.number).click()
    page.get_by_role("button", name="Không cho phép").click()
    expect(page.get_by_role("alert")).to_contain_text("Cần ghi lý do không cho phép")
    page.get_by_label("Ý kiến").fill("Đã xem bài kiểm tra.")
    page.get_by_role("button", name="Cho phép mở khóa").click()
    expect(page.locator("dd .status").first).to_have_text("Đã cho phép, chờ biên bản đã ký")

    school.as_(page, "hoa", where)
    printed = page.request.get(f"{school.address}{where}bien-ban")
    assert printed.headers["content-type"] == "application/pdf"
    assert printed.body().startswith(b"%PDF-")
    scan = {"name": "bien-ban.png", "mimeType": "image/png", "buffer": _scan()}
    page.get_by_label("Tệp biên bản").set_input_files({**scan, "buffer": b"<script>"})
    page.get_by_role("button", name="Nộp biên bản").click()
    expect(page.get_by_role("alert")).to_contain_text("Chỉ nhận biên bản dạng PDF")
    page.get_by_label("Tệp biên bản").set_input_files(scan)
    page.get_by_role("button", name="Nộp biên bản").click()
    expect(page.locator("dd .status").first).to_have_text("Đang mở")
    check_page(page)

    before = school.stored("gk")
    school.open(page)
    cell = school.cell(page, 0, "gk").locator("input").or_(school.cell(page, 0, "gk"))
    cell.first.fill("9,5")
    cell.first.press("Enter")
    expect(page.locator("#dong-luu")).to_have_text(re.compile(r"^Đã lưu lúc \d\d:\d\d"))
    assert school.stored("gk") == ["9.5", *before[1:]]
    change = ResultChange.objects.get()
    assert (change.new, change.case_number) == ("9.5", case.number)

    page.goto(f"{school.address}{where}")
    expect(page.get_by_role("table")).to_contain_text("9.5")
    page.get_by_role("button", name="Khóa lại").click()
    expect(page.locator("dd .status").first).to_have_text("Đã khóa lại")
    case.refresh_from_db()
    assert case.state == CaseState.CLOSED
    with (
        pytest.raises(IntegrityError, match="guarded row"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE assessment_subjectmarks SET gk = '10'")
    school.as_(page, "ht", "/truong/dot-nhap/")
    expect(page.locator("#mo-lai").locator("xpath=ancestor::section")).to_contain_text(case.number)
    check_page(page)


def test_a_blind_check_without_any_script(plain_page: Page, school):
    page = plain_page
    school.as_(page, "ht", "/truong/kiem-tra/giao")
    page.get_by_role("button", name="Chọn lớp").click()
    page.get_by_label("Môn").select_option(label="Toán")
    page.get_by_label("Bài kiểm tra").select_option(label="ĐĐGgk · Học kỳ I")
    page.get_by_label("Người kiểm tra").select_option(label=HEAD)
    page.get_by_label("Số bài rút").fill("3")
    page.get_by_role("button", name="Rút mẫu và giao").click()
    expect(page.get_by_role("table")).to_contain_text("Chưa bắt đầu")

    school.as_(page, "tt", "/truong/kiem-tra/")
    page.get_by_role("link", name=re.compile("^Kiểm tra 6A1")).click()
    review = Review.objects.get()
    marks = {
        i.pk: school.stored("gk")[[p.pk for p in school.pupils].index(i.enrolment_id)]
        for i in review.items.all()
    }
    for n, (pk, mark) in enumerate(marks.items()):
        page.locator(f"[name='diem-{pk}']").fill("0" if n == 0 else mark.replace(".", ","))
    assert "Điểm trong sổ" not in page.content()
    page.get_by_role("button", name="Xác nhận kết quả").click()
    expect(page.get_by_role("alert")).to_contain_text("Có 1 bài lệch")
    page.get_by_label("Nhận xét").fill("Bài số 1 chấm sót một câu.")
    page.get_by_role("button", name="Trả lại giáo viên").click()
    expect(page.get_by_role("heading", name="Kết quả")).to_be_visible()
    expect(page.locator("dl")).to_contain_text("1 / 3")
    review.refresh_from_db()
    assert (review.state, review.mismatches) == (ReviewState.RETURNED, 1)


def test_pages_of_checks_are_easy_for_everybody(page: Page, school):
    school.as_(page, "ht", "/truong/kiem-tra/")
    check_page(page)
    page.goto(f"{school.address}/truong/kiem-tra/giao?lop={school.in_class.pk}")
    check_page(page)
    page.get_by_label("Môn").select_option(label="Toán")
    page.get_by_label("Bài kiểm tra").select_option(label="ĐĐGgk · Học kỳ I")
    page.get_by_label("Người kiểm tra").select_option(label=HEAD)
    page.get_by_role("button", name="Rút mẫu và giao").click()
    school.as_(page, "tt", f"/truong/kiem-tra/{Review.objects.get().pk}/")
    check_page(page)
    page.get_by_role("button", name="Xác nhận kết quả").click()
    expect(page.get_by_role("alert")).to_contain_text("Còn 5 bài chưa ghi kết quả")
    check_page(page)
