"""Entry in a real browser: keyboard alone, two people at one cell, no network, ended session, no script."""

from __future__ import annotations

import re

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from hocbaso.apps.accounts.models import Assignment, Role
from hocbaso.apps.assessment.models import ResultChange, SubjectResult, TraitResult, YearRecord
from tests.journeys.browser import check_page, sign_in
from tests.journeys.test_sign_in import person
from tests.unit.apps.accounts import people

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
NAMES = (
    "Nguyễn Ngọc Hoài An",
    "Trần Lê Bảo An",
    "Đặng Vũ Quỳnh Anh",
    "Huỳnh Nguyễn Quốc Bảo",
    "Lý Gia Bảo",
    "Hồ Thị Kim Cương",
    "Lê Quang Duy",
    "Võ Thùy Dương",
    "Công Tằng Tôn Nữ Quỳnh Hương",
    "Thạch Minh Khôi",
)


class World:
    """Class 4A1 with ten pupils, its homeroom teacher, and a colleague who teaches mathematics as well."""

    def __init__(self, address: str) -> None:
        unit = people.school()
        self.in_class = people.school_class(unit, "4A1", 4)
        self.pupils = [people.enrol(self.in_class, n, name) for n, name in enumerate(NAMES, 1)]
        teacher = person("hoa", "Phạm Thị Khánh Hòa")
        people.post(teacher, unit, Role.HOMEROOM, self.in_class)
        for code in ("*", "toan"):
            people.post(teacher, unit, Role.SUBJECT_TEACHER, self.in_class, subject_code=code)
        colleague = person("hanh", "Lý Thị Mỹ Hạnh")
        people.post(colleague, unit, Role.SUBJECT_TEACHER, self.in_class, subject_code="toan")
        self.url = f"{address}/truong/so-diem/{self.in_class.pk}"

    def cell(self, page: Page, n: int, key: str):
        return page.locator(f"#o-{self.pupils[n].pk}-{key}")

    def row(self, page: Page, n: int):
        return page.locator(f"tr[data-em='{self.pupils[n].pk}']")

    def stored(self, key: str) -> list:
        rows = SubjectResult.objects.filter(subject_code="toan").order_by("enrolment__order")
        return list(rows.values_list(key, flat=True))


@pytest.fixture
def world(live_server) -> World:
    return World(live_server.url)


def enter(page: Page, world: World, live_server, path: str = "toan/", who: str = "hoa") -> None:
    sign_in(page, live_server.url, who, people.PASSWORD)
    page.goto(f"{world.url}/{path}")
    ready(page)


def ready(page: Page) -> None:
    """Until the page's script stands, where it has one."""
    if page.locator("script[type=module]").count():
        page.locator("main[data-ready]").wait_for()


def rail(page: Page):
    return page.get_by_role("complementary", name="Cần xem")


def saved(page: Page) -> None:
    """Until everything typed is saved."""
    expect(page.locator(".cell.is-waiting, .cell.is-saving")).to_have_count(0)
    expect(page.locator("#dong-luu")).to_have_text(re.compile(r"^Đã lưu lúc \d\d:\d\d$"))


def test_ten_pupils_and_two_columns_by_keyboard_alone(page: Page, world, live_server):
    sign_in(page, live_server.url, "hoa", people.PASSWORD)
    page.goto(f"{live_server.url}/truong/so-diem/")
    page.get_by_role("link", name="Nhập Toán 4A1").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Toán · Lớp 4A1 · Cuối năm học")
    ready(page)
    world.cell(page, 4, "comment").focus()
    page.keyboard.press("Control+Home")
    expect(world.cell(page, 0, "level")).to_be_focused()
    for letter in "ttThTHhcTt":  # a single letter a cell; after the last row Enter leads to the next column
        page.keyboard.press(letter)
        page.keyboard.press("Enter")
    expect(world.cell(page, 0, "score")).to_be_focused()
    for score in (9, 10, 8, 7, 9, 6, 7, 3, 9, 10):
        page.keyboard.type(str(score))
        page.keyboard.press("Enter")
    saved(page)
    assert "".join(world.stored("level")) == "TTTHTHHCTT"
    assert world.stored("score") == [9, 10, 8, 7, 9, 6, 7, 3, 9, 10]
    page.reload()
    expect(world.cell(page, 7, "level")).to_have_value("C")
    expect(world.cell(page, 9, "score")).to_have_value("10")
    expect(page.get_by_role("heading", name="Đã nhập đủ")).to_be_visible()


