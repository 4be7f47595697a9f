"""Certificates: the readiness board, registration by proof of possession, the register as of a date."""

from __future__ import annotations

from datetime import date
from typing import Any

from cryptography import x509
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hocbaso.apps.accounts.door import Actor, allowed
from hocbaso.apps.accounts.models import SIGNING_ROLES, Role, User
from hocbaso.apps.common import clock
from hocbaso.apps.signing import authority, possession, readiness
from hocbaso.apps.signing.certificate_models import Ending, EndingState, Possession, ProofState
from hocbaso.apps.signing.elsewhere.places import has_places
from hocbaso.apps.signing.families import FAMILY_NAMES, ROLE_NAMES
from hocbaso.apps.signing.ports import key_provider
from hocbaso.apps.signing.readiness import ENDING, STOPPED, Line, Ready
from hocbaso.apps.signing.request_papers import STATE_WORDS, Paper, board_workbook
from hocbaso.apps.signing.requests import posts_of
from hocbaso.apps.signing.seats import must_sign
from hocbaso.core.errors import DomainError, NotAllowed, NotFound, Unreadable, register
from hocbaso.core.vietnamese.letters import fold
from hocbaso.engines.trust.authority import holder_of
from hocbaso.engines.trust.possession import MAX_BYTES, decode_answer, read_certificate
from hocbaso.interfaces.web.certificate_words import seat_words, subject_word
from hocbaso.interfaces.web.desk_key import masked_middle
from hocbaso.interfaces.web.errors import status_of, words
from hocbaso.interfaces.web.views import actor_of, policy, require_actor, school_of

register(
    {
        "no_such_proof": ("Không có hồ sơ đăng ký này.", "No such proof."),
        "certificate_file_missing": (
            "Chọn tệp chứng thư số (.cer, .crt, .pem hoặc .p7b).",
            "The certificate's file is missing.",
        ),
        "answer_missing": (
            "Dán chữ ký của chuỗi thử thách, hoặc chọn tệp chữ ký (.p7s).",
            "The signature is missing.",
        ),
    }
)

#: Shape and colour of each state; words stand beside.
_KINDS = {Ready.OK: "ok", Ready.UNKNOWN: "idle"}
_FILTERS = {
    "chua-ky-duoc": STOPPED,
    "sap-het-han": ENDING,
    "san-sang": frozenset({Ready.OK}),
}


def hand_out(paper: Paper) -> HttpResponse:
    """The file, never shown inside the page."""
    response = HttpResponse(paper.content, content_type=paper.media_type)
    response["Content-Disposition"] = content_disposition_header(True, paper.name) or "attachment"
    return response


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def board(request: HttpRequest) -> HttpResponse:
    """``/truong/chung-thu/``: who can sign, who cannot and what to do; POST asks about revocation anew."""
    actor, school = actor_of(request), school_of(request)
    if not allowed(actor, "certificates.view", school):
        policy(request, "certificates.prove", school)
        return redirect("web:certificate-register")
    if request.method == "POST":
        asked = authority.refresh(actor, school)
        messages.success(request, _("Đã hỏi tình trạng thu hồi của %(n)s chứng thư số.") % {"n": asked})
        return redirect("web:certificates")
    found = readiness.board(actor, school)
    chosen = request.GET.get("loc", "")
    shown = [one for one in found.lines if chosen not in _FILTERS or one.state in _FILTERS[chosen]]
    context = {
        "school": school,
        "board": found,
        "rows": [_row(one) for one in shown],
        "total": len(found.lines),
        "required": len(found.required),
        "stopped": len(found.required) - found.able,
        "ending": found.count(Ready.DAYS_7, Ready.DAYS_30),
        "chosen": chosen if chosen in _FILTERS else "",
        "filters": (
            ("chua-ky-duoc", _("Chưa ký được")),
            ("sap-het-han", _("Sắp hết hạn")),
            ("san-sang", _("Sẵn sàng")),
        ),
        "waiting": [one for one in found.lines if one.proof is not None],
        "endings": Ending.objects.filter(school=school, state=EndingState.OPEN).select_related("holder"),
        "may_request": allowed(actor, "certificates.request", school),
        "may_prove": allowed(actor, "certificates.prove", school),
    }
    return render(request, "web/certificates/board.html", context)


def _row(line: Line) -> dict[str, Any]:
    certificate = line.certificate
    return {
        "line": line,
        "posts": posts_of(line.who),
        "kind": _kind(line),
        "words": STATE_WORDS[line.state],
        "more": [STATE_WORDS[state] for state in line.states[1:]],
        "family": FAMILY_NAMES.get(certificate.family, "") if certificate else "",
        "next": _next(line),
        "standing": line.stands,
        "holder": line.who.user.pk if line.who.user else "con-dau",
    }


