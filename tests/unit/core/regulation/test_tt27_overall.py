"""Overall level of a primary year: Circular 27/2020 Điều 9 khoản 2 điểm a."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hocbaso.core.errors import DomainError
from hocbaso.core.regulation.programme import TT32_PRIMARY
from hocbaso.core.regulation.tt27 import (
    MissingKind,
    Overall,
    Setting,
    SubjectLevel,
    SubjectResult,
    TraitLevel,
    TraitResult,
    evaluate_year,
)
from tests.unit.core.regulation.pupils import subjects, traits, year

SAMPLE = Path(__file__).parents[3] / "data" / "samples" / "expected.json"


def load_sample() -> dict[str, dict[str, Any]]:
    results: dict[str, dict[str, Any]] = json.loads(SAMPLE.read_text(encoding="utf-8"))["results"]["79000101"]
    return results


def test_every_pupil_of_the_sample_school_gets_the_level_of_the_independent_reading() -> None:
    sample = load_sample()
    given_levels = {}
    for code, pupil in sample.items():
        table = TT32_PRIMARY.grade(int(pupil["lop"][0]))
        results = []
        for name, level in pupil["levels"].items():
            line = table.find_line(name)
            assert line is not None, name
            results.append(SubjectResult(line.code, level, pupil["scores"].get(name)))
        assessed = []
        for name, level in pupil["traits"].items():
            trait = table.find_trait(name)
            assert trait is not None, name
            assessed.append(TraitResult(trait.code, level))
        given_levels[code] = evaluate_year(table.grade, results, assessed).overall
    assert len(given_levels) == 170
    assert given_levels == {code: pupil["overall"] for code, pupil in sample.items()}


#: Worked by hand from the four definitions of Điều 9 khoản 2 điểm a: grade, subjects, traits, level, why.
CASES = [
    (3, {}, {}, "HTXS", "T everywhere, tests 10"),
    (3, {"toan": ("T", 9)}, {}, "HTXS", "a test of exactly 9"),
    (3, {"toan": ("T", 8)}, {}, "HTT", "one test of 8 is enough to miss 9"),
    (3, {"toan": ("T", 7)}, {}, "HTT", "a test of exactly 7"),
    (3, {"toan": ("T", 6)}, {}, "HT", "one test of 6 misses 7"),
    (3, {"toan": ("T", 5)}, {}, "HT", "a test of exactly 5"),
    (3, {"toan": ("T", 4)}, {}, "CHT", "T everywhere but one test below 5"),
    (3, {"am_nhac": ("H", None)}, {}, "HT", "one H in a subject without test"),
    (3, {"am_nhac": ("C", None)}, {}, "CHT", "one C in a subject without test"),
    (3, {"hoat_dong_trai_nghiem": ("H", None)}, {}, "HT", "the activity counts as subjects do"),
    (3, {}, {"pc_cham_chi": "Đ"}, "HT", "one quality Đạt"),
    (3, {}, {"nl_tin_hoc": "Đ"}, "HT", "one specific competence Đạt"),
    (3, {}, {"nl_tin_hoc": "C"}, "CHT", "one competence Cần cố gắng"),
    (3, {"toan": ("H", 10)}, {}, "HT", "a test of 10 does not outweigh H"),
    (3, {"toan": ("C", 10)}, {}, "CHT", "a test of 10 does not outweigh C"),
    (3, {"cong_nghe": ("T", 4)}, {}, "CHT", "each part of Tin học và Công nghệ is tested"),
    (1, {"tieng_viet": ("T", 9), "toan": ("T", 9)}, {}, "HTXS", "grade 1 has two tests"),
    (1, {"ngoai_ngu_1": ("H", None)}, {}, "HT", "an optional subject that is taken counts"),
    (5, {"khoa_hoc": ("T", 8)}, {}, "HTT", "grade 5 tests Khoa học"),
    (5, {"lich_su_va_dia_li": ("H", 5)}, {"nl_the_chat": "Đ"}, "HT", "lowest that completes"),
    (5, {"tieng_dan_toc": ("C", None)}, {}, "CHT", "the minority language when taken counts"),
]


@pytest.mark.parametrize(
    ("grade", "some", "others", "expected"), [case[:4] for case in CASES], ids=[case[4] for case in CASES]
)
def test_edge_cases_worked_by_hand(
    grade: int, some: dict[str, Any], others: dict[str, str], expected: str
) -> None:
    decision = evaluate_year(grade, subjects(grade, **some), traits(grade, **others))
    assert decision.overall is not None
    assert decision.overall.abbreviation == expected
    assert decision.completed is (expected != "CHT")
    assert decision.clause == "TT 27/2020 Điều 9 khoản 2 điểm a"
    assert decision.explanation.startswith(decision.overall.value + ", vì ")


def test_the_explanation_names_what_decided() -> None:
    good = evaluate_year(3, subjects(3, toan=("T", 8)), traits(3)).explanation
    assert "thấp nhất: Toán 8 điểm" in good
    assert (
        "Chưa đạt mức Hoàn thành xuất sắc, vì bài kiểm tra cuối năm học Toán 8 điểm (cần từ 9 điểm)" in good
    )
    assert good.endswith("Căn cứ: Thông tư 27/2020/TT-BGDĐT, Điều 9 khoản 2 điểm a.")
    low = evaluate_year(
        3, subjects(3, toan=("C", 3), dao_duc=("H", None)), traits(3, pc_cham_chi="C", pc_nhan_ai="Đ")
    ).explanation
    assert low.startswith(
        "Chưa hoàn thành, vì Toán ở mức Chưa hoàn thành; Chăm chỉ ở mức Cần cố gắng; "
        "bài kiểm tra cuối năm học Toán 3 điểm (cần từ 5 điểm)."
    )
    assert "Đạo đức" not in low
    assert "Nhân ái" not in low


@st.composite
def years(draw: st.DrawFn) -> tuple[int, list[SubjectResult], list[TraitResult]]:
    grade = draw(st.integers(1, 5))
    table = TT32_PRIMARY.grade(grade)
    good = draw(st.booleans())  # half of the pupils near the top, where the rungs lie close
    level = st.sampled_from("TTTTTTH" if good else "THC")
    score = st.integers(7, 10) if good else st.integers(1, 10)
    trait = st.sampled_from("TTTTTTĐ" if good else "TĐC")
    taken = [line for line in table.lines if line.compulsory or draw(st.booleans())]
    results = [SubjectResult(x.code, draw(level), draw(score) if x.tested else None) for x in taken]
    return grade, results, [TraitResult(one.code, draw(trait)) for one in table.traits]


def definition(grade: int, some: list[SubjectResult], others: list[TraitResult]) -> Overall:
    """The four definitions read off the circular, without the implementation's ladder."""
    levels = {one.level for one in some}
    marks = {one.level for one in others}
    scores = [one.score for one in some if one.score is not None]
    if levels == {"T"} and marks == {"T"} and min(scores) >= 9:
        return Overall.EXCELLENT
    if levels == {"T"} and marks == {"T"} and min(scores) >= 7:
        return Overall.GOOD
    if "C" not in levels and "C" not in marks and min(scores) >= 5:
        return Overall.COMPLETED
    return Overall.NOT_COMPLETED


