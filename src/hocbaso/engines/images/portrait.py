"""The 3×4 portrait: where the frame stands, what is doubtful about the picture, the bytes that are kept."""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image, ImageFilter, ImageStat

from hocbaso.core.errors import register
from hocbaso.engines.images.reading import Source, written

register(
    {
        "photo_low_resolution": (
            "Ảnh nhỏ, in ra sẽ mờ. Nên có ảnh lớn hơn.",
            "Few pixels: the print will be soft.",
        ),
        "photo_blurred": (
            "Ảnh có thể bị nhòe. Thầy cô nhìn lại khuôn mặt có rõ không.",
            "Perhaps out of focus.",
        ),
        "photo_dark": (
            "Ảnh tối. Nên chụp lại nơi đủ sáng.",
            "Dark.",
        ),
        "photo_bright": (
            "Ảnh quá sáng, có thể mất nét mặt.",
            "Overexposed.",
        ),
    }
)

SIZE = (450, 600)
MAX_KEPT = 60_000  # bytes: a school of 2 000 pupils keeps its portraits in 120 MB
_QUALITIES = (88, 82, 76, 70, 62, 54, 46, 38, 30, 22, 14, 8)
_LEAST_CUT = 300  # pixels of the original over the frame's width; below, 3 cm in print show it
_SHARP = 3.0  # least mean difference between neighbouring grey values along edges, of 255
_DARK, _BRIGHT = 60, 225  # mean grey of the middle, of 255


@dataclass(frozen=True, slots=True)
class Frame:
    """Where the 3×4 frame stands on the picture.

    :ivar x: centre from the left, in thousandths of the picture's width.
    :ivar y: centre from the top, in thousandths of its height.
    :ivar size: in hundredths of the largest frame that fits (30 … 100).
    """

    x: int = 500
    y: int = 500
    size: int = 100

    @classmethod
    def proposed(cls, source: Source) -> Frame:
        """Where a portrait usually stands: in the middle, and in a tall picture nearer to the top.

        No face is looked for: a library that does weighs 60 MB; a person sees the frame and moves it.
        """
        tall = source.height * 3 > source.width * 4
        spare = 1 - source.width * 4 / (source.height * 3) if tall else 0.0
        return cls(500, round(1000 * (0.5 - spare * 0.25)) if tall else 500, 100)

    def moved(self, step: str) -> Frame:
        """After one of ``left right up down nearer farther``; anything else leaves it."""
        dx, dy, ds = {
            "left": (-25, 0, 0),
            "right": (25, 0, 0),
            "up": (0, -25, 0),
            "down": (0, 25, 0),
            "nearer": (0, 0, -8),
            "farther": (0, 0, 8),
        }.get(step, (0, 0, 0))
        return Frame(
            _within(self.x + dx, 0, 1000), _within(self.y + dy, 0, 1000), _within(self.size + ds, 30, 100)
        )

    def box(self, width: int, height: int) -> tuple[float, float, float, float]:
        """The frame on a picture of that size, inside it: left, top, right, bottom in pixels."""
        unit = min(width / 3, height / 4) * _within(self.size, 30, 100) / 100
        w, h = min(3 * unit, width), min(4 * unit, height)  # a float may overshoot by its last bit
        left = max(0.0, min(_within(self.x, 0, 1000) / 1000 * width - w / 2, width - w))
        top = max(0.0, min(_within(self.y, 0, 1000) / 1000 * height - h / 2, height - h))
        return left, top, min(left + w, width), min(top + h, height)


def _within(value: int, low: int, high: int) -> int:
    return min(max(value, low), high)


@dataclass(frozen=True, slots=True)
class Portrait:
    """A finished portrait.

    :ivar content: JPEG of 450 × 600, at most 60 kB, nothing but pixels; same source and frame, same bytes.
    :ivar warnings: codes ``photo_low_resolution``, ``photo_blurred``, ``photo_dark``, ``photo_bright``.
    """

    content: bytes
    warnings: tuple[str, ...]


def cut(source: Source, frame: Frame | None = None) -> Portrait:
    """The portrait in ``frame`` (without one: where a portrait usually stands)."""
    frame = frame or Frame.proposed(source)
    picture = Image.open(io.BytesIO(source.content), formats=("JPEG",))
    made = picture.resize(SIZE, Image.Resampling.LANCZOS, box=frame.box(picture.width, picture.height))
    left, _top, right, _bottom = frame.box(source.width, source.height)
    content = b""
    for quality in _QUALITIES:
        content = written(made, quality)
        if len(content) <= MAX_KEPT:
            break
    return Portrait(content, _doubts(made, right - left))


def _doubts(made: Image.Image, pixels: float) -> tuple[str, ...]:
    """What a person should look at again; ``pixels``: of the original over the frame's width."""
    grey = made.convert("L")
    found = ["photo_low_resolution"] if pixels < _LEAST_CUT else []
    middle = grey.crop((90, 90, 360, 480))
    mean = ImageStat.Stat(middle).mean[0]
    if mean < _DARK:
        found.append("photo_dark")
    elif mean > _BRIGHT:
        found.append("photo_bright")
    # Edges in the middle at half size: noise of the sensor does not count as sharpness.
    edges = middle.resize((135, 195), Image.Resampling.BOX).filter(ImageFilter.FIND_EDGES)
    strong = sorted(edges.crop((1, 1, 134, 194)).tobytes())[-1300:]  # the strongest twentieth
    if sum(strong) / len(strong) < _SHARP * 12:
        found.append("photo_blurred")
    return tuple(found)
