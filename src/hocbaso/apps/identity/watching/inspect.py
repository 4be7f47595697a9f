"""Names of a class for an inspection: whoever stands above says why, and every opening is on record."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.audit import chain
from hocbaso.apps.identity.queries import FIELD_LABELS, Row, rows_of_class
from hocbaso.apps.privacy.log import viewed
from hocbaso.apps.privacy.masking import masked_in
from hocbaso.apps.pupils.models import IdentityState, SchoolClass
from hocbaso.core.errors import DomainError, register
from hocbaso.core.vietnamese.letters import nfc

register(
    {
        "inspect_purpose": (
            "Thầy cô ghi rõ kiểm tra việc gì (ít nhất 10 ký tự).",
            "The purpose of the inspection is needed.",
        ),
        "inspect_basis": (
            "Thầy cô ghi số quyết định, kế hoạch kiểm tra hoặc số kiến nghị làm căn cứ.",
            "The basis of the inspection is needed.",
        ),
    }
)
_LEAST = 10


@dataclass(frozen=True, slots=True)
class Opened:
    """Those of a class who are not verified; never a number."""

    purpose: str
    basis: str
    rows: list[Row]


@transaction.atomic
def inspect_class(actor: Actor, school_class: SchoolClass, *, purpose: str, basis: str) -> Opened:
    """Names, states and differing fields of the pupils of a class who are not verified.

    :param purpose: what is inspected. :param basis: decision, plan, or number of an escalation.
    :raises NotAllowed: policy ``identity.inspect``
    :raises DomainError: ``inspect_purpose``, ``inspect_basis``
    """
    require(actor, "identity.inspect", school_class)
    purpose = masked_in(" ".join(nfc(purpose).split()))[:200]
    basis = masked_in(" ".join(nfc(basis).split()))[:90]
    if len(purpose) < _LEAST:
        raise DomainError("inspect_purpose")
    if len(basis) < 3:
        raise DomainError("inspect_basis")
    rows = [row for row in rows_of_class(school_class) if row.state != IdentityState.VERIFIED]
    people = [row.person.pk for row in rows]
    school = school_class.school
    viewed(
        actor,
        people,
        "list",
        "identity",
        school_class=school_class,
        unit=school,
        purpose=f"{purpose} ({basis})",
    )
    chain.record(
        actor,
        "identity.inspect",
        f"class:{school_class.pk}",
        organisation=school.code,
        class_name=school_class.name,
        purpose=purpose,
        basis=basis,
        people=len(people),
    )
    return Opened(purpose, basis, rows)


def differing(row: Row) -> str:
    """``Họ tên, Ngày sinh``: the fields that differ, in words."""
    return ", ".join(FIELD_LABELS[name] for name in row.differences)
