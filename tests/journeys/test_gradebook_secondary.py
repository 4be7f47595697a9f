"""Marks of a secondary class in a real browser: keyboard, paste, averages, locks, history, a phone."""

from __future__ import annotations

import re
import time
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from hocbaso.apps.assessment.models import CommentTemplate, ResultChange, SubjectMarks
from hocbaso.apps.common import clock
from hocbaso.apps.periods.models import EntryPeriod
from tests.journeys.browser import PHONE, check_page, sideways
from tests.journeys.gradebook_world import Secondary

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
_PASTE = """([id, text]) => {
    const el = document.getElementById(id), data = new DataTransfer();
    el.focus();
    data.setData("text/plain", text);
    el.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
}"""


@pytest.fixture
def world(live_server) -> Secondary:
    return Secondary(live_server.url)


def paste(page: Page, world: Secondary, n: int, key: str, text: str) -> None:
    page.evaluate(_PASTE, [f"o-{world.pupils[n].pk}-{key}", text])


def saved(page: Page) -> None:
    """Until everything typed is saved."""
    expect(page.locator(".cell.is-waiting, .cell.is-saving")).to_have_count(0)
    expect(page.locator("#dong-luu")).to_have_text(re.compile(r"^Đã lưu lúc \d\d:\d\d$"))


def rail(page: Page):
    return page.get_by_role("complementary", name="Cần xem")


def test_sixty_marks_by_keyboard_alone(page: Page, world: Secondary, record_property):
    world.fill("tx1", "tx2", "tx3", "tx4")
    world.enter(page)
    world.cell(page, 0, "gk").focus()
    wanted = [f"{4 + n % 6},{n % 10}".removesuffix(",0") for n in range(60)]
    started = time.monotonic()
    for mark in wanted:  # 45 of ĐĐGgk, then Enter leads to the top of ĐĐGck
        page.keyboard.type(mark)
        page.keyboard.press("Enter")
    saved(page)
    record_property("seconds_for_60_marks", round(time.monotonic() - started, 1))
    assert world.stored("gk") == [m.replace(",", ".") for m in wanted[:45]]
    assert world.stored("ck")[:15] == [m.replace(",", ".") for m in wanted[45:]]
    average = page.locator(f"#tb-{world.pupils[0].pk}-tbm")
    expect(average).to_have_text(re.compile(r"^\d,\d$"))  # the rule answered beside the marks
    assert ResultChange.objects.count() == 60


