"""What the homeroom teacher compares with papers, by groups of fields.

No paper about residence is ever asked for (NĐ 104/2022/NĐ-CP): where a family lives is confirmed on the slip.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Item:
    """One column of the checklist: fields, and the papers they may be compared with."""

    key: str
    label: str
    sources: tuple[str, ...]
    fields: tuple[str, ...]


ITEMS = (
    Item(
        "khai_sinh",
        "Giấy khai sinh",
        ("Giấy khai sinh", "Giấy khai sinh bản điện tử", "Thông tin trên VNeID"),
        (
            "full_name",
            "birth_date",
            "sex",
            "ethnic_group",
            "nationality",
            "birth_place",
            "home_town",
            "personal_number",
        ),
    ),
    Item(
        "ly_lich",
        "Sơ yếu lý lịch",
        ("Sơ yếu lý lịch học sinh", "Hồ sơ nhập học"),
        (
            "religion",
            "disability",
            "father_name",
            "father_birth_year",
            "father_occupation",
            "mother_name",
            "mother_birth_year",
            "mother_occupation",
            "guardian_name",
        ),
    ),
    Item(
        "phu_huynh",
        "Phụ huynh xác nhận",
        ("Phiếu đối chiếu", "Trao đổi trực tiếp", "Điện thoại"),
        (
            "phone",
            "father_phone",
            "mother_phone",
            "province_code",
            "commune_code",
            "hamlet",
            "current_address",
        ),
    ),
)
BY_KEY = {item.key: item for item in ITEMS}


def group_digest(item: Item, record: Any) -> str:
    """SHA-256 over the group's values: a check holds as long as they stay the same.

    :param record: anything that has the fields as attributes.
    """
    text = json.dumps([getattr(record, name) for name in item.fields], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
