"""Audit everything that must not have changed: log, issued rows, signatures' bytes, the event chain.

Works from the rows alone: every hash is computed anew, so an altered, removed, added or moved row is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import connection

from hocbaso.apps.audit.chain import broken_links
from hocbaso.apps.audit.models import Event
from hocbaso.apps.common import guards
from hocbaso.apps.ledger.queries import audit_logs
from hocbaso.apps.transcripts.use_cases.audit_issued import audit_issued, audit_states
from hocbaso.apps.transcripts.use_cases.audit_status import audit_status
from hocbaso.apps.transcripts.waiting.audit import audit_waiting


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
    report.findings += audit_issued(leaves)
    report.findings += audit_states()
    report.findings += audit_status(leaves)
    report.findings += audit_waiting()
    report.findings += broken_links()
    report.findings += [
        f"Thiếu bộ chặn sửa đổi {name} trong cơ sở dữ liệu." for name in guards.missing(connection)
    ]
    return report
