"""B-LT → B-LTA, and again: an archive time stamp over everything before the newest stamp stops to prove it.

The dated policy says which sheets are due and why. Each new stamp is read before it is stored, must hold
longer than the one before it, and stands in a chunk of its own, so that a run may be killed at any moment.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.audit.chain import record
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.preservation import store
from hocbaso.apps.preservation.documents import open_document
from hocbaso.apps.preservation.models import ArchiveTimeStamp
from hocbaso.apps.preservation.sources import gatherer
from hocbaso.apps.preservation.standing import ASKED, Newest, newest_stamps
from hocbaso.apps.preservation.use_cases.prove import prove, prove_newest, store_proofs
from hocbaso.apps.preservation.work import CHUNK, Outcome, remember, resting, sheets_of, tokens_of
from hocbaso.apps.signing.ports import key_provider
from hocbaso.apps.transcripts.models import IssuedSheet
from hocbaso.core.errors import DomainError, ServiceUnavailable, register
from hocbaso.engines.trust.longterm.policy import LongTermPolicy, long_term_policy
from hocbaso.engines.trust.longterm.validation_data import Gatherer
from hocbaso.engines.trust.ports import TimeStamper
from hocbaso.engines.trust.tokens import TimeStampInfo, read_token
from hocbaso.engines.trust.xades import ArchiveStamp, Unsigned, ValidationData

register(
    {
        "renewal_no_gain": (
            "Đã đến hạn nối dấu thời gian lưu trữ, nhưng nơi cấp dấu thời gian hiện dùng cũng chỉ tin cậy "
            "đến {date}. Thầy cô báo quản trị chuyển sang nơi cấp có chứng thư hoặc thuật toán mới hơn.",
            "A renewal is due, but the time-stamp authority in use holds until {date} only.",
        ),
        "renewal_too_late": (
            "Dấu thời gian mới nhất của tờ này đã hết giá trị chứng minh từ {date}, trước khi được nối tiếp. "
            "Thầy cô cần lập bản thay thế hoặc dùng bản ghi lưu trữ.",
            "The newest time stamp stopped to prove anything on {date}, before a renewal.",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class _Renewed:
    issued: IssuedSheet
    number: int
    token: bytes
    info: TimeStampInfo
    proof: ValidationData | None  # of the stamp before, where it has none yet
    reason: str


def renew(
    actor: Actor,
    *,
    school: Organisation | None = None,
    year: str | None = None,
    limit: int | None = None,
    patient: bool = False,
    early: bool = False,
) -> Outcome:
    """Add an archive time stamp to every sheet that is due.

    :param limit: at most so many sheets. :param patient: as in ``extend``.
    :param early: sheets without any archive time stamp get their first one now, due or not (hand-over to an
        archive).
    :raises NotAllowed: the policy of the school.
    """
    policy, outcome = long_term_policy(clock.today()), Outcome()
    sheets = sheets_of(actor, school, year)
    prove(sheets, policy, outcome, limit=limit, patient=patient)
    last, seen, source = 0, 0, None
    resting_now = set()
    if patient:
        resting_now = set(resting(clock.now(), "renew").values_list("sheet_id", flat=True))
    while limit is None or seen < limit:
        size = CHUNK if limit is None else min(CHUNK, limit - seen)
        due = newest_stamps(sheets, policy, clock.now(), after=last, size=size, early=early)
        if not due:
            break
        last, seen = max(due), seen + len(due)
        wanted = {key: one for key, one in due.items() if key not in resting_now}
        if not wanted:
            continue
        source = source or gatherer()
        _renew_chunk(actor, sheets, wanted, source, policy, outcome)
        if outcome.stopped:
            break
    return outcome


def _renew_chunk(
    actor: Actor,
    sheets: QuerySet[IssuedSheet],
    wanted: dict[int, Newest],
    source: Gatherer,
    policy: LongTermPolicy,
    outcome: Outcome,
) -> None:
    rows = list(sheets.filter(sheet__in=list(wanted)).order_by("sheet"))
    standing = store.properties(tokens_of(wanted))
    stamper = key_provider().stamper()
    good: list[_Renewed] = []
    wrong: list[tuple[int, DomainError]] = []
    for row in rows:
        try:
            good.append(_stamp(row, wanted[row.sheet_id], standing[row.sheet_id], source, policy, stamper))
        except ServiceUnavailable as error:  # every authority is away: the rest waits as it is
            outcome.stopped = error.message
            break
        except DomainError as error:
            wrong.append((row.sheet_id, error))
            outcome.count(error.code)
            waits = error.code == "validation_too_old"
            outcome.waiting += waits
            outcome.failed += not waits
    with transaction.atomic():
        stored = _store(good, policy)
        remember("renew", wrong, [one.issued.sheet_id for one in good])
        _record(actor, stored)
    for one in stored:
        outcome.done += 1
        outcome.count(one.reason)


def _stamp(
    issued: IssuedSheet,
    newest: Newest,
    unsigned: Unsigned,
    source: Gatherer,
    policy: LongTermPolicy,
    stamper: TimeStamper,
) -> _Renewed:
    now = clock.now()
    ends, _ = policy.end(newest.certificate_ends, newest.algorithms)
    if ends <= now:
        raise DomainError("renewal_too_late", date=f"{ends:%d/%m/%Y}")
    document = open_document(issued)
    proof: ValidationData | None = None
    if unsigned.archive and not unsigned.archive[-1].data:
        proof = prove_newest(document, unsigned, source, policy)
        newest_stamp = ArchiveStamp(unsigned.archive[-1].token, proof)
        unsigned = replace(unsigned, archive=(*unsigned.archive[:-1], newest_stamp))
    imprint = document.archive_imprint(unsigned, policy.imprint)
    token = stamper.stamp(imprint)
    info = read_token(token, imprint, clock.now())  # a wrong answer of the authority is never stored
    until, _ = policy.end(info.certificate.not_valid_after_utc, info.algorithms)
    if newest.reason != ASKED and until < ends + timedelta(days=policy.minimum_gain_days):
        raise DomainError("renewal_no_gain", date=f"{until:%d/%m/%Y}")
    return _Renewed(issued, len(unsigned.archive) + 1, token, info, proof, newest.reason)


def _store(good: list[_Renewed], policy: LongTermPolicy) -> list[_Renewed]:
    """Only what nobody else stored meanwhile."""
    if not good:
        return []
    keys = [one.issued.sheet_id for one in good]
    there = set(ArchiveTimeStamp.objects.filter(sheet__in=keys).values_list("sheet_id", "number"))
    new = [one for one in good if (one.issued.sheet_id, one.number) not in there]
    now = clock.now()
    store_proofs([(one.issued.sheet_id, one.number - 1, one.proof) for one in new if one.proof], now)
    ArchiveTimeStamp.objects.bulk_create(
        ArchiveTimeStamp(
            sheet_id=one.issued.sheet_id,
            number=one.number,
            token=one.token,
            stamped_at=one.info.time,
            certificate_ends=one.info.certificate.not_valid_after_utc,
            algorithms=" ".join(one.info.algorithms),
            reason=one.reason,
            policy=policy.version,
            at=now,
        )
        for one in new
    )
    return new


def _record(actor: Actor, stored: list[_Renewed]) -> None:
    """One event a school and reason."""
    groups: dict[tuple[str, str], list[str]] = {}
    for one in stored:
        groups.setdefault((one.issued.sheet.school.code, one.reason), []).append(one.issued.digest)
    for (code, reason), digests in sorted(groups.items()):
        record(actor, "preservation.renewed", organisation=code, level="B-LTA", reason=reason, sheets=digests)
