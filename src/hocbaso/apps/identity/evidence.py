"""What is asked about a person, what of it is missing, and what it hashed to when it was asked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from hocbaso.apps.identity.models import Confirmation, ConfirmationKind
from hocbaso.apps.identity.states import Person
from hocbaso.apps.pupils.models import Pupil
from hocbaso.core.errors import register, sentence
from hocbaso.core.vietnamese import personal_number
from hocbaso.core.vietnamese.dates import format_vi

register(
    {
        "identity.partial_date": (
            "Ngày sinh chỉ có {written}. Nếu giấy khai sinh đúng là như vậy thì thầy cô xác nhận trước "
            "khi gửi.",
            "The birth date is {written} only; somebody must confirm it before it is sent.",
        ),
    }
)

#: field → what people call it, in the order of menu 4.1.1.
LABELS = {
    "full_name": "Họ tên",
    "birth_date": "Ngày sinh",
    "sex": "Giới tính",
    "personal_number": "Số định danh cá nhân",
    "province": "Tỉnh, thành phố thường trú",
    "commune": "Xã, phường thường trú",
}
#: Remarks on the number that somebody must confirm before it is sent (domain 2.1 rule 3); an unknown
#: province code (rule 2) needs nobody.
MUST_CONFIRM = frozenset(
    {"personal_number.sex", "personal_number.century", "personal_number.year", "identity.partial_date"}
)
_PARTIAL = "identity.partial_date"


@dataclass(frozen=True, slots=True)
class Fields:
    """The verified fields of one person, as the file holds them."""

    personal_number: str
    full_name: str
    birth_date: str
    sex: str
    province_code: str = ""
    commune_code: str = ""
    province: str = ""
    commune: str = ""

    def as_json(self) -> dict[str, str]:
        """Field → value."""
        return {name: getattr(self, name) for name in self.__slots__}

    @property
    def digest(self) -> str:
        """SHA-256, the same for the same values: kept as ``snapshot_hash``."""
        text = json.dumps(self.as_json(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def fields_of(person: Person) -> Fields:
    """The person's verified fields now. The staff file of the sector holds no residence."""
    own = (person.personal_number, person.full_name, person.birth_date, person.sex)
    if isinstance(person, Pupil):
        return Fields(*own, person.province_code, person.commune_code, person.province, person.commune)
    return Fields(*own)


def missing(person: Person) -> list[str]:
    """Names of fields of :data:`LABELS` that are empty and must be filled before sending."""
    fields = fields_of(person)
    lacks = [
        name for name in ("full_name", "birth_date", "sex", "personal_number") if not getattr(fields, name)
    ]
    if fields.personal_number and len(fields.personal_number) != personal_number.LENGTH:
        lacks.append("personal_number")
    if isinstance(person, Pupil):
        lacks += [name for name in ("province", "commune") if not getattr(fields, f"{name}_code")]
    return lacks


def warnings(person: Person) -> dict[str, str]:
    """Finding code → sentence: what looks wrong in number and date, whether confirmed or not."""
    number, birth, sex = person.personal_number, person.birth_date, person.sex
    found: dict[str, str] = {}
    if number and not personal_number.agrees(number, birth=birth or None, sex=sex or None):
        checked = personal_number.check(number, birth=birth or None, sex=sex or None)
        found = {finding.code: finding.message for finding in checked.findings}
    if birth and len(birth) != 10:
        found[_PARTIAL] = sentence(_PARTIAL, written=format_vi(birth))
    return found


def to_confirm(person: Person, confirmations: Iterable[Confirmation]) -> list[str]:
    """Finding codes that somebody must still confirm before the person is sent.

    :param confirmations: of this person; those of former values do not count.
    """
    codes = MUST_CONFIRM & warnings(person).keys()
    if codes:
        codes -= confirmed(person, confirmations, ConfirmationKind.WARNING)
    return sorted(codes)


def confirmed(person: Person, confirmations: Iterable[Confirmation], kind: ConfirmationKind) -> set[str]:
    """What people confirmed of the person's present values."""
    now = fields_of(person).digest
    return {
        subject
        for row in confirmations
        if row.kind == kind and row.snapshot_hash == now
        for subject in row.subjects
    }
