"""A clerk gives a class its photos: uploads many, looks them through, moves a frame, saves."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.pupils.models import Pupil
from tests.journeys.browser import check_page, sign_in
from tests.unit.apps.accounts import people

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.journey]


def _face(file: Path, colour: str) -> Path:
    image = Image.new("RGB", (640, 480), colour)
    draw = ImageDraw.Draw(image)
    draw.ellipse((240, 80, 400, 300), fill="#e8b98f")
    draw.pieslice((180, 300, 460, 640), 180, 360, fill="white")
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90)
    file.write_bytes(out.getvalue())
    return file


def test_many_photos_from_upload_to_the_class(page: Page, live_server, tmp_path: Path):
    school = people.school()
    in_class = people.school_class(school, "3A", 3)
    names = ("Nguyễn Phúc Bảo Quỳnh Hương", "Trần Thị Hòa", "Lý Gia Hân")
    for n, name in enumerate(names, start=1):
        people.enrol(in_class, n, name)
    people.post(people.user("clerk", "Mai Thị Ngọc Lan"), school, Role.DATA_CLERK)
    broken = tmp_path / "hong.jpg"
    broken.write_bytes(b"khong phai anh")
    files = [
        _face(tmp_path / "nguyen phuc bao quynh huong.jpg", "#cfe3f2"),
        _face(tmp_path / "Trần Thị Hoà.jpg", "#e4efe0"),
        _face(tmp_path / "IMG_2041.jpg", "#f6ead2"),
        broken,
    ]
    sign_in(page, live_server.url, "clerk", people.PASSWORD)
    page.goto(f"{live_server.url}/truong/anh/")
    check_page(page)
    page.get_by_label("Ảnh hoặc tệp ZIP").set_input_files(files)
    page.get_by_role("button", name="Tải ảnh lên để xem trước").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Xem trước ảnh")
    expect(page.get_by_text("hong.jpg")).to_be_visible()
    check_page(page)
    page.get_by_label("Ảnh của học sinh").select_option(label="3A · 3. Lý Gia Hân · " + _code("Lý Gia Hân"))
    page.get_by_role("button", name="Gắn ảnh với học sinh").click()
    page.get_by_role("link", name="Chỉnh khung ảnh Trần Thị Hòa").click()
    shown = page.get_by_alt_text("Ảnh 3×4 như sẽ lưu")
    before = shown.get_attribute("src")
    page.get_by_role("button", name="Gần hơn").click()
    expect(shown).not_to_have_attribute("src", before or "")
    check_page(page)
    page.get_by_role("link", name="Xong, về danh sách ảnh").click()
    page.get_by_role("button", name="Lưu 3 ảnh").click()
    expect(page.get_by_role("status").first).to_contain_text("Đã lưu 3 ảnh")
    assert not Pupil.objects.filter(photo__isnull=True).exists()
    page.goto(f"{live_server.url}/truong/anh/lop/{in_class.pk}/")
    expect(page.get_by_text("Cả lớp đã có ảnh")).to_be_visible()
    check_page(page)


def _code(name: str) -> str:
    return Pupil.objects.get(full_name=name).code
