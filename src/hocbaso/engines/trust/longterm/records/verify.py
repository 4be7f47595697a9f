"""Verification (sections 3.3, 4.3, 5.3): every answer has a name, and nothing unprotected is let through.

Of each time stamp is asked: is the token good and about the right thing; is its authority believed as of its
own time; did it still hold when the next one was made (the last: now)? Data that the record carries for that
count only when an authority known to the bundle signed them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hocbaso.core.errors import DomainError
from hocbaso.engines.trust.bundle import TrustBundle
from hocbaso.engines.trust.longterm.policy import LongTermPolicy, end_of, long_term_policy
from hocbaso.engines.trust.longterm.records.faults import RecordFault
from hocbaso.engines.trust.longterm.records.model import (
    ArchiveTimeStamp,
    EvidenceRecord,
    algorithm_name,
)
from hocbaso.engines.trust.longterm.records.objects import DataObject
from hocbaso.engines.trust.longterm.records.renewal import combined, stamp_imprint
from hocbaso.engines.trust.longterm.records.tree import climb
from hocbaso.engines.trust.longterm.records.trusting import Trusting
from hocbaso.engines.trust.tokens import HASH_BY_OCTETS, TimeStampInfo, TokenFault, read_token, stated_imprint
from hocbaso.engines.trust.verification.sentences import day, day_and_time
from hocbaso.engines.trust.verification.verdict import Conclusion


@dataclass(frozen=True, slots=True)
class StampAnswer:
    """One archive time stamp: when, by whom, and how long it was good for."""

    chain: int
    number: int  # over all chains, from 1
    algorithm: str  # of its tree
    time: datetime
    authority: str
    certificate_ends: datetime


@dataclass(frozen=True, slots=True)
class ObjectAnswer:
    """One data object that was given, and whether the record protects it."""

    name: str
    kind: str
    sha256: str
    protected: bool


@dataclass(frozen=True, slots=True)
class RecordVerdict:
    """The answer about one record. ``fault`` names what decided against it; ``None``: it is valid.

    ``since``: from when on the data objects are proved to have existed, only of a valid record.
    """

    conclusion: Conclusion
    reason: str
    fault: str | None = None
    since: datetime | None = None
    environment: str | None = None
    stamps: tuple[StampAnswer, ...] = ()
    objects: tuple[ObjectAnswer, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The document that the command prints."""
        return {
            "verdict": str(self.conclusion),
            "reason": self.reason,
            "fault": self.fault,
            "since": _text(self.since),
            "environment": self.environment,
            "time_stamps": [
                {
                    "chain": one.chain,
                    "number": one.number,
                    "algorithm": one.algorithm,
                    "time": _text(one.time),
                    "authority": one.authority,
                    "certificate_ends": _text(one.certificate_ends),
                }
                for one in self.stamps
            ],
            "objects": [
                {"name": one.name, "kind": one.kind, "sha256": one.sha256, "protected": one.protected}
                for one in self.objects
            ],
        }


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(slots=True)
class _Case:
    record: EvidenceRecord
    objects: Sequence[DataObject]
    now: datetime
    policy: LongTermPolicy
    trusting: Trusting | None
    stamps: list[StampAnswer] = field(default_factory=list)
    infos: list[TimeStampInfo] = field(default_factory=list)
    answers: tuple[ObjectAnswer, ...] = ()
    open: RecordFault | None = None  # the first thing that is not known


def verify_record(
    record: EvidenceRecord,
    objects: Sequence[DataObject],
    bundle: TrustBundle | None,
    *,
    now: datetime,
    policy: LongTermPolicy | None = None,
) -> RecordVerdict:
    """Judge a record over the data objects of one sheet.

    :param objects: the whole group; each must be protected, and everything that is protected be there.
        Objects of one exported file that came later than the record (another renewal) are left aside.
    :param bundle: ``None`` answers mathematics only: such a verdict is never ``valid``.
    :param now: the present, aware.
    :param policy: default the one in force.
    """
    trusting = Trusting(bundle) if bundle is not None else None
    case = _Case(record, objects, now, policy or long_term_policy(now.date()), trusting)
    try:
        _check_chains(case)
        _check_algorithms(case)
        _check_trust(case)
    except RecordFault as fault:
        return _verdict(case, fault)
    return _verdict(case, case.open)


