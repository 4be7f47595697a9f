"""What may be typed for a corrected identity, field by field: exact, or refused with what would be right."""

from __future__ import annotations

from collections.abc import Mapping

from hocbaso.apps.common import clock
from hocbaso.apps.identity import evidence
from hocbaso.apps.identity.states import Person
from hocbaso.apps.pupils.models import Pupil
from hocbaso.core import codelists
from hocbaso.core.errors import DomainError, register
from hocbaso.core.vietnamese import personal_number
from hocbaso.core.vietnamese.dates import read_date
from hocbaso.core.vietnamese.letters import collapse, nfc
from hocbaso.core.vietnamese.names import normalise
from hocbaso.core.vietnamese.reading import Severity

register(
    {
        "identity_field": ("Không sửa được mục “{field}” ở đây.", "Field {field} is not corrected here."),
        "identity_value": ("{label}: {why}", "{label}: {why}"),
        "identity_empty": ("{label}: không được để trống.", "{label} must not be empty."),
        "identity_lost_zero": (
            "Số định danh “{written}” chỉ có {count} chữ số. Nếu trên giấy là {proposal} thì thầy cô nhập "
            "lại đủ 12 chữ số.",
            "{written!r} may have lost leading zeros: {proposal}.",
        ),
        "identity_place": (
            "Không có {what} mang mã {code} trong danh mục hiện hành.",
            "There is no {what} with code {code}.",
        ),
        "identity_commune_elsewhere": (
            "{commune} không thuộc {province}. Thầy cô chọn lại xã, phường.",
            "{commune} is not in {province}.",
        ),
    }
)

#: What is corrected here. A place is given by its codes; its names follow from the list.
CORRECTABLE = ("full_name", "birth_date", "sex", "personal_number", "province_code", "commune_code")
_LABELS = evidence.LABELS | {
    "province_code": evidence.LABELS["province"],
    "commune_code": evidence.LABELS["commune"],
}


def read_values(row: Person, values: Mapping[str, str]) -> dict[str, str]:
    """What ``repair.correct`` would write of ``values``, whether it differs from the file or not. No query.

    :raises DomainError: ``identity_*``, ``personal_number.*``
    """
    allowed = CORRECTABLE if isinstance(row, Pupil) else CORRECTABLE[:4]
    wanted: dict[str, str] = {}
    for name, written in values.items():
        if name not in allowed:
            raise DomainError("identity_field", field=_LABELS.get(name, name))
        wanted[name] = _READERS[name](written) if name in _READERS else collapse(written)
    if "province_code" in wanted or "commune_code" in wanted:
        assert isinstance(row, Pupil)
        wanted |= _place(
            wanted.get("province_code", row.province_code), wanted.get("commune_code", row.commune_code)
        )
    return wanted


def _name(written: str) -> str:
    found = normalise(written)
    for finding in found.findings:
        looks_alike = finding.code == "name.changed" and finding.severity is Severity.WARNING
        if finding.severity is Severity.ERROR or looks_alike:  # spaces and code points: the same letters
            raise DomainError("identity_value", label=_LABELS["full_name"], why=finding.message)
    return found.value


def _birth_date(written: str) -> str:
    reading = read_date(written, latest=clock.today())
    if reading.empty:
        raise DomainError("identity_empty", label=_LABELS["birth_date"])
    if not reading.exact or reading.value is None:
        raise DomainError("identity_value", label=_LABELS["birth_date"], why=reading.message or "")
    return reading.value


def _sex(written: str) -> str:
    text = collapse(nfc(written))
    if text not in ("Nam", "Nữ"):
        raise DomainError("identity_value", label=_LABELS["sex"], why="ghi Nam hoặc Nữ.")
    return text


def _number(written: str) -> str:
    checked = personal_number.check(written)
    if checked.value is not None:
        return checked.value
    if not checked.findings:
        return ""  # taken away: the paper belongs to somebody else
    found = checked.findings[0]
    if found.proposal:
        digits = "".join(written.split())
        raise DomainError("identity_lost_zero", written=written, count=len(digits), proposal=found.proposal)
    raise DomainError("identity_value", label=_LABELS["personal_number"], why=found.message)


def _place(province_code: str, commune_code: str) -> dict[str, str]:
    """Names and codes of a permanent residence, both of today's list."""
    province = codelists.province(province_code)
    if province is None:
        raise DomainError("identity_place", what="tỉnh, thành phố", code=province_code or "(trống)")
    commune = codelists.commune(commune_code)
    if commune is None:
        raise DomainError("identity_place", what="xã, phường", code=commune_code or "(trống)")
    if commune.province_code != province.code:
        raise DomainError("identity_commune_elsewhere", commune=commune.name, province=province.name)
    return {
        "province_code": province.code,
        "province": province.name,
        "commune_code": commune.code,
        "commune": commune.name,
    }


_READERS = {"full_name": _name, "birth_date": _birth_date, "sex": _sex, "personal_number": _number}
