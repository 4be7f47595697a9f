"""The register says something else than the file: take it over, or keep the file's; a person decides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from django.db import transaction

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.identity.use_cases.note_change import note_change
from hocbaso.apps.pupils.models import Pupil
from hocbaso.apps.residence.models import Kind, Stay, Told, ToldState
from hocbaso.apps.residence.queries import live_stays
from hocbaso.apps.residence.use_cases.common import authorised, clean, units
from hocbaso.apps.residence.use_cases.keep import Place, stay_of
from hocbaso.core.errors import DomainError, register
from hocbaso.core.residence import full_address

register(
    {
        "residence_decided": (
            "Điểm khác này đã được xem rồi, hoặc đã có câu trả lời mới hơn. Thầy cô tải lại trang.",
            "This difference has been decided already.",
        ),
    }
)

_HAMLET, _CURRENT, _NOTE = 160, 240, 300


@transaction.atomic
def take_over(actor: Actor, told: Told, *, commune_code: str = "") -> Stay:
    """Take the register's stay into the file. A verified field that changes asks for a new check.

    :param commune_code: today's commune, needed where the register's words name no single one.
    :raises NotAllowed: policy ``residence.record``
    :raises DomainError: ``residence_decided``, ``residence_commune``, ``residence_long``
    """
    school_class = authorised(actor, told.pupil)
    pupil, row = _locked(told)
    place = Place(**row.entry)
    if not place.commune_code:
        place = _chosen(place, commune_code)
    before = (pupil.commune_code, pupil.commune)
    changed = _write(pupil, place)
    live = list(live_stays([pupil.pk]).filter(source="population"))
    same = next((s for s in live if s.since and (s.kind, s.since) == (place.kind, place.since)), None)
    stay = stay_of(pupil, row.answer, place, by=actor.label, replaces=same)
    _close(row, ToldState.TAKEN, actor)
    if changed:
        note_change(actor, pupil, changed, organisation=school_class.school.code, door="residence")
    chain.record(
        actor,
        "residence.take_over",
        pupil.code,
        organisation=school_class.school.code,
        kind=place.kind,
        fields=sorted(changed),
        before=" ".join(before),
        after=f"{place.commune_code} {place.commune}",
        result=row.answer.result_id,
    )
    return stay


def take_over_details(actor: Actor, rows: Iterable[Told]) -> int:
    """Take over, of many pupils, what differs in house and street only. Each is a decision on record.

    :returns: how many. :raises NotAllowed: as for :func:`take_over`
    """
    done = 0
    with transaction.atomic():
        for told in rows:
            if told.state == ToldState.OPEN and not told.units_differ and told.entry.get("commune_code"):
                take_over(actor, told)
                done += 1
    return done


@transaction.atomic
def keep_file(actor: Actor, told: Told, *, note: str) -> Told:
    """Stand by the file: the family has the register corrected at the police. The reason is kept.

    :raises NotAllowed: policy ``residence.record``
    :raises DomainError: ``residence_decided``, ``residence_empty``, ``residence_paper_refused``
    """
    school_class = authorised(actor, told.pupil)
    note = clean(note, "Lý do", _NOTE, needed=True)
    pupil, row = _locked(told)
    _close(row, ToldState.KEPT, actor, note)
    chain.record(
        actor,
        "residence.keep_file",
        pupil.code,
        organisation=school_class.school.code,
        kind=row.kind,
        note=note,
        result=row.answer.result_id,
    )
    return row


def _locked(told: Told) -> tuple[Pupil, Told]:
    pupil = Pupil.objects.select_for_update().get(pk=told.pupil_id)
    row = Told.objects.select_for_update().get(pk=told.pk)
    if row.state != ToldState.OPEN:
        raise DomainError("residence_decided")
    return pupil, row


def _close(row: Told, state: ToldState, actor: Actor, note: str = "") -> None:
    """Decided: the content does not stay here."""
    row.state, row.entry, row.note = state, {}, note
    row.decided_at, row.decided_by = clock.now(), actor.label
    row.save(update_fields=["state", "entry", "note", "decided_at", "decided_by"])


def _chosen(place: Place, commune_code: str) -> Place:
    commune, province = units(commune_code)
    return replace(
        place,
        commune=commune.name,
        commune_code=commune.code,
        province=province.name,
        province_code=province.code,
        mapped=f"{place.commune}, {place.province} → {commune.name} (người tra cứu chọn)"[:400],
    )


def _write(pupil: Pupil, place: Place) -> set[str]:
    """Bring the file in line; names of the fields that changed."""
    wanted: dict[str, str] = {}
    if place.kind == Kind.PERMANENT:
        wanted = {
            "province": place.province,
            "province_code": place.province_code,
            "commune": place.commune,
            "commune_code": place.commune_code,
        }
        if place.commune_code != pupil.commune_code:
            # Hamlet and street of the file are of another commune; within one they stand beside the
            # register's house and street, and both stay.
            wanted["hamlet"] = _fits(_house(place), "Số nhà, đường, thôn", _HAMLET)
    elif place.kind == Kind.CURRENT:
        text = full_address(place.detail, place.commune, place.province)
        wanted = {"current_address": _fits(text, "Nơi ở hiện tại", _CURRENT)}
    changed = {name for name, value in wanted.items() if getattr(pupil, name) != value}
    if changed:
        for name in changed:
            setattr(pupil, name, wanted[name])
        pupil.updated_at = clock.now()
        pupil.save(update_fields=[*changed, "updated_at"])
    return changed


def _house(place: Place) -> str:
    """House and street without the units that follow, as the sector's form has them."""
    units_named = ", ".join(unit for unit in (place.commune, place.province) if unit)
    whole = full_address(place.detail, place.commune, place.province)
    return whole.removesuffix(units_named).removesuffix(", ")


def _fits(text: str, label: str, limit: int) -> str:
    if len(text) > limit:
        raise DomainError("residence_long", label=label, limit=limit)
    return text
