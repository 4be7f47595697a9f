"""A holder proves himself with the pupil's date of birth and sees the whole sheet (domain A12).

Dates of birth are few, so guesses are slowed down: by transcript code and by address, with growing waits that
are reckoned from the failures on record (the same table as sign-in, so that a restart forgets nothing).
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from django.db import transaction

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import SignInAttempt
from hocbaso.apps.accounts.use_cases import throttle
from hocbaso.apps.audit.chain import record
from hocbaso.apps.common import clock
from hocbaso.apps.transcripts.models import IssuedSheet
from hocbaso.core.document.parse import parse_sheet
from hocbaso.core.errors import DomainError, register
from hocbaso.core.vietnamese.dates import read_date

register(
    {
        "birth_date_unreadable": (
            "Không đọc được ngày sinh. Hãy nhập ngày/tháng/năm, ví dụ 09/02/2017.",
            "The date of birth cannot be read.",
        ),
        "birth_date_wrong": (
            "Ngày sinh không khớp với học bạ này. Hãy xem lại ngày sinh trên giấy khai sinh.",
            "The date of birth does not match.",
        ),
        "birth_date_wait": (
            "Đã nhập sai nhiều lần. Hãy chờ {wait} rồi nhập lại.",
            "Too many wrong attempts; wait {seconds} seconds.",
        ),
    }
)

#: A code has one family and a few offices behind it; an address may be a whole admission office.
_BY_CODE = throttle.Limit(free=5, first=60, longest=3600)
_BY_ADDRESS = throttle.Limit(free=15, first=60, longest=3600)
_MARK = "xac-thuc:"
_MONTH = timedelta(days=30)
_A_MONTH = 20  # wrong dates for one code in a month


def open_sheet(*, issued: IssuedSheet, birth_date: str, address: str) -> None:
    """Return when ``birth_date`` is the pupil's as signed.

    :param birth_date: as typed; :param address: of the visitor, kept hashed.
    :raises DomainError: ``birth_date_unreadable``, ``birth_date_wrong``, ``birth_date_wait``.
    """
    key = _MARK + hashlib.sha256(issued.code.encode()).hexdigest()[:40]
    hidden = throttle.hashed(address)
    _require_no_wait(key, hidden)
    reading = read_date(birth_date)
    if reading.value is None or not reading.certain:
        raise DomainError("birth_date_unreadable")
    known = parse_sheet(bytes(issued.sheet.body)).pupil.birth_date
    right = reading.value == known or (len(known) < 10 and reading.value.startswith(known))
    with transaction.atomic():
        throttle.note(key, hidden, succeeded=right)
        if right:
            record(
                Actor.system(),
                "transcripts.opened_public",
                issued.code,
                organisation=issued.sheet.school.code,
                version=issued.version,
            )
    if not right:
        raise DomainError("birth_date_wrong")


def _require_no_wait(key: str, address: str) -> None:
    now = clock.now()
    recent = SignInAttempt.objects.filter(at__gt=now - throttle.WINDOW).order_by("-at", "-pk")
    by_code = recent.filter(username=key).values_list("at", "succeeded")[:64]
    by_address = recent.filter(username__startswith=_MARK, address=address).values_list("at", "succeeded")[
        :64
    ]
    seconds = max(_left(list(by_code), _BY_CODE, now), _left(list(by_address), _BY_ADDRESS, now))
    # A known year of birth leaves 365 guesses: patience must not find the day.
    month = SignInAttempt.objects.filter(username=key, succeeded=False, at__gt=now - _MONTH)
    if month.count() >= _A_MONTH:
        seconds = max(seconds, 24 * 3600)
    if seconds > 0:
        wait = _words(seconds)
        raise DomainError("birth_date_wait", wait=wait, seconds=seconds)


def _words(seconds: int) -> str:
    if seconds < 90:
        return f"{seconds} giây"
    return f"{(seconds + 59) // 60} phút" if seconds < 2 * 3600 else "đến ngày mai"


def _left(attempts: list[tuple[datetime, bool]], limit: throttle.Limit, now: datetime) -> int:
    """Seconds left to wait; failures count back to the last success, newest first."""
    failures = 0
    for _, succeeded in attempts:
        if succeeded:
            break
        failures += 1
    if not failures:
        return 0
    passed = (now - attempts[0][0]).total_seconds()
    return max(0, int(limit.wait_after(failures) - passed + 0.999))
