"""What an archive time stamp covers (EN 319 132-1 clause 5.5.2, not distributed), on our own bytes.

In order: the octets of every reference of ``SignedInfo`` (the sheet, the value of the step before, the signed
properties), then ``SignedInfo``, ``SignatureValue``, ``KeyInfo``, then every unsigned property that stands
before the stamp; all by inclusive C14N 1.0 as in the exported document. The only ``ds:Object`` holds the
qualifying properties and is left out.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence

from hocbaso.core.document.names import SHEET_ID, sheet_canonical
from hocbaso.core.errors import DomainError
from hocbaso.engines.trust.xades import profile
from hocbaso.engines.trust.xades.reading import SignatureParts
from hocbaso.engines.trust.xades.signing import signature_value_octets
from hocbaso.engines.trust.xades.unsigned import canonical_properties_before

_KEY_INFO = b"<ds:KeyInfo"


def referable(sheet: bytes, signatures: Sequence[bytes]) -> dict[str, bytes]:
    """Canonical octets of what the seal may refer to, by Id: the sheet and the values of the signatures.

    :param sheet: emitted ``ToNamHoc``. :param signatures: emitted signatures, in order.
    :raises DomainError: ``xades_not_signable``. :raises ValueError: not the emitted text of a sheet.
    """
    return {SHEET_ID: sheet_canonical(sheet), **dict(map(signature_value_octets, signatures))}


def archive_octets(parts: SignatureParts, targets: Mapping[str, bytes], archived: int) -> Iterator[bytes]:
    """What the archive stamp number ``archived + 1`` of this signature covers, piece by piece.

    :param parts: the signature with its unsigned properties.
    :param targets: from :func:`referable`.
    :param archived: how many archive stamps stand before it.
    :raises DomainError: ``xades_not_our_form``: the signature refers to something else.
    """
    prepared = parts.prepared
    for reference in prepared.references:
        if reference.target not in targets:
            raise DomainError("xades_not_our_form", detail="Reference")
        yield targets[reference.target]
    yield profile.canonical_properties(prepared.properties)
    yield prepared.signed_info
    yield prepared.form.canonical_value(b64encode(parts.value))
    key_info = prepared.parts.key_info
    yield _KEY_INFO + profile.XMLNS + profile.XMLNS_DS + key_info[len(_KEY_INFO) :]
    yield from canonical_properties_before(prepared.signature_id, parts.unsigned, archived)


def archive_digest(
    parts: SignatureParts, targets: Mapping[str, bytes], archived: int, algorithm: str
) -> bytes:
    """The message imprint of the archive stamp number ``archived + 1``; see :func:`archive_octets`.

    :param algorithm: ``sha256``, ``sha384`` or ``sha512``.
    """
    digest = hashlib.new(algorithm)
    for piece in archive_octets(parts, targets, archived):
        digest.update(piece)
    return digest.digest()
