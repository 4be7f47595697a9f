"""The units above a school, made from the official code lists the first time they are needed."""

from __future__ import annotations

from datetime import date, timedelta

from hocbaso.apps.organisations.models import Kind, Management, Organisation
from hocbaso.core import codelists
from hocbaso.core.errors import DomainError, register

register(
    {
        "province_unknown": (
            "Không có tỉnh, thành phố mang mã {code}. Mã gồm 2 chữ số, ví dụ 79 là Thành phố Hồ Chí Minh.",
            "There is no province with code {code}.",
        ),
        "commune_unknown": (
            "Không có xã, phường, đặc khu mang mã {code}. Mã gồm 5 chữ số, theo danh mục từ 01/07/2025.",
            "There is no commune with code {code}.",
        ),
        "commune_elsewhere": (
            "{commune} (mã {code}) không thuộc tỉnh, thành phố mang mã {province}.",
            "{commune} ({code}) does not lie in province {province}.",
        ),
        "district_unknown": (
            "Không có quận, huyện mang mã {code} trong danh mục đến 30/06/2025.",
            "There was no district with code {code}.",
        ),
    }
)

#: Two levels of local government since this day (QĐ 19/2025/QĐ-TTg); district offices ended the day before.
TWO_LEVELS = date(2025, 7, 1)
MINISTRY = "bo-gddt"


def _unit(code: str, kind: Kind, name: str, manager: Organisation | None, **fields: object) -> Organisation:
    """Get or create; a new unit is put under its manager."""
    unit, created = Organisation.objects.get_or_create(
        code=code, defaults={"kind": kind, "name": name, "valid_from": TWO_LEVELS, **fields}
    )
    if created and manager is not None:
        Management.objects.create(organisation=unit, manager=manager, valid_from=unit.valid_from)
    return unit


def ministry() -> Organisation:
    """Bộ Giáo dục và Đào tạo."""
    return _unit(MINISTRY, Kind.MINISTRY, "Bộ Giáo dục và Đào tạo", None)


def department(province_code: str) -> Organisation:
    """Sở Giáo dục và Đào tạo of a province, under the ministry.

    :raises DomainError: ``province_unknown``
    """
    province = codelists.province(province_code)
    if province is None:
        raise DomainError("province_unknown", code=province_code)
    # "Thành phố Hồ Chí Minh" keeps its kind in the department's name; the others are called without.
    place = province.name if province_code == "79" else province.short_name
    return _unit(
        f"so-{province_code}",
        Kind.DEPARTMENT,
        f"Sở Giáo dục và Đào tạo {place}",
        ministry(),
        province_code=province_code,
    )


def commune(province_code: str, commune_code: str) -> Organisation:
    """Ủy ban nhân dân of a commune, under the department in matters of education.

    :raises DomainError: ``commune_unknown``, ``commune_elsewhere``, ``province_unknown``
    """
    above = department(province_code)
    found = codelists.commune(commune_code)
    if found is None:
        raise DomainError("commune_unknown", code=commune_code)
    if found.province_code != province_code:
        raise DomainError("commune_elsewhere", commune=found.name, code=commune_code, province=province_code)
    return _unit(
        f"xa-{commune_code}",
        Kind.COMMUNE,
        f"Ủy ban nhân dân {found.kind} {found.short_name}",
        above,
        province_code=province_code,
        commune_code=commune_code,
    )


def district_office(district_code: str) -> Organisation:
    """Phòng Giáo dục và Đào tạo of a former district: history only, it ended on 30/06/2025.

    :raises DomainError: ``district_unknown``
    """
    district = codelists.legacy_district(district_code)
    if district is None:
        raise DomainError("district_unknown", code=district_code)
    return _unit(
        f"phong-{district_code}",
        Kind.DISTRICT_OFFICE,
        f"Phòng Giáo dục và Đào tạo {district.name[0].lower()}{district.name[1:]}",
        None,
        province_code=district.province_code,
        valid_from=date(1990, 1, 1),
        valid_to=TWO_LEVELS - timedelta(days=1),
    )
