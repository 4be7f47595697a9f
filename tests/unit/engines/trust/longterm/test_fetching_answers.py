"""Asking responders and list places: what is taken from the network, and what is not."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from hocbaso.engines.trust.longterm.fetching import MAX_OCSP_OCTETS, HttpAnswers
from hocbaso.sandbox.ca import SandboxAuthority
from hocbaso.sandbox.revocation import question
from tests.unit.sandbox.cases import NOW

DER = Encoding.DER


@dataclass
class Place:
    """A small server: answers by path, and what was asked."""

    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def place() -> Iterator[Place]:
    found = Place()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            size = int(self.headers.get("Content-Length", 0))
            self.rfile.read(size)
            found.asked.append(f"{self.command} {self.path}")
            status, body = found.answers.get(self.path, (404, b""))
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


def _holder(place: Place, tmp_path) -> tuple[SandboxAuthority, x509.Certificate, x509.Certificate]:
    authority = SandboxAuthority(tmp_path, clock=lambda: NOW, key_kind="p256", base_url=place.url)
    holder = authority.issue_person("Đặng Bảo Linh", "080195112649", "Trường Tiểu học Hoa Mai")
    return authority, holder.certificate, holder.chain[0]


LIST = "/crl/cong_cong-issuing.crl"


def test_the_responder_is_asked_first_then_the_list(place: Place, tmp_path) -> None:
    authority, certificate, issuer = _holder(place, tmp_path)
    answer = authority.ocsp_for(question(certificate, issuer))
    place.answers = {"/ocsp": (200, answer), LIST: (200, b"list")}
    ask = HttpAnswers(timeout=5)
    assert ask(certificate, issuer) == answer
    place.answers["/ocsp"] = (200, b"x" * (MAX_OCSP_OCTETS + 1))  # more than an answer can have
    assert ask(certificate, issuer) == b"list"
    assert ask(certificate, issuer) == b"list"
    assert place.asked.count(f"GET {LIST}") == 1  # one list a run


@pytest.mark.parametrize(
    "refusal",
    [
        (500, b""),
        (200, b"<html>"),
        (
            200,
            ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(DER),
        ),
    ],
)
def test_a_responder_that_cannot_answer_does_not_hide_the_list(
    place: Place, tmp_path, refusal: tuple[int, bytes]
) -> None:
    _, certificate, issuer = _holder(place, tmp_path)
    place.answers = {"/ocsp": refusal, LIST: (200, b"list")}
    assert HttpAnswers(timeout=5)(certificate, issuer) == b"list"


def test_redirects_are_not_followed_and_an_address_that_failed_is_left_alone(place: Place, tmp_path) -> None:
    _, certificate, issuer = _holder(place, tmp_path)
    place.answers = {"/ocsp": (302, b""), "/elsewhere": (200, b"answer")}
    ask = HttpAnswers(timeout=5)
    assert ask(certificate, issuer) is None
    assert ask(certificate, issuer) is None
    assert place.asked == ["POST /ocsp", f"GET {LIST}"]
    assert HttpAnswers(timeout=5)(issuer, issuer) is None  # a root's list is not there


@pytest.mark.parametrize(
    "url",
    [
        "http://[::1/list.crl",
        "http://user:secret@lists.example/list.crl",
        "http://127.0.0.1:99999/list.crl",
        "http://127.0.0.1:1/a b\r\nHost: x",
        "ldap://lists.example/",
        "file:///etc/passwd",
        "http:///list.crl",
    ],
)
def test_an_address_that_cannot_be_right_is_no_place_and_no_failure(url: str) -> None:
    assert HttpAnswers(timeout=1).fetch_list(url) is None


@pytest.mark.parametrize("says", [b"nonsense\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", b""])
def test_a_server_that_speaks_no_http_has_not_answered(says: bytes) -> None:
    with _speaking(lambda wire: wire.sendall(says)) as url:
        assert HttpAnswers(timeout=5).fetch_list(url) is None


def test_a_server_that_sends_an_octet_now_and_then_keeps_nobody() -> None:
    """Each octet comes within the time-out of a read; the whole would take an hour."""
    over = threading.Event()

    def drip(wire: socket.socket) -> None:
        wire.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
        while not over.wait(0.05):
            try:
                wire.sendall(b"x")
            except OSError:
                return

    with _speaking(drip) as url:
        assert HttpAnswers(timeout=0.5).fetch_list(url) is None
    over.set()


@contextmanager
def _speaking(speak: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server of one connection that says what it likes."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        wire, _ = server.accept()
        with wire:
            wire.recv(4096)
            speak(wire)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}/list.crl"
    thread.join(10)
    server.close()
    assert not thread.is_alive()
