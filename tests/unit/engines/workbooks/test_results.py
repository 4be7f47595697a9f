# ruff: noqa: E501 (tables: one case, one line)
"""Primary year-end results: every value of the sample, other shapes of the form, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from hocbaso.core.regulation.programme import TT32_PRIMARY
from hocbaso.engines.workbooks import Unreadable, read_primary_results
from tests.unit.engines.workbooks.build import SAMPLES, YEAR, saved

FORM = SAMPLES / "tieu_hoc" / "ket_qua_cuoi_nam.xlsx"
FIRST = 7  # Excel row of the first pupil of each sheet


def spoiled(spoil: Callable[[Worksheet], object], sheet: str = "3A") -> bytes:
    """The form with only one sheet, spoiled."""
    book = openpyxl.load_workbook(FORM)
    for name in book.sheetnames:
        if name != sheet:
            del book[name]
    spoil(book[sheet])
    return saved(book)


def cell_of(sheet: Worksheet, *words: str) -> int:
    """Column whose header rows hold all words."""
    for index in range(1, sheet.max_column + 1):
        texts = [str(sheet.cell(row, index).value) for row in (4, 5, 6)]
        if all(word in texts for word in words):
            return index
    raise AssertionError(words)


def put(value: Any, *words: str) -> Callable[[Worksheet], object]:
    def spoil(sheet: Worksheet) -> None:
        sheet.cell(FIRST, cell_of(sheet, *words)).value = value

    return spoil


def test_every_row_says_what_an_independent_reading_says() -> None:
    reading = read_primary_results(FORM.read_bytes(), year=YEAR)
    expected = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))["results"]["79000101"]
    assert reading.issues == []
    assert {row.code for row in reading.rows} == expected.keys()
    for row in reading.rows:
        assert row.grade is not None
        programme, wanted = TT32_PRIMARY.grade(row.grade), expected[row.code]
        levels = {programme.line(code).short_name: one.level for code, one in row.subjects.items()}
        scores = {programme.line(code).short_name: one.score for code, one in row.subjects.items()}
        assert levels == wanted["levels"]
        assert {name: score for name, score in scores.items() if score is not None} == wanted["scores"]
        assert {programme.trait(code).name: level for code, level in row.traits.items()} == wanted["traits"]
        assert (row.full_name, row.class_name) == (wanted["ho_ten"], wanted["lop"])
        assert row.stated_overall == wanted["overall"]
        assert row.ok
        assert row.stated_completed is (wanted["overall"] != "Chưa hoàn thành")


def test_absences_comment_and_birth_date_are_read() -> None:
    first = read_primary_results(FORM.read_bytes(), year=YEAR).rows[0]
    assert (first.absences_excused, first.absences_unexcused) == (3, 0)
    assert (first.comment, first.birth_date) == ("Ngoan, chăm học, tiến bộ đều.", "2019-02-08")


CASES = [
    ("a level of the other kind is refused", put("Đ", "Toán", "Mức đạt được"), [("bad_level", "error")]),
    ("a trait has no level H", put("H", "Yêu nước"), [("bad_level", "error")]),
    ("D for Đ is asked", put("D", "Yêu nước"), [("bad_level", "error")]),
    ("an unknown level is refused", put("X", "Đạo đức"), [("bad_level", "error")]),
    ("a number for a level is refused", put(1, "Đạo đức"), [("bad_level", "error")]),
    ("a level in small letters counts", put("t", "Đạo đức"), []),
    ("a level in the circular's words counts", put("Cần cố gắng", "Chăm chỉ"), []),
    ("a decimal score is refused", put(8.5, "Toán", "Điểm KTĐK"), [("bad_score", "error")]),
    ("a score with a comma is refused", put("8,5", "Toán", "Điểm KTĐK"), [("bad_score", "error")]),
    ("a whole score written with a decimal is asked", put("8,0", "Toán", "Điểm KTĐK"), [("bad_score", "error")]),
    ("a score above ten is refused", put(11, "Toán", "Điểm KTĐK"), [("bad_score", "error")]),
    ("a score of nought is refused", put(0, "Toán", "Điểm KTĐK"), [("bad_score", "error")]),
    ("a word for a score is refused", put("tám", "Toán", "Điểm KTĐK"), [("bad_score", "error")]),
    ("a missing level is a warning", put(None, "Toán", "Mức đạt được"), [("missing_level", "warning")]),
    ("a missing score is a warning", put(None, "Toán", "Điểm KTĐK"), [("missing_score", "warning")]),
    ("a missing trait is a warning", put(None, "Yêu nước"), [("missing_level", "warning")]),
    ("an exemption is told", put("Miễn", "Giáo dục thể chất"), [("exempt", "warning")]),
    ("half days of absence are refused", put(1.5, "Số ngày nghỉ có phép"), [("bad_number_of_days", "error")]),
    ("an unknown overall level is refused", put("Giỏi", "Xếp loại"), [("bad_overall", "error")]),
    ("an overall level in words counts", put("Hoàn thành tốt", "Xếp loại"), []),
    ("an unclear mark is refused", put("?", "Lên lớp"), [("bad_promoted", "error")]),
    ("a secondary class is refused", put("6A", "Mã lớp"), [("not_primary", "error")]),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "spoil", "issues"), CASES, ids=[case[0] for case in CASES])
def test_spoiled_result(
    rule: str, spoil: Callable[[Worksheet], object], issues: list[tuple[str, str]]
) -> None:
    reading = read_primary_results(spoiled(spoil), year=YEAR)
    mine = [(i.code, i.severity) for i in reading.issues if i.code != "class_line_differs"]
    assert mine == issues
    assert reading.rows[0].ok is not any(severity == "error" for _, severity in issues)
    assert all(issue.row == FIRST for issue in reading.issues)


def test_a_wrong_value_is_never_read_as_another() -> None:
    row = read_primary_results(spoiled(put("8,0", "Toán", "Điểm KTĐK")), year=YEAR).rows[0]
    assert row.subjects["toan"].score is None
    answers = {(FIRST, "bad_score"): True}
    row = read_primary_results(spoiled(put("8,0", "Toán", "Điểm KTĐK")), year=YEAR, decisions=answers).rows[0]
    assert row.subjects["toan"].score == 8
    assert row.ok


def test_the_same_pupil_twice_is_refused() -> None:
    def spoil(sheet: Worksheet) -> None:
        sheet.cell(FIRST + 1, 3).value = sheet.cell(FIRST, 3).value

    reading = read_primary_results(spoiled(spoil), year=YEAR)
    assert [(i.row, i.code) for i in reading.errors] == [(FIRST + 1, "duplicate_code")]


def test_a_missing_subject_is_told_once_for_the_sheet() -> None:
    def spoil(sheet: Worksheet) -> None:
        sheet.delete_cols(cell_of(sheet, "Đạo đức"))

    (issue,) = read_primary_results(spoiled(spoil), year=YEAR).issues
    assert (issue.code, issue.severity) == ("missing_result_column", "warning")
    assert "Đạo đức" in issue.message


def test_an_unknown_column_is_told() -> None:
    def spoil(sheet: Worksheet) -> None:
        sheet.cell(4, sheet.max_column + 1).value = "Ghi chú riêng"

    assert [i.code for i in read_primary_results(spoiled(spoil), year=YEAR).issues] == ["unknown_column"]


def test_a_score_of_a_subject_without_test_is_told_and_not_kept() -> None:
    """Ngoại ngữ is optional in grade 1: no periodic test (TT 27/2020 Điều 7)."""

    def spoil(sheet: Worksheet) -> None:
        at = sheet.max_column + 1
        for column, metric, value in ((at, "Mức đạt được", "T"), (at + 1, "Điểm KTĐK", 9)):
            sheet.cell(4, column).value = "Môn học và HĐGD"
            sheet.cell(5, column).value = "Ngoại ngữ"
            sheet.cell(6, column).value = metric
            sheet.cell(FIRST, column).value = value

    reading = read_primary_results(spoiled(spoil, "1A"), year=YEAR)
    assert [(i.row, i.code, i.severity) for i in reading.issues] == [(FIRST, "score_without_test", "warning")]
    language = reading.rows[0].subjects["ngoai-ngu-1"]
    assert (language.level, language.score) == ("T", None)


def merged_header(sheet: Worksheet) -> None:
    """The same header as people draw it: one merged cell for each group and subject."""
    for row in (4, 5):
        start = 1
        while start <= sheet.max_column:
            end = start
            value = sheet.cell(row, start).value
            while value and end < sheet.max_column and sheet.cell(row, end + 1).value == value:
                end += 1
            for column in range(start + 1, end + 1):
                sheet.cell(row, column).value = None
            if end > start:
                sheet.merge_cells(start_row=row, end_row=row, start_column=start, end_column=end)
            start = end + 1


def unmerged_header(sheet: Worksheet) -> None:
    merged_header(sheet)
    for area in list(sheet.merged_cells.ranges):
        sheet.unmerge_cells(str(area))


@pytest.mark.parametrize("sheet", ["1A", "3A", "5A"])
def test_merged_group_headers_read_the_same(sheet: str) -> None:
    plain = read_primary_results(spoiled(lambda _: None, sheet), year=YEAR)
    merged = read_primary_results(spoiled(merged_header, sheet), year=YEAR)
    assert merged.issues == []
    assert merged.rows == plain.rows


def test_columns_in_reverse_order_read_the_same() -> None:
    def spoil(sheet: Worksheet) -> None:
        width = sheet.max_column
        for row in sheet.iter_rows(min_row=4):
            values = [cell.value for cell in row]
            for index, value in enumerate(reversed(values)):
                sheet.cell(row[0].row, index + 1).value = value
        assert sheet.max_column == width

    plain = read_primary_results(spoiled(lambda _: None), year=YEAR)
    turned = read_primary_results(spoiled(spoil), year=YEAR)
    assert turned.issues == []
    assert turned.rows == plain.rows


#: The 35 columns of domain sheet 9.2 (grades 1 to 3), in one header row, for a pupil of grade 3.
ONE_ROW = [
    ("STT", 1), ("Mã lớp", "3A"), ("Mã học sinh", "1000000001"), ("Họ tên", "Nguyễn Văn An"),
    ("Ngày sinh", "12/05/2017"), ("Toán Mức đạt được", "T"), ("Toán Điểm KTĐK", 9),
    ("Tiếng việt Mức đạt được", "H"), ("Tiếng việt Điểm KTĐK", 7), ("Đạo đức", "T"),
    ("Tự nhiên và xã hội", "T"), ("Ngoại ngữ", "H"), ("Tiếng dân tộc", None), ("TH-CN (Tin học)", "T"),
    ("Nghệ thuật (Âm nhạc)", "T"), ("Nghệ thuật (Mĩ thuật)", "H"), ("Hoạt động trải nghiệm", "T"),
    ("Giáo dục thể chất", "T"), ("Tự chủ và tự học", "T"), ("Giao tiếp và hợp tác", "Đ"),
    ("Giải quyết vấn đề và sáng tạo", "T"), ("Ngôn ngữ", "T"), ("Tính toán", "T"), ("Khoa học", "Đ"),
    ("Thẩm mĩ", "T"), ("Thể chất", "T"), ("Yêu nước", "T"), ("Nhân ái", "T"), ("Chăm chỉ", "Đ"),
    ("Trung thực", "T"), ("Trách nhiệm", "T"), ("Hoàn thành chương trình lớp học", "x"), ("Lên lớp", "x"),
    ("Xếp loại", "HT"), (None, None),
]  # fmt: skip


def test_the_form_of_35_columns_with_one_header_row_is_read() -> None:
    book = openpyxl.Workbook()
    sheet = book.create_sheet("KetQua", 0)
    sheet.append([title for title, _ in ONE_ROW])
    sheet.append([value for _, value in ONE_ROW])
    reading = read_primary_results(saved(book), year=YEAR)
    (row,) = reading.good_rows
    assert row.subjects["toan"].level == "T"
    assert (row.subjects["toan"].score, row.subjects["tieng-viet"].score) == (9, 7)
    assert row.subjects["tin-hoc"].level == "T"
    assert row.traits["nl-khoa-hoc"] == "Đ"
    assert "khoa-hoc" not in row.subjects
    assert len(row.subjects) == 10
    assert len(row.traits) == 13
    assert (row.stated_overall, row.stated_completed, row.stated_promoted) == ("Hoàn thành", True, True)
    assert [(i.code, i.severity) for i in reading.issues] == [("missing_result_column", "warning")]


def test_comments_of_subjects_and_sections_height_and_weight_are_read() -> None:
    def spoil(sheet: Worksheet) -> None:
        columns = [
            (("Môn học và HĐGD", "Toán", "Nhận xét"), "Tính nhanh."),
            (("Phẩm chất chủ yếu", "", "Nhận xét"), "Lễ phép."),
            (("Chiều cao (cm)", "", ""), 120),
            (("Cân nặng (kg)", "", ""), 22.5),
        ]
        for at, (texts, value) in enumerate(columns, start=sheet.max_column + 1):
            for row, text in zip((4, 5, 6), texts, strict=True):
                sheet.cell(row, at).value = text or None
            sheet.cell(FIRST, at).value = value

    reading = read_primary_results(spoiled(spoil), year=YEAR)
    row = reading.rows[0]
    assert row.subjects["toan"].comment == "Tính nhanh."
    assert row.trait_comments == {"pham_chat": "Lễ phép."}
    assert (row.height_cm, row.weight_kg) == (120, None)
    assert row.comment is not None
    assert [(i.code, i.proposal) for i in reading.issues] == [("rounded_weight_kg", "23")]


def test_the_class_comes_from_the_title_when_the_column_is_missing() -> None:
    reading = read_primary_results(spoiled(lambda sheet: sheet.delete_cols(2)), year=YEAR)
    assert {row.class_name for row in reading.good_rows} == {"3A"}


def test_a_pupil_list_is_not_a_result_form() -> None:
    data = (SAMPLES / "tieu_hoc" / "danh_sach_hoc_sinh.xlsx").read_bytes()
    reading = read_primary_results(data, year=YEAR)
    assert [(i.code, i.severity) for i in reading.errors] == [("missing_column", "error")]
    assert reading.rows == []
    with pytest.raises(Unreadable) as refused:
        read_primary_results((SAMPLES / "dan_cu.csv").read_bytes(), year=YEAR)
    assert refused.value.code == "workbook_not_one"
