"""RFC 3161 time stamps: asking an authority over HTTP, and believing a token.

:func:`read_token` (``tokens.py``) proves what the token itself can prove (imprint, signature, certificate);
whether the authority's certificate may be trusted is asked of a path checker, or of :func:`check_token`,
which builds the path to given anchors. Sources: RFC 3161, RFC 5816 (ESSCertIDv2), RFC 5652 (CMS).
"""

from __future__ import annotations

import secrets
import urllib.error
import urllib.request
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from asn1crypto import cms, core, tsp
from cryptography import x509
from cryptography.x509 import verification

from hocbaso.core.errors import DomainError, ServiceUnavailable, register
from hocbaso.engines.trust.tokens import (
    CLOCK_TOLERANCE,
    HASH_BY_OCTETS,
    MAX_TOKEN_OCTETS,
    TimeStampInfo,
    malformed,
    read_token,
)

register(
    {
        "timestamp_unavailable": (
            "Dịch vụ cấp dấu thời gian chưa trả lời ({detail}). Việc ký không bị dừng: dấu thời gian sẽ được "
            "xin lại sau.",
            "The time-stamp authority does not answer ({detail}).",
        ),
        "timestamp_untrusted": (
            "Dấu thời gian do {tsa} cấp, không dẫn được tới tổ chức chứng thực tin cậy.",
            "The time stamp comes from {tsa}, which leads to no trusted root.",
        ),
    }
)

#: What asn1crypto raises on malformed input.
_HOSTILE = (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError, RecursionError)
_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"


class _Response(core.Sequence):  # type: ignore[misc]
    """TimeStampResp; asn1crypto's own wants a token even in a rejection."""

    _fields = [("status", tsp.PKIStatusInfo), ("time_stamp_token", cms.ContentInfo, {"optional": True})]


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
        """A DER TimeStampToken over a SHA-256 digest (archives: SHA-384 and SHA-512 too).

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
    """The DER TimeStampReq for a digest (SHA-256, SHA-384 or SHA-512), asking for the certificates too."""
    fields: dict[str, Any] = {
        "version": "v1",
        "message_imprint": {
            "hash_algorithm": {"algorithm": HASH_BY_OCTETS.get(len(digest), "sha256")},
            "hashed_message": digest,
        },
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
        raise malformed("size")
    try:
        response = _Response.load(answer, strict=True)
        if response["status"]["status"].native not in ("granted", "granted_with_mods"):
            raise malformed(str(response["status"]["status"].native))
        token: bytes = response["time_stamp_token"].dump()
        signed = cms.ContentInfo.load(token, strict=True)["content"]
        info = tsp.TSTInfo.load(bytes(signed["encap_content_info"]["content"]), strict=True)
        if info["message_imprint"]["hashed_message"].native != digest:
            raise malformed("imprint")
        if info["nonce"].native != nonce:
            raise malformed("nonce")
    except _HOSTILE as error:
        raise malformed(type(error).__name__) from error
    return token


__all__ = [
    "CLOCK_TOLERANCE",
    "HttpTimeStamper",
    "TimeStampInfo",
    "check_token",
    "granted_token",
    "read_token",
    "request_bytes",
]
