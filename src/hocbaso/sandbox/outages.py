"""Bad days of the sandbox's time-stamp authorities, for tests and demo: a file each, read at every question.

``python -m hocbaso.sandbox.outages DIRECTORY tsa down`` (``DIRECTORY`` is ``sandbox`` in the node's home);
``tsa2`` is the second authority, ``up`` ends it. Other modes answer wrongly: ``html``, ``cut``, ``imprint``,
``nonce``, ``unknown`` (a certificate that nobody trusts), ``late`` (a clock an hour behind).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import timedelta
from functools import cached_property

from cryptography import x509

from hocbaso.core.errors import ServiceUnavailable
from hocbaso.sandbox.tsa import SandboxStamper
from hocbaso.sandbox.vault import Vault

MODES = ("down", "html", "cut", "imprint", "nonce", "unknown", "late")
_HTML = b"<!DOCTYPE html><title>502 Bad Gateway</title>"


class Outages:
    """Which authority has a bad day; seen by every process on the same directory."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def mode(self, name: str) -> str:
        """``up``, or one of :data:`MODES`."""
        content = self._vault.read(f"outages/{name}")
        return content.decode() if content else "up"

    def set(self, name: str, mode: str) -> None:
        """Begin or (``up``) end a bad day.

        :raises ValueError: no such mode.
        """
        if mode == "up":
            self._vault.path(f"outages/{name}").unlink(missing_ok=True)
        elif mode in MODES:
            self._vault.write(f"outages/{name}", mode.encode())
        else:
            raise ValueError(f"one of up, {', '.join(MODES)}")


class SwitchedStamper:
    """A :class:`SandboxStamper` that obeys the switch.

    :param title: how people call it. :param inner: makes the stamper, at first use. :param strange: makes the
        one of the same name under roots that nobody trusts.
    """

    def __init__(
        self,
        name: str,
        title: str,
        outages: Outages,
        inner: Callable[[], SandboxStamper],
        strange: Callable[[], SandboxStamper],
    ) -> None:
        self.name, self.title = name, title
        self._outages, self._make, self._make_strange = outages, inner, strange

    @property
    def certificate(self) -> x509.Certificate:
        """The authority's own certificate."""
        return self._inner.certificate

    @cached_property
    def _inner(self) -> SandboxStamper:
        return self._make()

    @cached_property
    def _strange(self) -> SandboxStamper:
        return self._make_strange()

    def stamp(self, digest: bytes) -> bytes:
        """A token without nonce."""
        return self.token(digest)

    def token(self, digest: bytes, *, nonce: int | None = None, certificates: bool = True) -> bytes:
        """A DER TimeStampToken, or what the bad day gives.

        :raises ServiceUnavailable: ``timestamp_unavailable``: it is down.
        """
        mode = self._outages.mode(self.name)
        if mode == "up":
            return self._inner.token(digest, nonce=nonce, certificates=certificates)
        return self._wrong(mode, digest, nonce)

    def _wrong(self, mode: str, digest: bytes, nonce: int | None) -> bytes:
        if mode == "down":
            raise ServiceUnavailable("timestamp_unavailable", detail="down")
        if mode == "html":
            return _HTML
        if mode == "imprint":
            return self._inner.token(bytes(32), nonce=nonce)
        if mode == "nonce":
            return self._inner.token(digest, nonce=(nonce or 0) + 1)
        if mode == "unknown":
            return self._strange.token(digest, nonce=nonce)
        if mode == "late":
            return self._inner.token(digest, nonce=nonce, late=timedelta(hours=1))
        return self._inner.token(digest, nonce=nonce)[:-10]

    def respond(self, request: bytes) -> bytes | None:
        """The DER TimeStampResp to a DER TimeStampReq; ``None``: it is down."""
        mode = self._outages.mode(self.name)
        if mode == "down":
            return None
        if mode == "html":
            return _HTML
        return self._inner.respond(request, self.token)


def main(arguments: list[str]) -> int:
    """The switch as a command."""
    if len(arguments) != 3:
        sys.stderr.write(f"DIRECTORY tsa|tsa2 up|{'|'.join(MODES)}\n")
        return 2
    directory, name, mode = arguments
    try:
        if name not in ("tsa", "tsa2"):
            raise ValueError("tsa or tsa2")
        Outages(Vault(directory)).set(name, mode)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
