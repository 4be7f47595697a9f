"""Typst, loaded once a process: data in, PDF/A-3b out, no network, no system fonts, no clock."""

from __future__ import annotations

import json
import threading
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import typst

from hocbaso.core.errors import DomainError, register
from hocbaso.engines.rendering.fonts import FONT_DIR

register(
    {
        "rendering_failed": (
            "Chưa tạo được bản PDF của học bạ. Nội dung đã ký vẫn nguyên vẹn; thầy cô hãy báo bộ phận "
            "kỹ thuật.",
            "The rendition could not be made: {reason}.",
        ),
    }
)

TEMPLATE_DIR = Path(__file__).parent / "templates"
#: A compiler holds one world, so each thread has its own; fonts and layout cache are the process's.
_LOCAL = threading.local()


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONT_DIR)])


def _compiler() -> typst.Compiler:
    compiler: typst.Compiler | None = getattr(_LOCAL, "compiler", None)
    if compiler is None:
        compiler = typst.Compiler(root=str(TEMPLATE_DIR), font_paths=_fonts(), ignore_system_fonts=True)
        _LOCAL.compiler = compiler
    return compiler


def compile_pdf(entry: str, data: dict[str, Any], attachments: dict[str, str], when: datetime) -> bytes:
    """Lay out ``data`` and export it as PDF/A-3b.

    :param entry: template file, see :data:`hocbaso.engines.rendering.forms.FORMS`.
    :param data: JSON values; strings are printed as they are, never read as markup.
    :param attachments: attachment name → text, each reachable by the template under its name.
    :param when: time written into the file (time of issue), with zone.
    :raises DomainError: ``rendering_failed``.
    """
    inputs = {"data": json.dumps(data, ensure_ascii=False), **attachments}
    try:
        pdf, warnings = _compiler().compile_with_warnings(
            str(TEMPLATE_DIR / entry),
            format="pdf",
            pdf_standards=["a-3b"],
            timestamp=when,
            sys_inputs=inputs,
        )
    except typst.TypstError as error:
        raise DomainError("rendering_failed", reason=error.message) from error
    if warnings:  # a font or glyph that fell back would print something else than was signed
        raise DomainError("rendering_failed", reason="; ".join(w.message for w in warnings))
    if not isinstance(pdf, bytes):
        raise DomainError("rendering_failed", reason="no single file came back")
    return pdf
