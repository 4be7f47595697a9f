"""A secondary and a primary class with marks, their people, and short ways to lock and to open."""

from __future__ import annotations

from datetime import datetime, timedelta

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Assignment, Role, User
from hocbaso.apps.assessment.models import SubjectMarks, SubjectResult, TraitResult, YearRecord
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Management, Organisation
from hocbaso.apps.organisations.use_cases.units import commune, department
from hocbaso.apps.periods.models import ColumnLock, EntryPeriod
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from tests.builders import START, YEAR, make_pupil, make_school, make_user


class World:
    """Class 3A (primary) and class 6A (secondary) of one school, two pupils each, all results entered."""

    def __init__(self) -> None:
        self.school = make_school(classes=("3A", "6A"))
        self.unit: Organisation = self.school.unit
        self.unit.levels = ["tieu_hoc", "thcs"]
        self.unit.save()
        self.department = department("79")
        self.commune = commune("79", "25747")
        Management.objects.create(organisation=self.unit, manager=self.commune, valid_from=START)
        self.primary: SchoolClass = self.school.classes["3A"]
        self.secondary: SchoolClass = self.school.classes["6A"]
        self.pupils = {
            c: [make_pupil(self.school, c, int(c[0]) * 100 + n) for n in (1, 2)] for c in ("3A", "6A")
        }
        for enrolment in self.pupils["3A"]:
            SubjectResult.objects.create(
                enrolment=enrolment, moment="cn", subject_code="toan", level="T", score=9, **_META
            )
            TraitResult.objects.create(
                enrolment=enrolment, moment="cn", trait_code="pc-yeu-nuoc", level="T", **_META
            )
        for enrolment in self.pupils["6A"]:
            for moment in ("hk1", "hk2"):
                SubjectMarks.objects.create(
                    enrolment=enrolment,
                    moment=moment,
                    subject_code="toan",
                    tx1="7.5",
                    gk="8",
                    ck="6",
                    **_META,
                )
        for enrolment in [*self.pupils["3A"], *self.pupils["6A"]]:
            YearRecord.objects.create(
                enrolment=enrolment, absent_excused=1, conduct_1="Tốt", homeroom_comment="Ngoan.", **_META
            )

    @property
    def first(self) -> Enrolment:
        return self.pupils["6A"][0]

    @property
    def second(self) -> Enrolment:
        return self.pupils["6A"][1]

    def marks(self, enrolment: Enrolment | None = None, moment: str = "hk1") -> SubjectMarks:
        return SubjectMarks.objects.get(enrolment=enrolment or self.first, moment=moment)

    def actor(self, role: Role, class_name: str | None = None) -> Actor:
        return self.school.actor(role, class_name)

    @property
    def principal(self) -> Actor:
        return self.actor(Role.PRINCIPAL)

    @property
    def teacher(self) -> Actor:
        """Teaches everything in 6A."""
        return self.actor(Role.SUBJECT_TEACHER, "6A")

    def somebody(self, role: Role, unit: Organisation | None = None, name: str = "") -> Actor:
        """A further person in that post."""
        unit = unit or self.unit
        user: User = make_user(name or f"{unit.code}-{role}-{User.objects.count()}", "Trần Thị Thu Hà")
        post = Assignment.objects.create(user=user, organisation=unit, role=role, valid_from=START)
        return Actor.of(post, second_factor=True)

    def lock(
        self, school_class: SchoolClass | None = None, moment: str = "hk1", part: str = "", column: str = ""
    ) -> ColumnLock:
        """A fact: closed an hour ago."""
        school_class = school_class or self.secondary
        at = clock.now() - timedelta(hours=1)
        period = EntryPeriod.objects.create(
            unit=self.unit,
            school_year=YEAR,
            school_class=school_class,
            moment=moment,
            part=part,
            columns=[column] if column else [],
            opens_at=at - timedelta(days=1),
            closes_at=at,
            made_at=at,
            made_by="test",
        )
        return ColumnLock.objects.create(
            school_class=school_class,
            moment=moment,
            part=part,
            column=column,
            closed_at=at,
            period=period,
            made_at=at,
        )


_META = {"updated_at": datetime(2025, 12, 1, tzinfo=clock.VIETNAM), "updated_by": "test", "source": "test"}
