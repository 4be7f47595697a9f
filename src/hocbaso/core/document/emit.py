"""The year sheet as the bytes that are signed."""

from __future__ import annotations

import hashlib
import re

from hocbaso.core.document.codes import parse_code
from hocbaso.core.document.layout import QUICK_SHEET, SHEET
from hocbaso.core.document.model import YearSheet
from hocbaso.core.document.names import NS, sheet_canonical
from hocbaso.core.errors import DomainError, register

_SUBJECT = re.compile(rb'<MonHoc Id="(?P<id>mon-[a-z0-9-]+)">.*?</MonHoc>', re.DOTALL)

register(
    {
        "document_level_mismatch": (
            "Cấp học của tờ học bạ ({level}) khác cấp học ghi trong mã học bạ {code}.",
            "The sheet's school level {level} is not the one in its code {code}.",
        ),
        "document_replaces": (
            "Phiên bản {version}: từ phiên bản 2 phải ghi bản bị thay thế và lý do, phiên bản 1 thì không.",
            "Version {version}: from 2 on a sheet names what it replaces and why, version 1 does not.",
        ),
        "document_subject_twice": (
            "Môn học có mã “{subject}” xuất hiện hai lần trong cùng một tờ học bạ.",
            "The subject {subject} stands twice in the sheet.",
        ),
    }
)


def emit(sheet: YearSheet) -> bytes:
    """The canonical text ``<ToNamHoc Id="tnh">…</ToNamHoc>`` as it stands in the document.

    It carries no namespace declaration; :func:`~hocbaso.core.document.names.document_bytes` gives it one, and
    :func:`~hocbaso.core.document.names.sheet_canonical` of it is its inclusive C14N 1.0 there.

    :raises DomainError: ``document_text_*``, ``document_value``, ``document_missing``,
        ``transcript_code_invalid``, ``document_level_mismatch``, ``document_replaces``,
        ``document_subject_twice``.
    """
    check_whole(sheet)
    text = QUICK_SHEET.write(sheet)
    return text if text is not None else emit_carefully(sheet)


def emit_carefully(sheet: YearSheet) -> bytes:
    """The same text field by field, so that the first field which cannot stand is named."""
    out: list[str] = []
    SHEET.write(sheet, sheet, out)
    return "".join(out).encode()


def check_whole(sheet: YearSheet) -> None:
    """What no single field shows.

    :raises DomainError: ``document_level_mismatch``, ``document_replaces``, ``document_subject_twice``,
        ``transcript_code_invalid``.
    """
    if parse_code(sheet.code).level != sheet.school_level:
        raise DomainError("document_level_mismatch", level=sheet.school_level, code=sheet.code)
    replaced = sheet.replaces is not None
    if replaced != (sheet.replace_reason is not None) or replaced != (sheet.version != 1):
        raise DomainError("document_replaces", version=sheet.version)
    seen: set[str] = set()
    for subject in sheet.subjects:
        if subject.code in seen:  # its Id would not be unique
            raise DomainError("document_subject_twice", subject=subject.code)
        seen.add(subject.code)


def digest(text: bytes) -> str:
    """The document digest: SHA-256 over the C14N of ``ToNamHoc``, 64 lower-case hex digits.

    :param text: the emitted text.
    """
    return hashlib.sha256(sheet_canonical(text)).hexdigest()


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
