"""``hocbaso worker``: what the clock asks for, whoever looks or not (design 4.2).

Periods past their end become locks, unlock cases past their time end, the queue of identity checks is worked
through, the figures of the verification are counted again and schools that lag are reminded. Every step
resumes from its own rows, so that the worker may die at any moment and several may run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from hocbaso.interfaces.cli.output import JSON_OPTION, answer, messages

#: Seconds between two rounds: a period that ends is locked in the database within this time.
EVERY = 20.0


def worker(
    once: bool = typer.Option(False, "--once", help="Làm một lượt rồi dừng."),
    every: float = typer.Option(EVERY, "--every", min=1, help="Số giây giữa hai lượt."),
    beside: int = typer.Option(0, "--beside", hidden=True, help="Dừng khi tiến trình cha này dừng."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Làm những việc đến giờ: khóa đợt nhập hết hạn, xác thực danh tính, đếm tiến độ, nhắc trường."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from django.db import close_old_connections

    done = _round()
    if beside:
        end_with(beside)
    while not once:
        time.sleep(every)
        close_old_connections()  # a database that was away for a while is found again
        done = _round()
    answer(done, as_json=as_json)


def _round() -> dict[str, Any]:
    """One round; what goes wrong in one part is told and does not stop the others."""
    document: dict[str, Any] = {"locks": 0, "cases": [], "answered": 0, "counted": 0, "reminded": 0}
    document |= {"judged": 0, "problems": []}
    for part in (
        _close_due,
        _ask,
        _look_up,
        _watch,
        _judge,
        _look_for_twins,
        _stamps,
        _preserve,
        _records,
        _certificates,
    ):
        try:
            document |= _steady(part)
        except Exception as error:
            document["problems"].append(f"{part.__name__.strip('_')}: {type(error).__name__}")
            messages.print(f"{part.__name__}: {error}", style="yellow", markup=False)
    return document


def _steady(part: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Do a part; once more where the database was upgraded beneath it (SQLite says so at the first start)."""
    from django.db import OperationalError

    try:
        return part()
    except OperationalError as error:
        if "schema has changed" not in str(error):
            raise
    return part()


def _close_due() -> dict[str, Any]:
    from hocbaso.apps.accounts.door import Actor
    from hocbaso.apps.periods.use_cases.close_due import close_due

    closed = close_due(Actor.system())
    return {"locks": closed.locks, "cases": list(closed.cases)}


#: Hours of the night (in Viet Nam) in which files are compared; every department once a night.
_NIGHT = range(1, 5)


def _look_for_twins() -> dict[str, Any]:
    from datetime import timedelta

    from hocbaso.apps.accounts.door import Actor
    from hocbaso.apps.common import clock
    from hocbaso.apps.matching.models import Scan
    from hocbaso.apps.matching.use_cases.scan import scan
    from hocbaso.apps.organisations.models import Kind, Organisation

    now = clock.now()
    if now.astimezone(clock.VIETNAM).hour not in _NIGHT:
        return {}
    fresh = Scan.objects.filter(started_at__gt=now - timedelta(hours=20)).values("unit")
    unit = Organisation.objects.filter(kind=Kind.DEPARTMENT).exclude(pk__in=fresh).first()
    return {"pairs": scan(Actor.system(), unit).opened} if unit is not None else {}


def _records() -> dict[str, Any]:
    from hocbaso.apps.accounts.door import Actor
    from hocbaso.apps.preservation.evidence_records.clockwork import work

    night = work(Actor.system())
    return {} if night is None else {"recorded": night.built, "records_renewed": night.renewed}


def _ask() -> dict[str, Any]:
    from hocbaso.apps.accounts.door import Actor
    from hocbaso.apps.identity.models import Job, JobState
    from hocbaso.apps.identity.ports import population
    from hocbaso.apps.identity.use_cases.arrivals import queue_arrivals
    from hocbaso.apps.identity.use_cases.process import LANES, process_due

    queue_arrivals(Actor.system())
    if not Job.objects.filter(state__in=(JobState.QUEUED, JobState.SENT)).exists():
        return {"answered": 0}
    done = process_due(population(), lanes=LANES)
    return {"answered": sum(done.outcomes.values())}


def _look_up() -> dict[str, Any]:
    from hocbaso.apps.identity.ports import population
    from hocbaso.apps.residence.use_cases.process import next_due, process_due

    if next_due() is None:
        return {"residences": 0}
    return {"residences": process_due(population()).answered}


def _watch() -> dict[str, Any]:
    from hocbaso.apps.accounts.door import Actor
    from hocbaso.apps.identity.campaigns.clockwork import work
    from hocbaso.apps.identity.watching.recount import recount_due

    counted = recount_due().schools
    done = work(Actor.system(), counted=counted > 0)
    return {"counted": counted, "reminded": done.reminded}


def _preserve() -> dict[str, Any]:
    """Validation data for what was issued, archive time stamps for what is due; a round takes a handful."""
    from hocbaso.apps.preservation.clockwork import work

    return {"preserved": work()}


def _stamps() -> dict[str, Any]:
    """Seals that wait for their time stamp, some of them a round: the other parts have their turn."""
    from hocbaso.apps.accounts.door import Actor
    from hocbaso.apps.transcripts.waiting.complete import complete_waiting
    from hocbaso.apps.transcripts.waiting.queries import waiting

    if not waiting().count:
        return {"stamped": 0}
    done = complete_waiting(Actor.system(), most=500)
    return {"stamped": done.issued, "seals_refused": done.refused, "seals_waiting": done.left}


def _judge() -> dict[str, Any]:
    from hocbaso.apps.quality.background import work

    return {"judged": work()}


def _certificates() -> dict[str, Any]:
    from hocbaso.interfaces.cli.worker_certificates import work

    return work()


def end_with(parent: int) -> None:
    """End this process when its parent is gone."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def start_beside() -> None:
    """A worker that ends with this process (which becomes the web server)."""
    command = Path(sys.executable).with_name("hocbaso")
    subprocess.Popen([str(command), "worker", "--beside", str(os.getpid())])
