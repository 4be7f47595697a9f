"""Who is asking now. A worker holds a lock as long as it lives; what a dead one claimed is free at once.

PostgreSQL: an advisory lock of the worker's session, seen by workers on any machine. SQLite: a locked file
under the node's home, for SQLite lives on one machine. Nothing is ever decided by age alone.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings
from django.db import connection

try:
    import fcntl
except ImportError:  # pragma: no cover  a system without file locks
    fcntl = None  # type: ignore[assignment]

_SPACE = 0x484253  # first key of our advisory locks


@contextmanager
def working() -> Iterator[int]:
    """Be a worker inside the block; gives its number (31 bits)."""
    number = secrets.randbelow(2**31 - 1) + 1
    with _session_lock(number) if connection.vendor == "postgresql" else _file_lock(number):
        yield number


def dead(numbers: Iterable[int]) -> list[int]:
    """Those of the workers that live no more."""
    alive = _live_sessions() if connection.vendor == "postgresql" else None
    return [n for n in numbers if (n not in alive if alive is not None else not _held(n))]


@contextmanager
def _session_lock(number: int) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [_SPACE, number])
    try:
        yield
    finally:
        with suppress(Exception), connection.cursor() as cursor:  # a lost session has lost its lock as well
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_SPACE, number])


def _live_sessions() -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND granted "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            [_SPACE],
        )
        return {row[0] for row in cursor.fetchall()}


def _path(number: int) -> Path:
    return Path(settings.HOCBASO_HOME) / "workers" / f"identity-{number}.lock"


@contextmanager
def _file_lock(number: int) -> Iterator[None]:
    path = _path(number)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def _held(number: int) -> bool:
    """Whether somebody holds the worker's file; the file of a dead worker is taken away."""
    path = _path(number)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        if fcntl is None:
            return True
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        path.unlink(missing_ok=True)
        return False
    finally:
        os.close(descriptor)
