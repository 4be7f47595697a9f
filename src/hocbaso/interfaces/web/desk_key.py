"""What a signing desk tells and asks of the key: certificate, place, PIN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from hocbaso.apps.common import clock
from hocbaso.apps.signing.card import Card, certificate_card
from hocbaso.apps.signing.elsewhere import runs
from hocbaso.apps.signing.elsewhere.models import HandedOut, Place
from hocbaso.apps.signing.elsewhere.places import Held, offer_of, offers
from hocbaso.apps.signing.models import SigningBatch
from hocbaso.apps.signing.register import digest_of, nothing_registered
from hocbaso.apps.transcripts.use_cases.sign_sheets import node_signer
from hocbaso.core.errors import DomainError
from hocbaso.interfaces.web.errors import words
from hocbaso.interfaces.web.signing_desk import Desk, granted
from hocbaso.interfaces.web.templatetags.hbs import number


@dataclass(frozen=True, slots=True)
class AgentHandOver:
    """What the page gives to the script that speaks with the local agent (docs/agent.md).

    The batch is authorised; ``sign_elsewhere.begin`` and ``complete`` are called by the script's endpoints.
    """

    batch_id: int
    count: int  # sheets that wait
    certificate: str  # SHA-256 of the DER of the chosen certificate, hexadecimal; empty: the agent says
    progress_url: str  # JSON: total, signed, failed, waiting, running, stopped
    receipt_url: str  # where to go when nothing waits
    desk_url: str  # where to go to give up or go on later


def context(desk: Desk) -> dict[str, Any]:
    """What the page shows of the key, and whether it can sign."""
    card, refusal = _card(desk)
    held = desk.held
    known = card is not None
    unread = not known and not refusal  # a key that tells its certificate only when it signs
    return {
        "card": card,
        "no_card": refusal or (_unread_words(held) if unread else ""),
        "unread": unread,
        "card_number": masked_middle(card.number) if card else "",
        "method": method_words(held),
        "place": str(held.place or ""),
        "token_name": _name(held) if held.place is Place.TOKEN else "",
        "service_name": _name(held) if held.place is Place.REMOTE else "",
        "places_url": reverse("web:key-places") if has_choice(held) else "",
        "usable": unread or (card is not None and card.usable),
    }


def has_choice(held: Held) -> bool:
    """Whether there is anything to choose."""
    found = offers(held.owner)
    return len(found) > 1 or any(offer.place is not Place.NODE for offer in found)


def _card(desk: Desk) -> tuple[Card | None, str]:
    """The certificate card, or the sentence why nothing can be signed; neither when it is told later."""
    seat, number, held = desk.key
    try:
        if held.place is Place.NODE:
            return certificate_card(node_signer(seat, number), seat), ""
        if held.certificate is not None:
            return certificate_card(held.signer(), seat), ""
        if held.place in (Place.TOKEN, Place.AGENT):
            by_itself = held.place is Place.TOKEN and settings.HOCBASO_ENVIRONMENT == "thu_nghiem"
            if not by_itself and nothing_registered(seat):  # told now, not after the second factor
                raise DomainError("seat_not_registered", name=seat.name)
            return None, ""
        if not offers(held.owner):
            raise DomainError("no_key", name=seat.name)
        raise DomainError("key_place_unset")
    except DomainError as error:
        return None, words(error)


def waiting_words(desk: Desk) -> dict[str, str] | None:
    """The notice of a list whose key is asked elsewhere: where to go on without beginning anew."""
    stopped, place = desk.stopped, desk.held.place
    if stopped is None or place not in (Place.REMOTE, Place.AGENT) or runs.last_stop(stopped.batch):
        return None
    n = {"n": number(len(stopped.left))}
    if place is Place.AGENT:
        if not granted(desk.request, stopped.batch):
            return None
        return {
            "heading": _("%(n)s học bạ đã xác nhận, chờ ký bằng USB ở máy này") % n,
            "text": "",
            "url": reverse("web:signing-agent", args=[stopped.batch.pk]),
            "link": _("Mở lại trang ký"),
        }
    rows = HandedOut.objects.filter(batch=stopped.batch, expires_at__gt=clock.now())
    if not rows.exists():
        return None
    return {
        "heading": _("%(n)s học bạ đang chờ mã của nơi giữ khóa") % n,
        "text": _("Mã đã gửi về điện thoại của thầy cô."),
        "url": reverse("web:signing-codes", args=[stopped.batch.pk]),
        "link": _("Nhập mã"),
    }


def _unread_words(held: Held) -> str:
    if held.place is Place.TOKEN:
        return _("Chứng thư số trên thiết bị %(name)s được đọc và kiểm tra khi thầy cô nhập mã PIN.") % {
            "name": _name(held)
        }
    return _("Chứng thư số trên USB ký số được đọc và kiểm tra khi thầy cô ký.")


def _name(held: Held) -> str:
    offer = offer_of(held)
    return offer.name if offer else ""


def masked_middle(value: str) -> str:
    """``079••••••412``: enough for its owner to know it."""
    if len(value) <= 6:
        return value
    return value[:3] + "•" * (len(value) - 6) + value[-3:]


def method_words(held: Held) -> str:
    """How the key signs."""
    if held.place is Place.NODE and settings.HOCBASO_ENVIRONMENT == "thu_nghiem":
        return _("Khóa phần mềm của hộp cát")
    if held.place is Place.NODE:
        return _("Khóa do máy chủ của đơn vị giữ")
    if held.place is Place.TOKEN:
        return _("Thiết bị ký %(name)s cắm ở máy chủ") % {"name": _name(held)}
    if held.place is Place.REMOTE:
        return _("Ký từ xa qua %(name)s") % {"name": _name(held)}
    if held.place is Place.AGENT:
        return _("USB ký số cắm ở máy tính này")
    return _("Chưa chọn")


def hand_over(batch: SigningBatch, held: Held, count: int, receipt_url: str, desk_url: str) -> AgentHandOver:
    """The context of the agent's block on the hand-over page."""
    return AgentHandOver(
        batch_id=batch.pk,
        count=count,
        certificate=digest_of(held.certificate) if held.certificate else "",
        progress_url=reverse("web:signing-progress", args=[batch.pk]),
        receipt_url=receipt_url,
        desk_url=desk_url,
    )
