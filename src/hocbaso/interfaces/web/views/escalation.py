"""Cases before the managing unit: the school's list, opening, one case with its thread; the managing side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from hocbaso.apps.accounts.door import Actor, allowed
from hocbaso.apps.common import clock
from hocbaso.apps.identity.escalation import queries
from hocbaso.apps.identity.escalation.models import Act, Case, Special
from hocbaso.apps.identity.escalation.states import AT_SCHOOL, AT_UNIT, OPEN, STEPS
from hocbaso.apps.identity.escalation.use_cases.answer_case import (
    MAX_EXTENSION,
    answer_case,
    extend,
    next_unit,
    pass_on,
    record_special,
)
from hocbaso.apps.identity.escalation.use_cases.follow_case import reply, resubmit, withdraw
from hocbaso.apps.identity.escalation.use_cases.open_case import ESCALATED_STATES, open_cases
from hocbaso.apps.identity.queries import Row, pupils_of, rows_of_people
from hocbaso.apps.organisations import queries as units
from hocbaso.apps.organisations.models import Kind, Organisation
from hocbaso.apps.oversight.progress import working_year
from hocbaso.apps.oversight.schools import schools_under
from hocbaso.apps.privacy.log import Person, viewed, viewed_by_school
from hocbaso.apps.privacy.places import register_places
from hocbaso.apps.pupils.models import Pupil
from hocbaso.core.errors import DomainError, NotAllowed, NotFound, register
from hocbaso.interfaces.web import escalation_words as told
from hocbaso.interfaces.web.errors import words
from hocbaso.interfaces.web.nav import MANAGING_ROLES
from hocbaso.interfaces.web.views import actor_of, policy, require_actor, school_of

register(
    {
        "no_such_escalation": ("Không có kiến nghị này.", "There is no such case."),
        "escalation_days_unread": ("Số ngày gia hạn phải là một số.", "The number of days is no number."),
    }
)
register_places({"escalation": "Kiến nghị về định danh"})
MAX_ROWS = 200
_FILTERS = ("", "unit", "school", "late", "special", "ended")


@require_actor
@require_safe
def cases(request: HttpRequest) -> HttpResponse:
    """``/truong/danh-tinh/kien-nghi/``: the school's own cases."""
    school = school_of(request)
    policy(request, "escalation.view_school", school)
    return _list(request, queries.cases_of_school(school), "web/escalation/cases.html", {"school": school})


@require_actor
@require_safe
def watch(request: HttpRequest) -> HttpResponse:
    """``/quan-ly/kien-nghi/``: the cases of every school below; the own ones first."""
    actor, unit = actor_of(request), school_of(request)
    if actor.role not in MANAGING_ROLES:
        raise NotAllowed("not_allowed", what=_("xem kiến nghị của các trường"))
    policy(request, "escalation.view_cases", unit)
    rows = queries.cases_under(schools_under(unit))
    if request.GET.get("cua") == "don-vi":
        rows = rows.filter(holder=unit)
    search = " ".join(request.GET.get("tim", "").split())[:60]
    if search:
        rows = rows.filter(number__icontains=search) | rows.filter(school__name__icontains=search)
    context = {"unit": unit, "search": search, "own": request.GET.get("cua") == "don-vi"}
    return _list(request, rows, "web/escalation/watch.html", context)


def _list(request: HttpRequest, rows: Any, template: str, context: dict[str, Any]) -> HttpResponse:
    actor, today = actor_of(request), clock.today()
    chosen = request.GET.get("loc", "")
    chosen = chosen if chosen in _FILTERS else ""
    found = queries.filtered(rows, chosen, today)
    total = found.count()
    shown = list(found[:MAX_ROWS])
    names = _sees_names(actor)
    if names:
        _log(actor, shown, "list")
    context |= {
        "rows": [told.line(case, today, actor, names=names) for case in shown],
        "total": total,
        "chosen": chosen,
        "filters": told.FILTERS,
        "may_open": allowed(actor, "escalation.open", school_of(request)),
    }
    return render(request, template, context)


def _sees_names(actor: Actor) -> bool:
    """In a list: every case of it belongs to the own school or to a school below the own unit."""
    return actor.role not in MANAGING_ROLES or actor.role in ("can_bo_xa", "can_bo_so")


