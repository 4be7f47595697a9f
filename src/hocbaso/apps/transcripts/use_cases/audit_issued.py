"""Audit of issued rows: every column of a row is held against something that cannot be changed with it.

The document against its digest and signatures, the digest, code, version, school and time against the leaf of
the log, the time stamp against the seal, who issued against the chain of events, what lists show against the
signed content.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from django.db.models import Prefetch

from hocbaso.apps.audit.models import Event
from hocbaso.apps.common import clock
from hocbaso.apps.ledger.queries import LeafFacts
from hocbaso.apps.transcripts import documents
from hocbaso.apps.transcripts.forms.base import summary_of
from hocbaso.apps.transcripts.models import Evidence, IssuedSheet, SheetSignature, YearSheet
from hocbaso.core.document import model
from hocbaso.core.document.emit import digest as digest_of_text
from hocbaso.core.document.model import SignerRole
from hocbaso.core.document.parse import parse_sheet, split_document
from hocbaso.core.errors import DomainError
from hocbaso.engines.ledger.entries import code_hash
from hocbaso.engines.trust import xades
from hocbaso.engines.trust.timestamps import read_token
from hocbaso.engines.trust.verification.again import Reverifier
from hocbaso.engines.trust.verification.plan import place_of

Leaves = Mapping[tuple[str, int], LeafFacts]
ISSUING, CLOSING = "transcripts.issued", "transcripts.closed"
#: Closing a class takes minutes; its rows are written after the last of its sheets was frozen.
_FREEZING = timedelta(hours=1)
_SIGNED_BY = re.compile(
    rb"<xades:SigningCertificateV2><xades:Cert><xades:CertDigest><ds:DigestMethod [^>]*></ds:DigestMethod>"
    rb"<ds:DigestValue>([A-Za-z0-9+/=]+)</ds:DigestValue>"
)
_CHUNK = 500


def audit_issued(leaves: Leaves) -> Iterator[str]:
    """A sentence for whatever does not fit; three queries for every 500 issued sheets.

    :param leaves: what each leaf of the logs says, by (log, index).
    """
    unseen = {place for place, leaf in leaves.items() if leaf.type in ("issue", "replace")}
    people, again, now = _actors(ISSUING), Reverifier(), clock.now()
    closers = _actors(CLOSING)
    for row in _rows():
        place = (row.log, row.log_index)
        leaf = leaves.get(place)
        unseen.discard(place)
        name = f"Học bạ {row.code} phiên bản {row.version}"
        faults = [*_leaf(row, leaf), *_content(row, leaf, again), *_time_stamp(row, now), *_sheet(row)]
        if people.get(row.digest) != row.issued_by:
            faults.append("người phát hành khác sự kiện phát hành.")
        if closers.get(row.digest, row.sheet.frozen_by) != row.sheet.frozen_by:
            faults.append("người chốt khác sự kiện chốt.")
        yield from (f"{name}: {fault}" for fault in faults)
    for log, index in sorted(unseen):
        yield f"Nhật ký {log}, mục {index}: không còn học bạ đã phát hành tương ứng."


def audit_states() -> Iterator[str]:
    """A sheet says "issued" exactly when an issued row stands. Two queries."""
    for code in YearSheet.objects.filter(state="issued", issued__isnull=True).values_list("code", flat=True):
        yield f"Học bạ {code}: ghi là đã phát hành nhưng không có bản phát hành."
    for code in IssuedSheet.objects.exclude(sheet__state="issued").values_list("code", flat=True):
        yield f"Học bạ {code}: có bản phát hành nhưng trạng thái không phải đã phát hành."


def _rows() -> Iterator[IssuedSheet]:
    signatures = SheetSignature.objects.filter(voided_at__isnull=True).order_by("position", "id")
    stamps = Evidence.objects.filter(kind="signature_timestamp")
    rows = IssuedSheet.objects.select_related("sheet__school").prefetch_related(
        Prefetch("sheet__signatures", signatures, to_attr="live"),
        Prefetch("sheet__evidence", stamps, to_attr="stamps"),
    )
    return rows.iterator(chunk_size=_CHUNK)


def _actors(action: str) -> dict[str, str]:
    """Who did it to each sheet, by its digest, as the chain of events tells."""
    found: dict[str, str] = {}
    events = Event.objects.filter(action=action).order_by("sequence").values_list("actor", "details")
    for actor, details in events.iterator(chunk_size=_CHUNK):
        found |= dict.fromkeys(details.get("sheets", ()), actor)
    return found


def _leaf(row: IssuedSheet, leaf: LeafFacts | None) -> Iterator[str]:
    if leaf is None:
        yield f"không có mục {row.log_index} trong nhật ký {row.log}."
        return
    place = f"mục {row.log_index} của nhật ký {row.log}"
    if leaf.document_digest != row.digest:
        yield f"mã tóm lược khác {place}."
    if (leaf.code, leaf.version) != (code_hash(row.code), row.version):
        yield f"mã học bạ hoặc phiên bản khác {place}."
    if leaf.time != clock.iso_seconds(row.issued_at):
        yield f"thời điểm phát hành khác {place}."
    if leaf.school != row.sheet.school.code:
        yield f"trường phát hành khác {place}."


def _content(row: IssuedSheet, leaf: LeafFacts | None, again: Reverifier) -> Iterator[str]:
    try:
        document = documents.stored_document(row)
        split = split_document(document)
        if digest_of_text(split.sheet) != row.digest:
            yield "nội dung đã phát hành không khớp mã tóm lược."
        if leaf is not None and leaf.document_digest == row.digest:
            again.know(bytes.fromhex(row.digest))
        kept = [bytes(one.text) for one in _live(row)]
        if list(split.signatures) != kept or not all(map(_in_place, _live(row))):
            yield "chữ ký lưu trữ khác chữ ký trong tài liệu."
        if not again.verify(document):
            yield "chữ ký trong tài liệu không đúng."
        yield from _shown(row.sheet, parse_sheet(split.sheet))
    except (DomainError, ValueError):
        yield "nội dung đã phát hành không đọc được hoặc đã bị sửa."


def _shown(row: YearSheet, sheet: model.YearSheet) -> Iterator[str]:
    """What lists show of a sheet is what was signed."""
    if sheet.result is None or summary_of(sheet.result) != row.result:
        yield "kết quả hiện trong danh sách khác nội dung đã ký."
    frozen = datetime.fromisoformat(sheet.frozen_at)
    if sheet.year != row.school_year or abs(row.frozen_at - frozen) > _FREEZING:
        yield "năm học hoặc thời điểm chốt ở dòng học bạ khác nội dung đã ký."


def _in_place(row: SheetSignature) -> bool:
    """Whether a signature's columns name the signature that its text is: place, role, certificate."""
    text, place = bytes(row.text), place_of(row.signature_id)
    signed_by = _SIGNED_BY.search(text)
    return (
        text.startswith(xades.profile.signature_head(row.signature_id))
        and place is not None
        and place.role == row.role
        and signed_by is not None
        and b64decode(signed_by[1]).hex() == row.certificate_id
    )


