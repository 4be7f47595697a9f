"""Is it revoked? Asked of the authorities that issued the certificates, with what they said kept for a while.

OCSP first (RFC 6960), else the list that the certificate names (RFC 5280 section 5); an answer counts when
the issuer, or a responder that the issuer made for it, signed it and it holds at the time in question. An
authority that does not answer is left alone for some minutes. Nothing here reads a clock.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from hocbaso.engines.trust.authority import Revocation, RevocationAnswer
from hocbaso.engines.trust.longterm.answers import Answer, ask_list, ask_response
from hocbaso.engines.trust.longterm.fetching import HttpAnswers
from hocbaso.engines.trust.paths import X509_FAILURES

#: Gives a DER OCSP response or list about a certificate of an issuer; None: nobody answers.
Ask = Callable[[x509.Certificate, x509.Certificate], bytes | None]
#: How long an answer about one certificate is taken again without asking.
KEEP_ANSWER = timedelta(minutes=10)
#: How long a list serves every certificate of its issuer, if it does not end before.
KEEP_LIST = timedelta(hours=6)
#: An answer that names no end is good for so long.
_WITHOUT_END = timedelta(hours=24)
#: Clocks differ.
_SKEW = timedelta(minutes=5)
#: How long an authority that did not answer is left alone.
REST = timedelta(minutes=5)
_MOST = 50_000

UNKNOWN = RevocationAnswer(Revocation.UNKNOWN)


@dataclass(frozen=True, slots=True)
class _Kept:
    answer: Answer
    until: datetime


class AuthorityAnswers:
    """Answers about certificates of known issuers; safe for several threads.

    :param issuers: authorities below trusted roots, whose certificates alone are asked about: a stranger's
        certificate names no address to this node.
    :param ask: makes a way to ask; a new one a while, as it remembers who was silent.
    """

    def __init__(
        self, issuers: Sequence[x509.Certificate], ask: Callable[[], Ask] = lambda: HttpAnswers(5.0)
    ) -> None:
        self._issuers = tuple(issuers)
        self._make = ask
        self._asker: tuple[Ask, datetime] | None = None
        self._answers: dict[bytes, _Kept] = {}
        self._lists: dict[bytes, _Kept] = {}
        self._resting: dict[bytes, datetime] = {}
        self._lock = threading.Lock()

    def revocation(self, certificate: x509.Certificate, at: datetime) -> RevocationAnswer:
        """Whether the certificate is revoked at ``at`` (aware)."""
        try:
            issuer = self._issuer(certificate)
            if issuer is None:
                return UNKNOWN
            answer = self._known(certificate, issuer, at) or self._asked(certificate, issuer, at)
        except X509_FAILURES:
            return UNKNOWN
        if answer is None:
            return UNKNOWN
        if answer.revoked is not None and answer.revoked <= at:
            return RevocationAnswer(Revocation.REVOKED, answer.revoked)
        return RevocationAnswer(Revocation.GOOD)

    def _issuer(self, certificate: x509.Certificate) -> x509.Certificate | None:
        for issuer in self._issuers:
            if issuer.subject == certificate.issuer:
                certificate.verify_directly_issued_by(issuer)
                return issuer
        return None

    def _known(self, certificate: x509.Certificate, issuer: x509.Certificate, at: datetime) -> Answer | None:
        with self._lock:
            own, whole = self._answers.get(_key(certificate)), self._lists.get(_key(issuer))
        if own is not None and own.until > at:
            return own.answer
        if whole is not None and whole.until > at:
            return ask_list(whole.answer.der, certificate, issuer)
        return None

    def _asked(self, certificate: x509.Certificate, issuer: x509.Certificate, at: datetime) -> Answer | None:
        with self._lock:
            if self._resting.get(_key(issuer), at) > at:
                return None
            if self._asker is None or not timedelta() <= at - self._asker[1] < REST:
                self._asker = (self._make(), at)
            ask = self._asker[0]
        answer = self._judged(ask(certificate, issuer), certificate, issuer, at)
        with self._lock:
            if answer is None:
                self._resting[_key(issuer)] = at + REST
                return None
            self._resting.pop(_key(issuer), None)
            self._keep(certificate, issuer, answer, at)
        return answer

    def _keep(
        self, certificate: x509.Certificate, issuer: x509.Certificate, answer: Answer, at: datetime
    ) -> None:
        end = answer.expires or at + _WITHOUT_END
        if answer.is_list:
            self._lists[_key(issuer)] = _Kept(answer, min(end, at + KEEP_LIST))
            return
        if len(self._answers) >= _MOST:
            self._answers.clear()
        self._answers[_key(certificate)] = _Kept(answer, min(end, at + KEEP_ANSWER))

    def _judged(
        self, der: bytes | None, certificate: x509.Certificate, issuer: x509.Certificate, at: datetime
    ) -> Answer | None:
        """What an answer says, when it is one, is the issuer's, and holds at ``at``."""
        if der is None:
            return None
        answer = None
        for read in (ask_response, ask_list):
            try:
                answer = read(der, certificate, issuer)
            except X509_FAILURES:
                continue
            if answer is not None:
                break
        if answer is None or answer.made > at + _SKEW:
            return None
        end = answer.expires or answer.made + _WITHOUT_END
        return answer if end >= at else None


def _key(certificate: x509.Certificate) -> bytes:
    return certificate.fingerprint(hashes.SHA256())
