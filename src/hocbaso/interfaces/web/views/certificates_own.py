"""One's own certificate with the one thing to do, and endings of registrations by two persons."""

from __future__ import annotations

from datetime import date

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from hocbaso.apps.accounts.door import allowed
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation, valid_on
from hocbaso.apps.signing import endings, readiness, requests
from hocbaso.apps.signing.certificate_models import Ending, EndingState
from hocbaso.apps.signing.families import FAMILY_NAMES
from hocbaso.apps.signing.models import Certificate, Registration
from hocbaso.apps.signing.readiness import ENDING, STOPPED, Line, Ready
from hocbaso.apps.signing.request_papers import STATE_WORDS
from hocbaso.core.errors import DomainError, NotAllowed, NotFound, register
from hocbaso.interfaces.web.certificate_words import seat_words
from hocbaso.interfaces.web.errors import status_of, words
from hocbaso.interfaces.web.templatetags.hbs import date_vi
from hocbaso.interfaces.web.views import actor_of, policy, require_actor, school_of

register({"no_such_ending": ("Không có đề nghị kết thúc này.", "No such ending.")})


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def own(request: HttpRequest) -> HttpResponse:
    """``/truong/chung-thu/cua-toi/``: my certificate, what is wrong with it, what to do; loss, ending."""
    actor, school = actor_of(request), school_of(request)
    policy(request, "certificates.prove", school)
    assert actor.user is not None
    error, status = "", 200
    if request.method == "POST":
        try:
            requests.report_lost(actor, school, actor.user, request.POST.get("ly-do", ""))
            messages.success(
                request,
                _("Đã khóa chứng thư số. Nhà trường gửi đề nghị thu hồi; thầy cô xin cấp chứng thư số mới."),
            )
            return redirect("web:certificate-own")
        except NotAllowed:
            raise
        except DomainError as refusal:
            error, status = words(refusal), status_of(refusal)
    line = readiness.own_line(school, actor.user)
    rows = Registration.objects.filter(school=school, user=actor.user).select_related(
        "certificate__block", "certificate__revocation"
    )
    present = [row for row in rows if line is not None and row.certificate == line.certificate]
    certificate = line.certificate if line else None
    context = {
        "school": school,
        "line": line,
        "kind": _kind(line),
        "states": [STATE_WORDS[state] for state in line.states] if line else [],
        "advice": _advice(line),
        "certificate": certificate,
        "family": FAMILY_NAMES.get(certificate.family, "") if certificate else "",
        "held": getattr(certificate, "block", None),
        "note": getattr(certificate, "revocation", None),
        "seats": _seats([row for row in present if _stands(row)]),
        "ended": _ended([row for row in rows if not _stands(row)]),
        "stands": any(_stands(row) for row in present),
        "open_ending": Ending.objects.filter(
            school=school, holder=actor.user, state=EndingState.OPEN
        ).first(),
        "may_view": allowed(actor, "certificates.view", school),
        "error": error,
    }
    return render(request, "web/certificates/own.html", context, status=status)


def _stands(row: Registration) -> bool:
    today = clock.today()
    return row.valid_from <= today and (row.valid_to is None or today <= row.valid_to)


def _kind(line: Line | None) -> str:
    if line is None:
        return "idle"
    if line.state in STOPPED:
        return "stop"
    return {Ready.OK: "ok", Ready.UNKNOWN: "idle"}.get(line.state, "warn")


def _advice(line: Line | None) -> dict[str, str]:
    """What it means and the one thing to do: ``text``, and ``action`` with its ``url`` where there is one."""
    if line is None:
        return {}
    if line.proof is not None:
        return {"text": _("Thầy cô đã ký chuỗi thử thách. Người thứ hai xác nhận thì ký được.")}
    if line.state is Ready.OK:
        return {"text": _("Thầy cô ký được. Không phải làm gì.")}
    if line.request is not None:
        told = {"n": line.request.request.number, "s": line.request.get_state_display().lower()}
        return {
            "text": _("Nhà trường đang làm đề nghị %(n)s (%(s)s). Có chứng thư số mới thì thầy cô đăng ký.")
            % told,
            "action": _("Đăng ký chứng thư số mới"),
        }
    if line.state is Ready.UNKNOWN:
        return {
            "text": _("Nơi cấp chưa trả lời có bị thu hồi không; máy chủ tự hỏi lại. Khi ký sẽ hỏi ngay.")
        }
    if line.state in (Ready.NONE, Ready.PARTLY):
        return {
            "text": _("Đăng ký để ký được với phân công hiện nay. Cần thiết bị ký trong tay; mất vài phút."),
            "action": _("Đăng ký chứng thư số"),
        }
    ask = _("Xin chứng thư số mới: báo nhân viên dữ liệu hoặc hiệu trưởng lập đề nghị. Có rồi thì đăng ký.")
    if line.state in ENDING:
        day = date_vi(line.ends_on) if line.ends_on else ""
        ask = _("Gia hạn trước %(d)s: báo nhân viên dữ liệu lập đề nghị. Có rồi thì đăng ký.") % {"d": day}
    return {"text": ask, "action": _("Đăng ký chứng thư số mới")}


