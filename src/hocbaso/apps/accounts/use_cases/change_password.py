"""Change one's own password."""

from __future__ import annotations

from django.contrib.auth.password_validation import (
    CommonPasswordValidator,
    MinimumLengthValidator,
    UserAttributeSimilarityValidator,
)
from django.core.exceptions import ValidationError
from django.db import transaction

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import User
from hocbaso.apps.accounts.use_cases import throttle
from hocbaso.apps.audit import chain
from hocbaso.core.errors import DomainError, register

MIN_LENGTH = 10

register(
    {
        "password_wrong": ("Mật khẩu đang dùng không đúng.", "The present password is not right."),
        "password_short": (
            "Mật khẩu mới cần ít nhất {length} ký tự; một câu ngắn dễ nhớ là tốt nhất.",
            "The new password needs at least {length} characters.",
        ),
        "password_common": (
            "Mật khẩu này quá phổ biến nên dễ bị đoán. Thầy cô chọn mật khẩu khác.",
            "This password is too common.",
        ),
        "password_similar": (
            "Mật khẩu quá giống tên đăng nhập, họ tên hoặc thư điện tử. Thầy cô chọn mật khẩu khác.",
            "The password is too much like the user name, full name or mail address.",
        ),
        "password_same": ("Mật khẩu mới phải khác mật khẩu đang dùng.", "The new password must differ."),
    }
)

_VALIDATORS = (
    (MinimumLengthValidator(MIN_LENGTH), "password_short"),
    (CommonPasswordValidator(), "password_common"),
    (UserAttributeSimilarityValidator(("username", "full_name", "email")), "password_similar"),
)


def require_good_password(user: User, password: str) -> None:
    """:raises DomainError: ``password_short``, ``password_common``, ``password_similar``"""
    for validator, code in _VALIDATORS:
        try:
            validator.validate(password, user)
        except ValidationError:
            raise DomainError(code, length=MIN_LENGTH) from None


def change_password(*, user: User, present: str, new: str) -> None:
    """Store the new password (Argon2id) and end the duty to change the first one.

    :raises DomainError: ``password_wrong``, ``password_same``, ``password_short``, ``password_common``,
        ``password_similar``, ``sign_in_wait``
    """
    throttle.require_no_code_wait(user.username)
    if not user.check_password(present):
        with transaction.atomic():
            throttle.note(user.username, throttle.CODE, succeeded=False)
        raise DomainError("password_wrong")
    if new == present:
        raise DomainError("password_same")
    require_good_password(user, new)
    user.set_password(new)
    user.must_change_password = False
    with transaction.atomic():
        user.save(update_fields=["password", "must_change_password"])
        chain.record(Actor("web", user.username, user), "accounts.change_password", user.username)
