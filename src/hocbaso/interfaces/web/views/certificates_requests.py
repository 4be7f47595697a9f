"""Requests to issuers of certificates: the list with the form, one request with its steps and papers."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from hocbaso.apps.accounts.door import allowed
from hocbaso.apps.accounts.models import User
from hocbaso.apps.common import clock
from hocbaso.apps.signing import requests
from hocbaso.apps.signing.certificate_models import CertificateRequest, LineState, RequestKind
from hocbaso.apps.signing.families import FAMILY_NAMES
from hocbaso.apps.signing.request_papers import letter, request_list
from hocbaso.apps.signing.seats import must_sign
from hocbaso.core.errors import DomainError, NotAllowed
from hocbaso.interfaces.web.errors import status_of, words
from hocbaso.interfaces.web.views import actor_of, policy, require_actor, school_of
from hocbaso.interfaces.web.views.certificates import hand_out

_MOVES = {"da-cap": LineState.ISSUED, "tu-choi": LineState.REFUSED, "rut": LineState.WITHDRAWN}


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def requests_page(request: HttpRequest) -> HttpResponse:
    """``/truong/chung-thu/de-nghi/``: what was asked for, how far it is; draft a new one, report a loss."""
    actor, school = actor_of(request), school_of(request)
    policy(request, "certificates.view", school)
    people = must_sign([school], clock.today())
    error, status = "", 200
    if request.method == "POST":
        try:
            made = _made(request)
            told = _("Đã lập đề nghị %(n)s. Thầy cô in công văn, trình ký rồi ghi số khi gửi.")
            messages.success(request, told % {"n": made.number})
            return redirect("web:certificate-request", made.number)
        except NotAllowed:
            raise
        except DomainError as refusal:
            error, status = words(refusal), status_of(refusal)
    sent = request.POST if request.method == "POST" else request.GET
    chosen = set(sent.getlist("nguoi"))
    rows = CertificateRequest.objects.filter(school=school).prefetch_related("lines").order_by("-pk")
    context = {
        "school": school,
        "rows": [_summary(one) for one in rows[:200]],
        "people": [
            {
                "value": str(one.user.pk) if one.user else "con-dau",
                "name": one.user.full_name if one.user else _("Con dấu của trường"),
                "posts": requests.posts_of(one) if one.user else "",
                "chosen": (str(one.user.pk) if one.user else "con-dau") in chosen,
            }
            for one in people
        ],
        "kinds": RequestKind.choices,
        "kind": sent.get("loai", RequestKind.NEW),
        "families": FAMILY_NAMES.items(),
        "family": sent.get("he-thong", "vgca"),
        "reason": sent.get("ly-do", ""),
        "may_request": allowed(actor, "certificates.request", school),
        "error": error,
    }
    return render(request, "web/certificates/requests.html", context, status=status)


def _summary(row: CertificateRequest) -> dict[str, Any]:
    lines = list(row.lines.all())
    open_lines = sum(one.state in requests.UNDER_WAY for one in lines)
    return {"row": row, "family": FAMILY_NAMES[row.family], "n": len(lines), "open": open_lines}


def _made(request: HttpRequest) -> CertificateRequest:
    actor, school, sent = actor_of(request), school_of(request), request.POST
    people = [None if one == "con-dau" else _number(one) for one in sent.getlist("nguoi")]
    if sent.get("viec") == "bao-mat":
        if len(people) != 1:
            raise DomainError("request_empty")
        holder = User.objects.filter(pk=people[0]).first() if people[0] is not None else None
        if people[0] is not None and holder is None:
            raise DomainError("request_unknown_person")
        return requests.report_lost(actor, school, holder, sent.get("ly-do", ""))
    kind = sent.get("loai", "")
    if kind not in RequestKind.values:
        raise DomainError("request_empty")
    return requests.draft(
        actor, school, RequestKind(kind), sent.get("he-thong", ""), people, sent.get("ly-do", "")
    )


def _number(text: str) -> int:
    """-1 for what is no number: nobody has that key."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else -1


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def request_page(request: HttpRequest, number: str) -> HttpResponse:
    """``/truong/chung-thu/de-nghi/<number>/``: people and their steps, papers, what the issuer did."""
    actor, school = actor_of(request), school_of(request)
    policy(request, "certificates.view", school)
    found = requests.request_of(school, number)
    error, status = "", 200
    if request.method == "POST":
        try:
            answer = _moved(request, found)
            return answer or redirect("web:certificate-request", number)
        except NotAllowed:
            raise
        except DomainError as refusal:
            error, status = words(refusal), status_of(refusal)
            found.refresh_from_db()
    lines = list(found.lines.select_related("user").prefetch_related("events").order_by("id"))
    states = {one.state for one in lines}
    context = {
        "request_row": found,
        "family": FAMILY_NAMES[found.family],
        "lines": [{"line": one, "open": one.state in requests.UNDER_WAY} for one in lines],
        "to_send": LineState.DRAFT in states,
        "at_issuer": bool(states & {LineState.SENT, LineState.ISSUED}),
        "may_request": allowed(actor, "certificates.request", school),
        "error": error,
    }
    return render(request, "web/certificates/request.html", context, status=status)


def _moved(request: HttpRequest, found: CertificateRequest) -> HttpResponse | None:
    actor, sent = actor_of(request), request.POST
    deed = sent.get("viec", "")
    if deed == "cong-van":
        return hand_out(letter(actor, found))
    if deed == "danh-sach":
        return hand_out(request_list(actor, found))
    if deed == "gui":
        requests.send(actor, found, sent.get("so", ""))
        messages.success(request, _("Đã ghi là đã gửi."))
        return None
    state = _MOVES.get(deed)
    if state is None:
        raise DomainError("request_empty")
    lines = [_number(one) for one in sent.getlist("dong")]
    n = requests.move(actor, found, lines, state, sent.get("ghi-chu", ""))
    messages.success(request, _("Đã ghi cho %(n)s dòng.") % {"n": n})
    return None
