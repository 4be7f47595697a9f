"""B-LT → B-LTA, and again: an archive time stamp over everything before the newest stamp stops to prove it.

The dated policy says which sheets are due and why. Each new stamp is read before it is stored, must hold
longer than the one before it, and stands in a chunk of its own, so that a run may be killed at any moment.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.audit.chain import record
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.preservation import store
from hocbaso.apps.preservation.documents import Opened, open_document
from hocbaso.apps.preservation.models import ArchiveTimeStamp, StampValidation
from hocbaso.apps.preservation.sources import gatherer
from hocbaso.apps.preservation.standing import ASKED, DueSheets, Kind, Newest
from hocbaso.apps.preservation.use_cases.prove import prove, prove_newest, store_proofs
from hocbaso.apps.preservation.work import (
    CHUNK,
    UNANSWERED,
    Outcome,
    lock,
    remember,
    resting,
    sheets_of,
    tokens_of,
)
from hocbaso.apps.signing.ports import key_provider
from hocbaso.apps.transcripts.models import IssuedSheet
from hocbaso.core.errors import DomainError, ServiceUnavailable, register
from hocbaso.engines.trust.longterm.policy import LongTermPolicy, long_term_policy
from hocbaso.engines.trust.longterm.validation_data import Gatherer
from hocbaso.engines.trust.ports import TimeStamper
from hocbaso.engines.trust.tokens import TimeStampInfo, read_token
from hocbaso.engines.trust.xades import NO_DATA, ArchiveStamp, Unsigned, ValidationData

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
    proof: ValidationData | None  # of the stamp before, where it was gathered just now
    bare: bool  # the stamp before had no validation data of its own when this one was asked for
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
    rest = resting(clock.now(), "renew") if patient else None
    due = DueSheets(sheets, policy, clock.now(), early=early, but=rest)
    last, seen, run = 0, 0, None
    while limit is None or seen < limit:
        wanted = due.behind(last, CHUNK if limit is None else min(CHUNK, limit - seen))
        if not wanted:
            return outcome
        last, seen = max(wanted), seen + len(wanted)
        run = run or _Run(actor, sheets, policy, gatherer(), outcome)
        run.renew(wanted)
        if outcome.stopped:
            return outcome
    outcome.more = True
    return outcome


class _Run:
    def __init__(
        self,
        actor: Actor,
        sheets: QuerySet[IssuedSheet],
        policy: LongTermPolicy,
        source: Gatherer,
        outcome: Outcome,
    ) -> None:
        self.actor, self.sheets, self.policy = actor, sheets, policy
        self.source, self.outcome = source, outcome
        #: Kinds of stamps that the authority of today does not outlive: it is asked once, not for each sheet.
        self.gainless: dict[Kind, DomainError] = {}

    def renew(self, wanted: dict[int, Newest]) -> None:
        """One chunk: stamped outside, stored in one transaction."""
        rows = list(self.sheets.filter(sheet__in=list(wanted)).order_by("sheet"))
        standing, proved = store.properties(tokens_of(wanted)), _proved(wanted)
        stamper, outcome = key_provider().stamper(), self.outcome
        good: list[_Renewed] = []
        wrong: list[tuple[int, DomainError]] = []
        for row in rows:
            key = row.sheet_id
            try:
                good.append(self._stamp(row, wanted[key], standing[key], stamper, proved=key in proved))
            except ServiceUnavailable as error:  # every authority is away: the rest waits as it is
                outcome.stopped = error.message
                break
            except DomainError as error:
                wrong.append((key, error))
                outcome.count(error.code)
                waits = error.code == "validation_too_old"
                outcome.waiting += waits
                outcome.failed += not waits
        with transaction.atomic():
            stored = _store(good, self.policy)
            remember("renew", wrong, [one.issued.sheet_id for one in good])
            _record(self.actor, stored)
        for one in stored:
            outcome.done += 1
            outcome.count(one.reason)

    def _stamp(
        self,
        issued: IssuedSheet,
        newest: Newest,
        unsigned: Unsigned,
        stamper: TimeStamper,
        *,
        proved: bool,
    ) -> _Renewed:
        policy, kind = self.policy, (newest.certificate_ends, newest.algorithms)
        ends, _ = policy.end(*kind)
        if ends <= clock.now():
            raise DomainError("renewal_too_late", date=f"{ends:%d/%m/%Y}")
        if newest.reason != ASKED and kind in self.gainless:
            raise self.gainless[kind]
        document = open_document(issued)
        bare, proof = bool(unsigned.archive) and not proved, None
        if bare:
            proof = self._proof(document, unsigned, ends)
            newest_stamp = ArchiveStamp(unsigned.archive[-1].token, proof or NO_DATA)
            unsigned = replace(unsigned, archive=(*unsigned.archive[:-1], newest_stamp))
        imprint = document.archive_imprint(unsigned, policy.imprint)
        token = stamper.stamp(imprint)
        info = read_token(token, imprint, clock.now())  # a wrong answer of the authority is never stored
        until, _ = policy.end(info.certificate.not_valid_after_utc, info.algorithms)
        if newest.reason != ASKED and until < ends + timedelta(days=policy.minimum_gain_days):
            self.gainless[kind] = DomainError("renewal_no_gain", date=f"{until:%d/%m/%Y}")
            raise self.gainless[kind]
        return _Renewed(issued, len(unsigned.archive) + 1, token, info, proof, bare, newest.reason)

    def _proof(self, document: Opened, unsigned: Unsigned, ends: datetime) -> ValidationData | None:
        """What proves the stamp before. ``None``: nobody answers, and the end is so near that a stamp without
        it is better than none: later lists may still speak, a stamp that comes too late never does."""
        try:
            return prove_newest(document, unsigned, self.source, self.policy)
        except DomainError as error:
            near = ends - timedelta(days=self.policy.alarm_days) <= clock.now()
            if near and error.code in UNANSWERED:
                return None
            raise


def _proved(wanted: dict[int, Newest]) -> set[int]:
    """Sheets whose newest stamp has its validation data, be it that there was nothing to add."""
    rows = StampValidation.objects.filter(sheet__in=list(wanted)).values_list("sheet_id", "number")
    return {key for key, number in rows if number == wanted[key].number}


def _store(good: list[_Renewed], policy: LongTermPolicy) -> list[_Renewed]:
    """Only what nobody else stored meanwhile: neither the stamp, nor other data before it than it covers."""
    if not good:
        return []
    keys = [one.issued.sheet_id for one in good]
    lock(keys)
    there = set(ArchiveTimeStamp.objects.filter(sheet__in=keys).values_list("sheet_id", "number"))
    proved = set(StampValidation.objects.filter(sheet__in=keys).values_list("sheet_id", "number"))
    new = [
        one
        for one in good
        if (one.issued.sheet_id, one.number) not in there
        and not (one.bare and (one.issued.sheet_id, one.number - 1) in proved)
    ]
    now = clock.now()
    proofs = [(one.issued.sheet_id, one.number - 1, one.proof) for one in new if one.proof is not None]
    store_proofs(proofs, now)
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
