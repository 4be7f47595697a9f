"""The ``hocbaso`` command as a process of its own, in a home of its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.journeys.nursery import COMMAND as COMMAND
from tests.journeys.nursery import Child, begun, nursery

Running = Child | subprocess.Popen[str]
SCHOOL, YEAR = "79000101", "2025-2026"
ADD_SCHOOL = (
    *("school", "add", SCHOOL, "Trường Tiểu học Hoa Mai", "--level", "tieu_hoc"),
    *("--province", "79", "--commune", "25747"),
)
OF_SCHOOL = ("--school", SCHOOL, "--year", YEAR)


@dataclass(frozen=True)
class Answer:
    """What a finished command left."""

    arguments: tuple[str, ...]
    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Its one JSON document; anything else on standard output fails here."""
        try:
            return json.loads(self.out)
        except ValueError:
            raise AssertionError(f"{self}: not exactly one JSON document") from None


@dataclass(frozen=True)
class Home:
    """A node's directory and the environment that leads to it, free of the developer's own settings."""

    path: Path
    database_url: str = ""
    extra: dict[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("HOCBASO_", "DJANGO_"))}
        database = {"HOCBASO_DATABASE_URL": self.database_url} if self.database_url else {}
        return {
            **clean,
            "HOCBASO_HOME": str(self.path),
            "HOCBASO_SANDBOX_KEY": "p256",
            **database,
            **self.extra,
        }

    def begin(self, *schools: Sequence[str]) -> None:
        """``hocbaso init`` and these ``school add`` where nobody tests them: done once, copied."""
        if self.database_url:
            for arguments in (("init",), *schools):
                self.json(*arguments)
        else:
            begun(self.path, tuple(map(tuple, schools)))

    def start(self, *arguments: str) -> Running:
        """Begin a command, to be killed or waited for."""
        environment = self.environment()
        if not any(name.startswith("PYTHON") for name in self.extra):
            return nursery().start(arguments, environment)
        return (
            subprocess.Popen(  # what an interpreter reads at its beginning needs an interpreter's beginning
                [COMMAND, *arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
            )
        )

    def run(self, *arguments: str, expect: int | None = None, timeout: float = 300) -> Answer:
        """A command to its end."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=timeout)
        answer = Answer(arguments, process.returncode, out, err)
        assert expect is None or answer.status == expect, answer
        return answer

    def json(self, *arguments: str, expect: int = 0) -> Any:
        """The JSON document of a command that ends with ``expect``."""
        return self.run(*arguments, "--json", expect=expect).document


def import_samples(home: Home, samples: Path, kinds: Sequence[str] = ("pupils", "staff", "results")) -> None:
    """The sample primary school, through the ordinary doors."""
    for kind in kinds:
        home.json("import", kind, str(samples / "tieu_hoc" / WORKBOOKS[kind]), *OF_SCHOOL)


WORKBOOKS = {
    "pupils": "danh_sach_hoc_sinh.xlsx",
    "staff": "danh_sach_can_bo.xlsx",
    "results": "ket_qua_cuoi_nam.xlsx",
}
