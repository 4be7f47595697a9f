"""An archive for tests: documents are extended and renewed by authorities whose every date is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from hocbaso.core.document.names import document_bytes
from hocbaso.core.document.parse import split_document
from hocbaso.engines.trust import xades
from hocbaso.engines.trust.bundle import Anchor
from hocbaso.engines.trust.longterm.validation_data import ValidationData, gather
from hocbaso.engines.trust.tokens import read_token
from hocbaso.engines.trust.xades.reading import read_signature
from hocbaso.sandbox.tsa import SandboxStamper
from tests.unit.engines.trust.verify_support import YEAR, Holder, Pki, School


def day(year: int, month: int = 6, number: int = 1) -> datetime:
    return datetime(year, month, number, tzinfo=UTC)


@dataclass
class Root:
    certificate: x509.Certificate


@dataclass
class Trusted:
    """What gathering knows: roots, sub CAs and lists of these infrastructures."""

    pkis: Sequence[Pki]
    at: datetime

    @property
    def anchors(self) -> list[Root]:
        return [Root(pki.root.certificate) for pki in self.pkis]

    @property
    def intermediates(self) -> list[x509.Certificate]:
        return [pki.sub.certificate for pki in self.pkis]

    @property
    def crls(self) -> list[bytes]:
        return [
            der
            for pki in self.pkis
            for der in pki.lists(this_update=self.at, next_update=self.at + YEAR / 12)
        ]


def trusted_anchor(pki: Pki) -> Anchor:
    return Anchor(pki.root.der, "hop_cat", "thu_nghiem", pki.begins, pki.ends)


@dataclass
class Authority:
    """A time-stamp authority with its infrastructure."""

    pki: Pki
    holder: Holder

    @classmethod
    def begun(
        cls, label: str, begins: datetime, ends: datetime, curve: ec.EllipticCurve | None = None
    ) -> Authority:
        pki = Pki(label, begins=begins - YEAR, ends=ends + 5 * YEAR)
        key = ec.generate_private_key(curve) if curve else None
        holder = pki.issue(f"Dấu thời gian {label}", begins=begins, ends=ends, time_stamping=True, key=key)
        return cls(pki, holder)

    def stamp(self, imprint: bytes, at: datetime) -> bytes:
        chain = (self.holder.certificate, self.pki.sub.certificate)
        return SandboxStamper(self.holder.key, chain, lambda: at).stamp(imprint)


def unsigned_of(document: bytes) -> xades.Unsigned:
    return read_signature(split_document(document).signatures[-1]).unsigned


def with_unsigned_of(document: bytes, unsigned: xades.Unsigned) -> bytes:
    split = split_document(document)
    seal = xades.with_properties(xades.without_unsigned(split.signatures[-1]), unsigned)
    return document_bytes(split.sheet, [*split.signatures[:-1], seal])


def extended(document: bytes, school: School, at: datetime, stamper: Pki | None = None) -> bytes:
    """B-LT: what proves the signers and the signature time stamp, as of ``at``."""
    split = split_document(document)
    parts = [read_signature(text) for text in split.signatures]
    unsigned = parts[-1].unsigned
    assert unsigned.time_stamp is not None
    info = read_token(unsigned.time_stamp, xades.signature_value_digest(split.signatures[-1]), at)
    pkis = [school.pki] if stamper is None else [school.pki, stamper]
    known = Trusted(pkis, at)
    chains = [(part.certificate, *part.chain) for part in parts]
    signers = gather(chains, info.time, known)
    stamp = gather([(info.certificate, *info.others)], info.time, known)
    return with_unsigned_of(
        document,
        replace(
            unsigned,
            certificates=signers.certificates,
            crls=signers.crls,
            ocsps=signers.ocsps,
            stamp_data=stamp,
        ),
    )


def renewed(
    document: bytes, authority: Authority, at: datetime, algorithm: str = "sha256", before: Pki | None = None
) -> bytes:
    """One archive time stamp more.

    :param before: infrastructure of the newest archive time stamp so far, whose validation data go in first.
    """
    split = split_document(document)
    unsigned = unsigned_of(document)
    targets = xades.referable(split.sheet, split.signatures)
    if unsigned.archive and before is not None:
        newest = unsigned.archive[-1]
        data = ValidationData((before.root.der, before.sub.der), tuple(Trusted([before], at).crls))
        unsigned = replace(unsigned, archive=(*unsigned.archive[:-1], replace(newest, data=data)))
    seal = xades.with_properties(xades.without_unsigned(split.signatures[-1]), unsigned)
    imprint = xades.archive_digest(read_signature(seal), targets, len(unsigned.archive), algorithm)
    stamp = xades.ArchiveStamp(authority.stamp(imprint, at))
    return with_unsigned_of(document, replace(unsigned, archive=(*unsigned.archive, stamp)))
