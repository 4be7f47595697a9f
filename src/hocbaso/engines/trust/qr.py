"""QR 1 of the rendition: the plain verification address, written and read (``trust.md`` section 6).

The symbol is ISO/IEC 18004 model 2. Level M survives a fold or a stamp over the corner of a sheet.
"""

from __future__ import annotations

import io
import math
from typing import Any
from urllib.parse import urlencode

import zxingcpp
from PIL import Image, ImageOps

from hocbaso.core.errors import Unreadable, register

register(
    {
        "qr_image_unreadable": (
            "Không mở được ảnh. Thầy cô hãy gửi ảnh PNG hoặc JPEG, tối đa {megapixels} triệu điểm ảnh.",
            "The image cannot be opened; PNG or JPEG of at most {megapixels} megapixels is accepted.",
        )
    }
)

#: Characters of the document digest that the address carries: 64 bits, enough to tell a mix-up of sheets.
DIGEST_CHARACTERS = 16
#: An image beyond this is refused before it is unpacked (a decompression bomb is small on the wire).
MAX_MEGAPIXELS = 40
#: A progressive JPEG may send its picture in any number of scans, each as dear as a whole picture.
_MAX_SCANS = 32
_SCAN = b"\xff\xda"


def verification_url(base: str, code: str, digest: str) -> str:
    """Address that the QR holds: ``{base}/xac-thuc?c=<code>&h=<first 16 hex digits>``.

    :param base: address of the node without trailing slash, e.g. ``https://hocbaso.example``.
    :param code: transcript code (never a personal number).
    :param digest: document digest, lower-case hex.
    """
    query = urlencode({"c": code, "h": digest[:DIGEST_CHARACTERS]})
    return f"{base.rstrip('/')}/xac-thuc?{query}"


def qr_matrix(text: str) -> list[list[bool]]:
    """Modules of the symbol, row by row, ``True`` = dark, without quiet zone.

    :param text: ASCII: readers guess the character set of anything else, and not all guess alike.
    :raises ValueError: the text is empty, not ASCII, or does not fit one symbol.
    """
    if not text.isascii():
        raise ValueError("the text of a QR code must be ASCII")
    symbol = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    image: Any = symbol.to_image(scale=1, add_quiet_zones=False)  # its stub does not tell that it is a buffer
    pixels = bytes(memoryview(image))
    side = math.isqrt(len(pixels))
    return [[value == 0 for value in pixels[row * side : (row + 1) * side]] for row in range(side)]


def _runs(row: list[bool]) -> list[tuple[int, int]]:
    """Dark stretches of one row as (start, length)."""
    found: list[tuple[int, int]] = []
    for column, dark in enumerate(row):
        if not dark:
            continue
        if found and sum(found[-1]) == column:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        else:
            found.append((column, 1))
    return found


def qr_svg(text: str, *, quiet: int = 4) -> str:
    """The symbol as a standalone SVG of one path.

    :param quiet: white margin in modules; ISO/IEC 18004 asks for 4, less only on white ground.
    """
    matrix = qr_matrix(text)
    path = "".join(
        f"M{start} {y}h{length}v1h-{length}z" for y, row in enumerate(matrix) for start, length in _runs(row)
    )
    side = len(matrix) + 2 * quiet
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-{quiet} -{quiet} {side} {side}"'
        f' width="{side}" height="{side}" shape-rendering="crispEdges"><path d="{path}"/></svg>'
    )


def qr_png(text: str, *, scale: int = 8, quiet: int = 4) -> bytes:
    """The symbol as a one-bit PNG, ``scale`` pixels a module, ``quiet`` modules of white margin."""
    matrix = qr_matrix(text)
    side = len(matrix)
    pixels = bytes(0 if dark else 255 for row in matrix for dark in row)
    framed = ImageOps.expand(Image.frombytes("L", (side, side), pixels), border=quiet, fill=255)
    whole = (side + 2 * quiet) * scale
    out = io.BytesIO()
    framed.resize((whole, whole), Image.Resampling.NEAREST).convert("1").save(out, "PNG")
    return out.getvalue()


def read_qr(image: bytes, pixels: int = MAX_MEGAPIXELS * 1_000_000) -> tuple[str, ...]:
    """Texts of all QR codes found in a PNG or JPEG image, top first.

    :param pixels: more than so many are not unpacked.
    :raises Unreadable: not an image of these kinds, or larger.
    """
    try:
        picture = Image.open(io.BytesIO(image), formats=("PNG", "JPEG"))
        if picture.width * picture.height > pixels or not _unpacks_at_once(image, picture):
            raise Unreadable("qr_image_unreadable", megapixels=MAX_MEGAPIXELS)
        grey = picture.convert("L")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise Unreadable("qr_image_unreadable", megapixels=MAX_MEGAPIXELS) from error
    found = zxingcpp.read_barcodes(
        grey,
        formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode),
        text_mode=zxingcpp.TextMode.Plain,  # the default writes control characters as "<BS>"
    )
    found.sort(key=lambda code: (code.position.top_left.y, code.position.top_left.x))
    return tuple(code.text for code in found)


def _unpacks_at_once(image: bytes, picture: Image.Image) -> bool:
    """Whether unpacking costs about as much as the picture has pixels."""
    return picture.format != "JPEG" or image.count(_SCAN) <= _MAX_SCANS
