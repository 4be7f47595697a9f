"""Two lower secondary schools on PostgreSQL, served by the node's own command: where the load falls."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

CLASSES, PUPILS, TOKEN = 8, 45, "a" * 32
SCHOOLS = {"79000201": "Trường THCS Sao Khuê", "79000202": "Trường THCS Lam Sơn"}
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class World:
    """A node with its database and server; :meth:`stop` leaves nothing behind."""

    home: Path
    postgres: Any
    port: int
    server: subprocess.Popen[bytes] | None = None
    pages: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def start(cls) -> World:
        """Set Django up on an empty cluster that writes safely, and fill it."""
        from tests.postgresql import Server

        home = Path(tempfile.mkdtemp(prefix="hbs-load-"))
        postgres = Server.start(durable=True)
        postgres.owner = os.getpid()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        for name in [name for name in os.environ if name.startswith("HOCBASO_")]:
            del os.environ[name]
        os.environ.update(
            HOCBASO_HOME=str(home),
            HOCBASO_SANDBOX_KEY="p256",
            HOCBASO_DATABASE_URL=postgres.url,
            HOCBASO_PUBLIC_URL=f"http://127.0.0.1:{port}",
        )
        world = cls(home, postgres, port)
        try:
            from hocbaso.interfaces.cli.node import prepare_home

            prepare_home()
            world._fill()
        except BaseException:
            world.stop()
            raise
        return world

    def _fill(self) -> None:
        from django.db import connection
        from tests.secondary import make_secondary_school, subjects_of

        from hocbaso.apps.accounts.models import Assignment

        scored = [s.code for s in subjects_of(6) if s.scored]
        for code, name in SCHOOLS.items():
            names = tuple(f"{6 + n % 4}A{n // 4 + 1}" for n in range(CLASSES))
            school = make_secondary_school(code, name, names)
            rows = self._pupils(school)
            self._periods(school)
            posts = Assignment.objects.filter(organisation=school.unit, subject_code__in=scored)
            for post in posts.select_related("user"):
                self.pages.append(self._page(post, rows[post.school_class_id]))
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")  # a node that has run for a while knows its tables
        connection.close()

    @staticmethod
    def _pupils(school: Any) -> dict[int, list[int]]:
        """Enrolments by class, each with a first mark in every subject of both semesters."""
        from tests.builders import make_pupil
        from tests.secondary import subjects_of

        from hocbaso.apps.assessment.models import SubjectMarks
        from hocbaso.apps.common import clock

        stamp = {"updated_at": clock.now(), "updated_by": "benchmark", "source": "screen"}
        found: dict[int, list[int]] = {}
        number = 0
        for name, school_class in school.classes.items():
            enrolments = [make_pupil(school, name, number := number + 1) for _ in range(PUPILS)]
            found[school_class.pk] = [e.pk for e in enrolments]
            SubjectMarks.objects.bulk_create(
                SubjectMarks(
                    enrolment=enrolment,
                    moment=moment,
                    subject_code=subject.code,
                    gk="7.5" if moment == "hk2" else "",
                    **stamp,
                )
                for enrolment in enrolments
                for subject in subjects_of(school_class.grade)
                if subject.scored
                for moment in ("hk1", "hk2")
            )
        return found

    @staticmethod
    def _periods(school: Any) -> None:
        """What every save has to look at: an open period, one that is over and its locks."""
        from hocbaso.apps.common import clock
        from hocbaso.apps.periods.models import ColumnLock, EntryPeriod

        now = clock.now()
        said = {"unit": school.unit, "school_year": "2025-2026", "made_at": now, "made_by": "benchmark"}
        week = timedelta(days=7)
        EntryPeriod.objects.create(moment="hk1", opens_at=now - week, closes_at=now + week, **said)
        over = EntryPeriod.objects.create(moment="hk2", opens_at=now - 3 * week, closes_at=now - week, **said)
        ColumnLock.objects.bulk_create(
            ColumnLock(school_class=c, moment="hk2", closed_at=over.closes_at, period=over, made_at=now)
            for c in school.classes.values()
        )

    @staticmethod
    def _page(post: Any, pupils: list[int]) -> dict[str, Any]:
        """One teacher's page with a session of his own."""
        from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
        from django.contrib.sessions.backends.db import SessionStore

        from hocbaso.interfaces.web.middleware import POST_KEY, SECOND_FACTOR_KEY

        session = SessionStore()
        session[SESSION_KEY] = str(post.user.pk)
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session[HASH_SESSION_KEY] = post.user.get_session_auth_hash()
        session[POST_KEY], session[SECOND_FACTOR_KEY] = post.pk, True
        session.create()
        return {
            "path": f"/truong/so-diem/{post.school_class_id}/{post.subject_code}/?dot=hk1",
            "cookie": f"sessionid={session.session_key}",
            "user": post.user.pk,
            "pupils": pupils,
            "columns": ["tx1", "tx2", "gk", "ck"],
        }

    @property
    def plan(self) -> dict[str, Any]:
        """What the generator needs."""
        return {"host": "127.0.0.1", "port": self.port, "token": TOKEN, "pages": self.pages}

    def serve(self, workers: int = 2) -> None:
        """The command that ``hocbaso serve`` becomes."""
        from hocbaso.interfaces.cli.node import server_command

        self.server = subprocess.Popen(server_command("127.0.0.1", self.port, workers))
        for _turn in range(200):
            time.sleep(0.1)
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=2).close()
            except OSError:
                continue
            return
        raise RuntimeError("the server does not answer")

    def workers(self) -> list[int]:
        """Process numbers of the server's workers."""
        assert self.server is not None
        return sorted(pid for pid, parent in _parents().items() if parent == self.server.pid)

    def kill_a_worker(self) -> None:
        """Without warning, in the middle of what it does."""
        heaviest = max(self.workers(), key=lambda pid: _cpu(pid, gone=False))
        os.kill(heaviest, signal.SIGKILL)

    def used(self) -> dict[str, float]:
        """CPU seconds so far: server, database, the whole machine (with what others do)."""
        assert self.server is not None
        pid = (self.postgres.directory / "data" / "postmaster.pid").read_text().split()[0]
        return {"server": _tree(self.server.pid), "database": _tree(int(pid)), "machine": _machine()}

    def stop(self) -> None:
        if self.server is not None:
            self.server.terminate()
            try:
                self.server.wait(20)
            except subprocess.TimeoutExpired:
                self.server.kill()
        self.postgres.stop()
        shutil.rmtree(self.home, ignore_errors=True)


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _parents() -> dict[int, int]:
    def found() -> Iterator[tuple[int, int]]:
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    yield int(entry.name), int(_stat(int(entry.name))[1])
                except OSError:
                    continue

    return dict(found())


def _cpu(pid: int, *, gone: bool = True) -> float:
    """User and system time; ``gone``: of children that have ended, too."""
    try:
        fields = _stat(pid)
    except OSError:
        return 0.0
    return sum(map(int, fields[11 : 15 if gone else 13])) / _TICK


def _tree(pid: int) -> float:
    parents = _parents()
    family, grown = {pid}, True
    while grown:
        more = {child for child, parent in parents.items() if parent in family} - family
        grown, family = bool(more), family | more
    return sum(_cpu(one) for one in family)


def _machine() -> float:
    """Busy seconds of all cores."""
    fields = [int(part) for part in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:8]]
    return (sum(fields) - fields[3] - fields[4]) / _TICK
