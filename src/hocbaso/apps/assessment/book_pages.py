"""Of whom a mark book speaks: the classes of the year, its pages, the bearers of its codes."""

from __future__ import annotations

from collections.abc import Sequence

from hocbaso.apps.assessment.models import MARK_COLUMNS
from hocbaso.apps.intake.planning import chunks
from hocbaso.apps.matching import aliases
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.engines.workbooks.model import MarkRow
from hocbaso.engines.workbooks.text import bare


def marked(
    rows: Sequence[MarkRow], classes: dict[str, SchoolClass], pupils: BookPupils
) -> dict[tuple[int, int], set[str]]:
    """(class, enrolment) → the subjects in which the workbook has marks of the pupil."""
    found: dict[tuple[int, int], set[str]] = {}
    for row in rows:
        school_class = classes.get(bare(row.class_name or ""))
        if not (row.ok and row.subject and row.code and school_class):
            continue
        enrolment = pupils.place(row.code, school_class)
        if enrolment is not None and any(row.values.get(name) for name in MARK_COLUMNS):
            found.setdefault((school_class.pk, enrolment.pk), set()).add(row.subject)
    return found


def classes_of_year(school: Organisation, year: str) -> dict[str, SchoolClass]:
    """Classes of the year by their name, bare. One query."""
    found = SchoolClass.objects.filter(school=school, school_year=year).select_related("school")
    return {bare(school_class.name): school_class for school_class in found}


def pages_of(rows: Sequence[MarkRow]) -> list[list[MarkRow]]:
    """The rows of each class on each sheet, in their order."""
    pages: dict[tuple[str, str | None], list[MarkRow]] = {}
    for row in rows:
        pages.setdefault((row.sheet, row.class_name), []).append(row)
    return list(pages.values())


class BookPupils:
    """Who bears the codes of the workbook, in which classes of the year. One query per 500 pupils."""

    def __init__(self, school: Organisation, year: str, rows: Sequence[MarkRow]) -> None:
        self._found: dict[str, dict[int, Enrolment]] = {}
        for part in chunks(sorted({row.code for row in rows if row.code})):
            names = aliases.Names(part)
            of_year = Enrolment.objects.filter(
                names.condition, school_class__school=school, school_class__school_year=year
            )
            for one in of_year.select_related("pupil", "school_class__school"):
                for code in names.of(one.pupil):
                    self._found.setdefault(code, {})[one.school_class_id] = one

    def all(self) -> list[Enrolment]:
        """Every place of everybody."""
        return [one for places in self._found.values() for one in places.values()]

    def place(self, code: str, school_class: SchoolClass) -> Enrolment | None:
        """The pupil in that class."""
        return self._found.get(code, {}).get(school_class.pk)

    def actual(self, code: str) -> Enrolment | None:
        """The class where the pupil is now, when another."""
        places = self._found.get(code, {}).values()
        return next((one for one in places if one.active), next(iter(places), None))
