"""The principal decides on promotion of a pupil who has not completed the grade (TT 27/2020 Điều 11)."""

from __future__ import annotations

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.assessment.models import YearRecord
from hocbaso.apps.assessment.year_rows import save_record, verdict_of
from hocbaso.apps.audit.chain import record as audit
from hocbaso.apps.pupils.models import Enrolment
from hocbaso.core.errors import DomainError
from hocbaso.core.regulation import tt27


@transaction.atomic
def decide_promotion(
    actor: Actor, *, enrolment: Enrolment, promoted: bool, reason: str, reassessed: bool
) -> YearRecord:
    """Record the decision with its reason; the sheet states both when it is frozen.

    :param reassessed: guidance and supplementary assessment are done, and this is their result.
    :raises NotAllowed: not the principal of the school.
    :raises DomainError: ``tt27.reason_needed``, ``tt27.reassess_first``, ``tt27.principal_not_needed``,
        ``tt27.result_first``, ``tt27.last_grade``, ``results_locked``.
    """
    school_class = enrolment.school_class
    require(actor, "assessment.decide_promotion", school_class.school)
    reason = " ".join(reason.split())
    verdict = verdict_of(enrolment)
    assert verdict.decision is not None
    if verdict.decision.completed and not verdict.decision.individual_plan:
        raise DomainError("tt27.principal_not_needed", grade=school_class.grade)
    principal = tt27.PrincipalDecision(promoted=promoted, reason=reason)
    tt27.decide_promotion(verdict.decision, reassessed=reassessed, principal=principal)
    values = {"promoted_by_principal": promoted, "promotion_reason": reason[:300]}
    row = save_record(actor, enrolment, values)
    audit(
        actor,
        "assessment.decide_promotion",
        enrolment.pupil.code,
        organisation=school_class.school.code,
        promoted=promoted,
        year=school_class.school_year,
    )
    return row
