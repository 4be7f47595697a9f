"""The published test vectors: good and bad year sheets and packages with the rules that each breaks.

They travel in one file, ``vectors.json``: the manifest in plain words, the documents one after another,
compressed together because they share most of their bytes. ``tools/make_vectors.py`` makes it.
"""

from __future__ import annotations

import json
import lzma
from base64 import b64decode
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Vector:
    """One vector: what it is, what is wrong with it, what the verifier says (``valid``, ``invalid``, …)."""

    file: str
    data: bytes
    rules: tuple[str, ...]
    verdict: str
    bundle: bool  # whether the expectations hold with the bundle, or without any
    vi: str
    en: str


@dataclass(frozen=True)
class VectorSet:
    """All vectors with the bundle and the moment under which the expectations hold."""

    vectors: tuple[Vector, ...]
    bundle: bytes
    now: datetime
    manifest: dict[str, Any]


@lru_cache(maxsize=1)
def load_vectors() -> VectorSet:
    """The set that ships with the program."""
    return unpack(resources.files(__package__).joinpath("vectors.json").read_text("utf-8"))


def unpack(text: str) -> VectorSet:
    """The set out of the text of ``vectors.json``."""
    stored = json.loads(text)
    manifest = stored["manifest"]
    body = lzma.decompress(b64decode(stored["bodies"]))
    bundle, place = body[: stored["bundle_octets"]], stored["bundle_octets"]
    vectors = []
    for item, size in zip(manifest["vectors"], stored["octets"], strict=True):
        end = place + size
        vectors.append(
            Vector(
                item["file"],
                body[place:end],
                tuple(item["rules"]),
                item["verdict"],
                item["bundle"],
                item["reason"]["vi"],
                item["reason"]["en"],
            )
        )
        place = end
    return VectorSet(tuple(vectors), bundle, datetime.fromisoformat(manifest["now"]), manifest)


def write_vectors(folder: Path) -> int:
    """Write every vector, ``trust-bundle.json`` and ``manifest.json`` into a folder; gives how many.

    :raises OSError: the folder cannot be written.
    """
    known = load_vectors()
    for vector in known.vectors:
        target = folder / vector.file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(vector.data)
    (folder / "trust-bundle.json").write_bytes(known.bundle)
    text = json.dumps(known.manifest, ensure_ascii=False, indent=1) + "\n"
    (folder / "manifest.json").write_text(text, "utf-8")
    return len(known.vectors)
