"""Signed minutes come from outside: only plain pictures and documents are kept."""

from __future__ import annotations

import io

import pytest
from PIL import Image, PngImagePlugin
from pypdf import PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

from hocbaso.apps.periods import minutes_file
from hocbaso.core.errors import DomainError


def picture(kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(out, kind, **options)
    return out.getvalue()


def document(change=None, **options) -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    if change is not None:
        change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def code_of(content: bytes) -> str:
    with pytest.raises(DomainError) as refusal:
        minutes_file.media_type(content)
    return refusal.value.code


def test_plain_files_are_known_by_their_content():
    exif = Image.Exif()
    exif[0x010F] = "Máy ảnh điện thoại"
    assert minutes_file.media_type(picture("PNG")) == "image/png"
    assert minutes_file.media_type(picture("JPEG", exif=exif)) == "image/jpeg"
    assert minutes_file.media_type(document()) == "application/pdf"


def _action(writer: PdfWriter) -> None:
    _opens_with(writer, "/JavaScript", "/JS")


def _opens_with(writer: PdfWriter, kind: str, key: str) -> None:
    action = DictionaryObject({NameObject("/S"): NameObject(kind), NameObject(key): TextStringObject("x")})
    writer._root_object[NameObject("/OpenAction")] = action


def _attachment(writer: PdfWriter) -> None:
    writer.add_attachment("a.exe", b"MZ")


def _launch(writer: PdfWriter) -> None:
    _opens_with(writer, "/Launch", "/F")


def _secret(writer: PdfWriter) -> None:
    writer.encrypt("x")


@pytest.mark.parametrize("change", [_action, _attachment, _launch, _secret])
def test_active_documents_are_refused(change):
    assert code_of(document(change)) == "minutes_active"


def test_scripts_in_metadata_are_refused():
    exif = Image.Exif()
    exif[0x010E] = "<script>alert(1)</script>"
    chunk = PngImagePlugin.PngInfo()
    chunk.add_text("Comment", "<?php system($_GET['x']) ?>")
    assert code_of(picture("JPEG", exif=exif)) == "minutes_active"
    assert code_of(picture("JPEG", comment=b"<html>")) == "minutes_active"
    assert code_of(picture("PNG", pnginfo=chunk)) == "minutes_active"


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_nothing_rides_behind_a_picture(kind):
    assert code_of(picture(kind) + b"PK\x03\x04zip") == "minutes_tail"


@pytest.mark.parametrize(
    "content",
    [
        b"<html></html>",
        b"GIF89a",
        b"%PDF-1.7 nothing else",
        picture("PNG")[:60],
        picture("JPEG")[:120],
        b"\x89PNG\r\n\x1a\n" + b"\x00" * 100,
    ],
)
def test_what_is_no_such_file_is_refused(content):
    assert code_of(content) == "minutes_kind"


def test_limits():
    assert code_of(b"") == "minutes_empty"
    assert code_of(b"%PDF-" + b"0" * minutes_file.MAX_BYTES) == "minutes_too_large"
