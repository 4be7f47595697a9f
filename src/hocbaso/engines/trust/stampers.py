"""Several time-stamp authorities behind one door: in order of preference, each behind a circuit breaker.

Nothing that an authority answers is believed before it was checked: imprint, nonce, signature, usage and
validity of its certificate (``tokens.py``), a time near the present, and, where anchors are given, the path
to one of them and that it is not revoked. A wrong answer counts as a failure, like no answer: the next
authority is asked within the same call. Sources: RFC 3161 sections 2.2 and 2.4.2 (what a requester checks),
EN 319 422.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol, TypeVar

from cryptography import x509

from hocbaso.core.errors import DomainError, ServiceUnavailable
from hocbaso.engines.trust.breakers import Health, LocalMemory, Memory, Rules, State
from hocbaso.engines.trust.ports import TimeStamper
from hocbaso.engines.trust.timestamps import CLOCK_TOLERANCE, check_path
from hocbaso.engines.trust.tokens import TimeStampInfo, TokenFault, read_token

_Got = TypeVar("_Got")
#: A certificate's path and revocation are asked about again after this time.
_BELIEVED_FOR = timedelta(minutes=1)
_MOST_BELIEVED = 64


class Authority(Protocol):
    """One time-stamp authority, wherever it is."""

    def token(self, digest: bytes, *, nonce: int) -> bytes:
        """A DER TimeStampToken over a digest of SHA-256, SHA-384 or SHA-512 with that nonce.

        :raises DomainError: no answer, or none that can be a token.
        """


@dataclass(frozen=True, slots=True)
class Named:
    """An authority as the node knows it.

    :param name: stable, told to people and kept in the table of health. :param lanes: questions at once: more
        than one where answers are waited for. :param patience: seconds until an answer counts as none; only
        looked at with several lanes.
    """

    name: str
    authority: Authority
    lanes: int = 1
    patience: float = 15.0


@dataclass(frozen=True, slots=True)
class Stamp:
    """A token that was checked, what it says, and which authority gave it."""

    token: bytes
    info: TimeStampInfo
    authority: str


class Belief:
    """Whether an authority's certificate is believed: its path, and that it is not revoked.

    :param anchors: roots, or what gives those that are believed now; without any, no path is asked for.
    :param revoked: whether a certificate is known
        to be revoked at a time; not knowing is no refusal, because who verifies later has fresher data.
    """

    def __init__(
        self,
        anchors: Sequence[x509.Certificate] | Callable[[], Sequence[x509.Certificate]] = (),
        intermediates: Sequence[x509.Certificate] = (),
        revoked: Callable[[x509.Certificate, datetime], bool] | None = None,
    ) -> None:
        self._anchors = anchors if callable(anchors) else tuple(anchors)
        self._intermediates, self._revoked = tuple(intermediates), revoked
        self._until: dict[bytes, tuple[datetime, datetime]] = {}

    def check(self, info: TimeStampInfo) -> None:
        """:raises DomainError: ``timestamp_untrusted``, ``timestamp_invalid`` (revoked)."""
        since, until = self._until.get(info.certificate_der, (info.time, info.time))
        if since <= info.time < until:
            return
        if callable(self._anchors):
            check_path(info, self._anchors(), self._intermediates)
        elif self._anchors:
            check_path(info, self._anchors, self._intermediates)
        if self._revoked is not None and self._revoked(info.certificate, info.time):
            sentence = "Chứng thư số của nơi cấp dấu thời gian đã bị thu hồi."
            raise TokenFault("REVOKED", "revoked", sentence)
        if len(self._until) >= _MOST_BELIEVED:
            self._until.clear()
        self._until[info.certificate_der] = (info.time, info.time + _BELIEVED_FOR)


class FailoverStamper:
    """A :class:`~hocbaso.engines.trust.ports.TimeStamper` over authorities in order of preference.

    :param clock: the present. :param ticks: seconds of a steady clock, for the mean time of answers.
    :param memory: what is known of the authorities' health; by default this object's own.
    """

    def __init__(
        self,
        authorities: Sequence[Named],
        *,
        clock: Callable[[], datetime],
        ticks: Callable[[], float],
        memory: Memory | None = None,
        rules: Rules | None = None,
        belief: Belief | None = None,
    ) -> None:
        if not authorities or len({one.name for one in authorities}) != len(authorities):
            raise ValueError("time-stamp authorities need names, each its own")
        self._authorities = tuple(authorities)
        self._clock, self._ticks = clock, ticks
        self._memory: Memory = memory or LocalMemory()
        self._rules, self._belief = rules or Rules(), belief or Belief()

    @property
    def names(self) -> tuple[str, ...]:
        """The authorities in order of preference."""
        return tuple(one.name for one in self._authorities)

    def health(self) -> Mapping[str, Health]:
        """What is known of each authority."""
        known = self._memory.read(self.names)
        return {name: known.get(name, Health()) for name in self.names}

    def stamp(self, digest: bytes) -> bytes:
        """A checked DER TimeStampToken over a digest of SHA-256, SHA-384 or SHA-512.

        :raises ServiceUnavailable: ``timestamp_unavailable``: no authority gave a token that can be believed.
        """
        return self.stamp_checked(digest).token

    def stamp_checked(self, digest: bytes) -> Stamp:
        """:meth:`stamp`, with what was read and who stamped. :raises ServiceUnavailable: as there."""
        found = self.stamp_many([digest])[0]
        if isinstance(found, DomainError):
            raise found
        return found

    def stamp_many(self, digests: Sequence[bytes]) -> list[Stamp | DomainError]:
        """A stamp a digest, in order, or the ``ServiceUnavailable`` that says why there is none.

        What one authority leaves goes to the next; an authority whose breaker opens on the way is left.
        """
        work = _Work(digests, [None] * len(digests), list(range(len(digests))), {})
        health = self.health()
        for named in self._authorities:
            if work.left:
                self._through(named, health[named.name], work)
        detail = "; ".join(f"{name}: {fault}" for name, fault in work.faults.items())
        return [
            ServiceUnavailable("timestamp_unavailable", detail=detail) if one is None else one
            for one in work.found
        ]

    def _through(self, named: Named, health: Health, work: _Work) -> None:
        """Ask one authority for what is left; what it does not give stays left."""
        failed: list[int] = []
        while work.left:
            state = health.state(self._clock())
            if state is State.OPEN:
                work.faults.setdefault(named.name, health.last_fault)
                break
            size = named.lanes if state is State.CLOSED else 1
            wave, work.left = work.left[:size], work.left[size:]
            for index, got, ms in self._wave(named, work.digests, wave):
                before, now = health, self._clock()
                if isinstance(got, Stamp):
                    work.found[index] = got
                    health = health.succeeded(now, ms)
                else:
                    failed.append(index)
                    work.faults[named.name] = got
                    health = health.failed(now, got, self._rules)
                self._memory.note(named.name, before, health)
        work.left = failed + work.left

    def _wave(
        self, named: Named, digests: Sequence[bytes], wave: Sequence[int]
    ) -> list[tuple[int, Stamp | str, float]]:
        """A few questions at once: index, stamp or fault, milliseconds."""
        asked = [(index, secrets.randbits(63) | 1) for index in wave]

        calls = [partial(self._ask, named.authority, digests[index], nonce) for index, nonce in asked]
        answers: list[tuple[bytes | str, float] | None]
        if named.lanes == 1:
            answers = [call() for call in calls]
        else:
            answers = _at_once(calls, named.patience, self._ticks)
        results: list[tuple[int, Stamp | str, float]] = []
        for (index, nonce), answer in zip(asked, answers, strict=True):
            token, ms = answer or ("too slow", named.patience * 1000)
            checked = token if isinstance(token, str) else self._believed(token, digests[index], nonce, named)
            results.append((index, checked, ms))
        return results

    def _ask(self, authority: Authority, digest: bytes, nonce: int) -> tuple[bytes | str, float]:
        """One question: the token or in a word why there is none, and milliseconds."""
        begin = self._ticks()
        try:
            token: bytes | str = authority.token(digest, nonce=nonce)
        except DomainError as error:
            token = _words(error)
        except Exception as error:  # whatever its client does: the next authority is asked
            token = type(error).__name__
        return token, (self._ticks() - begin) * 1000

    def _believed(self, token: bytes, digest: bytes, nonce: int, named: Named) -> Stamp | str:
        """The stamp, or in a word why it is not believed."""
        now = self._clock()
        try:
            info = read_token(token, digest, now)
            if info.nonce != nonce:
                return "nonce"
            if info.time < now - CLOCK_TOLERANCE:
                return "clock"
            self._belief.check(info)
        except DomainError as error:
            return _words(error)
        except ValueError as error:
            return type(error).__name__
        return Stamp(token, info, named.name)


@dataclass(slots=True)
class _Work:
    digests: Sequence[bytes]
    found: list[Stamp | None]
    left: list[int]  # indexes without stamp
    faults: dict[str, str]


def _words(error: DomainError) -> str:
    """Why, in a word: never text that came from outside."""
    detail = error.params.get("detail")
    return str(detail) if detail else error.code


def _at_once(
    calls: Sequence[Callable[[], _Got]], patience: float, ticks: Callable[[], float]
) -> list[_Got | None]:
    """Results in order, ``None`` where none came in time; whoever is late is left behind (daemon threads)."""
    results: list[_Got | None] = [None] * len(calls)

    def run(index: int) -> None:
        results[index] = calls[index]()

    threads = [threading.Thread(target=run, args=(index,), daemon=True) for index in range(len(calls))]
    for thread in threads:
        thread.start()
    end = ticks() + patience
    for thread in threads:
        thread.join(max(0.0, end - ticks()))
    return list(results)


def stamp_all(stamper: TimeStamper, digests: Sequence[bytes], at: datetime) -> list[Stamp | DomainError]:
    """A checked stamp a digest through any stamper, or why there is none; one bad answer spoils no other.

    :param at: the present, aware.
    """
    if isinstance(stamper, FailoverStamper):
        return stamper.stamp_many(digests)
    results: list[Stamp | DomainError] = []
    for digest in digests:
        try:
            token = stamper.stamp(digest)
            info = read_token(token, digest, at)
            results.append(Stamp(token, info, info.tsa_name))
        except DomainError as error:
            results.append(error)
    return results
