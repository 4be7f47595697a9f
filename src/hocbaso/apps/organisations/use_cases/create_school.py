"""Add a school and, where they are missing, the units that manage it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from django.db import IntegrityError, transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.audit import chain
from hocbaso.apps.organisations.models import Kind, Level, Management, Organisation, Ownership
from hocbaso.apps.organisations.use_cases import units
from hocbaso.core.errors import DomainError, register
from hocbaso.core.vietnamese.letters import collapse, nfc

register(
    {
        "school_code_taken": (
            "Mã {code} đã thuộc về {name}. Mỗi trường có một mã riêng, không dùng lại.",
            "Code {code} belongs to {name}.",
        ),
        "school_code_wrong": (
            "Mã trường “{code}” không đúng: từ 1 đến 20 ký tự, chỉ gồm chữ không dấu, chữ số và dấu . - _.",
            "{code} is no school code: 1 to 20 letters without marks, digits, and . - _.",
        ),
        "school_name_wrong": (
            "Tên trường cần từ 1 đến 200 ký tự.",
            "A school's name has 1 to 200 characters.",
        ),
        "school_levels_wrong": (
            "Cấp học “{levels}” không đúng. Chọn một hoặc nhiều trong: {allowed}.",
            "{levels} are no levels; choose from {allowed}.",
        ),
        "school_manager_wrong": (
            "Cấp quản lý “{manager}” không đúng: “so” là Sở, “xa” là UBND cấp xã.",
            "{manager} is no managing level: so or xa.",
        ),
        "school_ownership_wrong": (
            "Loại hình “{ownership}” không đúng: “public” là công lập, “private” là tư thục.",
            "{ownership} is no ownership: public or private.",
        ),
    }
)

_CODE = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z._-]{0,18}[0-9A-Za-z])?", re.ASCII)
#: Levels whose presence puts a school under the department (NĐ 142/2025: the rest under the commune).
_OF_DEPARTMENT = frozenset({Level.UPPER_SECONDARY, Level.CONTINUING})


def default_manager(levels: Sequence[str]) -> str:
    """``so`` when the highest level is THPT or GDTX, otherwise ``xa``."""
    return "so" if _OF_DEPARTMENT.intersection(levels) else "xa"


def _checked_levels(levels: Sequence[str]) -> list[str]:
    allowed = [level.value for level in Level]
    if not levels or any(level not in allowed for level in levels):
        raise DomainError("school_levels_wrong", levels=", ".join(levels), allowed=", ".join(allowed))
    return [level for level in allowed if level in levels]  # once each, lowest first


def create_school(
    actor: Actor,
    *,
    code: str,
    name: str,
    levels: Sequence[str],
    province_code: str,
    commune_code: str,
    managed_by: str | None = None,
    ownership: str = Ownership.PUBLIC,
    since: date = units.TWO_LEVELS,
) -> Organisation:
    """Add a school under its managing unit.

    :param levels: of :class:`Level`; several for a multi-level school (liên cấp).
    :param province_code: two digits; ``commune_code``: five digits, of a commune in it.
    :param managed_by: ``so`` or ``xa``; by the highest level when None.
    :param since: from when the school and its management are on record here.
    :raises DomainError: ``school_*``, ``province_unknown``, ``commune_*``
    :raises NotAllowed: policy ``organisations.create``
    """
    name = collapse(nfc(name))
    if not _CODE.fullmatch(code):
        raise DomainError("school_code_wrong", code=code[:40])
    if not 1 <= len(name) <= 200:
        raise DomainError("school_name_wrong")
    chosen = _checked_levels(levels)
    under = managed_by or default_manager(chosen)
    if under not in ("so", "xa"):
        raise DomainError("school_manager_wrong", manager=under)
    if ownership not in Ownership.values:
        raise DomainError("school_ownership_wrong", ownership=ownership)
    with transaction.atomic():
        commune_unit = units.commune(province_code, commune_code)
        manager = units.department(province_code) if under == "so" else commune_unit
        require(actor, "organisations.create", manager)  # a refusal rolls new units back as well
        taken = Organisation.objects.filter(code=code).first()
        if taken is not None:
            raise DomainError("school_code_taken", code=code, name=taken.name)
        try:
            with transaction.atomic():
                school = Organisation.objects.create(
                    code=code,
                    kind=Kind.SCHOOL,
                    name=name,
                    levels=chosen,
                    ownership=ownership,
                    province_code=province_code,
                    commune_code=commune_code,
                    valid_from=since,
                )
        except IntegrityError:  # somebody else was faster
            raise DomainError("school_code_taken", code=code, name=name) from None
        Management.objects.create(organisation=school, manager=manager, valid_from=since)
        chain.record(
            actor,
            "organisations.create",
            code,
            organisation=code,
            name=name,
            levels=chosen,
            manager=manager.code,
            ownership=ownership,
        )
    return school
