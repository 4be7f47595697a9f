"""Which papers nobody asks for, and how an address is put into one line."""

from __future__ import annotations

import pytest

from hocbaso.core.residence import full_address, residence_paper, same_detail


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("bản sao Sổ hộ khẩu", "sổ hộ khẩu"),
        ("so ho khau photo", "sổ hộ khẩu"),
        ("KT3, sổ tạm trú", "sổ tạm trú"),
        ("Giấy CT07 ngày 03/02", "giấy xác nhận thông tin về cư trú (CT07)"),
        ("giấy xác nhận cư trú của công an", "giấy xác nhận thông tin về cư trú (CT07)"),
        ("Giấy khai sinh", ""),
        ("Thông báo số định danh cá nhân", ""),
        ("", ""),
    ],
)
def test_papers_about_residence_are_recognised(text, named):
    assert residence_paper(text) == named


def test_units_that_the_street_repeats_stand_once():
    city = "Thành phố Hồ Chí Minh"
    expected = f"8 đường số 55, Phường Hạnh Thông, {city}"
    assert full_address("8 đường số 55, P. Hạnh Thông", "Phường Hạnh Thông", city) == expected
    assert full_address("8 đường số 55", "Phường Hạnh Thông", city) == expected
    assert full_address("", "Phường Hạnh Thông", "") == "Phường Hạnh Thông"


def test_case_spaces_and_punctuation_do_not_make_another_house():
    assert same_detail("8 Đường  số 55", "8, đường số 55, Phường Hạnh Thông", commune="Phường Hạnh Thông")
    assert not same_detail("8 đường số 55", "18 đường số 55")
    assert not same_detail("8 đường Lê Lai", "8 đường Lê Lái")
