"""The certificate that is about to sign, told before anything is signed (experience.md 6.4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from cryptography import x509
from cryptography.x509.oid import NameOID
from django.conf import settings

from hocbaso.apps.common import clock
from hocbaso.apps.signing.authority import revocation_of
from hocbaso.apps.signing.models import Registration
from hocbaso.apps.signing.register import Seat, check_holder, digest_of, serial_text
from hocbaso.core.errors import DomainError
from hocbaso.engines.trust.authority import (
    Revocation,
    SigningWarning,
    check_certificate_for_signing,
    holder_of,
)
from hocbaso.engines.trust.ports import Signer


@dataclass(frozen=True, slots=True)
class Card:
    """Who would sign, with what, and whether that may be."""

    holder: str
    number: str  # personal number, organisation code or account, unmasked: the page masks it
    serial: str
    issuer: str
    not_before: datetime
    not_after: datetime
    days_left: int
    asked_at: datetime  # when revocation was asked
    revoked: bool | None  # None: nobody could say
    registered_from: date | None  # None: not registered for this seat yet
    registers_itself: bool  # the sandbox registers at the first signature
    warning: SigningWarning | None
    refusal: DomainError | None  # why this certificate cannot sign now

    @property
    def usable(self) -> bool:
        """Whether signing would be let through."""
        return self.refusal is None


def _name(name: x509.Name) -> str:
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else name.rfc4514_string()


def certificate_card(signer: Signer, seat: Seat) -> Card:
    """The card of ``signer`` in ``seat``. Four queries."""
    certificate, now = signer.certificate, clock.now()
    answer = revocation_of(certificate, now)
    warning = refusal = None
    try:
        warning = check_certificate_for_signing(certificate, now, answer, registered_to=seat.owner)
        check_holder(certificate, seat.user)
    except DomainError as error:
        refusal = error
    registration = _registration(certificate, seat)
    in_sandbox = settings.HOCBASO_ENVIRONMENT == "thu_nghiem"
    if refusal is None and registration is None and not in_sandbox:
        refusal = DomainError("signer_not_registered", serial=serial_text(certificate), name=seat.name)
    holder = holder_of(certificate)
    return Card(
        holder=holder.name,
        number=holder.number or "",
        serial=serial_text(certificate),
        issuer=_name(certificate.issuer),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        days_left=max(0, (certificate.not_valid_after_utc - now).days),
        asked_at=now,
        revoked=None if answer.state is Revocation.UNKNOWN else answer.state is Revocation.REVOKED,
        registered_from=registration.valid_from if registration else None,
        registers_itself=registration is None and in_sandbox,
        warning=warning,
        refusal=refusal,
    )


def _registration(certificate: x509.Certificate, seat: Seat) -> Registration | None:
    """Today's registration for the seat. One query."""
    today = clock.today()
    wanted = (seat.school.pk, str(seat.role), seat.class_name, seat.school_year)
    for row in Registration.objects.filter(certificate=digest_of(certificate)):
        holds = row.valid_from <= today and (row.valid_to is None or today <= row.valid_to)
        if holds and (row.school_id, row.role, row.class_name, row.school_year) == wanted:
            return row
    return None
