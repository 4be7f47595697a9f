"""Portraits: reading, checking, cutting and writing phone pictures, against what Pillow alone asks for.

``python -m benchmarks --only photos``. The peer is a plain Pillow thumbnail of the same size: no check of the
bytes, no frame, no second look at sharpness and light.
"""

from __future__ import annotations

import io
import resource

from PIL import Image, ImageFilter

from benchmarks.harness import Contender, Experiment, Figure, Ratio
from hocbaso.engines.images import cut, prepare
from hocbaso.engines.images.portrait import MAX_KEPT, SIZE

_PHONE = (3024, 4032)  # 12 million pixels, as phones have them
_COUNT = 6


def _picture(seed: int) -> bytes:
    """A picture with the detail of a photo: soft shapes, noise of a sensor; about 3 MB."""
    ground = Image.linear_gradient("L").resize(_PHONE)
    shapes = Image.radial_gradient("L").resize(_PHONE).filter(ImageFilter.GaussianBlur(seed + 2))
    noise = Image.effect_noise(_PHONE, 24)
    picture = Image.merge("RGB", (Image.blend(ground, noise, 0.3), Image.blend(shapes, noise, 0.3), ground))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=90, exif=Image.Exif().tobytes())
    return out.getvalue()


def photos() -> Experiment:
    pictures = [_picture(seed) for seed in range(_COUNT)]
    kept: list[int] = []

    def ours() -> None:
        for content in pictures:
            kept.append(len(cut(prepare(content, "IMG.jpg")).content))

    def plain() -> None:
        for content in pictures:
            picture = Image.open(io.BytesIO(content))
            picture.thumbnail(SIZE)
            picture.save(io.BytesIO(), "JPEG")

    def figures() -> list[Figure]:
        megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return [
            Figure("heaviest portrait", max(kept) / 1000, "kB", MAX_KEPT / 1000, "engines/images"),
            Figure("input, on average", sum(map(len, pictures)) / _COUNT / 1e6, "MB"),
            Figure("memory of the process at its highest", megabytes, "MB"),
        ]

    return Experiment(
        "Portraits from phone pictures of 12 million pixels",
        "photos",
        [
            Contender("read, check, cut, write", _COUNT, ours),
            Contender("plain Pillow thumbnail", _COUNT, plain),
        ],
        [Ratio("of a plain thumbnail's rate", "read, check, cut, write", "plain Pillow thumbnail")],
        figures,
    )
