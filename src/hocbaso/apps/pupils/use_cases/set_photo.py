"""The pupil's portrait: whatever picture comes in, a plain 3×4 JPEG without any metadata is kept."""

from __future__ import annotations

import hashlib
import io
import warnings

from django.db import transaction
from PIL import Image, ImageOps

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.pupils.models import Enrolment, Photo, Pupil
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
        "photo_pixels": (
            "Ảnh có {width} × {height} điểm ảnh, chỉ nhận đến 40 triệu điểm ảnh.",
            "The picture has {width} × {height} pixels; at most 40 million are taken.",
        ),
        "photo_small": (
            "Ảnh chỉ có {width} × {height} điểm ảnh. Ảnh thẻ cần ít nhất {least_width} × {least_height}.",
            "The picture has {width} × {height} pixels; a portrait needs {least_width} × {least_height}.",
        ),
    }
)

MAX_BYTES = 5 * 1024 * 1024
MAX_PIXELS = 40_000_000
FORMATS = ("JPEG", "PNG", "WEBP")
SIZE = (600, 800)
LEAST = (180, 240)
QUALITY = 88


def _opened(content: bytes) -> Image.Image:
    """The picture with its size checked before a pixel is decoded."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is stricter
            picture = Image.open(io.BytesIO(content), formats=FORMATS)
    except Image.DecompressionBombError:
        raise DomainError("photo_pixels", width="quá nhiều", height="quá nhiều") from None
    except Exception:  # a decoder may raise anything on hostile bytes
        raise DomainError("photo_unreadable") from None
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise DomainError("photo_pixels", width=width, height=height)
    return picture


def portrait(content: bytes) -> bytes:
    """A 3×4 JPEG cut from the middle, at most 600 × 800, upright, sRGB values only: no EXIF, no profile, no
    comment, nothing but pixels of the original.

    :raises DomainError: ``photo_*``
    """
    if len(content) > MAX_BYTES:
        size = f"{len(content) / 1_048_576:.1f}".replace(".", ",")
        raise DomainError("photo_too_large", size=size, limit=MAX_BYTES // 1_048_576)
    picture = _opened(content)
    try:
        upright = ImageOps.exif_transpose(picture)
        if upright.mode in ("RGBA", "LA", "PA", "P"):
            upright = upright.convert("RGBA")
            ground = Image.new("RGBA", upright.size, "white")
            upright = Image.alpha_composite(ground, upright)
        upright = upright.convert("RGB")
    except Exception:
        raise DomainError("photo_unreadable") from None
    if upright.width < LEAST[0] or upright.height < LEAST[1]:
        raise DomainError(
            "photo_small",
            width=upright.width,
            height=upright.height,
            least_width=LEAST[0],
            least_height=LEAST[1],
        )
    # The face stands in the upper part of a tall picture: cut more from below than from above.
    target = SIZE if upright.width >= SIZE[0] and upright.height >= SIZE[1] else _largest(upright.size)
    cut = ImageOps.fit(upright, target, Image.Resampling.LANCZOS, centering=(0.5, 0.35))
    clean = Image.new("RGB", cut.size)  # a new image: whatever hung on the old one stays behind
    clean.paste(cut)
    out = io.BytesIO()
    clean.save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue()


def _largest(size: tuple[int, int]) -> tuple[int, int]:
    """The largest 3×4 rectangle inside ``size``: small pictures are not blown up."""
    unit = min(size[0] // 3, size[1] // 4, SIZE[0] // 3)
    return 3 * unit, 4 * unit


def set_photo(actor: Actor, *, enrolment: Enrolment, content: bytes) -> Photo:
    """Keep the portrait and show it from now on; earlier ones stay for the sheets that were made with them.

    :param enrolment: with its pupil and class.
    :raises DomainError: ``photo_*``
    :raises NotAllowed: policy ``pupils.edit``
    """
    require(actor, "pupils.edit", enrolment.school_class)
    made = portrait(content)  # outside the transaction: decoding takes long
    digest = hashlib.sha256(made).hexdigest()
    with transaction.atomic():
        now = clock.now()
        photo, _created = Photo.objects.get_or_create(
            digest=digest, defaults={"media_type": "image/jpeg", "content": made, "created_at": now}
        )
        before = Pupil.objects.values_list("photo_id", flat=True).get(pk=enrolment.pupil_id)
        Pupil.objects.filter(pk=enrolment.pupil_id).update(photo=photo, updated_at=now)
        chain.record(actor, "pupils.set_photo", enrolment.pupil.code, before=before or "", after=digest)
    enrolment.pupil.photo = photo
    return photo
