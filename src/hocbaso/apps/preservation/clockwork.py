"""What the worker does in a round: a bounded piece, so that other clockwork is not kept waiting."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.common import clock
from hocbaso.apps.preservation.use_cases.extend import extend
from hocbaso.apps.preservation.use_cases.renew import renew
from hocbaso.apps.transcripts.models import Evidence

#: Sheets of one round; a round is every 20 seconds.
ROUND = 200
#: Ends are days away: which stamps are due is looked up once an hour, unless there is work to go on with.
_EVERY = timedelta(hours=1)
#: All sheets are looked through for such as have no validation data so often; in between only the new ones.
_WHOLE = timedelta(minutes=15)


@dataclass(slots=True)
class _Looked:
    """What this process remembers; without it a round looks through everything, and nothing else changes."""

    renewals: datetime | None = None  # when to look again
    whole: datetime | None = None  # when all sheets were looked through
    behind: int = 0  # the newest time stamp at that time or since


_looked = _Looked()


def work(actor: Actor | None = None) -> int:
    """Extend and renew what is due. Sheets that failed a short while ago rest.

    :returns: how many sheets got something.
    """
    actor = actor or Actor.system()
    done, now = _extend(actor, clock.now()), clock.now()
    wait = _looked.renewals
    if wait is None or not now < wait <= now + _EVERY:
        renewed = renew(actor, limit=ROUND, patient=True)
        _looked.renewals = now if renewed.more and not renewed.stopped else now + _EVERY
        done += renewed.done
    return done


def _extend(actor: Actor, now: datetime) -> int:
    """A node with a million sheets does not look through all of them every 20 seconds."""
    newest: int = Evidence.objects.aggregate(newest=Max("pk"))["newest"] or 0
    whole = _looked.whole is None or not timedelta() <= now - _looked.whole < _WHOLE
    whole = whole or newest < _looked.behind
    done = extend(actor, limit=ROUND, patient=True, behind=0 if whole else _looked.behind)
    if not done.more:
        _looked.behind = newest
        _looked.whole = now if whole else _looked.whole
    return done.done
