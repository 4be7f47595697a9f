"""How long a process waits for the others at the database, and how long it keeps them waiting."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any


@dataclass
class LockMeter:
    """Seconds by the clock since :meth:`reset`.

    On SQLite the lock is the file's one writer, from ``BEGIN IMMEDIATE`` on; on PostgreSQL it is the log's
    head or the end of the audit chain, which everybody who issues needs. Both are kept until the commit.
    """

    waited: float = 0.0
    held: float = 0.0
    held_cpu: float = 0.0
    times: int = 0
    _since: float = 0.0
    _cpu_since: float = 0.0

    def reset(self) -> None:
        """Begin anew."""
        self.waited = self.held = self.held_cpu = 0.0
        self.times = 0

    def to_json(self) -> dict[str, float]:
        """What was measured."""
        return {name: value for name, value in asdict(self).items() if not name.startswith("_")}

    def got(self, asked: float) -> None:
        """The lock that was asked for at ``asked`` is there."""
        now = time.perf_counter()
        self.waited += now - asked
        if not self._since:
            self._since, self._cpu_since = now, time.process_time()
            self.times += 1

    def gone(self) -> None:
        """The transaction ended, and its locks with it."""
        if self._since:
            self.held += time.perf_counter() - self._since
            self.held_cpu += time.process_time() - self._cpu_since
            self._since = 0.0


def watch(meter: LockMeter) -> None:
    """Meter the connection of this process from now on."""
    from django.db import connection, connections

    wrapper = type(connections["default"])
    (_watch_file if connection.vendor == "sqlite" else _watch_server)(wrapper, meter)


def _watch_file(wrapper: Any, meter: LockMeter) -> None:
    begin = wrapper._start_transaction_under_autocommit

    def measured(self: Any) -> None:
        asked = time.perf_counter()
        begin(self)
        meter.got(asked)

    wrapper._start_transaction_under_autocommit = measured
    _watch_ends(wrapper, meter)


def _watch_server(wrapper: Any, meter: LockMeter) -> None:
    from django.db import connection

    def measured(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        locks = "pg_advisory_xact_lock" in sql or ("ledger_loghead" in sql and "FOR UPDATE" in sql)
        asked = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            if locks:
                meter.got(asked)

    connection.execute_wrappers.append(measured)
    _watch_ends(wrapper, meter)


def _watch_ends(wrapper: Any, meter: LockMeter) -> None:
    for name in ("_commit", "_rollback"):
        original = getattr(wrapper, name)

        def measured(self: Any, original: Any = original) -> Any:
            try:
                return original(self)
            finally:
                meter.gone()

        setattr(wrapper, name, measured)
