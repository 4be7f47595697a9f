"""What became of a document since it was issued: status and latest version, from the bundle."""

from __future__ import annotations

from datetime import datetime

from hocbaso.core.document.emit import short_digest
from hocbaso.engines.trust.bundle import StatusEntry, TrustBundle
from hocbaso.engines.trust.verification.sentences import day, day_and_time
from hocbaso.engines.trust.verification.verdict import Check, Result

NO_BUNDLE = Check(Result.UNKNOWN, "Chưa xét: không có gói tin cậy (trust-bundle.json).")


def check_status(
    bundle: TrustBundle | None, code: str, version: int, digest: str, issued: datetime | None
) -> Check:
    """Whether this very content is the current one of its transcript code and version.

    :param digest: document digest, or its first hex digits (a QR code holds 16).
    :param issued: best signature time; a bundle made before it knows nothing of the document.
    """
    if bundle is None:
        return NO_BUNDLE
    entry = bundle.status_by_version.get((code, version))
    if entry is None:
        return Check(Result.UNKNOWN, "Gói tin cậy không có tình trạng của học bạ này.")
    if not entry.digest.startswith(digest):
        return Check(
            Result.FAILED,
            f"Mã học bạ có thật, nhưng bản đã phát hành có mã tóm lược {short_digest(entry.digest)}, "
            f"còn tệp này là {short_digest(digest)}.",
            headline="Học bạ không hợp lệ: nội dung này không phải bản mà trường đã phát hành.",
        )
    if entry.state == "revoked":
        return _revoked(entry)
    if entry.state == "replaced":
        return _replaced(entry)
    if issued is not None and bundle.as_of < issued.replace(microsecond=0):
        return Check(Result.UNKNOWN, "Gói tin cậy được lập trước khi học bạ này được phát hành.")
    as_of = day_and_time(bundle.as_of)
    return Check(Result.OK, f"Phiên bản {version} đang có hiệu lực, không bị thu hồi (tính đến {as_of}).")


def _revoked(entry: StatusEntry) -> Check:
    return Check(
        Result.FAILED,
        f"Phiên bản {entry.version} đã bị thu hồi{_when(entry)}.{_why(entry)}",
        headline=f"Học bạ đã bị thu hồi{_when(entry)}. Đừng dùng tệp này.",
    )


def _replaced(entry: StatusEntry) -> Check:
    newer = f"phiên bản {entry.by_version}" if entry.by_version else "phiên bản mới hơn"
    return Check(
        Result.FAILED,
        f"Đã được thay bằng {newer}{_when(entry)}.{_why(entry)}",
        headline=f"Học bạ thật, nhưng đã được thay bằng {newer}; hãy dùng {newer}.",
    )


def _when(entry: StatusEntry) -> str:
    return f" ngày {day(entry.since)}" if entry.since else ""


def _why(entry: StatusEntry) -> str:
    reason = f" Lý do: {entry.reason}." if entry.reason else ""
    decision = f" Quyết định số {entry.decision}." if entry.decision else ""
    return reason + decision


def check_latest(bundle: TrustBundle | None, code: str, version: int, issued: datetime | None) -> Check:
    """Whether no later version of this transcript code was issued."""
    if bundle is None:
        return NO_BUNDLE
    latest = bundle.latest_by_code.get(code)
    if latest is None:
        return Check(Result.UNKNOWN, "Gói tin cậy không cho biết phiên bản mới nhất của học bạ này.")
    if latest > version:
        return Check(
            Result.FAILED,
            f"Đây là phiên bản {version}; phiên bản mới nhất là {latest}.",
            headline=f"Học bạ thật, nhưng đã có phiên bản {latest}; hãy dùng phiên bản {latest}.",
        )
    if latest < version or (issued is not None and bundle.as_of < issued.replace(microsecond=0)):
        return Check(Result.UNKNOWN, f"Gói tin cậy được lập trước khi có phiên bản {version}.")
    return Check(Result.OK, f"Phiên bản {version} là phiên bản mới nhất.")
