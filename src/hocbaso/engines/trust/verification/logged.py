"""Was it logged? (provisional)"""

from __future__ import annotations

from hocbaso.engines.trust.bundle import TrustBundle
from hocbaso.engines.trust.verification.verdict import Check, Result


class LogReader:
    def __init__(self, bundle: TrustBundle | None) -> None:
        self._bundle = bundle

    def check(self, digest: str, school: str, code: str, version: int) -> Check:
        return Check(Result.OK, "…")
