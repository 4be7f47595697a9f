"""What was appended behind a seal, in words: only ever asked of a file that is refused already.

Nothing here makes a file valid. Two readings of the file are compared: the sealed revision alone, and all of
it as a viewer sees it; the first difference that a person would call by a name is named.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation.status import SignatureCoverageLevel

from hocbaso.engines.trust.pades_check import PDF_FAILURES
from hocbaso.engines.trust.pades_objects import open_pdf

#: A change that only long-term data of another program's making explains.
FOREIGN_ARCHIVE = "foreign_archive"
_SENTENCES = {
    "unreadable": "phần thêm vào không theo cấu trúc PDF",
    "second_signature": "thêm chữ ký hoặc con dấu thứ hai",
    "pages": "thêm, bớt hoặc thay trang",
    "page_content": "thay nội dung hoặc phông chữ, hình ảnh của trang",
    "annotations": "thêm hoặc sửa chú thích trên trang",
    "form": "thêm hoặc sửa ô biểu mẫu",
    "actions": "thêm hành động tự chạy (mở tệp, JavaScript)",
    "attachments": "thêm hoặc thay tệp đính kèm",
    "metadata": "thay thông tin mô tả (XMP) của tệp",
    "layers": "thêm lớp ẩn hiện",
    "catalog": "sửa mục lục gốc của tệp",
    "objects": "thay đối tượng thuộc phần đã đóng dấu",
    "stamp": "có dấu thời gian lưu trữ không đúng quy cách",
    FOREIGN_ARCHIVE: "được một chương trình khác bổ sung dữ liệu lưu trữ",
    "unknown": "có phần thêm vào không rõ để làm gì",
}
_MAX_NODES = 60_000
_MAX_PAGES = 200


def named_change(known: bytes, whole: bytes) -> str:
    """A stable word for what the octets behind the known ones do; see :func:`sentence_of`.

    :param known: the sealed revision with those of ours behind it; it must be readable.
    """
    try:
        old, new = open_pdf(known), open_pdf(whole)
        if new.xrefs.total_revisions <= old.xrefs.total_revisions:
            return "unreadable"
        for word, differs in _QUESTIONS.items():
            if differs(old, new):
                return word
        return _by_policy(open_pdf(whole))  # a reader that nothing was asked of yet
    except PDF_FAILURES:
        return "unreadable"


def sentence_of(word: str) -> str:
    """The Vietnamese sentence for a word of :func:`named_change`."""
    return f"Tệp PDF có phần thêm vào sau khi đóng dấu: {_SENTENCES[word]}."


def _by_policy(new: PdfFileReader) -> str:
    """pyHanko's own judgement of what is left: only to tell a foreign archive from the unknown."""
    seal = new.embedded_regular_signatures[0]
    seal.compute_integrity_info()
    level = getattr(seal.diff_result, "modification_level", ModificationLevel.OTHER)
    return FOREIGN_ARCHIVE if level <= ModificationLevel.LTA_UPDATES else "objects"


class _Digest:
    """A digest of an object and of everything below it, references followed once."""

    def __init__(self, without: tuple[str, ...] = (), *, follow: bool = True) -> None:
        self._without = without
        self._follow = follow
        self._seen: dict[tuple[int, int], int] = {}
        self._nodes = 0
        self._hash = hashlib.sha256()

    def of(self, value: Any) -> bytes:
        self._add(value, 0)
        return self._hash.digest()

    def _add(self, value: Any, depth: int) -> None:
        self._nodes += 1
        if self._nodes > _MAX_NODES or depth > 200:
            raise ValueError("too large to compare")
        if isinstance(value, generic.IndirectObject):
            key = (value.idnum, value.generation)
            if not self._follow:
                self._hash.update(b"%d %d R" % key)
                return
            if key in self._seen:
                self._hash.update(b"@%d" % self._seen[key])
                return
            self._seen[key] = len(self._seen)
            value = value.get_object()  # type: ignore[no-untyped-call]
        if isinstance(value, generic.DictionaryObject):
            for name in sorted(value):
                if name not in self._without:
                    self._hash.update(name.encode())
                    self._add(value.raw_get(name), depth + 1)
            if isinstance(value, generic.StreamObject):
                self._hash.update(hashlib.sha256(value.data).digest())
        elif isinstance(value, generic.ArrayObject):
            self._hash.update(b"[%d" % len(value))
            for at in range(len(value)):
                self._add(value.raw_get(at), depth + 1)
        else:
            self._hash.update(f"{type(value).__name__}:{value!s};".encode("utf-8", "replace"))


def _second_signature(old: PdfFileReader, new: PdfFileReader) -> bool:
    return len(new.embedded_regular_signatures) != 1


