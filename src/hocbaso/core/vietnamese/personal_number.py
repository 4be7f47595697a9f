"""Số định danh cá nhân: 12 digits ``PPP G YY RRRRRR``.

Sources: Luật Căn cước 26/2023/QH15 Điều 12; Nghị định 70/2024/NĐ-CP; Thông tư 17/2024/TT-BCA (structure);
domain sheet 2.1 (validation rules). There is no check digit. Birth date and sex are never derived from the
number to overwrite data: what disagrees is a warning that a person settles.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from hocbaso.core import codelists
from hocbaso.core.errors import DomainError, register
from hocbaso.core.vietnamese.letters import nfc
from hocbaso.core.vietnamese.reading import Finding, Severity, finding

LENGTH = 12
_ALLOWED = "Số định danh cá nhân gồm đúng 12 chữ số."

register(
    {
        "personal_number.characters": (
            f"Số định danh “{{written}}” có ký tự không phải chữ số. {_ALLOWED}",
            "{written!r} holds something else than digits.",
        ),
        "personal_number.length": (
            f"Số định danh “{{written}}” có {{count}} chữ số. {_ALLOWED}",
            "{written!r} has {count} digits, not 12.",
        ),
        "personal_number.lost_zero": (
            "Số định danh “{written}” chỉ có {count} chữ số, có lẽ Excel đã bỏ số 0 ở đầu. "
            "Nếu là {proposal} (nơi đăng ký khai sinh: {province}) thì thầy cô xác nhận.",
            "{written!r} may have lost leading zeros: {proposal} ({province}).",
        ),
        "personal_number.spaces": (
            "Số định danh “{written}” có dấu cách; đọc là {value}.",
            "{written!r} holds spaces; read as {value}.",
        ),
        "personal_number.province": (
            "Ba số đầu {code} không có trong danh sách mã tỉnh. "
            "Có thể khai sinh ở nước ngoài; nếu không thì số có khả năng sai.",
            "Province code {code} is unknown.",
        ),
        "personal_number.sex": (
            "Số thứ tư là {digit}, ứng với {number_sex}, nhưng giới tính ghi là {sex}. Có khả năng sai.",
            "Digit {digit} means {number_sex}, the record says {sex}.",
        ),
        "personal_number.century": (
            "Số thứ tư là {digit}, ứng với người sinh từ {first} đến {last}, "
            "nhưng năm sinh ghi là {year}. Có khả năng sai.",
            "Digit {digit} means births {first} to {last}, the record says {year}.",
        ),
        "personal_number.year": (
            "Hai số thứ năm, thứ sáu là {digits}, nhưng năm sinh ghi là {year}. Có khả năng sai.",
            "Year digits {digits} disagree with birth year {year}.",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class PersonalNumber:
    """The parts of a well-formed number. They describe the number, not the person."""

    digits: str
    province_code: str  # PPP: place of birth registration (63 old provinces) or a country
    province: str | None  # None when the code is not in the list
    sex: str  # "Nam" | "Nữ" as the number says
    birth_year: int  # as the number says


def parse(text: str) -> PersonalNumber:
    """Take a number of exactly 12 digits apart.

    :raises DomainError: ``personal_number.characters`` or ``personal_number.length``.
    """
    if not re.fullmatch("[0-9]*", text):
        raise DomainError("personal_number.characters", written=text)
    if len(text) != LENGTH:
        raise DomainError("personal_number.length", written=text, count=len(text))
    century, sex = divmod(int(text[3]), 2)
    place = codelists.id_number_province(text[:3])
    return PersonalNumber(
        digits=text,
        province_code=text[:3],
        province=place.name if place else None,
        sex="Nữ" if sex else "Nam",
        birth_year=1900 + 100 * century + int(text[4:6]),
    )


@dataclass(frozen=True, slots=True)
class NumberCheck:
    """``value`` is set when the number is well formed; findings say what to confirm or correct."""

    value: str | None
    findings: tuple[Finding, ...]

    @property
    def refused(self) -> bool:
        """Some finding is an error."""
        return any(found.severity is Severity.ERROR for found in self.findings)


def check(raw: object, *, birth: str | None = None, sex: str | None = None) -> NumberCheck:
    """Read one cell as a personal number and compare it with the record.

    :param raw: text or number (a spreadsheet's number has lost its zeros); ``None`` and blank give no value
        and no finding.
    :param birth: partial ISO date of birth in the record, if known.
    :param sex: ``"Nam"`` or ``"Nữ"`` in the record, if known.
    :returns: errors for characters and length (with a padded proposal for 9 to 11 digits when the padded
        number's province is known); warnings for unknown province, sex, century and year digits.
    """
    written = _text(raw)
    if not written:
        return NumberCheck(None, ())
    text = "".join(written.split())
    if not re.fullmatch("[0-9]+", text):
        return NumberCheck(None, (finding("personal_number.characters", Severity.ERROR, written=written),))
    if len(text) != LENGTH:
        return NumberCheck(None, _length_findings(written, text, birth, sex))
    found = _compare(parse(text), birth, sex)
    if text != written:
        spaces = finding("personal_number.spaces", Severity.INFO, proposal=text, written=written, value=text)
        found = (spaces, *found)
    return NumberCheck(text, found)


def agrees(written: str, *, birth: str | None = None, sex: str | None = None) -> bool:
    """Whether :func:`check` would take ``written`` as it stands, without a finding; quick, for long lists."""
    return (
        len(written) == LENGTH
        and written.isascii()
        and written.isdigit()
        and _agrees(written[:6], birth and birth[:4], sex)
    )


@lru_cache(maxsize=4096)
def _agrees(beginning: str, year: str | None, sex: str | None) -> bool:
    """Only the first six digits of a number are compared with a record."""
    return not _compare(parse(beginning.ljust(LENGTH, "0")), year, sex)


def _text(raw: object) -> str:
    if raw is None:
        return ""
    if isinstance(raw, float) and raw.is_integer():
        return str(int(raw))
    return nfc(str(raw)).strip().lstrip("'")  # a leading apostrophe is Excel's mark of text


def _length_findings(written: str, text: str, birth: str | None, sex: str | None) -> tuple[Finding, ...]:
    padded = text.zfill(LENGTH)
    if 9 <= len(text) < LENGTH:
        number = parse(padded)
        if number.province is not None:
            lost = finding(
                "personal_number.lost_zero",
                Severity.ERROR,
                written=written,
                count=len(text),
                proposal=padded,
                province=number.province,
            )
            return (lost, *_compare(number, birth, sex))
    return (finding("personal_number.length", Severity.ERROR, written=written, count=len(text)),)


def _compare(number: PersonalNumber, birth: str | None, sex: str | None) -> tuple[Finding, ...]:
    found: list[Finding] = []

    def warn(which: str, /, **params: object) -> None:
        found.append(finding(f"personal_number.{which}", Severity.WARNING, proposal=None, **params))

    digit = number.digits[3]
    if number.province is None:
        warn("province", code=number.province_code)
    if sex is not None and nfc(sex) != number.sex:
        warn("sex", digit=digit, number_sex=number.sex, sex=sex)
    if birth is not None:
        year = int(birth[:4])
        first = number.birth_year // 100 * 100
        if not first <= year <= first + 99:
            warn("century", digit=digit, first=first, last=first + 99, year=year)
        if year % 100 != number.birth_year % 100:
            warn("year", digits=number.digits[4:6], year=year)
    return tuple(found)


def mask(number: str | None) -> str:
    """For screens and logs: ``079••••••412``; anything that is not 12 digits shows nothing but dots."""
    if number is None:
        return ""
    if not re.fullmatch(rf"[0-9]{{{LENGTH}}}", number):
        return "•" * len(number)
    return f"{number[:3]}{'•' * 6}{number[-3:]}"
