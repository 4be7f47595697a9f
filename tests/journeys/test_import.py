"""The way of a workbook: command line, a killed process, and the data clerk in a real browser."""

from __future__ import annotations

import hashlib
import io
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import Page, expect

from tests.journeys.browser import check_page
from tests.journeys.import_site import Node, Site, make_node

pytestmark = pytest.mark.journey


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return make_node(tmp_path / "nut")


@pytest.fixture
def primary(samples: Path) -> Path:
    return samples / "tieu_hoc"


def test_the_command_line_answers_as_agreed(node: Node, primary: Path, tmp_path: Path) -> None:
    clean, messy = primary / "danh_sach_hoc_sinh.xlsx", primary / "danh_sach_hoc_sinh_loi.xlsx"
    before, digest = node.dump(), hashlib.sha256(node.database.read_bytes()).hexdigest()
    out = tmp_path / "ghi_chu.xlsx"
    status, told = node.load("pupils", messy, "--dry-run", "--annotated", str(out))
    assert (status, told["new"], told["refused"], told["written"], told["batch"]) == (1, 161, 9, False, None)
    assert {"row", "column", "code", "severity", "message"} <= told["issues"][0].keys()
    assert node.dump() == before
    assert hashlib.sha256(node.database.read_bytes()).hexdigest() == digest
    assert openpyxl.load_workbook(out)["Sheet1"]["E60"].comment is not None

    assert node.load("pupils", messy)[0] == 1
    assert node.dump() == before  # all or nothing
    status, told = node.load("pupils", messy, "--accept-good-rows")
    assert (status, told["new"], told["written"]) == (1, 161, True)
    first = told["batch"]
    assert node.run("import", "undo", str(first)) == (0, {"batch": first, "state": "undone"})
    assert node.count("pupils_pupil") == 0

    status, told = node.load("pupils", clean)
    assert (status, told["new"], told["changed"], told["same"], told["refused"]) == (0, 170, 0, 0, 0)
    after = node.dump()
    status, told = node.load("pupils", clean)
    assert (status, told["same"], told["batch"]) == (0, 170, None)
    assert node.dump() == after

    assert node.load("staff", primary / "danh_sach_can_bo.xlsx")[0] == 0
    status, told = node.load("results", primary / "ket_qua_cuoi_nam.xlsx")
    assert (status, told["new"], told["refused"]) == (0, 170, 0)
    status, told = node.load("results", primary / "ket_qua_cuoi_nam.xlsx")
    assert (status, told["same"]) == (0, 170)


def test_mark_books_by_the_command_line_there_and_back(node: Node, samples: Path, tmp_path: Path) -> None:
    thcs, of_school = samples / "thcs", ("--school", "79000201", "--year", "2025-2026")
    added = ("school", "add", "79000201", "Trường THCS Sao Khuê", "--level", "thcs")
    assert node.run(*added, "--province", "79", "--commune", "25747")[0] == 0

    def load(kind: str, file: Path, *more: str) -> tuple[int, Any]:
        return node.run("import", kind, str(file), *of_school, *more)

    assert load("pupils", thcs / "danh_sach_hoc_sinh.xlsx")[0] == 0
    assert load("staff", thcs / "danh_sach_can_bo.xlsx")[0] == 0
    before = node.dump()
    status, told = load("results", thcs / "so_diem_6A1.xlsx", "--dry-run")
    assert (status, told["new"], told["refused"], told["written"]) == (0, 850, 0, False)
    assert node.dump() == before
    for name, lines in (("6A1", 850), ("9A1", 875)):
        status, told = load("results", thcs / f"so_diem_{name}.xlsx")
        assert (status, told["new"], told["refused"], told["missing"]) == (0, lines, 0, [])
    out = tmp_path / "so"
    status, told = node.run("export", "results", *of_school, "--out", str(out))
    assert (status, told["files"]) == (0, [str(out / f"so_diem_{name}.xlsx") for name in ("6A1", "9A1")])
    status, told = load("results", out / "so_diem_9A1.xlsx")
    assert (status, told["same"], told["written"]) == (0, 875, False)
    status, told = node.run("export", "results", *of_school, "--out", str(out), "--class", "6A9")
    assert (status, told["error"]["code"]) == (2, "export_no_class")