def test_the_keys_of_the_grid(page: Page, world, live_server):
    enter(page, world, live_server)
    first, second, score = (
        world.cell(page, 0, "level"),
        world.cell(page, 1, "level"),
        world.cell(page, 0, "score"),
    )
    first.focus()
    page.keyboard.type("t")
    page.keyboard.press("ArrowDown")
    expect(second).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    expect(score).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("End")
    expect(world.cell(page, 0, "comment")).to_be_focused()
    page.keyboard.press("Home")
    expect(first).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Enter")
    expect(first).to_be_focused()
    page.keyboard.press("Tab")
    expect(score).to_be_focused()
    page.keyboard.press("Control+End")
    expect(world.cell(page, 9, "comment")).to_be_focused()
    page.keyboard.press("Control+Home")
    page.keyboard.type("h")
    expect(first).to_have_value("H")
    page.keyboard.press("Escape")
    expect(first).to_have_value("T")
    page.keyboard.type("c")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+z")
    expect(first).to_have_value("T")
    saved(page)
    first.focus()
    page.keyboard.press("F2")
    history = page.get_by_role("dialog", name="Lịch sử ô: Nguyễn Ngọc Hoài An, Mức đạt được")
    expect(history).to_contain_text("Phạm Thị Khánh Hòa")
    expect(history).to_contain_text("Nhập ở sổ điểm")
    page.keyboard.press("Escape")
    expect(first).to_be_focused()


def test_a_d_is_shown_as_the_letter_that_counts(page: Page, world, live_server):
    enter(page, world, live_server, "pham-chat-nang-luc/")
    cell = world.cell(page, 0, "pc-yeu-nuoc")
    cell.press("d")
    expect(cell).to_have_value("Đ")
    saved(page)
    assert TraitResult.objects.get().level == "Đ"
    check_page(page)


def test_refused_input_stays_red_with_words_and_a_way_to_it(page: Page, world, live_server):
    enter(page, world, live_server)
    world.cell(page, 6, "score").fill("11")
    world.cell(page, 6, "level").press("t")
    expect(page.locator("#dong-luu")).to_contain_text("1 ô bị từ chối")
    expect(world.cell(page, 6, "score")).to_have_value("11")
    expect(world.cell(page, 6, "score")).to_have_attribute("aria-invalid", "true")
    expect(world.row(page, 6)).to_contain_text("Điểm KTĐK: chỉ số nguyên từ 1 đến 10")
    expect(page.locator("#dong-luu")).to_contain_text("Đã lưu lúc")
    assert world.stored("score") == [None]
    check_page(page)
    rail(page).get_by_role("link", name="Dòng 7, Điểm KTĐK").click()
    expect(world.cell(page, 6, "score")).to_be_focused()
    world.cell(page, 6, "score").fill("5")
    saved(page)
    expect(world.row(page, 6)).to_contain_text("Mức T, điểm 5")
    expect(rail(page)).to_contain_text("dưới 7")


