"""``keys.toml``: what a node offers, and secrets that only the server may read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from hocbaso.apps.signing.providers.keys_file import read_keys_file
from hocbaso.apps.signing.providers.tokens import TokenKeys
from hocbaso.core.errors import DomainError

SECRET = "planted-account-secret"
REMOTE = '[remote.mau]\nurl = "https://ky.example.vn/csc/v2"\nuser = "nut"\n'


def written(folder: Path, text: str) -> Path:
    file = folder / "keys.toml"
    file.write_text(f'others = "some.provider"\n{text}', "utf-8")
    return file


def secret_file(folder: Path, mode: int = 0o600, content: str = SECRET + "\n") -> Path:
    file = folder / "csc.secret"
    file.write_text(content)
    file.chmod(mode)
    return file


def test_a_remote_service_has_its_secret_from_a_closed_file(tmp_path: Path) -> None:
    file = written(tmp_path, f'agent = true\n{REMOTE}secret_file = "{secret_file(tmp_path)}"\nbatch = 20\n')
    found = read_keys_file(file)
    service = found.services["mau"]
    assert (found.agent, found.software, service.name) == (True, False, "mau")
    assert (service.settings.secret, service.settings.batch) == (SECRET, 20)
    assert SECRET not in repr(found)


def test_or_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(tmp_path, REMOTE + 'secret_env = "HOCBASO_TEST_CSC"\n')
    monkeypatch.setenv("HOCBASO_TEST_CSC", SECRET)
    assert read_keys_file(file).services["mau"].settings.secret == SECRET
    monkeypatch.delenv("HOCBASO_TEST_CSC")
    with pytest.raises(ImproperlyConfigured):
        read_keys_file(file)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_secret_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    file = written(tmp_path, f'{REMOTE}secret_file = "{secret_file(tmp_path, mode)}"\n')
    with pytest.raises(ImproperlyConfigured) as refused:
        read_keys_file(file)
    assert "chmod 600" in str(refused.value)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        REMOTE,  # no secret named
        f'{REMOTE}secret = "{SECRET}"\n',
        f'{REMOTE}pin = "1234"\n',
        REMOTE + 'secret_file = "csc.secret"\n',
        REMOTE + 'secret_file = "/nowhere/csc.secret"\n',
        '[remote.mau]\nauth = "none"\n',
        '[remote.mau]\nurl = "https://a.vn"\nauth = "else"\n',
        '[remote.mau]\nurl = "https://a.vn"\nauth = "none"\nbatch = 0\n',
        'remote = "x"\n',
        'agent = "yes"\n',
    ],
)
def test_a_mistake_is_told_when_the_file_is_read(tmp_path: Path, text: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        read_keys_file(written(tmp_path, text))
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("content", ["", "\n", "a\nb\n", "x" * 5000])
def test_an_empty_or_strange_secret_is_refused(tmp_path: Path, content: str) -> None:
    file = written(tmp_path, f'{REMOTE}secret_file = "{secret_file(tmp_path, content=content)}"\n')
    with pytest.raises(ImproperlyConfigured):
        read_keys_file(file)


def test_software_keys_sign_in_a_trial_node_alone(tmp_path: Path, settings: Any) -> None:
    file = tmp_path / "keys.toml"
    file.write_text('others = "hocbaso.sandbox.wiring.provider"\nsoftware = true\n', "utf-8")
    keys = TokenKeys(file)
    whose = {"account": "an", "name": "An", "personal_number": "", "school_code": "1", "school": "X"}
    assert keys.person(**whose).certificate
    settings.HOCBASO_ENVIRONMENT = "chinh_thuc"
    for ask in (lambda: keys.person(**whose), lambda: keys.organisation(code="1", name="X")):
        with pytest.raises(DomainError) as refused:
            ask()
        assert refused.value.code == "no_key"
