"""Asking responders and list places: what is taken from the network, and what is not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography import x509

from hocbaso.engines.trust.longterm.fetching import MAX_OCSP_OCTETS, HttpAnswers
from hocbaso.sandbox.ca import SandboxAuthority
from tests.unit.sandbox.cases import NOW


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


def _holder(place: Place, tmp_path) -> tuple[x509.Certificate, x509.Certificate]:
    authority = SandboxAuthority(tmp_path, clock=lambda: NOW, key_kind="p256", base_url=place.url)
    holder = authority.issue_person("Đặng Bảo Linh", "080195112649", "Trường Tiểu học Hoa Mai")
    return holder.certificate, holder.chain[0]


def test_the_responder_is_asked_first_then_the_list(place: Place, tmp_path) -> None:
    certificate, issuer = _holder(place, tmp_path)
    place.answers = {"/ocsp": (200, b"answer"), "/crl/cong_cong-issuing.crl": (200, b"list")}
    ask = HttpAnswers(timeout=5)
    assert ask(certificate, issuer) == b"answer"
    place.answers["/ocsp"] = (200, b"x" * (MAX_OCSP_OCTETS + 1))  # more than an answer can have
    assert ask(certificate, issuer) == b"list"
    assert ask(certificate, issuer) == b"list"
    assert place.asked.count("GET /crl/cong_cong-issuing.crl") == 1  # one list a run


def test_redirects_are_not_followed_and_a_place_that_failed_is_left_alone(place: Place, tmp_path) -> None:
    certificate, issuer = _holder(place, tmp_path)
    place.answers = {"/ocsp": (302, b""), "/elsewhere": (200, b"answer")}
    ask = HttpAnswers(timeout=5)
    assert ask(certificate, issuer) is None
    assert ask(certificate, issuer) is None
    assert place.asked == ["POST /ocsp"]
    assert HttpAnswers(timeout=5)(issuer, issuer) is None  # a root's list is not there
