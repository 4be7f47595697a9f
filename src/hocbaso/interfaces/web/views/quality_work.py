"""Work on findings: a pupil's page, explanations and who accepts them, the class's checklist."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from hocbaso.apps.accounts.door import allowed
from hocbaso.apps.common import clock
from hocbaso.apps.oversight.progress import working_year
from hocbaso.apps.privacy.log import viewed
from hocbaso.apps.pupils.models import Enrolment
from hocbaso.apps.pupils.use_cases.edit_file import LABELS, edit_file
from hocbaso.apps.quality import queries
from hocbaso.apps.quality.models import Finding, State
from hocbaso.apps.quality.use_cases.check_papers import set_checks
from hocbaso.apps.quality.use_cases.compute import compute
from hocbaso.apps.quality.use_cases.explain import decide, explain
from hocbaso.core import codelists
from hocbaso.core.errors import DomainError, NotAllowed, NotFound
from hocbaso.core.quality import BY_ID, ITEMS
from hocbaso.interfaces.web.errors import words
from hocbaso.interfaces.web.quality_words import Shown, show
from hocbaso.interfaces.web.views import actor_of, class_of, policy, require_actor, school_of

_PLACES = ("ethnic_group", "religion")


def _enrolment(request: HttpRequest, code: str) -> Enrolment:
    """Where the pupil studies now, when the actor may see the class's quality."""
    row = (
        Enrolment.objects.filter(pupil__code=code, active=True, school_class__school=school_of(request))
        .select_related("pupil", "school_class__school")
        .order_by("-school_class__school_year", "-pk")
        .first()
    )
    if row is None or not allowed(actor_of(request), "quality.view_class", row.school_class):
        raise NotFound("no_such_pupil")
    return row


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def pupil(request: HttpRequest, code: str) -> HttpResponse:
    """One pupil: what is wrong and how it is put right; fields of the file are edited here."""
    enrolment = _enrolment(request, code)
    actor, error = actor_of(request), ""
    may_edit = allowed(actor, "pupils.edit", enrolment.school_class)
    typed = {name: request.POST.get(f"o-{name}", "") for name in LABELS} if request.method == "POST" else {}
    if request.method == "POST":
        policy(request, "pupils.edit", enrolment.school_class)
        try:
            _save(request, enrolment)
        except DomainError as refusal:
            error = words(refusal)
        else:
            messages.success(request, _("Đã lưu hồ sơ và tính lại."))
            return redirect("web:quality-pupil", code)
    viewed(actor, [enrolment.pupil], "file", "quality")
    rows = queries.findings_of(enrolment.pupil, enrolment.school_class.school_year)
    known = [row for row in rows if row.rule in BY_ID]
    for row in known:
        row.pupil, row.school_class = enrolment.pupil, enrolment.school_class
    shown = [show(row, steps=list(row.steps.all())) for row in known]
    wrong = {name for row in known if row.state == State.OPEN for name in BY_ID[row.rule].fields}
    mark = enrolment.pupil.quality_marks.filter(school_year=enrolment.school_class.school_year).first()
    context = {
        "enrolment": enrolment,
        "pupil": enrolment.pupil,
        "open": [row for row in shown if row.state == State.OPEN],
        "explained": [row for row in shown if row.state != State.OPEN],
        "may_edit": may_edit,
        "fields": _fields(enrolment, wrong, typed),
        "religions": [item.name for item in codelists.religions()],
        "ethnic_groups": [item.name for item in codelists.ethnic_groups()],
        "mark": mark,
        "line": queries.PupilLine(enrolment, mark),
        "error": error,
        "may_explain": {
            row.pk for row in known if allowed(actor, "quality.explain", _with_school(row, enrolment))
        },
    }
    return render(request, "web/quality/pupil.html", context, status=422 if error else 200)


def _with_school(row: Finding, enrolment: Enrolment) -> Finding:
    row.school = enrolment.school_class.school
    return row


def _fields(enrolment: Enrolment, wrong: set[str], typed: dict[str, str]) -> dict[str, list[dict[str, Any]]]:
    """Fields of the form: those in question first, the rest folded away."""
    rows = [
        {
            "name": name,
            "label": label,
            "value": typed.get(name, getattr(enrolment.pupil, name)),
            "list": f"ds-{name}" if name in _PLACES else "",
            "phone": name.endswith("phone"),
        }
        for name, label in LABELS.items()
    ]
    return {
        "wrong": [row for row in rows if row["name"] in wrong],
        "others": [row for row in rows if row["name"] not in wrong],
    }


def _save(request: HttpRequest, enrolment: Enrolment) -> None:
    sent = {name: request.POST[f"o-{name}"] for name in LABELS if f"o-{name}" in request.POST}
    values = {name: text for name, text in sent.items() if text != getattr(enrolment.pupil, name)}
    if not values:
        raise DomainError("pupil_field_same")
    edit_file(actor_of(request), enrolment=enrolment, values=values, door="quality")
    school_class = enrolment.school_class
    compute(school_class.school, school_class.school_year, [enrolment.pupil_id])


