"""``python -m benchmarks.identity_run``: a province verified through a registry that has its bad days.

A node with so many pupils (one school a thousand) works its queue off with ``hocbaso identity work`` in a
process of its own, over loopback, against the sandbox's registry with a rate limit: 5 % of the messages fail,
the registry has two outages and dies once, the node's worker is killed twice. Told: answers a second against
the limit, what the registry was asked twice, every state against the truth, the worker's memory.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.identity import Registry, load, outage, pupils, sudden_death

YEAR = "2025-2026"
_A_SCHOOL = 1000


def _django(home: Path, database: str, url: str, rate: float) -> None:
    os.environ.update(
        HOCBASO_HOME=str(home),
        HOCBASO_POPULATION_URL=url,
        HOCBASO_POPULATION_RATE=str(rate),
        DJANGO_SETTINGS_MODULE="hocbaso.config.settings",
    )
    if database:
        os.environ["HOCBASO_DATABASE_URL"] = database
    import django

    django.setup()
    from hocbaso.interfaces.cli.node import prepare_home

    prepare_home()


def fill(count: int) -> float:
    """The pupils in classes, all complete, every school sent; seconds that sending took."""
    from hocbaso.apps.accounts.door import Actor
    from hocbaso.apps.common import clock
    from hocbaso.apps.identity.use_cases.send import send
    from hocbaso.apps.organisations.models import Kind, Organisation
    from hocbaso.apps.pupils.models import Enrolment, Pupil, SchoolClass
    from hocbaso.core import codelists

    codes = {item.name: item.code for item in codelists.communes("79")}
    people, seconds, number = pupils(count), 0.0, 0
    while part := list(islice(people, _A_SCHOOL)):
        school = Organisation.objects.create(
            code=f"79{number:06}",
            kind=Kind.SCHOOL,
            name=f"Trường số {number}",
            levels=["tieu_hoc"],
            valid_from=date(2025, 8, 1),
        )
        room = SchoolClass.objects.create(school=school, school_year=YEAR, name="3A", grade=3)
        made = Pupil.objects.bulk_create(
            Pupil(
                code=f"{number:04}{index:06}",
                full_name=one.name,
                birth_date=one.birth.isoformat(),
                sex=one.sex,
                personal_number=one.number,
                province="Thành phố Hồ Chí Minh",
                province_code="79",
                commune=one.commune,
                commune_code=codes[one.commune],
                updated_at=clock.now(),
            )
            for index, one in enumerate(part)
        )
        Enrolment.objects.bulk_create(
            Enrolment(pupil=pupil, school_class=room, status="Đang học", order=order)
            for order, pupil in enumerate(made)
        )
        begin = time.perf_counter()
        order = send(Actor.operator(), school=school, year=YEAR)
        seconds += time.perf_counter() - begin
        if order.queued != len(part):
            raise AssertionError(f"school {number}: {order.queued} of {len(part)} queued")
        number += 1
    return seconds


class Worker:
    """``hocbaso identity work`` in a process of its own, watched."""

    def __init__(self) -> None:
        self.kills = 0
        self.memory: list[int] = []
        self._start()

    def _start(self) -> None:
        command = Path(sys.executable).with_name("hocbaso")
        self._process = subprocess.Popen(
            [command, "identity", "work", "--every", "0.2"], stderr=subprocess.DEVNULL
        )

    def kill(self) -> None:
        """SIGKILL and a new one."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self.kills += 1
        self._start()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()

    def look(self) -> None:
        """Note the resident memory in MiB."""
        if self._process.poll() is not None:
            raise AssertionError(f"the worker ended with {self._process.returncode}")
        for line in Path(f"/proc/{self._process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                self.memory.append(int(line.split()[1]) // 1024)


def run(registry: Registry, count: int, *, trouble: bool) -> dict[str, Any]:
    """Work the queue off; figures."""
    from hocbaso.apps.identity.models import Check
    from hocbaso.apps.identity.queries import open_jobs

    worker = Worker()
    events: list[tuple[float, Callable[[], None]]] = [
        (0.2, lambda: outage(registry)),
        (0.35, worker.kill),
        (0.5, lambda: sudden_death(registry)),
        (0.65, lambda: outage(registry)),
        (0.8, worker.kill),
    ]
    waiting = events if trouble else []
    begin = time.perf_counter()
    steady: list[tuple[float, int]] = []
    while open_jobs().exists():
        done = Check.objects.count()
        steady.append((time.perf_counter(), done))
        if waiting and done >= waiting[0][0] * count:
            waiting.pop(0)[1]()
        worker.look()
        time.sleep(0.5)
    seconds = time.perf_counter() - begin
    worker.stop()
    return {
        "seconds": round(seconds, 1),
        "answers_per_second": round(count / seconds, 1),
        "best_ten_seconds": round(_best(steady), 1),
        "worker_killed": worker.kills,
        "worker_mib": [worker.memory[at * len(worker.memory) // 10] for at in range(10)],
        "registry": {name: registry.counters().get(name) for name in ("distinct", "repeated", "messages")},
        **_truth(count),
    }


def _best(steady: list[tuple[float, int]], window: float = 10.0) -> float:
    """Most answers a second over ten seconds."""
    best = 0.0
    for at, (begin, done) in enumerate(steady):
        later = next(((t, d) for t, d in steady[at:] if t - begin >= window), None)
        if later:
            best = max(best, (later[1] - done) / (later[0] - begin))
    return best


def _truth(count: int) -> dict[str, Any]:
    """Every state against what the registry must say."""
    from hocbaso.apps.audit.chain import broken_links
    from hocbaso.apps.identity.models import Check
    from hocbaso.apps.pupils.models import Pupil

    states = dict(Pupil.objects.values_list("personal_number", "identity_state"))
    differing = dict(Check.objects.values_list("pupil__personal_number", "differences"))
    wrong = 0
    for one in pupils(count):
        expected = {"": "verified", "NOT_FOUND": "not_found"}.get(one.deviation, "mismatch")
        named = [one.deviation] if expected == "mismatch" else []
        wrong += (states[one.number], differing[one.number]) != (expected, named)
    return {
        "answers": Check.objects.count(),
        "people_answered_twice": Check.objects.count() - len(differing),
        "not_as_expected": wrong,
        "states": dict(Counter(states.values())),
        "audit_chain_breaks": len(broken_links()),
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.identity_run", description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--rate", type=float, default=300, help="the registry's limit a second; 0 = none")
    parser.add_argument("--database", default="", help="address; by default SQLite in a new home")
    parser.add_argument("--calm", action="store_true", help="no errors, outages, kills")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hbs-identity-") as name:
        folder, home = Path(name) / "registry", Path(name) / "node"
        folder.mkdir()
        load(folder, options.people)
        with Registry(folder, rate_per_second=options.rate) as registry:
            _django(home, options.database, registry.url, options.rate)
            sending = fill(options.people)
            registry.behave(error_rate=0.0 if options.calm else 0.05)
            told = {
                "date": datetime.now(UTC).date().isoformat(),
                "people": options.people,
                "limit_per_second": options.rate or None,
                "sent_per_second": round(options.people / sending, 1),
            }
            told |= run(registry, options.people, trouble=not options.calm)
            if options.rate:
                told["share_of_limit"] = round(told["answers_per_second"] / options.rate, 3)
                told["best_share_of_limit"] = round(told["best_ten_seconds"] / options.rate, 3)
            print(json.dumps(told, indent=1))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