def _seats(rows: list[Registration]) -> list[str]:
    found = sorted((row.role, row.school_year, row.class_name, row.subject_code) for row in rows)
    return seat_words([(role, class_name, year, code) for role, year, class_name, code in found])


def _ended(rows: list[Registration]) -> list[tuple[str, date, date | None]]:
    """What ended: in words, from when to when; the latest first."""
    groups: dict[tuple[date, date | None], list[Registration]] = {}
    for row in sorted(rows, key=lambda one: (one.valid_to or one.valid_from, one.valid_from), reverse=True):
        groups.setdefault((row.valid_from, row.valid_to), []).append(row)
    return [(text, *days) for days, found in groups.items() for text in _seats(found)][:20]


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def end(request: HttpRequest) -> HttpResponse:
    """``/truong/chung-thu/ket-thuc/?chung-thu=``: ask that a certificate signs nothing more here."""
    actor, school = actor_of(request), school_of(request)
    digest = (request.POST or request.GET).get("chung-thu", "")
    certificate = _registered(request, school, digest)
    error, status = "", 200
    if request.method == "POST":
        try:
            case = endings.begin_ending(actor, school, certificate, request.POST.get("ly-do", ""))
            return redirect("web:certificate-ending", case.pk)
        except NotAllowed:
            raise
        except DomainError as refusal:
            error, status = words(refusal), status_of(refusal)
    rows = list(
        Registration.objects.filter(
            valid_on(clock.today()), school=school, certificate=certificate
        ).select_related("user", "school")
    )
    context = {
        "certificate": certificate,
        "family": FAMILY_NAMES.get(certificate.family, ""),
        "name": rows[0].user.full_name if rows[0].user else school.name,
        "seats": _seats(rows),
        "reason": request.POST.get("ly-do", ""),
        "may_view": allowed(actor, "certificates.view", school),
        "error": error,
    }
    return render(request, "web/certificates/end.html", context, status=status)


def _registered(request: HttpRequest, school: Organisation, digest: str) -> Certificate:
    """:raises NotFound: ``no_such_ending``: nothing stands, or nothing that the actor may end."""
    row = (
        Registration.objects.filter(valid_on(clock.today()), school=school, certificate=digest[:64])
        .exclude(valid_to=clock.today())
        .select_related("certificate", "school", "user")
        .first()
    )
    if row is None:
        raise NotFound("no_such_ending")
    policy(request, "certificates.end", row)
    return row.certificate


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def ending(request: HttpRequest, case_id: int) -> HttpResponse:
    """``/truong/chung-thu/ket-thuc/<n>/``: the second person confirms or refuses."""
    actor, school = actor_of(request), school_of(request)
    case = (
        Ending.objects.select_related("school", "certificate", "holder", "started_by", "decided_by")
        .filter(pk=case_id, school=school)
        .first()
    )
    if case is None or actor.user is None:
        raise NotFound("no_such_ending")
    mine = actor.user.pk in (case.started_by_id, case.holder_id)
    if not (mine or allowed(actor, "certificates.view", school)):
        raise NotFound("no_such_ending")
    error, status = "", 200
    if request.method == "POST":
        try:
            messages.success(request, _decided(request, case))
            return redirect("web:certificate-ending", case.pk)
        except NotAllowed:
            raise
        except DomainError as refusal:
            error, status = words(refusal), status_of(refusal)
            case.refresh_from_db()
    waiting = case.state == EndingState.OPEN
    context = {
        "case": case,
        "certificate": case.certificate,
        "name": case.holder.full_name if case.holder else school.name,
        "seats": seat_words(case.seats),
        "may_confirm": waiting and allowed(actor, "certificates.confirm", case),
        "may_take_back": waiting and case.started_by_id == actor.user.pk,
        "may_view": allowed(actor, "certificates.view", school),
        "error": error,
    }
    return render(request, "web/certificates/ending.html", context, status=status)


def _decided(request: HttpRequest, case: Ending) -> str:
    actor = actor_of(request)
    if request.POST.get("viec") == "xac-nhan":
        endings.confirm_ending(actor, case)
        return _("Đã kết thúc đăng ký từ hết ngày hôm nay. Nhật ký công khai đã ghi sự kiện này.")
    endings.refuse_ending(actor, case, request.POST.get("ly-do", ""))
    return _("Đã ghi là không kết thúc.")
