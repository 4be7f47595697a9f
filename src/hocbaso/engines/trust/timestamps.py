"""RFC 3161 time stamps: asking an authority over HTTP, and reading a token strictly.

:func:`read_token` proves what the token itself can prove (imprint, signature, binding of the certificate);
whether the authority's certificate may be trusted is asked of a path checker, or of :func:`check_token`,
which builds the path to given anchors. Sources: RFC 3161, RFC 5816 (ESSCertIDv2), RFC 5652 (CMS).
"""

from __future__ import annotations

import hashlib
import secrets
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from asn1crypto import cms, core, tsp
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hocbaso.core.errors import DomainError, ServiceUnavailable, register

register(
    {
        "timestamp_unavailable": (
            "Dịch vụ cấp dấu thời gian chưa trả lời ({detail}). Việc ký không bị dừng: dấu thời gian sẽ được "
            "xin lại sau.",
            "The time-stamp authority does not answer ({detail}).",
        ),
        "timestamp_invalid": (
            "Dấu thời gian không hợp lệ ({detail}).",
            "The time stamp is not valid ({detail}).",
        ),
        "timestamp_untrusted": (
            "Dấu thời gian do {tsa} cấp, không dẫn được tới tổ chức chứng thực tin cậy.",
            "The time stamp comes from {tsa}, which leads to no trusted root.",
        ),
    }
)

#: A token dated later than this after the present cannot be true.
CLOCK_TOLERANCE = timedelta(minutes=5)
MAX_TOKEN_OCTETS = 256 * 1024
_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
#: What asn1crypto and cryptography raise on malformed input.
_HOSTILE = (
    *(ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError, RecursionError),
    *(InvalidSignature, UnsupportedAlgorithm),
    *(x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType),
)
_STAMPING_ONLY = [ExtendedKeyUsageOID.TIME_STAMPING]  # RFC 3161 section 2.3
_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"


@dataclass(frozen=True, slots=True)
class TimeStampInfo:
    """What a token says, once its signature was found good.

    ``time`` is aware (UTC). ``certificate`` is the authority's own, bound by ESSCertID; ``others`` are
    further certificates that came with the token, none of them trusted.
    """

    time: datetime
    tsa_name: str
    certificate: x509.Certificate
    others: tuple[x509.Certificate, ...]
    serial: int
    policy: str


class _Response(core.Sequence):  # type: ignore[misc]
    """TimeStampResp; asn1crypto's own wants a token even in a rejection."""

    _fields = [("status", tsp.PKIStatusInfo), ("time_stamp_token", cms.ContentInfo, {"optional": True})]


def read_token(token: bytes, imprint: bytes, at: datetime) -> TimeStampInfo:
    """Read a DER TimeStampToken over ``imprint`` (SHA-256, 32 bytes) and check its signature.

    :param at: the present; a token that states a later time (beyond :data:`CLOCK_TOLERANCE`) is refused.
    :raises DomainError: ``timestamp_invalid``. Hostile input raises nothing else.
    """
    if len(token) > MAX_TOKEN_OCTETS:
        raise _invalid("size")
    try:
        parsed = _parse(token)
        info = parsed.info
        if info["message_imprint"]["hash_algorithm"]["algorithm"].native != "sha256":
            raise _invalid("imprint algorithm")
        if info["message_imprint"]["hashed_message"].native != imprint:
            raise _invalid("imprint")
        moment: datetime = info["gen_time"].native
        if moment > at + CLOCK_TOLERANCE:
            raise _invalid("time in the future")
        certificate, others = _signer(parsed, moment)
        _check_signature(parsed, certificate)
        return TimeStampInfo(
            time=moment,
            tsa_name=_name(certificate),
            certificate=certificate,
            others=others,
            serial=info["serial_number"].native,
            policy=info["policy"].native,
        )
    except _HOSTILE as error:
        raise _invalid(type(error).__name__) from error


