"""Audit of what is told beside issued sheets: which version was replaced, their places in status lists, the
lists as published, and the certificates and key elements that documents are put together from.

A status that was taken back, a place that was moved, a list or a certificate that is not the one that was
published or used: each is held against issued rows, leaves of the log, or a digest of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC
from typing import Any

from cryptography import x509

from hocbaso.apps.ledger.queries import LeafFacts
from hocbaso.apps.signing.models import Certificate, KeyInfo
from hocbaso.apps.transcripts.models import IssuedSheet, StatusEvent
from hocbaso.apps.transcripts.offline.models import PublishedList, StatusPlace
from hocbaso.apps.transcripts.offline.use_cases.publish_list import entries
from hocbaso.core.errors import DomainError
from hocbaso.engines.trust.status_list import SignedList, Status, list_digest, read_list

Leaves = Mapping[tuple[str, int], LeafFacts]
_Issued = dict[tuple[str, int], dict[str, Any]]
_CHUNK = 2000


def audit_status(leaves: Leaves) -> Iterator[str]:
    """A sentence for whatever does not fit."""
    columns = ("code", "version", "issued_at", "issued_by", "log")
    rows = IssuedSheet.objects.values(*columns).iterator(chunk_size=_CHUNK)
    issued: _Issued = {(row["code"], row["version"]): row for row in rows}
    yield from _replaced(issued)
    yield from _places(issued)
    yield from _published(leaves)
    yield from _certificates()


def _replaced(issued: _Issued) -> Iterator[str]:
    """Each version but the newest was replaced by the next one; nothing else is."""
    wanted = {(code, version - 1): row for (code, version), row in issued.items() if version > 1}
    told: set[tuple[str, int]] = set()
    for event in StatusEvent.objects.order_by("id").iterator(chunk_size=_CHUNK):
        name = f"Học bạ {event.code} phiên bản {event.version}"
        place = (event.code, event.version)
        if place not in issued or event.status not in ("replaced", "revoked"):
            yield f"{name}: có tình trạng nhưng không có bản đã phát hành tương ứng."
            continue
        if event.status != "replaced":
            continue
        told.add(place)
        by = wanted.get(place)
        facts = (event.replaced_by, event.at, event.by)
        if by is None or facts != (by["version"], by["issued_at"], by["issued_by"]):
            yield f"{name}: ghi là đã thay, khác với bản thay đã phát hành."
    for code, version in sorted(wanted.keys() - told):
        yield f"Học bạ {code} phiên bản {version}: đã có bản thay nhưng không còn ghi là đã thay."


def _places(issued: _Issued) -> Iterator[str]:
    """Every issued version has its one place, in a list of its school year."""
    found: set[tuple[str, int]] = set()
    rows = StatusPlace.objects.values_list("code", "version", "list").iterator(chunk_size=_CHUNK)
    for code, version, name in rows:
        row = issued.get((code, version))
        found.add((code, version))
        if row is None or name.partition("-")[0] != row["log"][:4]:
            yield f"Học bạ {code} phiên bản {version}: chỗ trong danh sách tình trạng không đúng."
    for code, version in sorted(issued.keys() - found):
        yield f"Học bạ {code} phiên bản {version}: không còn chỗ trong danh sách tình trạng."


def _published(leaves: Leaves) -> Iterator[str]:
    """Published lists are those of the log; what the newest withdraws is still withdrawn."""
    unseen = {place for place, leaf in leaves.items() if leaf.type == "status_list"}
    newest: dict[str, SignedList] = {}
    for row in PublishedList.objects.order_by("at", "pk").iterator(chunk_size=50):
        place = (row.log, row.log_index)
        unseen.discard(place)
        leaf = leaves.get(place)
        try:
            signed = read_list(row.token)
        except DomainError:
            yield f"Danh sách tình trạng {row.list} ({row.at:%d/%m/%Y}): không đọc được hoặc đã bị sửa."
            continue
        content = signed.content
        kept = (row.list, row.digest, row.bits_digest, row.at.astimezone(UTC))
        read = (content.name, list_digest(row.token), hashlib.sha256(content.bits).hexdigest(), content.made)
        logged = leaf is not None and (leaf.type, leaf.document_digest) == ("status_list", row.digest)
        if kept != read or not logged:
            yield f"Danh sách tình trạng {row.list} ({row.at:%d/%m/%Y}): khác bản đã ghi nhật ký."
        newest[content.name] = signed
    for log, index in sorted(unseen):
        yield f"Nhật ký {log}, mục {index}: không còn danh sách tình trạng tương ứng."
    for name, signed in newest.items():
        yield from _withdrawn(name, signed.content.bits)


def _withdrawn(name: str, bits: bytes) -> Iterator[str]:
    now = entries(name)
    for at, octet in enumerate(bits):
        for index in range(4 * at, 4 * at + 4) if octet else ():
            status = Status(octet >> 6 - 2 * (index & 3) & 3)
            if status is not Status.CURRENT and now.get(index) is not status:
                yield f"Danh sách tình trạng {name}, mục {index}: tình trạng đã công bố nay không còn ghi."


def _certificates() -> Iterator[str]:
    """Certificates and key elements are what their digests name."""
    for row in Certificate.objects.iterator(chunk_size=_CHUNK):
        if not _is_itself(row):
            yield f"Chứng thư số {row.serial} ({row.digest[:12]}…): nội dung hoặc các cột đã bị sửa."
    for digest, content in KeyInfo.objects.values_list("digest", "content").iterator(chunk_size=_CHUNK):
        if hashlib.sha256(bytes(content)).hexdigest() != digest:
            yield f"Phần chứng thư dùng chung của chữ ký ({digest[:12]}…): nội dung đã bị sửa."


def _is_itself(row: Certificate) -> bool:
    der = bytes(row.der)
    try:
        found = x509.load_der_x509_certificate(der)
        names = (found.subject.rfc4514_string()[:300], found.issuer.rfc4514_string()[:300])
    except ValueError:
        return False
    kept = (row.digest, row.subject, row.issuer, row.serial, row.not_before, row.not_after)
    times = (found.not_valid_before_utc, found.not_valid_after_utc)
    return kept == (hashlib.sha256(der).hexdigest(), *names, f"{found.serial_number:x}", *times)
