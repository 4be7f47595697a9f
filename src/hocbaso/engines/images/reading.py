"""What people upload as a photo: refused by its bytes, or turned into a clean upright picture.

Nothing of the file is trusted: not its name, not the size it claims, not what hangs behind the picture. The
one decoder is Pillow, asked for three formats by name; every other plug-in stays shut.
"""

from __future__ import annotations

import io
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import PurePath

from PIL import Image, ImageOps

from hocbaso.core.errors import DomainError, register

register(
    {
        "photo_too_large": (
            "Tệp ảnh nặng {size} MB, chỉ nhận đến {limit} MB. Thầy cô chụp lại nhỏ hơn hoặc nén ảnh.",
            "The file has {size} MB; at most {limit} MB are taken.",
        ),
        "photo_unreadable": (
            "Không đọc được tệp ảnh này. Chỉ nhận ảnh JPEG, PNG hoặc WebP còn nguyên vẹn.",
            "The file is no intact JPEG, PNG or WebP picture.",
        ),
        "photo_heic": (
            "Ảnh kiểu HEIC của iPhone chưa nhận được. Thầy cô lưu ảnh thành JPEG rồi tải lên lại; "
            "hoặc mở trang này bằng điện thoại và chọn ảnh, điện thoại tự đổi sang JPEG.",
            "HEIC is not taken; save the picture as JPEG.",
        ),
        "photo_drawing": (
            "Tệp này là hình vẽ SVG, không phải ảnh chụp. Chỉ nhận ảnh JPEG, PNG hoặc WebP.",
            "An SVG drawing is no photo.",
        ),
        "photo_extension": (
            "Tệp mang đuôi {extension} nhưng bên trong là ảnh {format}. Thầy cô lưu lại ảnh đúng kiểu "
            "rồi tải lên lại.",
            "The file is named {extension} and holds {format}.",
        ),
        "photo_two_kinds": (
            "Trong tệp ảnh còn giấu một tệp loại khác ({what}). Thầy cô mở ảnh rồi lưu lại thành ảnh mới, "
            "sau đó tải lên.",
            "Something else hides in the picture file: {what}.",
        ),
        "photo_animated": (
            "Ảnh động có {frames} khung hình. Ảnh thẻ phải là ảnh chụp một khung hình.",
            "The picture is an animation of {frames} frames.",
        ),
        "photo_pixels": (
            "Ảnh có {width} × {height} điểm ảnh, chỉ nhận đến {limit} triệu điểm ảnh.",
            "The picture has {width} × {height} pixels; at most {limit} million are taken.",
        ),
        "photo_small": (
            "Ảnh chỉ có {width} × {height} điểm ảnh. Ảnh thẻ cần ít nhất {least_width} × {least_height}.",
            "The picture has {width} × {height} pixels; a portrait needs {least_width} × {least_height}.",
        ),
    }
)

