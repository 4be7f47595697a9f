"""The signature profile as byte templates: what is emitted *is* its own canonical form.

Sources: XML Signature 1.1; ETSI EN 319 132-1 (XAdES baseline). The canonical (inclusive C14N 1.0) octets of
``SignedInfo``, ``SignatureValue`` and ``SignedProperties`` are the emitted octets with the namespaces in
scope added to the apex start tag, default first and then by prefix.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from hocbaso.core.document.model import SignerRole
from hocbaso.core.document.names import C14N10, DS, NS, SIGNATURE_IDS, XADES
from hocbaso.core.document.signers import subject_signature_id
from hocbaso.engines.trust.keys import Verify, signature_algorithm, signing_public_key, verifier_of
from hocbaso.engines.trust.xades.policies import SignaturePolicy, policy_of_time

SHA256: Final = "http://www.w3.org/2001/04/xmlenc#sha256"
SIGNED_PROPERTIES_TYPE: Final = "http://uri.etsi.org/01903#SignedProperties"
DER_ENCODING: Final = "http://uri.etsi.org/01903/v1.2.2#DER"

#: A limit of the JDK's secure validation.
MAX_REFERENCES: Final = 30

XMLNS = f' xmlns="{NS}"'.encode()
XMLNS_DS = f' xmlns:ds="{DS}"'.encode()
XMLNS_XADES = f' xmlns:xades="{XADES}"'.encode()

SIGNED_INFO_OPEN = b"<ds:SignedInfo>"
SIGNED_INFO_OPEN_CANONICAL = b"<ds:SignedInfo" + XMLNS + XMLNS_DS + b">"
SIGNED_INFO_CLOSE = b"</ds:SignedInfo>"
VALUE_TAG = b"<ds:SignatureValue"
VALUE_TAG_CANONICAL = VALUE_TAG + XMLNS + XMLNS_DS
VALUE_CLOSE = b"</ds:SignatureValue>"
PROPERTIES_TAG = b"<xades:SignedProperties"
PROPERTIES_CLOSE = b"</xades:SignedProperties>"
#: The start tag of an emitted signature; group 1 is its Id.
HEAD = re.compile(re.escape(b"<ds:Signature" + XMLNS_DS + b' Id="') + rb'([A-Za-z_][A-Za-z0-9._-]{0,79})">')
QUALIFYING_CLOSE = b"</xades:QualifyingProperties></ds:Object></ds:Signature>"

C14N_METHOD = f'<ds:CanonicalizationMethod Algorithm="{C14N10}"></ds:CanonicalizationMethod>'.encode()
_TRANSFORM = f'<ds:Transforms><ds:Transform Algorithm="{C14N10}"></ds:Transform></ds:Transforms>'.encode()
_SHA256_METHOD = f'<ds:DigestMethod Algorithm="{SHA256}"></ds:DigestMethod>'.encode()
_DIGEST_OPEN = _SHA256_METHOD + b"<ds:DigestValue>"
_DIGEST_CLOSE = b"</ds:DigestValue>"
REFERENCE_BEFORE_DIGEST = b">" + _TRANSFORM + _DIGEST_OPEN
_REFERENCE_CLOSE = _DIGEST_CLOSE + b"</ds:Reference>"
_PROPERTIES_REFERENCE = f'<ds:Reference Type="{SIGNED_PROPERTIES_TYPE}" URI="#'.encode()

_FORMAT_CLOSE = b'"><xades:MimeType>text/xml</xades:MimeType></xades:DataObjectFormat>'


class Reference(NamedTuple):
    """One signed thing: the Id it resolves to and the SHA-256 of that element's canonical octets."""

    target: str
    digest: bytes


@dataclass(frozen=True, slots=True, eq=False)
class SignerParts:
    """What of a signature depends only on the certificate and its chain: rendered once per signer."""

    path: tuple[x509.Certificate, ...]  # the certificate, then its chain
    algorithm: str
    verify: Verify = field(repr=False)  # with the certificate's key
    ders: tuple[bytes, ...]  # of the certificates
    method: bytes  # C14N and signature method elements of SignedInfo
    key_info: bytes
    signing_certificate: bytes


#: Parts by the identity of the certificate objects. The entry keeps them alive, so that no other object
#: can take their identity; hashing certificates would cost more than rendering the rest of a signature.
_KNOWN: dict[tuple[int, ...], tuple[tuple[x509.Certificate, ...], SignerParts]] = {}
_KNOWN_LIMIT = 4096


