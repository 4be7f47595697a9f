"""The workbook handed back: the person's own, with every issue in its cell and in the list."""

from __future__ import annotations

import io

import openpyxl
import pytest
from openpyxl.comments import Comment

from hocbaso.engines.workbooks import Issue, Unreadable, annotate, read_pupils
from tests.unit.engines.workbooks.build import DATA, FIRST, SAMPLES, YEAR, put, saved, workbook

SAMPLE = SAMPLES / "tieu_hoc" / "danh_sach_hoc_sinh_loi.xlsx"


def opened(data: bytes) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(data))


def issue(message: str = "Sai.", **values: object) -> Issue:
    fields: dict[str, object] = {
        "row": FIRST, "column": "Họ tên", "column_letter": "D", "code": "bad_name", "severity": "error",
        "message": message, "value": "", "sheet": "Sheet1",
    }  # fmt: skip
    return Issue(**(fields | values))  # type: ignore[arg-type]


def test_every_issue_stands_in_its_cell_with_its_colour_and_in_the_list() -> None:
    data = SAMPLE.read_bytes()
    reading = read_pupils(data, year=YEAR)
    book = opened(annotate(data, reading.issues))
    assert book.sheetnames == ["Ghi chú", "Sheet1", "DanToc", "GioiTinh"]
    sheet = book["Sheet1"]
    for one in reading.issues:
        cell = sheet[f"{one.column_letter}{one.row}"]
        assert cell.comment is not None
        assert one.message in cell.comment.text
        assert cell.comment.author == "Học bạ số"
    red = {i.row for i in reading.errors}
    fills = {row: sheet[f"E{row}"].fill.fgColor.rgb for row in (8, 60)}
    assert fills[8] != fills[60]
    assert 60 in red
    listed = list(book["Ghi chú"].iter_rows(min_row=5, values_only=True))
    assert [(row[1], row[3], row[5]) for row in listed] == [
        (i.row, f"{i.column_letter}{i.row}", i.message) for i in reading.issues
    ]


def test_nothing_of_the_persons_own_content_changes() -> None:
    data = SAMPLE.read_bytes()
    before, after = opened(data), opened(annotate(data, read_pupils(data, year=YEAR).issues))
    for sheet in before.worksheets:
        twin = after[sheet.title]
        for row in sheet.iter_rows():
            for cell in row:
                assert twin[cell.coordinate].value == cell.value
                assert twin[cell.coordinate].number_format == cell.number_format


def test_the_annotated_workbook_is_read_like_the_original_and_can_be_annotated_again() -> None:
    data = SAMPLE.read_bytes()
    first = read_pupils(data, year=YEAR)
    once = annotate(data, first.issues)
    again = read_pupils(once, year=YEAR)
    assert again.issues == first.issues
    assert again.rows == first.rows
    clean = opened(annotate(once, []))
    assert clean.sheetnames.count("Ghi chú") == 1
    assert all(cell.comment is None for row in clean["Sheet1"].iter_rows() for cell in row)
    assert clean["Sheet1"]["E60"].fill.fill_type is None


def test_a_comment_of_the_person_is_kept() -> None:
    def spoil(sheet: openpyxl.worksheet.worksheet.Worksheet) -> None:
        sheet["D5"].comment = Comment("Đã hỏi phụ huynh.", "Cô Lan")

    comment = opened(annotate(workbook(spoil), [issue()]))["Sheet1"]["D5"].comment
    assert comment is not None
    assert comment.text == "Đã hỏi phụ huynh.\nLỗi: Sai."


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(A1)", '=HYPERLINK("http://x")'])
@pytest.mark.parametrize("source", ["own", "list"])
def test_text_from_the_file_never_becomes_a_formula_of_ours(text: str, source: str) -> None:
    data = workbook() if source == "own" else (DATA / "pupils.xls").read_bytes()
    book = opened(annotate(data, [issue(text, value=text, proposal=text, column=text)]))
    cells = [cell for row in book["Ghi chú"].iter_rows(min_row=5) for cell in row]
    assert [cell.value for cell in cells].count(text) == 4
    assert all(cell.data_type != "f" for cell in cells)


def test_control_characters_do_not_break_the_file() -> None:
    book = opened(annotate(workbook(), [issue("a\x00b\x0bc\ud800")]))
    assert book["Ghi chú"]["F5"].value == "a\ufffdb\ufffdc\ufffd"


def test_an_issue_inside_a_merged_area_stands_at_its_first_cell() -> None:
    data = workbook(lambda sheet: sheet.merge_cells("C5:D6"))
    assert opened(annotate(data, [issue(row=6)]))["Sheet1"]["C5"].comment is not None


def test_an_issue_of_the_whole_header_stands_at_the_beginning_of_its_row() -> None:
    data = workbook()
    assert opened(annotate(data, [issue(column_letter="", row=4)]))["Sheet1"]["A4"].comment is not None


@pytest.mark.parametrize("name", ["pupils.xls", "pupils.ods"])
def test_a_workbook_that_cannot_be_edited_comes_back_as_a_list(name: str) -> None:
    data = (DATA / name).read_bytes()
    book = opened(annotate(data, read_pupils(data, year=YEAR).issues or [issue()]))
    assert book.sheetnames == ["Ghi chú"]
    assert book["Ghi chú"]["B5"].value == 5


def test_a_merged_area_over_the_whole_sheet_does_not_eat_the_memory() -> None:
    data = workbook(lambda sheet: sheet.merge_cells("A20:ZZ20"))
    huge = _replaced(data, b'"A20:ZZ20"', b'"A20:XFD1048576"')
    assert opened(annotate(huge, [issue()])).sheetnames == ["Ghi chú"]


def test_what_is_no_workbook_is_refused() -> None:
    with pytest.raises(Unreadable):
        annotate(b"Ho ten,Lop", [issue()])


def test_the_persons_own_sheet_of_the_same_name_stays() -> None:
    book = opened(workbook())
    book.create_sheet("Ghi chú")["A1"] = "của tôi"
    names = opened(annotate(saved(book), [issue()])).sheetnames
    assert names == ["Ghi chú1", "Sheet1", "Ghi chú"]


def test_a_spoiled_cell_is_marked_where_the_reading_says() -> None:
    data = workbook(put(FIRST, "birth", "31/02/2019"))
    sheet = opened(annotate(data, read_pupils(data, year=YEAR).issues))["Sheet1"]
    assert [c.coordinate for row in sheet.iter_rows() for c in row if c.comment] == ["E5"]


def _replaced(data: bytes, old: bytes, new: bytes) -> bytes:
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name).replace(old, new))
    return out.getvalue()
