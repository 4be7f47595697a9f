"""Audit everything that must not have changed: log, issued rows, signatures' bytes, the event chain.

Works from the rows alone: every hash is computed anew, so an altered, removed, added or moved row is named.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import connection

from hocbaso.apps.audit.chain import broken_links
from hocbaso.apps.audit.models import Event
from hocbaso.apps.common import guards
from hocbaso.apps.ledger.queries import LeafFacts, audit_logs
from hocbaso.apps.transcripts import documents
from hocbaso.apps.transcripts.models import IssuedSheet, YearSheet
from hocbaso.core.document.emit import digest as digest_of_text
from hocbaso.core.document.parse import split_document
from hocbaso.core.errors import DomainError
from hocbaso.engines.trust.verification.again import Reverifier


@dataclass(slots=True)
class AuditReport:
    """``ok`` means: nothing found."""

    entries: int = 0
    events: int = 0
    findings: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.findings


def audit_everything(notes: Sequence[str] = ()) -> AuditReport:
    """Check all of it; read only.

    :param notes: signed checkpoints of the node's logs that others kept.
    """
    report = AuditReport(events=Event.objects.count())
    leaves = audit_logs(report.findings, notes)
    report.entries = len(leaves)
    _issued(report, leaves)
    _states(report)
    report.findings += broken_links()
    report.findings += [
        f"Thiếu bộ chặn sửa đổi {name} trong cơ sở dữ liệu." for name in guards.missing(connection)
    ]
    return report


def _issued(report: AuditReport, leaves: dict[tuple[str, int], LeafFacts]) -> None:
    """Every issued row against its own bytes and its leaf; every issue leaf against a row."""
    unseen = {place for place, leaf in leaves.items() if leaf.type in ("issue", "replace")}
    again = Reverifier()
    for row in IssuedSheet.objects.select_related("sheet").iterator(chunk_size=500):
        name = f"{row.code} phiên bản {row.version}"
        place = (row.log, row.log_index)
        leaf = leaves.get(place)
        unseen.discard(place)
        try:
            document = documents.stored_document(row)
            sheet = split_document(document).sheet
            if digest_of_text(sheet) != row.digest:
                report.findings.append(f"Học bạ {name}: nội dung đã phát hành không khớp mã tóm lược.")
            if leaf is not None and leaf.document_digest == row.digest:
                again.know(bytes.fromhex(row.digest))
            _signatures(report, row, document)
            if not again.verify(document):
                report.findings.append(f"Học bạ {name}: chữ ký trong tài liệu không đúng.")
        except (DomainError, ValueError):
            report.findings.append(f"Học bạ {name}: nội dung đã phát hành không đọc được hoặc đã bị sửa.")
        if leaf is None:
            report.findings.append(f"Học bạ {name}: không có mục {row.log_index} trong nhật ký {row.log}.")
        elif leaf.document_digest != row.digest:
            report.findings.append(
                f"Học bạ {name}: mã tóm lược khác mục {row.log_index} của nhật ký {row.log}."
            )
        if row.sheet.digest != row.digest or row.sheet.code != row.code or row.sheet.version != row.version:
            report.findings.append(f"Học bạ {name}: dòng học bạ không khớp dòng phát hành.")
    for log, index in sorted(unseen):
        report.findings.append(f"Nhật ký {log}, mục {index}: không còn học bạ đã phát hành tương ứng.")


def _signatures(report: AuditReport, row: IssuedSheet, document: bytes) -> None:
    """The signature rows of an issued sheet are those that stand in its document."""
    inside = [hashlib.sha256(text).digest() for text in split_document(document).signatures]
    kept = [
        hashlib.sha256(bytes(text)).digest()
        for text in row.sheet.signatures.filter(voided_at__isnull=True)
        .order_by("id")
        .values_list("text", flat=True)
    ]
    if inside != kept:
        report.findings.append(
            f"Học bạ {row.code} phiên bản {row.version}: chữ ký lưu trữ khác chữ ký trong tài liệu."
        )


def _states(report: AuditReport) -> None:
    """A sheet says "issued" exactly when an issued row stands."""
    for code in YearSheet.objects.filter(state="issued", issued__isnull=True).values_list("code", flat=True):
        report.findings.append(f"Học bạ {code}: ghi là đã phát hành nhưng không có bản phát hành.")
    for code in IssuedSheet.objects.exclude(sheet__state="issued").values_list("code", flat=True):
        report.findings.append(f"Học bạ {code}: có bản phát hành nhưng trạng thái không phải đã phát hành.")
