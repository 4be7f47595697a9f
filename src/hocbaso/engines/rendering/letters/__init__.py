"""Letters of a school to guardians about their child's identity fields, as PDF/A-2b (seed 002 step 3).

The words are the caller's; this sets them: one letter a page, A4, the head of an official letter
(Nghị định 30/2020/NĐ-CP, phụ lục I).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from hocbaso.engines.rendering.compiler import lay_out
from hocbaso.engines.rendering.fonts import require_printable

_DIR = Path(__file__).parent


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
    return lay_out(_DIR / "guardian.typ", content, at)
