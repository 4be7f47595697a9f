"""What a workbook states beside what the rule gives. Differences are shown, never resolved here."""

from __future__ import annotations

from dataclasses import dataclass

from hocbaso.core.errors import register
from hocbaso.core.regulation.tt27.grammar import read_overall
from hocbaso.core.regulation.tt27.model import Overall, YearDecision
from hocbaso.core.vietnamese.reading import Finding, Severity, finding

register(
    {
        "tt27.stated_overall": (
            "Tệp ghi xếp loại {stated}, nhưng theo quy định là {overall}. {explanation}",
            "The file states {stated}, the rule gives {overall}.",
        ),
        "tt27.stated_undetermined": (
            "Tệp ghi xếp loại {stated}, nhưng chưa đủ dữ liệu để xét. {explanation}",
            "The file states {stated}, but results are missing.",
        ),
        "tt27.stated_completed": (
            "Tệp đánh dấu Hoàn thành chương trình lớp học, nhưng kết quả theo quy định là {overall}.",
            "The file marks the grade as completed, the rule gives {overall}.",
        ),
        "tt27.stated_not_completed": (
            "Tệp không đánh dấu Hoàn thành chương trình lớp học, "
            "nhưng kết quả theo quy định là {overall} nên học sinh đã hoàn thành.",
            "The file does not mark the grade as completed, the rule gives {overall}.",
        ),
        "tt27.stated_not_promoted": (
            "Tệp không đánh dấu Lên lớp, nhưng học sinh đã hoàn thành chương trình lớp học nên được lên lớp.",
            "The file does not mark promotion though the grade is completed.",
        ),
        "tt27.stated_promoted": (
            "Tệp đánh dấu Lên lớp cho học sinh chưa hoàn thành chương trình lớp học. "
            "Việc này cần đánh giá bổ sung và quyết định của Hiệu trưởng.",
            "The file marks promotion without completion: the principal decides.",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Stated:
    """The last columns of the result workbook; ``None`` where the file has no such column."""

    overall: Overall | None = None
    completed: bool | None = None
    promoted: bool | None = None


def contradiction(stated: str | Overall | None, decision: YearDecision) -> Finding | None:
    """Compare a stated overall level (``HTXS`` … or the words) with the decision.

    :returns: an error finding when they differ or the abbreviation is unknown, a warning when the rule
        cannot decide, ``None`` when they agree or nothing is stated.
    """
    reading = read_overall(stated)
    if reading.refused:
        return finding("tt27.overall_unknown", Severity.ERROR, written=stated)
    overall = reading.value
    if overall is None or overall is decision.overall:
        return None
    if decision.overall is None:
        return finding(
            "tt27.stated_undetermined",
            Severity.WARNING,
            stated=overall.abbreviation,
            explanation=decision.explanation,
        )
    return finding(
        "tt27.stated_overall",
        Severity.ERROR,
        proposal=decision.overall.abbreviation,
        stated=overall.abbreviation,
        overall=f"{decision.overall.value} ({decision.overall.abbreviation})",
        explanation=decision.explanation,
    )


def contradictions(stated: Stated, decision: YearDecision) -> tuple[Finding, ...]:
    """Every difference between the workbook's last columns and the rule.

    Promotion without completion is a warning, not an error: the principal may have decided so (Điều 11
    khoản 1 điểm c).
    """
    found: list[Finding] = []
    overall = contradiction(stated.overall, decision)
    if overall is not None:
        found.append(overall)
    if decision.overall is None:
        return tuple(found)
    value = decision.overall.value
    if stated.completed is True and not decision.completed:
        found.append(finding("tt27.stated_completed", Severity.ERROR, overall=value))
    if stated.completed is False and decision.completed:
        found.append(finding("tt27.stated_not_completed", Severity.ERROR, overall=value))
    if stated.promoted is False and decision.completed:
        found.append(finding("tt27.stated_not_promoted", Severity.ERROR))
    if stated.promoted is True and not decision.completed:
        found.append(finding("tt27.stated_promoted", Severity.WARNING))
    return tuple(found)
