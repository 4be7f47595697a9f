"""What a person does with a batch: upload, answer, confirm, cancel, take the annotated file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePath

from django.db import transaction

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.audit.chain import record
from hocbaso.apps.common import clock
from hocbaso.apps.intake import background
from hocbaso.apps.intake.models import Batch, Kind, State
from hocbaso.apps.intake.policies import OWN, require_import
from hocbaso.apps.intake.states import move
from hocbaso.apps.intake.use_cases.run_batch import apply_batch, check_batch
from hocbaso.apps.intake.use_cases.undo_batch import find_batch
from hocbaso.apps.intake.use_cases.write_plan import keep_file
from hocbaso.apps.organisations.models import Organisation
from hocbaso.core.errors import DomainError, register
from hocbaso.core.vietnamese.school_year import SchoolYear
from hocbaso.engines.workbooks.annotate import annotate
from hocbaso.engines.workbooks.limits import check_container
from hocbaso.engines.workbooks.model import Issue

register(
    {
        "intake_rows_refused": (
            "Còn {count} dòng bị từ chối. Thầy cô sửa tệp, trả lời câu hỏi, hoặc chọn chỉ nhập các dòng tốt.",
            "{count} rows are refused.",
        ),
        "intake_nothing_to_write": (
            "Mọi dòng nhận được đều giống dữ liệu đang có; không có gì để ghi.",
            "There is nothing to write.",
        ),
    }
)

_OPEN = (State.UPLOADED, State.CHECKING, State.CHECKED, State.FAILED)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")


def upload(
    actor: Actor, *, kind: Kind, school: Organisation, year: str, data: bytes, file_name: str
) -> Batch:
    """Keep a workbook and start checking it in the background.

    Answers given to an earlier upload of the same kind are kept; an earlier one that was not confirmed ends.

    :raises NotAllowed: the actor may not import this kind into this school.
    :raises Unreadable: not a workbook, too large, protected (told before anything is stored).
    :raises DomainError: ``school_year.format``.
    """
    require_import(actor, kind, school)
    year = str(SchoolYear.parse(year))
    check_container(data)
    name = _UNPRINTABLE.sub("", PurePath(file_name.replace("\\", "/")).name)[:200] or "tep.xlsx"
    with transaction.atomic():
        earlier = Batch.objects.filter(kind=kind, school=school, school_year=year).defer("report")
        if kind in OWN:  # teachers bring their own pages beside the clerk's: one does not end the other's
            earlier = earlier.filter(created_by=actor.label)
        latest = earlier.order_by("-pk").first()
        earlier.filter(state__in=_OPEN).update(state=State.CANCELLED)
        batch = Batch.objects.create(
            kind=kind,
            school=school,
            school_year=year,
            file=keep_file(data),
            file_name=name,
            decisions=latest.decisions if latest else {},
            created_by=actor.label,
            created_at=clock.now(),
        )
        record(
            actor,
            "intake.upload",
            f"batch:{batch.pk}",
            organisation=school.code,
            kind=kind,
            file=batch.file_id,
        )
        transaction.on_commit(lambda: background.start(check_batch, batch.pk))
    return batch


def answer(actor: Actor, batch_id: int, answers: Mapping[str, bool | None]) -> Batch:
    """Keep answers to questions (None takes one back) and check again.

    :raises NotFound: no such batch for this actor.
    :raises DomainError: ``intake_state``.
    """
    find_batch(actor, batch_id)
    with transaction.atomic():
        batch = Batch.objects.select_for_update().get(pk=batch_id)
        known = {question["key"] for question in batch.report.get("questions", [])}
        given = {key: value for key, value in answers.items() if key in known}
        kept = batch.decisions | {key: value for key, value in given.items() if value is not None}
        batch.decisions = {k: v for k, v in kept.items() if not (k in given and given[k] is None)}
        move(batch, State.UPLOADED)
        batch.failure, batch.heartbeat = "", None
        batch.save(update_fields=["decisions", "state", "failure", "heartbeat"])
        transaction.on_commit(lambda: background.start(check_batch, batch_id))
    return batch


def confirm(actor: Actor, batch_id: int, *, accept_good_rows: bool) -> Batch:
    """Order the writing of a checked batch; it runs in the background.

    :raises NotFound: no such batch for this actor.
    :raises DomainError: ``intake_state``, ``intake_rows_refused``, ``intake_nothing_to_write``.
    """
    find_batch(actor, batch_id)
    with transaction.atomic():
        batch = Batch.objects.select_for_update().get(pk=batch_id)
        move(batch, State.APPLYING)
        report = batch.report
        if report["refused"] and not accept_good_rows:
            raise DomainError("intake_rows_refused", count=report["refused"])
        if not (report["new"] or report["changed"] or report["reordered"]):
            raise DomainError("intake_nothing_to_write")
        post = actor.assignment
        batch.report = report | {
            "confirmed": {
                "assignment": post.pk if post else None,
                "by": actor.label,
                "partly": report["refused"] > 0,
            }
        }
        batch.failure, batch.heartbeat = "", None
        batch.save(update_fields=["state", "report", "failure", "heartbeat"])
        transaction.on_commit(lambda: background.start(apply_batch, batch_id))
    return batch


def cancel(actor: Actor, batch_id: int) -> Batch:
    """End a batch of which nothing was written.

    :raises NotFound: no such batch for this actor.
    :raises DomainError: ``intake_state``.
    """
    find_batch(actor, batch_id)
    with transaction.atomic():
        batch = Batch.objects.select_for_update().get(pk=batch_id)
        move(batch, State.CANCELLED)
        batch.save(update_fields=["state"])
    return batch


def annotated(actor: Actor, batch_id: int) -> tuple[str, bytes]:
    """The school's own workbook with a note in each cell to look at: file name and bytes.

    :raises NotFound: no such batch for this actor.
    """
    batch = find_batch(actor, batch_id)
    issues = [Issue(**issue) for issue in batch.report.get("issues", [])]
    stem = PurePath(batch.file_name).stem
    return f"{stem}_ghi_chu.xlsx", annotate(bytes(batch.file.content), issues)
