"""What only the sandbox shows: its accounts at the door, the present code of the second factor, and the text
that the trial signing service has sent to somebody's phone.

Nothing here answers unless the node says both that it is a sandbox (``HOCBASO_ENVIRONMENT=thu_nghiem``) and
that it is a demo (``HOCBASO_DEMO=1``, set by ``hocbaso demo``).
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from itertools import groupby
from typing import Any

from django.conf import settings

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Role, User
from hocbaso.apps.accounts.use_cases.second_factor import NextCode, next_code
from hocbaso.apps.signing.elsewhere.models import KeyPlace, Place
from hocbaso.apps.signing.ports import key_provider


def enabled() -> bool:
    """Both switches are on; a genuine node can never be a demo."""
    return bool(settings.HOCBASO_DEMO) and settings.HOCBASO_ENVIRONMENT == "thu_nghiem"


def code_of(user: object) -> NextCode | None:
    """The code that the user's authenticator would show; None outside the demo and without an enrolment."""
    return next_code(user) if enabled() and isinstance(user, User) else None


@dataclass(frozen=True, slots=True)
class Phone:
    """A text of the trial signing service, as a phone would show it, and the PIN of all its keys."""

    code: str  # empty: no text has come
    list_digest: str  # its first eight groups
    pin: str


def phone_of(actor: Actor | None) -> Phone | None:
    """The phone of whoever signs with a key at the demo's remote service; None everywhere else. One query."""
    keys: Any = key_provider() if enabled() and actor is not None else None
    if actor is None or not hasattr(keys, "phone"):
        return None
    seal = actor.assignment.organisation if actor.role == Role.SEAL_KEEPER and actor.assignment else None
    rows = KeyPlace.objects.filter(user=None if seal else actor.user, seal=seal).order_by("-pk")
    place = rows.first()
    if place is None or place.place != Place.REMOTE:
        return None
    text = keys.phone(place.credential)
    if text is None:
        return Phone("", "", keys.trial_pin)
    return Phone(text.code, grouped(text.list_digest), keys.trial_pin)


def grouped(digest: str) -> str:
    """The first eight groups of a list's digest: ``9F2A 11BC …``, as a phone may show them."""
    return " ".join(digest[start : start + 4].upper() for start in range(0, 32, 4))


@dataclass(frozen=True, slots=True)
class Door:
    """The accounts of the demo, school by school, and the password they share."""

    password: str
    schools: list[tuple[str, list[Any]]]


def door() -> Door | None:
    """What the sign-in page lists; None outside the demo."""
    if not enabled():
        return None
    # By name: the sandbox is the outside world, nothing of the house imports it.
    seeding = import_module("hocbaso.sandbox.demo.seed")
    accounts = seeding.demo_accounts()
    schools = [(school, list(rows)) for school, rows in groupby(accounts, key=lambda a: a.school)]
    return Door(seeding.PASSWORD, schools) if schools else None