def check_token(
    token: bytes,
    imprint: bytes,
    anchors: Sequence[x509.Certificate],
    at: datetime,
    intermediates: Sequence[x509.Certificate] = (),
) -> TimeStampInfo:
    """:func:`read_token`, and the authority's path to one of ``anchors`` as of the token's own time.

    Revocation is not asked here (a path checker with revocation data does).

    :raises DomainError: ``timestamp_invalid``, ``timestamp_untrusted``.
    """
    info = read_token(token, imprint, at)
    if not anchors:
        raise DomainError("timestamp_untrusted", tsa=info.tsa_name)
    builder = verification.PolicyBuilder().store(verification.Store(list(anchors))).time(info.time)
    builder = builder.extension_policies(
        ca_policy=verification.ExtensionPolicy.webpki_defaults_ca(),
        ee_policy=verification.ExtensionPolicy.permit_all(),
    )
    try:
        builder.build_client_verifier().verify(info.certificate, [*info.others, *intermediates])
    except (verification.VerificationError, ValueError) as error:
        raise DomainError("timestamp_untrusted", tsa=info.tsa_name) from error
    return info


class HttpTimeStamper:
    """A :class:`~hocbaso.engines.trust.ports.TimeStamper` over HTTP (RFC 3161 section 3.4).

    :param url: ``http`` or ``https`` address of the authority.
    :param timeout: seconds to wait for an answer.
    """

    def __init__(self, url: str, *, timeout: float = 10.0) -> None:
        if not url.startswith(("http://", "https://")):
            raise ValueError("the time-stamp authority needs an http or https address")
        self.url = url
        self.timeout = timeout

    def stamp(self, digest: bytes) -> bytes:
        """A DER TimeStampToken over a 32-byte SHA-256 digest.

        The token holds that digest and the nonce of this very request; its signature and path are checked by
        whoever relies on it.

        :raises ServiceUnavailable: ``timestamp_unavailable``: no answer, a refusal, or an answer to another
            question.
        """
        nonce = secrets.randbits(63)
        answer = self._ask(request_bytes(digest, nonce))
        try:
            return granted_token(answer, digest, nonce)
        except DomainError as error:
            raise ServiceUnavailable("timestamp_unavailable", detail=error.message_en) from error

    def _ask(self, query: bytes) -> bytes:
        request = urllib.request.Request(  # noqa: S310 - scheme checked when constructed
            self.url, data=query, headers={"Content-Type": _QUERY, "Accept": _REPLY}, method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=self.timeout) as reply:  # noqa: S310
                content: bytes = reply.read(MAX_TOKEN_OCTETS + 1)
        except (OSError, urllib.error.URLError, ValueError) as error:
            raise ServiceUnavailable("timestamp_unavailable", detail=type(error).__name__) from error
        return content


def request_bytes(digest: bytes, nonce: int | None) -> bytes:
    """The DER TimeStampReq for a SHA-256 digest, asking for the certificates too."""
    fields: dict[str, Any] = {
        "version": "v1",
        "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": digest},
        "cert_req": True,
    }
    if nonce is not None:
        fields["nonce"] = nonce
    encoded: bytes = tsp.TimeStampReq(fields).dump()
    return encoded


def granted_token(answer: bytes, digest: bytes, nonce: int | None) -> bytes:
    """The token out of a DER TimeStampResp, when it was granted for that digest and nonce.

    :raises DomainError: ``timestamp_invalid``.
    """
    if len(answer) > MAX_TOKEN_OCTETS:
        raise _invalid("size")
    try:
        response = _Response.load(answer, strict=True)
        if response["status"]["status"].native not in ("granted", "granted_with_mods"):
            raise _invalid(str(response["status"]["status"].native))
        token: bytes = response["time_stamp_token"].dump()
        info = _parse(token).info
        if info["message_imprint"]["hashed_message"].native != digest:
            raise _invalid("imprint")
        if info["nonce"].native != nonce:
            raise _invalid("nonce")
    except _HOSTILE as error:
        raise _invalid(type(error).__name__) from error
    return token


@dataclass(frozen=True, slots=True)
class _Token:
    """The parts of a token: octets as they stand in it, and asn1crypto values (untyped)."""

    signed: Any  # SignedData
    signer: Any  # its only SignerInfo
    message: bytes  # what the authority signed
    content: bytes  # the TSTInfo's octets
    info: Any  # TSTInfo

    def attribute(self, kind: str) -> Any:
        """The value of a signed attribute that stands exactly once, or None."""
        found = [item["values"] for item in self.signer["signed_attrs"] if item["type"].native == kind]
        if not found:
            return None
        if len(found) != 1 or len(found[0]) != 1:
            raise _invalid("signed attributes")
        return found[0][0]


