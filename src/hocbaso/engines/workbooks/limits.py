"""What is refused before any parser sees it: size, zip bombs, encryption, cells at the end of the world."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from typing import Literal
from xml.etree.ElementTree import Element, ParseError

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from hocbaso.core.errors import Unreadable, register

MAX_BYTES = 20_000_000
#: Of all parts together; a sheet of 20 000 rows and 60 columns takes about 80 MB of XML.
MAX_UNCOMPRESSED = 250_000_000
MAX_PARTS = 3_000
MAX_SHEETS = 300
MAX_ROWS = 20_000
MAX_COLUMNS = 300
_SMALL_PART = 2_000_000

BookKind = Literal["xlsx", "xls", "ods"]

register(
    {
        "workbook_too_large": (
            "Tệp có {size} MB, lớn hơn mức cho phép là {limit} MB. Thầy cô hãy bỏ ảnh và trang tính "
            "không cần rồi tải lên lại.",
            "The file has {size} MB, the limit is {limit} MB.",
        ),
        "workbook_bomb": (
            "Tệp khi mở ra lớn hơn mức cho phép là {limit} MB, hệ thống không đọc. Thầy cô hãy chép dữ "
            "liệu sang một tệp mới.",
            "The unpacked file exceeds {limit} MB, or says so falsely.",
        ),
        "workbook_far_cell": (
            "Trang tính “{sheet}” có ô ghi dữ liệu ở quá xa (ô {cell}). Thầy cô hãy xóa các dòng và cột "
            "thừa bên ngoài bảng.",
            "Sheet {sheet!r} has a value in cell {cell}, outside what is read.",
        ),
        "workbook_encrypted": (
            "Tệp có đặt mật khẩu, hệ thống không mở được. Thầy cô hãy bỏ mật khẩu của tệp rồi tải lên lại.",
            "The workbook is protected by a password.",
        ),
        "workbook_not_one": (
            "Tệp không phải là bảng tính Excel. Hệ thống đọc tệp .xlsx, .xls và .ods, không quá {limit} MB.",
            "Not a workbook; .xlsx, .xls and .ods up to {limit} MB are read.",
        ),
        "workbook_xlsb": (
            "Hệ thống không đọc tệp dạng .xlsb. Thầy cô hãy lưu lại dạng .xlsx.",
            ".xlsb is not read; save as .xlsx.",
        ),
    }
)

_ATTRIBUTES = rb"(?:\s+[\w:.-]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'))*\s*"
_EMPTY_CELL = re.compile(rb"<(?:\w+:)?c" + _ATTRIBUTES + rb"(?:/>|>\s*</(?:\w+:)?c\s*>)")
_EMPTY_ROW = re.compile(rb"<(?:\w+:)?row" + _ATTRIBUTES + rb"(?:/>|>\s*</(?:\w+:)?row\s*>)")
#: The place of a cell, or of a row whose cells tell none, however it is spaced, quoted and capitalised.
_FAR = re.compile(rb"\br\s*=\s*[\"']\s*([A-Za-z]{3,}\d+|[A-Za-z]{0,2}\d{6,})")
#: A sheet with letters as A, digits as 0, quotes alike, and nothing else but =: a far place shows at once.
_SHAPED = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'\"="
_SHAPE = bytes.maketrans(_SHAPED, b"A" * 52 + b"0" * 10 + b'""=')
_SHAPELESS = bytes(set(range(256)) - set(_SHAPED))
_FAR_SHAPES = (b'="AAA', b'000000"')
_ODS_ROWS = re.compile(
    rb'<table:table-row\b[^>]*?table:number-rows-repeated="(\d+)"[^>]*?(?:/>|>(.*?)</table:table-row>)',
    re.DOTALL,
)
_ODS_COLUMNS = re.compile(
    rb'<table:(?:covered-)?table-cell\b[^>]*?table:number-columns-repeated="(\d+)"[^>]*?(/>|>)'
)
_ODS_ENCRYPTED = b"encryption-data"


def check_container(data: bytes) -> BookKind:
    """Which kind of workbook ``data`` is.

    :raises Unreadable: not a workbook, too large, unpacks to too much, or protected by a password.
    """
    if len(data) > MAX_BYTES:
        raise Unreadable("workbook_too_large", size=-(-len(data) // 1_000_000), limit=MAX_BYTES // 1_000_000)
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        # [MS-OFFCRYPTO] 2.3.4: an encrypted OOXML file is a compound file with this stream.
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise Unreadable("workbook_encrypted")
        return "xls"
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _check_archive(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise Unreadable("workbook_not_one", limit=MAX_BYTES // 1_000_000) from error


def _check_archive(archive: zipfile.ZipFile) -> BookKind:
    parts = archive.infolist()
    names = {part.filename for part in parts}
    limit = MAX_UNCOMPRESSED // 1_000_000
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNCOMPRESSED:
        raise Unreadable("workbook_bomb", limit=limit)
    if any(part.flag_bits & 1 for part in parts):
        raise Unreadable("workbook_encrypted")
    for part in parts:
        # zipfile stops at the declared size and then compares the CRC: a part that lies is found here.
        # Sheets are looked at one by one, when they are needed: see read_sheet.
        if part.filename.endswith((".xml", ".rels", "mimetype")) and "worksheets/" not in part.filename:
            try:
                with archive.open(part) as stream:
                    while stream.read(1 << 20):
                        pass
            except zipfile.BadZipFile as error:
                raise Unreadable("workbook_bomb", limit=limit) from error
    if "xl/workbook.bin" in names:
        raise Unreadable("workbook_xlsb")
    if "content.xml" in names:
        _check_ods(archive, names)
        return "ods"
    if not any(name.endswith("workbook.xml") for name in names):
        raise Unreadable("workbook_not_one", limit=MAX_BYTES // 1_000_000)
    return "xlsx"


def _check_ods(archive: zipfile.ZipFile, names: set[str]) -> None:
    if "META-INF/manifest.xml" in names and _ODS_ENCRYPTED in archive.read("META-INF/manifest.xml"):
        raise Unreadable("workbook_encrypted")
    xml = archive.read("content.xml")
    rows = sum(
        int(match.group(1))
        for match in _ODS_ROWS.finditer(xml)
        if b"office:value" in (match.group(2) or b"") or b"<text:p" in (match.group(2) or b"")
    )
    wide = any(
        int(match.group(1)) > MAX_COLUMNS and match.group(2) == b">" for match in _ODS_COLUMNS.finditer(xml)
    )
    if rows > MAX_ROWS or wide:
        raise Unreadable("workbook_bomb", limit=MAX_UNCOMPRESSED // 1_000_000)


def read_sheet(archive: zipfile.ZipFile, part: str) -> bytes:
    """A sheet's XML, before the parser gets it.

    :raises Unreadable: the part unpacks to another size than it says, or is damaged.
    """
    try:
        return archive.read(part)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise Unreadable("workbook_bomb", limit=MAX_UNCOMPRESSED // 1_000_000) from error


def check_far_cells(xml: bytes, sheet: str) -> None:
    """Refuse a value beyond column ZZ or row 99 999 before the parser allocates the area up to it.

    :raises Unreadable: something stands there that is not plainly empty (a formatted cell does no harm).
    """
    shape = xml[xml.find(b"sheetData") : xml.rfind(b"sheetData")].translate(_SHAPE, _SHAPELESS)
    if not any(far in shape for far in _FAR_SHAPES) or not _FAR.search(xml):
        return
    if found := _FAR.findall(_EMPTY_ROW.sub(b"", _EMPTY_CELL.sub(b"", xml))):
        cell = next((place for place in found if place[:1].isalpha()), found[0])
        raise Unreadable("workbook_far_cell", sheet=sheet, cell=cell.decode())


def sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Sheet name → name of its XML part (ECMA-376 part 1, 18.2.19 and 15.2). Empty when it cannot be told."""
    names = set(archive.namelist())
    book = next((name for name in sorted(names) if name.endswith("workbook.xml")), "")
    folder, base = posixpath.split(book)
    rels = f"{folder}/_rels/{base}.rels".lstrip("/")
    if rels not in names:
        return {}
    targets: dict[str, str] = {}
    for relation in _parse(archive, rels):
        target = relation.get("Target", "")
        path = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
        targets[relation.get("Id", "")] = posixpath.normpath(path)
    parts: dict[str, str] = {}
    for element in _parse(archive, book).iter():
        if element.tag.rpartition("}")[2] == "sheet":
            key = next((v for k, v in element.attrib.items() if k.rpartition("}")[2] == "id"), "")
            if targets.get(key, "") in names:
                parts[element.get("name", "")] = targets[key]
    return parts


def uses_1904(archive: zipfile.ZipFile) -> bool:
    """Whether the workbook counts days from 1904 (ECMA-376 part 1, 18.2.28)."""
    book = next((name for name in sorted(archive.namelist()) if name.endswith("workbook.xml")), None)
    if book is None:
        return False
    return any(
        element.get("date1904", "0") in ("1", "true")
        for element in _parse(archive, book).iter()
        if element.tag.rpartition("}")[2] == "workbookPr"
    )


def _parse(archive: zipfile.ZipFile, name: str) -> Element:
    if archive.getinfo(name).file_size > _SMALL_PART:
        raise Unreadable("workbook_bomb", limit=MAX_UNCOMPRESSED // 1_000_000)
    try:
        root: Element = ElementTree.fromstring(archive.read(name))
    except (ParseError, DefusedXmlException) as error:
        raise Unreadable("workbook_not_one", limit=MAX_BYTES // 1_000_000) from error
    return root
