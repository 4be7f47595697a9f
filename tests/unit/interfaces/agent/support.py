"""A site, a person and a token for the agent: everything in this process but the wire."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import secrets
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hocbaso.core.document.model import SignerRole
from hocbaso.core.document.names import sheet_canonical
from hocbaso.core.errors import DomainError
from hocbaso.engines.trust.keys import SoftwareSigner
from hocbaso.engines.trust.possession import Challenge
from hocbaso.engines.trust.providers.pkcs11_tokens import FoundToken, ShownCertificate
from hocbaso.engines.trust.providers.stops import SigningStopped
from hocbaso.engines.trust.xades import Prepared, prepare, sheet_object
from hocbaso.interfaces.agent.desk import Desk
from hocbaso.interfaces.agent.jobs import Job, JobState
from hocbaso.interfaces.agent.keyring import digest_of
from hocbaso.interfaces.agent.program import Agent, Options
from hocbaso.interfaces.agent.protocol import PairKeys, Transcript, agree
from tests.unit.sandbox.cases import NOW, SHEET, signers

SITE = "https://hocba.example.edu.vn"
PIN = "planted-agent-pin-7"
WHO = "Đặng Bảo Linh (gvcn)"


def teacher() -> SoftwareSigner:
    return signers("p256")[0]


def prepared(count: int) -> list[Prepared]:
    """Homeroom signatures on sheets that differ."""
    signer = teacher()
    sheets = [SHEET.replace(b"79000101", b"79%06d" % number) for number in range(count)]
    return [
        prepare(
            role=SignerRole.HOMEROOM,
            objects=[sheet_object(sheet)],
            signing_time=NOW,
            certificate=signer.certificate,
            chain=signer.chain,
        )
        for sheet in sheets
    ]


def sheet_digest(number: int) -> str:
    return hashlib.sha256(sheet_canonical(SHEET.replace(b"79000101", b"79%06d" % number))).hexdigest()


def list_message(count: int = 3, **changes: Any) -> dict[str, Any]:
    """What a server says of a class."""
    signer, work = teacher(), prepared(count)
    message = {
        "type": "list",
        "pairing": "",
        "nonce": secrets.token_hex(16),
        "role": "gvcn",
        "at": "2026-05-26T08:00:00Z",
        "certificates": [b64(c.public_bytes(Encoding.DER)) for c in (signer.certificate, *signer.chain)],
        "title": "Ký học bạ lớp 3A",
        "school": "Trường Tiểu học Hoa Mai",
        "who": WHO,
        "digest": hashlib.sha256(b"".join(one.digest for one in work)).hexdigest(),
        "items": [
            {
                "id": number + 1,
                "name": f"Nguyễn Phúc Bảo Quỳnh Hương {number}",
                "class": "3A",
                "result": "Hoàn thành tốt",
                "sheet": sheet_digest(number),
                "info": b64(one.signed_info),
            }
            for number, one in enumerate(work)
        ],
    }
    return message | changes


def challenge_text(node: str = SITE, certificate: str = "") -> str:
    return Challenge(
        node=node,
        school="79000101",
        holder="gvcn",
        certificate=certificate or digest_of(teacher().certificate),
        seats=["gvcn/3A/2025-2026/"],
        nonce="ab" * 32,
        expires=datetime(2026, 5, 26, 8, 10, tzinfo=UTC),
    ).text()


def challenge_message(text: str = "") -> dict[str, Any]:
    return {
        "type": "challenge",
        "pairing": "",
        "nonce": secrets.token_hex(16),
        "certificates": [b64(teacher().certificate.public_bytes(Encoding.DER))],
        "title": "Đăng ký chứng thư số",
        "school": "Trường Tiểu học Hoa Mai",
        "who": WHO,
        "text": text or challenge_text(),
    }


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds


class FakeSession:
    """A session that may lose its token after so many values, or give a wrong one."""

    def __init__(self, ring: FakeKeyring) -> None:
        self._ring = ring

    def __enter__(self) -> FakeSession:
        self._ring.open_sessions += 1
        return self

    def __exit__(self, *_: object) -> None:
        self._ring.open_sessions -= 1

    def sign_digests(self, digests: Sequence[bytes]) -> Generator[bytes, None, None]:
        for digest in digests:
            if self._ring.pull_out_after == len(self._ring.signed):
                self._ring.pull_out_after = None
                raise SigningStopped("token_removed")
            self._ring.signed.append(digest)
            yield bytes(64) if self._ring.wrong_values else self._ring.signer.sign_digest(digest)


@dataclass
class FakeKeyring:
    """A plugged-in token; PINs are remembered to see how often each was used."""

    pins: list[str] = field(default_factory=list)
    signed: list[bytes] = field(default_factory=list)
    pull_out_after: int | None = None
    wrong_values: bool = False
    absent: bool = False
    open_sessions: int = 0
    signer: SoftwareSigner = field(default_factory=teacher)
    token: FoundToken = field(init=False)

    def __post_init__(self) -> None:
        shown = (ShownCertificate("01", "", self.signer.certificate),)
        self.token = FoundToken(Path("/x.so"), "Hoa Mai", "1", "", False, shown)

    def find(self) -> list[FoundToken]:
        return [] if self.absent else [self.token]

    def open(self, token: FoundToken, held: ShownCertificate, pin: str) -> FakeSession:
        self.pins.append(pin)
        if pin != PIN:
            self.token = replace(self.token, tries="few")
            raise DomainError("token_pin_wrong", tries="", tries_en="")
        return FakeSession(self)


class Site:
    """The server's half: what ``agent_link`` does, without Django."""

    def __init__(self, origin: str = SITE, account: str = WHO) -> None:
        self.origin, self.account = origin, account
        self.private = X25519PrivateKey.generate()
        self.public = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.keys: PairKeys
        self.pairing = ""

    def prove(self, asked: dict[str, Any], code: str) -> str:
        key = base64.b64decode(asked["key"])
        transcript = Transcript(self.origin, self.account, asked["attempt"], self.public, key)
        self.keys = agree(self.private, key, transcript)
        self.pairing = asked["attempt"]
        return self.keys.proof("site", code)

    def pair(self, desk: Desk) -> str:
        """Pair as a person would who types what the window shows; the page's token."""
        asked = desk.ask_pairing(self.origin, self.account, b64(self.public))
        attempt = desk.pairings.attempt
        assert attempt is not None
        done = desk.finish_pairing(self.origin, asked["attempt"], self.prove(asked, attempt.code))
        assert done["proof"] == self.keys.proof("agent", attempt.code)
        return self.keys.page_token()

    def seal(self, message: dict[str, Any]) -> tuple[str, str]:
        text = json.dumps(message | {"pairing": self.pairing}, ensure_ascii=False)
        return text, self.keys.seal(text)


