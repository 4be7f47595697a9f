"""A node that signs offline codes and status lists under a PKI of its own."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hocbaso.core.document.model import YearSheet
from hocbaso.engines.ledger.entries import EntryType, LogEntry
from hocbaso.engines.trust.bundle import Anchor, CodeSigner, TrustBundle
from hocbaso.engines.trust.keys import SoftwareSigner
from hocbaso.engines.trust.offline_code import OfflineCode, StatusPlace, code_of, write_code
from hocbaso.engines.trust.status_list import (
    LEAST_LENGTH,
    Status,
    StatusList,
    bitstring,
    list_digest,
    sign_list,
)
from tests.unit.core.document.secondary_sheets import secondary
from tests.unit.engines.trust.verify_support import DAY, NOW, T0, YEAR, Holder, Pki, evidence_of

PLACE = StatusPlace("2025-1", 123_456)
ISSUED = T0 + timedelta(hours=5)
DIGEST = "ab" * 32


@dataclass
class Node:
    """Signs codes and lists; makes bundles."""

    pki: Pki = field(default_factory=Pki)
    label: str = "Nút Thành phố Hồ Chí Minh"
    ends: datetime = T0 + YEAR
    holder: Holder = field(init=False)

    def __post_init__(self) -> None:
        self.holder = self.pki.issue(self.label, ends=self.ends)

    def signer(self, holder: Holder | None = None) -> SoftwareSigner:
        holder = holder or self.holder
        return SoftwareSigner(holder.key, holder.certificate, (self.pki.sub.certificate,))

    def code(
        self, sheet: YearSheet | None = None, *, with_results: bool = True, signed: datetime = NOW - DAY
    ) -> OfflineCode:
        made = sheet or secondary(10)
        return code_of(
            made, DIGEST, issued_at=ISSUED, signed_at=signed, place=PLACE, with_results=with_results
        )

    def text(self, content: OfflineCode | None = None, holder: Holder | None = None) -> str:
        return write_code(content or self.code(), self.signer(holder))

    def list(self, status: Status = Status.CURRENT, *, name: str = PLACE.list, made: datetime = NOW) -> str:
        bits = bitstring(LEAST_LENGTH, {PLACE.index: status})
        content = StatusList(name, "https://nut.example", made, made + 30 * DAY, bits)
        return sign_list(content, self.signer())

    def bundle(self, listed: str | None = None, **changes: object) -> TrustBundle:
        listed = listed or self.list()
        entry = LogEntry(EntryType.STATUS_LIST, list_digest(listed), "", "2026-05-11T00:00:00Z")
        signer = CodeSigner(self.holder.der, self.label, ("79",), T0 - YEAR)
        whole = TrustBundle(
            created=NOW,
            as_of=NOW,
            anchors=(Anchor(self.pki.root.der, "hop_cat", "thu_nghiem", T0 - YEAR, T0 + 10 * YEAR),),
            intermediates=(self.pki.sub.der,),
            crls=self.pki.lists(this_update=NOW - DAY, next_update=NOW + 9 * DAY),
            code_signers=(signer,),
            status_lists=(listed,),
            authority_digest="cd" * 32,
            **evidence_of([entry], [0]),
        )
        return replace(whole, **changes)
