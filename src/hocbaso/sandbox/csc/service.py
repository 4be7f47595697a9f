"""The provider itself: accounts, credentials, codes, authorisations, signatures.

Signers are enrolled, their codes land in an outbox (the phone of the person). An OTP counts for the one list
that it was sent for and for one try; a SAD for exactly its hashes, each once. State is in memory but for the
people whom a demo has enrolled (:mod:`.enrolments`).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

from hocbaso.engines.trust.authority import holder_of
from hocbaso.sandbox.ca import SandboxAuthority, StoredCredential
from hocbaso.sandbox.csc import enrolments

Json = dict[str, Any]
SHA256 = "2.16.840.1.101.3.4.2.1"
RSA = ("1.2.840.113549.1.1.11", "1.2.840.113549.1.1.1")
ECDSA = ("1.2.840.10045.4.3.2",)
#: What ``wrong`` of :class:`Behaviour` may be; the first six alter a signHash answer, the others any.
WRONG = ("", "fewer", "more", "order", "replay", "other_key", "der", "html", "redirect", "huge", "cut", "500")


class Problem(Exception):
    """An error answer of CSC API v2 section 10."""

    def __init__(self, code: str, status: int = 400) -> None:
        super().__init__(code)
        self.code, self.status = code, status


@dataclass(frozen=True)
class Behaviour:
    """The provider's limits and its bad days.

    :param wrong: one of :data:`WRONG`. :param on: the method that it befalls. :param times: how often; -1 for
        ever. :param delay: seconds before the answer to ``on`` (the work is done all the same).
    """

    multisign: int = 100
    batch: int = 20
    scal: str = "2"
    wants: tuple[str, ...] = ("OTP",)
    otp_seconds: int = 300
    sad_seconds: int = 300
    token_seconds: int = 3600
    page: int = 10
    wrong: str = ""
    on: str = "signatures/signHash"
    times: int = -1
    delay: float = 0.0

    def __post_init__(self) -> None:
        if self.wrong not in WRONG or self.scal not in ("1", "2") or min(self.multisign, self.batch) < 1:
            raise ValueError("no such behaviour")

    def changed(self, values: Json) -> Behaviour:
        """With other values. :raises ValueError: a name that is none, or a value that cannot be."""
        names = {one.name for one in fields(self)}
        if not set(values) <= names:
            raise ValueError(f"known are {', '.join(sorted(names))}")
        if "wants" in values:
            values = values | {"wants": tuple(values["wants"])}
        return replace(self, **values)


@dataclass
class _Otp:
    code: str
    bound: str  # digest of the list it was sent for
    ends: datetime


@dataclass
class _Sad:
    credential: str
    left: set[bytes]
    ends: datetime


@dataclass(frozen=True)
class Message:
    """What lies in the outbox: an OTP on its way to a person."""

    credential: str
    code: str = field(repr=False)
    list_digest: str = ""


class RemoteSigningService:
    """State and rules; :mod:`.web` puts HTTP in front of it.

    :param clock: the present. :param accounts: secrets of the client accounts by name.
    """

    def __init__(
        self,
        authority: SandboxAuthority,
        *,
        clock: Callable[[], datetime] | None = None,
        accounts: dict[str, str] | None = None,
        behaviour: Behaviour = Behaviour(),
    ) -> None:
        self.authority = authority
        self.behaviour = behaviour
        self.outbox: list[Message] = []
        self.calls: list[str] = []  # methods answered, for tests and the demo
        self._clock = clock or authority.clock
        self._accounts = accounts or {"nut": "bi-mat-thu-nghiem"}
        self._lock = threading.RLock()
        self._credentials: dict[str, StoredCredential] = {}
        self._pins: dict[str, str] = {}
        self._tokens: dict[str, datetime] = {}
        self._otps: dict[str, _Otp] = {}
        self._sads: dict[str, _Sad] = {}
        self._last: list[str] = []
        self._handlers: dict[str, Callable[[Json], Json]] = {
            "credentials/list": self._list,
            "credentials/info": self._describe,
            "credentials/sendOTP": self._send_otp,
            "credentials/authorize": self._authorize,
            "signatures/signHash": self._sign,
        }

    def enrol(self, credential: StoredCredential, pin: str = "") -> str:
        """Take a credential in; its id. Asked again, the same one."""
        der = credential.certificate.public_bytes(Encoding.DER)
        name = hashlib.sha256(der).hexdigest()[:24]
        with self._lock:
            self._credentials[name] = credential
            self._pins[name] = pin
        return name

    def handle(self, method: str, body: Json, authorization: str) -> Json:
        """Answer one call. :raises Problem: a refusal."""
        with self._lock:
            self.calls.append(method)
            if method == "info":
                return self._info()
            if method == "auth/login":
                return self._login(authorization)
            if method == "oauth2/token":
                if body.get("grant_type") != "client_credentials":
                    raise Problem("unsupported_grant_type")
                return self._token(str(body.get("client_id", "")), str(body.get("client_secret", "")))
            if method not in self._handlers:
                raise Problem("invalid_request", 404)
            token = authorization.removeprefix("Bearer ")
            if self._tokens.get(token, self._clock()) <= self._clock():
                raise Problem("invalid_token", 401)
            return self._handlers[method](body)

    # --- who asks ----------------------------------------------------------------------------------------

    def _info(self) -> Json:
        return {
            "specs": "2.0.0.2",
            "name": "Ký số từ xa thử nghiệm",
            "logo": "https://example.invalid/logo.png",
            "region": "VN",
            "lang": "vi-VN",
            "description": "Nhà cung cấp của hộp cát; chữ ký không có giá trị pháp lý.",
            "authType": ["basic", "oauth2client"],
            "methods": ["auth/login", *self._handlers],
        }

    def _login(self, authorization: str) -> Json:
        try:
            pair = base64.b64decode(authorization.removeprefix("Basic "), validate=True).decode()
        except ValueError:
            raise Problem("authentication_error", 401) from None
        user, _, secret = pair.partition(":")
        return self._token(user, secret)

    def _token(self, user: str, secret: str) -> Json:
        known = self._accounts.get(user, "")
        if not known or not hmac.compare_digest(known.encode(), secret.encode()):
            raise Problem("authentication_error", 401)
        token = secrets.token_urlsafe(24)
        self._tokens[token] = self._clock() + timedelta(seconds=self.behaviour.token_seconds)
        return {"access_token": token, "token_type": "Bearer", "expires_in": self.behaviour.token_seconds}

    def forget_tokens(self) -> None:
        """As after a restart of the provider."""
        self._tokens.clear()

    # --- credentials -------------------------------------------------------------------------------------

    def _list(self, body: Json) -> Json:
        whose = body.get("userID")
        if isinstance(whose, str):
            self._enrol_kept(whose)
        names = sorted(
            name
            for name, one in self._credentials.items()
            if not whose or holder_of(one.certificate).number == whose
        )
        start = int(body.get("pageToken") or 0)
        page = names[start : start + self.behaviour.page]
        answer: Json = {"credentialIDs": page}
        if start + self.behaviour.page < len(names):
            answer["nextPageToken"] = str(start + self.behaviour.page)
        return answer

    def _found(self, body: Json) -> tuple[str, StoredCredential]:
        name = body.get("credentialID")
        if isinstance(name, str) and name not in self._credentials:
            self._enrol_kept(enrolments.number_of(self.authority.vault, name))
        if not isinstance(name, str) or name not in self._credentials:
            raise Problem("invalid_request")
        return name, self._credentials[name]

    def _enrol_kept(self, number: str) -> None:
        """The key of somebody whom a demo has enrolled."""
        if number:
            for one in enrolments.kept(self.authority.vault):
                if one.number == number:
                    name = self.enrol(enrolments.credential_of(self.authority, one), one.pin)
                    enrolments.remember(self.authority.vault, name, number)

    def _describe(self, body: Json) -> Json:
        _, credential = self._found(body)
        certificate = credential.certificate
        is_rsa = isinstance(certificate.public_key(), rsa.RSAPublicKey)
        path = [certificate, *credential.chain]
        shown = [base64.b64encode(one.public_bytes(Encoding.DER)).decode() for one in path]
        return {
            "description": "Chứng thư số thử nghiệm",
            "key": {"status": "enabled", "algo": list(RSA if is_rsa else ECDSA), "len": 2048},
            "cert": {
                "status": "valid",
                "certificates": shown,
                "subjectDN": certificate.subject.rfc4514_string(),
            },
            "auth": {
                "mode": "explicit",
                "expression": " AND ".join(self.behaviour.wants),
                "objects": [{"type": "Password", "id": name, "format": "A"} for name in self.behaviour.wants],
            },
            "SCAL": self.behaviour.scal,
            "multisign": self.behaviour.multisign,
        }

    # --- one authorisation, one list ---------------------------------------------------------------------

    def _send_otp(self, body: Json) -> Json:
        name, _ = self._found(body)
        bound = str(body.get("clientData", ""))
        if len(bound) != 64:
            raise Problem("invalid_request")
        code = f"{secrets.randbelow(10**6):06d}"
        self._otps[name] = _Otp(code, bound, self._clock() + timedelta(seconds=self.behaviour.otp_seconds))
        self.outbox.append(Message(name, code, bound))
        return {}

    def _authorize(self, body: Json) -> Json:
        name, _ = self._found(body)
        hashes = _hashes(body)
        count = body.get("numSignatures")
        if count != len(hashes) or not 1 <= len(hashes) <= self.behaviour.multisign:
            raise Problem("invalid_request")
        given = {one.get("id"): str(one.get("value", "")) for one in body.get("authData", [])}
        if "PIN" in self.behaviour.wants and not hmac.compare_digest(
            given.get("PIN", "").encode(), self._pins[name].encode()
        ):
            raise Problem("invalid_pin")
        if "OTP" in self.behaviour.wants:
            otp = self._otps.pop(name, None)  # one try
            if otp is None or not hmac.compare_digest(given.get("OTP", "").encode(), otp.code.encode()):
                raise Problem("invalid_otp")
            if otp.ends <= self._clock() or otp.bound != hashlib.sha256(b"".join(hashes)).hexdigest():
                raise Problem("invalid_otp")
        sad = secrets.token_urlsafe(32)
        self._sads[sad] = _Sad(
            name, set(hashes), self._clock() + timedelta(seconds=self.behaviour.sad_seconds)
        )
        return {"SAD": sad, "expiresIn": self.behaviour.sad_seconds}

    def _sign(self, body: Json) -> Json:
        name, credential = self._found(body)
        hashes = _hashes(body)
        sad = self._sads.get(str(body.get("SAD", "")))
        if sad is None or sad.credential != name:
            raise Problem("invalid_sad")
        if sad.ends <= self._clock():
            raise Problem("sad_expired")
        is_rsa = isinstance(credential.certificate.public_key(), rsa.RSAPublicKey)
        if len(hashes) > self.behaviour.batch or body.get("signAlgo") not in (RSA if is_rsa else ECDSA):
            raise Problem("invalid_request")
        if not sad.left.issuperset(hashes):
            raise Problem("hash_not_authorized")
        sad.left.difference_update(hashes)
        signer = credential.signer()
        made = [base64.b64encode(signer.sign_digest(digest)).decode() for digest in hashes]
        return {"signatures": made}

    # --- bad days ----------------------------------------------------------------------------------------

    def mood(self, method: str) -> str:
        """What goes wrong with this answer, if anything; counts down."""
        with self._lock:
            behaviour = self.behaviour
            if behaviour.on != method or not behaviour.wrong or behaviour.times == 0:
                return ""
            if behaviour.times > 0:
                self.behaviour = replace(behaviour, times=behaviour.times - 1)
            return behaviour.wrong

    def spoiled(self, wrong: str, answer: Json) -> Json:
        """A signHash answer with what ``wrong`` says done to it."""
        values = list(answer.get("signatures", []))
        with self._lock:
            last, self._last = self._last, values
            if wrong == "fewer":
                values = values[:-1]
            elif wrong == "more":
                values = [*values, values[-1]]
            elif wrong == "order":
                values = values[::-1]
            elif wrong == "replay":
                values = (last * len(values))[: len(values)]
            elif wrong == "other_key":
                stranger = self.authority.issue_person("Người lạ", "079000000001", "Nơi khác").signer()
                values = [_b64(stranger.sign_digest(hashlib.sha256(v.encode()).digest())) for v in values]
            elif wrong == "der":
                values = [_b64(_der(base64.b64decode(value))) for value in values]
        return {**answer, "signatures": values} if "signatures" in answer else answer


def _hashes(body: Json) -> list[bytes]:
    texts = body.get("hashes")
    if not isinstance(texts, list) or body.get("hashAlgorithmOID") != SHA256:
        raise Problem("invalid_request")
    try:
        found = [base64.b64decode(text, validate=True) for text in texts]
    except (ValueError, TypeError):
        raise Problem("invalid_request") from None
    if not found or any(len(one) != 32 for one in found) or len(set(found)) != len(found):
        raise Problem("invalid_request")
    return found


def _b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _der(value: bytes) -> bytes:
    """ECDSA r||s as the DER that many providers give; anything else as it is."""
    if len(value) != 64:
        return value
    return encode_dss_signature(int.from_bytes(value[:32], "big"), int.from_bytes(value[32:], "big"))
