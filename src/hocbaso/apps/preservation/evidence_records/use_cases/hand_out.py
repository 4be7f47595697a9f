"""Handing out: exported documents with their own evidence records, and every data object as a file."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.audit.chain import record as tell
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.preservation.evidence_records.derive import Deriver
from hocbaso.apps.preservation.evidence_records.models import Leaf, Record
from hocbaso.apps.preservation.evidence_records.use_cases.build import with_documents
from hocbaso.apps.transcripts.models import IssuedSheet
from hocbaso.apps.transcripts.use_cases.export_sheets import BUNDLE_NAME
from hocbaso.apps.transcripts.use_cases.trust_bundle import trust_bundle
from hocbaso.core.errors import Unreadable
from hocbaso.engines.trust.longterm.records import DataObject, Kind

#: Name of the list of everything that was written.
INDEX = "index.json"
_CHUNK = 100
_ENDINGS = {
    Kind.DOCUMENT: "xml",
    Kind.TIME_STAMP: "tst",
    Kind.CERTIFICATE: "cer",
    Kind.CRL: "crl",
    Kind.OCSP: "ors",
    Kind.ARCHIVE_STAMP: "tst",
}


def hand_out(
    actor: Actor,
    *,
    school: Organisation,
    year: str,
    out: Path,
    told: Callable[[int], None] = lambda _: None,
) -> dict[str, Any]:
    """Write ``<pupil code>.xml`` as exported, ``<pupil code>.ers``, and under ``objects/`` each data object
    by its SHA-256; ``index.json`` says which belong together. Shared lists stand once. Without ``year`` the
    names have the school year too: a pupil has a sheet in each.

    :returns: what ``index.json`` holds.
    :raises NotAllowed: policy ``records.export``. :raises Unreadable: ``cannot_write``.
    """
    require(actor, "records.export", school)
    try:
        (out / "objects").mkdir(parents=True, exist_ok=True)
        index = _write_all(school, year, out, told)
    except OSError as error:
        raise Unreadable("cannot_write", path=str(out), why=str(error.strerror)) from error
    with transaction.atomic():
        tell(
            actor,
            "records.exported",
            f"year:{year}",
            organisation=school.code,
            count=len(index["sheets"]),
        )
    return index


def _write_all(school: Organisation, year: str, out: Path, told: Callable[[int], None]) -> dict[str, Any]:
    sheets: list[dict[str, Any]] = []
    refused: list[tuple[str, str]] = []
    rows: list[IssuedSheet] = []
    for record in Record.objects.filter(given_up__isnull=True).order_by("pk"):
        leaves = Leaf.objects.filter(
            tree__record=record, tree__number=0, tree__stamps__number=0, sheet__school=school
        )
        found = leaves.filter(sheet__school_year=year) if year else leaves
        keys = list(found.order_by("position").values_list("sheet_id", flat=True))
        deriver = Deriver(record) if keys else None
        for start in range(0, len(keys), _CHUNK):
            assert deriver is not None
            chunk = _rows(keys[start : start + _CHUNK])
            rows += chunk
            sheets += _write_chunk(chunk, deriver, out, refused, with_year=not year)
            told(len(sheets))
    _write(out / BUNDLE_NAME, trust_bundle(rows).to_json().encode())
    index = {"bundle": BUNDLE_NAME, "sheets": sheets, "refused": [list(pair) for pair in refused]}
    _write(out / INDEX, json.dumps(index, ensure_ascii=False, indent=1).encode() + b"\n")
    return index


def _rows(keys: Iterable[int]) -> list[IssuedSheet]:
    wanted = list(keys)
    found = {row.pk: row for row in IssuedSheet.objects.filter(pk__in=wanted).select_related("sheet__pupil")}
    return [found[key] for key in wanted]


def _write_chunk(
    rows: list[IssuedSheet],
    deriver: Deriver,
    out: Path,
    refused: list[tuple[str, str]],
    *,
    with_year: bool,
) -> list[dict[str, Any]]:
    newest = _newest(rows)
    told: list[dict[str, Any]] = []
    for row, document, objects in with_documents(rows, refused):
        stem = f"{row.sheet.pupil.code}.{row.sheet.school_year}" if with_year else row.sheet.pupil.code
        if newest[row.code] != row.version:
            stem = f"{stem}.v{row.version}"
        record = deriver.record_of(row.pk)
        group = set(deriver.trees[0].group_of(row.pk))
        algorithm = deriver.trees[0].tree.algorithm
        members = [item for item in objects if item.hash(algorithm) in group]
        _write(out / f"{stem}.xml", document)
        _write(out / f"{stem}.ers", record.to_der())
        told.append(
            {
                "code": row.code,
                "version": row.version,
                "document": f"{stem}.xml",
                "record": f"{stem}.ers",
                "objects": [_write_object(item, out) for item in members],
            }
        )
    return told


def _newest(rows: list[IssuedSheet]) -> dict[str, int]:
    found = IssuedSheet.objects.filter(code__in={row.code for row in rows}).order_by("version")
    return dict(found.values_list("code", "version"))


def _write_object(item: DataObject, out: Path) -> dict[str, str]:
    name = f"objects/{hashlib.sha256(item.content).hexdigest()}.{_ENDINGS[item.kind]}"
    if not (out / name).exists():  # lists are shared by all sheets
        _write(out / name, item.content)
    return {"kind": str(item.kind), "file": name}


def _write(path: Path, content: bytes) -> None:
    """Whole file or none: a killed export leaves no half file behind."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)  # of a run that was killed
    with temporary.open("xb") as stream:  # a link that somebody laid there leads nowhere
        stream.write(content)
    temporary.replace(path)
