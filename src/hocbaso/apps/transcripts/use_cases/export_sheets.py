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
from hocbaso.apps.transcripts.use_cases.long_term_pdf import archive_files, better_file
from hocbaso.apps.transcripts.use_cases.render import copies_of, sealed_booklet
from hocbaso.apps.transcripts.use_cases.trust_bundle import trust_bundle

BUNDLE_NAME = "trust-bundle.json"
_CHUNK = 100


def _write(path: Path, content: bytes) -> None:
    """Whole file or none: a killed export leaves no half document behind."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(content)
    temporary.replace(path)


def export_sheets(
    actor: Actor,
    *,
    school: Organisation,
    year: str,
    sheets: Iterable[IssuedSheet],
    out: Path,
    pdf: bool,
    archive: bool = False,
) -> list[str]:
    """Files ``<pupil code>.xml`` (newest version; older ones as ``<pupil code>.v1.xml``), ``.pdf``, bundle.

    :param archive: the PDF files get an archive time stamp each (PAdES B-LTA), where they have none yet.
    :returns: the names written, in order.
    :raises NotAllowed: the policy of the school.
    :raises ServiceUnavailable: no time-stamp authority answers; every file is written, without archive stamp.
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
                path, content = out / f"{stem}.pdf", sealed_booklet(actor, issued=row)
                if not _is_better(path, row):  # an archive stamp is never taken away again
                    _write(path, content)
                names.append(path.name)
    _write(out / BUNDLE_NAME, trust_bundle(rows).to_json().encode())
    names.append(BUNDLE_NAME)
    with transaction.atomic():
        record(
            actor, "transcripts.exported", f"year:{year}", organisation=school.code, count=len(rows), pdf=pdf
        )
    if archive:
        _archive(actor, [out / name for name in names if name.endswith(".pdf")])
    return names


def _is_better(path: Path, issued: IssuedSheet) -> bool:
    """Whether the file there is a copy that was handed out, with more behind it."""
    return path.exists() and any(better_file(copy, path) is not None for copy in copies_of(issued))


def _archive(actor: Actor, paths: list[Path]) -> None:
    """:raises ServiceUnavailable, DomainError: the first reason why a file could not be archived."""
    for outcome in list(archive_files(actor, paths=paths)):
        if outcome.error is not None:
            raise outcome.error
