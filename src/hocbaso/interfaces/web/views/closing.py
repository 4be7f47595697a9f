"""Closing a class: who is ready, what is missing for whom, decisions of people, one act, its reference."""

from __future__ import annotations

import hashlib
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from hocbaso.apps.accounts.door import allowed
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.assessment.models import YearRecord
from hocbaso.apps.assessment.use_cases.decide_promotion import decide_promotion
from hocbaso.apps.assessment.use_cases.propose_title import propose_title, withdraw_title
from hocbaso.apps.assessment.year_rows import programme_of, verdict_of
from hocbaso.apps.oversight.progress import working_year
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.apps.transcripts import queries
from hocbaso.apps.transcripts.use_cases.close_class import Blocked, CloseResult, Ready, close_class, preview
from hocbaso.core.document.model import SecondaryResult
from hocbaso.core.errors import DomainError, NotAllowed, NotFound, register
from hocbaso.core.regulation.tt27 import Overall
from hocbaso.interfaces.web.errors import words
from hocbaso.interfaces.web.views import actor_of, class_of, policy, require_actor, school_of

register(
    {
        "close_list_changed": (
            "Danh sách đã thay đổi từ lúc thầy cô mở trang. Chưa chốt gì. Thầy cô xem lại rồi chốt.",
            "The list has changed since the page was opened. Nothing was closed.",
        ),
        "close_look_first": (
            "Còn chỗ chưa khớp chưa được xem. Thầy cô xem từng chỗ và đánh dấu “Tôi đã xem”.",
            "Contradictions have not been looked at.",
        ),
        "no_pupil_in_class": ("Lớp không có học sinh này.", "The class has no such pupil."),
    }
)

_INCLUDE = "ca-chua-hoan-thanh"


@require_actor
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """``/truong/tong-ket/``: the classes that the actor may close."""
    actor, school = actor_of(request), school_of(request)
    post = actor.assignment
    if actor.role == Role.HOMEROOM and post and post.school_class_id:
        return redirect("web:closing-class", post.school_class_id)
    if not allowed(actor, "transcripts.close", SchoolClass(school=school)):
        raise NotAllowed("not_allowed", what=_("chốt kết quả của lớp"))
    year = working_year(school)
    board = [row | {"closed": row["pupils"] - row["open"]} for row in queries.class_board(school, year)]
    context = {
        "board": board,
        "year": year,
        "closed": sum(row["closed"] for row in board),
        "pupils": sum(row["pupils"] for row in board),
    }
    return render(request, "web/closing/index.html", context)


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def school_class(request: HttpRequest, class_id: int) -> HttpResponse:
    """``/truong/tong-ket/<class>/``: the check page, and the one act."""
    found = class_of(request, class_id, "transcripts.close")
    include = _INCLUDE in request.GET and allowed(
        actor_of(request), "transcripts.close_incomplete", found.school
    )
    result = preview(actor_of(request), school_class=found, include_incomplete=include)
    error = ""
    if request.method == "POST":
        try:
            return _close(request, found, result, include)
        except DomainError as refusal:
            error = words(refusal)
    context = _check_page(request, found, result, include)
    return render(
        request, "web/closing/check.html", {**context, "error": error}, status=422 if error else 200
    )


def _close(request: HttpRequest, found: SchoolClass, result: CloseResult, include: bool) -> HttpResponse:
    if request.POST.get("danh-sach") != fingerprint(result):
        raise DomainError("close_list_changed")
    if len(request.POST.getlist("da-xem")) < len(_to_look_at(result)):
        raise DomainError("close_look_first")
    done_now = close_class(actor_of(request), school_class=found, include_incomplete=include)
    if not done_now.closed:
        raise DomainError("close_list_changed")
    return redirect("web:closing-done", found.pk)


def fingerprint(result: CloseResult) -> str:
    """Exactly whom the page proposed to close, with which result."""
    lines = []
    for ready in result.ready:
        lines.append(f"{ready.rows.enrolment.pk}:{sorted(ready.assessed.summary().items())}")
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _to_look_at(result: CloseResult) -> list[Blocked]:
    """Contradictions of pupils who would be closed now."""
    ready = {r.rows.enrolment.pupil.code for r in result.ready}
    return [w for w in result.warnings if w.pupil in ready]


