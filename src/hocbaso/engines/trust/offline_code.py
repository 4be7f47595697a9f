"""QR 2: ``HBS1:`` and base45 of a COSE_Sign1 over a closed CBOR map (``docs/offline.md``).

It says what a year sheet says, briefly, and verifies without network against a trust bundle. Two variants:
with results, or identity and digest only. 13 subjects with results fit a symbol of version 13, level M.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from hocbaso.core.document.codes import ALPHABET, TranscriptCode, check_character, parse_code
from hocbaso.core.document.model import SchoolLevel, YearSheet
from hocbaso.core.errors import DomainError, Unreadable, register
from hocbaso.engines.trust import base45, cbor, cose
from hocbaso.engines.trust.offline_results import Results, read_results, results_of, write_results
from hocbaso.engines.trust.ports import Signer

register(
    {
        "offline_code_unreadable": (
            "Không đọc được mã QR xác thực ngoại tuyến: {what}. Thầy cô hãy chụp hoặc chép lại trọn mã, "
            "bắt đầu bằng HBS1:.",
            "The offline code cannot be read: {what}.",
        )
    }
)

PREFIX = "HBS1:"
#: A symbol of version 40 level M holds 3391 alphanumeric characters; nothing longer was ever a QR code.
MAX_TEXT = 3391
_CODE, _VERSION, _DIGEST, _ISSUED, _SIGNED, _NAME, _BIRTH = range(1, 8)
_SCHOOL, _CLASS, _LIST, _INDEX, _RESULTS = range(8, 13)
_REQUIRED = frozenset(range(_CODE, _INDEX + 1))
LIST_NAME = re.compile(r"[0-9]{4}-[1-9][0-9]{0,3}", re.ASCII)
_MAX_TEXTS = 300
#: Beginnings of school names, by number; 0 is none. Only ever appended to.
BEGINNINGS = (
    "",
    "Trường Tiểu học ",
    "Trường Trung học cơ sở ",
    "Trường Trung học phổ thông ",
    "Trường Tiểu học và Trung học cơ sở ",
    "Trường Trung học cơ sở và Trung học phổ thông ",
    "Trung tâm Giáo dục nghề nghiệp - Giáo dục thường xuyên ",
    "Trường THCS ",
    "Trường THPT ",
)


@dataclass(frozen=True, slots=True)
class StatusPlace:
    """Where the status of a sheet stands: list and entry, fixed when it is issued."""

    list: str  # "2025-1"
    index: int


@dataclass(frozen=True, slots=True)
class OfflineCode:
    """What one code says. ``results`` is ``None`` in the variant "identity and digest only"."""

    code: str
    version: int
    digest: str  # document digest, lower-case hex
    issued_at: datetime  # time stamp of the seal
    signed_at: datetime  # when the code was made, as its signer claims
    name: str
    birth_date: str  # "2017-02-09", or "2017-02", "2017"
    school: str
    class_name: str
    place: StatusPlace
    results: Results | None

    def to_json(self) -> dict[str, object]:
        """For people and machines; beside the verdict."""
        return {
            "code": self.code,
            "version": self.version,
            "digest": self.digest,
            "issued_at": _text(self.issued_at),
            "signed_at": _text(self.signed_at),
            "name": self.name,
            "birth_date": self.birth_date,
            "school": self.school,
            "class": self.class_name,
            "status_list": self.place.list,
            "status_index": self.place.index,
            "results": self.results.to_json() if self.results is not None else None,
        }


@dataclass(frozen=True, slots=True)
class SignedCode:
    """A code with its envelope; nothing is believed yet."""

    content: OfflineCode
    envelope: cose.Sign1


def code_of(
    sheet: YearSheet,
    digest: str,
    *,
    issued_at: datetime,
    signed_at: datetime,
    place: StatusPlace,
    with_results: bool,
) -> OfflineCode:
    """What the code of an issued sheet says.

    :param digest: document digest, lower-case hex.
    :param issued_at: time of the seal's time stamp; ``signed_at`` the present; both aware.
    """
    return OfflineCode(
        code=sheet.code,
        version=sheet.version,
        digest=digest,
        issued_at=issued_at.replace(microsecond=0),
        signed_at=signed_at.replace(microsecond=0),
        name=sheet.pupil.full_name,
        birth_date=sheet.pupil.birth_date,
        school=sheet.school.name,
        class_name=sheet.class_name,
        place=place,
        results=results_of(sheet) if with_results else None,
    )


def write_code(content: OfflineCode, signer: Signer) -> str:
    """The text of the symbol.

    :raises DomainError: ``cose_needs_p256``.
    """
    return PREFIX + base45.encode(cose.sign1(cbor.encode(_payload(content)), signer))


def is_offline_code(text: str) -> bool:
    """Whether a text claims to be such a code."""
    return text.startswith(PREFIX)


def read_code(text: str) -> SignedCode:
    """Take a code apart; accepts only what :func:`write_code` writes.

    :raises Unreadable: ``offline_code_unreadable``.
    """
    if not is_offline_code(text) or len(text) > MAX_TEXT:
        raise Unreadable("offline_code_unreadable", what="không phải mã HBS1")
    try:
        envelope = cose.read1(base45.decode(text.removeprefix(PREFIX)))
        payload = cbor.decode(envelope.payload)
        content = _content(payload)
        if cbor.encode(_payload(content)) != envelope.payload:
            raise ValueError("another spelling")
    except DomainError as error:
        raise Unreadable("offline_code_unreadable", what="mã học bạ bên trong không đúng") from error
    except (ValueError, KeyError, TypeError, IndexError, OverflowError, OSError) as error:
        raise Unreadable("offline_code_unreadable", what="mã bị thiếu hoặc bị sửa ký tự") from error
    return SignedCode(content, envelope)


def _payload(content: OfflineCode) -> dict[int, object]:
    payload: dict[int, object] = {
        _CODE: _pack_code(content.code),
        _VERSION: content.version,
        _DIGEST: bytes.fromhex(content.digest),
        _ISSUED: int(content.issued_at.timestamp()),
        _SIGNED: int(content.signed_at.timestamp()),
        _NAME: content.name,
        _BIRTH: int(content.birth_date.replace("-", "")),
        _SCHOOL: _pack_school(content.school),
        _CLASS: content.class_name,
        _LIST: content.place.list,
        _INDEX: content.place.index,
    }
    if content.results is not None:
        payload[_RESULTS] = write_results(content.results)
    return payload


def _content(payload: object) -> OfflineCode:
    if not isinstance(payload, dict) or set(payload) - {_RESULTS} != _REQUIRED:
        raise ValueError("keys of the map")
    digest = _bytes(payload[_DIGEST])
    listed = _string(payload[_LIST])
    if len(digest) != 32 or not LIST_NAME.fullmatch(listed):
        raise ValueError("digest or list")
    code = _unpack_code(payload[_CODE])
    results = payload.get(_RESULTS)
    return OfflineCode(
        code=code,
        version=_natural(payload[_VERSION], 1, 999),
        digest=digest.hex(),
        issued_at=_moment(payload[_ISSUED]),
        signed_at=_moment(payload[_SIGNED]),
        name=_string(payload[_NAME]),
        birth_date=_day(str(_natural(payload[_BIRTH], 1000, 99991231))),
        school=_unpack_school(payload[_SCHOOL]),
        class_name=_string(payload[_CLASS]),
        place=StatusPlace(listed, _natural(payload[_INDEX], 0, 2**32)),
        results=read_results(results, parse_code(code).level) if results is not None else None,
    )


def _pack_code(code: str) -> list[object]:
    """[level, province, school, start year, 60 random bits]; the check character follows from them."""
    parts = parse_code(code)
    number = 0
    for symbol in parts.random:
        number = number << 5 | ALPHABET.index(symbol)
    return [int(parts.level.value), int(parts.province), parts.school, parts.start_year, number]


def _unpack_code(value: object) -> str:
    if not isinstance(value, list) or len(value) != 5:
        raise ValueError("transcript code")
    level, province, school, year, number = value
    bits = _natural(number, 0, 2**60 - 1)
    random = "".join(ALPHABET[bits >> 5 * place & 31] for place in reversed(range(12)))
    place = f"{_natural(province, 0, 99):02}"
    parts = (str(_natural(level, 1, 3)), place, _string(school), f"{_natural(year, 1000, 2999)}")
    check = check_character("".join(parts) + random)
    found = TranscriptCode(SchoolLevel(parts[0]), parts[1], parts[2], int(parts[3]), random, check)
    return str(parse_code(str(found)))


def _pack_school(name: str) -> list[object]:
    """[number of the longest beginning that fits, the rest]."""
    number, words = max(
        ((n, b) for n, b in enumerate(BEGINNINGS) if name.startswith(b) and name != b),
        key=lambda known: len(known[1]),
    )
    return [number, name.removeprefix(words)]


def _unpack_school(value: object) -> str:
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError("school")
    return BEGINNINGS[_natural(value[0], 0, len(BEGINNINGS) - 1)] + _string(value[1])


def _natural(value: object, least: int, most: int) -> int:
    if not isinstance(value, int) or not least <= value <= most:
        raise ValueError("number")
    return value


def _string(value: object) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= _MAX_TEXTS or not value.isprintable():
        raise ValueError("text")
    return value


def _bytes(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError("bytes")
    return value


def _moment(value: object) -> datetime:
    return datetime.fromtimestamp(_natural(value, 0, 2**33), UTC)


def _day(digits: str) -> str:
    if len(digits) not in (4, 6, 8):
        raise ValueError("date of birth")
    return "-".join(part for part in (digits[:4], digits[4:6], digits[6:]) if part)


def _text(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
