"""From the door to the day's work, in a real browser and without JavaScript."""

from __future__ import annotations

import io
from pathlib import Path

import pyotp
import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect

from hocbaso.apps.accounts.models import Role, StaffMember, User
from hocbaso.apps.accounts.use_cases import second_factor
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation
from tests.journeys.browser import check_page, sideways, sign_in
from tests.unit.apps.accounts import people

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def person(username: str, name: str, *, enrolled: bool = True) -> User:
    made = people.user(username, name)
    if enrolled:
        second_factor.propose_secret(user=made)
        made.totp_confirmed_at = clock.now()
        made.save()
    return made


@pytest.fixture
def school() -> Organisation:
    """A school in full swing: two classes at different steps, everybody in place."""
    unit = people.school()
    first, second = people.school_class(unit, "1A"), people.school_class(unit, "2B", 2)
    names = ["Nguyễn Hoàng Bảo Trâm", "Lê Gia Huy", "Trần Ngọc Khả Hân", "Phạm Đăng Khoa", "Đỗ Thị Ánh Tuyết"]
    for in_class, states in ((first, ["homeroom_signed"] * 4), (second, ["issued", "frozen", "", ""])):
        for n, name in enumerate(names, 1):
            enrolment = people.enrol(in_class, n, name, personal_number=f"0793150{in_class.pk:03d}{n:02d}")
            if n <= len(states):
                people.results(enrolment, at=clock.now())
                if states[n - 1]:
                    people.sheet(enrolment, states[n - 1], at=clock.now())
    people.post(person("vynht.saokhue", "Nguyễn Hoàng Tường Vy"), unit, Role.PRINCIPAL)
    teacher = person("quynhttd.saokhue", "Trần Thị Diễm Quỳnh")
    people.post(teacher, unit, Role.HOMEROOM, first)
    people.post(teacher, unit, Role.SUBJECT_TEACHER, second, subject_code="am-nhac")
    clerk = person("lanmtn.saokhue", "Mai Thị Ngọc Lan", enrolled=False)
    people.post(clerk, unit, Role.DATA_CLERK)
    StaffMember.objects.create(organisation=unit, code="CB01", user=clerk, full_name=clerk.full_name)
    return unit


def test_a_missing_password_is_said_twice_and_the_field_has_the_focus(page: Page, live_server):
    page.goto(f"{live_server.url}/")
    check_page(page)
    page.get_by_label("Tên đăng nhập").fill("quynhttd.saokhue")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Có 1 chỗ cần sửa")
    expect(page.locator("#mat-khau-loi")).to_have_text("Nhập mật khẩu")
    expect(page.get_by_label("Mật khẩu")).to_be_focused()
    check_page(page)
    page.get_by_role("alert").get_by_role("link", name="Nhập mật khẩu").click()
    expect(page.get_by_label("Mật khẩu")).to_be_focused()


def test_a_teacher_with_two_posts_signs_in_chooses_and_changes_the_post(page: Page, live_server, school):
    sign_in(page, live_server.url, "quynhttd.saokhue", people.PASSWORD)
    expect(page.get_by_role("heading", level=1)).to_have_text("Hôm nay thầy cô làm việc ở vị trí nào?")
    check_page(page)
    page.get_by_label("Giáo viên chủ nhiệm lớp 1A").check()
    page.get_by_role("button", name="Tiếp tục").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Việc hôm nay")
    expect(page.locator(".topbar-person")).to_contain_text("Giáo viên chủ nhiệm lớp 1A")
    check_page(page)
    page.get_by_role("link", name="Đổi vị trí").click()
    page.get_by_label("Giáo viên Âm nhạc").or_(page.get_by_label("lớp 2B")).first.check()
    page.get_by_role("button", name="Tiếp tục").click()
    expect(page.locator(".topbar-person")).to_contain_text("lớp 2B")
    page.get_by_role("button", name="Đăng xuất").click()
    expect(page.get_by_role("status")).to_contain_text("đã đăng xuất")
    page.go_back()
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Đăng nhập")


