"""The sandbox's time-stamp authority (RFC 3161, RFC 5816), in process.

The parts of a token that never change (certificates, algorithm identifiers, ESSCertIDv2) are encoded once
with asn1crypto; a token then costs little more than its signature.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from hocbaso.engines.trust.keys import PrivateKey
from hocbaso.engines.trust.tokens import HASH_BY_OCTETS

#: Policy of the sandbox's time stamps (an arc for examples, never assigned).
POLICY = "2.999.84.1.1"
_SHA256 = algos.DigestAlgorithm({"algorithm": "sha256"}).dump()
#: The identifier of the hash whose values have so many octets.
_IMPRINT = {size: algos.DigestAlgorithm({"algorithm": name}).dump() for size, name in HASH_BY_OCTETS.items()}
_INTEGER, _OCTETS, _TIME, _SEQUENCE, _SET, _CONTEXT0 = b"\x02", b"\x04", b"\x18", b"\x30", b"\x31", b"\xa0"


def tlv(tag: bytes, content: bytes) -> bytes:
    """DER of one value: tag, length, content."""
    size = len(content)
    if size < 128:
        return tag + bytes([size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return tag + bytes([0x80 | len(length)]) + length + content


def _integer(value: int) -> bytes:
    return tlv(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _attribute(kind: str, *values: bytes) -> bytes:
    return tlv(_SEQUENCE, cms.CMSAttributeType(kind).dump() + tlv(_SET, b"".join(values)))


class SandboxStamper:
    """A :class:`~hocbaso.engines.trust.ports.TimeStamper` with its key in this process.

    :param chain: the authority's own certificate, then the issuing certificates below the root.
    :param clock: the time that the tokens state.
    """

    def __init__(
        self, key: PrivateKey, chain: tuple[x509.Certificate, ...], clock: Callable[[], datetime]
    ) -> None:
        self._key = key
        self._clock = clock
        self.certificate = chain[0]
        ders = [item.public_bytes(Encoding.DER) for item in chain]
        own = asn1_x509.Certificate.load(ders[0])
        # A set of certificates is ordered by its encoding (X.690 section 11.6).
        self._certificates = tlv(_CONTEXT0, b"".join(sorted(ders)))
        identifier = tsp.ESSCertIDv2({"cert_hash": hashlib.sha256(ders[0]).digest()})
        self._binding = _attribute(
            "signing_certificate_v2", tsp.SigningCertificateV2({"certs": [identifier]}).dump()
        )
        self._kind = _attribute("content_type", cms.ContentType("tst_info").dump())
        self._sid = cms.IssuerAndSerialNumber(
            {"issuer": own.issuer, "serial_number": own.serial_number}
        ).dump()
        algorithm = "sha256_rsa" if isinstance(key, rsa.RSAPrivateKey) else "sha256_ecdsa"
        self._algorithm = algos.SignedDigestAlgorithm({"algorithm": algorithm}).dump()
        name = asn1_x509.GeneralName(name="directory_name", value=own.subject)
        self._name = tlv(_CONTEXT0, name.dump())

    def stamp(self, digest: bytes) -> bytes:
        """A DER TimeStampToken over a digest of SHA-256, SHA-384 or SHA-512."""
        return self.token(digest)

    def token(
        self,
        digest: bytes,
        *,
        nonce: int | None = None,
        certificates: bool = True,
        late: timedelta = timedelta(0),
    ) -> bytes:
        """A token as asked for by a request: with its nonce, and the certificates when wanted.

        :param late: how far the authority's clock is behind, on a bad day.
        """
        if len(digest) not in _IMPRINT:
            raise ValueError("a digest of SHA-256, SHA-384 or SHA-512 is wanted")
        content = self._content(digest, nonce, late)
        attributes = sorted(
            [
                self._kind,
                _attribute("message_digest", tlv(_OCTETS, hashlib.sha256(content).digest())),
                self._binding,
            ]
        )
        signed = b"".join(attributes)
        value = self._sign(tlv(_SET, signed))
        signer_info = tlv(
            _SEQUENCE,
            b"".join(
                [
                    _integer(1),
                    self._sid,
                    _SHA256,
                    tlv(_CONTEXT0, signed),
                    self._algorithm,
                    tlv(_OCTETS, value),
                ]
            ),
        )
        encapsulated = cms.ContentType("tst_info").dump() + tlv(_CONTEXT0, tlv(_OCTETS, content))
        body = b"".join(
            [
                _integer(3),
                tlv(_SET, _SHA256),
                tlv(_SEQUENCE, encapsulated),
                self._certificates if certificates else b"",
                tlv(_SET, signer_info),
            ]
        )
        return tlv(_SEQUENCE, cms.ContentType("signed_data").dump() + tlv(_CONTEXT0, tlv(_SEQUENCE, body)))

    def respond(self, request: bytes, token: Callable[..., bytes] | None = None) -> bytes:
        """The DER TimeStampResp to a DER TimeStampReq; a request that cannot be served gets a rejection.

        :param token: makes the token instead (``outages.py``).
        """
        try:
            asked = tsp.TimeStampReq.load(request, strict=True).native
            imprint = asked["message_imprint"]
            named = imprint["hash_algorithm"]["algorithm"]
            if asked["version"] != "v1" or HASH_BY_OCTETS.get(len(imprint["hashed_message"])) != named:
                return _rejection("bad_alg")
            if asked["req_policy"] not in (None, POLICY):
                return _rejection("unaccepted_policy")
            wanted: dict[str, Any] = {} if asked["cert_req"] else {"certificates": False}
            made = (token or self.token)(imprint["hashed_message"], nonce=asked["nonce"], **wanted)
        except (ValueError, TypeError):
            return _rejection("bad_data_format")
        granted = tsp.PKIStatusInfo({"status": "granted"}).dump()
        return tlv(_SEQUENCE, granted + made)

    def _content(self, digest: bytes, nonce: int | None, late: timedelta) -> bytes:
        moment = (self._clock() - late).astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode()
        return tlv(
            _SEQUENCE,
            b"".join(
                [
                    _integer(1),
                    core.ObjectIdentifier(POLICY).dump(),
                    tlv(_SEQUENCE, _IMPRINT[len(digest)] + tlv(_OCTETS, digest)),
                    _integer(secrets.randbits(127) | 1 << 127),
                    tlv(_TIME, moment),
                    tlv(_SEQUENCE, _integer(1)),  # accuracy: one second
                    b"" if nonce is None else _integer(nonce),
                    self._name,
                ]
            ),
        )

    def _sign(self, attributes: bytes) -> bytes:
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(attributes, padding.PKCS1v15(), hashes.SHA256())
        return self._key.sign(attributes, ec.ECDSA(hashes.SHA256()))


def _rejection(reason: str) -> bytes:
    status = tsp.PKIStatusInfo({"status": "rejection", "fail_info": {reason}})
    return tlv(_SEQUENCE, status.dump())
