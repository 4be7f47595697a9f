"""Progress of one school towards issued transcripts, class by class."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db.models import Count, Max, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, TruncDate

from hocbaso.apps.accounts.models import Assignment, Role
from hocbaso.apps.assessment.models import Moment, SubjectMarks, SubjectResult
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation, valid_on
from hocbaso.apps.pupils.models import Enrolment, IdentityState, SchoolClass
from hocbaso.apps.transcripts.models import IssuedSheet, SheetSignature, SheetState, YearSheet
from hocbaso.core.errors import DomainError
from hocbaso.core.regulation.programme import programme_for
from hocbaso.core.regulation.secondary import SECONDARY_GRADES, secondary_grade
from hocbaso.core.vietnamese.school_year import SchoolYear

TERMS = (Moment.TERM_ONE, Moment.TERM_TWO)
#: A semester of a subject that has its two periodic marks, or a result from elsewhere, or is exempt.
WHOLE_TERM = (~Q(gk="") & ~Q(ck="")) | ~Q(carried="") | ~Q(exempt_reason="")
#: How far a sheet has come.
_RANK = {
    SheetState.AWAITING_SUBJECTS: 1,
    SheetState.FROZEN: 2,
    SheetState.HOMEROOM_SIGNED: 3,
    SheetState.PRINCIPAL_SIGNED: 4,
    SheetState.ISSUED: 5,
}


@dataclass(slots=True)
class ClassProgress:
    """One class: how many of its pupils have passed each step, and since when it stands where it is."""

    school_class: SchoolClass
    homeroom: str = ""
    pupils: int = 0
    verified: int = 0
    without_photo: int = 0
    complete: int = 0
    closed: int = 0
    subjects_signed: int = 0  # past the subject teachers (primary sheets begin there)
    homeroom_signed: int = 0
    principal_signed: int = 0
    issued: int = 0
    last_entry: datetime | None = None
    subjects_since: datetime | None = None
    frozen_since: datetime | None = None
    homeroom_since: datetime | None = None
    principal_since: datetime | None = None

    @property
    def step(self) -> str:
        """``entry``, ``close``, ``subjects``, ``homeroom``, ``principal``, ``issue`` or ``done``."""
        if not self.pupils or self.issued >= self.pupils:
            return "done" if self.pupils else "entry"
        if self.closed > self.subjects_signed:
            return "subjects"
        if self.subjects_signed > self.homeroom_signed:
            return "homeroom"
        if self.homeroom_signed > self.principal_signed:
            return "principal"
        if self.principal_signed > self.issued:
            return "issue"
        return "close" if self.complete >= self.pupils else "entry"

    @property
    def since(self) -> datetime | None:
        """Since when it stands there; None when nobody has begun."""
        return {
            "subjects": self.subjects_since,
            "homeroom": self.frozen_since,
            "principal": self.homeroom_since,
            "issue": self.principal_since,
        }.get(self.step, self.last_entry)

    @property
    def waiting(self) -> int:
        """How many pupils' sheets wait at this step."""
        return {
            "entry": self.pupils - max(self.complete, self.closed),
            "close": self.pupils - self.closed,
            "subjects": self.closed - self.subjects_signed,
            "homeroom": self.subjects_signed - self.homeroom_signed,
            "principal": self.homeroom_signed - self.principal_signed,
            "issue": self.principal_signed - self.issued,
            "done": 0,
        }[self.step]


@dataclass(frozen=True, slots=True)
class Progress:
    """A school, or the part of it that one person sees, at one moment."""

    school_year: str
    at: datetime
    classes: tuple[ClassProgress, ...]
    #: Classes of levels whose transcripts are not made here yet: roster and identity only, in no total.
    unsupported: tuple[ClassProgress, ...] = ()

    def total(self, field: str) -> int:
        """Sum of one number of :class:`ClassProgress`."""
        return sum(getattr(c, field) for c in self.classes)

    @property
    def pupils(self) -> int:
        return self.total("pupils")

    @property
    def unfinished(self) -> list[ClassProgress]:
        """Classes that are not done, the one that has stood still longest first."""
        never = datetime.min.replace(tzinfo=clock.VIETNAM)
        return sorted(
            (c for c in self.classes if c.step != "done" and c.pupils),
            key=lambda c: (c.since or never, c.school_class.grade, c.school_class.name),
        )


