"""``hocbaso identity send | letters``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from hocbaso.apps.identity.models import Job, Letter
from hocbaso.apps.identity.use_cases.process import process_due
from hocbaso.engines.population import Outcome
from hocbaso.interfaces.cli import identity
from tests.unit.apps.identity.world import YEAR, Registry, full_pupil, make_school

pytestmark = pytest.mark.django_db


def run(*words: str, status: int = 0) -> dict[str, Any]:
    app = typer.Typer()
    identity.register(app)
    scope = ("--school", "79000101", "--year", YEAR)
    result = CliRunner().invoke(app, ["identity", words[0], *scope, *words[1:], "--json"])
    assert result.exit_code == status, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_send_queues_without_waiting_and_tells_who_was_left_out():
    school = make_school()
    first, second = full_pupil(school, 1), full_pupil(school, 2)
    assert run("send", "--pupil", first.code)["queued"] == 1
    full_pupil(school, 3, commune_code="")
    document = run("send", "--class", "3A", status=1)
    assert (document["queued"], document["already"], len(document["incomplete"])) == (1, 1, 1)
    assert set(Job.objects.values_list("pupil", flat=True)) == {first.pk, second.pk}
    assert run("send", "--pupil", "x", status=2)["error"]["code"] == "identity_pupils_not_found"


def test_letters_are_one_file_and_are_kept_only_when_it_was_written(tmp_path: Path):
    school = make_school()
    pupil = full_pupil(school, 1)
    out = tmp_path / "giay-bao.pdf"
    assert run("letters", "--out", str(out)) == {
        "school": "79000101",
        "year": YEAR,
        "file": None,
        "letters": [],
    }
    run("send")
    process_due(Registry({pupil.personal_number: (Outcome.NOT_FOUND, ())}))
    absent = run("letters", "--out", str(tmp_path / "absent" / "x.pdf"), status=2)
    assert (absent["error"]["code"], Letter.objects.count()) == ("identity_out", 0)
    made = run("letters", "--class", "3A", "--until", "31/12", "--out", str(out), status=2)
    assert made["error"]["code"] == "identity_day"
    made = run("letters", "--class", "3A", "--out", str(out))
    assert [(line["pupil"], line["kind"]) for line in made["letters"]] == [(pupil.code, "not_found")]
    assert out.read_bytes().startswith(b"%PDF-")
    assert Letter.objects.count() == 1
