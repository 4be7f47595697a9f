"""Sign in by user name and password."""

from __future__ import annotations

from django.contrib.auth.hashers import get_hasher
from django.db import transaction

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import User
from hocbaso.apps.accounts.use_cases import throttle
from hocbaso.apps.audit import chain
from hocbaso.core.errors import DomainError, register

register(
    {
        "sign_in_failed": (
            "Tên đăng nhập hoặc mật khẩu không đúng. Thầy cô kiểm tra bộ gõ và phím Caps Lock rồi nhập lại.",
            "The user name or the password is not right.",
        )
    }
)


def sign_in(*, username: str, password: str, address: str) -> User:
    """The user whose password this is (the second factor and the post come after).

    An unknown name, a closed account and a wrong password give the same sentence after the same work. An
    old hash is made anew with Argon2id.

    :param address: of the client; kept hashed.
    :raises DomainError: ``sign_in_failed``, ``sign_in_wait``
    """
    place = throttle.hashed(address)
    name = username.strip()[:60]
    throttle.require_no_wait(name, place)
    user = User.objects.filter(username=name).first()
    # Hashing stays outside the transaction: it takes long, and SQLite has one writer.
    if user is None:
        User().set_password(password)
        right = False
    else:
        right = user.check_password(password) and user.is_active
        if not right and user.password.split("$")[0] != get_hasher().algorithm:
            User().set_password(password)  # a first code's light hash must not answer faster than others
    with transaction.atomic():
        throttle.note(name, place, succeeded=right)
        if user is not None:
            acting = Actor("web", user.username, user)
            chain.record(acting, "accounts.sign_in" if right else "accounts.sign_in_failed", user.username)
    if user is None or not right:
        raise DomainError("sign_in_failed")
    return user
