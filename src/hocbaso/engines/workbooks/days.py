"""Days or half-day sessions of absence as schools write them."""

from __future__ import annotations

import re

from hocbaso.core.vietnamese.letters import nfc
from hocbaso.engines.workbooks.grid import Cell
from hocbaso.engines.workbooks.notes import Notes
from hocbaso.engines.workbooks.text import shown, tidy

_PLAIN = re.compile(r"^\d{1,4}$")
_WORDY = re.compile(r"^(\d{1,4})(?:[.,]0+)? ?(?:buổi|buoi|ngày|ngay)?\.?$", re.IGNORECASE)


def read_days(notes: Notes, column: int, cell: Cell, *, high: int) -> int | None:
    """A whole number of days (sessions).

    ``3 buổi`` and ``3,0`` are read as 3 and told; anything else is refused.

    :param high: the most that is believed.
    """
    written = nfc(tidy(shown(cell)))
    match = _WORDY.match(written)
    if isinstance(cell, bool) or match is None or int(match.group(1)) > high:
        said = written.replace(".", ",") if isinstance(cell, float) else written
        message = (
            f"“{said}” không phải là số buổi (ngày) nghỉ. Ghi số nguyên từ 0 đến {high}; không nghỉ thì ghi "
            "0 hoặc để trống."
        )
        notes.error(column, "bad_number_of_days", message, cell)
        return None
    number = int(match.group(1))
    if _PLAIN.match(written):
        return number
    message = f"Ô ghi “{written}”, được đọc là {number}. Nếu không đúng, thầy cô ghi lại bằng số."
    answer = notes.ask(column, "days_in_words", message, cell, str(number))
    return None if answer is False else number
