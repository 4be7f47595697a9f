"""Whatever stands in a cell: no value comes out that the person did not see in it."""

from __future__ import annotations

import io
import re
import unicodedata
from datetime import date, timedelta
from typing import Any

import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hocbaso.core import codelists
from hocbaso.core.vietnamese.dates import format_vi
from hocbaso.core.vietnamese.letters import INVISIBLE, LOOKALIKES
from hocbaso.engines.workbooks import PupilRow, Reading, read_pupils
from hocbaso.engines.workbooks.text import all_tidy, all_usual, joined_texts, shown, tidy
from tests.unit.engines.workbooks.build import FIELDS, HEADERS, YEAR, clean_rows

MARKS = st.sampled_from(list("0123456789/-. :xX=+'\u0301\u00a0\u200b") + list("aAăâêôơưđĐNamữỮKinhPhường"))
CELLS = st.one_of(
    st.text(MARKS, max_size=14),
    st.integers(-10, 10**16),
    st.integers(-(10**9), 10**9).map(lambda number: number / 1000),
    st.booleans(),
    st.dates(date(1900, 3, 1), date(2099, 12, 31)),
    st.from_regex(r"\A[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{2,4}\Z"),
    st.from_regex(r"\A[0-9]{7,13}\Z"),
    st.sampled_from(["Nam", "nữ", "1", "0", "Kinh", "Kinhh", "Tỉnh Bình Dương", "Phường 1", "không", "#N/A"]),
)


