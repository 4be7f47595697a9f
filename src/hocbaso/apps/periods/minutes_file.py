"""What somebody uploads as signed minutes: recognised by its content, refused when it could do harm."""

from __future__ import annotations

import io
import warnings
from typing import Any

from PIL import Image
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

from hocbaso.core.errors import DomainError, register

register(
    {
        "minutes_empty": ("Thầy cô chọn tệp biên bản đã ký.", "No file was chosen."),
        "minutes_too_large": (
            "Tệp nặng {size} MB, chỉ nhận đến 10 MB. Thầy cô quét lại ở độ phân giải thấp hơn.",
            "The file has {size} MB; at most 10 MB are taken.",
        ),
        "minutes_kind": (
            "Chỉ nhận biên bản dạng PDF, JPEG hoặc PNG còn nguyên vẹn.",
            "Only an intact PDF, JPEG or PNG is taken.",
        ),
        "minutes_active": (
            "Tệp có nội dung động hoặc tệp đính kèm ({what}) nên không nhận. Thầy cô in ra rồi quét lại.",
            "The file holds active content ({what}).",
        ),
        "minutes_tail": (
            "Ảnh có dữ liệu lạ đi kèm nên không nhận. Thầy cô chụp lại ở chế độ ảnh thường hoặc quét ra PDF.",
            "The picture carries foreign data.",
        ),
    }
)

MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 60_000_000
MAX_OBJECTS = 20_000
_PNG, _JPEG, _PDF = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"%PDF-"
_PNG_END = b"IEND\xaeB`\x82"
#: Text that has no business in the metadata of a picture of a sheet of paper.
_SCRIPTS = (b"<script", b"<?php", b"<html", b"<svg", b"javascript:", b"<!doctype", b"%pdf-", b"pk\x03\x04")
#: Keys of PDF dictionaries that act or carry files (ISO 32000-1, 12.6 and 7.11.4).
_ACTIVE = (
    *("/JS", "/JavaScript", "/Launch", "/EmbeddedFile", "/EmbeddedFiles", "/EF", "/RichMedia"),
    *("/RichMediaContent", "/XFA", "/SubmitForm", "/ImportData", "/AA", "/Rendition", "/Movie", "/Sound"),
)


def media_type(content: bytes) -> str:
    """What the bytes are.

    :returns: ``application/pdf``, ``image/jpeg`` or ``image/png``.
    :raises DomainError: ``minutes_*``.
    """
    if not content:
        raise DomainError("minutes_empty")
    if len(content) > MAX_BYTES:
        raise DomainError("minutes_too_large", size=f"{len(content) / 1_048_576:.1f}".replace(".", ","))
    if content.startswith(_PDF):
        _check_pdf(content)
        return "application/pdf"
    if content.startswith(_PNG):
        _check_picture(content, "PNG")
        if not content.endswith(_PNG_END) or content.count(_PNG_END) != 1:
            raise DomainError("minutes_tail")
        return "image/png"
    if content.startswith(_JPEG):
        _check_picture(content, "JPEG")
        if not content.rstrip(b"\x00").endswith(b"\xff\xd9"):
            raise DomainError("minutes_tail")
        return "image/jpeg"
    raise DomainError("minutes_kind")


def _check_picture(content: bytes, kind: str) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is stricter
            picture = Image.open(io.BytesIO(content), formats=(kind,))
        if picture.width * picture.height > MAX_PIXELS:
            raise DomainError("minutes_kind")
        metadata = b" ".join(_texts(picture)).lower()
        picture.load()  # every pixel: a torn or faked file ends here
    except DomainError:
        raise
    except Exception:  # a decoder may raise anything on hostile bytes
        raise DomainError("minutes_kind") from None
    if any(script in metadata for script in _SCRIPTS):
        raise DomainError("minutes_active", what="siêu dữ liệu")


def _texts(picture: Image.Image) -> list[bytes]:
    """Everything beside the pixels: EXIF, comments, text chunks, profiles."""
    found = []
    for value in picture.info.values():
        found.append(value if isinstance(value, bytes) else str(value).encode())
    for _marker, data in getattr(picture, "applist", []):
        found.append(data)
    return found


def _check_pdf(content: bytes) -> None:
    try:
        reader = PdfFileReader(io.BytesIO(content), strict=False)
        if reader.encrypted:
            raise DomainError("minutes_active", what="mật khẩu")
        active = _active(reader)
    except DomainError:
        raise
    except Exception:  # a parser may raise anything on hostile bytes
        raise DomainError("minutes_kind") from None
    if active:
        raise DomainError("minutes_active", what=active.lstrip("/"))


def _active(reader: PdfFileReader) -> str:
    """The first active key or name of any object that the file's root reaches, or an empty text."""
    seen: set[tuple[int, int]] = set()
    todo: list[Any] = [reader.trailer_view]
    visited = 0
    while todo:
        node = todo.pop()
        visited += 1
        if visited > MAX_OBJECTS * 20:
            raise DomainError("minutes_kind")
        if isinstance(node, generic.IndirectObject):
            if node.idnum and (node.idnum, node.generation) not in seen:
                seen.add((node.idnum, node.generation))
                if len(seen) > MAX_OBJECTS:
                    raise DomainError("minutes_kind")
                todo.append(node.get_object())  # type: ignore[no-untyped-call]
        elif isinstance(node, dict):
            for key in node:
                if key in _ACTIVE:
                    return str(key)
                todo.append(node.raw_get(key) if hasattr(node, "raw_get") else node[key])
        elif isinstance(node, list):
            raw = getattr(node, "raw_get", None)
            todo += [raw(n) if raw else node[n] for n in range(len(node))]
        elif isinstance(node, generic.NameObject) and node in _ACTIVE:
            return str(node)
    return ""
