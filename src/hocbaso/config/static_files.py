"""The address of the static files: it holds a digest of all of them, so that a browser may keep each.

One digest for the whole set rather than one a file: scripts import each other and styles name pictures by
relative addresses, which stay inside the same set without any rewriting. A page always gets the scripts and
styles that were shipped with it, never an older one out of a cache.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

_DIGITS = 12


def digest_of(folder: Path) -> str:
    """The first digits of SHA-256 over names and contents of every file below a folder, lower-case hex."""
    whole = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix().encode()
        content = hashlib.sha256(path.read_bytes()).digest()
        whole.update(len(name).to_bytes(4, "big") + name + content)
    return whole.hexdigest()[:_DIGITS]


def static_url(folder: Path) -> str:
    """``/static/<digest>/``"""
    return f"/static/{digest_of(folder)}/"
