"""``hocbaso account …``."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from typer.testing import CliRunner

from hocbaso.apps.accounts.models import Role, StaffMember, User
from hocbaso.apps.audit.models import Event
from hocbaso.interfaces.cli import accounts, main
from tests.unit.apps.accounts import people

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_setup(monkeypatch, settings):
    monkeypatch.setattr(main, "use_database", lambda: None)  # it stands already
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher",
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    ]


@pytest.fixture
def school():
    made = people.school()
    for code, role in (("CB01", Role.PRINCIPAL), ("CB02", Role.GROUP_HEAD)):
        user = User.objects.create(username=code.lower(), full_name=f"Người {code}", password="!")
        StaffMember.objects.create(organisation=made, code=code, full_name=user.full_name, user=user)
        people.post(user, made, role)
    return made


def run(*arguments: str, status: int = 0):
    result = CliRunner().invoke(accounts.commands, [*arguments, "--json"])
    assert result.exit_code == status, result.output
    return json.loads(result.stdout)


def test_codes_open_every_account_and_are_shown_once(school):
    shown = run("codes", "--school", school.code)["codes"]
    assert [c["username"] for c in shown] == ["cb01", "cb02"]
    for one in shown:
        assert User.objects.get(username=one["username"]).check_password(one["code"])
        response = Client().post("/", {"username": one["username"], "password": one["code"]})
        assert response.headers["Location"] == "/mat-khau"
        assert one["code"] not in str(list(Event.objects.values_list("details", flat=True)))


def test_reset_gives_a_code_that_must_be_changed(school):
    shown = run("reset", "cb01")
    user = User.objects.get(username="cb01")
    assert user.check_password(shown["code"])
    assert user.must_change_password
    assert Event.objects.filter(action="accounts.reset_access", target="cb01", channel="cli").exists()


def test_an_unknown_account_or_school_is_unusable_input(school):
    assert run("reset", "ai-do", status=2)["error"]["code"] == "account_not_found"
    assert run("codes", "--school", "x", status=2)["error"]["code"] == "school_not_found"
    assert run("list", "--school", "x", status=2)["error"]["code"] == "school_not_found"


def test_the_list_tells_state_and_posts(school):
    stranger = people.user("khach", "Khách")
    people.post(stranger, school, Role.AUDITOR)
    rows = run("list", "--school", school.code)["accounts"]
    assert [(r["username"], r["state"], [p["role"] for p in r["posts"]]) for r in rows] == [
        ("cb01", "waiting", ["hieu_truong"]),
        ("cb02", "waiting", ["to_truong"]),
        ("khach", "in_use", ["kiem_toan"]),
    ]
    assert not any(r["second_factor"] for r in rows)
    words = CliRunner().invoke(accounts.commands, ["list", "--school", school.code])
    assert words.exit_code == 0
