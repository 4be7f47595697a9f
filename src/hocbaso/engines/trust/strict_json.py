"""Reading JSON strictly: every key taken once, every value of its kind, every fault with its place."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

_T = TypeVar("_T")


class Fault(ValueError):
    """Place and fault, in Vietnamese."""


def no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise Fault("có khóa JSON bị lặp")
    return result


def refuse_constant(token: str) -> Any:
    raise Fault(f"có giá trị {token} không phải JSON")


class JsonObject:
    """One JSON object with its place; every key must be taken exactly once.

    Every method takes the named key and raises :class:`Fault` when it is absent or not of the wanted kind.
    """

    def __init__(self, value: Any, place: str) -> None:
        if not isinstance(value, dict):
            raise Fault(f"{place} phải là một đối tượng")
        self.left = dict(value)
        self.place = place

    def take(self, key: str, kind: type[_T]) -> _T:
        """A value of a Python type."""
        if key not in self.left:
            raise Fault(f"{self.place} thiếu “{key}”")
        value = self.left.pop(key)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise Fault(f"{self.place}.{key} sai kiểu dữ liệu")
        if isinstance(value, str) and not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value):
            raise Fault(f"{self.place}.{key} có ký tự Unicode không hợp lệ")  # could not be written out again
        return value

    def maybe(self, key: str, kind: type[_T]) -> _T | None:
        """The same, or ``None`` when the key is absent or null."""
        if self.left.get(key) is None:
            self.left.pop(key, None)
            return None
        return self.take(key, kind)

    def time(self, key: str) -> datetime:
        """A moment in UTC, whole seconds."""
        return _read_time(self.take(key, str), f"{self.place}.{key}")

    def maybe_time(self, key: str) -> datetime | None:
        """The same, or ``None``."""
        text = self.maybe(key, str)
        return None if text is None else _read_time(text, f"{self.place}.{key}")

    def binary(self, key: str) -> bytes:
        """Bytes in base64."""
        return _read_b64(self.take(key, str), f"{self.place}.{key}")

    def pem(self, key: str, label: str) -> bytes:
        """The bytes of one PEM text (RFC 7468) with this label."""
        return _read_pem(self.take(key, str), label, f"{self.place}.{key}")

    def pems(self, key: str, label: str) -> tuple[bytes, ...]:
        """A list of PEM texts."""
        values = enumerate(self.take(key, list), start=1)
        return tuple(_read_pem(value, label, f"{self.place}.{key}[{number}]") for number, value in values)

    def choice(self, key: str, allowed: tuple[str, ...]) -> str:
        """One of a few words."""
        value = self.take(key, str)
        if value not in allowed:
            raise Fault(f"{self.place}.{key} phải là một trong: {', '.join(allowed)}")
        return value

    def digest(self, key: str) -> str:
        """64 lower-case hex digits."""
        return _read_digest(self.take(key, str), f"{self.place}.{key}")

    def natural(self, key: str, least: int = 0) -> int:
        """A whole number from ``least`` on."""
        value = self.take(key, int)
        if not least <= value < 2**63:
            raise Fault(f"{self.place}.{key} ngoài phạm vi")
        return value

    def objects(self, key: str, read: Callable[[JsonObject], _T]) -> tuple[_T, ...]:
        """A list of objects, each read by ``read``, which must take all its keys."""
        items = []
        for number, value in enumerate(self.take(key, list), start=1):
            item = JsonObject(value, f"{key}[{number}]")
            items.append(read(item))
            item.end()
        return tuple(items)

    def binaries(self, key: str) -> tuple[bytes, ...]:
        """A list of base64 texts."""
        values = enumerate(self.take(key, list), start=1)
        return tuple(_read_b64(value, f"{self.place}.{key}[{number}]") for number, value in values)

    def maybe_texts(self, key: str) -> tuple[str, ...] | None:
        """A list of texts, or ``None`` when the key is absent or null."""
        values = self.maybe(key, list)
        if values is None:
            return None
        numbered = JsonObject({str(number): value for number, value in enumerate(values, start=1)}, key)
        return tuple(numbered.take(number, str) for number in list(numbered.left))

    def end(self) -> None:
        """Refuse keys that nobody took."""
        if self.left:
            raise Fault(f"{self.place} có khóa lạ “{sorted(self.left)[0]}”")


def _read_time(text: str, place: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise Fault(f"{place} phải là thời điểm UTC dạng 2026-06-02T03:45:00Z") from None


def _read_b64(value: Any, place: str) -> bytes:
    try:
        if not isinstance(value, str):
            raise ValueError
        return base64.b64decode(value, validate=True)
    except (ValueError, binascii.Error):
        raise Fault(f"{place} không phải base64") from None


def pem_text(der: bytes, label: str) -> str:
    """The strict textual encoding of RFC 7468: 64 characters a line, one way of writing."""
    text = base64.b64encode(der).decode("ascii")
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])


def _read_pem(value: Any, label: str, place: str) -> bytes:
    """What :func:`pem_text` writes; other line lengths and line ends are read too, text around it is not."""
    begin, end = f"-----BEGIN {label}-----", f"-----END {label}-----"
    text = value.strip() if isinstance(value, str) else ""
    if not (text.startswith(begin) and text.endswith(end)) or len(text) < len(begin) + len(end):
        raise Fault(f"{place} không phải PEM “{label}”")
    return _read_b64("".join(text[len(begin) : -len(end)].split()), place)


def _read_digest(text: str, place: str) -> str:
    if len(text) != 64 or set(text) - set("0123456789abcdef"):
        raise Fault(f"{place} phải là 64 chữ số thập lục phân viết thường")
    return text
