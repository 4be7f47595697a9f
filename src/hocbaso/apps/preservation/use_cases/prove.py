"""What validates an archive time stamp, gathered soon after it.

Later its issuers may no longer answer for it: a list made after a certificate ended may have dropped it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, QuerySet

from hocbaso.apps.common import clock
from hocbaso.apps.preservation import store
from hocbaso.apps.preservation.documents import Opened, ders, open_document
from hocbaso.apps.preservation.models import ArchiveTimeStamp, StampValidation
from hocbaso.apps.preservation.sources import gatherer
from hocbaso.apps.preservation.use_cases.extend import without
from hocbaso.apps.preservation.work import CHUNK, Outcome, lock, remember, resting, tokens_of
from hocbaso.apps.transcripts.models import IssuedSheet
from hocbaso.core.errors import DomainError
from hocbaso.engines.trust.longterm.policy import LongTermPolicy
from hocbaso.engines.trust.longterm.validation_data import Gatherer
from hocbaso.engines.trust.tokens import imprint_algorithm, read_token
from hocbaso.engines.trust.xades import Unsigned, ValidationData


def prove(
    sheets: QuerySet[IssuedSheet],
    policy: LongTermPolicy,
    outcome: Outcome,
    *,
    limit: int | None,
    patient: bool,
) -> None:
    """Gather what validates archive time stamps that have nothing yet; told as reason ``proved``.

    It changes no level and is part of the renewal that made the stamp, so it has no audit event of its own.
    """
    later = ArchiveTimeStamp.objects.filter(sheet=OuterRef("sheet"), number__gt=OuterRef("number"))
    there = StampValidation.objects.filter(sheet=OuterRef("sheet"), number=OuterRef("number"))
    bare = ArchiveTimeStamp.objects.filter(~Exists(later), ~Exists(there), sheet__in=sheets.values("sheet"))
    if patient:
        bare = bare.exclude(sheet__in=resting(clock.now(), "prove").values("sheet"))
    last, seen, source = 0, 0, None
    while limit is None or seen < limit:
        size = CHUNK if limit is None else min(CHUNK, limit - seen)
        stamps = dict(bare.filter(sheet__gt=last).order_by("sheet").values_list("sheet_id", "number")[:size])
        if not stamps:
            return
        source = source or gatherer()
        seen, last = seen + len(stamps), max(stamps)
        _prove_chunk(list(sheets.filter(sheet__in=list(stamps))), stamps, source, policy, outcome)
    outcome.more = True


def _prove_chunk(
    rows: list[IssuedSheet],
    stamps: dict[int, int],
    source: Gatherer,
    policy: LongTermPolicy,
    outcome: Outcome,
) -> None:
    standing = store.properties(tokens_of(stamps))
    good: list[tuple[int, int, ValidationData]] = []
    wrong: list[tuple[int, DomainError]] = []
    for row in rows:
        key = row.sheet_id
        try:
            data = prove_newest(open_document(row), standing[key], source, policy)
            good.append((key, stamps[key], data))
        except DomainError as error:
            wrong.append((key, error))
            outcome.waiting += 1  # the stamp stands; what validates it is asked for again
    with transaction.atomic():
        lock(key for key, _, _ in good)
        bare = _bare(stamps)
        store_proofs([proof for proof in good if proof[0] in bare], clock.now())
        remember("prove", wrong, [key for key, _, _ in good])
    for _ in bare.intersection(key for key, _, _ in good):
        outcome.count("proved")


def _bare(stamps: dict[int, int]) -> set[int]:
    """Of these sheets those whose stamp is still the newest and still has nothing: what came meanwhile covers
    them without it, and would no longer fit."""
    newest = (
        ArchiveTimeStamp.objects.filter(sheet__in=list(stamps)).values_list("sheet").annotate(Max("number"))
    )
    proved = set(StampValidation.objects.filter(sheet__in=list(stamps)).values_list("sheet_id", "number"))
    return {key for key, number in newest if number == stamps[key] and (key, number) not in proved}


def store_proofs(proofs: Sequence[tuple[int, int, ValidationData]], now: datetime) -> None:
    """Keep what validates stamps: sheet, number, data. Inside the caller's transaction."""
    sets = store.keep(data for _, _, data in proofs)
    StampValidation.objects.bulk_create(
        [
            StampValidation(sheet_id=sheet, number=number, data=sets[data], at=now)
            for sheet, number, data in proofs
        ],
        ignore_conflicts=True,
    )


def prove_newest(
    document: Opened, unsigned: Unsigned, source: Gatherer, policy: LongTermPolicy
) -> ValidationData:
    """What proves the newest archive time stamp.

    :raises DomainError: as :func:`gather`; ``timestamp_invalid``.
    """
    token = unsigned.archive[-1].token
    earlier = replace(unsigned, archive=unsigned.archive[:-1])
    now = clock.now()
    info = read_token(token, document.archive_imprint(earlier, imprint_algorithm(token)), now)
    own = (info.certificate, *info.others)
    older = now - info.time > timedelta(days=policy.patience_days)
    data = source.gather([own], info.time, older=older, present=ders([own]))
    return without(data, unsigned.everything)
