"""What the database holds about the people in a pupil list: read once, compared row by row."""

from __future__ import annotations

from hocbaso.apps.intake.planning import chunks
from hocbaso.apps.matching import aliases
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.periods.queries import locks_of
from hocbaso.apps.periods.use_cases.follow_class import opened, write_due
from hocbaso.apps.pupils.models import ClassMove, Enrolment, Pupil, SchoolClass
from hocbaso.apps.pupils.queries import moved_since_import
from hocbaso.engines.workbooks.model import PupilRow


class Roster:
    """What the database holds about the people in the file. Twelve queries per 500 rows at most,
    and three about locks."""

    def __init__(self, school: Organisation, year: str, rows: list[PupilRow]) -> None:
        self.school = school
        self.year = year
        codes = sorted({row.code for row in rows if row.code})
        numbers = sorted({row.personal_number for row in rows if row.personal_number})
        self.pupils = {
            pupil.code: pupil for part in chunks(codes) for pupil in Pupil.objects.filter(code__in=part)
        }
        for part in chunks(codes):  # a former code, or that of a merged file, means the file of today
            self.pupils |= aliases.resolve(part)
        self.holders = {
            pupil.personal_number: pupil
            for part in chunks(numbers)
            for pupil in Pupil.objects.filter(personal_number__in=part)
        }
        self.classes = {c.name: c for c in SchoolClass.objects.filter(school=school, school_year=year)}
        write_due(school)
        self.locks = locks_of(self.classes.values())
        self.claimed: dict[int, str] = {}  # pupil → the code by which the file named him first
        self.here: dict[int, Enrolment] = {}
        self.elsewhere: dict[int, list[Enrolment]] = {}
        self.frozen: set[int] = set()
        self.moves: dict[int, ClassMove] = {}  # the latest class change of the year, by pupil
        wanted = sorted({p.pk for p in self.pupils.values()} | {p.pk for p in self.holders.values()})
        self.of_school: set[int] = set()
        for part in chunks(wanted):
            self._enrolments(list(part))

    def unlocks(self, here: SchoolClass, name: str) -> str:
        """What is locked in ``here`` and open in the class of that name: the moment's name, or nothing."""
        there = self.classes.get(name)
        return opened(self.locks.get(here.pk, {}), self.locks.get(there.pk, {}) if there else ())

    def _enrolments(self, pupil_ids: list[int]) -> None:
        found = Enrolment.objects.filter(pupil_id__in=pupil_ids).select_related("school_class")
        for enrolment in found.order_by("active", "id"):  # the active, newest one wins
            if enrolment.school_class.school_id != self.school.pk:
                self.elsewhere.setdefault(enrolment.pupil_id, []).append(enrolment)
                continue
            self.of_school.add(enrolment.pupil_id)
            if enrolment.school_class.school_year == self.year:
                self.here[enrolment.pupil_id] = enrolment
        self.moves |= moved_since_import(pupil_ids, self.school, self.year)
        # Not exclude(): it would drop a pupil whose sheet was returned once and stands again.
        sheets = Enrolment.objects.filter(pupil_id__in=pupil_ids, sheets__isnull=False)
        states = sheets.values_list("pk", "sheets__state")
        self.frozen |= {pk for pk, state in states if state != "voided"}
