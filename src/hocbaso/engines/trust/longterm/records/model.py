"""An evidence record in memory, and its one way of being written (DER).

``read_record(record.to_der()) == record``; what is read must be written again byte for byte, so that no
second encoding of the same record exists. Sources: RFC 4998 sections 3.1, 4.1, 5.1; RFC 5754 (identifiers of
hashes); RFC 5126 sections 6.3.3, 6.3.4 (certificates and revocation values in ``cryptoInfos``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hocbaso.engines.trust.der import OCTETS, OID, SEQUENCE, SET, DerFault, basic_response
from hocbaso.engines.trust.longterm.records.faults import RecordFault

_CONTEXT = (0xA0, 0xA1, 0xA2)
_NULL = b"\x05\x00"
#: OID content of each hash; its identifier is written without parameters (RFC 5754 section 2).
_HASHES = {
    "sha256": bytes.fromhex("608648016503040201"),
    "sha384": bytes.fromhex("608648016503040202"),
    "sha512": bytes.fromhex("608648016503040203"),
}
CERTIFICATE_VALUES = "1.2.840.113549.1.9.16.2.23"
REVOCATION_VALUES = "1.2.840.113549.1.9.16.2.24"
_CERTIFICATE_VALUES = bytes.fromhex("2a864886f70d0109100217")
_REVOCATION_VALUES = bytes.fromhex("2a864886f70d0109100218")
_OCSP_BASIC = bytes.fromhex("2b0601050507300101")


def tlv(tag: int, content: bytes) -> bytes:
    """DER of one value: tag, shortest length, content."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def identifier(algorithm: str) -> bytes:
    """The AlgorithmIdentifier that is written for a hash, DER."""
    return tlv(SEQUENCE, tlv(OID, _HASHES[algorithm]))


#: Every way of writing that is read: parameters absent, or NULL as older software has them.
_NAMES = {
    tlv(SEQUENCE, tlv(OID, oid) + parameters): name
    for name, oid in _HASHES.items()
    for parameters in (b"", _NULL)
}


def algorithm_name(found: bytes) -> str:
    """The hash of an AlgorithmIdentifier. :raises RecordFault: ``record_algorithm_unknown``."""
    name = _NAMES.get(found)
    if name is None:
        raise RecordFault("record_algorithm_unknown")
    return name


def digest(algorithm: str, data: bytes) -> bytes:
    """The hash of ``data`` by the name of its algorithm (sha256, sha384, sha512)."""
    return hashlib.new(algorithm, data).digest()


@dataclass(frozen=True, slots=True)
class ArchiveTimeStamp:
    """One time stamp with the reduced hash tree that leads to it (section 4.1).

    ``identifier`` is the stated AlgorithmIdentifier in DER; ``None``: the hash of the token's imprint.
    """

    token: bytes
    lists: tuple[tuple[bytes, ...], ...] = ()
    identifier: bytes | None = None

    def to_der(self) -> bytes:
        """DER of the ArchiveTimeStamp."""
        stated = b""
        if self.identifier is not None:
            stated = bytes([_CONTEXT[0]]) + self.identifier[1:]  # IMPLICIT: the tag takes the place
        tree = b"".join(
            tlv(SEQUENCE, b"".join([tlv(OCTETS, value) for value in values])) for values in self.lists
        )
        reduced = tlv(_CONTEXT[2], tree) if self.lists else b""
        return tlv(SEQUENCE, stated + reduced + self.token)


Chain = tuple[ArchiveTimeStamp, ...]


def sequence_der(chains: Iterable[Chain]) -> bytes:
    """DER of an ArchiveTimeStampSequence: what a hash-tree renewal hashes (section 5.2, ``atsc``)."""
    return tlv(
        SEQUENCE,
        b"".join(tlv(SEQUENCE, b"".join(stamp.to_der() for stamp in chain)) for chain in chains),
    )


@dataclass(frozen=True, slots=True)
class EvidenceRecord:
    """See the module. ``certificates``, ``crls`` and ``ocsps`` (OCSPResponse) are DER, in ``cryptoInfos``."""

    chains: tuple[Chain, ...]
    identifiers: tuple[bytes, ...]  # digestAlgorithms
    certificates: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()

    @classmethod
    def of(
        cls,
        chains: Sequence[Sequence[ArchiveTimeStamp]],
        certificates: Iterable[bytes] = (),
        crls: Iterable[bytes] = (),
        ocsps: Iterable[bytes] = (),
    ) -> EvidenceRecord:
        """A record over chains that state their hashes; repeated validation data stand once."""
        frozen = tuple(tuple(chain) for chain in chains)
        stated = dict.fromkeys(s.identifier for chain in frozen for s in chain if s.identifier is not None)
        once = (tuple(dict.fromkeys(items)) for items in (certificates, crls, ocsps))
        return cls(frozen, tuple(stated), *once)

    @property
    def stamps(self) -> tuple[ArchiveTimeStamp, ...]:
        """Every archive time stamp, oldest first."""
        return tuple(stamp for chain in self.chains for stamp in chain)

    def to_der(self) -> bytes:
        """DER of the EvidenceRecord."""
        infos = self._crypto_infos()
        return tlv(
            SEQUENCE,
            b"".join(
                (
                    b"\x02\x01\x01",
                    tlv(SEQUENCE, b"".join(self.identifiers)),
                    tlv(_CONTEXT[0], infos) if infos else b"",
                    sequence_der(self.chains),
                )
            ),
        )

    def _crypto_infos(self) -> bytes:
        infos = b""
        if self.certificates:
            infos += _attribute(_CERTIFICATE_VALUES, tlv(SEQUENCE, b"".join(self.certificates)))
        revocation = b""
        if self.crls:
            revocation += tlv(_CONTEXT[0], tlv(SEQUENCE, b"".join(self.crls)))
        if self.ocsps:
            revocation += tlv(_CONTEXT[1], tlv(SEQUENCE, b"".join(map(basic_answer, self.ocsps))))
        return infos + (_attribute(_REVOCATION_VALUES, tlv(SEQUENCE, revocation)) if revocation else b"")


def _attribute(oid: bytes, value: bytes) -> bytes:
    return tlv(SEQUENCE, tlv(OID, oid) + tlv(SET, value))


#: OCSPResponse: successful, of type id-pkix-ocsp-basic (RFC 6960 section 4.2.1), around BasicOCSPResponse.
_SUCCESSFUL = b"\x0a\x01\x00"


def whole_answer(basic: bytes) -> bytes:
    """The OCSPResponse around a BasicOCSPResponse."""
    body = tlv(SEQUENCE, tlv(OID, _OCSP_BASIC) + tlv(OCTETS, basic))
    return tlv(SEQUENCE, _SUCCESSFUL + tlv(_CONTEXT[0], body))


def basic_answer(response: bytes) -> bytes:
    """The BasicOCSPResponse inside a successful OCSPResponse.

    :raises RecordFault: ``record_unreadable``.
    """
    try:
        basic = basic_response(response)
    except DerFault as error:
        raise RecordFault("record_unreadable", detail="OCSP") from error
    if whole_answer(basic) != response:
        raise RecordFault("record_unreadable", detail="OCSP")
    return basic
