"""What the worker does in a round: a bounded piece, so that other clockwork is not kept waiting."""

from __future__ import annotations

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.preservation.use_cases.extend import extend
from hocbaso.apps.preservation.use_cases.renew import renew

#: Sheets of one round; a round is every 20 seconds.
ROUND = 200


def work(actor: Actor | None = None) -> int:
    """Extend and renew what is due. Sheets that failed a short while ago rest.

    :returns: how many sheets got something.
    """
    actor = actor or Actor.system()
    extended = extend(actor, limit=ROUND, patient=True)
    renewed = renew(actor, limit=ROUND, patient=True)
    return extended.done + renewed.done
