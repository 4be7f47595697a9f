"""Reads about classes and pupils."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import Count, Q

from hocbaso.apps.accounts.models import Assignment, Role
from hocbaso.apps.common import clock
from hocbaso.apps.intake.models import Change
from hocbaso.apps.organisations.models import Organisation, valid_on
from hocbaso.apps.pupils.models import (
    Arrival,
    ClassMove,
    Enrolment,
    Pupil,
    RegisterEntry,
    SchoolClass,
    StatusChange,
)
from hocbaso.apps.pupils.use_cases.number_register import GRADES


@dataclass(slots=True)
class ClassLine:
    """One class of a year with its size and homeroom teacher."""

    school_class: SchoolClass
    pupils: int
    girls: int
    left: int
    homeroom: str = ""


def class_list(school: Organisation, year: str) -> list[ClassLine]:
    """Classes of a year in their order, closed ones too. Two queries."""
    active = Q(enrolments__active=True)
    rows = SchoolClass.objects.filter(school=school, school_year=year).annotate(
        pupils_now=Count("enrolments", filter=active),
        girls_now=Count("enrolments", filter=active & Q(enrolments__pupil__sex="Nữ")),
        left_now=Count("enrolments", filter=Q(enrolments__active=False)),
    )
    posts = Assignment.objects.filter(
        valid_on(clock.today()), school_class__school=school, role=Role.HOMEROOM
    ).values_list("school_class", "user__full_name")
    homerooms = dict(posts)
    return [
        ClassLine(row, row.pupils_now, row.girls_now, row.left_now, homerooms.get(row.pk, ""))
        for row in rows.order_by("grade", "name")
    ]


def school_years(school: Organisation) -> list[str]:
    """Years in which the school has classes, newest first. One query."""
    years = SchoolClass.objects.filter(school=school).values_list("school_year", flat=True)
    return list(years.distinct().order_by("-school_year"))


@dataclass(frozen=True, slots=True)
class PlaceEvent:
    """One line of a pupil's year: a move, a status, an arrival, or a change by a workbook."""

    at: datetime
    day: date | None
    kind: str  # "move" | "undo" | "status" | "import"
    before: str
    after: str
    reason: str
    decision: str
    by: str
    move: ClassMove | None = None  # of a move that is not undone


def place_history(enrolment: Enrolment) -> list[PlaceEvent]:
    """How the pupil came to stand where he stands this year, latest first. Four queries."""
    moves = list(enrolment.moves.select_related("from_class", "to_class").order_by("id"))
    undone = {move.undoes_id for move in moves if move.undoes_id}
    events = [
        PlaceEvent(
            move.at,
            move.moved_on,
            "undo" if move.undoes_id else "move",
            move.from_class.name,
            move.to_class.name,
            move.reason,
            move.decision,
            move.by,
            None if move.undoes_id or move.pk in undone else move,
        )
        for move in moves
    ]
    events += [
        PlaceEvent(c.at, c.day, "status", c.old, c.new, c.reason, c.decision, c.by)
        for c in StatusChange.objects.filter(enrolment=enrolment)
    ]
    return sorted([*events, *_by_workbooks(enrolment)], key=lambda event: event.at, reverse=True)


def _by_workbooks(enrolment: Enrolment) -> list[PlaceEvent]:
    changes = [
        (change.batch, change.before or {}, change.after)
        for change in Change.objects.filter(
            model=Enrolment._meta.label, object_id=enrolment.pk, before__isnull=False
        ).select_related("batch")
        if change.batch.applied_at and not change.batch.undone_at
    ]
    ids = {
        v for _b, before, after in changes for side in (before, after) if (v := side.get("school_class_id"))
    }
    names = dict(SchoolClass.objects.filter(pk__in=ids).values_list("pk", "name"))
    events = []
    for batch, before, after in changes:
        assert batch.applied_at is not None
        told = (batch.file_name, "", batch.created_by)
        if "school_class_id" in before:
            classes = [names.get(side["school_class_id"], "") for side in (before, after)]
            events.append(PlaceEvent(batch.applied_at, None, "import", classes[0], classes[1], *told))
        if "status" in before:
            events.append(
                PlaceEvent(batch.applied_at, None, "import", before["status"], after["status"], *told)
            )
    return events


