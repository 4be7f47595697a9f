"""The overall level at the end of the year: Điều 9 khoản 2 điểm a, evaluated in the circular's order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from hocbaso.core.errors import DomainError, register, sentence
from hocbaso.core.regulation.programme import TT32_PRIMARY, GradeProgramme, Programme, ProgrammeLine, Trait
from hocbaso.core.regulation.tt27.model import (
    CIRCULAR,
    DEFAULT_SETTING,
    Missing,
    MissingKind,
    Overall,
    Setting,
    SubjectLevel,
    SubjectResult,
    TraitLevel,
    TraitResult,
    YearDecision,
    clause,
)
from hocbaso.core.vietnamese.reading import Finding, Severity, finding

R = TypeVar("R", SubjectResult, TraitResult)

OVERALL_WHERE = "Điều 9 khoản 2 điểm a"
COMPLETION_WHERE = "Điều 11 khoản 1 điểm a"

register(
    {
        "tt27.missing_level": (
            "{name}: chưa có mức đạt được cuối năm học.",
            "{name}: no end-of-year level.",
        ),
        "tt27.missing_score": (
            "{name}: chưa có điểm bài kiểm tra cuối năm học.",
            "{name}: no end-of-year test score.",
        ),
        "tt27.missing_trait": (
            "{group} “{name}”: chưa có mức đạt được cuối năm học.",
            "{group} {name}: no end-of-year level.",
        ),
        "tt27.nothing_assessed": (
            "Học sinh được miễn mọi môn học nên không có căn cứ để xét kết quả.",
            "The pupil is exempt from every subject.",
        ),
        "tt27.good_level_low_score": (
            "{name}: mức Hoàn thành tốt (T) nhưng bài kiểm tra cuối năm {score} điểm, dưới 7. "
            "Thầy cô xem lại mức hoặc điểm.",
            "{name}: level T with test score {score} below 7.",
        ),
        "tt27.low_level_good_score": (
            "{name}: mức Chưa hoàn thành (C) nhưng bài kiểm tra cuối năm {score} điểm, từ 5 trở lên. "
            "Thầy cô xem lại mức hoặc điểm.",
            "{name}: level C with test score {score}, 5 or more.",
        ),
        "tt27.score_not_used": (
            "{name}: lớp {grade} không có bài kiểm tra định kỳ bắt buộc của môn này, "
            "nên điểm {score} không dùng để xét kết quả.",
            "{name}: grade {grade} has no compulsory test; score {score} is not used.",
        ),
        "tt27.exempt_without_plan": (
            "{name}: môn có bài kiểm tra định kỳ mà học sinh được miễn, trong khi không học theo "
            "kế hoạch giáo dục cá nhân. Thầy cô xem lại.",
            "{name}: exempt from a tested subject without an individual plan.",
        ),
        "tt27.trait_exempt": (
            "“{name}”: chỉ học sinh học theo kế hoạch giáo dục cá nhân mới được miễn đánh giá "
            "phẩm chất, năng lực.",
            "{name}: traits are exempt only under an individual plan.",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class _Subject:
    line: ProgrammeLine
    result: SubjectResult


@dataclass(frozen=True, slots=True)
class _Assessed:
    """What is left after exemptions, in the order of the form."""

    subjects: tuple[_Subject, ...]
    traits: tuple[tuple[Trait, TraitLevel], ...]
    exempt: tuple[str, ...]

    @property
    def tested(self) -> list[tuple[str, str, int]]:
        """Code, name and score of each compulsory end-of-year test."""
        return [
            (one.line.code, one.line.short_name, one.result.score)
            for one in self.subjects
            if one.line.tested and one.result.score is not None
        ]


@dataclass(frozen=True, slots=True)
class _Rung:
    """One of the three levels that must be earned."""

    overall: Overall
    subject: SubjectLevel  # lowest subject level
    trait: TraitLevel  # lowest trait level
    score: int  # lowest test score
    subjects_say: str
    traits_say: str


#: In the order in which the circular evaluates; who reaches none has not completed.
_RUNGS = (
    _Rung(
        Overall.EXCELLENT, SubjectLevel.T, TraitLevel.T, 9, "đều đạt mức Hoàn thành tốt", "đều đạt mức Tốt"
    ),
    _Rung(Overall.GOOD, SubjectLevel.T, TraitLevel.T, 7, "đều đạt mức Hoàn thành tốt", "đều đạt mức Tốt"),
    _Rung(
        Overall.COMPLETED,
        SubjectLevel.H,
        TraitLevel.D,
        5,
        "đều đạt mức Hoàn thành tốt hoặc Hoàn thành",
        "đều đạt mức Tốt hoặc Đạt",
    ),
)


def evaluate_year(
    grade: int,
    subjects: Sequence[SubjectResult],
    traits: Sequence[TraitResult],
    *,
    setting: Setting = DEFAULT_SETTING,
    individual_plan: bool = False,
    programme: Programme = TT32_PRIMARY,
) -> YearDecision:
    """Overall level of one pupil's year (Thông tư 27/2020 Điều 9 khoản 2 điểm a).

    :param subjects: end-of-year results; every compulsory subject of the grade must be there, optional ones
        only when taken. Exempt subjects are left out (Điều 8).
    :param traits: end-of-year levels of every quality and competence of the grade.
    :param individual_plan: the pupil is assessed by an individual education plan (Điều 8).
    :returns: the decision; undetermined with the exact list of what is missing.
    :raises DomainError: unknown or repeated subject or trait (``programme.*``, ``tt27.duplicate``), a score
        out of range (``tt27.score``), a trait exempt without plan (``tt27.trait_exempt``).
    """
    table = programme.grade(grade)
    by_subject = _by_code(subjects, lambda code: table.line(code).short_name)
    by_trait = _by_code(traits, lambda code: table.trait(code).name)
    _check_inputs(table, by_subject, by_trait, setting, individual_plan)
    missing = (*_missing_subjects(table, by_subject, setting), *_missing_traits(table, by_trait))
    warnings = tuple(_warnings(table, by_subject, individual_plan))
    assessed = _assessed(table, by_subject, by_trait, setting)
    if not missing and not assessed.subjects:
        missing = (Missing(MissingKind.NOTHING_ASSESSED, "", "", sentence("tt27.nothing_assessed")),)
    overall, explanation = (None, _explain_missing(missing)) if missing else _decide(assessed)
    return YearDecision(
        grade=grade,
        individual_plan=individual_plan,
        overall=overall,
        clause=clause(OVERALL_WHERE),
        explanation=explanation,
        completed=None if overall is None else overall is not Overall.NOT_COMPLETED,
        completed_clause=clause(COMPLETION_WHERE),
        missing=missing,
        warnings=warnings,
        blocking=() if missing else _short_codes(assessed, _RUNGS[-1]),
    )


def _by_code(results: Sequence[R], name_of: Callable[[str], str]) -> dict[str, R]:
    found: dict[str, R] = {}
    for result in results:
        if result.code in found:
            raise DomainError("tt27.duplicate", name=name_of(result.code))
        found[result.code] = result
    return found


def _check_inputs(
    table: GradeProgramme,
    subjects: dict[str, SubjectResult],
    traits: dict[str, TraitResult],
    setting: Setting,
    individual_plan: bool,
) -> None:
    for result in subjects.values():
        table.line(result.code)
        if result.score is not None and result.score < setting.lowest_score:
            raise DomainError("tt27.score", written=result.score, low=setting.lowest_score)
    for trait in traits.values():
        name = table.trait(trait.code).name
        if trait.exempt_reason and not individual_plan:
            raise DomainError("tt27.trait_exempt", name=name)


def _missing_subjects(
    table: GradeProgramme, subjects: dict[str, SubjectResult], setting: Setting
) -> Iterable[Missing]:
    for line in table.lines:
        result = subjects.get(line.code)
        counts = line.compulsory or (result is not None and setting.optional_subjects_count)
        if not counts or _exempt(result):
            continue
        name = line.short_name
        if result is None or result.level is None:
            text = sentence("tt27.missing_level", name=name)
            yield Missing(MissingKind.SUBJECT_LEVEL, line.code, name, text)
        if line.tested and (result is None or result.score is None):
            text = sentence("tt27.missing_score", name=name)
            yield Missing(MissingKind.TEST_SCORE, line.code, name, text)


def _missing_traits(table: GradeProgramme, traits: dict[str, TraitResult]) -> Iterable[Missing]:
    for trait in table.traits:
        result = traits.get(trait.code)
        if result is None or (result.level is None and not result.exempt_reason):
            text = sentence("tt27.missing_trait", group=trait.group.label, name=trait.name)
            yield Missing(MissingKind.TRAIT_LEVEL, trait.code, trait.name, text)


def _warnings(
    table: GradeProgramme, subjects: dict[str, SubjectResult], individual_plan: bool
) -> Iterable[Finding]:
    for line in table.lines:
        result = subjects.get(line.code)
        if result is None:
            continue
        name, score = line.short_name, result.score
        if result.exempt_reason and line.tested and not individual_plan:
            yield finding("tt27.exempt_without_plan", Severity.WARNING, name=name)
        if score is None:
            continue
        if not line.tested:
            yield finding("tt27.score_not_used", Severity.WARNING, name=name, grade=table.grade, score=score)
        elif result.level is SubjectLevel.T and score < 7:
            yield finding("tt27.good_level_low_score", Severity.WARNING, name=name, score=score)
        elif result.level is SubjectLevel.C and score >= 5:
            yield finding("tt27.low_level_good_score", Severity.WARNING, name=name, score=score)


def _assessed(
    table: GradeProgramme,
    subjects: dict[str, SubjectResult],
    traits: dict[str, TraitResult],
    setting: Setting,
) -> _Assessed:
    kept = [
        _Subject(line, subjects[line.code])
        for line in table.lines
        if line.code in subjects
        and subjects[line.code].level is not None
        and (line.compulsory or setting.optional_subjects_count)
    ]
    levels = [
        (trait, level)
        for trait in table.traits
        if trait.code in traits and (level := traits[trait.code].level) is not None
    ]
    names = [line.short_name for line in table.lines if _exempt(subjects.get(line.code))]
    names += [trait.name for trait in table.traits if _exempt(traits.get(trait.code))]
    return _Assessed(tuple(kept), tuple(levels), tuple(names))


def _exempt(result: SubjectResult | TraitResult | None) -> bool:
    return result is not None and bool(result.exempt_reason)


def _decide(assessed: _Assessed) -> tuple[Overall, str]:
    for index, rung in enumerate(_RUNGS):
        if not _short_codes(assessed, rung):
            better = _RUNGS[index - 1] if index else None
            return rung.overall, _explain_reached(assessed, rung, better)
    why = _shortfall(assessed, _RUNGS[-1])
    return Overall.NOT_COMPLETED, _sentence(f"{Overall.NOT_COMPLETED.value}, vì {why}.", assessed)


def _short_codes(assessed: _Assessed, rung: _Rung) -> tuple[str, ...]:
    """Codes of what falls short of a rung, in the order of the form, each once."""
    codes = [s.line.code for s in assessed.subjects if _below(s, rung)]
    codes += [code for code, _, score in assessed.tested if score < rung.score and code not in codes]
    codes += [trait.code for trait, level in assessed.traits if level.rank < rung.trait.rank]
    return tuple(codes)


def _below(subject: _Subject, rung: _Rung) -> bool:
    level = subject.result.level
    return level is not None and level.rank < rung.subject.rank


def _explain_reached(assessed: _Assessed, rung: _Rung, better: _Rung | None) -> str:
    parts = [f"các môn học, hoạt động giáo dục {rung.subjects_say}"]
    if assessed.traits:
        parts.append(f"các phẩm chất, năng lực {rung.traits_say}")
    if assessed.tested:
        lowest = min(score for _, _, score in assessed.tested)
        names = ", ".join(name for _, name, score in assessed.tested if score == lowest)
        parts.append(
            f"các bài kiểm tra cuối năm học đều từ {rung.score} điểm trở lên "
            f"(thấp nhất: {names} {lowest} điểm)"
        )
    text = f"{rung.overall.value}, vì " + "; ".join(parts) + "."
    if better is not None:
        text += f" Chưa đạt mức {better.overall.value}, vì {_shortfall(assessed, better)}."
    return _sentence(text, assessed)


def _shortfall(assessed: _Assessed, rung: _Rung) -> str:
    """What falls short of a rung, in words grouped by level."""
    parts: list[str] = []
    for subject_level in (SubjectLevel.C, SubjectLevel.H):
        names = [s.line.short_name for s in assessed.subjects if s.result.level is subject_level]
        if names and subject_level.rank < rung.subject.rank:
            parts.append(f"{', '.join(names)} ở mức {subject_level.label}")
    for trait_level in (TraitLevel.C, TraitLevel.D):
        names = [trait.name for trait, level in assessed.traits if level is trait_level]
        if names and trait_level.rank < rung.trait.rank:
            parts.append(f"{', '.join(names)} ở mức {trait_level.label}")
    low = [f"{name} {score} điểm" for _, name, score in assessed.tested if score < rung.score]
    if low:
        parts.append(f"bài kiểm tra cuối năm học {', '.join(low)} (cần từ {rung.score} điểm)")
    return "; ".join(parts)


def _sentence(text: str, assessed: _Assessed) -> str:
    if assessed.exempt:
        text += f" Được miễn nên không xét: {', '.join(assessed.exempt)}."
    return f"{text} Căn cứ: {CIRCULAR}, {OVERALL_WHERE}."


def _explain_missing(missing: Sequence[Missing]) -> str:
    return (
        f"Chưa xét được kết quả giáo dục ({CIRCULAR}, {OVERALL_WHERE}), "
        f"vì còn thiếu {len(missing)} nội dung: " + " ".join(one.message for one in missing)
    )
