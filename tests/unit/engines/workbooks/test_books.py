"""The books as workbooks: what Excel holds is what the paper shows."""

from __future__ import annotations

import dataclasses
import io
from decimal import Decimal

import openpyxl
import pytest
import python_calamine

from hocbaso.core.regulation.programme import Moment
from hocbaso.engines.rendering import books
from hocbaso.engines.rendering.books.layout import Book, Table, Value
from hocbaso.engines.workbooks.books import book_workbook
from tests.unit.engines.rendering.books import samples

BOOKS = {
    "class summary": lambda: books.class_summary(samples.primary(4, Moment.END_YEAR, 12)),
    "subject book": lambda: books.subject_book(samples.subject_book(12)),
    "class book": lambda: books.class_book(samples.class_book(12)),
    "register": lambda: books.register_book(samples.register(12)),
}


def plain(value: Value) -> object:
    if isinstance(value, Decimal):
        return float(value)
    return float(value) if isinstance(value, int) else value or None


def by_openpyxl(content: bytes) -> list[list[list[object]]]:
    workbook = openpyxl.load_workbook(io.BytesIO(content))
    return [
        [
            [float(v) if isinstance(v, int | float) else v for v in row]
            for row in sheet.iter_rows(values_only=True)
        ]
        for sheet in workbook
    ]


def by_calamine(content: bytes) -> list[list[list[object]]]:
    workbook = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
    sheets = [
        workbook.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in workbook.sheet_names
    ]
    return [
        [[float(v) if isinstance(v, int | float) else v or None for v in row] for row in sheet]
        for sheet in sheets
    ]


def body(table: Table) -> list[list[object]]:
    rows = [[plain(value) for value in row] for row in table.rows]
    return rows + [
        [foot.label, *[None] * (foot.across - 1), *(plain(value) for value in foot.values)]
        for foot in table.foot
    ]


def tables(book: Book) -> list[Table]:
    return [part.table for part in book.parts if part.table is not None]


@pytest.mark.parametrize("read", [by_openpyxl, by_calamine])
@pytest.mark.parametrize("name", BOOKS)
def test_reading_back_gives_the_cells_of_the_paper(name, read):
    book = BOOKS[name]()
    sheets = read(book_workbook(book))
    assert len(sheets) == len(tables(book))
    for sheet, table in zip(sheets, tables(book), strict=True):
        wanted = body(table)
        assert any(sheet[top : top + len(wanted)] == wanted for top in range(len(sheet))), sheet


def test_headings_stand_over_their_columns_and_repeat_on_paper():
    content = book_workbook(BOOKS["class summary"]())
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    first = next(row for row in sheet.iter_rows() if row[0].value == "STT")[0].row
    heads = [sheet.cell(first + dy, 5).value for dy in range(4)]
    assert heads == ["Môn học và hoạt động giáo dục", "Tiếng Việt", None, "Mức đạt được"]
    assert sheet.print_title_rows == f"${first}:${first + 3}"
    assert sheet.page_setup.orientation == "landscape"
    assert "Lê Nguyễn Phương Thảo" in sheet.oddFooter.left.text


def test_text_that_looks_like_a_formula_stays_text():
    data = samples.register(1)
    row = dataclasses.replace(data.rows[0], person=samples.person(1, '=HYPERLINK("http://x")'))
    content = book_workbook(books.register_book(dataclasses.replace(data, rows=(row,))))
    cells = [c for line in openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows() for c in line]
    (found,) = (c for c in cells if isinstance(c.value, str) and c.value.startswith("="))
    assert found.data_type == "s"


def test_a_mark_is_a_number_with_the_digits_it_was_entered_with():
    content = book_workbook(BOOKS["subject book"]())
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    row = next(row for row in sheet.iter_rows() if row[0].value == 1)
    assert [(c.value, c.number_format) for c in row[3:10]] == [
        (8, "0"),
        (9, "0"),
        (7.5, "0.0"),
        (10, "0"),
        (6.8, "0.0"),
        (8, "0"),
        (7.9, "0.0"),
    ]


def test_an_empty_class_and_equal_names_of_parts():
    empty = book_workbook(books.class_summary(samples.primary(1, Moment.END_FIRST, 0)))
    assert any("Lớp chưa có học sinh nào." in row for row in by_openpyxl(empty)[0])
    sheets = samples.entry(1)
    content = book_workbook(books.entry_sheets((sheets[0], sheets[0], sheets[1])))
    names = openpyxl.load_workbook(io.BytesIO(content)).sheetnames
    assert len(set(names)) == 3
    assert all(len(name) <= 31 for name in names)


def test_the_same_book_gives_the_same_bytes():
    for make in BOOKS.values():
        assert book_workbook(make()) == book_workbook(make())
