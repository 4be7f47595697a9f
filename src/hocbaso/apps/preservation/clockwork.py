"""What the worker does in a round: a bounded piece, so that other clockwork is not kept waiting."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.common import clock
from hocbaso.apps.preservation.use_cases.extend import extend
from hocbaso.apps.preservation.use_cases.renew import renew

#: Sheets of one round; a round is every 20 seconds.
ROUND = 200
#: Ends are days away: which stamps are due is looked up once an hour, unless there is work to go on with.
_EVERY = timedelta(hours=1)


@dataclass(slots=True)
class _Looked:
    """What this process remembers; without it a round looks through everything, and nothing else changes."""

    renewals: datetime | None = None  # when to look again
    whole: datetime | None = None  # when all sheets were looked through for such without validation data


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
    """The work list in each round, everything once an hour: of a million sheets only a look at all of them
    finds one that is not on the list, and a look every 20 seconds would be the worker's main work."""
    whole = _looked.whole is None or not timedelta() <= now - _looked.whole < _EVERY
    done = extend(actor, limit=ROUND, patient=True, fresh=not whole)
    if whole and not done.more:
        _looked.whole = now
    return done.done
