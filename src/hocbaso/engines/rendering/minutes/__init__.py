"""Minutes of an unlock case as PDF/A-2b, to be signed on paper or digitally (seed 004: "biên bản")."""

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


@dataclass(frozen=True, slots=True)
class UnlockMinutes:
    """What the minutes show; every value is plain text."""

    number: str
    school: str
    manager: str
    place: str
    trial: bool  # made in a test environment
    people: tuple[tuple[str, str, str], ...]  # part in the matter, name, office
    scope: tuple[tuple[str, str], ...]  # name, value
    pupils: tuple[tuple[str, str], ...]  # code, name; none: the whole class
    why: str
    minutes: tuple[str, ...]  # lines
    decisions: tuple[str, ...]
    signers: tuple[tuple[str, str], ...]  # office, name

    @property
    def title(self) -> str:
        return f"Biên bản mở khóa {self.number}"


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


def render_minutes(minutes: UnlockMinutes, when: datetime) -> bytes:
    """The minutes, A4.

    :param when: time written into the file, with zone; same input, same bytes.
    :raises DomainError: ``character_not_printable``, ``rendering_failed``.
    """
    content = asdict(minutes)
    for name, value in content.items():
        for text in _texts(value):
            require_printable(f"Biên bản, mục {name}", text)
    at = when.astimezone(UTC).replace(microsecond=0)
    content |= {
        "title": minutes.title,
        "date": [at.year, at.month, at.day, at.hour, at.minute, at.second],
    }
    try:
        pdf, warnings = _compiler().compile_with_warnings(
            str(_DIR / "unlock.typ"),
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
