"""B-T → B-LT: chains and revocation answers of every signer and of the time stamp, kept once.

Gathered outside, stored in chunks; what is stored is never looked at again, so a run that was killed goes on
where it was and nothing is done twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.audit.chain import record
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.preservation import store
from hocbaso.apps.preservation.documents import ders, open_document
from hocbaso.apps.preservation.models import LongTermSheet, ValidationSet
from hocbaso.apps.preservation.sources import gatherer
from hocbaso.apps.preservation.work import CHUNK, Outcome, lock, remember, resting, sheets_of, tokens_of
from hocbaso.apps.transcripts.models import Evidence, FreshStamp, IssuedSheet
from hocbaso.core.errors import DomainError
from hocbaso.engines.trust.longterm.policy import LongTermPolicy, long_term_policy
from hocbaso.engines.trust.longterm.validation_data import Gatherer, ValidationData
from hocbaso.engines.trust.tokens import TimeStampInfo, read_token
from hocbaso.engines.trust.xades import signature_value_digest

#: Not an error: the answers of today are older than the stamp, tomorrow's will not be.
_WAITS = "validation_too_old"


@dataclass(frozen=True, slots=True)
class _Gathered:
    """What one sheet gets."""

    issued: IssuedSheet
    token: TimeStampInfo
    signers: ValidationData
    stamp: ValidationData


def extend(
    actor: Actor,
    *,
    school: Organisation | None = None,
    year: str | None = None,
    limit: int | None = None,
    patient: bool = False,
    fresh: bool = False,
) -> Outcome:
    """Bring issued sheets to B-LT.

    :param limit: at most so many sheets are looked at (a page, a round of the worker).
    :param patient: leave sheets alone that failed a short while ago (the worker).
    :param fresh: only sheets on the work list that issuing keeps; otherwise all sheets are looked through.
    :raises NotAllowed: the policy of the school.
    """
    policy = long_term_policy(clock.today())
    ripe = clock.now() - timedelta(hours=policy.grace_period_hours)
    wanted = sheets_of(actor, school, year).filter(sheet__long_term__isnull=True)
    if fresh:
        wanted = wanted.filter(sheet__in=FreshStamp.objects.filter(at__lte=ripe).values("sheet"))
    else:
        stamped = Evidence.objects.filter(kind="signature_timestamp", at__lte=ripe)
        wanted = wanted.filter(sheet__in=stamped.values("sheet"))
    if patient:
        wanted = wanted.exclude(sheet__in=resting(clock.now(), "extend").values("sheet"))
    outcome, source, last, seen = Outcome(), None, 0, 0
    while limit is None or seen < limit:
        size = CHUNK if limit is None else min(CHUNK, limit - seen)
        rows = list(wanted.filter(sheet__gt=last).order_by("sheet")[:size])
        if not rows:
            return outcome
        source = source or gatherer()  # the lists of today are asked for only when there is work
        seen, last = seen + len(rows), rows[-1].sheet_id
        _extend_chunk(actor, rows, source, policy, outcome)
    outcome.more = True
    return outcome


def _extend_chunk(
    actor: Actor, rows: list[IssuedSheet], source: Gatherer, policy: LongTermPolicy, outcome: Outcome
) -> None:
    tokens = tokens_of(row.sheet_id for row in rows)
    good: list[_Gathered] = []
    wrong: list[tuple[int, DomainError]] = []
    for row in rows:
        try:
            good.append(_gather(row, tokens[row.sheet_id], source, policy))
        except DomainError as error:
            wrong.append((row.sheet_id, error))
            outcome.count(error.code)
            if error.code == _WAITS:
                outcome.waiting += 1
            else:
                outcome.failed += 1
    with transaction.atomic():
        stored = _store(good, policy)
        remember("extend", wrong, [one.issued.sheet_id for one in good])
        _record(actor, stored)
    outcome.done += len(stored)


def _gather(issued: IssuedSheet, token: bytes, source: Gatherer, policy: LongTermPolicy) -> _Gathered:
    document, now = open_document(issued), clock.now()
    info = read_token(token, signature_value_digest(document.seal), now)
    older = now - info.time > timedelta(days=policy.patience_days)
    chains = document.chains
    standing = ders(chains)
    signers = source.gather(chains, info.time, older=older, present=standing)
    own = (info.certificate, *info.others)
    data = source.gather([own], info.time, older=older, present=standing | ders([own]))
    return _Gathered(issued, info, signers, without(data, signers))


def without(data: ValidationData, standing: ValidationData) -> ValidationData:
    """What of ``data`` does not stand in the signature already."""
    return ValidationData(
        tuple(der for der in data.certificates if der not in standing.certificates),
        tuple(der for der in data.crls if der not in standing.crls),
        tuple(der for der in data.ocsps if der not in standing.ocsps),
    )


def _store(good: list[_Gathered], policy: LongTermPolicy) -> list[_Gathered]:
    """Only what nobody else stored meanwhile."""
    if not good:
        return []
    keys = [one.issued.sheet_id for one in good]
    lock(keys)
    there = set(LongTermSheet.objects.filter(sheet__in=keys).values_list("sheet_id", flat=True))
    new = [one for one in good if one.issued.sheet_id not in there]
    sets = store.keep(data for one in new for data in (one.signers, one.stamp))
    now = clock.now()
    LongTermSheet.objects.bulk_create(_row(one, sets, policy, now) for one in new)
    FreshStamp.objects.filter(sheet__in=keys).delete()
    return new


def _row(
    one: _Gathered,
    sets: dict[ValidationData, ValidationSet],
    policy: LongTermPolicy,
    now: datetime,
) -> LongTermSheet:
    return LongTermSheet(
        sheet_id=one.issued.sheet_id,
        signers=sets[one.signers],
        stamp=sets[one.stamp],
        stamped_at=one.token.time,
        certificate_ends=one.token.certificate.not_valid_after_utc,
        algorithms=" ".join(one.token.algorithms),
        policy=policy.version,
        at=now,
    )


def _record(actor: Actor, stored: list[_Gathered]) -> None:
    """One event a school."""
    by_school: dict[str, list[str]] = {}
    for one in stored:
        by_school.setdefault(one.issued.sheet.school.code, []).append(one.issued.digest)
    for code, digests in sorted(by_school.items()):
        record(actor, "preservation.extended", organisation=code, level="B-LT", sheets=digests)
