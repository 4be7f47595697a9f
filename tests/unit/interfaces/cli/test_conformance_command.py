"""``hocbaso conformance``: exit statuses, words and JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from hocbaso.interfaces.cli import conformance

app = typer.Typer()
conformance.register(app)
runner = CliRunner()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("mau") / "thu"
    assert runner.invoke(app, ["--vectors", str(place)]).exit_code == 0
    return place


def run(*given: object) -> tuple[int, list[dict[str, object]]]:
    result = runner.invoke(app, [*map(str, given), "--json"])
    return result.exit_code, json.loads(result.stdout)


def test_the_set_for_vendors_answers_as_its_manifest_says(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    told = ["--bundle", folder / "trust-bundle.json", "--at", manifest["now"]]
    good = next(item for item in manifest["vectors"] if item["conforms"])
    bad = next(item for item in manifest["vectors"] if item["bundle"] and not item["conforms"])
    assert run(folder / good["file"], *told)[0] == 0
    status, (report,) = run(folder / bad["file"], *told)
    assert (status, report["rules"]) == (1, bad["rules"])
    assert {"rule", "place", "line", "vi", "en", "source"} <= set(report["violations"][0])  # type: ignore[index]


def test_what_is_neither_sheet_nor_package_is_unreadable(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "x.xml").write_bytes(b"hello")
    status, (report,) = run(tmp_path / "x.xml")
    assert (status, report["conforms"], report["error"]) == (2, False, "verify_not_transcript")
    assert run(tmp_path / "absent.xml")[0] == 2
    assert runner.invoke(app, []).exit_code == 2


def test_a_person_is_told_the_rule_and_the_place(folder: Path) -> None:
    result = runner.invoke(app, [str(folder / "sai/to/gioi-tinh.xml")])
    assert result.exit_code == 1
    assert "HBS-3.09" in result.output
    assert "/HocSinh/GioiTinh" in result.output
