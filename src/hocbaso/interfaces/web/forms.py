"""Forms of signing in. A form says what is missing; whether it is right is the use case's matter."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


def _text(hint: Any, label: Any, required: Any, **attributes: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=hint,
        max_length=60,
        error_messages={"required": required},
        widget=forms.TextInput(attrs=attributes),
    )


def _password(label: Any, required: Any, hint: Any = "", **attributes: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=hint,
        max_length=200,
        strip=False,
        error_messages={"required": required},
        widget=forms.PasswordInput(attrs=attributes),
    )


class SignInForm(forms.Form):
    """User name and password."""

    use_required_attribute = False
    username = _text(
        _("Do nhà trường cấp, ví dụ: quynhttd.saokhue"),
        _("Tên đăng nhập"),
        _("Nhập tên đăng nhập"),
        id="ten-dang-nhap",
        autocomplete="username",
        autocapitalize="none",
        spellcheck="false",
    )
    password = _password(_("Mật khẩu"), _("Nhập mật khẩu"), id="mat-khau", autocomplete="current-password")


class CodeForm(forms.Form):
    """A six-digit code; spaces between the digits are allowed."""

    use_required_attribute = False
    code = forms.CharField(
        label=_("Mã xác nhận gồm 6 chữ số"),
        max_length=12,
        error_messages={"required": _("Nhập mã xác nhận gồm 6 chữ số")},
        widget=forms.TextInput(
            attrs={"id": "ma", "autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"}
        ),
    )


class PasswordForm(forms.Form):
    """Present and new password; the new one may be shown, so that it need not be typed twice."""

    use_required_attribute = False
    present = _password(
        _("Mật khẩu đang dùng"),
        _("Nhập mật khẩu đang dùng"),
        id="mat-khau-cu",
        autocomplete="current-password",
    )
    new = _password(
        _("Mật khẩu mới"),
        _("Nhập mật khẩu mới"),
        _("Ít nhất 10 ký tự. Một câu ngắn dễ nhớ là tốt nhất."),
        id="mat-khau-moi",
        autocomplete="new-password",
    )
    again = _password(
        _("Nhập lại mật khẩu mới"),
        _("Nhập lại mật khẩu mới"),
        id="mat-khau-lai",
        autocomplete="new-password",
    )

    def clean_again(self) -> str:
        again: str = self.cleaned_data["again"]
        if "new" in self.cleaned_data and again != self.cleaned_data["new"]:
            raise forms.ValidationError(_("Hai lần nhập mật khẩu mới khác nhau"))
        return again
