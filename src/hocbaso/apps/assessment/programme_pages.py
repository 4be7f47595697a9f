"""What the page of programmes shows: who studies what beyond the class, and what the school has adjusted."""

from __future__ import annotations

from dataclasses import dataclass

from hocbaso.apps.assessment import class_programme
from hocbaso.apps.assessment.class_programme import ClassProgramme
from hocbaso.apps.assessment.models import ProgrammeAdjustment, PupilProgramme, SubjectMarks, SubjectResult
from hocbaso.apps.assessment.parts import is_secondary
from hocbaso.apps.assessment.use_cases.check_entry import grade_programme
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.core.regulation.secondary import SecondarySubject


@dataclass(frozen=True, slots=True)
class Exemption:
    """One subject from which a pupil is exempt."""

    code: str
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class PupilLine:
    """One pupil's own programme, in words."""

    enrolment: Enrolment
    electives: tuple[str, ...]  # short names
    topics: tuple[str, ...]
    optional: tuple[str, ...]
    exemptions: tuple[Exemption, ...]
    programme: PupilProgramme | None

    @property
    def individual_plan(self) -> bool:
        return self.programme is not None and self.programme.individual_plan


@dataclass(frozen=True, slots=True)
class ClassPage:
    """One class: its pupils' programmes and what may be chosen."""

    school_class: SchoolClass
    lines: tuple[PupilLine, ...]
    programme: ClassProgramme | None  # secondary
    subjects: tuple[tuple[str, str], ...]  # code, short name: what a pupil may be exempt from

    @property
    def electives(self) -> tuple[SecondarySubject, ...]:
        return self.programme.grade.electives if self.programme else ()

    @property
    def optional(self) -> tuple[SecondarySubject, ...]:
        return self.programme.grade.optional if self.programme else ()


def class_page(school_class: SchoolClass) -> ClassPage:
    """One class. Three queries."""
    enrolments = list(school_class.enrolments.select_related("pupil", "programme", "school_class"))
    programme, names = None, dict[str, str]()
    if is_secondary(school_class.grade):
        own = [(school_class.pk, e.programme) for e in enrolments if hasattr(e, "programme")]
        programme = class_programme.of_classes([school_class], own)[school_class.pk]
        names = {s.code: s.short_name for s in programme.grade.subjects}
    else:
        lines = grade_programme(school_class.grade, school_class.school_year).lines
        names = {line.code: line.short_name for line in lines}
    exempt = _exemptions(school_class, names)
    found = tuple(_line(e, names, exempt.get(e.pk, {})) for e in enrolments)
    subjects = tuple(names.items())
    if programme is not None:
        subjects = tuple((s.code, s.short_name) for s in programme.taught())
    return ClassPage(school_class, found, programme, subjects)


def _exemptions(school_class: SchoolClass, names: dict[str, str]) -> dict[int, dict[str, Exemption]]:
    model = SubjectMarks if is_secondary(school_class.grade) else SubjectResult
    rows = model._default_manager.filter(enrolment__school_class=school_class).exclude(exempt_reason="")
    found: dict[int, dict[str, Exemption]] = {}
    for pk, code, reason in rows.values_list("enrolment", "subject_code", "exempt_reason"):
        found.setdefault(pk, {})[code] = Exemption(code, names.get(code, code), reason)
    return found


def _line(enrolment: Enrolment, names: dict[str, str], exempt: dict[str, Exemption]) -> PupilLine:
    own = getattr(enrolment, "programme", None)

    def words(codes: list[str] | None) -> tuple[str, ...]:
        return tuple(names.get(code, code) for code in codes or ())

    return PupilLine(
        enrolment,
        words(own and own.electives),
        words(own and own.topics),
        words(own and own.optional),
        tuple(exempt.values()),
        own,
    )


@dataclass(frozen=True, slots=True)
class Adjusted:
    """One adjustment of the school beside what the programme says."""

    row: ProgrammeAdjustment
    subject: SecondarySubject


def adjustments_of(school: Organisation, year: str) -> list[Adjusted]:
    """The school's adjustments of a year, by grade. One query."""
    rows = ProgrammeAdjustment.objects.filter(school=school, school_year=year)
    found = []
    for row in rows.order_by("grade", "subject_code"):
        in_grade = SchoolClass(school=school, school_year=year, grade=row.grade)
        table = class_programme.plain_grade(in_grade)
        if table.has(row.subject_code):
            found.append(Adjusted(row, table.subject(row.subject_code)))
    return found
