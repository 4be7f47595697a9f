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
from hocbaso.core.document.model import SignerRole
from hocbaso.core.errors import DomainError, register
from hocbaso.interfaces.web import desk_key, signing_desk
from hocbaso.interfaces.web.agent_link import reaches_agent
from hocbaso.interfaces.web.errors import words
from hocbaso.interfaces.web.views import require_actor
from hocbaso.interfaces.web.views.signing import desk_url, own_batch, progress_of, receipt_url

register(
    {
        "remote_pin_missing": ("Nhập mã PIN của chứng thư số", "Enter the PIN"),
        "remote_otp_missing": ("Nhập mã gửi về điện thoại", "Enter the code that was sent"),
    }
)

#: Field of the form by the name that the service gives the code.
_FIELDS = {"PIN": "pin", "OTP": "otp"}


def grouped(digest: str) -> str:
    """The first eight groups of a list's digest: ``9F2A 11BC …``, as a phone may show them."""
    return " ".join(digest[start : start + 4].upper() for start in range(0, 32, 4))


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


@sensitive_post_parameters("pin", "otp")
@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def codes(request: HttpRequest, batch_id: int) -> HttpResponse:
    """``/truong/ky/lan/<batch>/ma``: the remote service's codes for exactly one list."""
    actor, batch = own_batch(request, batch_id)
    error: DomainError | None = None
    if request.method == "POST":
        try:
            if request.POST.get("viec") == "gui-lai":
                return _send_again(request, actor, batch)
            return _sign(request, actor, batch)
        except DomainError as refused:
            error = refused
    return _page(request, actor, batch, error)


def _send_again(request: HttpRequest, actor: Actor, batch: SigningBatch) -> HttpResponse:
    if not signing_desk.granted(request, batch):  # too long since the code of the second factor
        return redirect(desk_url(batch))
    sign_at_place.ask_codes(actor, batch)
    signing_desk.grant(request, batch)
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
