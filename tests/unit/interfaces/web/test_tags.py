"""Numbers and dates as Vietnamese schools write them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hocbaso.interfaces.web.templatetags import hbs


def test_numbers():
    assert [hbs.number(n) for n in (0, 999, 1482, 1234567)] == ["0", "999", "1.482", "1.234.567"]
    assert [hbs.decimal(Decimal(d)) for d in ("7.5", "8", "8.0")] == ["7,5", "8", "8,0"]


def test_moments_are_shown_in_vietnam():
    late = datetime(2026, 5, 19, 18, 30, tzinfo=UTC)
    assert hbs.datetime_vi(late) == "20/05/2026 lúc 01:30"
    assert hbs.weekday_vi(late) == "Thứ Tư, 20/05/2026"
    assert hbs.date_vi("2017-02") == "02/2017"
    assert hbs.date_vi(date(2026, 5, 9)) == "09/05/2026"


@pytest.mark.parametrize(
    ("value", "total", "shown"),
    [
        (0, 468, "0%"),
        (452, 468, "96,5%"),
        (1476, 1482, "99,5%"),
        (468, 468, "100%"),
        (1, 2, "50%"),
        (0, 0, "0%"),
    ],
)
def test_per_cent(value, total, shown):
    assert hbs.percent(value, total) == shown


@given(st.integers(1, 100_000).flatmap(lambda t: st.tuples(st.integers(1, t), st.just(t))))
def test_per_cent_is_never_100_before_the_end_nor_0_after_the_start(pair):
    value, total = pair
    shown = hbs.percent(value, total)
    assert (shown == "100%") is (value == total)
    assert shown != "0%"


def test_a_personal_number_shows_its_last_four_digits_only():
    assert hbs.masked("079315000123") == "079•••••••23"
    assert hbs.masked("") == ""


def test_a_serial_number_is_shown_in_pairs_of_digits():
    assert hbs.serial("54a1f") == "05 4A 1F"


def test_a_state_has_a_shape_and_a_word():
    shown = hbs.status("warn", "<Sai lệch>")
    assert "#i-warn" in shown
    assert "&lt;Sai lệch&gt;" in shown


def test_a_list_says_how_many_in_which_order_and_how_many_are_not_shown():
    assert hbs.count_line(45, "học sinh", 45, "số thứ tự") == "45 học sinh, xếp theo số thứ tự"
    assert hbs.count_line(100, "học sinh", 1482) == "100 / 1.482 học sinh; 1.382 không hiện"
