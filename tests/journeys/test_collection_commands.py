"""The collection workbook by the command line: out, filled in from the truth, back, sent again."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.journeys.commands import ADD_SCHOOL, OF_SCHOOL, WORKBOOKS, Home, import_samples
from tests.journeys.killing import open_probe
from tests.journeys.population_site import population_site
from tests.journeys.test_identity_commands import (
    ADD_SECONDARY,
    OF_SECONDARY,
    deviating,
    expected,
    node_of,
    outside,
)

pytestmark = pytest.mark.journey

HEADER = 6


def truth(samples: Path) -> dict[str, dict[str, str]]:
    """Personal number → what the family's papers say: here the same as the register."""
    with (samples / "dan_cu.csv").open(encoding="utf-8-sig", newline="") as rows:
        return {row["so_dinh_danh"]: row for row in csv.DictReader(rows)}


def filled(path: Path, people: dict[str, dict[str, str]], *, confirm: frozenset[str] = frozenset()) -> Path:
    """The workbook as a clerk fills it in with the papers before him."""
    book = openpyxl.load_workbook(path)
    for sheet in book.worksheets:
        heads = {cell.value: cell.column for cell in sheet[HEADER] if isinstance(cell.value, str)}
        if "Số định danh đúng" not in heads:
            continue
        for row in range(HEADER + 1, sheet.max_row + 1):
            fill_row(sheet, row, heads, people, confirm)
    book.save(path)
    return path


def fill_row(
    sheet: Any, row: int, heads: dict[str, int], people: dict[str, dict[str, str]], confirm: frozenset[str]
) -> None:
    held = {head: sheet.cell(row, column).value for head, column in heads.items()}
    code, paper = held["Mã học sinh"], people.get(held["Số định danh đang có"])
    put = {head: sheet.cell(row, column) for head, column in heads.items()}
    if code in confirm:
        put["Cách xử lý"].value = "Hồ sơ đã đúng với giấy tờ"
        put["Giấy tờ đã đối chiếu"].value = "Giấy khai sinh"
        put["Ngày của giấy tờ"].value = "02/03/2020"
        return
    if paper is None:
        put["Cách xử lý"].value = "Chưa có giấy tờ"
        return
    year, month, day = paper["ngay_sinh"].split("-")
    says = {
        "Họ tên": paper["ho_ten"],
        "Ngày sinh": f"{day}/{month}/{year}",
        "Giới tính": paper["gioi_tinh"],
        "Tỉnh, thành phố": paper["tinh"],
        "Xã, phường": paper["xa"],
    }
    for head, value in says.items():
        if held[f"{head} đang có"] != value:
            put[f"{head} đúng"].value = value
    put["Giấy tờ đã đối chiếu"].value = "Thông báo số định danh cá nhân"


def test_the_workbook_filled_in_from_the_truth_verifies_all_who_can_be(tmp_path: Path, samples: Path) -> None:
    people, out = truth(samples), tmp_path / "thu-thap.xlsx"
    probe = open_probe(tmp_path / "node")
    with population_site(outside(tmp_path), samples / "dan_cu.csv") as site:
        home = node_of(tmp_path, site, probe.url)
        home.begin(ADD_SCHOOL, ADD_SECONDARY)
        import_samples(home, samples, ("pupils",))
        home.json("import", "pupils", str(samples / "thcs" / WORKBOOKS["pupils"]), *OF_SECONDARY)
        primary, secondary = (
            home.json("identity", "verify", *of, expect=1) for of in (OF_SCHOOL, OF_SECONDARY)
        )
        assert deviating(primary) | deviating(secondary) == expected(samples)
        asked = site.counters()["distinct"]

        left: dict[str, tuple[str, list[str]]] = {}
        for of, document in ((OF_SCHOOL, primary), (OF_SECONDARY, secondary)):
            left |= repaired(home, of, out, people, document)
        not_found = {code: told for code, told in expected(samples).items() if told[0] == "not_found"}
        assert left == not_found  # the register knows nobody by these numbers: papers change nothing

        mismatches = len(expected(samples)) - len(not_found)
        counters = site.counters()
        assert (counters["distinct"], counters["repeated"]) == (asked + mismatches, 0)
        for of in (OF_SCHOOL, OF_SECONDARY):
            again = home.json("identity", "verify", *of, expect=1)
            assert again["queued"] == 0
        assert site.counters() == counters


def repaired(
    home: Home, of: tuple[str, ...], out: Path, people: dict[str, dict[str, str]], document: Any
) -> dict[str, tuple[str, list[str]]]:
    """Out, filled, dry run, back, back once more, sent; those who are left. A sex that contradicts the number
    takes a second round, in which somebody stands by it.
    """
    before = deviating(document)
    failing = {code for code, (state, _fields) in before.items() if state == "mismatch"}
    made = home.json("identity", "collect", "export", *of, "--output", str(out))
    assert made["pupils"] == len(before)
    filled(out, people)
    dry = home.json("identity", "collect", "import", str(out), *of, "--dry-run")
    assert (dry["changed"], dry["left"], dry["refused"]) == (len(failing), len(before) - len(failing), 0)
    assert not dry["written"]
    done = home.json("identity", "collect", "import", str(out), *of)
    assert done["written"]
    assert done["changes"] == dry["changes"]
    second = home.json("identity", "collect", "import", str(out), *of)
    assert (second["same"], second["changed"], second["written"]) == (len(failing), 0, False)
    sent = home.json("identity", "verify", *of, expect=1)
    doubtful = frozenset(row["person"] for row in sent["incomplete"])
    if doubtful:
        home.json("identity", "collect", "export", *of, "--output", str(out))
        filled(out, people, confirm=doubtful)
        stood_by = home.json("identity", "collect", "import", str(out), *of)
        assert stood_by["confirmed"] == len(doubtful)
        sent = home.json("identity", "verify", *of, expect=1)
    return deviating(sent)
