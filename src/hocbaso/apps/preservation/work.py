"""What extending and renewing share: choosing sheets, counting, and remembering what went wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.preservation.models import Setback
from hocbaso.apps.transcripts.models import Evidence, IssuedSheet
from hocbaso.core.errors import DomainError

#: Sheets of one transaction.
CHUNK = 50
#: The worker asks again after so long, twice as long each time.
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=15), timedelta(days=1)


#: Nobody says yet, or not for so late a moment, whether an authority's certificate was revoked.
UNANSWERED = frozenset({"validation_no_answer", "validation_too_old"})


@dataclass(slots=True)
class Outcome:
    """What a run did."""

    done: int = 0
    waiting: int = 0  # for newer revocation data; will come by itself
    failed: int = 0
    reasons: dict[str, int] = field(default_factory=dict)  # why done, or why not
    stopped: str = ""  # a service that does not answer, in words
    more: bool = False  # the limit was reached: there may be more to do

    def count(self, reason: str) -> None:
        """One more for this reason."""
        self.reasons[reason] = self.reasons.get(reason, 0) + 1


def sheets_of(actor: Actor, school: Organisation | None, year: str | None) -> QuerySet[IssuedSheet]:
    """Issued sheets that a run is about.

    :raises NotAllowed: the policy of the school; without a school, the operator's own.
    """
    if school is not None:
        require(actor, "preservation.run", school)
    elif not actor.is_operator:
        require(actor, "preservation.run", Organisation())
    rows = IssuedSheet.objects.select_related("sheet__school")
    if school is not None:
        rows = rows.filter(sheet__school=school)
    return rows.filter(sheet__school_year=year) if year else rows


def resting(now: datetime, deed: str) -> QuerySet[Setback]:
    """Setbacks that the worker leaves alone for a while."""
    pauses = Q()
    pause, tries = _FIRST_PAUSE, 1
    while pause < _LONGEST_PAUSE:
        pauses |= Q(tries=tries, last_at__gt=now - pause)
        pause, tries = 2 * pause, tries + 1
    pauses |= Q(tries__gte=tries, last_at__gt=now - _LONGEST_PAUSE)
    # A try that lies in the future was made while the clock was wrong: it rests nobody.
    return Setback.objects.filter(pauses, deed=deed, last_at__lte=now)


def lock(sheets: Iterable[int]) -> None:
    """One writer a sheet until the transaction ends: what was read under it is what will be covered.

    An archive time stamp covers the validation data before it, so nobody may add such data meanwhile.
    """
    rows = IssuedSheet.objects.select_for_update(no_key=True).filter(sheet__in=list(sheets))
    list(rows.order_by("sheet").values_list("sheet", flat=True))


def tokens_of(sheets: Iterable[int]) -> dict[int, bytes]:
    """Signature time stamps by sheet."""
    stamps = Evidence.objects.filter(sheet__in=list(sheets), kind="signature_timestamp")
    return {sheet: bytes(content) for sheet, content in stamps.values_list("sheet_id", "content")}


def remember(deed: str, wrong: Sequence[tuple[int, DomainError]], right: Sequence[int]) -> None:
    """Keep why these sheets did not succeed; forget those that did. Inside the caller's transaction."""
    if right:
        Setback.objects.filter(sheet__in=right, deed=deed).delete()
    if not wrong:
        return
    now = clock.now()
    known = {row.sheet_id: row for row in Setback.objects.filter(sheet__in=[key for key, _ in wrong])}
    rows = []
    for key, error in wrong:
        old = known.get(key)
        same = old is not None and (old.deed, old.code) == (deed, error.code)
        rows.append(
            Setback(
                sheet_id=key,
                deed=deed,
                code=error.code,
                message=error.message[:400],
                tries=min(old.tries + 1, 1000) if same and old else 1,
                since=old.since if same and old else now,
                last_at=now,
            )
        )
    Setback.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["sheet"],
        update_fields=["deed", "code", "message", "tries", "since", "last_at"],
    )


__all__ = ["CHUNK", "UNANSWERED", "Outcome", "lock", "remember", "resting", "sheets_of", "tokens_of"]
