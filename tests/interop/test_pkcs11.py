"""Signing with keys on a token: SoftHSM2 through its own driver, in a process of its own."""

from __future__ import annotations

import gc
import hashlib
import logging
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType, SimpleNamespace

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

import hocbaso
from hocbaso.core.errors import DomainError
from hocbaso.engines.trust import xades
from hocbaso.engines.trust.keys import verify_digest
from hocbaso.engines.trust.providers import pkcs11
from hocbaso.engines.trust.providers.listing import NotSigned, left_over, sign_list
from hocbaso.engines.trust.providers.pkcs11 import (
    Patience,
    PinQuestion,
    TokenAddress,
    TokenSigner,
    driver_environment,
    failure,
    open_token,
)
from hocbaso.engines.trust.providers.stops import SigningStopped
from hocbaso.engines.trust.providers.token_choice import KeyChoice
from hocbaso.sandbox.ca import StoredCredential
from hocbaso.sandbox.profiles import KeyKind
from tests.interop.softhsm import PIN, SO_PIN, SoftToken, new_token
from tests.unit.engines.trust.providers.csc_support import cannot_be_pickled, class_of, traces
from tests.unit.sandbox.cases import sandbox

pytestmark = pytest.mark.interop

DIGESTS = [hashlib.sha256(b"%d" % number).digest() for number in range(200)]
TEACHER = ("Đặng Bảo Linh", "080195112649", "Trường Tiểu học Hoa Mai")


def _credential(kind: KeyKind) -> StoredCredential:
    return sandbox("p256").issue_person(*TEACHER, key_kind=kind)


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> SoftToken:
    """A token with an RSA and a P-256 key of one teacher, and the issuer's certificate."""
    made = new_token(tmp_path_factory.mktemp("softhsm") / "t")
    made.add(_credential("rsa2048"), "01", "rsa2048")
    made.add(_credential("p256"), "02", "p256")
    issuer = made.folder / "issuer.der"
    issuer.write_bytes(_credential("p256").chain[0].public_bytes(Encoding.DER))
    made.write_certificate(issuer, "ff", "issuer")
    return made


@pytest.fixture
def own_token(token: SoftToken, tmp_path: Path) -> SoftToken:
    """A copy that a test may ruin."""
    copy = SoftToken(tmp_path / "t", token.label)
    shutil.copytree(token.tokens, copy.tokens)
    (copy.folder / "softhsm2.conf").write_text(
        (token.folder / "softhsm2.conf").read_text().replace(str(token.tokens), str(copy.tokens))
    )
    return copy


def opened(token: SoftToken, label: str = "p256", pin: str | None = PIN, **options: object) -> TokenSigner:
    return open_token(
        token.address,
        lambda _: pin,
        choice=KeyChoice(label=label),
        environment=token.environment,
        **options,  # type: ignore[arg-type]
    )


def refused(token: SoftToken, **options: object) -> DomainError:
    """What opening is refused with."""
    with pytest.raises(DomainError) as caught:
        opened(token, **options)  # type: ignore[arg-type]
    return caught.value


@pytest.mark.parametrize("kind", ["rsa2048", "p256"])
def test_a_class_is_signed_in_one_session_with_one_pin(token: SoftToken, kind: KeyKind) -> None:
    asked: list[PinQuestion] = []

    def ask(question: PinQuestion) -> str:
        asked.append(question)
        return PIN

    choice = KeyChoice(label=kind, holder="080195112649")
    with open_token(token.address, ask, choice=choice, environment=token.environment) as signer:
        assert signer.certificate == _credential(kind).certificate
        assert signer.chain == _credential(kind).chain, "from the token itself"
        texts = list(sign_list(signer, class_of(signer, 12)))
        assert all(isinstance(text, bytes) and xades.read_signature(text).value_is_valid() for text in texts)
        assert verify_digest(signer.certificate, DIGESTS[0], signer.sign_digest(DIGESTS[0]))
    assert [question.token for question in asked] == [token.label]
    assert signer.closed
    with pytest.raises(SigningStopped) as caught:
        signer.sign_digest(DIGESTS[0])
    assert caught.value.code == "token_closed"


