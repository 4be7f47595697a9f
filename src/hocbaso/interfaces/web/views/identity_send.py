"""Sending to verify and following it; letters to guardians as a file."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from hocbaso.apps.accounts.door import allowed
from hocbaso.apps.accounts.models import StaffMember
from hocbaso.apps.identity import background, queries
from hocbaso.apps.identity.evidence import LABELS
from hocbaso.apps.identity.models import Check, Outcome, Scope, Sending
from hocbaso.apps.identity.use_cases.print_letters import print_letters
from hocbaso.apps.identity.use_cases.send import send, send_staff
from hocbaso.apps.oversight.progress import working_year
from hocbaso.apps.privacy.log import viewed
from hocbaso.apps.pupils.models import Enrolment, Pupil, SchoolClass
from hocbaso.core.errors import NotFound, register
from hocbaso.interfaces.web import identity_words as told
from hocbaso.interfaces.web.errors import wants_json
from hocbaso.interfaces.web.views import actor_of, class_of, require_actor, school_of
from hocbaso.interfaces.web.views.identity import classes_of

register(
    {"no_such_sending": ("Không có lần gửi này.", "There is no such sending.")},
)
_SHOWN = 100


@require_actor
@require_POST
def order(request: HttpRequest) -> HttpResponse:
    """Send a school, a class, chosen pupils or the staff; then to the page that tells how far it is."""
    actor, school, sent = actor_of(request), school_of(request), request.POST
    scope = sent.get("pham-vi", "")
    again = sent.get("lai") == "1"
    if scope == "can-bo":
        chosen = _ids(request)
        staff = list(StaffMember.objects.filter(organisation=school, pk__in=chosen)) if chosen else None
        if "em-chon" in sent and not chosen:
            return _nobody(request, reverse("web:identity-staff"))
        made = send_staff(actor, school=school, year=working_year(school), staff=staff, again=again)
    elif scope in ("lop", "chon"):
        in_class = class_of(request, _number(sent.get("lop", "")), "identity.view_class")
        pupils = _chosen(request, in_class) if scope == "chon" else None
        if pupils == []:
            return _nobody(request, reverse("web:identity-class", args=[in_class.pk]))
        made = send(
            actor,
            school=school,
            year=in_class.school_year,
            school_class=in_class,
            pupils=pupils,
            again=again,
        )
    else:
        made = send(actor, school=school, year=working_year(school), again=again)
    background.wake()
    return redirect("web:identity-sending", made.pk)


def _nobody(request: HttpRequest, back: str) -> HttpResponse:
    messages.error(request, _("Chưa chọn ai. Thầy cô đánh dấu vào ô trước tên rồi bấm lại."))
    return redirect(back)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _day(text: str) -> date:
    """A day as an input of dates sends it; one that is none is refused like one that has passed."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return date.min


def _ids(request: HttpRequest) -> list[int]:
    return [_number(value) for value in request.POST.getlist("em")][:2000]


def _chosen(request: HttpRequest, in_class: SchoolClass) -> list[Pupil]:
    rows = Enrolment.objects.filter(school_class=in_class, active=True, pupil__in=_ids(request))
    return [row.pupil for row in rows.select_related("pupil")]


def _sending(request: HttpRequest, sending_id: int) -> Sending:
    """An order of the actor's school that he may see. :raises NotFound: ``no_such_sending``"""
    school, actor = school_of(request), actor_of(request)
    found = (
        Sending.objects.filter(pk=sending_id, school=school).select_related("school_class__school").first()
    )
    if found is not None:
        if allowed(actor, "identity.view_school", school):
            return found
        if found.school_class is not None and allowed(actor, "identity.view_class", found.school_class):
            return found
    raise NotFound("no_such_sending")


@require_actor
@require_safe
def sending(request: HttpRequest, sending_id: int) -> HttpResponse:
    """How far an order is, why it waits, what came of it; refreshes itself until it is done."""
    found = _sending(request, sending_id)
    background.wake()
    progress = queries.progress_of(found)
    now = told.now()
    waits = told.wait_words(progress, now)
    working = progress.done < progress.total
    if wants_json(request):
        return JsonResponse(
            {"working": working, "done": progress.done, "total": progress.total, "waits": waits}
        )
    outcomes = Counter(
        Check.objects.filter(request_id__in=found.jobs.values("request_id"))
        .order_by()
        .values_list("outcome", flat=True)
    )
    staff = found.scope == Scope.STAFF
    back = reverse("web:identity")
    if staff:
        back = reverse("web:identity-staff")
    elif found.school_class is not None:
        back = reverse("web:identity-class", args=[found.school_class.pk])
    context = {
        "sending": found,
        "progress": progress,
        "working": working,
        "waits": waits,
        "answers": [(Outcome(o).label, outcomes[o], _LOOKS[Outcome(o)]) for o in Outcome if outcomes[o]],
        "left_out": _left_out(found, staff=staff),
        "more_left_out": max(len(found.incomplete) - _SHOWN, 0),
        "staff": staff,
        "back": back,
        "failed": sum(outcomes[o] for o in Outcome if o is not Outcome.MATCHED),
    }
    return render(request, "web/identity/sending.html", context)


_LOOKS = {
    Outcome.MATCHED: "ok",
    Outcome.MISMATCH: "warn",
    Outcome.NOT_FOUND: "stop",
    Outcome.MULTIPLE: "warn",
    Outcome.INVALID_INPUT: "warn",
}


def _left_out(found: Sending, *, staff: bool) -> list[dict[str, Any]]:
    """Who could not be sent, with what is missing. One query."""
    lines = found.incomplete[:_SHOWN]
    codes = [line["person"] for line in lines]
    if staff:
        rows = StaffMember.objects.filter(organisation=found.school, code__in=codes)
    else:
        rows = Pupil.objects.filter(code__in=codes)  # type: ignore[assignment]
    people = {person.code: person for person in rows}
    return [
        {
            "name": people[line["person"]].full_name,
            "url": told.person_url(people[line["person"]]),
            "lacks": [LABELS[name] for name in dict.fromkeys(line["missing"])],
            "confirm": bool(line["confirm"]),
        }
        for line in lines
        if line["person"] in people
    ]


@require_actor
@require_POST
def letters(request: HttpRequest) -> HttpResponse:
    """Letters to guardians as one PDF: chosen pupils, or everybody of a class or the school whose turn it is.

    Printing is kept on record.
    """
    actor, sent = actor_of(request), request.POST
    pupils = None
    if sent.get("lop"):
        in_class = class_of(request, _number(sent["lop"]), "identity.view_class")
        classes = [in_class]
        if "em" in sent or sent.get("chon") == "1":
            pupils = _chosen(request, in_class)
            if not pupils:
                return _nobody(request, reverse("web:identity-class", args=[in_class.pk]))
    else:
        classes, _whole = classes_of(request)
    until = _day(sent["han"]) if sent.get("han") else None
    made = print_letters(actor, classes=classes, pupils=pupils, until=until)
    viewed(actor, [letter.pupil_id for letter in made.letters], "export", "letter")
    name = f"giay-bao-dinh-danh-{classes[0].name if len(classes) == 1 else 'ca-truong'}.pdf"
    header = content_disposition_header(as_attachment=False, filename=name)
    return HttpResponse(
        made.pdf, content_type="application/pdf", headers={"Content-Disposition": header or "inline"}
    )
