"""Base45 (RFC 9285): bytes as the 45 characters of a QR code's alphanumeric mode, read strictly."""

from __future__ import annotations

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUE = {character: value for value, character in enumerate(ALPHABET)}


def encode(data: bytes) -> str:
    """Two bytes become three characters, a last single byte two (section 4.1)."""
    out: list[str] = []
    for at in range(0, len(data) - 1, 2):
        rest, low = divmod(data[at] << 8 | data[at + 1], 45)
        high, middle = divmod(rest, 45)
        out += ALPHABET[low], ALPHABET[middle], ALPHABET[high]
    if len(data) % 2:
        high, low = divmod(data[-1], 45)
        out += ALPHABET[low], ALPHABET[high]
    return "".join(out)


def decode(text: str) -> bytes:
    """The bytes of a text that :func:`encode` could have written.

    :raises ValueError: another character, an impossible length or a group beyond its range (section 4.2).
    """
    try:
        values = [_VALUE[character] for character in text]
    except KeyError:
        raise ValueError("not a base45 character") from None
    whole = len(values) // 3 * 3
    out = bytearray()
    for low, middle, high in zip(values[:whole:3], values[1:whole:3], values[2:whole:3], strict=True):
        number = low + 45 * middle + 2025 * high
        if number > 0xFFFF:
            raise ValueError("base45 group out of range")
        out.append(number >> 8)
        out.append(number & 0xFF)
    rest = values[whole:]
    if len(rest) == 1:
        raise ValueError("base45 text of impossible length")
    if rest:
        number = rest[0] + 45 * rest[1]
        if number > 0xFF:
            raise ValueError("base45 group out of range")
        out.append(number)
    return bytes(out)
