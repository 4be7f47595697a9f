"""Study level: an oracle in another style, what rises when a mark rises, what the sentence says."""

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hocbaso.core.errors import DomainError
from hocbaso.core.regulation.tt22 import (
    Decision,
    Form,
    Rating,
    SecondarySubject,
    Setting,
    SubjectYear,
    Term,
    TermMarks,
    study_rating,
    term_result,
    year_value,
)
from tests.unit.core.regulation.secondary_pupils import flat, grade

SCORED = [SecondarySubject(f"s{n}", f"Môn {n}", f"S{n}", 140, Form.SCORED, True) for n in range(10)]
COMMENTS = [SecondarySubject(f"c{n}", f"Nhận xét {n}", f"C{n}", 70, Form.COMMENT, True) for n in range(6)]

#: Tenths of a mark, drawn where the thresholds are.
TENTHS = st.sampled_from([0, 20, 34, 35, 36, 49, 50, 51, 64, 65, 66, 79, 80, 81, 90, 100])
PUPILS = st.tuples(st.lists(TENTHS, min_size=1, max_size=10), st.lists(st.booleans(), max_size=5))
SETTINGS = [
    Setting(adjust_includes_comment=comment, adjust_reading=reading, min_scored=needed)  # type: ignore[arg-type]
    for comment, reading, needed in product((True, False), ("left_out", "raised"), (6, 5))
]


def decide(tenths: list[int], passed: list[bool], setting: Setting) -> Decision:
    scores = [(one, f"{n // 10}.{n % 10}".removesuffix(".0")) for one, n in zip(SCORED, tenths, strict=False)]
    comments = [(one, "Đ" if ok else "CĐ") for one, ok in zip(COMMENTS, passed, strict=False)]
    return study_rating([*scores, *comments], setting)


def ladder(tenths: list[int], passed: list[bool], needed: int) -> int:
    """Independent reading of Điều 9 khoản 2: the k-th best and the worst mark tell everything."""
    best = sorted(tenths, reverse=True) + [-1] * needed
    nth, worst, failed = best[needed - 1], min(tenths, default=1000), len(passed) - sum(passed)
    if failed == 0 and nth >= 80 and worst >= 65:
        return 3
    if failed == 0 and nth >= 65 and worst >= 50:
        return 2
    return 1 if failed <= 1 and nth >= 50 and worst >= 35 else 0


def oracle(tenths: list[int], passed: list[bool], setting: Setting) -> tuple[int, int]:
    """Level and base level; Điều 9 khoản 3 tried by brute force over every single subject."""
    needed, raised = setting.min_scored, setting.adjust_reading == "raised"
    base = ladder(tenths, passed, needed)
    worlds = []
    for place in range(len(tenths)):
        worlds.append((tenths[:place] + [100] * raised + tenths[place + 1 :], passed))
    if setting.adjust_includes_comment:
        for place in range(len(passed)):
            worlds.append((tenths, passed[:place] + [True] * raised + passed[place + 1 :]))
    saved = [ladder(marks, comments, needed) for marks, comments in worlds]
    once = sum(1 for level in saved if level >= 2 and level - base >= 2) == 1
    return base + once, base


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
@settings(max_examples=120, deadline=None)
@given(PUPILS)
def test_level_and_adjustment_equal_an_independent_brute_force(
    setting: Setting, pupil: tuple[list[int], list[bool]]
) -> None:
    decision = decide(*pupil, setting)
    assert decision.base is not None
    assert (decision.rating.rank, decision.base.rank) == oracle(*pupil, setting)


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
@settings(max_examples=120, deadline=None)
@given(PUPILS, st.data())
def test_raising_one_mark_never_lowers_the_level(
    setting: Setting, pupil: tuple[list[int], list[bool]], data: st.DataObject
) -> None:
    tenths, passed = pupil
    place = data.draw(st.integers(0, len(tenths) + len(passed) - 1))
    if place < len(tenths):
        better = data.draw(st.integers(tenths[place], 100))
        raised = [*tenths[:place], better, *tenths[place + 1 :]], passed
    else:
        place -= len(tenths)
        raised = tenths, [*passed[:place], True, *passed[place + 1 :]]
    assert decide(*raised, setting).rating.rank >= decide(*pupil, setting).rating.rank


@settings(max_examples=150, deadline=None)
@given(PUPILS)
def test_the_adjustment_raises_by_exactly_one_step_and_never_to_the_top(
    pupil: tuple[list[int], list[bool]],
) -> None:
    decision = decide(*pupil, Setting())
    assert decision.base is not None
    assert decision.rating.rank - decision.base.rank == (1 if decision.adjusted_by else 0)
    assert not (decision.adjusted_by and decision.rating is Rating.GOOD)


MARKS = st.integers(0, 100).map(lambda n: Fraction(n, 10))


def canonical(mark: Fraction) -> str:
    tenths = int(mark * 10)
    return f"{tenths // 10}.{tenths % 10}".removesuffix(".0")


