"""Messages of the gateway: bytes out of queries, answers out of bytes that may hold anything.

Keys that are not known are dropped: a registry that tells more than was asked for finds no keeper here.
"""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, TypeVar
from urllib.parse import quote

from hocbaso.engines.population.model import (
    FIELDS,
    Accepted,
    Answer,
    FieldAnswer,
    OfferedPerson,
    Outcome,
    Query,
    ResidenceAnswer,
    ResidenceEntry,
)
from hocbaso.engines.trust.strict_json import Fault, JsonObject, no_doubles, refuse_constant

_T = TypeVar("_T")
_REASONS = (*FIELDS, "purpose", "conflict")
_NAMESPACE = uuid.UUID("4b8f0c3e-3c0e-5a2b-9a53-6b1d8d9f7e21")
_LONGEST = 500  # characters of any text in an answer
_MOST_ENTRIES = 200  # stays of one person


class Malformed(ValueError):
    """The answer cannot be used; the text says why and repeats nothing of it."""


def canonical(value: Any) -> bytes:
    """JSON in one way of writing: sorted keys, no blanks, UTF-8."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode(
        "utf-8", "surrogatepass"
    )


def digest(value: Any) -> str:
    """SHA-256 (hex) of the canonical JSON."""
    return hashlib.sha256(canonical(value)).hexdigest()


def message_id(request_ids: Sequence[str]) -> str:
    """The message's own id, the same whenever the same questions are asked together."""
    return str(uuid.uuid5(_NAMESPACE, " ".join(request_ids)))


def item(query: Query) -> dict[str, Any]:
    """One question as it goes over the wire."""
    subject = query.subject
    return {
        "request_id": query.request_id,
        "purpose": {"code": query.purpose.code, "legal_basis": query.purpose.legal_basis},
        "subject": {
            "so_dinh_danh": subject.personal_number,
            "ho_ten": subject.full_name,
            "ngay_sinh": subject.birth_date,
            "gioi_tinh": subject.sex,
            "ma_tinh": subject.province_code,
            "ma_xa": subject.commune_code,
            "tinh": subject.province,
            "xa": subject.commune,
        },
        "requester": {"unit": query.requester_unit, "user": query.requester_user},
    }


def headers(client: str, user: str, message: str, body: bytes) -> dict[str, str]:
    """Headers of the bus (PR-REST section 4.3; values that are not ASCII are percent-encoded)."""
    return {
        "Content-Type": "application/json; charset=utf-8",
        "Accept": "application/json",
        "Accept-Encoding": "identity",  # no answer grows after it was counted
        "X-Road-Client": quote(client, safe="/-_.~"),
        "X-Road-Id": message,
        "X-Road-UserId": quote(user, safe="-_.~@", errors="replace"),
        "X-Road-Request-Hash": base64.b64encode(hashlib.sha512(body).digest()).decode("ascii"),
    }


def read_message(content: bytes, message: str) -> dict[str, Any]:
    """The JSON object of an answer to ``message``.

    :raises Malformed: not JSON, not an object, an answer to another message.
    """
    try:
        value = json.loads(
            content.decode("utf-8"), object_pairs_hook=no_doubles, parse_constant=refuse_constant
        )
    except (ValueError, RecursionError):
        raise Malformed("not JSON") from None
    if not isinstance(value, dict):
        raise Malformed("not a JSON object")
    if value.get("message_id") != message:
        raise Malformed("an answer to another message")
    return value


def read_answers(content: bytes, message: str, sent: Sequence[dict[str, Any]]) -> list[Answer]:
    """Answers in the order of ``sent``, one for each.

    :raises Malformed: any of them is missing, double, strange or not of the promised shape.
    """
    values = read_message(content, message).get("answers")
    if not isinstance(values, list) or len(values) != len(sent):
        raise Malformed("not one answer for each question")
    found: dict[str, Answer] = {}
    asked = {one["request_id"]: one for one in sent}
    for value in values:
        request_id = value.get("request_id") if isinstance(value, dict) else None
        if not isinstance(request_id, str) or request_id not in asked or request_id in found:
            raise Malformed("an answer to another question")
        found[request_id] = _guarded(_answer, value, asked[request_id])
    return [found[one["request_id"]] for one in sent]


def read_residence(content: bytes, message: str, sent: dict[str, Any]) -> ResidenceAnswer:
    """The one residence answer.

    :raises Malformed: as :func:`read_answers`.
    """
    return _guarded(_residence, _only(content, message, sent), sent)


def read_accepted(content: bytes, message: str, sent: dict[str, Any]) -> Accepted:
    """The one answer to an accepted offer.

    :raises Malformed: as :func:`read_answers`.
    """
    return _guarded(_accepted, _only(content, message, sent), sent)


def _only(content: bytes, message: str, sent: dict[str, Any]) -> Any:
    value = read_message(content, message).get("answer")
    if not isinstance(value, dict) or value.get("request_id") != sent["request_id"]:
        raise Malformed("an answer to another question")
    return value


def _guarded(read: Callable[[JsonObject, str, dict[str, Any]], _T], value: Any, sent: dict[str, Any]) -> _T:
    try:
        return read(JsonObject(value, "answer"), digest(value), sent)
    except (Fault, ValueError, OverflowError, RecursionError, UnicodeError) as error:
        raise Malformed(f"wrong shape ({type(error).__name__})") from None


