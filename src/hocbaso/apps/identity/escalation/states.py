"""The life of a case, and who must act in each of its states.

waiting ──▶ accepted ──▶ solved ──▶ (school sends again) ──▶ closed, by itself, when the pupil is verified
  │  └────▶ returned ──resubmitted──▶ waiting
  └──passed on──▶ waiting at the unit above ──▶ recorded (no number for a special reason)
Every open state may end in closed (verified) or withdrawn.
"""

from __future__ import annotations

from typing import Literal

from hocbaso.apps.identity.escalation.models import Act, Case, State
from hocbaso.core.errors import DomainError, register

register(
    {
        "escalation_step": (
            "Kiến nghị {number} đang ở bước “{state}” nên không làm được việc này.",
            "Case {number} is {state}.",
        ),
    }
)

S = State
_OPEN_ENDS = frozenset({S.CLOSED, S.WITHDRAWN})
OPEN = (S.WAITING, S.ACCEPTED, S.RETURNED, S.SOLVED, S.RECORDED)
#: The managing unit must answer: its clock runs.
AT_UNIT = (S.WAITING, S.ACCEPTED)
#: The school must do something.
AT_SCHOOL = (S.RETURNED, S.SOLVED)

#: act → (states in which it may be done, the state that it leads to; None: it stays).
STEPS: dict[Act, tuple[tuple[State, ...], State | None]] = {
    Act.REPLY: (OPEN, None),
    Act.ACCEPTED: ((S.WAITING,), S.ACCEPTED),
    Act.RETURNED: (AT_UNIT, S.RETURNED),
    Act.SOLVED: (AT_UNIT, S.SOLVED),
    Act.PASSED_ON: (AT_UNIT, S.WAITING),
    Act.RECORDED: (AT_UNIT, S.RECORDED),
    Act.EXTENDED: (AT_UNIT, None),
    Act.RESUBMITTED: ((*AT_SCHOOL, S.RECORDED), S.WAITING),
    Act.WITHDRAWN: (OPEN, S.WITHDRAWN),
    Act.CLOSED: (OPEN, S.CLOSED),
}

Waits = Literal["unit", "school", ""]


def waits_for(state: str) -> Waits:
    """Who must act next; "" when nobody must."""
    return "unit" if state in AT_UNIT else "school" if state in AT_SCHOOL else ""


def step(case: Case, act: Act) -> None:
    """Set the state that follows; the caller saves.

    :raises DomainError: ``escalation_step``, it cannot be done now.
    """
    allowed, to = STEPS[act]
    if case.state not in allowed:
        raise DomainError("escalation_step", number=case.number, state=State(case.state).label)
    if to is not None:
        case.state = to