def _check_page(
    request: HttpRequest, found: SchoolClass, result: CloseResult, include: bool
) -> dict[str, Any]:
    actor = actor_of(request)
    enrolments = {
        e.pupil.code: e
        for e in Enrolment.objects.filter(school_class=found, active=True).select_related("pupil")
    }
    decides = allowed(actor, "assessment.decide_promotion", found.school)
    proposes = allowed(actor, "assessment.enter_traits", found)
    blocked, summer = _blocked(found, result, enrolments, decides)
    returned = queries.returned_reasons(found)
    return {
        "school_class": found,
        "total": len(enrolments),
        "already": result.already,
        "ready": [_ready_line(found, r, proposes) for r in result.ready],
        "blocked": blocked,
        "summer": summer,
        "warnings": [
            {"name": w.name, "message": w.message, "id": n, "link": _pupil_link(w.pupil)}
            for n, w in enumerate(_to_look_at(result))
        ],
        "returned": [
            {"name": e.pupil.full_name, "reason": returned[e.pk]}
            for e in enrolments.values()
            if e.pk in returned
        ],
        "fingerprint": fingerprint(result),
        "include": include,
        "may_include": allowed(actor, "transcripts.close_incomplete", found.school),
        "decides": decides,
        "summer_links": any(line["link"] for line in summer),
        "proposes": proposes,
        "action": request.get_full_path(),
        "count": len(result.ready),
    }


def _pupil_link(code: str) -> str:
    return reverse("web:pupil", args=[code])


