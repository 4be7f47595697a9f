"""The unit that has a case answers: takes it on, returns it, solves it, passes it on, records it, asks for
time.
"""

from __future__ import annotations

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.common import clock
from hocbaso.apps.identity.escalation.models import Act, Case, Message
from hocbaso.apps.identity.escalation.states import AT_UNIT
from hocbaso.apps.identity.escalation.use_cases.write import (
    act_on,
    held,
    require_another_person,
    term,
    words,
)
from hocbaso.apps.identity.escalation.workdays import after_working_days
from hocbaso.apps.organisations import queries as units
from hocbaso.apps.organisations.models import Kind, Organisation
from hocbaso.core.errors import DomainError, register

register(
    {
        "escalation_top": (
            "{unit} là cấp cuối cùng xử lý kiến nghị. Thầy cô tiếp nhận, trả lại kèm hướng dẫn, hoặc ghi "
            "nhận trường "
            "hợp đặc biệt.",
            "{unit} is the last level that answers.",
        ),
        "escalation_extension": (
            "Mỗi lần gia hạn từ 1 đến {limit} ngày làm việc.",
            "An extension is 1 to {limit} working days.",
        ),
        "escalation_extensions": (
            "Kiến nghị đã được gia hạn {count} lần. Thầy cô trả lời, hoặc chuyển lên cấp trên.",
            "It was extended {count} times already.",
        ),
        "escalation_recorded_here": (
            "Việc ghi nhận học sinh chưa có số vì lý do đặc biệt là của Sở Giáo dục và Đào tạo. Thầy cô "
            "chuyển lên Sở "
            "kèm minh chứng.",
            "Only the department records special cases.",
        ),
        "escalation_ordinary": (
            "Kiến nghị {number} không phải trường hợp chưa có số vì lý do đặc biệt.",
            "Case {number} is no special one.",
        ),
    }
)

MAX_EXTENSION = 10
MAX_EXTENSIONS = 2
_TOLD = {
    Act.RETURNED: "hướng dẫn cho trường",
    Act.SOLVED: "kết quả đã giải quyết",
}


@transaction.atomic
def answer_case(actor: Actor, *, case: Case, act: Act, text: str = "") -> Case:
    """Take on (sent to the police), return with guidance, or report as solved.

    :raises NotAllowed: policy ``escalation.answer``: not an officer of the unit that has it.
    :raises DomainError: ``escalation_*``.
    """
    if act not in (Act.ACCEPTED, *_TOLD):
        raise ValueError(act)
    row = _mine(actor, case)
    due = term(row.school) if act is Act.ACCEPTED else None
    act_on(actor, row, act, words(text, _TOLD.get(act, "trả lời"), needed=act in _TOLD), due_on=due)
    return row


@transaction.atomic
def pass_on(actor: Actor, *, case: Case, text: str) -> Case:
    """Not ours: the next unit above gets it, with a term of its own. For a special case the text is the
    commune's evidence.

    :raises NotAllowed: policy ``escalation.answer``. :raises DomainError: ``escalation_top`` and others.
    """
    row = _mine(actor, case)
    above = next_unit(row)
    if above is None:
        raise DomainError("escalation_top", unit=row.holder.name)
    what = "minh chứng đã xác minh tại địa phương" if row.special else "lý do chuyển lên cấp trên"
    act_on(actor, row, Act.PASSED_ON, words(text, what), due_on=term(row.school), to_unit=above)
    return row


def next_unit(case: Case) -> Organisation | None:
    """The unit above the one that has the case, as far as the department."""
    above = units.managers(case.holder)
    return above[0] if above and above[0].kind != Kind.MINISTRY else None


@transaction.atomic
def record_special(actor: Actor, *, case: Case, text: str) -> Case:
    """The department records a pupil who has no number for a special reason (domain 2.4): known, nobody is
    late.

    Another person than the one who passed it on. The case ends by itself when the pupil is verified one day.

    :raises NotAllowed: policy ``escalation.answer``. :raises DomainError: ``escalation_*``.
    """
    row = _mine(actor, case)
    if not row.special:
        raise DomainError("escalation_ordinary", number=row.number)
    if row.holder.kind != Kind.DEPARTMENT:
        raise DomainError("escalation_recorded_here")
    senders = Message.objects.filter(case=row, act=Act.PASSED_ON).values_list("by", flat=True)
    require_another_person(actor, *senders)
    act_on(actor, row, Act.RECORDED, words(text, "căn cứ ghi nhận"))
    return row


@transaction.atomic
def extend(actor: Actor, *, case: Case, days: int, text: str) -> Case:
    """More time, with a reason: so many working days from the end of the term, or from today when it is over.

    :raises NotAllowed: policy ``escalation.answer``. :raises DomainError: ``escalation_*``.
    """
    row = _mine(actor, case)
    if not 1 <= days <= MAX_EXTENSION:
        raise DomainError("escalation_extension", limit=MAX_EXTENSION)
    turn = Message.objects.filter(case=row).exclude(act__in=(Act.EXTENDED, Act.REPLY)).order_by("-pk").first()
    given = Message.objects.filter(case=row, act=Act.EXTENDED, pk__gt=turn.pk if turn else 0).count()
    if row.state in AT_UNIT and given >= MAX_EXTENSIONS:
        raise DomainError("escalation_extensions", count=given)
    start = max(row.due_on or clock.today(), clock.today())
    act_on(actor, row, Act.EXTENDED, words(text, "lý do gia hạn"), due_on=after_working_days(start, days))
    return row


def _mine(actor: Actor, case: Case) -> Case:
    row = held(case)
    require(actor, "escalation.answer", row)
    require_another_person(actor, row.opened_by_id)
    return row
