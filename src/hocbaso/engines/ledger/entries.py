"""What one leaf of the log says. Nothing personal stands in it: digests, codes of schools, times."""

from __future__ import annotations

import datetime
import hashlib
import json
import re
from dataclasses import dataclass
from enum import StrEnum

from hocbaso.core.errors import Unreadable, register

ENTRY_VERSION = 1

_HEX64 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_SCHOOL = re.compile(r"[0-9A-Za-z._-]{0,40}", re.ASCII)
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z", re.ASCII)

register(
    {
        "log_entry": (
            "Bản ghi của nhật ký công khai không đúng quy cách ({problem}).",
            "The log entry is not in its canonical form: {problem}.",
        )
    }
)


class EntryType(StrEnum):
    """What happened."""

    ISSUE = "issue"
    REPLACE = "replace"
    REVOKE = "revoke"
    STATUS_LIST = "status_list"
    KEY_EVENT = "key_event"
    RECEIPT = "receipt"


_ABOUT_A_SHEET = frozenset({EntryType.ISSUE, EntryType.REPLACE, EntryType.REVOKE})


def code_hash(code: str) -> str:
    """The hash under which a transcript code stands in the log (64 hex digits).

    Who holds a code finds all its versions by it; the code's 60 random bits keep others from listing codes.
    """
    return hashlib.sha256(b"hocbaso:ma-hoc-ba:" + code.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One entry; :meth:`to_bytes` is what is hashed into the leaf.

    ``digest`` is the digest of the document, status list, certificate or receipt spoken of (hex). Entries
    about a sheet carry ``code`` (see :func:`code_hash`) and ``sheet_version``; others do not.

    :raises Unreadable: ``log_entry`` if a value is not of its form.
    """

    type: EntryType
    digest: str
    school: str  # the school's code; "" for entries of the node itself
    time: str  # ISO 8601 UTC, seconds, "2026-05-26T08:00:00Z"
    code: str | None = None
    sheet_version: int | None = None
    version: int = ENTRY_VERSION

    def __post_init__(self) -> None:
        about_a_sheet = self.type in _ABOUT_A_SHEET
        for name, good in (
            ("version", self.version == ENTRY_VERSION and type(self.version) is int),
            ("type", isinstance(self.type, EntryType)),
            ("digest", _matches(_HEX64, self.digest)),
            ("school", _matches(_SCHOOL, self.school)),
            ("time", _matches(_TIME, self.time) and _is_instant(self.time)),
            ("code", _matches(_HEX64, self.code) if about_a_sheet else self.code is None),
            (
                "sheet_version",
                _is_version(self.sheet_version) if about_a_sheet else self.sheet_version is None,
            ),
        ):
            if not good:
                raise Unreadable("log_entry", problem=name)

    def to_bytes(self) -> bytes:
        """Canonical JSON: ASCII, keys in alphabetical order, no white space, absent values left out."""
        values = {
            "code": self.code,
            "digest": self.digest,
            "school": self.school,
            "sheet_version": self.sheet_version,
            "time": self.time,
            "type": self.type.value,
            "v": self.version,
        }
        present = {name: value for name, value in values.items() if value is not None}
        return json.dumps(present, sort_keys=True, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> LogEntry:
        """Read an entry; only the bytes that :meth:`to_bytes` writes are accepted.

        :raises Unreadable: ``log_entry``.
        """
        try:
            values = json.loads(data)
            entry = cls(
                type=EntryType(values["type"]),
                digest=values["digest"],
                school=values["school"],
                time=values["time"],
                code=values.get("code"),
                sheet_version=values.get("sheet_version"),
                version=values["v"],
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise Unreadable("log_entry", problem="JSON") from error
        if entry.to_bytes() != data:
            raise Unreadable("log_entry", problem="canonical form")
        return entry


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_version(value: object) -> bool:
    return type(value) is int and 1 <= value <= 999


def _is_instant(text: str) -> bool:
    try:
        datetime.datetime.fromisoformat(text.removesuffix("Z"))
    except ValueError:
        return False
    return True
