"""What site and agent say to each other: key agreement, proofs of the code, sealed messages.

The site's server and the agent agree on a key that no page ever holds (X25519, RFC 7748; HKDF-SHA-256, RFC
5869). The six digits that the agent shows, typed by the person on the site, prove each side to the other.
Lists and challenges carry a MAC under that key: a script in the page, or a program in the PC, makes none.
Both sides use this module.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final, Literal

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hocbaso.core.errors import DomainError, register

register(
    {
        "agent_key_unusable": (
            "Khóa ghép nối nhận được không đúng dạng. Hãy ghép nối lại.",
            "The public key of the other side is not usable.",
        ),
    }
)

VERSION: Final = 1
DEFAULT_PORT: Final = 24817
CODE_DIGITS: Final = 6
#: Most sheets of one list; the desk authorises no more.
MOST_ITEMS: Final = 600
MAX_LIST_OCTETS: Final = 8 * 1024 * 1024
MAX_BODY_OCTETS: Final = 64 * 1024

Side = Literal["site", "agent"]


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a pairing is bound to. ``account``: who is signed in, as the site names the session's person."""

    origin: str
    account: str
    attempt: str
    site_key: bytes
    agent_key: bytes

    def octets(self) -> bytes:
        """Each part behind its length, so that no part can run into the next."""
        parts = (self.origin.encode(), self.account.encode(), self.attempt.encode())
        named = (b"hocbaso agent 1", *parts, self.site_key, self.agent_key)
        return b"".join(len(part).to_bytes(4, "big") + part for part in named)


@dataclass(frozen=True, slots=True, repr=False)
class PairKeys:
    """The keys of one pairing; never shown."""

    confirm: bytes
    messages: bytes
    page: bytes

    def proof(self, side: Side, code: str) -> str:
        """That ``side`` has the key and knows the code; hexadecimal."""
        return _mac(self.confirm, side.encode() + b"\0" + code.encode())

    def page_token(self) -> str:
        """What pages of the paired session carry, so that no other page of the PC is listened to."""
        return self.page.hex()

    def seal(self, text: str) -> str:
        """The MAC of a message, hexadecimal."""
        return _mac(self.messages, text.encode())


def agree(own: X25519PrivateKey, other: bytes, transcript: Transcript) -> PairKeys:
    """The keys of a pairing; both sides come to the same.

    :raises DomainError: ``agent_key_unusable``.
    """
    try:
        shared = own.exchange(X25519PublicKey.from_public_bytes(other))
    except ValueError as error:
        raise DomainError("agent_key_unusable") from error
    salt = hashlib.sha256(transcript.octets()).digest()
    made = HKDF(hashes.SHA256(), 96, salt, b"hocbaso agent keys").derive(shared)
    return PairKeys(made[:32], made[32:64], made[64:])


def same(a: str, b: str) -> bool:
    """Equal, in constant time; whatever the texts hold."""
    return hmac.compare_digest(a.encode("utf-8", "replace"), b.encode("utf-8", "replace"))


def _mac(key: bytes, content: bytes) -> str:
    return hmac.new(key, content, hashlib.sha256).hexdigest()
