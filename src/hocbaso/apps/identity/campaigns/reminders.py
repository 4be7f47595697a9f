"""Remind schools that lag, by choice or by a campaign's rule; the school says that it has seen it.

There is no post, e-mail or text message here: a reminder stands on the school's "Việc hôm nay" until somebody
takes note of it or nothing is left to do, and prints as a letter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.identity.campaigns.models import Campaign, CampaignState, Reminder
from hocbaso.apps.identity.campaigns.scope import at_target
from hocbaso.apps.identity.watching.models import NUMBERS, Figure, Who
from hocbaso.apps.identity.watching.tally import Tally
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.oversight.schools import schools_under
from hocbaso.core.errors import DomainError, register
from hocbaso.core.vietnamese.letters import nfc

register(
    {
        "reminder_nobody": (
            "Thầy cô chọn ít nhất một trường để nhắc.",
            "Choose at least one school to remind.",
        ),
        "reminder_elsewhere": (
            "Có {count} trường không thuộc phạm vi quản lý của thầy cô.",
            "{count} schools are outside the unit's reach.",
        ),
        "reminder_seen": (
            "Lời nhắc này đã được xác nhận.",
            "The reminder has been acknowledged already.",
        ),
    }
)


@dataclass(slots=True)
class Sent:
    """What became of the schools that were to be reminded."""

    sent: list[Reminder] = field(default_factory=list)
    already: int = 0  # reminded today by somebody
    complete: int = 0  # nothing is left to do there


@transaction.atomic
def send_reminders(
    actor: Actor,
    unit: Organisation,
    schools: Iterable[int],
    *,
    campaign: Campaign | None = None,
    step: str = "",
    message: str = "",
) -> Sent:
    """Remind these schools in the name of ``unit``: each at most once a day, whoever reminds.

    :param schools: ids; a campaign's owner that is a school reminds nobody but shows it on its own home.
    :param campaign: what it is about; otherwise the school's pupils and staff who are not verified.
    :raises NotAllowed: policy ``identity.remind``
    :raises DomainError: ``reminder_nobody``, ``reminder_elsewhere``
    """
    require(actor, "identity.remind", unit)
    wanted = set(schools)
    if not wanted and not step:
        raise DomainError("reminder_nobody")
    below = {
        school.pk: school
        for school in schools_under(unit).filter(pk__in=wanted).only("pk", "code", "name", "kind")
    }
    if len(below) < len(wanted):
        raise DomainError("reminder_elsewhere", count=len(wanted) - len(below))
    done = Sent()
    today, now = clock.today(), clock.now()
    told = set(Reminder.objects.filter(school__in=wanted, day=today).values_list("school_id", flat=True))
    facts = _facts(below, campaign)
    rows = []
    for pk in sorted(below, key=lambda pk: below[pk].code):
        if pk in told:
            done.already += 1
        elif not facts.get(pk):
            done.complete += 1
        else:
            rows.append(
                Reminder(
                    school=below[pk],
                    day=today,
                    sender=unit,
                    campaign=campaign,
                    step=step,
                    message=nfc(message).strip()[:500],
                    facts=facts[pk],
                    sent_at=now,
                    by=actor.label,
                )
            )
    # Two who press the button together: the second one's row finds the day taken and is left out.
    Reminder.objects.bulk_create(rows, batch_size=500, ignore_conflicts=True)
    mine = Reminder.objects.filter(school__in=[row.school_id for row in rows], day=today, sender=unit)
    done.sent = list(mine.filter(sent_at=now).select_related("school"))
    done.already += len(rows) - len(done.sent)
    if done.sent:
        chain.record(
            actor,
            "identity.remind",
            f"campaign:{campaign.pk}" if campaign else "",
            organisation=unit.code,
            schools=[row.school.code for row in done.sent],
            step=step,
        )
    return done


def _facts(schools: Iterable[int], campaign: Campaign | None) -> dict[int, dict[str, Any]]:
    """School → what it lacks, as the figures are; schools that lack nothing are not in it. One query."""
    rows = Figure.objects.filter(school__in=list(schools))
    tallies: dict[tuple[int, str], Tally] = {}
    for pk, who, level, *numbers in rows.values_list("school_id", "who", "level", *NUMBERS):
        if not _asked(campaign, who, level):
            continue
        tally = Tally()
        tally.numbers.update(dict(zip(NUMBERS, numbers, strict=True)))
        tallies.setdefault((pk, who), Tally()).add(tally)
    target = campaign.target if campaign else 100
    whole: dict[int, Tally] = {}
    for (pk, _who), tally in tallies.items():
        whole.setdefault(pk, Tally()).add(tally)
    return {
        pk: {who.value: tallies[pk, who].kept() for who in Who if (pk, who) in tallies}
        for pk, tally in whole.items()
        if tally.total and not at_target(target, tally)
    }


def _asked(campaign: Campaign | None, who: str, level: str) -> bool:
    """Whether the campaign is for these people; without one everybody is."""
    if campaign is None:
        return True
    if who == Who.STAFF:
        return campaign.staff
    return campaign.pupils and (not campaign.levels or not level or level in campaign.levels)


@transaction.atomic
def acknowledge(actor: Actor, reminder: Reminder) -> Reminder:
    """The school has seen it.

    :raises NotAllowed: policy ``identity.acknowledge``
    :raises DomainError: ``reminder_seen``
    """
    require(actor, "identity.acknowledge", reminder.school)
    seen = Reminder.objects.filter(pk=reminder.pk, acknowledged_at__isnull=True)
    if not seen.update(acknowledged_at=clock.now(), acknowledged_by=actor.label):
        raise DomainError("reminder_seen")
    chain.record(actor, "identity.acknowledge", f"reminder:{reminder.pk}", organisation=reminder.school.code)
    reminder.refresh_from_db()
    return reminder


def waiting_for(school: Organisation) -> list[Reminder]:
    """Reminders that stand on the school's home, newest first. One query."""
    rows = Reminder.objects.filter(school=school, acknowledged_at__isnull=True, done_at__isnull=True)
    return list(rows.select_related("sender", "campaign"))


def finish_done() -> int:
    """Take reminders from the homes of schools that lack nothing any more, and those of campaigns that are
    over; returns how many. Two queries, one more a campaign.
    """
    rows = Reminder.objects.filter(acknowledged_at__isnull=True, done_at__isnull=True)
    by_campaign: dict[Campaign | None, list[Reminder]] = defaultdict(list)
    for row in rows.select_related("campaign"):
        by_campaign[row.campaign].append(row)
    done: list[int] = []
    for campaign, reminders in by_campaign.items():
        over = campaign is not None and campaign.state != CampaignState.OPEN
        lacking = {} if over else _facts({row.school_id for row in reminders}, campaign)
        done += [row.pk for row in reminders if row.school_id not in lacking]
    if not done:
        return 0
    return Reminder.objects.filter(pk__in=done, done_at__isnull=True).update(done_at=clock.now())
