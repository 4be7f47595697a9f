"""From a closed class to issued transcripts in a real browser: three people, one code each, a pulled plug."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from hocbaso.apps.accounts.models import Role, User
from hocbaso.apps.transcripts.models import IssuedSheet, SheetSignature, SheetState, YearSheet
from hocbaso.core.document.model import SignerRole
from tests.builders import School, finished_class, make_pupil, make_school
from tests.journeys.browser import check_page, one_time_code, sign_in
from tests.unit.interfaces.web.sheets import closed_school, post_of, sign

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
PASSWORD = "mot-mat-khau-dai"


def enter(page: Page, address: str, school: School, role: Role, class_name: str | None = None) -> str:
    """Sign in as the holder of a post; :returns: the user name."""
    user = post_of(school, role, class_name).user
    user.set_password(PASSWORD)
    user.save()
    sign_in(page, address, user.username, PASSWORD)
    page.wait_for_url(re.compile("/truong/$"))
    return str(user.username)


def fill_code(page: Page, username: str) -> None:
    page.get_by_label("Mã xác nhận").fill(one_time_code(username))


def test_the_teacher_closes_the_class_and_signs_it_with_a_reload_in_the_middle(page: Page, live_server):
    school = make_school()
    finished_class(school, "3A", 12)
    make_pupil(school, "3A", 40, full_name="Võ Hữu Phước")
    name = enter(page, live_server.url, school, Role.HOMEROOM, "3A")

    menu = page.get_by_role("navigation", name="Danh mục chính")
    menu.get_by_role("link", name="Học bạ", exact=True).click()  # the group opens with the homeroom class
    expect(page.get_by_role("heading", name="Chốt lớp 3A")).to_be_visible()
    check_page(page)
    page.get_by_role("button", name="Chốt 12 học sinh").click()
    expect(page.get_by_role("heading", name="Đã chốt 12 học sinh lớp 3A")).to_be_visible()
    check_page(page)
    page.get_by_role("link", name="Ký học bạ lớp 3A").click()
    expect(page.get_by_role("button", name="Ký 12 học bạ")).to_be_visible()
    check_page(page)

    steps: list[Route] = []

    def pull_the_plug(route: Route) -> None:
        """The first step goes through, the second never arrives."""
        steps.append(route)
        if len(steps) == 1:
            route.continue_()

    page.route("**/buoc", pull_the_plug)
    fill_code(page, name)
    page.get_by_role("button", name="Ký 12 học bạ").click()
    expect(page.get_by_text(re.compile("^Đã ký lúc"))).to_have_count(5)
    expect(page.get_by_text("Đang ký", exact=True)).to_have_count(5)
    expect(page.get_by_text("Đã ký 5 / 12 học bạ đủ điều kiện")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name=re.compile("dừng ở học bạ thứ 6"))).to_be_visible()
    page.unroute("**/buoc")
    expect(page.get_by_text("5 học bạ đã ký vẫn giữ nguyên và không ký lại.")).to_be_visible()
    check_page(page)
    page.get_by_role("button", name="Ký tiếp 7 học bạ").click()
    expect(page.get_by_role("heading", name="Đã ký 12 học bạ")).to_be_visible()
    check_page(page)
    assert SheetSignature.objects.count() == 12
    assert set(YearSheet.objects.values_list("state", flat=True)) == {SheetState.HOMEROOM_SIGNED}


def test_signing_can_be_paused_and_continued(page: Page, live_server):
    school = closed_school(12)
    name = enter(page, live_server.url, school, Role.HOMEROOM, "3A")
    page.goto(f"{live_server.url}/truong/ky/")
    waiting: list[Route] = []
    page.route("**/buoc", lambda route: waiting.append(route))
    fill_code(page, name)
    page.get_by_role("button", name="Ký 12 học bạ").click()
    expect(page.get_by_text("Đang ký", exact=True)).to_have_count(5)
    page.get_by_role("button", name="Tạm dừng").click()
    page.unroute("**/buoc")  # lets the held step go on
    expect(page.get_by_text("Tạm dừng. Còn 7 học bạ chưa ký")).to_be_visible()
    assert SheetSignature.objects.count() == 5
    page.get_by_role("button", name="Ký tiếp").click()
    expect(page.get_by_role("heading", name="Đã ký 12 học bạ")).to_be_visible()
    assert SheetSignature.objects.count() == 12


def test_a_wrong_code_signs_nothing_and_the_page_says_so_at_the_field(page: Page, live_server):
    school = closed_school(2)
    enter(page, live_server.url, school, Role.HOMEROOM, "3A")
    page.goto(f"{live_server.url}/truong/ky/")
    page.get_by_label("Mã xác nhận").fill("000000")
    page.get_by_role("button", name="Ký 2 học bạ").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Chưa ký gì")
    expect(alert).to_be_focused()
    alert.get_by_role("link").click()
    expect(page.get_by_label("Mã xác nhận")).to_be_focused()
    check_page(page)
    assert not SheetSignature.objects.exists()


def test_the_button_counts_what_is_ticked_and_the_preview_opens_beside(page: Page, live_server):
    school = closed_school(3)
    enter(page, live_server.url, school, Role.HOMEROOM, "3A")
    page.goto(f"{live_server.url}/truong/ky/")
    page.get_by_role("checkbox").first.uncheck()
    expect(page.get_by_role("button", name="Ký 2 học bạ")).to_be_visible()
    preview = page.get_by_role("link", name=re.compile("Xem bản sẽ ký")).first
    assert preview.get_attribute("target") == "_blank"
    answer = page.request.get(live_server.url + str(preview.get_attribute("href")))
    assert answer.headers["content-type"] == "application/pdf"


def test_principal_and_seal_keeper_finish_the_way_to_issue(page: Page, live_server):
    school = closed_school(6)
    sign(school, SignerRole.HOMEROOM)
    name = enter(page, live_server.url, school, Role.PRINCIPAL)
    page.goto(f"{live_server.url}/truong/ky/")
    check_page(page)
    page.get_by_role("link", name="Xem và ký 6 học bạ").click()
    check_page(page)
    fill_code(page, name)
    page.get_by_role("button", name="Ký 6 học bạ").click()
    expect(page.get_by_role("heading", name="Đã ký 6 học bạ")).to_be_visible()
    page.get_by_role("button", name="Đăng xuất").click()

    name = enter(page, live_server.url, school, Role.SEAL_KEEPER)
    page.get_by_role("link", name="Phát hành").first.click()
    check_page(page)
    fill_code(page, name)
    page.get_by_role("button", name="Phát hành 6 học bạ").click()
    expect(page.get_by_role("heading", name="Đã phát hành 6 học bạ")).to_be_visible()
    expect(page.get_by_text("Sổ 2025-2026, mục số 0 đến 5")).to_be_visible()
    check_page(page)
    assert IssuedSheet.objects.count() == 6
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Tải tất cả XML (ZIP)").click()
    assert downloading.value.suggested_filename == "hoc-ba-79000101-2025-2026.zip"

    page.goto(f"{live_server.url}/truong/hoc-ba/")
    check_page(page)
    page.locator("tbody th a").first.click()
    expect(page.get_by_text(re.compile("Đã phát hành .* phiên bản 1"))).to_be_visible()
    check_page(page)


def test_the_principal_returns_a_sheet_and_decides_on_promotion(page: Page, live_server):
    from tests.builders import give_results

    school = closed_school(2)
    sign(school, SignerRole.HOMEROOM)
    give_results(make_pupil(school, "3A", 30, full_name="Lâm Duy Mạnh"), level="C", score=4)
    enter(page, live_server.url, school, Role.PRINCIPAL)
    page.goto(f"{live_server.url}/truong/ky/hieu-truong/")
    page.get_by_role("checkbox").first.uncheck()
    page.get_by_text("Trả lại học bạ đã chọn để sửa").click()
    page.get_by_label("Lý do, để giáo viên biết phải sửa gì").fill("Sai số ngày nghỉ")
    page.get_by_role("button", name="Trả lại học bạ đã chọn").click()
    expect(page.get_by_role("status")).to_contain_text("Đã trả lại 1 học bạ")
    page.goto(f"{live_server.url}/truong/tong-ket/")
    check_page(page)
    page.get_by_role("link", name="Kiểm tra và chốt lớp 3A").click()
    expect(page.get_by_text("Sai số ngày nghỉ")).to_be_visible()
    check_page(page)
    page.get_by_role("link", name="Quyết định lên lớp").click()
    check_page(page)
    page.get_by_role("radio", name=re.compile("^Lên lớp")).check()
    page.get_by_label(re.compile("đánh giá bổ sung; kết quả")).check()
    page.get_by_label("Lý do").fill("Tiến bộ rõ sau khi được giúp đỡ")
    page.get_by_role("button", name="Ghi quyết định").click()
    expect(page.get_by_role("button", name="Chốt 2 học sinh")).to_be_visible()


def test_everything_works_without_javascript(plain_page: Page, live_server):
    school = closed_school(7)
    name = enter(plain_page, live_server.url, school, Role.HOMEROOM, "3A")
    plain_page.goto(f"{live_server.url}/truong/ky/")
    fill_code(plain_page, name)
    plain_page.get_by_role("button", name="Ký 7 học bạ").click()
    expect(plain_page.get_by_role("heading", name="Đã ký 7 học bạ")).to_be_visible()
    assert SheetSignature.objects.count() == 7
    assert User.objects.get(username=name).totp_last_step > 0
