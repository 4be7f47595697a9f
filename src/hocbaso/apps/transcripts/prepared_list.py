"""A list for a key that is elsewhere: what it gets to sign, and words for the human who looks on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from hocbaso.apps.signing.models import SigningBatch
from hocbaso.apps.transcripts.models import YearSheet


@dataclass(frozen=True, slots=True)
class PreparedItem:
    """One sheet to be signed: what the key gets, and words for the human who looks on."""

    id: int  # under which the value comes back
    signed_info: bytes  # canonical ds:SignedInfo; the key signs its SHA-256
    sheet: YearSheet
    subjects: tuple[str, ...]  # codes, where a subject teacher signs

    @property
    def digest(self) -> bytes:
        """The 32 bytes that the key signs."""
        return hashlib.sha256(self.signed_info).digest()

    @property
    def sheet_digest(self) -> str:
        """The document digest that the desk shows, hexadecimal."""
        return self.sheet.digest

    @property
    def pupil(self) -> str:
        """Full name."""
        return self.sheet.pupil.full_name

    @property
    def class_name(self) -> str:
        """``3A``."""
        return self.sheet.school_class.name

    @property
    def result(self) -> str:
        """The year's result in the form's own words."""
        found = self.sheet.result
        if "study" in found:
            return f"Học tập {found['study']} · Rèn luyện {found['conduct']}"
        return str(found["overall"])


@dataclass(frozen=True, slots=True)
class PreparedList:
    """What one person is asked to sign elsewhere, with one key, until ``expires_at``."""

    id: int
    batch: SigningBatch
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    items: tuple[PreparedItem, ...]
    list_digest: str  # SHA-256, hexadecimal, over the items' 32-byte digests in order
    expires_at: datetime
