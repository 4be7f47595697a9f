"""Sổ đăng bộ: numbers in the order of entry, per school and level, continuing; never given twice."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Level, Organisation
from hocbaso.apps.pupils.models import Enrolment, Pupil, RegisterEntry, RegisterSeries
from hocbaso.apps.pupils.use_cases.decisions import hold_school
from hocbaso.core.errors import DomainError, register
from hocbaso.core.vietnamese.letters import collapse, nfc
from hocbaso.core.vietnamese.school_year import SchoolYear

register(
    {
        "register_pattern": (
            "Mẫu số “{pattern}” chưa đúng. Cách ghi: chữ và số tùy trường, {{so}} là số thứ tự ({{so:4}} là "
            "bốn chữ số, ví dụ 0001), {{nam}} là năm vào trường.",
            "The pattern needs {{so}}, may use {{so:4}} and {{nam}}.",
        ),
        "register_level": ("Trường không có cấp học này.", "The school has no such level."),
        "register_number_used": (
            "Số đăng bộ {number} đã cấp cho {name}. Số đã cấp không dùng lại cho học sinh khác.",
            "Register number {number} was given to {name}.",
        ),
    }
)

#: Level of the register → its grades and what marks it in a school of several levels.
GRADES: dict[str, tuple[range, str]] = {
    Level.PRIMARY: (range(1, 6), "TH"),
    Level.LOWER_SECONDARY: (range(6, 10), "THCS"),
    Level.UPPER_SECONDARY: (range(10, 13), "THPT"),
}
_SERIAL = re.compile(r"\{so(?::([1-9]))?\}")
_PLACES = re.compile(r"\{[^}]*\}?|\}")


def level_of_grade(grade: int) -> str:
    """The register's level; empty below grade 1."""
    return next((level for level, (grades, _mark) in GRADES.items() if grade in grades), "")


def levels_of(school: Organisation) -> list[str]:
    """Levels of the school that keep a register; continuing education keeps those of its grades."""
    known = [level for level in GRADES if level in school.levels]
    if Level.CONTINUING in school.levels:
        known += [x for x in (Level.LOWER_SECONDARY, Level.UPPER_SECONDARY) if x not in known]
    return known


def series_of(school: Organisation, level: str) -> RegisterSeries:
    """How the level is numbered: as the school chose, else four digits (with the level where there are
    several). One query; not stored until it is chosen.

    :raises DomainError: ``register_level``
    """
    if level not in levels_of(school):
        raise DomainError("register_level")
    found = RegisterSeries.objects.filter(school=school, level=level).first()
    if found is not None:
        return found
    mark = f"{GRADES[level][1]}-" if len(levels_of(school)) > 1 else ""
    return RegisterSeries(school=school, level=level, pattern=f"{mark}{{so:4}}", first=1)


def written(pattern: str, serial: int, year: str) -> str:
    """A number in the pattern: ``written("TH-{so:4}", 7, "2025-2026")`` is ``TH-0007``.

    :raises DomainError: ``register_pattern``
    """
    if len(_SERIAL.findall(pattern)) != 1 or len(pattern) > 40:
        raise DomainError("register_pattern", pattern=pattern)
    left = _SERIAL.sub("", pattern).replace("{nam}", "")
    if _PLACES.search(left):
        raise DomainError("register_pattern", pattern=pattern)
    width = int(next(iter(_SERIAL.findall(pattern))) or 1)
    text = _SERIAL.sub(f"{serial:0{width}d}", pattern)
    return text.replace("{nam}", str(SchoolYear.parse(year).start))


@transaction.atomic
def choose_series(
    actor: Actor, *, school: Organisation, level: str, pattern: str, first: int
) -> RegisterSeries:
    """How numbers look from now on, and where they begin (after the last one of the paper register).

    Numbers that were given stay as they are.

    :raises NotAllowed: policy ``pupils.number``
    :raises DomainError: ``register_level``, ``register_pattern``
    """
    require(actor, "pupils.number", school)
    pattern = collapse(nfc(pattern))
    series = series_of(school, level)
    written(pattern, max(first, 1), "2025-2026")
    before = f"{series.pattern} từ {series.first}"
    series.pattern, series.first = pattern, max(first, 1)
    series.save()
    chain.record(
        actor,
        "pupils.choose_register_series",
        f"level:{level}",
        organisation=school.code,
        before=before,
        after=f"{pattern} từ {series.first}",
    )
    return series


