"""The agent's desk over a real driver: a stick pulled out midway, a wrong PIN, the rest signed later."""

from __future__ import annotations

import base64
from collections.abc import Generator, Sequence
from pathlib import Path

import pytest

from hocbaso.engines.trust.keys import verify_digest
from hocbaso.engines.trust.providers.pkcs11 import TokenSigner
from hocbaso.engines.trust.providers.pkcs11_tokens import FoundToken, ShownCertificate, list_tokens
from hocbaso.interfaces.agent.desk import Desk
from hocbaso.interfaces.agent.keyring import Session, TokenKeyring
from tests.interop.softhsm import PIN, SoftToken, module, new_token
from tests.unit.interfaces.agent.support import SITE, Clock, Site, finished, list_message, prepared, teacher
from tests.unit.sandbox.cases import sandbox

pytestmark = pytest.mark.interop

COUNT = 120


@pytest.fixture
def token(tmp_path: Path) -> SoftToken:
    """The teacher's key and certificate, and the certificate of the issuer."""
    made = new_token(tmp_path / "t")
    credential = sandbox("p256").issue_person("Đặng Bảo Linh", "080195112649", "Trường Tiểu học Hoa Mai")
    assert credential.certificate == teacher().certificate
    made.add(credential, "01", "ky so")
    return made


class Pulled(TokenKeyring):
    """The stick is pulled out after some values, whatever was under way then."""

    def __init__(self, token: SoftToken, after: int, away: Path) -> None:
        super().__init__([module()], token.environment)
        self.token, self.after, self.away = token, after, away

    def open(self, token: FoundToken, held: ShownCertificate, pin: str) -> Session:
        signer = super().open(token, held, pin)
        return _Session(signer, self) if self.after else signer

    def put_back(self) -> None:
        self.token.tokens.rmdir()
        self.away.rename(self.token.tokens)


class _Session:
    def __init__(self, signer: TokenSigner, ring: Pulled) -> None:
        self._signer, self._ring = signer, ring

    def __enter__(self) -> _Session:
        return self

    def __exit__(self, *_: object) -> None:
        self._signer.close()

    def sign_digests(self, digests: Sequence[bytes]) -> Generator[bytes, None, None]:
        for place, value in enumerate(self._signer.sign_digests(digests)):
            if place == self._ring.after:
                self._ring.after = 0
                self._ring.token.tokens.rename(self._ring.away)
                self._ring.token.tokens.mkdir()
            yield value


@pytest.fixture
def ring(token: SoftToken, tmp_path: Path) -> Pulled:
    return Pulled(token, 5, tmp_path / "pulled")


def test_a_stick_shows_label_and_certificates_without_a_pin(token: SoftToken) -> None:
    [found] = list_tokens(module(), environment=token.environment)
    assert (found.label, found.pad, found.tries) == (token.label, False, "")
    assert [one.certificate for one in found.certificates] == [teacher().certificate]
    assert found.certificates[0].id == "01"


def test_a_stick_pulled_out_midway_stops_cleanly_and_the_rest_is_signed_once(ring: Pulled) -> None:
    desk, site = Desk((SITE,), ring, clock=Clock()), Site()
    page = site.pair(desk)
    job = desk.ask(SITE, page, *site.seal(list_message(COUNT)))["job"]
    finished(desk)

    def typed(pin: str) -> dict[str, object]:
        assert desk.give_pin(job, pin)
        finished(desk)
        return desk.watch(SITE, page, job, 0, 0)

    wrong = typed("planted-wrong-pin")
    assert (wrong["signed"], wrong["error"]["code"]) == (0, "token_pin_wrong")  # type: ignore[index]
    stopped = typed(PIN)
    assert (stopped["state"], stopped["error"]["code"]) == ("waiting", "token_removed")  # type: ignore[index]
    first = stopped["values"]
    assert isinstance(first, list)
    assert 5 <= len(first) < COUNT
    assert typed(PIN)["error"]["code"] == "agent_other_token"  # type: ignore[index]
    ring.put_back()
    done = typed(PIN)
    values = done["values"]
    assert isinstance(values, list)
    assert (done["state"], values[: len(first)]) == ("done", first)
    assert [number for number, _ in values] == list(range(1, COUNT + 1))
    work = prepared(COUNT)
    assert all(
        verify_digest(teacher().certificate, work[number - 1].digest, base64.b64decode(value))
        for number, value in values
    )
    assert PIN not in repr(vars(desk.job))
