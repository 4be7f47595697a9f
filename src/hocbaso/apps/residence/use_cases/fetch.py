"""Order the residence of pupils to be looked up: a class, a school, chosen ones."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.identity.models import OPEN_JOBS, Wait
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Enrolment, Pupil, SchoolClass
from hocbaso.apps.residence.models import Answer, Lookup, Order
from hocbaso.core.errors import DomainError, register
from hocbaso.core.vietnamese import personal_number
from hocbaso.engines.population import Purpose

register(
    {
        "residence_not_here": (
            "{count} học sinh đã chọn không học ở trường này trong năm học {year}. Thầy cô chọn lại.",
            "{count} chosen pupils do not study here in {year}.",
        ),
    }
)

#: Why it is asked and what permits it: residence data take the place of papers.
PURPOSE = Purpose("khai_thac_thong_tin_cu_tru", "Nghị định 104/2022/NĐ-CP")


def asked_of(pupil: Pupil) -> dict[str, str]:
    """What is sent: only what the register needs to find the person, no address."""
    return {
        "personal_number": pupil.personal_number,
        "full_name": pupil.full_name,
        "birth_date": pupil.birth_date,
        "sex": pupil.sex,
    }


def digest_of(asked: dict[str, Any]) -> str:
    """SHA-256, the same for the same values."""
    return hashlib.sha256(json.dumps(asked, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def missing(pupil: Pupil) -> list[str]:
    """What a pupil lacks to be looked up."""
    lacks = [name for name in ("full_name", "birth_date", "sex") if not getattr(pupil, name)]
    if len(pupil.personal_number) != personal_number.LENGTH:
        lacks.append("personal_number")
    return lacks


@transaction.atomic
def order_lookups(
    actor: Actor,
    *,
    school: Organisation,
    year: str,
    school_class: SchoolClass | None = None,
    pupils: Sequence[Pupil] | None = None,
    again: bool = False,
) -> Order:
    """Put pupils who study in the year into the queue: those without an answer for the person they are now.

    Nobody is asked about twice; whoever has been answered is asked about again only with ``again`` or when
    chosen by name. Who lacks a number is listed in ``Order.incomplete``.

    :raises NotAllowed: policies ``residence.fetch``, ``residence.fetch_class``
    :raises DomainError: ``residence_not_here``
    """
    rows = Enrolment.objects.filter(
        active=True, school_class__school=school, school_class__school_year=year
    ).select_related("pupil", "school_class__school")
    if school_class is not None:
        require(actor, "residence.fetch_class", school_class)
        rows = rows.filter(school_class=school_class)
    elif pupils is None:
        require(actor, "residence.fetch", school)
    if pupils is not None:
        rows = rows.filter(pupil__in=[p.pk for p in pupils])
        absent = {p.pk for p in pupils} - set(rows.values_list("pupil", flat=True))
        if absent:
            raise DomainError("residence_not_here", count=len(absent), year=year)
        for row in rows:
            require(actor, "residence.fetch_class", row.school_class)
    if connection.vendor == "postgresql":  # one order a school at a time; SQLite has one writer anyhow
        Organisation.objects.select_for_update().get(pk=school.pk)
    people = list({row.pupil_id: row.pupil for row in rows.order_by("pk")}.values())
    order = _queue(actor, school, year, school_class, people, again=again or pupils is not None)
    chain.record(
        actor,
        "residence.fetch",
        f"order:{order.pk}",
        organisation=school.code,
        school_year=year,
        class_name=school_class.name if school_class else "",
        queued=order.queued,
        already=order.already,
        incomplete=len(order.incomplete),
    )
    return order


def _queue(
    actor: Actor,
    school: Organisation,
    year: str,
    school_class: SchoolClass | None,
    people: list[Pupil],
    *,
    again: bool,
) -> Order:
    now = clock.now()
    order = Order.objects.create(
        school=school,
        school_year=year,
        school_class=school_class,
        purpose=PURPOSE.code,
        legal_basis=PURPOSE.legal_basis,
        by=actor.label,
        at=now,
    )
    ids = [p.pk for p in people]
    waiting = _hurried(ids)
    answered = (
        set() if again else set(Answer.objects.filter(pupil__in=ids).values_list("pupil", "snapshot_hash"))
    )
    lookups: list[Lookup] = []
    for pupil in people:
        lacks = missing(pupil)
        asked = asked_of(pupil)
        digest = digest_of(asked)
        if pupil.pk in waiting or (pupil.pk, digest) in answered:
            order.already += 1
        elif lacks:
            order.incomplete.append({"pupil": pupil.code, "missing": lacks})
        else:
            lookups.append(
                Lookup(order=order, pupil=pupil, not_before=now, asked=asked, snapshot_hash=digest)
            )
    Lookup.objects.bulk_create(lookups)
    order.queued = len(lookups)
    order.save(update_fields=["queued", "already", "incomplete"])
    return order


def _hurried(ids: list[int]) -> set[int]:
    """Ids of pupils who wait already; whom the service let down is asked about again now."""
    jobs = Lookup.objects.filter(state__in=OPEN_JOBS, pupil__in=ids)
    found = set(jobs.values_list("pupil", flat=True))
    if found:
        jobs.filter(wait=Wait.UNAVAILABLE, worker=None).update(not_before=clock.now())
    return found
