"""``hocbaso archive status | extend | renew``: one document each, exit statuses that a script can rely on."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from hocbaso.apps.common import clock
from hocbaso.interfaces.cli import archive
from tests.builders import YEAR
from tests.unit.interfaces.web.sheets import issued_school

pytestmark = pytest.mark.django_db


def call(*words: str) -> tuple[int, dict[str, Any]]:
    app = typer.Typer()
    archive.register(app)
    result = CliRunner().invoke(app, ["archive", *words, "--json"])
    assert "Traceback" not in result.output
    return result.exit_code, json.loads(result.stdout)


def test_sheets_go_up_the_levels_and_status_tells_what_comes_next() -> None:
    school = issued_school(2)
    scope = ("--school", school.unit.code, "--year", YEAR)
    code, found = call("status", *scope)
    assert (code, found["levels"]["B-T"], found["next_renewal"]) == (0, 2, None)
    assert call("extend", *scope)[1] == {
        "done": 2,
        "waiting": 0,
        "failed": 0,
        "reasons": {},
        "stopped": None,
    }
    assert call("renew", *scope)[1]["done"] == 0
    assert call("renew", *scope, "--early")[1]["reasons"] == {"asked": 2}
    code, found = call("status", *scope)
    assert (code, found["levels"]["B-LTA"], found["due_now"]) == (0, 2, 0)
    following = found["next_renewal"]
    assert following["reason"] in ("tsa_ends", "algorithm_ends")
    assert following["due"] < following["ends"]
    assert call("status", *scope[:2], "--year", "2024-2025")[1]["sheets"] == 0
    with clock.standing_at(clock.now() + timedelta(days=365 * 12)):
        code, found = call("status", *scope)
    assert (code, [one["code"] for one in found["alarms"]]) == (1, ["lost"])


def test_a_school_or_year_that_is_none_is_said() -> None:
    assert call("status", "--school", "00000000")[0] == 2
    assert call("extend", "--year", "2025")[0] == 2
