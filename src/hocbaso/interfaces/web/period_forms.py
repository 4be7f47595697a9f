"""What the forms of periods, unlock cases and reviews send, read once and the same way everywhere."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Kind, Organisation
from hocbaso.apps.periods.calendar import LEVEL_NAMES, subject_names
from hocbaso.apps.periods.parts import COLUMN_NAMES, MOMENT_NAMES
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.core.errors import DomainError, NotFound, register
from hocbaso.core.regulation.programme import PRIMARY_GRADES

register(
    {
        "form_time": (
            "Chưa đọc được thời điểm “{text}”. Thầy cô chọn ngày và giờ.",
            "{text!r} is no date and time.",
        ),
    }
)

#: Columns that only imports fill: nobody sets a period for them.
_SILENT = {"stated", "stated_overall", "stated_completed", "stated_promoted", "carried", "carried_school"}
_INPUT = "%Y-%m-%dT%H:%M"


def read_time(text: str) -> datetime:
    """What an input of type ``datetime-local`` sends, as a moment in Vietnam.

    :raises DomainError: ``form_time``.
    """
    try:
        return datetime.strptime(text.strip()[:16], _INPUT).replace(tzinfo=clock.VIETNAM)
    except ValueError:
        raise DomainError("form_time", text=text[:20]) from None


def as_input(moment: datetime) -> str:
    """A moment as such an input shows it."""
    return moment.astimezone(clock.VIETNAM).strftime(_INPUT)


def in_days(days: int, hour: int = 17) -> str:
    """A proposal: some days from now at the end of the working day."""
    day = clock.now().astimezone(clock.VIETNAM) + timedelta(days=days)
    return as_input(day.replace(hour=hour, minute=0))


def places(unit: Organisation, classes: list[SchoolClass]) -> list[tuple[str, str]]:
    """Choices of where a period holds: everything, a level, a grade, a class of the school."""
    levels = unit.levels if unit.kind == Kind.SCHOOL else list(LEVEL_NAMES)
    grades = sorted({c.grade for c in classes}) if unit.kind == Kind.SCHOOL else range(1, 13)
    found = [("", _("Mọi lớp"))]
    if len(levels) > 1:
        found += [(f"cap:{level}", LEVEL_NAMES[level]) for level in levels if level in LEVEL_NAMES]
    found += [(f"khoi:{grade}", _("Khối %(grade)s") % {"grade": grade}) for grade in grades]
    found += [(f"lop:{c.pk}", _("Lớp %(name)s") % {"name": c.name}) for c in classes]
    return found


def moments(classes: list[SchoolClass]) -> list[tuple[str, str]]:
    """Choices of moments; without classes those of every level."""
    primary = {c.grade in PRIMARY_GRADES for c in classes} or {True, False}
    keys = [*(("ghk1", "chk1", "ghk2", "cn") if True in primary else ())]
    keys += [*(("hk1", "hk2") if False in primary else ()), "he"]
    return [("", _("Mọi thời điểm")), *((key, MOMENT_NAMES[key]) for key in keys)]


def parts(classes: list[SchoolClass]) -> list[tuple[str, str]]:
    """Choices of parts."""
    return [("", _("Mọi môn và phần")), *subject_names(classes).items()]


def columns(names: tuple[str, ...] = tuple(COLUMN_NAMES)) -> list[tuple[str, str]]:
    """Choices of columns."""
    return [(name, COLUMN_NAMES[name]) for name in names if name not in _SILENT]


def read_place(request: HttpRequest, classes: list[SchoolClass]) -> dict[str, Any]:
    """The chosen place as arguments of ``set_period``.

    :raises NotFound: a class that is not one of these.
    """
    kind, _colon, value = request.POST.get("pham-vi", "").partition(":")
    if kind == "cap":
        return {"levels": [value]}
    if kind == "khoi" and value.isascii() and value.isdigit():
        return {"grade": int(value)}
    if kind == "lop":
        for school_class in classes:
            if str(school_class.pk) == value:
                return {"school_class": school_class}
        raise NotFound("no_such_class")
    return {}
