"""Issue = the school's seal (XAdES B-T) and the entry in the log, in one transaction a chunk.

The seal is made and time-stamped outside the transaction; inside, the signature, its time stamp, the issued
document and the log entry are stored together. An issue is finished when its entry stands in the log. While
no time-stamp authority answers, seals are kept (``waiting``) and issued later in the same way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection, transaction

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.audit.chain import record
from hocbaso.apps.common import clock
from hocbaso.apps.ledger.use_cases.append import NewEntry, append
from hocbaso.apps.signing.models import Certificate, SigningBatch, SigningItem
from hocbaso.apps.signing.ports import key_provider
from hocbaso.apps.transcripts.models import Evidence, IssuedSheet, StatusEvent
from hocbaso.apps.transcripts.offline.places import take_places
from hocbaso.apps.transcripts.signature_store import Made, Outcome, fail, store_signatures
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
        with transaction.atomic():
            moved = store_sealed(actor, batch, certificate, sealed)
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


def store_sealed(
    actor: Actor, batch: SigningBatch, certificate: Certificate, sealed: Sequence[Sealed]
) -> set[int]:
    """Signature, time stamp, issued document, log entry and event, inside the running transaction.

    :param actor: who sealed. :returns: keys of the sheets that are issued now; with the others somebody else
        was faster.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("an issue is one transaction")
    moved = store_signatures([(one.item, one.made) for one in sealed], batch, certificate)
    stored = [one for one in sealed if one.made.sheet.pk in moved]
    if stored:
        _store(actor, batch, stored)
    return moved


def _store(actor: Actor, batch: SigningBatch, sealed: list[Sealed]) -> None:
    log = sealed[0].made.sheet.school_year  # one log a node and school year; a batch never mixes years
    indices = append(log, [_entry(one, batch.school.code) for one in sealed])
    seal_id = xades.signature_id_for(SignerRole.SEAL)
    Evidence.objects.bulk_create(
        Evidence(
            sheet=one.made.sheet,
            kind="signature_timestamp",
            signature_id=seal_id,
            content=one.stamp.token,
            at=one.stamp.info.time,
        )
        for one in sealed
    )
    IssuedSheet.objects.bulk_create(
        IssuedSheet(
            sheet=one.made.sheet,
            code=one.made.sheet.code,
            version=one.made.sheet.version,
            digest=one.made.sheet.digest,
            document=one.document,
            issued_at=one.stamp.info.time,
            issued_by=actor.label,
            log=log,
            log_index=index,
        )
        for one, index in zip(sealed, indices, strict=True)
    )
    take_places([(one.made.sheet.code, one.made.sheet.version) for one in sealed], log)
    StatusEvent.objects.bulk_create(_replaced(actor, one) for one in sealed if one.made.sheet.version > 1)
    record(
        actor,
        "transcripts.issued",
        f"batch:{batch.pk}",
        organisation=batch.school.code,
        log=log,
        stamped_by=dict(sorted(Counter(one.stamp.authority for one in sealed).items())),
        sheets=[one.made.sheet.digest for one in sealed],
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
