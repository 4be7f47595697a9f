"""The agent's HTTP server: loopback only, a closed list of addresses, one rule for each side.

Pages of a site speak to ``/v1/…``, the agent's own window to ``/window/…``; neither can do what the other
does. Every request changes something only by POST of JSON with exactly the fields that are named here. A site
page's request has no place for a PIN.
"""

from __future__ import annotations

import json
import os
import socket
import socketserver
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import resources
from typing import Any

from hocbaso.core.errors import DomainError
from hocbaso.interfaces.agent import guard
from hocbaso.interfaces.agent.desk import LONGEST_WAIT, Desk
from hocbaso.interfaces.agent.guard import Denied, Gate
from hocbaso.interfaces.agent.protocol import MAX_BODY_OCTETS, MAX_LIST_OCTETS
from hocbaso.interfaces.agent.window import Windows

#: Requests at the same time; a page and a window need four.
_MOST_AT_ONCE = 24
#: Seconds for a request to arrive whole.
_READING = 15
_PAGE_FILES = {
    "/": ("window.html", "text/html; charset=utf-8"),
    "/window.js": ("window.js", "text/javascript; charset=utf-8"),
    "/window.css": ("window.css", "text/css; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}


@dataclass(frozen=True, slots=True)
class Door:
    """One address: its fields, how long the body may be, and what it does."""

    fields: Mapping[str, type | tuple[type, ...]]
    act: Callable[..., Any]
    limit: int = MAX_BODY_OCTETS


def site_doors(desk: Desk) -> dict[str, Door]:
    """What pages of a site may ask. Each act gets the origin first."""
    return {
        "/v1/hello": Door({"token": str}, desk.hello),
        "/v1/pair/ask": Door({"account": str, "key": str}, desk.ask_pairing),
        "/v1/pair/finish": Door({"attempt": str, "proof": str}, desk.finish_pairing),
        "/v1/pair/leave": Door({"token": str}, desk.leave),
        "/v1/certificates": Door({"token": str}, desk.certificates),
        "/v1/sign": Door({"token": str, "text": str, "seal": str}, desk.ask, MAX_LIST_OCTETS),
        "/v1/watch": Door(
            {"token": str, "job": str, "after": int, "wait": (int, float)},
            desk.watch,
        ),
        "/v1/cancel": Door({"token": str, "job": str}, desk.cancel),
    }


def window_doors(desk: Desk, windows: Windows) -> dict[str, Door]:
    """What the agent's own window may ask; the key of the window comes with everything but the first."""

    def guarded(act: Callable[..., Any]) -> Callable[..., Any]:
        def checked(key: str, **fields: Any) -> Any:
            windows.check(key)
            answer = act(**fields)
            return {} if answer is None else answer

        return checked

    def view(since: int) -> dict[str, Any]:
        windows.seen()
        return desk.view(since, LONGEST_WAIT)

    def pin(job: str, pin: str) -> dict[str, bool]:
        return {"taken": desk.give_pin(job, pin)}

    key = {"key": str}
    return {
        "/window/open": Door({"once": str}, lambda once: {"key": windows.enter(once)}),
        "/window/view": Door(key | {"since": int}, guarded(view)),
        "/window/tokens": Door(key, guarded(desk.tokens)),
        "/window/pin": Door(key | {"job": str, "pin": str}, guarded(pin)),
        "/window/decline": Door(key | {"job": str}, guarded(lambda job: desk.decline(job))),
        "/window/refuse": Door(key, guarded(desk.refuse_pairing)),
        "/window/allow": Door(key, guarded(desk.allow_pairing)),
        "/window/unpair": Door(key, guarded(desk.unpair)),
    }


class AgentServer(socketserver.ThreadingMixIn, HTTPServer):
    """Listens on 127.0.0.1 and nowhere else.

    :param port: 0 takes a free one (tests).
    :raises OSError: the port is taken.
    """

    daemon_threads = True
    allow_reuse_address = os.name != "nt"  # Windows would let another program listen beside us

    def __init__(self, desk: Desk, windows: Windows, port: int) -> None:
        self._free = threading.BoundedSemaphore(_MOST_AT_ONCE)
        super().__init__(("127.0.0.1", port), Handler)
        self.gate = Gate(self.server_address[1], desk.sites)
        self.desk = desk
        self.site_doors, self.window_doors = site_doors(desk), window_doors(desk, windows)
        folder = resources.files(__package__) / "page"
        self.files = {
            path: ((folder / name).read_bytes(), kind) for path, (name, kind) in _PAGE_FILES.items()
        }

    def server_bind(self) -> None:
        exclusive = getattr(socket, "SO_EXCLUSIVEADDRUSE", None)
        if exclusive is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, exclusive, 1)
        socketserver.TCPServer.server_bind(self)  # HTTPServer's asks the name service for our name
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """From this machine, and not too many at once."""
        return str(client_address[0]).startswith("127.") and self._free.acquire(blocking=False)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke is nobody's business; nothing is printed (a body may hold a PIN)."""


class Handler(BaseHTTPRequestHandler):
    """One request; the connection ends with it."""

    server: AgentServer
    timeout = _READING
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """The agent's own page and its files; nothing happens by GET."""
        try:
            self._gate()
            content, kind = self._known(self.server.files)
        except Denied as denied:
            return self._deny(denied)
        self._send(200, content, {"Content-Type": kind, "Content-Security-Policy": guard.PAGE_POLICY})

    def do_OPTIONS(self) -> None:
        """Preflights: of a site's page for a site's address."""
        try:
            self._gate()
            origin = self._site()
            self._known(self.server.site_doors)
            self._send(204, b"", guard.preflight(self.headers, origin))  # type: ignore[arg-type]
        except Denied as denied:
            self._deny(denied)

    def do_POST(self) -> None:
        """What a page or the window wants."""
        more: dict[str, str] = {}
        first: tuple[str, ...] = ()
        try:
            host = self._gate()
            if self.path in self.server.window_doors:
                fetch_site = self.headers.get("Sec-Fetch-Site", "")
                self.server.gate.check_own(host, self._all("Origin"), fetch_site)
                door = self.server.window_doors[self.path]
            else:
                origin = self._site()
                more = guard.cors(origin)
                door, first = self._known(self.server.site_doors), (origin,)
            fields = self._fields(door)
        except Denied as denied:
            return self._deny(denied, more)
        try:
            status, answer = 200, door.act(*first, **fields)
        except DomainError as error:
            status, answer = 409, guard.refusal(error)
        except Exception:  # nothing of it is told or printed: a PIN may stand in it
            status, answer = 500, {"code": "unexpected"}
        finally:
            del fields
        self._json(status, answer, more)

    # --- inside ------------------------------------------------------------------------------------------

    def _gate(self) -> str:
        """The host name; the path must be plain. :raises Denied:"""
        return self.server.gate.check_host(self._all("Host"))

    def _site(self) -> str:
        values = self._all("Origin")
        try:
            return self.server.gate.check_site(values)
        except Denied:
            if len(values) == 1 and values[0] not in self.server.gate.own_origins:
                self.server.desk.refused(values[0])
            raise

    def _known(self, what: Mapping[str, Any]) -> Any:
        if self.path not in what:
            raise Denied(404, "path")
        return what[self.path]

    def _all(self, name: str) -> list[str]:
        return self.headers.get_all(name) or []

    def _fields(self, door: Door) -> dict[str, Any]:
        headers: Any = self.headers
        length = guard.body_length(headers, self._all("Content-Length"), door.limit)
        body = bytearray(length)
        try:
            if self.rfile.readinto(body) != length:
                raise Denied(400, "length")
            return guard.read_fields(body, door.fields)
        except TimeoutError:
            raise Denied(408, "length") from None
        finally:
            body[:] = bytes(length)  # a PIN may have been in it

    def _deny(self, denied: Denied, more: Mapping[str, str] | None = None) -> None:
        self._json(denied.status, {"code": denied.code}, more or {})

    def _json(self, status: int, answer: Any, more: Mapping[str, str]) -> None:
        content = json.dumps(answer, ensure_ascii=False).encode()
        self._send(status, content, {"Content-Type": "application/json; charset=utf-8", **more})

    def _send(self, status: int, content: bytes, headers: Mapping[str, str]) -> None:
        self.close_connection = True
        try:
            self.send_response_only(status)
            for name, value in (guard.HEADERS | dict(headers)).items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", str(len(content)))
            self.send_header("Connection", "close")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)
        except OSError:
            pass  # the page has left

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the library refuses by itself (malformed, unknown method): said without echo."""
        self._json(int(code), {"code": "request"}, {})

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged: who signs what and when is the person's own affair."""
