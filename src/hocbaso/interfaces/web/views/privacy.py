"""A whole number on a page of its own; the log of views and exports."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from hocbaso.apps.accounts.models import StaffMember
from hocbaso.apps.privacy.places import known_place
from hocbaso.apps.privacy.use_cases.reveal import purpose_words, reveal
from hocbaso.apps.pupils.models import Pupil
from hocbaso.core.errors import DomainError, NotFound
from hocbaso.interfaces.web.errors import words
from hocbaso.interfaces.web.nav import home_url
from hocbaso.interfaces.web.views import actor_of, policy, require_actor

NO_COPY = "no-store, max-age=0"


def _back(request: HttpRequest) -> str:
    """The page the number was asked from: a path of this site alone."""
    wanted = request.POST.get("ve", "")
    local = wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, None)
    return wanted if local else home_url(actor_of(request))


def _person(request: HttpRequest) -> Pupil | StaffMember:
    """Whom the form names, when the actor may see the number: else as if there were none.

    :raises NotFound: ``not_found``
    """
    kind, _dash, number = request.POST.get("nguoi", "").partition("-")
    found: Pupil | StaffMember | None = None
    if number.isascii() and number.isdecimal() and len(number) < 18:
        if kind == "hs":
            found = Pupil.objects.filter(pk=int(number)).first()
        elif kind == "cb":
            found = StaffMember.objects.filter(pk=int(number)).first()
    if found is None:
        raise NotFound("not_found", what=_("người này"))
    policy(request, "privacy.reveal", found)
    return found


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def show_number(request: HttpRequest) -> HttpResponse:
    """The answer to the form in ``privacy/reveal.html``.

    The number stands in this answer alone: in no address, no session, no cache; going back, or opening the
    address again, shows nothing.
    """
    if request.method != "POST":
        return redirect(home_url(actor_of(request)))
    person = _person(request)
    where = known_place(request.POST.get("noi", ""))
    purpose, note = request.POST.get("muc-dich", ""), request.POST.get("ghi-ro", "")
    context = {"person": person, "where": where, "back": _back(request)}
    try:
        context["number"] = reveal(actor_of(request), person, purpose, where, note)
        context["purpose"] = purpose_words(purpose, note)
    except DomainError as refusal:
        if refusal.code == "not_allowed":
            raise
        context["error"] = words(refusal)
    response = render(request, "web/privacy/number.html", context, status=422 if "error" in context else 200)
    response["Cache-Control"] = NO_COPY
    response["Referrer-Policy"] = "no-referrer"
    return response
