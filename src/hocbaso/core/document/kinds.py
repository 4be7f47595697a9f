"""Kinds of values in the sheet: how each stands as text, and what is refused."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from hocbaso.core.document.codec import Kind
from hocbaso.core.document.text import LONG_TEXT, SHORT_TEXT, check_text
from hocbaso.core.errors import DomainError

_WHOLE_NUMBER = re.compile(r"0|[1-9][0-9]{0,5}")


def _refuse(field: str, value: object, allowed: str) -> DomainError:
    return DomainError("document_value", field=field, value=repr(value)[:80], allowed=allowed)


def _free(limit: int) -> Kind:
    def check(value: Any, field: str) -> str:
        if not isinstance(value, str):
            raise _refuse(field, value, "văn bản")
        return check_text(value, field=field, limit=limit)

    return Kind(check, check, free_text=True, limit=limit)


def pattern(expression: str, allowed: str, accept: Callable[[str], bool] = lambda _: True) -> Kind:
    """Text that matches a regular expression (ASCII) and a further test."""
    compiled = re.compile(expression, re.ASCII)

    def check(value: Any, field: str) -> str:
        if not isinstance(value, str) or not compiled.fullmatch(value) or not accept(value):
            raise _refuse(field, value, allowed)
        return value

    return Kind(check, check)


def one_of(*values: str) -> Kind:
    """One of a few fixed words."""
    allowed = frozenset(values)

    def check(value: Any, field: str) -> str:
        if value not in allowed:
            raise _refuse(field, value, ", ".join(values))
        return str(value)

    return Kind(check, check)


def enum(members: type[StrEnum]) -> Kind:
    """A member of an enumeration, standing as its value."""
    allowed = ", ".join(member.value for member in members)

    def write(value: Any, field: str) -> str:
        if not isinstance(value, members):
            raise _refuse(field, value, allowed)
        return value.value

    def read(text: str, field: str) -> StrEnum:
        try:
            return members(text)
        except ValueError:
            raise _refuse(field, text, allowed) from None

    return Kind(write, read)


def whole(low: int, high: int) -> Kind:
    """A whole number without sign or leading zeros."""
    allowed = f"{low}–{high}"

    def write(value: Any, field: str) -> str:
        if type(value) is not int or not low <= value <= high:
            raise _refuse(field, value, allowed)
        return str(value)

    def read(text: str, field: str) -> int:
        if not _WHOLE_NUMBER.fullmatch(text) or not low <= int(text) <= high:
            raise _refuse(field, text, allowed)
        return int(text)

    return Kind(write, read)


def _is_date(text: str) -> bool:
    try:
        datetime.date.fromisoformat((text + "-01-01")[:10] if len(text) < 10 else text)
    except ValueError:
        return False
    return True


def _is_instant(text: str) -> bool:
    try:
        datetime.datetime.fromisoformat(text.removesuffix("Z"))
    except ValueError:
        return False
    return True


def _is_school_year(text: str) -> bool:
    return int(text[5:]) == int(text[:4]) + 1


_TRUTH = {True: "true", False: "false"}


def _write_truth(value: Any, field: str) -> str:
    if not isinstance(value, bool):
        raise _refuse(field, value, "true, false")
    return _TRUTH[value]


def _read_truth(text: str, field: str) -> bool:
    if text not in ("true", "false"):
        raise _refuse(field, text, "true, false")
    return text == "true"


SHORT = _free(SHORT_TEXT)
LONG = _free(LONG_TEXT)
TRUTH = Kind(_write_truth, _read_truth)
HEX64 = pattern(r"[0-9a-f]{64}", "64 chữ số thập lục phân thường")
SLUG = pattern(
    r"[a-z0-9]+(-[a-z0-9]+)*", "chữ thường không dấu, số và gạch nối", lambda text: len(text) <= 60
)
STATE = pattern(r"[a-z][a-z_]{0,39}", "mã trạng thái")
DATE = pattern(r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}", "ngày dạng 2025-09-05", _is_date)
PARTIAL_DATE = pattern(
    r"[12][0-9]{3}(-[0-9]{2}(-[0-9]{2})?)?", "ngày dạng 2017-02-09, 2017-02 hoặc 2017", _is_date
)
INSTANT = pattern(
    r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z", "thời điểm UTC", _is_instant
)
SCHOOL_YEAR = pattern(r"[12][0-9]{3}-[12][0-9]{3}", "năm học dạng 2025-2026", _is_school_year)
PROVINCE = pattern(r"[0-9]{2}", "mã tỉnh 2 chữ số")
SCHOOL_CODE = pattern(r"[0-9A-Za-z._-]{1,40}", "chữ không dấu, số, dấu chấm và gạch nối")
COMMUNE = pattern(r"[0-9]{5}", "mã xã 5 chữ số")
PERSONAL_NUMBER = pattern(r"[0-9]{12}", "12 chữ số")
#: A mark of the secondary form: tenths, never "7.0" (TT 22/2021 Điều 5, Điều 9); Đ, CĐ by comment.
MARK = pattern(r"10|[0-9](\.[1-9])?|Đ|CĐ", "0–10 với tối đa một chữ số thập phân (7.5), hoặc Đ, CĐ")
