"""Dates as schools write them, read without guessing.

Vietnamese papers write day before month. Old civil papers may hold a month and year or a year only, so the
value is a *partial* ISO 8601 date: ``2017-02-09``, ``2017-02`` or ``2017``.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from hocbaso.core.errors import register
from hocbaso.core.vietnamese.letters import collapse, nfc
from hocbaso.core.vietnamese.reading import Reading, asked, empty, exact, refused

#: Day 0 of Excel's serial numbers in the 1900 date system (domain sheet 9.1).
EXCEL_EPOCH = date(1899, 12, 30)
FIRST_YEAR, LAST_YEAR = 1900, 2100
_ALLOWED = "Cách ghi đúng: ngày/tháng/năm như 09/02/2017; chỉ có tháng và năm như 02/2017; hoặc chỉ có năm."

register(
    {
        "date.format": (
            f"Không đọc được ngày “{{written}}”. {_ALLOWED}",
            "{written!r} is not a date in a known form.",
        ),
        "date.no_such_day": (
            "Ngày “{written}” không có thật: tháng {month} năm {year} chỉ có {days} ngày.",
            "{written!r}: that month has {days} days.",
        ),
        "date.no_such_month": (
            "Ngày “{written}” không có thật: không có tháng {month}. Thầy cô ghi ngày trước, tháng sau.",
            "{written!r}: there is no month {month}.",
        ),
        "date.year_range": (
            f"Ngày “{{written}}”: năm {{year}} nằm ngoài khoảng {FIRST_YEAR} đến {LAST_YEAR}.",
            "{written!r}: year {year} is out of range.",
        ),
        "date.short_year": (
            "Ngày “{written}” ghi năm bằng hai chữ số nên không chắc là năm nào. Thầy cô ghi đủ bốn chữ số.",
            "{written!r}: two-digit years are not read.",
        ),
        "date.serial": (
            "Ô ghi số {written} thay vì ngày. Nếu đây là số ngày của Excel thì là ngày {shown}. "
            "Thầy cô xác nhận hoặc ghi lại ngày.",
            "The number {written} may be the Excel serial of {shown}.",
        ),
        "date.year_or_serial": (
            "Ô ghi số {written}. Nếu chỉ biết năm thì là năm {written}. Thầy cô xác nhận hoặc ghi lại ngày.",
            "The number {written} may be a year.",
        ),
        "date.zero_day": (
            "Ngày “{written}” có ngày hoặc tháng là 00. Nếu giấy tờ không ghi ngày thì chỉ còn {shown}. "
            "Thầy cô xác nhận.",
            "{written!r} holds 00; it may mean {shown}.",
        ),
        "date.separators": (
            "Ngày “{written}” dùng lẫn dấu ngăn cách. Nếu là {shown} thì thầy cô xác nhận.",
            "{written!r} mixes separators.",
        ),
        "date.time": (
            "Ô “{written}” có cả giờ. Nếu là ngày {shown} thì thầy cô xác nhận.",
            "{written!r} holds a time of day.",
        ),
        "date.future": (
            "Ngày {shown} sau ngày {latest}, chưa thể xảy ra.",
            "{shown} is after {latest}.",
        ),
    }
)

_SEP = r"\s*([/\-.])\s*"
_DAY_FIRST = re.compile(rf"^([0-9]{{1,2}}){_SEP}([0-9]{{1,2}}){_SEP}([0-9]{{1,4}})$")
_YEAR_FIRST = re.compile(rf"^([0-9]{{4}}){_SEP}([0-9]{{1,2}})(?:{_SEP}([0-9]{{1,2}}))?$")
_MONTH_YEAR = re.compile(rf"^([0-9]{{1,2}}){_SEP}([0-9]{{4}})$")
_YEAR = re.compile(r"^([0-9]{4})$")
_WORDS = re.compile(r"^(?:(?:ngày )?([0-9]{1,2}) )?tháng ([0-9]{1,2}),? năm ([0-9]{4})$|^năm ([0-9]{4})$")
_MIDNIGHT = re.compile(r"[ T]00:00(:00(\.0+)?)?$")
_SERIAL = re.compile(r"^[0-9]{5}(\.0+)?$")


def read_date(raw: object, *, latest: date | None = None) -> Reading[str]:
    """Read one cell as a partial ISO date.

    :param raw: text, ``date``, ``datetime``, a number (Excel serial, 1900 system) or ``None``.
    :param latest: refuse later dates (e.g. the day of entry for a birth date).
    :returns: exact for unambiguous writing; asked for a bare number (serial or year), 00 for the day, mixed
        separators or a time of day; refused with ``date.*`` otherwise. Nothing is ever guessed.
    """
    reading = _read(raw)
    if latest is not None and reading.value is not None and reading.value > latest.isoformat():
        return refused("date.future", shown=format_vi(reading.value), latest=format_vi(latest.isoformat()))
    return reading


def _read(raw: object) -> Reading[str]:
    if raw is None:
        return empty()
    if isinstance(raw, datetime):
        shown = format_vi(raw.date().isoformat())
        day = _of(raw.year, raw.month, raw.day, shown)
        if raw.time() != time(0) and day.value is not None:
            return asked(day.value, "date.time", written=raw.isoformat(sep=" "), shown=shown)
        return day
    if isinstance(raw, date):
        return _of(raw.year, raw.month, raw.day, format_vi(raw.isoformat()))
    if isinstance(raw, bool):
        return refused("date.format", written=raw)
    if isinstance(raw, int | float | Decimal):
        return _of_number(raw)
    if isinstance(raw, str):
        return _of_text(raw)
    return refused("date.format", written=raw)


def _of_number(number: int | float | Decimal) -> Reading[str]:
    if not (1 <= number <= 10**6) or number != int(number):  # also NaN, infinity, a time of day
        return refused("date.format", written=number)
    whole = int(number)
    if FIRST_YEAR <= whole <= LAST_YEAR:
        return asked(f"{whole:04d}", "date.year_or_serial", written=whole)
    last = (date(LAST_YEAR, 12, 31) - EXCEL_EPOCH).days
    # Serials up to 60 are shifted by Excel's wrong leap year 1900; no school means those days.
    if not 60 < whole <= last:
        return refused("date.format", written=whole)
    value = (EXCEL_EPOCH + timedelta(days=whole)).isoformat()
    return asked(value, "date.serial", written=whole, shown=format_vi(value))


def _of_text(raw: str) -> Reading[str]:
    written = collapse(nfc(raw))
    if not written:
        return empty()
    text = _MIDNIGHT.sub("", written).lower()
    if _SERIAL.match(text):
        return _of_number(int(float(text)))
    if match := _DAY_FIRST.match(text):
        day, first, month, second, year = match.groups()
        if len(year) != 4:
            return refused("date.short_year" if len(year) <= 2 else "date.format", written=written)
        return _separated(first, second, _of(int(year), int(month), int(day), written), written)
    if match := _YEAR_FIRST.match(text):
        year, first, month, second, last = match.groups()
        reading = _of(int(year), int(month), None if last is None else int(last), written)
        return _separated(first, second or first, reading, written)
    if match := _MONTH_YEAR.match(text):
        return _of(int(match[3]), int(match[1]), None, written)
    if match := _YEAR.match(text):
        return _of(int(match[1]), None, None, written)
    if match := _WORDS.match(text):
        day, month, year = match[1], match[2], match[3] or match[4]
        return _of(int(year), int(month) if month else None, int(day) if day else None, written)
    return refused("date.format", written=written)


def _separated(first: str, second: str, reading: Reading[str], written: str) -> Reading[str]:
    if first != second and reading.exact and reading.value is not None:
        return asked(reading.value, "date.separators", written=written, shown=format_vi(reading.value))
    return reading


def _of(year: int, month: int | None, day: int | None, written: str) -> Reading[str]:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return refused("date.year_range", written=written, year=year)
    if month is None:
        return exact(f"{year:04d}")
    if month == 0 and not day:
        return asked(f"{year:04d}", "date.zero_day", written=written, shown=f"năm {year}")
    if not 1 <= month <= 12:
        return refused("date.no_such_month", written=written, month=month)
    if day is None:
        return exact(f"{year:04d}-{month:02d}")
    if day == 0:
        shown = f"tháng {month} năm {year}"
        return asked(f"{year:04d}-{month:02d}", "date.zero_day", written=written, shown=shown)
    days = monthrange(year, month)[1]
    if day > days:
        return refused("date.no_such_day", written=written, month=month, year=year, days=days)
    return exact(f"{year:04d}-{month:02d}-{day:02d}")


def format_vi(iso: str) -> str:
    """``2017-02-09`` -> ``09/02/2017``, ``2017-02`` -> ``02/2017``, ``2017`` -> ``2017``."""
    return "/".join(reversed(iso.split("-")))


def format_long_vi(iso: str) -> str:
    """As printed above signatures: ``ngày 27 tháng 5 năm 2026`` (partial dates lose what they lack)."""
    words = [f"năm {iso[:4]}"]
    if len(iso) >= 7:
        words.insert(0, f"tháng {int(iso[5:7])}")
    if len(iso) == 10:
        words.insert(0, f"ngày {int(iso[8:10])}")
    return " ".join(words)


def is_partial_iso(text: str) -> bool:
    """Whether the text is exactly a partial ISO date as this module writes it."""
    reading = _of_text(text)
    return reading.exact and reading.value == text
