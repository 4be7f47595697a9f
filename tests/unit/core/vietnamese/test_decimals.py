"""Marks: comma or point, half up, never rounded in silence."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hocbaso.core.vietnamese.decimals import format_vi, read_decimal, read_integer, round_half_up

marks = st.integers(0, 100).map(lambda tenths: Decimal(tenths) / 10)


@given(marks)
def test_a_mark_reads_alike_with_comma_point_and_as_number(mark: Decimal) -> None:
    comma = format_vi(mark, 1)
    for raw in (comma, comma.replace(",", "."), f" {comma} ", mark, float(mark)):
        reading = read_decimal(raw)
        assert reading.exact
        assert reading.value == mark


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("7,55", "decimal.places"),
        (7.55, "decimal.places"),
        ("11", "decimal.range"),
        (-1, "decimal.range"),
        ("-1", "decimal.format"),
        ("+7", "decimal.format"),
        ("7,", "decimal.format"),
        (",5", "decimal.format"),
        ("7,5,2", "decimal.format"),
        ("1e1", "decimal.format"),
        ("７", "decimal.format"),
        ("tám", "decimal.format"),
        (True, "decimal.format"),
        (float("nan"), "decimal.format"),
        (float("inf"), "decimal.format"),
    ],
)
def test_what_is_no_mark_is_refused(raw: object, code: str) -> None:
    reading = read_decimal(raw)
    assert (reading.refused, reading.code) == (True, code)


def test_float_noise_of_a_spreadsheet_is_asked() -> None:
    reading = read_decimal(8.600000000000001)
    assert (reading.value, reading.code) == (Decimal("8.6"), "decimal.float_noise")
    assert reading.asked


@pytest.mark.parametrize(
    ("value", "rounded"),
    [("7.25", "7.3"), ("7.24", "7.2"), ("6.45", "6.5"), ("9.95", "10.0"), ("0.05", "0.1"), ("5", "5.0")],
)
def test_halves_are_rounded_up(value: str, rounded: str) -> None:
    assert round_half_up(Decimal(value)) == Decimal(rounded)


@given(st.decimals(0, 10, places=4))
def test_rounding_moves_a_mark_by_at_most_half_a_tenth(value: Decimal) -> None:
    assert Decimal("-0.05") < round_half_up(value) - value <= Decimal("0.05")


def test_printing_never_rounds() -> None:
    assert format_vi(Decimal("7.5")) == "7,5"
    assert format_vi(8, 1) == "8,0"
    assert format_vi(Decimal("1E+1")) == "10"
    with pytest.raises(ValueError):
        format_vi(Decimal("7.55"), 1)


@pytest.mark.parametrize("raw", [8, 8.0, "8", " 8 ", Decimal(8), "08"])
def test_a_whole_mark_is_read(raw: object) -> None:
    assert read_integer(raw, low=1, high=10).value == 8
    assert read_integer(raw, low=1, high=10).exact


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("8,5", "integer.decimal"),
        (8.5, "integer.decimal"),
        (0, "decimal.range"),
        ("11", "decimal.range"),
        ("T", "integer.format"),
        (False, "integer.format"),
    ],
)
def test_what_is_no_whole_mark_is_refused(raw: object, code: str) -> None:
    reading = read_integer(raw, low=1, high=10)
    assert (reading.refused, reading.code) == (True, code)


def test_a_whole_mark_written_with_decimals_is_asked() -> None:
    reading = read_integer("8,0", low=1, high=10)
    assert (reading.value, reading.asked) == (8, True)


@pytest.mark.parametrize("raw", [None, "", "  "])
def test_a_blank_cell_is_empty(raw: object) -> None:
    assert read_decimal(raw).empty
    assert read_integer(raw, low=1, high=10).empty


@pytest.mark.parametrize(("raw", "shown"), [(11.0, "“11”"), (9.5, "“9,5”"), ("abc", "“abc”"), (-1.0, "“-1”")])
def test_a_refused_whole_number_is_quoted_as_the_workbook_shows_it(raw: object, shown: str) -> None:
    message = read_integer(raw, low=1, high=10).message or ""
    assert shown in message
    assert "7,5" not in message
