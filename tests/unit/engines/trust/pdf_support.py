"""A school's sealed rendition and the years after it; authorities come and go, the test holds the clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from types import SimpleNamespace

from hocbaso.core.document.emit import digest
from hocbaso.core.document.model import SignerRole
from hocbaso.core.document.parse import split_document
from hocbaso.engines.rendering import SealStamp, SheetView, render_sheet
from hocbaso.engines.trust.bundle import Anchor, TrustBundle
from hocbaso.engines.trust.longterm.policy import LongTermPolicy, long_term_policy
from hocbaso.engines.trust.longterm.validation_data import Gatherer
from hocbaso.engines.trust.pades import seal_pdf
from hocbaso.engines.trust.pades_extend import Extended, Extender
from hocbaso.engines.trust.qr import verification_url
from hocbaso.engines.trust.verification import Verdict, verify_file
from hocbaso.engines.trust.verification.pdf import attached_documents
from hocbaso.engines.trust.verification.policy import ValidationPolicy
from hocbaso.sandbox.tsa import SandboxStamper
from tests.unit.engines.trust.verify_support import DAY, T0, YEAR, Holder, Pki, School, sheet_of

SEALED = T0 + DAY
ENDS = T0 + 30 * YEAR


@dataclass
class Years:
    """One school under one root that lasts; what happens is said with the time at which it happens."""

    label: str = "P"
    later: Pki | None = None  # further authorities, of another root
    school: School = field(init=False)
    document: bytes = field(init=False)

    def __post_init__(self) -> None:
        self.school = School(Pki(self.label, ends=ENDS), ends=T0 + YEAR)
        self.document = self.school.issue(sheet_of())

    @property
    def pki(self) -> Pki:
        return self.school.pki

    @property
    def pkis(self) -> tuple[Pki, ...]:
        return (self.pki,) if self.later is None else (self.pki, self.later)

    def authority(self, name: str, begins: datetime, ends: datetime, pki: Pki | None = None) -> Holder:
        """A time-stamp authority."""
        return (pki or self.pki).issue(name, begins=begins, ends=ends, time_stamping=True)

    def stamper(self, holder: Holder, at: datetime) -> SandboxStamper:
        issuer = holder.certificate.issuer
        subs = (pki.sub.certificate for pki in self.pkis)
        chain = (holder.certificate, *(sub for sub in subs if sub.subject == issuer))
        return SandboxStamper(holder.key, chain, lambda: at)

    def sealed(self, tsa: Holder | None = None, pdf: bytes | None = None) -> bytes:
        """The rendition of the document, sealed a day after it was issued (B-T)."""
        signer = self.school.signer(self.school.holders[SignerRole.SEAL])
        stamper = self.stamper(tsa or self.school.tsa, SEALED)
        words = {"name": "Trường", "reason": "Phát hành", "location": "Bình Thạnh"}
        return seal_pdf(pdf or rendition(self.document), signer, stamper, signing_time=SEALED, **words)

    def lists(self, at: datetime, revoked: Sequence[tuple[Holder, datetime]] = ()) -> tuple[bytes, ...]:
        """Revocation lists as they are handed out at a time."""
        times = {"this_update": at, "next_update": at + 9 * DAY}
        return tuple(der for pki in self.pkis for der in pki.lists(list(revoked), **times))

    def anchors(self) -> tuple[Anchor, ...]:
        return tuple(Anchor(pki.root.der, "hop_cat", "thu_nghiem", T0 - YEAR, ENDS) for pki in self.pkis)

    def extender(
        self,
        at: datetime,
        revoked: Sequence[tuple[Holder, datetime]] = (),
        policy: LongTermPolicy | None = None,
    ) -> Extender:
        known = SimpleNamespace(
            anchors=tuple(SimpleNamespace(certificate=pki.root.certificate) for pki in self.pkis),
            intermediates=tuple(pki.sub.certificate for pki in self.pkis),
            crls=self.lists(at, revoked),
        )
        return Extender(self.anchors(), Gatherer(known), policy or long_term_policy(at.date()))

    def long_term(self, pdf: bytes, at: datetime) -> Extended:
        return self.extender(at).long_term(pdf, attached_documents(pdf)[0], at)

    def archived(
        self, pdf: bytes, at: datetime, tsa: Holder, policy: LongTermPolicy | None = None
    ) -> Extended:
        extender = self.extender(at, policy=policy)
        return extender.archive(pdf, attached_documents(pdf)[0], self.stamper(tsa, at), at)

    def bundle(
        self, at: datetime, revoked: Sequence[tuple[Holder, datetime]] = (), **changes: object
    ) -> TrustBundle:
        """What a verifier knows at a time; of certificates that have ended its lists say nothing."""
        values: dict[str, object] = {
            "created": at,
            "as_of": at,
            "anchors": self.anchors(),
            "crls": self.lists(at, revoked),
        }
        return self.school.bundle(self.document, **(values | changes))

    def verdict(
        self,
        pdf: bytes,
        at: datetime,
        *,
        bundle: TrustBundle | None = None,
        policy: ValidationPolicy | None = None,
    ) -> Verdict:
        (found,) = verify_file("hb.pdf", pdf, bundle or self.bundle(at), now=at, policy=policy)
        return found


@lru_cache(maxsize=4)
def rendition(document: bytes) -> bytes:
    """The official form of one issued document."""
    sheet = sheet_of()
    seal = SealStamp(sheet.school.name, "2026-05-01T05:00:00Z", True)
    text = split_document(document).sheet
    address = verification_url("https://hocba.example", sheet.code, digest(text))
    return render_sheet(SheetView(sheet, digest(text), document, (), seal, address))


def lasting(policy: LongTermPolicy, **ends: object) -> LongTermPolicy:
    """The long-term policy with other ends of algorithms."""
    return replace(
        policy,
        algorithms=tuple(
            replace(row, ends=ends[row.name]) if row.name in ends else row for row in policy.algorithms
        ),
    )
