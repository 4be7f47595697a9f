"""What the agent is asked to sign, read strictly: our own signatures on year sheets, our own challenges.

Nothing is signed that was not rendered here: from a ``ds:SignedInfo`` the few variable parts are read, the
signature is prepared anew for the certificate, role and time that the person is shown, and the octets must be
the same. So no reference, algorithm, certificate or property can be in it that our profile does not have, and
the digest that goes to the token is computed here.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from hocbaso.core.document.model import SignerRole
from hocbaso.core.document.names import SHEET_ID, SIGNATURE_IDS
from hocbaso.core.document.signers import read_subject_signature_id
from hocbaso.core.errors import DomainError, register
from hocbaso.engines.trust.strict_json import Fault, JsonObject, no_doubles, refuse_constant
from hocbaso.engines.trust.xades import profile
from hocbaso.engines.trust.xades.signing import assemble, xml_time
from hocbaso.interfaces.agent.protocol import MOST_ITEMS

register(
    {
        "agent_message_unreadable": (
            "Chương trình ký không đọc được yêu cầu này ({detail}). Chưa ký gì; thầy cô tải lại trang "
            "học bạ.",
            "The message is not of the agreed form ({detail}).",
        ),
        "agent_not_our_form": (
            "Nội dung gửi đến không phải chữ ký học bạ số ({detail}). Chương trình ký chỉ ký học bạ số và "
            "không ký nội dung khác.",
            "What came to be signed is not a signature of our profile ({detail}).",
        ),
        "agent_list_digest": (
            "Mã danh sách không khớp với các học bạ trong danh sách. Chưa ký gì; thầy cô tải lại trang.",
            "The digest of the list is not that of its items.",
        ),
        "agent_not_a_challenge": (
            "Chuỗi gửi đến không phải chuỗi thử thách đăng ký chứng thư số ({detail}). Chương trình ký "
            "không ký nội dung khác.",
            "What came is not a challenge of this node ({detail}).",
        ),
    }
)

_REFERENCE = re.compile(
    rb'<ds:Reference Id="([A-Za-z_][A-Za-z0-9._-]{0,79})-r[0-9]{1,2}" URI="#([A-Za-z_][A-Za-z0-9._-]{0,79})">'
    + re.escape(profile.REFERENCE_BEFORE_DIGEST[1:])
    + rb"([A-Za-z0-9+/]{43}=)</ds:DigestValue></ds:Reference>"
)
_SUBJECT = re.compile(r"mon-[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
_MOST_INFO_OCTETS = 24 * 1024
_MOST_CERTIFICATES = 8
#: The step before the principal's and the seal's own: what their signatures must refer to.
_STEP_BEFORE = {
    SignerRole.PRINCIPAL: f"{SIGNATURE_IDS['gvcn']}-sv",
    SignerRole.SEAL: f"{SIGNATURE_IDS['hieu_truong']}-sv",
}
_OWN_ID = {
    SignerRole.HOMEROOM: SIGNATURE_IDS["gvcn"],
    SignerRole.PRINCIPAL: SIGNATURE_IDS["hieu_truong"],
    SignerRole.SEAL: SIGNATURE_IDS["con_dau"],
}

#: The lines of a challenge after the first, by name, and what each may say (engines.trust.possession).
_CHALLENGE_FIRST = "hocbaso:chung-minh-giu-khoa:1"
_CHALLENGE_LINES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("node", re.compile(r"https?://[A-Za-z0-9.\[\]:_/-]{1,200}")),
    ("truong", re.compile(r"[A-Za-z0-9._-]{1,40}")),
    ("nguoi-giu", re.compile(r"[A-Za-z0-9.@+_-]{1,150}")),
    ("chung-thu", re.compile(r"[0-9a-f]{64}")),
    ("vai-tro", re.compile(r"[^\x00-\x1f=]{1,4000}")),
    ("ngau-nhien", re.compile(r"[0-9a-f]{64}")),
    ("het-han", re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")),
)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to sign: the number under which its value goes back, its digest, words for the person."""

    id: int
    digest: bytes
    name: str
    class_name: str
    result: str
    sheet: str  # digest of the year sheet, hexadecimal; of a challenge nothing


