"""The one hook of every door that changes a file: a verified field that changes asks for a new check."""

from __future__ import annotations

from collections.abc import Collection

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.identity.states import Person, after_change, move


def note_change(
    actor: Actor, person: Person, changed: Collection[str], *, organisation: str = "", door: str = ""
) -> None:
    """Set the identity state that follows from a change of the person's file.

    Called by the use case that changed and saved the fields, inside its transaction. A door that writes many
    files at once asks :func:`~hocbaso.apps.identity.states.after_change` and tells what moved.

    :param changed: names of the fields of the file whose value is another now.
    :param organisation: code of the school whose doing it is.
    :param door: what changed the file, for the audit event, e.g. "residence".
    """
    to = after_change(person.identity_state, changed, person.personal_number)
    if to != person.identity_state:
        move(actor, person, to, organisation=organisation, changed=sorted(changed), door=door)
