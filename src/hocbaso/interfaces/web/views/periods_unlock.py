"""Unlock cases: the list, the request, the case with decisions and minutes; and the same seen from above."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from hocbaso.apps.accounts.door import Actor, allowed
from hocbaso.apps.assessment.models import ResultChange
from hocbaso.apps.assessment.policies import ClassSubject
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Kind
from hocbaso.apps.oversight.schools import schools_under
from hocbaso.apps.periods.calendar import cases_of
from hocbaso.apps.periods.minutes import minutes_pdf
from hocbaso.apps.periods.models import CaseState, UnlockCase
from hocbaso.apps.periods.parts import MOMENT_NAMES, parts_of
from hocbaso.apps.periods.scope import columns_of, moments_of_grade
from hocbaso.apps.periods.use_cases.attach_minutes import attach_minutes
from hocbaso.apps.periods.use_cases.decide_unlock_case import (
    agree_unlock_case,
    decide_unlock_case,
    relock,
    withdraw_unlock_case,
)
from hocbaso.apps.periods.use_cases.open_unlock_case import open_unlock_case
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.core.errors import DomainError, NotAllowed, NotFound, register
from hocbaso.interfaces.web import period_forms as forms
from hocbaso.interfaces.web.errors import words
from hocbaso.interfaces.web.nav import MANAGING_ROLES
from hocbaso.interfaces.web.views import actor_of, require_actor, school_of

register(
    {
        "no_such_case": ("Không có yêu cầu mở khóa này.", "There is no such unlock case."),
        "unlock_choose": (
            "Chọn lớp và phần của sổ điểm cần mở khóa.",
            "Choose a class and a part.",
        ),
    }
)

_AT = {"unlock_why": "ly-do", "unlock_minutes_text": "bien-ban", "unlock_until": "den", "form_time": "den"}
MAX_ROWS = 300


@require_actor
@require_safe
def cases(request: HttpRequest) -> HttpResponse:
    """``/truong/mo-khoa/``: every case for those who see the list, the own ones for everybody else."""
    school, actor = school_of(request), actor_of(request)
    if school.kind != Kind.SCHOOL or actor.role in MANAGING_ROLES:
        raise NotAllowed("not_allowed", what=_("xem các yêu cầu mở khóa"))
    chosen = request.GET.get("loc", "")
    rows = cases_of([school], state=chosen if chosen in ("open", *CaseState.values) else "")
    seen = [case for case in rows if allowed(actor, "periods.view_case", case)]
    context = {
        "school": school,
        "rows": _aged(seen[:MAX_ROWS], actor),
        "total": len(seen),
        "chosen": chosen,
        "states": CaseState.choices,
        "may_ask": bool(_classes(actor)),
    }
    return render(request, "web/periods/cases.html", context)


def _aged(rows: list[UnlockCase], actor: Actor) -> list[dict[str, Any]]:
    now = clock.now()
    return [
        {
            "case": case,
            "days": ((case.ended_at or case.decided_at or now) - case.requested_at).days
            if case.state not in (CaseState.REQUESTED, CaseState.GRANTED, CaseState.IN_FORCE)
            else (now - case.requested_at).days,
            "to_do": _to_do(case, actor),
        }
        for case in rows
    ]


def _to_do(case: UnlockCase, actor: Actor) -> str:
    """What the reader could do about it now."""
    if case.state == CaseState.REQUESTED and allowed(actor, "periods.decide_unlock", case):
        return _("Chờ thầy cô quyết định")
    waits = case.state == CaseState.GRANTED and case.needs_manager and case.agreed_by_id is None
    if waits and allowed(actor, "periods.agree_unlock", case):
        return _("Chờ thầy cô đồng ý")
    return ""


def _classes(actor: Actor) -> list[SchoolClass]:
    """Classes that the actor may ask something for."""
    post = actor.assignment
    assert post is not None
    if post.school_class is not None:
        return [post.school_class]
    newest = SchoolClass.objects.filter(school=post.organisation).order_by("-school_year").first()
    if newest is None or not allowed(actor, "periods.request_unlock", ClassSubject(newest, "")):
        return []
    return list(
        SchoolClass.objects.filter(school=post.organisation, school_year=newest.school_year).select_related(
            "school"
        )
    )


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Ask; the gradebook leads here with class, part, moment, columns and pupils filled in."""
    actor = actor_of(request)
    classes = _classes(actor)
    if not classes:
        raise NotAllowed("not_allowed", what=_("yêu cầu mở khóa"))
    sent = request.POST if request.method == "POST" else request.GET
    school_class = next((c for c in classes if str(c.pk) == sent.get("lop", "")), None)
    if school_class is None and len(classes) == 1 and not sent.get("lop"):
        school_class = classes[0]
    error = at = ""
    if request.method == "POST":
        try:
            case = _ask(request, school_class)
        except DomainError as refusal:
            error, at = words(refusal), _AT.get(refusal.code, "phan")
        else:
            messages.success(request, _("Đã gửi yêu cầu %(number)s.") % {"number": case.number})
            return redirect("web:unlock-case", case.number)
    context = {**_form(actor, classes, school_class, sent), "error": error, "at": at}
    return render(request, "web/periods/ask.html", context, status=422 if error else 200)


