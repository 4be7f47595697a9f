"""Remote signing by the API of the Cloud Signature Consortium, version 2 (CSC API v2.0, section 11).

The key and the person's codes are the provider's affair; this side sends hashes, and takes back only values
that sign exactly the hash in their place. Only credentials of SCAL 2 are used: their authorisation (SAD) is
bound by the provider to the hashes, and by :class:`~.csc_model.Authorisation` on this side too.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Callable, Generator, Sequence
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from hocbaso.core.errors import DomainError
from hocbaso.engines.trust.keys import issuing_path, signing_public_key, verify_with_key
from hocbaso.engines.trust.providers.csc_http import LONGEST, CscHttp, Refused
from hocbaso.engines.trust.providers.csc_model import (
    ECDSA_OIDS,
    RSA_OIDS,
    SHA256_OID,
    AskCodes,
    Authorisation,
    CodeQuestion,
    Codes,
    Credential,
    CscSettings,
    ProviderInfo,
    list_digest,
)
from hocbaso.engines.trust.providers.stops import SigningStopped

_CODE_ERRORS = {"invalid_otp", "invalid_pin", "otp_expired", "expired_otp", "otp_locked", "pin_locked"}
_SAD_ERRORS = {"sad_expired", "invalid_sad"}
_DEFAULT_SAD_SECONDS = 3600  # CSC API v2, credentials/authorize: expiresIn
_MAX_PAGES = 20
#: Sheets under one authorisation that are ever asked for, whatever the provider allows.
_MOST_HASHES = 1000


class CscClient:
    """The calls, one method each. Everything that an answer says is checked before it is believed."""

    def __init__(
        self,
        settings: CscSettings,
        *,
        transport: httpx.BaseTransport | None = None,
        steady: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.settings = settings
        self._steady = steady
        self._http = CscHttp(settings, transport=transport, steady=steady, sleep=sleep)
        self._info: ProviderInfo | None = None

    def __enter__(self) -> CscClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def info(self) -> ProviderInfo:
        """What the provider is and can do; asked once.

        :raises SigningStopped: no usable answer, or not version 2.
        """
        if self._info is None:
            try:
                answer = self._http.open_call("info", {})
            except Refused as refused:
                raise SigningStopped("csc_refused", detail=refused.code) from None
            specs = _string(answer, "specs")
            if specs.partition(".")[0] != "2":
                raise SigningStopped("csc_answer_unreadable", detail="specs")
            methods, types = _strings(answer, "methods"), _strings(answer, "authType")
            self._info = ProviderInfo(_string(answer, "name"), specs, frozenset(methods), frozenset(types))
        return self._info

    def credentials(self, user: str = "") -> list[str]:
        """The ids of the credentials that the account (or ``user`` under it) may use.

        :raises SigningStopped: no usable answer.
        """
        found: list[str] = []
        page = ""
        for _ in range(_MAX_PAGES):
            body = {k: v for k, v in (("userID", user), ("pageToken", page)) if v}
            answer = self._call("credentials/list", body, safe=True)
            found += _strings(answer, "credentialIDs")
            page = answer.get("nextPageToken") or ""
            if not isinstance(page, str):
                raise SigningStopped("csc_answer_unreadable", detail="nextPageToken")
            if not page:
                return found
        raise SigningStopped("csc_answer_unreadable", detail="nextPageToken")

    def credential(self, credential_id: str) -> Credential:
        """Certificate, chain and manner of authorisation.

        :raises SigningStopped: no usable answer.
        :raises DomainError: ``csc_credential_unusable``, ``key_kind_not_allowed``.
        """
        body = {"credentialID": credential_id, "certificates": "chain", "certInfo": True, "authInfo": True}
        answer = self._call("credentials/info", body, safe=True)
        key, cert, auth = (_object(answer, name) for name in ("key", "cert", "auth"))
        certificates = [_certificate(text) for text in _strings(cert, "certificates")]
        if not certificates:
            raise SigningStopped("csc_answer_unreadable", detail="certificates")
        multisign = answer.get("multisign")
        if not isinstance(multisign, int) or isinstance(multisign, bool) or multisign < 1:
            raise SigningStopped("csc_answer_unreadable", detail="multisign")
        for fits, detail in (
            (key.get("status") == "enabled", "key.status"),
            (cert.get("status", "valid") == "valid", "cert.status"),
            (auth.get("mode") == "explicit", "auth.mode"),
            (answer.get("SCAL", "1") == "2", "SCAL"),
        ):
            if not fits:
                raise DomainError("csc_credential_unusable", detail=detail)
        leaf = certificates[0]
        try:
            chain = issuing_path(leaf, certificates[1:])
        except ValueError:  # names that cannot be read
            raise SigningStopped("csc_answer_unreadable", detail="certificates") from None
        return Credential(
            id=credential_id,
            certificate=leaf,
            chain=chain,
            sign_algorithm=_algorithm(leaf, _strings(key, "algo")),
            multisign=min(multisign, _MOST_HASHES),
            wants=_wanted(auth),
        )

    def send_otp(self, credential: Credential, digests: Sequence[bytes]) -> None:
        """Have the person's OTP sent, for exactly this list. Never repeated: each one costs and confuses.

        :raises SigningStopped: no usable answer.
        """
        named = {"credentials/sendOTP", "credentials/getChallenge"} & self.info().methods
        if not named:
            return  # the person's own generator makes it
        method = "credentials/sendOTP" if "credentials/sendOTP" in named else "credentials/getChallenge"
        body = {"credentialID": credential.id, "clientData": list_digest(digests)}
        self._call(method, body, safe=False)

    def authorize(self, credential: Credential, digests: Sequence[bytes], codes: Codes) -> Authorisation:
        """One authorisation (SAD) over exactly these hashes. Never repeated: a wrong code counts.

        :raises DomainError: ``csc_list_too_long``, ``csc_code_wrong``. :raises SigningStopped:
        """
        if len(digests) > credential.multisign:
            raise DomainError("csc_list_too_long", count=len(digests), limit=credential.multisign)
        body = {
            "credentialID": credential.id,
            "numSignatures": len(digests),
            "hashes": [_b64(digest) for digest in digests],
            "hashAlgorithmOID": SHA256_OID,
            "authData": [{"id": name, "value": codes.values.get(name, "")} for name in credential.wants],
            "clientData": list_digest(digests),
        }
        answer = self._call("credentials/authorize", body, safe=False)
        lives = answer.get("expiresIn", _DEFAULT_SAD_SECONDS)
        if not isinstance(lives, int) or isinstance(lives, bool) or lives < 0:
            raise SigningStopped("csc_answer_unreadable", detail="expiresIn")
        ends = self._steady() + min(lives, LONGEST)
        return Authorisation(_string(answer, "SAD"), credential, digests, ends)

    def sign_hashes(self, authorisation: Authorisation, digests: Sequence[bytes]) -> list[bytes]:
        """The values of one batch, all of them checked. Never repeated once it may have arrived.

        :raises DomainError: ``csc_outside_authorisation``.
        :raises SigningStopped: no usable answer, or one value that is not right: nothing of it is taken.
        """
        credential = authorisation.credential
        body = {
            "credentialID": credential.id,
            "SAD": authorisation.spend(digests, self._steady()),
            "hashes": [_b64(digest) for digest in digests],
            "hashAlgorithmOID": SHA256_OID,
            "signAlgo": credential.sign_algorithm,
            "operationMode": "S",
        }
        answer = self._call("signatures/signHash", body, safe=False)
        texts = _strings(answer, "signatures")
        if len(texts) != len(digests):
            raise SigningStopped("csc_wrong_count", got=len(texts), wanted=len(digests))
        return [
            _checked(credential, digest, _decoded(text)) for digest, text in zip(digests, texts, strict=True)
        ]

    def _call(self, method: str, body: dict[str, Any], *, safe: bool) -> dict[str, Any]:
        try:
            return self._http.call(method, body, safe=safe)
        except Refused as refused:
            code = refused.code.lower()
            if code in _CODE_ERRORS:
                raise DomainError("csc_code_wrong") from None
            if code in _SAD_ERRORS:
                raise SigningStopped("csc_authorisation_over") from None
            raise SigningStopped("csc_refused", detail=refused.code) from None


class RemoteSigner:
    """A signer over one credential: each list is authorised once, by the person, and signed in batches.

    :param ask: asks the person for the codes that the provider wants.
    """

    def __init__(self, client: CscClient, credential: Credential, ask: AskCodes) -> None:
        self._client, self._credential, self._ask = client, credential, ask

    def __repr__(self) -> str:
        return f"RemoteSigner(serial={self.certificate.serial_number:x})"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a remote signer holds an account and is never serialised")

    @property
    def certificate(self) -> x509.Certificate:
        """The signer's own certificate."""
        return self._credential.certificate

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """Issuing certificates below the root, nearest first."""
        return self._credential.chain

    def sign_digest(self, digest: bytes) -> bytes:
        """One value under an authorisation of its own; see :meth:`sign_digests`."""
        [value] = self.sign_digests((digest,))
        return value

    def sign_digests(self, digests: Sequence[bytes]) -> Generator[bytes, None, None]:
        """The values of a list in its order, under one authorisation over exactly that list.

        :raises DomainError: nothing was signed: ``csc_list_too_long``, ``csc_code_wrong``,
            ``csc_code_cancelled``, ``key_digest_length``, ``csc_outside_authorisation`` (a hash twice).
        :raises SigningStopped: what was given before stands; what is left wants a new authorisation.
        """
        work = list(digests)
        if any(len(digest) != 32 for digest in work):
            raise DomainError("key_digest_length")
        if len(set(work)) != len(work):
            raise DomainError("csc_outside_authorisation")
        if len(work) > self._credential.multisign:
            raise DomainError("csc_list_too_long", count=len(work), limit=self._credential.multisign)
        return self._run(work)

    def _run(self, work: list[bytes]) -> Generator[bytes, None, None]:
        if not work:
            return
        authorisation = self._authorise(work)
        batch = max(1, self._client.settings.batch)
        for start in range(0, len(work), batch):
            yield from self._client.sign_hashes(authorisation, work[start : start + batch])

    def _authorise(self, work: list[bytes]) -> Authorisation:
        credential = self._credential
        if "OTP" in credential.wants:
            self._client.send_otp(credential, work)
        codes: Codes | None = Codes({})
        if credential.wants:
            codes = self._ask(CodeQuestion(credential, credential.wants, len(work), list_digest(work)))
        if codes is None or any(not codes.values.get(name) for name in credential.wants):
            raise DomainError("csc_code_cancelled")
        return self._client.authorize(credential, work, codes)


