"""Open the history behind a pupil's results: an auditor's look from outside is itself on record."""

from __future__ import annotations

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.assessment.lineage import Lineage, of_enrolment
from hocbaso.apps.assessment.sheet_lineage import SheetLineage, of_code
from hocbaso.apps.audit.chain import record as audit
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Enrolment
from hocbaso.core.errors import NotFound, register

register(
    {
        "lineage_unknown": (
            "Trường không có học sinh hay học bạ này.",
            "The school has no such pupil or transcript.",
        )
    }
)


@transaction.atomic
def read_pupil(actor: Actor, *, school: Organisation, enrolment_id: int) -> Lineage:
    """Every change behind one pupil's year.

    :raises NotAllowed: neither a leader of the school nor an auditor.
    :raises NotFound: ``lineage_unknown``.
    """
    require(actor, "assessment.lineage", school)
    related = Enrolment.objects.select_related("pupil", "school_class__school")
    enrolment = related.filter(pk=enrolment_id, school_class__school=school).first()
    if enrolment is None:
        raise NotFound("lineage_unknown")
    _note(actor, school, enrolment.pupil.code)
    return of_enrolment(enrolment)


@transaction.atomic
def read_sheet(actor: Actor, *, school: Organisation, code: str) -> list[SheetLineage]:
    """What stood behind each issued version of a transcript code, newest first.

    :raises NotAllowed: neither a leader of the school nor an auditor.
    :raises NotFound: ``transcript_not_found``, ``lineage_unknown``; :raises Unreadable: no code at all.
    """
    require(actor, "assessment.lineage", school)
    found = [one for one in of_code(code) if one.lineage.enrolment.school_class.school_id == school.pk]
    if not found:
        raise NotFound("lineage_unknown")
    _note(actor, school, found[0].issued.code)
    return found


def _note(actor: Actor, school: Organisation, target: str) -> None:
    if actor.role == Role.AUDITOR:
        audit(actor, "assessment.lineage_read", target, organisation=school.code)