def _blocked(
    found: SchoolClass, result: CloseResult, enrolments: dict[str, Enrolment], decides: bool
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Pupils with what they lack and where it is mended; those who wait for the summer apart."""
    lines: dict[str, dict[str, Any]] = {}
    summer = []
    for item in result.blocked:
        enrolment = enrolments[item.pupil]
        if item.code == "summer_pending":
            url, text = _summer_link(found, enrolment, decides)
            summer.append(
                {
                    "name": item.name,
                    "order": enrolment.order,
                    "message": item.message,
                    "link": url,
                    "link_text": text,
                }
            )
            continue
        line = lines.setdefault(
            item.pupil, {"name": item.name, "order": enrolment.order, "reasons": [], "links": {}}
        )
        line["reasons"].append(_reason(item))
        url, text = _mend(found, item)
        line["links"][url] = text
    return sorted(lines.values(), key=lambda x: x["order"]), summer


def _summer_link(found: SchoolClass, enrolment: Enrolment, decides: bool) -> tuple[str, str]:
    """In primary the principal may decide (TT 27/2020 Điều 11); in secondary the re-test does."""
    if found.grade > 5:
        return reverse("web:gradebook-class", args=[found.pk]), _("Mở sổ điểm")
    if decides:
        return reverse("web:closing-promotion", args=[found.pk, enrolment.pk]), _("Quyết định lên lớp")
    return "", ""


#: Missing things told at once; more are folded.
_AT_ONCE = 3


def _reason(item: Blocked) -> dict[str, Any]:
    """A reason; a long list of what is missing keeps its head and folds the rest."""
    pieces = item.message.rstrip(".").split("; ")
    if item.code != "missing_results" or len(pieces) <= _AT_ONCE + 1:
        return {"head": item.message, "more": []}
    return {"head": "; ".join(pieces[:_AT_ONCE]), "more": pieces[_AT_ONCE:]}


def _mend(found: SchoolClass, item: Blocked) -> tuple[str, str]:
    """Where to mend what blocks."""
    if item.code == "missing_results":
        return reverse("web:gradebook-class", args=[found.pk]), _("Mở sổ điểm")
    if item.code in ("no_homeroom_teacher", "no_principal", "no_subject_teacher"):
        return reverse("web:staff"), _("Xem phân công")
    return _pupil_link(item.pupil), _("Mở hồ sơ học sinh")


def _ready_line(found: SchoolClass, ready: Ready, proposes: bool) -> dict[str, Any]:
    outcome = ready.assessed.result
    assert outcome is not None, "only a whole year is ready"
    enrolment = ready.rows.enrolment
    line = {
        "order": enrolment.order,
        "name": enrolment.pupil.full_name,
        "promoted": outcome.promoted,
        "completed": outcome.completed,
        "title": outcome.title.value if outcome.title else "",
        "remarks": ready.remarks,
        "title_link": "",
    }
    if isinstance(outcome, SecondaryResult):
        study, conduct = (
            outcome.study_after or outcome.study_year,
            outcome.conduct_after or outcome.conduct_year,
        )
        words = _("Học tập %(study)s · Rèn luyện %(conduct)s")
        named = {"study": study.value, "conduct": conduct.value}
        return {**line, "overall": words % named, "clause": study.clause}
    if proposes and outcome.overall.value == Overall.GOOD.value:
        line["title_link"] = reverse("web:closing-title", args=[found.pk, enrolment.pk])
    return {**line, "overall": outcome.overall.value, "clause": outcome.overall.clause}


@require_actor
@require_safe
def done(request: HttpRequest, class_id: int) -> HttpResponse:
    """The result of closing, with its reference."""
    found = class_of(request, class_id, "transcripts.close")
    reference = queries.closing_reference(found)
    if reference is None:
        return redirect("web:closing-class", found.pk)
    left = preview(actor_of(request), school_class=found)
    names = {b.pupil: b.name for b in left.blocked}
    context = {
        "school_class": found,
        "reference": reference,
        "left": len(names),
        "already": left.already,
        "may_sign": allowed(actor_of(request), "signing.homeroom", found),
        "subjects_first": queries.waits_for_subjects(found),
    }
    return render(request, "web/closing/done.html", context)


def _enrolment(found: SchoolClass, enrolment_id: int) -> Enrolment:
    row = (
        Enrolment.objects.filter(pk=enrolment_id, school_class=found, active=True)
        .select_related("pupil", "school_class__school")
        .first()
    )
    if row is None:
        raise NotFound("no_pupil_in_class")
    return row


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def promotion(request: HttpRequest, class_id: int, enrolment_id: int) -> HttpResponse:
    """The principal decides for a pupil who has not completed the grade."""
    found = class_of(request, class_id, "transcripts.close")
    policy(request, "assessment.decide_promotion", found.school)
    enrolment = _enrolment(found, enrolment_id)
    error = at = ""
    if request.method == "POST":
        decision = request.POST.get("quyet-dinh", "")
        try:
            if decision not in ("len-lop", "o-lai"):
                raise DomainError("promotion_choose")
            decide_promotion(
                actor_of(request),
                enrolment=enrolment,
                promoted=decision == "len-lop",
                reason=request.POST.get("ly-do", ""),
                reassessed="da-danh-gia" in request.POST,
            )
        except DomainError as refusal:
            error = words(refusal)
            at = {"tt27.reason_needed": "ly-do", "tt27.reassess_first": "da-danh-gia"}.get(
                refusal.code, "len-lop"
            )
        else:
            text = _("Đã ghi quyết định cho %(name)s.") % {"name": enrolment.pupil.full_name}
            messages.success(request, text)
            return redirect("web:closing-class", found.pk)
    context = {
        "school_class": found,
        "enrolment": enrolment,
        "verdict": verdict_of(enrolment),
        "record": YearRecord.objects.filter(enrolment=enrolment).first(),
        "error": error,
        "at": at,
        "posted": request.POST,
        "decision": request.POST.get("quyet-dinh", ""),
        "reason": request.POST.get("ly-do", ""),
        "last_grade": found.grade == 5,
    }
    return render(request, "web/closing/promotion.html", context, status=422 if error else 200)


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def title(request: HttpRequest, class_id: int, enrolment_id: int) -> HttpResponse:
    """The homeroom teacher proposes "Học sinh Tiêu biểu", or takes the proposal back."""
    found = class_of(request, class_id, "transcripts.close")
    policy(request, "assessment.enter_traits", found)
    enrolment = _enrolment(found, enrolment_id)
    table = programme_of(found).grade(found.grade)
    error = at = ""
    if request.method == "POST":
        codes = set(request.POST.getlist("can-cu"))
        try:
            if "rut" in request.POST:
                withdraw_title(actor_of(request), enrolment=enrolment)
                text = _("Đã rút đề nghị danh hiệu của %(name)s.")
            else:
                propose_title(
                    actor_of(request),
                    enrolment=enrolment,
                    subjects=[line.code for line in table.lines if line.code in codes],
                    traits=[trait.code for trait in table.traits if trait.code in codes],
                    reason=request.POST.get("ly-do", ""),
                    recognised_by_class="tap-the-lop" in request.POST,
                )
                text = _("Đã ghi đề nghị danh hiệu Học sinh Tiêu biểu cho %(name)s.")
        except DomainError as refusal:
            error = words(refusal)
            at = "tap-the-lop" if refusal.code == "tt27.exemplary_class" else "can-cu"
        else:
            messages.success(request, text % {"name": enrolment.pupil.full_name})
            return redirect("web:closing-class", found.pk)
    record = YearRecord.objects.filter(enrolment=enrolment).first()
    chosen = set(request.POST.getlist("can-cu")) if error else set(record.title_grounds if record else ())
    context = {
        "school_class": found,
        "enrolment": enrolment,
        "verdict": verdict_of(enrolment),
        "record": record,
        "subjects": [(line.code, line.short_name, line.code in chosen) for line in table.lines],
        "traits": [(trait.code, trait.name, trait.code in chosen) for trait in table.traits],
        "error": error,
        "at": at,
        "posted": request.POST,
        "reason": request.POST.get("ly-do", "") if error else record.title_reason if record else "",
    }
    return render(request, "web/closing/title.html", context, status=422 if error else 200)


register({"promotion_choose": ("Chọn lên lớp hoặc ở lại lớp.", "Choose whether the pupil is promoted.")})
