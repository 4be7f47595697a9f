"""Rules on the raw bytes: limits before anything is parsed, and the one way of writing (area 1)."""

from __future__ import annotations

import re
from itertools import accumulate

from hocbaso.core.document.names import HEAD, SIGNATURES_CLOSE, SIGNATURES_OPEN, TAIL
from hocbaso.core.document.parse import (
    MAX_DEPTH,
    MAX_DOCUMENT,
    MAX_ELEMENTS,
    MAX_SHEET,
    SHEET_CLOSE,
    SHEET_OPEN,
)
from hocbaso.engines.trust.conformance.report import Findings

_COMMENT, _INSTRUCTION, _CDATA = (b"<!--", b"-->"), (b"<?", b"?>"), (b"<![CDATA[", b"]]>")
_BOM = b"\xef\xbb\xbf"
_TAG_ENDS = re.compile(rb"</|/>|<")
_DEPTH = {b"<": 1, b"</": -1, b"/>": -1}
_DECLARATION = re.compile(rb"\s*<\?xml[\s?]")
_ROOT_TAG = re.compile(rb"<HocBaSo(?=[\s>/])[^<>]*>|<[A-Za-z_][\w.-]{0,40}:HocBaSo(?=[\s>/])[^<>]*>")
_TAG = re.compile(rb"<(/?)([^<>/!?\s]+)([^<>]*?)(/?)>")
_PLAIN_REST = re.compile(rb'(?: Id="[^"<>]*")?')
_REFERENCE = re.compile(rb"&(?!amp;|lt;|gt;)[^;<&]{0,12};?")
_SPACE_BETWEEN = re.compile(rb">([ \t\r\n]+)<")
_FOREIGN = re.compile(rb"\sxmlns(?::[\w.-]+)?\s*=")


def check_octets(data: bytes, found: Findings) -> bool:
    """Report what is wrong with the bytes; ``False``: beyond a limit or hostile, must not be parsed."""
    before = len(found.violations)
    if len(data) > MAX_DOCUMENT:
        found.add("HBS-1.01", f"{len(data)} byte")
        return False
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        found.add("HBS-1.08", _offset(data, b"<!"))
    if data.count(b"<") > 2 * MAX_ELEMENTS:
        found.add("HBS-1.03", f"{data.count(b'<')} thẻ")
    depth = max(accumulate(map(_DEPTH.__getitem__, _TAG_ENDS.findall(data))), default=0)
    if depth > MAX_DEPTH:
        found.add("HBS-1.04", f"{depth} tầng")
    safe = len(found.violations) == before
    _check_whole(data, found)
    return safe


def _check_whole(data: bytes, found: Findings) -> None:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        found.add("HBS-1.05", f"byte {error.start}")
    if data.startswith(_BOM):
        found.add("HBS-1.06", "byte 0")
    body = data.removeprefix(_BOM)
    if _DECLARATION.match(body):
        found.add("HBS-1.07", "byte 0")
    plain = _without(body, _CDATA)
    plain = re.sub(rb"\A\s*<\?xml[^>]*\?>", b"", plain)
    for rule, mark, where in (
        ("HBS-1.09", b"<!--", plain),
        ("HBS-1.10", b"<?", plain),
        ("HBS-1.11", b"<![CDATA[", body),
        ("HBS-1.23", b"\r", body),
    ):
        if mark in where:
            found.add(rule, _offset(data, mark))
    _check_frame(body, found)


def _check_frame(body: bytes, found: Findings) -> None:
    """The bytes outside the sheet and the signatures, which no signature covers."""
    tag = _ROOT_TAG.search(body)
    if tag is not None and tag[0] != HEAD:
        found.add("HBS-1.12", f"byte {tag.start()}", tag[0][:120].decode("utf-8", "replace"))
    if tag is not None:
        front = body[: tag.start()]
        front = re.sub(rb"\A\s*<\?xml[^>]*\?>", b"", front)
        front = _without(front, _COMMENT, _INSTRUCTION)
        declared = len(front) != len(body[: tag.start()])
        if front and b"<!" not in front and (front.strip() or not declared):
            found.add("HBS-1.14", "byte 0")
    if not body.endswith(TAIL):
        found.add("HBS-1.14", f"byte {len(body)}")


