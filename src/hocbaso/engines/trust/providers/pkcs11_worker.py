"""The process that loads a vendor's PKCS#11 driver; run as ``python -m`` by :mod:`.pkcs11`.

One a signer. A driver that crashes, hangs or prints takes this process down and nothing else. It speaks
:mod:`.frames` over its standard streams; the PIN comes through the pipe, is used once for C_Login and kept
nowhere. Answers name the kind of a failure, never the text of an exception. The only module that imports
``pkcs11``.

Conversation: ``O`` where → ``T`` token; ``P`` PIN → ``L`` objects; ``K`` which key → ``R`` ready;
``S`` digests → ``V`` their values, one or more a frame; ``Q`` ends. ``E`` is a failure, and the end.
Another conversation: ``N`` module → ``N`` its tokens with what they show without a PIN.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from pkcs11.types import PROTECTED_AUTH

import pkcs11
from hocbaso.engines.trust.providers.frames import FramePipe, PipeClosed
from hocbaso.engines.trust.providers.hardening import no_dumps
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass, TokenFlag

#: DER of DigestInfo for SHA-256 up to the digest itself (RFC 8017 section 9.2, note 1).
DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
_DIGEST = 32
#: Seconds that a value may wait for the next ones.
_HOLD = 0.02
#: At most so many values between two looks at the clock: if the token slows down, they may wait longer.
_PACE = 16

#: Kinds of failure by the name of the PKCS#11 return value's class; anything else is the driver's.
REASONS = {
    "NoSuchToken": "absent",
    "TokenNotRecognised": "absent",
    "MultipleTokensReturned": "ambiguous",
    "PinIncorrect": "pin_wrong",
    "PinInvalid": "pin_wrong",
    "PinLenRange": "pin_wrong",
    "PinLocked": "pin_locked",
    "PinExpired": "pin_unset",
    "UserPinNotInitialized": "pin_unset",
    "FunctionCancelled": "rejected",
    "FunctionRejected": "rejected",
    **dict.fromkeys(
        (
            "TokenNotPresent",
            "DeviceRemoved",
            "DeviceError",
            "SessionClosed",
            "SessionHandleInvalid",
            "KeyHandleInvalid",
            "ObjectHandleInvalid",
            "SlotIDInvalid",
            "UserNotLoggedIn",
        ),
        "removed",
    ),
}


def reason_of(error: BaseException) -> str:
    """The kind of a failure."""
    return REASONS.get(type(error).__name__, "driver")


def tries_of(flags: TokenFlag) -> str:
    """What the token tells of the PIN tries left: "locked", "last", "few" or nothing."""
    if TokenFlag.USER_PIN_LOCKED in flags:
        return "locked"
    if TokenFlag.USER_PIN_FINAL_TRY in flags:
        return "last"
    return "few" if TokenFlag.USER_PIN_COUNT_LOW in flags else ""


class Worker:
    """One token, one session, one key."""

    def __init__(self, pipe: FramePipe) -> None:
        self._pipe = pipe
        self._library: Any = None
        self._token: Any = None
        self._session: Any = None
        self._keys: list[Any] = []
        self._sign: Callable[..., bytes] | None = None
        self._mechanism = Mechanism.ECDSA
        self._prefix = b""  # of what is signed, before the digest
        self._pace = 1  # values from one look at the clock to the next

    def run(self) -> None:
        """Answer until told to end, until something fails, or until the other side is gone."""
        steps = {
            b"O": self._open,
            b"P": self._log_in,
            b"K": self._choose,
            b"S": self._sign_all,
            b"N": self._name_all,
        }
        try:
            while True:
                kind, content = self._pipe.receive()
                if kind not in steps:
                    return
                try:
                    steps[kind](content)
                except PipeClosed:
                    return
                except Exception as error:  # whatever a driver does, the other side is told
                    self._fail(error)
                    return
        except PipeClosed:
            return
        finally:
            self._end()

    def _load(self, module: str) -> bool:
        """The vendor's driver; a failure is told."""
        try:
            self._library = pkcs11.lib(module)
        except Exception as error:
            name = os.path.basename(module)
            self._tell("E", {"reason": "module", "detail": type(error).__name__, "module": name})
            return False
        return True

    def _name_all(self, content: bytes) -> None:
        """Tokens that are there and their certificates, as far as they show them without a PIN."""
        if self._load(json.loads(content)):
            tokens = [slot.get_token() for slot in self._library.get_slots(token_present=True)]
            ready = [token for token in tokens if TokenFlag.TOKEN_INITIALIZED in token.flags]
            self._tell("N", {"tokens": [_described(token) for token in ready]})

    def _open(self, content: bytes) -> None:
        where = json.loads(content)
        if not self._load(where["module"]):
            return
        self._wanted = {
            name: value
            for name, value in (
                ("token_label", where["label"]),
                ("token_serial", where["serial"].encode()),
            )
            if value
        }
        self._token = self._library.get_token(**self._wanted)
        self._tell(
            "T",
            {
                "label": _text(self._token.label),
                "serial": _text(self._token.serial),
                "tries": tries_of(self._token.flags),
                "pad": TokenFlag.PROTECTED_AUTHENTICATION_PATH in self._token.flags,
            },
        )

    def _log_in(self, content: bytes) -> None:
        self._session = self._token.open(user_pin=content.decode() or PROTECTED_AUTH)
        del content
        certificates = _certificates(self._session)
        points = {
            _read(o, Attribute.ID): _read(o, Attribute.EC_POINT)
            for o in list(self._session.get_objects({Attribute.CLASS: ObjectClass.PUBLIC_KEY}))
        }
        self._keys = list(self._session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY}))
        self._tell("L", {"certificates": certificates, "keys": [_key(key, points) for key in self._keys]})

    def _choose(self, content: bytes) -> None:
        key = self._keys[json.loads(content)]
        rsa = key.key_type == KeyType.RSA
        self._mechanism, self._prefix = (Mechanism.RSA_PKCS, DIGEST_INFO) if rsa else (Mechanism.ECDSA, b"")
        self._sign = key.sign
        self._tell("R", {})

    def _sign_all(self, content: bytes) -> None:
        """Values go out together, but a slow token's at once; those made before a failure go out too.

        The clock is read after some values only: one of a slow token, more of a quick one.
        """
        sign, mechanism, prefix = self._sign, self._mechanism, self._prefix
        assert sign is not None
        made: list[bytes] = []
        place, due = 0, time.monotonic() + _HOLD
        try:
            while place < len(content):
                end = min(place + self._pace * _DIGEST, len(content))
                for start in range(place, end, _DIGEST):
                    made.append(sign(prefix + content[start : start + _DIGEST], mechanism=mechanism))
                place, now = end, time.monotonic()
                self._pace = min(2 * self._pace, _PACE) if now < due else max(self._pace // 2, 1)
                if now >= due:
                    self._pipe.send(b"V", b"".join(made))
                    made, due = [], now + _HOLD
        finally:
            if made:
                self._pipe.send(b"V", b"".join(made))

    def _fail(self, error: Exception) -> None:
        tries = ""
        if reason_of(error).startswith("pin_") and self._library is not None:
            with contextlib.suppress(Exception):  # flags as they are after the wrong PIN
                tries = tries_of(self._library.get_token(**self._wanted).flags)
        self._tell("E", {"reason": reason_of(error), "detail": type(error).__name__, "tries": tries})

    def _tell(self, kind: str, what: object) -> None:
        with contextlib.suppress(PipeClosed):
            self._pipe.send(kind.encode(), json.dumps(what).encode())

    def _end(self) -> None:
        """Log out, close the session, finalise the library; a driver that fails here changes nothing."""
        with contextlib.suppress(Exception):
            if self._session is not None:
                self._session.close()
        self._keys, self._sign, self._session, self._token = [], None, None, None
        with contextlib.suppress(Exception):
            if self._library is not None:
                self._library.finalize()


def _certificates(session: Any) -> list[dict[str, str]]:
    return [
        {"id": _read(o, Attribute.ID).hex(), "label": _label(o), "der": _read(o, Attribute.VALUE).hex()}
        for o in list(session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE}))
    ]


