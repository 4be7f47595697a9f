"""Campaigns of verification: lists, form, one campaign with its schools, report; the school's own page."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from hocbaso.apps.accounts.door import allowed
from hocbaso.apps.accounts.models import User
from hocbaso.apps.common import clock
from hocbaso.apps.identity.campaigns.models import Act, Campaign, CampaignState, Reminder
from hocbaso.apps.identity.campaigns.reminders import waiting_for
from hocbaso.apps.identity.campaigns.report import STATES, export_report, report_rows
from hocbaso.apps.identity.campaigns.scope import days_left, running_for, standings, summary
from hocbaso.apps.identity.campaigns.use_cases import (
    Terms,
    cancel_campaign,
    change_campaign,
    close_campaign,
    set_campaign,
)
from hocbaso.apps.identity.watching.board import school_board, trend
from hocbaso.apps.identity.watching.models import Who
from hocbaso.apps.organisations.models import Kind, Level, Management, Organisation, valid_on
from hocbaso.core.errors import DomainError, NotAllowed, NotFound, register
from hocbaso.interfaces.web import nav
from hocbaso.interfaces.web import watching_parts as parts
from hocbaso.interfaces.web.errors import words
from hocbaso.interfaces.web.views import actor_of, policy, require_actor, school_of

register(
    {
        "no_such_campaign": ("Không có đợt xác thực này.", "There is no such campaign."),
        "form_day": ("Chưa đọc được ngày “{text}”. Thầy cô chọn lại ngày.", "{text!r} is no date."),
    }
)

#: Where a refusal leads the eye.
_AT = {
    "campaign_title": "ten",
    "campaign_nobody": "hoc-sinh",
    "campaign_days": "han",
    "form_day": "han",
    "campaign_target": "muc-tieu",
    "campaign_units": "don-vi",
    "campaign_reason": "ly-do",
    "campaign_same": "ten",
}
_STATUS = {"done": "ok", "done_late": "warn", "late": "stop", "behind": "busy", "empty": "idle"}
MAX_ROWS = 200


@require_actor
@require_safe
def managing(request: HttpRequest) -> HttpResponse:
    """``/quan-ly/danh-tinh/dot/``: the unit's own campaigns and those it is in."""
    unit = school_of(request)
    policy(request, "identity.watch", unit)
    if actor_of(request).role not in nav.MANAGING_ROLES:
        return redirect("web:school-progress")
    context = {
        "unit": unit,
        "rows": _listed(unit),
        "over": _over(unit),
        "may_set": allowed(actor_of(request), "identity.campaign", unit),
        "area": "managing",
    }
    return render(request, "web/watching/campaigns.html", context)


def _listed(unit: Organisation) -> list[dict[str, Any]]:
    """Open campaigns with their numbers, those that have not begun too."""
    found = running_for(unit)
    today = clock.today()
    later = Campaign.objects.filter(owner=unit, state=CampaignState.OPEN, starts_on__gt=today)
    rows = []
    for campaign in [*found, *later.select_related("owner")]:
        own = [unit.pk] if unit.is_school else None
        lines = standings(campaign, own)
        rows.append(
            {
                "campaign": campaign,
                "total": summary(lines),
                "left": days_left(campaign),
                "begun": campaign.starts_on <= today,
                "whom": whom(campaign),
            }
        )
    return rows


def _over(unit: Organisation) -> list[Campaign]:
    ended = Campaign.objects.filter(owner=unit).exclude(state=CampaignState.OPEN)
    return list(ended.order_by("-ended_at")[:20])


def whom(campaign: Campaign) -> str:
    """``học sinh; tiểu học; 3 đơn vị``."""
    people = [_("học sinh")] if campaign.pupils else []
    people += [_("cán bộ, giáo viên")] if campaign.staff else []
    found = [_(" và ").join(people)]
    found += (
        [", ".join(str(Level(level).label).lower() for level in campaign.levels)] if campaign.levels else []
    )
    if campaign.owner.is_school:
        return "; ".join(found)
    n = len(campaign.units)
    found.append(_("%(n)s đơn vị được chọn") % {"n": n} if n else _("mọi trường của đơn vị"))
    return "; ".join(found)