@dataclass(frozen=True, slots=True)
class Work:
    """What one PIN is asked for: a list of year sheets, or one challenge."""

    kind: str  # "list" | "challenge"
    pairing: str
    nonce: str
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    title: str
    school: str
    who: str
    at: str  # the signing time that stands in the signatures
    digest: str  # of the list, hexadecimal
    items: tuple[Item, ...]


def read_message(text: str, site: str) -> Work:
    """A list or a challenge from its sealed text.

    :param site: the origin that the pairing is with; a challenge must name it as its node.
    :raises DomainError: ``agent_message_unreadable``, ``agent_not_our_form``, ``agent_list_digest``,
        ``agent_not_a_challenge``, ``key_kind_not_allowed``.
    """
    try:
        raw = json.loads(text, object_pairs_hook=no_doubles, parse_constant=refuse_constant)
        message = JsonObject(raw, "yêu cầu")
        kind = message.choice("type", ("list", "challenge"))
        work = _read_list(message) if kind == "list" else _read_challenge(message, site)
        message.end()
    except Fault as fault:
        raise DomainError("agent_message_unreadable", detail=str(fault)[:120]) from None
    except (ValueError, RecursionError):
        raise DomainError("agent_message_unreadable", detail="JSON") from None
    return work


def shown(text: str, limit: int = 200) -> str:
    """A text that the person will read: one line, nothing that hides or turns around what stands beside it.

    :raises Fault: control characters, marks of writing direction, too long.
    """
    if len(text) > limit or any(
        unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Co", "Cs") for c in text
    ):
        raise Fault("có chữ không hiện được")
    return text


def _read_list(message: JsonObject) -> Work:
    role = SignerRole(message.choice("role", tuple(str(role) for role in _ROLES)))
    at, path = message.time("at"), _certificates(message)
    rows = message.take("items", list)
    if not 1 <= len(rows) <= MOST_ITEMS:
        raise Fault("số học bạ ngoài phạm vi")
    items = tuple(_read_item(JsonObject(row, "học bạ"), role, at, path) for row in rows)
    if len({item.id for item in items}) != len(items) or len({item.digest for item in items}) != len(items):
        raise Fault("danh sách lặp lại")
    digest = message.digest("digest")
    if hashlib.sha256(b"".join(item.digest for item in items)).hexdigest() != digest:
        raise DomainError("agent_list_digest")
    return _work(message, "list", path, xml_time(at), digest, items)


_ROLES = (SignerRole.SUBJECT_TEACHER, SignerRole.HOMEROOM, SignerRole.PRINCIPAL, SignerRole.SEAL)


def _work(
    message: JsonObject,
    kind: str,
    path: tuple[x509.Certificate, ...],
    at: str,
    digest: str,
    items: tuple[Item, ...],
) -> Work:
    nonce = message.take("nonce", str)
    if not re.fullmatch(r"[0-9a-f]{32}", nonce):
        raise Fault("nonce sai dạng")
    return Work(
        kind=kind,
        pairing=shown(message.take("pairing", str), 80),
        nonce=nonce,
        certificate=path[0],
        chain=path[1:],
        title=shown(message.take("title", str)),
        school=shown(message.take("school", str)),
        who=shown(message.take("who", str)),
        at=at,
        digest=digest,
        items=items,
    )


def _certificates(message: JsonObject) -> tuple[x509.Certificate, ...]:
    ders = message.binaries("certificates")
    if not 1 <= len(ders) <= _MOST_CERTIFICATES or sum(map(len, ders)) > profile.MAX_REFERENCES * 1024:
        raise Fault("chứng thư số ngoài phạm vi")
    try:
        return tuple(x509.load_der_x509_certificate(der) for der in ders)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion):
        raise Fault("chứng thư số không đọc được") from None


def _read_item(row: JsonObject, role: SignerRole, at: datetime, path: tuple[x509.Certificate, ...]) -> Item:
    sheet = row.digest("sheet")
    digest = read_signed_info(row.binary("info"), role, at, path, sheet)
    item = Item(
        id=row.natural("id"),
        digest=digest,
        name=shown(row.take("name", str)),
        class_name=shown(row.take("class", str), 40),
        result=shown(row.take("result", str)),
        sheet=sheet,
    )
    row.end()
    return item


