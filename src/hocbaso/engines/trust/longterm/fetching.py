"""Asking for revocation answers over HTTP: OCSP first, then the list that the certificate names.

Addresses come from certificates whose path to a trusted root stands already. Limits: http and https only, no
user or password, few places a certificate, no redirects, no proxies from the environment, sizes, and a time
from the question to the last octet. An address that answered wrongly, and a place that cannot be reached, are
left alone for the rest of the run. Sources: RFC 6960 appendix A, RFC 5280 sections 4.2.1.13 and 4.2.2.1.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from collections.abc import Iterable, Iterator
from itertools import islice
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from hocbaso.engines.trust.addresses import check_address
from hocbaso.engines.trust.paths import X509_FAILURES

MAX_OCSP_OCTETS = 64 * 1024
MAX_CRL_OCTETS = 16 * 1024 * 1024
#: Addresses of one kind that a certificate may name.
_MOST_PLACES = 4
#: What a server may make of an exchange: ``HTTPException`` is no ``OSError``.
_FAILURES = (OSError, ValueError, http.client.HTTPException)


class HttpAnswers:
    """An :data:`~hocbaso.engines.trust.longterm.validation_data.Ask` over the network.

    :param timeout: seconds to connect, and again from the question to the last octet of the answer.
    """

    def __init__(self, timeout: float = 10.0) -> None:
        self._timeout = timeout
        self._lists: dict[str, bytes | None] = {}
        self._silent: set[str] = set()  # addresses, and places (host and port)

    def __call__(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes | None:
        """A DER OCSP response or revocation list, not judged; ``None``: no place answers.

        A responder that says that it cannot answer is none: the list is asked for.
        """
        try:
            responders, points = _responders(certificate), _points(certificate)
            # SHA-1 only names the issuer (RFC 6960 allows any hash); it protects nothing.
            builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1())  # noqa: S303
            question = builder.build().public_bytes(serialization.Encoding.DER)
        except X509_FAILURES:
            return None
        for url in islice(responders, _MOST_PLACES):
            answer = self._fetch(url, MAX_OCSP_OCTETS, question)
            if answer is not None and _answers(answer):
                return answer
        for url in islice(points, _MOST_PLACES):
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
        try:
            check_address(url)
            place = urlsplit(url).netloc
        except ValueError:
            return None
        if url in self._silent or place in self._silent:
            return None
        try:
            status, content = self._exchange(url, limit, question)
        except _FAILURES:
            self._silent.add(place)
            return None
        if status != http.client.OK:  # the list may stand beside a responder that is out of order
            self._silent.add(url)
            return None
        return content if len(content) <= limit else None

    def _exchange(self, url: str, limit: int, question: bytes | None) -> tuple[int, bytes]:
        parts = urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=self._timeout)
        with contextlib.closing(connection):
            connection.connect()
            with _ended_after(self._timeout, connection.sock):
                path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
                headers = {"Content-Type": "application/ocsp-request"} if question is not None else {}
                connection.request("POST" if question is not None else "GET", path, question, headers)
                reply = connection.getresponse()
                content = reply.read(limit + 1) if reply.status == http.client.OK else b""
                if reply.status == http.client.OK and reply.length and len(content) <= limit:
                    raise http.client.IncompleteRead(content)
                return reply.status, content


@contextlib.contextmanager
def _ended_after(seconds: float, sock: socket.socket) -> Iterator[None]:
    """A server that sends an octet now and then keeps nobody: the connection is cut, whatever it does."""
    cut = threading.Event()

    def end() -> None:
        cut.set()
        with contextlib.suppress(OSError):
            socket.socket.shutdown(sock, socket.SHUT_RDWR)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
    if cut.is_set():  # what looks like the end of an answer was the cut
        raise TimeoutError


def _answers(content: bytes) -> bool:
    """Whether an OCSP response says anything: "try later" and "not authorised" do not."""
    try:
        found = ocsp.load_der_ocsp_response(content).response_status
    except X509_FAILURES:
        return False
    return found is ocsp.OCSPResponseStatus.SUCCESSFUL


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
