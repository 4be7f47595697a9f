"""Search the register for one member of staff without number, and accept or decline what it offers."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from hocbaso.apps.accounts.models import StaffMember
from hocbaso.apps.identity.queries import FIELD_LABELS
from hocbaso.apps.matching.use_cases.answer_offer import accept, decline
from hocbaso.apps.matching.use_cases.search import search, waiting_offer
from hocbaso.core.errors import DomainError, NotFound
from hocbaso.interfaces.web.errors import status_of, words
from hocbaso.interfaces.web.views import actor_of, policy, require_actor, school_of


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def search_member(request: HttpRequest, code: str) -> HttpResponse:
    """``/truong/tim-so-dinh-danh/can-bo/<code>/``: search, offer, and what to do with the outcome."""
    school = school_of(request)
    policy(request, "identity.repair_staff", school)
    person = StaffMember.objects.filter(organisation=school, code=code).first()
    if person is None:
        raise NotFound("no_such_member")
    person.organisation = school
    error, status = "", 200
    if request.method == "POST":
        try:
            return _act(request, person)
        except DomainError as refusal:
            error, status = words(refusal), status_of(refusal)
    person.refresh_from_db()
    found = waiting_offer(person)
    context = {
        "person": person,
        "found": found if found is not None and found.outcome != "unavailable" else None,
        "soft": [FIELD_LABELS[name] for name in (found.soft if found else ())],
        "error": error,
    }
    return render(request, "web/matching/search_staff.html", context, status=status)


def _act(request: HttpRequest, person: StaffMember) -> HttpResponse:
    """Search, or say of the offer that the page showed whether it is this person. :raises DomainError:"""
    actor, sent = actor_of(request), request.POST
    again = redirect("web:number-search-staff", person.code)
    if sent.get("viec") == "tim":
        found = search(actor, person)
        if found.outcome == "unavailable":
            messages.warning(request, found.sentence)
        return again
    offer = waiting_offer(person)
    if offer is None or str(offer.search_id) != sent.get("luot", ""):
        raise DomainError("search_no_offer")
    if sent.get("viec") == "khong-phai":
        decline(actor, person, offer.token)
        messages.success(request, _("Đã bỏ kết quả này của %(name)s.") % {"name": person.full_name})
        return again
    taken = accept(actor, person, offer.token)
    told = {
        "sent": _("%(name)s đã có số định danh; yêu cầu xác thực đã được gửi."),
        "incomplete": _("%(name)s đã có số định danh. Còn điểm phải xác nhận trước khi gửi xác thực."),
    }[taken.outcome]
    messages.success(request, told % {"name": person.full_name})
    return again
