"""What a secondary class and each of its pupils study: programme, school's adjustments, choices."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from hocbaso.apps.assessment.models import REGULAR_COLUMNS, ProgrammeAdjustment, PupilProgramme
from hocbaso.apps.common.compiled import Compiled
from hocbaso.apps.organisations.models import Level, Organisation
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.core.regulation.secondary import (
    SchoolAdjustment,
    SecondaryGrade,
    SecondarySubject,
    adjusted,
    secondary_grade,
)
from hocbaso.core.vietnamese.school_year import SchoolYear


@lru_cache(maxsize=64)
def _grade(grade: int, year: str, continuing: bool) -> SecondaryGrade:
    return secondary_grade(grade, SchoolYear.parse(year), continuing=continuing)


def is_continuing(school: Organisation, grade: int) -> bool:
    """Whether the school teaches the grade by the programme of continuing education (GDTX)."""
    general = Level.LOWER_SECONDARY if grade <= 9 else Level.UPPER_SECONDARY
    return Level.CONTINUING.value in school.levels and general.value not in school.levels


def plain_grade(school_class: SchoolClass) -> SecondaryGrade:
    """The programme of a class's grade without the school's adjustments. No query.

    :raises DomainError: ``programme.secondary_grade``, ``programme.year``.
    """
    continuing = is_continuing(school_class.school, school_class.grade)
    return _grade(school_class.grade, school_class.school_year, continuing)


def as_rule(made: ProgrammeAdjustment, law: SecondarySubject) -> SchoolAdjustment:
    """A stored adjustment for the rules: columns beyond the law's count are offered, never demanded."""
    regular = None
    if made.regular_columns is not None and made.regular_columns < law.regular_count:
        regular = made.regular_columns
    enabled = False if made.enabled is False else None
    return SchoolAdjustment(made.subject_code, made.periods, enabled, None, regular, made.reason)


@dataclass(slots=True)
class ClassProgramme:
    """The subjects of one class, with what each pupil has chosen."""

    school_class: SchoolClass
    grade: SecondaryGrade  # as the school teaches it
    adjustments: Mapping[str, ProgrammeAdjustment] = field(default_factory=dict)
    pupils: dict[int, PupilProgramme] = field(default_factory=dict)  # by enrolment; none: no choices

    def subject(self, code: str) -> SecondarySubject:
        """One subject as the school teaches it.

        :raises DomainError: ``programme.subject``: not in the grade, or not offered.
        """
        return self.grade.subject(code)

    def columns(self, code: str) -> tuple[str, ...]:
        """Columns of regular marks that the page offers; the first ``regular_count`` of them are demanded."""
        made = self.adjustments.get(code)
        least = self.subject(code).regular_count
        return REGULAR_COLUMNS[: max(least, (made.regular_columns or 0) if made else 0)]

    def of_all(self, subject: SecondarySubject) -> bool:
        """Whether every pupil of the grade studies the subject."""
        made = self.adjustments.get(subject.code)
        return subject.compulsory or (made is not None and bool(made.enabled))

    def chosen_by_pupils(self, code: str) -> bool:
        """Whether it takes the pupil's own choice to know who studies the subject."""
        return self.grade.has(code) and not self.of_all(self.grade.subject(code))

    def studies(self, enrolment_id: int, code: str) -> bool:
        """Whether the pupil studies the subject."""
        if not self.grade.has(code):
            return False
        if self.of_all(self.grade.subject(code)):
            return True
        own = self.pupils.get(enrolment_id)
        return own is not None and (code in own.electives or code in own.optional)

    def subjects_of(self, enrolment_id: int) -> tuple[SecondarySubject, ...]:
        """What one pupil studies, in the order of the form."""
        return tuple(s for s in self.grade.subjects if self.studies(enrolment_id, s.code))

    def taught(self) -> tuple[SecondarySubject, ...]:
        """What somebody of the class studies, in the order of the form."""
        chosen = {code for own in self.pupils.values() for code in (*own.electives, *own.optional)}
        return tuple(s for s in self.grade.subjects if self.of_all(s) or s.code in chosen)

    def individual_plan(self, enrolment_id: int) -> bool:
        """Whether the pupil is assessed by an individual plan (TT 22/2021 Điều 11)."""
        own = self.pupils.get(enrolment_id)
        return own is not None and own.individual_plan


_made = Compiled(
    lambda schools, years: ProgrammeAdjustment.objects.filter(school__in=schools, school_year__in=years),
    schools=list[int],
    years=list[str],
)


def of_classes(
    classes: Collection[SchoolClass], pupils: Iterable[tuple[int, PupilProgramme]] | None = None
) -> dict[int, ClassProgramme]:
    """Programmes of secondary classes, by class. Two queries whatever their number.

    :param pupils: (class, programme) of the pupils when they are known already: then one query.
    :raises DomainError: ``programme.secondary_grade``, ``programme.year``.
    """
    if not classes:
        return {}
    found: dict[tuple[int, str, int], list[ProgrammeAdjustment]] = {}
    for made in _made(schools={c.school_id for c in classes}, years={c.school_year for c in classes}):
        found.setdefault((made.school_id, made.school_year, made.grade), []).append(made)
    result = {c.pk: _of(c, found.get((c.school_id, c.school_year, c.grade), ())) for c in classes}
    if pupils is None:
        own = PupilProgramme.objects.filter(enrolment__school_class__in=result)
        rows = own.select_related("enrolment")
        pupils = ((row.enrolment.school_class_id, row) for row in rows)
    for class_id, programme in pupils:
        result[class_id].pupils[programme.enrolment_id] = programme
    return result


def _of(school_class: SchoolClass, made: Iterable[ProgrammeAdjustment]) -> ClassProgramme:
    law = plain_grade(school_class)
    known = {m.subject_code: m for m in made if law.has(m.subject_code)}
    grade = adjusted(law, [as_rule(m, law.subject(code)) for code, m in known.items()]) if known else law
    return ClassProgramme(school_class, grade, known)


def of_class(school_class: SchoolClass) -> ClassProgramme:
    """Programme of one class. Two queries."""
    return of_classes([school_class])[school_class.pk]
