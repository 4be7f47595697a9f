"""The samples: every trap is found where it stands, and nothing is found where there is none."""

from __future__ import annotations

import json
import unicodedata

import pytest

from hocbaso.engines.workbooks import PupilRow, Reading, read_pupils
from tests.unit.engines.workbooks.build import SAMPLES, YEAR

SCHOOLS = {"tieu_hoc": "79000101", "thcs": "79000201"}
#: trap → (code, severity) on its row; None: accepted without a word.
TRAPS = {
    "serial_date": ("serial_date", "warning"),
    "text_date": None,
    "lower_sex": None,
    "sex_code": ("sex_code", "warning"),
    "nfd_name": ("text_normalised", "warning"),
    "spaces": ("text_normalised", "warning"),
    "no_number": ("no_number", "warning"),
    "short_number": ("short_number", "error"),
    "lost_zero": ("lost_zero", "warning"),
    "wrong_sex_digit": ("wrong_sex_digit", "warning"),
    "duplicate_number": ("duplicate_number", "error"),
    "unknown_ethnic": ("unknown_ethnic", "error"),
    "bad_date": ("bad_date", "error"),
    "old_province": ("old_province", "warning"),
}
#: The number copied into these rows belongs to a girl born in another year; the earlier row is told, too.
BY_THE_WAY = {("79000101", 104, "wrong_sex_digit")}


def sample(folder: str, name: str) -> Reading[PupilRow]:
    return read_pupils((SAMPLES / folder / name).read_bytes(), year=YEAR)


def traps(school: str) -> dict[int, str]:
    expected = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))
    return {trap["row"]: trap["trap"] for trap in expected["roster_traps"][school]}


@pytest.mark.parametrize("folder", SCHOOLS)
def test_a_clean_list_has_neither_errors_nor_warnings(folder: str) -> None:
    reading = sample(folder, "danh_sach_hoc_sinh.xlsx")
    assert reading.issues == []
    assert len(reading.rows) == {"tieu_hoc": 170, "thcs": 69}[folder]
    assert all(row.ok and row.personal_number and row.commune_code for row in reading.rows)


@pytest.mark.parametrize("folder", SCHOOLS)
def test_every_trap_is_found_on_its_row_and_nothing_else(folder: str) -> None:
    school = SCHOOLS[folder]
    reading = sample(folder, "danh_sach_hoc_sinh_loi.xlsx")
    found = {(issue.row, issue.code, issue.severity) for issue in reading.issues}
    wanted = {(row, *TRAPS[trap]) for row, trap in traps(school).items() if TRAPS[trap]}
    earlier = {
        (issue.row, "duplicate_number", "warning")
        for issue in reading.warnings
        if issue.code == "duplicate_number"
    }
    also = {(row, code, "warning") for where, row, code in BY_THE_WAY if where == school}
    assert found == wanted | earlier | also
    assert len(earlier) == sum(trap == "duplicate_number" for trap in traps(school).values())


@pytest.mark.parametrize("folder", SCHOOLS)
def test_the_spoiled_list_reads_as_the_clean_one_where_it_is_only_written_otherwise(folder: str) -> None:
    clean = {row.code: row for row in sample(folder, "danh_sach_hoc_sinh.xlsx").rows}
    kind = traps(SCHOOLS[folder])
    for row in sample(folder, "danh_sach_hoc_sinh_loi.xlsx").rows:
        twin = clean[row.code]
        if kind.get(row.row) in {
            None, "serial_date", "text_date", "lower_sex", "sex_code", "nfd_name", "spaces"
        }:  # fmt: skip
            same = (row.full_name, row.birth_date, row.sex, row.personal_number, row.ethnic_group_code)
            assert same == (
                twin.full_name, twin.birth_date, twin.sex, twin.personal_number, twin.ethnic_group_code
            )  # fmt: skip
            assert row.ok


def test_class_lines_repeated_headers_and_the_signature_are_passed_over_and_listed() -> None:
    reading = sample("tieu_hoc", "danh_sach_hoc_sinh_loi.xlsx")
    listed = {
        kind: [s.row for s in reading.skipped if s.kind == kind] for kind in ("class_line", "signature")
    }
    assert listed == {"class_line": [7, 39, 73, 99, 129, 155], "signature": [189, 190]}
    assert [s.row for s in reading.skipped if s.kind == "repeated_header"] == [40, 74, 100, 130, 156]
    assert len(reading.rows) == 170


def test_an_issue_tells_row_column_and_value_as_the_person_sees_them() -> None:
    (issue,) = [i for i in sample("tieu_hoc", "danh_sach_hoc_sinh_loi.xlsx").issues if i.row == 122]
    assert (issue.column, issue.column_letter, issue.value) == ("Số định danh cá nhân", "L", "1317438809")
    assert (issue.proposal, issue.sheet) == ("001317438809", "Sheet1")
    assert issue.to_json()["code"] == "lost_zero"


def test_an_invisible_difference_shows_both_writings() -> None:
    (issue,) = [i for i in sample("tieu_hoc", "danh_sach_hoc_sinh_loi.xlsx").issues if i.row == 77]
    assert issue.value != issue.proposal
    assert unicodedata.normalize("NFC", issue.value) == issue.proposal
    assert issue.value in issue.message
    assert issue.proposal is not None
    assert issue.proposal in issue.message


def test_a_yes_settles_and_a_no_leaves_the_cell_empty_or_the_row_refused() -> None:
    data = (SAMPLES / "tieu_hoc" / "danh_sach_hoc_sinh_loi.xlsx").read_bytes()
    codes = {8: "serial_date", 48: "unknown_ethnic", 72: "sex_code", 122: "lost_zero", 174: "old_province"}
    yes = read_pupils(data, year=YEAR, decisions=dict.fromkeys(codes.items(), True))
    rows = {row.row: row for row in yes.rows}
    assert not {(i.row, i.code) for i in yes.issues} & set(codes.items())
    assert all(rows[row].ok for row in codes)
    assert (rows[48].ethnic_group_code, rows[122].personal_number) == ("01", "001317438809")
    assert (rows[174].province_code, rows[174].commune) == ("79", "Phường Vũng Tàu")

    no = read_pupils(data, year=YEAR, decisions=dict.fromkeys(codes.items(), False))
    rows = {row.row: row for row in no.rows}
    assert [rows[row].ok for row in codes] == [False, False, False, True, True]
    assert (rows[8].birth_date, rows[72].sex, rows[122].personal_number) == (None, None, None)
    assert (rows[174].province, rows[174].province_code) == ("Tỉnh Bà Rịa - Vũng Tàu", None)
    assert not any(i.answerable for i in no.issues if (i.row, i.code) in set(codes.items()))


def test_until_it_is_answered_an_old_address_is_kept_as_typed_and_a_padded_number_is_not_kept() -> None:
    rows = {row.row: row for row in sample("tieu_hoc", "danh_sach_hoc_sinh_loi.xlsx").rows}
    assert (rows[174].province_code, rows[174].commune_code, rows[174].commune) == (None, None, "Phường 1")
    assert (rows[122].personal_number, rows[122].personal_number_raw) == (None, "1317438809")
    assert rows[174].ok
    assert rows[122].ok