def _text(value: JsonObject, key: str, most: int = _LONGEST) -> str:
    text = value.maybe(key, str) or ""
    if len(text) > most or any(char < " " for char in text):
        raise Fault(f"{key}: not a text to keep")
    return text


def _moment(value: JsonObject, key: str) -> datetime:
    moment = datetime.fromisoformat(value.take(key, str))
    if moment.tzinfo is None:
        raise Fault(f"{key} has no zone")
    return moment


def _iso_day(value: JsonObject, key: str) -> str:
    text = _text(value, key, 10)
    if text:
        rest = {4: "-01-01", 7: "-01", 10: ""}.get(len(text), "?")
        date.fromisoformat(text + rest)
    return text


def _result(value: JsonObject, outcome: Outcome) -> str:
    result_id = _text(value, "result_id", 80)
    if outcome.final and not result_id:
        raise Fault("a final answer has no result_id")
    return result_id


def _answer(value: JsonObject, raw: str, sent: dict[str, Any]) -> Answer:
    given = value.maybe("fields", dict) or {}
    outcome = Outcome(value.take("outcome", str))
    answer = Answer(
        request_id=value.take("request_id", str),
        outcome=outcome,
        fields={name: FieldAnswer(given.get(name, FieldAnswer.NOT_COMPARED)) for name in FIELDS},
        offered=tuple(_offered(JsonObject(one, "offered")) for one in value.maybe("offered", list) or []),
        result_id=_result(value, outcome),
        answered_at=_moment(value, "answered_at"),
        raw_digest=raw,
        request_digest=digest(sent),
        soft=frozenset(value.maybe_texts("soft") or ()),
        reason=_text(value, "reason", 40),
    )
    if not _consistent(answer, searched=not sent["subject"]["so_dinh_danh"]):
        raise Fault("the answer contradicts itself or the question")
    return answer


def _consistent(answer: Answer, searched: bool) -> bool:
    """Whether outcome, fields and offer say the same, and answer this kind of question."""
    telling = answer.outcome in (Outcome.MATCHED, Outcome.MISMATCH)
    fields = answer.fields
    if not telling:
        told = any(one is not FieldAnswer.NOT_COMPARED for one in fields.values()) or answer.offered
        known = (answer.reason in _REASONS) == (answer.outcome is Outcome.INVALID_INPUT)
        return known and not told and not answer.soft and (searched or answer.outcome is not Outcome.MULTIPLE)
    by_number = fields["so_dinh_danh"] is not FieldAnswer.NOT_COMPARED
    persons = all(fields[name] is not FieldAnswer.NOT_COMPARED for name in FIELDS[:3])
    return (
        persons
        and by_number is not searched
        and len(answer.offered) == searched
        and bool(answer.differences) == (answer.outcome is Outcome.MISMATCH)
        and answer.soft <= set(answer.differences)
        and not answer.reason
    )


def _offered(value: JsonObject) -> OfferedPerson:
    token = _text(value, "token", 200)
    if not token:
        raise Fault("an offer without token")
    return OfferedPerson(
        token=token,
        masked_name=_text(value, "masked_name"),
        masked_number=_text(value, "masked_number", 20),
        birth_year=_text(value, "birth_year", 4),
        sex=_text(value, "sex", 10),
        commune=_text(value, "commune"),
    )


def _residence(value: JsonObject, raw: str, sent: dict[str, Any]) -> ResidenceAnswer:
    outcome = Outcome(value.take("outcome", str))
    entries = value.maybe("entries", list) or []
    if (entries and outcome is not Outcome.MATCHED) or len(entries) > _MOST_ENTRIES:
        raise Fault("entries without a match, or too many")
    return ResidenceAnswer(
        request_id=value.take("request_id", str),
        outcome=outcome,
        entries=tuple(_entry(JsonObject(one, "entry")) for one in entries),
        result_id=_result(value, outcome),
        answered_at=_moment(value, "answered_at"),
        raw_digest=raw,
        request_digest=digest(sent),
        reason=_text(value, "reason", 40),
    )


def _entry(value: JsonObject) -> ResidenceEntry:
    return ResidenceEntry(
        kind=value.choice("loai", ("thuong_tru", "tam_tru", "noi_o_hien_tai")),
        province=_text(value, "tinh"),
        commune=_text(value, "xa"),
        province_code=_text(value, "ma_tinh", 2),
        commune_code=_text(value, "ma_xa", 5),
        address=_text(value, "dia_chi"),
        since=_iso_day(value, "tu_ngay"),
        until=_iso_day(value, "den_ngay"),
        relation=_text(value, "quan_he_voi_chu_ho"),
        head_masked=_text(value, "chu_ho", 20),
    )


def _accepted(value: JsonObject, raw: str, sent: dict[str, Any]) -> Accepted:
    outcome = Outcome(value.take("outcome", str))
    number = _text(value, "so_dinh_danh", 12)
    if number and (
        outcome is not Outcome.MATCHED or not (len(number) == 12 and number.isascii() and number.isdigit())
    ):
        raise Fault("a number that is none")
    return Accepted(
        request_id=value.take("request_id", str),
        outcome=outcome,
        personal_number=number,
        result_id=_result(value, outcome),
        answered_at=_moment(value, "answered_at"),
        raw_digest=raw,
        request_digest=digest(sent),
    )