def signer_parts(path: tuple[x509.Certificate, ...]) -> SignerParts:
    """The parts that depend on the signer only; ``path`` is the signer's certificate, then its chain.

    :raises DomainError: ``key_kind_not_allowed``.
    """
    key = tuple(map(id, path))
    known = _KNOWN.get(key)
    if known is None:
        if len(_KNOWN) >= _KNOWN_LIMIT:
            _KNOWN.clear()
        known = _KNOWN[key] = path, _render_signer(path)
    return known[1]


@lru_cache(maxsize=4096)
def _render_signer(path: tuple[x509.Certificate, ...]) -> SignerParts:
    """Every certificate of ``KeyInfo`` is bound by its digest in ``SigningCertificateV2``, in the same order,
    so that no certificate in the text can be exchanged unnoticed.
    """
    certificate = path[0]
    algorithm = signature_algorithm(certificate)
    ders = [item.public_bytes(Encoding.DER) for item in path]
    method = f'<ds:SignatureMethod Algorithm="{algorithm}"></ds:SignatureMethod>'.encode()
    return SignerParts(
        path=path,
        algorithm=algorithm,
        verify=verifier_of(signing_public_key(certificate)),
        ders=tuple(ders),
        method=C14N_METHOD + method,
        key_info=b"".join(
            [
                b"<ds:KeyInfo><ds:X509Data>",
                *(b"<ds:X509Certificate>" + b64encode(der) + b"</ds:X509Certificate>" for der in ders),
                b"</ds:X509Data></ds:KeyInfo>",
            ]
        ),
        signing_certificate=b"".join(
            [
                b"<xades:SigningCertificateV2>",
                *map(_certificate_digest, ders),
                b"</xades:SigningCertificateV2>",
            ]
        ),
    )


def _certificate_digest(der: bytes) -> bytes:
    digest = b64encode(hashlib.sha256(der).digest())
    return (
        b"<xades:Cert><xades:CertDigest>"
        + _DIGEST_OPEN
        + digest
        + _DIGEST_CLOSE
        + b"</xades:CertDigest></xades:Cert>"
    )


def policy_element(signing_time: str) -> bytes:
    """``SignaturePolicyIdentifier`` of the text in force at a claimed time, as it is written there."""
    return written_policy(policy_of_time(signing_time))


@lru_cache(maxsize=8)
def written_policy(policy: SignaturePolicy) -> bytes:
    """``SignaturePolicyIdentifier`` of a text."""
    return b"".join(
        [
            b"<xades:SignaturePolicyIdentifier><xades:SignaturePolicyId><xades:SigPolicyId><xades:Identifier>",
            policy.id.encode(),
            b"</xades:Identifier></xades:SigPolicyId><xades:SigPolicyHash>",
            _DIGEST_OPEN,
            b64encode(policy.digest),
            _DIGEST_CLOSE,
            b"</xades:SigPolicyHash></xades:SignaturePolicyId></xades:SignaturePolicyIdentifier>",
        ]
    )


class Form:
    """All signatures of one signer in one role over the same targets: they differ by time, digests and value.

    Nothing that stands between the variable parts holds a percent sign, so that a byte format puts them in.
    """

    __slots__ = (
        "_head",
        "_info",
        "_known",
        "_properties",
        "_value_canonical",
        "_value_open",
        "parts",
        "role",
        "signature_id",
        "tail",
        "targets",
    )

    def __init__(self, signature_id: str, role: str, targets: tuple[str, ...], parts: SignerParts) -> None:
        self.signature_id, self.role, self.targets, self.parts = signature_id, role, targets, parts
        self._head = signature_head(signature_id) + SIGNED_INFO_OPEN
        self._value_open = value_open(signature_id.encode())
        self._value_canonical = VALUE_TAG_CANONICAL + self._value_open[len(VALUE_TAG) :]
        #: What stands between the value and the signed properties.
        self.tail = VALUE_CLOSE + parts.key_info + object_head(signature_id)
        self._properties = _properties_format(signature_id, role, parts, len(targets))
        self._info = b"".join(
            [
                SIGNED_INFO_OPEN_CANONICAL,
                parts.method,
                _references_format(signature_id, targets),
                SIGNED_INFO_CLOSE,
            ]
        )
        assert self._properties.count(b"%") == 2
        assert self._info.count(b"%") == len(targets) + 1
        self._known = ("", b"", b"")  # a class is signed within one second, or in one batch

    def properties(self, signing_time: str) -> tuple[bytes, bytes]:
        """The emitted ``xades:SignedProperties`` and the base64 SHA-256 of their canonical octets."""
        time, properties, digest = self._known
        if time != signing_time:
            properties = self._properties % (signing_time.encode(), policy_element(signing_time))
            digest = b64encode(hashlib.sha256(canonical_properties(properties)).digest())
            self._known = signing_time, properties, digest
        return properties, digest

    def signed_info(self, digests: Sequence[bytes], properties_digest: bytes) -> bytes:
        """Canonical octets of ``ds:SignedInfo``.

        :param digests: base64 SHA-256 of each target. :param properties_digest: from :meth:`properties`.
        """
        return self._info % (*digests, properties_digest)

    def canonical_value(self, value: bytes) -> bytes:
        """C14N of the ``ds:SignatureValue`` element that holds the base64 text ``value``."""
        return self._value_canonical + value + VALUE_CLOSE

    def signature(self, signed_info: bytes, value: bytes, properties: bytes, unsigned: bytes = b"") -> bytes:
        """The emitted ``ds:Signature``.

        :param signed_info: from :meth:`signed_info`. :param value: base64. :param properties: from
            :meth:`properties`. :param unsigned: what stands behind them.
        """
        return b"".join((self.opening(signed_info), value, self.tail, properties, unsigned, QUALIFYING_CLOSE))

    def opening(self, signed_info: bytes) -> bytes:
        """The emitted ``ds:Signature`` as far as its value."""
        return self._head + signed_info[_INFO_START:] + self._value_open


