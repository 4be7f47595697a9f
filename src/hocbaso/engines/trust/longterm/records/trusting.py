"""Whom a record's time stamps rest on: paths of their authorities, and who answers for the carried data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from hocbaso.engines.trust.bundle import TrustBundle
from hocbaso.engines.trust.longterm.records.faults import RecordFault
from hocbaso.engines.trust.longterm.records.model import EvidenceRecord
from hocbaso.engines.trust.paths import Evidence, PathChecker, PathResult, PathState, Purpose
from hocbaso.engines.trust.tokens import TimeStampInfo
from hocbaso.engines.trust.verification.evidence import Vouching
from hocbaso.engines.trust.verification.sentences import day, path_sentence
from hocbaso.engines.trust.verification.verdict import Result

#: A path in one of these states is not known to be bad: a fuller bundle could still make it good.
_UNSETTLED = (PathState.REVOCATION_UNKNOWN, PathState.COMPROMISED, PathState.UNKNOWN_ISSUER)
_WHO = "nơi cấp dấu thời gian"


class Trusting:
    """Answers under one bundle.

    :raises Unreadable: ``bundle_unreadable``.
    """

    def __init__(self, bundle: TrustBundle) -> None:
        self._checker = PathChecker(bundle)
        self._vouching = Vouching(bundle)
        self._worlds: set[str] = set()

    @property
    def environment(self) -> str | None:
        """``thu_nghiem`` on the slightest sign of it."""
        if "thu_nghiem" in self._worlds:
            return "thu_nghiem"
        return "chinh_thuc" if self._worlds == {"chinh_thuc"} else None

    def vouched(self, record: EvidenceRecord, infos: Sequence[TimeStampInfo]) -> RecordFault | None:
        """Nothing signs ``cryptoInfos`` and a token's spare certificates: each must answer for itself.

        :raises RecordFault: ``record_damaged_evidence``.
        """
        found = self._vouching.check(_evidence(record, infos), (info.certificate_der for info in infos))
        if found is None:
            return None
        if found.result is Result.FAILED:
            raise RecordFault("record_damaged_evidence")
        return RecordFault("record_stranger")

    def judge(
        self,
        record: EvidenceRecord,
        infos: Sequence[TimeStampInfo],
        number: int,
        until: datetime,
        last: bool,
    ) -> RecordFault | None:
        """The path of the ``number``-th authority: as of its token's time, and not ended before ``until``.

        A later time stamp proves that this token is older than a compromise that came after it.

        :returns: what is not known. :raises RecordFault: ``record_stamp_untrusted``, ``record_gap``.
        """
        info, evidence = infos[number - 1], _evidence(record, infos)
        found = self._checker.check(info.certificate_der, info.time, Purpose.TIME_STAMP, evidence)
        if found.environment is not None:
            self._worlds.add(found.environment)
        if found.state is PathState.COMPROMISED and found.when is not None and found.when > until:
            found = PathResult(PathState.OK)
        if not found.ok:
            code = "record_stamp_unknown" if found.state in _UNSETTLED else "record_stamp_untrusted"
            fault = RecordFault(code, number=number, sentence=path_sentence(found, _WHO))
            if fault.open:
                return fault
            raise fault
        ended = self._checker.check(info.certificate_der, until, Purpose.TIME_STAMP, evidence)
        if ended.state is PathState.EXPIRED and ended.when is not None:
            if last:
                return RecordFault("record_not_renewed", ended=day(ended.when))
            raise RecordFault("record_gap", number=number, ended=day(ended.when), renewed=day(until))
        return None


def _evidence(record: EvidenceRecord, infos: Sequence[TimeStampInfo]) -> Evidence:
    spare = (der for info in infos for der in info.other_ders)
    certificates = tuple(dict.fromkeys((*record.certificates, *spare)))
    return Evidence(certificates, record.crls, record.ocsps)
