"""What a verification saw on its way: kept beside the verdict, so that a report needs no second look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hocbaso.engines.trust.paths import Evidence
from hocbaso.engines.trust.tokens import TimeStampInfo
from hocbaso.engines.trust.verification.people import Judged
from hocbaso.engines.trust.verification.signatures import Finding
from hocbaso.engines.trust.verification.verdict import Check


@dataclass(frozen=True)
class Examined:
    """One document, taken apart and judged.

    :ivar octets: the file.
    :ivar texts: each signature as it stands in the file.
    :ivar judged: by number of the signature; ``people.STAMPER`` is the time-stamp authority, below it
        those of the archive time stamps.
    :ivar algorithms: what the policy says against the algorithms of a signature, by number.
    """

    now: datetime
    octets: bytes = field(repr=False)
    texts: Sequence[bytes]
    findings: Sequence[Finding]
    token: TimeStampInfo | None  # the seal's signature time stamp, as far as it is right
    stamp_fault: Check | None
    judged: Mapping[int, Judged]
    algorithms: Mapping[int, Check] = field(default_factory=dict)
    evidence: Evidence = field(default_factory=Evidence)
    archive: tuple[TimeStampInfo, ...] = ()  # archive time stamps, oldest first
