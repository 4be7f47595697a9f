"""``hocbaso worker``: what the clock asks for is done though nobody looks."""

from __future__ import annotations

import json

import pytest
import typer
from django.db import OperationalError
from typer.testing import CliRunner

from hocbaso.apps.periods.models import ColumnLock
from hocbaso.interfaces.cli import worker as command
from tests.unit.apps.periods.test_periods import after, set_up
from tests.unit.apps.periods.world import World

pytestmark = pytest.mark.django_db


def one_round() -> dict[str, object]:
    app = typer.Typer()
    app.command()(command.worker)
    result = CliRunner().invoke(app, ["--once", "--json"])
    assert result.exit_code == 0, result.output
    document: dict[str, object] = json.loads(result.stdout)
    return document


def test_a_period_that_has_ended_becomes_locks_in_the_next_round_and_only_then() -> None:
    set_up(World(), moment="hk1", grade=6)
    assert one_round()["locks"] == 0
    with after(3):
        assert one_round()["locks"] == ColumnLock.objects.count() > 0
        assert one_round()["locks"] == 0


def test_what_goes_wrong_in_one_part_is_told_and_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> dict[str, object]:
        raise RuntimeError("hỏng")

    monkeypatch.setattr(command, "_close_due", broken)
    document = one_round()
    assert document["problems"] == ["broken: RuntimeError"]
    assert document["answered"] == 0


def test_an_upgrade_beneath_the_worker_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def upgraded() -> dict[str, object]:
        tried.append(1)
        if len(tried) == 1:
            raise OperationalError("database schema has changed")
        return {"locks": 7}

    monkeypatch.setattr(command, "_close_due", upgraded)
    assert one_round()["locks"] == 7
