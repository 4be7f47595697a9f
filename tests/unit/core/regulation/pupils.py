"""Builders of results for the tests of Circular 27/2020."""

from typing import Any

from hocbaso.core.regulation.programme import TT32_PRIMARY
from hocbaso.core.regulation.tt27 import SubjectResult, TraitResult, YearDecision, evaluate_year

Marks = dict[str, tuple[str | None, int | None]]


def subjects(grade: int, level: str = "T", score: int = 10, **changes: Any) -> list[SubjectResult]:
    """Every compulsory subject with one level and score; changes by code with ``_``: ``toan=("H", 6)``."""
    changed = {code.replace("_", "-"): value for code, value in changes.items()}
    results = []
    for line in TT32_PRIMARY.grade(grade).lines:
        if line.code not in changed and not line.compulsory:
            continue
        new = changed.get(line.code, (level, score if line.tested else None))
        if new is not None:
            results.append(SubjectResult(line.code, *new))
    return results


def traits(grade: int, level: str = "T", **changes: str | None) -> list[TraitResult]:
    """Every trait with one level; changes by code with ``_``: ``pc_cham_chi="Đ"``."""
    changed = {code.replace("_", "-"): value for code, value in changes.items()}
    return [
        TraitResult(trait.code, changed.get(trait.code, level)) for trait in TT32_PRIMARY.grade(grade).traits
    ]


def year(grade: int = 3, level: str = "T", score: int = 10, trait: str = "T", **kept: Any) -> YearDecision:
    """Decision for a uniform pupil."""
    return evaluate_year(grade, subjects(grade, level, score), traits(grade, trait), **kept)
