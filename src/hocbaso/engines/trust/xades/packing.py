"""A signature in a tenth of its text: only what the profile does not give by itself.

The text of a signature follows from the signer's certificates, its Id, role and time, the digests it refers
to and its value (:mod:`.reading` accepts nothing else), so these are all that is kept. The certificates stand
once for all signatures of a signer, under the SHA-256 of their ``KeyInfo`` element.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime

from hocbaso.core.errors import DomainError
from hocbaso.engines.trust.xades import profile
from hocbaso.engines.trust.xades.reading import read_key_info, read_signature
from hocbaso.engines.trust.xades.signing import assemble, render, xml_time
from hocbaso.engines.trust.xades.unsigned import Unsigned

#: First octet of a packed signature; a text begins with "<".
PACKED = 1
#: Gives the ``KeyInfo`` element whose SHA-256 it is asked for.
KeyInfoReader = Callable[[bytes], bytes]


def pack_signature(text: bytes) -> tuple[bytes, bytes]:
    """The packed form of an emitted signature without unsigned properties, and its ``KeyInfo`` element.

    :raises DomainError: what :func:`~.reading.read_signature` raises; ``xades_not_our_form`` with unsigned
        properties.
    """
    parts = read_signature(text)
    if parts.unsigned != Unsigned():
        raise DomainError("xades_not_our_form", detail="UnsignedProperties")
    key_info = parts.prepared.parts.key_info
    packed = b"".join(
        [
            bytes([PACKED]),
            _short(parts.signature_id.encode()),
            _short(parts.role.encode()),
            int(parts.signing_time.timestamp()).to_bytes(8, "big", signed=True),
            hashlib.sha256(key_info).digest(),
            bytes([len(parts.references)]),
            *(_short(item.target.encode()) + item.digest for item in parts.references),
            parts.value,
        ]
    )
    return packed, key_info


def unpack_signature(packed: bytes, key_info: KeyInfoReader) -> bytes:
    """What :func:`pack_signature` was given.

    :raises DomainError: ``xades_not_our_form``: the bytes are damaged. What ``key_info`` raises.
    """
    try:
        place = 1
        sid, place = _read_short(packed, place)
        role, place = _read_short(packed, place)
        seconds = int.from_bytes(packed[place : place + 8], "big", signed=True)
        parts = read_key_info(key_info(packed[place + 8 : place + 40]))
        count, place = packed[place + 40], place + 41
        references: list[profile.Reference] = []
        for _ in range(count):
            target, place = _read_short(packed, place)
            references.append(profile.Reference(target, packed[place : place + 32]))
            place += 32
        time = xml_time(datetime.fromtimestamp(seconds, UTC))
    except (IndexError, ValueError, OverflowError, OSError) as error:
        raise DomainError("xades_not_our_form", detail="stored") from error
    prepared = assemble(role, sid, tuple(references), time, parts)
    return render(prepared, b64encode(packed[place:]))


def _short(text: bytes) -> bytes:
    return bytes([len(text)]) + text


def _read_short(packed: bytes, place: int) -> tuple[str, int]:
    end = place + 1 + packed[place]
    text = packed[place + 1 : end].decode("ascii")
    if "%" in text:  # no name of ours holds one, and a form would take it for a place of its own
        raise ValueError("a name")
    return text, end
