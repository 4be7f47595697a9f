"""The sandbox over HTTP, for loopback: time stamps, OCSP, CRLs, certificates, the population registry.

Plain WSGI. ``/tsa`` and ``/tsa2`` (RFC 3161 section 3.4) and ``/ocsp`` (RFC 6960 appendix A) take POST,
OCSP also GET; ``/crl/<name>.crl``, ``/aia/<name>.cer`` and ``/roots.pem`` take GET. Below ``/population``
answers the registry of :mod:`hocbaso.sandbox.population`, below ``/csc/v2`` the remote-signing provider of
:mod:`hocbaso.sandbox.csc`. Nothing here answers with a traceback.
"""

from __future__ import annotations

import binascii
import socketserver
from base64 import b64decode
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import unquote
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from cryptography.hazmat.primitives.serialization import Encoding

from hocbaso.sandbox import csc
from hocbaso.sandbox.ca import DEFAULT_BASE_URL, Clock, SandboxAuthority, wall_clock
from hocbaso.sandbox.csc import enrolments
from hocbaso.sandbox.population import PopulationRegistry, make_population_app
from hocbaso.sandbox.population.web import MOUNT, open_registry

_MAX_REQUEST = 64 * 1024
_Answer = tuple[str, str, bytes]
_NOT_FOUND: _Answer = ("404 Not Found", "text/plain; charset=utf-8", "Không có địa chỉ này.\n".encode())
_BAD: _Answer = ("400 Bad Request", "text/plain; charset=utf-8", "Yêu cầu không đọc được.\n".encode())
_DOWN: _Answer = ("503 Service Unavailable", "text/plain; charset=utf-8", "Đang ngừng phục vụ.\n".encode())
_WRONG_METHOD: _Answer = (
    "405 Method Not Allowed",
    "text/plain; charset=utf-8",
    "Địa chỉ này không nhận kiểu yêu cầu đó.\n".encode(),
)


def make_app(
    directory: Path | str | SandboxAuthority,
    clock: Clock = wall_clock,
    registry: PopulationRegistry | None = None,
) -> WSGIApplication:
    """The WSGI application over the sandbox's directory (or an authority that is open already).

    :param registry: the population registry; by default the directory's own, none beside an authority.
    """
    if registry is None and not isinstance(directory, SandboxAuthority):
        registry = open_registry(directory)
    population = make_population_app(registry) if registry else None
    authority = (
        directory if isinstance(directory, SandboxAuthority) else SandboxAuthority(directory, clock=clock)
    )
    services = _Services(authority)
    wants = ("PIN", "OTP") if enrolments.kept(authority.vault) else ("OTP",)  # a demo's people have a PIN
    service = csc.RemoteSigningService(authority, clock=clock, behaviour=csc.Behaviour(wants=wants))
    remote = csc.make_csc_app(service)

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if population and environ.get("PATH_INFO", "").startswith(f"{MOUNT}/"):
            return population(environ, start_response)
        if environ.get("PATH_INFO", "").startswith(f"{csc.MOUNT}/"):
            return remote(environ, start_response)
        status, kind, content = services.answer(environ)
        headers = [
            ("Content-Type", kind),
            ("Content-Length", str(len(content))),
            ("Cache-Control", "no-store"),
        ]
        start_response(status, headers)
        return [content]

    return app


def serve(
    host: str = "127.0.0.1",
    port: int = int(DEFAULT_BASE_URL.rpartition(":")[2]),
    *,
    directory: Path | str | SandboxAuthority,
    clock: Clock = wall_clock,
    ready: Callable[[str], None] | None = None,
    registry: PopulationRegistry | None = None,
) -> None:
    """Serve until interrupted. ``ready`` is told the address once the port is open.

    :param port: 0 takes a free one. Certificates name the address that their authority was made with.
    :raises OSError: the port is taken.
    """
    with make_server(
        host, port, make_app(directory, clock, registry), _ThreadingServer, _QuietHandler
    ) as server:
        if ready is not None:
            ready(f"http://{host}:{server.server_port}")
        server.serve_forever()


class _Services:
    """What stands behind each path."""

    def __init__(self, authority: SandboxAuthority) -> None:
        self._authority = authority
        self._stampers = {f"/{stamper.name}": stamper for stamper in authority.stampers()}

    def answer(self, environ: WSGIEnvironment) -> _Answer:
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "/")
        if path in self._stampers:
            return self._post(environ, "application/timestamp-reply", self._stampers[path].respond)
        if path == "/ocsp":
            return self._post(environ, "application/ocsp-response", self._authority.ocsp_for)
        if method not in ("GET", "HEAD"):
            return _WRONG_METHOD
        if path.startswith("/ocsp/"):
            return self._ocsp_get(path.removeprefix("/ocsp/"))
        return self._document(path)

    def _post(self, environ: WSGIEnvironment, kind: str, work: Callable[[bytes], bytes | None]) -> _Answer:
        if environ["REQUEST_METHOD"] != "POST":
            return _WRONG_METHOD
        length = environ.get("CONTENT_LENGTH") or ""
        if not length.isdigit() or int(length) > _MAX_REQUEST:
            return _BAD
        content = work(environ["wsgi.input"].read(int(length)))
        return _DOWN if content is None else ("200 OK", kind, content)

    def _ocsp_get(self, encoded: str) -> _Answer:
        try:
            request = b64decode(unquote(encoded), validate=True)
        except (binascii.Error, ValueError):
            return _BAD
        return "200 OK", "application/ocsp-response", self._authority.ocsp_for(request)

    def _document(self, path: str) -> _Answer:
        folder, _, name = path.strip("/").partition("/")
        stem, _, ending = name.partition(".")
        found = self._authority.authorities()
        if folder == "roots.pem" and not name:
            content = b"".join(root.public_bytes(Encoding.PEM) for root in self._authority.roots())
            return "200 OK", "application/x-pem-file", content
        if (folder, ending) == ("crl", "crl") and stem in found:
            return "200 OK", "application/pkix-crl", self._authority.crl(stem).public_bytes(Encoding.DER)
        if (folder, ending) == ("aia", "cer") and stem in found:
            return "200 OK", "application/pkix-cert", found[stem].public_bytes(Encoding.DER)
        return _NOT_FOUND


class _ThreadingServer(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 64  # several clients may ask at once


class _QuietHandler(WSGIRequestHandler):
    """Access lines are of no use to anybody here."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
