"""A node whose keys are on tokens: the file, the session, and a list that stops and goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from hocbaso.apps.signing.ports import key_provider
from hocbaso.apps.signing.providers import tokens
from hocbaso.core.errors import DomainError
from tests.interop.softhsm import PIN, SoftToken, module, new_token
from tests.unit.sandbox.cases import sandbox

pytestmark = pytest.mark.interop

TEACHER = {
    "account": "gvcn",
    "name": "Đặng Bảo Linh",
    "personal_number": "080195112649",
    "school_code": "79000101",
    "school": "Trường Tiểu học Hoa Mai",
}


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> SoftToken:
    made = new_token(tmp_path_factory.mktemp("softhsm") / "t")
    teacher = sandbox("p256").issue_person(TEACHER["name"], TEACHER["personal_number"], TEACHER["school"])
    made.add(teacher, "01", "teacher")
    made.add(sandbox("p256").issue_organisation("79000101", TEACHER["school"]), "02", "seal")
    return made


def written(folder: Path, token: SoftToken, extra: str = "") -> Path:
    file = folder / tokens.FILE
    file.write_text(
        f'module = "{module()}"\nothers = "hocbaso.sandbox.wiring.provider"\n{extra}\n'
        f'[environment]\nSOFTHSM2_CONF = "{token.environment["SOFTHSM2_CONF"]}"\n'
        f'[accounts.gvcn]\ntoken = "{token.label}"\nholder = "080195112649"\n'
        f'[seals."79000101"]\ntoken = "{token.label}"\nid = "02"\n',
        "utf-8",
    )
    return file


@pytest.fixture
def keys(token: SoftToken, tmp_path: Path) -> Iterator[tokens.TokenKeys]:
    made = tokens.TokenKeys(written(tmp_path, token))
    yield made
    made.close()


def test_a_session_opened_with_the_holders_pin_serves_until_it_is_locked(keys: tokens.TokenKeys) -> None:
    with pytest.raises(DomainError) as closed:
        keys.person(**TEACHER)
    assert closed.value.code == "token_session_needed"
    with pytest.raises(DomainError) as wrong:
        keys.unlock(account="gvcn", pin="planted-wrong")
    assert wrong.value.code == "token_pin_wrong"
    keys.unlock(account="gvcn", pin=PIN)
    teacher = keys.person(**TEACHER)
    assert teacher is keys.person(**TEACHER), "one session"
    keys.unlock(seal="79000101", pin=PIN)
    seal = keys.organisation(code="79000101", name="")
    assert len(teacher.sign_digest(bytes(32))) == len(seal.sign_digest(bytes(32))) == 64
    assert teacher.certificate != seal.certificate
    keys.lock(account="gvcn")
    with pytest.raises(DomainError):
        keys.person(**TEACHER)
    assert seal.sign_digest(bytes(32))
    assert PIN not in repr(vars(keys))


@pytest.fixture
def machine(token: SoftToken, tmp_path: Path) -> Iterator[tokens.TokenKeys]:
    """A node with a key of its own and a seal in the server room; a file of the server holds their PIN."""
    pin = pin_file(tmp_path, PIN)
    own = f'[node]\ntoken = "{token.label}"\nid = "02"\npin_file = "{pin}"\n'
    file = written(tmp_path, token)
    text = f'{file.read_text("utf-8")}pin_file = "{pin}"\n{own}'
    file.write_text(text, "utf-8")
    with pytest.raises(ImproperlyConfigured, match="opens a person's key too"):
        tokens.TokenKeys(file)
    file.write_text(
        text.replace(f'[accounts.gvcn]\ntoken = "{token.label}"', '[accounts.gvcn]\ntoken = "Khac"'), "utf-8"
    )
    made = tokens.TokenKeys(file)
    yield made
    made.close()


def pin_file(folder: Path, pin: str) -> Path:
    file = folder / "pin.secret"
    file.write_text(f"{pin}\n")
    file.chmod(0o600)
    return file


def test_the_node_opens_its_own_key_and_the_seal_of_renditions_and_issues_nothing_by_itself(
    machine: tokens.TokenKeys,
) -> None:
    assert len(machine.codes(name="Nút").sign_digest(bytes(32))) == 64
    rendering = machine.renditions(code="79000101", name="Hoa Mai")
    assert rendering is machine.renditions(code="79000101", name="Hoa Mai"), "one session"
    with pytest.raises(DomainError) as issuing:
        machine.organisation(code="79000101", name="Hoa Mai")
    assert issuing.value.code == "token_session_needed"
    assert PIN not in repr(vars(machine))


def test_a_wrong_pin_of_the_file_is_tried_once_and_never_where_the_token_has_heard_a_wrong_one(
    machine: tokens.TokenKeys, tmp_path: Path
) -> None:
    pin_file(tmp_path, "planted-wrong")
    for _ in range(5):  # a token locks itself after fewer
        with pytest.raises(DomainError) as refused:
            machine.codes(name="Nút")
        assert refused.value.code == "token_pin_file_wrong"
    pin_file(tmp_path, PIN)
    with pytest.raises(DomainError) as warned:
        machine.codes(name="Nút")
    assert warned.value.code == "token_pin_file_wrong"
    machine.unlock(seal="79000101", pin=PIN)  # somebody who knows it: the token counts anew
    assert machine.codes(name="Nút").sign_digest(bytes(32))


def test_without_a_file_renditions_are_refused_in_words_and_a_persons_pin_is_in_no_file(
    keys: tokens.TokenKeys, token: SoftToken, tmp_path: Path
) -> None:
    with pytest.raises(DomainError) as refused:
        keys.renditions(code="79000101", name="Trường Hoa Mai")
    assert refused.value.code == "rendition_seal_absent"
    assert "Trường Hoa Mai" in refused.value.message
    extra = f'accounts.x = {{token = "a", pin_file = "{pin_file(tmp_path, PIN)}"}}'
    with pytest.raises(ImproperlyConfigured):
        tokens.TokenKeys(written(tmp_path, token, extra))


def test_who_has_no_token_has_no_key(keys: tokens.TokenKeys) -> None:
    with pytest.raises(DomainError) as refused:
        keys.person(**{**TEACHER, "account": "khac"})
    assert refused.value.code == "no_key"


def test_what_is_not_about_keys_comes_from_the_named_provider(keys: tokens.TokenKeys) -> None:
    assert keys.trust().anchors == key_provider().trust().anchors


@pytest.mark.parametrize(
    "extra", ['pin = "1234"', 'accounts.x = {token = "a", pin = "1"}', "others = 1", "["]
)
def test_a_file_with_a_pin_or_a_mistake_is_refused(token: SoftToken, tmp_path: Path, extra: str) -> None:
    with pytest.raises(ImproperlyConfigured):
        tokens.TokenKeys(written(tmp_path, token, extra))
    with pytest.raises(ImproperlyConfigured):
        tokens.TokenKeys(tmp_path / "none.toml")