def test_what_is_typed_is_shown_as_it_counts(page: Page, world: Secondary):
    world.enter(page)
    for n, (typed, shown) in enumerate((("7.5", "7,5"), ("8,0", "8"), ("v", "V"), ("0.5", "0,5"))):
        world.cell(page, n, "tx1").focus()
        page.keyboard.type(typed)
        page.keyboard.press("Enter")
        expect(world.cell(page, n, "tx1")).to_have_value(shown)
    world.cell(page, 4, "tx1").focus()
    page.keyboard.type("75")
    page.keyboard.press("Enter")
    expect(world.cell(page, 4, "tx1")).to_have_attribute("aria-invalid", "true")
    expect(world.row(page, 4)).to_contain_text("TX1: chỉ từ 0 đến 10")
    page.get_by_role("button", name="có", exact=True).click()  # 75 may stand for 7,5 from now on
    world.cell(page, 5, "tx1").focus()
    page.keyboard.type("75")
    page.keyboard.press("Enter")
    expect(world.cell(page, 5, "tx1")).to_have_value("7,5")
    world.cell(page, 4, "tx1").fill("")
    saved(page)
    assert world.stored("tx1")[:6] == ["7.5", "8", "V", "0.5", "", "7.5"]
    page.reload()
    expect(page.get_by_role("button", name="có", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(world.cell(page, 0, "tx1")).to_have_value("7,5")


def test_a_half_typed_mark_is_not_sent(page: Page, world: Secondary):
    world.enter(page)
    cell = world.cell(page, 0, "tx1")
    cell.focus()
    page.keyboard.type("7,")
    page.wait_for_timeout(2600)
    assert world.stored("tx1")[0] == ""
    page.keyboard.type("5")
    saved(page)
    expect(cell).to_be_focused()  # saving never takes the cell away from under the writer
    expect(cell).to_have_value("7,5")
    assert list(ResultChange.objects.values_list("new", flat=True)) == ["7.5"]


def test_a_pasted_column_that_slipped_is_seen_before_it_counts(page: Page, world: Secondary):
    levels = world.fill("tx1", "tx2", "tx3")
    world.enter(page)
    marks = [f"{level:.1f}".replace(".", ",") for level in levels]
    slipped = [*marks[:20], "", *marks[20:-1]]  # row 21 was passed over
    paste(page, world, 0, "tx4", "\n".join(slipped))
    dialog = page.get_by_role("dialog", name="Dán từ Excel")
    expect(dialog).to_contain_text("44 mới")
    expect(dialog).to_contain_text("TX4 có thể bị lệch: từ dòng 21 đến 45")
    expect(dialog).to_contain_text("ghép theo thứ tự")
    assert world.stored("tx4") == [""] * 45
    check_page(page)
    dialog.get_by_role("button", name="Xem thử khi dời lên").click()
    expect(dialog).to_contain_text("đã dời một dòng từ dòng 21")
    expect(dialog).not_to_contain_text("có thể bị lệch")
    dialog.get_by_role("button", name="Dán 44 ô").click()
    saved(page)
    assert world.stored("tx4")[:44] == [m.replace(",", ".").removesuffix(".0") for m in marks[:44]]
    world.cell(page, 0, "tx4").focus()
    page.keyboard.press("Control+z")  # the paste is one step
    saved(page)
    assert world.stored("tx4") == [""] * 45


def test_a_pasted_block_with_codes_finds_its_pupils(page: Page, world: Secondary):
    world.fill("tx1")
    world.enter(page)
    codes = [p.pupil.code for p in world.pupils]
    head = "Mã học sinh\tHọ và tên\tTX2\tTX3\n"
    rows = [f"{codes[n]}\t{world.pupils[n].pupil.full_name}\t{7 + n}\t11" for n in (2, 0, 1)]
    paste(page, world, 0, "tx1", head + "\n".join([*rows, "LA000\tNgười Lạ\t5\t5"]))
    dialog = page.get_by_role("dialog", name="Dán từ Excel")
    expect(dialog).to_contain_text("3 mới")
    expect(dialog).to_contain_text("3 bị từ chối")
    expect(dialog).to_contain_text("1 dòng có mã không thuộc lớp này, bỏ qua: LA000")
    dialog.get_by_role("button", name="Dán 3 ô").click()
    saved(page)
    assert world.stored("tx2")[:3] == ["7", "8", "9"]
    assert set(world.stored("tx3")) == {""}


def test_pasting_through_the_field(page: Page, world: Secondary):
    world.enter(page)
    world.cell(page, 1, "tx1").focus()
    page.get_by_role("button", name="Dán từ Excel").click()
    dialog = page.get_by_role("dialog", name="Dán từ Excel")
    dialog.get_by_label("Khối ô chép từ Excel").fill("7\n8")
    dialog.get_by_role("button", name="Xem trước").click()
    expect(dialog).to_contain_text("từ dòng 2")
    dialog.get_by_role("button", name="Dán 2 ô").click()
    saved(page)
    assert world.stored("tx1")[:4] == ["", "7", "8", ""]


def period(world: Secondary, columns: list[str], closes_in: timedelta) -> EntryPeriod:
    now = clock.now()
    return EntryPeriod.objects.create(
        unit=world.unit,
        school_year=world.in_class.school_year,
        moment="hk1",
        columns=columns,
        opens_at=now - timedelta(days=60),
        closes_at=now + closes_in,
        made_at=now,
        made_by="ht",
    )


def test_locks_and_the_closing_time_are_seen_before_typing(page: Page, world: Secondary):
    world.fill("tx1", "gk")
    period(world, ["tx1", "gk"], timedelta(days=-5))
    period(world, [], timedelta(hours=3, minutes=20))
    world.enter(page)
    expect(rail(page)).to_contain_text("Đóng lúc")
    expect(page.locator("#con-lai")).to_have_text(re.compile(r"Còn 3 giờ (19|20) phút"))
    expect(rail(page)).to_contain_text("TX1, ĐĐGgk: Đã khóa nhập từ")
    link = rail(page).get_by_role("link", name="Xin mở khóa")
    wanted = f"/truong/mo-khoa/moi?lop={world.in_class.pk}&phan=toan&thoi-diem=hk1&cot="
    expect(link).to_have_attribute("href", wanted)
    expect(world.cell(page, 0, "tx1")).to_have_attribute("readonly", "")
    expect(page.locator("#cot-tx1")).to_contain_text("(đã khóa)")
    world.cell(page, 0, "tx2").focus()
    page.keyboard.press("ArrowLeft")
    expect(world.cell(page, 0, "tx2")).to_be_focused()  # a closed column is passed over
    check_page(page)


def test_a_lock_that_falls_while_typing_keeps_what_was_typed(page: Page, world: Secondary):
    world.enter(page)
    period(world, ["tx1"], timedelta(minutes=-1))
    world.cell(page, 0, "tx1").fill("7,5")
    world.cell(page, 1, "tx2").fill("8")
    expect(page.locator("#dong-luu")).to_contain_text("1 ô đến sau khi khóa")
    expect(world.cell(page, 0, "tx1")).to_have_value("7,5")
    expect(world.row(page, 0)).to_contain_text("TX1: đã khóa")
    expect(page.locator("#cot-tx1")).to_contain_text("Đã khóa nhập từ")
    expect(world.cell(page, 3, "tx1")).to_have_attribute("readonly", "")
    assert (world.stored("tx1")[0], world.stored("tx2")[1]) == ("", "8")
    check_page(page)
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()  # kept, and said again
    expect(rail(page)).to_contain_text("Dòng 1, TX1: “7,5”. Chưa được ghi; giá trị còn giữ trên máy này.")
    expect(rail(page).get_by_role("link", name="Xin mở khóa").last).to_be_visible()
    rail(page).get_by_role("button", name="Bỏ giá trị này").click()
    expect(rail(page)).not_to_contain_text("“7,5”")
    page.reload()
    page.locator("main[data-ready]").wait_for()
    expect(rail(page)).not_to_contain_text("“7,5”")
    assert world.stored("tx1")[0] == ""


def test_the_history_of_a_cell_says_who_when_and_from_where(page: Page, world: Secondary):
    world.enter(page)
    cell = world.cell(page, 0, "tx1")
    for mark in ("7,5", "8"):
        cell.fill(mark)
        saved(page)
    cell.press("F2")
    dialog = page.get_by_role("dialog", name="Lịch sử ô: Nguyễn Ngọc Hoài An, TX1")
    expect(dialog.locator("tbody tr")).to_have_count(2)
    expect(dialog.locator("tbody tr").first).to_contain_text("Phạm Đỗ Khánh Trường")
    expect(dialog.locator("tbody tr").first).to_contain_text("7,5")
    expect(dialog.get_by_role("columnheader", name="Vụ mở khóa")).to_be_visible()
    check_page(page)
    page.keyboard.press("Escape")
    expect(cell).to_be_focused()


def test_a_comment_from_the_bank_by_code_and_from_the_list(page: Page, world: Secondary):
    common = {"school": world.unit, "updated_at": clock.now()}
    CommentTemplate.objects.create(
        owner=world.teacher, code="T1", text="{ten} học {mon} tiến bộ rõ.", **common
    )
    CommentTemplate.objects.create(code="C1", text="Cần làm bài đều hơn.", **common)
    with_bank = page.expect_response(lambda r: "/quanh/" in r.url)
    with with_bank:
        world.enter(page)
    comment = world.cell(page, 0, "comment")
    comment.focus()
    page.keyboard.type("t1 ")
    expect(comment).to_have_value("An học Toán tiến bộ rõ. ")
    page.keyboard.press("Control+z")
    expect(comment).to_have_value("t1 ")
    page.keyboard.press("Escape")
    second = world.cell(page, 1, "comment")
    second.focus()
    page.keyboard.press("F4")
    dialog = page.get_by_role("dialog", name="Mẫu nhận xét: Dòng 2, Nhận xét")
    dialog.get_by_label("Tìm theo mã hoặc nội dung").fill("đều hơn")
    dialog.get_by_role("button", name="C1").click()
    expect(second).to_have_value("Cần làm bài đều hơn.")
    page.keyboard.press("Enter")
    saved(page)
    assert SubjectMarks.objects.get(enrolment=world.pupils[1]).comment == "Cần làm bài đều hơn."


def test_many_identical_comments_are_noticed(page: Page, world: Secondary):
    world.enter(page)
    for n in range(6):
        world.cell(page, n, "comment").focus()
        page.keyboard.type("Học tốt.")
        page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("6 học sinh đang có nhận xét giống hệt nhau")
    saved(page)


def test_on_a_phone_one_group_of_columns_at_a_time(page: Page, world: Secondary):
    world.fill("tx1", "tx2", "tx3", "tx4", "gk")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    world.enter(page)
    assert sideways(page) <= 0
    expect(world.cell(page, 21, "tx4")).to_be_visible()
    expect(world.cell(page, 21, "ck")).to_be_hidden()
    page.get_by_text("Giữa kỳ, cuối kỳ", exact=True).click()
    world.cell(page, 21, "ck").fill("8,5")
    saved(page)
    expect(page.locator(f"#tb-{world.pupils[21].pk}-tbm")).to_have_text(re.compile(r"^\d,\d$"))
    assert world.stored("ck")[21] == "8.5"
    check_page(page)
