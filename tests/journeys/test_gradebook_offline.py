"""Nothing typed is lost or doubled: network cut, reload, a session that ends in mid-entry, lost answers."""

from __future__ import annotations

import re

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Browser, Page, expect

from hocbaso.apps.assessment.idempotency import SavedBatch
from hocbaso.apps.assessment.models import ResultChange
from tests.journeys.browser import check_page, one_time_code, sign_in
from tests.journeys.gradebook_world import Secondary
from tests.unit.apps.accounts import people

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(live_server) -> Secondary:
    return Secondary(live_server.url, size=20)


@pytest.fixture
def rough(browser: Browser):
    """A page whose failed requests are no findings."""
    context = browser.new_context(locale="vi-VN", timezone_id="Asia/Ho_Chi_Minh")
    opened = context.new_page()
    opened.set_default_timeout(20_000)
    opened.on("dialog", lambda dialog: dialog.accept())
    yield opened
    context.close()


def saved(page: Page) -> None:
    expect(page.locator(".cell.is-waiting, .cell.is-saving")).to_have_count(0)
    expect(page.locator("#dong-luu")).to_have_text(re.compile(r"^Đã lưu lúc \d\d:\d\d$"))


def type_down(page: Page, world: Secondary, first: int, marks: list[str], key: str = "tx1") -> None:
    world.cell(page, first, key).focus()
    for mark in marks:
        page.keyboard.type(mark)
        page.keyboard.press("Enter")


def test_cut_reload_and_a_new_sign_in_and_every_cell_arrives_once(rough: Page, world: Secondary, live_server):
    marks = [f"{n % 10},5" for n in range(20)]
    world.enter(rough)
    type_down(rough, world, 0, marks[:8])
    saved(rough)
    rough.context.set_offline(True)
    type_down(rough, world, 8, marks[8:14])
    expect(rough.locator("#dong-luu")).to_contain_text("6 ô chưa gửi")
    expect(world.row(rough, 8)).to_contain_text("Chờ gửi: TX1")
    Session.objects.all().delete()  # the session ends meanwhile
    rough.context.set_offline(False)
    rough.goto(f"{world.url}/toan/?dot=hk1")  # a reload: to the door, since nobody is signed in
    rough.get_by_label("Tên đăng nhập").fill("hoa")
    rough.get_by_label("Mật khẩu").fill(people.PASSWORD)
    rough.get_by_role("button", name="Đăng nhập").click()
    rough.get_by_label("Mã xác nhận").wait_for()  # the server has done with the password, and with the user
    rough.get_by_label("Mã xác nhận").fill(one_time_code("hoa"))
    rough.get_by_role("button", name="Tiếp tục").click()
    expect(rough.get_by_role("heading", level=1)).to_have_text("Toán · Lớp 6A1 · Học kỳ I")
    saved(rough)
    type_down(rough, world, 14, marks[14:])
    saved(rough)
    assert world.stored("tx1") == [m.replace(",", ".") for m in marks]
    lines = list(ResultChange.objects.values_list("enrolment_id", "new"))
    assert len(lines) == len(set(lines)) == 20


def test_signing_in_again_in_the_dialog_goes_on_where_it_was(rough: Page, world: Secondary):
    world.enter(rough)
    Session.objects.all().delete()
    type_down(rough, world, 0, ["7", "8,5"])
    alert = rough.get_by_role("alert").filter(has_text="Phiên làm việc đã hết")
    expect(alert).to_be_visible()
    check_page(rough)
    alert.get_by_role("button", name="Đăng nhập lại").click()
    dialog = rough.get_by_role("dialog", name="Đăng nhập lại")
    check_page(rough)
    dialog.get_by_label("Mật khẩu").fill(people.PASSWORD)
    rough.keyboard.press("Enter")
    dialog.get_by_label("Mã xác nhận").wait_for()  # the server has done with the password, and with the user
    dialog.get_by_label("Mã xác nhận").fill(one_time_code("hoa"))
    rough.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    saved(rough)
    assert world.stored("tx1")[:3] == ["7", "8.5", ""]
    type_down(rough, world, 2, ["9"])  # the new session's token is used from now on
    saved(rough)
    assert ResultChange.objects.count() == 3


def test_an_answer_that_got_lost_is_asked_for_again_and_nothing_is_done_twice(rough: Page, world: Secondary):
    world.enter(rough)
    swallowed = []

    def swallow(route):
        if route.request.method == "POST" and not swallowed:
            swallowed.append(route.fetch())  # the server did it; the page never hears of it
            route.abort()
        else:
            route.continue_()

    rough.route("**/toan/?dot=hk1", swallow)
    type_down(rough, world, 0, ["7", "8", "9"])
    saved(rough)
    assert swallowed
    assert world.stored("tx1")[:3] == ["7", "8", "9"]
    assert ResultChange.objects.count() == 3
    assert SavedBatch.objects.count() >= 1


def test_an_answer_that_got_lost_before_a_reload(rough: Page, world: Secondary):
    world.enter(rough)
    rough.route(
        "**/toan/?dot=hk1", lambda r: (r.fetch(), r.abort()) if r.request.method == "POST" else r.continue_()
    )
    type_down(rough, world, 0, ["7", "8"])
    expect(rough.locator("#dong-luu")).to_contain_text("Đang chờ mạng")
    rough.unroute("**/toan/?dot=hk1")
    world.open(rough)
    saved(rough)
    assert world.stored("tx1")[:2] == ["7", "8"]
    assert ResultChange.objects.count() == 2


def test_what_one_person_typed_is_not_shown_to_the_next(rough: Page, world: Secondary, live_server):
    world.enter(rough)
    rough.context.set_offline(True)
    type_down(rough, world, 0, ["7"])
    expect(rough.locator("#dong-luu")).to_contain_text("1 ô chưa gửi")
    Session.objects.all().delete()
    rough.context.set_offline(False)
    sign_in(rough, live_server.url, "hanh", people.PASSWORD)
    world.open(rough)
    expect(world.cell(rough, 0, "tx1")).to_have_value("")
    Session.objects.all().delete()
    sign_in(rough, live_server.url, "hoa", people.PASSWORD)
    world.open(rough)
    saved(rough)
    assert world.stored("tx1")[0] == "7"
    assert list(ResultChange.objects.values_list("by", flat=True)) == ["hoa"]


def test_two_teachers_at_one_cell_choose_between_both_values(rough: Page, browser: Browser, world: Secondary):
    world.enter(rough)
    context = browser.new_context(locale="vi-VN")
    other = context.new_page()
    world.enter(other, who="hanh")
    world.cell(other, 2, "tx1").fill("7,5")
    saved(other)
    context.close()
    world.cell(rough, 2, "tx1").fill("8")
    expect(rough.locator("#dong-luu")).to_contain_text("1 ô có hai giá trị")
    assert world.stored("tx1")[2] == "7.5"
    check_page(rough)
    rough.get_by_role("button", name="Chọn giá trị").click()
    dialog = rough.get_by_role("dialog", name="Dòng 3, TX1")
    expect(dialog).to_contain_text("Tôi nhập “8”. Lý Thị Mỹ Hạnh đã lưu “7,5” lúc")
    check_page(rough)
    dialog.get_by_role("button", name="Giữ “8” của tôi").click()
    saved(rough)
    assert world.stored("tx1")[2] == "8"
    assert list(ResultChange.objects.values_list("by", "new")) == [("hanh", "7.5"), ("hoa", "8")]
