"""Which family of certificates serves which role at which kind of school: dated data (trust.md section 2)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from hocbaso.core.errors import DomainError, register

register(
    {
        "certificate_family": (
            "Chứng thư số này thuộc {family}; ở loại trường này, vai trò {role} cần {wanted}. "
            "Căn cứ: {basis}.",
            "The certificate is of family {family}; the role {role} needs {wanted} here ({basis}).",
        ),
    }
)

FAMILY_NAMES = {"vgca": "Ban Cơ yếu Chính phủ (VGCA)", "public": "CA công cộng"}
#: A deputy is registered apart: the year sheet knows no such signature, so no verifier takes it for one.
DEPUTY = "pho_ht"
ROLE_NAMES = {
    "gvbm": "giáo viên môn học",
    "gvcn": "giáo viên chủ nhiệm",
    "hieu_truong": "hiệu trưởng",
    DEPUTY: "phó hiệu trưởng",
    "con_dau": "con dấu của trường",
}


@dataclass(frozen=True, slots=True)
class FamilyRule:
    """One rule; ``valid_to`` is included. ``usual`` is what is ordinarily applied for."""

    role: str
    ownership: str  # "public" | "private"
    families: tuple[str, ...]
    usual: str
    valid_from: date
    valid_to: date | None
    basis: str


@lru_cache(maxsize=1)
def _rules() -> tuple[FamilyRule, ...]:
    data = json.loads((Path(__file__).parent / "families.json").read_text(encoding="utf-8"))
    return tuple(
        FamilyRule(
            row["role"],
            row["ownership"],
            tuple(row["families"]),
            row["usual"],
            date.fromisoformat(row["valid_from"]),
            date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
            row["basis"],
        )
        for row in data["rules"]
    )


def rule_for(role: str, ownership: str, day: date) -> FamilyRule | None:
    """The rule of that day; None: nothing is prescribed."""
    for rule in _rules():
        holds = rule.valid_from <= day and (rule.valid_to is None or day <= rule.valid_to)
        if holds and (rule.role, rule.ownership) == (role, ownership):
            return rule
    return None


def check_family(family: str, role: str, ownership: str, day: date) -> None:
    """:raises DomainError: ``certificate_family``: the rule of the day wants another family."""
    rule = rule_for(role, ownership, day)
    if rule is None or family in rule.families:
        return
    raise DomainError(
        "certificate_family",
        family=FAMILY_NAMES.get(family, family),
        role=ROLE_NAMES[role],
        wanted=" hoặc ".join(FAMILY_NAMES[one] for one in rule.families),
        basis=rule.basis,
    )
