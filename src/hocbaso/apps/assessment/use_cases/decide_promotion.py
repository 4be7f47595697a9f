"""The principal decides on promotion where the circular leaves it to people.

Primary: a pupil who has not completed the grade (TT 27/2020 Điều 11). Secondary: a pupil assessed by an
individual plan (TT 22/2021 Điều 11 and 12); for everybody else the rule alone decides.
"""

from __future__ import annotations

from dataclasses import replace

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.assessment.models import YearRecord
from hocbaso.apps.assessment.parts import is_secondary
from hocbaso.apps.assessment.year_rows import read_year, save_record, verdict_of, year_input
from hocbaso.apps.audit.chain import record as audit
from hocbaso.apps.pupils.models import Enrolment
from hocbaso.core.errors import DomainError
from hocbaso.core.regulation import tt22, tt27


@transaction.atomic
def decide_promotion(
    actor: Actor, *, enrolment: Enrolment, promoted: bool, reason: str, reassessed: bool
) -> YearRecord:
    """Record the decision with its reason; the sheet states both when it is frozen.

    :param reassessed: guidance and supplementary assessment are done, and this is their result.
    :raises NotAllowed: not the principal of the school.
    :raises DomainError: ``tt27.reason_needed``, ``tt27.reassess_first``, ``tt27.principal_not_needed``,
        ``tt27.result_first``, ``tt27.last_grade``; ``tt22.principal_not_needed``, ``tt22.reason_needed``,
        ``tt27.result_first`` in secondary; ``results_locked``.
    """
    school_class = enrolment.school_class
    require(actor, "assessment.decide_promotion", school_class.school)
    reason = " ".join(reason.split())
    principal = tt27.PrincipalDecision(promoted=promoted, reason=reason)
    if is_secondary(school_class.grade):
        _ask_secondary(enrolment, principal)
    else:
        _ask_primary(enrolment, principal, reassessed)
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


def _ask_primary(enrolment: Enrolment, principal: tt27.PrincipalDecision, reassessed: bool) -> None:
    """Whether Circular 27 leaves the decision to the principal."""
    verdict = verdict_of(enrolment)
    assert verdict.decision is not None
    if verdict.decision.completed and not verdict.decision.individual_plan:
        raise DomainError("tt27.principal_not_needed", grade=enrolment.school_class.grade)
    done = reassessed or verdict.after is not None
    tt27.decide_promotion(verdict.decision, reassessed=done, principal=principal)


def _ask_secondary(enrolment: Enrolment, principal: tt27.PrincipalDecision) -> None:
    """Whether Circular 22 leaves the decision to the principal."""
    year = read_year(enrolment.school_class)
    asked = replace(year_input(year, enrolment.pk), principal_decision=principal)
    if not asked.individual_plan:
        raise DomainError("tt22.principal_not_needed")
    if not principal.reason:
        raise DomainError("tt22.reason_needed")
    outcome = tt22.evaluate_year(asked, year.setting)
    if outcome.missing:
        raise DomainError("tt27.result_first")