def _log(actor: Actor, shown: list[Case], kind: str) -> None:
    by_school: dict[Organisation, list[Person]] = {}
    for case in shown:
        by_school.setdefault(case.school, []).append(case.pupil)
    viewed_by_school(actor, by_school.items(), kind, "escalation")


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Choose pupils the school cannot settle, say why, send."""
    actor, school = actor_of(request), school_of(request)
    policy(request, "escalation.open", school)
    year = working_year(school)
    waiting = _candidates(school, year)
    sent = request.POST if request.method == "POST" else request.GET
    chosen = {value for value in sent.getlist("hs") if value.isascii() and len(value) <= 20}
    error = ""
    if request.method == "POST":
        pupils = [row.person for row in waiting if row.person.code in chosen]
        try:
            made = open_cases(
                actor,
                school=school,
                year=year,
                pupils=[p for p in pupils if isinstance(p, Pupil)],
                reason=sent.get("ly-do", ""),
                special=sent.get("dac-biet", ""),
                papers=sent.get("giay-to", ""),
            )
        except DomainError as refusal:
            error = words(refusal)
        else:
            to = made[0].holder.name
            messages.success(
                request, _("Đã gửi %(n)s kiến nghị đến %(unit)s.") % {"n": len(made), "unit": to}
            )
            return (
                redirect("web:escalation", made[0].number) if len(made) == 1 else redirect("web:escalations")
            )
    viewed(actor, [row.person for row in waiting], "list", "escalation", unit=school)
    above = units.managers(school)
    context = {
        "school": school,
        "year": year,
        "rows": [told.candidate(row, row.person.code in chosen) for row in waiting],
        "to": above[0] if above else None,
        "due": told.term_words(school) if above else "",
        "specials": Special.choices,
        "special": sent.get("dac-biet", ""),
        "reason": sent.get("ly-do", ""),
        "papers": sent.get("giay-to", ""),
        "error": error,
        "at": told.field_of_error(error and request.POST.get("ly-do", ""), chosen) if error else "",
    }
    return render(request, "web/escalation/new.html", context, status=422 if error else 200)


def _candidates(school: Organisation, year: str) -> list[Row]:
    """Pupils who may be put before the unit above and are not yet, in order of class. Six queries."""
    enrolled = pupils_of(school, year).filter(pupil__identity_state__in=[s.value for s in ESCALATED_STATES])
    enrolled = enrolled.exclude(pupil__escalations__state__in=[s.value for s in OPEN])
    found = {e.pupil_id: e for e in enrolled[:MAX_ROWS]}
    rows = rows_of_people([e.pupil for e in found.values()])
    for row in rows:
        row.school_class = found[row.person.pk].school_class
    return rows


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def case(request: HttpRequest, number: str, area: str) -> HttpResponse:
    """One case: what lies before the unit, the thread, and what the reader can do."""
    actor = actor_of(request)
    found = _case(actor, number)
    managing = actor.role in MANAGING_ROLES
    if (area == "managing") != managing:
        return redirect("web:escalation-managing" if managing else "web:escalation", number)
    error = at = ""
    if request.method == "POST":
        at = request.POST.get("viec", "")
        try:
            _act(request, found, at)
        except DomainError as refusal:
            error = words(refusal)
            found = _case(actor, number)
        else:
            return redirect(request.path)
    names = allowed(actor, "escalation.view_names", found)
    if names:
        _log(actor, [found], "file")
    context = _case_page(actor, found, names=names) | {"area": area, "error": error, "at": at}
    context["sent"] = request.POST.get("noi-dung", "") if error else ""
    return render(request, "web/escalation/case.html", context, status=422 if error else 200)


def _case(actor: Actor, number: str) -> Case:
    found = (
        Case.objects.filter(number=number).select_related("school", "holder", "pupil", "opened_by").first()
    )
    if found is None or not allowed(actor, "escalation.view_case", found):
        raise NotFound("no_such_escalation")
    return found


def _case_page(actor: Actor, found: Case, *, names: bool) -> dict[str, Any]:
    today = clock.today()
    thread = list(found.messages.select_related("by", "unit", "to_unit"))
    answers = allowed(actor, "escalation.answer", found) and found.state in AT_UNIT
    opens = allowed(actor, "escalation.open", found.school)
    above = next_unit(found) if answers else None
    return {
        "case": found,
        "line": told.line(found, today, actor, names=names),
        "names": names,
        "opening": told.evidence_words(thread, names=names),
        "thread": [told.message(one, names=names) for one in thread],
        "may_answer": answers,
        "above": above,
        "may_record": answers and bool(found.special) and found.holder.kind == Kind.DEPARTMENT,
        "may_reply": allowed(actor, "escalation.reply", found) and found.state in OPEN,
        "may_resubmit": opens and found.state in STEPS[Act.RESUBMITTED][0],
        "may_withdraw": opens and found.state in OPEN,
        "at_school": found.state in AT_SCHOOL and allowed(actor, "escalation.view_school", found.school),
        "max_days": MAX_EXTENSION,
    }


def _act(request: HttpRequest, found: Case, act: str) -> None:
    actor, text = actor_of(request), request.POST.get("noi-dung", "")
    doing: dict[str, Callable[[], object]] = {
        "tiep-nhan": lambda: answer_case(actor, case=found, act=Act.ACCEPTED, text=text),
        "tra-lai": lambda: answer_case(actor, case=found, act=Act.RETURNED, text=text),
        "da-xong": lambda: answer_case(actor, case=found, act=Act.SOLVED, text=text),
        "chuyen-len": lambda: pass_on(actor, case=found, text=text),
        "ghi-nhan": lambda: record_special(actor, case=found, text=text),
        "gia-han": lambda: extend(actor, case=found, days=_days(request), text=text),
        "trao-doi": lambda: reply(actor, case=found, text=text),
        "gui-lai": lambda: resubmit(actor, case=found, text=text),
        "rut": lambda: withdraw(actor, case=found, text=text),
    }
    if act in doing:
        doing[act]()
        messages.success(request, told.DONE[act])


def _days(request: HttpRequest) -> int:
    text = request.POST.get("so-ngay", "").strip()
    if not (text.isascii() and text.isdecimal() and len(text) < 4):
        raise DomainError("escalation_days_unread")
    return int(text)
