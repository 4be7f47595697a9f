"""Any file that people hold: recognised by its content, never by its name; refused before it can do harm."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from hocbaso.core.errors import DomainError, Unreadable
from hocbaso.engines.trust.bundle import TrustBundle
from hocbaso.engines.trust.offline_code import MAX_TEXT, is_offline_code
from hocbaso.engines.trust.qr import read_qr
from hocbaso.engines.trust.verification.address import MAX_ADDRESS, is_address, verify_address
from hocbaso.engines.trust.verification.document import Verifier, verifier
from hocbaso.engines.trust.verification.offline import verify_code
from hocbaso.engines.trust.verification.pdf import verify_pdf
from hocbaso.engines.trust.verification.policy import HARD_LIMITS, Limits, ValidationPolicy, policy_in_force
from hocbaso.engines.trust.verification.verdict import Verdict, refused

#: For readers of packages that have no policy at hand.
MAX_PACKAGE = HARD_LIMITS["package_octets"]
MAX_ENTRIES = HARD_LIMITS["package_entries"]
MAX_UNPACKED = HARD_LIMITS["package_unpacked_octets"]
_DIRECTORY_MARK = b"PK\x01\x02"
_CHANCE = 64
#: An entry this small may be packed as well as it likes.
_SMALL = 64 * 1024
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
    limits = using.policy.limits
    if len(data) > limits.picture_octets:
        raise Unreadable("verify_too_large", what="ảnh", limit=_octets(limits.picture_octets))
    # A paper may bear both kinds: the one that proves more is judged.
    read = read_qr(data, limits.picture_pixels)
    texts = dict.fromkeys(filter(is_offline_code, read)) or dict.fromkeys(filter(is_address, read))
    if len(texts) != 1:
        raise Unreadable("verify_unknown_kind")
    return _verify_qr(name, next(iter(texts)), using, now)


def _verify_package(name: str, data: bytes, using: Verifier, now: datetime) -> Iterator[Verdict]:
    for entry, content in _unpacked(data, using.policy.limits):
        shown = f"{name}/{entry}"
        try:
            # What a report needs of each would add up to the whole package.
            yield replace(using.verify(content, now=now, file=shown), examined=None)
        except DomainError as error:
            yield refused(shown, error, using.policy)


def _unpacked(data: bytes, limits: Limits) -> Iterator[tuple[str, bytes]]:
    """Names and contents of a package, one at a time, never on disk."""
    if len(data) > limits.package_octets:
        raise Unreadable("verify_too_large", what="gói ZIP", limit=_octets(limits.package_octets))
    if too_many_entries(data, limits.package_entries):
        raise Unreadable("verify_too_large", what="số tệp trong gói", limit=limits.package_entries)
    try:
        package = zipfile.ZipFile(io.BytesIO(data))
        entries = package.infolist()
    except _ZIP_FAILURES as error:
        raise Unreadable("verify_package_unreadable", what="tệp hỏng hoặc sai quy cách") from error
    _check_entries(entries, limits)
    total = 0
    for entry in entries:
        content = _read_entry(package, entry, limits)
        total += len(content)
        if total > limits.package_unpacked_octets:
            limit = _octets(limits.package_unpacked_octets)
            raise Unreadable("verify_too_large", what="gói ZIP khi mở ra", limit=limit)
        yield entry.filename, content


def too_many_entries(data: bytes, limit: int = MAX_ENTRIES) -> bool:
    """Whether a ZIP's directory is too long to be read: a million entries fit into a small file.

    Counted by their marks; a mark inside packed content is rare.
    """
    return data.count(_DIRECTORY_MARK) > limit + _CHANCE


def _check_entries(entries: list[zipfile.ZipInfo], limits: Limits) -> None:
    names = [entry.filename for entry in entries]
    if not entries or len(set(names)) != len(names):
        raise Unreadable("verify_package_unreadable", what="gói rỗng hoặc có tên tệp bị lặp")
    if len(entries) > limits.package_entries:
        raise Unreadable("verify_too_large", what="số tệp trong gói", limit=limits.package_entries)
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


def _read_entry(package: zipfile.ZipFile, entry: zipfile.ZipInfo, limits: Limits) -> bytes:
    """Unpack one entry, at most as much as a document may have, whatever its header promises."""
    try:
        with package.open(entry) as stream:
            content = stream.read(limits.document_octets + 1)
    except _ZIP_FAILURES as error:
        what = f"tệp “{entry.filename[:60]}” hỏng"
        raise Unreadable("verify_package_unreadable", what=what) from error
    what = f"tệp “{entry.filename[:60]}”"
    if len(content) > limits.document_octets:
        raise Unreadable("verify_too_large", what=what, limit=_octets(limits.document_octets))
    if len(content) > max(_SMALL, limits.package_ratio * entry.compress_size):
        raise Unreadable("verify_too_large", what=f"độ nén của {what}", limit=f"{limits.package_ratio} lần")
    return content


def _octets(limit: int) -> str:
    """A limit as people read it."""
    return f"{limit // 2**20} MB" if limit >= 2**20 else f"{limit} byte"
