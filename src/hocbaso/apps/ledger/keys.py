"""The log's signing key: Ed25519, one file under the node's home, readable only for its owner."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from django.conf import settings

from hocbaso.engines.ledger.notes import NoteSigner


def new_origin(log: str) -> str:
    """The name that a log and its key get when it begins, e.g. ``nut.example/log/2025-2026``."""
    return f"{urlsplit(settings.HOCBASO_PUBLIC_URL).netloc}/log/{log}"


def _private_key() -> Ed25519PrivateKey:
    path = settings.HOCBASO_HOME / "log" / "key.pem"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        temporary = path.with_name(f".key.{os.getpid()}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
        try:
            os.link(temporary, path)  # fails when another process was faster: its key stays
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    state = path.stat()
    return _read_key(path, state.st_ino, state.st_mtime_ns)


@lru_cache(maxsize=4)
def _read_key(path: Path, inode: int, changed: int) -> Ed25519PrivateKey:
    """Read once: a checkpoint is signed while others wait. Another file there is another key."""
    key = load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, Ed25519PrivateKey)
    return key


def log_signer(origin: str) -> NoteSigner:
    """Signs the checkpoints of the log that bears this name."""
    return NoteSigner(origin, _private_key())


def public_key() -> bytes:
    """The raw 32 bytes that verifiers keep."""
    return _private_key().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
