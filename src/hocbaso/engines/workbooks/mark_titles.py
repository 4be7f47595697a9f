"""What a mark page says of itself: class, subject and semester, in its title and in the sheet's name.

Excel cuts sheet names at 31 characters, so that the title above the table counts first (domain sheet 9.2).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from hocbaso.core.regulation.secondary import SecondaryGrade, SecondarySubject
from hocbaso.core.vietnamese.letters import nfc
from hocbaso.engines.workbooks.grid import Cell
from hocbaso.engines.workbooks.text import bare, is_blank, shown, tidy

TERMS = {"i": "hk1", "1": "hk1", "ii": "hk2", "2": "hk2"}
TERM_NAMES = {"hk1": "học kỳ I", "hk2": "học kỳ II"}

_NOT_BEFORE = r"(?<![^\W_])"
_TERM = re.compile(
    _NOT_BEFORE + r"(?:học k[ỳìyi]|hoc k[yi]|hk|k[ỳì])[\s._:-]*(ii|i|2|1)(?![^\W_])", re.IGNORECASE
)
_CLASS = re.compile(
    r"\b(?:lớp|lop)\s*:?\s*((?:1[0-2]|[1-9])(?!\d)[^\s,;:–()]*?)(?=[\s,;:–()]|-\s|-?$)", re.IGNORECASE
)
_CLASS_WORD = re.compile(r"^(?:1[0-2]|[1-9])(?:[a-zđ]\d{0,2}(?:[./]\d{1,2})?|[./]\d{1,2})$", re.IGNORECASE)
_SUBJECT = re.compile(r"\b(?:môn học|môn|hoạt động giáo dục|hđgd)\b\s*[:\-–]?\s*(.+)$", re.IGNORECASE)
_BOOK = re.compile(r"^\s*(?:sổ|bảng)(?:\s+(?:ghi|theo dõi))?\s+điểm(?:\s+chi tiết)?\s+(.+)$", re.IGNORECASE)
_REST = re.compile(
    r"[\s\-–—|,;:(]*(?:"
    + _NOT_BEFORE
    + r"(?:lớp|khối|học k[ỳìyi]|hk[\s._:-]*(?:ii|i|2|1)|năm học|giáo viên|gvbm|gv|trường|sĩ số)(?![^\W_])"
    + r"|\s[-–—|]\s).*$",
    re.IGNORECASE,
)
_ENDS = " -–—|,;:_()."


@dataclass(frozen=True, slots=True)
class Said:
    """What a text says; ``subject`` is a heading as written, "" when nothing is said."""

    class_name: str = ""
    subject: str = ""
    term: str = ""
    row: int = 0
    column: int | None = None
    text: str = ""


def of_title(rows: Iterable[list[Cell]]) -> Said:
    """What the lines above a table say, the first that names a thing."""
    class_name = subject = term = ""
    place: tuple[int, int | None, str] = (0, None, "")
    for index, row in enumerate(rows):
        filled = [(column, tidy(shown(cell))) for column, cell in enumerate(row) if not is_blank(cell)]
        text = nfc(" ".join(part for _, part in filled))
        if not text:
            continue
        found = of_line(text)
        if (found.class_name and not class_name) or (found.subject and not subject) or found.term:
            place = place if place[2] else (index, filled[0][0], text)
        class_name = class_name or found.class_name
        subject = subject or found.subject
        term = term or found.term
    return Said(class_name, subject, term, *place)


def of_line(text: str) -> Said:
    """What one line says: ``SỔ ĐIỂM MÔN TOÁN - LỚP 6A1 - HỌC KỲ I - NĂM HỌC 2025-2026``."""
    match = _CLASS.search(text)
    subject = ""
    if (found := _SUBJECT.search(text)) or (found := _BOOK.search(text)):
        subject = _REST.sub("", " " + found.group(1)).strip(_ENDS)
        if bare(subject).startswith("va "):  # "các môn học và hoạt động giáo dục"
            subject = ""
    return Said(match.group(1).rstrip("-") if match else "", subject, term_in(text))


def of_sheet_name(name: str) -> Said:
    """What a sheet's name says: ``HKI Ngữ văn``, ``6A1``, ``Toán 6A1 HK2``."""
    text = tidy(name)
    term = term_in(text)
    rest = _TERM.sub(" ", text)
    words = [word for word in re.split(r"[\s_]+|\s-\s", rest) if word]
    class_name = next((word.strip(_ENDS) for word in words if _CLASS_WORD.match(word.strip(_ENDS))), "")
    kept = [
        word
        for word in words
        if word.strip(_ENDS) != class_name and bare(word) not in ("lop", "mon", "cn", "ca", "nam", "")
    ]
    return Said(class_name, " ".join(kept).strip(_ENDS), term, text=text)


def term_in(text: str) -> str:
    """The one semester that a text names; "" for none or both."""
    found = {TERMS[match.group(1).lower()] for match in _TERM.finditer(nfc(text))}
    return found.pop() if len(found) == 1 else ""


def find_subject(grade: SecondaryGrade, heading: str) -> SecondarySubject | None:
    """The grade's subject that a heading names, also without diacritics when that is plain."""
    if not heading:
        return None
    found = grade.find(heading)
    if found is not None:
        return found
    plain = bare(heading)
    near = {
        one.code: one
        for one in grade.subjects
        if plain in {bare(name) for name in (one.name, one.short_name, *one.aliases)}
    }
    return next(iter(near.values())) if len(near) == 1 else None


def part_of(grade: SecondaryGrade, heading: str) -> SecondarySubject | None:
    """The subject of which a heading names only a part ("Âm nhạc" of Nghệ thuật in lower secondary)."""
    plain = bare(heading)
    return next((s for s in grade.subjects if any(bare(part) == plain for part in s.parts)), None)
