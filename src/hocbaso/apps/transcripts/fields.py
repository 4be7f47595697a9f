"""Columns that hold texts of a document in their packed form; the program sees the texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

from hocbaso.apps.signing.key_infos import key_info_of
from hocbaso.core.errors import DomainError, Unreadable
from hocbaso.engines.storage.sheets import pack_text, unpack_text
from hocbaso.engines.trust.xades import pack_signature, unpack_signature

if TYPE_CHECKING:
    _Binary = models.BinaryField[bytes, bytes]
else:
    _Binary = models.BinaryField

_TEXT = b"<"  # nothing packed begins so


class _PackedField(_Binary):
    """Packs what goes in. What cannot be read comes back as it stands: whoever needs it refuses it by its
    digest, and an audit can name the row instead of failing over it."""

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if value is not None and bytes(value[:1]) == _TEXT:
            value = self.pack(bytes(value))
        return super().get_db_prep_value(value, connection, prepared)

    def from_db_value(self, value: Any, expression: object, connection: object) -> bytes | None:
        if value is None:
            return None
        stored = bytes(value)
        if stored[:1] == _TEXT or not stored:
            return stored
        try:
            return self.unpack(stored)
        except (DomainError, Unreadable):
            return stored

    def pack(self, text: bytes) -> bytes:
        """The stored form of a text."""
        raise TypeError

    def unpack(self, stored: bytes) -> bytes:
        """The text of a stored form."""
        raise TypeError


class SheetTextField(_PackedField):
    """The emitted text of a ``ToNamHoc``."""

    def pack(self, text: bytes) -> bytes:
        return pack_text(text)

    def unpack(self, stored: bytes) -> bytes:
        return unpack_text(stored)


class SignatureTextField(_PackedField):
    """The emitted text of a ``ds:Signature``; its certificates are kept by ``signing.key_infos.keep``."""

    def pack(self, text: bytes) -> bytes:
        try:
            return pack_signature(text)[0]
        except DomainError:  # not of the profile: kept as it is
            return text

    def unpack(self, stored: bytes) -> bytes:
        return unpack_signature(stored, key_info_of)
