"""A signer over a key on a PKCS#11 token: HSM, USB token, SoftHSM2 (PKCS#11 2.40).

One worker process a signer (:mod:`.pkcs11_worker`), one session kept in it, one PIN a session. The PIN is
asked for through a callback, goes through the pipe and is kept nowhere in this process. Values come back
while the next are being made, so that a list is signed at the token's own rate.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from hocbaso.core.errors import DomainError
from hocbaso.engines.trust.keys import signing_public_key, verify_digest
from hocbaso.engines.trust.providers.frames import FramePipe, PipeClosed, PipeSilent
from hocbaso.engines.trust.providers.stops import SigningStopped
from hocbaso.engines.trust.providers.token_choice import KeyChoice, choose

WORKER = (sys.executable, "-P", "-m", "hocbaso.engines.trust.providers.pkcs11_worker")
#: Digests in the first frame, and at most in one; two frames are under way, so that the token never waits.
_FIRST, _MOST = 8, 128
_DIGEST = 32
_TRIES = {
    "last": ("Chỉ còn 1 lần thử; nhập sai nữa thiết bị sẽ bị khóa.", "One try is left."),
    "few": ("Thiết bị báo sắp hết số lần thử; hãy nhập thật cẩn thận.", "Few tries are left."),
    "": (
        "Hãy nhập lại cẩn thận: sai nhiều lần thiết bị sẽ bị khóa.",
        "The token does not say how many.",
    ),
}
#: What goes wrong with the key while it signs; the rest is said before anything is signed.
_STOPS = {"removed": "token_removed", "rejected": "token_rejected"}
_REFUSALS = {
    "absent": "token_absent",
    "ambiguous": "token_ambiguous",
    "pin_locked": "token_pin_locked",
    "pin_unset": "token_pin_unset",
}


@dataclass(frozen=True, slots=True)
class TokenAddress:
    """Where the token is: the vendor's module and the token's label, serial number or both."""

    module: Path
    label: str = ""
    serial: str = ""

    @property
    def name(self) -> str:
        """What the person calls it."""
        return self.label or self.serial or "(không tên)"


@dataclass(frozen=True, slots=True)
class PinQuestion:
    """For which token a PIN is wanted, and what the token tells of the tries left ("", "few", "last")."""

    token: str
    serial: str
    tries: str


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds until a silent worker is ended."""

    start: float = 30.0
    pad: float = 120.0  # somebody types on the token's own keys
    sign: float = 30.0  # for one value
    turn: float = 60.0  # until another list is through


#: Gives the PIN, or None when the person will not. Called once a session; never again after a wrong PIN.
AskPin = Callable[[PinQuestion], str | None]


