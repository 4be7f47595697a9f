"""Typst, loaded once a process: data in, PDF/A-3b out, no network, no system fonts, no clock."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

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
#: A compiler holds one world, so each thread has its own of a folder; fonts and caches are the process's.
_LOCAL = threading.local()


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONT_DIR)])


def _compiler(root: Path) -> typst.Compiler:
    known: dict[Path, typst.Compiler] = _LOCAL.__dict__.setdefault("compilers", {})
    if root not in known:
        known[root] = typst.Compiler(root=str(root), font_paths=_fonts(), ignore_system_fonts=True)
    return known[root]


def lay_out(
    template: Path,
    data: Mapping[str, Any],
    when: datetime,
    *,
    standard: Literal["a-2b", "a-3b"] = "a-2b",
    more: Mapping[str, str] | None = None,
) -> bytes:
    """Lay ``data`` out by a template file and export it as PDF/A.

    :param template: its folder is all that it can reach.
    :param data: JSON values; strings are printed as they are, never read as markup.
    :param when: time written into the file, with zone; same input, same bytes.
    :param more: further inputs by name, e.g. attachments.
    :raises DomainError: ``rendering_failed`` (also when a glyph or font fell back: it would
        print something else).
    """
    try:
        pdf, warnings = _compiler(template.parent).compile_with_warnings(
            str(template),
            format="pdf",
            pdf_standards=[standard],
            timestamp=when,
            sys_inputs={"data": json.dumps(data, ensure_ascii=False), **(more or {})},
        )
    except typst.TypstError as error:
        raise DomainError("rendering_failed", reason=error.message) from error
    if warnings:
        raise DomainError("rendering_failed", reason="; ".join(w.message for w in warnings))
    if not isinstance(pdf, bytes):
        raise DomainError("rendering_failed", reason="no single file came back")
    return pdf


def compile_pdf(entry: str, data: dict[str, Any], attachments: dict[str, str], when: datetime) -> bytes:
    """A booklet as PDF/A-3b.

    :param entry: template file, see :data:`hocbaso.engines.rendering.forms.FORMS`.
    :param attachments: attachment name → text, each reachable by the template under its name.
    :raises DomainError: ``rendering_failed``. The rest as :func:`lay_out`.
    """
    return lay_out(TEMPLATE_DIR / entry, data, when, standard="a-3b", more=attachments)
