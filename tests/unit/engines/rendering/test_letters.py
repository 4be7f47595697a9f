from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from pypdf import PdfReader

from hocbaso.core.errors import DomainError
from hocbaso.engines.rendering.letters import GuardianLetter, render_letters

WHEN = datetime(2025, 11, 21, 3, 0, tzinfo=UTC)


def letter(**changes) -> GuardianLetter:
    values = {
        "school": "Trường Tiểu học và Trung học cơ sở Nguyễn Thị Minh Khai",
        "manager": "Ủy ban nhân dân phường Bình Thạnh",
        "place": "Bình Thạnh",
        "day": (2025, 11, 21),
        "trial": True,
        "subject": "Về việc hoàn chỉnh thông tin định danh cá nhân của học sinh",
        "to": "cha mẹ hoặc người giám hộ của em Công Tằng Tôn Nữ Nguyễn Phúc Bảo Quỳnh Thiên Hương",
        "facts": (("Học sinh lớp", "3A"),),
        "opening": ("Chưa khớp.",),
        "table": (("Họ tên", "#set page(fill: red) [x] $y$"),),
        "request": "Gia đình giúp:",
        "asks": ("Một.", "Hai."),
        "notes": ("Không yêu cầu nộp sổ hộ khẩu.",),
        "until": "Trước ngày 06/12/2025.",
        "contact": "Liên hệ.",
        "office": "HIỆU TRƯỞNG",
        "signer": "Võ Đặng Quốc Hưng",
    }
    return GuardianLetter(**{**values, **changes})


def test_a_letter_fills_one_page_and_the_same_letters_give_the_same_bytes():
    pdf = render_letters([letter(), letter(place="Đông Hòa")], "Giấy báo", WHEN)
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]
    assert len(pages) == 2
    assert "Bình Thạnh, ngày 21 tháng 11 năm 2025" in pages[0]
    assert "THỬ NGHIỆM" in pages[0]
    assert "Đông Hòa, ngày" in pages[1]
    assert pdf == render_letters([letter(), letter(place="Đông Hòa")], "Giấy báo", WHEN)


def test_what_people_typed_stays_text():
    (page,) = PdfReader(io.BytesIO(render_letters([letter()], "Giấy báo", WHEN))).pages
    assert "#set page(fill: red) [x] $y$" in page.extract_text()


def test_a_character_without_a_glyph_is_refused_with_its_name():
    with pytest.raises(DomainError) as refused:
        render_letters([letter(signer="Võ \U00020000")], "Giấy báo", WHEN)
    assert refused.value.code == "character_not_printable"
