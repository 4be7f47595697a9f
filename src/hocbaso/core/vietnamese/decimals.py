"""Marks as numbers: decimal comma, half-up rounding, no float arithmetic.

Sources: TT 22/2021 Điều 9 (one decimal, domain sheet A3: half up), TT 27/2020 Điều 7 khoản 1 (scale of 10,
no decimals).
"""

from __future__ import annotations

import math
import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from hocbaso.core.errors import register
from hocbaso.core.vietnamese.letters import collapse, nfc
from hocbaso.core.vietnamese.reading import Reading, asked, empty, exact, refused

register(
    {
        "decimal.format": (
            "“{written}” không phải là số. Ghi số như 8 hoặc 7,5.",
            "{written!r} is not a number.",
        ),
        "decimal.places": (
            "“{written}” có quá {places} chữ số thập phân.",
            "{written!r} has more than {places} decimals.",
        ),
        "decimal.range": (
            "“{written}” nằm ngoài khoảng từ {low} đến {high}.",
            "{written!r} is not within {low} to {high}.",
        ),
        "decimal.float_noise": (
            "Ô ghi {written}, có lẽ do Excel tính toán mà ra. Nếu là {shown} thì thầy cô xác nhận.",
            "{written} looks like the float noise of {shown}.",
        ),
        "integer.format": (
            "“{written}” không phải là số. Ghi số nguyên từ {low} đến {high}.",
            "{written!r} is not a whole number.",
        ),
        "integer.decimal": (
            "“{written}” là số thập phân. Ở đây chỉ ghi số nguyên từ {low} đến {high}.",
            "{written!r} is not a whole number.",
        ),
        "integer.written_as_decimal": (
            "“{written}” ghi như số thập phân. Ở đây chỉ ghi số nguyên; nếu là {shown} thì thầy cô xác nhận.",
            "{written!r} is a whole number written as a decimal.",
        ),
    }
)

_NUMBER = re.compile(r"^[0-9]{1,9}(?:[.,][0-9]{1,20})?$")


def round_half_up(value: Decimal, places: int = 1) -> Decimal:
    """Round to ``places`` decimals, halves away from zero (7.25 -> 7.3)."""
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def format_vi(value: Decimal | int, places: int | None = None) -> str:
    """Decimal comma: ``Decimal("7.5")`` -> ``7,5``; ``places`` pads with zeros and never rounds.

    :raises ValueError: the value has more decimals than ``places``.
    """
    number = Decimal(value)
    if places is not None:
        padded = number.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
        if padded != number:
            raise ValueError(f"{value} has more than {places} decimals")
        number = padded
    return f"{number:f}".replace(".", ",")


def read_decimal(
    raw: object, *, places: int = 1, low: Decimal = Decimal(0), high: Decimal = Decimal(10)
) -> Reading[Decimal]:
    """Read a mark with comma or point.

    :returns: exact within range and decimals; asked for float noise of a spreadsheet (8.600000000000001);
        refused with ``decimal.*`` otherwise. Never rounds in silence.
    """
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return empty()
    number = _number(raw)
    written = _written(raw)
    if number is None:
        return refused("decimal.format", written=written)
    if not low <= number <= high:
        return refused("decimal.range", written=written, low=format_vi(low), high=format_vi(high))
    rounded = round_half_up(number, places)
    if rounded == number:
        return exact(rounded)
    if isinstance(raw, float) and abs(rounded - number) < Decimal("1e-9"):
        return asked(rounded, "decimal.float_noise", written=written, shown=format_vi(rounded))
    return refused("decimal.places", written=written, places=places)


def read_integer(raw: object, *, low: int, high: int) -> Reading[int]:
    """Read a whole mark.

    A spreadsheet's 8.0 is 8; the text ``8,0`` is asked, since this scale knows no decimals; 8.5 is refused.
    """
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return empty()
    number = _number(raw)
    written = _written(raw)
    if number is None:
        return refused("integer.format", written=written, low=low, high=high)
    if number != number.to_integral_value():
        return refused("integer.decimal", written=written, low=low, high=high)
    if not low <= number <= high:
        return refused("decimal.range", written=written, low=low, high=high)
    if isinstance(raw, str) and not collapse(raw).isdigit():
        return asked(int(number), "integer.written_as_decimal", written=written, shown=int(number))
    return exact(int(number))


def _written(raw: object) -> object:
    """What a sentence quotes: a text as typed, a spreadsheet's number as it shows it (8, 9,5)."""
    if isinstance(raw, float) and math.isfinite(raw):
        return str(int(raw)) if raw.is_integer() else repr(raw).replace(".", ",")
    return collapse(nfc(raw)) if isinstance(raw, str) else raw


def _number(raw: object) -> Decimal | None:
    if isinstance(raw, bool):
        return None
    if isinstance(raw, int | Decimal):
        number = Decimal(raw)
    elif isinstance(raw, float):
        number = Decimal(repr(raw))  # the shortest text that means this float
    elif isinstance(raw, str) and _NUMBER.match(collapse(raw)):
        number = Decimal(collapse(raw).replace(",", "."))
    else:
        return None
    try:
        return number if number.is_finite() else None
    except InvalidOperation:  # a signalling NaN
        return None
