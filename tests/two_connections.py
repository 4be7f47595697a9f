"""Work on a second connection while the test's own transaction is under way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from django.db import connection


class Beside:
    """Begins at once on PostgreSQL, and is left alone when it has ended or waits for a lock. SQLite has one
    writer anyhow: there it comes when the outcome is asked for.
    """

    def __init__(self, work: Callable[[], object]) -> None:
        self.outcome: list[object] = []
        self._thread = threading.Thread(target=self._run, args=(work,))
        self._at_once = connection.vendor == "postgresql"
        if self._at_once:
            self._thread.start()
            self._until_it_ends_or_waits()

    @property
    def came_through(self) -> bool:
        """Whether it did not wait; on SQLite nobody knows."""
        return bool(self.outcome) or not self._at_once

    def ended(self) -> object:
        """What came of it: its value or its exception."""
        if not self._at_once:
            self._thread.start()
        self._thread.join(60)
        return self.outcome[0]

    def _run(self, work: Callable[[], object]) -> None:
        try:
            self.outcome.append(work())
        except Exception as error:
            self.outcome.append(error)
        finally:
            connection.close()

    def _until_it_ends_or_waits(self) -> None:
        waiting = (
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        end = time.monotonic() + 60
        while not self.outcome and time.monotonic() < end:
            with connection.cursor() as cursor:
                cursor.execute(waiting)
                if cursor.fetchone()[0]:
                    return
            self._thread.join(0.02)
