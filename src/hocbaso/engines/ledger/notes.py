"""Signed notes and witness cosignatures (C2SP ``signed-note`` and ``tlog-cosignature``), Ed25519.

A note is a text that ends in a newline, a blank line, and signature lines
``— <key name> base64(4-byte key ID || signature)``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from hocbaso.core.errors import DomainError, Unreadable, register

#: Greatest size of a note in characters, and of the number of its signatures.
MAX_NOTE = 100_000
MAX_SIGNATURES = 64

_CONTROL = re.compile("[\x00-\x09\x0b-\x1f]")
_NAME = re.compile(r"[^\s+]+")
_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
_KEY = re.compile(r"([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})")

register(
    {
        "note_unreadable": (
            "Văn bản có chữ ký của nhật ký công khai không đúng định dạng.",
            "The signed note is malformed: {problem}.",
        ),
        "note_key_unreadable": (
            "Khóa kiểm tra của nhật ký công khai không đúng định dạng.",
            "The verifier key is malformed.",
        ),
        "note_forged": (
            "Chữ ký của “{name}” trên nhật ký công khai không đúng; dữ liệu đã bị sửa.",
            "The signature of {name} does not verify.",
        ),
        "note_untrusted": (
            "Nhật ký công khai không có chữ ký của “{names}”.",
            "The note is not signed by any of {names}.",
        ),
    }
)


class KeyType(IntEnum):
    """Signature types of C2SP ``signed-note``."""

    LOG = 0x01
    WITNESS = 0x04


def _key_id(name: str, key_type: KeyType, public: bytes) -> bytes:
    return hashlib.sha256(f"{name}\n".encode() + bytes([key_type]) + public).digest()[:4]


@dataclass(frozen=True, slots=True)
class NoteVerifier:
    """A public key that is trusted under a name."""

    name: str
    key_type: KeyType
    public: bytes  # 32 bytes

    @classmethod
    def parse(cls, text: str) -> NoteVerifier:
        """Read a verifier key ``name+hex key ID+base64(type || public key)``.

        :raises Unreadable: ``note_key_unreadable``.
        """
        match = _KEY.fullmatch(text)
        raw = _base64(match[3]) if match else None
        if match and raw and len(raw) == 33 and raw[0] in tuple(KeyType):
            verifier = cls(match[1], KeyType(raw[0]), raw[1:])
            if verifier.key_id.hex() == match[2]:
                return verifier
        raise Unreadable("note_key_unreadable")

    @property
    def key_id(self) -> bytes:
        """The four bytes that stand before its signatures."""
        return _key_id(self.name, self.key_type, self.public)

    def __str__(self) -> str:
        raw = base64.b64encode(bytes([self.key_type]) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{raw}"

    def check(self, text: str, signature: bytes) -> int | None:
        """Check a signature (without key ID) over a note text.

        :returns: the POSIX time of a witness's cosignature; ``None`` for the log's own.
        :raises DomainError: ``note_forged``.
        """
        message, seconds = text.encode(), None
        if self.key_type is KeyType.WITNESS:
            seconds, signature = int.from_bytes(signature[:8], "big"), signature[8:]
            message = _cosigned(text, seconds)
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            raise DomainError("note_forged", name=self.name) from None
        return seconds


def _cosigned(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


@dataclass(frozen=True, slots=True)
class NoteSigner:
    """A private key with its name. The key object is loaded once, by whoever keeps it."""

    name: str
    private_key: Ed25519PrivateKey
    key_type: KeyType = KeyType.LOG

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError("a key name holds neither spaces nor plus signs")

    @property
    def verifier(self) -> NoteVerifier:
        """Its public half."""
        return NoteVerifier(self.name, self.key_type, self.private_key.public_key().public_bytes_raw())

    def line(self, text: str, seconds: int | None = None) -> str:
        """The signature line over a note text.

        :param seconds: POSIX time of a witness's cosignature; not for the log's own key.
        """
        if (seconds is not None) != (self.key_type is KeyType.WITNESS):
            raise ValueError("a witness states a time, the log's own key does not")
        if seconds is None:
            signature = self.private_key.sign(text.encode())
        else:
            signature = seconds.to_bytes(8, "big") + self.private_key.sign(_cosigned(text, seconds))
        return f"— {self.name} {base64.b64encode(self.verifier.key_id + signature).decode()}\n"


@dataclass(frozen=True, slots=True)
class OpenedNote:
    """A note's text with the keys that signed it: (verifier, time of a witness or ``None``)."""

    text: str
    signed_by: tuple[tuple[NoteVerifier, int | None], ...]


def sign_note(text: str, *signers: NoteSigner) -> str:
    """A note over ``text`` (which ends in a newline) signed by the log's key or keys."""
    _check_text(text)
    return text + "\n" + "".join(signer.line(text) for signer in signers)


def add_cosignature(note: str, witness: NoteSigner, seconds: int) -> str:
    """The note with a witness's line added (whether to sign is decided in ``checkpoints.witness``)."""
    text, _ = split_note(note)
    return note + witness.line(text, seconds)


def split_note(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """The text and the signatures ``(key name, key ID || signature)``, none of them checked.

    :raises Unreadable: ``note_unreadable``.
    """
    if len(note) > MAX_NOTE:
        raise Unreadable("note_unreadable", problem="too large")
    text, found, tail = note.rpartition("\n\n")
    text += "\n"
    if not found or not tail.endswith("\n"):
        raise Unreadable("note_unreadable", problem="no signatures")
    _check_text(text)
    signatures = []
    for line in tail.removesuffix("\n").split("\n"):
        match = _LINE.fullmatch(line)
        raw = _base64(match[2]) if match else None
        if not match or raw is None or len(raw) < 5:
            raise Unreadable("note_unreadable", problem="signature line")
        signatures.append((match[1], raw))
    if len(signatures) > MAX_SIGNATURES:
        raise Unreadable("note_unreadable", problem="too many signatures")
    return text, signatures


def open_note(note: str, verifiers: Iterable[NoteVerifier]) -> OpenedNote:
    """Check a note. Signatures of unknown keys are passed over; a wrong one of a known key refuses the note.

    :raises Unreadable: ``note_unreadable``.
    :raises DomainError: ``note_forged``; ``note_untrusted`` if no known key signed it.
    """
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    text, signatures = split_note(note)
    signed_by: dict[NoteVerifier, int | None] = {}
    for name, raw in signatures:
        verifier = known.get((name, raw[:4]))
        if verifier:
            signed_by[verifier] = verifier.check(text, raw[4:])
    if not signed_by:
        raise DomainError("note_untrusted", names=", ".join(name for name, _ in known))
    return OpenedNote(text, tuple(signed_by.items()))


def _check_text(text: str) -> None:
    if not text.endswith("\n") or _CONTROL.search(text):
        raise Unreadable("note_unreadable", problem="text")


def _base64(text: str) -> bytes | None:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if base64.b64encode(raw).decode() == text else None  # spare bits must be zero
