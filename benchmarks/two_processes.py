"""Two server processes sign and issue into one database: how much more than one of them does alone.

Beside it, what two processes gain on this machine when they share nothing at all: two processors that are two
threads of one core never give twice of anything.
"""

from __future__ import annotations

import argparse
import atexit
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import node as nodes
from benchmarks.harness import Contender, Experiment, Figure, Ratio
from benchmarks.locks import LockMeter, watch
from hocbaso.sandbox.profiles import KeyKind

PUPILS, RAW = 70, {"rsa2048": 1200, "rsa3072": 450, "p256": 9000}
_FIRST_CODES = (79_001_001, 79_005_001)  # pupils take the last four digits into their codes


class _Worker:
    """A process of its own that waits for words: ``prepare``, ``issue``, ``raw``."""

    def __init__(self, home: Path, kind: str, first_code: int, database: str) -> None:
        place = [str(home), kind, str(first_code), database]
        command = [sys.executable, "-m", "benchmarks.two_processes", *place]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parent.parent,
        )
        self.answer()

    def say(self, word: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError("a process of the experiment ended")
        return json.loads(line)


def _all(workers: list[_Worker], word: str) -> list[Any]:
    for worker in workers:
        worker.say(word)
    return [worker.answer() for worker in workers]


def _prepare(workers: list[_Worker]) -> None:
    """A class for each, one after the other: making people is not what is measured."""
    for worker in workers:
        _all([worker], "prepare")


class _Issues:
    """Rounds of issuing, and what the workers told of their locks."""

    def __init__(self, workers: list[_Worker]) -> None:
        self.workers, self.told = workers, list[dict[str, float]]()

    def contender(self, name: str) -> Contender:
        return Contender(name, PUPILS * len(self.workers), self._run, lambda: _prepare(self.workers))

    def _run(self) -> None:
        self.told += _all(self.workers, "issue")

    def figures(self, name: str) -> list[Figure]:
        """Shares of a process's time, medians over its rounds."""

        def share(part: str, whole: str) -> float:
            return median(one[part] / one[whole] for one in self.told)

        return [
            Figure(f"{name}: holds what others wait for", share("held_cpu", "cpu"), "of its CPU time"),
            Figure(f"{name}: the same", share("held", "wall"), "of its time by the clock"),
            Figure(f"{name}: waits for others", share("waited", "wall"), "of its time by the clock"),
        ]


def two_processes(kind: KeyKind, database: str = "sqlite") -> Experiment:
    """Documents a second by the clock.

    :param database: "sqlite" or "postgresql", a server of this run with its own settings for safety on disk.
    """
    address = _server() if database == "postgresql" else ""
    node = nodes.start(kind, address)
    workers = [_Worker(node.home, kind, code, address) for code in _FIRST_CODES]
    one, both = _Issues(workers[:1]), _Issues(workers)
    name = "SQLite, WAL" if database == "sqlite" else "PostgreSQL"
    return Experiment(
        title=f"Two processes issue into one database, {kind.upper()}, {name}",
        unit="documents",
        contenders=[
            one.contender("one process"),
            both.contender("two processes"),
            Contender("raw sign, one process", RAW[kind], lambda: _told(one.workers), unit="operations"),
            Contender("raw sign, two processes", 2 * RAW[kind], lambda: _told(workers), unit="operations"),
        ],
        ratios=[
            Ratio("two processes ÷ one, by the clock", "two processes", "one process", aim=1.8,
                  source="issue of trust"),
            Ratio("the same of raw signatures, nothing shared", "raw sign, two processes",
                  "raw sign, one process"),
        ],
        figures=lambda: [*one.figures("one process"), *both.figures("each of two")],
        remarks=[f"Each process has its own class; log, audit chain and database are shared ({name})."],
        by_clock=True,
    )  # fmt: skip


def _told(workers: list[_Worker]) -> None:
    _all(workers, "raw")


def _server() -> str:
    from tests.postgresql import Server

    server = Server.start(durable=True)
    server.owner = os.getpid()
    atexit.register(server.stop)
    return server.url


def _serve(home: Path, kind: KeyKind, first_code: int, database: str) -> None:
    nodes.join(home, kind, first_code, database)
    from benchmarks.signing import digests, raw_sign
    from hocbaso.sandbox.profiles import new_key

    key, work, meter = new_key(kind), digests(RAW[kind]), LockMeter()
    watch(meter)
    school = None
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        word = line.strip()
        if word == "prepare":
            school = nodes.finished_school(PUPILS)
            nodes.close(school)
        meter.reset()
        wall, cpu = time.perf_counter(), time.process_time()
        if word == "issue" and school is not None:
            nodes.sign_and_issue(school)
        elif word == "raw":
            for digest in work:
                raw_sign(key, digest)
        taken = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
        print(json.dumps(taken | meter.to_json()), flush=True)


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    for name in ("home", "kind", "first_code", "database"):
        options.add_argument(name)
    given = options.parse_args()
    _serve(Path(given.home), given.kind, int(given.first_code), given.database)
