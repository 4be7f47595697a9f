"""``hocbaso quality run | report``: one JSON document, the same whether run once or twice."""

from __future__ import annotations

import json
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from hocbaso.interfaces.cli import quality
from tests.builders import YEAR, make_pupil, make_school

pytestmark = pytest.mark.django_db


def run(*words: str, status: int = 0) -> dict[str, Any]:
    app = typer.Typer()
    quality.register(app)
    result = CliRunner().invoke(app, ["quality", *words, "--json"])
    assert result.exit_code == status, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_run_judges_and_report_reads_the_same():
    school = make_school()
    make_pupil(school, "3A", 1)
    scope = ("--school", school.unit.code, "--year", YEAR)
    first = run("run", *scope)
    assert first["opened"] > 5
    again = run("run", *scope)
    assert (again["opened"], again["solved"]) == (0, 0)
    report = run("report", *scope)
    assert report["score"] == first["score"] == again["score"]
    assert report["rules"]["DU-004"] == 1
    parts = report["score"]
    left = sum(parts[name]["total"] - parts[name]["done"] for name in ("dung", "du", "sach", "song"))
    assert left == parts["errors"] + parts["queries"] == sum(report["rules"].values())


def test_a_year_without_classes_is_not_a_clean_school():
    school = make_school()
    assert run("report", "--school", school.unit.code, "--year", "2019-2020", status=2)["error"]
