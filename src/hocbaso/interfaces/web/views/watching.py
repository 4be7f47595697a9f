"""How far the verification is: nation, province, commune, school, class; names only for a stated purpose."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hocbaso.apps.accounts.door import allowed
from hocbaso.apps.common import clock
from hocbaso.apps.identity.campaigns.scope import days_left, running_for
from hocbaso.apps.identity.watching.board import (
    Board,
    Line,
    arranged,
    board,
    open_escalations,
    school_board,
    trend,
)
from hocbaso.apps.identity.watching.export import export_board
from hocbaso.apps.identity.watching.inspect import inspect_class
from hocbaso.apps.identity.watching.models import Who
from hocbaso.apps.identity.watching.recount import recount, sum_units
from hocbaso.apps.organisations.models import Kind, Organisation
from hocbaso.apps.oversight.schools import schools_under
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.core.errors import DomainError, NotAllowed, NotFound, register
from hocbaso.interfaces.web import nav
from hocbaso.interfaces.web import watching_parts as parts
from hocbaso.interfaces.web.errors import words
from hocbaso.interfaces.web.templatetags.hbs import number
from hocbaso.interfaces.web.views import actor_of, policy, require_actor, school_of

register(
    {
        "no_such_unit": ("Không có đơn vị này.", "There is no such unit."),
        "recount_too_many": (
            "Đơn vị có {count} trường: máy chủ tự đếm lại lần lượt vài phút một lần, không đếm theo yêu cầu.",
            "{count} schools are too many to be counted on demand.",
        ),
    }
)

PAGE = 50
#: So many schools are counted while somebody waits.
_AT_ONCE = 200


def unit_of(request: HttpRequest, code: str) -> Organisation:
    """The unit in the address, or the own one; numbers of it may be seen.

    :raises NotFound: ``no_such_unit``
    :raises NotAllowed: policy ``identity.watch``
    """
    own = school_of(request)
    if not code or code == own.code:
        found: Organisation | None = own
    else:
        found = Organisation.objects.filter(code=code).first()
    if found is None:
        raise NotFound("no_such_unit")
    policy(request, "identity.watch", found)
    return found


@require_actor
@require_safe
def overview(request: HttpRequest, code: str = "") -> HttpResponse:
    """``/quan-ly/danh-tinh/``: the unit's numbers, its trend, and its sub-units or schools from the worst."""
    unit = unit_of(request, code)
    if actor_of(request).role not in nav.MANAGING_ROLES:
        return redirect("web:school-progress")
    if unit.is_school:
        return _school(request, unit)
    look = _Look(request, unit)
    found = board(unit, look.who, by_school=look.by_school)
    context = look.context(found) | _around(request, unit, look.who)
    return render(request, "web/watching/unit.html", context)


