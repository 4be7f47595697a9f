"""The whole year: what is missing, transfers, exemptions, individual plans, continuing education, conduct."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hocbaso.core.errors import DomainError
from hocbaso.core.regulation.tt22 import (
    PrincipalDecision,
    Rating,
    Setting,
    SubjectYear,
    TermMarks,
    YearInput,
    YearOutcome,
    conduct_year,
    evaluate_year,
    year_value,
)
from tests.unit.core.regulation.secondary_pupils import flat, grade, pupil, steady

T, K, D, C = Rating.GOOD, Rating.FAIR, Rating.PASS, Rating.FAIL

#: Điều 8 khoản 2 điểm b in the words of the circular: semester I, semester II, year.
CONDUCT = """
T T T   K T T   Đ T K   CĐ T K
T K K   K K K   Đ K K   CĐ K Đ
T Đ K   K Đ Đ   Đ Đ Đ   CĐ Đ Đ
T CĐ CĐ K CĐ CĐ Đ CĐ CĐ CĐ CĐ CĐ
"""


def changed(data: YearInput, code: str, **values: object) -> YearInput:
    """The pupil with another subject line."""
    subjects = tuple(
        replace(one, **values) if one.subject.code == code else one  # type: ignore[arg-type]
        for one in data.subjects
    )
    return replace(data, subjects=subjects)


def value(decision: object) -> str | None:
    return getattr(decision, "value", None)


def test_conduct_of_the_year_follows_the_whole_table() -> None:
    words = CONDUCT.split()
    by_letter = {one.abbreviation: one for one in Rating}
    cases = [tuple(by_letter[word] for word in words[n : n + 3]) for n in range(0, 48, 3)]
    assert len({case[:2] for case in cases}) == 16
    for first, second, year in cases:
        decision = conduct_year(first, second)
        assert decision is not None
        assert decision.rating is year
        assert first.value in decision.explanation
    assert conduct_year(None, T) is None
    assert conduct_year(T, None) is None


def test_conduct_of_the_year_never_falls_when_a_semester_rises() -> None:
    for first, second in product(Rating, Rating):
        for better in (one for one in Rating if one.rank > first.rank):
            low, high = conduct_year(first, second), conduct_year(better, second)
            assert low is not None
            assert high is not None
            assert high.rating.rank >= low.rating.rank
            swapped, raised = conduct_year(second, first), conduct_year(second, better)
            assert swapped is not None
            assert raised is not None
            assert raised.rating.rank >= swapped.rating.rank


def test_a_missing_final_mark_leaves_open_only_what_rests_on_it() -> None:
    data = pupil(6, ["8"] * 8)
    toan = next(one for one in data.subjects if one.subject.code == "toan")
    assert toan.term2 is not None
    outcome = evaluate_year(changed(data, "toan", term2=replace(toan.term2, final="")))
    assert outcome.missing == ("Toán: ĐĐGck học kỳ II",)
    assert value(outcome.study1) == "Tốt"
    assert (outcome.study2, outcome.study_year, outcome.title) == (None, None, None)
    assert (outcome.promoted, outcome.completed, outcome.determined) == (None, None, False)
    assert value(outcome.conduct_year) == "Tốt"
    assert outcome.promotion.value == "Chưa xét được"


def test_semester_one_of_a_comment_subject_does_not_hold_up_the_year() -> None:
    data = changed(pupil(6, ["8"] * 8), "giao-duc-the-chat", term1=None)
    outcome = evaluate_year(data)
    assert outcome.study1 is None
    assert (value(outcome.study_year), outcome.promoted) == ("Tốt", True)
    assert outcome.missing[0] == "Giáo dục thể chất: 2 ĐĐGtx học kỳ I"


def test_a_compulsory_subject_that_is_not_there_is_missing() -> None:
    data = pupil(6, ["8"] * 8)
    data = replace(data, subjects=data.subjects[1:], conduct2=None, absences=None)
    outcome = evaluate_year(data)
    assert outcome.missing == (
        "Ngữ văn: chưa có kết quả",
        "Kết quả rèn luyện học kỳ II",
        "Số buổi nghỉ",
    )
    assert (outcome.study1, outcome.conduct_year, outcome.promoted) == (None, None, None)


def test_unknown_absences_are_missing_unless_the_caller_allows_them() -> None:
    data = pupil(6, ["8"] * 8, absences=None)
    assert evaluate_year(data).promoted is None
    assert value(evaluate_year(data).title) == "Học sinh Giỏi"  # titles do not rest on absences
    allowed = evaluate_year(data, allow_unknown_absences=True)
    assert (allowed.promoted, allowed.missing) == (True, ())
    assert "Chưa ghi số buổi nghỉ" in allowed.problems[0]


def test_absences_that_are_no_count_are_refused() -> None:
    for wrong in (-1, True):
        with pytest.raises(DomainError) as refused:
            evaluate_year(pupil(6, absences=wrong))
        assert refused.value.code == "tt22.absences"


def test_the_semester_result_of_the_sending_school_is_carried() -> None:
    data = changed(pupil(6, ["8"] * 8), "toan", term1=None, carried_term1="6.5")
    outcome = evaluate_year(data)
    assert outcome.subject("toan").year_text == "7.5"  # (6,5 + 16) : 3
    assert "trường nơi học sinh chuyển đi" in outcome.subject("toan").term1.explanation
    assert outcome.missing == ()


def test_a_single_semester_needs_the_principals_decision() -> None:
    subject = grade(6).subject("toan")
    exempt = TermMarks(("M",) * 4, "M", "M")
    alone = year_value(SubjectYear(subject, exempt, flat(subject, "7")))
    assert alone.year is None
    assert alone.missing == ("kết quả cả năm (chỉ có một học kỳ, cần Hiệu trưởng quyết định)",)
    decided = SubjectYear(
        subject, exempt, flat(subject, "7"), decided="7", decided_reason="mới từ nước ngoài về"
    )
    assert year_value(decided).year_text == "7"
    assert "mới từ nước ngoài về" in year_value(decided).explanation
    assert year_value(SubjectYear(subject, exempt, exempt)).exempt


def test_an_exempt_subject_is_left_out_with_its_reason() -> None:
    data = changed(pupil(6, ["8"] * 8), "giao-duc-the-chat", term1=None, term2=None, exempt="bệnh tim")
    outcome = evaluate_year(data)
    assert outcome.subject("giao-duc-the-chat").after_retest_text == "M"
    assert (value(outcome.study_year), outcome.missing) == ("Tốt", ())


def test_a_retest_replaces_even_with_a_lower_mark_and_is_not_used_where_it_is_not_due() -> None:
    scores = ["5"] * 5 + ["4.9"] * 3
    lower = evaluate_year(pupil(6, scores, retests={"cong-nghe": "5", "tin-hoc": "3"}))
    assert value(lower.study_after) == "Chưa đạt"  # 3,0 in Tin học now spoils what 4,9 did not
    assert lower.retests == ("khoa-hoc-tu-nhien", "cong-nghe", "tin-hoc")
    assert lower.summer == ("Kiểm tra, đánh giá lại: Khoa học tự nhiên, Công nghệ, Tin học",)
    idle = evaluate_year(pupil(6, ["8"] * 8, retests={"tin-hoc": "3"}))
    assert value(idle.study_final) == "Tốt"
    assert "Tin học" in idle.problems[0]


def test_a_pupil_absent_at_the_retest_keeps_the_old_result() -> None:
    scores = ["5"] * 5 + ["4.9"] * 3
    outcome = evaluate_year(pupil(6, scores, retests={"tin-hoc": "V"}))
    assert outcome.study_after is None
    assert outcome.summer_pending


def test_conduct_and_study_both_below_open_the_retest_only_by_setting() -> None:
    scores = ["5"] * 5 + ["4.9"] * 3
    data = pupil(6, scores, conduct1=C, conduct2=C, conduct_summer=D, retests={"tin-hoc": "6"})
    letter = evaluate_year(data)
    assert (letter.retests, letter.promoted, letter.summer_pending) == ((), False, False)
    lenient = evaluate_year(data, Setting(retest_needs_year_conduct=False))
    assert (lenient.promoted, lenient.promotion.value) == (True, "Được lên lớp 7")
    assert "sau khi rèn luyện trong hè" in lenient.promotion.explanation
    waiting = evaluate_year(replace(data, conduct_summer=None), Setting(retest_needs_year_conduct=False))
    assert waiting.summer_pending


def test_summer_training_that_is_not_due_is_noted_and_not_used() -> None:
    outcome = evaluate_year(pupil(6, ["8"] * 8, conduct_summer=C))
    assert (outcome.conduct_after, outcome.promoted) == (None, True)
    assert "Điều 13" in outcome.problems[0]


def test_the_principal_decides_for_a_pupil_with_an_individual_plan() -> None:
    data = pupil(6, ["8"] * 8, individual_plan=True)
    for code in ("ngoai-ngu-1", "khoa-hoc-tu-nhien", "cong-nghe"):
        data = changed(data, code, term1=None, term2=None, exempt="kế hoạch giáo dục cá nhân")
    waiting = evaluate_year(data)
    assert value(waiting.study_year) == "Tốt"  # five subjects, five counted
    assert (waiting.promoted, waiting.promotion.value) == (None, "Chờ Hiệu trưởng quyết định")
    told = PrincipalDecision(True, "đạt mục tiêu của kế hoạch", "12/QĐ")
    decided = evaluate_year(replace(data, principal_decision=told))
    assert (decided.promoted, decided.promotion.value) == (True, "Được lên lớp 7")
    assert "số 12/QĐ" in decided.promotion.explanation
    with pytest.raises(DomainError) as reasonless:
        evaluate_year(replace(data, principal_decision=PrincipalDecision(True, " ")))
    assert reasonless.value.code == "tt22.reason_needed"
    with pytest.raises(DomainError) as other:
        evaluate_year(replace(pupil(6), principal_decision=told))
    assert other.value.code == "tt22.principal_not_needed"


def test_continuing_education_counts_five_of_seven_and_cites_its_circular() -> None:
    scores = ["8"] * 5 + ["6.5"] * 2
    outcome = evaluate_year(pupil(10, scores, continuing=True))
    assert value(outcome.study_year) == "Tốt"
    assert value(outcome.title) == "Học viên Giỏi"
    assert outcome.study_year is not None
    assert outcome.study_year.clause == "TT 43/2021 (như TT 22/2021 Điều 9 khoản 2 điểm a)"
    asked = evaluate_year(pupil(10, scores, continuing=True), Setting(min_scored=7))
    assert value(asked.study_year) == "Khá"
    last = evaluate_year(pupil(12, scores, continuing=True))
    assert last.promotion.value == ("Hoàn thành chương trình giáo dục thường xuyên cấp trung học phổ thông")


def test_electives_that_are_comment_subjects_count_as_such() -> None:
    chosen = ("dia-li", "vat-li", "am-nhac", "mi-thuat")
    outcome = evaluate_year(pupil(10, ["8"] * 7, ["Đ", "Đ", "CĐ"], electives=chosen))
    assert (value(outcome.study_year), outcome.problems) == ("Khá", ())
    assert outcome.study_year is not None
    assert outcome.study_year.adjusted_by == "mi-thuat"
    many = evaluate_year(pupil(10, ["8"] * 10, electives=(*chosen, "hoa-hoc")))
    assert many.problems == ("Học sinh cần chọn đúng 4 môn học lựa chọn.",)


def test_fewer_electives_than_four_are_missing_so_that_no_level_is_made_up_from_the_rest() -> None:
    few = evaluate_year(pupil(10, ["8"] * 9, electives=("dia-li", "vat-li", "hoa-hoc")))
    assert few.missing == ("Môn học lựa chọn (mới ghi 3 trong 4 môn): chưa có kết quả",)
    assert (few.study1, few.study_year, few.promoted, few.title) == (None, None, None, None)
    planned = evaluate_year(pupil(10, ["8"] * 9, electives=(), individual_plan=True))
    assert value(planned.study_year) == "Tốt"


def test_a_subject_given_twice_or_of_another_grade_is_refused() -> None:
    data = pupil(6)
    with pytest.raises(DomainError) as twice:
        evaluate_year(replace(data, subjects=(*data.subjects, data.subjects[0])))
    assert twice.value.code == "tt22.duplicate"
    foreign = steady(grade(10).subject("vat-li"), "8")
    with pytest.raises(DomainError) as other:
        evaluate_year(replace(data, subjects=(*data.subjects, foreign)))
    assert other.value.code == "programme.subject"


def test_an_optional_subject_that_is_taken_counts() -> None:
    data = pupil(6, ["8"] * 8)
    extra = steady(data.grade.subject("ngoai-ngu-2"), "6.4")
    assert value(evaluate_year(replace(data, subjects=(*data.subjects, extra))).study_year) == "Khá"


RATINGS = st.sampled_from(list(Rating))
SCORES = st.lists(st.sampled_from(["3", "3.5", "4.9", "5", "6.5", "8", "9", "10"]), min_size=8, max_size=8)
PUPILS = st.builds(
    lambda scores, comments, one, two, days, retest, trained, done: pupil(
        6,
        scores,
        comments,
        conduct1=one,
        conduct2=two,
        absences=days,
        retests={"tin-hoc": retest} if retest else {},
        conduct_summer=trained,
        summer_done=done,
    ),
    SCORES,
    st.lists(st.sampled_from(["Đ", "Đ", "Đ", "CĐ"]), min_size=4, max_size=4),
    RATINGS,
    RATINGS,
    st.sampled_from([0, 45, 46]),
    st.sampled_from(["", "5", "8"]),
    st.sampled_from([None, D, C]),
    st.booleans(),
)


def promoted_by_the_three_conditions(outcome: YearOutcome) -> bool:
    assert outcome.study_final is not None
    assert outcome.conduct_final is not None
    assert outcome.absences is not None
    return (
        outcome.study_final.rating is not C
        and outcome.conduct_final.rating is not C
        and outcome.absences <= 45
    )


@settings(max_examples=150, deadline=None)
@given(PUPILS)
def test_what_holds_for_every_pupil(data: YearInput) -> None:
    outcome = evaluate_year(data)
    assert outcome.missing == ()
    assert outcome.promoted is promoted_by_the_three_conditions(outcome)
    assert not (outcome.promoted and outcome.summer_pending)
    assert not (data.summer_done and outcome.summer_pending)
    assert not (outcome.title and value(outcome.study_year) != "Tốt")
    if outcome.retests:
        assert (value(outcome.study_year), value(outcome.conduct_year) != "Chưa đạt") == ("Chưa đạt", True)
        assert all(outcome.subject(code).below for code in outcome.retests)
    every = [outcome.study1, outcome.study2, outcome.study_year, outcome.conduct_year, outcome.promotion]
    for decision in [*every, outcome.title, outcome.study_after, outcome.conduct_after]:
        if decision is not None:
            assert decision.clause.startswith("TT 22/2021 Điều")
            assert decision.explanation.startswith(
                (f"{decision.value},", f"{decision.value}:", decision.value)
            )
            assert "Thông tư 22/2021/TT-BGDĐT, Điều" in decision.explanation
            assert ".." not in decision.explanation


@settings(max_examples=100, deadline=None)
@given(PUPILS, st.integers(0, 7), st.sampled_from(["5", "6.5", "8", "10"]))
def test_without_a_summer_a_better_mark_never_loses_promotion_or_title(
    data: YearInput, place: int, better: str
) -> None:
    data = replace(
        data,
        conduct_summer=None,
        subjects=tuple(replace(one, retest="") for one in data.subjects),
    )
    scored = [one for one in data.subjects if one.subject.scored][place]
    assert scored.term1 is not None
    if float(scored.term1.final) > float(better):
        return
    raised = evaluate_year(
        changed(
            data, scored.subject.code, term1=flat(scored.subject, better), term2=flat(scored.subject, better)
        )
    )
    before = evaluate_year(data)
    assert bool(raised.promoted) >= bool(before.promoted)
    titles = [None, "Học sinh Giỏi", "Học sinh Xuất sắc"]
    assert titles.index(value(raised.title)) >= titles.index(value(before.title))


def test_a_retest_that_is_not_due_does_not_stand_as_the_result_that_counts() -> None:
    outcome = evaluate_year(pupil(6, ["8"] * 7 + ["4.5"], retests={"tin-hoc": "9"}))
    line = outcome.subject("tin-hoc")
    assert (line.retested, line.after_retest_text, line.year_text) == (False, "4.5", "4.5")
    assert outcome.study_after is None
    assert len(outcome.problems) == 1


def test_absences_do_not_keep_a_held_retest_from_replacing_the_year_result() -> None:
    weak = ["5"] * 5 + ["4.9"] * 3
    held = evaluate_year(pupil(6, weak, retests={"tin-hoc": "9"}, absences=46))
    assert held.study_after is not None
    assert (held.study_after.value, held.promoted, held.summer_pending) == ("Đạt", False, False)
    assert held.retests == ("tin-hoc",)
    assert evaluate_year(pupil(6, weak, absences=46)).retests == ()