def test_two_browsers_at_one_cell_are_shown_both_values(page: Page, browser: Browser, world, live_server):
    enter(page, world, live_server)
    context = browser.new_context(locale="vi-VN")
    other = context.new_page()
    enter(other, world, live_server, who="hanh")
    world.cell(other, 2, "score").fill("7")
    saved(other)
    context.close()
    world.cell(page, 2, "score").fill("8")
    expect(page.locator("#dong-luu")).to_contain_text("1 ô có hai giá trị")
    assert world.stored("score") == [7]
    check_page(page)
    page.get_by_role("button", name="Chọn giá trị").click()
    dialog = page.get_by_role("dialog", name="Dòng 3, Điểm KTĐK")
    expect(dialog).to_contain_text("Tôi nhập “8”. Lý Thị Mỹ Hạnh đã lưu “7” lúc")
    dialog.get_by_role("button", name="Lấy “7” đã lưu").click()
    expect(world.cell(page, 2, "score")).to_have_value("7")
    page.keyboard.press("Control+z")
    saved(page)
    assert world.stored("score") == [8]
    assert list(ResultChange.objects.values_list("by", "new")) == [("hanh", "7"), ("hoa", "8")]


def test_fill_down_asks_first_and_fills_only_empty_cells(page: Page, world, live_server):
    enter(page, world, live_server)
    world.cell(page, 3, "level").press("c")
    world.cell(page, 0, "level").press("t")
    page.get_by_role("button", name="Điền xuống").click()
    dialog = page.get_by_role("dialog", name="Điền xuống")
    expect(dialog).to_contain_text("Điền “T” cho 8 ô trống bên dưới, cột Mức đạt được?")
    dialog.get_by_role("button", name="Điền các ô trống").click()
    saved(page)
    assert "".join(world.stored("level")) == "TTTCTTTTTT"
    page.keyboard.press("Control+z")
    saved(page)
    assert "".join(world.stored("level")) == "TC"


def test_without_network_cells_wait_and_go_later(browser: Browser, world, live_server):
    context = browser.new_context(locale="vi-VN")  # not the watched page: a failed request is an error there
    page = context.new_page()
    enter(page, world, live_server)
    page.route("**/toan/", lambda route: route.abort())
    world.cell(page, 0, "level").press("t")
    expect(page.locator("#dong-luu")).to_contain_text("Đang chờ mạng")
    expect(world.row(page, 0)).to_contain_text("Chờ gửi: Mức đạt được")
    page.unroute("**/toan/")
    saved(page)
    context.close()
    assert world.stored("level") == ["T"]


