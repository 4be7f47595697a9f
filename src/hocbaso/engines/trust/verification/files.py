"""Any file that people hold: recognised by its content, never by its name; refused before it can do harm."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from datetime import datetime

from hocbaso.core.document.parse import MAX_DOCUMENT
from hocbaso.core.errors import DomainError, Unreadable
from hocbaso.engines.trust.bundle import TrustBundle
from hocbaso.engines.trust.offline_code import MAX_TEXT, is_offline_code
from hocbaso.engines.trust.qr import read_qr
from hocbaso.engines.trust.verification.address import MAX_ADDRESS, is_address, verify_address
from hocbaso.engines.trust.verification.document import Verifier, verifier
from hocbaso.engines.trust.verification.offline import verify_code
from hocbaso.engines.trust.verification.pdf import verify_pdf
from hocbaso.engines.trust.verification.policy import ValidationPolicy, policy_in_force
from hocbaso.engines.trust.verification.verdict import Verdict, refused

MAX_PACKAGE = 64 * 1024 * 1024
MAX_ENTRIES = 5_000
MAX_UNPACKED = 512 * 1024 * 1024
MAX_IMAGE = 16 * 1024 * 1024
_UTF8_MARK = b"\xef\xbb\xbf"
_ZIP_FAILURES = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    RuntimeError,
    struct.error,
    OverflowError,
)


def verify_file(
    name: str,
    data: bytes,
    bundle: TrustBundle | None,
    *,
    now: datetime,
    policy: ValidationPolicy | None = None,
) -> tuple[Verdict, ...]:
    """Judge an XML document, a PDF rendition, a QR text or picture (one verdict), or a ZIP (one per entry).

    :param name: shown in the verdict; of a ZIP's entries, ``name/entry``.
    :param now: the present, aware.
    :param policy: ``None``: that of the package which is in force at ``now``.
    :raises Unreadable: not one of these, or beyond the limits of its kind; nothing else is raised.
    """
    using = verifier(bundle, policy or policy_in_force(now))
    if not data.strip():
        raise Unreadable("verify_empty")
    if data.startswith(b"PK\x03\x04"):
        return tuple(_verify_package(name, data, using, now))
    if data.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")):
        return (_verify_picture(name, data, using, now),)
    if b"%PDF-" in data[:1024]:
        return (verify_pdf(data, using, now=now, file=name),)
    if data.removeprefix(_UTF8_MARK).lstrip()[:1] == b"<":
        return (using.verify(data, now=now, file=name),)
    return (_verify_text(name, data, using, now),)


def _verify_text(name: str, data: bytes, using: Verifier, now: datetime) -> Verdict:
    if len(data) > max(MAX_ADDRESS, MAX_TEXT):
        raise Unreadable("verify_unknown_kind")
    try:
        text = data.removeprefix(_UTF8_MARK).decode("utf-8").strip()
    except UnicodeDecodeError:
        raise Unreadable("verify_unknown_kind") from None
    return _verify_qr(name, text, using, now)


def _verify_qr(name: str, text: str, using: Verifier, now: datetime) -> Verdict:
    """Either kind of QR code: the signed content, or the address."""
    if is_offline_code(text):
        return verify_code(text, using, now=now, file=name)[0]
    if not is_address(text):
        raise Unreadable("verify_unknown_kind")
    return verify_address(text, using, file=name)


def _verify_picture(name: str, data: bytes, using: Verifier, now: datetime) -> Verdict:
    if len(data) > MAX_IMAGE:
        raise Unreadable("verify_too_large", what="ảnh", limit=f"{MAX_IMAGE // 2**20} MB")
    read = read_qr(data)  # a paper may bear both kinds: the one that proves more is judged
    texts = dict.fromkeys(filter(is_offline_code, read)) or dict.fromkeys(filter(is_address, read))
    if len(texts) != 1:
        raise Unreadable("verify_unknown_kind")
    return _verify_qr(name, next(iter(texts)), using, now)


def _verify_package(name: str, data: bytes, using: Verifier, now: datetime) -> Iterator[Verdict]:
    for entry, content in _unpacked(data):
        shown = f"{name}/{entry}"
        try:
            yield using.verify(content, now=now, file=shown)
        except DomainError as error:
            yield refused(shown, error)


def _unpacked(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Names and contents of a package, one at a time, never on disk."""
    if len(data) > MAX_PACKAGE:
        raise Unreadable("verify_too_large", what="gói ZIP", limit=f"{MAX_PACKAGE // 2**20} MB")
    try:
        package = zipfile.ZipFile(io.BytesIO(data))
        entries = package.infolist()
    except _ZIP_FAILURES as error:
        raise Unreadable("verify_package_unreadable", what="tệp hỏng hoặc sai quy cách") from error
    _check_entries(entries)
    total = 0
    for entry in entries:
        content = _read_entry(package, entry)
        total += len(content)
        if total > MAX_UNPACKED:
            limit = f"{MAX_UNPACKED // 2**20} MB"
            raise Unreadable("verify_too_large", what="gói ZIP khi mở ra", limit=limit)
        yield entry.filename, content


def _check_entries(entries: list[zipfile.ZipInfo]) -> None:
    names = [entry.filename for entry in entries]
    if not entries or len(set(names)) != len(names):
        raise Unreadable("verify_package_unreadable", what="gói rỗng hoặc có tên tệp bị lặp")
    if len(entries) > MAX_ENTRIES:
        raise Unreadable("verify_too_large", what="số tệp trong gói", limit=MAX_ENTRIES)
    for entry in entries:
        plain = entry.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        if entry.flag_bits & 1 or not plain or not _is_plain_name(entry.filename):
            shown = entry.filename[:60]
            raise Unreadable("verify_package_unreadable", what=f"có tệp lạ hoặc bị khóa: “{shown}”")


def _is_plain_name(name: str) -> bool:
    """Whether a name stays inside its folder, and a screen shows it as it is."""
    steps = name.split("/")
    return (
        name.endswith(".xml")
        and name.isprintable()
        and not any(character in name for character in "\\:")
        and all(step not in ("", ".", "..") for step in steps)
    )


def _read_entry(package: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """Unpack one entry, at most as much as a document may have, whatever its header promises."""
    try:
        with package.open(entry) as stream:
            content = stream.read(MAX_DOCUMENT + 1)
    except _ZIP_FAILURES as error:
        what = f"tệp “{entry.filename[:60]}” hỏng"
        raise Unreadable("verify_package_unreadable", what=what) from error
    if len(content) > MAX_DOCUMENT:
        limit = f"{MAX_DOCUMENT // 2**20} MB"
        raise Unreadable("verify_too_large", what=f"tệp “{entry.filename[:60]}”", limit=limit)
    return content