def finished(desk: Desk) -> Job:
    """The desk's job when its thread rests: over, or waiting for a PIN with the token looked at."""
    job = desk.job
    assert job is not None
    with desk.changed:
        assert desk.changed.wait_for(lambda: job.finished or _rests(job), 30)
    return job


def _rests(job: Job) -> bool:
    return job.state is JobState.WAITING and (job.token is not None or job.error is not None)


@contextmanager
def running(keyring: FakeKeyring | None = None, sites: tuple[str, ...] = (SITE,)) -> Iterator[Agent]:
    """A real server on a free port of this machine."""
    options = Options(sites, browser=False)
    with Agent(options, keyring or FakeKeyring(), clock=Clock()) as agent:  # type: ignore[arg-type]
        yield agent


def call(
    agent: Agent,
    path: str,
    body: object = None,
    *,
    method: str = "POST",
    headers: dict[str, str] | None = None,
    raw: bytes | None = None,
) -> tuple[int, dict[str, str], Any]:
    """One request with exactly these headers (``None`` as a value leaves a usual one out)."""
    connection = http.client.HTTPConnection("127.0.0.1", agent.port, timeout=30)
    content = raw if raw is not None else json.dumps(body).encode() if body is not None else None
    usual = {"Host": f"127.0.0.1:{agent.port}", "Origin": SITE, "Content-Type": "application/json"}
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in (usual | (headers or {})).items():
        if value is not None:
            connection.putheader(name, value)
    if content is not None and "Content-Length" not in (headers or {}):
        connection.putheader("Content-Length", str(len(content)))
    connection.endheaders(content)
    answer = connection.getresponse()
    found = answer.read()
    connection.close()
    kind = answer.headers.get("Content-Type", "")
    data = json.loads(found) if found and kind.startswith("application/json") else found
    return answer.status, {name.lower(): value for name, value in answer.headers.items()}, data
