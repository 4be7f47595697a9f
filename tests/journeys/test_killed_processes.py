"""SIGKILL at many moments, then the same commands again: everything finishes, nothing twice, nothing lost."""

from __future__ import annotations

import json
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

import pytest

from tests.journeys.commands import ADD_SCHOOL, OF_SCHOOL, WORKBOOKS, Home

pytestmark = pytest.mark.journey

PATIENCE = 60.0  # seconds in which a command must show the awaited progress
ROLES = ("gvcn", "hieu_truong", "con_dau")


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

        server, name = Server.shared(), f"killed_{os.getpid()}"
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


@dataclass
class Killer:
    """Starts commands and kills them, and remembers when."""

    home: Home
    probe: SqliteProbe | PostgresProbe
    dice: random.Random = field(default_factory=lambda: random.Random(20260526))
    killed: int = 0
    inside: int = 0  # of them, inside a transaction

    def count(self, question: str) -> int:
        return int(self.probe.rows(question)[0][0])

    def kill(self, *arguments: str, when: Callable[[], bool], within: float = 0.05) -> None:
        """Kill the command a random moment (at most ``within`` s) after ``when`` has become true."""
        process = self.home.start(*arguments, "--json")
        end = time.monotonic() + PATIENCE
        while process.poll() is None and not when():
            assert time.monotonic() < end, arguments
            time.sleep(0.003)
        time.sleep(self.dice.uniform(0, within))
        if process.poll() is None:
            process.send_signal(signal.SIGSTOP)  # so that the moment can be looked at
            self.inside += self.probe.writing()
            process.send_signal(signal.SIGKILL)
        process.communicate(timeout=PATIENCE)
        self.killed += process.returncode == -signal.SIGKILL
        self.probe.settle()
        check_invariants(self.probe)


def check_invariants(probe: SqliteProbe | PostgresProbe) -> None:
    """What must hold whatever was killed."""
    imported = {
        name: probe.rows(f"SELECT count(*) FROM {name}")[0][0]
        for name in ("pupils_pupil", "pupils_enrolment", "assessment_yearrecord")
    }
    assert set(imported.values()) <= {0, 170}, imported  # an import is all or nothing
    assert not probe.rows(
        "SELECT sheet_id, role FROM transcripts_sheetsignature WHERE voided_at IS NULL "
        "GROUP BY sheet_id, role HAVING count(*) > 1"
    )
    signed = {"frozen": 0, "homeroom_signed": 1, "principal_signed": 2, "issued": 3}
    states = probe.rows(
        "SELECT y.state, (SELECT count(*) FROM transcripts_sheetsignature s WHERE s.sheet_id = y.id) "
        "FROM transcripts_yearsheet y"
    )
    assert all(signed[state] == number for state, number in states)
    issued = probe.rows("SELECT digest, log_index FROM transcripts_issuedsheet ORDER BY log_index")
    logged = probe.rows('SELECT document_digest, "index" FROM ledger_logentry ORDER BY "index"')
    assert issued == logged
    assert [index for _, index in logged] == list(range(len(logged)))
    assert len(issued) == sum(state == "issued" for state, _ in states)


@pytest.fixture
def killer(tmp_path: Path) -> Killer:
    home = tmp_path / "node"
    postgres = os.environ.get("HOCBASO_TEST_DATABASE") == "postgresql"
    probe = PostgresProbe(home) if postgres else SqliteProbe(home)
    return Killer(Home(home, probe.url), probe)


