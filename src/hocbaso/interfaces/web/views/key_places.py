"""Where my key is: the places that the node offers, in plain words; choose one, try it."""

from __future__ import annotations

from typing import Any

from cryptography import x509
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.signing.certificate_models import Possession
from hocbaso.apps.signing.elsewhere import places, proving
from hocbaso.apps.signing.elsewhere.models import Place
from hocbaso.apps.signing.elsewhere.places import Held, Offer, Owner
from hocbaso.apps.signing.possession import owner_of
from hocbaso.apps.signing.register import digest_of, serial_text
from hocbaso.apps.transcripts.use_cases.sign_at_place import remember_certificate
from hocbaso.core.errors import DomainError, NotFound, register
from hocbaso.engines.trust.authority import holder_of
from hocbaso.engines.trust.providers.csc_model import Credential
from hocbaso.interfaces.web.errors import words
from hocbaso.interfaces.web.views import actor_of, policy, require_actor, school_of
from hocbaso.interfaces.web.views.signing_place import field_of, typed_codes

register(
    {
        "key_place_missing": ("Chọn một nơi giữ khóa ký", "Choose a place"),
        "key_place_pin_missing": ("Nhập mã PIN của thiết bị ký để thử", "Enter the token's PIN"),
        "remote_key_missing": ("Chọn một chứng thư số trong danh sách", "Choose one of the credentials"),
    }
)

_FIELDS = {
    "key_place_missing": "noi-giu",
    "key_place_pin_missing": "pin",
    "remote_key_missing": "chung-thu",
}


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """``/tai-khoan/khoa-ky/``: where the key is; POST chooses."""
    owner = _owner(request)
    if request.method != "POST":
        return _page(request, owner)
    wanted = request.POST.get("noi-giu", "")
    try:
        offer = next((one for one in places.offers(owner) if one.value == wanted), None)
        if offer is None:
            raise DomainError("key_place_not_offered" if wanted else "key_place_missing")
        return _choose(request, owner, offer)
    except DomainError as error:
        return _page(request, owner, error, wanted)


def _owner(request: HttpRequest) -> Owner:
    """The key of the post: the seal's keeper stands for the seal, everybody else for himself.

    :raises NotAllowed: policy ``signing.key_place``.
    """
    actor, school = actor_of(request), school_of(request)
    seal = actor.role == Role.SEAL_KEEPER
    owner = Owner(
        None if seal else actor.user, school if seal else None, owner_of(school, None if seal else actor.user)
    )
    policy(request, "signing.key_place", owner)
    return owner


def _choose(request: HttpRequest, owner: Owner, offer: Offer) -> HttpResponse:
    actor, chosen = actor_of(request), request.POST.get("chung-thu", "")
    certificate: x509.Certificate | None = None
    credential = ""
    if offer.place is Place.REMOTE:
        found = places.own_credentials(owner, offer)
        one = next((c for c in found if c.id == chosen), found[0] if len(found) == 1 else None)
        if one is None:
            error = DomainError("remote_key_missing") if chosen or "tim" not in request.POST else None
            return _page(request, owner, error, offer.value, found)
        certificate, credential = one.certificate, one.id
    elif offer.place is Place.AGENT:
        rows = places.registered_certificates(owner)
        certificate = x509.load_der_x509_certificate(bytes(rows[0].der)) if rows else None
    places.choose(actor, owner, offer, credential=credential, certificate=certificate)
    messages.success(request, _("Đã ghi nơi giữ khóa ký: %(name)s.") % {"name": _title(offer)})
    return redirect("web:key-places")


@sensitive_post_parameters("pin")
@require_actor
@require_POST
def test(request: HttpRequest) -> HttpResponse:
    """``/tai-khoan/khoa-ky/thu``: reach the key and sign nothing, or begin to register its certificate."""
    owner = _owner(request)
    held = places.held_by(owner)
    try:
        if request.POST.get("viec") == "dang-ky":
            return _register(request, held)
        certificate = _reached(request, held)
    except DomainError as error:
        return _page(request, owner, error)
    text = _("Dùng được: đã đọc chứng thư số của %(name)s, số %(serial)s. Chưa ký gì.")
    names = {"name": holder_of(certificate).name, "serial": serial_text(certificate)}
    messages.success(request, text % names)
    return redirect("web:key-places")


def _register(request: HttpRequest, held: Held) -> HttpResponse:
    actor, school = actor_of(request), school_of(request)
    if held.place is Place.REMOTE:
        return redirect("web:key-place-proof", proving.ask_proof(actor, school, held).pk)
    if held.place is not Place.TOKEN:
        raise DomainError("key_place_not_offered")
    case = proving.prove_by_token(actor, school, held, pin=_pin(request))
    return _proven(request, case)


def _proven(request: HttpRequest, case: Possession) -> HttpResponse:
    messages.success(request, _("Đã chứng minh giữ khóa."))
    return redirect("web:certificate-proof", case.pk)


