"""Dates, places and long words as the form prints them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hocbaso.engines.rendering.content import (
    LONGEST_WORD,
    place_and_date,
    printed,
    short_digest,
    stamp_time,
    vn_date,
)
from hocbaso.engines.rendering.content_primary import primary_content
from tests.unit.engines.rendering import samples


@pytest.mark.parametrize(
    ("iso", "shown"), [("2017-02-09", "09/02/2017"), ("2017-02", "02/2017"), ("2017", "2017"), (None, "–")]
)
def test_a_date_stays_as_exact_as_it_was(iso: str | None, shown: str) -> None:
    assert vn_date(iso) == shown


@pytest.mark.parametrize(
    ("time", "shown"),
    [
        ("2026-05-27T09:20:41Z", "Xã An, ngày 27 tháng 5 năm 2026"),
        ("2026-05-31T17:00:00Z", "Xã An, ngày 01 tháng 6 năm 2026"),  # already June in Vietnam
        ("2026-02-03T00:00:00Z", "Xã An, ngày 03 tháng 02 năm 2026"),
        ("2026-10-03T00:00:00Z", "Xã An, ngày 03 tháng 10 năm 2026"),
        (None, "Xã An, ngày …… tháng …… năm ……"),
    ],
)
def test_days_below_ten_and_the_first_two_months_take_a_zero(time: str | None, shown: str) -> None:
    assert place_and_date("Xã An", time) == shown


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without zone"):
        stamp_time("2026-05-27T09:20:41")


def test_the_short_digest_is_two_groups_of_four() -> None:
    assert short_digest("c48e07b2" * 8) == "C48E 07B2"


@given(st.text())
def test_cutting_long_words_loses_nothing(value: str) -> None:
    shown = printed(value)
    joined = shown if isinstance(shown, str) else "\n".join("".join(line) for line in shown)
    assert joined == value


@given(st.text(alphabet="aẾ\u0323", min_size=LONGEST_WORD + 1, max_size=60))
def test_a_long_word_may_be_broken_at_every_letter_but_not_inside_one(word: str) -> None:
    shown = printed(word)
    assert not isinstance(shown, str)
    assert all(len(piece.replace("\u0323", "")) <= 1 for line in shown for piece in line)
    assert not any(piece.startswith("\u0323") for line in shown for piece in line[1:])


def test_no_award_is_said_in_words() -> None:
    of = samples.sheet()
    nothing = samples.sheet(result=type(of.result)(of.result.overall, True, True, of.result.completion))
    assert primary_content(samples.view(nothing))["awards"] == "Không"


def test_the_last_grade_completes_the_level() -> None:
    assert primary_content(samples.view(samples.sheet(grade=5)))["completion_heading"].endswith("tiểu học")
    assert primary_content(samples.view(samples.sheet(grade=4)))["completion_heading"].endswith("lớp học")