def _kind(line: Line) -> str:
    """Red is kept for whoever must sign: nobody waits for one who signs only when it is given to him."""
    if line.optional and line.state is Ready.NONE:
        return "idle"
    return "stop" if line.state in STOPPED else _KINDS.get(line.state, "warn")


def _next(line: Line) -> tuple[str, str]:
    """The one thing to do: which, and the words on its link."""
    if line.proof is not None:
        return "proof", _("Xác nhận đăng ký")
    if line.request is not None:
        return "request", _("Theo dõi đề nghị")
    if line.state is Ready.UNKNOWN:
        return "ask", _("Hỏi tình trạng thu hồi")
    if line.state in (Ready.NONE, Ready.PARTLY, Ready.WRONG_HOLDER, Ready.OTHER_FAMILY):
        return "register", _("Đăng ký chứng thư số")
    if line.state in (Ready.REVOKED, Ready.BLOCKED):
        return "new", _("Đề nghị cấp mới")
    if line.state in ENDING or line.state is Ready.EXPIRED:
        return "renew", _("Đề nghị gia hạn")
    return "", ""


@require_actor
@require_POST
def export(request: HttpRequest) -> HttpResponse:
    """The board as a workbook, marked and on record."""
    return hand_out(board_workbook(actor_of(request), school_of(request)))


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """``/truong/chung-thu/dang-ky/``: bring a certificate; what comes back is a challenge."""
    actor, school = actor_of(request), school_of(request)
    policy(request, "certificates.prove", school)
    people = _bringable(request)
    wanted = (request.POST or request.GET).get("nguoi", "")
    error, status = "", 200
    if request.method == "POST":
        try:
            return redirect("web:certificate-proof", _begun(request, people, wanted).pk)
        except NotAllowed:
            raise
        except DomainError as refusal:
            error, status = words(refusal), status_of(refusal)
    context = {
        "school": school,
        "people": people,
        "wanted": wanted,
        "here": possession.keys_are_here(),
        "places_url": _places_url(actor),
        "error": error,
        "may_view": allowed(actor, "certificates.view", school),
        "own": Possession.objects.filter(
            school=school, started_by=actor.user, state__in=(ProofState.PROVEN, ProofState.REGISTERED)
        )
        .select_related("certificate", "holder")
        .order_by("-pk")[:10],
    }
    return render(request, "web/certificates/start.html", context, status=status)


def _places_url(actor: Actor) -> str:
    """Where a key registers itself without a file; empty where the node knows no such place."""
    chooses = actor.second_factor and actor.role in SIGNING_ROLES and has_places()
    return reverse("web:key-places") if chooses else ""


def _bringable(request: HttpRequest) -> list[tuple[str, str, User | None]]:
    """For whom the actor may bring a certificate: value, words, account."""
    actor, school = actor_of(request), school_of(request)
    helper = actor.role in (Role.PRINCIPAL, Role.DATA_CLERK)
    found: list[tuple[str, str, User | None]] = []
    for who in must_sign([school], clock.today()):
        if who.user is None:
            if helper or actor.role == Role.SEAL_KEEPER:
                found.append(("con-dau", _("Con dấu của trường"), None))
        elif helper or who.user == actor.user:
            found.append((str(who.user.pk), f"{who.user.full_name} ({posts_of(who)})", who.user))
    return found


def _begun(request: HttpRequest, people: list[tuple[str, str, User | None]], wanted: str) -> Possession:
    actor, school = actor_of(request), school_of(request)
    if not wanted and len(people) == 1:
        wanted = people[0][0]
    chosen = next((one for one in people if one[0] == wanted), None)
    if chosen is None:
        raise DomainError("certificate_no_seat", name=_("Người được chọn"))
    holder = chosen[2]
    if request.POST.get("viec") == "thiet-bi" and possession.keys_are_here():
        certificate = possession.signer_for(key_provider(), school, holder).certificate
    else:
        certificate = read_certificate(_file(request, "tep", "certificate_file_missing"))
    return possession.begin(actor, school, holder, certificate)