def working_year(school: Organisation) -> str:
    """The newest school year in which the school has classes, else the present one. One query."""
    newest: str | None = SchoolClass.objects.filter(school=school).aggregate(y=Max("school_year"))["y"]
    return newest or str(SchoolYear.of(clock.today()))


def _enrolled(rows: dict[int, ClassProgress]) -> None:
    active = Q(enrolments__active=True)
    counted = SchoolClass.objects.filter(pk__in=rows).annotate(
        n=Count("enrolments", filter=active),
        verified=Count(
            "enrolments", filter=active & Q(enrolments__pupil__identity_state=IdentityState.VERIFIED)
        ),
        bare=Count("enrolments", filter=active & Q(enrolments__pupil__photo__isnull=True)),
    )
    for pk, n, verified, bare in counted.values_list("pk", "n", "verified", "bare"):
        rows[pk].pupils, rows[pk].verified, rows[pk].without_photo = n, verified, bare


def _homerooms(rows: dict[int, ClassProgress]) -> None:
    posts = Assignment.objects.filter(
        valid_on(clock.today()), school_class__in=rows, role=Role.HOMEROOM
    ).values_list("school_class", "user__full_name")
    for pk, name in posts:
        rows[pk].homeroom = name


@lru_cache(maxsize=64)
def required_subjects(grade: int, year: str) -> frozenset[str]:
    """Codes without which a pupil of the grade is not complete; empty where no programme is known here."""
    try:
        if grade in SECONDARY_GRADES:
            table = secondary_grade(grade, SchoolYear.parse(year))
            return frozenset(subject.code for subject in table.compulsory)
        programme = programme_for(grade, SchoolYear.parse(year))
    except DomainError:
        return frozenset()
    return frozenset(line.code for line in programme.grade(grade).compulsory)


def _complete(rows: dict[int, ClassProgress], year: str) -> None:
    """Pupils with a result (or an exemption) in every compulsory subject. At most two queries."""
    primary = {pk for pk, row in rows.items() if row.school_class.grade not in SECONDARY_GRADES}
    results = SubjectResult.objects.filter(
        ~Q(level="") | ~Q(exempt_reason=""), moment=Moment.YEAR_END, enrolment__school_class__in=primary
    )
    marks = SubjectMarks.objects.filter(
        WHOLE_TERM, moment__in=TERMS, enrolment__school_class__in=set(rows) - primary
    )
    for found, times in ((results, 1), (marks, len(TERMS))):
        of_kind: QuerySet[Any] = found
        wanted = Q(pk__in=[])
        for grade in {row.school_class.grade for row in rows.values()}:
            if codes := required_subjects(grade, year):
                wanted |= Q(enrolment__school_class__grade=grade, subject_code__in=codes)
        counted = (
            of_kind.filter(wanted, enrolment__active=True)
            .values_list("enrolment__school_class", "enrolment")
            .annotate(n=Count("pk"), last=Max("updated_at"))
            .order_by()
        )
        for pk, _enrolment, n, last in counted:
            row = rows[pk]
            row.complete += n >= times * len(required_subjects(row.school_class.grade, year))
            row.last_entry = max(last, row.last_entry or last)


def _sheets(rows: dict[int, ClassProgress]) -> None:
    """The furthest live sheet of each pupil. One query."""
    furthest: dict[tuple[int, int], int] = defaultdict(int)
    live = YearSheet.objects.filter(school_class__in=rows, enrolment__active=True).exclude(
        state=SheetState.VOIDED
    )
    for pk, enrolment, state, frozen_at in live.values_list(
        "school_class", "enrolment", "state", "frozen_at"
    ):
        furthest[pk, enrolment] = max(furthest[pk, enrolment], _RANK[SheetState(state)])
        if state == SheetState.FROZEN:
            rows[pk].frozen_since = min(frozen_at, rows[pk].frozen_since or frozen_at)
        elif state == SheetState.AWAITING_SUBJECTS:
            rows[pk].subjects_since = min(frozen_at, rows[pk].subjects_since or frozen_at)
    for (pk, _enrolment), rank in furthest.items():
        row = rows[pk]
        row.closed += rank >= 1
        row.subjects_signed += rank >= 2
        row.homeroom_signed += rank >= 3
        row.principal_signed += rank >= 4
        row.issued += rank >= 5


