"""Counts of a primary class at one of the four moments of periodic assessment."""

import pytest

from hocbaso.core.errors import DomainError
from hocbaso.core.regulation.programme import Moment
from hocbaso.core.regulation.tt27 import (
    PupilMoment,
    SubjectCount,
    SubjectLevel,
    SubjectResult,
    TraitLevel,
    period_summary,
)
from tests.unit.core.regulation.pupils import subjects, traits


def line(code: str, moment: Moment, pupils: list[PupilMoment], grade: int = 4) -> SubjectCount:
    return next(one for one in period_summary(grade, moment, pupils).subjects if one.code == code)


def test_levels_and_scores_are_counted_per_subject() -> None:
    pupils = [
        PupilMoment(tuple(subjects(4, toan=("T", 10))), tuple(traits(4))),
        PupilMoment(tuple(subjects(4, toan=("H", 6))), tuple(traits(4, pc_cham_chi="Đ"))),
        PupilMoment(tuple(subjects(4, toan=("C", 4))), tuple(traits(4, pc_cham_chi="C"))),
    ]
    summary = period_summary(4, Moment.END_YEAR, pupils)
    assert (summary.pupils, summary.complete) == (3, True)
    toan = line("toan", Moment.END_YEAR, pupils)
    assert toan.levels == {SubjectLevel.T: 1, SubjectLevel.H: 1, SubjectLevel.C: 1}
    assert toan.scores == {4: 1, 6: 1, 10: 1}
    bands = [toan.score_between(low, high) for low, high in ((9, 10), (7, 8), (5, 6), (0, 4))]
    assert bands == [1, 0, 1, 1]
    diligence = next(one for one in summary.traits if one.code == "pc-cham-chi")
    assert diligence.levels == {TraitLevel.T: 1, TraitLevel.D: 1, TraitLevel.C: 1}


def test_a_test_is_due_only_where_the_programme_sets_one_at_the_moment() -> None:
    untested = [
        PupilMoment((SubjectResult("toan", SubjectLevel.T), SubjectResult("khoa-hoc", SubjectLevel.T)))
    ]
    for grade, moment, missing in (
        (4, Moment.MID_FIRST, 1),
        (3, Moment.MID_FIRST, 0),
        (3, Moment.END_FIRST, 1),
        (4, Moment.END_YEAR, 1),
    ):
        pupils = untested if grade == 4 else [PupilMoment(untested[0].subjects[:1])]
        assert line("toan", moment, pupils, grade).missing_score == missing
    assert line("khoa-hoc", Moment.MID_FIRST, untested).missing_score == 0
    assert line("khoa-hoc", Moment.END_FIRST, untested).missing_score == 1


def test_what_nobody_recorded_is_counted_as_missing() -> None:
    summary = period_summary(3, Moment.END_FIRST, [PupilMoment(()), PupilMoment(tuple(subjects(3)))])
    assert not summary.complete
    assert {one.missing_level for one in summary.subjects} == {1}
    assert {one.missing for one in summary.traits} == {2}
    assert summary.subjects[0].assessed == 1


def test_exempt_pupils_are_counted_apart_and_optional_subjects_only_when_taken() -> None:
    exempt = SubjectResult("giao-duc-the-chat", None, exempt_reason="bệnh tim")
    taken = SubjectResult("tieng-dan-toc", SubjectLevel.H)
    pupils = [
        PupilMoment((exempt, taken)),
        PupilMoment((SubjectResult("giao-duc-the-chat", SubjectLevel.T),)),
    ]
    sport = line("giao-duc-the-chat", Moment.END_FIRST, pupils)
    assert (sport.exempt, sport.missing_level, sport.assessed) == (1, 0, 1)
    minority = line("tieng-dan-toc", Moment.END_FIRST, pupils)
    assert (minority.assessed, minority.missing_level) == (1, 0)
    assert not any(one.code == "tieng-dan-toc" for one in period_summary(4, Moment.END_FIRST, []).subjects)
    with pytest.raises(DomainError):
        period_summary(1, Moment.END_FIRST, [PupilMoment((SubjectResult("khoa-hoc", SubjectLevel.T),))])