def test_an_ended_session_loses_nothing(page: Page, world, live_server):
    enter(page, world, live_server)
    Session.objects.all().delete()
    world.cell(page, 0, "level").press("t")
    world.cell(page, 1, "comment").fill("Tính nhanh, trình bày sạch.")
    page.get_by_role("button", name="Lưu").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Phiên làm việc đã hết")
    alert.get_by_role("button", name="Đăng nhập lại").click()
    sign_in_here(page)
    saved(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Toán · Lớp 4A1 · Cuối năm học")
    assert world.stored("level") == ["T", ""]
    assert world.stored("comment") == ["", "Tính nhanh, trình bày sạch."]


def sign_in_here(page: Page) -> None:
    """Through the dialog: password, then the code, since this teacher signs as homeroom teacher."""
    from tests.journeys.browser import one_time_code

    dialog = page.get_by_role("dialog", name="Đăng nhập lại")
    dialog.get_by_label("Mật khẩu").fill("sai rồi")
    dialog.get_by_role("button", name="Đăng nhập lại").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Tên đăng nhập hoặc mật khẩu không đúng")
    dialog.get_by_label("Mật khẩu").fill(people.PASSWORD)
    dialog.get_by_role("button", name="Đăng nhập lại").click()
    dialog.get_by_label("Mã xác nhận").wait_for()  # the server has done with the password, and with the user
    dialog.get_by_label("Mã xác nhận").fill(one_time_code("hoa"))
    dialog.get_by_role("button", name="Đăng nhập lại").click()
    expect(dialog).to_be_hidden()


RECORDS = """() => new Promise((done, failed) => {
    const opening = indexedDB.open("hocbaso-so-diem", 1);
    opening.onerror = failed;
    opening.onsuccess = () => {
        const asked = opening.result.transaction("trang").objectStore("trang").getAll();
        asked.onsuccess = () => done(asked.result.map(r => new TextDecoder().decode(r.data)));
    };
})"""


def test_drafts_are_encrypted_and_gone_after_signing_out(page: Page, world, live_server):
    page.on("dialog", lambda dialog: dialog.accept())
    enter(page, world, live_server)
    world.cell(page, 0, "comment").fill("Nhận xét chưa gửi")
    world.cell(page, 0, "score").fill("11")
    expect(page.locator("#dong-luu")).to_contain_text("1 ô bị từ chối")
    kept = page.evaluate(RECORDS)
    assert len(kept) == 1
    assert "11" not in kept[0] or "score" not in kept[0]
    assert page.evaluate("sessionStorage.length") == 0
    page.get_by_role("button", name="Đăng xuất").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Đăng nhập")
    assert page.evaluate(RECORDS) == []


def test_without_script_the_page_is_a_form(plain_page: Page, world, live_server):
    sign_in(plain_page, live_server.url, "hoa", people.PASSWORD)
    plain_page.goto(f"{world.url}/toan/")
    world.cell(plain_page, 0, "level").fill("T")
    world.cell(plain_page, 0, "score").fill("11")
    world.cell(plain_page, 1, "comment").fill("Chăm học.")
    plain_page.get_by_role("button", name="Lưu").click()
    expect(plain_page.get_by_role("alert")).to_contain_text("1 ô chưa lưu được")
    expect(world.cell(plain_page, 0, "score")).to_have_value("11")
    plain_page.get_by_role("alert").get_by_role("link", name="Dòng 1, Điểm KTĐK").click()
    expect(world.cell(plain_page, 0, "score")).to_be_focused()
    world.cell(plain_page, 0, "score").fill("10")
    plain_page.get_by_role("button", name="Lưu").click()
    expect(plain_page.locator("#dong-luu")).to_contain_text("Đã lưu 1 ô lúc")
    assert world.stored("level") == ["T", ""]
    assert world.stored("score") == [10, None]


def test_locks_are_seen_before_typing(page: Page, world, live_server):
    people.results(world.pupils[0], at=timezone.now())
    SubjectResult.objects.update(locked=True)
    people.sheet(world.pupils[0], "frozen", at=timezone.now())
    enter(page, world, live_server)
    expect(rail(page)).to_contain_text("1 / 10 học sinh đã chốt")
    expect(world.cell(page, 0, "level")).to_have_attribute("readonly", "")
    expect(world.row(page, 0)).to_contain_text("Đã chốt ngày")
    world.cell(page, 1, "level").focus()
    page.keyboard.press("Control+Home")
    expect(world.cell(page, 1, "level")).to_be_focused()  # locked rows are passed over


def test_every_page_around_the_grid(page: Page, world, live_server):
    enter(page, world, live_server, "nhan-xet/")
    world.cell(page, 0, "height_cm").fill("132")
    page.get_by_text("Nhận xét của giáo viên chủ nhiệm", exact=True).first.click()
    comment = world.cell(page, 0, "homeroom_comment")
    comment.focus()
    page.keyboard.type("Ngoan, chăm học.")
    expect(page.get_by_text("Còn 484 ký tự")).to_be_visible()
    page.keyboard.press("Enter")
    saved(page)
    record = YearRecord.objects.get()
    assert (record.height_cm, record.homeroom_comment) == (132, "Ngoan, chăm học.")
    page.locator("h1").click()  # closes the opened comment
    check_page(page)
    for path in ("", "toan/", "toan/kiem-tra/", "nhan-xet/kiem-tra/", "../"):
        page.goto(f"{world.url}/{path}")
        check_page(page)
    principal = person("ht", "Võ Đặng Quốc Hưng")
    people.post(principal, Assignment.objects.first().organisation, Role.PRINCIPAL)
    page.get_by_role("button", name="Đăng xuất").click()
    enter(page, world, live_server, "../", who="ht")
    check_page(page)
    page.get_by_role("link", name="Lớp 4A1").click()
    page.get_by_role("link", name="Xem Toán 4A1").click()
    expect(page.get_by_role("heading", name="Chỉ xem")).to_be_visible()
    check_page(page)
