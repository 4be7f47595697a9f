"""The stored document of a sheet, taken apart for whoever adds to the seal's unsigned properties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from hocbaso.apps.signing.key_infos import key_info_of
from hocbaso.apps.transcripts.models import IssuedSheet
from hocbaso.core.document.model import SignerRole
from hocbaso.core.document.parse import split_document
from hocbaso.core.errors import Unreadable
from hocbaso.engines.storage.documents import unpack_document
from hocbaso.engines.trust import xades
from hocbaso.engines.trust.xades.reading import read_key_info

_SEAL = b'Id="' + xades.signature_id_for(SignerRole.SEAL).encode() + b'"'
_KEY_INFO = (b"<ds:KeyInfo>", b"</ds:KeyInfo>")


@dataclass(frozen=True, slots=True)
class Opened:
    """One issued document."""

    sheet: bytes  # emitted ToNamHoc
    signatures: tuple[bytes, ...]
    seal: bytes  # the last of them

    @property
    def chains(self) -> list[tuple[x509.Certificate, ...]]:
        """Certificates of every signer, each with what it brought along."""
        return [read_key_info(_key_info(text)).path for text in self.signatures]

    def sealed(self, unsigned: xades.Unsigned) -> xades.SignatureParts:
        """The seal with these unsigned properties, read by the strict reader."""
        return xades.read_signature(xades.with_properties(self.seal, unsigned))

    def archive_imprint(self, unsigned: xades.Unsigned, algorithm: str) -> bytes:
        """The imprint of the next archive time stamp."""
        targets = xades.referable(self.sheet, self.signatures)
        return xades.archive_digest(self.sealed(unsigned), targets, len(unsigned.archive), algorithm)


def open_document(issued: IssuedSheet) -> Opened:
    """:raises Unreadable: ``stored_bytes_damaged``. :raises DomainError: ``xades_not_our_form``."""
    parts = split_document(unpack_document(bytes(issued.document), key_info_of))
    seals = [text for text in parts.signatures if _SEAL in text[:200]]
    if len(seals) != 1:
        raise Unreadable("stored_bytes_damaged")
    return Opened(parts.sheet, tuple(parts.signatures), seals[0])


def ders(chains: Sequence[Sequence[x509.Certificate]]) -> frozenset[bytes]:
    """DER of every certificate of these chains."""
    return frozenset(c.public_bytes(Encoding.DER) for chain in chains for c in chain)


def _key_info(text: bytes) -> bytes:
    start, end = (text.find(tag) for tag in _KEY_INFO)
    if start < 0 or end < 0:
        raise Unreadable("stored_bytes_damaged")
    return text[start : end + len(_KEY_INFO[1])]
