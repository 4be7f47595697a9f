"""Posts copied from last year become assignments when somebody who may assign confirms them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.accounts.models import Assignment, AssignmentProposal
from hocbaso.apps.accounts.use_cases.assign import assign
from hocbaso.apps.audit import chain
from hocbaso.apps.organisations.models import Organisation
from hocbaso.core.vietnamese.school_year import SchoolYear


@transaction.atomic
def confirm_proposals(
    actor: Actor,
    *,
    school: Organisation,
    year: str,
    chosen: Collection[int],
    valid_from: date | None = None,
    decision_number: str = "",
    decision_date: date | None = None,
    decision_signer: str = "",
) -> list[Assignment]:
    """Assign what the chosen proposals say, all by one decision.

    :param valid_from: the year's first day when None.
    :raises NotAllowed: policies ``accounts.assign``, ``accounts.assign_role``
    :raises DomainError: ``assign_*`` of the first one that cannot be; nothing is assigned then.
    """
    require(actor, "accounts.assign", school)
    rows = AssignmentProposal.objects.select_for_update(of=("self",)).filter(
        pk__in=chosen, school_class__school=school, school_class__school_year=year
    )
    if actor.user is not None:
        rows = rows.exclude(user=actor.user)  # nobody assigns himself: these stay for somebody else
    made = []
    for row in rows.select_related("user", "school_class").order_by("pk"):
        post = assign(
            actor,
            user=row.user,
            organisation=school,
            role=row.role,
            school_class=row.school_class,
            subject_code=row.subject_code,
            valid_from=valid_from or SchoolYear.parse(year).first_day,
            decision_number=decision_number,
            decision_date=decision_date,
            decision_signer=decision_signer,
        )
        made.append(post)
        row.delete()
    return made


@transaction.atomic
def drop_proposals(actor: Actor, *, school: Organisation, year: str, chosen: Collection[int]) -> int:
    """Take proposals away that are not wanted.

    :raises NotAllowed: policy ``accounts.assign``

    """
    require(actor, "accounts.assign", school)
    rows = AssignmentProposal.objects.filter(
        pk__in=chosen, school_class__school=school, school_class__school_year=year
    )
    count, _ = rows.delete()
    if count:
        chain.record(actor, "accounts.drop_proposals", f"year:{year}", organisation=school.code, count=count)
    return count