@given(years())
def test_the_decision_is_the_circulars_definition_with_clause_and_completion(
    case: tuple[int, list[SubjectResult], list[TraitResult]],
) -> None:
    decision = evaluate_year(*case)
    assert decision.overall is definition(*case)
    assert decision.determined
    assert decision.clause
    assert decision.completed_clause == "TT 27/2020 Điều 11 khoản 1 điểm a"
    assert decision.completed is (decision.overall is not Overall.NOT_COMPLETED)
    assert bool(decision.blocking) is not decision.completed


@given(years(), st.randoms(use_true_random=False))
def test_the_order_of_input_does_not_matter(
    case: tuple[int, list[SubjectResult], list[TraitResult]], rng: random.Random
) -> None:
    grade, some, others = case
    assert evaluate_year(
        grade, rng.sample(some, len(some)), rng.sample(others, len(others))
    ) == evaluate_year(*case)


@given(years(), st.data())
def test_raising_one_mark_never_lowers_the_level(
    case: tuple[int, list[SubjectResult], list[TraitResult]], data: st.DataObject
) -> None:
    grade, some, others = case
    before = evaluate_year(*case).overall
    some, others = list(some), list(others)
    what = data.draw(st.sampled_from(["level", "score", "trait"]))
    if what == "trait":
        at = data.draw(st.integers(0, len(others) - 1))
        better = [x for x in TraitLevel if x.rank >= TraitLevel(others[at].level or "C").rank]
        others[at] = TraitResult(others[at].code, data.draw(st.sampled_from(better)))
    elif what == "level":
        at = data.draw(st.integers(0, len(some) - 1))
        higher = [x for x in SubjectLevel if x.rank >= SubjectLevel(some[at].level or "C").rank]
        some[at] = SubjectResult(some[at].code, data.draw(st.sampled_from(higher)), some[at].score)
    else:
        tested = [index for index, one in enumerate(some) if one.score is not None]
        at = data.draw(st.sampled_from(tested))
        score = data.draw(st.integers(some[at].score or 1, 10))
        some[at] = SubjectResult(some[at].code, some[at].level, score)
    after = evaluate_year(grade, some, others).overall
    assert before is not None
    assert after is not None
    assert after.rank >= before.rank


