"""Reminders: sent to schools that lag, seen by the school, printed as a letter."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hocbaso.apps.accounts.door import allowed, require
from hocbaso.apps.accounts.models import User
from hocbaso.apps.common import clock
from hocbaso.apps.identity.campaigns.models import Campaign, Reminder
from hocbaso.apps.identity.campaigns.reminders import Sent, acknowledge, send_reminders
from hocbaso.apps.identity.campaigns.scope import days_left
from hocbaso.apps.identity.watching.models import Who
from hocbaso.apps.identity.watching.recount import recount
from hocbaso.apps.identity.watching.tally import Tally
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.oversight.schools import schools_under
from hocbaso.core.errors import NotAllowed, NotFound, register
from hocbaso.interfaces.web import nav
from hocbaso.interfaces.web import watching_parts as parts
from hocbaso.interfaces.web.templatetags.hbs import number
from hocbaso.interfaces.web.views import actor_of, policy, require_actor, school_of

register({"no_such_reminder": ("Không có lời nhắc này.", "There is no such reminder.")})

MAX_ROWS = 200
#: So many schools are counted again before they are reminded; the others as they are kept.
AT_ONCE = 200
_FILTERS = {
    "chua-nhan": {"acknowledged_at__isnull": True, "done_at__isnull": True},
    "da-nhan": {"acknowledged_at__isnull": False},
    "da-xong": {"done_at__isnull": False},
}


@require_actor
@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    """``/quan-ly/danh-tinh/nhac/``: whom the unit reminded when, and who has taken note of it."""
    unit = school_of(request)
    policy(request, "identity.remind", unit)
    rows = Reminder.objects.filter(sender=unit)
    chosen = request.GET.get("loc", "")
    total = rows.count()
    shown = rows.filter(**_FILTERS.get(chosen, {})).select_related("school", "campaign")
    return render(
        request,
        "web/watching/reminders.html",
        {
            "unit": unit,
            "rows": shown[:MAX_ROWS],
            "n": shown.count(),
            "total": total,
            "chosen": chosen if chosen in _FILTERS else "",
            "filters": [
                ("chua-nhan", _("Trường chưa xác nhận")),
                ("da-nhan", _("Đã xác nhận")),
                ("da-xong", _("Đã xác thực xong")),
            ],
        },
    )


@require_actor
@require_POST
def send(request: HttpRequest) -> HttpResponse:
    """Remind the schools that were ticked, or everybody of a campaign who is behind."""
    unit = school_of(request)
    policy(request, "identity.remind", unit)
    sent = request.POST
    campaign = None
    if sent.get("dot", "").isdecimal():
        campaign = Campaign.objects.filter(pk=int(sent["dot"][:9]), owner=unit, state="open").first()
    ids = [int(value) for value in sent.getlist("truong") if value.isdecimal() and len(value) < 12]
    # What a school is told is counted now, as far as somebody can wait for it.
    recount(schools_under(unit).filter(pk__in=ids).values_list("pk", flat=True)[:AT_ONCE])
    done = send_reminders(
        actor_of(request), unit, ids, campaign=campaign, message=sent.get("loi-nhan", "")[:500]
    )
    _tell(request, done)
    return redirect("web:reminders")


def _tell(request: HttpRequest, done: Sent) -> None:
    if done.sent:
        text = _("Đã nhắc %(n)s trường. Lời nhắc hiện ở trang “Việc hôm nay” của trường.")
        messages.success(request, text % {"n": number(len(done.sent))})
    if done.already:
        text = _("%(n)s trường đã được nhắc hôm nay nên không nhắc thêm.")
        messages.warning(request, text % {"n": number(done.already)})
    if done.complete:
        text = _("%(n)s trường không còn ai phải xác thực nên không nhắc.")
        messages.info(request, text % {"n": number(done.complete)})


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def letter(request: HttpRequest, reminder_id: int, area: str) -> HttpResponse:
    """A reminder as it was sent, to be printed; the school says here that it has seen it."""
    unit = school_of(request)
    reminder = _found(request, unit, reminder_id, area)
    actor = actor_of(request)
    if request.method == "POST":
        if area != "school":
            raise NotAllowed("not_allowed", what=_("xác nhận thay cho trường"))
        require(actor, "identity.acknowledge", reminder.school)
        acknowledge(actor, reminder)
        messages.success(request, _("Đã xác nhận. Lời nhắc không còn hiện ở trang Việc hôm nay."))
        return redirect("web:school-progress")
    by = User.objects.filter(username=reminder.by).values_list("full_name", flat=True).first()
    context: dict[str, Any] = {
        "reminder": reminder,
        "area": area,
        "tables": _tables(reminder),
        "by": by or _("hệ thống, theo lịch của đợt"),
        "left": days_left(reminder.campaign, reminder.day) if reminder.campaign else None,
        "may_acknowledge": area == "school"
        and reminder.acknowledged_at is None
        and allowed(actor, "identity.acknowledge", reminder.school),
        "now": clock.now(),
    }
    return render(request, "web/watching/letter.html", context)


def _found(request: HttpRequest, unit: Organisation, reminder_id: int, area: str) -> Reminder:
    managing = actor_of(request).role in nav.MANAGING_ROLES
    if area == "school":
        if managing:
            raise NotAllowed("not_allowed", what=_("xem lời nhắc gửi cho trường"))
        policy(request, "identity.watch", unit)
        mine = {"school": unit}
    else:
        policy(request, "identity.remind", unit)
        mine = {"sender": unit}
    rows = Reminder.objects.select_related("school", "sender", "campaign")
    found = rows.filter(pk=reminder_id, **mine).first() if reminder_id < 2**63 else None
    if found is None:
        raise NotFound("no_such_reminder")
    return found


def _tables(reminder: Reminder) -> list[dict[str, Any]]:
    """The numbers that the school was told, of pupils and of staff."""
    found = []
    for who in Who:
        if who.value in reminder.facts:
            tally = Tally()
            tally.numbers.update(reminder.facts[who.value])
            found.append({"label": who.label, "tally": tally, "states": parts.states(tally)})
    return found
