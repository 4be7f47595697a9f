"""The node's time-stamp authorities by ``HOCBASO_TSA`` and ``tsa.toml``: order, names, no secret in sight."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection

from hocbaso.apps.common import clock
from hocbaso.apps.signing.ports import key_provider
from hocbaso.apps.signing.providers import tokens
from hocbaso.apps.signing.providers.tokens import TokenKeys
from hocbaso.apps.signing.stamping import node
from hocbaso.apps.signing.stamping.configuration import configured
from hocbaso.apps.signing.stamping.memory import DatabaseMemory
from hocbaso.apps.signing.stamping.models import AuthorityHealth
from hocbaso.config.environment import WrongEnvironment, read
from hocbaso.engines.trust.breakers import Health, Rules
from hocbaso.engines.trust.stampers import Named

FIRST, SECOND = "https://tsa.example.vn/tsa", "http://dau.example.vn/"
TEXT = f"""
[[authority]]
url = "{FIRST}"
name = "VGCA"
user = "nut-79"
password = "mat-khau-bi-mat"
timeout = 5

[[authority]]
url = "{SECOND}"
name = "Dấu công cộng"
lanes = 2
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tsa.toml"
    path.write_text(TEXT, "utf-8")
    path.chmod(0o600)
    return path


def test_the_file_gives_names_and_the_variable_the_order(file: Path) -> None:
    assert [one.name for one in configured((), file)] == ["VGCA", "Dấu công cộng"]
    first, second = configured((SECOND, FIRST), file)
    assert (first.name, first.lanes, second.name, second.lanes, second.patience) == (
        "Dấu công cộng",
        2,
        "VGCA",
        8,
        9.0,
    )
    assert "mat-khau" not in f"{second!r} {second.authority!r} {vars(second.authority)!r}"


def test_an_address_without_entry_has_its_own_name_and_no_file_is_no_authority(tmp_path: Path) -> None:
    (one,) = configured(("https://tsa.example.vn:8443/tsa/",), tmp_path / "tsa.toml")
    assert one.name == "tsa.example.vn:8443/tsa"
    assert configured((), tmp_path / "tsa.toml") == ()


@pytest.mark.parametrize(
    "text",
    [
        TEXT + '\n[[authority]]\nurl = "https://tsa.example.vn/tsa"\n',
        TEXT.replace('name = "VGCA"', 'name = "Dấu công cộng"'),
        TEXT.replace("password", "pasword"),
        TEXT.replace("timeout = 5", 'timeout = "5"'),
        TEXT.replace("timeout = 5", "timeout = 0"),
        TEXT.replace("https://tsa", "http://tsa"),  # a password in the open
        TEXT.replace("https://tsa", "https://nut:mat-khau-bi-mat@tsa"),
        TEXT.replace("timeout = 5", 'ca_file = "khong-co.pem"'),
        TEXT.replace('password = "mat-khau-bi-mat"', 'password = "mat-khau-bi-mat'),
        'url = "https://tsa.example.vn"',
    ],
)
def test_what_cannot_be_right_is_refused_without_telling_the_secret(file: Path, text: str) -> None:
    file.write_text(text, "utf-8")
    with pytest.raises(ImproperlyConfigured) as refused:
        configured((), file)
    assert "mat-khau" not in str(refused.value)


def test_secrets_that_others_may_read_are_refused(file: Path) -> None:
    file.chmod(0o640)
    with pytest.raises(ImproperlyConfigured, match="0600"):
        configured((), file)
    file.write_text(TEXT.replace('password = "mat-khau-bi-mat"', ""), "utf-8")
    assert len(configured((), file)) == 2


def test_the_variable_holds_addresses_only(tmp_path: Path) -> None:
    home = {"HOCBASO_HOME": str(tmp_path)}
    assert read({**home, "HOCBASO_TSA": f"{FIRST}, {SECOND} {FIRST}"}).tsa == (FIRST, SECOND)
    assert read(home).tsa == ()
    for wrong in ("tsa.example.vn", "https://nut:mat-khau@tsa.example.vn", "file:///etc/passwd"):
        with pytest.raises(WrongEnvironment, match="HOCBASO_TSA") as refused:
            read({**home, "HOCBASO_TSA": wrong})
        assert "mat-khau" not in str(refused.value)


@pytest.mark.django_db
def test_health_is_shared_written_when_it_changes_and_now_and_then_otherwise() -> None:
    mine, others = DatabaseMemory(), DatabaseMemory()
    now, healthy = clock.now(), Health().succeeded(clock.now(), 20.0)
    mine.note("VGCA", Health(), healthy)
    later = healthy.succeeded(now + timedelta(seconds=5), 30.0)
    mine.note("VGCA", healthy, later)
    assert others.read(["VGCA"])["VGCA"] == healthy  # five seconds later: not worth a write
    failed = later.failed(now + timedelta(seconds=6), "HTTP 503", Rules(failures=1))
    mine.note("VGCA", later, failed)
    assert others.read(["VGCA", "khác"]) == {"VGCA": failed}


@pytest.mark.django_db
def test_a_table_that_cannot_be_written_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with connection.execute_wrapper(_broken):
        DatabaseMemory().note("VGCA", Health(), Health().failed(clock.now(), "HTTP 503", Rules()))
    assert "was not written" in caplog.text
    assert not AuthorityHealth.objects.exists()


def _broken(execute, sql, params, many, context):
    if sql.startswith("INSERT"):
        raise OperationalError("database is locked")
    return execute(sql, params, many, context)


@pytest.mark.django_db
def test_a_node_with_tokens_uses_its_own_authorities_and_else_those_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "keys.toml"
    file.write_text('module = "/usr/lib/token.so"\nothers = "hocbaso.sandbox.wiring.provider"\n', "utf-8")
    file.chmod(0o600)
    digest, second = bytes(32), key_provider().authority.stampers()[1]
    assert TokenKeys(file).stamper().stamp_checked(digest).authority == "VGCA thử nghiệm"
    monkeypatch.setattr(tokens, "configured", lambda: (Named("Dấu của tỉnh", second),))
    own = TokenKeys(file).stamper()
    assert own.stamp_checked(digest).authority == "Dấu của tỉnh"
    assert own.names == ("Dấu của tỉnh",)


def test_a_file_that_cannot_be_right_stops_the_start(
    file: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.HOCBASO_HOME = file.parent
    monkeypatch.setattr(node, "configured", node.configured.__wrapped__)
    apps.get_app_config("signing_stamping").ready()
    file.write_text(TEXT.replace("password", "pasword"), "utf-8")
    with pytest.raises(ImproperlyConfigured, match="pasword"):
        apps.get_app_config("signing_stamping").ready()
