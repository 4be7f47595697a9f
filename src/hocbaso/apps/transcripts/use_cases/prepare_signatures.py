"""What a key is asked to sign for each sheet of a batch; nothing is stored here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from hocbaso.apps.accounts.models import User
from hocbaso.apps.signing.models import SigningItem
from hocbaso.apps.transcripts.models import SheetSignature, SubjectDuty, YearSheet
from hocbaso.apps.transcripts.signature_store import Made
from hocbaso.apps.transcripts.states import STEPS
from hocbaso.core.document.emit import digest as digest_of_text
from hocbaso.core.document.model import SignerRole
from hocbaso.core.errors import DomainError, register
from hocbaso.engines.trust import xades

register(
    {
        "sheet_bytes_changed": (
            "Nội dung lưu trữ không còn khớp mã tóm lược đã hiển thị. Chưa ký; hãy báo quản trị hệ thống.",
            "The stored bytes no longer match the digest that was shown.",
        ),
        "sheet_moved_on": (
            "Học bạ không còn ở bước này (đã ký, đã trả lại hoặc đã phát hành). Hãy tải lại trang.",
            "The sheet is no longer at this step.",
        ),
    }
)

#: Whose signatures each role's own refers to: the order is provable (trust.md section 2).
_BEFORE = {
    SignerRole.HOMEROOM: SignerRole.SUBJECT_TEACHER,
    SignerRole.PRINCIPAL: SignerRole.HOMEROOM,
    SignerRole.SEAL: SignerRole.PRINCIPAL,
}


@dataclass(frozen=True, slots=True)
class Key:
    """Whose key will sign: its certificate and the chain that stands in the signature."""

    role: SignerRole
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]


@dataclass(frozen=True, slots=True)
class Ready:
    """One item of a batch and what is to be signed for it."""

    item: SigningItem
    prepared: xades.Prepared
    previous: list[SheetSignature]
    duty: SubjectDuty | None

    def made(self, text: bytes) -> tuple[SigningItem, Made]:
        """The item with its signature, to be stored."""
        return self.item, Made(self.item.sheet, text, self.previous, self.duty)


def open_duties(sheets: Sequence[YearSheet], signer: User) -> dict[int, SubjectDuty]:
    """What ``signer`` still has to sign as subject teacher, by sheet. One query."""
    rows = SubjectDuty.objects.filter(sheet__in=sheets, signer=signer, signed=False)
    return {row.sheet_id: row for row in rows}


def previous_signatures(sheets: Sequence[YearSheet]) -> dict[int, list[SheetSignature]]:
    """Live signatures by sheet, in their order in the document. One query."""
    found: dict[int, list[SheetSignature]] = {s.pk: [] for s in sheets}
    rows = SheetSignature.objects.filter(sheet__in=sheets, voided_at__isnull=True).order_by("position", "id")
    for row in rows:
        found[row.sheet_id].append(row)
    return found


def prepare_items(
    items: Sequence[SigningItem], key: Key, duties: Mapping[int, SubjectDuty], at: datetime
) -> tuple[list[Ready], list[tuple[SigningItem, DomainError]]]:
    """What is to be signed for each item, and which items cannot be signed any more. One query.

    :param duties: of a subject teacher, as :func:`open_duties` gives them.
    """
    previous = previous_signatures([item.sheet for item in items])
    ready: list[Ready] = []
    refused: list[tuple[SigningItem, DomainError]] = []
    for item in items:
        sheet, duty = item.sheet, duties.get(item.sheet_id)
        try:
            if sheet.state != STEPS[key.role].before or sheet.digest != item.digest:
                raise DomainError("sheet_moved_on")
            if key.role is SignerRole.SUBJECT_TEACHER and duty is None:
                raise DomainError("sheet_moved_on")
            texts = [bytes(s.text) for s in previous[sheet.pk] if s.role == _BEFORE.get(key.role)]
            prepared = prepare_signature(sheet, key, previous=texts, at=at, duty=duty)
            ready.append(Ready(item, prepared, previous[sheet.pk], duty))
        except DomainError as error:
            refused.append((item, error))
    return ready, refused


def prepare_signature(
    sheet: YearSheet,
    key: Key,
    *,
    previous: Sequence[bytes],
    at: datetime,
    duty: SubjectDuty | None = None,
) -> xades.Prepared:
    """What the key is asked to sign for one sheet.

    :param duty: what a subject teacher signs of the sheet.
    :raises DomainError: the bytes are not what was shown, or the signatures before are not in order.
    """
    body = bytes(sheet.body)
    if digest_of_text(body) != sheet.digest:
        raise DomainError("sheet_bytes_changed")
    if duty is not None:
        return xades.prepare_subjects(
            body,
            duty.subjects,
            signing_time=at,
            certificate=key.certificate,
            chain=key.chain,
            number=duty.number,
        )
    return xades.prepare(
        role=key.role,
        objects=[xades.sheet_object(body)],
        signing_time=at,
        certificate=key.certificate,
        chain=key.chain,
        previous=previous,
    )
