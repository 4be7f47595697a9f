"""The sandbox's help for strangers, and that a genuine node never gives it."""

from __future__ import annotations

import html
import re
from types import SimpleNamespace

import pyotp
import pytest
from django.test import Client

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.accounts.use_cases import second_factor as sf
from hocbaso.apps.common import clock
from hocbaso.config import environment
from hocbaso.interfaces.web import demo
from tests.unit.apps.accounts import people

pytestmark = pytest.mark.django_db
ACCOUNTS = [
    SimpleNamespace(school="Trường A", post="Hiệu trưởng", username="a.ht", name="An"),
    SimpleNamespace(school="Trường A", post="Văn thư", username="a.vt", name="Bình"),
    SimpleNamespace(school="Trường <B>", post="Hiệu trưởng", username="b.ht", name="<script>"),
]


@pytest.fixture
def sandbox(settings, monkeypatch):
    settings.HOCBASO_DEMO = True
    seeding = SimpleNamespace(PASSWORD="mat-khau-chung", demo_accounts=lambda: ACCOUNTS)
    monkeypatch.setattr(demo, "import_module", lambda _name: seeding)


@pytest.fixture
def halfway(school):
    """Somebody whose password was right and whose code is asked for."""
    person = people.user()
    people.post(person, school, Role.PRINCIPAL)
    sf.propose_secret(user=person)
    person.totp_confirmed_at = clock.now()
    person.save()
    client = Client(headers={"accept-language": "vi"})
    client.force_login(person)
    return client, person


def text(response):
    return html.unescape(response.content.decode())


def test_the_door_lists_accounts_and_a_link_fills_the_form(sandbox):
    client = Client(headers={"accept-language": "vi"})
    page = text(client.get("/"))
    assert "Hộp cát" in page
    assert "mat-khau-chung" in page
    assert 'href="?u=a.vt"' in page
    assert page.index("Trường A") < page.index("a.ht") < page.index("a.vt") < page.index("b.ht")
    assert 'value="mat-khau-chung"' not in page
    page = text(client.get("/?u=a.vt"))
    assert re.search(r'name="username" value="a.vt"', page)
    assert 'value="mat-khau-chung"' in page


def test_names_of_accounts_are_text(sandbox):
    assert b"<script>" not in Client().get("/?u=<script>").content


def test_the_code_on_the_page_opens_the_door(sandbox, halfway):
    client, _person = halfway
    page = text(client.get("/ma-xac-nhan"))
    code = re.search(r"mã hiện tại (\d{3} \d{3})", page)[1]
    assert client.post("/ma-xac-nhan", {"code": code}).headers["Location"] == "/vi-tri"


def test_a_used_code_is_followed_by_one_that_is_taken_at_once(sandbox, halfway):
    client, person = halfway
    first = client.get("/hop-cat/ma").json()["code"]
    sf.confirm_totp(user=person, code=first)
    second = client.get("/hop-cat/ma").json()["code"]
    assert second != first
    sf.confirm_totp(user=person, code=second)
    third = client.get("/hop-cat/ma").json()
    assert third["code"] == ""
    assert 0 < third["wait"] <= 30


def test_the_code_is_that_of_whoever_asks(sandbox, halfway):
    client, person = halfway
    assert client.get("/hop-cat/ma").json()["code"] == pyotp.TOTP(person.totp_secret).at(clock.now())
    assert Client().get("/hop-cat/ma").status_code == 404


@pytest.mark.parametrize(
    ("demo_on", "kind"), [(False, "thu_nghiem"), (True, "chinh_thuc"), (False, "chinh_thuc")]
)
def test_elsewhere_there_is_no_such_help(settings, monkeypatch, halfway, demo_on, kind):
    settings.HOCBASO_DEMO, settings.HOCBASO_ENVIRONMENT = demo_on, kind
    monkeypatch.setattr(demo, "import_module", lambda name: pytest.fail(f"{name} was asked for"))
    client, person = halfway
    assert client.get("/hop-cat/ma").status_code == 404
    page = text(client.get("/ma-xac-nhan"))
    assert pyotp.TOTP(person.totp_secret).at(clock.now()) not in page.replace(" ", "")
    assert "demo-code" not in page
    door = text(Client().get("/?u=a.vt"))
    assert "demo-door" not in door
    assert "a.vt" not in door.replace("/?u=a.vt", "")


def test_a_genuine_node_cannot_be_told_to_be_a_demo(tmp_path):
    values = {"HOCBASO_HOME": str(tmp_path), "HOCBASO_DEMO": "1", "HOCBASO_KEY_PROVIDER": "some.where"}
    assert environment.read(values).demo is True
    assert environment.read(values | {"HOCBASO_ENVIRONMENT": "chinh_thuc"}).demo is False


def test_the_real_seed_has_what_the_door_asks_for(settings):
    settings.HOCBASO_DEMO = True
    assert demo.door() is None  # nothing seeded here: no empty frame is shown
