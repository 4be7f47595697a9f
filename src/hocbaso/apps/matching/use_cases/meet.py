"""Two files met at a door (the same number): their pair is opened for people to look at."""

from __future__ import annotations

from django.db import transaction

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.matching.aliases import survivor_of
from hocbaso.apps.matching.compare import compared
from hocbaso.apps.matching.models import Pair, PairKind, PairState
from hocbaso.apps.pupils.models import Pupil


@transaction.atomic
def meet(actor: Actor, one: Pupil, other: Pupil, *, organisation: str) -> Pair:
    """Open the pair of two files that claim the same number (a door refused the second one).

    Whatever was judged before: that both claim one number is news. A pair that waits for a decision or was
    merged stays as it is.
    """
    first, second = sorted((one, other), key=lambda pupil: pupil.pk)
    settled = (PairState.PROPOSED, PairState.MERGED)
    known = Pair.objects.select_for_update(of=("self",)).filter(first=first, second=second)
    standing = known.filter(state__in=settled).first()
    if standing is not None:
        return standing
    result = compared(first, second)
    pair, _made = Pair.objects.update_or_create(
        first=first,
        second=second,
        defaults={
            "kind": PairKind.NUMBER,
            "state": PairState.OPEN,
            "score": 100,
            "explanation": result.explanation,
            "digest": result.digest,
            "found_at": clock.now(),
            "judged_at": None,
            "judged_by": "",
            "reason": "",
            "said_different": [],
        },
    )
    codes = [first.code, second.code]
    chain.record(actor, "matching.same_number", f"pair:{pair.pk}", organisation=organisation, people=codes)
    return pair


def meet_holder(actor: Actor, pupil: Pupil, number: str, *, organisation: str = "") -> Pair | None:
    """A door refused ``number`` for the pupil because another file holds it: open the pair of both.

    :param organisation: code of the school where it happened; the actor's when empty.

    Called after the door's own transaction was taken back. A file that was merged is no other file.
    """
    digits = "".join(number.split())
    holder = Pupil.objects.filter(personal_number=digits).exclude(pk=pupil.pk).first() if digits else None
    if holder is None or survivor_of(holder) == survivor_of(pupil):
        return None
    return meet(actor, pupil, holder, organisation=organisation or actor.organisation_code)
