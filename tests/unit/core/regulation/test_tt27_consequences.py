"""Completion, promotion, titles, re-assessment and contradictions: Circular 27/2020 Điều 8, 11, 13."""

from typing import Any

import pytest

from hocbaso.core.errors import DomainError
from hocbaso.core.regulation.tt27 import (
    ExemplaryProposal,
    Need,
    Overall,
    PrincipalDecision,
    Stated,
    SubjectResult,
    TraitResult,
    contradiction,
    contradictions,
    decide_promotion,
    evaluate_year,
    excellent_title,
    exemplary_title,
    read_flag,
    read_overall,
    read_subject_level,
    read_test_score,
    read_trait_level,
    reassess,
)
from hocbaso.core.regulation.tt27 import Setting as Rules
from hocbaso.core.vietnamese.reading import Severity
from tests.unit.core.regulation.pupils import subjects, traits, year

YES = PrincipalDecision(True, "tiến bộ trong hè", "12/QĐ")
NO = PrincipalDecision(False, "chưa đọc thông viết thạo")


def refused(code: str, call: Any) -> None:
    with pytest.raises(DomainError) as caught:
        call()
    assert caught.value.code == code


@pytest.mark.parametrize("grade", [1, 2, 3, 4])
def test_who_completed_a_grade_moves_up(grade: int) -> None:
    promotion = decide_promotion(year(grade, "H", 5, "Đ"))
    assert promotion.promoted is True
    assert promotion.completion is not None
    assert promotion.completion.value == f"Hoàn thành chương trình lớp {grade}, được lên lớp {grade + 1}"
    assert promotion.clause == "TT 27/2020 Điều 11 khoản 1 điểm a"


def test_who_completed_grade_5_completed_primary_education() -> None:
    promotion = decide_promotion(year(5))
    assert promotion.completion is not None
    assert promotion.completion.value == "Hoàn thành chương trình tiểu học"
    assert promotion.completion.clause == "TT 27/2020 Điều 11 khoản 2"


def test_who_did_not_complete_is_reassessed_first_and_then_the_principal_decides() -> None:
    failed = year(3, "C", 3, "C")
    assert decide_promotion(failed).need is Need.REASSESSMENT
    assert decide_promotion(failed, reassessed=True).need is Need.PRINCIPAL
    refused("tt27.reassess_first", lambda: decide_promotion(failed, principal=YES))
    up = decide_promotion(failed, reassessed=True, principal=YES)
    stay = decide_promotion(failed, reassessed=True, principal=NO)
    assert up.completion is not None
    assert stay.completion is not None
    assert (up.promoted, up.completion.value) == (True, "Chưa hoàn thành chương trình lớp 3, được lên lớp 4")
    assert (stay.promoted, stay.completion.value) == (
        False,
        "Chưa hoàn thành chương trình lớp 3, chưa được lên lớp 4",
    )
    assert up.clause == stay.clause == "TT 27/2020 Điều 11 khoản 1 điểm c"
    assert "quyết định số 12/QĐ của Hiệu trưởng: tiến bộ trong hè" in up.explanation


def test_the_principal_cannot_decide_against_the_circular() -> None:
    refused("tt27.principal_not_needed", lambda: decide_promotion(year(3), principal=NO))
    assert decide_promotion(year(3), principal=YES).clause == "TT 27/2020 Điều 11 khoản 1 điểm a"
    failed = year(3, "C", 3, "C")
    silent = PrincipalDecision(True, "  ")
    refused("tt27.reason_needed", lambda: decide_promotion(failed, reassessed=True, principal=silent))
    last = year(5, "C", 3, "C")
    refused("tt27.last_grade", lambda: decide_promotion(last, reassessed=True, principal=YES))
    stay = decide_promotion(last, reassessed=True, principal=NO)
    assert stay.completion is not None
    assert stay.completion.value == "Chưa hoàn thành chương trình tiểu học"


def test_without_a_result_there_is_no_promotion() -> None:
    open_year = evaluate_year(3, subjects(3, toan=("T", None)), traits(3))
    promotion = decide_promotion(open_year)
    assert (promotion.promoted, promotion.completion, promotion.need) == (None, None, Need.RESULT)
    refused("tt27.result_first", lambda: decide_promotion(open_year, principal=YES))