class TokenSigner:
    """A :class:`~hocbaso.engines.trust.ports.Signer` whose key never leaves its token.

    Made by :func:`open_token`; :meth:`close` logs out and ends the worker. After any failure the signer is
    closed: open it anew (the PIN is asked again) and sign what is left.
    """

    def __init__(self, process: subprocess.Popen[bytes], pipe: FramePipe, patience: Patience) -> None:
        self._process, self._pipe, self._patience = process, pipe, patience
        self._lock = threading.Lock()
        self._owner = os.getpid()
        self._certificate: x509.Certificate | None = None
        self._chain: tuple[x509.Certificate, ...] = ()
        self._closed = False
        self._name = ""
        self._value_size = 2 * _DIGEST

    def __repr__(self) -> str:
        serial = f"{self._certificate.serial_number:x}" if self._certificate else "-"
        return f"TokenSigner(serial={serial}, {'closed' if self.closed else 'open'})"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a signer is a session with a token and is never serialised")

    def __enter__(self) -> TokenSigner:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def certificate(self) -> x509.Certificate:
        """The signer's own certificate."""
        assert self._certificate is not None  # open_token hands out complete signers only
        return self._certificate

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """Issuing certificates below the root, nearest first."""
        return self._chain

    @property
    def closed(self) -> bool:
        """Whether the session is over (closed, failed, or made in another process than this one)."""
        return self._closed or self._owner != os.getpid()

    def sign_digest(self, digest: bytes) -> bytes:
        """Sign a 32-byte SHA-256 digest; RSA PKCS#1 v1.5 value or ECDSA r||s.

        :raises SigningStopped: the token is gone, refuses, is silent; the session is over then.
        :raises DomainError: ``key_digest_length``, ``token_busy``.
        """
        [value] = self.sign_digests((digest,))
        return value

    def sign_digests(self, digests: Sequence[bytes]) -> Generator[bytes, None, None]:
        """The values of a list, in its order, each as soon as the token gave it.

        :raises SigningStopped: as :meth:`sign_digest`; what was given before stands.
        """
        if any(len(digest) != _DIGEST for digest in digests):
            raise DomainError("key_digest_length")
        return self._run(list(digests))

    def close(self) -> None:
        """Log the user out, close the session, end the worker. Safe to call again."""
        if self._closed:
            return
        self._closed = True
        if self._owner != os.getpid():  # a child's copy: the session belongs to the parent
            return
        with contextlib.suppress(PipeClosed):
            self._pipe.send(b"Q")
        self._end(2.0)

    # --- the conversation --------------------------------------------------------------------------------

    def _run(self, digests: list[bytes]) -> Generator[bytes, None, None]:
        if not self._lock.acquire(timeout=self._patience.turn):
            raise DomainError("token_busy")
        sent = got = 0
        step = _FIRST
        try:
            if self.closed:
                raise SigningStopped("token_closed")
            while got < len(digests):
                while sent < len(digests) and sent - got <= step:
                    some = digests[sent : sent + step]
                    self._send(b"S", b"".join(some))
                    sent += len(some)
                values = self._values(sent - got)
                got += len(values)
                # The worker answers in a fiftieth of a second: a slow token gets no more than it can do.
                step = min(max(2 * len(values), 1), _MOST)
                yield from values
        finally:
            try:
                while got < sent and not self._closed:  # nobody wants the rest: keep the pipe in step
                    got += len(self._values(sent - got))
            except DomainError:
                pass  # closed now; the reason was told or nobody is listening
            finally:
                self._lock.release()

    def _values(self, most: int) -> list[bytes]:
        """The values of the next frame, at most so many."""
        content, size = self._expect(b"V", self._patience.sign), self._value_size
        if not content or len(content) % size or len(content) > most * size:
            self._kill()
            raise SigningStopped("token_driver_failed", detail=f"{len(content)} octets")
        return [content[start : start + size] for start in range(0, len(content), size)]

    def _send(self, kind: bytes, content: bytes | bytearray) -> None:
        try:
            self._pipe.send(kind, content)
        except PipeClosed:
            self._kill()
            raise SigningStopped("token_driver_failed", detail="-") from None

    def _expect(self, wanted: bytes, seconds: float) -> bytes:
        """The content of the next frame, which must be ``wanted``. :raises DomainError: it is another."""
        try:
            kind, content = self._pipe.receive(seconds)
        except PipeSilent:
            self._kill()
            raise SigningStopped("token_silent", seconds=round(seconds)) from None
        except PipeClosed:
            self._kill()
            raise SigningStopped("token_driver_failed", detail="-") from None
        if kind == wanted:
            return content
        self._kill(2.0)
        error = failure(_told(content) if kind == b"E" else {}, self._name)
        if wanted == b"V" and not isinstance(error, SigningStopped):  # it was there, and logged in
            error = SigningStopped("token_removed")
        raise error

    def _open(self, address: TokenAddress, ask_pin: AskPin) -> dict[str, Any]:
        """Find the token, ask for the PIN, log in; what there is on the token."""
        self._name = address.name
        where = {"module": str(address.module), "label": address.label, "serial": address.serial}
        self._send(b"O", json.dumps(where).encode())
        token = _told(self._expect(b"T", self._patience.start))
        if token["tries"] == "locked":
            raise DomainError("token_pin_locked", token=self._name)
        pin = bytearray()
        if not token["pad"]:
            pin += (ask_pin(PinQuestion(token["label"], token["serial"], token["tries"])) or "").encode()
            if not pin:
                raise DomainError("token_pin_cancelled")
        try:
            self._send(b"P", pin)
        finally:
            pin[:] = bytes(len(pin))
        seconds = self._patience.pad if token["pad"] else self._patience.start
        return _told(self._expect(b"L", seconds))

    def _use(self, objects: dict[str, Any], choice: KeyChoice, issuers: tuple[x509.Certificate, ...]) -> None:
        chosen = choose(objects, choice, self._name, issuers)
        self._send(b"K", json.dumps(chosen.place).encode())
        self._expect(b"R", self._patience.start)
        self._certificate, self._chain = chosen.certificate, chosen.chain
        public = signing_public_key(chosen.certificate)
        self._value_size = (public.key_size + 7) // 8 if isinstance(public, rsa.RSAPublicKey) else 2 * _DIGEST
        if not chosen.proved:  # the token does not show the public half
            asked = hashlib.sha256(b"hocbaso: proof of possession\0" + secrets.token_bytes(32)).digest()
            if not verify_digest(chosen.certificate, asked, self.sign_digest(asked)):
                raise DomainError("key_certificate_mismatch")

    def _kill(self, grace: float = 0.0) -> None:
        self._closed = True
        self._end(grace)

    def _end(self, grace: float) -> None:
        process = self._process
        for stream in (process.stdin, process.stdout):
            if stream is not None and (grace == 0.0 or stream is process.stdin):
                with contextlib.suppress(OSError):
                    stream.close()
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def open_token(
    address: TokenAddress,
    ask_pin: AskPin,
    *,
    choice: KeyChoice = KeyChoice(),
    issuers: Sequence[x509.Certificate] = (),
    environment: dict[str, str] | None = None,
    patience: Patience = Patience(),
    worker: Sequence[str] = WORKER,
) -> TokenSigner:
    """Start a worker, open a session on the token, log in and find the key.

    :param issuers: issuing certificates that the chain is built from, besides those on the token.
    :param environment: variables for the vendor's driver (``SOFTHSM2_CONF``); of this process's own it gets
        none that could hold a secret of the node.
    :raises DomainError: what :mod:`.stops` says before signing; ``token_pin_wrong`` with the tries left.
    """
    process, pipe = start_worker(worker, environment)
    signer = TokenSigner(process, pipe, patience)
    try:
        signer._use(signer._open(address, ask_pin), choice, tuple(issuers))
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        signer.close()  # a driver that took its process over tells what it likes
        raise SigningStopped("token_driver_failed", detail=type(error).__name__) from None
    except BaseException:
        signer.close()
        raise
    return signer


