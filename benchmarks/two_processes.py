"""Two server processes sign and issue into one database: how much more than one of them does alone.

Beside it, what two processes gain on this machine when they share nothing at all: two processors that are two
threads of one core never give twice of anything.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import node as nodes
from benchmarks.harness import Contender, Experiment, Ratio
from hocbaso.sandbox.profiles import KeyKind

PUPILS, RAW = 70, {"rsa2048": 1200, "rsa3072": 450, "p256": 9000}
_FIRST_CODES = (79_001_001, 79_005_001)  # pupils take the last four digits into their codes


class _Worker:
    """A process of its own that waits for words: ``prepare``, ``issue``, ``raw``."""

    def __init__(self, home: Path, kind: str, first_code: int) -> None:
        command = [sys.executable, "-m", "benchmarks.two_processes", str(home), kind, str(first_code)]
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


def _all(workers: list[_Worker], word: str) -> None:
    for worker in workers:
        worker.say(word)
    for worker in workers:
        worker.answer()


def _prepare(workers: list[_Worker]) -> None:
    """A class for each, one after the other: making people is not what is measured."""
    for worker in workers:
        _all([worker], "prepare")


def two_processes(kind: KeyKind) -> Experiment:
    """Documents a second by the clock."""
    node = nodes.start(kind)
    workers = [_Worker(node.home, kind, code) for code in _FIRST_CODES]
    one, both = workers[:1], workers
    return Experiment(
        title=f"Two processes issue into one database, {kind.upper()}",
        unit="documents",
        contenders=[
            Contender("one process", PUPILS, lambda: _all(one, "issue"), lambda: _prepare(one)),
            Contender("two processes", 2 * PUPILS, lambda: _all(both, "issue"), lambda: _prepare(both)),
            Contender("raw sign, one process", RAW[kind], lambda: _all(one, "raw"), unit="operations"),
            Contender("raw sign, two processes", 2 * RAW[kind], lambda: _all(both, "raw"), unit="operations"),
        ],
        ratios=[
            Ratio("two processes ÷ one, by the clock", "two processes", "one process", aim=1.8,
                  source="issue of trust"),
            Ratio("the same of raw signatures, nothing shared", "raw sign, two processes",
                  "raw sign, one process"),
        ],
        remarks=["Each process has its own class; log, audit chain and database are shared (SQLite, WAL)."],
        by_clock=True,
    )  # fmt: skip


def _serve(home: Path, kind: KeyKind, first_code: int) -> None:
    nodes.join(home, kind, first_code)
    from benchmarks.signing import digests, raw_sign
    from hocbaso.sandbox.profiles import new_key

    key, work = new_key(kind), digests(RAW[kind])
    school = None
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        begin, word = time.perf_counter(), line.strip()
        if word == "prepare":
            school = nodes.finished_school(PUPILS)
            nodes.close(school)
        elif word == "issue" and school is not None:
            nodes.sign_and_issue(school)
        elif word == "raw":
            for digest in work:
                raw_sign(key, digest)
        print(json.dumps(time.perf_counter() - begin), flush=True)


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    for name in ("home", "kind", "first_code"):
        options.add_argument(name)
    given = options.parse_args()
    _serve(Path(given.home), given.kind, int(given.first_code))