def test_what_cannot_be_read_ends_with_a_sentence_and_status_2(
    node: Node, primary: Path, tmp_path: Path
) -> None:
    rubbish = tmp_path / "tep.xlsx"
    rubbish.write_bytes(b"PK\x03\x04" + bytes(200))
    for kind, file, code in [
        ("pupils", rubbish, "workbook_not_one"),
        ("pupils", tmp_path / "khong_co.xlsx", "intake_no_file"),
        ("pupils", primary / "danh_sach_can_bo.xlsx", "intake_other_form"),
        ("results", primary.parent / "thcs" / "danh_sach_can_bo.xlsx", "intake_other_form"),
    ]:
        status, told = node.load(kind, file)
        assert (status, told["error"]["code"]) == (2, code)
    unknown = ("import", "pupils", str(rubbish), "--school", "0", "--year", "2025-2026")
    status, told = node.run(*unknown)
    assert (status, told["error"]["code"]) == (2, "school_not_found")


#: Where the process kills itself: patched into the child before the command runs.
_KILLS = {
    "first pupil written": "hocbaso.apps.intake.planning:Recorder.step",
    "undo data": "hocbaso.apps.intake.planning:Recorder.flush",
    "audit event": "hocbaso.apps.intake.use_cases.write_plan:record",
    "after the commit": "hocbaso.apps.intake.use_cases.import_workbook:Outcome",
}
_CODE = """
import os, signal
from hocbaso.interfaces.cli import main as cli
original = cli.use_database
def use_database():
    original()
    import importlib
    module, _, path = {where!r}.partition(":")
    holder = importlib.import_module(module)
    *owners, name = path.split(".")
    for owner in owners:
        holder = getattr(holder, owner)
    setattr(holder, name, lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL))
cli.use_database = use_database
"""


@pytest.mark.parametrize("moment", list(_KILLS))
def test_a_process_killed_while_writing_leaves_nothing_and_the_next_run_finishes(
    node: Node, primary: Path, moment: str
) -> None:
    file = primary / "danh_sach_hoc_sinh.xlsx"
    before = node.dump()
    child = node.start(
        *("import", "pupils", str(file), "--school", "79000101", "--year", "2025-2026"),
        code=_CODE.format(where=_KILLS[moment]),
    )
    child.communicate(timeout=300)
    assert child.returncode == -signal.SIGKILL
    if moment == "after the commit":
        assert node.count("pupils_pupil") == 170
    else:
        assert node.dump() == before
    status, told = node.load("pupils", file)
    assert (status, told["new"] + told["same"], told["refused"]) == (0, 170, 0)
    assert (node.count("pupils_pupil"), node.count("pupils_enrolment"), node.count("intake_batch")) == (
        170,
        170,
        1,
    )


def test_killed_at_any_moment_it_finishes_when_run_again(node: Node, primary: Path) -> None:
    file = primary / "danh_sach_hoc_sinh.xlsx"
    arguments = ("import", "pupils", str(file), "--school", "79000101", "--year", "2025-2026")
    began = time.monotonic()
    node.start(*arguments, "--dry-run").communicate(timeout=300)
    whole = time.monotonic() - began
    for part in (0.35, 0.7, 0.85, 0.95, 1.05):
        child = node.start(*arguments)
        time.sleep(whole * part)
        child.kill()
        child.communicate(timeout=300)
        assert node.count("pupils_pupil") in (0, 170)
        assert node.count("pupils_enrolment") == node.count("pupils_pupil")
        assert node.count("intake_batch") == node.count("pupils_pupil") // 170
    assert node.load("pupils", file)[0] == 0
    assert (node.count("pupils_pupil"), node.count("intake_batch")) == (170, 1)
    node.dump()


def mended(messy: Path, clean: Path) -> bytes:
    """The messy workbook with the cells put right that cannot be answered on the screen."""
    right = {
        row[2].value: row
        for row in openpyxl.load_workbook(clean)["Sheet1"].iter_rows(min_row=7)
        if row[2].value
    }
    book = openpyxl.load_workbook(messy)
    sheet = book["Sheet1"]
    for row, column in [(60, 5), (147, 5), (66, 12), (104, 12), (186, 12)]:
        code = sheet.cell(row, 3).value
        sheet.cell(row, column).value = right[code][column - 1].value
    sheet.insert_rows(20)  # every later row moves: answers must still find their cells
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.fixture
def site(node: Node) -> Iterator[str]:
    """The address of the node's web server."""
    node.add_clerk()
    running = Site(node)
    yield running.url
    running.stop()


def enter(page: Page, site: str) -> None:
    page.goto(f"{site}/")
    page.fill("#ten-dang-nhap", "ngoclan.hoamai")
    page.fill("#mat-khau", "mot cau de nho 1")
    page.click("main button.button")
    page.wait_for_url("**/truong/**")


