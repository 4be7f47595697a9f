"""DER as far as time-stamp tokens need it: values in order, shortest lengths only, nothing left over."""

from __future__ import annotations

from functools import lru_cache

INTEGER, BITS, OCTETS, OID, SEQUENCE, SET, TIME = 0x02, 0x03, 0x04, 0x06, 0x30, 0x31, 0x18
CONTEXT_0, CONTEXT_1 = 0xA0, 0xA1


class DerFault(ValueError):
    """Not DER, or not of the wanted shape."""


class Der:
    """A walk over the values of one DER content; hostile input raises :class:`DerFault` only."""

    __slots__ = ("_at", "_data", "_end")

    def __init__(self, data: bytes, start: int = 0, end: int | None = None) -> None:
        self._data = data
        self._at = start
        self._end = len(data) if end is None else end

    def _span(self, tag: int) -> tuple[int, int]:
        """Start and end of the content of the next value, which must have this tag; goes behind it."""
        data, at = self._data, self._at
        if at + 2 > self._end or data[at] != tag:
            raise DerFault("tag")
        size, start = data[at + 1], at + 2
        if size >= 0x80:
            count = size & 0x7F
            start += count
            size = int.from_bytes(data[at + 2 : start], "big")
            if not 1 <= count <= 4 or size < 0x80 or size >> 8 * (count - 1) == 0:
                raise DerFault("length")
        end = start + size
        if end > self._end:
            raise DerFault("length")
        self._at = end
        return start, end

    def peek(self) -> int:
        """The tag of the next value; 0 at the end."""
        return self._data[self._at] if self._at < self._end else 0

    def more(self) -> bool:
        """Whether anything is left, of whatever kind."""
        return self._at < self._end

    def content(self, tag: int) -> bytes:
        """The content of the next value."""
        start, end = self._span(tag)
        return self._data[start:end]

    def whole(self, tag: int) -> bytes:
        """The next value with its tag and length."""
        start = self._at
        _, end = self._span(tag)
        return self._data[start:end]

    def inside(self, tag: int) -> Der:
        """A walk over the content of the next value."""
        start, end = self._span(tag)
        return Der(self._data, start, end)

    def number(self) -> int:
        """The next value, an INTEGER in its shortest form."""
        content = self.content(INTEGER)
        if not content or (
            len(content) > 1 and content[0] in (0, 0xFF) and content[0] >> 7 == content[1] >> 7
        ):
            raise DerFault("integer")
        return int.from_bytes(content, "big", signed=True)

    def skip(self) -> None:
        """Go behind the next value, whatever it is."""
        self._span(self.peek())

    def end(self) -> None:
        """Refuse anything left over."""
        if self._at != self._end:
            raise DerFault("something left over")


def check_signed(der: bytes) -> None:
    """Refuse a certificate, list or BasicOCSPResponse whose signature is no whole number of octets.

    How many bits of a BIT STRING are unused is signed by nobody, and libraries read past it.

    :raises DerFault: also when it is no SEQUENCE of content, algorithm and signature at all.
    """
    inside = Der(der).inside(SEQUENCE)
    inside.skip()
    inside.skip()
    if inside.content(BITS)[:1] != b"\x00":
        raise DerFault("unused bits")


def basic_response(response: bytes) -> bytes:
    """The BasicOCSPResponse inside a successful OCSPResponse (RFC 6960 section 4.2.1).

    :raises DerFault: of another form.
    """
    walk = Der(response).inside(SEQUENCE)
    walk.skip()
    body = walk.inside(CONTEXT_0).inside(SEQUENCE)
    body.skip()
    return body.content(OCTETS)


@lru_cache(maxsize=256)
def dotted(content: bytes) -> str:
    """An object identifier as people write it.

    :raises DerFault: not an object identifier.
    """
    arcs: list[int] = []
    value = 0
    for octet in content[:64]:
        if value == 0 and octet == 0x80:
            raise DerFault("object identifier")
        value = value << 7 | octet & 0x7F
        if octet < 0x80:
            arcs.append(value)
            value = 0
    if not arcs or content[-1] >= 0x80 or len(content) > 64:
        raise DerFault("object identifier")
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def tagged(tag: int, content: bytes) -> bytes:
    """DER of one value: tag, shortest length, content."""
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content
