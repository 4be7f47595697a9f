"""A node whose keys are elsewhere: keys.toml, the sandbox's remote service in this process, people."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from django.test import Client
from django.urls import reverse

from hocbaso.apps.accounts.models import Assignment, Role
from hocbaso.apps.common import clock
from hocbaso.apps.signing import ports
from hocbaso.apps.signing.elsewhere.absent import AbsentKey
from hocbaso.apps.signing.elsewhere.models import KeyPlace
from hocbaso.apps.signing.models import Certificate, SigningBatch
from hocbaso.apps.signing.providers import tokens
from hocbaso.apps.signing.register import registered, store
from hocbaso.apps.transcripts.use_cases.sign_sheets import seat_of
from hocbaso.core.document.model import SignerRole
from hocbaso.sandbox.ca import SandboxAuthority
from hocbaso.sandbox.csc import Behaviour, RemoteSigningService, make_csc_app
from tests.builders import School
from tests.unit.interfaces.web.sheets import code_of, form_of, text

SECRET = "planted-service-secret"
PIN = "planted-remote-pin"
URL = "http://127.0.0.1:8089/csc/v2"


@contextmanager
def node_with(monkeypatch: Any, file: Path, transport: httpx.BaseTransport | None = None) -> Iterator[Any]:
    """The node's provider reads ``file`` for a while."""
    keys = tokens.TokenKeys(file, transport=transport)
    monkeypatch.setattr(ports, "import_string", lambda name: lambda: keys)
    ports.key_provider.cache_clear()
    try:
        yield keys
    finally:
        keys.close()
        ports.key_provider.cache_clear()


@dataclass
class Remote(httpx.BaseTransport):
    """The remote service on a wire that may break, and the person's phone."""

    authority: SandboxAuthority
    behaviour: Behaviour = field(default_factory=Behaviour)
    #: By method: raised instead of an answer, one a call.
    broken: dict[str, list[Exception]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.service = RemoteSigningService(
            self.authority, clock=clock.now, accounts={"nut": SECRET}, behaviour=self.behaviour
        )
        self.wsgi = httpx.WSGITransport(make_csc_app(self.service, sleep=lambda _s: None))
        self.asked: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        method = request.url.path.removeprefix("/csc/v2/")
        self.asked.append(method)
        waiting = self.broken.get(method, [])
        if waiting and (error := waiting.pop(0)):
            raise error
        return self.wsgi.handle_request(request)

    @property
    def otp(self) -> str:
        """What the phone shows."""
        return self.service.outbox[-1].code


def remote_file(folder: Path, *, batch: int = 10, extra: str = "") -> Path:
    secret = folder / "csc.secret"
    secret.write_text(SECRET + "\n")
    secret.chmod(0o600)
    file = folder / "keys.toml"
    file.write_text(
        f'others = "hocbaso.sandbox.wiring.provider"\nsoftware = true\nagent = true\n{extra}\n'
        f'[remote.mau]\nname = "Chữ ký số Mẫu Việt"\nurl = "{URL}"\nuser = "nut"\nbatch = {batch}\n'
        f'secret_file = "{secret}"\n',
        "utf-8",
    )
    return file


def enrolled(remote: Remote, post: Assignment, school: School, *, number: str = "") -> str:
    """A credential of the person at the service, chosen by him and known to the register; its id."""
    credential = remote.authority.issue_person(
        post.user.full_name, number or post.user.username, school.unit.name, key_kind="p256"
    )
    name = remote.service.enrol(credential, PIN)
    choose_remote(post, name, store(credential.certificate))
    register_for(post, school, credential.certificate)
    return name


def choose_remote(post: Assignment, credential: str, certificate: Certificate) -> None:
    KeyPlace.objects.create(
        user=post.user,
        place="remote",
        service="mau",
        credential=credential,
        certificate=certificate,
        chosen_by="test",
        chosen_at=clock.now(),
    )


def register_for(post: Assignment, school: School, certificate: Any) -> None:
    """In the register, as a proof of possession would leave it."""
    from hocbaso.apps.accounts.door import Actor

    actor = Actor.of(post, second_factor=True)
    of_class = post.school_class if post.role == Role.HOMEROOM else None
    role = SignerRole.HOMEROOM if of_class else SignerRole.PRINCIPAL
    seat, _ = seat_of(actor, role, school.unit, of_class)
    registered(actor, AbsentKey(certificate), seat)


@dataclass
class Desk:
    """A teacher before the desk."""

    client: Client
    post: Assignment
    url: str

    def press(self, **values: object) -> Any:
        """Sign everything on the page with a fresh code of the second factor."""
        form = form_of(text(self.client.get(self.url)))
        return self.client.post(self.url, {**form, "viec": "ky", "ma": code_of(self.post), **values})

    def go_on(self, **values: object) -> Any:
        page = text(self.client.get(self.url))
        found = re.search(r'name="lan" value="(\d+)"', page)
        code = {"ma": code_of(self.post)} if 'name="ma"' in page else {}
        sent = {"viec": "ky-tiep", "lan": found[1] if found else "", **code, **values}
        return self.client.post(self.url, sent)

    @property
    def codes_url(self) -> str:
        return reverse("web:signing-codes", args=[SigningBatch.objects.latest("pk").pk])

    def type(self, **values: str) -> Any:
        """The codes on the page that asks for them."""
        page = text(self.client.get(self.codes_url))
        listed = re.search(r'name="danh-sach" value="(\d+)"', page)
        wants = re.findall(r'name="can" value="(\w+)"', page)
        sent = {"viec": "ky", "danh-sach": listed[1] if listed else "", "can": wants}
        return self.client.post(self.codes_url, {**sent, **values})


def homeroom_desk(inside: Callable[..., Client], school: School, post: Assignment) -> Desk:
    return Desk(inside(post), post, reverse("web:signing-class", args=[school.classes["3A"].pk]))