def _described(token: Any) -> dict[str, object]:
    """A token that lets nobody look has no certificates to show; the others are told all the same."""
    found: list[dict[str, str]] = []
    with contextlib.suppress(Exception), token.open() as session:
        found = _certificates(session)
    return {
        "label": _text(token.label),
        "serial": _text(token.serial),
        "tries": tries_of(token.flags),
        "pad": TokenFlag.PROTECTED_AUTHENTICATION_PATH in token.flags,
        "certificates": found,
    }


def _read(item: Any, attribute: Attribute) -> bytes:
    try:
        return bytes(item[attribute])
    except Exception:  # the object does not have it, or does not show it
        return b""


def _label(item: Any) -> str:
    try:
        return _text(item[Attribute.LABEL])
    except Exception:  # none
        return ""


def _flag(item: Any, attribute: Attribute) -> bool:
    try:
        return bool(item[attribute])
    except Exception:  # absent: the default of the standard, CK_FALSE
        return False


def _key(key: Any, points: dict[bytes, bytes]) -> dict[str, object]:
    identifier = _read(key, Attribute.ID)
    return {
        "id": identifier.hex(),
        "modulus": _read(key, Attribute.MODULUS).hex() if key.key_type == KeyType.RSA else "",
        "point": points.get(identifier, b"").hex(),
        "each_time": _flag(key, Attribute.ALWAYS_AUTHENTICATE),
    }


def _text(value: object) -> str:
    return value.decode("utf-8", "replace").strip() if isinstance(value, bytes) else str(value).strip()


def harden() -> None:
    """No core dump, no attaching debugger of another account: the PIN passes through this memory."""
    no_dumps()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the program, which ends this one itself


def main() -> int:
    """Keep the pipe to ourselves: what a driver prints goes nowhere."""
    harden()
    reader, writer = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    Worker(FramePipe(reader, writer)).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