@sensitive_post_parameters("pin", "otp")
@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def proof(request: HttpRequest, case_id: int) -> HttpResponse:
    """``/tai-khoan/khoa-ky/dang-ky/<case>``: the remote key's codes for the challenge."""
    owner = _owner(request)
    held = places.held_by(owner)
    actor = actor_of(request)
    rows = Possession.objects.select_related("school", "certificate", "holder")
    case = rows.filter(
        pk=case_id, started_by=actor.user, holder=owner.user, school=school_of(request)
    ).first()
    if case is None or held.place is not Place.REMOTE:
        raise NotFound("no_such_proof")
    error: DomainError | None = None
    wants: tuple[str, ...] = ()
    try:
        if request.POST.get("viec") == "gui-lai":
            return _register(request, held)
        if request.method == "POST":
            codes = typed_codes(request)
            return _proven(request, proving.prove_by_remote(actor, case, held, codes=codes))
    except DomainError as refused:
        error = refused
    try:
        wants = proving.wanted_codes(held)
    except DomainError as refused:
        error = error or refused
    offer = places.offer_of(held)
    context = {
        "service": offer.name if offer else "",
        "wants": wants,
        "wants_pin": "PIN" in wants,
        "wants_otp": "OTP" in wants,
        "error": words(error) if error else "",
        "error_at": field_of(error) if error else "",
    }
    return render(request, "web/signing/proof_codes.html", context, status=422 if error else 200)


def _pin(request: HttpRequest) -> str:
    """:raises DomainError: ``key_place_pin_missing``"""
    pin = request.POST.get("pin", "")
    if not pin:
        raise DomainError("key_place_pin_missing")
    return pin


def _reached(request: HttpRequest, held: Held) -> x509.Certificate:
    if held.place is Place.TOKEN:
        with places.open_token_session(held.owner, _pin(request)) as session:
            remember_certificate(actor_of(request), held, session)
            return session.certificate
    if held.place is Place.REMOTE:
        with places.open_remote(held.service) as client:
            return places.own_credential(client, held).certificate
    raise DomainError("key_place_not_offered")


def _page(
    request: HttpRequest,
    owner: Owner,
    error: DomainError | None = None,
    wanted: str = "",
    credentials: list[Credential] | None = None,
) -> HttpResponse:
    held, offered = places.held_by(owner), places.offers(owner)
    now = places.offer_of(held)
    at = ""
    if error is not None:
        at = "pin" if error.code.startswith("token_") else _FIELDS.get(error.code, "noi-giu")
    context = {
        "owner": owner,
        "held": held,
        "seal": owner.seal,
        "choices": [
            {
                "value": offer.value,
                "id": f"noi-giu-{number}" if number else "noi-giu",
                "title": _title(offer),
                "text": _text(offer),
                "chosen": offer.value == (wanted or (now.value if now else "")),
                "current": now is not None and offer.value == now.value,
            }
            for number, offer in enumerate(offered)
        ],
        "wanted": wanted,
        "credentials": [_line(one.certificate) | {"id": one.id} for one in credentials or []],
        "certificate": _line(held.certificate) | {"known": _known(owner, held)} if held.certificate else None,
        "sign_url": reverse("web:signing") if owner.seal is None else reverse("web:issuing"),
        "token_name": now.name if now and now.place is Place.TOKEN else "",
        "error": words(error) if error else "",
        "error_at": at,
    }
    return render(request, "web/signing/places.html", context, status=422 if error else 200)


def _known(owner: Owner, held: Held) -> bool:
    """Whether the authority register knows the chosen certificate today."""
    assert held.certificate is not None
    return digest_of(held.certificate) in {row.pk for row in places.registered_certificates(owner)}


def _line(certificate: x509.Certificate) -> dict[str, Any]:
    return {
        "holder": holder_of(certificate).name,
        "serial": serial_text(certificate),
        "not_before": certificate.not_valid_before_utc,
        "not_after": certificate.not_valid_after_utc,
    }


def _title(offer: Offer) -> str:
    return {
        Place.NODE: _("Khóa thử nghiệm của hộp cát"),
        Place.TOKEN: _("Thiết bị ký %(name)s cắm ở máy chủ của trường") % {"name": offer.name},
        Place.REMOTE: _("Ký từ xa qua %(name)s") % {"name": offer.name},
        Place.AGENT: _("USB ký số cắm ở máy tính của thầy cô"),
    }[offer.place]


def _text(offer: Offer) -> str:
    return {
        Place.NODE: _("Chỉ để tập. Chữ ký không có giá trị pháp lý."),
        Place.TOKEN: _("Khi ký, thầy cô nhập mã PIN của thiết bị một lần cho cả danh sách."),
        Place.REMOTE: _(
            "Nhà cung cấp giữ khóa. Khi ký, thầy cô nhận một mã qua điện thoại, dùng cho đúng một danh sách."
        ),
        Place.AGENT: _(
            "Máy tính cần có chương trình ký. Khi ký, thầy cô nhập mã PIN ngay trên máy; mã không gửi đi đâu."
        ),
    }[offer.place]