def _form(
    actor: Actor, classes: list[SchoolClass], school_class: SchoolClass | None, sent: Any
) -> dict[str, Any]:
    part = sent.get("phan", "")
    found: dict[str, Any] = {
        "classes": classes,
        "school_class": school_class,
        "part": part,
        "moment": sent.get("thoi-diem", ""),
        "chosen": set(_listed(sent, "cot")),
        "chosen_pupils": set(_listed(sent, "hs")),
        "until": sent.get("den") or forms.in_days(1),
        "why": sent.get("ly-do", ""),
        "minutes": sent.get("noi-dung", ""),
    }
    if school_class is not None:
        found["parts"] = [
            (code, name)
            for code, name in parts_of(school_class)
            if allowed(actor, "periods.request_unlock", ClassSubject(school_class, code))
        ]
        found["moments"] = [(key, MOMENT_NAMES[key]) for key in moments_of_grade(school_class.grade)]
        found["columns"] = forms.columns(columns_of(part, school_class.grade)) if part else []
        found["pupils"] = list(school_class.enrolments.filter(active=True).select_related("pupil"))
    return found


def _listed(sent: Any, name: str) -> list[str]:
    """Values of a name that may come repeated (form) or joined by commas (link)."""
    return [value for joined in sent.getlist(name) for value in joined.split(",") if value]


def _ask(request: HttpRequest, school_class: SchoolClass | None) -> UnlockCase:
    sent = request.POST
    if school_class is None or not sent.get("phan"):
        raise DomainError("unlock_choose")
    wanted = {int(pk) for pk in _listed(sent, "hs") if pk.isascii() and pk.isdigit() and len(pk) < 10}
    own = set(columns_of(sent["phan"], school_class.grade))
    return open_unlock_case(
        actor_of(request),
        school_class=school_class,
        part=sent["phan"][:40],
        moment=sent.get("thoi-diem", "")[:4],
        columns=[column for column in _listed(sent, "cot") if column in own],
        enrolments=list(Enrolment.objects.filter(pk__in=wanted, school_class=school_class)),
        why=sent.get("ly-do", ""),
        minutes=sent.get("noi-dung", ""),
        until=forms.read_time(sent.get("den", "")),
    )


def _case(request: HttpRequest, number: str) -> UnlockCase:
    """The case, when the actor may know of it.

    :raises NotFound: ``no_such_case``.
    """
    found = (
        UnlockCase.objects.filter(number=number)
        .select_related("school", "school_class__school", "requested_by", "decided_by", "agreed_by")
        .first()
    )
    if found is None or not allowed(actor_of(request), "periods.view_case", found):
        raise NotFound("no_such_case")
    return found


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def case(request: HttpRequest, number: str, area: str) -> HttpResponse:
    """One case with everything that happened to it and what the actor can do."""
    found, actor = _case(request, number), actor_of(request)
    if (area == "managing") != (actor.role in MANAGING_ROLES):
        return redirect("web:unlock-case" if area == "managing" else "web:unlock-watch-case", number)
    error = at = ""
    if request.method == "POST":
        try:
            _act(request, found)
        except DomainError as refusal:
            error, at = words(refusal), request.POST.get("viec", "")
            found = _case(request, number)
        else:
            return redirect(request.path)
    now = clock.now()
    waits = found.state == CaseState.GRANTED and found.needs_manager and found.agreed_by_id is None
    open_still = found.state in (CaseState.REQUESTED, CaseState.GRANTED)
    context = {
        "area": area,
        "case": found,
        "now": now,
        "overdue": found.until <= now
        and found.state in (CaseState.REQUESTED, CaseState.GRANTED, CaseState.IN_FORCE),
        "pupils": list(Enrolment.objects.filter(unlock_cells__case=found).distinct().select_related("pupil")),
        "files": list(found.signed_minutes.defer("file__content").select_related("file")),
        "until": forms.as_input(found.until),
        "may_decide": found.state == CaseState.REQUESTED and allowed(actor, "periods.decide_unlock", found),
        "may_agree": waits and allowed(actor, "periods.agree_unlock", found),
        "may_attach": found.state in (CaseState.GRANTED, CaseState.IN_FORCE, CaseState.CLOSED)
        and allowed(actor, "periods.attach_minutes", found),
        "may_withdraw": open_still and allowed(actor, "periods.withdraw_unlock", found),
        "may_relock": found.state == CaseState.IN_FORCE and allowed(actor, "periods.relock", found),
        "changes": _changes(found),
        "error": error,
        "at": at,
    }
    return render(request, "web/periods/case.html", context, status=422 if error else 200)


