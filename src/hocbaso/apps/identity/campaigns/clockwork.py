"""What the clock asks of campaigns: who has reached the target today, whom the rule reminds.

Every step leaves a row that keeps it from happening twice, in the transaction that does it; the worker may
die at any line and several may run.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.db import IntegrityError, transaction

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.common import clock
from hocbaso.apps.identity.campaigns.models import Campaign, Reached, RuleRun
from hocbaso.apps.identity.campaigns.reminders import finish_done, send_reminders
from hocbaso.apps.identity.campaigns.scope import Standing, days_left, running, standings
from hocbaso.apps.identity.watching.recount import recount

#: Days before the deadline on which the rule reminds.
BEFORE = (7, 3, 1)
#: Late: on the first day after the deadline, then once a week.
EVERY = 7


def step_of(campaign: Campaign, today: date) -> str:
    """The step of the rule that holds on ``today``: "7", "3", "1", "+1", "+8", …; "" for none.

    A step holds from its day until the next one's, so that a node that was off on that day catches up; steps
    whose day lies before the campaign's start are left out.
    """
    left = days_left(campaign, today)
    if left < 0:
        return f"+{(-left - 1) // EVERY * EVERY + 1}"
    due = [step for step in BEFORE if left <= step]
    if not due or campaign.deadline - timedelta(days=min(due)) < campaign.starts_on:
        return ""
    return str(min(due))


@dataclass(slots=True)
class Done:
    """What one round did."""

    reached: int = 0
    finished: int = 0  # reminders whose work is done
    reminded: int = 0
    campaigns: list[int] = field(default_factory=list)  # whose rule ran


def note_reached(campaigns: Iterable[Campaign]) -> int:
    """Write down which schools are at the target; returns how many are new. A few queries a campaign."""
    today, new = clock.today(), 0
    for campaign in campaigns:
        rows = [row for row in standings(campaign) if row.at_target and row.reached_on is None]
        Reached.objects.bulk_create(
            [Reached(campaign=campaign, school_id=row.id, day=today) for row in rows],
            batch_size=500,
            ignore_conflicts=True,
        )
        new += len(rows)
    return new


def work(actor: Actor, *, counted: bool = True) -> Done:
    """The worker's part: note who is there, remind by the rules that are due. One query where none runs.

    :param counted: figures were made in this round, so somebody may have reached the target.
    """
    done = Done()
    campaigns = running()
    if counted:
        done.reached = note_reached(campaigns)
        done.finished = finish_done()
    if not campaigns:
        return done
    today = clock.today()
    ran = set(RuleRun.objects.filter(campaign__in=campaigns).values_list("campaign_id", "step"))
    for campaign in campaigns:
        # A school's own campaign stands on its home anyhow: nobody reminds himself.
        rule = campaign.reminds and not campaign.owner.is_school
        step = step_of(campaign, today) if rule else ""
        if step and (campaign.pk, step) not in ran:
            done.reminded += _run_rule(actor, campaign, step)
            done.campaigns.append(campaign.pk)
    return done


def _behind(campaign: Campaign) -> list[Standing]:
    return [row for row in standings(campaign) if row.tally.total and not row.at_target]


def _run_rule(actor: Actor, campaign: Campaign, step: str) -> int:
    """Remind everybody who is behind, after counting these once more. Returns how many were reminded."""
    recount([row.id for row in _behind(campaign)])
    note_reached([campaign])
    try:
        with transaction.atomic():
            run = RuleRun.objects.create(campaign=campaign, step=step, day=clock.today(), sent=0)
            sent = send_reminders(
                actor, campaign.owner, [row.id for row in _behind(campaign)], campaign=campaign, step=step
            )
            run.sent = len(sent.sent)
            run.save(update_fields=["sent"])
    except IntegrityError:  # another worker was faster
        return 0
    return len(sent.sent)
