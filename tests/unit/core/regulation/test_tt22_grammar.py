"""What a teacher or a workbook may write into a mark book, and how it is refused."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hocbaso.core.regulation.tt22 import Form, Rating, mark_value, read_mark, read_rating, show_mark

SCORED = [
    ("7,5", "7.5"),
    ("7.5", "7.5"),
    (" 8 ", "8"),
    ("8,0", "8"),
    ("10", "10"),
    ("10,0", "10"),
    ("0", "0"),
    (0, "0"),
    (10, "10"),
    (4.5, "4.5"),
    (7.0, "7"),
    (Decimal("6.80"), "6.8"),
    ("v", "V"),
    ("V", "V"),
    ("Vắng", "V"),
    ("m", "M"),
    ("Miễn", "M"),
]
COMMENT = [
    ("Đ", "Đ"),
    ("đ", "Đ"),
    ("\u00d0", "Đ"),  # the Icelandic letter that old key maps type
    ("đạt", "Đ"),
    ("CĐ", "CĐ"),
    ("cđ", "CĐ"),
    ("Chưa đạt", "CĐ"),
    ("v", "V"),
    ("M", "M"),
]
REFUSED = [
    ("11", Form.SCORED, "mark.range"),
    ("75", Form.SCORED, "mark.range"),
    (11, Form.SCORED, "mark.range"),
    ("100", Form.SCORED, "mark.out_of_range"),
    ("10,5", Form.SCORED, "mark.out_of_range"),
    ("-1", Form.SCORED, "mark.out_of_range"),
    (-0.5, Form.SCORED, "mark.out_of_range"),
    ("7.55", Form.SCORED, "mark.places"),
    ("7,25", Form.SCORED, "mark.places"),
    (7.25, Form.SCORED, "mark.places"),
    (7.000000001, Form.SCORED, "mark.places"),
    ("Đ", Form.SCORED, "mark.letter_in_scored"),
    ("d", Form.SCORED, "mark.letter_in_scored"),
    ("8đ", Form.SCORED, "mark.score"),
    ("7,", Form.SCORED, "mark.score"),
    ("bảy", Form.SCORED, "mark.score"),
    (True, Form.SCORED, "mark.score"),
    (float("nan"), Form.SCORED, "mark.score"),
    ("8", Form.COMMENT, "mark.number_in_comment"),
    (7.5, Form.COMMENT, "mark.number_in_comment"),
    ("T", Form.COMMENT, "mark.comment"),
    ("C", Form.COMMENT, "mark.comment"),
]


@pytest.mark.parametrize(("raw", "text"), SCORED)
def test_scores_are_read_into_one_canonical_text(raw: object, text: str) -> None:
    reading = read_mark(raw, Form.SCORED)
    assert (reading.value, reading.exact) == (text, True)


@pytest.mark.parametrize(("raw", "text"), COMMENT)
def test_comment_marks_are_read_in_any_case(raw: str, text: str) -> None:
    reading = read_mark(raw, Form.COMMENT)
    assert (reading.value, reading.exact) == (text, True)


@pytest.mark.parametrize(("raw", "form", "code"), REFUSED)
def test_what_is_not_a_mark_is_refused_with_words(raw: object, form: Form, code: str) -> None:
    reading = read_mark(raw, form)
    assert (reading.refused, reading.code) == (True, code)
    assert reading.message


def test_nothing_written_is_empty() -> None:
    for raw in (None, "", "  ", "\u00a0"):
        assert read_mark(raw, Form.SCORED).empty
        assert read_mark(raw, Form.COMMENT).empty
        assert read_rating(raw).empty


@pytest.mark.parametrize(
    ("raw", "form", "text"),
    [
        ("75", Form.SCORED, "7.5"),
        ("99", Form.SCORED, "9.9"),
        ("05", Form.SCORED, "0.5"),
        ("80", Form.SCORED, "8"),
        ("d", Form.COMMENT, "Đ"),
        ("cd", Form.COMMENT, "CĐ"),
    ],
)
def test_quick_entry_says_what_it_understood(raw: str, form: Form, text: str) -> None:
    reading = read_mark(raw, form, quick=True)
    assert (reading.value, reading.exact, reading.code) == (text, True, "mark.quick")
    assert reading.message == f"Gõ nhanh {raw} được ghi là {show_mark(text)}."


def test_quick_entry_leaves_ten_and_three_digits_as_they_are() -> None:
    assert read_mark("10", Form.SCORED, quick=True).value == "10"
    assert read_mark("8", Form.SCORED, quick=True).code is None
    assert read_mark("100", Form.SCORED, quick=True).refused
    assert read_mark(75, Form.SCORED, quick=True).refused  # a workbook's number is never re-read


def test_noise_of_a_spreadsheet_and_letters_without_marks_are_asked() -> None:
    noise = read_mark(8.600000000000001, Form.SCORED)
    assert (noise.value, noise.asked) == ("8.6", True)
    plain = read_mark("D", Form.COMMENT)
    assert (plain.value, plain.asked) == ("Đ", True)


@given(st.integers(0, 100))
def test_every_tenth_survives_text_comma_float_and_decimal(tenths: int) -> None:
    number = Decimal(tenths) / 10
    text = read_mark(number, Form.SCORED).value
    assert text is not None
    assert mark_value(text) == number
    assert not text.endswith(".0")
    for written in (text, show_mark(text), f"{number:.1f}", float(number)):
        assert read_mark(written, Form.SCORED).value == text


@given(st.text(max_size=8))
def test_no_text_breaks_the_reader_and_only_canonical_texts_come_out(raw: str) -> None:
    for form in Form:
        for quick in (False, True):
            value = read_mark(raw, form, quick=quick).value
            assert value is None or value in ("Đ", "CĐ", "V", "M") or str(Decimal(value)) == value


@pytest.mark.parametrize(
    ("raw", "rating"),
    [
        ("Tốt", Rating.GOOD),
        ("tốt", Rating.GOOD),
        ("T", Rating.GOOD),
        ("khá", Rating.FAIR),
        ("K", Rating.FAIR),
        ("Đ", Rating.PASS),
        ("ĐẠT", Rating.PASS),
        ("CĐ", Rating.FAIL),
        ("chưa  đạt", Rating.FAIL),
    ],
)
def test_ratings_are_read_in_words_and_letters(raw: str, rating: Rating) -> None:
    assert read_rating(raw).value is rating
    assert read_rating(raw).exact


def test_ratings_without_marks_are_asked_and_old_words_refused() -> None:
    assert read_rating("CD").asked
    for raw in ("Giỏi", "Yếu", "TB", "x", 8):
        assert read_rating(raw).code == "rating.unknown"


def test_marks_are_shown_with_a_comma_and_averages_with_one_decimal() -> None:
    assert [show_mark(one) for one in ("7.5", "10", "Đ", "")] == ["7,5", "10", "Đ", ""]
    assert [show_mark(one, places=1) for one in ("8", "7.5", "10", "CĐ")] == ["8,0", "7,5", "10,0", "CĐ"]


def test_a_number_of_a_workbook_is_shown_as_the_workbook_shows_it() -> None:
    assert "“75” nằm ngoài" in (read_mark(75.0, Form.SCORED).message or "")
    assert "7,5" in (read_mark(75.0, Form.SCORED).message or "")
    assert "“10,1” nằm ngoài" in (read_mark(10.1, Form.SCORED).message or "")
