"""What the worker does once a night: a record over what was issued, and renewals that are due."""

from __future__ import annotations

from datetime import datetime, timedelta

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.common import clock
from hocbaso.apps.preservation.evidence_records.models import Round
from hocbaso.apps.preservation.evidence_records.use_cases.build import build
from hocbaso.apps.preservation.evidence_records.use_cases.renew import renew
from hocbaso.engines.trust.longterm.policy import long_term_policy

#: Hours of the night in Viet Nam.
NIGHT = range(1, 5)
_SAME_NIGHT = timedelta(hours=20)
_AGAIN = timedelta(hours=1)


def work(actor: Actor) -> Round | None:
    """One night's work; ``None``: it is day, or the night's work is done.

    A sheet without validation data is waited for as long as the policy waits for newer ones, so that what
    proves it is preserved with it.
    """
    now = clock.now()
    if now.astimezone(clock.VIETNAM).hour not in NIGHT or not _is_due(now):
        return None
    night = Round.objects.create(begun_at=now)
    patience = timedelta(days=long_term_policy(now.date()).patience_days)
    built = build(actor, settled_by=now - patience)
    renewed = renew(actor)
    problems = [built.problem, *(one.problem for one in renewed)]
    night.problem = next((problem.code for problem in problems if problem is not None), "")
    night.built = built.added
    night.renewed = sum(1 for one in renewed if one.problem is None)
    night.finished_at = clock.now()
    night.save()
    return night


def _is_due(now: datetime) -> bool:
    last = Round.objects.order_by("-pk").first()
    if last is None or not now - _SAME_NIGHT <= last.begun_at <= now:
        return True  # also a night that lies in the future: the clock was wrong then
    went_wrong = last.finished_at is None or last.problem == "timestamp_unavailable"
    return went_wrong and last.begun_at < now - _AGAIN
