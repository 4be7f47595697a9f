"""Reads about units."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import DatedSetting, Kind, Management, Organisation, valid_on
from hocbaso.core.errors import NotFound, register

register({"school_not_found": ("Không có trường mang mã {code}.", "There is no school with code {code}.")})

#: Settings with their defaults (design 4.2: default is to warn and record).
DEFAULTS = {
    "unlock_after_issue": "manager",  # manager | principal: who opens results of an issued sheet
    "unlock_minutes": "before",  # before | after: when the signed minutes of an unlock case are due
    "unlock_max_days": "14",
    "signing_waits_for_review": "no",  # yes | no
    "escalation_days": "5",  # working days that a unit has to answer a case about an identity
    "identity_gate": "warn",
    "photo_gate": "warn",
    "reveals_a_day": "60",  # whole personal numbers that one person may look at
    "view_log_months": "24",  # how long the log of views is kept; never less (domain A20)
    "certificate_second_person": "yes",  # yes | no: who registers a certificate and who confirms it differ
    "primary_subject_teachers_sign": "no",  # "yes": giáo viên môn ký in primary too (trust.md section 1)
}


def school(code: str) -> Organisation:
    """The school with that code. One query.

    :raises NotFound: ``school_not_found``
    """
    found = Organisation.objects.filter(code=code, kind=Kind.SCHOOL).first()
    if found is None:
        raise NotFound("school_not_found", code=code)
    return found


def managers(unit: Organisation, day: date | None = None) -> list[Organisation]:
    """The units above, nearest first, on a day. One query a level (at most four levels)."""
    day = day or clock.today()
    chain: list[Organisation] = []
    current: Organisation | None = unit
    while current is not None and len(chain) < 6:
        link = (
            Management.objects.filter(valid_on(day), organisation=current).select_related("manager").first()
        )
        current = link.manager if link else None
        if current is not None:
            chain.append(current)
    return chain


def is_managed_by(unit: Organisation, manager: Organisation, day: date | None = None) -> bool:
    """Whether ``manager`` stands anywhere above ``unit`` on that day."""
    return any(above.pk == manager.pk for above in managers(unit, day))


def settings_of(units: Iterable[Organisation], key: str, day: date | None = None) -> dict[int, str]:
    """As :func:`setting`, of many units: by primary key. At most two queries."""
    day, keys = day or clock.today(), [unit.pk for unit in units]
    rows = DatedSetting.objects.filter(valid_on(day), key=key).order_by("valid_from")
    own = dict(rows.values_list("organisation", "value"))
    if not own:
        return dict.fromkeys(keys, DEFAULTS[key])
    links = Management.objects.filter(valid_on(day)).values_list("organisation", "manager")
    above = dict(links)

    def of(pk: int) -> str:
        current: int | None = pk
        for _ in range(7):  # itself and six above, as managers() goes
            if current is None or current in own:
                break
            current = above.get(current)
        return own[current] if current in own else DEFAULTS[key]

    return {pk: of(pk) for pk in keys}


def setting(unit: Organisation, key: str, day: date | None = None) -> str:
    """The value of a dated setting: the unit's own, else of the nearest unit above, else the default."""
    day = day or clock.today()
    for candidate in [unit, *managers(unit, day)]:
        rows = DatedSetting.objects.filter(valid_on(day), organisation=candidate, key=key)
        row = rows.order_by("-valid_from").first()
        if row is not None:
            return row.value
    return DEFAULTS[key]