@given(years(), st.data())
def test_taking_anything_away_leaves_the_result_undetermined_and_names_it(
    case: tuple[int, list[SubjectResult], list[TraitResult]], data: st.DataObject
) -> None:
    grade, some, others = case
    table = TT32_PRIMARY.grade(grade)
    kind = data.draw(st.sampled_from(list(MissingKind)[:3]))
    some, others = list(some), list(others)
    if kind is MissingKind.TRAIT_LEVEL:
        at = data.draw(st.integers(0, len(others) - 1))
        code, name = others[at].code, table.trait(others[at].code).name
        others[at] = TraitResult(code, None)
    else:
        candidates = [
            i for i, x in enumerate(some) if kind is MissingKind.SUBJECT_LEVEL or x.score is not None
        ]
        at = data.draw(st.sampled_from(candidates))
        code, name = some[at].code, table.line(some[at].code).short_name
        level = None if kind is MissingKind.SUBJECT_LEVEL else some[at].level
        some[at] = SubjectResult(code, level, None if kind is MissingKind.TEST_SCORE else some[at].score)
    decision = evaluate_year(grade, some, others)
    assert (decision.overall, decision.completed, decision.determined) == (None, None, False)
    assert [(one.kind, one.code, one.name) for one in decision.missing] == [(kind, code, name)]
    assert name in decision.missing[0].message
    assert decision.missing[0].message in decision.explanation


def test_an_absent_compulsory_subject_and_trait_are_missing() -> None:
    decision = evaluate_year(3, subjects(3, toan=None), traits(3)[1:])
    assert [(one.kind, one.code) for one in decision.missing] == [
        (MissingKind.SUBJECT_LEVEL, "toan"),
        (MissingKind.TEST_SCORE, "toan"),
        (MissingKind.TRAIT_LEVEL, "pc-yeu-nuoc"),
    ]


def test_levels_and_scores_that_disagree_are_warned_about_and_decide_nothing() -> None:
    decision = evaluate_year(3, subjects(3, toan=("T", 6), tieng_viet=("C", 5)), traits(3))
    assert [found.code for found in decision.warnings] == [
        "tt27.low_level_good_score",
        "tt27.good_level_low_score",
    ]
    at_the_limit = evaluate_year(3, subjects(3, toan=("T", 7), tieng_viet=("C", 4)), traits(3))
    assert at_the_limit.warnings == ()


def test_a_score_without_compulsory_test_is_not_used_and_reported() -> None:
    decision = evaluate_year(1, subjects(1, ngoai_ngu_1=("T", 2)), traits(1))
    assert decision.overall is Overall.EXCELLENT
    assert [found.code for found in decision.warnings] == ["tt27.score_not_used"]


def test_an_exempt_subject_is_left_out_and_named() -> None:
    gym = SubjectResult("giao-duc-the-chat", None, exempt_reason="giấy của bệnh viện")
    others = [one for one in subjects(3) if one.code != gym.code]
    decision = evaluate_year(3, [*others, gym], traits(3))
    assert decision.overall is Overall.EXCELLENT
    assert decision.warnings == ()
    assert "Được miễn nên không xét: Giáo dục thể chất." in decision.explanation
    assert "bệnh viện" not in decision.explanation


