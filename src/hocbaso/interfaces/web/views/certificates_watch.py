"""Certificates for the managing levels: unit by unit down to the school; names for a purpose on record."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from hocbaso.apps.accounts.door import allowed
from hocbaso.apps.organisations.models import Kind, Organisation
from hocbaso.apps.organisations.queries import managers
from hocbaso.apps.signing import figures
from hocbaso.apps.signing.figures import Figures, Overview
from hocbaso.apps.signing.inspecting import figures_workbook, inspect_school
from hocbaso.apps.signing.request_papers import STATE_WORDS
from hocbaso.apps.signing.requests import posts_of
from hocbaso.core.errors import DomainError, NotAllowed, NotFound
from hocbaso.interfaces.web.errors import status_of, words
from hocbaso.interfaces.web.views import actor_of, policy, require_actor, school_of
from hocbaso.interfaces.web.views.certificates import hand_out

_PAGE = 50
#: Which lines are shown: those where this number is not zero.
_FILTERS = {
    "chua-ky-duoc": lambda line: line.missing > 0,
    "con-dau": lambda line: line.no_seal > 0,
    "hieu-truong": lambda line: line.no_principal > 0,
    "thu-hoi": lambda line: line.numbers["lost"] > 0,
    "sap-het-han": lambda line: line.numbers["soon"] > 0,
}


def _unit(request: HttpRequest, code: str) -> Organisation:
    """The unit in the address, or the own one. :raises NotFound: ``no_such_unit``; :raises NotAllowed:"""
    own = school_of(request)
    found = own if code in ("", own.code) else Organisation.objects.filter(code=code).first()
    if found is None:
        raise NotFound("no_such_unit")
    policy(request, "certificates.watch", found)
    return found


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def watch(request: HttpRequest, code: str = "") -> HttpResponse:
    """``/quan-ly/chung-thu/[don-vi/<code>/]``: sums of what stands below, the furthest behind first."""
    unit = _unit(request, code)
    if unit.kind == Kind.SCHOOL:
        return _school(request, unit)
    if request.method == "POST":
        return HttpResponse(status=405)
    look = _Look(request, unit)
    page = Paginator(look.lines, _PAGE).get_page(request.GET.get("trang"))
    context = {
        "unit": unit,
        "whole": look.found.whole,
        "rows": page.object_list,
        "page": page,
        "by_school": look.found.by_school,
        "may_switch": unit.kind == Kind.DEPARTMENT,
        "n_all": len(look.found.lines),
        "search": look.search,
        "chosen": look.chosen,
        "query": look.address(),
        "switch_units": "?",
        "switch_schools": "?theo=truong",
        "filters": [
            {"value": value, "label": label, "n": n, "url": look.address(loc=value)}
            for value, label in _labels()
            if (n := sum(map(_FILTERS[value], look.found.lines)))
        ],
        "all_url": look.address(loc=""),
        "crumbs": _crumbs(request, unit),
        "may_setting": unit.kind == Kind.DEPARTMENT and unit.pk == school_of(request).pk,
    }
    return render(request, "web/certificates/watch.html", context)


class _Look:
    """How somebody wants to see the unit: which lines, by unit or by school."""

    def __init__(self, request: HttpRequest, unit: Organisation) -> None:
        sent = request.GET
        self.search = " ".join(sent.get("tim", "").split())[:100]
        self.chosen = sent.get("loc", "") if sent.get("loc", "") in _FILTERS else ""
        self.by_school = unit.kind == Kind.COMMUNE or (
            unit.kind == Kind.DEPARTMENT and sent.get("theo", "") == "truong"
        )
        self.found: Overview = figures.overview(
            actor_of(request), unit, by_school=self.by_school, search=self.search
        )
        keep = _FILTERS.get(self.chosen)
        self.lines: list[Figures] = [one for one in self.found.lines if keep is None or keep(one)]

    def address(self, **changed: str) -> str:
        """This look with something changed."""
        chosen = {"theo": "truong" if self.by_school else "", "loc": self.chosen, "tim": self.search}
        return "?" + urlencode({name: value for name, value in (chosen | changed).items() if value})


def _labels() -> tuple[tuple[str, str], ...]:
    return (
        ("chua-ky-duoc", _("Có người chưa ký được")),
        ("con-dau", _("Chưa có con dấu số")),
        ("hieu-truong", _("Hiệu trưởng chưa ký được")),
        ("thu-hoi", _("Có chứng thư bị thu hồi, khóa")),
        ("sap-het-han", _("Hết hạn trong 30 ngày")),
    )


def _crumbs(request: HttpRequest, unit: Organisation) -> list[Organisation]:
    """The way back, the own unit first. One query a level."""
    own = school_of(request)
    if unit.pk == own.pk:
        return []
    above = managers(unit)
    between = above[: next((n for n, one in enumerate(above) if one.pk == own.pk), 0)]
    return [own, *reversed(between)]


def _school(request: HttpRequest, school: Organisation) -> HttpResponse:
    """One school: counted now; names of those who are not ready for an inspection, on record."""
    actor = actor_of(request)
    error, status, opened = "", 200, None
    sent = request.POST
    if request.method == "POST":
        try:
            opened = inspect_school(
                actor, school, purpose=sent.get("muc-dich", ""), basis=sent.get("can-cu", "")
            )
        except NotAllowed:
            raise
        except DomainError as refusal:
            error, status = words(refusal), status_of(refusal)
    figure = figures.of_now(school)
    counts = (
        ("stop", _("Chưa đăng ký chứng thư số"), figure.none),
        ("stop", _("Bị thu hồi hoặc khóa"), figure.lost),
        ("stop", _("Đã hết hạn"), figure.expired),
        ("stop", _("Không khớp số định danh trong hồ sơ"), figure.wrong),
        ("warn", _("Hết hạn trong 30 ngày"), figure.soon),
        ("warn", _("Hết hạn trong 60 ngày hoặc trước khi ký học bạ"), figure.later),
        ("idle", _("Chưa rõ có bị thu hồi không"), figure.unknown),
    )
    context: dict[str, Any] = {
        "unit": school,
        "figure": figure,
        "counts": [one for one in counts if one[2]],
        "may_inspect": allowed(actor, "certificates.inspect", school),
        "opened": opened,
        "lines": [
            {"name": one.name, "posts": posts_of(one.who), "states": [STATE_WORDS[s] for s in one.states]}
            for one in (opened.lines if opened else ())
        ],
        "error": error,
        "purpose": sent.get("muc-dich", ""),
        "basis": sent.get("can-cu", ""),
        "crumbs": _crumbs(request, school),
    }
    return render(request, "web/certificates/watch_school.html", context, status=status)


@require_actor
@require_POST
def export(request: HttpRequest, code: str) -> HttpResponse:
    """The lines of the page as a workbook, marked and on record."""
    unit = _unit(request, code)
    look = _Look(request, unit)
    return hand_out(figures_workbook(actor_of(request), unit, look.found.whole, look.lines))
