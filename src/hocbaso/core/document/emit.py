"""The year sheet as the bytes that are signed."""

from __future__ import annotations

import re

from hocbaso.core.document.forms import check_whole, form_of
from hocbaso.core.document.model import YearSheet
from hocbaso.core.document.names import NS, sheet_digest

_SUBJECT = re.compile(rb'<MonHoc Id="(?P<id>mon-[a-z0-9-]+)">.*?</MonHoc>', re.DOTALL)


def emit(sheet: YearSheet) -> bytes:
    """The canonical text ``<ToNamHoc Id="tnh">…</ToNamHoc>`` as it stands in the document.

    It carries no namespace declaration; :func:`~hocbaso.core.document.names.document_bytes` gives it one, and
    :func:`~hocbaso.core.document.names.sheet_canonical` of it is its inclusive C14N 1.0 there.

    :raises DomainError: ``document_text_*``, ``document_value``, ``document_missing``,
        and the codes of :func:`~hocbaso.core.document.forms.check_whole`.
    """
    check_whole(sheet)
    text = form_of(sheet)[1].write(sheet)
    return text if text is not None else emit_carefully(sheet)


def emit_carefully(sheet: YearSheet) -> bytes:
    """The same text field by field, so that the first field which cannot stand is named."""
    out: list[str] = []
    form_of(sheet)[0].write(sheet, sheet, out)
    return "".join(out).encode()


def digest(text: bytes) -> str:
    """The document digest: SHA-256 over the C14N of ``ToNamHoc``, 64 lower-case hex digits.

    :param text: the emitted text.
    """
    return sheet_digest(text).hex()


def short_digest(digest: str) -> str:
    """The first 32 bits for human eyes: ``"c48e07b2…"`` → ``"C48E 07B2"``."""
    return f"{digest[:4]} {digest[4:8]}".upper()


def subject_texts(text: bytes) -> dict[str, bytes]:
    """The emitted text of every ``MonHoc`` by its Id (``"mon-toan"``), in order.

    The canonical form that a subject teacher signs is that text with the default namespace in its start tag,
    see :func:`subject_canonical`. ``<`` never stands in text, so the slices are exact.

    :param text: the emitted text of the sheet.
    """
    return {match["id"].decode(): match[0] for match in _SUBJECT.finditer(text)}


def subject_canonical(subject: bytes) -> bytes:
    """Inclusive C14N 1.0 of one emitted ``MonHoc`` inside the document."""
    if not _SUBJECT.fullmatch(subject):
        raise ValueError("not the emitted text of a MonHoc")
    return f'<MonHoc xmlns="{NS}"'.encode() + subject[len(b"<MonHoc") :]