def _changes(found: UnlockCase) -> list[dict[str, Any]]:
    """What was changed under the case, cell by cell. One query."""
    rows = (
        ResultChange.objects.filter(case_number=found.number)
        .select_related("enrolment__pupil")
        .order_by("id")
    )
    return [{"name": r.enrolment.pupil.full_name, "change": r} for r in rows]


def _act(request: HttpRequest, found: UnlockCase) -> None:
    actor, sent = actor_of(request), request.POST
    note = sent.get("ghi-chu", "")
    act = sent.get("viec", "")
    if act in ("cho-phep", "khong-cho-phep"):
        grant = act == "cho-phep"
        until = forms.read_time(sent["den"]) if grant and sent.get("den") else None
        if until is not None and forms.as_input(found.until) == sent.get("den"):
            until = None  # left as it was asked for, seconds and all
        decide_unlock_case(actor, case=found, grant=grant, note=note, until=until)
    elif act in ("dong-y", "khong-dong-y"):
        agree_unlock_case(actor, case=found, agree=act == "dong-y", note=note)
    elif act == "rut":
        withdraw_unlock_case(actor, case=found, note=note)
    elif act == "khoa-lai":
        relock(actor, case=found, note=note)
    elif act == "bien-ban":
        upload = request.FILES.get("tep")
        content = upload.read() if upload is not None else b""
        attach_minutes(actor, case=found, name=(upload.name or "") if upload else "", content=content)
    else:
        raise NotFound("no_such_case")
    messages.success(request, _("Đã ghi."))


@require_actor
@require_safe
def minutes(request: HttpRequest, number: str) -> HttpResponse:
    """The minutes to be signed, as PDF."""
    found = _case(request, number)
    answer = HttpResponse(minutes_pdf(actor_of(request), found), content_type="application/pdf")
    answer["Content-Disposition"] = content_disposition_header(False, f"bien-ban-{found.number}.pdf") or ""
    return answer


@require_actor
@require_safe
def signed(request: HttpRequest, number: str, file_id: int) -> HttpResponse:
    """Signed minutes as they were handed in: always to be saved, never shown by the browser as a page."""
    found = _case(request, number)
    row = found.signed_minutes.filter(pk=file_id).select_related("file").first()
    if row is None:
        raise NotFound("no_such_case")
    kind = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg"}[row.file.media_type]
    answer = HttpResponse(bytes(row.file.content), content_type=row.file.media_type)
    answer["Content-Disposition"] = (
        content_disposition_header(True, f"bien-ban-da-ky-{found.number}.{kind}") or "attachment"
    )
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


@require_actor
@require_safe
def watch(request: HttpRequest) -> HttpResponse:
    """``/quan-ly/mo-khoa/``: the cases of every school below, for the managing level and inspectors."""
    actor, unit = actor_of(request), school_of(request)
    if not allowed(actor, "periods.view_cases", unit) or actor.role not in MANAGING_ROLES:
        raise NotAllowed("not_allowed", what=_("xem các yêu cầu mở khóa"))
    chosen = request.GET.get("loc", "")
    search = " ".join(request.GET.get("tim", "").split())[:60]
    rows = cases_of(
        schools_under(unit), state=chosen if chosen in ("open", *CaseState.values) else "", search=search
    )
    context = {
        "unit": unit,
        "rows": _aged(rows[:MAX_ROWS], actor),
        "total": len(rows),
        "chosen": chosen,
        "search": search,
        "states": CaseState.choices,
    }
    return render(request, "web/periods/watch.html", context)
