"""What only the sandbox shows: its accounts at the door and the present code of the second factor.

Nothing here answers unless the node says both that it is a sandbox (``HOCBASO_ENVIRONMENT=thu_nghiem``) and
that it is a demo (``HOCBASO_DEMO=1``, set by ``hocbaso demo``).
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from itertools import groupby
from typing import Any

from django.conf import settings

from hocbaso.apps.accounts.models import User
from hocbaso.apps.accounts.use_cases.second_factor import NextCode, next_code


def enabled() -> bool:
    """Both switches are on; a genuine node can never be a demo."""
    return bool(settings.HOCBASO_DEMO) and settings.HOCBASO_ENVIRONMENT == "thu_nghiem"


def code_of(user: object) -> NextCode | None:
    """The code that the user's authenticator would show; None outside the demo and without an enrolment."""
    return next_code(user) if enabled() and isinstance(user, User) else None


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
