"""Asking for revocation answers over HTTP: OCSP first, then the list that the certificate names.

Addresses come from certificates whose path to a trusted root stands already. Limits: http and https only, no
redirects, no proxies from the environment, sizes, a time-out, and a place that failed is left alone for the
rest of the run. Sources: RFC 6960 appendix A, RFC 5280 sections 4.2.1.13 and 4.2.2.1.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from hocbaso.engines.trust.paths import X509_FAILURES

MAX_OCSP_OCTETS = 64 * 1024
MAX_CRL_OCTETS = 16 * 1024 * 1024


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


class HttpAnswers:
    """An :data:`~hocbaso.engines.trust.longterm.validation_data.Ask` over the network.

    :param timeout: seconds to wait for one answer.
    """

    def __init__(self, timeout: float = 10.0) -> None:
        self._timeout = timeout
        self._opener = urllib.request.build_opener(_NoRedirects, urllib.request.ProxyHandler({}))
        self._lists: dict[str, bytes | None] = {}
        self._silent: set[str] = set()

    def __call__(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes | None:
        """A DER OCSP response or revocation list, unread; ``None``: no place answers."""
        try:
            responders, points = _responders(certificate), _points(certificate)
            # SHA-1 only names the issuer (RFC 6960 allows any hash); it protects nothing.
            builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1())  # noqa: S303
            question = builder.build().public_bytes(serialization.Encoding.DER)
        except X509_FAILURES:
            return None
        for url in responders:
            answer = self._fetch(url, MAX_OCSP_OCTETS, question)
            if answer is not None:
                return answer
        for url in points:
            if url not in self._lists:
                self._lists[url] = self._fetch(url, MAX_CRL_OCTETS)
            found = self._lists[url]
            if found is not None:
                return found
        return None

    def fetch_list(self, url: str) -> bytes | None:
        """What stands at the address of a revocation list, unread; ``None``: nobody answers."""
        return self._fetch(url, MAX_CRL_OCTETS)

    def _fetch(self, url: str, limit: int, question: bytes | None = None) -> bytes | None:
        place = urlsplit(url)
        if place.scheme not in ("http", "https") or place.netloc in self._silent:
            return None
        headers = {"Content-Type": "application/ocsp-request"} if question is not None else {}
        request = urllib.request.Request(url, data=question, headers=headers)  # noqa: S310 - checked above
        try:
            with self._opener.open(request, timeout=self._timeout) as reply:
                content: bytes = reply.read(limit + 1)
        except (OSError, urllib.error.URLError, ValueError):
            self._silent.add(place.netloc)
            return None
        return content if len(content) <= limit else None


def _responders(certificate: x509.Certificate) -> Iterable[str]:
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return []
    return [
        item.access_location.value
        for item in access
        if item.access_method == AuthorityInformationAccessOID.OCSP
        and isinstance(item.access_location, x509.UniformResourceIdentifier)
    ]


def _points(certificate: x509.Certificate) -> Iterable[str]:
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return []
    names = [name for point in points for name in point.full_name or ()]
    return [name.value for name in names if isinstance(name, x509.UniformResourceIdentifier)]