def _parse(token: bytes) -> _Token:
    outer = cms.ContentInfo.load(token, strict=True)
    if outer["content_type"].native != "signed_data":
        raise _invalid("not signed data")
    signed = outer["content"]
    encapsulated = signed["encap_content_info"]
    if encapsulated["content_type"].native != "tst_info" or len(signed["signer_infos"]) != 1:
        raise _invalid("not a time-stamp token")
    signer = signed["signer_infos"][0]
    # RFC 5652 section 5.4: what is signed is the SET OF, not the implicit tag that stands in the token.
    # Taken before anything in it is looked at: asn1crypto encodes anew what was.
    message = b"\x31" + signer["signed_attrs"].dump()[1:]
    content = bytes(encapsulated["content"])
    return _Token(signed, signer, message, content, tsp.TSTInfo.load(content, strict=True))


def _signer(token: _Token, moment: datetime) -> tuple[x509.Certificate, tuple[x509.Certificate, ...]]:
    """The one certificate that the token's signed attributes bind, and the rest."""
    wanted = _bound_certificate(token)
    ders = [item.chosen.dump() for item in token.signed["certificates"] if item.name == "certificate"]
    found = [der for der in ders if wanted(der)]
    if len(found) != 1:
        raise _invalid("certificate")
    certificate = _stamping_certificate(found[0])
    if not certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc:
        raise _invalid("certificate not valid at that time")
    return certificate, tuple(_load_certificate(der) for der in ders if der != found[0])


def _bound_certificate(token: _Token) -> Callable[[bytes], bool]:
    """A test for the certificate named by ESSCertIDv2 (RFC 5816) or the older ESSCertID (SHA-1)."""
    bound = token.attribute("signing_certificate_v2")
    if bound is not None:
        identifier = bound["certs"][0]
        kind, digest = identifier["hash_algorithm"]["algorithm"].native, identifier["cert_hash"].native
        return lambda der: kind in _HASHES and hashlib.new(kind, der).digest() == digest
    older = token.attribute("signing_certificate")
    if older is None:
        raise _invalid("signing certificate")
    digest = older["certs"][0]["cert_hash"].native
    return lambda der: hashlib.sha1(der, usedforsecurity=False).digest() == digest


@lru_cache(maxsize=256)
def _stamping_certificate(der: bytes) -> x509.Certificate:
    certificate = _load_certificate(der)
    usages = [item for item in certificate.extensions if isinstance(item.value, x509.ExtendedKeyUsage)]
    if [(item.critical, list(item.value)) for item in usages] != [(True, _STAMPING_ONLY)]:
        raise _invalid("extended key usage")
    return certificate


@lru_cache(maxsize=1024)
def _load_certificate(der: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(der)


def _check_signature(token: _Token, certificate: x509.Certificate) -> None:
    signer = token.signer
    kind = signer["digest_algorithm"]["algorithm"].native
    stated, digest = token.attribute("content_type"), token.attribute("message_digest")
    if stated is None or stated.native != "tst_info" or digest is None or kind not in _HASHES:
        raise _invalid("signed attributes")
    if hashlib.new(kind, token.content).digest() != digest.native:
        raise _invalid("message digest")
    value, algorithm = signer["signature"].native, signer["signature_algorithm"]
    named = algorithm["algorithm"].native
    chosen = _HASHES.get(kind if named in ("rsassa_pkcs1v15", "ecdsa") else algorithm.hash_algo)
    if chosen is None:
        raise _invalid("digest algorithm")
    scheme, key = algorithm.signature_algo, certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048 and scheme == "rsassa_pkcs1v15":
        key.verify(value, token.message, padding.PKCS1v15(), chosen())
    elif isinstance(key, ec.EllipticCurvePublicKey) and scheme == "ecdsa":
        key.verify(value, token.message, ec.ECDSA(chosen()))
    else:
        raise _invalid("signature algorithm")


def _name(certificate: x509.Certificate) -> str:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else certificate.subject.rfc4514_string()


def _invalid(detail: str) -> DomainError:
    return DomainError("timestamp_invalid", detail=detail)


__all__ = [
    "CLOCK_TOLERANCE",
    "HttpTimeStamper",
    "TimeStampInfo",
    "check_token",
    "granted_token",
    "read_token",
    "request_bytes",
]
