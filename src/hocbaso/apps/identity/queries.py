"""Reads for the screens and commands of identity."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Max, Min, OuterRef, Q, QuerySet, Subquery

from hocbaso.apps.accounts.models import StaffMember
from hocbaso.apps.identity import evidence
from hocbaso.apps.identity.models import OPEN_JOBS, Check, Confirmation, Job, JobState, Letter, Sending
from hocbaso.apps.identity.responsible import Responsible, responsible
from hocbaso.apps.identity.states import FAILED, Person
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Enrolment, IdentityState, Pupil, SchoolClass
from hocbaso.engines.population import FIELDS

#: What people call the compared fields.
FIELD_LABELS = {
    "ho_ten": "Họ tên",
    "ngay_sinh": "Ngày sinh",
    "gioi_tinh": "Giới tính",
    "so_dinh_danh": "Số định danh cá nhân",
    "thuong_tru": "Nơi thường trú",
}
#: compared field → fields of the person's file.
FILE_FIELDS: dict[str, tuple[str, ...]] = {
    "ho_ten": ("full_name",),
    "ngay_sinh": ("birth_date",),
    "gioi_tinh": ("sex",),
    "so_dinh_danh": ("personal_number",),
    "thuong_tru": ("province", "province_code", "commune", "commune_code"),
}
assert tuple(FILE_FIELDS) == FIELDS


def states_of(classes: Iterable[SchoolClass] | QuerySet[SchoolClass]) -> dict[int, dict[str, int]]:
    """Class id → {state: pupils who study there}; classes without pupils have an empty answer. One query."""
    ids = [row.pk for row in classes]
    counts: dict[int, dict[str, int]] = {pk: {} for pk in ids}
    rows = (
        Enrolment.objects.filter(school_class__in=ids, active=True)
        .values_list("school_class", "pupil__identity_state")
        .annotate(n=Count("pk"))
        .order_by()
    )
    for class_id, state, number in rows:
        counts[class_id][state] = number
    return counts


def states_of_staff(school: Organisation) -> dict[str, int]:
    """{state: members of staff}. One query."""
    rows = StaffMember.objects.filter(organisation=school).values_list("identity_state")
    return dict(rows.annotate(n=Count("pk")).order_by())


@dataclass(slots=True)
class Row:
    """One person with all that a page of identities shows."""

    person: Person
    school_class: SchoolClass | None = None
    enrolment: Enrolment | None = None
    check: Check | None = None  # the latest answer
    job: Job | None = None  # waiting now
    confirmations: list[Confirmation] = field(default_factory=list)

    @property
    def letter_at(self) -> datetime | None:
        """When the latest letter to the guardian was printed (rows of a class)."""
        return getattr(self.enrolment, "letter_at", None)

    @property
    def state(self) -> IdentityState:
        return IdentityState(self.person.identity_state)

    @property
    def differences(self) -> list[str]:
        """Of :data:`FIELDS`; only while the answer speaks of the present values."""
        return _differences(self.person, self.check)

    @property
    def missing(self) -> list[str]:
        return evidence.missing(self.person)

    @property
    def to_confirm(self) -> list[str]:
        return evidence.to_confirm(self.person, self.confirmations)

    @property
    def responsible(self) -> Responsible:
        """Who must act; the school where nothing has been answered and something is missing."""
        if self.state in FAILED and self.check is not None:
            return responsible(self.check, self.confirmations)
        return "school" if self.state == IdentityState.NO_NUMBER or self.missing else ""


def rows_of_class(school_class: SchoolClass) -> list[Row]:
    """Pupils who study in the class, in its order. Four queries."""
    enrolments = list(studying().filter(school_class=school_class))
    return _filled([Row(e.pupil, school_class, e) for e in enrolments])


def class_and_rows(school: Organisation, class_id: int) -> tuple[SchoolClass | None, list[Row]]:
    """The class of the school, and its pupils as :func:`rows_of_class` gives them. Four queries.

    Whoever shows them asks the policy of the class first.
    """
    of_school = {"school_class__id": class_id, "school_class__school": school}
    enrolments = list(studying().filter(**of_school).select_related("school_class"))
    if enrolments:
        found: SchoolClass | None = enrolments[0].school_class
    else:
        found = SchoolClass.objects.filter(pk=class_id, school=school).first()
    if found is not None:
        found.school = school
    return found, _filled([Row(e.pupil, found, e) for e in enrolments])


def studying() -> QuerySet[Enrolment]:
    """Who studies, with the time of the latest letter to the guardian."""
    last = Letter.objects.filter(pupil=OuterRef("pupil")).order_by("-pk").values("at")[:1]
    return Enrolment.objects.filter(active=True).select_related("pupil").annotate(letter_at=Subquery(last))


def rows_of_people(people: Sequence[Person]) -> list[Row]:
    """The same of pupils or of staff given. Three queries."""
    return _filled([Row(person) for person in people])


def rows_of_staff(school: Organisation) -> list[Row]:
    """Members of staff in order of code. Four queries."""
    return rows_of_people(list(StaffMember.objects.filter(organisation=school).order_by("code")))


def _filled(rows: list[Row]) -> list[Row]:
    if not rows:
        return rows
    key = "pupil" if isinstance(rows[0].person, Pupil) else "staff"
    ids = [row.person.pk for row in rows]
    checks = latest_checks(key, ids)
    waiting = {
        getattr(job, f"{key}_id"): job
        for job in Job.objects.filter(state__in=OPEN_JOBS, **{f"{key}__in": ids}).defer("asked")
    }
    confirmations: dict[int, list[Confirmation]] = defaultdict(list)
    for given in Confirmation.objects.filter(**{f"{key}__in": ids}):
        confirmations[getattr(given, f"{key}_id")].append(given)
    for row in rows:
        row.check = checks.get(row.person.pk)
        row.job = waiting.get(row.person.pk)
        row.confirmations = confirmations[row.person.pk]
        if row.check is not None:
            setattr(row.check, key, row.person)  # so that nobody asks the database for it again
    return rows


def latest_checks(key: str, ids: Sequence[int]) -> dict[int, Check]:
    """Person id → the latest answer. One query.

    :param key: "pupil" or "staff".
    """
    last = Check.objects.filter(**{f"{key}__in": ids}).order_by().values(key).annotate(last=Max("pk"))
    return {getattr(row, f"{key}_id"): row for row in Check.objects.filter(pk__in=last.values("last"))}


def _differences(person: Person, check: Check | None) -> list[str]:
    if check is None or person.identity_state not in FAILED:
        return []
    return list(check.differences)


def differences_of(person: Person) -> list[str]:
    """Of :data:`FIELDS`: what the register holds otherwise; empty unless the state says so. One query."""
    return _differences(person, last_check(person))


def last_check(person: Person) -> Check | None:
    """The latest answer about the person. One query."""
    key = "pupil" if isinstance(person, Pupil) else "staff"
    return Check.objects.filter(**{key: person}).order_by("-pk").first()


def checks_of(person: Person) -> list[Check]:
    """Every answer about the person, latest first. One query."""
    key = "pupil" if isinstance(person, Pupil) else "staff"
    return list(Check.objects.filter(**{key: person}).order_by("-pk"))


def confirmations_of(person: Person) -> list[Confirmation]:
    """What people stood by, latest first. One query."""
    key = "pupil" if isinstance(person, Pupil) else "staff"
    return list(Confirmation.objects.filter(**{key: person}).order_by("-pk"))


def who_must_act(check: Check) -> Responsible:
    """``school``, ``guardian``, ``police``, or "" when nothing is to be done. One or two queries."""
    key = "pupil" if check.pupil_id else "staff"
    return responsible(check, Confirmation.objects.filter(**{key: getattr(check, f"{key}_id")}))


def letters_of(pupil: Pupil) -> list[Letter]:
    """Letters that were printed for the guardian, latest first. One query."""
    return list(Letter.objects.filter(pupil=pupil).order_by("-pk"))


@dataclass(frozen=True, slots=True)
class SendingProgress:
    """How far an order is."""

    total: int
    answered: int
    failed: int
    waiting: Mapping[str, int]  # wait → jobs still open
    next_at: datetime | None  # when the next of them is due

    @property
    def done(self) -> int:
        return self.answered + self.failed


def progress_of(sending: Sending) -> SendingProgress:
    """One query."""
    jobs = sending.jobs.values_list("state", "wait").annotate(n=Count("pk"), soon=Min("not_before"))
    answered = failed = total = 0
    waiting: dict[str, int] = {}
    soon: list[datetime] = []
    for state, wait, number, first in jobs.order_by():
        total += number
        if state == JobState.DONE:
            answered += number
        elif state == JobState.FAILED:
            failed += number
        else:
            waiting[wait] = waiting.get(wait, 0) + number
            soon.append(first)
    return SendingProgress(total, answered, failed, waiting, min(soon, default=None))


def sendings_of(school: Organisation, limit: int = 20) -> list[Sending]:
    """The latest orders of a school. One query."""
    return list(Sending.objects.filter(school=school).select_related("school_class")[:limit])


def pupils_of(school: Organisation, year: str, class_name: str | None = None) -> QuerySet[Enrolment]:
    """Enrolments of those who study in the year, in order of class and list."""
    rows = Enrolment.objects.filter(
        active=True, school_class__school=school, school_class__school_year=year
    ).select_related("pupil", "school_class")
    if class_name is not None:
        rows = rows.filter(school_class__name=class_name)
    return rows.order_by("school_class__grade", "school_class__name", "order", "pk")


def report_lines(school: Organisation, year: str, class_name: str | None = None) -> Iterator[Row]:
    """Every pupil of the year with the latest answer, in flat memory. Four queries a thousand pupils."""
    yield from rows_of_enrolments(pupils_of(school, year, class_name))


def rows_of_enrolments(enrolments: QuerySet[Enrolment]) -> Iterator[Row]:
    """The same of any enrolments (with their pupils), in flat memory. One query, and three a thousand."""
    part: list[Row] = []
    chosen = enrolments.query.select_related
    with_class = isinstance(chosen, dict) and "school_class" in chosen
    for enrolment in enrolments.iterator(chunk_size=1000):
        part.append(Row(enrolment.pupil, enrolment.school_class if with_class else None, enrolment))
        if len(part) == 1000:
            yield from _filled(part)
            part = []
    yield from _filled(part)


def open_jobs(school: Organisation | None = None) -> QuerySet[Job]:
    """Jobs that wait for an answer."""
    rows = Job.objects.filter(state__in=OPEN_JOBS)
    return rows if school is None else rows.filter(sending__school=school)


def due_jobs(now: datetime) -> Q:
    """Jobs to be asked now."""
    return Q(state__in=OPEN_JOBS, not_before__lte=now)
