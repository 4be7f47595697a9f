# ruff: noqa: E501 (tables: one case, one line)
"""What is refused before anything is read, each with a sentence a clerk understands."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable

import openpyxl
import pytest

from hocbaso.engines.workbooks import Unreadable, WorkbookKind, detect, grid, limits, read_pupils
from hocbaso.engines.workbooks.limits import check_far_cells
from hocbaso.engines.workbooks.templates import pupil_template, staff_template
from tests.unit.engines.workbooks.build import DATA, SAMPLES, YEAR, clean_rows, saved, workbook


def rewritten(data: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            target.writestr(name, change(name, source.read(name)))
    return out.getvalue()


def refusal(data: bytes) -> str:
    with pytest.raises(Unreadable) as refused:
        read_pupils(data, year=YEAR)
    assert "Thầy cô" in str(refused.value) or "Hệ thống" in str(refused.value) or "Cần" in str(refused.value)
    return refused.value.code


@pytest.mark.parametrize("data", [b"", b"Ho ten,Lop\n", b"PK\x03\x04rubbish", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600, b"%PDF-1.7", b"<html><table></table></html>"])  # fmt: skip
def test_what_is_no_workbook_is_refused(data: bytes) -> None:
    assert refusal(data) == "workbook_not_one"


def test_a_zip_that_is_no_workbook_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("anh.png", b"x")
    assert refusal(out.getvalue()) == "workbook_not_one"


def test_a_protected_workbook_is_refused() -> None:
    assert refusal((DATA / "protected.xlsx").read_bytes()) == "workbook_encrypted"


def test_a_file_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_BYTES", 1000)
    assert refusal(workbook()) == "workbook_too_large"


def test_a_zip_bomb_is_refused_by_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_UNCOMPRESSED", 1_000_000)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * (limits.MAX_UNCOMPRESSED + 1))
    assert len(bomb.getvalue()) < limits.MAX_BYTES
    assert refusal(bomb.getvalue()) == "workbook_bomb"


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/styles.xml"])
def test_a_zip_bomb_that_lies_about_its_size_is_refused(part: str) -> None:
    data = bytearray(workbook())
    # The central directory's entry of the part: size at +24 (APPNOTE 4.3.12).
    name = part.encode()
    entry = data.rindex(name) - 46
    assert data[entry : entry + 4] == b"PK\x01\x02"
    data[entry + 24 : entry + 28] = struct.pack("<I", 10)
    assert refusal(bytes(data)) == "workbook_bomb"


def test_a_value_at_the_end_of_the_world_is_refused_before_it_takes_memory() -> None:
    assert refusal(workbook(lambda sheet: sheet.cell(1048576, 16384, "x"))) == "workbook_far_cell"


def sheet_xml(rows: str) -> bytes:
    return f'<worksheet><sheetData><row r="1"><c r="A1"/></row>{rows}</sheetData></worksheet>'.encode()


@pytest.mark.parametrize("ref", ["AAA1", "XFD20", "abcd5", "A100000", "z1048576", "AB100000", "AAA100000"])
@pytest.mark.parametrize(
    "writing", [' r="{}"', " r='{}'", '\nr="{}"', '\tr = "{}"', ' s="1" r="{}" t="n"', ' s=">" r ="{} "']
)
def test_a_far_cell_is_found_however_it_is_written(ref: str, writing: str) -> None:
    def cell(place: str) -> bytes:
        return sheet_xml(f'<row r="2"><c{writing.format(place)}><v>100000</v></c></row>')

    with pytest.raises(Unreadable) as refused:
        check_far_cells(cell(ref), "1A")
    assert (refused.value.code, refused.value.params["cell"]) == ("workbook_far_cell", ref)
    for near in ("A1", "Z99999", "ZZ99999", "ab20000"):
        check_far_cells(cell(near), "1A")


def test_a_far_row_is_found_when_its_cells_do_not_tell_their_place() -> None:
    with pytest.raises(Unreadable) as refused:
        check_far_cells(sheet_xml('<row r="900000000"><c><v>1</v></c></row>'), "1A")
    assert refused.value.code == "workbook_far_cell"


@pytest.mark.parametrize("inside", ["", "<c/>", '<c r="XFD1048576" s="3"/>', "<x:c r='AAA1048576'>\n</x:c>"])
def test_far_rows_and_cells_that_hold_nothing_do_no_harm(inside: str) -> None:
    check_far_cells(sheet_xml(f'<row r="1048576" ht="3">{inside}</row><row r="1048575"/>'), "1A")


def test_an_empty_formatted_cell_far_away_does_no_harm() -> None:
    def spoil(sheet: openpyxl.worksheet.worksheet.Worksheet) -> None:
        sheet.cell(1048576, 16384).number_format = "0.00"

    assert len(read_pupils(workbook(spoil), year=YEAR).rows) == 3


def test_too_many_rows_and_columns_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal(workbook(lambda sheet: sheet.cell(20_001, 1, "x"))) == "workbook_too_many_rows"
    assert refusal(workbook(lambda sheet: sheet.cell(1, 301, "x"))) == "workbook_too_many_columns"


def test_an_ods_that_repeats_a_filled_row_for_ever_is_refused() -> None:
    def change(name: str, content: bytes) -> bytes:
        row = b'<table:table-row table:number-rows-repeated="900000"><table:table-cell office:value-type="float" office:value="1"/></table:table-row></table:table>'
        return content.replace(b"</table:table>", row) if name == "content.xml" else content

    assert refusal(rewritten((DATA / "pupils.ods").read_bytes(), change)) == "workbook_bomb"


def test_an_entity_bomb_is_refused() -> None:
    def change(name: str, content: bytes) -> bytes:
        if name != "xl/workbook.xml":
            return content
        head = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
        return content.replace(b"<workbook", head + b"<workbook", 1).replace(b"Sheet1", b"&b;")

    with pytest.raises(Unreadable):
        read_pupils(rewritten(workbook(), change), year=YEAR)


def test_a_damaged_sheet_is_refused() -> None:
    def change(name: str, content: bytes) -> bytes:
        return content[: len(content) // 2] if name.endswith("sheet1.xml") else content

    assert refusal(rewritten(workbook(), change)) == "workbook_damaged"


def test_an_empty_workbook_is_refused() -> None:
    assert refusal(saved(openpyxl.Workbook())) == "workbook_empty"


def test_a_workbook_without_the_table_names_what_it_saw() -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["Tên hàng", "Đơn giá"])
    with pytest.raises(Unreadable) as refused:
        read_pupils(saved(book), year=YEAR)
    assert refused.value.code == "workbook_no_table"
    assert "Tên hàng; Đơn giá" in str(refused.value)


def test_a_table_on_a_hidden_sheet_is_not_read() -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook()))
    book.create_sheet("Khác")["A1"] = "x"
    book["Sheet1"].sheet_state = "hidden"
    assert refusal(saved(book)) == "workbook_table_hidden"
    assert detect(saved(book)) is WorkbookKind.UNKNOWN


@pytest.mark.parametrize("name", ["pupils.xls", "pupils.ods"])
def test_other_formats_are_read(name: str) -> None:
    first = read_pupils((DATA / name).read_bytes(), year=YEAR).rows[0]
    assert (first.full_name, first.birth_date, first.personal_number, first.ok) == (
        "Nguyễn Văn An", "2019-02-08", "079219000001", True
    )  # fmt: skip


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("tieu_hoc/danh_sach_hoc_sinh.xlsx", WorkbookKind.PUPILS),
        ("thcs/danh_sach_hoc_sinh_loi.xlsx", WorkbookKind.PUPILS),
        ("thcs/danh_sach_can_bo.xlsx", WorkbookKind.STAFF),
        ("tieu_hoc/ket_qua_cuoi_nam.xlsx", WorkbookKind.PRIMARY_RESULTS),
        ("thcs/so_diem_6A1.xlsx", WorkbookKind.SECONDARY_MARKS),
    ],
)
def test_the_kind_of_form_is_told_by_its_headers(path: str, kind: WorkbookKind) -> None:
    assert detect((SAMPLES / path).read_bytes()) is kind


def test_an_unknown_form_is_unknown() -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["Họ tên", "Số tiền"])
    assert detect(saved(book)) is WorkbookKind.UNKNOWN


def test_templates_are_empty_forms_that_the_readers_know() -> None:
    pupils, staff = pupil_template(school="Trường A", year=YEAR), staff_template(year=YEAR)
    assert (detect(pupils), detect(staff)) == (WorkbookKind.PUPILS, WorkbookKind.STAFF)
    assert [i.code for i in read_pupils(pupils, year=YEAR).issues] == ["no_records"]
    sheet = openpyxl.load_workbook(io.BytesIO(pupils))["Sheet1"]
    rules = {
        str(r.sqref).split(":")[0]: r.formula1
        for r in sheet.data_validations.dataValidation
        if r.type == "list"
    }
    assert rules["F7"] == "DanhMuc!$A$1:$A$2"
    assert "XaPhuong" in rules["N7"]
    assert sheet.column_dimensions["L"].number_format == "@"


def test_a_filled_template_is_read_without_issues() -> None:
    book = openpyxl.load_workbook(io.BytesIO(pupil_template()))
    sheet = book["Sheet1"]
    titles = {str(cell.value).split("\n")[0]: cell.column for cell in sheet[6]}
    values = dict(zip(["STT", "Mã lớp", "Mã học sinh", "Họ tên", "Ngày sinh", "Giới tính", "Trạng thái HS", "Dân tộc", "Số định danh", "Tỉnh/Thành phố", "Xã/Phường", "Số điện thoại", "Họ tên cha", "Năm sinh cha", "Họ tên mẹ", "Họ tên người"], clean_rows()[0], strict=True))  # fmt: skip
    for title, value in values.items():
        sheet.cell(7, titles[title], value)
    reading = read_pupils(saved(book), year=YEAR)
    assert reading.issues == []
    assert [row.code for row in reading.good_rows] == ["1000000001"]


@pytest.mark.parametrize("index", [0, 25, 26, 51, 52, 701, 702, 16383])
def test_column_letters_and_numbers_are_inverse(index: int) -> None:
    assert grid.column_index(grid.column_letter(index)) == index