def test_killed_at_any_moment_and_run_again_everything_stands_once(
    killer: Killer, samples: Path, tmp_path: Path
) -> None:
    home = killer.home
    home.json("init")
    home.json(*ADD_SCHOOL)
    kill_imports(killer, samples)
    kill_signing(killer)
    out = tmp_path / "out"
    kill_export(killer, out)
    assert killer.killed >= 12
    assert killer.inside >= 2, "no kill hit a transaction: the moments are badly chosen"

    listed = home.json("transcripts", "list", *OF_SCHOOL)
    assert len(listed) == len({row["code"] for row in listed}) == len({row["pupil"] for row in listed}) == 170
    assert {(row["state"], row["version"]) for row in listed} == {("issued", 1)}
    assert dict(
        killer.probe.rows("SELECT role, count(*) FROM transcripts_sheetsignature GROUP BY role")
    ) == dict.fromkeys(ROLES, 170)
    audit = home.json("log", "audit")
    assert (audit["ok"], audit["entries"], audit["findings"]) == (True, 170, [])
    documents = sorted(str(path) for path in out.glob("*.xml"))
    verdicts = home.json("verify", *documents, "--trust-bundle", str(out / "trust-bundle.json"))
    assert [v["verdict"] for v in verdicts] == ["valid"] * 170
    assert {v["code"] for v in verdicts} == {row["code"] for row in listed}


def kill_imports(killer: Killer, samples: Path) -> None:
    """Each import while it reads and while it writes; then to its end."""
    for kind, total in (("pupils", 170), ("staff", 15), ("results", 170)):
        command = ("import", kind, str(samples / "tieu_hoc" / WORKBOOKS[kind]), *OF_SCHOOL)
        killer.kill(*command, when=lambda: True, within=1.0)
        killer.kill(*command, when=killer.probe.writing, within=0.1)
        done = killer.home.json(*command)
        # "same" only when the kill came after the commit.
        assert (done["new"], done["same"]) in ((total, 0), (0, total)), done
        assert done["refused"] == 0
    expected = json.loads((samples / "expected.json").read_text("utf-8"))["results"]["79000101"]
    subjects = sum(len(pupil["levels"]) for pupil in expected.values())
    assert killer.count("SELECT count(*) FROM assessment_subjectresult") == subjects


def kill_signing(killer: Killer) -> None:
    """Close, sign and issue, killed as soon as so many sheets have gone so far."""
    sheets = "SELECT count(*) FROM transcripts_yearsheet"
    signatures = "SELECT count(*) FROM transcripts_sheetsignature WHERE role = '{}'"
    issued = "SELECT count(*) FROM transcripts_issuedsheet"
    whole_year = ("transcripts", "run", *OF_SCHOOL, "--include-incomplete")
    close = ("transcripts", "close", *OF_SCHOOL, "--include-incomplete")
    homeroom = ("transcripts", "sign", *OF_SCHOOL, "--as", "gvcn")
    principal = ("transcripts", "sign", *OF_SCHOOL, "--as", "hieu_truong")
    issue = ("transcripts", "issue", *OF_SCHOOL)
    plan = (
        (close, sheets, 1),
        (close, sheets, 70),
        (homeroom, signatures.format("gvcn"), 1),
        (homeroom, signatures.format("gvcn"), 60),
        (whole_year, signatures.format("gvcn"), 140),
        (principal, signatures.format("hieu_truong"), 1),
        (whole_year, signatures.format("hieu_truong"), 90),
        (issue, issued, 1),
        (whole_year, issued, 50),
        (issue, issued, 110),
    )
    for command, question, target in plan:
        killer.kill(*command, when=lambda q=question, n=target: killer.count(q) >= n)
    done = killer.home.json(*whole_year)
    assert (done["failed"], done["blocked"], done["waiting"], done["log_size"]) == ([], [], 0, 170)


def kill_export(killer: Killer, out: Path) -> None:
    """Killed between files; a second run leaves whole files only."""
    command = ("transcripts", "export", *OF_SCHOOL, "--out", str(out))
    for target in (1, 80):
        killer.kill(*command, when=lambda n=target: len(list(out.glob("*.xml"))) >= n, within=0.01)
    names = killer.home.json(*command)["files"]
    assert len(names) == len(set(names)) == 171
    assert {path.name for path in out.iterdir() if not path.name.startswith(".")} == set(names)
