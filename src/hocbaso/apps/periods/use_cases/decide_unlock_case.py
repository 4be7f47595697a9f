"""Allow or refuse a request, agree to it at the managing level, take it back, lock again early."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.accounts.models import Role, StaffMember
from hocbaso.apps.assessment.stored_rows import hold_class
from hocbaso.apps.audit.chain import record
from hocbaso.apps.common import clock
from hocbaso.apps.organisations import queries as units
from hocbaso.apps.periods.models import CaseMinutes, CaseState, UnlockCase
from hocbaso.apps.periods.queries import told
from hocbaso.apps.periods.states import CASE_STEPS
from hocbaso.apps.periods.use_cases.close_due import end_case
from hocbaso.apps.transcripts.models import SheetState, YearSheet
from hocbaso.apps.transcripts.states import OPEN_STATES
from hocbaso.core.errors import DomainError, register
from hocbaso.engines.rendering.fonts import require_printable

register(
    {
        "unlock_step": (
            "Yêu cầu {number} đang ở bước “{state}” nên không làm được việc này nữa.",
            "Case {number} is {state}.",
        ),
        "unlock_refusal_reason": (
            "Cần ghi lý do không cho phép, để người yêu cầu biết.",
            "A refusal needs a reason.",
        ),
        "unlock_not_later": (
            "Thời hạn chỉ được rút ngắn: phải sau lúc này và không sau {until}.",
            "The time can only be shortened.",
        ),
        "unlock_too_late": (
            "Thời hạn xin mở ({until}) đã qua. Người yêu cầu cần gửi yêu cầu mới.",
            "The time asked for is over.",
        ),
        "unlock_sheets_in_signing": (
            "Học bạ của {n} học sinh trong phạm vi này đang chờ ký. Trả học bạ lại bước trước rồi mới "
            "mở khóa.",
            "{n} sheets with these cells are being signed; return them first.",
        ),
        "unlock_no_agreement_needed": (
            "Yêu cầu {number} không chờ cơ quan quản lý đồng ý.",
            "Case {number} does not wait for the managing level.",
        ),
        "unlock_same_person": (
            "Tài khoản này và tài khoản đã gửi hoặc đã cho phép yêu cầu là của cùng một người (cùng số định "
            "danh). Yêu cầu cần một người khác quyết định.",
            "Both accounts are one person's.",
        ),
        "unlock_end_reason": ("Cần ghi lý do khóa lại trước hạn.", "A reason is needed."),
    }
)
#: When they decide themselves (about a principal's request) they need not agree once more.
_MANAGERS = (Role.COMMUNE_OFFICER, Role.DEPARTMENT_OFFICER)


@transaction.atomic
def decide_unlock_case(
    actor: Actor, *, case: UnlockCase, grant: bool, note: str = "", until: datetime | None = None
) -> UnlockCase:
    """The principal allows or refuses. The cells open at once, or when minutes and agreement are here too.

    :param until: a shorter time than was asked for.
    :raises NotAllowed: not the principal (or, about the principal's own request, not the deputy or the
        managing level); :raises DomainError: ``unlock_*``.
    """
    if grant:
        hold_class(case.school_class)  # nobody closes the class between the look at its sheets and the word
    row = _held(case)
    require(actor, "periods.decide_unlock", row)
    _require_another_person(actor, row.requested_by_id)
    note = _printable(note)
    if not grant:
        if not note:
            raise DomainError("unlock_refusal_reason")
        _step(row, CaseState.REFUSED)
        _decided(row, actor, note)
        row.save()
        _tell(actor, "unlock.refused", row, note=note)
        return row
    now = clock.now()
    _step(row, CaseState.GRANTED)
    _set_until(row, until, now)
    sheets = _sheets(row)
    if in_signing := sum(state in OPEN_STATES for state in sheets):
        raise DomainError("unlock_sheets_in_signing", n=in_signing)
    managed = units.setting(row.school, "unlock_after_issue") == "manager" and actor.role not in _MANAGERS
    row.needs_manager = managed and SheetState.ISSUED in sheets
    row.needs_minutes = units.setting(row.school, "unlock_minutes") == "before"
    _decided(row, actor, note)
    row.save()
    _tell(
        actor,
        "unlock.granted",
        row,
        note=note,
        until=clock.iso_seconds(row.until),
        needs_manager=row.needs_manager,
        needs_minutes=row.needs_minutes,
    )
    take_effect(actor, row)
    return row


@transaction.atomic
def agree_unlock_case(actor: Actor, *, case: UnlockCase, agree: bool, note: str = "") -> UnlockCase:
    """The managing level agrees, or not, that results of an issued sheet are opened.

    :raises NotAllowed: not an officer of a unit above the school; :raises DomainError: ``unlock_*``.
    """
    row = _held(case)
    require(actor, "periods.agree_unlock", row)
    _require_another_person(actor, row.requested_by_id, row.decided_by_id)
    note = _printable(note)
    if not row.needs_manager or row.agreed_by_id is not None:
        raise DomainError("unlock_no_agreement_needed", number=row.number)
    if not agree:
        if not note:
            raise DomainError("unlock_refusal_reason")
        _step(row, CaseState.REFUSED)
        row.agreement_note, row.ended_at, row.ended_by = note, clock.now(), actor.label
        row.save()
        _tell(actor, "unlock.disagreed", row, note=note)
        return row
    if row.state != CaseState.GRANTED:
        raise DomainError("unlock_step", number=row.number, state=CaseState(row.state).label)
    if row.until <= clock.now():
        raise DomainError("unlock_too_late", until=told(row.until))
    row.agreed_by, row.agreed_at, row.agreement_note = actor.user, clock.now(), note
    row.save()
    _tell(actor, "unlock.agreed", row, note=note)
    take_effect(actor, row)
    return row


def take_effect(actor: Actor, case: UnlockCase) -> bool:
    """Open the cells when nothing is lacking any more. Inside the caller's transaction."""
    lacks_minutes = case.needs_minutes and not CaseMinutes.objects.filter(case=case).exists()
    lacks_agreement = case.needs_manager and case.agreed_by_id is None
    now = clock.now()
    if case.state != CaseState.GRANTED or lacks_minutes or lacks_agreement or case.until <= now:
        return False
    case.state, case.in_force_at = CaseState.IN_FORCE, now
    case.save()
    _tell(actor, "unlock.in_force", case, until=clock.iso_seconds(case.until))
    return True


