"""A text column that the database holds sealed (AES-256-GCM); the key is a file of the node beside it.

Whoever reads a copy of the database (a backup, a replica, a stolen disk of the database server) learns
nothing from the column. The key, ``<home>/keys/fields.key``, is made once, readable only for its owner, and
has to be kept with the backups of the node, apart from those of the database.
"""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
from functools import lru_cache
from pathlib import Path
from typing import Any

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import models

_log = structlog.get_logger("hocbaso.common")
_PREFIX = "v1:"
_NONCE = 12


class Unreadable(str):
    """Empty to whoever looks; saving the row again keeps the sealed value that could not be opened."""

    stored: str

    def __new__(cls, stored: str) -> Unreadable:
        made = super().__new__(cls, "")
        made.stored = stored
        return made


def _path() -> Path:
    return Path(settings.HOCBASO_HOME) / "keys" / "fields.key"


@lru_cache(maxsize=4)
def _cipher(path: Path) -> AESGCM:
    """:raises FileNotFoundError: there is no key."""
    return AESGCM(base64.b64decode(path.read_bytes(), validate=True))


def _made(path: Path) -> AESGCM:
    """The key's cipher; whoever asks first makes the key."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(secrets.token_bytes(32)))
        with contextlib.suppress(FileExistsError):  # another process was faster: its key stays
            os.link(temporary, path)
        temporary.unlink()
    return _cipher(path)


class SecretField(models.CharField):  # type: ignore[type-arg]
    """Text that is plain in Python and sealed in the database; an empty text stays empty.

    Only comparing with the empty text is of use in queries: the same text is sealed differently each time.
    """

    def _bound_to(self) -> bytes:
        """A sealed value cannot be moved to another column."""
        return f"{self.model._meta.label_lower}.{self.name}".encode()

    def get_prep_value(self, value: Any) -> Any:
        if isinstance(value, Unreadable):
            return value.stored
        text = super().get_prep_value(value)
        if not text:
            return text
        nonce = secrets.token_bytes(_NONCE)
        sealed = nonce + _made(_path()).encrypt(nonce, text.encode(), self._bound_to())
        return _PREFIX + base64.b64encode(sealed).decode()

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        if not value:
            return value
        try:
            sealed = base64.b64decode(value.removeprefix(_PREFIX), validate=True)
            cipher = _cipher(_path())
            return cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], self._bound_to()).decode()
        except (FileNotFoundError, InvalidTag, ValueError) as error:
            # Fails closed: without the secret no code is right; an administrator can set it up anew.
            _log.error("secret_field_unreadable", field=self.name, error=type(error).__name__)
            return Unreadable(value)
