"""The states of an import and what may follow what (experience.md 6.3)."""

from __future__ import annotations

from datetime import timedelta

from hocbaso.apps.intake.models import Batch, State
from hocbaso.core.errors import DomainError, register

register(
    {
        "intake_state": (
            "Lần nhập này đang ở bước “{state}” nên không làm được việc vừa chọn.",
            "The import is {state}; this cannot be done now.",
        ),
    }
)

TRANSITIONS: dict[State, frozenset[State]] = {
    State.UPLOADED: frozenset({State.CHECKING, State.CANCELLED}),
    State.CHECKING: frozenset({State.CHECKED, State.FAILED, State.CANCELLED}),
    State.CHECKED: frozenset({State.UPLOADED, State.APPLYING, State.CANCELLED}),
    State.APPLYING: frozenset({State.APPLIED, State.UPLOADED, State.FAILED}),
    State.APPLIED: frozenset({State.UNDONE}),
    State.FAILED: frozenset({State.CANCELLED}),
    State.CANCELLED: frozenset(),
    State.UNDONE: frozenset(),
}

#: A batch at work whose heartbeat is older was left by a process that died.
STALE_AFTER = timedelta(seconds=60)
#: So long may an import be undone.
UNDO_WITHIN = timedelta(hours=24)


def move(batch: Batch, to: State) -> None:
    """Set the state; the caller saves.

    :raises DomainError: ``intake_state``, no such way.
    """
    if to not in TRANSITIONS[State(batch.state)]:
        raise DomainError("intake_state", state=State(batch.state).label)
    batch.state = to
