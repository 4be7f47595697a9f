"""Reads of the log of views and of the register of exports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.privacy.models import Export, ViewEntry, ViewKind
from hocbaso.apps.privacy.places import place_words
from hocbaso.apps.pupils.models import Enrolment, Pupil
from hocbaso.core.errors import register

register(
    {
        "no_such_pupil_code": (
            "Không có học sinh mang mã {code}.",
            "There is no pupil with code {code}.",
        )
    }
)

#: Views that a page of the log shows at once.
PAGE = 50


@dataclass(frozen=True, slots=True)
class Line:
    """One view in words."""

    at: datetime
    who: str  # full name, or the system
    role: str
    unit: str
    what: str  # "Xem danh sách: Xác thực danh tính (45 người)"
    purpose: str


def views_of_school(school: Organisation, *, kind: str = "", who: str = "") -> QuerySet[ViewEntry]:
    """What was seen of the school's people, newest first.

    :param kind: a :class:`ViewKind`; :param who: part of the name of whoever looked.
    """
    rows = ViewEntry.objects.filter(organisation=school)
    if kind in ViewKind.values:
        rows = rows.filter(kind=kind)
    if who:
        rows = rows.filter(Q(user__full_name__icontains=who) | Q(actor__icontains=who))
    return rows.select_related("user", "organisation", "pupil", "staff", "school_class").order_by("-id")


def views_of_pupil(*files: Pupil) -> QuerySet[ViewEntry]:
    """Every view of the pupil at every school, alone or in a list, newest first.

    Two queries: the pupil's classes narrow the lists that are searched.

    :param files: the pupil's, and those that were merged into it: they are about the same child.
    """
    places = list(
        Enrolment.objects.filter(pupil__in=files).values_list("school_class_id", "school_class__school_id")
    )
    classes, schools = {c for c, _s in places}, {s for _c, s in places}
    named = Q(pk__in=[])
    for file in files:
        named |= Q(people__contains=f",{file.pk},")
    in_list = named & (Q(school_class__in=classes) | Q(school_class__isnull=True, organisation__in=schools))
    rows = ViewEntry.objects.filter(Q(pupil__in=files) | in_list)
    return rows.select_related("user", "organisation", "school_class").order_by("-id")


def exports_of_school(school: Organisation) -> QuerySet[Export]:
    """Files with data of the school's people that left the system, newest first."""
    return Export.objects.filter(organisation=school).select_related("user").order_by("-id")


def line_of(entry: ViewEntry) -> Line:
    """The view in words."""
    what = f"{ViewKind(entry.kind).label}: {place_words(entry.where)}"
    if entry.school_class is not None:
        what += f", lớp {entry.school_class.name}"
    if entry.count > 1:
        what += f" ({entry.count} người)"
    return Line(
        entry.at,
        name_of(entry),
        role_words(entry.role),
        entry.organisation.name if entry.organisation else "",
        what,
        entry.purpose,
    )


def name_of(entry: ViewEntry | Export) -> str:
    return entry.user.full_name if entry.user is not None else "Người vận hành hệ thống"


def role_words(role: str) -> str:
    return str(Role(role).label) if role in Role.values else "Dòng lệnh của máy chủ"