def _time_stamp(row: IssuedSheet, now: datetime) -> Iterator[str]:
    """The one time stamp over the seal, of the moment at which the sheet counts as issued."""
    stamps: Sequence[Evidence] = getattr(row.sheet, "stamps", ())
    seals = [one for one in _live(row) if one.role == SignerRole.SEAL]
    if len(stamps) != 1 or len(seals) != 1:
        yield f"có {len(stamps)} dấu thời gian của con dấu, phải có đúng một."
        return
    try:
        imprint = xades.signature_value_digest(bytes(seals[0].text))
        time = read_token(bytes(stamps[0].content), imprint, now).time
    except (DomainError, ValueError):
        yield "dấu thời gian không đúng hoặc không thuộc con dấu."
        return
    if {time, stamps[0].at} != {row.issued_at} or stamps[0].signature_id != seals[0].signature_id:
        yield "thời điểm phát hành khác dấu thời gian."


def _sheet(row: IssuedSheet) -> Iterator[str]:
    sheet = row.sheet
    if (sheet.digest, sheet.code, sheet.version) != (row.digest, row.code, row.version):
        yield "dòng học bạ không khớp dòng phát hành."
    try:
        if digest_of_text(bytes(sheet.body)) != row.digest:
            yield "nội dung ở dòng học bạ không khớp mã tóm lược."
    except (DomainError, ValueError):
        yield "nội dung ở dòng học bạ không đọc được."


def _live(row: IssuedSheet) -> Sequence[SheetSignature]:
    """Signatures that count, in the order of the document (read with the row)."""
    found: Sequence[SheetSignature] = getattr(row.sheet, "live", ())
    return found
