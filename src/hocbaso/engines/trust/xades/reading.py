"""A strict reader on bytes: what it accepts is exactly what :mod:`.signing` emits, to the byte.

It reads the few variable parts and emits the signature anew from them; any difference is refused. So every
digest, algorithm, identifier and certificate binding outside the value itself is checked by equality, and
spare base64 bits, attribute order, white space, comments or a second way of writing cannot pass. What remains
for the verifier: the digests of the data, the value (:meth:`SignatureParts.value_is_valid`) and the path of
the certificate.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from hocbaso.core.errors import DomainError, register
from hocbaso.engines.trust.xades import profile
from hocbaso.engines.trust.xades.policies import SIGNATURE_POLICIES, signature_policy
from hocbaso.engines.trust.xades.signing import Prepared, assemble, render, xml_time
from hocbaso.engines.trust.xades.unsigned import Unsigned, read_unsigned

register(
    {
        "xades_policy_period": (
            "Chữ ký ghi chính sách ký {policy}, nhưng chính sách có hiệu lực vào thời điểm ký là {due}.",
            "The signature names policy {policy}; at its signing time {due} was in force.",
        ),
    }
)

#: Before anything is parsed. A signature without evidence has some 8 kB; revocation lists may be large.
MAX_SIGNATURE_OCTETS = 16 * 1024 * 1024
#: What is read of it is kept for the next signatures, so a stranger must not choose how much that is.
MAX_KEY_INFO_OCTETS = 24 * 1024

_REFERENCE = re.compile(
    rb'<ds:Reference Id="[A-Za-z0-9._-]+" URI="#([A-Za-z0-9._-]+)">'
    + re.escape(profile.REFERENCE_BEFORE_DIGEST[1:])
    + rb"([A-Za-z0-9+/]{43}=)</ds:DigestValue></ds:Reference>"
)
_TIME = re.compile(rb"<xades:SigningTime>(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)</xades:SigningTime>")
_ROLE = re.compile(rb"<xades:ClaimedRole>([a-z_]{1,32})</xades:ClaimedRole>")
_CERTIFICATE = re.compile(rb"<ds:X509Certificate>([A-Za-z0-9+/=]+)</ds:X509Certificate>")
_KEY_INFO_CLOSE = b"</ds:KeyInfo>"


@dataclass(frozen=True, slots=True)
class SignatureParts:
    """Everything that a signature's text says, read from the bytes that were hashed."""

    prepared: Prepared  # role, Id, references, canonical SignedInfo with its digest, certificate, chain
    value: bytes  # RSA PKCS#1 v1.5 octets, or ECDSA r||s
    signing_time: datetime  # as claimed by the signer; proves nothing
    unsigned: Unsigned

    @property
    def signature_id(self) -> str:
        """The signature's ``Id``."""
        return self.prepared.signature_id

    @property
    def role(self) -> str:
        """The claimed role (``SignerRoleV2``)."""
        return self.prepared.role

    @property
    def references(self) -> tuple[profile.Reference, ...]:
        """The signed data in order: data objects, then values of earlier signatures."""
        return self.prepared.references

    @property
    def certificate(self) -> x509.Certificate:
        """The signer's certificate, bound by ``SigningCertificateV2``."""
        return self.prepared.certificate

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """Further certificates of ``KeyInfo``, bound likewise, as the signer ordered them."""
        return self.prepared.chain

    @property
    def ders(self) -> tuple[bytes, ...]:
        """DER of :attr:`certificate`, then of :attr:`chain`."""
        return self.prepared.parts.ders

    @property
    def signed_info(self) -> bytes:
        """Canonical octets of ``ds:SignedInfo``."""
        return self.prepared.signed_info

    @property
    def digest(self) -> bytes:
        """SHA-256 of :attr:`signed_info`: what the value signs."""
        return self.prepared.digest

    @property
    def algorithm(self) -> str:
        """URI of the signature algorithm."""
        return self.prepared.parts.algorithm

    @property
    def policy(self) -> str:
        """Identifier of the signature policy: the one in force at :attr:`signing_time`."""
        return signature_policy(self.signing_time).id

    def value_is_valid(self) -> bool:
        """Whether the value signs :attr:`digest` with the certificate's key."""
        return self.prepared.parts.verify(self.prepared.digest, self.value)


def read_signature(text: bytes) -> SignatureParts:
    """Read one emitted ``<ds:Signature>`` text, with or without unsigned properties.

    :raises DomainError: ``xades_not_our_form`` (anything that is not exactly our emitted form, a digest of
        the signed properties that does not fit, a certificate that is not the one bound),
        ``xades_policy_period``, ``key_kind_not_allowed``.
    """
    prepared, value, signing_time, unsigned = _read(text)
    if not value:
        raise DomainError("xades_not_our_form", detail="SignatureValue")
    return SignatureParts(prepared, value, signing_time, unsigned)


