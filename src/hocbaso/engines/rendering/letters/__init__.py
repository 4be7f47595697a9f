"""Letters of a school to guardians about their child's identity fields, as PDF/A-2b (seed 002 step 3).

The words are the caller's; this sets them: one letter a page, A4, the head of an official letter
(Nghị định 30/2020/NĐ-CP, phụ lục I).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
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
class GuardianLetter:
    """One letter; every value is plain text."""

    school: str
    manager: str
    place: str  # where it is written, e.g. the commune
    day: tuple[int, int, int]  # year, month, day of the letter
    trial: bool  # made in a test environment
    subject: str  # "V/v …"
    to: str
    facts: tuple[tuple[str, str], ...]  # name, value: whom it is about
    opening: tuple[str, ...]  # paragraphs
    table: tuple[tuple[str, str], ...]  # field, what the school's file says; may be empty
    request: str  # leads the list of what is asked
    asks: tuple[str, ...]
    notes: tuple[str, ...]
    until: str
    contact: str
    office: str
    signer: str


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


def render_letters(letters: Sequence[GuardianLetter], title: str, when: datetime) -> bytes:
    """The letters as one file, in the order given.

    :param title: of the file. :param when: time written into it, with zone; same input, same bytes.
    :raises DomainError: ``character_not_printable``, ``rendering_failed``.
    :raises ValueError: no letter.
    """
    if not letters:
        raise ValueError("a file of letters needs a letter")
    rows = [asdict(letter) for letter in letters]
    for row in rows:
        for name, value in row.items():
            for text in _texts(value):
                require_printable(f"Giấy báo, mục {name}", text)
    at = when.astimezone(UTC).replace(microsecond=0)
    content = {
        "title": title,
        "date": [at.year, at.month, at.day, at.hour, at.minute, at.second],
        "letters": rows,
    }
    try:
        pdf, warnings = _compiler().compile_with_warnings(
            str(_DIR / "guardian.typ"),
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