def test_an_exempt_tested_subject_asks_for_an_individual_plan() -> None:
    maths = SubjectResult("toan", None, exempt_reason="kế hoạch giáo dục cá nhân")
    some = [maths if one.code == "toan" else one for one in subjects(3)]
    assert [f.code for f in evaluate_year(3, some, traits(3)).warnings] == ["tt27.exempt_without_plan"]
    planned = evaluate_year(3, some, traits(3), individual_plan=True)
    assert (planned.warnings, planned.overall) == ((), Overall.EXCELLENT)


def test_traits_are_exempt_only_under_an_individual_plan() -> None:
    free = TraitResult("nl-the-chat", None, exempt_reason="khuyết tật vận động")
    some = [free if one.code == free.code else one for one in traits(3)]
    assert evaluate_year(3, subjects(3), some, individual_plan=True).overall is Overall.EXCELLENT
    with pytest.raises(DomainError) as caught:
        evaluate_year(3, subjects(3), some)
    assert caught.value.code == "tt27.trait_exempt"


def test_exemption_from_everything_leaves_nothing_to_decide() -> None:
    none = [SubjectResult(one.code, None, exempt_reason="x") for one in subjects(3)]
    decision = evaluate_year(3, none, traits(3), individual_plan=True)
    assert [one.kind for one in decision.missing] == [MissingKind.NOTHING_ASSESSED]


def test_optional_subjects_may_be_set_not_to_count() -> None:
    some = subjects(1, ngoai_ngu_1=("C", None))
    assert evaluate_year(1, some, traits(1)).overall is Overall.NOT_COMPLETED
    setting = Setting(optional_subjects_count=False)
    assert evaluate_year(1, some, traits(1), setting=setting).overall is Overall.EXCELLENT


def test_zero_is_a_score_only_by_setting() -> None:
    some = subjects(1, toan=("C", 0))
    with pytest.raises(DomainError) as caught:
        evaluate_year(1, some, traits(1))
    assert caught.value.code == "tt27.score"
    allowed = evaluate_year(1, some, traits(1), setting=Setting(allow_zero=True))
    assert allowed.overall is Overall.NOT_COMPLETED


def test_what_does_not_belong_to_the_grade_or_occurs_twice_is_refused() -> None:
    cases = [
        ("programme.grade", 6, subjects(5), traits(5)),
        ("programme.subject", 1, [*subjects(1), SubjectResult("khoa-hoc", "T", 9)], traits(1)),
        ("programme.trait", 1, subjects(1), [*traits(1), TraitResult("nl-tin-hoc", "T")]),
        ("tt27.duplicate", 1, [*subjects(1), SubjectResult("toan", "T", 9)], traits(1)),
        ("tt27.duplicate", 1, subjects(1), [*traits(1), TraitResult("pc-nhan-ai", "T")]),
    ]
    for code, grade, some, others in cases:
        with pytest.raises(DomainError) as caught:
            evaluate_year(grade, some, others)
        assert caught.value.code == code


def test_values_outside_the_circular_cannot_be_built() -> None:
    builders = [
        ("tt27.subject_level", lambda: SubjectResult("toan", "Đ", 9)),
        ("tt27.score", lambda: SubjectResult("toan", "T", 11)),
        ("tt27.score", lambda: SubjectResult("toan", "T", 7.5)),
        ("tt27.score", lambda: SubjectResult("toan", "T", True)),
        ("tt27.trait_level", lambda: TraitResult("pc-nhan-ai", "H")),
        ("tt27.exempt_with_result", lambda: SubjectResult("toan", "T", 9, exempt_reason="x")),
        ("tt27.exempt_with_result", lambda: TraitResult("pc-nhan-ai", "T", exempt_reason="x")),
    ]
    for code, build in builders:
        with pytest.raises(DomainError) as caught:
            build()
        assert caught.value.code == code
    assert SubjectResult("toan", None, exempt_reason="  ").exempt_reason is None


@pytest.mark.parametrize("grade", range(1, 6))
def test_uniform_pupils_of_each_grade(grade: int) -> None:
    assert year(grade, "T", 9, "T").overall is Overall.EXCELLENT
    assert year(grade, "T", 7, "T").overall is Overall.GOOD
    assert year(grade, "H", 5, "Đ").overall is Overall.COMPLETED
    assert year(grade, "C", 1, "C").overall is Overall.NOT_COMPLETED
