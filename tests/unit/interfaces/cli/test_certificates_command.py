"""``hocbaso certificates list | as-of | readiness``: one JSON document each."""

from __future__ import annotations

import json
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from hocbaso.apps.common import clock
from hocbaso.interfaces.cli import certificates
from tests.builders import make_school
from tests.unit.apps.signing.test_certificates import registered_teacher

pytestmark = pytest.mark.django_db


def run(*words: str, status: int = 0) -> dict[str, Any]:
    app = typer.Typer()
    certificates.register(app)
    result = CliRunner().invoke(app, ["certificates", *words, "--json"])
    assert result.exit_code == status, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_the_register_answers_for_a_day_and_the_board_says_who_lacks_a_certificate():
    school = make_school()
    case = registered_teacher(school)
    code = school.unit.code
    (row,) = run("list", "--school", code)["registrations"]
    assert (row["role"], row["class"], row["usable"]) == ("gvcn", "3A", True)
    assert row["certificate"] == case.certificate_id
    today = clock.today().isoformat()
    assert run("as-of", "--school", code, "--day", today)["registrations"] == [row]
    assert run("as-of", "--school", code, "--day", "2020-01-01")["registrations"] == []
    board = run("readiness", "--school", code, "--refresh", status=1)
    assert (board["required"], board["able"], board["asked"]) == (3, 1, 1)
    assert sorted(one["states"][0] for one in board["people"]) == ["none", "none", "ok"]


def test_a_registration_is_ended_answers_are_renewed_and_the_setting_is_dated():
    school = make_school()
    case = registered_teacher(school)
    code = school.unit.code
    done = run("refresh")
    assert (done["asked"], done["revoked"], done["silent"], done["ended"]) == (1, 0, 0, 0)
    assert run("recount")["schools"] == 1
    ended = run("end", "--school", code, "--certificate", case.certificate_id, "--reason", "Chuyển trường")
    assert ended["ended"] == 1
    again = run("end", "--school", code, "--certificate", case.certificate_id, "--reason", "x", status=1)
    assert again["error"]["code"] == "registration_not_found"
    assert run("setting", "--unit", code)["set_by"] is None
    run("setting", "--unit", code, "--value", "yes", status=1)
    told = run("setting", "--unit", code, "--value", "yes", "--basis", "Kế hoạch 12/KH")
    assert (told["value"], told["set_by"], told["basis"]) == ("yes", code, "Kế hoạch 12/KH")
