"""The exported document: the stored bytes with the evidence put into UnsignedProperties."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hocbaso.apps.preservation.store import properties
from hocbaso.apps.signing.key_infos import key_info_of
from hocbaso.apps.transcripts.models import Evidence, IssuedSheet, SheetSignature, YearSheet
from hocbaso.core.document.model import SignerRole
from hocbaso.core.document.names import document_bytes
from hocbaso.core.document.parse import split_document
from hocbaso.engines.storage.documents import unpack_document
from hocbaso.engines.trust import xades


@dataclass(frozen=True, slots=True)
class Exported:
    """One issued sheet as a file."""

    sheet: YearSheet
    xml: bytes  # the seal at its best level: XAdES B-T, B-LT or B-LTA
    signatures: tuple[SheetSignature, ...]


def stored_document(issued: IssuedSheet) -> bytes:
    """The issued bytes exactly as sealed (B-B).

    :raises Unreadable: ``stored_bytes_damaged``. :raises DomainError: ``xades_not_our_form``.
    """
    return unpack_document(bytes(issued.document), key_info_of)


def export(issued: Iterable[IssuedSheet]) -> list[Exported]:
    """Documents with their evidence, in the given order. Seven queries whatever the number."""
    rows = list(issued)
    keys = [row.sheet_id for row in rows]
    stamps = Evidence.objects.filter(sheet__in=keys, kind="signature_timestamp")
    tokens = {sheet: bytes(content) for sheet, content in stamps.values_list("sheet_id", "content")}
    beside = properties(tokens)
    signatures: dict[int, list[SheetSignature]] = {}
    for signature in SheetSignature.objects.filter(sheet__in=keys, voided_at__isnull=True).order_by(
        "position", "id"
    ):
        signatures.setdefault(signature.sheet_id, []).append(signature)
    return [
        Exported(
            row.sheet,
            _with_properties(row, beside.get(row.sheet_id)),
            tuple(signatures.get(row.sheet_id, ())),
        )
        for row in rows
    ]


def _with_properties(issued: IssuedSheet, unsigned: xades.Unsigned | None) -> bytes:
    document = stored_document(issued)
    if unsigned is None:
        return document
    parts = split_document(document)
    seal_id = xades.signature_id_for(SignerRole.SEAL).encode()
    texts = [
        xades.with_properties(text, unsigned) if b'Id="' + seal_id + b'"' in text[:200] else text
        for text in parts.signatures
    ]
    return document_bytes(parts.sheet, texts)


def draft_document(sheet: YearSheet) -> bytes:
    """A sheet that is not issued yet, with the signatures it has so far."""
    texts = [
        bytes(s.text) for s in sheet.signatures.filter(voided_at__isnull=True).order_by("position", "id")
    ]
    return document_bytes(bytes(sheet.body), texts)
