"""Letter of a school to an issuer of certificates with its list, as PDF/A-2b.

The head and the order of an official letter follow Nghị định 30/2020/NĐ-CP, phụ lục I.
"""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import typst

from hocbaso.core.errors import DomainError
from hocbaso.engines.rendering.fonts import FONT_DIR, require_printable

_DIR = Path(__file__).parent
#: A compiler holds one world, so each thread has its own; fonts are the process's.
_LOCAL = threading.local()
#: Columns of the list after the running number.
LIST_HEADS = (
    "Họ và tên",
    "Ngày sinh",
    "Số định danh cá nhân / mã đơn vị",
    "Chức vụ",
    "Thư điện tử",
    "Điện thoại",
    "Chứng thư số hiện có",
)


@dataclass(frozen=True, slots=True)
class CertificateLetter:
    """One letter; every value is plain text."""

    number: str  # of the request
    dispatch: str  # of the letter in the school's register; may be dots
    school: str
    manager: str
    place: str
    day: tuple[int, int, int]  # year, month, day
    trial: bool  # made in a test environment
    about: str  # "V/v …"
    to: str
    opening: tuple[str, ...]  # paragraphs
    list_title: str
    rows: tuple[tuple[str, ...], ...]  # as LIST_HEADS
    office: str
    signer: str
    mark: str  # who took it out, and under which number

    @property
    def title(self) -> str:
        return f"Đề nghị {self.number}"


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONT_DIR)])


def _compiler() -> typst.Compiler:
    compiler: typst.Compiler | None = getattr(_LOCAL, "compiler", None)
    if compiler is None:
        compiler = typst.Compiler(root=str(_DIR), font_paths=_fonts(), ignore_system_fonts=True)
        _LOCAL.compiler = compiler
    return compiler


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [text for part in value for text in _texts(part)] if isinstance(value, tuple | list) else []


def render_certificate_letter(letter: CertificateLetter, when: datetime) -> bytes:
    """The letter and, on a page of its own, the list.

    :param when: time written into the file, with zone; same input, same bytes.
    :raises DomainError: ``character_not_printable``, ``rendering_failed``.
    """
    content = asdict(letter)
    for name, value in content.items():
        for text in _texts(value):
            require_printable(f"Công văn, mục {name}", text)
    at = when.astimezone(UTC).replace(microsecond=0)
    content |= {
        "title": letter.title,
        "heads": ["STT", *LIST_HEADS],
        "date": [at.year, at.month, at.day, at.hour, at.minute, at.second],
    }
    try:
        pdf, warnings = _compiler().compile_with_warnings(
            str(_DIR / "certificates.typ"),
            format="pdf",
            pdf_standards=["a-2b"],
            timestamp=at,
            sys_inputs={"data": json.dumps(content, ensure_ascii=False)},
        )
    except typst.TypstError as error:
        raise DomainError("rendering_failed", reason=error.message) from error
    if warnings:
        raise DomainError("rendering_failed", reason="; ".join(w.message for w in warnings))
    if not isinstance(pdf, bytes):
        raise DomainError("rendering_failed", reason="no single file came back")
    return pdf
