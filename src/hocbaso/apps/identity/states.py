"""The states of an identity and what may follow what (domain 2.4): one table, one function.

                      number given                 send
    no_number ──────────────────▶ not_sent ──────────────▶ sent ──▶ verified
        │ (search)                    ▲                     ▲ │        │ a verified field changes
        ▼                             │ number              │ │        ▼
    multiple, not_found ──────────────┘                     │ └──▶ mismatch, not_found, multiple, error
                                                            │                     │ a field changes
                                                            └── reverify ◀────────┘ (also from sent)

Taking the number away leads to ``no_number`` from everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import StaffMember
from hocbaso.apps.audit import chain
from hocbaso.apps.pupils.models import IdentityState, Pupil
from hocbaso.core.errors import DomainError, register

register(
    {
        "identity_state": (
            "{name} đang ở trạng thái “{before}” nên không chuyển sang “{after}” được.",
            "{name}: the identity state cannot go from {before} to {after}.",
        ),
        "identity_moved": (
            "Trạng thái xác thực của {count} người vừa được người khác thay đổi. Thầy cô mở lại danh "
            "sách rồi làm lại.",
            "The identity state of {count} persons changed meanwhile.",
        ),
    }
)

Person = Pupil | StaffMember
S = IdentityState

_ANSWERS = frozenset({S.VERIFIED, S.MISMATCH, S.NOT_FOUND, S.MULTIPLE, S.ERROR})
_AGAIN = frozenset({S.SENT, S.REVERIFY, S.NO_NUMBER})

TRANSITIONS: dict[IdentityState, frozenset[IdentityState]] = {
    S.NO_NUMBER: frozenset({S.NOT_SENT, S.MULTIPLE, S.NOT_FOUND}),
    S.NOT_SENT: frozenset({S.SENT, S.NO_NUMBER}),
    S.SENT: _ANSWERS | {S.REVERIFY, S.NO_NUMBER},
    S.VERIFIED: frozenset({S.REVERIFY, S.NO_NUMBER}),
    S.MISMATCH: _AGAIN,
    S.NOT_FOUND: _AGAIN | {S.MULTIPLE, S.NOT_SENT},
    S.MULTIPLE: _AGAIN | {S.NOT_FOUND, S.NOT_SENT},
    S.ERROR: _AGAIN,
    S.REVERIFY: frozenset({S.SENT, S.NO_NUMBER}),
}

#: What "send" takes without being told names: nobody is asked about twice with the same values.
DUE = (S.NOT_SENT, S.REVERIFY, S.ERROR)
#: What "send again" takes as well: the register may have been corrected meanwhile.
FAILED = (S.MISMATCH, S.NOT_FOUND, S.MULTIPLE)

#: The fields that are verified, as the pupil's file calls them.
VERIFIED_FIELDS = frozenset(
    {
        "full_name",
        "birth_date",
        "sex",
        "personal_number",
        "province",
        "province_code",
        "commune",
        "commune_code",
    }
)


def first_state(personal_number: str) -> IdentityState:
    """The state of a file that is new."""
    return S.NOT_SENT if personal_number else S.NO_NUMBER


def after_change(state: str, changed: Collection[str], personal_number: str) -> IdentityState:
    """The state of a file whose fields ``changed``; asked by every door that changes a file.

    :param changed: names of fields whose value is another now.
    :param personal_number: the number after the change, "" for none.
    """
    old = IdentityState(state)
    if not VERIFIED_FIELDS & set(changed):
        return old
    if not personal_number:
        # A search without number that failed stays failed until a number comes or somebody searches again.
        return old if old in (S.NOT_FOUND, S.MULTIPLE) and "personal_number" not in changed else S.NO_NUMBER
    return S.NOT_SENT if old in (S.NO_NUMBER, S.NOT_SENT) else S.REVERIFY


#: Who wants to know of people that became verified: called with them, in the same transaction.
Heard = Callable[[Actor, Sequence[Person]], None]
_heard_verified: list[Heard] = []


def when_verified(heard: Heard) -> None:
    """Have ``heard`` called with the people (all pupils or all staff) that have just become verified."""
    if heard not in _heard_verified:
        _heard_verified.append(heard)


def code_of(person: Person) -> str:
    """Pupil code, or staff code."""
    return person.code


def move(actor: Actor, person: Person, to: IdentityState, *, organisation: str = "", **details: Any) -> None:
    """Set the state of one person and write it down.

    :raises DomainError: ``identity_state`` no such way; ``identity_moved`` somebody was faster.
    """
    move_many(actor, [person], to, organisation=organisation, **details)


def move_many(
    actor: Actor, people: Iterable[Person], to: IdentityState, *, organisation: str = "", **details: Any
) -> None:
    """Set the state of several persons (all pupils or all staff) with one audit event that names them.

    Runs inside the caller's transaction; the rows given hold the state they are thought to have.

    :raises DomainError: ``identity_state``, ``identity_moved``; nothing may be kept then.
    """
    rows = [person for person in people if person.identity_state != to]
    if not rows:
        return
    came: dict[str, list[str]] = {}
    by_state: dict[str, list[int]] = {}
    for person in rows:
        old = IdentityState(person.identity_state)
        if to not in TRANSITIONS[old]:
            raise DomainError(
                "identity_state", name=person.full_name, before=old.label.lower(), after=to.label.lower()
            )
        came.setdefault(old, []).append(code_of(person))
        by_state.setdefault(old, []).append(person.pk)
    model = type(rows[0])
    moved = sum(
        model._default_manager.filter(pk__in=ids, identity_state=old).update(identity_state=to)
        for old, ids in by_state.items()
    )
    if moved != len(rows):
        raise DomainError("identity_moved", count=len(rows) - moved)
    for person in rows:
        person.identity_state = to
    tell(actor, to, came, organisation=organisation, **details)
    if to == S.VERIFIED:
        for heard in _heard_verified:
            heard(actor, rows)


def tell(
    actor: Actor, to: IdentityState, came: dict[str, list[str]], *, organisation: str = "", **details: Any
) -> None:
    """The audit event of a change of states; ``came``: former state → codes of the people.

    Only for a door that writes the state together with the fields (the import); others use :func:`move`.
    """
    codes = [code for group in came.values() for code in group]
    one = codes[0] if len(codes) == 1 else ""
    chain.record(actor, f"identity.{to}", one, organisation=organisation, people=came, **details)
