"""Propose "Học sinh Tiêu biểu" (TT 27/2020 Điều 13): people propose, the rule checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.assessment.models import YearRecord
from hocbaso.apps.assessment.year_rows import programme_of, save_record, verdict_of
from hocbaso.apps.audit.chain import record as audit
from hocbaso.apps.pupils.models import Enrolment
from hocbaso.core.regulation import tt27


@transaction.atomic
def propose_title(
    actor: Actor,
    *,
    enrolment: Enrolment,
    subjects: Sequence[str],
    traits: Sequence[str],
    reason: str,
    recognised_by_class: bool,
) -> YearRecord:
    """Record the homeroom teacher's proposal with its grounds.

    :param subjects: codes of subjects with outstanding results; ``traits``: of traits with clear progress.
    :raises NotAllowed: not the homeroom teacher of the class.
    :raises DomainError: ``tt27.exemplary_*`` as :func:`tt27.exemplary_title`, ``results_locked``.
    """
    require(actor, "assessment.enter_traits", enrolment.school_class)
    proposal = tt27.ExemplaryProposal(tuple(subjects), tuple(traits), recognised_by_class)
    decision = verdict_of(enrolment).decision
    assert decision is not None
    tt27.exemplary_title(decision, proposal, programme=programme_of(enrolment.school_class))
    values: Mapping[str, object] = {
        "title_proposed_by": actor.label,
        "title_reason": " ".join(reason.split())[:300],
        "title_grounds": [*subjects, *traits],
    }
    return _save(actor, enrolment, values, "assessment.propose_title")


@transaction.atomic
def withdraw_title(actor: Actor, *, enrolment: Enrolment) -> YearRecord:
    """Take a proposal back, as long as the sheet is not frozen.

    :raises NotAllowed: not the homeroom teacher; :raises DomainError: ``results_locked``.
    """
    require(actor, "assessment.enter_traits", enrolment.school_class)
    values: Mapping[str, object] = {"title_proposed_by": "", "title_reason": "", "title_grounds": []}
    return _save(actor, enrolment, values, "assessment.withdraw_title")


def _save(actor: Actor, enrolment: Enrolment, values: Mapping[str, object], action: str) -> YearRecord:
    row = save_record(actor, enrolment, values)
    school = enrolment.school_class.school
    audit(
        actor, action, enrolment.pupil.code, organisation=school.code, year=enrolment.school_class.school_year
    )
    return row