class _Look:
    """How somebody wants to see the board: whom, which lines, in which order."""

    def __init__(self, request: HttpRequest, unit: Organisation) -> None:
        sent = request.GET
        self.unit, self.request = unit, request
        self.people = sent.get("doi-tuong", "") if sent.get("doi-tuong", "") in parts.PEOPLE else ""
        self.who = parts.PEOPLE[self.people]
        self.search = " ".join(sent.get("tim", "").split())[:100]
        self.chosen = sent.get("loc", "")[:20]
        self.order = sent.get("xep", "")[:20]
        whole_nation = unit.kind == Kind.MINISTRY and not self.search  # tens of thousands of lines
        self.by_school = unit.kind == Kind.COMMUNE or (
            not whole_nation and (sent.get("theo", "") == "truong" or bool(self.search))
        )
        self.printed = sent.get("in", "") == "1"
        page = sent.get("trang", "")
        self.page = max(1, int(page)) if page.isdecimal() and len(page) < 6 else 1

    def lines(self, found: Board) -> list[Line]:
        return arranged(found.lines, chosen=self.chosen, search=self.search, order=self.order)

    def address(self, **changed: str | int) -> str:
        """This look with something changed; the page begins anew unless it is what changes."""
        chosen: dict[str, str | int] = {
            "doi_tuong": self.people,
            "theo": "truong" if self.by_school and self.unit.kind != Kind.COMMUNE else "",
            "loc": self.chosen,
            "xep": self.order,
            "tim": self.search,
        }
        return parts.address(**(chosen | changed))

    def context(self, found: Board) -> dict[str, Any]:
        lines = self.lines(found)
        pages = max(1, -(-len(lines) // PAGE))
        page = min(self.page, pages)
        shown = lines if self.printed else lines[(page - 1) * PAGE : page * PAGE]
        points = trend(self.unit, self.who)
        drawing = parts.drawn(points)
        people = _("cán bộ, giáo viên") if self.who is Who.STAFF else _("học sinh")
        return {
            "unit": self.unit,
            "whole": found.whole,
            "now": clock.now(),
            "people": people,
            "kind": self.people,
            "staff": self.who is Who.STAFF,
            "states": parts.states(found.whole.tally),
            "fields": parts.fields(found.whole.tally),
            "trend": drawing,
            "trend_words": parts.change_words(drawing, people) if drawing else "",
            "lines": shown,
            "n_lines": len(lines),
            "n_all": len(found.lines),
            "what": _("trường") if self.by_school else _("đơn vị"),
            "by_school": self.by_school,
            "may_switch": self.unit.kind == Kind.DEPARTMENT,
            "filters": [
                row | {"url": self.address(loc=row["value"])}
                for row in parts.filters(found.lines, self.chosen)
            ],
            "all_url": self.address(loc=""),
            "chosen": self.chosen,
            "search": self.search,
            "order": self.order,
            "orders": parts.orders(),
            "order_words": dict(parts.orders()).get(self.order, ""),
            "page": page,
            "pages": pages,
            "previous_url": self.address(trang=page - 1) if page > 1 else "",
            "next_url": self.address(trang=page + 1) if page < pages else "",
            "query": self.address(),
            "print_url": self.address(**{"in": 1}),
            "school_url": self.address(theo="truong", loc=""),
            "unit_url": self.address(theo="", loc="", tim=""),
            "printed": self.printed,
            "years": ", ".join(sorted(found.whole.years)),
        }


def _around(request: HttpRequest, unit: Organisation, who: Who) -> dict[str, Any]:
    """What stands around the numbers: the way back, campaigns, what the actor may do."""
    own = school_of(request)
    actor = actor_of(request)
    return {
        "crumb": own if unit.pk != own.pk else None,
        "campaigns": [{"campaign": c, "left": days_left(c)} for c in running_for(unit)],
        "may_remind": own.pk == unit.pk and allowed(actor, "identity.remind", own),
        "may_campaign": own.pk == unit.pk and allowed(actor, "identity.campaign", own),
        "may_cases": allowed(actor, "escalation.view_cases", own),
        "at_once": _AT_ONCE,
    }


def _school(request: HttpRequest, school: Organisation) -> HttpResponse:
    """One school for the levels above: counted now, class by class, no names."""
    found = school_board(school)
    points = trend(school, Who.PUPILS)
    drawing = parts.drawn(points)
    context = {
        "unit": school,
        "board": found,
        "now": clock.now(),
        "states": parts.states(found.pupils),
        "fields": parts.fields(found.pupils),
        "trend": drawing,
        "trend_words": parts.change_words(drawing, _("học sinh")) if drawing else "",
        "escalations": open_escalations(schools_under(school)).get(school.pk, 0),
        "printed": request.GET.get("in", "") == "1",
        **_around(request, school, Who.PUPILS),
    }
    return render(request, "web/watching/school.html", context)


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def in_class(request: HttpRequest, code: str, class_id: int) -> HttpResponse:
    """One class: numbers for whoever watches; names of those not verified for an inspection, on record."""
    school = unit_of(request, code)
    actor = actor_of(request)
    if actor.role not in nav.MANAGING_ROLES:
        raise NotAllowed("not_allowed", what=_("xem trang này"))
    found = SchoolClass.objects.filter(pk=class_id, school=school).select_related("school")
    school_class = found.first() if class_id < 2**63 else None
    if school_class is None:
        raise NotFound("no_such_class")
    may = allowed(actor, "identity.inspect", school_class)
    error, opened = "", None
    if request.method == "POST":
        try:
            opened = inspect_class(
                actor,
                school_class,
                purpose=request.POST.get("muc-dich", ""),
                basis=request.POST.get("can-cu", ""),
            )
        except DomainError as refusal:
            if isinstance(refusal, NotAllowed):
                raise
            error = words(refusal)
    row = next((r for r in school_board(school).classes if r.school_class.pk == class_id), None)
    context = {
        "unit": school,
        "school_class": school_class,
        "row": row,
        "states": parts.states(row.tally) if row else [],
        "fields": parts.fields(row.tally) if row else [],
        "now": clock.now(),
        "may": may,
        "opened": opened,
        "error": error,
        "sent": request.POST,
        **_around(request, school, Who.PUPILS),
    }
    return render(request, "web/watching/class.html", context, status=422 if error else 200)


@require_actor
@require_safe
def export(request: HttpRequest, code: str) -> HttpResponse:
    """The lines of the page as they stand there, as Excel or PDF; every export is on record."""
    unit = unit_of(request, code)
    look = _Look(request, unit)
    found = board(unit, look.who, by_school=look.by_school or unit.is_school)
    form = request.GET.get("dang", "xlsx")
    made = export_board(actor_of(request), unit, look.who, look.lines(found), form)
    response = HttpResponse(made.content, content_type=made.media_type)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(made.name)}"
    return response


@require_actor
@require_POST
def again(request: HttpRequest, code: str) -> HttpResponse:
    """Count the unit's schools now, where they are few enough to wait for."""
    unit = unit_of(request, code)
    ids = list(schools_under(unit).values_list("pk", flat=True)[: _AT_ONCE + 1])
    if len(ids) > _AT_ONCE:
        raise DomainError("recount_too_many", count=schools_under(unit).count())
    recount(ids)
    sum_units()
    words_ = ngettext("Đã đếm lại %(n)s trường.", "Đã đếm lại %(n)s trường.", len(ids))
    messages.success(request, words_ % {"n": number(len(ids))})
    if actor_of(request).role not in nav.MANAGING_ROLES:
        return redirect("web:school-progress")
    return redirect("web:watching-unit", unit.code)
