"""The worker's part about certificates: revocation answers, ended posts, refused values, schools' figures."""

from __future__ import annotations

import time
from typing import Any

#: Seconds between two looks at what is due, when the last one left nothing.
_EVERY = {"lists": 600.0, "asked": 60.0, "ended": 1800.0, "counted": 60.0, "refused": 300.0}
_next: dict[str, float] = {}


def work() -> dict[str, Any]:
    """One bounded share; resumes from rows, whatever happens in between."""
    from hocbaso.apps.accounts.door import Actor
    from hocbaso.apps.signing.elsewhere.refusals import tell_refused
    from hocbaso.apps.signing.endings import end_departed
    from hocbaso.apps.signing.figures import recount_due
    from hocbaso.apps.signing.refreshing import refresh_due

    actor, told = Actor.system(), dict[str, Any]()
    if _due("lists"):
        told |= _lists()
        _wait("lists", again=False)
    if _due("asked"):
        done = refresh_due(actor, ticks=time.monotonic)
        told |= {"revocations": done.asked, "revoked": done.revoked, "silent": done.silent}
        _wait("asked", again=done.left and done.asked > done.silent)
    if _due("ended"):
        told["registrations_ended"] = end_departed(actor)
        _wait("ended", again=told["registrations_ended"] > 0)
    if _due("refused"):
        told["refused_values_told"] = tell_refused(actor)
        _wait("refused", again=False)
    if _due("counted"):
        told["readiness_counted"] = recount_due()
        _wait("counted", again=told["readiness_counted"] > 0)
    return told


def _lists() -> dict[str, Any]:
    """Revocation lists of a provider that keeps them (``providers.trust_store``); others have none."""
    from hocbaso.apps.signing.ports import key_provider

    refresh = getattr(key_provider(), "refresh_lists", None)
    done = refresh() if refresh is not None else None
    return {} if done is None else {"lists": done.taken, "lists_silent": done.silent}


def _due(what: str) -> bool:
    return time.monotonic() >= _next.get(what, 0.0)


def _wait(what: str, *, again: bool) -> None:
    """More is left: the next round goes on at once."""
    _next[what] = 0.0 if again else time.monotonic() + _EVERY[what]
