"""The homeroom teacher notes what was compared with which paper; nothing noted is ever rewritten."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.privacy.masking import masked_in
from hocbaso.apps.pupils.models import Enrolment, Pupil, SchoolClass
from hocbaso.apps.quality.gather import latest_checks
from hocbaso.apps.quality.models import PaperCheck
from hocbaso.apps.quality.use_cases.compute import compute
from hocbaso.core.errors import DomainError, register
from hocbaso.core.quality.checklist import BY_KEY, Item, group_digest
from hocbaso.core.vietnamese.letters import collapse, nfc

register(
    {
        "quality_source": (
            "{item}: thầy cô ghi đã đối chiếu với giấy tờ nào.",
            "{item}: name the paper.",
        ),
        "quality_check_date": (
            "Ngày đối chiếu không thể ở tương lai.",
            "The day of the check cannot be in the future.",
        ),
    }
)


@transaction.atomic
def set_checks(
    actor: Actor,
    *,
    school_class: SchoolClass,
    wanted: Mapping[str, Collection[int]],
    sources: Mapping[str, str],
    checked_on: date | None = None,
) -> int:
    """Bring the class's checklist to what the page shows: new ticks are noted, taken away ones too.

    :param wanted: item → pupils who are ticked; items that are not named stay as they are.
    :param sources: item → paper.
    :returns: how many rows were written.
    :raises NotAllowed: policy ``quality.check``
    :raises DomainError: ``quality_source``, ``quality_check_date``
    """
    require(actor, "quality.check", school_class)
    day = checked_on or clock.today()
    if day > clock.today():
        raise DomainError("quality_check_date")
    enrolments = Enrolment.objects.filter(school_class=school_class, active=True).select_related("pupil")
    pupils = {row.pupil_id: row.pupil for row in enrolments}
    now = latest_checks(pupils)
    rows: list[PaperCheck] = []
    for key in wanted:
        item = BY_KEY[key]
        source = masked_in(collapse(nfc(sources.get(key, ""))))[:120]
        for pk, pupil in pupils.items():
            row = _row(actor, pupil, item, pk in wanted[key], now.get(pk, {}).get(key), source, day)
            if row is not None:
                rows.append(row)
    if not rows:
        return 0
    PaperCheck.objects.bulk_create(rows)
    touched = sorted({row.pupil_id for row in rows})
    chain.record(
        actor,
        "quality.check",
        school_class.name,
        organisation=school_class.school.code,
        held=sum(row.held for row in rows),
        taken_back=sum(not row.held for row in rows),
        pupils=[pupils[pk].code for pk in touched],
    )
    compute(school_class.school, school_class.school_year, touched)
    return len(rows)


def _row(
    actor: Actor,
    pupil: Pupil,
    item: Item,
    ticked: bool,
    before: PaperCheck | None,
    source: str,
    day: date,
) -> PaperCheck | None:
    digest = group_digest(item, pupil)
    stands = before is not None and before.held and before.digest == digest
    if ticked == stands:  # a check that has lapsed stands unticked already
        return None
    if ticked and not source:
        raise DomainError("quality_source", item=item.label)
    name = actor.user.full_name if actor.user else actor.label
    return PaperCheck(
        pupil=pupil,
        item=item.key,
        held=ticked,
        source=source,
        checked_on=day,
        digest=digest,
        at=clock.now(),
        by=actor.label,
        name=name,
    )


def note_guardian(actor_label: str, name: str, pupil: Pupil, source: str, day: date) -> None:
    """The guardian confirmed the whole slip: the third column of the checklist."""
    item = BY_KEY["phu_huynh"]
    PaperCheck.objects.create(
        pupil=pupil,
        item=item.key,
        source=source[:120],
        checked_on=day,
        digest=group_digest(item, pupil),
        at=clock.now(),
        by=actor_label,
        name=name[:200],
    )
