"""Phiếu đối chiếu: one A4 page a pupil, in big type, that a guardian answers by phone or with a pen.

The page holds the pupil's own data and a secret link; numbers come in masked. Same input, same bytes.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import typst

from hocbaso.core.errors import DomainError
from hocbaso.engines.rendering.content import printed
from hocbaso.engines.rendering.fonts import FONT_DIR, require_printable
from hocbaso.engines.trust.qr import qr_svg

_DIR = Path(__file__).parent
#: A compiler holds one world, so each thread has its own; fonts are the process's.
_LOCAL = threading.local()


@dataclass(frozen=True, slots=True)
class SlipPage:
    """One pupil. ``lines`` are (label, value as the school has it, "" for nothing)."""

    name: str
    lines: tuple[tuple[str, str], ...]
    link: str  # whole address with the secret token


@dataclass(frozen=True, slots=True)
class SlipSheet:
    """The slips of a class."""

    school: str
    manager: str
    class_name: str
    year: str
    homeroom: str
    valid_until: str  # dd/mm/yyyy
    trial: bool  # made in a test environment
    stamp: str  # who printed it when, under which number
    pages: tuple[SlipPage, ...]

    @property
    def title(self) -> str:
        return f"Phiếu đối chiếu thông tin học sinh, lớp {self.class_name}"


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONT_DIR)])


def _compiler() -> typst.Compiler:
    compiler: typst.Compiler | None = getattr(_LOCAL, "compiler", None)
    if compiler is None:
        compiler = typst.Compiler(root=str(_DIR), font_paths=_fonts(), ignore_system_fonts=True)
        _LOCAL.compiler = compiler
    return compiler


def render_slip_sheet(sheet: SlipSheet, when: datetime) -> bytes:
    """All pages as one PDF/A-2b.

    :param when: time written into the file, with zone.
    :raises DomainError: ``character_not_printable``, ``rendering_failed``.
    """
    for text in (sheet.school, sheet.manager, sheet.class_name, sheet.homeroom, sheet.stamp):
        require_printable("Phiếu đối chiếu", text)
    at = when.astimezone(UTC).replace(microsecond=0)
    content = {
        "title": sheet.title,
        "school": printed(sheet.school),
        "manager": printed(sheet.manager),
        "class": printed(sheet.class_name),
        "year": sheet.year,
        "homeroom": printed(sheet.homeroom),
        "until": sheet.valid_until,
        "trial": sheet.trial,
        "stamp": printed(sheet.stamp),
        "pages": [_page(page) for page in sheet.pages],
        "date": [at.year, at.month, at.day, at.hour, at.minute, at.second],
    }
    try:
        pdf, warnings = _compiler().compile_with_warnings(
            str(_DIR / "slip.typ"),
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


def _page(page: SlipPage) -> dict[str, object]:
    require_printable("Họ và tên học sinh", page.name)
    for label, value in page.lines:
        require_printable(f"{page.name}, mục {label}", value)
    return {
        "name": printed(page.name),
        "lines": [[label, printed(value)] for label, value in page.lines],
        "link": page.link,
        "qr": qr_svg(page.link, quiet=0),
    }
