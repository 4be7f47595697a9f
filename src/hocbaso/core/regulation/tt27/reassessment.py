"""Supplementary assessment after guidance, usually in summer: Điều 11 khoản 1 điểm b."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hocbaso.core.errors import DomainError, register
from hocbaso.core.regulation.programme import TT32_PRIMARY, Programme
from hocbaso.core.regulation.tt27.evaluate import evaluate_year
from hocbaso.core.regulation.tt27.model import (
    DEFAULT_SETTING,
    Setting,
    SubjectResult,
    TraitResult,
    YearDecision,
)

register(
    {
        "tt27.reassess_completed": (
            "Học sinh đã hoàn thành chương trình lớp {grade} nên không đánh giá bổ sung.",
            "A pupil who completed grade {grade} is not re-assessed.",
        ),
        "tt27.reassess_item": (
            "“{name}” đã đạt yêu cầu nên không đánh giá bổ sung.",
            "{name} met the requirement and is not re-assessed.",
        ),
        "tt27.reassess_nothing": (
            "Chưa có kết quả đánh giá bổ sung nào.",
            "There is no supplementary result.",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Reassessment:
    """Results after re-assessment (with replacements in place) and the new decision."""

    subjects: tuple[SubjectResult, ...]
    traits: tuple[TraitResult, ...]
    decision: YearDecision
    replaced: tuple[str, ...]  # codes


def reassess(
    grade: int,
    subjects: Sequence[SubjectResult],
    traits: Sequence[TraitResult],
    *,
    new_subjects: Sequence[SubjectResult] = (),
    new_traits: Sequence[TraitResult] = (),
    setting: Setting = DEFAULT_SETTING,
    individual_plan: bool = False,
    programme: Programme = TT32_PRIMARY,
) -> Reassessment:
    """Replace results that kept the pupil from completing and evaluate the year again.

    A replacement without level or score keeps the old one (only the test was set again, or only the level
    was reconsidered). The result after re-assessment is the year's result, whatever level it gives.

    :raises DomainError: the year is completed or undetermined (``tt27.reassess_completed``,
        ``tt27.result_first``), an item that was not in the way (``tt27.reassess_item``), or nothing new
        (``tt27.reassess_nothing``).
    """

    def evaluate(some: Sequence[SubjectResult], others: Sequence[TraitResult]) -> YearDecision:
        return evaluate_year(
            grade, some, others, setting=setting, individual_plan=individual_plan, programme=programme
        )

    first = evaluate(subjects, traits)
    if first.completed is None:
        raise DomainError("tt27.result_first")
    if first.completed:
        raise DomainError("tt27.reassess_completed", grade=grade)
    if not new_subjects and not new_traits:
        raise DomainError("tt27.reassess_nothing")
    table = programme.grade(grade)
    for item in new_subjects:
        if item.code not in first.blocking:
            raise DomainError("tt27.reassess_item", name=table.line(item.code).short_name)
    for trait in new_traits:
        if trait.code not in first.blocking:
            raise DomainError("tt27.reassess_item", name=table.trait(trait.code).name)
    by_code = {item.code: item for item in new_subjects}
    levels = {trait.code: trait.level for trait in new_traits if trait.level is not None}
    after = tuple(_merged(old, by_code.get(old.code)) for old in subjects)
    after_traits = tuple(replace(old, level=levels.get(old.code, old.level)) for old in traits)
    return Reassessment(after, after_traits, evaluate(after, after_traits), (*by_code, *levels))


def _merged(old: SubjectResult, new: SubjectResult | None) -> SubjectResult:
    if new is None:
        return old
    return replace(
        old,
        level=old.level if new.level is None else new.level,
        score=old.score if new.score is None else new.score,
    )
