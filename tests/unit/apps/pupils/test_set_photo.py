"""Portraits: whatever comes in, a plain 3×4 JPEG is kept; what is hostile is refused."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.audit.models import Event
from hocbaso.apps.pupils.models import Photo
from hocbaso.apps.pupils.use_cases.set_photo import MAX_BYTES, portrait, set_photo
from hocbaso.core.errors import DomainError, NotAllowed
from tests.unit.apps.accounts import people


def picture(size=(900, 1400), mode="RGB", kind="JPEG", colour="steelblue", **options) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, colour).save(out, kind, **options)
    return out.getvalue()


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("size", [(900, 1400), (2400, 1200), (600, 800), (180, 240), (250, 700)])
def test_the_portrait_is_a_three_by_four_jpeg(kind, size):
    made = opened(portrait(picture(size, kind=kind)))
    assert made.format == "JPEG"
    assert made.mode == "RGB"
    assert made.width * 4 == made.height * 3
    assert made.width <= min(600, size[0])
    assert made.height <= min(800, size[1])


def test_no_metadata_survives():
    exif = Image.Exif()
    exif[0x010E] = "ghi chú riêng tư"
    exif.get_ifd(0x8825)[1] = "N"  # GPS
    made = portrait(picture(exif=exif.tobytes(), icc_profile=b"profile", comment=b"bi mat"))
    assert b"Exif" not in made
    assert b"profile" not in made
    assert b"bi mat" not in made
    assert not opened(made).getexif()


def test_a_picture_taken_sideways_is_set_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rows run from the right
    image = Image.new("RGB", (800, 600), "red")
    image.paste("blue", (0, 0, 400, 600))
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif.tobytes(), quality=95)
    made = opened(portrait(out.getvalue()))
    top, bottom = made.getpixel((made.width // 2, 20)), made.getpixel((made.width // 2, made.height - 20))
    assert top[2] > 200
    assert bottom[0] > 200


def test_transparent_ground_becomes_white():
    made = opened(portrait(picture(mode="RGBA", kind="PNG", colour=(0, 0, 0, 0))))
    assert min(made.getpixel((5, 5))) > 250


def test_the_same_picture_gives_the_same_bytes():
    assert portrait(picture()) == portrait(picture())


def bomb(width: int, height: int) -> bytes:
    """A PNG that claims a huge size in a few bytes."""

    def chunk(tag: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + tag + data + struct.pack(">I", zlib.crc32(tag + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "photo_unreadable"),
        (b"GIF89a" + b"\0" * 50, "photo_unreadable"),
        (picture(kind="GIF"), "photo_unreadable"),
        (picture(kind="TIFF"), "photo_unreadable"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "photo_unreadable"),
        (b"%PDF-1.7", "photo_unreadable"),
        (picture()[:2000], "photo_unreadable"),
        (bomb(400, 400), "photo_unreadable"),
        (bomb(7000, 7000), "photo_pixels"),
        (bomb(60_000, 60_000), "photo_pixels"),
        (picture((179, 400)), "photo_small"),
        (b"\xff\xd8\xff" + b"\0" * MAX_BYTES, "photo_too_large"),
    ],
)
def test_what_is_no_proper_picture_is_refused(content, code):
    with pytest.raises(DomainError) as caught:
        portrait(content)
    assert caught.value.code == code


@pytest.mark.django_db
def test_a_new_portrait_replaces_the_old_one_which_stays_for_earlier_sheets():
    school = people.school()
    in_class = people.school_class(school)
    enrolment = people.enrol(in_class, 1)
    homeroom = people.actor(Role.HOMEROOM, school, in_class)
    first = set_photo(homeroom, enrolment=enrolment, content=picture())
    second = set_photo(homeroom, enrolment=enrolment, content=picture(colour="tan"))
    enrolment.pupil.refresh_from_db()
    assert enrolment.pupil.photo == second
    assert set(Photo.objects.all()) == {first, second}
    details = Event.objects.filter(action="pupils.set_photo").order_by("-sequence").first().details
    assert details == {"before": first.digest, "after": second.digest}


@pytest.mark.django_db
def test_only_clerk_and_homeroom_teacher_set_portraits():
    school = people.school()
    enrolment = people.enrol(people.school_class(school), 1)
    other = people.actor(Role.HOMEROOM, school, people.school_class(school, "1B"))
    for actor in (other, people.actor(Role.PRINCIPAL, school)):
        with pytest.raises(NotAllowed):
            set_photo(actor, enrolment=enrolment, content=picture())
    assert set_photo(people.actor(Role.DATA_CLERK, school), enrolment=enrolment, content=picture())
