"""The subjects that a class's programme knows, whichever circular it follows."""

from __future__ import annotations

from dataclasses import dataclass

from hocbaso.apps.organisations.models import Level
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.core.document.model import SchoolLevel
from hocbaso.core.errors import DomainError
from hocbaso.core.regulation.programme import PRIMARY_GRADES, programme_for
from hocbaso.core.regulation.secondary import SECONDARY_GRADES, secondary_grade
from hocbaso.core.vietnamese.school_year import SchoolYear


@dataclass(frozen=True, slots=True)
class ClassSubject:
    """A subject as lists and columns name it."""

    code: str
    name: str  # short
    parts: tuple[str, ...] = ()  # taught by several teachers, e.g. ("Âm nhạc", "Mĩ thuật")
    compulsory: bool = True  # for every pupil of the grade


def level_of(school_class: SchoolClass) -> SchoolLevel | None:
    """The level whose transcript the class's pupils have; None below grade 1."""
    if school_class.grade in PRIMARY_GRADES:
        return SchoolLevel.PRIMARY
    if 6 <= school_class.grade <= 9:
        return SchoolLevel.LOWER_SECONDARY
    return SchoolLevel.UPPER_SECONDARY if 10 <= school_class.grade <= 12 else None


def continuing(school_class: SchoolClass) -> bool:
    """Whether the class follows the programmes of continuing education (giáo dục thường xuyên)."""
    levels = set(school_class.school.levels)
    wanted = Level.LOWER_SECONDARY if school_class.grade <= 9 else Level.UPPER_SECONDARY
    return Level.CONTINUING in levels and wanted not in levels


def subjects_of_class(school_class: SchoolClass) -> tuple[ClassSubject, ...]:
    """Subjects in the order of the form; none where no programme is known here. No query but the school."""
    try:
        year = SchoolYear.parse(school_class.school_year)
        if school_class.grade in PRIMARY_GRADES:
            table = programme_for(school_class.grade, year).grade(school_class.grade)
            return tuple(
                ClassSubject(line.code, line.short_name, compulsory=line.compulsory) for line in table.lines
            )
        if school_class.grade in SECONDARY_GRADES:
            grade = secondary_grade(school_class.grade, year, continuing=continuing(school_class))
            return tuple(ClassSubject(s.code, s.short_name, s.parts, s.compulsory) for s in grade.subjects)
    except DomainError:
        return ()
    return ()


def subject_name(school_class: SchoolClass, code: str) -> str:
    """Short name of a subject of the class; ``*`` in words; an unknown code as it is."""
    if code == "*":
        return "Các môn còn lại"
    return next((s.name for s in subjects_of_class(school_class) if s.code == code), code)
