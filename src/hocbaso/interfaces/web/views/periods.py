"""The calendar of entry periods: a school's, with forms for its principal; the province's defaults."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from hocbaso.apps.accounts.door import allowed
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Kind, Organisation
from hocbaso.apps.oversight.progress import working_year
from hocbaso.apps.oversight.schools import newest_year
from hocbaso.apps.periods.calendar import (
    history,
    narrower,
    people,
    periods_of,
    scope_words,
    state_of,
    subject_names,
    year_view,
)
from hocbaso.apps.periods.models import Act, EntryPeriod
from hocbaso.apps.periods.queries import window_of
from hocbaso.apps.periods.use_cases.set_period import cancel_period, close_period, extend_period, set_period
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.core.errors import DomainError, NotAllowed, NotFound, register
from hocbaso.core.vietnamese.school_year import SchoolYear
from hocbaso.interfaces.web import period_forms as forms
from hocbaso.interfaces.web.errors import words
from hocbaso.interfaces.web.views import actor_of, policy, require_actor, school_of

register({"no_such_period": ("Không có đợt nhập này.", "There is no such period.")})

#: Where a refusal leads the eye.
_AT = {
    "period_times": "dong",
    "period_past": "dong",
    "period_not_later": "dong",
    "period_reason": "ly-do",
    "form_time": "mo",
}


def _year(unit: Organisation) -> str:
    if unit.kind == Kind.SCHOOL:
        return working_year(unit)
    return newest_year(unit) or str(SchoolYear.of(clock.today()))


def _classes(unit: Organisation, year: str) -> list[SchoolClass]:
    if unit.kind != Kind.SCHOOL:
        return []
    return list(SchoolClass.objects.filter(school=unit, school_year=year).select_related("school"))


@require_actor
@require_safe
def calendar(request: HttpRequest) -> HttpResponse:
    """``/truong/dot-nhap/``: grade by moment; what opens and closes when, what was opened again, by whom."""
    school = _school_of(request)
    policy(request, "periods.view", school)
    year, now = working_year(school), clock.now()
    rows = year_view(school, year, now)
    cases = [case for row in rows for cell in row.cells for case in cell.cases]
    context = {
        "school": school,
        "year": year,
        "now": now,
        "rows": rows,
        "periods": _listed(school, year),
        "cases": cases,
        "may_set": allowed(actor_of(request), "periods.set", school),
        "area": "school",
    }
    return render(request, "web/periods/calendar.html", context)


@require_actor
@require_safe
def province(request: HttpRequest) -> HttpResponse:
    """``/quan-ly/dot-nhap/``: the defaults of a province, which a school may override."""
    unit = _province_of(request)
    year = _year(unit)
    context = {
        "school": unit,
        "year": year,
        "periods": _listed(unit, year),
        "may_set": True,
        "area": "province",
    }
    return render(request, "web/periods/province.html", context)


def _school_of(request: HttpRequest) -> Organisation:
    unit = school_of(request)
    if unit.kind != Kind.SCHOOL:
        raise NotAllowed("not_allowed", what=_("xem lịch đợt nhập"))
    return unit


def _province_of(request: HttpRequest) -> Organisation:
    unit = school_of(request)
    if unit.kind != Kind.DEPARTMENT:
        raise NotAllowed("not_allowed", what=_("đặt đợt nhập mặc định của tỉnh"))
    policy(request, "periods.set", unit)
    return unit


def _listed(unit: Organisation, year: str) -> list[dict[str, Any]]:
    names = subject_names(_classes(unit, year))
    now = clock.now()
    found = periods_of(unit, year)
    by = people(p.made_by for p in found)
    return [
        {
            "period": p,
            "by": by[p.made_by],
            "words": scope_words(p, names),
            "state": state_of(window_of(p), now),
            "own": p.unit_id == unit.pk,
        }
        for p in found
    ]


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, area: str) -> HttpResponse:
    """Set a period."""
    unit = _province_of(request) if area == "province" else _school_of(request)
    policy(request, "periods.set", unit)
    year = _year(unit)
    classes = _classes(unit, year)
    error = at = ""
    if request.method == "POST":
        try:
            _set(request, unit, year, classes)
        except DomainError as refusal:
            error, at = words(refusal), _AT.get(refusal.code, "pham-vi")
        else:
            messages.success(request, _("Đã đặt đợt nhập."))
            return redirect(_home(area))
    sent = request.POST
    context = {
        "area": area,
        "home": _home(area),
        "school": unit,
        "year": year,
        "places": forms.places(unit, classes),
        "moments": forms.moments(classes),
        "parts": forms.parts(classes),
        "columns": forms.columns(),
        "chosen": set(sent.getlist("cot")),
        "sent": {
            "place": sent.get("pham-vi", request.GET.get("pham-vi", "")),
            "moment": sent.get("thoi-diem", request.GET.get("thoi-diem", "")),
            "part": sent.get("phan", ""),
            "opens": sent.get("mo", forms.as_input(clock.now())),
            "closes": sent.get("dong", forms.in_days(14)),
            "reason": sent.get("ly-do", ""),
            "decision": sent.get("quyet-dinh", ""),
        },
        "error": error,
        "at": at,
    }
    return render(request, "web/periods/new.html", context, status=422 if error else 200)


def _set(request: HttpRequest, unit: Organisation, year: str, classes: list[SchoolClass]) -> EntryPeriod:
    sent = request.POST
    return set_period(
        actor_of(request),
        unit=unit,
        school_year=year,
        opens_at=forms.read_time(sent.get("mo", "")),
        closes_at=forms.read_time(sent.get("dong", "")),
        part=sent.get("phan", "")[:40],
        moment=sent.get("thoi-diem", "")[:4],
        columns=[column[:40] for column in sent.getlist("cot")],
        reason=sent.get("ly-do", ""),
        decision=sent.get("quyet-dinh", ""),
        **forms.read_place(request, classes),
    )


def _home(area: str) -> str:
    return "web:province-periods" if area == "province" else "web:periods"


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: HttpRequest, period_id: int, area: str) -> HttpResponse:
    """One period with every act on it; extend, close early, cancel while it lasts."""
    unit = _province_of(request) if area == "province" else _school_of(request)
    policy(request, "periods.view" if area == "school" else "periods.set", unit)
    period = _period(unit, period_id)
    error = at = ""
    if request.method == "POST":
        policy(request, "periods.set", period.unit)
        try:
            _act(request, period)
        except DomainError as refusal:
            act = request.POST.get("viec", "")
            error, at = words(refusal), f"{act}-{_AT.get(refusal.code, 'ly-do')}"
        else:
            return redirect(_home(area))
    now = clock.now()
    names = subject_names(_classes(unit, period.school_year))
    present = not EntryPeriod.objects.filter(replaces=period).exists() and period.act != Act.CANCEL
    lasting = present and period.closes_at > now
    context = {
        "area": area,
        "home": _home(area),
        "school": unit,
        "period": period,
        "words": scope_words(period, names),
        "narrower": narrower(period, names),
        "state": state_of(window_of(period), now),
        "present": present,
        "acts": _acts(period),
        "may_change": lasting and allowed(actor_of(request), "periods.set", period.unit),
        "later": forms.as_input(period.closes_at),
        "error": error,
        "at": at,
        "sent": request.POST,
        "locks": period.locks.values("school_class").distinct().count(),
    }
    return render(request, "web/periods/detail.html", context, status=422 if error else 200)


def _acts(period: EntryPeriod) -> list[dict[str, Any]]:
    """Every act on the period, oldest first."""
    acts = history(period)
    by = people(act.made_by for act in acts)
    return [{"period": act, "by": by[act.made_by], "label": Act(act.act).label} for act in acts]


def _period(unit: Organisation, period_id: int) -> EntryPeriod:
    of_unit = Q(unit=unit)
    if unit.kind == Kind.SCHOOL:
        of_unit |= Q(unit__kind=Kind.DEPARTMENT, unit__province_code=unit.province_code)
    found = EntryPeriod.objects.filter(of_unit, pk=period_id).select_related("unit", "school_class").first()
    if found is None:
        raise NotFound("no_such_period")
    return found


def _act(request: HttpRequest, period: EntryPeriod) -> None:
    actor, sent = actor_of(request), request.POST
    reason = sent.get("ly-do", "")
    act = sent.get("viec", "")
    if act == "gia-han":
        extend_period(
            actor,
            period=period,
            closes_at=forms.read_time(sent.get("dong", "")),
            reason=reason,
            decision=sent.get("quyet-dinh", ""),
        )
        messages.success(request, _("Đã gia hạn đợt nhập."))
    elif act == "dong-som":
        close_period(actor, period=period, reason=reason, decision=sent.get("quyet-dinh", ""))
        messages.success(request, _("Đã đóng đợt nhập. Các cột trong phạm vi đã khóa."))
    elif act == "huy":
        cancel_period(actor, period=period, reason=reason)
        messages.success(request, _("Đã hủy đợt nhập."))
    else:
        raise NotFound("no_such_period")
