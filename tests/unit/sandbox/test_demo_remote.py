"""The demo's remote signing service: chosen beside the software key, its texts on the page, nowhere else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
from django.core.exceptions import ImproperlyConfigured
from typer.testing import CliRunner

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.signing import ports
from hocbaso.apps.signing.elsewhere import runs
from hocbaso.apps.transcripts.models import SheetSignature
from hocbaso.interfaces.cli import node
from hocbaso.sandbox.csc import RemoteSigningService
from hocbaso.sandbox.demo import remote
from hocbaso.sandbox.demo.keys import PIN, DemoKeys
from hocbaso.sandbox.server import make_app
from tests.unit.interfaces.web.conftest import *  # noqa: F403  the clients of the web tests
from tests.unit.interfaces.web.places import Desk, homeroom_desk
from tests.unit.interfaces.web.sheets import closed_school, post_of, text

pytestmark = pytest.mark.django_db
PLACES = "/tai-khoan/khoa-ky/"


@pytest.fixture
def desk(inside: Any, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Any:
    """A homeroom teacher of a demo school before the desk; everything in this thread."""
    settings.HOCBASO_DEMO = True
    monkeypatch.setattr(runs, "start", runs.carry)
    school = closed_school(3)
    post = post_of(school, Role.HOMEROOM, "3A")
    remote.seed([school.unit], school.unit)
    remote.seed([school.unit], school.unit)  # again: nothing changes
    keys = DemoKeys()
    keys._transport = httpx.WSGITransport(make_app(keys.authority))
    monkeypatch.setattr(ports, "import_string", lambda name: lambda: keys)
    ports.key_provider.cache_clear()
    yield homeroom_desk(inside, school, post)
    ports.key_provider.cache_clear()


def choose(desk: Desk, place: str) -> str:
    return text(desk.client.post(PLACES, {"noi-giu": place, "tim": "1"}, follow=True))


def test_a_teacher_of_the_demo_signs_with_pin_and_the_code_on_the_pages_phone(desk: Desk) -> None:
    page = text(desk.client.get(PLACES))
    assert "Khóa thử nghiệm của hộp cát" in page
    assert "Ký từ xa qua nhà cung cấp thử nghiệm (hộp cát)" in page
    assert "Có trong sổ đăng ký" in choose(desk, "remote:thu-nghiem")
    desk.press()
    page = text(desk.client.get(desk.codes_url))
    code = re.search(r"điện thoại vừa nhận mã (\d{3}) (\d{3})", page)
    digest = re.search(r'list-digest">([0-9A-F ]{39})<', page)
    assert code is not None
    assert digest is not None
    assert page.count(digest[1]) == 2  # the list, and what the text says of it
    assert f'Mã PIN thử nghiệm là <span class="code">{PIN}' in page
    assert desk.type(otp=code[1] + code[2], pin=PIN).status_code == 302
    assert SheetSignature.objects.count() == 3


def test_the_software_key_stays_and_a_page_outside_the_demo_has_no_phone(desk: Desk, settings: Any) -> None:
    choose(desk, "remote:thu-nghiem")
    desk.press()
    settings.HOCBASO_DEMO = False
    assert "Hộp cát" not in text(desk.client.get(desk.codes_url)).partition("<main")[2]
    settings.HOCBASO_DEMO = True
    assert "Đang dùng" in choose(desk, "node")
    desk.go_on()
    assert SheetSignature.objects.count() == 3


def test_the_service_knows_its_people_after_a_restart(desk: Desk) -> None:
    authority = ports.key_provider().authority  # type: ignore[attr-defined]
    number = desk.post.user.username

    def asked(method: str, body: dict[str, str]) -> dict[str, Any]:
        service = RemoteSigningService(authority)
        token = service.handle("auth/login", {}, httpx.BasicAuth("nut", "bi-mat-thu-nghiem")._auth_header)
        return service.handle(method, body, f"Bearer {token['access_token']}")

    [credential] = asked("credentials/list", {"userID": number})["credentialIDs"]
    assert number in asked("credentials/info", {"credentialID": credential})["cert"]["subjectDN"]
    assert asked("credentials/list", {"userID": "079000000000"})["credentialIDs"] == []


@pytest.mark.parametrize(("demo", "environment"), [(False, "thu_nghiem"), (True, "chinh_thuc")])
def test_a_node_that_is_no_demo_has_no_such_keys(settings: Any, demo: bool, environment: str) -> None:
    settings.HOCBASO_DEMO, settings.HOCBASO_ENVIRONMENT = demo, environment
    with pytest.raises(ImproperlyConfigured):
        DemoKeys()


@pytest.mark.parametrize(
    "environment",
    [
        {"HOCBASO_ENVIRONMENT": "chinh_thuc"},
        {"HOCBASO_KEY_PROVIDER": "hocbaso.apps.signing.providers.tokens.provider"},
        {},  # the shell says nothing, the home has a trust store
    ],
)
def test_the_demo_is_never_made_in_a_real_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    for name in ("HOCBASO_ENVIRONMENT", "HOCBASO_KEY_PROVIDER"):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / "home"
    home.mkdir()
    if not environment:
        (home / "trust.toml").touch()
    monkeypatch.setenv("HOCBASO_HOME", str(home))
    monkeypatch.setenv("HOCBASO_DEMO", "0")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    before = set(home.iterdir())
    app = typer.Typer()
    app.command()(node.demo)
    answer = CliRunner().invoke(app, ["--seed-only", "--json"])
    assert answer.exit_code == 1
    assert "demo_not_here" in answer.output
    assert set(home.iterdir()) == before
