"""Books in a real browser: choose the class, take a book, print empty sheets, come back by the code."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.audit.models import Event
from hocbaso.apps.books.page_codes import page_code
from tests.journeys.browser import check_page, sign_in
from tests.journeys.test_sign_in import person
from tests.unit.apps.accounts import people

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def test_a_homeroom_teacher_takes_the_form_and_types_a_sheet_in_again(page: Page, live_server) -> None:
    unit = people.school()
    in_class = people.school_class(unit, "4A1", 4)
    for n, name in enumerate(("Nguyễn Ngọc Hoài An", "Trần Lê Bảo An"), 1):
        people.results(people.enrol(in_class, n, name))
    teacher = person("hoa", "Phạm Thị Khánh Hòa")
    people.post(teacher, unit, Role.HOMEROOM, in_class)
    people.post(teacher, unit, Role.SUBJECT_TEACHER, in_class, subject_code="*")
    sign_in(page, live_server.url, "hoa", people.PASSWORD)
    menu = page.get_by_role("navigation", name="Danh mục chính")
    menu.get_by_role("link", name="Học bạ", exact=True).click()
    page.get_by_role("link", name="Sổ sách").click()
    check_page(page)
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("Tải PDF Bảng tổng hợp")).click()
    assert download.value.suggested_filename == "bang-tong-hop-4A1-cn-2025-2026.pdf"
    page.get_by_label("Thời điểm").select_option("chk1")
    page.get_by_label("Môn học").select_option("toan")
    page.get_by_role("button", name="Xem sổ").click()
    check_page(page)
    with page.expect_download() as sheets:
        page.get_by_role("link", name=re.compile("Tải PDF Phiếu ghi")).click()
    assert sheets.value.suggested_filename == "phieu-nhap-4A1-toan-chk1-2025-2026.pdf"
    assert Event.objects.filter(action="books.exported").count() == 2
    page.get_by_label("Mã phiếu").fill(page_code(in_class.pk, "toan", "chk1").lower())
    page.get_by_role("button", name="Mở trang nhập").click()
    page.wait_for_url(f"**/truong/so-diem/{in_class.pk}/toan/?dot=chk1")


def test_a_principal_sees_every_book_and_what_to_choose(page: Page, live_server) -> None:
    unit = people.school()
    people.school_class(unit, "4A1", 4)
    people.school_class(unit, "4A2", 4)
    people.post(person("hung", "Võ Đặng Quốc Hưng"), unit, Role.PRINCIPAL)
    sign_in(page, live_server.url, "hung", people.PASSWORD)
    page.goto(f"{live_server.url}/truong/so-sach/")
    check_page(page)
    page.get_by_label("Lớp").select_option("4A2")
    page.get_by_role("button", name="Xem sổ của lớp").click()
    page.get_by_role("heading", name="Sổ sách lớp 4A2").wait_for()
    check_page(page)
