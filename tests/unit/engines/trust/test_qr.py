"""The verification address and its symbol."""

from __future__ import annotations

import io
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from hocbaso.core.errors import Unreadable
from hocbaso.engines.trust.qr import qr_matrix, qr_png, qr_svg, read_qr, verification_url

CODE = "HB-1-79-79000101-2025-Q4XN7C2RWM5K-H"


def test_the_address_holds_the_code_and_sixteen_digits_of_the_digest() -> None:
    url = verification_url("https://hocbaso.example/", CODE, "c48e07b2" * 8)
    assert url == f"https://hocbaso.example/xac-thuc?c={CODE}&h=c48e07b2c48e07b2"


def test_nothing_in_a_code_can_add_a_parameter_to_the_address() -> None:
    url = verification_url("https://hocbaso.example", "HB&h=0#x y", "ab" * 32)
    assert url == "https://hocbaso.example/xac-thuc?c=HB%26h%3D0%23x+y&h=abababababababab"


@settings(max_examples=25, deadline=None)
@given(st.text(st.characters(max_codepoint=127), min_size=1, max_size=120))
def test_what_is_written_is_read(text: str) -> None:
    assert read_qr(qr_png(text, scale=4)) == (text,)


@pytest.mark.parametrize("text", ["", "Ễ", "a" * 5000])
def test_what_does_not_fit_a_symbol_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        qr_matrix(text)


def test_the_svg_draws_exactly_the_dark_modules() -> None:
    matrix = qr_matrix(CODE)
    root = ElementTree.fromstring(qr_svg(CODE, quiet=4))
    path = root[0].attrib["d"]
    drawn = set()
    for run in path.split("z")[:-1]:
        start, rest = run[1:].split("h", 1)
        x, y = map(int, start.split())
        drawn |= {(x + n, y) for n in range(int(rest.split("v")[0]))}
    assert drawn == {(x, y) for y, row in enumerate(matrix) for x, dark in enumerate(row) if dark}
    assert root.attrib["viewBox"] == f"-4 -4 {len(matrix) + 8} {len(matrix) + 8}"


def test_two_codes_on_one_picture_are_read_from_the_top() -> None:
    sheet = Image.new("L", (400, 800), 255)
    sheet.paste(Image.open(io.BytesIO(qr_png("below", scale=6))), (10, 450))
    sheet.paste(Image.open(io.BytesIO(qr_png("above", scale=6))), (150, 10))
    out = io.BytesIO()
    sheet.save(out, "PNG")
    assert read_qr(out.getvalue()) == ("above", "below")


def test_a_picture_without_code_gives_nothing() -> None:
    out = io.BytesIO()
    Image.new("RGB", (60, 60), "white").save(out, "JPEG")
    assert read_qr(out.getvalue()) == ()


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"<svg/>", b"\x89PNG\r\n\x1a\n broken"])
def test_what_is_no_png_or_jpeg_is_refused(data: bytes) -> None:
    with pytest.raises(Unreadable) as refused:
        read_qr(data)
    assert refused.value.code == "qr_image_unreadable"


def test_a_picture_too_large_is_refused_before_it_is_unpacked() -> None:
    out = io.BytesIO()
    Image.new("1", (8000, 5001)).save(out, "PNG")
    with pytest.raises(Unreadable):
        read_qr(out.getvalue())
