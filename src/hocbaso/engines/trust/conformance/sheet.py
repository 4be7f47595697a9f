"""The sheet read tolerantly: every element and value by the layout's own table (areas 2 and 3).

The table that writes and reads sheets (``core.document.layout``) is walked here once more without stopping at
the first fault. Nothing is repaired: what is odd is reported and passed over.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from lxml import etree

from hocbaso.core.document import kinds
from hocbaso.core.document.codec import Echo, Leaf, Many, One, Part, Record, Section
from hocbaso.core.document.codes import parse_code
from hocbaso.core.document.layout import CODE, COUNT, SHEET, VERSION
from hocbaso.core.document.layout_secondary import SECONDARY_SHEET
from hocbaso.core.document.names import FORMAT_VERSION, MAX_SUBJECT_SIGNATURES, NS
from hocbaso.core.errors import DomainError
from hocbaso.engines.trust.conformance.report import Findings, local

_Q = f"{{{NS}}}"
_TEXT_RULES = {
    "document_text_empty": "HBS-3.12",
    "document_text_line_break": "HBS-3.13",
    "document_text_character": "HBS-3.14",
    "document_text_space": "HBS-3.15",
    "document_text_not_nfc": "HBS-3.16",
    "document_text_too_long": "HBS-3.17",
}
_KIND_RULES = {
    id(CODE): "HBS-3.02",
    id(kinds.INSTANT): "HBS-3.05",
    id(kinds.HEX64): "HBS-3.06",
    id(kinds.DATE): "HBS-3.07",
    id(kinds.PARTIAL_DATE): "HBS-3.07",
    id(kinds.SCHOOL_YEAR): "HBS-3.08",
    id(kinds.MARK): "HBS-3.21",
    id(VERSION): "HBS-3.10",
    id(COUNT): "HBS-3.10",
    **dict.fromkeys(
        map(
            id,
            (
                *(kinds.SLUG, kinds.PROVINCE, kinds.SCHOOL_CODE, kinds.COMMUNE),
                *(kinds.PERSONAL_NUMBER, kinds.STATE),
            ),
        ),
        "HBS-3.11",
    ),
}
_WHOLE = {"Khoi", "DiemKiemTra", "ChieuCao", "CanNang"}
_PRIMARY_ONLY = {"PhamChatNangLuc", "SoNgayNghi", "SucKhoe", "DanhGia", "MucDatDuoc", "DiemKiemTra"}
_SECONDARY_ONLY = {"SoBuoiNghi", "ChungChi", "CuocThi", "KyLuat", "RenLuyen", "HocTap", "HinhThuc"}
_COMMENT_MARKS = ("Đ", "CĐ")
_SPACES = re.compile(r"[ \t\r\n]*")


def check_sheet(sheet: etree._Element, found: Findings) -> None:
    """Report every structural and content fault of a ``ToNamHoc`` element."""
    level = text_at(sheet, "ThongTinChung/CapHoc")
    secondary = level in ("2", "3")
    foreign = _PRIMARY_ONLY if secondary else _SECONDARY_ONLY
    _walk(SECONDARY_SHEET if secondary else SHEET, sheet, found, foreign)
    _check_general(sheet, level, found)
    _check_subjects(sheet, found)
    _check_people(sheet, found)


def text_at(node: etree._Element, path: str) -> str | None:
    """The text of the first element at a path of local names; ``None``: no such element."""
    at = node.find("/".join(_Q + step for step in path.split("/")))
    return None if at is None else (at.text or "")


def _element_of(part: Any) -> str:
    return str(part.element if isinstance(part, Section) else part.node.element)


def _walk(holder: Record | Section, node: etree._Element, found: Findings, foreign: set[str]) -> None:
    parts = {_element_of(part): (place, part) for place, part in enumerate(holder.parts)}
    seen: Counter[str] = Counter()
    latest = -1
    _check_mixed(node, found)
    for child in node:
        if not isinstance(child.tag, str):
            continue  # comments and instructions: rules of their own
        name = local(child)
        if not child.tag.startswith(_Q):
            found.at("HBS-2.10", child)
            continue
        if name not in parts:
            found.at("HBS-2.11" if name in foreign else "HBS-2.05", child)
            continue
        place, part = parts[name]
        if place < latest:
            found.at("HBS-2.07", child)
        latest = max(latest, place)
        seen[name] += 1
        if seen[name] == _most(part) + 1:
            found.at("HBS-2.08", child)
        if seen[name] <= _most(part):
            _visit(part, child, found, foreign)
    for name, (_, part) in parts.items():
        if not seen[name] and isinstance(part, One | Section | Echo):
            found.at("HBS-2.06", node, name)


def _most(part: Part) -> int:
    return part.limit if isinstance(part, Many) else 1


def _visit(part: Any, child: etree._Element, found: Findings, foreign: set[str]) -> None:
    if isinstance(part, Section):
        _walk(part, child, found, foreign)
    elif isinstance(part.node, Record):
        _walk(part.node, child, found, foreign)
    else:
        _check_leaf(part.node, child, found)


def _check_mixed(node: etree._Element, found: Findings) -> None:
    texts = [node.text, *(child.tail for child in node)]
    if any(text and not _SPACES.fullmatch(text) for text in texts):
        found.at("HBS-2.12", node)


def _check_leaf(leaf: Leaf, node: etree._Element, found: Findings) -> None:
    if any(isinstance(child.tag, str) for child in node):
        found.at("HBS-2.12", node)
        return
    text = "".join(node.itertext())
    if leaf.element == "PhienBanDinhDang":
        if text != FORMAT_VERSION:
            found.at("HBS-3.01", node, text)
        return
    try:
        value = leaf.kind.read(text, leaf.label)
        if leaf.kind.write(value, leaf.label) != text:
            found.at(_KIND_RULES.get(id(leaf.kind), "HBS-3.09"), node, text)
    except DomainError as error:
        rule = _TEXT_RULES.get(error.code)
        if rule is None and not text:
            rule = "HBS-3.12"
        if rule is None and leaf.element in _WHOLE:
            rule = "HBS-3.10"
        found.at(rule or _KIND_RULES.get(id(leaf.kind), "HBS-3.09"), node, error.message)


def _check_general(sheet: etree._Element, level: str | None, found: Findings) -> None:
    code = text_at(sheet, "ThongTinChung/MaHocBa")
    try:
        if code is not None and level in ("1", "2", "3") and parse_code(code).level.value != level:
            found.add("HBS-3.03", "/HocBaSo/ToNamHoc/ThongTinChung/CapHoc", f"{code}: {level}")
    except DomainError:
        pass  # the walk said so
    general = sheet.find(_Q + "ThongTinChung")
    version = text_at(sheet, "ThongTinChung/PhienBan")
    if general is None or version is None or not version.isascii() or not version.isdigit():
        return
    replaces, reason = (text_at(general, name) is not None for name in ("ThayThe", "LyDoThayThe"))
    if replaces != reason or replaces != (int(version) != 1):
        found.at("HBS-3.04", general, f"PhienBan {version}")


def _check_subjects(sheet: etree._Element, found: Findings) -> None:
    seen: set[str] = set()
    general = {name: text_at(sheet, f"ThongTinChung/{name}") for name in ("MaHocBa", "PhienBan", "NamHoc")}
    for subject in sheet.iterfind(f"{_Q}MonHocs/{_Q}MonHoc"):
        code = text_at(subject, "MaMon")
        if code is not None:
            if code in seen:
                found.at("HBS-3.18", subject, code)
            seen.add(code)
            if subject.get("Id") != f"mon-{code}":
                found.at("HBS-2.09", subject, code)
        for name, value in general.items():
            own = text_at(subject, name)
            if own is not None and value is not None and own != value:
                found.at("HBS-3.19", subject, f"{name}: {own}")
        _check_marks(subject, found)


def _check_marks(subject: etree._Element, found: Findings) -> None:
    form = text_at(subject, "HinhThuc")
    if form not in ("diem", "nhan_xet"):
        return
    for name in ("HocKyI", "HocKyII", "CaNam", "DanhGiaLai"):
        value = text_at(subject, name)
        if value and (value in _COMMENT_MARKS) != (form == "nhan_xet"):
            found.at("HBS-3.20", subject, f"{name}: {value}")


def _check_people(sheet: etree._Element, found: Findings) -> None:
    subjects = {text_at(subject, "MaMon") for subject in sheet.iterfind(f"{_Q}MonHocs/{_Q}MonHoc")}
    signers = 0
    for person in sheet.iterfind(f"{_Q}NguoiChiuTrachNhiem/{_Q}Nguoi"):
        named = [item.text or "" for item in person.iterfind(_Q + "MonKy")]
        signers += bool(named)
        if named and text_at(person, "VaiTro") != "gvbm":
            found.at("HBS-3.22", person)
        if len(set(named)) != len(named) or not subjects.issuperset(named):
            found.at("HBS-3.23", person, ", ".join(named))
    if signers > MAX_SUBJECT_SIGNATURES:
        found.add("HBS-3.24", "/HocBaSo/ToNamHoc/NguoiChiuTrachNhiem", str(signers))
