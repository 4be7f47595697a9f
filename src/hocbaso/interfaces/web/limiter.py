"""Slow down who asks too often: token buckets by address, in the memory of one process.

Enough against a runaway script, cheap for everybody else; guesses of a date of birth are counted in the
database instead (``transcripts.use_cases.open_sheet``), where neither a restart nor a second process forgets.
"""

from __future__ import annotations

import threading
import time

from hocbaso.core.errors import DomainError, register

register(
    {
        "too_often": (
            "Địa chỉ mạng này gửi quá nhiều yêu cầu. Hãy chờ {seconds} giây rồi thử lại.",
            "Too many requests from this address; wait {seconds} seconds.",
        )
    }
)


class TooOften(DomainError):
    """Answered with 429."""


class Limiter:
    """``burst`` requests at once, then ``per_minute``."""

    def __init__(self, *, per_minute: float, burst: int, addresses: int = 10_000) -> None:
        self._rate, self._burst, self._most = per_minute / 60, burst, addresses
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, address: str) -> None:
        """:raises TooOften: the address has used up its requests for now."""
        now = time.monotonic()
        with self._lock:
            tokens, since = self._buckets.pop(address, (float(self._burst), now))
            tokens = min(float(self._burst), tokens + (now - since) * self._rate)
            refused = tokens < 1
            self._buckets[address] = (tokens if refused else tokens - 1, now)
            while len(self._buckets) > self._most:  # forget whoever asked longest ago
                self._buckets.pop(next(iter(self._buckets)))
        if refused:
            raise TooOften("too_often", seconds=max(1, int((1 - tokens) / self._rate + 0.999)))

    def clear(self) -> None:
        """Forget everybody (tests)."""
        with self._lock:
            self._buckets.clear()
