"""Commands killed at chosen moments (SIGKILL), and a look at the node's database from outside."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.journeys.commands import Home, Running

PATIENCE = 180.0  # seconds in which a command must show the awaited progress


class SqliteProbe:
    """A look at the node's database from outside while commands run and die."""

    def __init__(self, home: Path) -> None:
        self.url = ""
        self._path = home / "hocbaso.sqlite3"

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._path, timeout=10, isolation_level=None)
        try:
            yield connection
        finally:
            connection.close()

    def rows(self, question: str) -> list[tuple[Any, ...]]:
        with self._open() as connection:
            return connection.execute(question).fetchall()

    def writing(self) -> bool:
        """Whether somebody holds the write lock, that is: stands inside a transaction that writes."""
        with self._open() as connection:
            connection.execute("PRAGMA busy_timeout = 0")
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return True
            connection.execute("ROLLBACK")
            return False

    def settle(self) -> None:
        """SQLite recovers when it is opened next."""


class PostgresProbe:
    """The same on a database of its own in the run's PostgreSQL."""

    def __init__(self, home: Path) -> None:
        import psycopg

        from tests.postgresql import Server

        server, name = Server.shared(), f"killed_{os.getpid()}_{time.monotonic_ns()}"
        self.url = server.url.replace("/postgres?", f"/{name}?")
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        self._connection = psycopg.connect(self.url, autocommit=True)

    def rows(self, question: str) -> list[tuple[Any, ...]]:
        return [
            tuple(bytes(v) if isinstance(v, memoryview) else v for v in row)
            for row in self._connection.execute(question).fetchall()
        ]

    def writing(self) -> bool:
        return bool(self.rows(f"{_OTHERS} AND backend_xid IS NOT NULL"))

    def settle(self) -> None:
        """The server notices that a client is gone and rolls its transaction back."""
        end = time.monotonic() + PATIENCE
        while self.rows(_OTHERS):
            assert time.monotonic() < end, "a killed client's session does not end"
            time.sleep(0.02)


_OTHERS = (
    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
    "AND backend_type = 'client backend'"
)


Probe = SqliteProbe | PostgresProbe


def open_probe(home: Path) -> Probe:
    """On the database that the run tests."""
    postgres = os.environ.get("HOCBASO_TEST_DATABASE") == "postgresql"
    return PostgresProbe(home) if postgres else SqliteProbe(home)


def sound_log(probe: Probe) -> None:
    """Every issued sheet stands in the log once, in its order, and nothing else does."""
    issued = probe.rows("SELECT digest, log_index FROM transcripts_issuedsheet ORDER BY log_index")
    logged = probe.rows('SELECT document_digest, "index" FROM ledger_logentry ORDER BY "index"')
    assert issued == logged
    assert [index for _, index in logged] == list(range(len(logged)))
    assert [(len(issued),)] == probe.rows("SELECT count(*) FROM transcripts_yearsheet WHERE state = 'issued'")


@dataclass
class Killer:
    """Starts commands and kills them, and remembers when."""

    home: Home
    probe: Probe
    check: Callable[[Probe], None]  # what must hold whatever was killed
    dice: random.Random = field(default_factory=lambda: random.Random(20260526))
    killed: int = 0
    inside: int = 0  # of them, inside a transaction

    def count(self, question: str) -> int:
        return int(self.probe.rows(question)[0][0])

    def kill(self, *arguments: str, when: Callable[[], bool], within: float = 0.05) -> None:
        """Kill the command a random moment (at most ``within`` s) after ``when`` has become true."""
        process = self.home.start(*arguments, "--json")
        self._await(process, when)
        time.sleep(self.dice.uniform(0, within))
        if process.poll() is None:
            process.send_signal(signal.SIGSTOP)  # so that the moment can be looked at
            self._end(process, inside=self.probe.writing())
        else:
            self._end(process, inside=False)

    def kill_inside(self, *arguments: str) -> None:
        """Kill the command while it certainly stands inside a transaction that writes."""
        process = self.home.start(*arguments, "--json")
        while True:
            self._await(process, self.probe.writing)
            assert process.poll() is None, f"{arguments} ended unseen"
            process.send_signal(signal.SIGSTOP)
            if self.probe.writing():
                return self._end(process, inside=True)
            process.send_signal(signal.SIGCONT)

    def _await(self, process: Running, when: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while process.poll() is None and not when():
            assert time.monotonic() < end, "no progress"
            time.sleep(0.003)

    def _end(self, process: Running, *, inside: bool) -> None:
        self.inside += inside
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.communicate(timeout=PATIENCE)
        self.killed += process.returncode == -signal.SIGKILL
        self.probe.settle()
        self.check(self.probe)
