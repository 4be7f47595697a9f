"""What campaigns of verification and reminders ask of a school, for its home."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from hocbaso.apps.accounts.door import Actor, allowed
from hocbaso.apps.accounts.models import Assignment
from hocbaso.apps.common import clock
from hocbaso.apps.identity.campaigns.models import Campaign, Reminder
from hocbaso.apps.identity.campaigns.reminders import waiting_for
from hocbaso.apps.identity.campaigns.scope import (
    days_left,
    own_tallies,
    running_for,
    short_of,
    standings,
    summary,
)
from hocbaso.apps.identity.watching.tally import Tally
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.oversight.schools import schools_under
from hocbaso.interfaces.web.task import Task
from hocbaso.interfaces.web.templatetags.hbs import date_vi, number

#: Campaigns that a managing unit sees on its home; the others stand on their page.
_SHOWN = 3


def identity(actor: Actor, post: Assignment) -> list[Task]:
    """Reminders nobody has taken note of, and campaigns whose target the school has not reached.

    Two queries; three where a campaign runs, and up to four for the units above.
    """
    school = post.organisation
    if not school.is_school or not allowed(actor, "identity.acknowledge", school):
        return []
    tasks = [_reminder(row) for row in waiting_for(school)]
    campaigns = running_for(school)
    if campaigns:
        tallies = own_tallies(campaigns, school)
        for campaign in campaigns:
            if task := _campaign(campaign, tallies[campaign.pk]):
                tasks.append(task)
    return tasks


def of_unit(actor: Actor, unit: Organisation) -> list[dict[str, Any]]:
    """Open campaigns that a managing unit is in, with what is left below it. Four queries a campaign."""
    if unit.is_school or not allowed(actor, "identity.watch", unit):
        return []
    below = schools_under(unit).values_list("pk", flat=True)
    rows = []
    for campaign in running_for(unit)[:_SHOWN]:
        total = summary(standings(campaign, below))
        rows.append({"campaign": campaign, "total": total, "left": days_left(campaign)})
    return rows


def _reminder(row: Reminder) -> Task:
    told = sum(numbers["total"] - numbers["verified"] for numbers in row.facts.values())
    text = _("Ngày %(day)s trường còn %(n)s người chưa xác thực danh tính.")
    return Task(
        _("Xem lời nhắc của %(unit)s") % {"unit": row.sender.name},
        text % {"day": date_vi(row.day), "n": number(told)},
        _("Xem lời nhắc"),
        reverse("web:reminder", args=[row.pk]),
        row.sent_at,
    )


def _campaign(campaign: Campaign, tally: Tally | None) -> Task | None:
    """None once the target is reached; before the first count without a number."""
    words = {"title": campaign.title, "unit": campaign.owner.name, "target": campaign.target}
    text = _("%(title)s (%(unit)s), mục tiêu %(target)s%%.") % words
    if tally is None:
        title = _("Xác thực danh tính theo đợt")
    elif not (short := short_of(campaign.target, tally)):
        return None
    else:
        title = _("Xác thực danh tính: còn %(n)s người") % {"n": number(short)}
    return Task(
        title,
        text,
        _("Xem còn ai"),
        reverse("web:school-progress"),
        due=_end_of(campaign.deadline),
        past=_("quá hạn"),
    )


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time(23, 59), clock.VIETNAM)
