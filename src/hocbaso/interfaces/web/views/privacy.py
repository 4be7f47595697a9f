"""A whole number on a page of its own; the log of views and exports."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from hocbaso.apps.accounts.door import allowed
from hocbaso.apps.accounts.models import Role, StaffMember
from hocbaso.apps.matching import aliases
from hocbaso.apps.organisations.models import Kind, Organisation
from hocbaso.apps.organisations.queries import school as school_by_code
from hocbaso.apps.oversight.schools import schools_under
from hocbaso.apps.privacy.models import ViewKind
from hocbaso.apps.privacy.places import known_place
from hocbaso.apps.privacy.queries import (
    PAGE,
    exports_of_school,
    line_of,
    name_of,
    role_words,
    views_of_pupil,
    views_of_school,
)
from hocbaso.apps.privacy.use_cases.purge import months_kept
from hocbaso.apps.privacy.use_cases.reveal import purpose_words, reveal
from hocbaso.apps.privacy.watermark import mark_text
from hocbaso.apps.pupils.models import Pupil
from hocbaso.core.errors import DomainError, NotAllowed, NotFound
from hocbaso.interfaces.web.errors import words
from hocbaso.interfaces.web.nav import home_url
from hocbaso.interfaces.web.views import actor_of, policy, require_actor, school_of

#: Lines of the paper for a family; more are counted on it.
EXTRACT_MOST = 500
NO_COPY = "no-store, max-age=0"


def _back(request: HttpRequest) -> str:
    """The page the number was asked from: a path of this site alone."""
    wanted = request.POST.get("ve", "")
    local = wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, None)
    return wanted if local else home_url(actor_of(request))


def _person(request: HttpRequest) -> Pupil | StaffMember:
    """Whom the form names, when the actor may see the number: else as if there were none.

    :raises NotFound: ``not_found``
    """
    kind, _dash, number = request.POST.get("nguoi", "").partition("-")
    found: Pupil | StaffMember | None = None
    if number.isascii() and number.isdecimal() and len(number) < 18:
        if kind == "hs":
            found = Pupil.objects.filter(pk=int(number)).first()
        elif kind == "cb":
            found = StaffMember.objects.filter(pk=int(number)).first()
    if found is None:
        raise NotFound("not_found", what=_("người này"))
    policy(request, "privacy.reveal", found)
    return found


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def show_number(request: HttpRequest) -> HttpResponse:
    """The answer to the form in ``privacy/reveal.html``.

    The number stands in this answer alone: in no address, no session, no cache; going back, or opening the
    address again, shows nothing.
    """
    if request.method != "POST":
        return redirect(home_url(actor_of(request)))
    person = _person(request)
    where = known_place(request.POST.get("noi", ""))
    purpose, note = request.POST.get("muc-dich", ""), request.POST.get("ghi-ro", "")
    context = {"person": person, "where": where, "back": _back(request)}
    try:
        context["number"] = reveal(actor_of(request), person, purpose, where, note)
        context["purpose"] = purpose_words(purpose, note)
    except DomainError as refusal:
        if refusal.code == "not_allowed":
            raise
        context["error"] = words(refusal)
    response = render(request, "web/privacy/number.html", context, status=422 if "error" in context else 200)
    response["Cache-Control"] = NO_COPY
    response["Referrer-Policy"] = "no-referrer"
    return response


def _school(request: HttpRequest, code: str) -> Organisation:
    """The actor's own school, or the one that an auditor names.

    :raises NotFound: ``school_not_found``, also where the log of it is not the actor's to read.
    """
    if not code:
        unit = school_of(request)
        policy(request, "privacy.view_log", unit)
        return unit
    found = school_by_code(code)
    if not allowed(actor_of(request), "privacy.view_log", found):
        raise NotFound("school_not_found", code=code)
    return found


@require_actor
@require_safe
def views(request: HttpRequest, code: str = "") -> HttpResponse:
    """``/truong/nhat-ky-xem/``: who looked at whom in the school, and what was taken out."""
    school = _school(request, code)
    exports = request.GET.get("xem") == "xuat"
    kind, who = request.GET.get("loai", ""), " ".join(request.GET.get("ai", "").split())[:60]
    number = request.GET.get("trang")
    context: dict[str, object] = {
        "school": school,
        "managing": bool(code),
        "exports": exports,
        "kinds": ViewKind.choices,
        "kind": kind if kind in ViewKind.values else "",
        "who": who,
        "months": months_kept(school),
    }
    if exports:
        files = Paginator(exports_of_school(school), PAGE).get_page(number)
        context |= {"page": files, "lines": [(e, name_of(e), role_words(e.role)) for e in files]}
    else:
        seen = Paginator(views_of_school(school, kind=kind, who=who), PAGE).get_page(number)
        context |= {"page": seen, "lines": [(e, line_of(e)) for e in seen]}
    return render(request, "web/privacy/views.html", context)


@require_actor
@require_safe
def views_of_one(request: HttpRequest, pupil_code: str, code: str = "") -> HttpResponse:
    """Everybody who looked at one pupil; ``?in``: as a paper for the family, on record."""
    if code:
        school = _school(request, code)
    else:
        school = school_of(request)
        policy(request, "privacy.extract", school)
    pupil = Pupil.objects.filter(code=pupil_code, enrolments__school_class__school=school).distinct().first()
    if pupil is None:
        raise NotFound("no_such_pupil")
    rows = views_of_pupil(*aliases.files_of(pupil))
    paper = "in" in request.GET
    page = None if paper else Paginator(rows, PAGE).get_page(request.GET.get("trang"))
    context: dict[str, object] = {
        "school": school,
        "pupil": pupil,
        "page": page,
        "total": page.paginator.count if page else rows.count(),
        "lines": [line_of(e) for e in (page.object_list if page else rows[:EXTRACT_MOST])],
        "months": months_kept(school),
        "back": reverse("web:views-school", args=[code]) if code else "",
    }
    if paper:
        context["mark"] = mark_text(
            actor_of(request), _("Nhật ký xem hồ sơ cho gia đình"), what="views", persons=1, unit=school
        )
    return render(request, "web/privacy/extract.html" if paper else "web/privacy/one.html", context)


@require_actor
@require_safe
def schools(request: HttpRequest) -> HttpResponse:
    """``/quan-ly/nhat-ky-xem/``: an auditor chooses the school."""
    unit = school_of(request)
    if actor_of(request).role != Role.AUDITOR:
        raise NotAllowed("not_allowed", what=_("xem nhật ký xem hồ sơ của trường"))
    if unit.kind == Kind.SCHOOL:
        return redirect("web:views-school", unit.code)
    search = " ".join(request.GET.get("tim", "").split())[:60]
    below = schools_under(unit)
    if search:
        below = below.filter(Q(name__icontains=search) | Q(code=search))
    found = list(below.order_by("name")[: PAGE + 1])
    context = {"unit": unit, "schools": found[:PAGE], "more": len(found) > PAGE, "search": search}
    return render(request, "web/privacy/schools.html", context)
