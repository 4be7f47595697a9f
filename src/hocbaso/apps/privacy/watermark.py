"""Every file with personal data that leaves the system says who took it out, when and under which number.

Two ways: a writer that prints the line itself asks :func:`begin` for a :class:`Mark` and ends with
:func:`finish`; a finished workbook goes through :func:`mark_workbook`, words for a letter through
:func:`mark_text`.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.privacy.models import Export
from hocbaso.engines.workbooks.export_mark import mark_xlsx

#: Crockford's base32: no letter is taken for a digit when the number is read out.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 6  # a thousand million a year: found by chance by nobody


@dataclass(frozen=True, slots=True)
class Mark:
    """What an export says of itself."""

    number: str
    by: str  # name and post
    at: datetime  # in Vietnam

    @property
    def line(self) -> str:
        """``Xuất từ Học bạ số bởi …, lúc 08:05 ngày 20/05/2026, số XD-26-7K3QF2``."""
        return f"Xuất từ Học bạ số bởi {self.by}, lúc {self.at:%H:%M ngày %d/%m/%Y}, số {self.number}"


def begin(actor: Actor) -> Mark:
    """A new number for a file that ``actor`` is about to take out. Nothing is stored yet. No query."""
    at = clock.now().astimezone(clock.VIETNAM)
    code = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    return Mark(f"XD-{at:%y}-{code}", who(actor), at)


def who(actor: Actor) -> str:
    """Name and post in words: ``Lý Gia Hân (nhân viên dữ liệu)``."""
    post = actor.assignment
    if actor.user is None or post is None:
        return "người vận hành hệ thống"
    words = str(Role(post.role).label).lower()
    if post.school_class is not None:
        words += f" lớp {post.school_class.name}"
    return f"{actor.user.full_name} ({words})"


def finish(
    actor: Actor,
    mark: Mark,
    purpose: str,
    *,
    what: str = "",
    content: bytes = b"",
    persons: int | None = None,
    unit: Organisation | None = None,
) -> Export:
    """Keep the export in the register. One INSERT, in the caller's transaction if it has one.

    :param purpose: why, in words. :param what: short name of the list or book. :param persons: how many.
    :param content: the file as handed out; its digest tells later whether a leaked file is this one.
    :param unit: whose people they are, when it is not the actor's own unit.
    """
    post = actor.assignment
    return Export.objects.create(
        number=mark.number,
        at=mark.at,
        user=actor.user,
        actor=actor.label,
        role=actor.role,
        channel=actor.channel,
        organisation=unit or (post.organisation if post is not None else None),
        what=what[:60],
        purpose=purpose[:300],
        persons=persons,
        digest=hashlib.sha256(content).hexdigest() if content else "",
    )


def note_export(
    actor: Actor,
    purpose: str,
    *,
    what: str,
    content: bytes,
    persons: int | None = None,
    unit: Organisation | None = None,
) -> Export:
    """Put a file on record that may not be changed: a signed document carries its own code instead."""
    return finish(actor, begin(actor), purpose, what=what, content=content, persons=persons, unit=unit)


def mark_workbook(
    content: bytes,
    actor: Actor,
    purpose: str,
    *,
    what: str = "",
    persons: int | None = None,
    unit: Organisation | None = None,
) -> bytes:
    """The finished workbook with the line on every printed page and in its properties, and on record.

    A re-import reads the same cells as before.
    """
    mark = begin(actor)
    marked = mark_xlsx(content, line=mark.line, number=mark.number)
    finish(actor, mark, purpose, what=what, content=marked, persons=persons, unit=unit)
    return marked


def mark_text(
    actor: Actor,
    purpose: str = "",
    *,
    what: str = "",
    persons: int | None = None,
    unit: Organisation | None = None,
) -> str:
    """The line for a letter or print that the caller draws, already on record."""
    mark = begin(actor)
    finish(actor, mark, purpose, what=what, persons=persons, unit=unit)
    return mark.line