@dataclass(frozen=True, slots=True)
class Numbered:
    """A pupil and the number that he gets (or would get)."""

    pupil: Pupil
    number: str
    year: str  # of entry
    class_name: str  # of entry
    enrolments: tuple[int, ...]


def waiting(school: Organisation, level: str) -> list[list[Enrolment]]:
    """Pupils of the level without a number, in the order of entry, each with his enrolments. One query.

    Order of entry: school year, day of arrival for those who came in its course, grade, class, name.
    """
    rows = (
        Enrolment.objects.filter(school_class__school=school, school_class__grade__in=GRADES[level][0])
        .select_related("pupil", "school_class", "arrival")
        .order_by("school_class__school_year", "pk")
    )
    people: dict[int, list[Enrolment]] = {}
    for row in rows:
        people.setdefault(row.pupil_id, []).append(row)
    bare = [rows for rows in people.values() if not any(row.register_number for row in rows)]
    return sorted(bare, key=lambda rows: _entry(rows[0]))


def _entry(first: Enrolment) -> tuple[str, str, int, str, str, int]:
    arrival = getattr(first, "arrival", None)
    day = arrival.arrived_on.isoformat() if arrival else ""
    in_class = first.school_class
    return in_class.school_year, day, in_class.grade, in_class.name, first.pupil.sort_key, first.pk


def propose(school: Organisation, level: str) -> list[Numbered]:
    """The numbers that :func:`assign_register_numbers` would give now. Writes nothing; four queries."""
    series = series_of(school, level)
    used = dict(RegisterEntry.objects.filter(school=school).values_list("number", "pupil_id"))
    shown = Enrolment.objects.filter(school_class__school=school).exclude(register_number="")
    used |= dict(shown.values_list("register_number", "pupil_id"))
    serials = RegisterEntry.objects.filter(school=school, level=level, serial__isnull=False)
    serial = max(series.first - 1, *(n or 0 for n in serials.values_list("serial", flat=True)), 0)
    made = []
    for rows in waiting(school, level):
        first = rows[0].school_class
        number = ""
        while not number or number in used:
            serial += 1
            number = written(series.pattern, serial, first.school_year)
        used[number] = rows[0].pupil_id
        ids = tuple(row.pk for row in rows)
        made.append(Numbered(rows[0].pupil, number, first.school_year, first.name, ids))
    return made


@transaction.atomic
def assign_register_numbers(actor: Actor, *, school: Organisation, level: str) -> list[Numbered]:
    """Give every pupil of the level who has none the next number.

    :raises NotAllowed: policy ``pupils.number``
    :raises DomainError: ``register_level``, ``register_pattern``
    """
    require(actor, "pupils.number", school)
    hold_school(school)
    series = series_of(school, level)
    made = propose(school, level)
    now = clock.now()
    RegisterEntry.objects.bulk_create(
        [
            RegisterEntry(
                school=school,
                level=level,
                number=one.number,
                serial=_serial(series.pattern, one),
                pupil=one.pupil,
                at=now,
                by=actor.label,
            )
            for one in made
        ],
        batch_size=500,
    )
    numbers = {pk: one.number for one in made for pk in one.enrolments}
    rows = list(Enrolment.objects.filter(pk__in=numbers)) if numbers else []
    for row in rows:
        row.register_number = numbers[row.pk]
    Enrolment.objects.bulk_update(rows, ["register_number"], batch_size=200)
    if made:
        chain.record(
            actor,
            "pupils.assign_register_numbers",
            f"level:{level}",
            organisation=school.code,
            count=len(made),
            first=made[0].number,
            last=made[-1].number,
        )
    return made


def _serial(pattern: str, one: Numbered) -> int:
    shape = _SERIAL.sub("\0", pattern).replace("{nam}", str(SchoolYear.parse(one.year).start))
    before, _mark, after = shape.partition("\0")
    return int(one.number[len(before) : len(one.number) - len(after)])


def keep_number(actor: Actor, enrolment: Enrolment, number: str) -> None:
    """A number written by hand is the pupil's for ever too, inside the running transaction.

    :raises DomainError: ``register_number_used``
    """
    school = enrolment.school_class.school
    taken = RegisterEntry.objects.filter(school=school, number=number).select_related("pupil").first()
    if taken is not None:
        if taken.pupil_id != enrolment.pupil_id:
            raise DomainError("register_number_used", number=number, name=taken.pupil.full_name)
        return
    RegisterEntry.objects.create(
        school=school,
        level=level_of_grade(enrolment.school_class.grade),
        number=number,
        pupil=enrolment.pupil,
        at=clock.now(),
        by=actor.label,
    )