def dump_prepared(prepared: Prepared) -> bytes:
    """A prepared signature as bytes to keep while its key holder is away (remote signing): no value yet."""
    return render(prepared, b"")


def load_prepared(stored: bytes) -> Prepared:
    """What :func:`dump_prepared` gave; its digest is computed anew, so altered content cannot be completed
    with the value that was asked for.

    :raises DomainError: ``xades_not_our_form``, ``key_kind_not_allowed``.
    """
    prepared, value, _, unsigned = _read(stored)
    if value or unsigned != Unsigned():
        raise DomainError("xades_not_our_form", detail="SignatureValue")
    return prepared


def _read(text: bytes) -> tuple[Prepared, bytes, datetime, Unsigned]:
    if len(text) > MAX_SIGNATURE_OCTETS:
        raise DomainError("xades_not_our_form", detail="size")
    head = profile.HEAD.match(text)
    if head is None:
        raise DomainError("xades_not_our_form", detail="Signature")
    sid = head[1].decode()
    info_end = _find(text, profile.SIGNED_INFO_CLOSE, head.end())
    value_start = _find(text, b">", info_end + len(profile.SIGNED_INFO_CLOSE)) + 1
    value_end = _find(text, profile.VALUE_CLOSE, value_start)
    key_start = value_end + len(profile.VALUE_CLOSE)
    key_end = _find(text, _KEY_INFO_CLOSE, key_start) + len(_KEY_INFO_CLOSE)
    properties_end = _find(text, profile.PROPERTIES_CLOSE, key_end) + len(profile.PROPERTIES_CLOSE)
    if not text.endswith(profile.QUALIFYING_CLOSE):
        raise DomainError("xades_not_our_form", detail="QualifyingProperties")

    parts = read_key_info(text[key_start:key_end])
    value = _base64(text[value_start:value_end], "SignatureValue")
    references = tuple(
        profile.Reference(target.decode(), _base64(digest, "DigestValue"))
        for target, digest in _REFERENCE.findall(text, head.end(), info_end)
    )
    if not 1 <= len(references) < profile.MAX_REFERENCES:
        raise DomainError("xades_not_our_form", detail="Reference")
    moment, role = _signed_values(text, key_end, properties_end)
    unsigned_text = text[properties_end : len(text) - len(profile.QUALIFYING_CLOSE)]

    prepared = assemble(role, sid, references, xml_time(moment), parts)
    if render(prepared, b64encode(value), unsigned_text) != text:
        _check_policy(text[key_end:properties_end], moment)
        raise DomainError("xades_not_our_form", detail="Signature")
    return prepared, value, moment, read_unsigned(sid, unsigned_text)


@lru_cache(maxsize=1024)
def read_key_info(text: bytes) -> profile.SignerParts:
    """What one ``KeyInfo`` element says: its certificates are parsed once per signer.

    :raises DomainError: ``xades_not_our_form``, ``key_kind_not_allowed``.
    """
    found = _CERTIFICATE.findall(text)
    if not found or len(text) > MAX_KEY_INFO_OCTETS:
        raise DomainError("xades_not_our_form", detail="KeyInfo")
    try:
        path = tuple(x509.load_der_x509_certificate(_base64(item, "KeyInfo")) for item in found)
        return profile.signer_parts(path)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise DomainError("xades_not_our_form", detail="KeyInfo") from error


def _signed_values(text: bytes, start: int, end: int) -> tuple[datetime, str]:
    moment, role = _TIME.search(text, start, end), _ROLE.search(text, start, end)
    if moment is None or role is None:
        raise DomainError("xades_not_our_form", detail="SignedProperties")
    try:
        return datetime.fromisoformat(moment[1].decode()), role[1].decode()
    except ValueError as error:
        raise DomainError("xades_not_our_form", detail="SigningTime") from error


def _check_policy(properties: bytes, moment: datetime) -> None:
    """Tell apart what is written as we write it, but under a text that was not in force."""
    due = signature_policy(moment)
    for policy in SIGNATURE_POLICIES:
        if policy is not due and profile.written_policy(policy) in properties:
            raise DomainError("xades_policy_period", policy=policy.id, due=due.id)


def _find(text: bytes, what: bytes, start: int) -> int:
    found = text.find(what, start)
    if found < 0:
        raise DomainError("xades_not_our_form", detail="Signature")
    return found


def _base64(text: bytes, where: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError as error:
        raise DomainError("xades_not_our_form", detail=where) from error