def test_with_an_individual_plan_the_principal_always_decides() -> None:
    for decision in (year(4, individual_plan=True), year(4, "C", 3, "C", individual_plan=True)):
        promotion = decide_promotion(decision)
        assert (promotion.need, promotion.clause) == (Need.PRINCIPAL, "TT 27/2020 Điều 8")
        assert decide_promotion(decision, principal=NO).promoted is False
        up = decide_promotion(decision, principal=YES)
        assert up.completion is not None
        assert "theo kế hoạch giáo dục cá nhân, được lên lớp 5" in up.completion.value
    last = decide_promotion(year(5, "C", 3, "C", individual_plan=True), principal=YES)
    assert last.completion is not None
    assert last.completion.value == "Hoàn thành chương trình tiểu học theo kế hoạch giáo dục cá nhân"


def test_the_excellent_title_follows_the_level_alone() -> None:
    title = excellent_title(year(3, score=9))
    assert title is not None
    assert (title.value, title.clause) == ("Học sinh Xuất sắc", "TT 27/2020 Điều 13 khoản 1 điểm a")
    assert excellent_title(year(3, score=8)) is None
    assert excellent_title(evaluate_year(3, subjects(3), traits(3)[1:])) is None


def test_the_exemplary_title_needs_a_proposal_grounds_the_class_and_the_level() -> None:
    good = year(3, score=8)
    full = ExemplaryProposal(("toan", "am-nhac"), ("pc-cham-chi",), recognised_by_class=True)
    title = exemplary_title(good, full)
    assert title.value == "Học sinh Tiêu biểu hoàn thành tốt trong học tập và rèn luyện"
    assert "thành tích xuất sắc về Toán, Âm nhạc, có tiến bộ rõ rệt về Chăm chỉ" in title.explanation
    for level, score, trait in (("T", 9, "T"), ("H", 5, "Đ"), ("C", 1, "C")):
        other = year(3, level, score, trait)
        refused("tt27.exemplary_level", lambda other=other: exemplary_title(other, full))
    refused("tt27.exemplary_grounds", lambda: exemplary_title(good, ExemplaryProposal((), (), True)))
    refused("tt27.exemplary_class", lambda: exemplary_title(good, ExemplaryProposal(("toan",))))
    refused(
        "programme.subject",
        lambda: exemplary_title(good, ExemplaryProposal(("khoa-hoc",), recognised_by_class=True)),
    )


def test_summer_results_replace_what_was_in_the_way_and_the_year_is_evaluated_again() -> None:
    some, others = subjects(3, "H", 6, toan=("C", 3), am_nhac=("C", None)), traits(3, pc_cham_chi="C")
    assert evaluate_year(3, some, others).blocking == ("toan", "am-nhac", "pc-cham-chi")
    after = reassess(
        3,
        some,
        others,
        new_subjects=[SubjectResult("toan", "H", 5), SubjectResult("am-nhac", "H")],
        new_traits=[TraitResult("pc-cham-chi", "Đ")],
    )
    assert after.decision.overall is Overall.COMPLETED
    assert after.replaced == ("toan", "am-nhac", "pc-cham-chi")
    assert [one for one in after.subjects if one.code == "toan"] == [SubjectResult("toan", "H", 5)]
    assert decide_promotion(after.decision, reassessed=True).promoted is True


def test_a_new_test_alone_keeps_the_level_and_may_still_not_be_enough() -> None:
    some = subjects(3, toan=("C", 3))
    after = reassess(3, some, traits(3), new_subjects=[SubjectResult("toan", None, 6)])
    assert after.decision.overall is Overall.NOT_COMPLETED
    assert after.decision.blocking == ("toan",)
    assert decide_promotion(after.decision, reassessed=True).need is Need.PRINCIPAL


def test_a_new_level_alone_keeps_the_test() -> None:
    some = subjects(3, toan=("C", 6))
    after = reassess(3, some, traits(3), new_subjects=[SubjectResult("toan", "H")])
    assert SubjectResult("toan", "H", 6) in after.subjects
    assert after.decision.overall is Overall.COMPLETED


def test_only_what_was_in_the_way_is_reassessed() -> None:
    failed = subjects(3, toan=("C", 3))
    better = [SubjectResult("tieng-viet", "T", 10)]
    refused("tt27.reassess_item", lambda: reassess(3, failed, traits(3), new_subjects=better))
    kinder = [TraitResult("pc-nhan-ai", "T")]
    refused("tt27.reassess_item", lambda: reassess(3, failed, traits(3), new_traits=kinder))
    refused("tt27.reassess_nothing", lambda: reassess(3, failed, traits(3)))
    refused("tt27.reassess_completed", lambda: reassess(3, subjects(3), traits(3), new_subjects=better))
    unfinished = subjects(3, toan=("C", None))
    refused("tt27.result_first", lambda: reassess(3, unfinished, traits(3), new_subjects=better))


