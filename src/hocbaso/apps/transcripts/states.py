"""The life of a year sheet before and at issue, one table.

    subjects ──last subject teacher──▶ frozen ──homeroom──▶ homeroom_signed
       │                                  │                       │ principal
       │                                  │                       ▼
       │                                  │                principal_signed ──seal──▶ issued
       └──────────────────────────────────┴───── return ──────────┴──▶ voided

A sheet that no subject teacher signs (primary, by default) begins at ``frozen``.
After issue nothing moves: replaced and revoked are facts told beside the sheet (``StatusEvent``).
"""

from __future__ import annotations

from dataclasses import dataclass

from hocbaso.apps.transcripts.models import SheetState
from hocbaso.core.document.model import SignerRole


@dataclass(frozen=True, slots=True)
class Step:
    """One signing step: who signs sheets in ``before`` and where they stand after."""

    role: SignerRole
    before: SheetState
    after: SheetState
    label: str


STEPS: dict[SignerRole, Step] = {
    step.role: step
    for step in (
        Step(
            SignerRole.SUBJECT_TEACHER,
            SheetState.AWAITING_SUBJECTS,
            SheetState.FROZEN,  # with the last of them: several sign side by side
            "Giáo viên môn học",
        ),
        Step(SignerRole.HOMEROOM, SheetState.FROZEN, SheetState.HOMEROOM_SIGNED, "Giáo viên chủ nhiệm"),
        Step(SignerRole.PRINCIPAL, SheetState.HOMEROOM_SIGNED, SheetState.PRINCIPAL_SIGNED, "Hiệu trưởng"),
        Step(SignerRole.SEAL, SheetState.PRINCIPAL_SIGNED, SheetState.ISSUED, "Con dấu số của trường"),
    )
}

#: States from which a sheet may be returned (voided) with a reason.
RETURNABLE = (
    SheetState.AWAITING_SUBJECTS,
    SheetState.FROZEN,
    SheetState.HOMEROOM_SIGNED,
    SheetState.PRINCIPAL_SIGNED,
)
#: Work still to do, in order.
OPEN_STATES = RETURNABLE