def test_another_tool_verifies_what_the_token_signed(token: SoftToken, tmp_path: Path) -> None:
    with opened(token, "rsa2048") as signer:
        message, value = b"h\xe1\xbb\x8dc b\xe1\xba\xa1", tmp_path / "value"
        value.write_bytes(signer.sign_digest(hashlib.sha256(message).digest()))
        key = tmp_path / "certificate.pem"
        key.write_bytes(signer.certificate.public_bytes(Encoding.PEM))
    public = subprocess.run(
        ["openssl", "x509", "-in", key, "-pubkey", "-noout"], capture_output=True, check=True
    ).stdout
    (tmp_path / "public.pem").write_bytes(public)
    command = ["openssl", "dgst", "-sha256", "-verify", tmp_path / "public.pem", "-signature", value]
    assert b"Verified OK" in subprocess.run(command, input=message, capture_output=True, check=True).stdout


def test_a_token_pulled_out_midway_stops_the_list_and_the_rest_is_signed_later(
    own_token: SoftToken, tmp_path: Path
) -> None:
    signer = opened(own_token, "rsa2048")
    prepared = class_of(signer, 200)
    results: list[bytes | NotSigned] = []
    for result in sign_list(signer, prepared):
        results.append(result)
        if len(results) == 5:
            own_token.tokens.rename(tmp_path / "pulled")
            own_token.tokens.mkdir()
    signed = [result for result in results if isinstance(result, bytes)]
    stopped = [result for result in results if isinstance(result, NotSigned)]
    assert 5 <= len(signed) < 200 == len(results)
    assert {(one.error.code, one.stopped) for one in stopped} == {("token_removed", True)}
    assert signer.closed
    assert refused(own_token).code == "token_absent"
    own_token.tokens.rmdir()
    (tmp_path / "pulled").rename(own_token.tokens)
    left = left_over(prepared, results)
    assert left == prepared[len(signed) :]
    with opened(own_token, "rsa2048") as again:
        assert all(isinstance(result, bytes) for result in sign_list(again, left))


def test_a_driver_that_dies_takes_only_its_own_process(token: SoftToken) -> None:
    signer = opened(token)
    values = signer.sign_digests(DIGESTS)
    next(values)
    os.kill(signer._process.pid, signal.SIGKILL)
    with pytest.raises(SigningStopped) as caught:
        list(values)
    assert caught.value.code == "token_driver_failed"
    assert signer._process.poll() is not None
    with opened(token) as again:
        assert verify_digest(again.certificate, DIGESTS[1], again.sign_digest(DIGESTS[1]))


def test_a_list_given_up_midway_leaves_the_session_in_step(token: SoftToken) -> None:
    with opened(token) as signer:
        values = signer.sign_digests(DIGESTS)
        next(values)
        values.close()
        gc.collect()
        assert verify_digest(signer.certificate, DIGESTS[7], signer.sign_digest(DIGESTS[7]))


def test_a_wrong_pin_is_said_with_what_the_token_tells_and_never_tried_twice(own_token: SoftToken) -> None:
    asked = []
    error = refused(own_token, pin="planted-wrong-pin")
    assert error.code == "token_pin_wrong"
    with pytest.raises(DomainError):
        open_token(
            own_token.address,
            lambda question: asked.append(question) or "planted-wrong-pin",  # type: ignore[func-returns-value]
            environment=own_token.environment,
        )
    assert len(asked) == 1
    assert refused(own_token, pin=None).code == refused(own_token, pin="").code == "token_pin_cancelled"


@pytest.mark.parametrize(
    ("told", "code", "words"),
    [
        ({"reason": "pin_wrong", "tries": "last"}, "token_pin_wrong", "Chỉ còn 1 lần thử"),
        ({"reason": "pin_wrong", "tries": "few"}, "token_pin_wrong", "sắp hết số lần thử"),
        ({"reason": "pin_wrong", "tries": "locked"}, "token_pin_locked", "bị khóa"),
        ({"reason": "pin_locked", "tries": ""}, "token_pin_locked", "bị khóa"),
        ({"reason": "pin_unset"}, "token_pin_unset", "chưa được đặt"),
        ({"reason": "rejected"}, "token_rejected", "từ chối"),
        ({}, "token_driver_failed", "gặp lỗi"),
    ],
)
def test_what_a_token_tells_becomes_a_sentence(told: dict[str, str], code: str, words: str) -> None:
    error = failure(told, "Hoa Mai")
    assert error.code == code
    assert words in error.message


