"""Time-based one-time codes (RFC 6238): set up once, then asked at every sign-in of a signing role."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import date

import pyotp
from django.db import transaction

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import SIGNING_ROLES, Assignment, User
from hocbaso.apps.accounts.use_cases import throttle
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import valid_on
from hocbaso.core.errors import DomainError, register

register(
    {
        "totp_wrong": (
            "Mã xác nhận không đúng hoặc đã hết hạn. Mã gồm 6 chữ số, mỗi mã dùng trong khoảng 30 giây; "
            "thầy cô chờ mã mới rồi nhập lại.",
            "The code is not right or no longer valid.",
        ),
        "totp_used": (
            "Mã này đã dùng rồi. Mỗi mã chỉ dùng một lần; thầy cô chờ mã mới rồi nhập lại.",
            "This code was already used; each code is taken once.",
        ),
        "totp_not_enrolled": (
            "Tài khoản chưa cài đặt xác nhận lần hai.",
            "The second factor has not been set up for this account.",
        ),
        "totp_already_enrolled": (
            "Tài khoản đã cài đặt xác nhận lần hai. "
            "Nếu đổi điện thoại, thầy cô nhờ quản trị hệ thống đặt lại.",
            "The second factor is already set up; ask the administrator to reset it.",
        ),
    }
)

STEP = 30  # seconds
ISSUER = "Học bạ số"


def is_required(user: User, day: date | None = None) -> bool:
    """Whether one of the user's present posts signs or seals. One query."""
    day = day or clock.today()
    return Assignment.objects.filter(valid_on(day), user=user, role__in=SIGNING_ROLES).exists()


def propose_secret(*, user: User) -> str:
    """The secret to be scanned; it stays the same until a code confirms it.

    :raises DomainError: ``totp_already_enrolled``
    """
    with transaction.atomic():
        locked = User.objects.select_for_update().get(pk=user.pk)
        if locked.totp_confirmed_at is not None:
            raise DomainError("totp_already_enrolled")
        if not locked.totp_secret:
            locked.totp_secret = pyotp.random_base32()
            locked.save(update_fields=["totp_secret"])
    user.totp_secret = locked.totp_secret
    return str(locked.totp_secret)


def provisioning_uri(user: User) -> str:
    """``otpauth://`` address for the authenticator's camera."""
    return pyotp.TOTP(user.totp_secret, interval=STEP).provisioning_uri(
        name=user.username, issuer_name=ISSUER
    )


@dataclass(frozen=True, slots=True)
class NextCode:
    """A code that has not been used yet, or how long until there is one."""

    code: str  # six digits; empty while ``wait`` lasts
    wait: int  # seconds


def next_code(user: User) -> NextCode | None:
    """What the person's authenticator shows, for the sandbox's pages alone; None when nothing is set up.

    After a code was used, the next one is shown at once: its step may be taken one step early.
    """
    if not user.totp_secret:
        return None
    moment = int(clock.now().timestamp())
    step = max(moment // STEP, user.totp_last_step + 1)
    if step > moment // STEP + 1:
        return NextCode("", (step - 1) * STEP - moment)
    return NextCode(pyotp.TOTP(user.totp_secret, interval=STEP).generate_otp(step), 0)


def enrol_totp(*, user: User, code: str) -> None:
    """The first right code proves that the secret reached the person's device.

    :raises DomainError: ``totp_wrong``, ``totp_already_enrolled``, ``totp_not_enrolled``, ``sign_in_wait``
    """
    if user.totp_confirmed_at is not None:
        raise DomainError("totp_already_enrolled")
    _take(user, code, "accounts.enrol_totp", enrolling=True)


def confirm_totp(*, user: User, code: str) -> None:
    """A code of the present step or one step to either side, each step once.

    :raises DomainError: ``totp_wrong``, ``totp_used``, ``totp_not_enrolled``, ``sign_in_wait``
    """
    if user.totp_confirmed_at is None:
        raise DomainError("totp_not_enrolled")
    _take(user, code, "accounts.confirm_totp", enrolling=False)


def _matching_step(secret: str, code: str) -> int | None:
    """The time step (present or a neighbour) that gives ``code``."""
    digits = "".join(code.split())
    present = int(clock.now().timestamp()) // STEP
    totp = pyotp.TOTP(secret, interval=STEP)
    found = None
    for step in (present - 1, present, present + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), digits.encode()):
            found = step
    return found


def _take(user: User, code: str, action: str, *, enrolling: bool) -> None:
    throttle.require_no_code_wait(user.username)
    refusal = None
    with transaction.atomic():
        locked = User.objects.select_for_update().get(pk=user.pk)
        if not locked.totp_secret:
            raise DomainError("totp_not_enrolled")
        step = _matching_step(locked.totp_secret, code)
        if step is None:
            refusal = "totp_wrong"
        elif step <= locked.totp_last_step:
            refusal = "totp_used"
        else:
            locked.totp_last_step = step
            if enrolling:
                locked.totp_confirmed_at = clock.now()
            locked.save(update_fields=["totp_last_step", "totp_confirmed_at"])
        throttle.note(user.username, throttle.CODE, succeeded=refusal is None)
        acting = Actor("web", user.username, user)
        chain.record(acting, action if refusal is None else "accounts.totp_refused", user.username)
    if refusal is not None:
        raise DomainError(refusal)
    user.totp_last_step, user.totp_confirmed_at = locked.totp_last_step, locked.totp_confirmed_at