def test_the_second_factor_is_set_up_from_the_page_itself(page: Page, live_server):
    unit = people.school()
    newcomer = person("moi", "Phùng Thị Yến Nhi", enrolled=False)
    people.post(newcomer, unit, Role.SEAL_KEEPER)
    people.enrol(people.school_class(unit), 1)
    sign_in(page, live_server.url, "moi", people.PASSWORD)
    expect(page.get_by_role("heading", level=1)).to_have_text("Cài đặt xác nhận lần hai")
    check_page(page)
    page.get_by_text("Không quét được?").click()
    secret = page.locator("#khoa").inner_text().replace(" ", "")
    shown = Image.open(io.BytesIO(page.locator("svg.qr").screenshot()))
    (read,) = zxingcpp.read_barcodes(shown)
    assert read.text == pyotp.TOTP(secret).provisioning_uri(name="moi", issuer_name="Học bạ số")
    page.get_by_label("Mã xác nhận").fill("000 000")
    page.get_by_role("button", name="Hoàn tất cài đặt").click()
    expect(page.locator("#ma-loi")).to_contain_text("không đúng")
    page.get_by_label("Mã xác nhận").fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Hoàn tất cài đặt").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Việc hôm nay")
    expect(page.get_by_role("status")).to_contain_text("Đã cài đặt xác nhận lần hai")


def test_the_principal_goes_through_the_school_by_keyboard_and_menu(page: Page, live_server, school):
    sign_in(page, live_server.url, "vynht.saokhue", people.PASSWORD)
    expect(page.get_by_role("link", name="Ký học bạ").last).to_be_visible()
    expect(page.locator(".task h3").first).to_have_text("Ký 4 học bạ đã đủ điều kiện")
    check_page(page)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Đến nội dung chính")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#noi-dung")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator(".task .button").first).to_be_focused()
    menu = page.get_by_role("navigation", name="Danh mục chính")
    menu.get_by_role("link", name="Học sinh và lớp").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Học sinh lớp 1A")
    check_page(page)
    page.get_by_role("link", name="Nguyễn Hoàng Bảo Trâm").click()
    check_page(page)
    page.get_by_role("navigation", name="Học sinh và lớp").get_by_role("link", name="Cán bộ").click()
    check_page(page)


def test_the_menu_opens_on_a_phone(page: Page, live_server, school):
    page.set_viewport_size({"width": 360, "height": 740})
    sign_in(page, live_server.url, "vynht.saokhue", people.PASSWORD)
    menu = page.get_by_role("navigation", name="Danh mục chính")
    expect(menu).to_be_hidden()
    page.get_by_role("button", name="Danh mục").click()
    menu.get_by_role("link", name="Học sinh", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Học sinh")
    assert sideways(page) <= 0


def test_without_javascript_a_teacher_signs_in_and_adds_a_portrait(
    plain_page: Page, live_server, school, tmp_path: Path
):
    sign_in(plain_page, live_server.url, "quynhttd.saokhue", people.PASSWORD)
    plain_page.get_by_label("Giáo viên chủ nhiệm lớp 1A").check()
    plain_page.get_by_role("button", name="Tiếp tục").click()
    plain_page.get_by_role("link", name="Xem 5 em").click()
    plain_page.get_by_role("link", name="Lê Gia Huy").click()
    out = io.BytesIO()
    Image.new("RGB", (700, 900), "steelblue").save(out, "PNG")
    file = tmp_path / "anh.png"
    file.write_bytes(out.getvalue())
    plain_page.get_by_label("Thêm ảnh").set_input_files(file)
    plain_page.get_by_role("button", name="Lưu ảnh").click()
    expect(plain_page.get_by_role("status")).to_contain_text("Đã lưu ảnh")
    expect(plain_page.get_by_alt_text("Ảnh của Lê Gia Huy")).to_be_visible()


def test_an_empty_school_and_a_managing_level(page: Page, live_server):
    unit = people.school()
    people.post(person("lan", "Mai Thị Ngọc Lan", enrolled=False), unit, Role.DATA_CLERK)
    officer = person("khai", "Trịnh Quang Khải", enrolled=False)
    people.post(officer, Organisation.objects.get(code="so-79"), Role.DEPARTMENT_OFFICER)
    sign_in(page, live_server.url, "lan", people.PASSWORD)
    expect(page.get_by_role("heading", level=2)).to_contain_text("Trường chưa có học sinh nào")
    check_page(page)
    page.get_by_role("button", name="Đăng xuất").click()
    sign_in(page, live_server.url, "khai", people.PASSWORD)
    expect(page.get_by_role("heading", level=1)).to_have_text("Tiến độ các trường")
    check_page(page)


def test_error_pages_stand_in_the_frame(page: Page, live_server, school):
    page.goto(f"{live_server.url}/khong-co-trang-nay")
    expect(page.get_by_role("heading", level=1)).to_have_text("Không tìm thấy trang này")
    check_page(page)
    sign_in(page, live_server.url, "lanmtn.saokhue", people.PASSWORD)
    page.goto(f"{live_server.url}/quan-ly/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Việc hôm nay")
    page.goto(f"{live_server.url}/truong/hoc-sinh/KHONGCO/")
    expect(page.get_by_role("main")).to_contain_text("Trường không có học sinh mang mã này.")
    check_page(page)