def test_the_key_must_be_there_be_one_and_belong_to_its_certificate(own_token: SoftToken) -> None:
    assert refused(own_token, label="ai khác").code == "token_key_absent"
    assert refused(own_token, label="").code == "token_key_ambiguous"
    stranger = own_token.folder / "stranger.der"
    other = sandbox("p256").issue_person("Võ Tuấn Đạt", "079094815407", "Trường Tiểu học Hoa Mai")
    stranger.write_bytes(other.certificate.public_bytes(Encoding.DER))
    own_token.write_certificate(stranger, "02", "stranger")
    assert refused(own_token, label="stranger").code == "key_certificate_mismatch"


def test_what_is_not_there_is_said(token: SoftToken) -> None:
    assert refused(SoftToken(token.folder, "Không có")).code == "token_absent"
    nowhere = TokenAddress(Path("/nonexistent/driver.so"), "x")
    with pytest.raises(DomainError) as caught:
        open_token(nowhere, lambda _: PIN)
    assert caught.value.code == "token_module_unusable"
    assert "driver.so" in caught.value.message


def test_a_silent_driver_is_ended(token: SoftToken) -> None:
    sleeper = (sys.executable, "-c", "import time; time.sleep(60)")
    with pytest.raises(SigningStopped) as caught:
        opened(token, patience=Patience(start=0.05), worker=sleeper)
    assert caught.value.code == "token_silent"


def test_the_driver_sees_nothing_of_the_node_and_no_pin_in_its_command(token: SoftToken) -> None:
    seen = driver_environment({"PATH": "/bin", "HOCBASO_SECRET_KEY": "s", "DB_PASSWORD": "s", "PGHOST": "h"})
    assert seen == {"PATH": "/bin"}
    with opened(token) as signer:
        process = Path(f"/proc/{signer._process.pid}")
        shown = (process / "cmdline").read_bytes()
        if os.access(process / "environ", os.R_OK):
            shown += (process / "environ").read_bytes()
        limits = (process / "limits").read_text()
        assert PIN.encode() not in shown
        core = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
        assert core.split()[4:6] == ["0", "0"]


def texts_within(root: object) -> Iterator[bytes]:
    """Every text and octet string that an object reaches; classes, modules and functions are not its own."""
    seen, waiting = {id(root)}, [root]
    while waiting:
        value = waiting.pop()
        kind = type(value)  # not isinstance: that would wake lazy objects
        if kind is str:
            yield value.encode()  # type: ignore[attr-defined]
        elif kind in (bytes, bytearray):
            yield bytes(value)  # type: ignore[call-overload]
        elif not issubclass(kind, type | ModuleType | FunctionType):
            fresh = [held for held in gc.get_referents(value) if id(held) not in seen]
            seen.update(map(id, fresh))
            waiting += fresh


def test_what_an_object_holds_is_found() -> None:
    held = SimpleNamespace(deep={"list": [bytearray(b"abc" + PIN.encode())]})
    assert [text for text in texts_within(held) if PIN.encode() in text]


def test_no_pin_shows_in_a_log_a_repr_or_an_error(
    own_token: SoftToken, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with opened(own_token) as signer:
        shown = [repr(signer), repr(vars(signer)), repr(signer._pipe)]
        assert cannot_be_pickled(signer)
        assert not [kept for kept in texts_within(signer) if PIN.encode() in kept]
    shown += traces(refused(own_token, pin="planted-wrong-pin"))
    shown += [caplog.text, *capfd.readouterr()]
    assert not [word for word in (PIN, SO_PIN, "planted-wrong-pin") if any(word in text for text in shown)]


def test_the_vendor_library_is_imported_by_the_worker_only() -> None:
    source = Path(hocbaso.__file__).parent

    def importers() -> Iterator[str]:
        for path in source.rglob("*.py"):
            if any(line.startswith(("import pkcs11", "from pkcs11")) for line in path.open()):
                yield path.name

    assert list(importers()) == ["pkcs11_worker.py"]
    code = "import sys, hocbaso.engines.trust.providers.pkcs11; sys.exit('pkcs11' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert pkcs11.WORKER[-1].endswith("pkcs11_worker")
