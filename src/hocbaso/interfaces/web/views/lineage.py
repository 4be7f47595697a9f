"""Where results come from: the day's late changes, the year's report, everything behind a pupil or a sheet.

Two doors to the same pages: leaders of the school, and auditors from outside (``quan-ly``), who only read.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from hocbaso.apps.assessment.late_changes import Report, digest, report
from hocbaso.apps.assessment.use_cases.read_lineage import read_pupil, read_sheet
from hocbaso.apps.common import clock
from hocbaso.apps.common.search import matches
from hocbaso.apps.organisations import queries as units
from hocbaso.apps.organisations.models import Kind, Organisation
from hocbaso.apps.oversight.progress import working_year
from hocbaso.apps.pupils.models import Enrolment
from hocbaso.apps.pupils.queries import school_years
from hocbaso.core.document.codes import normalise_typed_code
from hocbaso.core.errors import DomainError, NotFound
from hocbaso.interfaces.web.views import actor_of, policy, require_actor, school_of

MOST_SHOWN = 300
MOST_FOUND = 50


def _school(request: HttpRequest, code: str | None) -> Organisation:
    """The school that is looked at; auditors name it in the address.

    :raises NotAllowed: neither a leader of the school nor an auditor. :raises NotFound: no such school.
    """
    school = school_of(request) if code is None else units.school(code)
    policy(request, "assessment.lineage", school)
    if not school.is_school:
        raise NotFound("school_not_found", code=school.code)
    if code is not None:
        policy(request, "audit.read", school)  # the outer door is the auditors' alone
    return school


def _url(code: str | None, name: str = "", *args: Any) -> str:
    """An address of this area on the side of the door that was taken."""
    inner = {"": "web:lineage", "pupil": "web:lineage-pupil", "sheet": "web:lineage-sheet"}
    outer = {
        "": "web:lineage-school",
        "pupil": "web:lineage-school-pupil",
        "sheet": "web:lineage-school-sheet",
    }
    return reverse(inner[name], args=args) if code is None else reverse(outer[name], args=[code, *args])


@require_actor
@require_safe
def schools(request: HttpRequest) -> HttpResponse:
    """``/quan-ly/truy-vet/``: the auditor picks a school."""
    policy(request, "audit.read", None)
    typed = " ".join(request.GET.get("tim", "").split())[:60]
    rows = Organisation.objects.filter(kind=Kind.SCHOOL).order_by("name")
    found = [row for row in rows if not typed or row.code == typed or matches(typed, row.name)]
    context = {"rows": found[:MOST_SHOWN], "found": len(found), "typed": typed}
    return render(request, "web/lineage/schools.html", context)


@require_actor
@require_safe
def index(request: HttpRequest, school: str | None = None) -> HttpResponse:
    """``/truong/truy-vet/``: late changes of a day or a year; a pupil or a transcript by its code."""
    unit = _school(request, school)
    typed = " ".join(request.GET.get("tim", "").split())[:60]
    if typed and (found := _transcript(typed)):
        return redirect(_url(school, "sheet", found))
    years = school_years(unit)
    year = request.GET.get("nam", "")
    day = _day(request.GET.get("ngay", ""))
    shown = report(unit, year) if year in years else digest(unit, day)
    context = {
        "school": unit,
        "outside": school is not None,
        "year": year if year in years else "",
        "years": years,
        "day": day,
        "report": shown,
        "groups": _limited(shown),
        "hidden": max(0, shown.changes - MOST_SHOWN),
        "typed": typed,
        "pupils": _pupils(unit, typed, year or working_year(unit)) if typed else [],
        "home": _url(school),
    }
    return render(request, "web/lineage/index.html", context)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return clock.today()


def _transcript(typed: str) -> str:
    """The transcript code that was typed, in its full form; empty when it is none."""
    try:
        return normalise_typed_code(typed)
    except DomainError:
        return ""


def _limited(found: Report) -> list[tuple[Any, list[Any]]]:
    """Groups with at most so many changes altogether."""
    left, shown = MOST_SHOWN, []
    for group in found.groups:
        own = list(group.changes[:left])
        left -= len(own)
        shown.append((group, own))
    return shown


def _pupils(school: Organisation, typed: str, year: str) -> list[Enrolment]:
    """Pupils of a year by code or name. One query."""
    rows = Enrolment.objects.filter(
        Q(pupil__code=typed) | Q(school_class__school_year=year), school_class__school=school
    ).select_related("pupil", "school_class")
    found = list(rows.order_by("-school_class__school_year", "school_class__grade", "order"))
    exact = [r for r in found if r.pupil.code == typed]
    return exact or [r for r in found if matches(typed, r.pupil.full_name)][:MOST_FOUND]


@require_actor
@require_safe
def pupil(request: HttpRequest, enrolment_id: int, school: str | None = None) -> HttpResponse:
    """Every value of one pupil's year with its changes."""
    unit = _school(request, school)
    found = read_pupil(actor_of(request), school=unit, enrolment_id=enrolment_id)
    context = {
        "school": unit,
        "outside": school is not None,
        "home": _url(school),
        "title": found.enrolment.pupil.full_name,
        "versions": [(None, found)],
    }
    return render(request, "web/lineage/sheet.html", context)


@require_actor
@require_safe
def sheet(request: HttpRequest, code: str, school: str | None = None) -> HttpResponse:
    """What stood behind each issued version of a transcript."""
    unit = _school(request, school)
    found = read_sheet(actor_of(request), school=unit, code=code)
    context = {
        "school": unit,
        "outside": school is not None,
        "home": _url(school),
        "title": _("Học bạ %(code)s") % {"code": found[0].issued.code},
        "versions": [(one.issued, one.lineage) for one in found],
    }
    return render(request, "web/lineage/sheet.html", context)
