"""``hocbaso periods`` and ``hocbaso unlock``: one JSON document each, the exit status of its kind."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import typer
from typer.testing import CliRunner

from hocbaso.apps.assessment.models import SubjectMarks
from hocbaso.apps.common import clock
from hocbaso.apps.periods.models import ColumnLock, UnlockCase
from hocbaso.apps.periods.use_cases.open_unlock_case import open_unlock_case
from hocbaso.interfaces.cli import periods
from tests.builders import YEAR
from tests.unit.apps.periods.world import World

pytestmark = pytest.mark.django_db
SCHOOL = ("--school", "79000101")
SOON = (clock.now() + timedelta(days=3)).astimezone(clock.VIETNAM).replace(second=0, microsecond=0)


@pytest.fixture
def run():
    app = typer.Typer()
    periods.register(app)

    def call(*arguments: object) -> tuple[int, object]:
        result = CliRunner().invoke(app, [*map(str, arguments), "--json"])
        return result.exit_code, json.loads(result.stdout) if result.stdout.strip() else None

    return call


@pytest.fixture
def world() -> World:
    return World()


def test_a_period_is_set_listed_closed_and_leaves_locks(run, world):
    closes = SOON.replace(tzinfo=None).isoformat()  # without an offset: Vietnam's time
    scope = ("--year", YEAR, "--moment", "hk1", "--class", "6A", "--column", "gk", "--closes", closes)
    status, made = run("periods", "set", *SCHOOL, *scope)
    assert status == 0
    assert made["closes_at"] == clock.iso_seconds(SOON)
    assert (made["class"], made["columns"], made["state"]) == ("6A", ["gk"], "open")
    assert run("periods", "list", *SCHOOL, "--year", YEAR) == (0, [made])
    assert run("periods", "set", *SCHOOL, *scope)[0] == 1  # there is one with this scope
    status, closed = run("periods", "close", made["id"], "--reason", "Nhập xong")
    assert (status, closed["state"], closed["act"]) == (0, "closed", "close")
    assert ColumnLock.objects.get().column == "gk"
    assert run("periods", "close-due") == (0, {"locks": 0, "cases": []})


def test_what_cannot_be_read_is_wrong_usage(run, world):
    assert run("periods", "list", "--year", YEAR)[0] == 2  # neither school nor province
    assert run("periods", "set", *SCHOOL, "--year", YEAR, "--closes", "mai")[0] == 2
    assert run("periods", "close", 999, "--reason", "x")[0] == 2
    assert run("unlock", "show", "MK-0")[0] == 2


def test_a_case_is_listed_and_shown_with_its_pupils(run, world):
    SubjectMarks.objects.update(locked=True)
    case: UnlockCase = open_unlock_case(
        world.teacher,
        school_class=world.secondary,
        part="toan",
        moment="hk1",
        enrolments=[world.first],
        why="Nhầm.",
        minutes="Sửa.",
        until=SOON,
    )
    status, [listed] = run("unlock", "list", *SCHOOL, "--state", "open")
    assert (status, listed["number"], listed["state"]) == (0, case.number, "requested")
    assert run("unlock", "list", "--state", "in_force") == (0, [])
    status, shown = run("unlock", "show", case.number)
    assert status == 0
    assert shown["pupils"] == [world.first.pupil.code]
    assert shown["changes"] == []
