"""When the registry may be asked."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hocbaso.engines.population.limits import (
    VIETNAM,
    Backoff,
    BreakerState,
    CircuitBreaker,
    DailyQuota,
    NightWindow,
    Pace,
)
from tests.unit.engines.population.cases import NOON

moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))
SECOND = timedelta(seconds=1)


@given(st.lists(st.tuples(st.integers(0, 400), st.sampled_from(["ok", "bad", "silent"])), max_size=60))
def test_the_breaker_never_lets_a_call_through_while_it_is_open(steps: list[tuple[int, str]]) -> None:
    breaker, now, row = CircuitBreaker(threshold=3), NOON, 0
    for pause, outcome in steps:
        now += timedelta(seconds=pause)
        state, at = breaker.state(now), breaker.allowed_at(now)
        admitted = breaker.admit(now)
        assert admitted == (at == now)
        assert not (admitted and state is BreakerState.OPEN)
        if state is BreakerState.HALF_OPEN and admitted:
            assert not breaker.admit(now), "one trial at a time"
        if not admitted:
            assert breaker.allowed_at(at) == at, "the moment told is a moment at which it opens"
            assert at - now <= timedelta(minutes=5)
        elif outcome == "ok":
            breaker.success()
            row = 0
            assert breaker.state(now) is BreakerState.CLOSED
        elif outcome == "bad":
            breaker.failure(now)
            row += 1
            opened = row >= 3 or state is BreakerState.HALF_OPEN
            assert (breaker.state(now) is BreakerState.OPEN) == opened


def test_a_trial_that_fails_doubles_the_pause_up_to_the_longest() -> None:
    breaker = CircuitBreaker(1, timedelta(seconds=10), timedelta(seconds=35))
    now, pauses = NOON, []
    for _ in range(4):
        assert breaker.admit(now)
        breaker.failure(now)
        pauses.append((breaker.allowed_at(now) - now).seconds)
        now = breaker.allowed_at(now)
    assert pauses == [10, 20, 35, 35]


def test_a_caller_that_died_in_its_trial_blocks_nobody_for_ever() -> None:
    breaker = CircuitBreaker(1, timedelta(seconds=10))
    breaker.failure(NOON)
    trial = breaker.allowed_at(NOON)
    assert breaker.admit(trial)
    assert not breaker.admit(trial + SECOND)
    assert breaker.admit(trial + timedelta(seconds=10))


@given(st.integers(1, 500), st.lists(st.tuples(st.integers(0, 30 * 3600), st.integers(1, 100)), max_size=40))
def test_no_day_in_viet_nam_gets_more_than_its_quota(limit: int, asked: list[tuple[int, int]]) -> None:
    quota, now = DailyQuota(limit), NOON
    spent: dict[str, int] = {}
    for pause, count in asked:
        now += timedelta(seconds=pause)
        at = quota.allowed_at(now, count)
        if at == now:
            quota.spend(now, count)
            day = now.astimezone(VIETNAM).date().isoformat()
            spent[day] = spent.get(day, 0) + count
        else:
            local = at.astimezone(VIETNAM)
            assert local.time() == time(0)
            assert timedelta(0) < at - now <= timedelta(days=1)
    assert all(used <= limit for used in spent.values())


def test_a_clock_set_back_does_not_give_the_quota_twice() -> None:
    quota = DailyQuota(10)
    quota.spend(NOON, 10)
    assert quota.room(NOON - timedelta(days=2)) == 0
    assert quota.room(NOON + timedelta(days=1)) == 10


@given(moments, st.times(), st.times())
def test_the_window_tells_the_first_moment_inside(now: datetime, start: time, end: time) -> None:
    window = NightWindow(start.replace(microsecond=0), end.replace(microsecond=0))
    at = window.allowed_at(now)
    assert now <= at < now + timedelta(days=1)
    assert window.allowed_at(at) == at
    if at > now:
        assert at.astimezone(VIETNAM).time() == window.start
        assert window.allowed_at(now + (at - now) / 2) == at, "nothing inside before it"


def test_hours_over_midnight_are_read_in_viet_nam() -> None:
    window = NightWindow.parse("20:00-05:30")
    assert window.allowed_at(NOON) == datetime(2026, 11, 20, 13, 0, tzinfo=UTC)
    assert window.allowed_at(datetime(2026, 11, 20, 22, 29, tzinfo=UTC)).minute == 29
    assert window.allowed_at(datetime(2026, 11, 20, 22, 30, tzinfo=UTC)).hour == 20
    assert NightWindow.parse("").allowed_at(NOON) == NOON
    for wrong in ("20:00", "25:00-26:00", "20h-5h"):
        with pytest.raises(ValueError):
            NightWindow.parse(wrong)


@given(st.integers(1, 1000), st.floats(0, 1), st.floats(0, 100))
def test_back_off_stays_between_what_was_asked_and_its_ceiling(
    attempt: int, dice: float, least: float
) -> None:
    backoff = Backoff(0.5, 20)
    pause = backoff.pause(attempt, dice, least)
    assert least <= pause <= least + min(20, 0.5 * 2 ** min(attempt, 100))
    assert backoff.ceiling(attempt) <= backoff.ceiling(attempt + 1)


@given(st.floats(1, 5000), st.lists(st.tuples(st.floats(0, 2), st.integers(1, 100)), max_size=50))
def test_the_pace_never_exceeds_the_rate(rate: float, calls: list[tuple[float, int]]) -> None:
    pace, now, sent = Pace(rate, 100), 1000.0, 0
    begin = now
    for pause, count in calls:
        now += pause
        now += pace.wait(now, count)
        sent += count
        assert sent <= 100 + rate * (now - begin) + 1e-3
