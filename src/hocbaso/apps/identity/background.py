"""The queue worked off beside the requests, in the same process; what a dead process left, the next one does.

A province runs ``hocbaso identity work`` instead, on as many machines as it likes.
"""

from __future__ import annotations

import threading

import structlog
from django.db import close_old_connections, connection

from hocbaso.apps.common import clock
from hocbaso.apps.identity.ports import population
from hocbaso.apps.identity.use_cases.process import LANES, next_due, process_due

log = structlog.get_logger("hocbaso.identity")
_running = threading.Lock()


def wake() -> bool:
    """Start working the queue off unless this process is at it or nothing is due. One query.

    Called when an order has been committed and whenever somebody looks at its progress.

    :returns: whether a thread was started.
    """
    due = next_due()
    if due is None or due > clock.now() or not _running.acquire(blocking=False):
        return False
    threading.Thread(target=_run, name="identity-queue", daemon=True).start()
    return True


def _run() -> None:
    close_old_connections()
    try:
        process_due(population(), lanes=LANES)
    except Exception:
        log.exception("identity.queue_failed")
    finally:
        _running.release()
        connection.close()
