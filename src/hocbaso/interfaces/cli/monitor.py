"""One round of a school's monitor: what was logged in its name since the last round."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hocbaso.core.errors import Unreadable, register
from hocbaso.engines.ledger.entries import LogEntry
from hocbaso.engines.ledger.published import Watched, watch
from hocbaso.interfaces.cli.published_log import one_round, open_log, read_state, write_state

register(
    {
        "monitor_needs_key": (
            "Lần đầu theo dõi một nhật ký cần khóa của nó (--log-key), lấy từ nguồn ngoài nút.",
            "The first time a log's key must be given by --log-key.",
        ),
        "monitor_known_unreadable": (
            "Không đọc được tệp {file}: mỗi dòng cần đúng một mã tóm lược 64 chữ số hệ 16.",
            "{file} does not hold one digest of 64 hex digits a line.",
        ),
    }
)


def look(where: str, school: str, state: Path, log_key: str, known: Path | None) -> dict[str, Any]:
    """Read, prove, remember.

    :returns: ok, origin, size, new (index, type, time, digest, code, version), findings.
    :raises DomainError: as :func:`~hocbaso.engines.ledger.published.watch`; nothing is remembered then.
        ``state_in_use``.
    """
    with one_round(state):
        return _look(where, school, state, log_key, known)


def _look(where: str, school: str, state: Path, log_key: str, known: Path | None) -> dict[str, Any]:
    kept = read_state(state)
    if kept is None and not log_key:
        raise Unreadable("monitor_needs_key")
    key = log_key or str(kept and kept.get("log_key", ""))
    try:
        before = Watched.from_values(kept) if kept is not None else Watched()
    except ValueError as error:
        raise Unreadable("state_unreadable", file=state.name) from error
    own = _digests(known) if known is not None else None
    seen = watch(open_log(where, key), before, lambda entry: entry.school == school)
    findings = list(seen.findings)
    findings += [
        f"Mục {index}: {entry.digest} ghi dưới tên trường nhưng không có trong danh sách của trường."
        for index, entry in seen.entries
        if own is not None and entry.digest not in own
    ]
    write_state(state, {"log_key": key, **seen.state.to_values()})
    return {
        "ok": not findings,
        "origin": seen.checkpoint.origin,
        "size": seen.checkpoint.size,
        "new": [_values(index, entry) for index, entry in seen.entries],
        "findings": findings,
    }


def _values(index: int, entry: LogEntry) -> dict[str, Any]:
    return {
        "index": index,
        "type": entry.type.value,
        "time": entry.time,
        "digest": entry.digest,
        "code": entry.code,
        "version": entry.sheet_version,
    }


def _digests(file: Path) -> set[str]:
    try:
        lines = {line.strip().lower() for line in file.read_text("utf-8").splitlines() if line.strip()}
    except (OSError, ValueError) as error:
        raise Unreadable("monitor_known_unreadable", file=file.name) from error
    if any(len(line) != 64 or set(line) - set("0123456789abcdef") for line in lines):
        raise Unreadable("monitor_known_unreadable", file=file.name)
    return lines
