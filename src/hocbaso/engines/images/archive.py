"""A ZIP of photos: its files one by one, none of them bigger than it may be, nothing written to disk."""

from __future__ import annotations

import io
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hocbaso.core.errors import DomainError, register
from hocbaso.engines.images.reading import MAX_BYTES

register(
    {
        "photo_zip_unreadable": (
            "Không mở được tệp ZIP này. Thầy cô nén lại thư mục ảnh thành tệp ZIP mới, không đặt mật khẩu.",
            "The ZIP file cannot be read.",
        ),
        "photo_zip_files": (
            "Tệp ZIP có {count} tệp, chỉ nhận đến {limit} tệp một lần. Thầy cô chia thành nhiều tệp ZIP.",
            "{count} files in the ZIP; at most {limit} are taken.",
        ),
        "photo_zip_bomb": (
            "Tệp ZIP bung ra quá lớn ({size} MB, chỉ nhận đến {limit} MB). Thầy cô chia thành nhiều tệp ZIP.",
            "The ZIP unpacks to {size} MB; at most {limit} MB are taken.",
        ),
        "photo_zip_path": (
            "Tên tệp trong ZIP dẫn ra ngoài thư mục hoặc là lối tắt; tệp này không được nhận.",
            "A path out of the archive, or a link.",
        ),
        "photo_zip_locked": (
            "Tệp trong ZIP có mật khẩu. Thầy cô nén lại không đặt mật khẩu.",
            "The file is encrypted.",
        ),
        "photo_zip_nested": (
            "Trong ZIP còn một tệp nén khác. Thầy cô giải nén tệp ấy rồi tải ảnh lên.",
            "An archive inside the archive.",
        ),
    }
)

MAX_FILES = 3000
MAX_TOTAL = 2 * 1024**3
_MAX_RATIO = 100  # a photo hardly shrinks; something that shrinks a hundredfold is no photo
_ARCHIVES = (".zip", ".rar", ".7z", ".gz", ".tar", ".xz", ".bz2", ".jar")
_LITTER = ("__macosx/", ".ds_store", "thumbs.db", "desktop.ini")
_SYMLINK = 0o120000


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of the archive: its name with folders (``/`` between), and its bytes or why it is refused."""

    name: str
    content: bytes
    refusal: DomainError | None = None


def files_of(content: bytes | Path) -> Iterator[Entry]:
    """The files in the order of the archive; what systems leave behind (``.DS_Store``) is passed over.

    :param content: the archive, or where it lies: a large one is then read file by file.
    :raises DomainError: ``photo_zip_*`` for the archive as a whole, before the first file.
    """
    try:
        archive = zipfile.ZipFile(content if isinstance(content, Path) else io.BytesIO(content))
        size = content.stat().st_size if isinstance(content, Path) else len(content)
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError):
        raise DomainError("photo_zip_unreadable") from None
    entries = [e for e in archive.infolist() if not e.is_dir() and not _litter(e.filename)]
    if len(entries) > MAX_FILES:
        raise DomainError("photo_zip_files", count=len(entries), limit=MAX_FILES)
    total = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    # More packed bytes than the file has: entries lie over each other.
    if total > MAX_TOTAL or packed > size:
        raise DomainError("photo_zip_bomb", size=total // 1_048_576, limit=MAX_TOTAL // 1_048_576)
    return (_read(archive, entry) for entry in entries)


def _litter(name: str) -> bool:
    lower = name.lower()
    return lower.startswith(_LITTER[0]) or lower.rsplit("/", 1)[-1] in _LITTER or "/._" in f"/{lower}"


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Entry:
    name = _name(entry)
    refusal = _refusal(entry, name)
    if refusal is not None:
        return Entry(name, b"", refusal)
    try:
        with archive.open(entry) as stream:
            content = stream.read(MAX_BYTES + 1)  # one more than allowed: the reader of pictures refuses it
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError):
        return Entry(name, b"", DomainError("photo_unreadable"))
    return Entry(name, content)


def _refusal(entry: zipfile.ZipInfo, name: str) -> DomainError | None:
    parts = name.split("/")
    if (
        name.startswith("/")
        or ".." in parts
        or ":" in parts[0]
        or (entry.external_attr >> 16) & _SYMLINK == (_SYMLINK)
    ):
        return DomainError("photo_zip_path")
    if entry.flag_bits & 0x1:
        return DomainError("photo_zip_locked")
    if name.lower().endswith(_ARCHIVES):
        return DomainError("photo_zip_nested")
    if entry.file_size > MAX_BYTES:
        size = f"{entry.file_size / 1_048_576:.1f}".replace(".", ",")
        return DomainError("photo_too_large", size=size, limit=MAX_BYTES // 1_048_576)
    if entry.compress_size and entry.file_size / entry.compress_size > _MAX_RATIO and entry.file_size > 65536:
        return DomainError("photo_unreadable")
    return None


def _name(entry: zipfile.ZipInfo) -> str:
    """The name as it was meant: Windows and phones write UTF-8 or Vietnamese letters without saying so."""
    name = entry.filename.replace("\\", "/")
    if not entry.flag_bits & 0x800:
        raw = name.encode("cp437", "replace")
        for encoding in ("utf-8", "cp1258"):
            try:
                name = raw.decode(encoding)
            except UnicodeDecodeError:
                continue
            break
    return unicodedata.normalize("NFC", name)
