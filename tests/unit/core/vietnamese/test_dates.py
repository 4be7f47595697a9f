"""Dates as schools write them: read, asked or refused, never guessed."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hocbaso.core.vietnamese.dates import EXCEL_EPOCH, format_long_vi, format_vi, is_partial_iso, read_date


@pytest.mark.parametrize(
    ("raw", "iso"),
    [
        ("09/02/2017", "2017-02-09"),
        ("9/2/2017", "2017-02-09"),
        ("9-2-2017", "2017-02-09"),
        ("9.2.2017", "2017-02-09"),
        (" 13 / 8 / 2019 ", "2019-08-13"),
        ("29/02/2016", "2016-02-29"),
        ("2017-02-09", "2017-02-09"),
        ("2017-02-09 00:00:00", "2017-02-09"),
        ("ngày 9 tháng 2 năm 2017", "2017-02-09"),
        ("Tháng 2 năm 2017", "2017-02"),
        ("02/2017", "2017-02"),
        ("2017-02", "2017-02"),
        ("2017", "2017"),
        ("năm 2017", "2017"),
        (date(2017, 2, 9), "2017-02-09"),
        (datetime(2017, 2, 9), "2017-02-09"),
    ],
)
def test_unambiguous_writing_is_exact(raw: object, iso: str) -> None:
    reading = read_date(raw)
    assert (reading.value, reading.certain, reading.code) == (iso, True, None)


@pytest.mark.parametrize(
    ("raw", "code", "words"),
    [
        ("31/02/2015", "date.no_such_day", "chỉ có 28 ngày"),
        ("29/02/2015", "date.no_such_day", "chỉ có 28 ngày"),
        ("31/04/2015", "date.no_such_day", "chỉ có 30 ngày"),
        ("02/13/2015", "date.no_such_month", "không có tháng 13"),
        ("09/02/17", "date.short_year", "bốn chữ số"),
        ("09/02/0217", "date.year_range", "1900"),
        ("9/2", "date.format", "09/02/2017"),
        ("09022017", "date.format", "09/02/2017"),
        ("٠٩/٠٢/٢٠١٧", "date.format", "09/02/2017"),
        ("không rõ", "date.format", "09/02/2017"),
        (True, "date.format", ""),
        (43504.5, "date.format", ""),
        (float("nan"), "date.format", ""),
        (float("inf"), "date.format", ""),
        (-5, "date.format", ""),
        (10**9, "date.format", ""),
    ],
)
def test_what_cannot_be_a_date_is_refused_with_a_sentence(raw: object, code: str, words: str) -> None:
    reading = read_date(raw)
    assert (reading.refused, reading.code) == (True, code)
    assert words in (reading.message or "")


@pytest.mark.parametrize(
    ("raw", "proposal", "code"),
    [
        (43504, "2019-02-08", "date.serial"),
        (43504.0, "2019-02-08", "date.serial"),
        ("43504", "2019-02-08", "date.serial"),
        (2015, "2015", "date.year_or_serial"),
        ("00/00/2015", "2015", "date.zero_day"),
        ("00/02/2015", "2015-02", "date.zero_day"),
        ("9/2-2017", "2017-02-09", "date.separators"),
        (datetime(2017, 2, 9, 7, 30), "2017-02-09", "date.time"),
    ],
)
def test_what_may_mean_a_date_is_asked_with_a_proposal(raw: object, proposal: str, code: str) -> None:
    reading = read_date(raw)
    assert (reading.value, reading.certain, reading.code) == (proposal, False, code)
    assert "xác nhận" in (reading.message or "")


@pytest.mark.parametrize("raw", [None, "", "   "])
def test_a_blank_cell_is_empty_and_not_an_error(raw: object) -> None:
    assert read_date(raw).empty


def test_a_date_after_the_latest_possible_day_is_refused() -> None:
    assert read_date("02/06/2026", latest=date(2026, 6, 1)).code == "date.future"
    assert read_date("01/06/2026", latest=date(2026, 6, 1)).exact
    assert read_date("2026", latest=date(2026, 6, 1)).exact


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2100, 12, 31)))
def test_every_day_survives_every_way_of_writing_it(day: date) -> None:
    iso = day.isoformat()
    for separator in "/-.":
        assert read_date(separator.join(map(str, (day.day, day.month, day.year)))).value == iso
    assert read_date(format_vi(iso)).value == iso
    assert read_date(format_long_vi(iso)).value == iso
    assert is_partial_iso(iso)


@given(st.dates(min_value=date(1905, 8, 1), max_value=date(2100, 12, 31)))
def test_excel_serials_count_from_30_12_1899(day: date) -> None:
    serial = (day - EXCEL_EPOCH).days
    reading = read_date(serial)
    if 1900 <= serial <= 2100:
        assert reading.value == str(serial)
    else:
        assert reading.value == (EXCEL_EPOCH + timedelta(days=serial)).isoformat() == day.isoformat()


@given(st.text())
def test_no_text_breaks_the_reader_and_what_is_read_is_a_partial_date(text: str) -> None:
    reading = read_date(text)
    if reading.value is not None:
        assert is_partial_iso(reading.value)


def test_partial_dates_print_what_they_know() -> None:
    assert [format_vi(iso) for iso in ("2017-02-09", "2017-02", "2017")] == ["09/02/2017", "02/2017", "2017"]
    assert format_long_vi("2026-05-27") == "ngày 27 tháng 5 năm 2026"
    assert format_long_vi("2026-05") == "tháng 5 năm 2026"
