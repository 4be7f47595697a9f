"""What every act on a case shares: hold it, write the message, tell the audit chain."""

from __future__ import annotations

from datetime import date
from typing import Any

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.queries import same_person
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.identity.escalation.models import Act, Case, Message
from hocbaso.apps.identity.escalation.states import step
from hocbaso.apps.identity.escalation.workdays import after_working_days
from hocbaso.apps.organisations import queries as units
from hocbaso.apps.organisations.models import Organisation
from hocbaso.core.errors import DomainError, register
from hocbaso.core.vietnamese.letters import nfc

register(
    {
        "escalation_words": (
            "Thầy cô cần ghi {what}, để bên nhận biết phải làm gì.",
            "Words are needed: {what}.",
        ),
        "escalation_long": (
            "Nội dung dài quá {limit} ký tự. Thầy cô viết gọn lại.",
            "At most {limit} characters.",
        ),
        "escalation_number_in_words": (
            "Nội dung có một dãy 12 chữ số giống số định danh. Kiến nghị không ghi số định danh; nơi nhận "
            "đã biết "
            "học sinh qua hồ sơ. Thầy cô bỏ số này rồi gửi lại.",
            "The text holds what looks like a personal number.",
        ),
        "escalation_same_person": (
            "Tài khoản này và tài khoản đã gửi kiến nghị là của cùng một người. Việc trả lời cần một người "
            "khác.",
            "Both accounts are one person's.",
        ),
    }
)

LIMIT = 2000


def words(raw: str, what: str, *, needed: bool = True) -> str:
    """A text as it is kept: NFC, single spaces, lines kept.

    :param what: what is asked for, in the refusal's sentence.
    :raises DomainError: ``escalation_words``, ``escalation_long``, ``escalation_number_in_words``.
    """
    lines = [" ".join(line.split()) for line in nfc(raw).splitlines()]
    text = "\n".join(lines).strip()
    if needed and not text:
        raise DomainError("escalation_words", what=what)
    if len(text) > LIMIT:
        raise DomainError("escalation_long", limit=LIMIT)
    if _holds_number(text):
        raise DomainError("escalation_number_in_words")
    return text


def _holds_number(text: str) -> bool:
    run = 0
    for char in text:
        run = run + 1 if char.isdecimal() else (run if char in " .-" and run else 0)
        if run >= 12:
            return True
    return False


def held(case: Case) -> Case:
    """The case as it stands now, locked until the transaction ends."""
    rows = Case.objects.select_for_update(of=("self",)).select_related("school", "holder", "pupil")
    return rows.get(pk=case.pk)


def term(school: Organisation) -> date:
    """The last day of a term that begins today, by the school's setting ``escalation_days``."""
    return after_working_days(clock.today(), int(units.setting(school, "escalation_days")))


def require_another_person(actor: Actor, *others: int | None) -> None:
    """Neither one of these accounts nor another account of the same person: the staff files know.

    :raises DomainError: ``escalation_same_person``.
    """
    assert actor.user is not None
    if same_person(actor.user, *(pk for pk in others if pk is not None)):
        raise DomainError("escalation_same_person")


def act_on(
    actor: Actor,
    case: Case,
    act: Act,
    text: str = "",
    *,
    due_on: date | None = None,
    to_unit: Organisation | None = None,
    evidence: dict[str, Any] | None = None,
) -> Message:
    """Make the step, keep the message, tell the chain. Inside the caller's transaction, on a held case.

    :param due_on: the term that the act sets; without one the clock stops, unless the state stays.
    :raises DomainError: ``escalation_step``.
    """
    before = case.state
    step(case, act)
    now = clock.now()
    case.changed_at = now
    if due_on is not None or case.state != before:
        case.due_on = due_on
    if act in (Act.CLOSED, Act.WITHDRAWN):
        case.closed_at = now
    if to_unit is not None:
        case.holder = to_unit
    case.save(update_fields=["state", "changed_at", "due_on", "closed_at", "holder"])
    message = keep(actor, case, act, text, due_on=due_on, to_unit=to_unit, evidence=evidence)
    chain.record(
        actor,
        f"escalation.{act}",
        f"case:{case.number}",
        organisation=case.school.code,
        holder=case.holder.code,
        state=case.state,
        **({"due_on": due_on.isoformat()} if due_on else {}),
    )
    return message


def keep(
    actor: Actor,
    case: Case,
    act: Act,
    text: str,
    *,
    due_on: date | None = None,
    to_unit: Organisation | None = None,
    evidence: dict[str, Any] | None = None,
) -> Message:
    """One message of the thread."""
    post = actor.assignment
    return Message.objects.create(
        case=case,
        act=act,
        text=text,
        by=actor.user,
        role=actor.role,
        unit=post.organisation if post is not None else None,
        to_unit=to_unit,
        due_on=due_on,
        evidence=evidence or {},
        at=case.changed_at,
    )
