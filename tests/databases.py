"""The migrated database: made once a parallel run while the workers collect, and copied by each of them.

Migrating takes longer than any test. ``python -m tests.databases FOLDER`` migrates the database of the
environment and leaves a word in the folder. SQLite's stays in the machine's temporary directory until a
migration changes, so that a run of one file begins at once; PostgreSQL is migrated in every run.
"""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

_TEMPLATE = "hocbaso_template"
_BUSY, _LOCKED = 5, 6


def _told(folder: Path) -> Path:
    return folder / "template.ready"


@cache
def kept() -> Path:
    """Where SQLite's is kept: a name of all migrations, ours and Django's, and of what ours import of the
    house, in a directory of one's own."""
    import django

    import hocbaso

    digest = hashlib.sha256(f"{django.VERSION} {sqlite3.sqlite_version}".encode())
    for package in (hocbaso, django):
        root = Path(package.__file__ or "").parent
        for path in sorted(root.rglob("migrations/*.py")):
            content = path.read_bytes()
            digest.update(f"{path.relative_to(root)}\0".encode() + content)
            for name in _OURS.findall(content.decode()) if root.name == "hocbaso" else ():
                digest.update(_module(root, name))
    return own_directory(Path(tempfile.gettempdir())) / f"{digest.hexdigest()[:32]}.sqlite3"


#: What a migration imports of the house: fields whose column may change without it.
_OURS = re.compile(r"^(?:import|from) hocbaso\.([\w.]+)", re.MULTILINE)


def _module(root: Path, name: str) -> bytes:
    file = root.joinpath(*name.split(".")).with_suffix(".py")
    return file.read_bytes() if file.is_file() else b""


def own_directory(place: Path) -> Path:
    """A directory that nobody else can have made, led elsewhere or written into.

    :raises PermissionError: the name is taken by something else.
    """
    directory = place / f"hocbaso-tests-{os.getuid()}"
    directory.mkdir(mode=0o700, exist_ok=True)
    facts = directory.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid() or facts.st_mode & 0o022:
        raise PermissionError(f"{directory} is not one's own")
    return directory


def begin(folder: Path, server_url: str = "") -> subprocess.Popen[bytes]:
    """Start to make it, in a process of its own; with ``server_url`` on that PostgreSQL."""
    if server_url:
        import psycopg

        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {_TEMPLATE}")
        url = server_url.replace("/postgres?", f"/{_TEMPLATE}?")
    else:
        url = f"sqlite:///{folder / 'template.sqlite3'}"
    (folder / "template.begun").touch()
    return subprocess.Popen(
        [sys.executable, "-m", "tests.databases", str(folder)],
        env={**os.environ, "HOCBASO_DATABASE_URL": url},
        cwd=Path(__file__).parent.parent,
        stdout=subprocess.DEVNULL,
    )


def offered(connection: BaseDatabaseWrapper, folder: Path, patience: float = 900) -> bool:
    """Whether this run has a template; waits until it is made. One that could not be made is none."""
    if connection.vendor == "sqlite" and kept().exists():
        return True
    if not (folder / "template.begun").exists():
        return False
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if _told(folder).exists():
            return _told(folder).read_text() == "whole"
        time.sleep(0.05)
    return False


def start_from_template(connection: BaseDatabaseWrapper) -> None:
    """Let Django's test database begin as a copy; its migrate then finds nothing left to do."""
    if connection.vendor == "postgresql":
        connection.settings_dict["TEST"]["TEMPLATE"] = _TEMPLATE
        return

    def copy() -> None:  # the first step of the first migrate
        del connection.prepare_database
        connection.ensure_connection()
        source = sqlite3.connect(f"{kept().as_uri()}?mode=ro", uri=True)  # never an empty file in its place
        source.backup(connection.connection)
        source.close()

    connection.prepare_database = copy  # type: ignore[method-assign]


class Snapshot:
    """An SQLite test database as it stands before the first test, to go back to.

    Emptying every table, taking the guards away and putting them up again takes hundreds of times as long.
    """

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        connection.ensure_connection()
        self._kept = sqlite3.connect(":memory:", check_same_thread=False)
        connection.connection.backup(self._kept)

    def keep(self) -> None:
        """For the next run; one that ``--nomigrations`` made has no list of migrations and would stop it."""
        migrated = "SELECT 1 FROM sqlite_master WHERE name = 'django_migrations'"
        if not kept().exists() and self._kept.execute(migrated).fetchone():
            _store(self._kept)

    def restore(self, connection: BaseDatabaseWrapper) -> bool:
        """False when somebody still reads or writes: nothing has been done then."""
        tries = iter(range(100))

        def held(status: int, _remaining: int, _total: int) -> None:
            if status in (_BUSY, _LOCKED) and next(tries, None) is None:
                raise TimeoutError

        connection.ensure_connection()
        try:
            self._kept.backup(connection.connection, progress=held, sleep=0.02)
        except (TimeoutError, sqlite3.Error):
            return False
        return True


def _store(database: sqlite3.Connection) -> None:
    unfinished = kept().with_suffix(f".{os.getpid()}")
    with sqlite3.connect(unfinished) as copy:
        database.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # a copy in memory knows no other file beside it
    copy.close()
    unfinished.rename(kept())


def _make() -> None:
    import gc

    import django

    gc.disable()  # models are rendered anew by the thousand; the process ends soon
    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0, run_syncdb=True)
    if connection.vendor == "sqlite":
        _store(connection.connection)
    connection.close()


if __name__ == "__main__":
    place, word = Path(sys.argv[1]), "broken"
    try:
        _make()
        word = "whole"
    finally:
        unfinished = place / "template.unfinished"
        unfinished.write_text(word)
        unfinished.rename(_told(place))
