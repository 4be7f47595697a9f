"""Runs over a batch beside the request, in the process where the session is; found by their heartbeat."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import structlog
from django.db import IntegrityError, close_old_connections, connection, transaction

from hocbaso.apps.common import clock
from hocbaso.apps.signing.elsewhere.models import Place, Run
from hocbaso.apps.signing.models import SigningBatch
from hocbaso.core.errors import DomainError, register, sentence

register(
    {
        "run_under_way": (
            "Danh sách này đang được ký ở một cửa sổ khác. Thầy cô chờ xong rồi tải lại trang.",
            "Another run over this batch is under way.",
        ),
        "run_lost": (
            "Việc ký ngừng giữa chừng vì máy chủ khởi động lại. Những học bạ đã ký vẫn giữ nguyên; thầy cô "
            "ký tiếp phần còn lại.",
            "The process of the run ended.",
        ),
        "run_broke": (
            "Việc ký ngừng giữa chừng vì lỗi hệ thống. Những học bạ đã ký vẫn giữ nguyên; thầy cô ký tiếp "
            "phần còn lại, nếu vẫn lỗi thì báo quản trị hệ thống.",
            "The run ended with an unforeseen error.",
        ),
    }
)

#: Longer than a key may be silent for one step: after that the process of the run is gone.
BEAT = timedelta(minutes=3)
Beat = Callable[[], None]
_log = structlog.get_logger("hocbaso.signing")


def claim(batch: SigningBatch, place: Place) -> Run:
    """The one live run of a batch. :raises DomainError: ``run_under_way``"""
    now = clock.now()
    lost = Run.objects.filter(batch=batch, ended_at__isnull=True, beat_at__lte=now - BEAT)
    lost.update(ended_at=now, stop_code="run_lost", stop_text=sentence("run_lost"))
    try:
        with transaction.atomic():
            return Run.objects.create(batch=batch, place=place, started_at=now, beat_at=now)
    except IntegrityError:
        raise DomainError("run_under_way") from None


def start(run: Run, work: Callable[[Beat], None]) -> None:
    """Carry the run on in a thread with a database connection of its own."""

    def beside() -> None:
        close_old_connections()
        try:
            carry(run, work)
        finally:
            connection.close()

    threading.Thread(target=beside, name=f"signing-{run.batch_id}", daemon=True).start()


def carry(run: Run, work: Callable[[Beat], None]) -> None:
    """Do the work and set down how it ended. Nothing of an unforeseen error but its kind is told."""
    try:
        work(lambda: beat(run))
    except DomainError as error:
        end(run, error)
    except Exception as error:
        _log.error("signing_run_broke", batch=run.batch_id, kind=type(error).__name__)
        end(run, DomainError("run_broke"))
    else:
        end(run)


def beat(run: Run) -> None:
    """The run is alive. :raises DomainError: ``run_lost``: another has taken its place."""
    if not Run.objects.filter(pk=run.pk, ended_at__isnull=True).update(beat_at=clock.now()):
        raise DomainError("run_lost")


def end(run: Run, why: DomainError | None = None) -> None:
    """The run is over."""
    rows = Run.objects.filter(pk=run.pk, ended_at__isnull=True)
    rows.update(
        ended_at=clock.now(),
        stop_code=why.code if why else "",
        stop_text=why.message[:400] if why else "",
    )


def live(batch: SigningBatch) -> Run | None:
    """The run that a process carries on now. One query."""
    rows = Run.objects.filter(batch=batch, ended_at__isnull=True, beat_at__gt=clock.now() - BEAT)
    return rows.first()


def alive(batch: SigningBatch) -> bool:
    """Whether a process is signing the batch now. One query."""
    return live(batch) is not None


def last_stop(batch: SigningBatch) -> Run | None:
    """The newest run, if it did not come to its end. One query."""
    run = Run.objects.filter(batch=batch).order_by("-pk").first()
    if run is None or (run.ended_at is not None and not run.stop_code):
        return None
    if run.ended_at is None:
        if run.beat_at > clock.now() - BEAT:
            return None
        run.stop_code, run.stop_text = "run_lost", sentence("run_lost")
    return run
