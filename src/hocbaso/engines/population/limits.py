"""When the registry may be asked: circuit breaker, daily quota, night window, pace, back-off. Pure rules.

Time is passed in, always with a zone; days and hours are those of Viet Nam (UTC+7 the whole year).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from enum import StrEnum

VIETNAM = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")


class BreakerState(StrEnum):
    """Closed lets everything through, open nothing, half-open one trial."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class CircuitBreaker:
    """Leaves a service alone that keeps failing.

    After ``threshold`` failures in a row it opens for ``cool_down``; then one trial goes through. A trial
    that fails opens it again for twice as long, up to ``longest``; a success closes it.
    """

    def __init__(
        self,
        threshold: int = 5,
        cool_down: timedelta = timedelta(seconds=5),
        longest: timedelta = timedelta(minutes=2),
    ) -> None:
        if threshold < 1 or cool_down <= timedelta(0) or longest < cool_down:
            raise ValueError("a breaker needs a threshold and a cool-down")
        self._threshold = threshold
        self._first, self._longest = cool_down, longest
        self._pause = cool_down
        self._failures = 0
        self._open_until: datetime | None = None
        self._trial_until: datetime | None = None

    def state(self, now: datetime) -> BreakerState:
        """The state at ``now``."""
        if self._open_until is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if now < self._open_until else BreakerState.HALF_OPEN

    def allowed_at(self, now: datetime) -> datetime:
        """``now`` when a call may go out, otherwise the moment at which to try."""
        state = self.state(now)
        if state is BreakerState.OPEN and self._open_until is not None:
            return self._open_until
        if state is BreakerState.HALF_OPEN and self._trial_until is not None:
            return max(now, self._trial_until)
        return now

    def admit(self, now: datetime) -> bool:
        """Take leave for one call; half-open gives it to one caller only.

        A trial whose caller died without a word blocks nobody for longer than one pause.
        """
        if self.allowed_at(now) > now:
            return False
        if self.state(now) is BreakerState.HALF_OPEN:
            self._trial_until = now + self._pause
        return True

    def success(self) -> None:
        """A call was answered."""
        self._failures, self._pause = 0, self._first
        self._open_until = self._trial_until = None

    def failure(self, now: datetime) -> None:
        """A call was not answered, or not usably."""
        self._failures += 1
        if self.state(now) is BreakerState.HALF_OPEN:
            self._pause = min(self._pause * 2, self._longest)
        elif self._failures < self._threshold or self.state(now) is BreakerState.OPEN:
            return
        self._open_until, self._trial_until = now + self._pause, None


class DailyQuota:
    """How many queries a day may still be asked.

    :param limit: queries a day; 0 = no limit.
    :param used: what ``day`` has used already (a process that starts counts its evidence).
    """

    def __init__(self, limit: int, used: int = 0, day: date | None = None) -> None:
        if limit < 0 or used < 0:
            raise ValueError("a quota cannot be negative")
        self.limit = limit
        self._used, self._day = used, day

    def _turn(self, now: datetime) -> None:
        today = now.astimezone(VIETNAM).date()
        if self._day is None:
            self._day = today
        elif today > self._day:  # never back: a clock that is corrected must not give the quota twice
            self._day, self._used = today, 0

    def room(self, now: datetime) -> int | None:
        """Queries that may still be asked today; ``None`` without limit."""
        self._turn(now)
        return max(0, self.limit - self._used) if self.limit else None

    def allowed_at(self, now: datetime, count: int = 1) -> datetime:
        """``now`` when ``count`` queries fit today, otherwise the next midnight."""
        room = self.room(now)
        return now if room is None or count <= room else self.tomorrow(now)

    def spend(self, now: datetime, count: int) -> None:
        """``count`` queries went out."""
        self._turn(now)
        self._used += count

    def give_back(self, count: int) -> None:
        """``count`` queries certainly never reached the registry."""
        self._used = max(0, self._used - count)

    def tomorrow(self, now: datetime) -> datetime:
        """The next midnight in Viet Nam."""
        local = now.astimezone(VIETNAM)
        return datetime.combine(local.date() + timedelta(days=1), time(0), VIETNAM)


@dataclass(frozen=True, slots=True)
class NightWindow:
    """Hours of the day in which batches may be asked, e.g. 20:00 to 05:30; equal ends mean always."""

    start: time = time(0)
    end: time = time(0)

    @classmethod
    def parse(cls, text: str) -> NightWindow:
        """``"20:00-05:30"``; empty means always.

        :raises ValueError: anything else.
        """
        if not text.strip():
            return cls()
        start, dash, end = text.strip().partition("-")
        if not dash:
            raise ValueError("hours are written as 20:00-05:30")
        return cls(*(datetime.strptime(part.strip(), "%H:%M").time() for part in (start, end)))  # noqa: DTZ007

    def allowed_at(self, now: datetime) -> datetime:
        """``now`` inside the hours, otherwise when they begin next."""
        local = now.astimezone(VIETNAM)
        clock = local.time()
        if self.start < self.end:
            inside = self.start <= clock < self.end
        else:  # over midnight, or always
            inside = clock >= self.start or clock < self.end
        if inside:
            return now
        begin = datetime.combine(local.date(), self.start, VIETNAM)
        return begin if begin > local else begin + timedelta(days=1)


class Pace:
    """Keeps below the registry's rate: ``rate`` queries a second (0 = no limit), ``burst`` at once."""

    def __init__(self, rate: float, burst: int) -> None:
        if rate < 0 or burst < 1:
            raise ValueError("a pace cannot be negative")
        self.rate, self._burst = rate, burst
        self._level, self._at = float(burst), 0.0

    def wait(self, now: float, count: int) -> float:
        """Book ``count`` queries (at most ``burst``) and tell the seconds to wait before sending them.

        :param now: seconds of a steady clock.
        """
        if not self.rate:
            return 0.0
        self._level = min(float(self._burst), self._level + max(0.0, now - self._at) * self.rate)
        self._at = max(now, self._at)
        self._level -= count
        return max(0.0, -self._level / self.rate)


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential back-off with full jitter: a random part of ``base * 2**n``, at most ``cap`` seconds."""

    base: float = 0.5
    cap: float = 20.0

    def ceiling(self, attempt: int) -> float:
        """Longest pause after failed attempt number ``attempt`` (from 1)."""
        return min(self.cap, self.base * 2.0 ** min(attempt - 1, 60))

    def pause(self, attempt: int, random: float, at_least: float = 0.0) -> float:
        """Seconds to wait.

        :param random: from 0 to 1. :param at_least: what ``Retry-After`` asks for; jitter comes on top, so
            that callers who were told the same do not come back together.
        """
        return at_least + random * self.ceiling(attempt)
