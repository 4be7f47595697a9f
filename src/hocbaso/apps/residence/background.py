"""Look-ups worked off beside the requests, in the same process; what a dead one left, the next one does."""

from __future__ import annotations

import threading

import structlog
from django.db import close_old_connections, connection

from hocbaso.apps.common import clock
from hocbaso.apps.identity.ports import population
from hocbaso.apps.residence.use_cases.process import next_due, process_due

log = structlog.get_logger("hocbaso.residence")
_running = threading.Lock()


def wake() -> bool:
    """Start working the queue off unless this process is at it or nothing is due. One query."""
    due = next_due()
    if due is None or due > clock.now() or not _running.acquire(blocking=False):
        return False
    threading.Thread(target=_run, name="residence-queue", daemon=True).start()
    return True


def _run() -> None:
    close_old_connections()
    try:
        process_due(population())
    except Exception:
        log.exception("residence.queue_failed")
    finally:
        _running.release()
        connection.close()
