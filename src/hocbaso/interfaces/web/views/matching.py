"""Files that may be one person: the list, two files side by side, the merge case."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from hocbaso.apps.accounts.door import Actor, allowed
from hocbaso.apps.matching import lists
from hocbaso.apps.matching.compare import compared
from hocbaso.apps.matching.homes import homes, may_view_any, schools_of_pair
from hocbaso.apps.matching.models import (
    CaseState,
    MergeCase,
    Pair,
    PairKind,
    PairState,
    Scan,
    UndoAgreement,
    UndoRequest,
    UndoState,
)
from hocbaso.apps.matching.use_cases.cases import decide, propose, schools_of_case, withdraw
from hocbaso.apps.matching.use_cases.judge import judge_different
from hocbaso.apps.matching.use_cases.preview import FIELDS, Choices, Preview, preview, suggested
from hocbaso.apps.matching.use_cases.scan import scan
from hocbaso.apps.matching.use_cases.undo_cases import (
    decide_undo,
    may_propose_undo,
    propose_undo,
    withdraw_undo,
)
from hocbaso.apps.oversight.schools import schools_under
from hocbaso.apps.pupils.models import Enrolment
from hocbaso.core.errors import DomainError, NotFound, register
from hocbaso.interfaces.web.errors import status_of, words
from hocbaso.interfaces.web.nav import MANAGING_ROLES
from hocbaso.interfaces.web.views import actor_of, policy, require_actor, school_of

register(
    {
        "no_such_pair": ("Không có cặp hồ sơ này.", "There is no such pair."),
        "no_such_merge": ("Không có đề nghị gộp này.", "There is no such merge case."),
    }
)


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def duplicates(request: HttpRequest, area: str) -> HttpResponse:
    """``/truong/trung-ho-so/``, ``/quan-ly/trung-ho-so/``: pairs to look at, and the button that looks."""
    actor, unit = actor_of(request), school_of(request)
    policy(request, "matching.watch" if area == "managing" else "matching.view", unit)
    if request.method == "POST":
        made = scan(actor, unit)
        told = _("Đã so %(files)s hồ sơ: %(opened)s cặp mới cần xem.")
        messages.success(request, told % {"files": made.files, "opened": made.opened})
        return redirect(request.path)
    chosen = request.GET.get("loc", "")
    rows = lists.lines_of(actor, lists.pairs_of(unit, chosen)[: lists.MOST])
    schools = set(schools_under(unit).values_list("pk", flat=True))
    context = {
        "area": area,
        "unit": unit,
        "rows": lists.visible(rows, schools),
        "chosen": chosen,
        "states": [(s.value, s.label) for s in (PairState.MERGED, PairState.DIFFERENT, PairState.LAPSED)],
        "last": Scan.objects.filter(unit=unit).first(),
        "may_scan": allowed(actor, "matching.scan", unit),
        "may_codes": area == "school" and allowed(actor, "matching.temporary", unit),
    }
    return render(request, "web/matching/duplicates.html", context)


def _pair(request: HttpRequest, pair_id: int) -> Pair:
    """The pair, when the actor may know of it.

    :raises NotFound: ``no_such_pair``.
    """
    found = Pair.objects.filter(pk=pair_id).select_related("first", "second").first()
    if found is None or not may_view_any(actor_of(request), schools_of_pair(found)):
        raise NotFound("no_such_pair")
    return found


def _elsewhere(actor: Actor, area: str) -> bool:
    return (area == "managing") != (actor.role in MANAGING_ROLES)


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def duplicate(request: HttpRequest, pair_id: int, area: str) -> HttpResponse:
    """Two files side by side: what agrees, what differs, and what may be done."""
    found, actor = _pair(request, pair_id), actor_of(request)
    if _elsewhere(actor, area):
        return redirect("web:duplicate" if area == "managing" else "web:duplicate-watch", pair_id)
    error, status = "", 200
    if request.method == "POST":
        try:
            judge_different(actor, found, request.POST.get("can-cu", ""))
        except DomainError as refusal:
            error, status = words(refusal), status_of(refusal)
        else:
            messages.success(request, _("Đã ghi kết luận của thầy cô."))
            return redirect(request.path)
    schools = schools_of_pair(found)
    line = lists.lines_of(actor, [found])[0]
    is_open = found.state == PairState.OPEN
    context = {
        "area": area,
        "line": line,
        "pair": found,
        "parts": compared(found.first, found.second).explanation,
        "same_number": found.kind == PairKind.NUMBER,
        "waits_for": _not_said(found, schools),
        "may_judge": is_open and any(allowed(actor, "matching.judge", s) for s in schools),
        "may_propose": is_open and any(allowed(actor, "matching.propose", s) for s in schools),
        "error": error,
        "reason": request.POST.get("can-cu", ""),
    }
    return render(request, "web/matching/duplicate.html", context, status=status)


def _not_said(pair: Pair, schools: list[Any]) -> list[str]:
    """Schools that have not said yet that these are two persons, once one of them has."""
    if pair.state != PairState.OPEN or not pair.said_different:
        return []
    said = {entry["school"] for entry in pair.said_different}
    return [school.name for school in schools if school.code not in said]


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def propose_merge(request: HttpRequest, pair_id: int) -> HttpResponse:
    """``…/gop?giu=1``: what would hang where, the choices, the evidence; then the case."""
    found, actor = _pair(request, pair_id), actor_of(request)
    schools = schools_of_pair(found)
    if not any(allowed(actor, "matching.propose", school) for school in schools):
        policy(request, "matching.propose", schools[0] if schools else None)
    if found.state != PairState.OPEN:
        return redirect("web:duplicate", pair_id)
    sent = request.POST if request.method == "POST" else request.GET
    files = (found.first, found.second) if sent.get("giu") != "2" else (found.second, found.first)
    choices = _choices(sent)
    plan = preview(*files, choices)
    error, status = "", 200
    if request.method == "POST" and sent.get("viec") == "gui":
        try:
            made = propose(actor, found, survivor=files[0], choices=choices, evidence=sent.get("can-cu", ""))
        except DomainError as refusal:
            error, status = words(refusal), status_of(refusal)
        else:
            messages.success(request, _("Đã gửi đề nghị gộp %(n)s.") % {"n": made.number})
            return redirect("web:merge-case", made.number)
    context = {
        "pair": found,
        "kept": "2" if files[0] == found.second else "1",
        "evidence": sent.get("can-cu", ""),
        "error": error,
        **_plan(actor, plan),
    }
    return render(request, "web/matching/merge.html", context, status=status)


def _choices(sent: Any) -> Choices:
    years = {
        name.removeprefix("nam-"): int(value)
        for name, value in sent.items()
        if name.startswith("nam-") and value.isascii() and value.isdigit() and len(value) < 12
    }
    fields = {
        name.removeprefix("muc-"): value
        for name, value in sent.items()
        if name.startswith("muc-") and value in ("survivor", "merged")
    }
    return Choices("merged" if sent.get("ma") == "merged" else "survivor", fields, years)


def _plan(actor: Actor, plan: Preview) -> dict[str, Any]:
    """The preview as the actor may see it."""
    where = homes([plan.survivor.pk, plan.merged.pk])
    kept = lists.side_of(actor, plan.survivor, where.get(plan.survivor.pk))
    gone = lists.side_of(actor, plan.merged, where.get(plan.merged.pk))
    return {
        "plan": plan,
        "kept_side": kept,
        "gone_side": gone,
        "whole": kept.pupil is not None and gone.pupil is not None,
        "suggested": {c.year: suggested(c) for c in plan.conflicts},
    }


def _case(request: HttpRequest, number: str) -> MergeCase:
    found = (
        MergeCase.objects.filter(number=number)
        .select_related("pair__first", "pair__second", "survivor", "merged", "proposed_by")
        .first()
    )
    if found is None or not may_view_any(actor_of(request), schools_of_case(found)):
        raise NotFound("no_such_merge")
    return found


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def case(request: HttpRequest, number: str, area: str) -> HttpResponse:
    """One case: what would happen (or happened), who has agreed, what the reader may do."""
    found, actor = _case(request, number), actor_of(request)
    if _elsewhere(actor, area):
        return redirect("web:merge-case" if area == "managing" else "web:merge-watch", number)
    error, status = "", 200
    if request.method == "POST":
        try:
            _act(request, found)
        except DomainError as refusal:
            error, status = words(refusal), status_of(refusal)
            found = _case(request, number)
        else:
            return redirect(request.path)
    schools = schools_of_case(found)
    waits = found.state == CaseState.PROPOSED
    approves = allowed(actor, "matching.approve", schools)
    own = actor.user is not None and found.proposed_by_id == actor.user.pk
    context = {
        "area": area,
        "case": found,
        "schools": schools,
        "agreements": list(found.agreements.select_related("user", "unit")),
        "may_decide": waits and approves and not own,
        "own": waits and approves and own,
        "may_withdraw": waits and any(allowed(actor, "matching.propose", s) for s in schools),
        **_undoing(actor, found, approves=approves),
        "error": error,
        **(_plan(actor, preview(found.survivor, found.merged, Choices.of(found.choices))) if waits else {}),
        **_sides(actor, found),
        "done": [] if waits else _done(found),
    }
    return render(request, "web/matching/case.html", context, status=status)


def _open_undo(found: MergeCase) -> UndoRequest | None:
    rows = found.undo_requests.filter(state=UndoState.PROPOSED).select_related("proposed_by", "unit", "case")
    return rows.first()


def _undoing(actor: Actor, found: MergeCase, *, approves: bool) -> dict[str, Any]:
    """The request to take the merge apart, and what the reader may do about it."""
    merged = found.state == CaseState.MERGED
    waits = _open_undo(found) if merged else None
    own = waits is not None and actor.user is not None and waits.proposed_by_id == actor.user.pk
    may_ask = merged and may_propose_undo(actor, found)
    return {
        "undo": waits,
        "undo_agreements": list(waits.agreements.select_related("user", "unit")) if waits else [],
        "undo_own": own and approves,
        "may_decide_undo": waits is not None and approves and not own,
        "may_withdraw_undo": waits is not None and may_ask,
        "may_ask_undo": waits is None and may_ask,
        "undo_past": _refused_undos(found) if merged and not waits else [],
    }


def _refused_undos(found: MergeCase) -> list[UndoAgreement]:
    """Who said no to the latest requests, and why. One query."""
    said = UndoAgreement.objects.filter(request__case=found, request__state=UndoState.REFUSED, agrees=False)
    return list(said.order_by("-pk")[:3])


def _sides(actor: Actor, found: MergeCase) -> dict[str, Any]:
    where = homes([found.survivor_id, found.merged_id])
    return {
        "kept_side": lists.side_of(actor, found.survivor, where.get(found.survivor_id)),
        "gone_side": lists.side_of(actor, found.merged, where.get(found.merged_id)),
    }


def _done(found: MergeCase) -> list[str]:
    """What the merge did, in words; values are not shown. Two queries."""
    changes = list(found.changes.all())
    ids = [c.object_id for c in changes if c.model == Enrolment._meta.label]
    classes = {
        row.pk: row.school_class
        for row in Enrolment.objects.filter(pk__in=ids).select_related("school_class")
    }
    told = []
    for change in changes:
        if change.model == Enrolment._meta.label:
            place = classes[change.object_id]
            names = {"class": place.name, "year": place.school_year}
            if "pupil_id" in change.after:
                told.append(_("Lớp %(class)s năm học %(year)s chuyển sang hồ sơ được giữ.") % names)
            if "active" in change.after:
                told.append(_("Lớp %(class)s năm học %(year)s không còn tính là lớp em học.") % names)
        elif change.object_id == found.survivor_id:
            told += _taken_over(change.after)
    return told


def _taken_over(after: dict[str, Any]) -> list[str]:
    labels = [label for label, columns in FIELDS.values() if any(column in after for column in columns)]
    told = [_("Lấy từ hồ sơ kia: %(what)s.") % {"what": ", ".join(labels).lower()}] if labels else []
    if "code" in after:
        told.append(_("Hồ sơ được giữ mang mã %(code)s.") % {"code": after["code"]})
    return told


def _act_on_undo(actor: Actor, found: MergeCase, act: str, note: str) -> str:
    waits = _open_undo(found)
    if waits is None:
        raise DomainError("undo_not_waiting", number=found.number)
    if act == "tach-rut":
        withdraw_undo(actor, waits)
        return _("Đã rút đề nghị tách lại.")
    done = decide_undo(actor, waits, agree=act == "tach-dong-y", note=note)
    return {
        UndoState.DONE: _("Đã tách lại hai hồ sơ như trước khi gộp."),
        UndoState.REFUSED: _("Đã ghi: không duyệt tách lại."),
    }.get(UndoState(done.state), _("Đã ghi đồng ý. Còn chờ trường kia hoặc cấp quản lý."))


def _act(request: HttpRequest, found: MergeCase) -> None:
    actor, note = actor_of(request), request.POST.get("ghi-chu", "")
    act = request.POST.get("viec", "")
    if act in ("dong-y", "khong-dong-y"):
        done = decide(actor, found, agree=act == "dong-y", note=note)
        told = {
            CaseState.MERGED: _("Đã gộp hai hồ sơ."),
            CaseState.REFUSED: _("Đã ghi: không duyệt."),
        }.get(CaseState(done.state), _("Đã ghi đồng ý. Còn chờ trường kia hoặc cấp quản lý."))
    elif act == "rut":
        withdraw(actor, found, note)
        told = _("Đã rút đề nghị.")
    elif act == "tach":
        propose_undo(actor, found, note)
        told = _("Đã gửi đề nghị tách lại hai hồ sơ. Một người khác sẽ duyệt.")
    elif act in ("tach-dong-y", "tach-khong", "tach-rut"):
        told = _act_on_undo(actor, found, act, note)
    else:
        raise NotFound("no_such_merge")
    messages.success(request, told)
