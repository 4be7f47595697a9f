"""Promotion, completion, re-tests and summer training: Điều 12, 13, 14."""

from __future__ import annotations

from dataclasses import dataclass

from hocbaso.core.document.model import SchoolLevel
from hocbaso.core.errors import DomainError, register
from hocbaso.core.regulation.tt22.model import (
    Decision,
    Rating,
    Setting,
    SubjectOutcome,
    YearInput,
)
from hocbaso.core.regulation.tt22.study import YEAR, study_rating

MOST_ABSENCES = 45
PROMOTED_WHERE = "Điều 12 khoản 1"
NOT_PROMOTED_WHERE = "Điều 12"
PLAN_WHERE = "Điều 11, Điều 12"
TRAINING_WHERE = "Điều 13"
RETEST_WHERE = "Điều 14"

register(
    {
        "tt22.principal_not_needed": (
            "Việc lên lớp của học sinh do kết quả rèn luyện, học tập và số buổi nghỉ quyết định; "
            "Hiệu trưởng chỉ quyết định cho học sinh học theo kế hoạch giáo dục cá nhân.",
            "The principal decides only for pupils with an individual plan.",
        ),
        "tt22.reason_needed": (
            "Quyết định lên lớp hay không được lên lớp của Hiệu trưởng cần ghi lý do.",
            "The principal's decision needs a reason.",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Case:
    """What the promotion is decided on."""

    data: YearInput
    outcomes: tuple[SubjectOutcome, ...]
    study: Decision | None
    conduct: Decision | None
    conduct_after: Decision | None
    setting: Setting
    absences_known: bool

    @property
    def too_absent(self) -> bool:
        """More than 45 sessions."""
        return self.data.absences is not None and self.data.absences > MOST_ABSENCES

    @property
    def grade(self) -> int:
        """Grade of the pupil."""
        return self.data.grade.grade


@dataclass(frozen=True, slots=True)
class Verdict:
    """Outcome of :func:`decide`."""

    promoted: bool | None
    completed: bool | None
    promotion: Decision
    study_after: Decision | None
    retests: tuple[str, ...]
    summer: tuple[str, ...]
    pending: bool


def decide(case: Case) -> Verdict:
    """Promotion of a pupil with what the summer holds.

    Re-tests (Điều 14) count when conduct is at least Đạt and study is Chưa đạt: comment subjects at Chưa
    đạt and scored subjects below 5.0. Training (Điều 13) is due when conduct is Chưa đạt. A pupil absent for
    more than 45 sessions is not promoted in any case and is asked for neither; a re-test that was held all
    the same replaces the year result, since Điều 14 does not look at absences.

    :raises DomainError: ``tt22.principal_not_needed``, ``tt22.reason_needed``.
    """
    principal = case.data.principal_decision
    if principal is not None and not case.data.individual_plan:
        raise DomainError("tt22.principal_not_needed")
    if case.study is None or case.conduct is None or not case.absences_known:
        return _undetermined(case)
    retests = _retests(case)
    study_after = _study_after(case, retests)
    if case.data.individual_plan:
        return _by_plan(case, retests, study_after)
    conduct = case.conduct_after or case.conduct
    study = study_after or case.study
    good = conduct.rating is not Rating.FAIL and study.rating is not Rating.FAIL
    if good and not case.too_absent:
        return Verdict(
            True, True, _promoted(case, conduct, study), study_after, retests, _summer(case, retests), False
        )
    pending = _pending(case, retests, study)
    return Verdict(
        False,
        False,
        _not_promoted(case, conduct, study, retests, pending),
        study_after,
        retests,
        _summer(case, retests),
        pending,
    )


def _undetermined(case: Case) -> Verdict:
    if case.data.principal_decision is not None and not case.data.principal_decision.reason.strip():
        raise DomainError("tt22.reason_needed")
    text = "Chưa đủ kết quả rèn luyện, học tập hoặc số buổi nghỉ để xét lên lớp."
    promotion = Decision("Chưa xét được", case.setting.clause(PROMOTED_WHERE), text)
    return Verdict(None, None, promotion, None, (), (), False)


def _trains(case: Case) -> bool:
    return case.conduct is not None and case.conduct.rating is Rating.FAIL and not case.too_absent


def _retests(case: Case) -> tuple[str, ...]:
    if case.study is None or case.study.rating is not Rating.FAIL:
        return ()
    conduct = case.conduct if case.setting.retest_needs_year_conduct else case.conduct_after or case.conduct
    if conduct is None or conduct.rating is Rating.FAIL:
        return ()
    # Nobody asks a pupil with too many absences for a re-test; the one that was held counts all the same.
    return tuple(
        one.subject.code for one in case.outcomes if one.below and (one.retested or not case.too_absent)
    )


def _study_after(case: Case, retests: tuple[str, ...]) -> Decision | None:
    if not any(one.retested and one.subject.code in retests for one in case.outcomes):
        return None
    results = [
        (one.subject, one.after_retest_text if one.subject.code in retests else one.year_text)
        for one in case.outcomes
    ]
    return study_rating(results, case.setting, YEAR)


def _pending(case: Case, retests: tuple[str, ...], study: Decision) -> bool:
    """Whether the summer can still change the result."""
    if case.data.summer_done or case.too_absent:
        return False
    studies = study.rating is not Rating.FAIL
    open_tests = [one for one in case.outcomes if one.subject.code in retests and not one.retested]
    if _trains(case):
        waiting = case.conduct_after is None
        lenient = not case.setting.retest_needs_year_conduct
        trained = case.conduct_after is not None and case.conduct_after.rating is not Rating.FAIL
        return (waiting and (studies or lenient)) or (trained and not studies and bool(open_tests))
    return not studies and bool(open_tests)


def _summer(case: Case, retests: tuple[str, ...]) -> tuple[str, ...]:
    words = []
    if retests:
        names = [one.subject.name for one in case.outcomes if one.subject.code in retests]
        words.append(f"Kiểm tra, đánh giá lại: {', '.join(names)}")
    if _trains(case):
        words.append("Rèn luyện trong kỳ nghỉ hè")
    return tuple(words)


def _absence_words(case: Case) -> str:
    count = case.data.absences
    return (
        "không ghi số buổi nghỉ"
        if count is None
        else f"nghỉ học {count} buổi (không quá {MOST_ABSENCES} buổi)"
    )


def _done(case: Case) -> str:
    """The words of completion of the level."""
    lower = case.data.grade.level is SchoolLevel.LOWER_SECONDARY
    if case.data.grade.continuing:
        return f"chương trình giáo dục thường xuyên cấp trung học {'cơ sở' if lower else 'phổ thông'}"
    return "chương trình trung học cơ sở" if lower else "chương trình giáo dục phổ thông"


def _sentence(case: Case, promoted: bool) -> str:
    if case.data.final_grade:
        return f"{'Hoàn thành' if promoted else 'Chưa hoàn thành'} {_done(case)}"
    return f"Được lên lớp {case.grade + 1}" if promoted else "Không được lên lớp"


def _promoted(case: Case, conduct: Decision, study: Decision) -> Decision:
    value = _sentence(case, True)
    conduct_said = " (sau khi rèn luyện trong hè)" if case.conduct_after else ""
    study_said = "" if study is case.study else " (sau khi kiểm tra, đánh giá lại)"
    text = (
        f"{value}, vì kết quả rèn luyện cả năm là {conduct.value}{conduct_said}, kết quả học tập cả năm là "
        f"{study.value}{study_said}, {_absence_words(case)} {case.setting.cite(PROMOTED_WHERE)}."
    )
    return Decision(value, case.setting.clause(PROMOTED_WHERE), text)


def _not_promoted(
    case: Case, conduct: Decision, study: Decision, retests: tuple[str, ...], pending: bool
) -> Decision:
    reasons = []
    if case.too_absent:
        reasons.append(f"nghỉ học {case.data.absences} buổi, quá {MOST_ABSENCES} buổi")
    if conduct.rating is Rating.FAIL:
        reasons.append("kết quả rèn luyện cả năm là Chưa đạt")
    if study.rating is Rating.FAIL:
        reasons.append("kết quả học tập cả năm là Chưa đạt")
    why = ", ".join(reasons)
    if not pending:
        value = _sentence(case, False)
        text = f"{value}, vì {why} {case.setting.cite(NOT_PROMOTED_WHERE)}."
        return Decision(value, case.setting.clause(NOT_PROMOTED_WHERE), text)
    trains = _trains(case) and case.conduct_after is None
    duty = "rèn luyện trong kỳ nghỉ hè" if trains else "kiểm tra, đánh giá lại trong kỳ nghỉ hè"
    where = TRAINING_WHERE if trains else RETEST_WHERE
    state = _sentence(case, False) if case.data.final_grade else "Chưa được lên lớp"
    value = f"{state}, phải {duty}"
    names = [one.subject.name for one in case.outcomes if one.subject.code in retests and not one.retested]
    which = f" ({', '.join(names)})" if names and not trains else ""
    text = f"{value}{which}, vì {why} {case.setting.cite(where)}."
    return Decision(value, case.setting.clause(where), text)


def _by_plan(case: Case, retests: tuple[str, ...], study_after: Decision | None) -> Verdict:
    """A pupil with an individual plan: the principal decides on the results of Điều 11."""
    principal = case.data.principal_decision
    summer = _summer(case, retests)
    clause = case.setting.clause(PLAN_WHERE)
    cite = case.setting.cite(PLAN_WHERE)
    if principal is None:
        text = f"Học theo kế hoạch giáo dục cá nhân: Hiệu trưởng xem xét, quyết định việc lên lớp {cite}."
        waiting = Decision("Chờ Hiệu trưởng quyết định", clause, text)
        return Verdict(None, None, waiting, study_after, retests, summer, False)
    if not principal.reason.strip():
        raise DomainError("tt22.reason_needed")
    value = _sentence(case, principal.promoted)
    number = f" số {principal.number}" if principal.number else ""
    text = (
        f"{value}, theo quyết định{number} của Hiệu trưởng đối với học sinh học theo kế hoạch giáo dục "
        f"cá nhân: {principal.reason.strip().rstrip('.')} {cite}."
    )
    decision = Decision(value, clause, text)
    return Verdict(principal.promoted, principal.promoted, decision, study_after, retests, summer, False)
