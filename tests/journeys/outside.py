"""Everything that a real node finds outside itself, on loopback: authorities, time stamps, a remote service.

It is the sandbox's, in this process, but nothing of it lies in the node's home, and its certificates do not
say that they are of a sandbox: to the node it is what Ban Cơ yếu, a licensed authority and a service are.
"""

from __future__ import annotations

import hashlib
import json
import socketserver
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIEnvironment

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from hocbaso.sandbox import profiles
from hocbaso.sandbox.ca import STAMPERS, SandboxAuthority, StoredCredential
from hocbaso.sandbox.profiles import Family
from hocbaso.sandbox.server import make_app

_FAMILIES = {
    "vgca": Family("vgca", "Ban Cơ yếu Root G9", "Ban Cơ yếu SubCA G9", "Ban Cơ yếu Chính phủ"),
    "cong_cong": Family("cong_cong", "Mẫu Việt Root CA", "Mẫu Việt SubCA 1", "Mẫu Việt"),
}
#: As ``trust.toml`` calls the families.
_NAMES = {"vgca": "vgca", "cong_cong": "public"}


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 64


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None: ...


class Outside:
    """The authorities behind one port; what people do there, and what goes wrong there."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._server = make_server("127.0.0.1", 0, self._answer, _Server, _Quiet)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.authority = SandboxAuthority(folder, key_kind="p256", base_url=self.url)
        with monkeypatch.context() as patched:
            for code, family in _FAMILIES.items():
                patched.setitem(profiles.FAMILIES, code, family)
            patched.setattr(profiles, "MARKER", "G9")
            units = [f"{code}-{level}" for code in _FAMILIES for level in ("root", "issuing", "ocsp")]
            for stem in (*units, *STAMPERS.values()):
                self.authority.unit(stem)
        self._app = make_app(self.authority)
        self.silent: set[str] = set()  # beginnings of paths that do not answer
        self.asked: list[str] = []
        #: Called before the path is answered, with how often it was asked.
        self.before: Callable[[str, int], None] = lambda path, count: None

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "/")
        self.asked.append(path)
        self.before(path, self.asked.count(path))
        if any(path.startswith(one) for one in self.silent):
            start_response("503 Service Unavailable", [("Content-Length", "0")])
            return [b""]
        return self._app(environ, start_response)

    def serve(self) -> None:
        self._server.serve_forever(0.05)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    # --- what an administrator downloads ------------------------------------------------------------------

    def trust_toml(self, home: Path) -> str:
        """The roots' and authorities' files in ``home/trust``, and what ``trust.toml`` says of them."""
        (home / "trust").mkdir()
        text = []
        for code, name in _NAMES.items():
            for level in ("root", "issuing"):
                der = self.authority.unit(f"{code}-{level}").certificate.public_bytes(Encoding.DER)
                (home / "trust" / f"{code}-{level}.cer").write_bytes(der)
                text.append("[[roots]]" if level == "root" else "[[authorities]]")
                text.append(f'file = "trust/{code}-{level}.cer"')
                text.append(f'crl = "{self.url}/crl/{code}-{level}.crl"')
                if level == "root":
                    text.append(f'sha256 = "{hashlib.sha256(der).hexdigest()}"')
                    text += [f'family = "{name}"', 'environment = "chinh_thuc"', "valid_from = 2020-01-01"]
        return "\n".join(text) + "\n"

    def person(self, name: str, number: str, school: str) -> StoredCredential:
        return self.authority.issue_person(name, number, school)

    def seal(self, code: str, name: str) -> StoredCredential:
        return self.authority.issue_organisation(code, name)

    def revoke(self, credential: StoredCredential) -> None:
        self.authority.revoke(credential.certificate, datetime.now(UTC))

    # --- the remote service -------------------------------------------------------------------------------

    def _csc(self, verb: str, what: str, body: Any = None) -> Any:
        answer = httpx.request(verb, f"{self.url}/csc/v2/admin/{what}", json=body, trust_env=False)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def enrol(self, name: str, number: str, school: str, pin: str) -> None:
        """Somebody's key at the remote service, which asks for PIN and OTP."""
        self._csc("PUT", "settings", {"wants": ["PIN", "OTP"]})
        body = {"name": name, "personal_number": number, "organisation": school, "pin": pin}
        self._csc("POST", "enrol", body)

    def otp(self) -> str:
        """What the person's phone shows."""
        return str(self._csc("GET", "outbox")["messages"][-1]["code"])


@contextmanager
def outside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outside]:
    """The outside world for the time of a test."""
    made = Outside(folder, monkeypatch)
    thread = threading.Thread(target=made.serve, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.close()
        thread.join()


def as_text(document: object) -> str:
    """For a failing assertion."""
    return json.dumps(document, ensure_ascii=False, indent=1)
