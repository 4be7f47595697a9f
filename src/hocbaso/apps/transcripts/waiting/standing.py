"""May these signatures be issued as of a time? Asked before every issue, and again with the stamp's time.

The time stamp of the seal is everybody's best signature time (trust.md section 3): a signer whose certificate
is over, revoked, blocked or not registered at that time would make the issued sheet invalid for ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from cryptography import x509

from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.signing.authority import revocation_of
from hocbaso.apps.signing.models import Certificate, Registration
from hocbaso.apps.transcripts.states import STEPS
from hocbaso.core.document.model import SignerRole
from hocbaso.core.errors import DomainError, register
from hocbaso.engines.trust.authority import Revocation, RevocationAnswer

_RETURN = "thầy cô trả lại học bạ để ký lại bằng chứng thư số còn dùng được"
_SEAL_AGAIN = "học bạ trở lại bước chờ phát hành, thầy cô đóng dấu lại bằng chứng thư số còn dùng được"
register(
    {
        "issue_signer_expired": (
            "Chứng thư số của {name} ({role}) hết hạn ngày {date}, trước lúc có dấu thời gian. "
            "Chưa phát hành: {remedy}.",
            "The certificate of {name} ({role}) ended on {date}, before the time stamp.",
        ),
        "issue_signer_revoked": (
            "Chứng thư số của {name} ({role}) bị thu hồi ngày {date}, trước lúc có dấu thời gian. "
            "Chưa phát hành: {remedy}.",
            "The certificate of {name} ({role}) was revoked on {date}, before the time stamp.",
        ),
        "issue_signer_blocked": (
            "Chứng thư số của {name} ({role}) đã bị khóa ngày {date} (báo mất hoặc lộ khóa). "
            "Chưa phát hành: {remedy}.",
            "The certificate of {name} ({role}) was blocked on {date}.",
        ),
        "issue_signer_not_registered": (
            "Ngày {date}, chứng thư số của {name} không còn được đăng ký để ký vai trò {role}. "
            "Chưa phát hành: {remedy}.",
            "On {date} the certificate of {name} is not registered as {role}.",
        ),
        "issue_revocation_unknown": (
            "Chưa hỏi được tình trạng thu hồi chứng thư số của {name} ({role}), nên chưa phát hành. "
            "Thầy cô thử lại sau ít phút.",
            "The revocation state of the certificate of {name} ({role}) is unknown.",
        ),
    }
)
#: A refusal that time may heal: what waits goes on waiting.
NOT_YET = "issue_revocation_unknown"


@dataclass(frozen=True, slots=True)
class Signed:
    """Who signed what stands on a sheet: the certificate's digest, role and name."""

    certificate: str
    role: str
    name: str


class SignersOf:
    """Answers about the signers of one school; each certificate is asked about once.

    Two queries for what is new, whatever the number of sheets.
    """

    def __init__(self, school: Organisation) -> None:
        self._school = school
        self._certificates: dict[str, Certificate] = {}
        self._parsed: dict[str, x509.Certificate] = {}
        self._seats: dict[str, list[tuple[str, date, date | None]]] = {}
        self._answers: dict[str, RevocationAnswer] = {}

    def load(self, signers: Iterable[Signed]) -> None:
        """Read what is needed of these."""
        wanted = {one.certificate for one in signers} - set(self._certificates)
        if not wanted:
            return
        rows = Certificate.objects.filter(pk__in=wanted).select_related("block")
        self._certificates |= {row.digest: row for row in rows}
        seats = Registration.objects.filter(certificate__in=wanted, school=self._school)
        for key in wanted:
            self._seats[key] = []
        for seat in seats:
            self._seats[seat.certificate_id].append((seat.role, seat.valid_from, seat.valid_to))

    def check(self, signers: Sequence[Signed], at: datetime) -> None:
        """All of them could sign at ``at``.

        :raises DomainError: ``issue_signer_…`` of the first who could not, ``issue_revocation_unknown``.
        """
        for one in signers:
            self._check(one, at)

    def _check(self, one: Signed, at: datetime) -> None:
        row = self._certificates[one.certificate]
        role = SignerRole(one.role)
        remedy = _SEAL_AGAIN if role is SignerRole.SEAL else _RETURN
        told = {"name": one.name, "role": STEPS[role].label.lower(), "remedy": remedy}
        if not row.not_before <= at <= row.not_after:
            raise DomainError("issue_signer_expired", **told, date=_day(row.not_after))
        block = getattr(row, "block", None)
        if block is not None and block.at <= at:
            raise DomainError("issue_signer_blocked", **told, date=_day(block.at))
        day = at.astimezone(clock.VIETNAM).date()
        seats = self._seats[one.certificate]
        if not any(
            r == one.role and first <= day and (last is None or day <= last) for r, first, last in seats
        ):
            raise DomainError("issue_signer_not_registered", **told, date=f"{day:%d/%m/%Y}")
        answer = self._revocation(row, at)
        if answer.state is Revocation.REVOKED and (answer.since is None or answer.since <= at):
            raise DomainError("issue_signer_revoked", **told, date=_day(answer.since or at))
        if answer.state is Revocation.UNKNOWN:
            raise DomainError("issue_revocation_unknown", **told)

    def _revocation(self, row: Certificate, at: datetime) -> RevocationAnswer:
        if row.digest not in self._answers:
            certificate = x509.load_der_x509_certificate(bytes(row.der))
            self._answers[row.digest] = revocation_of(certificate, at)
        return self._answers[row.digest]


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(clock.VIETNAM):%d/%m/%Y}"
