"""Which certificate and key of a token sign, and whether they belong together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from asn1crypto import core
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from hocbaso.core.errors import DomainError
from hocbaso.engines.trust.keys import PublicKey, issuing_path, signing_public_key


@dataclass(frozen=True, slots=True)
class KeyChoice:
    """How the certificate is known; what is empty does not matter. Nothing said: the only one that can sign.

    :param id: CKA_ID, hexadecimal. :param label: CKA_LABEL of the certificate.
    :param holder: the subject's UID or serialNumber, with or without its "CCCD:" or "MDV:".
    """

    id: str = ""
    label: str = ""
    holder: str = ""


class Chosen(NamedTuple):
    """The key's place in the token's list, its certificate, the issuers found beside it."""

    place: int
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    proved: bool  # the token showed the public half, and it is the certificate's


def choose(
    objects: dict[str, Any], choice: KeyChoice, token: str, issuers: tuple[x509.Certificate, ...]
) -> Chosen:
    """The certificate that ``choice`` names and the private key that belongs to it.

    :param objects: what the worker found. :param issuers: known issuing certificates, for the chain.
    :raises DomainError: ``token_key_absent``, ``token_key_ambiguous``, ``token_pin_each_time``,
        ``key_certificate_mismatch``, ``key_kind_not_allowed``.
    """
    parsed = [(entry, _parse(entry["der"])) for entry in objects["certificates"]]
    known = [(entry, certificate) for entry, certificate in parsed if certificate is not None]
    leaves = [
        (entry, certificate, index)
        for entry, certificate in known
        if not _is_authority(certificate) and _fits(choice, entry, certificate)
        for index, key in enumerate(objects["keys"])
        if key["id"] == entry["id"]
    ]
    if not leaves:
        raise DomainError("token_key_absent", token=token)
    if len(leaves) > 1:
        raise DomainError("token_key_ambiguous", token=token, count=len(leaves))
    _, certificate, index = leaves[0]
    key = objects["keys"][index]
    if key["each_time"]:
        raise DomainError("token_pin_each_time", token=token)
    others = [other for _, other in known if _is_authority(other)]
    chain = issuing_path(certificate, [*others, *issuers])
    return Chosen(index, certificate, chain, _belongs(signing_public_key(certificate), key))


def _belongs(public: PublicKey, key: dict[str, Any]) -> bool:
    """False: the token does not show the public half, a signature must prove it."""
    if isinstance(public, rsa.RSAPublicKey):
        shown, own = key["modulus"], public.public_numbers().n
        equal = bool(shown) and int(shown, 16) == own
    else:
        shown = key["point"]
        own_point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        equal = bool(shown) and own_point in (bytes.fromhex(shown), _octets(bytes.fromhex(shown)))
    if shown and not equal:
        raise DomainError("key_certificate_mismatch")
    return equal


def _octets(der: bytes) -> bytes:
    """CKA_EC_POINT is an OCTET STRING around the point (PKCS#11 2.40 section 2.3.3); some give it bare."""
    try:
        return bytes(core.OctetString.load(der).native)
    except (ValueError, TypeError):
        return b""


def _parse(der: str) -> x509.Certificate | None:
    """Tokens hold certificates of other purposes too; one that cannot be read is not ours."""
    try:
        return x509.load_der_x509_certificate(bytes.fromhex(der))
    except (ValueError, x509.InvalidVersion):
        return None


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return True  # unreadable: it signs nothing here


def _fits(choice: KeyChoice, entry: dict[str, Any], certificate: x509.Certificate) -> bool:
    if choice.id and entry["id"] != choice.id.lower().replace(":", ""):
        return False
    if choice.label and entry["label"] != choice.label:
        return False
    named = [
        str(attribute.value)
        for attribute in certificate.subject
        if attribute.oid in (NameOID.USER_ID, NameOID.SERIAL_NUMBER)
    ]
    return not choice.holder or any(choice.holder in (name, name.partition(":")[2]) for name in named)
