"""The sandbox's time-stamp authorities on good and bad days."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hocbaso.apps.signing.ports import key_provider
from hocbaso.apps.signing.stamping.models import AuthorityHealth

FIRST, SECOND = "VGCA thử nghiệm", "CA công cộng thử nghiệm"


def weather(first: str, second: str) -> None:
    """How the authorities are from now on: ``up``, or one of ``sandbox.outages.MODES``."""
    outages = key_provider().authority.outages  # type: ignore[attr-defined]
    outages.set("tsa", first)
    outages.set("tsa2", second)


def calm() -> None:
    """Both answer again, and the breakers know it."""
    weather("up", "up")
    AuthorityHealth.objects.all().delete()


@contextmanager
def all_down() -> Iterator[None]:
    """No authority answers inside the block."""
    weather("down", "down")
    try:
        yield
    finally:
        weather("up", "up")
        AuthorityHealth.objects.all().delete()
