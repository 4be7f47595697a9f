"""The year's calendar of a school or a province, and a period's history, as data for pages and commands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q

from hocbaso.apps.accounts.models import User
from hocbaso.apps.organisations.models import Kind, Organisation
from hocbaso.apps.periods.models import CaseState, EntryPeriod, UnlockCase
from hocbaso.apps.periods.parts import COLUMN_NAMES, MOMENT_NAMES, column_names
from hocbaso.apps.periods.queries import living, window_of
from hocbaso.apps.periods.scope import RECORD, TRAITS, Owner, Window, levels_of, moments_of_grade
from hocbaso.apps.pupils.class_subjects import subjects_of_class
from hocbaso.apps.pupils.models import SchoolClass

LEVEL_NAMES = {
    "tieu_hoc": "Tiểu học",
    "thcs": "Trung học cơ sở",
    "thpt": "Trung học phổ thông",
    "gdtx": "Giáo dục thường xuyên",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One period as a cell of the calendar shows it."""

    period: EntryPeriod
    window: Window
    scope: str  # what it is narrower about: "lớp 6A1", "Toán", "ĐĐGgk"; empty: the whole grade and moment
    state: str  # "before" | "open" | "closed"

    @property
    def of_province(self) -> bool:
        return self.window.owner is Owner.PROVINCE


@dataclass(slots=True)
class Cell:
    """One grade at one moment."""

    moment: str
    name: str
    lines: list[Line] = field(default_factory=list)
    cases: list[UnlockCase] = field(default_factory=list)  # that were allowed: opened again


@dataclass(frozen=True, slots=True)
class GradeRow:
    """One grade with its moments in order."""

    grade: int
    classes: tuple[str, ...]
    cells: tuple[Cell, ...]


def state_of(window: Window, now: datetime) -> str:
    """Where a period stands at ``now``."""
    return "before" if now < window.opens_at else "closed" if window.closed(now) else "open"


def periods_of(unit: Organisation, year: str) -> list[EntryPeriod]:
    """Periods that hold for a school (its own, then the province's) or that a province has set. One query."""
    owner = Q(unit=unit)
    if unit.kind == Kind.SCHOOL:
        owner |= Q(unit__kind=Kind.DEPARTMENT, unit__province_code=unit.province_code)
    found = living(owner, [year])
    return sorted(found, key=lambda p: (p.unit_id != unit.pk, p.grade or 0, p.moment, p.opens_at, p.pk))


def year_view(school: Organisation, year: str, now: datetime) -> list[GradeRow]:
    """The calendar by grade and moment. Four queries."""
    classes = list(SchoolClass.objects.filter(school=school, school_year=year).select_related("school"))
    periods = [(p, window_of(p)) for p in periods_of(school, year)]
    cases = list(
        UnlockCase.objects.filter(school=school, school_year=year, in_force_at__isnull=False)
        .select_related("school_class", "decided_by")
        .order_by("in_force_at")
    )
    names = subject_names(classes)
    rows = []
    for grade in sorted({c.grade for c in classes}):
        own = {c.pk for c in classes if c.grade == grade}
        levels = levels_of(grade, school.levels)
        here = [(p, w) for p, w in periods if _touches(w, grade, own, levels)]
        cells = [
            Cell(
                moment,
                MOMENT_NAMES[moment],
                _lines([(p, w) for p, w in here if w.moment in ("", moment)], names, now),
                [c for c in cases if c.school_class_id in own and c.moment == moment],
            )
            for moment in moments_of_grade(grade)
        ]
        rows.append(GradeRow(grade, tuple(c.name for c in classes if c.pk in own), tuple(cells)))
    return rows


def _touches(window: Window, grade: int, classes: set[int], levels: frozenset[str]) -> bool:
    if window.class_id is not None:
        return window.class_id in classes
    return (window.grade is None or window.grade == grade) and (
        not window.levels or bool(window.levels & levels)
    )


def _lines(found: list[tuple[EntryPeriod, Window]], names: dict[str, str], now: datetime) -> list[Line]:
    """The periods that decide something here: of equal part, columns and class only the nearest."""
    nearest: dict[tuple[object, ...], tuple[EntryPeriod, Window]] = {}
    for period, window in found:
        key = (window.part, window.columns, window.class_id)
        if key not in nearest or window.rank > nearest[key][1].rank:
            nearest[key] = (period, window)
    lines = [
        Line(period, window, narrower(period, names), state_of(window, now))
        for period, window in nearest.values()
    ]
    return sorted(lines, key=lambda line: (bool(line.scope), line.scope))


def subject_names(classes: Iterable[SchoolClass]) -> dict[str, str]:
    """Name of every part that the classes' gradebooks have, by code."""
    names = {TRAITS: "Phẩm chất, năng lực", RECORD: "Nhận xét và ghi nhận"}
    for school_class in {(c.grade): c for c in classes}.values():
        for subject in subjects_of_class(school_class):
            names.setdefault(subject.code, subject.name)
    return names


def narrower(period: EntryPeriod, names: dict[str, str]) -> str:
    """What a period names beside grade and moment."""
    pieces = []
    if period.school_class is not None:
        pieces.append(f"lớp {period.school_class.name}")
    if period.part:
        pieces.append(names.get(period.part, period.part))
    if period.columns:
        pieces.append(column_names(sorted(period.columns, key=list(COLUMN_NAMES).index)))
    return ", ".join(pieces)


def scope_words(period: EntryPeriod, names: dict[str, str]) -> str:
    """The whole scope in words: ``Khối 6, Học kỳ I, ĐĐGgk``."""
    if period.school_class is not None:
        where = f"Lớp {period.school_class.name}"
    elif period.grade is not None:
        where = f"Khối {period.grade}"
    elif period.levels:
        where = ", ".join(LEVEL_NAMES.get(level, level) for level in period.levels)
    else:
        where = "Mọi lớp"
    when = MOMENT_NAMES.get(period.moment, "mọi thời điểm")
    part = names.get(period.part, period.part) if period.part else "mọi môn và phần"
    columns = column_names(period.columns) if period.columns else "mọi cột"
    return f"{where} · {when} · {part} · {columns}"


def history(period: EntryPeriod) -> list[EntryPeriod]:
    """Every act on a period, oldest first. A query an act."""
    acts = [period]
    while acts[0].replaces_id is not None:
        acts.insert(0, EntryPeriod.objects.select_related("unit", "school_class").get(pk=acts[0].replaces_id))
    return acts


def people(labels: Iterable[str]) -> dict[str, str]:
    """Names by user name; system and operator keep their label. One query."""
    wanted = set(labels)
    found = dict(User.objects.filter(username__in=wanted).values_list("username", "full_name"))
    return {label: found.get(label, label) for label in wanted}


def cases_of(
    schools: Iterable[Organisation], *, year: str = "", state: str = "", search: str = ""
) -> list[UnlockCase]:
    """Unlock cases of some schools, the latest asked first. One query.

    :param state: one of :class:`CaseState`, or ``open`` for all that somebody has to do something about.
    """
    rows = UnlockCase.objects.filter(school__in=schools).select_related(
        "school", "school_class", "requested_by", "decided_by", "agreed_by"
    )
    if year:
        rows = rows.filter(school_year=year)
    if state == "open":
        rows = rows.filter(state__in=(CaseState.REQUESTED, CaseState.GRANTED, CaseState.IN_FORCE))
    elif state:
        rows = rows.filter(state=state)
    if search:
        rows = rows.filter(Q(number__icontains=search) | Q(school__code=search))
    return list(rows)
