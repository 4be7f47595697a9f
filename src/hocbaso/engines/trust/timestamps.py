"""RFC 3161 time stamps: asking an authority over HTTP, and believing a token.

:func:`read_token` (``tokens.py``) proves what the token itself can prove (imprint, signature, certificate);
whether the authority's certificate may be trusted is asked of a path checker, or of :func:`check_token`,
which builds the path to given anchors. Several authorities, one after the other: ``stampers.py``.
Sources: RFC 3161, RFC 5816 (ESSCertIDv2), RFC 5652 (CMS).
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from asn1crypto import cms, core, tsp
from cryptography import x509
from cryptography.x509 import verification

from hocbaso.core.errors import DomainError, ServiceUnavailable, register
from hocbaso.engines.trust.addresses import check_address
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
    check_path(info, anchors, intermediates)
    return info


def check_path(
    info: TimeStampInfo,
    anchors: Sequence[x509.Certificate],
    intermediates: Sequence[x509.Certificate] = (),
) -> None:
    """The authority's certificate leads to one of ``anchors`` as of the token's own time.

    :raises DomainError: ``timestamp_untrusted``.
    """
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


@dataclass(frozen=True, slots=True)
class Access:
    """How an authority is entered; what is secret here never shows in ``repr``, errors or logs."""

    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    bearer: str = field(default="", repr=False)
    ca_file: Path | None = None  # roots of its TLS certificate, where those of the system do not do
    certificate_file: Path | None = None  # of this node, for TLS with client certificates
    key_file: Path | None = None


class HttpTimeStamper:
    """A :class:`~hocbaso.engines.trust.ports.TimeStamper` over HTTP (RFC 3161 section 3.4).

    Connections are kept and may be used by several threads. Redirects are not followed and proxies of the
    environment not used.

    :param url: ``http`` or ``https`` address of the authority; no user or password in it.
    :param timeout: seconds from the question to the last byte of the answer. :param connect: to a connection.
    :param steady: seconds of a clock that only runs forward. :param transport: instead of the network.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout: float = 10.0,
        connect: float = 3.0,
        access: Access | None = None,
        transport: httpx.BaseTransport | None = None,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        access = access or Access()
        check_address(url, secret=bool(access.password or access.bearer))
        self.url = url
        self.timeout = timeout
        self._steady = steady
        headers = {"Content-Type": _QUERY, "Accept": _REPLY, "Accept-Encoding": "identity"}
        if access.bearer:
            headers["Authorization"] = f"Bearer {access.bearer}"
        self._http = httpx.Client(
            timeout=httpx.Timeout(timeout, connect=min(connect, timeout)),
            headers=headers,
            auth=(access.user, access.password) if access.user else None,
            verify=_context(access) if url.startswith("https:") and not transport else True,
            transport=transport,
            follow_redirects=False,
            trust_env=False,
        )

    def __repr__(self) -> str:
        return f"HttpTimeStamper({self.url})"

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def stamp(self, digest: bytes) -> bytes:
        """As :meth:`token` with a nonce of its own."""
        return self.token(digest, nonce=secrets.randbits(63))

    def token(self, digest: bytes, *, nonce: int) -> bytes:
        """A DER TimeStampToken over a SHA-256 digest (archives: SHA-384 and SHA-512 too).

        The token holds that digest and that nonce; its signature and path are checked by whoever relies
        on it.

        :raises ServiceUnavailable: ``timestamp_unavailable``: no answer, a refusal, or an answer to another
            question.
        """
        answer = self._ask(request_bytes(digest, nonce))
        try:
            return granted_token(answer, digest, nonce)
        except DomainError as error:
            detail = str(error.params.get("detail", error.code))
            raise ServiceUnavailable("timestamp_unavailable", detail=detail) from None

    def _ask(self, query: bytes) -> bytes:
        """One question; once more where a kept connection turned out closed: asking changes nothing."""
        for again in (True, False):
            try:
                return self._exchange(query)
            except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError) as error:
                if not again:
                    raise _unavailable(type(error).__name__) from None
            except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
                raise _unavailable(type(error).__name__) from None
        raise AssertionError("the second turn returns or raises")

    def _exchange(self, query: bytes) -> bytes:
        deadline, body = self._steady() + self.timeout, bytearray()
        with self._http.stream("POST", self.url, content=query) as reply:
            if reply.status_code != httpx.codes.OK:
                raise _unavailable(f"HTTP {reply.status_code}")
            for piece in reply.iter_raw():
                body += piece
                if len(body) > MAX_TOKEN_OCTETS:
                    raise _unavailable("too long")
                if self._steady() > deadline:
                    raise _unavailable("too slow")
        return bytes(body)


def _context(access: Access) -> Any:
    context = httpx.create_ssl_context(
        verify=str(access.ca_file) if access.ca_file else True, trust_env=False
    )
    if access.certificate_file:
        context.load_cert_chain(str(access.certificate_file), str(access.key_file or access.certificate_file))
    return context


def _unavailable(detail: str) -> ServiceUnavailable:
    return ServiceUnavailable("timestamp_unavailable", detail=detail)


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
    "Access",
    "HttpTimeStamper",
    "TimeStampInfo",
    "check_address",
    "check_path",
    "check_token",
    "granted_token",
    "read_token",
    "request_bytes",
]