_INFO_START = len(SIGNED_INFO_OPEN_CANONICAL)


@lru_cache(maxsize=4096)  # of some 10 kB
def compiled(signature_id: str, role: str, targets: tuple[str, ...], parts: SignerParts) -> Form:
    """The form of this signer, role and targets.

    :param targets: Ids that are known to be names (letters, digits, dots, hyphens, underscores).
    """
    return Form(signature_id, role, targets, parts)


def _references_format(signature_id: str, targets: tuple[str, ...]) -> bytes:
    """The ``ds:Reference`` elements: the data in order, then the signature's own ``SignedProperties``."""
    sid = signature_id.encode()
    digest = REFERENCE_BEFORE_DIGEST + b"%s" + _REFERENCE_CLOSE
    data = [
        b'<ds:Reference Id="%s-r%d" URI="#%s"' % (sid, index, target.encode()) + digest
        for index, target in enumerate(targets)
    ]
    return b"".join([*data, _PROPERTIES_REFERENCE, sid, b'-sp"', digest])


def _properties_format(signature_id: str, role: str, parts: SignerParts, reference_count: int) -> bytes:
    """The emitted ``xades:SignedProperties`` (order of children: EN 319 132-1 clause 4.3.3)."""
    sid = signature_id.encode()
    formats = b"".join(
        b'<xades:DataObjectFormat ObjectReference="#%s-r%d%s' % (sid, index, _FORMAT_CLOSE)
        for index in range(reference_count)
    )
    return b"".join(
        [
            PROPERTIES_TAG,
            b' Id="'
            + sid
            + b'-sp"><xades:SignedSignatureProperties><xades:SigningTime>%s</xades:SigningTime>',
            parts.signing_certificate,
            b"%s<xades:SignerRoleV2><xades:ClaimedRoles><xades:ClaimedRole>",
            role.encode(),
            b"</xades:ClaimedRole></xades:ClaimedRoles></xades:SignerRoleV2></xades:SignedSignatureProperties>"
            b"<xades:SignedDataObjectProperties>",
            formats,
            b"</xades:SignedDataObjectProperties>",
            PROPERTIES_CLOSE,
        ]
    )


def canonical_properties(properties: bytes) -> bytes:
    """C14N of the emitted ``SignedProperties``."""
    return PROPERTIES_TAG + XMLNS + XMLNS_DS + XMLNS_XADES + properties[len(PROPERTIES_TAG) :]


def value_open(signature_id: bytes) -> bytes:
    """The start tag of ``ds:SignatureValue``."""
    return VALUE_TAG + b' Id="%s-sv">' % signature_id


def signature_head(signature_id: str) -> bytes:
    """The start tag of ``ds:Signature``."""
    return b"<ds:Signature" + XMLNS_DS + b' Id="' + signature_id.encode() + b'">'


def object_head(signature_id: str) -> bytes:
    """From ``ds:Object`` to the start of the qualifying properties' content."""
    return (
        b"<ds:Object><xades:QualifyingProperties"
        + XMLNS_XADES
        + b' Target="#'
        + signature_id.encode()
        + b'">'
    )


def signature_id_for(role: SignerRole, subject: str | None = None, number: int = 1) -> str:
    """The Id of the signature of ``role``; a subject teacher's names the first subject that is signed."""
    if role is SignerRole.SUBJECT_TEACHER:
        return subject_signature_id(subject or "", number)
    return SIGNATURE_IDS[role.value] + (subject or "")
