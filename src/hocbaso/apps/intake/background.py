"""Long steps run beside the request, in the same process; what they leave is found by its heartbeat."""

from __future__ import annotations

import threading
from collections.abc import Callable

from django.db import close_old_connections, connection

#: Rows written so far by steps of this process: inside their transaction nobody else could see a counter.
_live: dict[int, tuple[int, int]] = {}


def start(step: Callable[[int], None], batch_id: int) -> None:
    """Run ``step(batch_id)`` in a thread with a database connection of its own."""

    def run() -> None:
        close_old_connections()
        try:
            step(batch_id)
        finally:
            connection.close()

    threading.Thread(target=run, name=f"intake-{batch_id}", daemon=True).start()


def tell(batch_id: int, done: int, total: int) -> None:
    """Note how far a step is."""
    _live[batch_id] = (done, total)


def told(batch_id: int) -> tuple[int, int] | None:
    """How far a step of this process is; None when another process runs it."""
    return _live.get(batch_id)


def forget(batch_id: int) -> None:
    """The step is over."""
    _live.pop(batch_id, None)
