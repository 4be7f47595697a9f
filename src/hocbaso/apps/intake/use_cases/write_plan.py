"""Write one plan: rows, what undo needs, audit event and the batch itself, in one transaction."""

from __future__ import annotations

import hashlib
from typing import Any

from django.db import IntegrityError, connection

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.audit.chain import record
from hocbaso.apps.common import clock
from hocbaso.apps.intake.importers import IMPORTERS, note_refused
from hocbaso.apps.intake.models import Batch, Kind, State, WorkbookFile
from hocbaso.apps.intake.planning import Plan, Progress, Recorder, silent
from hocbaso.apps.organisations.models import Organisation
from hocbaso.core.errors import DomainError, register

register(
    {
        "intake_moved": (
            "Dữ liệu của trường vừa thay đổi trong lúc nhập. Chưa có gì được ghi; thầy cô kiểm tra lại tệp.",
            "The school's data changed meanwhile; nothing was written.",
        ),
    }
)


def lock_school(school: Organisation) -> None:
    """One import a school at a time (on SQLite the transaction itself is the lock)."""
    if connection.vendor == "postgresql":
        Organisation.objects.select_for_update().get(pk=school.pk)


def keep_file(data: bytes) -> WorkbookFile:
    """The stored bytes, once by digest."""
    digest = hashlib.sha256(data).hexdigest()
    kept, _ = WorkbookFile.objects.get_or_create(
        digest=digest, defaults={"content": data, "created_at": clock.now()}
    )
    return kept


def write_plan(
    actor: Actor, batch: Batch, plan: Plan, report: dict[str, Any], progress: Progress = silent
) -> None:
    """Write the plan's accepted rows and set the batch to applied.

    The caller's transaction holds the school's lock and made the plan.

    :raises DomainError: ``intake_moved``, another import was faster.
    """
    kind = Kind(batch.kind)
    recorder = Recorder(batch, actor, progress, total=max(2 * len(plan.rows), 1))
    try:
        IMPORTERS[kind].apply(plan, recorder, batch.school, batch.school_year)
    except IntegrityError as error:
        raise DomainError("intake_moved") from error
    note_refused(kind, plan, actor, batch.school)
    recorder.flush()
    recorder.step(recorder.total)
    batch.state = State.APPLIED
    batch.applied_at = clock.now()
    batch.report = report
    batch.save()
    counts = {name: report[name] for name in ("new", "changed", "same", "refused")}
    record(
        actor,
        f"intake.apply_{kind}",
        f"batch:{batch.pk}",
        organisation=batch.school.code,
        school_year=batch.school_year,
        file=batch.file_id,
        **counts,
    )
