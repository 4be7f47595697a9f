"""The registry behind an X-Road-like bus: REST over httpx, with the manners of a good guest.

Every message may be repeated: the ids inside make it idempotent on both sides, so a message whose answer was
lost is sent again as it was. Nothing is repeated that was refused.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import httpx

from hocbaso.engines.population import wire
from hocbaso.engines.population.limits import Backoff, BreakerState, CircuitBreaker, DailyQuota, Pace
from hocbaso.engines.population.model import (
    MAX_BATCH,
    Accepted,
    Answer,
    Fault,
    PopulationUnavailable,
    Query,
    ResidenceAnswer,
)
from hocbaso.engines.population.settings import GatewaySettings

_T = TypeVar("_T")
_Read = Callable[[bytes], _T]
#: Answers that say "later"; everything else below 500 is about this node and is not repeated.
_LATER = (429, 503)


class _Failed(Exception):
    """One attempt without a usable answer."""

    def __init__(
        self, fault: Fault, detail: str, retry_after: float = 0.0, *, never_sent: bool = False
    ) -> None:
        super().__init__(detail)
        self.fault, self.detail = fault, detail
        self.retry_after, self.never_sent = retry_after, never_sent


@dataclass
class Counters:
    """What this gateway did; for metrics and tests."""

    messages: int = 0  # attempts that went out
    answered: int = 0
    failed: int = 0
    waited: float = 0.0  # seconds slept


class XRoadPopulation:
    """A :class:`~hocbaso.engines.population.model.PopulationPort`; may be used by several threads.

    :param now: the time with zone. :param steady: seconds of a clock that only runs forward.
    :param sleep: waits seconds. :param dice: random numbers from 0 to 1.
    :param transport: instead of the network (tests, the sandbox in this process).
    :param quota: the day's count so far; otherwise it starts at none used.
    """

    def __init__(
        self,
        settings: GatewaySettings,
        *,
        now: Callable[[], datetime],
        steady: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        dice: Callable[[], float] = random.random,
        transport: httpx.BaseTransport | None = None,
        quota: DailyQuota | None = None,
        breaker: CircuitBreaker | None = None,
        backoff: Backoff = Backoff(),
    ) -> None:
        self.settings = settings
        self.quota = quota or DailyQuota(settings.quota)
        self.breaker = breaker or CircuitBreaker()
        self.counters = Counters()
        self._now, self._steady, self._sleep, self._dice = now, steady, sleep, dice
        self._backoff = backoff
        self._pace = Pace(settings.rate, MAX_BATCH)
        self._lock = threading.Lock()
        self._http = _http_client(settings, transport) if settings.url else None

    def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            self._http.close()

    def __enter__(self) -> XRoadPopulation:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def room(self) -> int:
        """How many queries :meth:`ask` would take now: 0 to :data:`MAX_BATCH`, by the day's quota."""
        with self._lock:
            left = self.quota.room(self._now())
        return MAX_BATCH if left is None else min(left, MAX_BATCH)

    def ask(self, queries: Sequence[Query]) -> list[Answer]:
        """See :meth:`PopulationPort.ask`.

        :raises PopulationUnavailable: nothing of the batch is known; ``retry_at`` says when to ask again.
        :raises ValueError: more than :data:`MAX_BATCH` queries, or an id twice.
        """
        ids = [query.request_id for query in queries]
        if len(ids) > MAX_BATCH or len(set(ids)) != len(ids):
            raise ValueError(f"at most {MAX_BATCH} queries in a message, every id once")
        if not ids:
            return []
        sent = [wire.item(query) for query in queries]
        message = wire.message_id(ids)
        body = wire.canonical({"message_id": message, "items": sent})
        return self._send(
            "verify", queries, message, body, lambda content: wire.read_answers(content, message, sent)
        )

    def residence(self, query: Query) -> ResidenceAnswer:
        """See :meth:`PopulationPort.residence`.

        :raises PopulationUnavailable: there is no answer.
        """
        sent = wire.item(query)
        message = wire.message_id([query.request_id])
        body = wire.canonical({"message_id": message, "item": sent})
        return self._send(
            "residence", [query], message, body, lambda content: wire.read_residence(content, message, sent)
        )

    def accept(self, query: Query, token: str) -> Accepted:
        """See :meth:`PopulationPort.accept`.

        :raises PopulationUnavailable: there is no answer.
        """
        sent = wire.item(query) | {"token": token}
        message = wire.message_id([query.request_id])
        body = wire.canonical({"message_id": message, "item": sent})
        return self._send(
            "accept", [query], message, body, lambda content: wire.read_accepted(content, message, sent)
        )

    def _send(self, service: str, queries: Sequence[Query], message: str, body: bytes, read: _Read[_T]) -> _T:
        users = {query.requester_user for query in queries}
        user = users.pop() if len(users) == 1 else self.settings.service_user
        headers = wire.headers(self.settings.client, user, message, body)
        self._reserve(len(queries))
        reached = False
        try:
            for attempt in range(1, self.settings.attempts + 1):
                self._enter()
                try:
                    answer = self._attempt(service, headers, body, read)
                    reached = True
                    return answer
                except _Failed as failed:
                    reached = reached or not failed.never_sent
                    self._after(failed, attempt)
            raise AssertionError("the last attempt returns or raises")
        finally:
            if not reached:
                with self._lock:
                    self.quota.give_back(len(queries))

    def _reserve(self, count: int) -> None:
        """Hours, quota and pace, before the first attempt."""
        if self._http is None:
            raise PopulationUnavailable(Fault.NOT_CONFIGURED, "no address")
        now = self._now()
        opens = self.settings.window.allowed_at(now)
        if opens > now:
            raise PopulationUnavailable(Fault.WINDOW, f"from {opens:%H:%M}", opens)
        with self._lock:
            free = self.quota.allowed_at(now, count)
            if free > now:
                raise PopulationUnavailable(Fault.QUOTA, f"{self.quota.limit} a day", free)
            self.quota.spend(now, count)
            pause = self._pace.wait(self._steady(), count)
        self._rest(pause)

    def _enter(self) -> None:
        """Past the breaker, or not at all."""
        now = self._now()
        with self._lock:
            if self.breaker.admit(now):
                return
            again = self.breaker.allowed_at(now)
        raise PopulationUnavailable(Fault.UNAVAILABLE, "left alone after failures", again)

    def _attempt(self, service: str, headers: dict[str, str], body: bytes, read: _Read[_T]) -> _T:
        settled = False
        try:
            self.counters.messages += 1
            answer = self._exchange(service, headers, body, read)
            settled = True
            with self._lock:
                self.breaker.success()
            self.counters.answered += 1
            return answer
        except _Failed as failed:
            settled = True
            with self._lock:
                if failed.fault in (Fault.UNAVAILABLE, Fault.MALFORMED):
                    self.breaker.failure(self._now())
                else:  # busy or refusing, but alive
                    self.breaker.success()
            self.counters.failed += 1
            raise
        finally:
            if not settled:  # an interrupt: the trial of a half-open breaker must not hang
                with self._lock:
                    self.breaker.failure(self._now())

    def _after(self, failed: _Failed, attempt: int) -> None:
        """Rest before the next attempt, or give up."""
        if failed.fault is Fault.REFUSED:
            raise PopulationUnavailable(failed.fault, failed.detail)
        pause = self._backoff.pause(attempt, self._dice(), failed.retry_after)
        opened = self.breaker.state(self._now()) is BreakerState.OPEN
        if attempt == self.settings.attempts or opened or failed.retry_after > self.settings.patience:
            again = self._now() + timedelta(seconds=min(pause, 7 * 86400.0))
            raise PopulationUnavailable(
                failed.fault, failed.detail, max(again, self.breaker.allowed_at(self._now()))
            )
        self._rest(pause)

    def _rest(self, seconds: float) -> None:
        if seconds > 0:
            self.counters.waited += seconds
            self._sleep(seconds)

    def _exchange(self, service: str, headers: dict[str, str], body: bytes, read: _Read[_T]) -> _T:
        assert self._http is not None
        try:
            with self._http.stream("POST", f"v1/{service}", content=body, headers=headers) as response:
                self._check_status(response, headers)
                return read(self._content(response))
        except wire.Malformed as error:
            raise _Failed(Fault.MALFORMED, str(error)) from None
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise _Failed(Fault.UNAVAILABLE, type(error).__name__, never_sent=True) from None
        except httpx.TransportError as error:
            raise _Failed(Fault.UNAVAILABLE, type(error).__name__) from None
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, ValueError) as error:
            raise _Failed(Fault.MALFORMED, type(error).__name__) from None

    def _check_status(self, response: httpx.Response, headers: dict[str, str]) -> None:
        status = response.status_code
        if status != 200:
            after = _retry_after(response.headers.get("Retry-After", ""), self._now())
            if status == 429:
                raise _Failed(Fault.BUSY, "HTTP 429", after)
            if status >= 500:
                raise _Failed(Fault.UNAVAILABLE, f"HTTP {status}", after if status in _LATER else 0.0)
            raise _Failed(Fault.REFUSED, f"HTTP {status}")
        if response.headers.get("X-Road-Id", headers["X-Road-Id"]) != headers["X-Road-Id"]:
            raise wire.Malformed("an answer to another message")
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise wire.Malformed("a packed answer")

    def _content(self, response: httpx.Response) -> bytes:
        """The body, bounded in size and in time (an answer that drips must not hold a worker for ever)."""
        deadline = self._steady() + self.settings.read_timeout
        content = bytearray()
        for chunk in response.iter_raw():
            content += chunk
            if len(content) > self.settings.max_answer:
                raise wire.Malformed("too long")
            if self._steady() > deadline:
                raise _Failed(Fault.UNAVAILABLE, "the answer drips")
        return bytes(content)


def _http_client(settings: GatewaySettings, transport: httpx.BaseTransport | None) -> httpx.Client:
    timeouts = httpx.Timeout(settings.read_timeout, connect=settings.connect_timeout)
    options: dict[str, Any] = {"transport": transport} if transport else {"verify": settings.ssl_context()}
    return httpx.Client(
        base_url=settings.url.rstrip("/") + "/",
        timeout=timeouts,
        follow_redirects=False,  # personal data goes nowhere else
        trust_env=False,  # nor through a proxy that somebody's shell names
        limits=httpx.Limits(max_connections=8, max_keepalive_connections=4),
        **options,
    )


def _retry_after(text: str, now: datetime) -> float:
    """Seconds that ``Retry-After`` asks for (RFC 9110 section 10.2.3); 0 when it cannot be read."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(min(int(text[:9]), 7 * 86400))
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(0.0, (moment - now).total_seconds()), 7 * 86400.0)