def check_sheet_octets(data: bytes, found: Findings) -> None:
    """The writing of the sheet itself, and of the tags around it.

    The caller has found one sheet in well-formed XML, so that tags are tags.
    """
    body = data.removeprefix(_BOM)
    start = re.search(rb"<ToNamHoc(?=[\s>/])", body)
    end = body.find(SHEET_CLOSE)
    if start is None or end < start.start():
        found.add("HBS-1.13", "ToNamHoc")
        return
    sheet = body[start.start() : end + len(SHEET_CLOSE)]
    if len(sheet) > MAX_SHEET:
        found.add("HBS-1.02", f"{len(sheet)} byte")
    if not body[: start.start()].endswith(b">"):
        found.add("HBS-1.13", "ToNamHoc")
    head = body.find(HEAD)
    if (
        head >= 0
        and body[head + len(HEAD) : start.start()].strip(b" \t\r\n") != body[head + len(HEAD) : start.start()]
    ):
        found.add("HBS-1.13", "ToNamHoc")
    after = body[end + len(SHEET_CLOSE) :]
    if not after.startswith(SIGNATURES_OPEN):
        found.add("HBS-1.13", "DSCKS")
    if body.endswith(TAIL) and not body.endswith(SIGNATURES_CLOSE + TAIL):
        found.add("HBS-1.13", "/HocBaSo")
    if not sheet.startswith(SHEET_OPEN) and not _FOREIGN.search(sheet.split(b">", 1)[0]):
        found.add("HBS-1.22", "ToNamHoc", sheet.split(b">", 1)[0][:80].decode("utf-8", "replace"))
    _check_signature_spaces(after, found)
    _check_writing(sheet, found)


def _check_signature_spaces(after: bytes, found: Findings) -> None:
    inside = after.removeprefix(SIGNATURES_OPEN)
    first = inside[: inside.find(b"<")] if b"<" in inside else b""
    between = re.search(rb"</ds:Signature>[ \t\r\n]+<", inside)
    if first.strip(b" \t\r\n") != first or between is not None:
        found.add("HBS-1.13", "DSCKS")


def _check_writing(sheet: bytes, found: Findings) -> None:
    # Comments, instructions and CDATA have rules of their own; what they hold is no writing of the sheet.
    text = _without(sheet, _COMMENT, _INSTRUCTION, _CDATA)
    for match in _SPACE_BETWEEN.finditer(text):
        opened, closed = text.rfind(b"<", 0, match.start() + 1), text[match.end() : match.end() + 1]
        leaf = text[opened + 1 : opened + 2] != b"/" and closed == b"/"
        if not leaf:  # a cell of spaces alone is a matter of content
            found.add("HBS-1.15", f"byte {match.start(1)} của tờ")
            break
    for match in _REFERENCE.finditer(text):
        found.add("HBS-1.18", f"byte {match.start()} của tờ", match[0].decode("utf-8", "replace"))
        break
    if text.count(b">") > text.count(b"<"):
        found.add("HBS-1.19", "ToNamHoc")
    for match in _TAG.finditer(text):
        _check_tag(match, found)


def _check_tag(match: re.Match[bytes], found: Findings) -> None:
    closing, name, rest, empty = match.groups()
    shown = match[0][:80].decode("utf-8", "replace")
    if empty:
        found.add("HBS-1.16", f"byte {match.start()} của tờ", shown)
    if b":" in name or _FOREIGN.search(rest):
        found.add("HBS-1.21", f"byte {match.start()} của tờ", shown)
        return
    attributes = re.findall(rb"([^\s=]+)\s*=", rest)
    allowed = [b"Id"] if name in (b"ToNamHoc", b"MonHoc") else []
    if any(attribute not in allowed for attribute in attributes):
        found.add("HBS-1.20", f"byte {match.start()} của tờ", shown)
    elif not _PLAIN_REST.fullmatch(rest) or (closing and rest):
        found.add("HBS-1.22", f"byte {match.start()} của tờ", shown)


def _without(data: bytes, *kinds: tuple[bytes, bytes]) -> bytes:
    """The bytes without comments and the like, in linear time however many are left open."""
    for opening, closing in kinds:
        kept, place = [], 0
        while (start := data.find(opening, place)) >= 0:
            end = data.find(closing, start + len(opening))
            if end < 0:
                break
            kept.append(data[place:start])
            place = end + len(closing)
        data = b"".join([*kept, data[place:]])
    return data


def _offset(data: bytes, mark: bytes) -> str:
    return f"byte {data.find(mark)}"
