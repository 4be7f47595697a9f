"""The collection workbook: take it out, bring it back, look, write, send again."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hocbaso.apps.accounts.door import Actor, allowed
from hocbaso.apps.accounts.models import User
from hocbaso.apps.identity.collection.models import State, Upload
from hocbaso.apps.identity.collection.use_cases import handle_upload as uploads
from hocbaso.apps.identity.collection.use_cases.export_collection import classes_for, export_collection
from hocbaso.apps.identity.queries import states_of, states_of_staff
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.oversight.progress import working_year
from hocbaso.apps.pupils.models import IdentityState
from hocbaso.core.errors import DomainError
from hocbaso.engines.workbooks.limits import MAX_BYTES
from hocbaso.interfaces.web import import_pages as pages
from hocbaso.interfaces.web.errors import words
from hocbaso.interfaces.web.views import actor_of, policy, require_actor, school_of

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_LISTED = 20


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """``/truong/danh-tinh/thu-thap/``: both halves of the way, and the uploads so far."""
    actor, school = actor_of(request), school_of(request)
    policy(request, "collection.view", school)
    year = working_year(school)
    error = at = ""
    if request.method == "POST":
        file = request.FILES.get("tep")
        if file is None or not file.size:
            error, at = _("Thầy cô chưa chọn tệp đã điền."), "tep"
        else:
            try:
                made = uploads.upload(
                    actor,
                    school=school,
                    year=year,
                    data=file.read(MAX_BYTES + 1),
                    file_name=file.name or "",
                )
            except DomainError as refusal:
                error, at = words(refusal), "tep"
            else:
                return redirect("web:collection-upload", made.pk)
    return _start_page(request, error, at)


def _start_page(request: HttpRequest, error: str = "", at: str = "") -> HttpResponse:
    actor, school = actor_of(request), school_of(request)
    year = working_year(school)
    lines = _lines(actor, school, year)
    may_staff = allowed(actor, "collection.staff", school)
    staff = _left(states_of_staff(school)) if may_staff else 0
    context = {
        "school": school,
        "year": year,
        "lines": lines,
        "left": sum(left for _class, left in lines) + staff,
        "may_staff": may_staff,
        "staff": staff,
        "uploads": _uploads(actor, school),
        "limit": MAX_BYTES // 1_000_000,
        "error": error,
        "at": at,
    }
    return render(request, "web/collection/start.html", context, status=422 if error else 200)


def _lines(actor: Actor, school: Organisation, year: str) -> list[tuple[Any, int]]:
    """(class, pupils not verified) of those the actor may collect for. Two queries."""
    classes = classes_for(actor, school, year)
    counts = states_of(classes)
    return [(one, _left(counts[one.pk])) for one in classes]


def _left(counts: dict[str, int]) -> int:
    return sum(number for state, number in counts.items() if state != IdentityState.VERIFIED)


def _uploads(actor: Actor, school: Organisation) -> list[dict[str, Any]]:
    rows = Upload.objects.filter(school=school).defer("content", "answers").order_by("-pk")
    if not allowed(actor, "collection.staff", school):
        rows = rows.filter(by=actor.label)
    found = list(rows[:_LISTED])
    names = _names(found)
    return [
        {"upload": row, "who": names.get(row.by, row.by), "state": _STATES[State(row.state)]} for row in found
    ]


_STATES = {State.CHECKED: "warn", State.APPLIED: "ok", State.ENDED: "idle"}


def _names(rows: list[Upload]) -> dict[str, str]:
    return dict(
        User.objects.filter(username__in={row.by for row in rows}).values_list("username", "full_name")
    )


@require_actor
@require_POST
def download(request: HttpRequest) -> HttpResponse:
    """The workbook of the classes chosen; taking it out is on record."""
    actor, school = actor_of(request), school_of(request)
    policy(request, "collection.view", school)
    year = working_year(school)
    wanted = set(request.POST.getlist("lop"))
    staff = request.POST.get("can-bo") == "1"
    classes = [one for one in classes_for(actor, school, year) if str(one.pk) in wanted]
    if not classes and not staff:
        return _start_page(request, _("Thầy cô chưa chọn lớp nào để tải tệp."), "lop")
    try:
        made = export_collection(actor, school=school, year=year, classes=classes, staff=staff)
    except DomainError as refusal:
        return _start_page(request, words(refusal), "lop")
    return _workbook(made.file_name, made.content)


def _workbook(name: str, content: bytes) -> HttpResponse:
    disposition = content_disposition_header(True, name) or "attachment"
    return HttpResponse(content, content_type=_XLSX, headers={"Content-Disposition": disposition})


@require_actor
@require_safe
def result(request: HttpRequest, upload_id: int) -> HttpResponse:
    """What the check found, or what was written and what comes next."""
    return _result_page(request, uploads.find_upload(actor_of(request), upload_id))


def _result_page(request: HttpRequest, found: Upload, error: str = "") -> HttpResponse:
    report = found.report
    issues = report.get("issues", [])
    questions = [
        q for q in report.get("questions", []) if q["answer"] is None or found.state == State.CHECKED
    ]
    asked = {(q["sheet"], q["row"], q["code"]) for q in questions}
    pupils, staff = uploads.people_due(found) if found.state == State.APPLIED else ([], [])
    more = request.GET.get("xem", "")
    steps = int(more) if more.isdecimal() and len(more) < 4 else 1
    others = [i for i in issues if (i["sheet"], i["row"], i["code"]) not in asked]
    context = {
        "upload": found,
        "report": report,
        "who": _names([found]).get(found.by, found.by),
        "writes": report.get("changed", 0) + report.get("confirmed", 0),
        "left": report.get("untouched", 0) + report.get("waiting", 0),
        "questions": pages.part(questions, steps),
        "refused": pages.part([i for i in others if i["severity"] == "error"], steps),
        "notes": pages.part([i for i in others if i["severity"] == "warning"], steps),
        "changes": pages.part(report.get("changes", []), steps),
        "due": len(pupils) + len(staff),
        "kept": found.content is not None,
        "error": error,
    }
    return render(request, "web/collection/result.html", context, status=422 if error else 200)


@require_actor
@require_POST
def answers(request: HttpRequest, upload_id: int) -> HttpResponse:
    """Keep the answers to questions and check again."""
    given = {
        name.removeprefix("hoi-"): {"co": True, "khong": False}.get(str(value))
        for name, value in request.POST.items()
        if name.startswith("hoi-")
    }
    uploads.answer(actor_of(request), upload_id, given)
    return redirect("web:collection-upload", upload_id)


@require_actor
@require_POST
def confirm(request: HttpRequest, upload_id: int) -> HttpResponse:
    """Write what was checked."""
    actor = actor_of(request)
    try:
        uploads.confirm(actor, upload_id, accept_good_rows=request.POST.get("bo-lai") == "1")
    except DomainError as refusal:
        return _result_page(request, uploads.find_upload(actor, upload_id), words(refusal))
    return redirect("web:collection-upload", upload_id)


@require_actor
@require_POST
def send_again(request: HttpRequest, upload_id: int) -> HttpResponse:
    """Send whom the workbook changed; then to the page that tells how far it is."""
    actor = actor_of(request)
    try:
        sent = uploads.send_again(actor, upload_id)
    except DomainError as refusal:
        return _result_page(request, uploads.find_upload(actor, upload_id), words(refusal))
    return redirect("web:identity-sending", sent[0].pk)


@require_actor
@require_POST
def end(request: HttpRequest, upload_id: int) -> HttpResponse:
    """Give the upload up."""
    uploads.end(actor_of(request), upload_id)
    messages.success(request, _("Đã bỏ lần nộp này. Tệp đã được xóa khỏi máy chủ, hồ sơ không thay đổi."))
    return redirect("web:collection")


@require_actor
@require_safe
def annotated(request: HttpRequest, upload_id: int) -> HttpResponse:
    """The school's own workbook with a note in each cell to look at."""
    name, content = uploads.annotated(actor_of(request), upload_id)
    return _workbook(name, content)
