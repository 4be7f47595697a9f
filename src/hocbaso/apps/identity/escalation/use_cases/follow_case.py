"""The school's side of a case, and words between both sides."""

from __future__ import annotations

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.identity.escalation.models import Act, Case
from hocbaso.apps.identity.escalation.use_cases.open_case import evidence_of
from hocbaso.apps.identity.escalation.use_cases.write import act_on, held, term, words
from hocbaso.apps.identity.queries import rows_of_people


@transaction.atomic
def reply(actor: Actor, *, case: Case, text: str) -> Case:
    """Say something to the other side; state and clock stay.

    :raises NotAllowed: policy ``escalation.reply``. :raises DomainError: ``escalation_*``.
    """
    row = held(case)
    require(actor, "escalation.reply", row)
    act_on(actor, row, Act.REPLY, words(text, "nội dung trao đổi"))
    return row


@transaction.atomic
def resubmit(actor: Actor, *, case: Case, text: str) -> Case:
    """The guidance was followed, or what was called solved is not: the same unit gets it again, with the
    latest evidence and a new term.

    :raises NotAllowed: policy ``escalation.open``. :raises DomainError: ``escalation_*``.
    """
    row = held(case)
    require(actor, "escalation.open", row.school)
    (now,) = rows_of_people([row.pupil])
    told = words(text, "trường đã làm gì sau lần trả lời trước")
    act_on(actor, row, Act.RESUBMITTED, told, due_on=term(row.school), evidence=evidence_of(now))
    return row


@transaction.atomic
def withdraw(actor: Actor, *, case: Case, text: str) -> Case:
    """The school needs no answer any more: the pupil left, the case was a mistake.

    :raises NotAllowed: policy ``escalation.open``. :raises DomainError: ``escalation_*``.
    """
    row = held(case)
    require(actor, "escalation.open", row.school)
    act_on(actor, row, Act.WITHDRAWN, words(text, "lý do rút"))
    return row
