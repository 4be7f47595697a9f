"""Facts of the secondary books (TT 22/2021), read with a constant number of queries."""

from __future__ import annotations

from hocbaso.apps.assessment.models import REGULAR_COLUMNS, SubjectMarks
from hocbaso.apps.assessment.year_rows import ClassYear, outcomes_in, read_year
from hocbaso.apps.books.facts import ClassFacts, class_facts, numbered
from hocbaso.apps.books.kinds import TERM_ONE, TERM_TWO, YEAR
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.core.errors import DomainError
from hocbaso.core.regulation import tt22
from hocbaso.engines.rendering import books

_TERMS = (TERM_ONE, TERM_TWO)
_PARTS = {TERM_ONE: (1,), TERM_TWO: (2,), YEAR: (3,), "": (1, 2, 3)}


def pupils_in(year: ClassYear) -> list[tuple[Enrolment, books.Person]]:
    """Everybody of the class in list order. No query."""
    return numbered(sorted(year.enrolments.values(), key=lambda e: (e.order, e.pk)))


def subject_of(year: ClassYear, code: str) -> tt22.SecondarySubject:
    """:raises DomainError: ``book_no_such_subject``"""
    for subject in year.programme.taught():
        if subject.code == code:
            return subject
    raise DomainError("book_no_such_subject", name=year.programme.school_class.name, subject=code)


def subject_book(school_class: SchoolClass, code: str, stamp: books.Stamp) -> books.SubjectBook:
    """One subject of one class, both semesters. Seven queries.

    :raises DomainError: ``book_no_such_subject``, ``programme.*``
    """
    facts, year = class_facts(school_class), read_year(school_class)
    subject = subject_of(year, code)
    outcomes = outcomes_in(year, allow_unknown_absences=True)
    rows = [
        _subject_row(year, subject, enrolment, person, outcomes[enrolment.pk])
        for enrolment, person in pupils_in(year)
        if year.programme.studies(enrolment.pk, code)
    ]
    return books.SubjectBook(
        facts.school,
        facts.head,
        subject.name,
        subject.scored,
        _columns(year, code),
        facts.teachers_of(code),
        tuple(rows),
        stamp,
    )


def _columns(year: ClassYear, code: str) -> int:
    """Columns of regular marks: those the page offers, and any further one that holds a mark."""
    used = [
        n
        for rows in year.marks.values()
        for (subject, _moment), row in rows.items()
        if subject == code
        for n, name in enumerate(REGULAR_COLUMNS, 1)
        if getattr(row, name)
    ]
    return max([len(year.programme.columns(code)), *used])


def _subject_row(
    year: ClassYear,
    subject: tt22.SecondarySubject,
    enrolment: Enrolment,
    person: books.Person,
    outcome: tt22.YearOutcome,
) -> books.SubjectRow:
    found = outcome.subject(subject.code)
    rows = [year.row(enrolment.pk, subject.code, term) for term in _TERMS]
    summer = year.row(enrolment.pk, subject.code, "he")
    reason = next((row.exempt_reason for row in reversed(rows) if row and row.exempt_reason), "")
    notes = [person.left_note, f"Được miễn: {reason}" if reason else ""]
    if rows[0] and rows[0].carried:
        notes.append(f"Kết quả học kỳ I của {rows[0].carried_school or 'trường cũ'}")
    return books.SubjectRow(
        person,
        (term_cells(rows[0], found.term1.text), term_cells(rows[1], found.term2.text)),
        found.year_text,
        summer.retest if summer else "",
        ". ".join(note for note in notes if note),
    )


def term_cells(row: SubjectMarks | None, result: str) -> books.TermCells:
    """One semester as it was entered, with the result by the circular."""
    if row is None:
        return books.TermCells(result=result)
    regular = tuple(getattr(row, name) for name in REGULAR_COLUMNS)
    return books.TermCells(regular, row.gk, row.ck, result, row.comment)


def class_book(school_class: SchoolClass, moment: str, stamp: books.Stamp) -> books.ClassBook:
    """The class's summary: both semesters and the year, or the one that ``moment`` names. Seven queries."""
    facts, year = class_facts(school_class), read_year(school_class)
    return class_book_of(facts, year, moment, stamp)


def class_book_of(facts: ClassFacts, year: ClassYear, moment: str, stamp: books.Stamp) -> books.ClassBook:
    """The same from facts at hand. No query."""
    outcomes = outcomes_in(year, allow_unknown_absences=True)
    return books.ClassBook(
        facts.school,
        facts.head,
        tuple((s.code, s.short_name) for s in year.programme.taught()),
        tuple(_class_row(year, e, person, outcomes[e.pk]) for e, person in pupils_in(year)),
        stamp,
        _PARTS[moment],
    )


def _class_row(
    year: ClassYear, enrolment: Enrolment, person: books.Person, outcome: tt22.YearOutcome
) -> books.ClassRow:
    record = year.records.get(enrolment.pk)
    return books.ClassRow(
        person,
        {s.subject.code: s.term1.text for s in outcome.subjects},
        {s.subject.code: s.term2.text for s in outcome.subjects},
        {s.subject.code: s.year_text for s in outcome.subjects},
        (words(outcome.study1), words(outcome.study2), words(outcome.study_year)),
        (words(outcome.conduct1), words(outcome.conduct2), words(outcome.conduct_year)),
        record.absent_excused if record else None,
        record.absent_unexcused if record else None,
        tuple(_retest(s) for s in outcome.subjects if s.retested or s.subject.code in outcome.retests),
        words(outcome.study_after),
        words(outcome.conduct_after),
        promotion_words(outcome),
        outcome.promoted,
        words(outcome.title),
    )


def words(decision: tt22.Decision | None) -> str:
    """The decision's value, or nothing."""
    return decision.value if decision else ""


def _retest(outcome: tt22.SubjectOutcome) -> str:
    """``Toán 5,5``; the subject alone while the re-test has not been."""
    text = f" {tt22.show_mark(outcome.after_retest_text)}" if outcome.retested else ""
    return f"{outcome.subject.short_name}{text}"


def promotion_words(outcome: tt22.YearOutcome) -> str:
    """As the column writes it."""
    if outcome.summer_pending:
        return "Chờ hè"
    if outcome.promoted is None:
        return ""
    if outcome.grade in (9, 12):
        return "Hoàn thành" if outcome.promoted else "Chưa hoàn thành"
    return "Lên lớp" if outcome.promoted else "Ở lại lớp"
