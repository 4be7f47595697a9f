"""How a token's worker hands values out: a quick token's together, a slow one's at once, none lost."""

from __future__ import annotations

import pytest

from hocbaso.engines.trust.providers import pkcs11_worker
from hocbaso.engines.trust.providers.pkcs11_worker import Worker

DIGESTS = [bytes([number]) * 32 for number in range(64)]


class Key:
    """Takes ``seconds`` for each value; is pulled out before the value number ``until``."""

    key_type = None  # not RSA

    def __init__(self, seconds: float, until: int = 1000) -> None:
        self.now, self.seconds, self.left = 0.0, seconds, until

    def sign(self, digest: bytes, mechanism: object) -> bytes:
        if not self.left:
            raise OSError
        self.left -= 1
        self.now += self.seconds
        return digest * 2


class Pipe:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []

    def send(self, kind: bytes, content: bytes) -> None:
        if kind == b"V":
            self.frames.append(content)


def signed(key: Key, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The frames of values for :data:`DIGESTS`."""
    pipe = Pipe()
    worker = Worker(pipe)  # type: ignore[arg-type]
    monkeypatch.setattr(pkcs11_worker.time, "monotonic", lambda: key.now)
    worker._keys = [key]
    worker._choose(b"0")
    try:
        worker._sign_all(b"".join(DIGESTS))
    except OSError:
        assert not key.left
    return pipe.frames


@pytest.mark.parametrize(("seconds", "frames"), [(0.00003, 1), (0.5, 64)])
def test_a_quick_tokens_values_go_out_together_and_a_slow_ones_each_at_once(
    seconds: float, frames: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = signed(Key(seconds), monkeypatch)
    assert len(sent) == frames
    assert b"".join(sent) == b"".join(digest * 2 for digest in DIGESTS)


@pytest.mark.parametrize("seconds", [0.00003, 0.004, 0.5])
@pytest.mark.parametrize("until", [0, 1, 5, 33, 63])
def test_what_was_made_before_the_token_was_pulled_out_goes_out(
    seconds: float, until: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = signed(Key(seconds, until), monkeypatch)
    assert b"".join(sent) == b"".join(digest * 2 for digest in DIGESTS[:until])
