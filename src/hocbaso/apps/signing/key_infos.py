"""The ``KeyInfo`` elements of signers, kept once for all their signatures, by SHA-256."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache

from hocbaso.apps.signing.models import KeyInfo
from hocbaso.core.errors import Unreadable


def lacking(elements: Iterable[bytes]) -> list[bytes]:
    """Those that are not kept yet, each once. One query; what is kept stays for ever."""
    by_digest = {hashlib.sha256(one).hexdigest(): one for one in elements}
    there = set(KeyInfo.objects.filter(pk__in=by_digest).values_list("pk", flat=True))
    return [one for digest, one in by_digest.items() if digest not in there]


def keep(elements: Iterable[bytes]) -> None:
    """Keep what is not there yet. One statement; inside the caller's transaction."""
    rows = [KeyInfo(digest=hashlib.sha256(one).hexdigest(), content=one) for one in elements]
    KeyInfo.objects.bulk_create(rows, ignore_conflicts=True)


@lru_cache(maxsize=4096)
def key_info_of(digest: bytes) -> bytes:
    """The element with this SHA-256; one query for each that was not asked for lately.

    :raises Unreadable: ``stored_bytes_damaged``: there is none, or it is another one.
    """
    row = KeyInfo.objects.filter(pk=digest.hex()).first()
    content = b"" if row is None else bytes(row.content)
    if hashlib.sha256(content).digest() != digest:
        raise Unreadable("stored_bytes_damaged")
    return content
