"""Pairing with the signed-in page: a code of six digits, few tries, a key that only server and agent have.

An attempt lives three minutes and takes three codes; how many there may be at all, and how fast, says
:mod:`.guessing`. One pairing at a time; it ends when idle, after a working day, by a button, or with the
program.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hocbaso.core.errors import DomainError, register
from hocbaso.interfaces.agent.guessing import Guesses
from hocbaso.interfaces.agent.protocol import CODE_DIGITS, PairKeys, Transcript, agree, same

register(
    {
        "agent_not_paired": (
            "Trang học bạ chưa ghép nối với chương trình ký trên máy này, hoặc ghép nối đã hết. "
            "Thầy cô bấm Ghép nối.",
            "The page is not paired with the agent.",
        ),
        "agent_code_wrong": (
            "Mã ghép nối chưa đúng. Thầy cô xem lại 6 chữ số trong cửa sổ Chương trình ký (còn {tries} lần).",
            "The pairing code is wrong; {tries} tries are left.",
        ),
        "agent_attempt_over": (
            "Lần ghép nối này đã hết hạn, bị từ chối hoặc nhập sai quá nhiều lần. Thầy cô bấm Ghép nối lại "
            "để có mã mới.",
            "The attempt is over.",
        ),
        "agent_seal_wrong": (
            "Yêu cầu không do máy chủ học bạ đã ghép nối gửi. Chưa ký gì; thầy cô hãy ghép nối lại.",
            "The message does not carry the MAC of the paired server.",
        ),
        "agent_message_used": (
            "Yêu cầu này đã được gửi trước đó. Thầy cô tải lại trang học bạ rồi thử lại.",
            "The message was taken before.",
        ),
    }
)

ATTEMPT_SECONDS = 180.0
_TRIES = 3
IDLE_SECONDS = 30 * 60.0
LONGEST_SECONDS = 10 * 3600.0
_MOST_NONCES = 10_000


@dataclass(slots=True)
class Attempt:
    """A page asks to be paired; the person has not typed the code yet."""

    id: str
    origin: str
    account: str
    code: str
    keys: PairKeys
    agent_key: bytes
    ends: float
    tries: int = _TRIES


@dataclass(slots=True)
class Pairing:
    """One browser session that the agent listens to."""

    id: str
    origin: str
    account: str
    keys: PairKeys
    ends: float
    idle_ends: float
    nonces: set[str] = field(default_factory=set)


class Pairings:
    """The one attempt and the one pairing. Not locked: whoever uses it holds the desk's lock.

    :param clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._attempt: Attempt | None = None
        self._pairing: Pairing | None = None
        self.guesses = Guesses(clock)

    @property
    def attempt(self) -> Attempt | None:
        """The attempt that waits for its code."""
        if self._attempt is not None and self._clock() >= self._attempt.ends:
            self._attempt = None
        return self._attempt

    @property
    def pairing(self) -> Pairing | None:
        """The pairing that lasts."""
        now, found = self._clock(), self._pairing
        if found is not None and (now >= found.ends or now >= found.idle_ends):
            self._pairing = None
        return self._pairing

    def ask(self, origin: str, account: str, site_key: bytes) -> Attempt:
        """Begin an attempt; an earlier one is over.

        :raises DomainError: ``agent_pairing_shut``, ``agent_pairing_closed``, ``agent_pairing_pause``,
            ``agent_key_unusable``.
        """
        self.guesses.check()
        self.guesses.asked()
        own, identifier = X25519PrivateKey.generate(), secrets.token_hex(16)
        public = own.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        keys = agree(own, site_key, Transcript(origin, account, identifier, site_key, public))
        code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
        ends = self._clock() + ATTEMPT_SECONDS
        self._attempt = Attempt(identifier, origin, account, code, keys, public, ends)
        return self._attempt

    def finish(self, origin: str, attempt_id: str, proof: str) -> tuple[Pairing, str]:
        """Take the site's proof that the person typed the code.

        :returns: the pairing, and the agent's own proof for the site.
        :raises DomainError: ``agent_attempt_over``, ``agent_code_wrong``; as :meth:`ask`: the code was not
            looked at.
        """
        attempt = self.attempt
        if attempt is None or attempt.origin != origin or not same(attempt.id, attempt_id):
            raise DomainError("agent_attempt_over")
        self.guesses.check()
        if not same(attempt.keys.proof("site", attempt.code), proof):
            attempt.tries -= 1
            self.guesses.wrong(attempt.origin, attempt.account)
            if attempt.tries == 0 or self.guesses.closed:
                self._attempt = None
                raise DomainError("agent_attempt_over")
            raise DomainError("agent_code_wrong", tries=attempt.tries)
        self._attempt, now = None, self._clock()
        self.guesses.allow_again()
        self._pairing = Pairing(
            attempt.id, origin, attempt.account, attempt.keys, now + LONGEST_SECONDS, now + IDLE_SECONDS
        )
        return self._pairing, attempt.keys.proof("agent", attempt.code)

    def refuse(self) -> None:
        """The person does not know who asks."""
        self._attempt = None

    def end(self) -> None:
        """No page is listened to any more."""
        self._pairing = None

    def of_page(self, origin: str, token: str) -> Pairing:
        """The pairing that a page speaks for; its idle time begins anew.

        :raises DomainError: ``agent_not_paired``.
        """
        found = self.pairing
        if found is None or found.origin != origin or not same(found.keys.page_token(), token):
            raise DomainError("agent_not_paired")
        found.idle_ends = self._clock() + IDLE_SECONDS
        return found

    @staticmethod
    def check_seal(pairing: Pairing, text: str, seal: str) -> None:
        """:raises DomainError: ``agent_seal_wrong``: the paired server did not write this text."""
        if not same(pairing.keys.seal(text), seal):
            raise DomainError("agent_seal_wrong")

    @staticmethod
    def use_nonce(pairing: Pairing, nonce: str) -> None:
        """Each message is taken once. :raises DomainError: ``agent_message_used``"""
        if nonce in pairing.nonces or len(pairing.nonces) >= _MOST_NONCES:
            raise DomainError("agent_message_used")
        pairing.nonces.add(nonce)