def moved_since_import(pupil_ids: Iterable[int], school: Organisation, year: str) -> dict[int, ClassMove]:
    """The latest move of each pupil in a year: a workbook that names the former class is older. One query."""
    rows = (
        ClassMove.objects.filter(
            enrolment__pupil__in=list(pupil_ids), to_class__school=school, to_class__school_year=year
        )
        .select_related("from_class", "to_class", "enrolment")
        .order_by("id")
    )
    return {row.enrolment.pupil_id: row for row in rows}


def arrivals_of(school: Organisation, year: str) -> list[Arrival]:
    """Pupils who came in the course of a year, latest first. One query."""
    return list(
        Arrival.objects.filter(
            enrolment__school_class__school=school, enrolment__school_class__school_year=year
        )
        .select_related("enrolment__pupil", "enrolment__school_class")
        .order_by("-arrived_on", "-pk")
    )


def single_terms(enrolment_ids: Iterable[int]) -> dict[int, Arrival]:
    """Arrivals for whom people decided that one semester alone is assessed, by enrolment. One query."""
    rows = Arrival.objects.filter(enrolment__in=list(enrolment_ids), single_term_at__isnull=False)
    return {row.enrolment_id: row for row in rows}


def source_schools(enrolment_ids: Iterable[int]) -> dict[int, str]:
    """The school from which each pupil came in the course of the year, by enrolment. One query."""
    rows = Arrival.objects.filter(enrolment__in=list(enrolment_ids))
    return dict(rows.values_list("enrolment_id", "source_school"))


@dataclass(slots=True)
class RegisterLine:
    """One line of the Sổ đăng bộ."""

    number: str
    pupil: Pupil
    entered_year: str
    entered_on: str  # ISO date of the first day known, or ""
    entered_class: str
    from_school: str  # who came from another school
    classes: list[tuple[str, str]] = field(default_factory=list)  # (year, class) in order
    left_on: str = ""
    left_status: str = ""
    left_reason: str = ""


def register_book(
    school: Organisation, from_year: str = "", to_year: str = "", level: str = ""
) -> list[RegisterLine]:
    """The register in the order of its numbers' giving; pupils who entered between the years given.

    Three queries whatever the number of pupils. Pupils without a number are not in the book.
    """
    grades = list(GRADES[level][0]) if level else list(range(1, 13))
    rows = (
        Enrolment.objects.filter(school_class__school=school, school_class__grade__in=grades)
        .select_related("pupil", "school_class", "arrival")
        .order_by("school_class__school_year", "pk")
    )
    people: dict[int, list[Enrolment]] = {}
    for row in rows:
        people.setdefault(row.pupil_id, []).append(row)
    left = _leaving([row.pk for row in rows if not row.active])
    given = RegisterEntry.objects.filter(school=school)
    order = {number: rank for rank, number in enumerate(given.values_list("number", flat=True))}
    lines = [
        _line(enrolments, left)
        for enrolments in people.values()
        if any(row.register_number for row in enrolments)
    ]
    lines = [
        line
        for line in lines
        if (not from_year or line.entered_year >= from_year) and (not to_year or line.entered_year <= to_year)
    ]
    return sorted(lines, key=lambda line: (order.get(line.number, len(order)), line.number))


def _leaving(enrolment_ids: list[int]) -> dict[int, StatusChange]:
    if not enrolment_ids:
        return {}
    rows = StatusChange.objects.filter(enrolment__in=enrolment_ids).order_by("id")
    return {row.enrolment_id: row for row in rows}


def _line(rows: list[Enrolment], left: dict[int, StatusChange]) -> RegisterLine:
    first, last = rows[0], rows[-1]
    arrival: Arrival | None = getattr(first, "arrival", None)
    entered = arrival.arrived_on.isoformat() if arrival else (first.status_date if first.active else "")
    line = RegisterLine(
        number=next(row.register_number for row in reversed(rows) if row.register_number),
        pupil=first.pupil,
        entered_year=first.school_class.school_year,
        entered_on=entered,
        entered_class=first.school_class.name,
        from_school=arrival.source_school if arrival else "",
        classes=[(row.school_class.school_year, row.school_class.name) for row in rows],
    )
    if not last.active:
        change = left.get(last.pk)
        line.left_on = change.day.isoformat() if change else last.status_date
        line.left_status, line.left_reason = last.status, change.reason if change else ""
    return line