def read_signed_info(
    info: bytes, role: SignerRole, at: datetime, path: Sequence[x509.Certificate], sheet: str
) -> bytes:
    """The digest of canonical ``ds:SignedInfo`` octets that are exactly ours, for this signer, role and time.

    :param sheet: digest of the year sheet, hexadecimal: what whoever signs the whole sheet must refer to.
    :raises DomainError: ``agent_not_our_form``, ``key_kind_not_allowed``.
    """
    if len(info) > _MOST_INFO_OCTETS:
        raise DomainError("agent_not_our_form", detail="size")
    found = _REFERENCE.findall(info)
    if not found or len(found) >= profile.MAX_REFERENCES:
        raise DomainError("agent_not_our_form", detail="Reference")
    sid = found[0][0].decode()
    targets = [target.decode() for _, target, _ in found]
    _check_targets(role, sid, targets)
    references = tuple(
        profile.Reference(target, b64decode(value))
        for target, (_, _, value) in zip(targets, found, strict=True)
    )
    if targets[0] == SHEET_ID and references[0].digest.hex() != sheet:
        raise DomainError("agent_not_our_form", detail="DigestValue")
    ours = assemble(str(role), sid, references, xml_time(at), profile.signer_parts(tuple(path)))
    if ours.signed_info != info:
        raise DomainError("agent_not_our_form", detail="SignedInfo")
    return ours.digest


def _check_targets(role: SignerRole, sid: str, targets: list[str]) -> None:
    """Each role signs what is its own, and the values of the step before (trust.md section 2)."""
    rules: dict[SignerRole, Callable[[], bool]] = {
        SignerRole.SUBJECT_TEACHER: lambda: _subjects_fit(sid, targets),
        SignerRole.HOMEROOM: lambda: targets[0] == SHEET_ID and all(map(_subject_value, targets[1:])),
        SignerRole.PRINCIPAL: lambda: targets == [SHEET_ID, _STEP_BEFORE[role]],
        SignerRole.SEAL: lambda: targets == [SHEET_ID, _STEP_BEFORE[role]],
    }
    if sid != _OWN_ID.get(role, sid) or len(set(targets)) != len(targets) or not rules[role]():
        raise DomainError("agent_not_our_form", detail="URI")


def _subjects_fit(sid: str, targets: list[str]) -> bool:
    place = read_subject_signature_id(sid)
    return place is not None and targets[0] == f"mon-{place[0]}" and all(map(_SUBJECT.fullmatch, targets))


def _subject_value(target: str) -> bool:
    return target.endswith("-sv") and read_subject_signature_id(target.removesuffix("-sv")) is not None


def _read_challenge(message: JsonObject, site: str) -> Work:
    text, path = message.take("text", str), _certificates(message)
    digest = read_challenge(text, site, path[0])
    lines = dict(line.split("=", 1) for line in text.split("\n")[1:-1])
    item = Item(0, digest, lines["nguoi-giu"], "", lines["vai-tro"], "")
    return _work(message, "challenge", path, "", digest.hex(), (item,))


def read_challenge(text: str, site: str, certificate: x509.Certificate) -> bytes:
    """The digest of a possession challenge that names ``site`` and ``certificate``.

    :raises DomainError: ``agent_not_a_challenge``.
    """
    first, *lines = text.split("\n")
    if first != _CHALLENGE_FIRST or len(lines) != len(_CHALLENGE_LINES) + 1 or lines[-1]:
        raise DomainError("agent_not_a_challenge", detail="số dòng")
    values: dict[str, Any] = {}
    for line, (name, shape) in zip(lines, _CHALLENGE_LINES, strict=False):
        beginning, _, value = line.partition("=")
        if beginning != name or not shape.fullmatch(value):
            raise DomainError("agent_not_a_challenge", detail=name)
        try:
            values[name] = shown(value, 4000)
        except Fault:
            raise DomainError("agent_not_a_challenge", detail=name) from None
    if values["node"].rstrip("/") != site:
        raise DomainError("agent_not_a_challenge", detail="node")
    own = hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()
    if values["chung-thu"] != own:
        raise DomainError("agent_not_a_challenge", detail="chung-thu")
    return hashlib.sha256(text.encode()).digest()
