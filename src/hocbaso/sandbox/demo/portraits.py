"""Drawn portraits for demo pupils: a plain silhouette in a colour of their own; no real face."""

from __future__ import annotations

import hashlib
import io

from PIL import Image, ImageDraw

_GROUNDS = ("#cfe3f2", "#e4efe0", "#f6ead2", "#eee2ef", "#e0edf0")
_SKINS = ("#e8b98f", "#d9a06f", "#f0c9a4", "#c98d5f")


def portrait(code: str, sex: str) -> bytes:
    """A 3×4 JPEG (360 × 480) drawn from the pupil's code."""
    seed = hashlib.sha256(code.encode()).digest()
    image = Image.new("RGB", (360, 480), _GROUNDS[seed[0] % len(_GROUNDS)])
    draw = ImageDraw.Draw(image)
    skin, hair = _SKINS[seed[1] % len(_SKINS)], "#231a16"
    shirt = "#ffffff"
    if sex == "Nữ":
        draw.rounded_rectangle((95, 95, 265, 360), 70, fill=hair)
    draw.rounded_rectangle((150, 290, 210, 390), 20, fill=skin)
    draw.pieslice((40, 360, 320, 640), 180, 360, fill=shirt)
    draw.polygon([(150, 366), (210, 366), (180, 430)], fill="#b3261e")
    draw.ellipse((110, 110, 250, 320), fill=skin)
    draw.pieslice((100, 90, 260, 280), 180, 360, fill=hair)
    for x in (150, 210):
        draw.ellipse((x - 8, 205, x + 8, 221), fill="#1c1c1c")
    draw.arc((150, 235, 210, 285), 20, 160, fill="#7a3b2e", width=4)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=82)
    return buffer.getvalue()