def _waiting_since(rows: dict[int, ClassProgress]) -> None:
    """When the oldest signature was made that still waits for the next. One query."""
    states = (SheetState.HOMEROOM_SIGNED, SheetState.PRINCIPAL_SIGNED)
    oldest = (
        SheetSignature.objects.filter(
            sheet__school_class__in=rows, sheet__state__in=states, voided_at__isnull=True
        )
        .values_list("sheet__school_class", "sheet__state", "role")
        .annotate(first=Min("signed_at"))
        .order_by()
    )
    for pk, state, role, first in oldest:
        if state == SheetState.HOMEROOM_SIGNED and role == "gvcn":
            rows[pk].homeroom_since = first
        elif state == SheetState.PRINCIPAL_SIGNED and role == "hieu_truong":
            rows[pk].principal_since = first


def progress(school: Organisation, year: str, only_class: SchoolClass | None = None) -> Progress:
    """Where each class stands. Seven queries, however many classes and pupils.

    :param only_class: this class alone, for its own teachers: the homeroom teacher is not named to them.
    """
    classes = SchoolClass.objects.filter(school=school, school_year=year)
    if only_class is not None:
        classes = classes.filter(pk=only_class.pk)
    rows = {c.pk: ClassProgress(c) for c in classes}
    if rows:
        _enrolled(rows)
        if only_class is None:
            _homerooms(rows)
        _complete(rows, year)
        _sheets(rows)
        _waiting_since(rows)
    made_here = {grade: bool(required_subjects(grade, year)) for grade in {c.grade for c in classes}}
    return Progress(
        year,
        clock.now(),
        tuple(row for row in rows.values() if made_here[row.school_class.grade]),
        tuple(row for row in rows.values() if not made_here[row.school_class.grade]),
    )


def issued_by_day(school: Organisation, days: int = 14) -> list[tuple[date, int]]:
    """How many sheets were issued on each of the last days, oldest first. One query."""
    first = clock.today() - timedelta(days=days - 1)
    counted = dict(
        IssuedSheet.objects.filter(
            sheet__school=school,
            issued_at__gte=datetime.combine(first, datetime.min.time(), clock.VIETNAM),
        )
        .annotate(day=TruncDate("issued_at", tzinfo=clock.VIETNAM))
        .values_list("day")
        .annotate(n=Count("pk"))
        .order_by("day")
        .values_list("day", "n")
    )
    return [(day, counted.get(day, 0)) for day in (first + timedelta(days=n) for n in range(days))]


def missing_results(school_class: SchoolClass, subject_codes: frozenset[str]) -> int:
    """Active pupils of a class who lack a year's result in one of these subjects. One query."""
    if school_class.grade in SECONDARY_GRADES:
        times, rows = len(TERMS), SubjectMarks.objects.filter(WHOLE_TERM, moment__in=TERMS)
        pupils = _count_of(rows, subject_codes)
    else:
        given = ~Q(level="") | ~Q(exempt_reason="")
        times, pupils = (
            1,
            _count_of(SubjectResult.objects.filter(given, moment=Moment.YEAR_END), subject_codes),
        )
    active = Enrolment.objects.filter(school_class=school_class, active=True).annotate(n=pupils)
    return active.filter(n__lt=times * len(subject_codes)).count()


def _count_of(rows: QuerySet[Any], subject_codes: frozenset[str]) -> Coalesce:
    """How many of these rows each enrolment has."""
    own = rows.filter(enrolment=OuterRef("pk"), subject_code__in=subject_codes).order_by()
    counted = own.values("enrolment").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted), 0)
