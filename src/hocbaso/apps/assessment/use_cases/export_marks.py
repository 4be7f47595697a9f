"""Results taken out in the sector's own forms: filled, or empty for filling in, and readable again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, allowed, require
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.assessment.entries import Door
from hocbaso.apps.assessment.import_check import Writers
from hocbaso.apps.assessment.models import (
    MARK_COLUMNS,
    REGULAR_COLUMNS,
    Moment,
    SubjectMarks,
    SubjectResult,
    TraitResult,
    YearRecord,
)
from hocbaso.apps.assessment.parts import TERMS, is_secondary
from hocbaso.apps.assessment.policies import ClassSubject
from hocbaso.apps.assessment.use_cases.check_entry import grade_programme
from hocbaso.apps.assessment.year_outcomes import ClassYear, kept_of, read_year, term_marks
from hocbaso.apps.assessment.year_rows import verdicts_of
from hocbaso.apps.audit.chain import record
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.privacy.watermark import Mark, begin, finish
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.core.errors import DomainError, NotFound, register
from hocbaso.core.regulation.secondary import SecondarySubject
from hocbaso.core.regulation.tt22 import term_result
from hocbaso.core.regulation.tt27 import Overall
from hocbaso.core.vietnamese.letters import strip_marks
from hocbaso.engines.workbooks.export_mark import mark_xlsx
from hocbaso.engines.workbooks.form_writer import FormPage, Stamp, write_form
from hocbaso.engines.workbooks.mark_form import Line, conduct_page, marks_page
from hocbaso.engines.workbooks.result_form import ResultLine, result_page

register(
    {
        "export_no_class": (
            "Trường không có lớp {name} trong năm học {year}.",
            "No class {name} in {year}.",
        ),
        "export_nothing": (
            "Không có trang nào để xuất: năm học {year} chưa có lớp phổ thông nào phù hợp.",
            "There is nothing to export for {year}.",
        ),
        "export_no_subject": (
            "Không lớp nào trong phạm vi đã chọn học môn mang mã “{code}”.",
            "No class studies the subject {code!r}.",
        ),
        "export_primary_subject": (
            "Biểu cuối năm cấp tiểu học gồm mọi môn; không xuất riêng một môn.",
            "The primary form holds every subject.",
        ),
    }
)

_RECORD_FIELDS = ("conduct_1", "conduct_2", "absent_excused", "absent_unexcused", "homeroom_comment")
_LAST_GRADE = 12


@dataclass(frozen=True, slots=True)
class ExportedForm:
    """One workbook, under the name a person would give it."""

    name: str
    content: bytes
    classes: tuple[str, ...]
    pages: int
    mark: Mark  # what the file says of itself
    persons: int


def export_results(
    actor: Actor,
    *,
    school: Organisation,
    year: str,
    class_name: str = "",
    subject: str = "",
    empty: bool = False,
) -> list[ExportedForm]:
    """The sector's forms of a school year: one workbook a class, or one of a subject over its classes.

    A person gets the pages that he may see on the screen; for an empty form the right to import them is
    enough. What was taken out, by whom and when, stands on every page and in the audit chain.

    :param class_name: only this class. :param subject: only this subject's pages (secondary).
    :raises NotFound: ``export_no_class``, ``export_no_subject``.
    :raises NotAllowed: not one page of it is for the actor.
    :raises DomainError: ``export_nothing``, ``export_primary_subject``, ``programme.*``.
    """
    classes = _classes(school, year, class_name)
    chosen = _Chosen(actor, school, year, subject, empty)
    parts = [(one, pages) for one in classes if (pages := chosen.pages(one))]
    if not parts:
        if subject and not chosen.subject_met:
            raise NotFound("export_no_subject", code=subject)
        require(actor, "assessment.view_class", classes[0])
        require(actor, "assessment.view_part", ClassSubject(classes[0], subject))
        raise DomainError("export_nothing", year=year)
    made = [chosen.write(parts)] if subject else [chosen.write([part]) for part in parts]
    with transaction.atomic():
        for form in made:
            purpose = f"Sổ điểm, kết quả: lớp {', '.join(form.classes)}"
            finish(
                actor,
                form.mark,
                purpose,
                what="mark_book",
                content=form.content,
                persons=form.persons,
                unit=school,
            )
            record(
                actor,
                "assessment.export",
                f"class:{year}:{', '.join(form.classes)}"[:120],
                organisation=school.code,
                school_year=year,
                file=form.name,
                subject=subject,
                pages=form.pages,
                empty=empty,
            )
    return made


def _classes(school: Organisation, year: str, class_name: str) -> list[SchoolClass]:
    found = SchoolClass.objects.filter(school=school, school_year=year, grade__lte=_LAST_GRADE)
    if class_name:
        found = found.filter(name=class_name)
    classes = list(found.select_related("school").order_by("grade", "name"))
    if not classes:
        if class_name:
            raise NotFound("export_no_class", name=class_name, year=year)
        raise DomainError("export_nothing", year=year)
    return classes


class _Chosen:
    """The pages that the actor may take out, drawn class by class."""

    def __init__(self, actor: Actor, school: Organisation, year: str, subject: str, empty: bool) -> None:
        self.actor, self.school, self.year, self.subject, self.empty = actor, school, year, subject, empty
        self.writers = Writers(actor, school)
        self.subject_met = False  # some class studies the subject asked for

    def may(self, school_class: SchoolClass, subject: str) -> bool:
        """Whether the actor may take this page out ("" = the record)."""
        if self.actor.is_operator:
            return allowed(self.actor, "assessment.view_class", school_class)
        if allowed(self.actor, "assessment.view_part", ClassSubject(school_class, subject)):
            return True
        place = self.writers.of(school_class, subject)
        return place is not None and (self.empty or place[0] is Door.SCREEN)

    def pages(self, school_class: SchoolClass) -> list[FormPage]:
        """The pages of one class; empty when none is for the actor."""
        if is_secondary(school_class.grade):
            return self._secondary(school_class)
        if self.subject:
            raise DomainError("export_primary_subject")
        return self._primary(school_class)

    def write(self, parts: Sequence[tuple[SchoolClass, list[FormPage]]]) -> ExportedForm:
        """One workbook of the pages of some classes."""
        pages = [page for _, found in parts for page in found]
        first = parts[0][0]
        mark = begin(self.actor)
        content = write_form(
            pages,
            school=self.school.name,
            school_code=self.school.code,
            year=self.year,
            stamp=Stamp(mark.by, mark.at, mark.number),
        )
        content = mark_xlsx(content, line=mark.line, number=mark.number)
        persons = sum(max(len(page.rows) for page in found) for _, found in parts if found)
        kind = "so_diem" if is_secondary(first.grade) else "ket_qua_cuoi_nam"
        words = [kind, self.subject] if self.subject else [kind, first.name]
        if self.empty:
            words.append("mau_trong")
        names = tuple(one.name for one, _ in parts)
        return ExportedForm(_file_name(words), content, names, len(pages), mark, persons)

    def _secondary(self, school_class: SchoolClass) -> list[FormPage]:
        year = read_year(school_class)
        wanted = [one for one in year.programme.taught() if self.subject in ("", one.code)]
        self.subject_met = self.subject_met or bool(wanted)
        subjects = [one for one in wanted if self.may(school_class, one.code)]
        by_class = bool(self.subject)
        pages = [
            self._marks_page(year, school_class, subject, term, by_class=by_class)
            for term in TERMS
            for subject in subjects
        ]
        if not self.subject and self.may(school_class, ""):
            lines = [
                Line(
                    one.pupil.code,
                    one.pupil.full_name,
                    self._values(year.records.get(one.pk), _RECORD_FIELDS),
                )
                for one in _present(year.enrolments.values())
            ]
            pages.append(conduct_page(lines, class_name=school_class.name, year=self.year))
        return pages

    def _values(self, row: Any, names: Iterable[str]) -> dict[str, Any]:
        return {} if row is None or self.empty else {name: getattr(row, name) for name in names}

    def _marks_page(
        self,
        year: ClassYear,
        school_class: SchoolClass,
        subject: SecondarySubject,
        term: str,
        *,
        by_class: bool,
    ) -> FormPage:
        pupils = [
            one for one in _present(year.enrolments.values()) if year.programme.studies(one.pk, subject.code)
        ]
        rows = {one.pk: year.row(one.pk, subject.code, term) for one in pupils}
        stored = [row for row in rows.values() if row is not None]
        kept = kept_of(stored, subject)
        lines = []
        for one in pupils:
            row = rows[one.pk]
            values = self._values(row, (*MARK_COLUMNS, "comment"))
            if row is not None and not self.empty:
                values["stated"] = term_result(subject, term_marks(row, kept), year.setting, row.carried).text
            lines.append(Line(one.pupil.code, one.pupil.full_name, values))
        return marks_page(
            subject,
            term,
            lines,
            class_name=school_class.name,
            year=self.year,
            regular=_columns(year, subject, [] if self.empty else stored),
            needed=kept or subject.regular_count,
            by_class=by_class,
        )

    def _primary(self, school_class: SchoolClass) -> list[FormPage]:
        if not self._may_primary(school_class):
            return []
        programme = grade_programme(school_class.grade, self.year)
        pupils = list(_present(school_class.enrolments.select_related("pupil")))
        lines = (
            [ResultLine(one.pupil.code, one.pupil.full_name, one.pupil.birth_date) for one in pupils]
            if self.empty
            else _result_lines(school_class, pupils)
        )
        return [result_page(programme, lines, class_name=school_class.name, year=self.year)]

    def _may_primary(self, school_class: SchoolClass) -> bool:
        """The form holds every subject, traits and comment: it is for who may see all of the class."""
        if self.actor.role == Role.SUBJECT_TEACHER:
            place = self.writers.of(school_class, "")
            return place is not None
        return self.may(school_class, "")


def _present(enrolments: Iterable[Enrolment]) -> list[Enrolment]:
    return sorted((one for one in enrolments if one.active), key=lambda one: (one.order, one.pk))


def _columns(year: ClassYear, subject: SecondarySubject, rows: Sequence[SubjectMarks]) -> int:
    """Columns of regular marks that the page needs: those it offers, and every one that holds a mark."""
    used = [n for n, name in enumerate(REGULAR_COLUMNS, start=1) if any(getattr(r, name) for r in rows)]
    return max([len(year.programme.columns(subject.code)), *used])


def _result_lines(school_class: SchoolClass, pupils: Sequence[Enrolment]) -> list[ResultLine]:
    """Filled lines of a primary class. Seven queries."""
    ids = [one.pk for one in pupils]
    of_year: dict[str, Any] = {"enrolment__in": ids, "moment": Moment.YEAR_END}
    levels: dict[int, dict[str, SubjectResult]] = {}
    for row in SubjectResult.objects.filter(**of_year):
        levels.setdefault(row.enrolment_id, {})[row.subject_code] = row
    traits: dict[int, dict[str, str]] = {}
    for trait in TraitResult.objects.filter(**of_year):
        traits.setdefault(trait.enrolment_id, {})[trait.trait_code] = trait.level
    records = {one.enrolment_id: one for one in YearRecord.objects.filter(enrolment__in=ids)}
    verdicts = verdicts_of(school_class, ids, before_summer=True)
    lines = []
    for one in pupils:
        own, record_row, verdict = levels.get(one.pk, {}), records.get(one.pk), verdicts[one.pk]
        overall = verdict.decision.overall if verdict.decision else None
        promotion = verdict.promotion
        lines.append(
            ResultLine(
                one.pupil.code,
                one.pupil.full_name,
                one.pupil.birth_date,
                {code: row.level for code, row in own.items()},
                {code: row.score for code, row in own.items()},
                traits.get(one.pk, {}),
                _record(record_row),
                completed=verdict.decision.completed if verdict.decision and promotion else None,
                promoted=promotion.promoted if promotion else None,
                overall=Overall(overall.value).abbreviation if overall else "",
            )
        )
    return lines


def _record(row: YearRecord | None) -> Mapping[str, Any]:
    names = ("absent_excused", "absent_unexcused", "homeroom_comment")
    return {} if row is None else {name: getattr(row, name) for name in names}


def _file_name(words: Iterable[str]) -> str:
    """``so_diem_6A1.xlsx``; whatever a class is called, the name is one that every system takes."""
    plain = ["".join(c if c.isascii() and c.isalnum() else "_" for c in _plain(word)) for word in words]
    return "_".join(plain) + ".xlsx"


def _plain(word: str) -> str:
    return word if word.isascii() else strip_marks(word)
