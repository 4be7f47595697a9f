"""Addresses still in former units: proposed where there is one reading, asked where there are several."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.identity.states import after_change, move_many
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import IdentityState, Pupil, SchoolClass
from hocbaso.apps.residence.models import Kind, Source, Stay, UnitDecision
from hocbaso.apps.residence.queries import places_in_old_units
from hocbaso.apps.residence.use_cases.common import units
from hocbaso.core import codelists
from hocbaso.core.errors import DomainError, NotFound, register
from hocbaso.core.residence import Mapping, Outcome, map_address

register(
    {
        "residence_no_group": (
            "Địa chỉ này không còn học sinh nào chờ chuyển. Thầy cô tải lại trang.",
            "No pupil waits with this address.",
        ),
        "residence_choose_pupils": ("Thầy cô chọn ít nhất một học sinh.", "Choose at least one pupil."),
    }
)


@dataclass(slots=True)
class Group:
    """Pupils whose file names the same place in the same words."""

    key: str
    commune: str
    province: str
    mapping: Mapping
    pupils: list[Pupil] = field(default_factory=list)
    classes: dict[int, SchoolClass] = field(default_factory=dict)  # pupil id → class

    @property
    def written(self) -> str:
        return ", ".join(part for part in (self.commune, self.province) if part)

    @property
    def proposed(self) -> bool:
        """One reading, and nothing was read past."""
        return self.mapping.outcome is Outcome.ONE and self.mapping.exact


def groups_of(school: Organisation, year: str, keys: Collection[str] | None = None) -> list[Group]:
    """What waits in a school, in order of the words; ``keys``: only these. One query."""
    found: dict[str, Group] = {}
    rows = places_in_old_units(school, year).select_related("pupil", "school_class")
    for row in rows.order_by("school_class__grade", "school_class__name", "order", "id"):
        pupil = row.pupil
        key = _key(pupil)
        if keys is not None and key not in keys:
            continue
        group = found.get(key)
        if group is None:
            group = Group(key, pupil.commune, _province(pupil), _read(pupil))
            found[key] = group
        if pupil.pk not in group.classes:
            group.pupils.append(pupil)
            group.classes[pupil.pk] = row.school_class
    return sorted(found.values(), key=lambda g: (g.province, g.commune))


def _province(pupil: Pupil) -> str:
    listed = codelists.province(pupil.province_code)
    return pupil.province or (listed.name if listed else "")


def _read(pupil: Pupil) -> Mapping:
    return map_address(pupil.commune, province=_province(pupil))


def _key(pupil: Pupil) -> str:
    return hashlib.sha256(f"{pupil.commune}|{_province(pupil)}".encode()).hexdigest()[:16]


@transaction.atomic
def apply_proposed(
    actor: Actor, *, school: Organisation, year: str, keys: Collection[str] | None = None
) -> int:
    """Write today's units for the groups that have one exact reading.

    :param keys: only these groups; all when left out. :returns: how many pupils.
    :raises NotAllowed: policy ``residence.map``
    """
    require(actor, "residence.map", school)
    done = 0
    for group in groups_of(school, year, keys):
        if group.proposed and group.mapping.commune is not None:
            done += _write(actor, school, group, group.mapping.commune.code, group.pupils)
    return done


@transaction.atomic
def answer_group(
    actor: Actor,
    *,
    school: Organisation,
    year: str,
    key: str,
    commune_code: str,
    pupils: Collection[int] | None = None,
) -> int:
    """A person says which commune an address means, for all pupils of the group or some of them.

    :param commune_code: of today's list, one of the candidates or any other. :returns: how many pupils.
    :raises NotAllowed: policy ``residence.map``
    :raises DomainError: ``residence_no_group``, ``residence_choose_pupils``, ``residence_commune``
    """
    require(actor, "residence.map", school)
    group = next(iter(groups_of(school, year, {key})), None)
    if group is None:
        raise NotFound("residence_no_group")
    units(commune_code)
    chosen = [p for p in group.pupils if pupils is None or p.pk in pupils]
    if not chosen:
        raise DomainError("residence_choose_pupils")
    return _write(actor, school, group, commune_code, chosen)


def _write(actor: Actor, school: Organisation, group: Group, code: str, pupils: list[Pupil]) -> int:
    commune, province = units(code)
    reading = next((c.text for c in group.mapping.candidates if c.commune.code == code), "")
    mapped = (reading or f"{group.written} → {commune.name} (người nhập chọn)")[:400]
    now = clock.now()
    rows = list(
        Pupil.objects.select_for_update()
        .filter(pk__in=[p.pk for p in pupils], commune_code="")
        .order_by("pk")
    )
    values = {
        "province": province.name,
        "province_code": province.code,
        "commune": commune.name,
        "commune_code": commune.code,
    }
    moves: dict[IdentityState, list[Pupil]] = {}
    for row in rows:
        changed = [name for name, value in values.items() if getattr(row, name) != value]
        for name in changed:
            setattr(row, name, values[name])
        row.updated_at = now
        to = after_change(row.identity_state, changed, row.personal_number)
        if to != row.identity_state:
            moves.setdefault(to, []).append(row)
    Pupil.objects.bulk_update(rows, [*values, "updated_at"])
    Stay.objects.bulk_create(
        Stay(
            pupil=row,
            kind=Kind.PERMANENT,
            detail=row.hamlet,
            mapped=mapped,
            source=Source.FILE,
            recorded_at=now,
            recorded_by=actor.label,
            **values,
        )
        for row in rows
    )
    UnitDecision.objects.create(
        school=school,
        written=group.written[:400],
        commune_code=code,
        mapped=mapped,
        proposed=group.proposed,
        pupils=len(rows),
        at=now,
        by=actor.label,
    )
    for to, people in moves.items():
        move_many(actor, people, to, organisation=school.code, door="residence")
    chain.record(
        actor,
        "residence.map",
        code,
        organisation=school.code,
        written=group.written,
        mapped=mapped,
        pupils=[row.code for row in rows],
    )
    return len(rows)
