"""The part of CBOR (RFC 8949) that COSE_Sign1 and the closed map of a code need, deterministic only.

Whole numbers, byte and text strings, arrays, maps and tags, each in its shortest form, maps with whole
numbers as keys in the bytewise order of their encodings (section 4.2.1). Anything else is refused, so that
one content has one encoding: no floats, no simple values, no indefinite lengths.
"""

from __future__ import annotations

from dataclasses import dataclass

#: What is read and written: ``int``, ``bytes``, ``str``, ``list``, ``dict`` and :class:`Tag`.
Value = object
MAX_DEPTH = 6
_UINT, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG = range(7)
_WIDTHS = {24: 1, 25: 2, 26: 4, 27: 8}


@dataclass(frozen=True, slots=True)
class Tag:
    """A tagged value (section 3.4)."""

    number: int
    value: Value


def encode(value: Value) -> bytes:
    """The one encoding of ``value``.

    :raises TypeError: of a kind that is not written. :raises ValueError: a number beyond 64 bits.
    """
    if isinstance(value, bool):
        raise TypeError("no simple values")
    if isinstance(value, int):
        return _head(_UINT, value) if value >= 0 else _head(_NEGATIVE, -1 - value)
    if isinstance(value, bytes):
        return _head(_BYTES, len(value)) + value
    if isinstance(value, str):
        text = value.encode()
        return _head(_TEXT, len(text)) + text
    if isinstance(value, list | tuple):
        return _head(_ARRAY, len(value)) + b"".join(map(encode, value))
    if isinstance(value, dict):
        pairs = sorted((_key(key), encode(item)) for key, item in value.items())
        return _head(_MAP, len(pairs)) + b"".join(key + item for key, item in pairs)
    if isinstance(value, Tag):
        return _head(_TAG, value.number) + encode(value.value)
    raise TypeError(f"no CBOR for {type(value).__name__}")


def _key(key: object) -> bytes:
    if not isinstance(key, int) or isinstance(key, bool):
        raise TypeError("keys are whole numbers")
    return encode(key)


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes([major << 5 | number])
    for short, width in _WIDTHS.items():
        if number < 1 << 8 * width:
            return bytes([major << 5 | short]) + number.to_bytes(width, "big")
    raise ValueError("number beyond 64 bits")


def decode(data: bytes) -> Value:
    """The value whose one encoding ``data`` is.

    :raises ValueError: not well-formed, not deterministic, of another kind, too deep, or followed by more.
    """
    reader = _Reader(data)
    value = reader.value(0)
    if reader.at != len(data):
        raise ValueError("bytes after the end")
    return value


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        if count > len(self.data) - self.at:
            raise ValueError("cut short")
        self.at += count
        return self.data[self.at - count : self.at]

    def head(self) -> tuple[int, int]:
        if self.at >= len(self.data):
            raise ValueError("cut short")
        first = self.data[self.at]
        self.at += 1
        major, short = first >> 5, first & 31
        if short < 24:
            return major, short
        width = _WIDTHS.get(short)
        if width is None:
            raise ValueError("indefinite or reserved length")
        number = int.from_bytes(self.take(width), "big")
        if number < (24 if width == 1 else 1 << 4 * width):  # half the width would have held it
            raise ValueError("not the shortest form")
        return major, number

    def value(self, depth: int) -> Value:
        if depth > MAX_DEPTH:
            raise ValueError("too deep")
        major, number = self.head()
        if major == _UINT:
            return number
        if major == _NEGATIVE:
            return -1 - number
        if major == _BYTES:
            return self.take(number)
        if major == _TEXT:
            return self.take(number).decode("utf-8")
        if major == _ARRAY:
            return [self.value(depth + 1) for _ in range(self._count(number))]
        if major == _MAP:
            return self._map(number, depth)
        if major == _TAG:
            return Tag(number, self.value(depth + 1))
        raise ValueError("floats and simple values are not used")

    def _count(self, number: int) -> int:
        if number > len(self.data) - self.at:  # every item takes at least a byte
            raise ValueError("cut short")
        return number

    def _map(self, number: int, depth: int) -> dict[int, Value]:
        found: dict[int, Value] = {}
        before = b""
        for _ in range(self._count(number)):
            start = self.at
            key = self.value(depth + 1)
            encoded = self.data[start : self.at]
            if not isinstance(key, int) or encoded <= before:
                raise ValueError("keys must be whole numbers in order, each once")
            before = encoded
            found[key] = self.value(depth + 1)
        return found