def _b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise SigningStopped("csc_answer_unreadable", detail="base64") from None


def _checked(credential: Credential, digest: bytes, value: bytes) -> bytes:
    """The value as XML wants it. Providers give ECDSA as r||s or as DER; both are read."""
    key = signing_public_key(credential.certificate)
    if verify_with_key(key, digest, value):
        return value
    if not isinstance(key, rsa.RSAPublicKey) and value[:1] == b"\x30":
        try:
            r, s = decode_dss_signature(value)
            plain = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        except (ValueError, OverflowError):
            plain = b""
        if verify_with_key(key, digest, plain):
            return plain
    raise SigningStopped("csc_wrong_value")


def _algorithm(certificate: x509.Certificate, offered: list[str]) -> str:
    ours = RSA_OIDS if isinstance(signing_public_key(certificate), rsa.RSAPublicKey) else ECDSA_OIDS
    found = next((oid for oid in ours if oid in offered), None)
    if found is None:
        raise DomainError("csc_credential_unusable", detail="key.algo")
    return found


def _wanted(auth: dict[str, Any]) -> tuple[str, ...]:
    """The ids of the codes; anything but PIN and OTP (a biometric, a card) is not ours to give, and without
    any the node's account alone would sign in the person's name."""
    objects = auth.get("objects", [])
    if not isinstance(objects, list) or not all(isinstance(one, dict) for one in objects):
        raise SigningStopped("csc_answer_unreadable", detail="auth.objects")
    names = tuple(str(one.get("id", "")) for one in objects)
    strange = any(name not in ("PIN", "OTP") for name in names)
    if strange or not names or len(set(names)) != len(names):
        raise DomainError("csc_credential_unusable", detail="auth.objects")
    return names


def _string(answer: dict[str, Any], name: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise SigningStopped("csc_answer_unreadable", detail=name)
    return value


def _strings(answer: dict[str, Any], name: str) -> list[str]:
    value = answer.get(name)
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise SigningStopped("csc_answer_unreadable", detail=name)
    return list(value)


def _object(answer: dict[str, Any], name: str) -> dict[str, Any]:
    value = answer.get(name)
    if not isinstance(value, dict):
        raise SigningStopped("csc_answer_unreadable", detail=name)
    return value


def _certificate(text: str) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(base64.b64decode(text, validate=True))
    except (ValueError, x509.InvalidVersion):
        raise SigningStopped("csc_answer_unreadable", detail="certificates") from None
