"""Growing waits after failures, by account and by address (OWASP ASVS 2.2.1).

A wait is reckoned from the failures that are on record, so nothing has to be unlocked by hand and nothing is
lost on restart. Attempts during a wait are not looked at and not recorded: nobody can prolong another's wait
by hammering.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.crypto import salted_hmac

from hocbaso.apps.accounts.models import SignInAttempt
from hocbaso.apps.common import clock
from hocbaso.core.errors import DomainError, register

register(
    {
        "sign_in_wait": (
            "Đã có nhiều lần đăng nhập không đúng. Thầy cô chờ {wait} rồi thử lại.",
            "There were many failed attempts. Please wait {seconds} seconds and try again.",
        )
    }
)

WINDOW = timedelta(hours=24)
KEEP = timedelta(days=30)
#: The mark of second-factor attempts, in place of an address.
CODE = "totp"
#: The mark of slips to guardians, before their hash, in place of a username: no sign-in.
SLIP = "phieu:"


@dataclass(frozen=True, slots=True)
class Limit:
    """``free`` failures cost nothing; each further one doubles the wait up to ``longest`` seconds."""

    free: int
    first: int
    longest: int

    def wait_after(self, failures: int) -> int:
        """Seconds to wait after so many failures."""
        over = failures - self.free
        return 0 if over < 0 else min(self.first * 2 ** min(over, 20), self.longest)


ACCOUNT = Limit(free=5, first=30, longest=900)
#: A whole school stands behind one address, so that it may fail more often.
ADDRESS = Limit(free=30, first=30, longest=900)
SECOND_FACTOR = Limit(free=5, first=30, longest=900)


def hashed(address: str) -> str:
    """An address as it is kept: told apart, not read back without the node's secret."""
    return salted_hmac("hocbaso.sign_in.address", address, algorithm="sha256").hexdigest()


def _remaining(attempts: Iterable[tuple[datetime, bool]], limit: Limit, now: datetime) -> int:
    """``attempts`` newest first; failures count back to the last success."""
    failures, newest = 0, None
    for at, succeeded in attempts:
        if succeeded:
            break
        failures += 1
        newest = newest or at
    if newest is None:
        return 0
    until = newest + timedelta(seconds=limit.wait_after(failures))
    return max(0, int((until - now).total_seconds() + 0.999))


def require_no_wait(username: str, address: str) -> None:
    """:param address: hashed.

    An account's failures from elsewhere do not count at an address where its owner has lately signed in:
    strangers cannot lock a person out of the school's own network. At most three queries.

    :raises DomainError: ``sign_in_wait``
    """
    now = clock.now()
    recent = SignInAttempt.objects.filter(at__gt=now - WINDOW).order_by("-at", "-pk")
    by_account = recent.filter(username=username).exclude(address=CODE)
    known = SignInAttempt.objects.filter(
        username=username, address=address, succeeded=True, at__gt=now - KEEP
    ).exists()
    if known:
        by_account = by_account.filter(address=address)
    by_address = recent.filter(address=address, succeeded=False).exclude(username__startswith=SLIP)
    _require(
        max(
            _remaining(by_account.values_list("at", "succeeded")[:64], ACCOUNT, now),
            _remaining(by_address.values_list("at", "succeeded")[:64], ADDRESS, now),
        )
    )


def require_no_code_wait(username: str) -> None:
    """The same for codes of the second factor. One query.

    :raises DomainError: ``sign_in_wait``
    """
    now = clock.now()
    recent = SignInAttempt.objects.filter(username=username, address=CODE, at__gt=now - WINDOW)
    attempts = recent.order_by("-at", "-pk").values_list("at", "succeeded")[:64]
    _require(_remaining(attempts, SECOND_FACTOR, now))


def _require(seconds: int) -> None:
    if seconds > 0:
        wait = f"{seconds} giây" if seconds < 90 else f"{(seconds + 59) // 60} phút"
        raise DomainError("sign_in_wait", wait=wait, seconds=seconds)


def note(username: str, address: str, *, succeeded: bool) -> None:
    """Put an attempt on record, inside the running transaction; forget what is older than 30 days."""
    now = clock.now()
    username = username[:60]
    SignInAttempt.objects.create(username=username, address=address, at=now, succeeded=succeeded)
    if succeeded:
        SignInAttempt.objects.filter(username=username, at__lt=now - KEEP).delete()
