"""Where a key elsewhere asks for more: codes of a remote service, hand-over to the local agent, progress."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.signing.elsewhere import runs
from hocbaso.apps.signing.elsewhere.models import Place
from hocbaso.apps.signing.models import SigningBatch
from hocbaso.apps.transcripts.use_cases import sign_at_place
from hocbaso.apps.transcripts.use_cases.stop_batch import resume_batch
from hocbaso.core.document.model import SignerRole
from hocbaso.core.errors import DomainError, register
from hocbaso.interfaces.web import desk_key, signing_desk
from hocbaso.interfaces.web.agent_link import reaches_agent
from hocbaso.interfaces.web.demo import grouped
from hocbaso.interfaces.web.errors import words
from hocbaso.interfaces.web.views import require_actor
from hocbaso.interfaces.web.views.signing import (
    confirm_code,
    desk_url,
    own_batch,
    progress_of,
    receipt_url,
)

register(
    {
        "remote_pin_missing": ("Nhập mã PIN của chứng thư số", "Enter the PIN"),
        "remote_otp_missing": ("Nhập mã gửi về điện thoại", "Enter the code that was sent"),
    }
)

#: Field of the form by the name that the service gives the code.
_FIELDS = {"PIN": "pin", "OTP": "otp"}


@require_actor
@require_safe
def progress(request: HttpRequest, batch_id: int) -> HttpResponse:
    """How far a batch is, for scripts. JSON."""
    _actor, batch = own_batch(request, batch_id)
    stop = runs.last_stop(batch)
    return JsonResponse(
        {
            **progress_of(batch),
            "running": runs.alive(batch),
            "stopped": stop.stop_text if stop else "",
            "receipt": receipt_url(batch),
            "desk": desk_url(batch),
        }
    )


@sensitive_post_parameters("pin", "otp", "ma")
@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def codes(request: HttpRequest, batch_id: int) -> HttpResponse:
    """``/truong/ky/lan/<batch>/ma``: the remote service's codes for exactly one list.

    A list lives longer than the code of the second factor counts: after that the page shows nothing, takes
    nothing and sends nothing until a fresh code is given here.
    """
    actor, batch = own_batch(request, batch_id)
    if not signing_desk.granted(request, batch):
        return _confirm_again(request, actor, batch)
    error: DomainError | None = None
    if request.method == "POST":
        try:
            if request.POST.get("viec") == "xac-nhan":  # confirmed in another window meanwhile
                return redirect("web:signing-codes", batch.pk)
            if request.POST.get("viec") == "gui-lai":
                return _send_again(request, actor, batch)
            return _sign(request, actor, batch)
        except DomainError as refused:
            error = refused
    return _page(request, actor, batch, error)


def _confirm_again(request: HttpRequest, actor: Actor, batch: SigningBatch) -> HttpResponse:
    """Ask for the second factor anew; whatever else was sent is not looked at."""
    if not batch.items.filter(state="waiting").exists():
        return redirect(receipt_url(batch))
    error: DomainError | None = None
    if request.method == "POST":
        try:
            if request.POST.get("viec") != "xac-nhan":
                raise DomainError("batch_needs_code")
            confirm_code(request, actor)
            resume_batch(actor, batch, method="totp")
        except DomainError as refused:
            error = refused
        else:
            signing_desk.grant(request, batch)
            return redirect("web:signing-codes", batch.pk)
    context = {
        "seal": batch.role == SignerRole.SEAL,
        "left": batch.items.filter(state="waiting").count(),
        "minutes": int(signing_desk.GRACE.total_seconds() // 60),
        "error": words(error) if error else "",
        "desk_url": desk_url(batch),
    }
    return render(request, "web/signing/codes_again.html", context, status=422 if error else 200)


def _send_again(request: HttpRequest, actor: Actor, batch: SigningBatch) -> HttpResponse:
    """New codes under the second factor as it was given: asking for them does not make that any fresher."""
    sign_at_place.ask_codes(actor, batch)
    messages.success(request, _("Đã gửi mã mới. Mã trước không dùng được nữa."))
    return redirect("web:signing-codes", batch.pk)


def _sign(request: HttpRequest, actor: Actor, batch: SigningBatch) -> HttpResponse:
    wanted = request.POST.get("danh-sach", "")
    given = typed_codes(request)
    sign_at_place.start_remote(
        actor, batch, list_id=int(wanted) if wanted.isdecimal() and len(wanted) < 16 else 0, codes=given
    )
    return redirect(receipt_url(batch))


def typed_codes(request: HttpRequest) -> dict[str, str]:
    """What the person typed, by the service's names. :raises DomainError: ``remote_…_missing``"""
    given = {}
    for name in request.POST.getlist("can"):
        field = _FIELDS.get(name, "")
        given[name] = request.POST.get(field, "").strip()
        if not given[name]:
            raise DomainError(f"remote_{field}_missing" if field else "remote_otp_missing")
    return given


def field_of(error: DomainError) -> str:
    """Where on a page of codes an error belongs."""
    return {"remote_pin_missing": "pin", "remote_otp_missing": "otp"}.get(error.code, "gui-lai")


def _page(request: HttpRequest, actor: Actor, batch: SigningBatch, error: DomainError | None) -> HttpResponse:
    asked = None
    try:
        asked = sign_at_place.codes_asked(actor, batch)
    except DomainError as broken:
        error = error or broken
    if asked is None and error is None:
        messages.info(request, _("Danh sách chờ mã đã hết hạn. Thầy cô ký tiếp để nhận mã mới."))
        return redirect(desk_url(batch))
    context = {
        "batch": batch,
        "seal": batch.role == SignerRole.SEAL,
        "asked": asked,
        "wants_pin": asked is not None and "PIN" in asked.wants,
        "wants_otp": asked is not None and "OTP" in asked.wants,
        "list_digest": grouped(asked.prepared.list_digest) if asked else "",
        "left": batch.items.filter(state="waiting").count(),
        "error": words(error) if error else "",
        "error_at": field_of(error) if error else "",
        "desk_url": desk_url(batch),
    }
    return render(request, "web/signing/codes.html", context, status=422 if error else 200)


@require_actor
@require_safe
@reaches_agent
def agent(request: HttpRequest, batch_id: int) -> HttpResponse:
    """``/truong/ky/lan/<batch>/may-nay``: the hand-over to the program in the person's PC."""
    actor, batch = own_batch(request, batch_id)
    held = sign_at_place.place_for(actor, batch)
    count = batch.items.filter(state="waiting").count()
    if not count or held.place is not Place.AGENT:
        return redirect(receipt_url(batch))
    if not signing_desk.granted(request, batch):
        return redirect(desk_url(batch))
    context = {
        "batch": batch,
        "seal": batch.role == SignerRole.SEAL,
        "agent": desk_key.hand_over(batch, held, count, receipt_url(batch), desk_url(batch)),
        "method": desk_key.method_words(held),
    }
    return render(request, "web/signing/agent.html", context)
