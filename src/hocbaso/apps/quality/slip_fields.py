"""What stands on a confirmation slip: fields as the school has them, the personal number masked."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hocbaso.apps.common import clock
from hocbaso.apps.identity.use_cases.typed_values import CORRECTABLE
from hocbaso.apps.privacy.masking import masked_number
from hocbaso.apps.pupils.models import Pupil
from hocbaso.apps.pupils.use_cases.edit_file import read_field
from hocbaso.core import codelists
from hocbaso.core.errors import DomainError, register
from hocbaso.core.vietnamese.dates import format_vi, read_date
from hocbaso.core.vietnamese.letters import collapse, nfc

register(
    {
        "slip_value": ("{label}: xin ghi lại cho đúng.", "{label}: write what is right."),
        "slip_long": ("{label}: xin ghi ngắn hơn {limit} ký tự.", "{label}: at most {limit} characters."),
        "slip_date": (
            "{label}: xin ghi ngày/tháng/năm, ví dụ 09/02/2017.",
            "{label}: write day/month/year.",
        ),
        "slip_number": ("{label}: xin ghi đủ 12 chữ số.", "{label}: write 12 digits."),
        "slip_sex": ("{label}: xin ghi Nam hoặc Nữ.", "{label}: write Nam or Nữ."),
        "slip_place": (
            "{label}: không thấy “{value}” trong danh mục hiện hành. Thầy cô ghi đúng tên sau sắp xếp.",
            "{label}: {value} is not in today's list.",
        ),
    }
)

LIMIT = 200


@dataclass(frozen=True, slots=True)
class Field:
    """One line of a slip. ``key`` is the field of the file; places are asked by their names."""

    key: str
    label: str
    kind: str = "text"  # text | date | sex | number | phone | province
    no: bool = False  # nothing there may be right: then the file says "Không"

    @property
    def verified(self) -> bool:
        """Put right through identity's repair, else through the pupils' edit."""
        return self.key in CORRECTABLE or self.key in ("province", "commune")


FIELDS = (
    Field("full_name", "Họ và tên"),
    Field("birth_date", "Ngày sinh", "date"),
    Field("sex", "Giới tính", "sex"),
    Field("personal_number", "Số định danh cá nhân", "number"),
    Field("ethnic_group", "Dân tộc"),
    Field("religion", "Tôn giáo", no=True),
    Field("nationality", "Quốc tịch"),
    Field("birth_place", "Nơi sinh"),
    Field("home_town", "Quê quán"),
    Field("province", "Thường trú: tỉnh, thành phố", "province"),
    Field("commune", "Thường trú: xã, phường"),
    Field("hamlet", "Thường trú: tổ, thôn, xóm", no=True),
    Field("current_address", "Chỗ ở hiện nay"),
    Field("phone", "Số điện thoại liên hệ", "phone"),
    Field("father_name", "Họ tên cha", no=True),
    Field("father_birth_year", "Năm sinh của cha", no=True),
    Field("father_occupation", "Nghề nghiệp của cha", no=True),
    Field("mother_name", "Họ tên mẹ", no=True),
    Field("mother_birth_year", "Năm sinh của mẹ", no=True),
    Field("mother_occupation", "Nghề nghiệp của mẹ", no=True),
    Field("guardian_name", "Người giám hộ (nếu không phải cha, mẹ)", no=True),
)
BY_KEY = {field.key: field for field in FIELDS}


def shown(field: Field, pupil: Pupil) -> str:
    """The value as the slip shows it; "" where the school has none."""
    value: str = getattr(pupil, field.key)
    if field.kind == "date":
        return format_vi(value) if value else ""
    return masked_number(value) if field.kind == "number" else value


def lines(pupil: Pupil) -> list[tuple[Field, str]]:
    """The whole slip."""
    return [(field, shown(field, pupil)) for field in FIELDS]


def read_value(field: Field, written: str) -> str:
    """What a guardian wrote, refused where nobody could take it over; nothing is mended in silence.

    :raises DomainError: ``slip_*``, ``pupil_field*``
    """
    text = collapse(nfc(written))
    if not text:
        raise DomainError("slip_value", label=field.label)
    if len(text) > LIMIT:
        raise DomainError("slip_long", label=field.label, limit=LIMIT)
    if field.kind == "date":
        reading = read_date(text, latest=clock.today())
        if not reading.exact:
            raise DomainError("slip_date", label=field.label)
        return format_vi(reading.value or "")
    if field.kind == "number" and not re.fullmatch(r"[0-9]{12}", text.replace(" ", "")):
        raise DomainError("slip_number", label=field.label)
    if field.kind == "sex" and text not in ("Nam", "Nữ"):
        raise DomainError("slip_sex", label=field.label)
    if field.kind == "phone" or field.key.endswith("birth_year"):
        return read_field(field.key, text)
    return text.replace(" ", "") if field.kind == "number" else text


def corrections(pupil: Pupil, values: dict[str, str]) -> dict[str, str]:
    """Verified fields as :func:`identity.use_cases.repair.correct` takes them: places by their codes.

    :raises DomainError: ``slip_place``: the name is not in today's list.
    """
    found = {key: value for key, value in values.items() if key not in ("province", "commune")}
    province_code = pupil.province_code
    if "province" in values:
        province = codelists.find_province(values["province"])
        if province is None:
            raise DomainError("slip_place", label=BY_KEY["province"].label, value=values["province"])
        found["province_code"] = province_code = province.code
    if "commune" in values:
        commune = codelists.find_commune(province_code, values["commune"])
        if commune is None:
            raise DomainError("slip_place", label=BY_KEY["commune"].label, value=values["commune"])
        found |= {"province_code": commune.province_code, "commune_code": commune.code}
    return found