@require_actor
@require_safe
def school(request: HttpRequest) -> HttpResponse:
    """``/truong/danh-tinh/dot/``: how far the school is, its classes, campaigns, reminders."""
    unit = school_of(request)
    policy(request, "identity.watch", unit)
    if not unit.is_school:
        raise NotAllowed("not_allowed", what=_("xem tiến độ của trường"))
    actor = actor_of(request)
    found = school_board(unit)
    points = trend(unit, Who.PUPILS)
    drawing = parts.drawn(points)
    context = {
        "unit": unit,
        "board": found,
        "now": clock.now(),
        "states": parts.states(found.pupils),
        "fields": parts.fields(found.pupils),
        "trend": drawing,
        "trend_words": parts.change_words(drawing, _("học sinh")) if drawing else "",
        "rows": _listed(unit),
        "over": _over(unit),
        "reminders": waiting_for(unit),
        "may_set": allowed(actor, "identity.campaign", unit),
        "may_open": allowed(actor, "identity.view_school", unit),
        "area": "school",
    }
    return render(request, "web/watching/own_school.html", context)


def _unit(request: HttpRequest, area: str) -> Organisation:
    unit = school_of(request)
    if (unit.kind == Kind.SCHOOL) != (area == "school"):
        raise NotAllowed("not_allowed", what=_("xem trang này"))
    return unit


def _home(area: str) -> str:
    return "web:school-progress" if area == "school" else "web:campaigns"


def _address(area: str) -> str:
    return "web:school-campaign" if area == "school" else "web:campaign"


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, area: str) -> HttpResponse:
    """Open a campaign."""
    unit = _unit(request, area)
    policy(request, "identity.campaign", unit)
    error = at = ""
    if request.method == "POST":
        try:
            made = set_campaign(actor_of(request), unit, _terms(request))
        except DomainError as refusal:
            error, at = words(refusal), _AT.get(refusal.code, "ten")
        else:
            messages.success(request, _("Đã mở đợt xác thực. Các trường trong phạm vi thấy ở trang đầu."))
            return redirect(_address(area), made.pk)
    today = clock.today()
    fresh = {
        "ten": _("Xác thực danh tính năm học %(y)s") % {"y": today.year},
        "bat-dau": today.isoformat(),
        "han": (today + timedelta(days=30)).isoformat(),
        "muc-tieu": "100",
        "hoc-sinh": "1",
        "nhac": "1",
    }
    context = _form(unit, request, fresh) | {
        "area": area,
        "home": _home(area),
        "error": error,
        "at": at,
        "title": _("Chưa mở được đợt xác thực"),
    }
    return render(request, "web/watching/campaign_new.html", context, status=422 if error else 200)


def _form(unit: Organisation, request: HttpRequest, fresh: dict[str, Any]) -> dict[str, Any]:
    """The form's values: as sent, else as proposed."""
    post = request.method == "POST"
    sent = request.POST.dict() if post else fresh
    below = Management.objects.filter(valid_on(clock.today()), manager=unit)
    units = below.order_by("organisation__name").values_list("organisation__code", "organisation__name")
    levels = unit.levels if unit.is_school else [level.value for level in Level]
    return {
        "unit": unit,
        "sent": {name.replace("-", "_"): value for name, value in sent.items()},
        "chosen_levels": request.POST.getlist("cap") if post else fresh.get("cap", []),
        "chosen_units": request.POST.getlist("don-vi") if post else fresh.get("don-vi", []),
        "levels": [(level, Level(level).label) for level in levels] if len(levels) > 1 else [],
        "units": list(units) if not unit.is_school else [],
    }


def _terms(request: HttpRequest) -> Terms:
    sent = request.POST
    target = sent.get("muc-tieu", "100").strip()
    return Terms(
        title=sent.get("ten", ""),
        starts_on=_day(sent.get("bat-dau", "")),
        deadline=_day(sent.get("han", "")),
        pupils="hoc-sinh" in sent,
        staff="can-bo" in sent,
        levels=[level[:12] for level in sent.getlist("cap")],
        units=[code[:20] for code in sent.getlist("don-vi")],
        target=int(target) if target.isdecimal() and len(target) < 4 else 0,
        note=sent.get("ghi-chu", ""),
        reminds="nhac" in sent,
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise DomainError("form_day", text=text[:20]) from None


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: HttpRequest, campaign_id: int, area: str) -> HttpResponse:
    """One campaign: how far each school is, every change of it, the report once it is closed."""
    unit = _unit(request, area)
    campaign = _campaign(request, campaign_id)
    may_set = allowed(actor_of(request), "identity.campaign", campaign.owner)
    error = at = ""
    if request.method == "POST":
        policy(request, "identity.campaign", campaign.owner)
        try:
            _do(request, campaign)
        except DomainError as refusal:
            error, at = words(refusal), f"{request.POST.get('viec', '')}-{_AT.get(refusal.code, 'ly-do')}"
        else:
            return redirect(_address(area), campaign.pk)
    context = _shown(request, unit, campaign) | {
        "area": area,
        "home": _home(area),
        "may_change": may_set and campaign.state == CampaignState.OPEN,
        "may_remind": campaign.owner_id == unit.pk
        and campaign.state == CampaignState.OPEN
        and allowed(actor_of(request), "identity.remind", unit),
        "error": error,
        "at": at,
        "title": _("Chưa thay đổi gì"),
    }
    return render(request, "web/watching/campaign.html", context, status=422 if error else 200)


