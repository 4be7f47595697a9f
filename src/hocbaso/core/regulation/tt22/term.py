"""Semester and year result of one subject: Điều 9 khoản 1."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from hocbaso.core.errors import DomainError
from hocbaso.core.regulation.secondary_model import SecondarySubject
from hocbaso.core.regulation.tt22.model import (
    ABSENT,
    DEFAULT_SETTING,
    EXEMPT,
    NOT_PASSED,
    PASSED,
    Setting,
    SubjectOutcome,
    SubjectTerm,
    SubjectYear,
    TermMarks,
    mark_text,
    mark_value,
    show_mark,
)
from hocbaso.core.vietnamese.decimals import round_half_up

COMMENT_WHERE = "Điều 9 khoản 1 điểm a"
SCORE_WHERE = "Điều 9 khoản 1 điểm b"
RETEST_WHERE = "Điều 14"
_NAMES = {True: "Đạt", False: "Chưa đạt"}


def kept_columns(books: Iterable[TermMarks]) -> int:
    """Number of regular columns in which anyone of a class has a mark: what the book really keeps."""
    return max((n for book in books for n, text in enumerate(book.regular, 1) if text), default=0)


def average(regular: Iterable[Decimal], mid: Decimal, final: Decimal) -> Decimal:
    """ĐTBmhk = (sum of regular + 2 mid + 3 final) / (number of regular + 5), half up to one decimal."""
    marks = tuple(regular)
    return round_half_up((sum(marks, Decimal(0)) + 2 * mid + 3 * final) / (len(marks) + 5))


def year_average(term1: Decimal, term2: Decimal) -> Decimal:
    """ĐTBmcn = (ĐTBmhkI + 2 ĐTBmhkII) / 3 of the rounded averages, half up to one decimal (A3)."""
    return round_half_up((term1 + 2 * term2) / 3)


def term_result(
    subject: SecondarySubject,
    marks: TermMarks | None,
    setting: Setting = DEFAULT_SETTING,
    carried: str = "",
) -> SubjectTerm:
    """Result of one subject in one semester (Điều 9 khoản 1).

    :param carried: the result from the sending school (A4); it stands instead of marks.
    :returns: undetermined with the words of what is missing when marks lack.
    :raises DomainError: ``tt22.mark_form`` for a mark that does not fit the subject's form.
    """
    clause = setting.clause(SCORE_WHERE if subject.scored else COMMENT_WHERE)
    if carried:
        return _carried(subject, carried, clause)
    marks = marks or TermMarks()
    written = marks.written
    _check_form(subject, written)
    if written and all(text == EXEMPT for text in written):
        return SubjectTerm(None, None, EXEMPT, (), clause, f"{subject.name}: được miễn cả học kỳ.")
    missing = _missing(subject, marks, setting)
    if missing:
        text = f"{subject.name}: chưa có {', '.join(missing)}."
        return SubjectTerm(None, None, "", missing, clause, text)
    notes = _notes(subject, marks)
    if subject.scored:
        return _scored(subject, marks, setting, clause, notes)
    return _comment(subject, marks, setting, clause, notes)


def _check_form(subject: SecondarySubject, texts: Iterable[str]) -> None:
    for text in texts:
        if text not in ("", ABSENT, EXEMPT) and (mark_value(text) is not None) is not subject.scored:
            raise DomainError("tt22.mark_form", name=subject.name, written=text, form=subject.form.label)


def _carried(subject: SecondarySubject, text: str, clause: str) -> SubjectTerm:
    _check_form(subject, (text,))
    told = f"{subject.name}: {show_mark(text)}, kết quả do trường nơi học sinh chuyển đi gửi đến."
    passed = None if subject.scored or text == EXEMPT else text == PASSED
    return SubjectTerm(mark_value(text), passed, text, (), clause, told)


def _missing(subject: SecondarySubject, marks: TermMarks, setting: Setting) -> tuple[str, ...]:
    zero = setting.absent_without_makeup_is_zero
    there = sum(1 for text in marks.regular if text and (zero or text != ABSENT))
    words = []
    lacking = _needed(subject, marks, setting) - there
    if lacking > 0:
        words.append(f"{lacking} ĐĐGtx")
    for text, name in ((marks.mid, "ĐĐGgk"), (marks.final, "ĐĐGck")):
        if text == EXEMPT:
            words.append(f"{name} (ghi miễn)")
        elif not text or (text == ABSENT and not zero):
            words.append(f"{name} (vắng, chưa kiểm tra bù)" if text else name)
    return tuple(words)


def _needed(subject: SecondarySubject, marks: TermMarks, setting: Setting) -> int:
    needed = subject.regular_count if marks.columns is None else marks.columns
    return needed - 1 if marks.topic and setting.topic_counts_within else needed


def _notes(subject: SecondarySubject, marks: TermMarks) -> tuple[str, ...]:
    kept, count = marks.columns, subject.regular_count
    if kept is None or kept >= count:
        return ()
    return (f"sổ điểm có {kept} ĐĐGtx, Điều 6 khoản 2 quy định {count}",)


def _counted(texts: Iterable[str], setting: Setting) -> list[str]:
    left_out = ("", EXEMPT) if setting.absent_without_makeup_is_zero else ("", EXEMPT, ABSENT)
    return [text for text in texts if text not in left_out]


def _value(text: str) -> Decimal:
    value = mark_value(text)
    return Decimal(0) if value is None else value  # V: Điều 7, no assessment counts as 0


def _scored(
    subject: SecondarySubject, marks: TermMarks, setting: Setting, clause: str, notes: tuple[str, ...]
) -> SubjectTerm:
    regular = [_value(text) for text in _counted((*marks.regular, marks.topic), setting)]
    mid, final = _value(marks.mid), _value(marks.final)
    value = average(regular, mid, final)
    shown = " + ".join(show_mark(mark_text(one)) for one in regular)
    told = (
        f"ĐTBmhk = ({shown} + 2 × {show_mark(mark_text(mid))} + 3 × {show_mark(mark_text(final))}) : "
        f"{len(regular) + 5} = {show_mark(str(value))}, làm tròn đến một chữ số thập phân "
        f"{setting.cite(SCORE_WHERE)}."
    )
    return SubjectTerm(value, None, mark_text(value), (), clause, told, notes)


def _comment(
    subject: SecondarySubject, marks: TermMarks, setting: Setting, clause: str, notes: tuple[str, ...]
) -> SubjectTerm:
    passed = all(text == PASSED for text in _counted(marks.written, setting))
    why = "mọi lần đánh giá đều Đạt" if passed else "có lần đánh giá Chưa đạt"
    told = f"{_NAMES[passed]}, vì đủ số lần kiểm tra, đánh giá và {why} {setting.cite(COMMENT_WHERE)}."
    return SubjectTerm(None, passed, PASSED if passed else NOT_PASSED, (), clause, told, notes)


def _with_topic(marks: TermMarks | None, topics: tuple[str, ...], place: int) -> TermMarks | None:
    topic = topics[place] if len(topics) > place else ""
    if not topic:
        return marks
    return replace(marks or TermMarks(), topic=(marks.topic if marks else "") or topic)


def year_value(subject_year: SubjectYear, setting: Setting = DEFAULT_SETTING) -> SubjectOutcome:
    """Both semesters, the year and what counts after a re-test (Điều 9 khoản 1, Điều 14).

    A scored subject needs both semesters; a comment subject's year is its semester II. A re-test replaces
    the year result where that is Chưa đạt or below 5.0, and is left aside otherwise.

    :raises DomainError: ``tt22.mark_form``.
    """
    subject = subject_year.subject
    _check_form(subject, (subject_year.retest, subject_year.decided))
    if subject_year.exempt:
        return _exempt(subject_year, setting)
    topics = subject_year.topic_marks
    term1 = term_result(
        subject, _with_topic(subject_year.term1, topics, 0), setting, subject_year.carried_term1
    )
    term2 = term_result(subject, _with_topic(subject_year.term2, topics, 1), setting)
    year, told = _year(subject_year, term1, term2, setting)
    text = _year_text(year)
    if term1.exempt and term2.exempt and not subject_year.decided:
        text, told = EXEMPT, f"{subject.name}: được miễn cả năm học."
    missing = tuple(
        f"{word} {where}"
        for where, term in (("học kỳ I", term1), ("học kỳ II", term2))
        for word in term.missing
    )
    if year is None and not missing and text != EXEMPT:
        missing = ("kết quả cả năm (chỉ có một học kỳ, cần Hiệu trưởng quyết định)",)
    notes = tuple(f"{note} ({where})" for where, term in _terms(term1, term2) for note in term.notes)
    outcome = SubjectOutcome(
        subject,
        term1,
        term2,
        year,
        text,
        text,
        missing,
        setting.clause(SCORE_WHERE if subject.scored else COMMENT_WHERE),
        told,
        notes=notes,
    )
    retest = subject_year.retest
    if outcome.below and retest not in ("", ABSENT, EXEMPT):
        return replace(outcome, after_retest_text=retest, retested=True)
    return outcome


def _terms(term1: SubjectTerm, term2: SubjectTerm) -> tuple[tuple[str, SubjectTerm], ...]:
    return (("học kỳ I", term1), ("học kỳ II", term2))


def _exempt(subject_year: SubjectYear, setting: Setting) -> SubjectOutcome:
    subject = subject_year.subject
    clause = setting.clause(SCORE_WHERE if subject.scored else COMMENT_WHERE)
    told = f"{subject.name}: được miễn ({subject_year.exempt})."
    term = SubjectTerm(None, None, EXEMPT, (), clause, told)
    return SubjectOutcome(subject, term, term, None, EXEMPT, EXEMPT, (), clause, told)


def _year_text(year: Decimal | bool | None) -> str:
    if year is None:
        return ""
    if isinstance(year, bool):
        return PASSED if year else NOT_PASSED
    return mark_text(year)


def _year(
    subject_year: SubjectYear, term1: SubjectTerm, term2: SubjectTerm, setting: Setting
) -> tuple[Decimal | bool | None, str]:
    subject, decided = subject_year.subject, subject_year.decided
    if decided and decided not in (ABSENT, EXEMPT):
        told = f"{subject.name}: {show_mark(decided)}, do Hiệu trưởng quyết định"
        if subject_year.decided_reason:
            told += f": {subject_year.decided_reason.strip().rstrip('.')}"
        return (mark_value(decided) if subject.scored else decided == PASSED), told + "."
    if not subject.scored:
        if term2.passed is None:
            return None, f"{subject.name}: chưa có kết quả học kỳ II."
        return term2.passed, (
            f"{_NAMES[term2.passed]}, theo kết quả học kỳ II {setting.cite(COMMENT_WHERE)}."
        )
    if term1.value is None or term2.value is None:
        return None, f"{subject.name}: chưa đủ điểm trung bình hai học kỳ."
    value = year_average(term1.value, term2.value)
    return value, (
        f"ĐTBmcn = ({show_mark(str(term1.value))} + 2 × {show_mark(str(term2.value))}) : 3 = "
        f"{show_mark(str(value))}, làm tròn đến một chữ số thập phân {setting.cite(SCORE_WHERE)}."
    )
