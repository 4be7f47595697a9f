"""Photos: whatever comes in, pixels alone come out, 3×4 and small; what is hostile is refused by its code."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from hocbaso.core.errors import DomainError
from hocbaso.engines.images import Frame, archive, cut, portrait, prepare, reading
from hocbaso.engines.images.archive import files_of


def picture(size=(300, 420), mode="RGB", kind="JPEG", colour="steelblue", **options) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, colour).save(out, kind, **options)
    return out.getvalue()


def made(content: bytes, name: str = "") -> Image.Image:
    return Image.open(io.BytesIO(cut(prepare(content, name)).content))


def chunk(tag: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + tag + data + struct.pack(">I", zlib.crc32(tag + data))


def bomb(width: int, height: int) -> bytes:
    """A PNG that claims a size in a few bytes."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(b"")), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def zipped(*files: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made_zip:
        for name, content in files:
            made_zip.writestr(name, content)
    return out.getvalue()


def animation(kind: str) -> bytes:
    frames = [Image.new("RGB", (200, 300), colour) for colour in ("red", "blue")]
    out = io.BytesIO()
    frames[0].save(out, kind, save_all=True, append_images=frames[1:])
    return out.getvalue()


@settings(max_examples=12)
@given(
    kind=st.sampled_from(["JPEG", "PNG", "WEBP"]),
    width=st.integers(180, 700),
    height=st.integers(240, 700),
    note=st.binary(max_size=40).map(lambda rest: b"~VET-TICH~" + rest),
    frame=st.builds(Frame, st.integers(-50, 1100), st.integers(-50, 1100), st.integers(0, 200)),
)
def test_nothing_but_pixels_leaves_the_portrait(kind, width, height, note, frame):
    exif = Image.Exif()
    exif[0x010E] = "NHÀ RIÊNG " + note.hex()
    exif.get_ifd(0x8825)[1] = "N"  # GPS
    options = {"exif": exif.tobytes(), "icc_profile": b"PROFILE" + note}
    if kind == "JPEG":
        options["comment"] = b"BI MAT" + note
    portrait_made = cut(prepare(picture((width, height), kind=kind, **options)), frame)
    content = portrait_made.content
    for trace in (b"Exif", b"PROFILE", b"BI MAT", note, note.hex().encode(), b"http", b"Photoshop"):
        assert trace not in content
    opened = Image.open(io.BytesIO(content))
    assert (opened.format, opened.mode, opened.size) == ("JPEG", "RGB", (450, 600))
    assert not opened.getexif()
    assert set(opened.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert content.endswith(b"\xff\xd9")
    assert content == cut(prepare(picture((width, height), kind=kind, **options)), frame).content


def test_a_noisy_picture_is_kept_small():
    out = io.BytesIO()
    Image.effect_noise((450, 600), 120).convert("RGB").save(out, "PNG")
    assert len(cut(prepare(out.getvalue())).content) <= portrait.MAX_KEPT


def test_a_picture_taken_sideways_is_set_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rows run from the right
    image = Image.new("RGB", (800, 600), "red")
    image.paste("blue", (0, 0, 400, 600))
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif.tobytes(), quality=95)
    upright = made(out.getvalue())
    assert upright.getpixel((225, 20))[2] > 200
    assert upright.getpixel((225, 580))[0] > 200


def test_transparent_ground_becomes_white():
    assert min(made(picture(mode="RGBA", kind="PNG", colour=(0, 0, 0, 0))).getpixel((5, 5))) > 250


def test_the_frame_moves_over_the_picture_and_never_leaves_it():
    image = Image.new("RGB", (1200, 800), "white")
    image.paste("black", (0, 0, 300, 800))
    out = io.BytesIO()
    image.save(out, "PNG")
    source = prepare(out.getvalue())
    frame = Frame.proposed(source)
    assert min(Image.open(io.BytesIO(cut(source, frame).content)).getpixel((10, 300))) > 200
    for _step in range(40):
        frame = frame.moved("left")
    assert max(Image.open(io.BytesIO(cut(source, frame).content)).getpixel((10, 300))) < 60
    left, top, right, bottom = frame.moved("nearer").box(1200, 800)
    assert left >= 0
    assert (right - left) * 4 == pytest.approx((bottom - top) * 3)
    assert frame.moved("sideways") == frame


def test_doubts_are_said_not_decided():
    dark = cut(prepare(picture(colour=(12, 12, 12))))
    assert dark.warnings == ("photo_dark", "photo_blurred")
    small = cut(prepare(picture((180, 240), colour="white")))
    assert small.warnings == ("photo_low_resolution", "photo_bright", "photo_blurred")


