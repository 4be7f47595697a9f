"""The principal puts pupils whom the school cannot settle before the unit above."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.identity.escalation.models import Act, Case, Special
from hocbaso.apps.identity.escalation.states import OPEN
from hocbaso.apps.identity.escalation.use_cases.write import keep, term, words
from hocbaso.apps.identity.queries import Row, pupils_of, rows_of_people
from hocbaso.apps.identity.states import FAILED
from hocbaso.apps.organisations import queries as units
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import IdentityState, Pupil
from hocbaso.core.errors import DomainError, register

register(
    {
        "escalation_nobody": ("Thầy cô chưa chọn học sinh nào.", "Nobody was chosen."),
        "escalation_not_here": (
            "{count} học sinh đã chọn không học ở trường này trong năm học {year}.",
            "{count} chosen pupils do not study here in {year}.",
        ),
        "escalation_not_ready": (
            "{name} đang ở trạng thái “{state}”. Chỉ kiến nghị những học sinh đã gửi mà không xác thực "
            "được, hoặc "
            "chưa có số định danh.",
            "{name} is {state}; there is nothing to escalate yet.",
        ),
        "escalation_special": (
            "{name} đã có số định danh, nên không thuộc trường hợp chưa có số vì lý do đặc biệt. Thầy cô "
            "gửi riêng.",
            "{name} has a number.",
        ),
        "escalation_double": (
            "{name} đã có kiến nghị đang mở ({number}). Thầy cô trao đổi tiếp trong kiến nghị đó.",
            "{name} has open case {number}.",
        ),
        "escalation_no_manager": (
            "Hệ thống chưa ghi đơn vị quản lý của trường, nên chưa biết gửi kiến nghị đến đâu. Thầy cô báo "
            "quản trị "
            "hệ thống.",
            "Nobody manages this school.",
        ),
        "escalation_unknown_special": ("Lý do đặc biệt chưa đúng.", "Unknown special reason."),
    }
)

#: What may be put before the unit above: what was answered without success, and pupils without a number.
ESCALATED_STATES = frozenset({*FAILED, IdentityState.NO_NUMBER})


@transaction.atomic
def open_cases(
    actor: Actor,
    *,
    school: Organisation,
    year: str,
    pupils: Sequence[Pupil],
    reason: str,
    special: str = "",
    papers: str = "",
) -> list[Case]:
    """One case a pupil, before the nearest unit above the school. All or none.

    :param reason: what the school did and what it asks for.
    :param special: of :class:`Special`: why these pupils have no number; only for pupils without one.
    :param papers: papers the school has seen, in words.
    :raises NotAllowed: policy ``escalation.open``.
    :raises DomainError: ``escalation_*``.
    """
    require(actor, "escalation.open", school)
    assert actor.user is not None
    if special not in Special.values:
        raise DomainError("escalation_unknown_special")
    text = words(reason, "lý do kiến nghị: trường đã làm gì, đề nghị gì")
    seen = words(papers, "giấy tờ", needed=False)
    above = units.managers(school)
    if not above:
        raise DomainError("escalation_no_manager")
    Organisation.objects.select_for_update().get(pk=school.pk)  # numbers follow one another
    classes = _classes(school, year, pupils)
    rows = {row.person.pk: row for row in rows_of_people(list(pupils))}
    _check(rows, pupils, special)
    due, now = term(school), clock.now()
    first = _next_serial(school, year)
    made = []
    for serial, pupil in enumerate(pupils, start=first):
        case = Case.objects.create(
            number=f"{_prefix(school, year)}{serial:04d}",
            school=school,
            school_year=year,
            pupil=pupil,
            class_name=classes[pupil.pk],
            special=special,
            holder=above[0],
            due_on=due,
            opened_by=actor.user,
            opened_at=now,
            changed_at=now,
        )
        evidence = evidence_of(rows[pupil.pk]) | ({"papers_seen": seen} if seen else {})
        keep(actor, case, Act.OPENED, text, due_on=due, to_unit=above[0], evidence=evidence)
        made.append(case)
    chain.record(
        actor,
        "escalation.opened",
        f"case:{made[0].number}" if len(made) == 1 else "",
        organisation=school.code,
        holder=above[0].code,
        cases=[case.number for case in made],
        special=special,
        due_on=due.isoformat(),
    )
    return made


def _classes(school: Organisation, year: str, pupils: Sequence[Pupil]) -> dict[int, str]:
    if not pupils:
        raise DomainError("escalation_nobody")
    here = pupils_of(school, year).filter(pupil__in=[p.pk for p in pupils])
    found = {row.pupil_id: row.school_class.name for row in here}
    if absent := [p for p in pupils if p.pk not in found]:
        raise DomainError("escalation_not_here", count=len(absent), year=year)
    return found


def _check(rows: dict[int, Row], pupils: Sequence[Pupil], special: str) -> None:
    open_now = {
        case.pupil_id: case.number for case in Case.objects.filter(pupil__in=list(rows), state__in=OPEN)
    }
    for pupil in pupils:
        state = rows[pupil.pk].state
        if number := open_now.get(pupil.pk):
            raise DomainError("escalation_double", name=pupil.full_name, number=number)
        if special and pupil.personal_number:
            raise DomainError("escalation_special", name=pupil.full_name)
        if state not in ESCALATED_STATES:
            raise DomainError("escalation_not_ready", name=pupil.full_name, state=state.label)


def evidence_of(row: Row) -> dict[str, Any]:
    """What lies before the unit: the state, the latest answer and what papers the school stood by.

    Flags, dates and names of papers; never a register's value or a personal number.
    """
    found: dict[str, Any] = {
        "state": row.state.value,
        "differences": row.differences,
        "responsible": row.responsible,
        "papers": [
            {"paper": given.paper, "date": given.paper_date.isoformat() if given.paper_date else ""}
            for given in row.confirmations
        ],
    }
    if row.check is not None:
        found["checked_at"] = clock.iso_seconds(row.check.answered_at)
        found["outcome"] = row.check.outcome
        found["request_id"] = str(row.check.request_id)
    return found


def _prefix(school: Organisation, year: str) -> str:
    return f"KN-{year[:4]}-{school.code}-"


def _next_serial(school: Organisation, year: str) -> int:
    """One row of numbers a school and school year."""
    prefix = _prefix(school, year)
    last = Case.objects.filter(number__startswith=prefix).order_by("-id").first()
    return (int(last.number.removeprefix(prefix)) if last else 0) + 1
