"""``hocbaso archive record``: built, told, handed out; and verified with nothing but files."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from hocbaso.apps.common import clock
from hocbaso.apps.preservation.evidence_records.use_cases import build as building
from hocbaso.core.errors import ServiceUnavailable
from hocbaso.interfaces.cli import archive_records
from tests.builders import YEAR
from tests.unit.interfaces.web.sheets import issued_school

pytestmark = pytest.mark.django_db
SCHOOL = "79000101"


def call(*words: object) -> tuple[int, dict[str, Any]]:
    app = typer.Typer()
    archive_records.register(app)
    result = CliRunner().invoke(app, ["record", *map(str, words), "--json"])
    assert "Traceback" not in result.output
    return result.exit_code, json.loads(result.stdout)


def test_a_record_goes_out_with_its_sheets_and_is_verified_from_files_alone(tmp_path: Path) -> None:
    school = issued_school(2)
    scope = ("--school", school.unit.code, "--year", YEAR)
    assert call("build", *scope)[1]["sheets"] == 2
    assert call("build", *scope) == (0, call("build", *scope)[1])
    code, found = call("status", *scope)
    assert (code, found["protected"], found["waiting"], found["alarms"]) == (0, 2, 0, [])
    assert call("renew", *scope) == (0, {"renewed": []})
    code, index = call("export", *scope, "--out", tmp_path)
    assert (code, len(index["sheets"]), index["refused"]) == (0, 2, [])
    first, second = index["sheets"]
    with_bundle = ("--trust-bundle", tmp_path / index["bundle"])

    def verify(record: dict[str, Any], *files: str) -> tuple[int, str, str | None]:
        record_file = tmp_path / record["record"]
        status, verdict = call(
            "verify", "--record", record_file, *with_bundle, *(tmp_path / f for f in files)
        )
        assert "verdict" in verdict, verdict
        return status, verdict["verdict"], verdict["fault"]

    assert verify(first, first["document"]) == (0, "valid", None)
    assert verify(first, *(one["file"] for one in first["objects"])) == (0, "valid", None)
    assert verify(first, second["document"]) == (1, "invalid", "record_other_object")
    assert verify(first, first["objects"][0]["file"]) == (1, "indeterminate", "record_member_missing")
    document = tmp_path / first["document"]
    document.write_bytes(document.read_bytes() + b"\n")
    status, refused = call("verify", "--record", tmp_path / first["record"], *with_bundle, document)
    assert (status, refused["error"]["code"]) == (2, "document_wrapper")


def test_files_that_are_no_record_end_with_a_sentence(tmp_path: Path) -> None:
    nothing = tmp_path / "x.ers"
    status, said = call("verify", "--record", nothing, nothing)
    assert (status, said["error"]["code"]) == (2, "file_unreadable")
    nothing.write_bytes(b"0\x80" * 1000)
    status, said = call("verify", "--record", nothing, nothing)
    assert (status, said["error"]["code"]) == (2, "record_unreadable")


def test_an_authority_that_is_away_is_told_by_the_exit_status(monkeypatch: pytest.MonkeyPatch) -> None:
    issued_school(1)

    def away(*_: object) -> None:
        raise ServiceUnavailable("timestamp_unavailable", detail="down")

    monkeypatch.setattr(building, "ask_for_stamp", away)
    status, said = call("build")
    assert (status, said["stamped"], said["problem"]["code"]) == (3, False, "timestamp_unavailable")
    monkeypatch.undo()
    assert call("build")[0] == 0


def test_alarms_make_the_status_negative() -> None:
    issued_school(1)
    with clock.standing_at(clock.now() + timedelta(days=40)):
        status, said = call("status")
    assert (status, [alarm["code"] for alarm in said["alarms"]]) == (1, ["sheets_waiting"])
