"""How numbers of persons are shown where nobody needs them whole."""

from __future__ import annotations

import re

DOT = "•"
#: Twelve digits or more, perhaps in groups: what people copy from a card into a note.
_NUMBERS = re.compile(r"\d(?:[ .\-]?\d){11,}")


def masked_number(number: str) -> str:
    """``079317394341`` → ``079•••••••41``: the first three digits and the last two.

    Enough to tell two pupils of a class apart and to see a number typed under the wrong province; too little
    to use. What is too short to be a number keeps its last digit alone. ``""`` for ``""``.
    """
    if len(number) < 9:
        return DOT * (len(number) - 1) + number[-1:]
    return f"{number[:3]}{DOT * (len(number) - 5)}{number[-2:]}"


def masked_phone(phone: str) -> str:
    """``0903 123 456`` → ``•••••••456``: the last three digits, a family knows which phone is meant."""
    digits = "".join(c for c in phone if c.isdecimal())
    return DOT * max(len(digits) - 3, 0) + digits[-3:] if len(digits) > 4 else DOT * len(digits)


def masked_in(text: str) -> str:
    """Free words (notes, evidence, purposes) with every run that may be a personal number masked.

    ``Thông báo số 079317394341`` → ``Thông báo số 079•••••••41``: what people write beside a file is kept for
    good, and read by more people than the file.
    """
    return _NUMBERS.sub(lambda run: masked_number("".join(c for c in run[0] if c.isdigit())), text)
