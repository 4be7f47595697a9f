"""Lists and readings of the pages of programmes."""

from __future__ import annotations

from collections.abc import Sequence

from hocbaso.apps.assessment.class_programme import plain_grade
from hocbaso.apps.assessment.parts import is_secondary
from hocbaso.apps.assessment.programme_pages import ClassPage, PupilLine
from hocbaso.apps.assessment.use_cases.set_programmes import NotWritten
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.core.regulation.tt22 import read_mark


def adjustable(
    school: Organisation, year: str, classes: Sequence[SchoolClass]
) -> list[tuple[str, list[tuple[str, str]]]]:
    """Subjects by grade, as groups of a list. No query."""
    found = []
    for grade in sorted({c.grade for c in classes if is_secondary(c.grade)}):
        table = plain_grade(SchoolClass(school=school, school_year=year, grade=grade))
        found.append((f"Lớp {grade}", [(f"{grade}:{s.code}", s.short_name) for s in table.subjects]))
    return found


def decidable(page: ClassPage, line: PupilLine) -> list[tuple[str, str]]:
    """Subjects of one secondary pupil."""
    if page.programme is None:
        return []
    return [(s.code, s.short_name) for s in page.programme.subjects_of(line.enrolment.pk)]


def typed_result(page: ClassPage, code: str, typed: str) -> str:
    """A typed year result as canonical text; empty for nothing.

    :raises NotWritten: it cannot be read, in the words of the grammar.
    """
    assert page.programme is not None
    reading = read_mark(typed, page.programme.subject(code).form)
    if reading.empty:
        return ""
    if not reading.exact or reading.value is None:
        raise NotWritten(reading.message or "")
    return reading.value
