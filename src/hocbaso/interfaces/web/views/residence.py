"""Residence of a school: overview, class, former units, register of exceptions."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from hocbaso.apps.accounts.door import allowed
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.oversight.progress import working_year
from hocbaso.apps.privacy.log import viewed
from hocbaso.apps.privacy.models import ViewKind
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.apps.residence import background, queries
from hocbaso.apps.residence.models import ExceptionReason, Told, ToldState, UnitDecision
from hocbaso.apps.residence.use_cases.decide import take_over_details
from hocbaso.apps.residence.use_cases.fetch import order_lookups
from hocbaso.apps.residence.use_cases.map_units import Group, answer_group, apply_proposed, groups_of
from hocbaso.apps.residence.use_cases.process import next_due
from hocbaso.core.errors import DomainError, NotFound
from hocbaso.core.residence import Outcome
from hocbaso.interfaces.web.errors import words
from hocbaso.interfaces.web.residence_forms import (
    KINDS,
    commune_code_of,
    order_words,
    place_fields,
    shape_of,
)
from hocbaso.interfaces.web.views import actor_of, class_of, policy, require_actor, school_of


def states() -> list[dict[str, str]]:
    """The states with words and colours, in the order of the columns."""
    return [
        {"key": key, "words": text, "kind": KINDS[key], "shape": shape_of(key)}
        for key, text in reversed(queries.STATES.items())
    ]


def waiting_of(school: Organisation) -> dict[str, Any]:
    """How many look-ups are open and why they wait; the queue is woken. Three queries."""
    background.wake()
    open_rows = queries.open_lookups(school)
    return {
        "waiting": open_rows.count(),
        "why": open_rows.exclude(wait="").order_by("-not_before").values_list("wait", "not_before").first(),
        "next_at": next_due(school),
    }


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """``/truong/cu-tru/``: how far residence is known, class by class; the whole school is looked up here."""
    school, actor = school_of(request), actor_of(request)
    post = actor.assignment
    assert post is not None
    if actor.role == Role.HOMEROOM and post.school_class_id is not None:
        return redirect("web:residence-class", post.school_class_id)
    policy(request, "residence.view_school", school)
    year = working_year(school)
    if request.method == "POST":
        order = order_lookups(actor, school=school, year=year)
        background.wake()
        messages.success(request, order_words(order))
        return redirect("web:residence")
    classes = list(SchoolClass.objects.filter(school=school, school_year=year))
    counts = queries.counts_of(classes)
    shown = states()
    totals = {s["key"]: sum(c[s["key"]] for c in counts.values()) for s in shown}
    pupils = sum(totals.values())
    context = {
        "school": school,
        "year": year,
        "states": shown,
        "lines": [
            {
                "school_class": c,
                "total": sum(counts[c.pk].values()),
                "counts": [(s, counts[c.pk][s["key"]]) for s in shown],
            }
            for c in classes
        ],
        "totals": totals,
        "old_units": queries.places_in_old_units(school, year).count(),
        "pupils": pupils,
        "exceptions": sum(queries.exception_counts(school, year).values()),
        "may_fetch": allowed(actor, "residence.fetch", school),
        "may_map": allowed(actor, "residence.map", school),
        **waiting_of(school),
    }
    return render(request, "web/residence/index.html", context)


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def in_class(request: HttpRequest, class_id: int) -> HttpResponse:
    """A class: every pupil's address and where it is known from."""
    actor = actor_of(request)
    school_class = class_of(request, class_id, "residence.view_class")
    if request.method == "POST":
        _act_on_class(request, school_class)
        return redirect("web:residence-class", class_id)
    rows = queries.rows_of_class(school_class)
    viewed(actor, [r.enrolment for r in rows], ViewKind.LIST, "residence", school_class=school_class)
    background.wake()
    counts = {s["key"]: sum(r.state == s["key"] for r in rows) for s in states()}
    chosen = request.GET.get("loc", "")
    chosen = chosen if chosen in counts else ""
    context = {
        "school_class": school_class,
        "rows": [r for r in rows if not chosen or r.state == chosen],
        "total": len(rows),
        "chosen": chosen,
        "filters": [(s, counts[s["key"]]) for s in states() if counts[s["key"]]],
        "kinds": KINDS,
        "waiting": sum(r.waiting for r in rows),
        "details": sum(r.state == "differs" and not r.units_differ for r in rows),
        "may_fetch": allowed(actor, "residence.fetch_class", school_class),
        "may_record": allowed(actor, "residence.record", school_class),
        "whole": allowed(actor, "residence.view_school", school_class.school),
    }
    return render(request, "web/residence/class.html", context)


