"""Fill the plain records of ``core.quality`` from the database: a dozen queries whatever the number."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Max, Q, QuerySet

from hocbaso.apps.accounts.models import Assignment, Role, StaffMember
from hocbaso.apps.common import clock
from hocbaso.apps.identity import evidence
from hocbaso.apps.identity.models import Check, Confirmation, ConfirmationKind, Job, JobState, Outcome
from hocbaso.apps.organisations.models import Organisation, valid_on
from hocbaso.apps.pupils.models import Arrival, Enrolment, Pupil, SchoolClass
from hocbaso.apps.quality.models import PaperCheck
from hocbaso.apps.quality.ports import facts_of
from hocbaso.core.quality.checklist import BY_KEY, group_digest
from hocbaso.core.quality.records import ClassRecord, PupilRecord, StaffRecord
from hocbaso.core.quality.texts import says_no

#: Fields that the record and the file call alike.
_FILE = tuple(
    name
    for name in PupilRecord.__slots__
    if name in {f.name for f in Pupil._meta.get_fields()} and name != "identity_state"
)


def _day(moment: datetime | None) -> str:
    return moment.astimezone(clock.VIETNAM).date().isoformat() if moment else ""


def enrolled(school: Organisation, year: str, pupils: Collection[int] | None = None) -> QuerySet[Enrolment]:
    """Who studies at the school in the year, with file and class."""
    rows = Enrolment.objects.filter(active=True, school_class__school=school, school_class__school_year=year)
    if pupils is not None:
        rows = rows.filter(pupil__in=pupils)
    return rows.select_related("pupil", "school_class").annotate(photo_at=F("pupil__photo__created_at"))


@dataclass(slots=True)
class _Around:
    """What stands outside the file, by pupil."""

    arrivals: set[int] = field(default_factory=set)  # enrolments
    verified: dict[int, datetime] = field(default_factory=dict)
    waiting: dict[int, datetime] = field(default_factory=dict)
    confirmations: dict[int, list[Confirmation]] = field(default_factory=lambda: defaultdict(list))
    checks: dict[int, dict[str, PaperCheck]] = field(default_factory=lambda: defaultdict(dict))
    places: dict[int, int] = field(default_factory=dict)
    people: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    phones: Counter[str] = field(default_factory=Counter)
    facts: dict[str, Mapping[int, Any]] = field(default_factory=dict)


def latest_checks(pupils: Collection[int]) -> dict[int, dict[str, PaperCheck]]:
    """Pupil → item → the latest row of the checklist. One query."""
    last = (
        PaperCheck.objects.filter(pupil__in=pupils)
        .order_by()
        .values("pupil", "item")
        .annotate(last=Max("pk"))
    )
    found: dict[int, dict[str, PaperCheck]] = defaultdict(dict)
    for row in PaperCheck.objects.filter(pk__in=last.values("last")):
        found[row.pupil_id][row.item] = row
    return found


def _around(school: Organisation, year: str, rows: list[Enrolment]) -> _Around:
    ids = [row.pupil_id for row in rows]
    found = _Around(facts=facts_of(ids), checks=latest_checks(ids))
    found.arrivals = set(
        Arrival.objects.filter(enrolment__in=[r.pk for r in rows]).values_list("enrolment", flat=True)
    )
    matched = Check.objects.filter(pupil__in=ids, outcome=Outcome.MATCHED).order_by()
    found.verified = dict(matched.values_list("pupil").annotate(last=Max("recorded_at")))
    found.waiting = dict(
        Job.objects.filter(pupil__in=ids, state=JobState.SENT).values_list("pupil", "sent_at")  # type: ignore[arg-type]
    )
    for given in Confirmation.objects.filter(pupil__in=ids, kind=ConfirmationKind.WARNING):
        found.confirmations[given.pupil_id or 0].append(given)
    places = Enrolment.objects.filter(active=True, school_class__school_year=year, pupil__in=ids).order_by()
    found.places = dict(places.values_list("pupil").annotate(n=Count("pk")).filter(n__gt=1))
    others = (
        enrolled(school, year)
        .order_by()
        .values_list("pupil__full_name", "pupil__birth_date", "pupil__sex", "pupil__phone")
    )
    for name, birth, sex, phone in others:
        found.people[name.casefold(), birth, sex] += 1
        if phone and not says_no(phone):
            found.phones[phone] += 1
    return found


def _check_states(pupil: Pupil, checks: Mapping[str, PaperCheck]) -> dict[str, str]:
    return {
        key: "held" if row.digest == group_digest(BY_KEY[key], pupil) else "stale"
        for key, row in checks.items()
        if row.held and key in BY_KEY
    }


def pupil_records(
    school: Organisation, year: str, pupils: Collection[int] | None = None
) -> list[tuple[Enrolment, PupilRecord]]:
    """Every pupil who studies in the year (or those given), with the record that the rules judge."""
    rows = list(enrolled(school, year, pupils).order_by("pk"))
    around = _around(school, year, rows)
    return [(row, _record(row, around)) for row in rows]


def _record(row: Enrolment, around: _Around) -> PupilRecord:
    pupil, school_class, pk = row.pupil, row.school_class, row.pupil_id
    file = {name: getattr(pupil, name) for name in _FILE}
    given = around.confirmations.get(pk, ())
    confirmed = evidence.confirmed(pupil, given, ConfirmationKind.WARNING) if given else ()
    told = {name: values[pk] for name, values in around.facts.items() if pk in values}
    return PupilRecord(
        **file,
        **told,
        grade=school_class.grade,
        school_year=school_class.school_year,
        status=row.status,
        status_date=row.status_date,
        active=row.active,
        register_number=row.register_number,
        class_closed=school_class.closed_on is not None,
        other_places=max(0, around.places.get(pk, 1) - 1),
        arrival=row.pk in around.arrivals,
        photo_on=_day(getattr(row, "photo_at", None)) if pupil.photo_id else "",
        identity_state=pupil.identity_state,
        verified_on=_day(around.verified.get(pk)) if pupil.identity_state == "verified" else "",
        waiting_since=_day(around.waiting.get(pk)),
        confirmed=frozenset(confirmed),
        checks=_check_states(pupil, around.checks.get(pk, {})),
        updated_on=_day(pupil.updated_at),
        twins=around.people[pupil.full_name.casefold(), pupil.birth_date, pupil.sex] - 1,
        phone_shared=around.phones[pupil.phone],
    )


def staff_records(school: Organisation) -> list[tuple[StaffMember, StaffRecord]]:
    """The staff file. Two queries."""
    rows = list(StaffMember.objects.filter(organisation=school).order_by("code"))
    emails = Counter(row.email.casefold() for row in rows if row.email)
    given: dict[int, list[Confirmation]] = defaultdict(list)
    for one in Confirmation.objects.filter(staff__organisation=school, kind=ConfirmationKind.WARNING):
        given[one.staff_id or 0].append(one)
    return [
        (
            row,
            StaffRecord(
                full_name=row.full_name,
                birth_date=row.birth_date,
                sex=row.sex,
                personal_number=row.personal_number,
                email=row.email,
                phone=row.phone,
                position=row.position,
                identity_state=row.identity_state,
                confirmed=frozenset(evidence.confirmed(row, given[row.pk], ConfirmationKind.WARNING)),
                same_email=emails[row.email.casefold()] - 1 if row.email else 0,
            ),
        )
        for row in rows
    ]


def class_records(school: Organisation, year: str) -> list[tuple[SchoolClass, ClassRecord]]:
    """The classes of the year. Three queries."""
    active = Q(enrolments__active=True)
    rows = list(
        SchoolClass.objects.filter(school=school, school_year=year).annotate(
            studying=Count("enrolments", filter=active)
        )
    )
    homerooms = dict(
        Assignment.objects.filter(
            valid_on(clock.today()), school_class__in=rows, role=Role.HOMEROOM
        ).values_list("school_class", "user__full_name")
    )
    doubled: Counter[int] = Counter()
    orders = Enrolment.objects.filter(active=True, order__gt=0, school_class__in=rows).order_by()
    for pk, _order, n in orders.values_list("school_class", "order").annotate(n=Count("pk")):
        doubled[pk] += n > 1
    return [
        (
            row,
            ClassRecord(
                row.name,
                row.grade,
                row.studying,
                homerooms.get(row.pk, "") or "",
                row.closed_on is not None,
                doubled[row.pk],
            ),
        )
        for row in rows
    ]
