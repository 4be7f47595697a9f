"""Make the offline code of an issued sheet, for its holder."""

from __future__ import annotations

from enum import StrEnum

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.audit.chain import record
from hocbaso.apps.common import clock
from hocbaso.apps.transcripts.models import IssuedSheet
from hocbaso.apps.transcripts.offline.keys import code_signer
from hocbaso.apps.transcripts.offline.places import take_places
from hocbaso.apps.transcripts.queries import statuses
from hocbaso.core.document.parse import parse_sheet
from hocbaso.core.errors import DomainError, register
from hocbaso.engines.trust.offline_code import code_of, write_code

register(
    {
        "code_of_withdrawn": (
            "Phiên bản này đã được thay thế hoặc thu hồi nên không tạo mã QR nữa. Hãy mở phiên bản mới nhất.",
            "This version is replaced or revoked.",
        )
    }
)


class Variant(StrEnum):
    """What the holder wants others to read."""

    RESULTS = "ket-qua"
    IDENTITY = "danh-tinh"


def make_code(actor: Actor, *, issued: IssuedSheet, variant: Variant) -> str:
    """The text of QR 2.

    :raises NotAllowed: policy ``offline.make_code``.
    :raises DomainError: ``code_of_withdrawn``, ``no_code_key``.
    """
    require(actor, "offline.make_code", issued.sheet.school_class)
    return _make(actor, issued, variant)


def make_code_for_holder(*, issued: IssuedSheet, variant: Variant) -> str:
    """The same for a holder who proved himself on the public page (code and date of birth)."""
    return _make(Actor.system(), issued, variant)


@transaction.atomic
def _make(actor: Actor, issued: IssuedSheet, variant: Variant) -> str:
    if (issued.code, issued.version) in statuses([issued.code]):
        raise DomainError("code_of_withdrawn")
    key = (issued.code, issued.version)
    content = code_of(
        parse_sheet(bytes(issued.sheet.body)),
        issued.digest,
        issued_at=issued.issued_at,
        signed_at=clock.now(),
        place=take_places([key], issued.sheet.school_year)[key],
        with_results=variant is Variant.RESULTS,
    )
    text = write_code(content, code_signer())
    record(
        actor,
        "offline.code_made",
        issued.code,
        organisation=issued.sheet.school.code,
        version=issued.version,
        variant=str(variant),
    )
    return text
