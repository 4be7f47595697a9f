"""What the worker does in a round: a bounded piece, so that other clockwork is not kept waiting."""

from __future__ import annotations

from datetime import datetime, timedelta

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.common import clock
from hocbaso.apps.preservation.use_cases.extend import extend
from hocbaso.apps.preservation.use_cases.renew import renew

#: Sheets of one round; a round is every 20 seconds.
ROUND = 200
#: Ends are days away: which stamps are due is looked up once an hour, unless there is work to go on with.
_EVERY = timedelta(hours=1)
_next_look: datetime | None = None


def work(actor: Actor | None = None) -> int:
    """Extend and renew what is due. Sheets that failed a short while ago rest.

    :returns: how many sheets got something.
    """
    global _next_look
    actor = actor or Actor.system()
    done = extend(actor, limit=ROUND, patient=True).done
    now = clock.now()
    if _next_look is None or now >= _next_look or _next_look > now + _EVERY:
        renewed = renew(actor, limit=ROUND, patient=True)
        _next_look = now if renewed.more and not renewed.stopped else now + _EVERY
        done += renewed.done
    return done
