"""Cell → text as the person sees it; text → key for comparing; nothing here decides what is right."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from unicodedata import is_normalized

from hocbaso.core.vietnamese.letters import INVISIBLE, collapse, nfc, strip_marks
from hocbaso.engines.workbooks.grid import Cell

_INVISIBLE = frozenset(INVISIBLE)
#: Anything but ASCII and composed letters that Vietnamese and European names are written with; the
#: look-alikes of Đ are not among them.
_UNUSUAL = re.compile("[^ -~\u00c0-\u00cf\u00d1-\u00ef\u00f1-\u00ffĂăĐđĨĩŨũƠơƯưẠ-ỹ]")

_NOT_WORD = re.compile(r"[^0-9a-zà-ỹđ]+")
_HINT = re.compile(
    r"[(\[][^)\]]*(dd\s*/|mm|yyyy|\*|bắt buộc|nếu có|vd|ví dụ|chữ số|nam/nữ)[^)\]]*[)\]]", re.IGNORECASE
)


def shown(cell: Cell) -> str:
    """The cell as a person reads it: text as it is, numbers without ``.0``, dates dd/mm/yyyy."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e20 else repr(cell)
    if isinstance(cell, datetime):
        return cell.strftime("%d/%m/%Y %H:%M") if cell.time() != time(0) else cell.strftime("%d/%m/%Y")
    if isinstance(cell, date):
        return f"{cell.day:02}/{cell.month:02}/{cell.year:04}"
    if isinstance(cell, timedelta):
        return str(cell)
    return str(cell)


def tidy(text: str) -> str:
    """NFC, without invisible characters, single spaces, none at the ends."""
    if all_tidy(text):
        return text
    if not text.isascii():
        text = nfc(text)
        if not _INVISIBLE.isdisjoint(text):
            text = "".join(char for char in text if char not in INVISIBLE)
    return collapse(text)


def _plain(text: str) -> bool:
    """NFC, no two spaces together, and nothing that is not printed: no controls, no invisible characters, no
    white space but the plain space (Unicode categories C and Z).
    """
    return text.isprintable() and "  " not in text and is_normalized("NFC", text)


def joined_texts(row: list[Cell]) -> str:
    """All texts of a row, a space between: what is looked for in every cell is looked for once."""
    return " ".join([cell for cell in row if type(cell) is str and cell])


def all_tidy(joined: str) -> bool:
    """Whether every text of :func:`joined_texts` is in the form that :func:`tidy` gives."""
    return _plain(joined) and joined[:1] != " " and joined[-1:] != " "


def all_usual(joined: str) -> bool:
    """Whether every text of :func:`joined_texts` is tidy and written in usual letters; quicker to tell."""
    return not _UNUSUAL.search(joined) and "  " not in joined and joined[:1] != " " and joined[-1:] != " "


def is_blank(cell: Cell) -> bool:
    """Nothing to see in the cell."""
    return cell == "" or (isinstance(cell, str) and not tidy(cell))


@lru_cache(maxsize=20_000)
def key(text: str) -> str:
    """Comparing key of a header or a short label: NFC, lower case, single spaces, no format hint."""
    return _NOT_WORD.sub(" ", _HINT.sub(" ", tidy(text)).lower()).strip()


@lru_cache(maxsize=20_000)
def bare(text: str) -> str:
    """:func:`key` without any diacritic (``đ`` → ``d``): for people who type without accents."""
    return " ".join(strip_marks(word) for word in key(text).split())
