"""What happens to units in time: a new name, another manager, a merger. The past stays as it was."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import transaction
from django.db.models import Q

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.accounts.models import Assignment
from hocbaso.apps.audit import chain
from hocbaso.apps.organisations.models import FormerName, Management, Organisation
from hocbaso.apps.organisations.queries import managers
from hocbaso.core.errors import DomainError, register
from hocbaso.core.vietnamese.letters import collapse, nfc

register(
    {
        "unit_name_same": ("Tên mới giống tên đang dùng.", "The new name equals the present one."),
        "unit_decision_missing": (
            "Cần số quyết định làm căn cứ cho thay đổi này.",
            "The change needs the number of the decision it rests on.",
        ),
        "unit_day_too_early": (
            "Ngày có hiệu lực phải sau ngày {day}, là lần thay đổi gần nhất.",
            "The change must take effect after {day}, the latest change.",
        ),
        "unit_ended": (
            "{name} đã kết thúc hoạt động ngày {day}.",
            "{name} ended on {day}.",
        ),
        "unit_merge_self": ("Một đơn vị không thể nhập vào chính nó.", "A unit cannot merge into itself."),
        "unit_merge_kind": (
            "Chỉ nhập được vào đơn vị cùng loại; {name} là loại khác.",
            "A unit merges into one of its own kind.",
        ),
        "management_overlap": (
            "Trong khoảng thời gian này, đơn vị đã có cơ quan quản lý khác là {name}.",
            "Another manager, {name}, is on record for that time.",
        ),
    }
)


def _vi(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def _require(actor: Actor, unit: Organisation, decision: str, day: date) -> None:
    """Policy, decision and life of the unit; the same for every kind of change."""
    above = managers(unit, day)
    require(actor, "organisations.create", above[0] if above else None)
    if not decision.strip():
        raise DomainError("unit_decision_missing")
    if unit.valid_to is not None and unit.valid_to < day:
        raise DomainError("unit_ended", name=unit.name, day=_vi(unit.valid_to))
    if day <= unit.valid_from:
        raise DomainError("unit_day_too_early", day=_vi(unit.valid_from))


def rename(actor: Actor, *, unit: Organisation, name: str, day: date, decision: str) -> Organisation:
    """The unit bears ``name`` from ``day`` on; the old one is kept with its time.

    :raises DomainError: ``unit_*``, ``school_name_wrong``
    """
    name = collapse(nfc(name))
    if not 1 <= len(name) <= 200:
        raise DomainError("school_name_wrong")
    with transaction.atomic():
        unit = Organisation.objects.select_for_update().get(pk=unit.pk)
        _require(actor, unit, decision, day)
        if name == unit.name:
            raise DomainError("unit_name_same")
        last = unit.former_names.order_by("-valid_to").first()
        if last is not None and day <= last.valid_to + timedelta(days=1):
            raise DomainError("unit_day_too_early", day=_vi(last.valid_to))
        FormerName.objects.create(
            organisation=unit,
            name=unit.name,
            valid_from=last.valid_to + timedelta(days=1) if last else unit.valid_from,
            valid_to=day - timedelta(days=1),
            decision=decision,
        )
        old, unit.name = unit.name, name
        unit.save(update_fields=["name"])
        chain.record(
            actor,
            "organisations.rename",
            unit.code,
            old=old,
            new=name,
            day=day.isoformat(),
            decision=decision,
        )
    return unit


def change_manager(
    actor: Actor, *, unit: Organisation, manager: Organisation, day: date, decision: str
) -> Management:
    """``manager`` manages the unit from ``day`` on; whoever did so before, until the day before.

    :raises DomainError: ``unit_*``
    """
    with transaction.atomic():
        unit = Organisation.objects.select_for_update().get(pk=unit.pk)
        _require(actor, unit, decision, day)
        present = Management.objects.filter(organisation=unit, valid_to__isnull=True).first()
        if present is not None:
            if day <= present.valid_from:
                raise DomainError("unit_day_too_early", day=_vi(present.valid_from))
            present.valid_to = day - timedelta(days=1)
            present.save(update_fields=["valid_to"])
        link = Management.objects.create(
            organisation=unit, manager=manager, valid_from=day, decision=decision
        )
        chain.record(
            actor,
            "organisations.change_manager",
            unit.code,
            manager=manager.code,
            day=day.isoformat(),
            decision=decision,
        )
    return link


def record_past_manager(
    actor: Actor,
    *,
    unit: Organisation,
    manager: Organisation,
    valid_from: date,
    valid_to: date,
    decision: str = "",
) -> Management:
    """Who managed the unit in the past, e.g. the district office until 30/06/2025.

    :raises DomainError: ``management_overlap``
    """
    with transaction.atomic():
        above = managers(unit)
        require(actor, "organisations.create", above[0] if above else None)
        clash = (
            Management.objects.filter(organisation=unit, valid_from__lte=valid_to)
            .filter(Q(valid_to__isnull=True) | Q(valid_to__gte=valid_from))
            .select_related("manager")
            .first()
        )
        if clash is not None:
            raise DomainError("management_overlap", name=clash.manager.name)
        link = Management.objects.create(
            organisation=unit, manager=manager, valid_from=valid_from, valid_to=valid_to, decision=decision
        )
        chain.record(
            actor,
            "organisations.past_manager",
            unit.code,
            manager=manager.code,
            valid_from=valid_from.isoformat(),
            valid_to=valid_to.isoformat(),
        )
    return link


def merge(actor: Actor, *, unit: Organisation, into: Organisation, day: date, decision: str) -> Organisation:
    """``unit`` is part of ``into`` from ``day`` on. It keeps its name, code and records; its management and
    every assignment in it end the day before, and with them the rights.

    :raises DomainError: ``unit_*``
    """
    eve = day - timedelta(days=1)
    with transaction.atomic():
        unit = Organisation.objects.select_for_update().get(pk=unit.pk)
        _require(actor, unit, decision, day)
        if unit.pk == into.pk:
            raise DomainError("unit_merge_self")
        if unit.kind != into.kind:
            raise DomainError("unit_merge_kind", name=into.name)
        if into.valid_to is not None and into.valid_to < day:
            raise DomainError("unit_ended", name=into.name, day=_vi(into.valid_to))
        unit.valid_to, unit.merged_into = eve, into
        unit.save(update_fields=["valid_to", "merged_into"])
        still = Q(valid_to__isnull=True) | Q(valid_to__gt=eve)
        Management.objects.filter(still, organisation=unit, valid_from__lte=eve).update(valid_to=eve)
        ended = Assignment.objects.filter(still, organisation=unit, valid_from__lte=eve).update(valid_to=eve)
        chain.record(
            actor,
            "organisations.merge",
            unit.code,
            into=into.code,
            day=day.isoformat(),
            decision=decision,
            assignments_ended=ended,
        )
    return unit
