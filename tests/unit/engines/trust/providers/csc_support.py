"""A client in front of the sandbox's remote-signing provider, in this process, with a clock of its own."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import httpx

from hocbaso.core.document.model import SignerRole
from hocbaso.engines.trust.providers.csc import CscClient, RemoteSigner
from hocbaso.engines.trust.providers.csc_model import CodeQuestion, Codes, CscSettings
from hocbaso.engines.trust.xades import Prepared
from hocbaso.sandbox.csc import MOUNT, Behaviour, RemoteSigningService, make_csc_app
from hocbaso.sandbox.profiles import KeyKind
from tests.unit.sandbox.cases import NOW, prepare_step, sandbox

URL = f"http://127.0.0.1:8089{MOUNT}"
SECRET = "planted-account-secret"
PIN = "planted-remote-pin"


class Provider(httpx.BaseTransport):
    """The service, the wire to it (which can break), and the person with the phone."""

    def __init__(self, kind: KeyKind = "p256", **behaviour: object) -> None:
        self.seconds = 0.0
        self.service = RemoteSigningService(
            sandbox(kind), clock=self.now, accounts={"nut": SECRET}, behaviour=Behaviour(**behaviour)
        )
        credential = sandbox(kind).issue_person("Đặng Bảo Linh", "080195112649", "Trường Tiểu học Hoa Mai")
        self.credential_id = self.service.enrol(credential, PIN)
        self.questions: list[CodeQuestion] = []
        self.sent: list[tuple[str, bytes]] = []
        #: By method: raised instead of the answer; the service has done the work when it says so.
        self.broken: dict[str, list[tuple[bool, Exception]]] = {}
        self._wsgi = httpx.WSGITransport(
            make_csc_app(self.service, sleep=self.sleep), raise_app_exceptions=True
        )

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        method = request.url.path.removeprefix(f"{MOUNT}/")
        self.sent.append((method, request.read()))
        for done, error in self.broken.get(method, [])[:1]:
            self.broken[method].pop(0)
            if done:
                self._wsgi.handle_request(request).read()
            raise error
        return self._wsgi.handle_request(request)

    def asked(self, method: str) -> list[dict[str, object]]:
        """The bodies sent to ``method``."""
        return [json.loads(body) for name, body in self.sent if name == method]

    def client(self, auth: str = "oauth2", **settings: object) -> CscClient:
        made = CscSettings(url=URL, auth=auth, user="nut", secret=SECRET, batch=4, **settings)  # type: ignore[arg-type]
        return CscClient(made, transport=self, steady=lambda: self.seconds, sleep=self.sleep)

    def person(self, question: CodeQuestion) -> Codes | None:
        """Reads the phone and types."""
        self.questions.append(question)
        otp = self.service.outbox[-1].code if self.service.outbox else ""
        return Codes({"OTP": otp, "PIN": PIN})

    def signer(
        self, ask: Callable[[CodeQuestion], Codes | None] | None = None, **settings: object
    ) -> RemoteSigner:
        client = self.client(**settings)  # type: ignore[arg-type]
        return RemoteSigner(client, client.credential(self.credential_id), ask or self.person)


def class_of(signer: object, count: int = 10) -> list[Prepared]:
    """What a homeroom teacher signs of a class."""
    from tests.unit.sandbox.cases import SHEET

    return [
        prepare_step(SignerRole.HOMEROOM, signer, sheet=SHEET.replace(b"79000101", b"7900%04d" % number))  # type: ignore[arg-type]
        for number in range(count)
    ]


def traces(error: BaseException) -> Iterator[str]:
    """Everything that a log or an error page could show of an error."""
    while error is not None:
        yield from (str(error), repr(error), repr(error.args), repr(vars(error)))
        error = error.__cause__ or error.__context__  # type: ignore[assignment]


def cannot_be_pickled(value: object) -> bool:
    try:
        pickle.dumps(value)
    except TypeError:
        return True
    return False
