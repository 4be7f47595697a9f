"""A node of its own for the import journeys: its home, its command line, its web server."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.journeys.commands import ADD_SCHOOL
from tests.journeys.commands import SCHOOL as SCHOOL
from tests.journeys.commands import YEAR as YEAR
from tests.journeys.nursery import Child, begun, nursery

BIN = Path(sys.executable).parent

_CLERK = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "hocbaso.config.settings"
import django
django.setup()
from datetime import date
from hocbaso.apps.accounts.models import Assignment, User
from hocbaso.apps.organisations.models import Organisation
clerk = User.objects.create_user("ngoclan.hoamai", "mot cau de nho 1", full_name="Mai Thị Ngọc Lan")
school = Organisation.objects.get(code="79000101")
Assignment.objects.create(user=clerk, organisation=school, role="du_lieu", valid_from=date(2020, 1, 1))
"""


@dataclass
class Node:
    """One node with one school in a folder of its own, on SQLite."""

    home: Path

    @property
    def database(self) -> Path:
        return self.home / "hocbaso.sqlite3"

    def environment(self, **more: str) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("HOCBASO_", "DJANGO_"))}
        return kept | {"HOCBASO_HOME": str(self.home)} | more

    def start(self, *arguments: str, code: str = "") -> Child:
        """``hocbaso …``; ``code`` runs in the child before the command does."""
        return nursery().start(arguments, self.environment(), self.home, code)

    def run(self, *arguments: str) -> tuple[int, Any]:
        """Exit status and the JSON document of a command."""
        child = self.start(*arguments, "--json")
        out, err = child.communicate(timeout=300)
        assert "Traceback" not in err, err
        return child.returncode, json.loads(out)

    def load(self, kind: str, file: Path, *more: str) -> tuple[int, Any]:
        return self.run("import", kind, str(file), "--school", SCHOOL, "--year", YEAR, *more)

    def add_clerk(self) -> None:
        subprocess.run([sys.executable, "-c", _CLERK], env=self.environment(), check=True, cwd=self.home)

    def dump(self) -> list[str]:
        """The whole database as SQL; folds the write-ahead log into the file first."""
        with sqlite3.connect(self.database) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            return list(connection.iterdump())

    def count(self, table: str) -> int:
        with sqlite3.connect(self.database) as connection:
            (found,) = connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()
            return int(found)


def make_node(home: Path) -> Node:
    """A fresh node with the school Hoa Mai."""
    home.mkdir(parents=True, exist_ok=True)
    node = Node(home)
    begun(home, (ADD_SCHOOL,))
    return node


class Site:
    """The node's web server in a process of its own."""

    def __init__(self, node: Node) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._child = subprocess.Popen(
            [
                *(str(BIN / "granian"), "--interface", "wsgi", "--workers", "1", "--blocking-threads", "4"),
                *("--port", str(port), "hocbaso.config.wsgi:application"),
            ],
            env=node.environment(HOCBASO_PUBLIC_URL=self.url),
            cwd=node.home,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{self.url}/healthz", timeout=2)
                return
            except OSError:
                time.sleep(0.2)
        self.stop()
        raise AssertionError("the web server did not start")

    def stop(self) -> None:
        os.killpg(self._child.pid, signal.SIGTERM)
        self._child.wait(timeout=60)