def protects(record: EvidenceRecord, item: DataObject) -> bool:
    """Whether a record's first list holds the hash of a data object; nothing else is asked.

    :raises RecordFault: ``record_stamp``, ``record_algorithms_differ``.
    """
    return item.hash(algorithm_of_first(record)) in _first_list(record.chains[0][0])


def unreadable(error: DomainError) -> RecordVerdict:
    """The verdict about a record that could not be read."""
    return RecordVerdict(Conclusion.INVALID, error.message, error.code)


def _verdict(case: _Case, fault: RecordFault | None) -> RecordVerdict:
    conclusion, since = Conclusion.VALID, case.infos[0].time if case.infos else None
    if fault is not None:
        conclusion = Conclusion.INDETERMINATE if fault.open else Conclusion.INVALID
    return RecordVerdict(
        conclusion=conclusion,
        reason=fault.message if fault is not None else _fine(case.infos[0].time),
        fault=fault.code if fault is not None else None,
        since=since if fault is None else None,
        environment=case.trusting.environment if case.trusting is not None else None,
        stamps=tuple(case.stamps),
        objects=case.answers,
    )


def _fine(since: datetime) -> str:
    return f"Bản ghi bằng chứng đúng: mọi thành phần đã có trước {day_and_time(since)} và không đổi từ đó."


# --- mathematics -------------------------------------------------------------------------------------------


def _check_chains(case: _Case) -> None:
    _check_objects(case)
    number = 0
    for place, chain in enumerate(case.record.chains):
        for inside, stamp in enumerate(chain):
            number += 1
            algorithm = _algorithm(stamp, number)
            if algorithm != _algorithm(chain[0], number):
                raise RecordFault("record_chain_algorithm")
            if inside:
                _check_renewal(stamp, stamp_imprint(chain[inside - 1].token, algorithm), number)
            elif place:
                _check_new_tree(case, place, algorithm)
            _check_token(case, stamp, place, number, algorithm)


def _algorithm(stamp: ArchiveTimeStamp, number: int) -> str:
    """The hash of the tree, which is that of the imprint (section 4.3 step 4)."""
    try:
        stamped = HASH_BY_OCTETS[len(stated_imprint(stamp.token))]
    except TokenFault as fault:
        raise RecordFault("record_stamp", number=number, sentence=fault.sentence) from None
    if stamp.identifier is not None and algorithm_name(stamp.identifier) != stamped:
        raise RecordFault("record_algorithms_differ")
    return stamped


def _check_objects(case: _Case) -> None:
    """The first list of the first time stamp is the group: all of it, and nothing else that was given."""
    first = case.record.chains[0][0]
    algorithm = _algorithm(first, 1)
    listed = _first_list(first)
    hashes = [item.hash(algorithm) for item in case.objects]
    case.answers = tuple(
        ObjectAnswer(item.name, str(item.kind), item.hash("sha256").hex(), value in listed)
        for item, value in zip(case.objects, hashes, strict=True)
    )
    if not case.objects:
        raise RecordFault("record_no_objects")
    for item, answer in zip(case.objects, case.answers, strict=True):
        if not answer.protected and str(item.kind) in _NEEDED:
            raise RecordFault("record_other_object", file=item.name)
    if not any(answer.protected for answer in case.answers):
        raise RecordFault("record_other_object", file=case.objects[0].name)
    missing = len(listed - set(hashes))
    if missing:
        raise RecordFault("record_member_missing", count=missing)


#: Kinds of which each that is given must be protected; others may have come after the record.
_NEEDED = frozenset({"document", "time_stamp", "file"})


def _first_list(stamp: ArchiveTimeStamp) -> frozenset[bytes]:
    if not stamp.lists:  # "only a timestamp": the imprint is the object's own hash
        return frozenset({stated_imprint(stamp.token)})
    return frozenset(stamp.lists[0])


