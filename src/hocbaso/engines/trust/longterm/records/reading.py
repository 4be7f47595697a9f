"""Reading a record that anybody may have written: limits first, one encoding only, nothing unprotected."""

from __future__ import annotations

from typing import Any

from hocbaso.core.errors import Unreadable
from hocbaso.engines.trust.der import SEQUENCE, Der
from hocbaso.engines.trust.longterm.records import asn1
from hocbaso.engines.trust.longterm.records.faults import RecordFault
from hocbaso.engines.trust.longterm.records.model import (
    CERTIFICATE_VALUES,
    REVOCATION_VALUES,
    ArchiveTimeStamp,
    Chain,
    EvidenceRecord,
    algorithm_name,
    whole_answer,
)

MAX_RECORD = 16 * 1024 * 1024
MAX_CHAINS = 64
MAX_STAMPS = 256  # of all chains together
MAX_LISTS = 64  # 2^63 data objects under one token
MAX_VALUES = 4096  # in one list
MAX_DATA = 1024  # certificates, lists and answers in cryptoInfos
#: What asn1crypto raises on malformed input.
_HOSTILE = (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError, RecursionError)


def read_record(data: bytes) -> EvidenceRecord:
    """A record out of its DER.

    :raises Unreadable: ``record_unreadable``, ``record_too_large``.
    :raises RecordFault: ``record_encrypted``, ``record_unprotected``, ``record_algorithm_unknown``.
    """
    if len(data) > MAX_RECORD:
        raise Unreadable("record_too_large", what="số byte", limit=MAX_RECORD)
    try:
        record = _read(asn1.EvidenceRecord.load(data, strict=True))
        again = record.to_der()
    except _HOSTILE as error:
        raise Unreadable("record_unreadable", detail=type(error).__name__) from None
    if again != data:
        raise Unreadable("record_unreadable", detail="DER")
    return record


def _read(parsed: Any) -> EvidenceRecord:
    if parsed["version"].native != 1:
        raise Unreadable("record_unreadable", detail="version")
    if _present(parsed["encryption_info"]):
        raise RecordFault("record_encrypted")
    identifiers = tuple(bytes(item.dump()) for item in parsed["digest_algorithms"])
    for item in identifiers:
        algorithm_name(item)
    chains = parsed["archive_time_stamp_sequence"]
    if len(chains) > MAX_CHAINS or sum(len(chain) for chain in chains) > MAX_STAMPS:
        raise Unreadable("record_too_large", what="số dấu thời gian", limit=MAX_STAMPS)
    if not len(chains) or not all(len(chain) for chain in chains):
        raise Unreadable("record_unreadable", detail="no time stamp")
    certificates, crls, ocsps = _crypto_infos(parsed["crypto_infos"])
    return EvidenceRecord(tuple(map(_chain, chains)), identifiers, certificates, crls, ocsps)


def _present(value: Any) -> bool:
    return bool(value.dump())


def _chain(chain: Any) -> Chain:
    return tuple(map(_stamp, chain))


def _stamp(stamp: Any) -> ArchiveTimeStamp:
    if _present(stamp["attributes"]):
        raise RecordFault("record_unprotected")
    stated = None
    if _present(stamp["digest_algorithm"]):
        stated = b"\x30" + bytes(stamp["digest_algorithm"].dump())[1:]
        algorithm_name(stated)
    lists: tuple[tuple[bytes, ...], ...] = ()
    if _present(stamp["reduced_hashtree"]):
        tree = stamp["reduced_hashtree"]
        if len(tree) > MAX_LISTS or any(len(values) > MAX_VALUES for values in tree):
            raise Unreadable("record_too_large", what="cây băm", limit=MAX_LISTS)
        lists = tuple(tuple(bytes(value.native) for value in values) for values in tree)
        if not lists or not all(lists):
            raise RecordFault("record_tree")
    return ArchiveTimeStamp(bytes(stamp["time_stamp"].dump()), lists, stated)


def _crypto_infos(infos: Any) -> tuple[tuple[bytes, ...], tuple[bytes, ...], tuple[bytes, ...]]:
    certificates: list[bytes] = []
    crls: list[bytes] = []
    ocsps: list[bytes] = []
    if _present(infos):
        for info in infos:
            kind, values = info["type"].dotted, info["values"]
            if kind not in (CERTIFICATE_VALUES, REVOCATION_VALUES) or len(values) != 1:
                raise RecordFault("record_unprotected")
            whole = bytes(values[0].dump())
            if kind == CERTIFICATE_VALUES:
                certificates += _items(whole)
                continue
            for tag, content in _tagged(whole):
                if tag == 0xA0:
                    crls += _items(content)
                elif tag == 0xA1:
                    ocsps += map(whole_answer, _items(content))
                else:
                    raise RecordFault("record_unprotected")
    if len(certificates) + len(crls) + len(ocsps) > MAX_DATA:
        raise Unreadable("record_too_large", what="số chứng thư và danh sách thu hồi", limit=MAX_DATA)
    return tuple(certificates), tuple(crls), tuple(ocsps)


def _items(sequence: bytes) -> list[bytes]:
    """The values of a SEQUENCE, each with its tag."""
    walk, found = Der(sequence), list[bytes]()
    inside = walk.inside(SEQUENCE)
    walk.end()
    while inside.more():
        found.append(inside.whole(SEQUENCE))
    return found


def _tagged(sequence: bytes) -> list[tuple[int, bytes]]:
    walk, found = Der(sequence), list[tuple[int, bytes]]()
    inside = walk.inside(SEQUENCE)
    walk.end()
    while inside.more():
        tag = inside.peek()
        found.append((tag, inside.content(tag)))
    return found