def upload(page: Page, site: str, name: str, content: bytes) -> None:
    page.goto(f"{site}/truong/nhap-lieu/")
    page.select_option("#id_year", "2025-2026")
    page.set_input_files(
        "#id_file", {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    )
    page.get_by_role("button", name="Tải tệp lên và kiểm tra").click()
    expect(page.locator("dl.counts")).to_be_visible(timeout=60_000)


def counts(page: Page) -> list[str]:
    """New, changed, same, refused."""
    return [page.locator("dl.counts > div").nth(n).locator("dd").first.inner_text() for n in range(4)]


def test_the_data_clerk_imports_a_messy_workbook(page: Page, site: str, node: Node, primary: Path) -> None:
    messy = primary / "danh_sach_hoc_sinh_loi.xlsx"
    enter(page, site)
    page.goto(f"{site}/truong/nhap-lieu/")
    check_page(page)
    upload(page, site, "ds lần 1.xlsx", messy.read_bytes())
    expect(page.get_by_role("heading", name="Chưa có gì được ghi vào hệ thống")).to_be_visible()
    assert counts(page) == ["161", "0", "0", "9"]
    assert node.count("pupils_pupil") == 0
    check_page(page)

    with page.expect_download() as waiting:
        page.get_by_role("link", name="Tải tệp đã ghi chú 9 dòng").click()
    noted = openpyxl.load_workbook(io.BytesIO(waiting.value.path().read_bytes()))["Sheet1"]
    assert waiting.value.suggested_filename == "ds lần 1_ghi_chu.xlsx"
    assert noted["E60"].comment is not None
    assert noted["C60"].value == openpyxl.load_workbook(messy)["Sheet1"]["C60"].value

    page.get_by_role("link", name="Trả lời ngay 4").click()
    for box in page.locator("section[aria-labelledby=dong-loi] .pick").all():
        box.get_by_text("Phải", exact=True).click()
    zero = page.locator("tr", has_text="001317438809")
    zero.get_by_text("Phải", exact=True).click()
    page.locator("section[aria-labelledby=dong-loi]").get_by_role("button").click()
    expect(page.locator("dl.counts")).to_be_visible(timeout=60_000)
    expect(page.locator("dl.counts > div").last.locator("dd").first).to_have_text("5", timeout=30_000)
    assert counts(page) == ["165", "0", "0", "5"]

    page.get_by_role("link", name="Tải lên tệp đã sửa").click()
    upload(page, site, "ds lần 2 (sửa).xlsx", mended(messy, primary / "danh_sach_hoc_sinh.xlsx"))
    assert counts(page) == ["170", "0", "0", "0"]
    page.get_by_role("link", name="Xem lại và nhập 170 dòng").click()
    expect(page.get_by_role("heading", name="Xem lại trước khi nhập")).to_be_visible()
    check_page(page)
    page.get_by_role("button", name="Nhập 170 dòng vào hệ thống").click()
    expect(page.get_by_role("heading", name="Đã ghi 170 dòng vào hệ thống")).to_be_visible(timeout=60_000)
    assert page.locator("h1").inner_text() == "Lần nhập số 2"
    assert node.count("pupils_pupil") == 170
    check_page(page)

    page.get_by_role("link", name="Hoàn tác lần nhập này").click()
    check_page(page)
    page.get_by_role("button", name="Hoàn tác lần nhập số 2").click()
    expect(page.get_by_role("heading", name="Đã hoàn tác")).to_be_visible()
    assert node.count("pupils_pupil") == 0
    page.goto(f"{site}/truong/nhap-lieu/")
    expect(page.get_by_text("2 lần nhập")).to_be_visible()
    check_page(page)


def test_without_script_the_same_way_is_open(plain_page: Page, site: str, primary: Path) -> None:
    enter(plain_page, site)
    content = (primary / "danh_sach_hoc_sinh.xlsx").read_bytes()
    upload(plain_page, site, "ds.xlsx", content)  # the progress page asks again by itself
    assert counts(plain_page) == ["170", "0", "0", "0"]
    plain_page.goto(f"{site}/truong/nhap-lieu/")
    plain_page.get_by_role("button", name="Tải tệp lên và kiểm tra").click()
    expect(plain_page.get_by_role("alert")).to_contain_text("Chọn tệp cần nhập")
    plain_page.set_input_files("#id_file", {"name": "a.xlsx", "mimeType": "", "buffer": b"MZ" + bytes(99)})
    plain_page.get_by_role("button", name="Tải tệp lên và kiểm tra").click()
    expect(plain_page.get_by_role("alert")).to_contain_text("không phải là bảng tính")