def half_up(value: Fraction) -> Fraction:
    """Nearest tenth by whole-number arithmetic, halves up."""
    return Fraction((20 * value.numerator + value.denominator) // (2 * value.denominator), 10)


@settings(max_examples=150, deadline=None)
@given(*[st.tuples(st.lists(MARKS, min_size=4, max_size=6), MARKS, MARKS)] * 2)
def test_averages_round_half_up_like_exact_fractions(
    first: tuple[list[Fraction], Fraction, Fraction], second: tuple[list[Fraction], Fraction, Fraction]
) -> None:
    terms, wanted = [], []
    for regular, mid, final in (first, second):
        terms.append(TermMarks(tuple(map(canonical, regular)), canonical(mid), canonical(final)))
        wanted.append(half_up((sum(regular) + 2 * mid + 3 * final) / (len(regular) + 5)))
    outcome = year_value(SubjectYear(SCORED[0], *terms))
    year = half_up((wanted[0] + 2 * wanted[1]) / 3)
    got = [outcome.term1.text, outcome.term2.text, outcome.year_text]
    assert got == [canonical(one) for one in (*wanted, year)]


def test_the_sentence_says_why_and_what_stands_in_the_way_of_the_next_level() -> None:
    good = decide([80] * 3 + [65] * 5, [True] * 4, Setting())
    assert good.explanation == (
        "Khá, vì các môn đánh giá bằng nhận xét đều Đạt, tất cả 8 môn tính điểm có ĐTBmcn từ 5,0 trở lên, "
        "có 8 môn từ 6,5 trở lên (cần 6); chưa đạt mức Tốt vì chỉ có 3 môn từ 8,0 trở lên (cần 6) "
        "(Thông tư 22/2021/TT-BGDĐT, Điều 9 khoản 2 điểm b)."
    )


def test_the_sentence_names_the_subjects_that_are_too_low_with_their_marks() -> None:
    decision = decide([50] * 6 + [49, 34], [True], Setting())
    assert "chưa đủ điều kiện của mức Đạt: Môn 7 (3,4) dưới 3,5 " in decision.explanation


def test_the_sentence_of_an_adjusted_level_names_the_subject_and_the_clause() -> None:
    decision = decide([80] * 7 + [45], [True], Setting())
    assert decision.adjusted_by == "s7"
    assert decision.clause == "TT 22/2021 Điều 9 khoản 3"
    assert "nếu không tính Môn 7 (4,5) thì đạt mức Tốt" in decision.explanation
    assert "duy nhất một môn học" in decision.explanation


def test_the_semester_is_named_by_its_average() -> None:
    results = [(one, "8") for one in SCORED[:6]]
    assert "ĐTBmhk" in study_rating(results, where=Term.ONE).explanation
    assert "ĐTBmcn" in study_rating(results).explanation


def test_an_exempt_subject_is_left_out_and_a_blank_one_is_never_guessed() -> None:
    results = [(one, "8") for one in SCORED[:6]]
    assert study_rating([*results, (SCORED[6], "M"), (COMMENTS[0], "M")]).value == "Tốt"
    for blank in ((SCORED[6], ""), (COMMENTS[0], ""), (COMMENTS[0], "8"), (SCORED[6], "Đ")):
        with pytest.raises(DomainError):
            study_rating([*results, blank])
    with pytest.raises(DomainError) as nothing:
        study_rating([(SCORED[0], "M")])
    assert nothing.value.code == "tt22.nothing_assessed"


def test_what_is_missing_is_named_by_its_column() -> None:
    toan = grade(6).subject("toan")
    empty = term_result(toan, None)
    assert (empty.text, empty.missing) == ("", ("4 ĐĐGtx", "ĐĐGgk", "ĐĐGck"))
    assert term_result(toan, TermMarks(("7", "", "8", ""), "6")).missing == ("2 ĐĐGtx", "ĐĐGck")
    assert term_result(toan, TermMarks(("7", "V", "8", "9"), "6", "M")).missing == ("ĐĐGck (ghi miễn)",)
    strict = Setting(absent_without_makeup_is_zero=False)
    assert term_result(toan, TermMarks(("7", "V", "8", "9"), "6", "V"), strict).missing == (
        "1 ĐĐGtx",
        "ĐĐGck (vắng, chưa kiểm tra bù)",
    )
    sport = grade(6).subject("giao-duc-the-chat")
    assert term_result(sport, TermMarks(("Đ",), "Đ", "")).missing == ("1 ĐĐGtx", "ĐĐGck")


def test_a_comment_subject_needs_every_assessment_at_dat() -> None:
    sport = grade(6).subject("giao-duc-the-chat")
    assert term_result(sport, TermMarks(("Đ", "Đ"), "Đ", "Đ")).passed is True
    for marks in ((("CĐ", "Đ"), "Đ", "Đ"), (("Đ", "Đ"), "Đ", "CĐ"), (("Đ", "Đ"), "V", "Đ")):
        assert term_result(sport, TermMarks(*marks)).text == "CĐ"


def test_a_topic_cluster_counts_as_one_regular_mark_within_or_on_top() -> None:
    chemistry = grade(10).subject("hoa-hoc")
    assert chemistry.regular_count == 3
    marks = TermMarks(("8", "8"), "8", "8", topic="10")
    assert term_result(chemistry, marks).text == "8.3"  # (26 + 16 + 24) / 8 = 8.25
    on_top = Setting(topic_counts_within=False)
    assert term_result(chemistry, marks, on_top).missing == ("1 ĐĐGtx",)
    full = TermMarks(("8", "8", "8"), "8", "8")
    counted = year_value(SubjectYear(chemistry, full, full, topic_marks=("", "10")), on_top)
    assert (counted.term1.text, counted.term2.text) == ("8", "8.2")  # 74 / 9 = 8.22


def test_a_mark_that_does_not_fit_the_form_is_refused() -> None:
    toan, sport = grade(6).subject("toan"), grade(6).subject("giao-duc-the-chat")
    for subject, text in ((toan, "Đ"), (sport, "8")):
        with pytest.raises(DomainError) as refused:
            term_result(subject, flat(subject, text))
        assert refused.value.code == "tt22.mark_form"
    for text in ("7,5", "7.0", "7.55", "11", "x", "-1"):
        with pytest.raises(DomainError):
            TermMarks((text,))