MAX_BYTES = 10 * 1024 * 1024
#: A JPEG is decoded at a fraction of its size, so that today's phones are no burden; others as they are.
MAX_PIXELS = {"JPEG": 64_000_000, "PNG": 20_000_000, "WEBP": 20_000_000}
LEAST = (180, 240)
#: What is kept of the picture while somebody chooses the frame.
SOURCE_EDGE = 1200
SOURCE_QUALITY = 92
_EXTENSIONS = {
    "JPEG": {".jpg", ".jpeg", ".jpe", ".jfif"},
    "PNG": {".png"},
    "WEBP": {".webp"},
}
_HEIC_BRANDS = {b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif"}
#: Text that has no place in the bytes of a photo, and what it belongs to.
_STRANGERS = (
    (b"<?php", "PHP"),
    (b"<script", "HTML"),
    (b"<!doctype html", "HTML"),
    (b"<html", "HTML"),
    (b"<svg", "SVG"),
)


@dataclass(frozen=True, slots=True)
class Source:
    """The whole picture, upright and clean.

    :ivar content: JPEG without any metadata, at most 1200 pixels on its longer side.
    :ivar width: of the upright original, in pixels. :ivar height: likewise.
    """

    content: bytes
    width: int
    height: int


def prepare(content: bytes, name: str = "") -> Source:
    """Read an uploaded file.

    :param name: the name it came under, for its extension; "" where there is none.
    :raises DomainError: ``photo_*``: the file is refused.
    """
    kind = _judge(content, name)
    picture = _opened(content, kind)
    size = picture.size
    try:
        upright = _upright(picture)
    except Exception:  # a decoder may raise anything on hostile bytes
        raise DomainError("photo_unreadable") from None
    if (size[0] > size[1]) != (upright.width > upright.height):
        size = size[1], size[0]
    least_width, least_height = LEAST
    if size[0] < least_width or size[1] < least_height:
        raise DomainError(
            "photo_small", width=size[0], height=size[1], least_width=least_width, least_height=least_height
        )
    return Source(written(upright, SOURCE_QUALITY), *size)


def written(picture: Image.Image, quality: int) -> bytes:
    """JPEG of the pixels alone: a new image, so that whatever hung on the old one stays behind."""
    clean = Image.new("RGB", picture.size)
    clean.paste(picture)
    out = io.BytesIO()
    clean.save(out, "JPEG", quality=quality, optimize=True, subsampling="4:2:0")
    return out.getvalue()


def _judge(content: bytes, name: str) -> str:
    """The format that the bytes are, when nothing else is in them.

    :raises DomainError: ``photo_*``
    """
    if len(content) > MAX_BYTES:
        size = f"{len(content) / 1_048_576:.1f}".replace(".", ",")
        raise DomainError("photo_too_large", size=size, limit=MAX_BYTES // 1_048_576)
    kind = _magic(content)
    if kind is None:
        head = content[:2000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
        if content[4:8] == b"ftyp" and content[8:12] in _HEIC_BRANDS:
            raise DomainError("photo_heic")
        raise DomainError("photo_drawing" if b"<svg" in head else "photo_unreadable")
    extension = PurePath(name).suffix.lower()
    if extension and any(extension in known for known in _EXTENSIONS.values()):
        if extension not in _EXTENSIONS[kind]:
            raise DomainError("photo_extension", extension=extension, format=kind)
    elif extension in (".svg", ".gif", ".heic", ".pdf", ".bmp", ".tif", ".tiff", ".zip", ".html"):
        raise DomainError("photo_extension", extension=extension, format=kind)
    _no_second_file(content)
    return kind


def _magic(content: bytes) -> str | None:
    if content.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    return "WEBP" if content.startswith(b"RIFF") and content[8:12] == b"WEBP" else None


def _no_second_file(content: bytes) -> None:
    """Phones hang second pictures and short films behind the first: those are dropped. Archives, documents
    and scripts have no business there.

    :raises DomainError: ``photo_two_kinds``
    """
    if b"%PDF-" in content[:1100]:
        raise DomainError("photo_two_kinds", what="PDF")
    if zipfile.is_zipfile(io.BytesIO(content)):
        raise DomainError("photo_two_kinds", what="ZIP")
    lower = content.lower()
    for text, what in _STRANGERS:
        if text in lower:
            raise DomainError("photo_two_kinds", what=what)


def _opened(content: bytes, kind: str) -> Image.Image:
    """The picture, its size checked before a pixel is decoded.

    :raises DomainError: ``photo_unreadable``, ``photo_pixels``, ``photo_animated``
    """
    limit = MAX_PIXELS[kind]
    words = limit // 1_000_000
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is stricter
            picture = Image.open(io.BytesIO(content), formats=(kind,))
    except Image.DecompressionBombError:
        raise DomainError("photo_pixels", width="quá nhiều", height="quá nhiều", limit=words) from None
    except Exception:  # a decoder may raise anything on hostile bytes
        raise DomainError("photo_unreadable") from None
    width, height = picture.size
    if width * height > limit:
        raise DomainError("photo_pixels", width=width, height=height, limit=words)
    frames = int(getattr(picture, "n_frames", 1))
    if frames > 1 and kind != "JPEG":  # a phone's JPEG may carry a second view of the same moment
        raise DomainError("photo_animated", frames=frames)
    return picture


def _upright(picture: Image.Image) -> Image.Image:
    """RGB as a person sees it: turned as the camera was held, transparent parts white, not over-large."""
    if picture.format in ("JPEG", "MPO"):
        picture.draft("RGB", (SOURCE_EDGE, SOURCE_EDGE))  # decodes 1/2, 1/4 or 1/8: never below this size
    picture.load()
    picture.thumbnail((2 * SOURCE_EDGE, 2 * SOURCE_EDGE), Image.Resampling.BOX)
    upright = ImageOps.exif_transpose(picture)
    if upright.mode in ("RGBA", "LA", "PA", "P") or "transparency" in upright.info:
        upright = upright.convert("RGBA")
        upright = Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright)
    upright = upright.convert("RGB")
    upright.thumbnail((SOURCE_EDGE, SOURCE_EDGE), Image.Resampling.LANCZOS)
    return upright
