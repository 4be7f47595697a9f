"""What the renderer shows: signed year sheets with the facts of their signatures, ready to be drawn."""

from __future__ import annotations

from dataclasses import dataclass

from hocbaso.core.document.model import SignerRole, YearSheet


@dataclass(frozen=True, slots=True)
class SignatureStamp:
    """One person's signature as the form shows it."""

    role: SignerRole
    label: str  # as printed, e.g. "Giáo viên chủ nhiệm lớp 3B"
    signer: str  # full name as in the certificate
    time: str  # ISO 8601 UTC, "2026-05-26T08:04:12Z"
    subjects: tuple[str, ...] = ()  # codes of the subjects that a subject teacher's signature covers


@dataclass(frozen=True, slots=True)
class SealStamp:
    """The school's digital seal: with it the sheet is issued."""

    organisation: str
    time: str  # ISO 8601 UTC: the time of issue
    timestamp_ok: bool  # an RFC 3161 token covers the seal


@dataclass(frozen=True, slots=True)
class SheetView:
    """One year sheet with everything around it that the paper form shows."""

    sheet: YearSheet
    digest: str  # document digest, lower-case hex
    xml: bytes  # the stored document, attached byte by byte; empty for a draft that has none yet
    stamps: tuple[SignatureStamp, ...]
    seal: SealStamp | None  # None = draft: the pages carry a watermark
    verify_url: str  # what the QR holds, see engines.trust.qr.verification_url


@dataclass(frozen=True, slots=True)
class Booklet:
    """The whole học bạ of one level: cover, guidance, personal page and one sheet a school year."""

    sheets: tuple[SheetView, ...]  # in any order, one version a school year
    photo: bytes | None = None  # PNG or JPEG whose SHA-256 the newest sheet names