def one_pupil(values: dict[str, Any]) -> Reading[PupilRow]:
    """A list with a fixed first pupil and one whose cells are ``values``."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False}
    )
    sheet = book.add_worksheet()
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    rows = clean_rows()[:2]
    for name, value in values.items():
        rows[1][FIELDS.index(name)] = value
    for number, row in enumerate([HEADERS, *rows]):
        for column, value in enumerate(row):
            if isinstance(value, bool):
                sheet.write_boolean(number, column, value)
            elif isinstance(value, date):
                sheet.write_datetime(number, column, value, day)
            elif isinstance(value, str):
                sheet.write_string(number, column, value)
            elif value is not None:
                sheet.write_number(number, column, value)
    book.close()
    return read_pupils(out.getvalue(), year=YEAR)


def seen(value: Any) -> str:
    """The cell in the eyes of a person, as one line without invisible differences."""
    return tidy(shown(float(value) if isinstance(value, int) and not isinstance(value, bool) else value))


def told(reading: Reading[PupilRow], letter: str) -> bool:
    return any(issue.column_letter == letter for issue in reading.issues)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.fixed_dictionaries({}, optional={name: CELLS for name in FIELDS if name != "stt"}))
def test_reading_never_fails_and_never_invents(values: dict[str, Any]) -> None:
    reading = one_pupil(values)
    pupil = next((row for row in reading.rows if row.row == 3), None)
    if pupil is None:  # so little is left that it is no record: then it is listed
        assert 3 in {skipped.row for skipped in reading.skipped}
        return
    shown_values = {name: seen(values[name]) for name in values}
    for name, value in (
        ("code", pupil.code), ("name", pupil.full_name), ("father", pupil.father_name),
        ("mother", pupil.mother_name), ("phone", pupil.phone), ("class", pupil.class_name),
    ):  # fmt: skip
        if name in values and value is not None:
            assert value == shown_values[name]
    if "number" in values and pupil.personal_number is not None:
        assert re.fullmatch("[0-9]{12}", pupil.personal_number)
        assert pupil.personal_number == re.sub(r"\s", "", shown_values["number"]).lstrip("'")
    if "ethnic" in values and pupil.ethnic_group_code is not None:
        item = codelists.ethnic_group(pupil.ethnic_group_code)
        assert item is not None
        assert item.name.casefold() == shown_values["ethnic"].casefold()
    if "commune" in values and pupil.commune_code is not None:
        official = codelists.commune(pupil.commune_code)
        assert official is not None
        assert tidy(str(values["commune"])).casefold().split()[-1] in official.name.casefold()
    assert pupil.ok is not any(issue.row == 3 and issue.severity == "error" for issue in reading.issues)


@settings(max_examples=150, deadline=None)
@given(CELLS)
def test_a_birth_date_is_the_one_written_or_it_is_asked_about(value: Any) -> None:
    reading = one_pupil({"birth": value})
    pupil = reading.rows[1]
    if pupil.birth_date is None:
        assert told(reading, "E")
    elif not told(reading, "E"):
        if isinstance(value, date):
            assert pupil.birth_date == value.isoformat()
        else:
            numbers = [int(part) for part in re.findall("[0-9]+", str(value))]
            parts = [int(part) for part in format_vi(pupil.birth_date).split("/")]
            assert numbers in (parts, parts[::-1])


@settings(max_examples=60, deadline=None)
@given(st.dates(date(1950, 1, 1), date(2026, 7, 31)))
def test_text_date_real_date_and_serial_agree(day: date) -> None:
    text = f"{day.day}/{day.month}/{day.year}"
    serial = (day - date(1899, 12, 30)) // timedelta(days=1)
    dates = [one_pupil({"birth": value}).rows[1].birth_date for value in (day, text, serial)]
    assert dates == [day.isoformat()] * 3


@settings(max_examples=100, deadline=None)
@given(CELLS)
def test_sex_is_the_one_written_or_a_code_that_is_asked_about(value: Any) -> None:
    reading = one_pupil({"sex": value})
    sex = reading.rows[1].sex
    written = seen(value).lower()
    plain = {"nam": "Nam", "nữ": "Nữ"}.get(written)
    if sex is None:
        assert told(reading, "F")
    elif plain is None:
        assert any(issue.code == "sex_code" and issue.proposal == sex for issue in reading.issues)
    else:
        assert sex == plain


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=30))
def test_tidy_text_is_stable_and_loses_nothing_visible(text: str) -> None:
    once = tidy(text)
    assert tidy(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert "  " not in once
    visible = [
        c for c in unicodedata.normalize("NFC", text) if not c.isspace() and unicodedata.category(c) != "Cf"
    ]
    assert [c for c in once if c != " " and unicodedata.category(c) != "Cf"] == visible


def plainly_tidy(text: str) -> str:
    """The definition, letter by letter, without the short way."""
    composed = unicodedata.normalize("NFC", text)
    return " ".join("".join(char for char in composed if char not in INVISIBLE).split())


SPOILED = st.text(
    st.sampled_from(list("aĐÐð|-\u1ea1\u00e0\u0301\u0323\u0338 \u00a0\u2003\t\n\u200b\ufeff\u212b")),
    max_size=6,
)


@settings(max_examples=300, deadline=None)
@given(st.lists(SPOILED, max_size=4))
def test_one_look_at_a_row_never_passes_a_cell_that_is_not_tidy(cells: list[str]) -> None:
    assert [tidy(cell) for cell in cells] == [plainly_tidy(cell) for cell in cells]
    if all_tidy(joined_texts([1.0, *cells])):
        assert cells == [plainly_tidy(cell) for cell in cells]
    if all_usual(joined_texts([1.0, *cells])):
        assert cells == [plainly_tidy(cell) for cell in cells]
        assert LOOKALIKES.keys().isdisjoint("".join(cells))


def test_one_look_is_enough_for_a_usual_row() -> None:
    row = ["Nguyễn Thị Ánh", "", "Ê-đê", date(2017, 2, 9), 1.0, "Phường 1, Quận 3", "12/3"]
    assert all_usual(joined_texts(row))
    assert all_tidy(joined_texts(row))
    quoted = joined_texts([*row, "Xóm “Hòa Bình”"])
    assert all_tidy(quoted)
    assert not all_usual(quoted)
    for spoiled in (" x", "x ", "a  b", "a\u00a0b", "a\nb", "a\u200bb", "a\u0301"):
        assert not all_tidy(joined_texts([*row, spoiled, "x"])), spoiled