def _file(request: HttpRequest, name: str, missing: str) -> bytes:
    sent = request.FILES.get(name)
    if sent is None:
        raise DomainError(missing)
    if sent.size is not None and sent.size > MAX_BYTES:
        raise Unreadable("certificate_file_unreadable")
    data = sent.read(MAX_BYTES + 1)
    return data if isinstance(data, bytes) else b""


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def proof(request: HttpRequest, case_id: int) -> HttpResponse:
    """``/truong/chung-thu/dang-ky/<n>/``: sign the challenge, or confirm as the second person."""
    case = _case(request, case_id)
    actor = actor_of(request)
    error, status = "", 200
    if request.method == "POST":
        try:
            messages.success(request, _done(request, case))
            return redirect("web:certificate-proof", case.pk)
        except NotAllowed:
            raise
        except DomainError as refusal:
            error, status = words(refusal), status_of(refusal)
            case.refresh_from_db()
    waiting = case.state == ProofState.OPEN
    context = {
        "case": case,
        "certificate": case.certificate,
        "family": FAMILY_NAMES.get(case.family, case.family),
        "name": case.holder.full_name if case.holder else case.school.name,
        "seats": seat_words(case.seats),
        **_named(case),
        "over": waiting and case.expires_at <= clock.now(),
        "mine": case.started_by_id == (actor.user.pk if actor.user else None),
        "here": possession.keys_are_here(),
        "may_confirm": case.state == ProofState.PROVEN and allowed(actor, "certificates.confirm", case),
        "may_view": allowed(actor, "certificates.view", case.school),
        "error": error,
    }
    return render(request, "web/certificates/proof.html", context, status=status)


def _named(case: Possession) -> dict[str, Any]:
    """Whom the certificate itself names, for whoever confirms: names differ when somebody brings his own
    certificate for a colleague."""
    holder = holder_of(x509.load_der_x509_certificate(bytes(case.certificate.der)))
    expected = case.holder.full_name if case.holder else case.school.name
    number = holder.number or ""
    return {
        "named": holder.name,
        "number": number if case.holder is None else masked_middle(number),
        "other_name": fold(holder.name) != fold(expected),
    }


def _case(request: HttpRequest, case_id: int) -> Possession:
    """:raises NotFound: ``no_such_proof``: none of this school, or none that the actor may know of."""
    actor = actor_of(request)
    found = (
        Possession.objects.select_related("school", "certificate", "holder", "started_by", "decided_by")
        .filter(pk=case_id, school=school_of(request))
        .first()
    )
    if found is None or actor.user is None:
        raise NotFound("no_such_proof")
    own = actor.user.pk in (found.started_by_id, found.holder_id)
    if not own and not allowed(actor, "certificates.view", found.school):
        raise NotFound("no_such_proof")
    return found


def _done(request: HttpRequest, case: Possession) -> str:
    actor, deed = actor_of(request), request.POST.get("viec", "")
    if deed == "xac-nhan":
        possession.confirm(actor, case)
        return _("Đã đăng ký chứng thư số. Nhật ký công khai đã ghi sự kiện này.")
    if deed == "khong":
        possession.refuse(actor, case, request.POST.get("ly-do", ""))
        return _("Đã ghi là không xác nhận.")
    value = possession.sign_here(case, actor) if deed == "thiet-bi" else _answer(request)
    done = possession.answer(actor, case, value)
    if done.state == ProofState.REGISTERED:
        return _("Đã đăng ký chứng thư số. Nhật ký công khai đã ghi sự kiện này.")
    return _("Chữ ký đúng. Một người khác xác nhận thì chứng thư số được đăng ký.")


def _answer(request: HttpRequest) -> bytes:
    text = request.POST.get("chu-ky", "").strip()
    if text:
        return decode_answer(text[: 2 * MAX_BYTES])
    data = _file(request, "tep-chu-ky", "answer_missing")
    return decode_answer(data.decode("ascii")) if data.isascii() else data


def _typed_day(text: str) -> date:
    """What the browser's calendar sends (``2026-05-31``), or what a person types where it has none.

    :raises ValueError: neither, or no such day.
    """
    if "/" not in text:
        return date.fromisoformat(text)
    try:
        day, month, year = map(int, text.split("/"))
        return date(year, month, day)
    except OverflowError as error:
        raise ValueError(text) from error


@require_actor
@require_safe
def register_as_of(request: HttpRequest) -> HttpResponse:
    """``/truong/chung-thu/so-dang-ky/?ngay=``: who could sign what on a day."""
    school = school_of(request)
    policy(request, "certificates.view", school)
    error, day = "", clock.today()
    if request.GET.get("ngay"):
        try:
            day = _typed_day(request.GET["ngay"].strip())
        except ValueError:
            error = _("Ghi ngày theo dạng ngày/tháng/năm, ví dụ 31/05/2026.")
    rows = authority.as_of(actor_of(request), school, day)
    why = {
        "not_yet_valid": _("Chưa có hiệu lực"),
        "expired": _("Đã hết hạn"),
        "revoked": _("Đã bị thu hồi"),
        "blocked": _("Đã khóa ở trường"),
    }
    context = {
        "school": school,
        "day": day,
        "rows": [
            {
                "it": one,
                "role": ROLE_NAMES.get(one.row.role, one.row.role),
                "subject": subject_word(one.row.class_name, one.row.subject_code),
                "why": why.get(one.why_not, ""),
            }
            for one in rows
        ],
        "error": error,
    }
    return render(request, "web/certificates/as_of.html", context, status=422 if error else 200)
