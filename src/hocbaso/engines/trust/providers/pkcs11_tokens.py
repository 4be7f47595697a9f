"""Which tokens are there, and which certificates they show without a PIN. The driver runs in a worker."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509

from hocbaso.core.errors import DomainError
from hocbaso.engines.trust.providers.frames import FramePipe, PipeClosed, PipeSilent
from hocbaso.engines.trust.providers.pkcs11 import WORKER, TokenAddress, failure, start_worker
from hocbaso.engines.trust.providers.stops import SigningStopped


@dataclass(frozen=True, slots=True)
class ShownCertificate:
    """A certificate on a token: CKA_ID (hexadecimal), CKA_LABEL, and itself."""

    id: str
    label: str
    certificate: x509.Certificate


@dataclass(frozen=True, slots=True)
class FoundToken:
    """One token.

    :param tries: what it tells of the PIN tries left: "", "few", "last", "locked".
    :param pad: the PIN is typed on the token's own keys.
    :param certificates: those that it shows; a token may hold more.
    """

    module: Path
    label: str
    serial: str
    tries: str
    pad: bool
    certificates: tuple[ShownCertificate, ...]

    @property
    def address(self) -> TokenAddress:
        """Where it is for a signer."""
        return TokenAddress(self.module, self.label, self.serial)


def list_tokens(
    module: Path,
    *,
    environment: dict[str, str] | None = None,
    patience: float = 30.0,
    worker: Sequence[str] = WORKER,
) -> list[FoundToken]:
    """The tokens behind one driver, in its order.

    :param patience: seconds until a silent driver is ended.
    :raises DomainError: ``token_module_unusable``; :raises SigningStopped: the driver fails or is silent.
    """
    process, pipe = start_worker(worker, environment)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        return _ask(pipe, module, patience)
    finally:
        with suppress(OSError):
            process.stdin.close()
        try:
            process.wait(2.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def _ask(pipe: FramePipe, module: Path, patience: float) -> list[FoundToken]:
    try:
        pipe.send(b"N", json.dumps(str(module)).encode())
        kind, content = pipe.receive(patience)
    except PipeSilent:
        raise SigningStopped("token_silent", seconds=round(patience)) from None
    except PipeClosed:
        raise SigningStopped("token_driver_failed", detail="-") from None
    if kind != b"N":
        error: DomainError = failure(json.loads(content) if kind == b"E" else {}, module.name)
        raise error
    return [
        FoundToken(
            module, one["label"], one["serial"], one["tries"], bool(one["pad"]), _shown(one["certificates"])
        )
        for one in json.loads(content)["tokens"]
    ]


def _shown(entries: list[dict[str, Any]]) -> tuple[ShownCertificate, ...]:
    """Those that can be read; tokens hold certificates of other purposes too."""
    found = []
    for entry in entries:
        with suppress(ValueError):
            certificate = x509.load_der_x509_certificate(bytes.fromhex(entry["der"]))
            found.append(ShownCertificate(entry["id"], entry["label"], certificate))
    return tuple(found)