def _finding(request: HttpRequest, number: int) -> Finding:
    found = (
        Finding.objects.filter(pk=number, school=school_of(request))
        .select_related("school", "school_class__school", "pupil", "staff")
        .first()
    )
    actor = actor_of(request)
    if found is None or found.rule not in BY_ID:
        raise NotFound("no_such_finding")
    seen = allowed(actor, "quality.view_school", found.school) or (
        found.school_class is not None and allowed(actor, "quality.view_class", found.school_class)
    )
    if not seen:
        raise NotFound("no_such_finding")
    return found


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def finding(request: HttpRequest, number: int) -> HttpResponse:
    """One finding: what was said about it; explain it here."""
    found = _finding(request, number)
    actor, error, text = actor_of(request), "", request.POST.get("giai-trinh", "")
    if request.method == "POST":
        try:
            explain(actor, finding=found, text=text)
        except NotAllowed:
            raise
        except DomainError as refusal:
            error = words(refusal)
            found.refresh_from_db()
        else:
            messages.success(request, _("Đã gửi giải trình, chờ cấp trên duyệt."))
            return redirect("web:quality-work")
    steps = list(found.steps.all())
    context = {
        "f": show(found, steps=steps),
        "steps": steps,
        "error": error,
        "text": text,
        "may_explain": found.severity == "query"
        and found.state == State.OPEN
        and allowed(actor, "quality.explain", found),
        "to_manager": found.owner == "hieu_truong",
        "basis": BY_ID[found.rule].basis,
        "opened_on": found.opened_on,
    }
    return render(request, "web/quality/finding.html", context, status=422 if error else 200)


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def explanations(request: HttpRequest) -> HttpResponse:
    """``/truong/chat-luong/giai-trinh/``: the principal accepts or returns."""
    unit = school_of(request)
    policy(request, "quality.view_school", unit)
    year, error, wrong = working_year(unit), "", 0
    if request.method == "POST":
        number = request.POST.get("viec", "")
        if not (number.isascii() and number.isdigit() and len(number) < 12):
            raise NotFound("no_such_finding")
        found = _finding(request, int(number))
        accept = request.POST.get("quyet", "") == "chap-nhan"
        try:
            decide(actor_of(request), finding=found, accept=accept, text=request.POST.get("ly-do", ""))
        except NotAllowed:
            raise
        except DomainError as refusal:
            error, wrong = words(refusal), found.pk
        else:
            told = _("Đã chấp nhận giải trình.") if accept else _("Đã trả lại giải trình.")
            messages.success(request, told)
            return redirect("web:quality-explanations")
    rows: list[tuple[Shown, bool]] = []
    for row in queries.explanations(unit, year):
        row.school = unit
        rows.append(
            (show(row, steps=list(row.steps.all())), allowed(actor_of(request), "quality.decide", row))
        )
    context = {"rows": rows, "error": error, "wrong": wrong}
    return render(request, "web/quality/explanations.html", context, status=422 if error else 200)


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def checklist(request: HttpRequest, class_id: int) -> HttpResponse:
    """The class × papers matrix: tick, choose the source once a column, save once."""
    found = class_of(request, class_id, "quality.view_class")
    actor, error = actor_of(request), ""
    may = allowed(actor, "quality.check", found)
    sent = request.POST
    if request.method == "POST":
        whole = sent.get("ca-cot", "")
        ids = {row.pupil_id for row, _cells in queries.matrix(found)} if whole else set()
        wanted = {
            item.key: ids if item.key == whole else _numbers(sent.getlist(f"t-{item.key}")) for item in ITEMS
        }
        sources = {item.key: sent.get(f"nguon-{item.key}", "") for item in ITEMS}
        try:
            n = set_checks(
                actor,
                school_class=found,
                wanted=wanted,
                sources=sources,
                checked_on=_date(sent.get("ngay", "")),
            )
        except NotAllowed:
            raise
        except DomainError as refusal:
            error = words(refusal)
        else:
            messages.success(request, _("Đã ghi %(n)s ô đối chiếu.") % {"n": n})
            return redirect("web:quality-checklist", class_id)
    rows = queries.matrix(found)
    viewed(actor, [row for row, _cells in rows], "list", "quality", school_class=found)
    context = {
        "school_class": found,
        "rows": rows,
        "items": [
            {"item": item, "done": done, "source": sent.get(f"nguon-{item.key}", item.sources[0])}
            for item, done in zip(ITEMS, queries.checks_done(rows).values(), strict=True)
        ],
        "may": may,
        "today": clock.today(),
        "error": error,
        "tab": "doi-chieu",
    }
    return render(request, "web/quality/checklist.html", context, status=422 if error else 200)


def _numbers(texts: list[str]) -> set[int]:
    return {int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 12}


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
