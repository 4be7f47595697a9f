"""Return sheets before issue: they are voided with a reason, and the class's rows open again.

Any change before issue voids the signatures so far (trust.md section 2); the bytes and the voided signatures
stay, with the time and the reason.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.assessment.freezing import open_rows, open_summer_rows
from hocbaso.apps.audit.chain import record
from hocbaso.apps.common import clock
from hocbaso.apps.transcripts.models import SheetSignature, SheetState, YearSheet
from hocbaso.apps.transcripts.replacing import newest_issued
from hocbaso.apps.transcripts.states import RETURNABLE
from hocbaso.apps.transcripts.waiting.keep import void_seals
from hocbaso.core.errors import DomainError, register

register(
    {
        "return_needs_reason": (
            "Cần ghi lý do trả lại, để giáo viên biết phải sửa gì.",
            "A reason is needed to return a sheet.",
        ),
        "issued_cannot_return": (
            "Học bạ đã phát hành không trả lại được; chỉ thay thế hoặc thu hồi.",
            "An issued sheet cannot be returned.",
        ),
    }
)


@transaction.atomic
def return_sheets(actor: Actor, *, sheets: Sequence[YearSheet], reason: str) -> int:
    """Void ``sheets`` and unlock their pupils' year rows.

    Of a version that would have replaced an issued one only the summer's rows open: the rest of the year
    stays as it was issued, and changes through an unlock case alone.

    :returns: how many were returned.
    :raises NotAllowed: not somebody who signs for the class.
    :raises DomainError: ``return_needs_reason``, ``issued_cannot_return``.
    """
    reason = " ".join(reason.split())
    if not reason:
        raise DomainError("return_needs_reason")
    for school_class in {sheet.school_class for sheet in sheets}:
        require(actor, "transcripts.return", school_class)
    now = clock.now()
    for sheet in sorted(sheets, key=lambda one: one.pk):  # the order in which issuing locks them
        moved = YearSheet.objects.filter(pk=sheet.pk, state__in=RETURNABLE).update(
            state=SheetState.VOIDED, return_reason=reason[:300]
        )
        if not moved:
            raise DomainError("issued_cannot_return")
    SheetSignature.objects.filter(sheet__in=sheets, voided_at__isnull=True).update(voided_at=now)
    seals = void_seals(sheets)
    open_rows([sheet.enrolment_id for sheet in sheets if sheet.version == 1])
    later = newest_issued([sheet.enrolment_id for sheet in sheets if sheet.version > 1])
    open_summer_rows({key: earlier.issued.sheet.frozen_at for key, earlier in later.items()})
    record(
        actor,
        "transcripts.returned",
        f"class:{sheets[0].school_class.name}",
        organisation=sheets[0].school.code,
        reason=reason,
        sheets=[sheet.digest for sheet in sheets],
        **({"waiting_seals": seals} if seals else {}),
    )
    return len(sheets)
