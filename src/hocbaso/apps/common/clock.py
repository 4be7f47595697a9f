"""The one clock. Stored times are UTC; people are shown Asia/Ho_Chi_Minh."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
_fixed: ContextVar[datetime | None] = ContextVar("fixed_time", default=None)


def now() -> datetime:
    """The present moment, aware, UTC."""
    return _fixed.get() or datetime.now(UTC)


def today() -> date:
    """The calendar day in Vietnam."""
    return now().astimezone(VIETNAM).date()


def iso_seconds(moment: datetime) -> str:
    """``2026-05-26T08:00:00Z``: how documents write a time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@contextmanager
def standing_at(moment: datetime) -> Iterator[None]:
    """Let the clock stand still inside the block (tests and the demo's past)."""
    token = _fixed.set(moment)
    try:
        yield
    finally:
        _fixed.reset(token)
