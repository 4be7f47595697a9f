"""One moment of periodic assessment of a class: what is due, and the counts that the books show.

Sources: TT 27/2020 Điều 7 (four moments; which subjects are tested when), Phụ lục (Bảng tổng hợp kết quả đánh
giá giáo dục của lớp: giữa học kỳ, cuối học kỳ I, cuối năm học); domain sheet 3.2, 3.5.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hocbaso.core.regulation.programme import TT32_PRIMARY, Moment, Programme
from hocbaso.core.regulation.tt27.model import SubjectLevel, SubjectResult, TraitLevel, TraitResult


@dataclass(frozen=True, slots=True)
class PupilMoment:
    """What one pupil got at one moment."""

    subjects: tuple[SubjectResult, ...]
    traits: tuple[TraitResult, ...] = ()


@dataclass(frozen=True, slots=True)
class SubjectCount:
    """One subject's line of the class summary; ``scores`` counts test scores, ``tested`` says one is due."""

    code: str
    name: str
    levels: Mapping[SubjectLevel, int]
    scores: Mapping[int, int]
    tested: bool
    assessed: int  # pupils with a level
    exempt: int
    missing_level: int
    missing_score: int

    def score_between(self, low: int, high: int) -> int:
        """Number of scores from ``low`` to ``high`` inclusive (9-10, 7-8, 5-6, below 5 on the form)."""
        return sum(count for score, count in self.scores.items() if low <= score <= high)


@dataclass(frozen=True, slots=True)
class TraitCount:
    """One quality's or competence's line of the class summary."""

    code: str
    name: str
    levels: Mapping[TraitLevel, int]
    exempt: int
    missing: int


@dataclass(frozen=True, slots=True)
class PeriodSummary:
    """Counts of a class at one moment, in the order of the form."""

    moment: Moment
    pupils: int
    subjects: tuple[SubjectCount, ...]
    traits: tuple[TraitCount, ...]

    @property
    def complete(self) -> bool:
        """Nothing that is due at this moment is missing."""
        return not any(one.missing_level or one.missing_score for one in self.subjects) and not any(
            one.missing for one in self.traits
        )


def period_summary(
    grade: int, moment: Moment, pupils: Sequence[PupilMoment], *, programme: Programme = TT32_PRIMARY
) -> PeriodSummary:
    """Counts T/H/C per subject, test scores and T/Đ/C per trait of a class at one moment.

    Compulsory subjects are due for every pupil, optional ones for those who have a result in them; a test is
    due where the programme sets one at this moment (Điều 7 khoản 1 điểm b).

    :raises DomainError: ``programme.*`` for a subject or trait the grade does not have.
    """
    table = programme.grade(grade)
    by_subject = [{one.code: one for one in pupil.subjects} for pupil in pupils]
    by_trait = [{one.code: one for one in pupil.traits} for pupil in pupils]
    for code in {code for results in by_subject for code in results}:
        table.line(code)
    for code in {code for results in by_trait for code in results}:
        table.trait(code)
    lines = []
    for line in table.lines:
        taken = [results.get(line.code) for results in by_subject]
        if not line.compulsory and not any(taken):
            continue
        due = [one for one in taken if line.compulsory or one is not None]
        tested = moment in line.tests
        lines.append(_subject_count(line.code, line.short_name, due, tested))
    traits = tuple(
        _trait_count(trait.code, trait.name, [results.get(trait.code) for results in by_trait])
        for trait in table.traits
    )
    return PeriodSummary(moment, len(pupils), tuple(lines), traits)


def _subject_count(code: str, name: str, due: Sequence[SubjectResult | None], tested: bool) -> SubjectCount:
    given = [one for one in due if one is not None and not one.exempt_reason]
    exempt = sum(1 for one in due if one is not None and one.exempt_reason)
    levels = Counter(one.level for one in given if one.level is not None)
    scores = Counter(one.score for one in given if one.score is not None)
    expected = len(due) - exempt
    return SubjectCount(
        code=code,
        name=name,
        levels={level: levels[level] for level in SubjectLevel},
        scores=dict(sorted(scores.items())),
        tested=tested,
        assessed=levels.total(),
        exempt=exempt,
        missing_level=expected - levels.total(),
        missing_score=expected - scores.total() if tested else 0,
    )


def _trait_count(code: str, name: str, given: Sequence[TraitResult | None]) -> TraitCount:
    exempt = sum(1 for one in given if one is not None and one.exempt_reason)
    levels = Counter(one.level for one in given if one is not None and one.level is not None)
    return TraitCount(
        code=code,
        name=name,
        levels={level: levels[level] for level in TraitLevel},
        exempt=exempt,
        missing=len(given) - exempt - levels.total(),
    )
