"""Year-end titles: Điều 13 khoản 1 điểm a. The machine states the first, people propose the second."""

from __future__ import annotations

from dataclasses import dataclass

from hocbaso.core.errors import DomainError, register
from hocbaso.core.regulation.programme import TT32_PRIMARY, Programme
from hocbaso.core.regulation.tt27.model import CIRCULAR, Overall, Ruling, YearDecision, clause

EXCELLENT_TITLE = "Học sinh Xuất sắc"
EXEMPLARY_TITLE = "Học sinh Tiêu biểu hoàn thành tốt trong học tập và rèn luyện"
WHERE = "Điều 13 khoản 1 điểm a"

register(
    {
        "tt27.exemplary_level": (
            "Danh hiệu Học sinh Tiêu biểu chỉ dành cho học sinh có kết quả giáo dục Hoàn thành tốt; "
            "kết quả của học sinh này là {overall}.",
            "The exemplary title needs the overall level Hoàn thành tốt, not {overall}.",
        ),
        "tt27.exemplary_grounds": (
            "Đề nghị danh hiệu Học sinh Tiêu biểu cần nêu ít nhất một môn học có thành tích xuất sắc "
            "hoặc một phẩm chất, năng lực có tiến bộ rõ rệt.",
            "The exemplary title needs at least one subject or trait as its ground.",
        ),
        "tt27.exemplary_class": (
            "Danh hiệu Học sinh Tiêu biểu cần được tập thể lớp công nhận.",
            "The exemplary title needs recognition by the class.",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class ExemplaryProposal:
    """What people propose: outstanding subjects, traits with clear progress, recognition by the class."""

    subjects: tuple[str, ...] = ()  # subject codes
    traits: tuple[str, ...] = ()  # trait codes
    recognised_by_class: bool = False


def excellent_title(decision: YearDecision) -> Ruling | None:
    """``Học sinh Xuất sắc`` exactly when the overall level is Hoàn thành xuất sắc."""
    if decision.overall is not Overall.EXCELLENT:
        return None
    text = f"{EXCELLENT_TITLE}, vì kết quả giáo dục là {Overall.EXCELLENT.value} ({CIRCULAR}, {WHERE})."
    return Ruling(EXCELLENT_TITLE, clause(WHERE), text)


def exemplary_title(
    decision: YearDecision, proposal: ExemplaryProposal, *, programme: Programme = TT32_PRIMARY
) -> Ruling:
    """``Học sinh Tiêu biểu …`` for a proposal that meets the conditions.

    :raises DomainError: ``tt27.exemplary_level``, ``tt27.exemplary_grounds``, ``tt27.exemplary_class``, or
        ``programme.*`` for a subject or trait the grade does not have.
    """
    if decision.overall is not Overall.GOOD:
        overall = decision.overall.value if decision.overall else "chưa xét được"
        raise DomainError("tt27.exemplary_level", overall=overall)
    if not proposal.subjects and not proposal.traits:
        raise DomainError("tt27.exemplary_grounds")
    if not proposal.recognised_by_class:
        raise DomainError("tt27.exemplary_class")
    table = programme.grade(decision.grade)
    grounds: list[str] = []
    if proposal.subjects:
        names = ", ".join(table.line(code).short_name for code in proposal.subjects)
        grounds.append(f"có thành tích xuất sắc về {names}")
    if proposal.traits:
        names = ", ".join(table.trait(code).name for code in proposal.traits)
        grounds.append(f"có tiến bộ rõ rệt về {names}")
    text = (
        f"{EXEMPLARY_TITLE}, vì kết quả giáo dục là {Overall.GOOD.value}, {', '.join(grounds)}, "
        f"được tập thể lớp công nhận ({CIRCULAR}, {WHERE})."
    )
    return Ruling(EXEMPLARY_TITLE, clause(WHERE), text)
