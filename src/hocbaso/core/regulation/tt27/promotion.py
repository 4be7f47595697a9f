"""Completion of the grade, promotion, completion of primary education: Điều 11."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hocbaso.core.errors import DomainError, register
from hocbaso.core.regulation.tt27.model import CIRCULAR, Ruling, YearDecision, clause

LAST_GRADE = 5
PRIMARY_COMPLETED = "Hoàn thành chương trình tiểu học"

register(
    {
        "tt27.principal_not_needed": (
            "Học sinh đã hoàn thành chương trình lớp {grade} thì được lên lớp; "
            "Hiệu trưởng không quyết định khác được.",
            "A pupil who completed grade {grade} is promoted; no other decision is possible.",
        ),
        "tt27.reassess_first": (
            "Học sinh chưa hoàn thành chương trình lớp {grade} cần được hướng dẫn, giúp đỡ "
            "và đánh giá bổ sung trước khi Hiệu trưởng quyết định.",
            "Re-assessment comes before the principal's decision.",
        ),
        "tt27.result_first": (
            "Chưa xét được kết quả giáo dục nên chưa quyết định được việc lên lớp.",
            "No promotion before the overall level is determined.",
        ),
        "tt27.reason_needed": (
            "Quyết định lên lớp hay chưa được lên lớp của Hiệu trưởng cần ghi lý do.",
            "The principal's decision needs a reason.",
        ),
        "tt27.last_grade": (
            "Học sinh lớp 5 chưa hoàn thành chương trình tiểu học thì chưa lên lớp 6 được.",
            "A grade 5 pupil who has not completed primary education cannot enter grade 6.",
        ),
    }
)


class Need(StrEnum):
    """What must happen before promotion can be decided."""

    RESULT = "result"  # the overall level is not determined
    REASSESSMENT = "reassessment"  # Điều 11 khoản 1 điểm b
    PRINCIPAL = "principal"  # Điều 11 khoản 1 điểm c, or Điều 8 for an individual plan


@dataclass(frozen=True, slots=True)
class PrincipalDecision:
    """Hiệu trưởng xem xét, quyết định; the reason is kept with the record."""

    promoted: bool
    reason: str
    number: str | None = None  # số quyết định


@dataclass(frozen=True, slots=True)
class Promotion:
    """``promoted`` and ``completion`` (the sentence of section 6) are None while something is needed."""

    promoted: bool | None
    completion: Ruling | None
    need: Need | None
    clause: str
    explanation: str


def decide_promotion(
    decision: YearDecision,
    *,
    reassessed: bool = False,
    principal: PrincipalDecision | None = None,
) -> Promotion:
    """Completion sentence and promotion of a pupil.

    Who completed the grade is promoted. Who did not is guided and re-assessed, and if still not, the
    principal decides. For a pupil with an individual plan the principal always decides.

    :param reassessed: guidance and supplementary assessment (đánh giá bổ sung) are done; ``decision`` is the
        result after them.
    :raises DomainError: a principal's decision where none is possible (``tt27.principal_not_needed``), too
        early (``tt27.result_first``, ``tt27.reassess_first``), without reason (``tt27.reason_needed``), or
        into grade 6 without completed primary education (``tt27.last_grade``).
    """
    if decision.completed is None:
        return _undetermined(principal)
    if decision.completed and not decision.individual_plan:
        if principal is not None and not principal.promoted:
            raise DomainError("tt27.principal_not_needed", grade=decision.grade)
        return _completed(decision)
    if not decision.individual_plan and not reassessed:
        if principal is not None:
            raise DomainError("tt27.reassess_first", grade=decision.grade)
        return Promotion(
            None,
            None,
            Need.REASSESSMENT,
            clause("Điều 11 khoản 1 điểm b"),
            f"Chưa hoàn thành chương trình lớp {decision.grade}: giáo viên hướng dẫn, giúp đỡ và đánh giá "
            f"bổ sung ({CIRCULAR}, Điều 11 khoản 1 điểm b).",
        )
    where = "Điều 8" if decision.individual_plan else "Điều 11 khoản 1 điểm c"
    if principal is None:
        why = (
            "Học sinh học theo kế hoạch giáo dục cá nhân"
            if decision.individual_plan
            else f"Đã đánh giá bổ sung mà vẫn chưa hoàn thành chương trình lớp {decision.grade}"
        )
        text = f"{why}: Hiệu trưởng xem xét, quyết định việc lên lớp ({CIRCULAR}, {where})."
        return Promotion(None, None, Need.PRINCIPAL, clause(where), text)
    return _by_principal(decision, principal, where)


def _undetermined(principal: PrincipalDecision | None) -> Promotion:
    if principal is not None:
        raise DomainError("tt27.result_first")
    return Promotion(
        None,
        None,
        Need.RESULT,
        clause("Điều 11 khoản 1"),
        "Chưa xét được kết quả giáo dục nên chưa xét việc lên lớp.",
    )


def _completed(decision: YearDecision) -> Promotion:
    grade = decision.grade
    if grade == LAST_GRADE:
        value, where = PRIMARY_COMPLETED, "Điều 11 khoản 2"
    else:
        value = f"Hoàn thành chương trình lớp {grade}, được lên lớp {grade + 1}"
        where = "Điều 11 khoản 1 điểm a"
    result = decision.overall.value if decision.overall else ""
    text = f"{value}, vì kết quả giáo dục là {result} ({CIRCULAR}, {where})."
    return Promotion(True, Ruling(value, clause(where), text), None, clause(where), text)


def _by_principal(decision: YearDecision, principal: PrincipalDecision, where: str) -> Promotion:
    if not principal.reason.strip():
        raise DomainError("tt27.reason_needed")
    grade, last = decision.grade, decision.grade == LAST_GRADE
    if last and principal.promoted and not decision.individual_plan:
        raise DomainError("tt27.last_grade")
    by_plan = " theo kế hoạch giáo dục cá nhân" if decision.individual_plan else ""
    if last:
        value = PRIMARY_COMPLETED + by_plan if principal.promoted else "Chưa hoàn thành chương trình tiểu học"
    else:
        done = "Hoàn thành" if decision.completed else "Chưa hoàn thành"
        moved = "được lên" if principal.promoted else "chưa được lên"
        value = f"{done} chương trình lớp {grade}{by_plan}, {moved} lớp {grade + 1}"
    number = f" số {principal.number}" if principal.number else ""
    text = (
        f"{value}, theo quyết định{number} của Hiệu trưởng: {principal.reason.strip().rstrip('.')} "
        f"({CIRCULAR}, {where})."
    )
    return Promotion(principal.promoted, Ruling(value, clause(where), text), None, clause(where), text)
