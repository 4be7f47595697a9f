"""Phiếu đối chiếu: one A4 page a pupil, in big type, that a guardian answers by phone or with a pen.

The page holds the pupil's own data and a secret link; numbers come in masked. Same input, same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from hocbaso.engines.rendering.compiler import lay_out
from hocbaso.engines.rendering.content import printed
from hocbaso.engines.rendering.fonts import require_printable
from hocbaso.engines.trust.qr import qr_svg

_DIR = Path(__file__).parent


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
    return lay_out(_DIR / "slip.typ", content, at)


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