def _act_on_class(request: HttpRequest, school_class: SchoolClass) -> None:
    actor = actor_of(request)
    if request.POST.get("viec", "") == "nhan":
        policy(request, "residence.record", school_class)
        rows = Told.objects.filter(
            state=ToldState.OPEN,
            units_differ=False,
            pupil__enrolments__school_class=school_class,
            pupil__enrolments__active=True,
        ).select_related("pupil")
        done = take_over_details(actor, rows)
        messages.success(request, _("Đã nhận %(n)s địa chỉ theo dữ liệu dân cư.") % {"n": done})
        return
    order = order_lookups(
        actor, school=school_class.school, year=school_class.school_year, school_class=school_class
    )
    background.wake()
    messages.success(request, order_words(order))


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def mapping(request: HttpRequest) -> HttpResponse:
    """``/truong/cu-tru/don-vi-cu/``: addresses still in former units."""
    school, actor = school_of(request), actor_of(request)
    policy(request, "residence.view_school", school)
    year = working_year(school)
    if request.method == "POST":
        done = apply_proposed(actor, school=school, year=year, keys=set(request.POST.getlist("nhom")))
        if done:
            messages.success(
                request, _("Đã chuyển địa chỉ của %(n)s học sinh sang đơn vị mới.") % {"n": done}
            )
        else:
            messages.warning(request, _("Thầy cô chọn ít nhất một địa chỉ."))
        return redirect("web:residence-mapping")
    groups = groups_of(school, year)
    asked = [g for g in groups if not g.proposed]
    context = {
        "school": school,
        "year": year,
        "proposed": [g for g in groups if g.proposed],
        "proposed_pupils": sum(len(g.pupils) for g in groups if g.proposed),
        "asked": asked,
        "asked_pupils": sum(len(g.pupils) for g in asked),
        "decisions": list(UnitDecision.objects.filter(school=school)[:10]),
        "may_map": allowed(actor, "residence.map", school),
    }
    return render(request, "web/residence/mapping.html", context)


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, key: str) -> HttpResponse:
    """One address that a person must read; several pupils at once."""
    school, actor = school_of(request), actor_of(request)
    policy(request, "residence.map", school)
    year = working_year(school)
    error = ""
    if request.method == "POST":
        try:
            done = answer_group(
                actor,
                school=school,
                year=year,
                key=key,
                commune_code=_chosen_code(request),
                pupils={
                    int(pk)
                    for pk in request.POST.getlist("em")
                    if pk.isascii() and pk.isdecimal() and len(pk) < 18
                },
            )
        except NotFound:
            messages.warning(request, _("Địa chỉ này đã được chuyển xong."))
            return redirect("web:residence-mapping")
        except DomainError as refusal:
            error = words(refusal)
        else:
            messages.success(request, _("Đã ghi đơn vị mới cho %(n)s học sinh.") % {"n": done})
            return _next_group(school, year)
    group = next(iter(groups_of(school, year, {key})), None)
    if group is None:
        messages.warning(request, _("Địa chỉ này không còn học sinh nào chờ chuyển."))
        return redirect("web:residence-mapping")
    viewed(actor, [p.pk for p in group.pupils], ViewKind.LIST, "residence")
    context = {
        "group": group,
        "choices": _choices(group),
        "near": group.mapping.near,
        "members": [(p, group.classes[p.pk]) for p in group.pupils],
        "ticked": set(request.POST.getlist("em")) if error else {str(p.pk) for p in group.pupils},
        "chosen": request.POST.get("xa-chon", "") if error else "",
        "error": error,
        **place_fields(request.POST, school),
    }
    return render(request, "web/residence/ask.html", context, status=422 if error else 200)


def _choices(group: Group) -> list[tuple[str, str, str]]:
    """(code, commune, the readings that lead to it)."""
    if group.mapping.outcome is Outcome.NONE:
        return [(c.code, c.name, "") for c in group.mapping.near]
    return [
        (
            commune.code,
            commune.name,
            "; ".join(c.text for c in group.mapping.candidates if c.commune.code == commune.code),
        )
        for commune in group.mapping.communes
    ]


def _chosen_code(request: HttpRequest) -> str:
    code = request.POST.get("xa-chon", "")
    return commune_code_of(request.POST) if code in ("", "khac") else code


def _next_group(school: Organisation, year: str) -> HttpResponse:
    """On to the next question, one by one; back to the list after the last."""
    left = next((g for g in groups_of(school, year) if not g.proposed), None)
    return redirect("web:residence-ask", left.key) if left else redirect("web:residence-mapping")


@require_actor
@require_safe
def exceptions(request: HttpRequest) -> HttpResponse:
    """``/truong/cu-tru/ngoai-le/``: papers that were looked at all the same, and why."""
    school = school_of(request)
    policy(request, "residence.view_school", school)
    year = working_year(school)
    counts = queries.exception_counts(school, year)
    context = {
        "school": school,
        "year": year,
        "rows": queries.exceptions_of(school, year),
        "reasons": [(r.label, counts[r.value]) for r in ExceptionReason if r.value in counts],
    }
    return render(request, "web/residence/exceptions.html", context)
