"""Where a log's files are: an address, or a folder with the same files."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from hocbaso.core.errors import ServiceUnavailable, Unreadable, register
from hocbaso.engines.ledger.notes import NoteVerifier
from hocbaso.engines.ledger.published import Fetch, PublishedLog

register(
    {
        "log_unreachable": (
            "Không đọc được nhật ký tại {where} ({problem}).",
            "The log at {where} cannot be read: {problem}.",
        ),
        "state_unreadable": (
            "Tệp ghi nhớ {file} không đọc được. Nếu không có bản sao lưu, hãy xóa tệp này và bắt đầu lại với "
            "khóa nhật ký lấy từ nguồn tin cậy.",
            "The state file {file} cannot be read.",
        ),
        "state_in_use": (
            "Một lượt khác đang dùng tệp ghi nhớ {file}. Hãy đợi lượt đó xong rồi chạy lại.",
            "Another round is using the state file {file}.",
        ),
    }
)

_LARGEST = 256 * (2 + 0xFFFF)


def open_log(where: str, key: str) -> PublishedLog:
    """The log at an address (``https://node/log/2025-2026``) or in a folder.

    :param key: its verifier key (C2SP ``vkey``).
    :raises Unreadable: ``note_key_unreadable``.
    """
    return PublishedLog(fetcher(where), NoteVerifier.parse(key.strip()))


def fetcher(where: str) -> Fetch:
    """Reads files below an address or folder.

    The reader raises :class:`ServiceUnavailable` ``log_unreachable``.
    """
    return _from_web(where.rstrip("/")) if where.startswith(("http://", "https://")) else _from_folder(where)


def _from_folder(where: str) -> Fetch:
    folder = Path(where)

    def read(path: str) -> bytes:
        try:
            return (folder / path).read_bytes()
        except OSError as error:
            raise ServiceUnavailable("log_unreachable", where=where, problem=path) from error

    return read


def _from_web(where: str) -> Fetch:
    client = httpx.Client(timeout=30, follow_redirects=False, limits=httpx.Limits(max_connections=2))

    def read(path: str) -> bytes:
        try:
            with client.stream("GET", f"{where}/{path}") as answer:
                content = _at_most(answer.iter_bytes())  # unpacked: a small answer may hold gigabytes
        except httpx.HTTPError as error:
            raise ServiceUnavailable("log_unreachable", where=where, problem=type(error).__name__) from error
        if answer.status_code != httpx.codes.OK or len(content) > _LARGEST:
            raise ServiceUnavailable("log_unreachable", where=where, problem=str(answer.status_code))
        return content

    return read


def _at_most(parts: Iterator[bytes]) -> bytes:
    """As much as a file of a log may hold and a little more, by which it is known to be none."""
    content = bytearray()
    for part in parts:
        content += part
        if len(content) > _LARGEST:
            break
    return bytes(content)


@contextmanager
def one_round(file: Path) -> Iterator[None]:
    """Hold the state file while it is read, judged by and written: two rounds at once could cosign both sides
    of a fork. The lock ends with the process.

    :raises Unreadable: ``state_in_use``.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.with_name(f".{file.name}.khoa").open("a+b") as lock:
        try:
            _hold(lock.fileno())
        except OSError as error:
            raise Unreadable("state_in_use", file=file.name) from error
        yield


def _hold(descriptor: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def read_state(file: Path) -> dict[str, Any] | None:
    """What was remembered; ``None`` for the first time. :raises Unreadable: ``state_unreadable``"""
    if not file.exists():
        return None
    try:
        values = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise Unreadable("state_unreadable", file=file.name) from error
    if not isinstance(values, dict):
        raise Unreadable("state_unreadable", file=file.name)
    return values


def write_state(file: Path, values: dict[str, Any]) -> None:
    """Remember, whole or not at all: on the disk before anything is handed out."""
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    with temporary.open("w", encoding="utf-8") as out:
        json.dump(values, out, ensure_ascii=False, indent=1)
        out.flush()
        os.fsync(out.fileno())
    temporary.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