def _check_renewal(stamp: ArchiveTimeStamp, covered: bytes, number: int) -> None:
    """Section 5.3 step 2: the first list holds the hash of the token before."""
    if covered not in _first_list(stamp):
        raise RecordFault("record_renewal", number=number)


def _check_new_tree(case: _Case, place: int, algorithm: str) -> None:
    """Section 5.3 step 3: every member again, each with the hash of all chains before, and nothing else."""
    old = algorithm_of_first(case.record)
    listed = _first_list(case.record.chains[0][0])
    members = {item.hash(old): item for item in case.objects if item.hash(old) in listed}
    hashes = (item.hash(algorithm) for item in members.values())
    wanted = frozenset(combined(hashes, case.record.chains[:place], algorithm))
    if _first_list(case.record.chains[place][0]) != wanted:
        raise RecordFault("record_renewal_member", number=place)


def algorithm_of_first(record: EvidenceRecord) -> str:
    """The hash of the first tree. :raises RecordFault: ``record_stamp``, ``record_algorithms_differ``."""
    return _algorithm(record.chains[0][0], 1)


def _check_token(case: _Case, stamp: ArchiveTimeStamp, place: int, number: int, algorithm: str) -> None:
    root = climb(stamp.lists, algorithm) if stamp.lists else stated_imprint(stamp.token)
    try:
        info = read_token(stamp.token, root, case.now)
    except TokenFault as fault:
        if fault.sub_indication == "HASH_FAILURE":
            raise RecordFault("record_root") from None
        raise RecordFault("record_stamp", number=number, sentence=fault.sentence) from None
    if case.infos and info.time <= case.infos[-1].time:
        raise RecordFault("record_time_order", number=number)
    ends = info.certificate.not_valid_after_utc
    case.infos.append(info)
    case.stamps.append(StampAnswer(place + 1, number, algorithm, info.time, info.tsa_name, ends))


def _check_algorithms(case: _Case) -> None:
    """``digestAlgorithms`` names each used hash once and nothing else, as nobody signs it."""
    used = tuple(dict.fromkeys(stamp.algorithm for stamp in case.stamps))
    named = tuple(map(algorithm_name, case.record.identifiers))
    if sorted(named) != sorted(used):
        raise RecordFault("record_algorithms_differ")


# --- time and trust ----------------------------------------------------------------------------------------


def _check_trust(case: _Case) -> None:
    if case.trusting is None:
        case.open = RecordFault("record_no_bundle")
    else:
        case.open = case.trusting.vouched(case.record, case.infos)
    believable = case.open is None  # data of strangers are not even looked at
    for number, info in enumerate(case.infos, 1):
        last = number == len(case.infos)
        until = case.now if last else case.infos[number].time
        _check_lasting(case, info, number, until, last)
        if believable and case.trusting is not None:
            unknown = case.trusting.judge(case.record, case.infos, number, until, last)
            case.open = case.open or unknown


def _check_lasting(case: _Case, info: TimeStampInfo, number: int, until: datetime, last: bool) -> None:
    """A stamp must hold until the next one is made: its certificate and every algorithm it rests on."""
    certificate_ends = info.certificate.not_valid_after_utc
    if until > certificate_ends:
        if last:
            case.open = case.open or RecordFault("record_not_renewed", ended=day(certificate_ends))
            return
        raise RecordFault("record_gap", number=number, ended=day(certificate_ends), renewed=day(until))
    for name in info.algorithms:
        if until >= end_of(case.policy.algorithm_ends(name)):
            if last:
                ended = case.policy.algorithm_ends(name)
                case.open = case.open or RecordFault("record_not_renewed", ended=f"{ended:%d/%m/%Y}")
                return
            raise RecordFault("record_algorithm_ended", name=name, number=number, day=day(until))


__all__ = [
    "ObjectAnswer",
    "RecordVerdict",
    "StampAnswer",
    "algorithm_of_first",
    "protects",
    "unreadable",
    "verify_record",
]