def _campaign(request: HttpRequest, campaign_id: int) -> Campaign:
    """The campaign, when the actor may see it.

    :raises NotFound: ``no_such_campaign``, also for one that the actor may not know of.
    """
    found = None
    if campaign_id < 2**63:
        found = Campaign.objects.select_related("owner").filter(pk=campaign_id).first()
    if found is None or not allowed(actor_of(request), "identity.view_campaign", found):
        raise NotFound("no_such_campaign")
    return found


def _shown(request: HttpRequest, unit: Organisation, campaign: Campaign) -> dict[str, Any]:
    rows = report_rows(campaign)
    if campaign.owner_id != unit.pk and unit.kind in (Kind.SCHOOL, Kind.COMMUNE):
        from hocbaso.apps.oversight.schools import schools_under

        below = set(schools_under(unit).values_list("pk", flat=True))
        rows = [row for row in rows if row.id in below]
    chosen = request.GET.get("loc", "")
    total = summary(rows)
    shown = [row for row in rows if not chosen or row.state == chosen]
    counts = {state: sum(row.state == state for row in rows) for state in STATES}
    reminded = Reminder.objects.filter(campaign=campaign, sender=unit).count()
    fresh = {
        "ten": campaign.title,
        "bat-dau": campaign.starts_on.isoformat(),
        "han": campaign.deadline.isoformat(),
        "muc-tieu": str(campaign.target),
        "ghi-chu": campaign.note,
        "cap": campaign.levels,
        "don-vi": campaign.units,
        **({"hoc-sinh": "1"} if campaign.pupils else {}),
        **({"can-bo": "1"} if campaign.staff else {}),
        **({"nhac": "1"} if campaign.reminds else {}),
    }
    acts = list(campaign.acts.all())
    names = dict(
        User.objects.filter(username__in={act.by for act in acts}).values_list("username", "full_name")
    )
    return _form(campaign.owner, request, fresh) | {
        "campaign": campaign,
        "whom": whom(campaign),
        "left": days_left(campaign),
        "begun": campaign.starts_on <= clock.today(),
        "rows": [
            {"s": row, "words": STATES[row.state], "status": _STATUS[row.state]} for row in shown[:MAX_ROWS]
        ],
        "n": len(shown),
        "total": total,
        "reached": total.done + total.done_late,
        "chosen": chosen if chosen in STATES else "",
        "filters": [(state, label, counts[state]) for state, label in STATES.items() if counts[state]],
        "behind": [row.id for row in rows if row.state in ("behind", "late")],
        "reminded": reminded,
        "acts": [{"act": act, "label": Act(act.act).label, "by": names.get(act.by, act.by)} for act in acts],
        "now": clock.now(),
        "closed": campaign.state == CampaignState.CLOSED,
    }


def _do(request: HttpRequest, campaign: Campaign) -> None:
    actor, sent = actor_of(request), request.POST
    reason, what = sent.get("ly-do", ""), sent.get("viec", "")
    if what == "doi":
        change_campaign(actor, campaign, _terms(request), reason)
        messages.success(request, _("Đã thay đổi đợt xác thực."))
    elif what == "ket-thuc":
        close_campaign(actor, campaign, reason)
        messages.success(request, _("Đã kết thúc đợt và chốt số liệu báo cáo."))
    elif what == "huy":
        cancel_campaign(actor, campaign, reason)
        messages.success(request, _("Đã hủy đợt xác thực."))
    else:
        raise NotFound("no_such_campaign")


@require_actor
@require_safe
def export(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """The report as Excel or PDF, for the owner and those above; every export is on record."""
    campaign = _campaign(request, campaign_id)
    policy(request, "identity.watch", campaign.owner)
    made = export_report(actor_of(request), campaign, request.GET.get("dang", "xlsx"))
    response = HttpResponse(made.content, content_type=made.media_type)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(made.name)}"
    return response