def _pages(old: PdfFileReader, new: PdfFileReader) -> bool:
    tree = [_Digest(follow=False).of(reader.root.raw_get("/Pages")) for reader in (old, new)]
    return tree[0] != tree[1] or _page_numbers(old) != _page_numbers(new)


def _page_numbers(reader: PdfFileReader) -> list[int]:
    count = int(reader.root["/Pages"]["/Count"])
    if not 0 < count <= _MAX_PAGES:
        raise ValueError("number of pages")
    found = (reader.find_page_for_modification(number)[0] for number in range(count))  # type: ignore[no-untyped-call]
    return [reference.idnum for reference in found]


def _each_page(reader: PdfFileReader, without: tuple[str, ...]) -> list[bytes]:
    found = (
        reader.find_page_for_modification(number)[0].get_object()  # type: ignore[no-untyped-call]
        for number in range(len(_page_numbers(reader)))
    )
    return [_Digest(without).of(page) for page in found]


def _page_content(old: PdfFileReader, new: PdfFileReader) -> bool:
    skipped = ("/Annots", "/Parent", "/AA", "/Metadata")
    return _each_page(old, skipped) != _each_page(new, skipped)


def _annotations(old: PdfFileReader, new: PdfFileReader) -> bool:
    return _marks(old) != _marks(new)


def _marks(reader: PdfFileReader) -> list[bytes]:
    """Annotations of all pages but widgets of signatures without a place on the page."""
    found = []
    for number in range(len(_page_numbers(reader))):
        page = reader.find_page_for_modification(number)[0].get_object()  # type: ignore[no-untyped-call]
        for annotation in page.get("/Annots", ()):
            node = annotation.get_object()
            if node.get("/FT") == "/Sig" and [float(edge) for edge in node["/Rect"]] == [0, 0, 0, 0]:
                continue
            found.append(_Digest(("/P", "/Parent")).of(node))
    return found


def _form(old: PdfFileReader, new: PdfFileReader) -> bool:
    return _fields(old) != _fields(new)


def _fields(reader: PdfFileReader) -> list[bytes]:
    form = reader.root["/AcroForm"]
    fields = (field.get_object() for field in form["/Fields"])
    others = [field for field in fields if "/V" not in field or not _is_stamp(field["/V"])]
    skipped = ("/P", "/Parent")
    return [_Digest(("/Fields", *skipped)).of(form), *(_Digest(skipped).of(field) for field in others)]


def _is_stamp(value: Any) -> bool:
    return isinstance(value, generic.DictionaryObject) and value.get("/Type") == "/DocTimeStamp"


def _part(*path: str) -> Callable[[PdfFileReader, PdfFileReader], bool]:
    """Whether something below the catalog differs; absence counts."""

    def found(reader: PdfFileReader) -> bytes | None:
        value: Any = reader.root
        for name in path:
            if not isinstance(value, generic.DictionaryObject) or name not in value:
                return None
            value = value[name]
        return _Digest(("/P", "/Parent")).of(value)

    return lambda old, new: found(old) != found(new)


def _any(
    *questions: Callable[[PdfFileReader, PdfFileReader], bool],
) -> Callable[[PdfFileReader, PdfFileReader], bool]:
    return lambda old, new: any(differs(old, new) for differs in questions)


def _page_actions(old: PdfFileReader, new: PdfFileReader) -> bool:
    def found(reader: PdfFileReader) -> list[bytes]:
        pages = (
            reader.find_page_for_modification(number)[0].get_object()  # type: ignore[no-untyped-call]
            for number in range(len(_page_numbers(reader)))
        )
        return [_Digest(("/P", "/Parent")).of(page["/AA"]) for page in pages if "/AA" in page]

    return found(old) != found(new)


def _catalog(old: PdfFileReader, new: PdfFileReader) -> bool:
    skipped = ("/DSS", "/AcroForm", "/Extensions")
    return _Digest(skipped, follow=False).of(old.root) != _Digest(skipped, follow=False).of(new.root)


def _stamps(old: PdfFileReader, new: PdfFileReader) -> bool:
    """A document time stamp that does not cover everything before it."""
    for stamp in new.embedded_timestamp_signatures:
        stamp.compute_integrity_info(skip_diff=True)
        if stamp.coverage < SignatureCoverageLevel.ENTIRE_REVISION:
            return True
    return False


_QUESTIONS: dict[str, Callable[[PdfFileReader, PdfFileReader], bool]] = {
    "second_signature": _second_signature,
    "pages": _pages,
    "actions": _any(_part("/OpenAction"), _part("/AA"), _part("/Names", "/JavaScript"), _page_actions),
    "attachments": _any(_part("/Names", "/EmbeddedFiles"), _part("/AF")),
    "metadata": _part("/Metadata"),
    "layers": _part("/OCProperties"),
    "form": _form,
    "annotations": _annotations,
    "page_content": _page_content,
    "catalog": _catalog,
    "stamp": _stamps,
}
