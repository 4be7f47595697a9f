"""Issue = the school's seal (XAdES B-T) and the entry in the log, in one transaction a chunk.

The seal is made and time-stamped outside the transaction; inside, the signature, its time stamp, the issued
document and the log entry are stored together. An issue is finished when its entry stands in the log.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.audit.chain import record
from hocbaso.apps.common import clock
from hocbaso.apps.ledger.use_cases.append import NewEntry, append
from hocbaso.apps.signing.models import Certificate, SigningBatch, SigningItem
from hocbaso.apps.signing.ports import key_provider
from hocbaso.apps.transcripts.models import Evidence, IssuedSheet, StatusEvent
from hocbaso.apps.transcripts.offline.places import take_places
from hocbaso.apps.transcripts.signature_store import Made, Outcome, fail, store_signatures
from hocbaso.core.document.model import SignerRole
from hocbaso.core.document.names import document_bytes
from hocbaso.core.document.parse import parse_sheet
from hocbaso.core.errors import DomainError
from hocbaso.engines.storage.documents import pack_document
from hocbaso.engines.trust import xades
from hocbaso.engines.trust.ports import TimeStamper
from hocbaso.engines.trust.timestamps import read_token


@dataclass(slots=True)
class Sealed:
    """A sealed document that is not stored yet."""

    item: SigningItem
    made: Made
    token: bytes
    at: datetime
    document: bytes


def _seal(item: SigningItem, made: Made, stamper: TimeStamper) -> Sealed:
    imprint = xades.signature_value_digest(made.text)
    token = stamper.stamp(imprint)
    at = read_token(token, imprint, clock.now()).time  # a wrong answer of the authority is never stored
    texts = [*(bytes(s.text) for s in made.previous), made.text]
    document = document_bytes(bytes(made.sheet.body), texts)
    return Sealed(item, made, token, at, pack_document(document)[0])


def store_issued(
    actor: Actor,
    batch: SigningBatch,
    certificate: Certificate,
    made: list[tuple[SigningItem, Made]],
    outcome: Outcome,
) -> None:
    """Time-stamp the seals of one chunk and store the issue."""
    sealed: list[Sealed] = []
    stamper = key_provider().stamper()  # once: its certificates are encoded when it is made
    for item, signed in made:
        try:
            sealed.append(_seal(item, signed, stamper))
        except DomainError as error:  # the time-stamp authority is down: nothing is issued, run again
            fail(item, error, outcome)
    if not sealed:
        return
    with transaction.atomic():
        moved = store_signatures([(one.item, one.made) for one in sealed], batch, certificate)
        stored = [one for one in sealed if one.made.sheet.pk in moved]
        if stored:
            _store(actor, batch, stored)
    outcome.signed += len(stored)
    for one in sealed:
        if one.made.sheet.pk not in moved:
            fail(one.item, DomainError("sheet_moved_on"), outcome)


def _store(actor: Actor, batch: SigningBatch, sealed: list[Sealed]) -> None:
    log = sealed[0].made.sheet.school_year  # one log a node and school year; a batch never mixes years
    indices = append(log, [_entry(one, batch.school.code) for one in sealed])
    seal_id = xades.signature_id_for(SignerRole.SEAL)
    Evidence.objects.bulk_create(
        Evidence(
            sheet=one.made.sheet,
            kind="signature_timestamp",
            signature_id=seal_id,
            content=one.token,
            at=one.at,
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
            issued_at=one.at,
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
        at=one.at,
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
        at=one.at,
    )
