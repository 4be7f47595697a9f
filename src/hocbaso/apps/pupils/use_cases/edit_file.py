"""Edit what the population register does not verify: family, contact, places, ethnic group, religion.

Verified fields go through ``identity.use_cases.repair.correct``; this door refuses them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.pupils.models import Enrolment, Pupil
from hocbaso.apps.pupils.use_cases.here import require_here
from hocbaso.core import codelists
from hocbaso.core.errors import DomainError, register
from hocbaso.core.vietnamese.letters import collapse, nfc

register(
    {
        "pupil_field": ("Không sửa được mục “{field}” ở đây.", "Field {field} is not edited here."),
        "pupil_field_long": (
            "{label} dài quá {limit} ký tự.",
            "{label} has at most {limit} characters.",
        ),
        "pupil_field_list": (
            "{label} “{value}” không có trong danh mục. Thầy cô chọn đúng tên trong danh mục.",
            "{label} {value} is not in the list.",
        ),
        "pupil_field_phone": (
            "{label}: số điện thoại bắt đầu bằng 0 và có 10 chữ số, hoặc ghi “Không”.",
            "{label}: a telephone number has 10 digits and begins with 0.",
        ),
        "pupil_field_year": (
            "{label}: ghi năm bằng 4 chữ số như 1985, hoặc ghi “Không”.",
            "{label}: a year has four digits.",
        ),
        "pupil_field_same": ("Các mục vừa nhập giống hồ sơ đang có.", "Nothing differs from the file."),
    }
)

#: field → what people call it, in the order of the form.
LABELS = {
    "ethnic_group": "Dân tộc",
    "religion": "Tôn giáo",
    "nationality": "Quốc tịch",
    "birth_place": "Nơi sinh",
    "home_town": "Quê quán",
    "hamlet": "Tổ, thôn, xóm thường trú",
    "current_address": "Chỗ ở hiện nay",
    "phone": "Số điện thoại liên hệ",
    "disability": "Loại khuyết tật",
    "father_name": "Họ tên cha",
    "father_birth_year": "Năm sinh cha",
    "father_occupation": "Nghề nghiệp cha",
    "father_phone": "Số điện thoại cha",
    "mother_name": "Họ tên mẹ",
    "mother_birth_year": "Năm sinh mẹ",
    "mother_occupation": "Nghề nghiệp mẹ",
    "mother_phone": "Số điện thoại mẹ",
    "guardian_name": "Họ tên người giám hộ",
}
EDITABLE = tuple(LABELS)
_NO = "Không"
_PHONE = re.compile(r"^0[0-9]{9,10}$")


@transaction.atomic
def edit_file(
    actor: Actor, *, enrolment: Enrolment, values: Mapping[str, str], door: str = "file"
) -> list[str]:
    """Write these fields of the pupil's file; "không" stands as ``Không``, an empty text clears the cell.

    :param values: field of :data:`EDITABLE` → what was typed; fields that are not named stay.
    :returns: names of the fields that changed.
    :raises NotAllowed: policy ``pupils.edit``
    :raises DomainError: ``pupil_field*``, ``pupil_not_ours``; nothing is changed then.
    """
    require(actor, "pupils.edit", enrolment.school_class)
    require_here(enrolment)
    wanted = {name: read_field(name, written) for name, written in values.items()}
    row = Pupil.objects.select_for_update().get(pk=enrolment.pupil_id)
    changed = sorted(name for name, value in wanted.items() if getattr(row, name) != value)
    if not changed:
        raise DomainError("pupil_field_same")
    for name in changed:
        setattr(row, name, wanted[name])
        setattr(enrolment.pupil, name, wanted[name])
    row.updated_at = clock.now()
    row.save(update_fields=[*changed, "updated_at"])
    chain.record(
        actor,
        "pupils.edit",
        row.code,
        organisation=enrolment.school_class.school.code,
        fields=changed,
        door=door,
    )
    return changed


def read_field(name: str, written: str) -> str:
    """The value as it is stored.

    :raises DomainError: ``pupil_field*``: what is not exact is refused with what is allowed.
    """
    if name not in LABELS:
        raise DomainError("pupil_field", field=name)
    text = collapse(nfc(written))
    limit = getattr(Pupil._meta.get_field(name), "max_length", 0)
    if len(text) > limit:
        raise DomainError("pupil_field_long", label=LABELS[name], limit=limit)
    if not text:
        return ""
    if text.casefold() == _NO.casefold() and name != "ethnic_group":
        return _NO
    return _READERS.get(name, _plain)(name, text)


def _plain(_name: str, text: str) -> str:
    return text


def _listed(find: Callable[[str], codelists.CodeItem | None]) -> Callable[[str, str], str]:
    def read(name: str, text: str) -> str:
        item = find(text)
        if item is None:
            raise DomainError("pupil_field_list", label=LABELS[name], value=text)
        return item.name

    return read


def _phone(name: str, text: str) -> str:
    digits = re.sub(r"[ .\-]", "", text).replace("+84", "0")
    if not _PHONE.match(digits):
        raise DomainError("pupil_field_phone", label=LABELS[name])
    return digits


def _year(name: str, text: str) -> str:
    if not re.fullmatch(r"(19|20)[0-9]{2}", text):
        raise DomainError("pupil_field_year", label=LABELS[name])
    return text


_READERS: dict[str, Callable[[str, str], str]] = {
    "ethnic_group": _listed(codelists.find_ethnic_group),
    "religion": _listed(codelists.find_religion),
    "phone": _phone,
    "father_phone": _phone,
    "mother_phone": _phone,
    "father_birth_year": _year,
    "mother_birth_year": _year,
}