def start_worker(
    worker: Sequence[str], environment: dict[str, str] | None
) -> tuple[subprocess.Popen[bytes], FramePipe]:
    """A process of its own for a vendor's driver, and the pipe to it; it gets no variable of the node."""
    process = subprocess.Popen(
        list(worker),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=driver_environment(os.environ) | (environment or {}),
        close_fds=True,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    return process, FramePipe(process.stdout.fileno(), process.stdin.fileno())


def driver_environment(values: dict[str, str] | os._Environ[str]) -> dict[str, str]:
    """What a vendor's driver may see of this process's environment: what any program needs to run.

    Named one by one, because nobody knows how a node calls its secrets.
    """
    return {name: value for name, value in values.items() if name.upper() in _SEEN or name.startswith("LC_")}


_SEEN = frozenset(
    (
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "SHELL",
        "LANG",
        "LANGUAGE",
        "TZ",
        "TMPDIR",
        "TMP",
        "TEMP",
        "LD_LIBRARY_PATH",
        "DYLD_LIBRARY_PATH",
        "DISPLAY",
        "WAYLAND_DISPLAY",
        "XAUTHORITY",
        "XDG_RUNTIME_DIR",
        "DBUS_SESSION_BUS_ADDRESS",
        "PCSCLITE_CSOCK_NAME",
        "SOFTHSM2_CONF",
        "PYTHONPATH",
        "PYTHONHOME",
        "VIRTUAL_ENV",
        "SYSTEMROOT",
        "WINDIR",
        "SYSTEMDRIVE",
        "COMSPEC",
        "PATHEXT",
        "APPDATA",
        "LOCALAPPDATA",
        "PROGRAMDATA",
        "PROGRAMFILES",
        "USERPROFILE",
    )
)


def _told(content: bytes) -> dict[str, Any]:
    """What a worker says. :raises SigningStopped: it is not of this conversation."""
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise SigningStopped("token_driver_failed", detail="-")
    return told


def failure(told: dict[str, str], token: str) -> DomainError:
    """The error for what a worker told: ``reason``, ``detail`` (a class name), ``tries``."""
    reason, tries = told.get("reason", ""), told.get("tries", "")
    if reason == "pin_locked" or (reason == "pin_wrong" and tries == "locked"):
        return DomainError("token_pin_locked", token=token)
    if reason == "pin_wrong":
        vi, en = _TRIES.get(tries, _TRIES[""])
        return DomainError("token_pin_wrong", tries=vi, tries_en=en)
    if reason in _REFUSALS:
        return DomainError(_REFUSALS[reason], token=token)
    if reason == "module":
        return DomainError("token_module_unusable", module=told.get("module", "PKCS#11"))
    if reason in _STOPS:
        return SigningStopped(_STOPS[reason])
    return SigningStopped("token_driver_failed", detail=told.get("detail", "-")[:60])
