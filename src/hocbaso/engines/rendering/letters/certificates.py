"""Letter of a school to an issuer of certificates with its list, as PDF/A-2b.

The head and the order of an official letter follow Nghị định 30/2020/NĐ-CP, phụ lục I.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from hocbaso.engines.rendering.compiler import lay_out
from hocbaso.engines.rendering.fonts import require_printable

_DIR = Path(__file__).parent
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
    return lay_out(_DIR / "certificates.typ", content, at)
