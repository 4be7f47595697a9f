"""The signature policies that documents name: dated texts, each with its identifier and its digest.

A signature is made under the text in force at its claimed time (``SigningTime``) and is read under that one
alone. So an old signature keeps its text for ever, a new one cannot name an old text, and which text it is
need not be stored. Sources: ETSI EN 319 132-1 clause 5.2.9 (SignaturePolicyIdentifier); ETSI TR 119 100.

A text never changes once a sheet was signed under it: a change is a new file, a new identifier and a new row.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from importlib import resources
from typing import Final


@dataclass(frozen=True, slots=True)
class SignaturePolicy:
    """One text. ``begins``: xs:dateTime in UTC, to the second, as ``SigningTime`` is written; the text is in
    force from then (included) until the next one begins."""

    id: str
    version: int
    begins: str
    text: bytes = field(repr=False)

    @property
    def digest(self) -> bytes:
        """SHA-256 of the text: what stands in ``SigPolicyHash``."""
        return hashlib.sha256(self.text).digest()

    @property
    def file_name(self) -> str:
        """Under which it is published beside the XML schemas."""
        return f"chinh-sach-ky-{self.version}.txt"

    @property
    def since(self) -> datetime:
        """:attr:`begins` as an aware moment."""
        return datetime.fromisoformat(self.begins)


def _row(version: int, begins: str) -> SignaturePolicy:
    text = resources.files(__package__) / "policy" / f"chinh-sach-ky-{version}.txt"
    return SignaturePolicy(f"urn:hocbaso:chinh-sach-ky:{version}", version, begins, text.read_bytes())


#: Oldest first.
SIGNATURE_POLICIES: Final = (
    _row(1, "0001-01-01T00:00:00Z"),
    _row(2, "2026-12-31T17:00:00Z"),  # 2027-01-01 in Vietnam: subject teachers of primary are named
)


def signature_policy(moment: datetime) -> SignaturePolicy:
    """The text in force at an aware moment.

    :raises ValueError: ``moment`` is naive.
    """
    if moment.tzinfo is None:
        raise ValueError("signing time must be aware")
    return policy_of_time(moment.astimezone(UTC).isoformat(timespec="seconds")[:19] + "Z")


@lru_cache(maxsize=64)
def policy_of_time(signing_time: str) -> SignaturePolicy:
    """The same of a claimed time as it is written: such texts stand in the order of time."""
    return next(policy for policy in reversed(SIGNATURE_POLICIES) if policy.begins <= signing_time)
