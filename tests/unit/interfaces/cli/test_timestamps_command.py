"""``hocbaso timestamps status | complete`` and what the other commands tell of seals that wait."""

from __future__ import annotations

import json
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from hocbaso.apps.transcripts.models import IssuedSheet
from hocbaso.core.document.model import SignerRole
from hocbaso.interfaces.cli import timestamps, transcript_runs, worker
from tests.builders import YEAR, School
from tests.stamps import FIRST, SECOND, all_down, calm, weather
from tests.unit.interfaces.web.sheets import closed_school, sign

pytestmark = pytest.mark.django_db


@pytest.fixture
def waiting() -> School:
    """Two sheets, sealed while no authority answered."""
    school = closed_school(2)
    sign(school, SignerRole.HOMEROOM)
    sign(school, SignerRole.PRINCIPAL)
    with all_down():
        sign(school, SignerRole.SEAL)
    return school


def run(*words: str, status: int = 0) -> dict[str, Any]:
    app = typer.Typer()
    timestamps.register(app)
    result = CliRunner().invoke(app, ["timestamps", *words, "--json"])
    assert result.exit_code == status, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_status_names_each_authority_and_what_waits(waiting):
    told = run("status", status=1)
    assert told["waiting"]["count"] == 2
    assert told["waiting"]["oldest"].endswith("Z")
    assert [one["name"] for one in told["authorities"]] == [FIRST, SECOND]
    assert {one["state"] for one in told["authorities"]} == {"closed"}


def test_completing_while_all_are_down_is_unavailable_and_then_it_is_done(waiting):
    weather("down", "cut")
    told = run("complete", status=3)
    assert (told["issued"], told["left"]) == (0, 2)
    first, second = run("status", status=1)["authorities"]
    assert (first["last_fault"], second["last_fault"]) == ("down", "DerFault")
    assert first["last_failure"]
    calm()
    assert run("complete") == {
        "issued": 2,
        "refused": 0,
        "left": 0,
        "stamped_by": {FIRST: 2},
        "stopped": "",
    }
    first, _second = run("status")["authorities"]
    assert first["last_success"]
    assert first["mean_ms"] > 0


def test_the_worker_completes_what_waits(waiting):
    app = typer.Typer()
    app.command()(worker.worker)
    result = CliRunner().invoke(app, ["--once", "--json"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert (document["stamped"], document["seals_waiting"]) == (2, 0)
    assert IssuedSheet.objects.count() == 2


def test_issuing_tells_what_is_sealed_and_not_issued():
    school = closed_school(2)
    sign(school, SignerRole.HOMEROOM)
    sign(school, SignerRole.PRINCIPAL)
    with all_down():
        told = transcript_runs.issue(school.unit.code, YEAR)
    assert told == {"issued": 0, "sealed": 2, "failed": [], "log_size": 0}
    assert run("complete")["issued"] == 2
    assert transcript_runs.issue(school.unit.code, YEAR) == {"issued": 0, "failed": [], "log_size": 2}
