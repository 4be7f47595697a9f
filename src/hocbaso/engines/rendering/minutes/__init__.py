"""Minutes of an unlock case as PDF/A-2b, to be signed on paper or digitally (seed 004: "biên bản")."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from hocbaso.engines.rendering.compiler import lay_out
from hocbaso.engines.rendering.fonts import require_printable

_DIR = Path(__file__).parent


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
    return lay_out(_DIR / "unlock.typ", content, at)
