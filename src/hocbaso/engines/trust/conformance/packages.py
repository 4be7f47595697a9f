"""Packages: a ZIP of year sheets (area 10), each entry judged by every rule."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import datetime

from hocbaso.core.document.parse import MAX_DOCUMENT
from hocbaso.core.errors import Unreadable
from hocbaso.engines.trust.bundle import TrustBundle
from hocbaso.engines.trust.conformance.checker import check_document
from hocbaso.engines.trust.conformance.report import Findings, Report
from hocbaso.engines.trust.verification.document import Verifier, verifier
from hocbaso.engines.trust.verification.files import _ZIP_FAILURES as ZIP_FAILURES
from hocbaso.engines.trust.verification.files import (
    MAX_ENTRIES,
    MAX_PACKAGE,
    MAX_UNPACKED,
    too_many_entries,
)

_PLAIN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def check_file(name: str, data: bytes, bundle: TrustBundle | None, *, now: datetime) -> tuple[Report, ...]:
    """Judge a year sheet (one report) or a package (its own report first, then one for each entry).

    :raises Unreadable: neither XML nor ZIP. Nothing else is raised, whatever the input.
    """
    using = verifier(bundle)
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return tuple(_check_package(name, data, using, now))
    return (check_document(data, using, now=now, file=name),)


def _check_package(name: str, data: bytes, using: Verifier, now: datetime) -> list[Report]:
    found = Findings()
    reports: list[Report] = []
    seen: set[tuple[str, int]] = set()
    for entry, content in _entries(data, found):
        try:
            report = check_document(content, using, now=now, file=f"{name}/{entry}")
        except Unreadable as error:
            found.add("HBS-10.03", entry, error.message)
            continue
        reports.append(report)
        if report.code is not None and report.version is not None:
            key = (report.code, report.version)
            if key in seen:
                found.add("HBS-10.06", entry, f"{report.code} phiên bản {report.version}")
            seen.add(key)
    own = Report(name, tuple(found.violations), asked_bundle=using.bundle is not None)
    return [own, *reports]


def _entries(data: bytes, found: Findings) -> Iterator[tuple[str, bytes]]:
    """Names and contents that can be read safely; what cannot is reported."""
    if len(data) > MAX_PACKAGE:
        found.add("HBS-10.02", f"{len(data)} byte")
        return
    if too_many_entries(data):
        found.add("HBS-10.02", f"> {MAX_ENTRIES} tệp")
        return
    try:
        package = zipfile.ZipFile(io.BytesIO(data))
        entries = package.infolist()
    except ZIP_FAILURES as error:
        found.add("HBS-10.01", "", type(error).__name__)
        return
    names = [entry.filename for entry in entries]
    if not names or len(set(names)) != len(names):
        found.add("HBS-10.05", next((n for n in names if names.count(n) > 1), "") if len(names) < 500 else "")
    if len(entries) > MAX_ENTRIES:
        found.add("HBS-10.02", f"{len(entries)} tệp")
        return
    total = 0
    for entry in entries:
        content = _read(package, entry, found)
        total += len(content or b"")
        if total > MAX_UNPACKED:
            found.add("HBS-10.02", f"{total} byte")
            return
        if content is not None:
            yield entry.filename, content


def _read(package: zipfile.ZipFile, entry: zipfile.ZipInfo, found: Findings) -> bytes | None:
    name = entry.filename
    steps = name.split("/")
    if not name.isprintable() or set("\\:") & set(name) or any(step in ("", ".", "..") for step in steps):
        found.add("HBS-10.04", name)
    if entry.flag_bits & 1 or entry.compress_type not in _PLAIN or not name.endswith(".xml"):
        found.add("HBS-10.03", name)
        return None
    try:
        with package.open(entry) as stream:  # at most so much, whatever the header promises
            content = stream.read(MAX_DOCUMENT + 1)
    except ZIP_FAILURES as error:
        found.add("HBS-10.01", name, type(error).__name__)
        return None
    if len(content) > MAX_DOCUMENT:
        found.add("HBS-1.01", name)
        return None
    return content
