"""What may stand after the seal of a PDF, byte for byte: validation data (DSS) and document time stamps.

Signatures do not cover what is appended after them, and readers of PDF differ in what they make of it: there
live shadow attacks, incremental-saving attacks and evil annotations. So there is one way only to write such
a revision, as a function of the bytes before it and of the DER that it brings (``pades_objects.py``); whoever
reads a file writes every revision once more and compares. Nothing else is accepted, whatever it looks like.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

from hocbaso.core.errors import DomainError, register
from hocbaso.engines.trust.pades_objects import State, StoreRevision, opened, write_stamp, write_store
from hocbaso.engines.trust.tokens import imprint_algorithm

register(
    {
        "pdf_not_extendable": (
            "Tệp PDF này không phải bản thể hiện học bạ đã đóng dấu (hoặc đã bị chương trình khác sửa), "
            "nên không bổ sung được dữ liệu lưu trữ. Tệp được giữ nguyên.",
            "The PDF cannot be extended: {reason}.",
        ),
    }
)

#: Far more than a century of renewals; a bound against hostile files.
MAX_REVISIONS = 64
MAX_ITEMS = 512
#: Octets of a token for which there is room, at most.
MAX_ROOM = 128 * 1024
_STREAM = re.compile(rb"([1-9][0-9]{0,8}) 0 obj\n<</Length (0|[1-9][0-9]{0,8})>>\nstream\n")
_STORE = re.compile(
    rb"[1-9][0-9]{0,8} 0 obj\n<</Type/DSS/Certs\[([0-9R ]*)\]/CRLs\[([0-9R ]*)\]/OCSPs\[([0-9R ]*)\]>>\n"
)
_STAMP = re.compile(
    rb"[1-9][0-9]{0,8} 0 obj\n<</Type/DocTimeStamp/Filter/Adobe.PPKLite/SubFilter/ETSI.RFC3161/V 0"
    rb"/ByteRange\[[0-9 ]{1,60}\]/Contents<([0-9A-F]{2,262144})>>>\n"
)


@dataclass(frozen=True, slots=True)
class StampRevision:
    """A document time stamp: its token, and the digest of everything in the file that it stands for.

    The digest is of the kind that the token names (SHA-256, SHA-384 or SHA-512).
    """

    token: bytes
    imprint: bytes
    end: int = 0


Revision = StoreRevision | StampRevision


class SealedFile:
    """A sealed PDF with the revisions behind its seal, as far as they are ours.

    :ivar sealed_end: offset behind the sealed revision.
    :ivar revisions: what was recognised, in order.
    :ivar end: offset up to which every byte is accounted for; equal to the length when all is ours.
    """

    def __init__(self, pdf: bytes, sealed_end: int) -> None:
        """Read a file whose seal covers exactly its first ``sealed_end`` octets.

        :raises ValueError, PdfError, KeyError: the sealed revision is not of the form that can be extended.
        """
        self.pdf = pdf
        self.sealed_end = sealed_end
        self.revisions: tuple[Revision, ...] = ()
        self._state = opened(pdf[:sealed_end])
        while self.end < len(pdf) and len(self.revisions) < MAX_REVISIONS:
            found = self._next()
            if found is None:
                return
            self._state, revision = found
            self.revisions += (revision,)

    @property
    def end(self) -> int:
        return self._state.length

    @property
    def complete(self) -> bool:
        """Whether nothing stands in the file but the sealed revision and ours."""
        return self.end == len(self.pdf)

    @property
    def stamps(self) -> tuple[StampRevision, ...]:
        """The document time stamps, oldest first."""
        return tuple(item for item in self.revisions if isinstance(item, StampRevision))

    @property
    def stored(self) -> StoreRevision:
        """All validation data of the file together."""
        stores = [item for item in self.revisions if isinstance(item, StoreRevision)]
        return StoreRevision(
            tuple(der for item in stores for der in item.certificates),
            tuple(der for item in stores for der in item.crls),
            tuple(der for item in stores for der in item.ocsps),
        )

    @property
    def level(self) -> str:
        """PAdES baseline level by form: ``B-T``, ``B-LT`` or ``B-LTA`` (EN 319 142-1 clause 6.3)."""
        if self.stamps:
            return "B-LTA"
        return "B-LT" if self.stored.crls or self.stored.ocsps else "B-T"

    def with_store(self, added: StoreRevision) -> Self:
        """The file with a revision of validation data; what it holds already is not written twice.

        :raises DomainError: ``pdf_not_extendable``.
        """
        self._require_complete()
        known = self.stored
        fresh = StoreRevision(
            _unknown(added.certificates, known.certificates),
            _unknown(added.crls, known.crls),
            _unknown(added.ocsps, known.ocsps),
        )
        if not fresh:
            return self
        text, _ = write_store(self.pdf, self._state, fresh)
        return type(self)(self.pdf + text, self.sealed_end)

    def prepare_stamp(self, room: int, algorithm: str = "sha256") -> tuple[bytes, bytes]:
        """A revision with an empty document time stamp, and the digest that the token must state.

        :param room: octets kept for the token.
        :param algorithm: ``sha256``, ``sha384`` or ``sha512``.
        :raises DomainError: ``pdf_not_extendable``.
        """
        self._require_complete()
        if not 0 < room <= MAX_ROOM:
            raise DomainError("pdf_not_extendable", reason="room for the token")
        text, gap, _ = write_stamp(self.pdf, self._state, bytes(room))
        return text, _imprint(self.pdf, text, gap, algorithm)

    def with_stamp(self, token: bytes, room: int) -> Self:
        """The file with the prepared revision completed.

        :raises DomainError: ``pdf_not_extendable``: the token is larger than the room kept for it.
        """
        self._require_complete()
        if len(token) > room:
            raise DomainError("pdf_not_extendable", reason="the token does not fit")
        text, _, _ = write_stamp(self.pdf, self._state, token.ljust(room, b"\0"))
        return type(self)(self.pdf + text, self.sealed_end)

    def _require_complete(self) -> None:
        if not self.complete:
            raise DomainError("pdf_not_extendable", reason="an unknown revision stands behind the seal")

    def _next(self) -> tuple[State, Revision] | None:
        """The revision that begins at :attr:`end`, if writing it again gives the very same octets."""
        start, state = self.end, self._state
        if (stamp := _STAMP.match(self.pdf, start)) is not None:
            filled = bytes.fromhex(stamp[1].decode("ascii"))
            before = self.pdf[:start]
            text, gap, after = write_stamp(before, state, filled)
            if not self.pdf.startswith(text, start):
                return None
            token = filled.rstrip(b"\0")
            # A DER value may end in zeros: its own length says where it ends.
            token = filled[: max(len(token), _der_length(filled))]
            imprint = _imprint(before, text, gap, _algorithm(token))
            return after, StampRevision(token, imprint, after.length)
        added = self._read_store(start)
        if added is None:
            return None
        text, after = write_store(self.pdf[:start], state, added)
        if not self.pdf.startswith(text, start):
            return None
        return after, replace(added, end=after.length)

    def _read_store(self, start: int) -> StoreRevision | None:
        ders: dict[int, bytes] = {}
        while (head := _STREAM.match(self.pdf, start)) is not None and len(ders) < MAX_ITEMS:
            size = int(head[2])
            ders[int(head[1])] = self.pdf[head.end() : head.end() + size]
            start = head.end() + size + len(_STREAM_END)
        store = _STORE.match(self.pdf, start)
        if store is None or not ders:
            return None
        certificates, crls, ocsps = (
            tuple(ders[number] for number in map(int, re.findall(rb"([0-9]+) 0 R", group)) if number in ders)
            for group in store.groups()
        )
        return StoreRevision(certificates, crls, ocsps)


_STREAM_END = b"\nendstream\nendobj\n"


def sealed_ends(pdf: bytes) -> Iterable[int]:
    """Where a sealed revision might end, by the byte ranges that stand in the file, first come first."""
    found = re.finditer(rb"/ByteRange ?\[ ?0 +([0-9]{1,9}) +([0-9]{1,9}) +([0-9]{1,9}) ?\]", pdf)
    for number, match in enumerate(found):
        end = int(match[2]) + int(match[3])
        if number >= 8:
            return
        if match.end() < end <= len(pdf):
            yield end


def _der_length(data: bytes) -> int:
    """Octets of the DER value that ``data`` begins with; 0 when it is none."""
    if len(data) < 2:
        return 0
    if data[1] < 0x80:
        return 2 + data[1]
    width = data[1] & 0x7F
    return 2 + width + int.from_bytes(data[2 : 2 + width], "big") if width <= 4 else 0


def _unknown(items: Iterable[bytes], known: Iterable[bytes]) -> tuple[bytes, ...]:
    seen = set(known)
    return tuple(item for item in dict.fromkeys(items) if item not in seen)


def _algorithm(token: bytes) -> str:
    try:
        return imprint_algorithm(token)
    except DomainError:  # the token is judged elsewhere
        return "sha256"


def _imprint(before: bytes, text: bytes, gap: tuple[int, int], algorithm: str) -> bytes:
    digest = hashlib.new(algorithm, before)
    digest.update(text[: gap[0]])
    digest.update(text[gap[1] :])
    return digest.digest()
