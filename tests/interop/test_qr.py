"""The QR of a printed page, as poppler draws it and a telephone would see it."""

from __future__ import annotations

import io
import subprocess
from functools import cache

import pytest
from PIL import Image, ImageFilter

from hocbaso.engines.rendering import Booklet, render_booklet
from hocbaso.engines.trust.qr import read_qr, verification_url
from tests.unit.engines.rendering import samples

pytestmark = pytest.mark.interop
#: A long address of a node and the longest code that schools get.
BASE = "https://hocba.sogiaoducdaotao.thanhphohochiminh.example"
CODE = "HB-1-79-79000101ABCDEF-2025-Q4XN7C2RWM5K-H"


@cache
def booklet() -> bytes:
    of = samples.sheet(code=CODE)
    url = verification_url(BASE, CODE, samples.DIGEST)
    return render_booklet(Booklet(sheets=(samples.view(of, verify_url=url),)))


def page(number: int, dpi: int) -> Image.Image:
    drawn = subprocess.run(
        ["pdftoppm", "-png", "-r", str(dpi), "-f", str(number), "-l", str(number), "-"],
        input=booklet(),
        capture_output=True,
        check=True,
        timeout=60,
    )
    return Image.open(io.BytesIO(drawn.stdout)).convert("L")


def read(picture: Image.Image) -> tuple[str, ...]:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return read_qr(out.getvalue())


EXPECTED = (verification_url(BASE, CODE, samples.DIGEST),)


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_every_page_carries_the_address(number: int) -> None:
    assert read(page(number, 200)) == EXPECTED


@pytest.mark.parametrize("dpi", [100, 150, 300])
def test_coarse_and_fine_scans_are_read(dpi: int) -> None:
    assert read(page(4, dpi)) == EXPECTED


@pytest.mark.parametrize("dpi", [100, 200])
@pytest.mark.parametrize("degrees", [5, -5, 90, 180])
def test_a_page_laid_askew_is_read(dpi: int, degrees: int) -> None:
    turned = page(4, dpi).rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    assert read(turned) == EXPECTED


def test_a_pale_and_blurred_photocopy_is_read() -> None:
    pale = page(4, 200).filter(ImageFilter.GaussianBlur(1.2)).point(lambda value: 90 + value * 140 // 255)
    assert read(pale) == EXPECTED
