"""Issue = the school's seal (XAdES B-T) and the entry in the log, in one transaction a chunk.

The seal is made and time-stamped outside the transaction; inside, the signature, its time stamp, the issued
document and the log entry are stored together. An issue is finished when its entry stands in the log. While
no time-stamp authority answers, seals are kept (``waiting``) and issued later in the same way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass

from django.db import connection, transaction

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.audit.chain import record
from hocbaso.apps.common import clock
from hocbaso.apps.common.rows import Rows
from hocbaso.apps.ledger.use_cases.append import Entries, NewEntry
from hocbaso.apps.signing.models import Certificate, SigningBatch, SigningItem
from hocbaso.apps.signing.ports import key_provider
from hocbaso.apps.transcripts.models import Evidence, FreshStamp, IssuedSheet, StatusEvent
from hocbaso.apps.transcripts.offline.places import Lots
from hocbaso.apps.transcripts.signature_store import Made, Outcome, fail, prepare_signatures, store_signatures
from hocbaso.apps.transcripts.waiting.keep import keep_seals
from hocbaso.apps.transcripts.waiting.queries import waiting_since
from hocbaso.apps.transcripts.waiting.standing import Signed, SignersOf
from hocbaso.core.document.model import SignerRole
from hocbaso.core.document.names import document_bytes
from hocbaso.core.document.parse import parse_sheet
from hocbaso.core.errors import DomainError
from hocbaso.engines.storage.documents import pack_document
from hocbaso.engines.trust import xades
from hocbaso.engines.trust.stampers import Stamp, stamp_all

_Made = tuple[SigningItem, Made]


@dataclass(slots=True)
class Sealed:
    """A sealed and time-stamped document that is not stored yet."""

    item: SigningItem
    made: Made
    stamp: Stamp
    document: bytes

    @classmethod
    def of(cls, item: SigningItem, made: Made, stamp: Stamp) -> Sealed:
        """The whole document, packed."""
        texts = [*(bytes(s.text) for s in made.previous), made.text]
        document = document_bytes(bytes(made.sheet.body), texts)
        return cls(item, made, stamp, pack_document(document)[0])


def store_issued(
    actor: Actor, batch: SigningBatch, certificate: Certificate, made: list[_Made], outcome: Outcome
) -> None:
    """Time-stamp the seals of one chunk and store the issue; what gets no stamp is kept and waits."""
    ready, signers = _ready(batch, certificate, made, outcome)
    imprints = [xades.signature_value_digest(one.text) for _, one in ready]
    found = stamp_all(key_provider().stamper(), imprints, clock.now())
    sealed: list[Sealed] = []
    unstamped: list[_Made] = []
    why: DomainError | None = None
    for (item, one), stamp in zip(ready, found, strict=True):
        if isinstance(stamp, DomainError):
            unstamped.append((item, one))
            why = stamp
            continue
        try:
            signers.check(signers_of(one, certificate, batch), stamp.info.time)
            sealed.append(Sealed.of(item, one, stamp))
        except DomainError as error:  # in the very moment between
            fail(item, error, outcome)
    if sealed:
        issue = Issue(actor, batch, certificate, sealed)
        with transaction.atomic():
            moved = store_sealed(issue)
        outcome.signed += len(moved)
        for done in sealed:
            if done.made.sheet.pk not in moved:
                fail(done.item, DomainError("sheet_moved_on"), outcome)
    if why is not None:
        keep_seals(actor, batch, certificate, unstamped, why, outcome)


def _ready(
    batch: SigningBatch, certificate: Certificate, made: Sequence[_Made], outcome: Outcome
) -> tuple[list[_Made], SignersOf]:
    """Those whose signers are all in order now and whose sheet no other seal waits for. Three queries."""
    signers, now = SignersOf(batch.school), clock.now()
    signers.load(one for _, each in made for one in signers_of(each, certificate, batch))
    waits = waiting_since([one.sheet.pk for _, one in made])
    ready = []
    for item, one in made:
        try:
            if one.sheet.pk in waits:
                raise DomainError("seal_waits_for_stamp")
            signers.check(signers_of(one, certificate, batch), now)
            ready.append((item, one))
        except DomainError as error:
            fail(item, error, outcome)
    return ready, signers


def signers_of(made: Made, certificate: Certificate, batch: SigningBatch) -> list[Signed]:
    """Everybody whose signature stands on the document, the seal last."""
    people = [Signed(one.certificate_id, one.role, one.signer_name) for one in made.previous]
    return [*people, Signed(certificate.pk, SignerRole.SEAL, batch.school.name)]


class Issue:
    """Seals of one batch with everything that goes with them, worked out before the transaction.

    :param actor: who sealed.
    """

    def __init__(
        self, actor: Actor, batch: SigningBatch, certificate: Certificate, sealed: Sequence[Sealed]
    ) -> None:
        self.actor, self.batch, self.sealed = actor, batch, sealed
        self.log = sealed[0].made.sheet.school_year  # one log a school year; a batch never mixes years
        self.signatures = prepare_signatures([(one.item, one.made) for one in sealed], batch, certificate)
        self.entries = Entries(self.log, [_entry(one, batch.school.code) for one in sealed])
        self.lots = Lots([(one.made.sheet.code, one.made.sheet.version) for one in sealed], self.log)
        self.evidence = Rows(_evidence(one) for one in sealed)
        self.fresh = Rows(FreshStamp(sheet=one.made.sheet, at=one.stamp.info.time) for one in sealed)
        self.issued = Rows(_issued(one, actor, self.log) for one in sealed)
        again = [(at, one) for at, one in enumerate(sealed) if one.made.sheet.version > 1]
        self.replaced = [(at, _replaced(actor, one)) for at, one in again]


def store_sealed(issue: Issue, only: Container[int] | None = None) -> set[int]:
    """Signature, time stamp, issued document, log entry and event, inside the running transaction.

    What others wait for, the log and the audit chain, comes last.

    :param only: keys of the sheets that are still wanted.
    :returns: keys of the sheets that are issued now; with the others somebody else was faster.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("an issue is one transaction")
    moved = store_signatures(issue.signatures, only)
    places = {at for at, one in enumerate(issue.sealed) if one.made.sheet.pk in moved}
    if places:
        _store(issue, places)
    return moved