def test_a_stated_level_that_differs_is_shown_with_the_rules_reason_and_not_resolved() -> None:
    decision = year(3, score=8)
    found = contradiction("HTXS", decision)
    assert found is not None
    assert (found.code, found.severity, found.proposal) == ("tt27.stated_overall", Severity.ERROR, "HTT")
    assert decision.explanation in found.message
    assert decision.overall is Overall.GOOD


@pytest.mark.parametrize("overall", list(Overall))
def test_a_stated_level_agrees_only_with_itself(overall: Overall) -> None:
    uniform = {"HTXS": ("T", 9, "T"), "HTT": ("T", 7, "T"), "HT": ("H", 5, "Đ"), "CHT": ("C", 1, "C")}
    for abbreviation in uniform:
        found = contradiction(abbreviation, year(3, *uniform[overall.abbreviation]))
        assert (found is None) == (abbreviation == overall.abbreviation)
    assert contradiction(None, year(3)) is None
    assert contradiction("", year(3)) is None


def test_an_unknown_abbreviation_and_an_undetermined_result_are_told_apart() -> None:
    unknown = contradiction("GIOI", year(3))
    assert unknown is not None
    assert unknown.code == "tt27.overall_unknown"
    unfinished = contradiction("HT", evaluate_year(3, subjects(3), traits(3)[1:]))
    assert unfinished is not None
    assert (unfinished.code, unfinished.severity) == ("tt27.stated_undetermined", Severity.WARNING)


@pytest.mark.parametrize(
    ("stated", "pupil", "codes"),
    [
        (Stated(Overall.COMPLETED, True, True), ("H", 5, "Đ"), []),
        (Stated(Overall.NOT_COMPLETED, False, False), ("C", 1, "C"), []),
        (Stated(None, None, None), ("C", 1, "C"), []),
        (Stated(Overall.NOT_COMPLETED, False, True), ("C", 1, "C"), ["stated_promoted"]),
        (Stated(Overall.NOT_COMPLETED, True, False), ("C", 1, "C"), ["stated_completed"]),
        (
            Stated(Overall.COMPLETED, False, False),
            ("H", 5, "Đ"),
            ["stated_not_completed", "stated_not_promoted"],
        ),
        (
            Stated(Overall.COMPLETED, True, True),
            ("C", 1, "C"),
            ["stated_overall", "stated_completed", "stated_promoted"],
        ),
    ],
)
def test_flags_of_the_workbook_are_compared_too(
    stated: Stated, pupil: tuple[str, int, str], codes: list[str]
) -> None:
    found = contradictions(stated, year(3, *pupil))
    assert [one.code.removeprefix("tt27.") for one in found] == codes


def test_levels_are_read_as_written_and_near_misses_asked() -> None:
    for raw, value in (("T", "T"), (" H ", "H"), ("Chưa hoàn thành", "C")):
        assert (read_subject_level(raw).value, read_subject_level(raw).exact) == (value, True)
    for raw, value in (("T", "T"), ("Đ", "Đ"), ("Cần cố gắng", "C"), ("Đ", "Đ")):
        assert (read_trait_level(raw).value, read_trait_level(raw).exact) == (value, True)
    for raw, value in (("D", "Đ"), ("đ", "Đ"), ("Ð", "Đ"), ("t", "T"), ("tốt", "T")):
        assert (read_trait_level(raw).value, read_trait_level(raw).asked) == (value, True)
    assert read_subject_level("h").asked
    for raw in ("Đ", "A", "8", 8, "TT"):
        assert read_subject_level(raw).refused
    assert read_trait_level("H").refused
    assert read_subject_level(None).empty
    assert read_trait_level(" ").empty


def test_test_scores_are_whole_numbers_from_1_to_10() -> None:
    assert [read_test_score(raw).value for raw in (1, 10, "7", 8.0)] == [1, 10, 7, 8]
    assert all(read_test_score(raw).refused for raw in (0, 11, "7,5", 7.5, "T", "-1"))
    assert read_test_score(0, setting=Rules(allow_zero=True)).value == 0


def test_overall_and_flags_of_workbooks_are_read() -> None:
    assert [read_overall(raw).value for raw in ("HTXS", "htt", "HT", "Chưa hoàn thành")] == [
        Overall.EXCELLENT,
        Overall.GOOD,
        Overall.COMPLETED,
        Overall.NOT_COMPLETED,
    ]
    assert read_overall("Giỏi").refused
    assert read_overall(None).empty
    assert [read_flag(raw).value for raw in ("x", "X", None, " ")] == [True, True, False, False]
    assert read_flag("có").refused
