"""Put the signed minutes to a case. When they were all that lacked, the cells open."""

from __future__ import annotations

import hashlib

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.audit.chain import record
from hocbaso.apps.common import clock
from hocbaso.apps.periods.minutes_file import media_type
from hocbaso.apps.periods.models import CaseMinutes, CaseState, MinutesFile, UnlockCase
from hocbaso.apps.periods.use_cases.decide_unlock_case import take_effect
from hocbaso.core.errors import DomainError, register

register(
    {
        "minutes_state": (
            "Yêu cầu {number} đang ở bước “{state}”; biên bản đã ký nộp sau khi được cho phép.",
            "Case {number} takes signed minutes once it is granted.",
        ),
    }
)

_TAKES = (CaseState.GRANTED, CaseState.IN_FORCE, CaseState.CLOSED)


def attach_minutes(actor: Actor, *, case: UnlockCase, name: str, content: bytes) -> CaseMinutes:
    """Keep the signed minutes (PDF, JPEG or PNG, at most 10 MB), found again by their SHA-256.

    :raises NotAllowed: neither who asked nor a leader or the clerk of the school.
    :raises DomainError: ``minutes_*``.
    """
    require(actor, "periods.attach_minutes", case)
    kind = media_type(content)  # outside the transaction: decoding takes long
    digest = hashlib.sha256(content).hexdigest()
    with transaction.atomic():
        rows = UnlockCase.objects.select_for_update(of=("self",)).select_related("school", "school_class")
        row = rows.get(pk=case.pk)
        if row.state not in _TAKES:
            raise DomainError("minutes_state", number=row.number, state=CaseState(row.state).label)
        now = clock.now()
        file, _created = MinutesFile.objects.get_or_create(
            digest=digest, defaults={"media_type": kind, "content": content, "created_at": now}
        )
        added = CaseMinutes.objects.create(case=row, file=file, name=_plain(name), by=actor.label, at=now)
        record(
            actor,
            "unlock.minutes",
            f"case:{row.number}",
            organisation=row.school.code,
            digest=digest,
            kind=kind,
        )
        take_effect(actor, row)
    return added


def _plain(name: str) -> str:
    """A file's name as a list may show it: no path, nothing unprintable."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(c for c in last if c.isprintable())[-120:] or "bien-ban"
