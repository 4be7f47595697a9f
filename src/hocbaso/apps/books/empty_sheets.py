"""Facts of the empty entry sheets: what a school needs on a day without the system."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from hocbaso.apps.assessment.class_programme import ClassProgramme, of_class
from hocbaso.apps.assessment.models import SubjectMarks, SubjectResult
from hocbaso.apps.assessment.parts import RECORD, TRAITS, is_secondary
from hocbaso.apps.assessment.year_rows import programme_of
from hocbaso.apps.books.facts import ClassFacts, class_facts, pupils_of
from hocbaso.apps.books.kinds import TERM_TWO, YEAR, moment_label
from hocbaso.apps.books.page_codes import page_code
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.core.errors import DomainError
from hocbaso.core.regulation.programme import GradeProgramme, Moment, ProgrammeLine
from hocbaso.core.regulation.tt22 import SecondarySubject
from hocbaso.engines.rendering import books

_LEVEL, _TRAIT, _SCORE, _MARK = "T, H hoặc C", "T, Đ hoặc C", "1 đến 10", "0 đến 10"
_PASS, _RATING = "Đ hoặc CĐ", "T, K, Đ hoặc CĐ"
_COMMENT = books.EntryColumn("Nhận xét", text=True)
_TRAITS_NAME, _RECORD_NAME = "Phẩm chất, năng lực", "Nhận xét và ghi chép của giáo viên chủ nhiệm"


@dataclass(frozen=True, slots=True)
class _Page:
    code: str
    name: str
    columns: tuple[books.EntryColumn, ...]
    homeroom: bool = False


def parts_of(school_class: SchoolClass) -> list[tuple[str, str]]:
    """(code, name) of everything that is entered for a class. At most two queries.

    :raises DomainError: ``programme.*``
    """
    moment = TERM_TWO if is_secondary(school_class.grade) else YEAR
    return [(page.code, page.name) for page in _pages(school_class, moment)]


def _pages(school_class: SchoolClass, moment: str, programme: ClassProgramme | None = None) -> list[_Page]:
    if is_secondary(school_class.grade):
        programme = programme or of_class(school_class)
        subjects = [_secondary(programme, s) for s in programme.taught()]
        return [*subjects, _Page(RECORD, _RECORD_NAME, _secondary_record(moment), True)]
    table: GradeProgramme = programme_of(school_class).grade(school_class.grade)
    lines = [_primary(line, moment) for line in table.lines]
    traits = tuple(books.EntryColumn(t.name, _TRAIT) for t in table.traits)
    pages = [*lines, _Page(TRAITS, _TRAITS_NAME, traits, True)]
    return [*pages, _Page(RECORD, _RECORD_NAME, _primary_record(), True)] if moment == YEAR else pages


def _primary(line: ProgrammeLine, moment: str) -> _Page:
    columns = [books.EntryColumn("Mức đạt được", _LEVEL)]
    if Moment(moment) in line.tests:
        columns.append(books.EntryColumn("Điểm KTĐK", _SCORE))
    return _Page(line.code, line.name, (*columns, _COMMENT))


def _secondary(programme: ClassProgramme, subject: SecondarySubject) -> _Page:
    hint = _MARK if subject.scored else _PASS
    names = [*(f"TX{n}" for n in range(1, len(programme.columns(subject.code)) + 1)), "GK", "CK"]
    return _Page(subject.code, subject.name, (*(books.EntryColumn(n, hint) for n in names), _COMMENT))


def _primary_record() -> tuple[books.EntryColumn, ...]:
    heads = ("Nghỉ có phép", "Nghỉ không phép", "Chiều cao (cm)", "Cân nặng (kg)")
    return (*(books.EntryColumn(head) for head in heads), _COMMENT)


def _secondary_record(moment: str) -> tuple[books.EntryColumn, ...]:
    rating = books.EntryColumn("Rèn luyện", _RATING)
    if moment != TERM_TWO:
        return (rating, _COMMENT)
    return (rating, books.EntryColumn("Nghỉ có phép"), books.EntryColumn("Nghỉ không phép"), _COMMENT)


def entry_sheets(
    school_class: SchoolClass, moment: str, part: str, stamp: books.Stamp
) -> tuple[books.EntrySheet, ...]:
    """Empty sheets of a class at a moment: of one part, or of every compulsory one. At most six queries.

    :raises DomainError: ``book_no_such_subject``, ``programme.*``
    """
    facts, pupils = class_facts(school_class), pupils_of(school_class)
    programme = of_class(school_class) if is_secondary(school_class.grade) else None
    pages = _pages(school_class, moment, programme)
    chosen = [page for page in pages if page.code == part] if part else _usual(school_class, pages)
    if not chosen:
        raise DomainError("book_no_such_subject", name=school_class.name, subject=part)
    exempt = _exempt(school_class)
    sheets = []
    for page in chosen:
        rows = tuple(
            books.EntryRow(person, "miễn học" if (e.pk, page.code) in exempt else "")
            for e, person in pupils
            if e.active and (programme is None or page.homeroom or programme.studies(e.pk, page.code))
        )
        sheets.append(_sheet(facts, school_class, moment, page, rows, stamp))
    return tuple(sheets)


def _usual(school_class: SchoolClass, pages: list[_Page]) -> list[_Page]:
    """Without the optional subjects of primary: who teaches one asks for it by name."""
    if is_secondary(school_class.grade):
        return pages
    table = programme_of(school_class).grade(school_class.grade)
    optional = {line.code for line in table.lines if not line.compulsory}
    return [page for page in pages if page.code not in optional]


def _sheet(
    facts: ClassFacts,
    school_class: SchoolClass,
    moment: str,
    page: _Page,
    rows: tuple[books.EntryRow, ...],
    stamp: books.Stamp,
) -> books.EntrySheet:
    code = page_code(school_class.pk, page.code, moment)
    teachers = facts.head.homeroom if page.homeroom else ", ".join(facts.teachers_of(page.code))
    return books.EntrySheet(
        facts.school,
        facts.head,
        page.name,
        moment_label(moment, school_class.grade),
        teachers,
        page.columns,
        rows,
        books.PageCode(code, f"{settings.HOCBASO_PUBLIC_URL}/truong/so-sach/ma/{code}"),
        stamp,
    )


def _exempt(school_class: SchoolClass) -> set[tuple[int, str]]:
    """(enrolment, subject) where the pupil is exempt. One query."""
    model = SubjectMarks if is_secondary(school_class.grade) else SubjectResult
    rows = model.objects.filter(enrolment__school_class=school_class).exclude(exempt_reason="")
    return set(rows.values_list("enrolment", "subject_code"))
