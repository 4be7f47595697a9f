"""``hocbaso verify --policy --report``: the same verdict, written down for machines and for people."""

from __future__ import annotations

import io
import json
from datetime import datetime, tzinfo
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import typer
from pyhanko.pdf_utils.reader import PdfFileReader
from typer.testing import CliRunner

from hocbaso.engines.trust.verification.report import schema
from hocbaso.interfaces.cli import verify
from tests.unit.engines.trust.json_schema import faults
from tests.unit.engines.trust.verify_support import NOW, Pki, School

app = typer.Typer()
verify.register_commands(app)
runner = CliRunner()
PACKAGED = resources.files("hocbaso.engines.trust.verification") / "policies" / "chinh-sach-xac-thuc-1.json"


class Clock(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return NOW


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("to")
    school = School(Pki("LB"))
    document = school.issue()
    (folder / "a.xml").write_bytes(document)
    (folder / "goi.json").write_text(school.bundle(document).to_json(), "utf-8")
    return folder


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "datetime", Clock)


def run(place: Path, *given: object) -> tuple[int, Any]:
    told = ["--trust-bundle", place / "goi.json", "--json"]
    result = runner.invoke(app, [str(part) for part in (place / "a.xml", *told, *given)])
    return result.exit_code, json.loads(result.stdout) if result.stdout else result.stderr


def test_a_json_report_follows_the_published_schema_and_says_who_looked(place: Path) -> None:
    status, (verdict,) = run(place, "--report", place / "r.json", "--by", "Lê Thị Soát")
    made = json.loads((place / "r.json").read_text("utf-8"))
    assert (status, verdict["verdict"], made["verdict"]) == (0, "valid", "valid")
    assert verdict["policy"]["id"] == made["policy"]["id"]
    assert faults(made, json.loads(schema())) == []
    assert made["validator"]["by"] == "Lê Thị Soát"


def test_a_pdf_report_is_an_archive_file_with_the_data_inside(place: Path) -> None:
    status, _ = run(place, "--report", place / "r.pdf")
    pdf = (place / "r.pdf").read_bytes()
    reader = PdfFileReader(io.BytesIO(pdf))
    assert status == 0
    metadata = bytes(reader.root["/Metadata"].data)
    assert b"pdfaid:part>3" in metadata.replace(b" ", b"")
    name, spec = reader.root["/Names"]["/EmbeddedFiles"]["/Names"]
    assert name == "bao-cao-xac-thuc.json"
    inside = json.loads(bytes(spec.get_object()["/EF"]["/F"].data))
    assert (inside["verdict"], inside["format"]) == ("valid", "hocbaso-validation-report/1")


def test_a_policy_is_named_or_given_as_a_file_and_a_stricter_one_decides(place: Path) -> None:
    assert run(place, "--policy", "urn:hocbaso:chinh-sach-xac-thuc:1")[0] == 0
    value = json.loads(PACKAGED.read_text("utf-8"))
    value["id"] = "urn:so-gddt:chinh-sach:7"
    value["signatures"]["required"] = ["gvbm", "gvcn", "hieu_truong", "con_dau"]
    (place / "p.json").write_text(json.dumps(value), "utf-8")
    status, (verdict,) = run(place, "--policy", place / "p.json")
    assert (status, verdict["policy"]["id"]) == (1, "urn:so-gddt:chinh-sach:7")
    assert verdict["checks"]["signatures"] == "failed"


def test_what_cannot_be_reported_is_said_and_nothing_is_written(place: Path, tmp_path: Path) -> None:
    assert run(place, "--report", place / "r.txt")[0] == 2
    assert run(place, "--policy", "urn:khong:co")[0] == 2
    assert run(place, "--policy", place / "a.xml")[0] == 2
    assert run(place, "--report", tmp_path / "khong" / "co.json")[0] == 2
    assert run(place, place / "a.xml", "--report", tmp_path / "hai.json")[0] != 0
    assert list(tmp_path.iterdir()) == []
