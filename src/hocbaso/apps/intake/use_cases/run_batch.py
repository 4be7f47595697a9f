"""The two long steps of a batch, each safe to run again: check what came in, write what was confirmed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Q

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Assignment
from hocbaso.apps.common import clock
from hocbaso.apps.intake import background
from hocbaso.apps.intake.models import Batch, Kind, State
from hocbaso.apps.intake.policies import for_school, may_import, require_import
from hocbaso.apps.intake.states import STALE_AFTER
from hocbaso.apps.intake.use_cases.check_workbook import Read, compare, read_with, report_of
from hocbaso.apps.intake.use_cases.write_plan import lock_school, write_plan
from hocbaso.apps.organisations.models import valid_on
from hocbaso.core.errors import DomainError, NotAllowed, register, sentence

register(
    {
        "intake_broken": (
            "Máy chủ gặp lỗi khi đọc tệp này. Chưa có gì được ghi. Thầy cô tải lại tệp; nếu vẫn lỗi, thầy cô "
            "gửi tệp cho bộ phận hỗ trợ kèm số lần nhập {batch}.",
            "The server failed on this file (batch {batch}); nothing was written.",
        ),
    }
)

log = structlog.get_logger("hocbaso.intake")
_AT_WORK = (State.CHECKING, State.APPLYING)


def _claim(batch_id: int, fresh: State, running: State) -> Batch | None:
    """Take the step for this process: the first to move the heartbeat has it."""
    now = clock.now()
    free = Q(state=fresh) if fresh is not running else Q(state=running, heartbeat=None)
    stale = Q(state=running, heartbeat__lt=now - STALE_AFTER)
    taken = Batch.objects.filter(free | stale, pk=batch_id).update(state=running, heartbeat=now)
    return Batch.objects.select_related("school", "file").get(pk=batch_id) if taken else None


def _beat(batch: Batch, **values: Any) -> None:
    Batch.objects.filter(pk=batch.pk, state=batch.state).update(heartbeat=clock.now(), **values)


def _read(batch: Batch) -> Read:
    found = read_with(Kind(batch.kind), bytes(batch.file.content), batch.school_year, batch.decisions)
    _beat(batch, done=0, total=len(found.reading.rows))
    return found


def check_batch(batch_id: int) -> None:
    """Read and compare; writes only the batch's own row. Does nothing when another process is at it."""
    batch = _claim(batch_id, State.UPLOADED, State.CHECKING)
    if batch is None:
        return
    try:
        found = _read(batch)
        plan = compare(uploader(batch), Kind(batch.kind), batch.school, batch.school_year, found)
        values: dict[str, Any] = {"state": State.CHECKED, "report": report_of(plan, found)}
        values |= {"done": len(plan.rows), "checked_at": clock.now()}
    except DomainError as error:
        values = {"state": State.FAILED, "failure": error.message[:400]}
    except Exception:
        log.exception("intake.check_failed", batch=batch_id)
        values = {"state": State.FAILED, "failure": sentence("intake_broken", batch=batch_id)}
    Batch.objects.filter(pk=batch_id, state=State.CHECKING).update(**values)


def uploader(batch: Batch) -> Actor:
    """Who brought the workbook in, in the post that lets him import this kind; without one, somebody without
    rights. What he may do is checked again when it is written.
    """
    posts = Assignment.objects.select_related("user", "organisation", "school_class").filter(
        valid_on(clock.today()), user__username=batch.created_by, organisation=batch.school
    )
    actors = [Actor.of(post) for post in posts.order_by("pk")]
    for may in (for_school, may_import):
        for actor in actors:
            if may(actor, Kind(batch.kind), batch.school):
                return actor
    return Actor("web", batch.created_by)


def actor_of(batch: Batch) -> Actor:
    """Who confirmed the batch, in the post used then, if he still holds it.

    :raises NotAllowed: the assignment has ended.
    """
    post_id = batch.report.get("confirmed", {}).get("assignment")
    if post_id is None:
        return Actor.operator()
    post = (
        Assignment.objects.select_related("user", "organisation", "school_class")
        .filter(valid_on(clock.today()), pk=post_id)
        .first()
    )
    if post is None:
        raise NotAllowed("not_allowed", what="ghi lần nhập đã xác nhận")
    return Actor.of(post)


def apply_batch(batch_id: int) -> None:
    """Write a confirmed batch in one transaction: all of it and its state, or nothing.

    When the school's data moved since the check, nothing is written and the batch is checked anew.
    """
    batch = _claim(batch_id, State.APPLYING, State.APPLYING)
    if batch is None:
        return
    try:
        found = _read(batch)
        with transaction.atomic():
            _write(batch, found)
    except DomainError as error:
        _back_to_check(batch, error.message)
    except Exception:
        log.exception("intake.apply_failed", batch=batch_id)
        failure = sentence("intake_broken", batch=batch_id)
        Batch.objects.filter(pk=batch_id, state=State.APPLYING).update(state=State.FAILED, failure=failure)
    finally:
        background.forget(batch_id)


def _write(batch: Batch, found: Read) -> None:
    lock_school(batch.school)
    current = Batch.objects.select_for_update().select_related("school").get(pk=batch.pk)
    if current.state != State.APPLYING:  # a slower process than the one that took over
        return
    actor = actor_of(current)
    require_import(actor, Kind(batch.kind), current.school)
    plan = compare(actor, Kind(batch.kind), current.school, current.school_year, found)
    if plan.fingerprint != current.report.get("fingerprint"):
        raise DomainError("intake_moved")
    report = report_of(plan, found) | {"confirmed": current.report["confirmed"]}
    write_plan(actor, current, plan, report, lambda done, total: background.tell(batch.pk, done, total))


def _back_to_check(batch: Batch, why: str) -> None:
    moved = Batch.objects.filter(pk=batch.pk, state=State.APPLYING).update(
        state=State.UPLOADED, failure=why[:400], heartbeat=None
    )
    if moved:
        check_batch(batch.pk)


def resume_stale(older_than: timedelta = STALE_AFTER) -> list[int]:
    """Finish what processes that died left behind, here and now; the batches taken up."""
    limit = clock.now() - older_than
    waiting = Q(state__in=_AT_WORK, heartbeat__lt=limit) | Q(state=State.APPLYING, heartbeat=None)
    waiting |= Q(state=State.UPLOADED, created_at__lt=limit)
    found = list(Batch.objects.filter(waiting).order_by("pk").values_list("pk", "state"))
    for batch_id, state in found:
        if state == State.APPLYING:
            apply_batch(batch_id)
        else:
            check_batch(batch_id)
    return [batch_id for batch_id, _ in found]


def wake(batch: Batch) -> None:
    """Start a waiting or abandoned step again in the background; called when somebody looks at the batch."""
    now = clock.now()
    idle = batch.heartbeat is None or batch.heartbeat < now - STALE_AFTER
    left = batch.state == State.UPLOADED and now - batch.created_at > timedelta(seconds=10)
    if batch.state == State.APPLYING and idle:
        background.start(apply_batch, batch.pk)
    elif left or (batch.state == State.CHECKING and idle):
        background.start(check_batch, batch.pk)