JPEG = picture()
HOSTILE = {
    "nothing": (b"", "a.jpg", "photo_unreadable"),
    "text": (b"xin chao", "a.jpg", "photo_unreadable"),
    "gif": (picture(kind="GIF"), "a.gif", "photo_unreadable"),
    "tiff": (picture(kind="TIFF"), "a.tiff", "photo_unreadable"),
    "svg": (b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>", "a.jpg", "photo_drawing"),
    "heic": (b"\x00\x00\x00\x18ftypheic" + b"\0" * 40, "a.heic", "photo_heic"),
    "truncated": (JPEG[: len(JPEG) // 2], "a.jpg", "photo_unreadable"),
    "png without pixels": (bomb(300, 400), "a.png", "photo_unreadable"),
    "bomb": (bomb(7000, 7000), "a.png", "photo_pixels"),
    "giant bomb": (bomb(60_000, 60_000), "a.png", "photo_pixels"),
    "small": (picture((179, 400)), "a.jpg", "photo_small"),
    "wrong extension": (picture(kind="PNG"), "a.jpg", "photo_extension"),
    "named svg": (JPEG, "a.svg", "photo_extension"),
    "zip behind": (JPEG + zipped(("x.txt", b"x")), "a.jpg", "photo_two_kinds"),
    "pdf inside": (JPEG[:2] + b"\xff\xfe\x00\x0c%PDF-1.7\n\0" + JPEG[2:], "a.jpg", "photo_two_kinds"),
    "script inside": (picture(comment=b"<SCRIPT>alert(1)</script>"), "a.jpg", "photo_two_kinds"),
    "php inside": (picture(comment=b"<?php system(1);"), "a.jpg", "photo_two_kinds"),
    "moving png": (animation("PNG"), "a.png", "photo_animated"),
    "moving webp": (animation("WEBP"), "a.webp", "photo_animated"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_no_proper_photo_is_refused(case):
    content, name, code = HOSTILE[case]
    with pytest.raises(DomainError) as caught:
        prepare(content, name)
    assert caught.value.code == code


def test_a_heavy_file_is_refused_before_it_is_read(monkeypatch):
    monkeypatch.setattr(reading, "MAX_BYTES", 1000)
    with pytest.raises(DomainError) as caught:
        prepare(b"\xff\xd8\xff" + b"\0" * 1000)
    assert caught.value.code == "photo_too_large"


@settings(max_examples=30)
@given(data=st.data())
def test_broken_bytes_are_refused_in_words_or_read_never_worse(data):
    content = bytearray(picture(kind=data.draw(st.sampled_from(["JPEG", "PNG", "WEBP"]))))
    for _n in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        made_of = cut(prepare(bytes(content))).content[:2]
    except DomainError as refused:
        made_of = refused.code[:6].encode()
    assert made_of in (b"\xff\xd8", b"photo_")


def test_a_zip_gives_its_photos_and_refuses_what_leads_out_of_it():
    link = zipfile.ZipInfo("lien-ket.jpg")
    link.external_attr = 0o120777 << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made_zip:
        made_zip.writestr("3A/Nguyễn An.jpg", b"1")
        made_zip.writestr("../../etc/a.jpg", b"2")
        made_zip.writestr("/a.jpg", b"3")
        made_zip.writestr("C:\\a.jpg", b"4")
        made_zip.writestr("trong.zip", b"5")
        made_zip.writestr("__MACOSX/._a.jpg", b"6")
        made_zip.writestr("3A/.DS_Store", b"7")
        made_zip.writestr(link, b"/etc/passwd")
    found = [(e.name, e.refusal.code if e.refusal else e.content) for e in files_of(out.getvalue())]
    assert found == [
        ("3A/Nguyễn An.jpg", b"1"),
        ("../../etc/a.jpg", "photo_zip_path"),
        ("/a.jpg", "photo_zip_path"),
        ("C:/a.jpg", "photo_zip_path"),
        ("trong.zip", "photo_zip_nested"),
        ("lien-ket.jpg", "photo_zip_path"),
    ]


def test_names_written_by_old_windows_and_phones_are_read():
    content = bytearray(zipped(("Nguyễn An.jpg", b"1")))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # the name no longer says that it is UTF-8
        at = content.index(mark) + offset
        content[at + 1] &= ~0x08 & 0xFF
    assert [e.name for e in files_of(bytes(content))] == ["Nguyễn An.jpg"]


@pytest.mark.parametrize(
    ("limit", "value", "content", "code"),
    [
        ("MAX_FILES", 2, zipped(("a", b""), ("b", b""), ("c", b"")), "photo_zip_files"),
        ("MAX_TOTAL", 1000, zipped(("a.jpg", b"\0" * 2000)), "photo_zip_bomb"),
        ("MAX_FILES", 9, b"PK\x03\x04" + b"\0" * 50, "photo_zip_unreadable"),
    ],
)
def test_a_zip_that_would_flood_the_machine_is_not_opened(monkeypatch, limit, value, content, code):
    monkeypatch.setattr(archive, limit, value)
    with pytest.raises(DomainError) as caught:
        list(files_of(content))
    assert caught.value.code == code


def test_a_zip_whose_entries_lie_over_each_other_is_a_bomb():
    content = zipped(("a.jpg", bytes(range(256)) * 8))
    record = content[content.index(b"PK\x01\x02") : content.index(b"PK\x05\x06")]
    directory = record * 20
    head = content[: content.index(b"PK\x01\x02")]
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 20, 20, len(directory), len(head), 0)
    with pytest.raises(DomainError) as caught:
        list(files_of(head + directory + end))
    assert caught.value.code == "photo_zip_bomb"


def test_a_file_that_shrinks_a_hundredfold_is_no_photo():
    (entry,) = files_of(zipped(("a.jpg", b"\0" * 1_000_000)))
    assert entry.refusal is not None
    assert entry.refusal.code == "photo_unreadable"
