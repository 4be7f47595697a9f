"""Write issued documents as files, with the trust bundle that verifies them offline."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.audit.chain import record
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.transcripts import documents
from hocbaso.apps.transcripts.models import IssuedSheet
from hocbaso.apps.transcripts.use_cases.render import sealed_booklet
from hocbaso.apps.transcripts.use_cases.trust_bundle import trust_bundle

BUNDLE_NAME = "trust-bundle.json"
_CHUNK = 100


def _write(path: Path, content: bytes) -> None:
    """Whole file or none: a killed export leaves no half document behind."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(content)
    temporary.replace(path)


def export_sheets(
    actor: Actor, *, school: Organisation, year: str, sheets: Iterable[IssuedSheet], out: Path, pdf: bool
) -> list[str]:
    """Files ``<pupil code>.xml`` (newest version; older ones as ``<pupil code>.v1.xml``), ``.pdf``, bundle.

    :returns: the names written, in order.
    :raises NotAllowed: the policy of the school.
    """
    require(actor, "transcripts.view_school", school)
    rows = list(sheets)
    latest = {row.code: row.version for row in rows}  # ordered by version: the last one wins
    names = []
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK]
        for row, exported in zip(chunk, documents.export(chunk), strict=True):
            newest = latest[row.code] == row.version
            stem = row.sheet.pupil.code if newest else f"{row.sheet.pupil.code}.v{row.version}"
            _write(out / f"{stem}.xml", exported.xml)
            names.append(f"{stem}.xml")
            if pdf and newest:
                _write(out / f"{stem}.pdf", sealed_booklet(actor, issued=row))
                names.append(f"{stem}.pdf")
    _write(out / BUNDLE_NAME, trust_bundle(rows).to_json().encode())
    names.append(BUNDLE_NAME)
    with transaction.atomic():
        record(
            actor, "transcripts.exported", f"year:{year}", organisation=school.code, count=len(rows), pdf=pdf
        )
    return names