def _store(issue: Issue, places: set[int]) -> None:
    issue.evidence.insert(places)
    issue.fresh.insert(places)
    issue.lots.take(places)
    StatusEvent.objects.bulk_create(event for at, event in issue.replaced if at in places)
    indices = dict(zip(sorted(places), issue.entries.append(places), strict=True))
    issue.issued.put("log_index", [indices.get(at, -1) for at in range(len(issue.sealed))])
    issue.issued.insert(places)
    stored = [one for at, one in enumerate(issue.sealed) if at in places]
    record(
        issue.actor,
        "transcripts.issued",
        f"batch:{issue.batch.pk}",
        organisation=issue.batch.school.code,
        log=issue.log,
        stamped_by=dict(sorted(Counter(one.stamp.authority for one in stored).items())),
        sheets=[one.made.sheet.digest for one in stored],
    )


def _evidence(one: Sealed) -> Evidence:
    return Evidence(
        sheet=one.made.sheet,
        kind="signature_timestamp",
        signature_id=xades.signature_id_for(SignerRole.SEAL),
        content=one.stamp.token,
        at=one.stamp.info.time,
    )


def _issued(one: Sealed, actor: Actor, log: str) -> IssuedSheet:
    sheet = one.made.sheet
    return IssuedSheet(
        sheet=sheet,
        code=sheet.code,
        version=sheet.version,
        digest=sheet.digest,
        document=one.document,
        issued_at=one.stamp.info.time,
        issued_by=actor.label,
        log=log,
        log_index=-1,  # the sequencer's to say
    )


def _replaced(actor: Actor, one: Sealed) -> StatusEvent:
    """The fact told beside the version before: it is replaced, by which one and why (trust.md section 4)."""
    sheet = one.made.sheet
    return StatusEvent(
        code=sheet.code,
        version=sheet.version - 1,
        status="replaced",
        replaced_by=sheet.version,
        reason=(parse_sheet(bytes(sheet.body)).replace_reason or "")[:300],
        at=one.stamp.info.time,
        by=actor.label,
    )


def _entry(one: Sealed, school_code: str) -> NewEntry:
    sheet = one.made.sheet
    return NewEntry(
        type="issue" if sheet.version == 1 else "replace",
        document_digest=sheet.digest,
        school_code=school_code,
        code=sheet.code,
        version=sheet.version,
        at=one.stamp.info.time,
    )
