"""A case ends by itself when its pupil is verified."""

from __future__ import annotations

from collections.abc import Sequence

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.identity.escalation.models import Act, Case
from hocbaso.apps.identity.escalation.states import OPEN
from hocbaso.apps.identity.escalation.use_cases.write import act_on
from hocbaso.apps.identity.states import Person
from hocbaso.apps.pupils.models import Pupil


def close_verified(actor: Actor, people: Sequence[Person]) -> None:
    """Close the open cases of these people, inside the transaction that verified them. One query for most."""
    ids = [person.pk for person in people if isinstance(person, Pupil)]
    if not ids:
        return
    rows = Case.objects.select_for_update(of=("self",)).select_related("school", "holder")
    for case in rows.filter(pupil__in=ids, state__in=OPEN):
        act_on(actor, case, Act.CLOSED)
