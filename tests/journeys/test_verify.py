"""A stranger with a paper, a file or a forgery: what the public page tells in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from hocbaso.apps.transcripts import documents
from hocbaso.apps.transcripts.models import IssuedSheet
from hocbaso.engines.trust.qr import qr_png, verification_url
from hocbaso.interfaces.web.views import verification
from tests.journeys.browser import check_page
from tests.unit.interfaces.web.sheets import issued_school

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
NAME = "Nguyễn Phúc Bảo Quỳnh Hương"
PASSED = "Học bạ thử nghiệm, các bước kiểm tra đều đạt"


@pytest.fixture
def issued() -> IssuedSheet:
    verification.lookups.clear()
    verification.uploads.clear()
    issued_school(1)
    return IssuedSheet.objects.select_related("sheet").get()


def hand_in(page: Page, address: str, path: Path) -> None:
    page.goto(f"{address}/xac-thuc")
    page.get_by_text("Hoặc chọn tệp XML, PDF, ảnh chụp mã QR").click()
    page.get_by_label("Tệp cần kiểm tra").set_input_files(path)
    page.get_by_role("button", name="Kiểm tra tệp").click()


def test_by_code_then_by_date_of_birth_to_the_pdf_and_back_by_file(
    page: Page, live_server, issued: IssuedSheet, tmp_path: Path
):
    page.goto(f"{live_server.url}/xac-thuc")
    check_page(page)
    page.get_by_label("Mã học bạ").fill(issued.code.replace("-", " ").lower())
    page.get_by_role("button", name="Kiểm tra", exact=True).click()
    expect(page.get_by_role("heading", name=PASSED)).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("không có giá trị pháp lý")
    expect(page.get_by_text("N. P. B. Q. H.")).to_be_visible()
    expect(page.get_by_text(NAME)).to_have_count(0)
    check_page(page)

    page.get_by_label("Ngày sinh của học sinh").fill("10/02/2017")
    page.get_by_role("button", name="Xem đủ nội dung").click()
    expect(page.get_by_text("Ngày sinh không khớp với học bạ này")).to_be_visible()
    check_page(page)
    page.get_by_label("Ngày sinh của học sinh").fill("09/02/2017")
    page.get_by_role("button", name="Xem đủ nội dung").click()
    expect(page.get_by_text(NAME).first).to_be_visible()
    check_page(page)
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Tải bản PDF có con dấu số").click()
    genuine = tmp_path / "hoc-ba.pdf"
    downloading.value.save_as(genuine)

    page.context.clear_cookies()
    hand_in(page, live_server.url, genuine)
    expect(page.get_by_role("heading", name=PASSED)).to_be_visible()
    expect(page.get_by_text("Đúng bản trường đã đóng dấu")).to_be_visible()
    expect(page.get_by_text(NAME)).to_have_count(0)
    check_page(page)

    data = bytearray(genuine.read_bytes())
    data[len(data) // 2] ^= 1
    forged = tmp_path / "hoc-ba-da-sua.pdf"
    forged.write_bytes(data)
    hand_in(page, live_server.url, forged)
    expect(page.get_by_role("heading", name=PASSED)).to_have_count(0)
    expect(page.locator(".verdict-stop, .error-summary")).to_have_count(1)
    check_page(page)


def test_a_changed_xml_and_a_changed_qr_are_told_in_red(
    page: Page, live_server, issued: IssuedSheet, tmp_path: Path
):
    (exported,) = documents.export([issued])
    forged = tmp_path / "to-hoc-ba.xml"
    forged.write_bytes(exported.xml.replace("Hương".encode(), "Hường".encode()))
    hand_in(page, live_server.url, forged)
    expect(page.get_by_role("heading", name="Học bạ không hợp lệ: nội dung đã bị sửa")).to_be_visible()
    check_page(page)
    page.get_by_role("link", name="Xem bản gốc theo mã").click()
    expect(page.get_by_role("heading", name=PASSED)).to_be_visible()

    picture = tmp_path / "ma-qr.png"
    picture.write_bytes(qr_png(verification_url(live_server.url, issued.code, "0" * 64)))
    hand_in(page, live_server.url, picture)
    expect(page.get_by_role("heading", name="Mã QR không khớp bản đã phát hành")).to_be_visible()
    check_page(page)


def test_it_works_without_javascript(plain_page: Page, live_server, issued: IssuedSheet, tmp_path: Path):
    (exported,) = documents.export([issued])
    path = tmp_path / "to-hoc-ba.xml"
    path.write_bytes(exported.xml)
    hand_in(plain_page, live_server.url, path)
    expect(plain_page.get_by_role("heading", name=PASSED)).to_be_visible()
    plain_page.get_by_label("Ngày sinh của học sinh").fill("9/2/2017")
    plain_page.get_by_role("button", name="Xem đủ nội dung").click()
    expect(plain_page.get_by_text(NAME).first).to_be_visible()
