"""Circuit breakers: what is remembered of an outside service, and when it is asked again.

Pure values: the present is passed in, and where they are kept (this process, a table) is a matter of
:class:`Memory`. Closed: asked. Open: not asked until a pause is over. Half open: the next question is a
trial; when it fails the pause grows.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol


class State(StrEnum):
    """Whether a service is asked."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class Rules:
    """When a breaker opens and for how long.

    :param failures: so many in a row open it. :param pause: of the first opening; doubled by each trial that
        fails, up to ``longest``.
    """

    failures: int = 3
    pause: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Health:
    """What is known of one service. Times are aware; ``mean_ms`` is a running mean of good answers."""

    failures: int = 0  # in a row
    openings: int = 0  # in a row, without a success between
    open_until: datetime | None = None
    last_success: datetime | None = None
    last_failure: datetime | None = None
    last_fault: str = ""
    mean_ms: float | None = None

    def state(self, at: datetime) -> State:
        """Whether the service may be asked at ``at``."""
        if self.open_until is None:
            return State.CLOSED
        return State.OPEN if at < self.open_until else State.HALF_OPEN

    def succeeded(self, at: datetime, ms: float) -> Health:
        """After a good answer that took ``ms`` milliseconds."""
        mean = ms if self.mean_ms is None else 0.9 * self.mean_ms + 0.1 * ms
        return replace(self, failures=0, openings=0, open_until=None, last_success=at, mean_ms=mean)

    def failed(self, at: datetime, fault: str, rules: Rules) -> Health:
        """After no answer or a wrong one. Answers that were under way when it opened do not prolong it."""
        told = replace(self, failures=self.failures + 1, last_failure=at, last_fault=fault[:80])
        state = self.state(at)
        if state is State.OPEN or (state is State.CLOSED and told.failures < rules.failures):
            return told
        pause = min(rules.pause * 2 ** min(self.openings, 16), rules.longest)
        return replace(told, openings=self.openings + 1, open_until=at + pause)


class Memory(Protocol):
    """Where health is kept between calls, and between processes if the keeper can do that."""

    def read(self, names: Sequence[str]) -> Mapping[str, Health]:
        """What is known; names that nobody has asked yet may be left out."""

    def note(self, name: str, before: Health, after: Health) -> None:
        """Remember. Never raises for a reason of its own: bookkeeping must not stop the work."""


class LocalMemory:
    """A :class:`Memory` of this process."""

    def __init__(self) -> None:
        self._known: dict[str, Health] = {}
        self._lock = threading.Lock()

    def read(self, names: Sequence[str]) -> Mapping[str, Health]:
        with self._lock:
            return dict(self._known)

    def note(self, name: str, before: Health, after: Health) -> None:
        with self._lock:
            self._known[name] = after