@transaction.atomic
def withdraw_unlock_case(actor: Actor, *, case: UnlockCase, note: str = "") -> UnlockCase:
    """The one who asked takes the request back before anything was opened."""
    row = _held(case)
    require(actor, "periods.withdraw_unlock", row)
    _step(row, CaseState.WITHDRAWN)
    row.ended_at, row.ended_by, row.end_note = clock.now(), actor.label, " ".join(note.split())[:300]
    row.save()
    _tell(actor, "unlock.withdrawn", row, note=row.end_note)
    return row


@transaction.atomic
def relock(actor: Actor, *, case: UnlockCase, note: str) -> UnlockCase:
    """Lock again before the time is over: the work is done, or should not go on.

    :raises NotAllowed: neither who asked nor a leader nor the level above; :raises DomainError: ``unlock_*``.
    """
    hold_class(case.school_class)  # saves that are under way end first
    row = _held(case)
    require(actor, "periods.relock", row)
    text = " ".join(note.split())[:300]
    if not text:
        raise DomainError("unlock_end_reason")
    if row.state != CaseState.IN_FORCE:
        raise DomainError("unlock_step", number=row.number, state=CaseState(row.state).label)
    end_case(actor, row, clock.now(), note=text)
    return row


def _printable(note: str) -> str:
    """The note as the minutes will print it. :raises DomainError: ``character_not_printable``"""
    text = " ".join(note.split())[:500]
    require_printable("Ghi chú", text)
    return text


def _require_another_person(actor: Actor, *others: int | None) -> None:
    """Two accounts may be one person's: the staff records know.

    :raises DomainError: ``unlock_same_person``.
    """
    assert actor.user is not None
    people = [actor.user.pk, *(pk for pk in others if pk is not None)]
    rows = StaffMember.objects.filter(user__in=people).exclude(personal_number="")
    known = set(rows.values_list("user", "personal_number"))
    own = {number for pk, number in known if pk == actor.user.pk}
    if any(number in own for pk, number in known if pk != actor.user.pk):
        raise DomainError("unlock_same_person")


def _held(case: UnlockCase) -> UnlockCase:
    """The case as it stands now, held until the transaction ends."""
    rows = UnlockCase.objects.select_for_update(of=("self",)).select_related("school", "school_class")
    return rows.get(pk=case.pk)


def _step(case: UnlockCase, to: CaseState) -> None:
    if to not in CASE_STEPS[CaseState(case.state)]:
        raise DomainError("unlock_step", number=case.number, state=CaseState(case.state).label)
    case.state = to


def _decided(case: UnlockCase, actor: Actor, note: str) -> None:
    case.decided_by, case.decided_role = actor.user, actor.role
    case.decided_at, case.decision_note = clock.now(), note


def _set_until(case: UnlockCase, until: datetime | None, now: datetime) -> None:
    if case.until <= now:
        raise DomainError("unlock_too_late", until=told(case.until))
    if until is None:
        return
    wanted = until.replace(microsecond=0)
    if not now < wanted <= case.until:
        raise DomainError("unlock_not_later", until=told(case.until))
    case.until = wanted


def _sheets(case: UnlockCase) -> list[str]:
    """States of the live sheets of the pupils that the case is about. One query."""
    rows = YearSheet.objects.filter(school_class=case.school_class_id).exclude(state=SheetState.VOIDED)
    pupils = case.cells.filter(enrolment__isnull=False).values("enrolment")
    if case.cells.filter(enrolment__isnull=False).exists():
        rows = rows.filter(enrolment__in=pupils)
    return list(rows.values_list("state", flat=True))


def _tell(actor: Actor, action: str, case: UnlockCase, **details: object) -> None:
    record(actor, action, f"case:{case.number}", organisation=case.school.code, **details)
