"""The whole year of one pupil: from marks to promotion and title (Điều 8, 9, 12 to 15)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from hocbaso.core.errors import DomainError, register, sentence
from hocbaso.core.regulation.secondary_choice import ELECTIVES_NEEDED
from hocbaso.core.regulation.secondary_model import ELECTIVE, Term
from hocbaso.core.regulation.tt22.awards import title
from hocbaso.core.regulation.tt22.conduct import conduct_after_summer, conduct_term, conduct_year
from hocbaso.core.regulation.tt22.model import (
    DEFAULT_SETTING,
    EXEMPT,
    Decision,
    Rating,
    Setting,
    SubjectOutcome,
    YearInput,
    YearOutcome,
)
from hocbaso.core.regulation.tt22.promotion import Case, decide
from hocbaso.core.regulation.tt22.study import YEAR, raise_min, study_rating
from hocbaso.core.regulation.tt22.term import year_value

register(
    {
        "tt22.duplicate": (
            "Môn “{name}” được ghi hai lần cho cùng một học sinh.",
            "{name} occurs twice for one pupil.",
        ),
        "tt22.absences": (
            "Số buổi nghỉ phải là số nguyên từ 0 trở lên; không nhận “{written}”.",
            "Absences are a whole number, not {written!r}.",
        ),
        "tt22.retest_not_due": (
            "{name}: có điểm kiểm tra, đánh giá lại nhưng học sinh không thuộc diện phải đánh giá lại "
            "môn này (Điều 14), nên không dùng.",
            "{name}: a re-test that is not due is not used.",
        ),
        "tt22.summer_not_due": (
            "Có kết quả rèn luyện trong hè nhưng kết quả rèn luyện cả năm không phải là Chưa đạt (Điều 13), "
            "nên không dùng.",
            "A summer training result that is not due is not used.",
        ),
        "tt22.absences_unknown": (
            "Chưa ghi số buổi nghỉ cả năm; học sinh nghỉ quá 45 buổi thì không được lên lớp.",
            "Absences are not recorded.",
        ),
        "tt22.fewer_columns": (
            "{name}: {note}.",
            "{name}: {note}.",
        ),
    }
)


def evaluate_year(
    data: YearInput, setting: Setting = DEFAULT_SETTING, *, allow_unknown_absences: bool = False
) -> YearOutcome:
    """Everything that one pupil's year amounts to (Thông tư 22/2021/TT-BGDĐT).

    Every compulsory subject of the grade must be in ``data.subjects`` (one the pupil is exempt from with the
    reason in ``SubjectYear.exempt``) and four electives in grades 10 to 12: fewer are missing. Optional
    subjects only when the pupil takes them.

    :param allow_unknown_absences: absences that nobody recorded count as not more than 45, with a problem
        noted; otherwise they are missing.
    :returns: results with clause and explanation; ``None`` where something is missing, named in ``missing``.
    :raises DomainError: a subject of another grade (``programme.subject``) or given twice
        (``tt22.duplicate``), a mark that does not fit (``tt22.mark_form``), a wrong number of absences
        (``tt22.absences``), a principal's decision where none is possible (``tt22.principal_not_needed``,
        ``tt22.reason_needed``).
    """
    _check(data)
    rules = raise_min(setting, min_scored=data.grade.min_scored, continuing=data.grade.continuing)
    outcomes = tuple(year_value(one, rules) for one in data.subjects)
    if data.individual_plan:
        rules = _for_plan(rules, outcomes)
    absent = _absent_subjects(data, outcomes)
    study = _study(outcomes, rules, YEAR, absent)
    conduct = conduct_year(data.conduct1, data.conduct2, rules)
    conduct_after = _conduct_after(data, conduct, rules)
    known = data.absences is not None or allow_unknown_absences
    verdict = decide(Case(data, outcomes, study, conduct, conduct_after, rules, known))
    return YearOutcome(
        grade=data.grade.grade,
        subjects=tuple(_due(one, verdict.retests) for one in outcomes),
        study1=_study(outcomes, rules, Term.ONE, absent),
        study2=_study(outcomes, rules, Term.TWO, absent),
        study_year=study,
        conduct1=conduct_term(data.conduct1, Term.ONE.label, rules),
        conduct2=conduct_term(data.conduct2, Term.TWO.label, rules),
        conduct_year=conduct,
        study_after=verdict.study_after,
        conduct_after=conduct_after,
        absences=data.absences,
        promoted=verdict.promoted,
        completed=verdict.completed,
        promotion=verdict.promotion,
        title=title(outcomes, study, conduct, rules),
        retests=verdict.retests,
        summer=verdict.summer,
        summer_pending=verdict.pending,
        missing=tuple(_missing(data, outcomes, absent, known)),
        problems=tuple(_problems(data, outcomes, verdict.retests, conduct)),
    )


def _check(data: YearInput) -> None:
    seen = set()
    for one in data.subjects:
        data.grade.subject(one.subject.code)
        if one.subject.code in seen:
            raise DomainError("tt22.duplicate", name=one.subject.name)
        seen.add(one.subject.code)
    count = data.absences
    if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 0):
        raise DomainError("tt22.absences", written=count)


def _due(outcome: SubjectOutcome, retests: tuple[str, ...]) -> SubjectOutcome:
    # What the year's levels do not use must not stand on the sheet as the result that counts.
    if not outcome.retested or outcome.subject.code in retests:
        return outcome
    return replace(outcome, retested=False, after_retest_text=outcome.year_text)


def _for_plan(setting: Setting, outcomes: tuple[SubjectOutcome, ...]) -> Setting:
    # Điều 11: a pupil with an individual plan may be assessed in fewer subjects than Điều 9 counts (A2).
    scored = sum(1 for one in outcomes if one.subject.scored and not one.exempt)
    return replace(setting, min_scored=min(setting.min_scored, scored))


def _absent_subjects(data: YearInput, outcomes: tuple[SubjectOutcome, ...]) -> tuple[str, ...]:
    """What must be among the subjects and is not: compulsory ones, and electives short of four."""
    given = {one.subject.code for one in outcomes}
    absent = [subject.name for subject in data.grade.compulsory if subject.code not in given]
    chosen = _chosen(outcomes)
    if data.grade.electives and chosen < ELECTIVES_NEEDED and not data.individual_plan:
        absent.append(f"Môn học lựa chọn (mới ghi {chosen} trong {ELECTIVES_NEEDED} môn)")
    return tuple(absent)


def _chosen(outcomes: tuple[SubjectOutcome, ...]) -> int:
    return sum(1 for one in outcomes if one.subject.elective_group == ELECTIVE)


def _study(
    outcomes: tuple[SubjectOutcome, ...], setting: Setting, where: Term | str, absent: tuple[str, ...]
) -> Decision | None:
    """Study result of a semester or the year; ``None`` while a subject lacks its result."""
    results = [(one.subject, _text(one, where)) for one in outcomes]
    if absent or any(not text for _, text in results) or all(text == EXEMPT for _, text in results):
        return None
    return study_rating(results, setting, where)


def _text(outcome: SubjectOutcome, where: Term | str) -> str:
    if where == YEAR:
        return outcome.year_text
    return (outcome.term1 if where == Term.ONE else outcome.term2).text


def _conduct_after(data: YearInput, conduct: Decision | None, setting: Setting) -> Decision | None:
    if data.conduct_summer is None or conduct is None or conduct.rating is not Rating.FAIL:
        return None
    return conduct_after_summer(data.conduct_summer, setting)


def _missing(
    data: YearInput, outcomes: tuple[SubjectOutcome, ...], absent: tuple[str, ...], absences_known: bool
) -> Iterable[str]:
    for name in absent:
        yield f"{name}: chưa có kết quả"
    for one in outcomes:
        for word in one.missing:
            yield f"{one.subject.name}: {word}"
    if data.conduct1 is None:
        yield "Kết quả rèn luyện học kỳ I"
    if data.conduct2 is None:
        yield "Kết quả rèn luyện học kỳ II"
    if not absences_known:
        yield "Số buổi nghỉ"


def _problems(
    data: YearInput,
    outcomes: tuple[SubjectOutcome, ...],
    retests: tuple[str, ...],
    conduct: Decision | None,
) -> Iterable[str]:
    for given, one in zip(data.subjects, outcomes, strict=True):
        for note in one.notes:
            yield sentence("tt22.fewer_columns", name=one.subject.name, note=note)
        if given.retest and one.subject.code not in retests:
            yield sentence("tt22.retest_not_due", name=one.subject.name)
    if data.conduct_summer is not None and conduct is not None and conduct.rating is not Rating.FAIL:
        yield sentence("tt22.summer_not_due")
    if data.absences is None:
        yield sentence("tt22.absences_unknown")
    if data.grade.electives and _chosen(outcomes) > ELECTIVES_NEEDED and not data.individual_plan:
        yield sentence("electives.count")
