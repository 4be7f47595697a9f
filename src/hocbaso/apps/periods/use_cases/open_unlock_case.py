"""Ask for locked cells to be opened: who, why, which cells, until when, and what the minutes say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.assessment.models import SubjectMarks, SubjectResult, TraitResult, YearRecord
from hocbaso.apps.assessment.policies import ClassSubject
from hocbaso.apps.audit.chain import record
from hocbaso.apps.common import clock
from hocbaso.apps.organisations import queries as units
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.periods.models import CaseState, UnlockCase, UnlockCell
from hocbaso.apps.periods.parts import parts_of
from hocbaso.apps.periods.queries import Gates, told
from hocbaso.apps.periods.scope import RECORD, TRAITS, columns_of, moments_of_grade, record_moment
from hocbaso.apps.periods.states import OPEN_CASES
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.core.errors import DomainError, register
from hocbaso.core.regulation.programme import PRIMARY_GRADES
from hocbaso.engines.rendering.fonts import require_printable

register(
    {
        "unlock_scope": ("Phạm vi xin mở khóa chưa đúng: {what}.", "The scope is not right: {what}."),
        "unlock_why": (
            "Cần ghi lý do: sai ở đâu, vì sao sai.",
            "A reason is needed.",
        ),
        "unlock_minutes_text": (
            "Cần ghi nội dung biên bản: sửa gì, căn cứ vào đâu.",
            "The minutes need a text.",
        ),
        "unlock_until": (
            "Thời hạn mở khóa phải sau lúc này và không quá {days} ngày.",
            "The time must lie ahead, at most {days} days.",
        ),
        "unlock_not_locked": (
            "Phạm vi này đang mở, thầy cô nhập bình thường; không cần yêu cầu mở khóa.",
            "Nothing here is locked.",
        ),
        "unlock_double": (
            "Yêu cầu {number} ({state}, đến {until}) đã xin mở những ô này.",
            "Case {number} already asks for these cells.",
        ),
    }
)

WHY_LIMIT, MINUTES_LIMIT = 1000, 4000


def open_unlock_case(
    actor: Actor,
    *,
    school_class: SchoolClass,
    part: str,
    moment: str,
    columns: Sequence[str] = (),
    enrolments: Sequence[Enrolment] = (),
    why: str,
    minutes: str,
    until: datetime,
) -> UnlockCase:
    """Put a request before the principal.

    :param columns: attribute names; none means every column of the part.
    :param enrolments: whose cells; none means the whole class.
    :param until: aware; when the cells are locked again by themselves.
    :raises NotAllowed: neither a teacher of this part nor homeroom teacher, leader or clerk.
    :raises DomainError: ``unlock_*``.
    """
    require(actor, "periods.request_unlock", ClassSubject(school_class, part))
    assert actor.user is not None
    now = clock.now()
    _checked(school_class, part, moment, columns, enrolments)
    days = int(units.setting(school_class.school, "unlock_max_days"))
    until = until.replace(microsecond=0)
    if not now < until <= now + timedelta(days=days):
        raise DomainError("unlock_until", days=days)
    case = UnlockCase(
        school=school_class.school,
        school_class=school_class,
        school_year=school_class.school_year,
        part=part,
        moment=moment,
        columns=list(dict.fromkeys(columns)),
        requested_by=actor.user,
        requested_role=actor.role,
        requested_at=now,
        why=_text(why, WHY_LIMIT, "unlock_why"),
        minutes=_text(minutes, MINUTES_LIMIT, "unlock_minutes_text", lines=True),
        until=until,
    )
    with transaction.atomic():
        Organisation.objects.select_for_update().get(pk=case.school_id)  # numbers follow one another
        pupils = [e.pk for e in enrolments]
        _refuse_open(case, pupils, now)
        _refuse_double(case, pupils)
        case.number = _next_number(case.school, case.school_year)
        case.save(force_insert=True)
        UnlockCell.objects.bulk_create(
            UnlockCell(case=case, column=column, enrolment_id=pupil)
            for column in case.columns or [""]
            for pupil in (pupils or (None,))
        )
        record(
            actor,
            "unlock.requested",
            f"case:{case.number}",
            organisation=case.school.code,
            year=case.school_year,
            school_class=school_class.name,
            part=part,
            moment=moment,
            columns=case.columns,
            pupils=len(pupils),
            until=clock.iso_seconds(until),
            why=case.why,
        )
    return case


def _text(raw: str, limit: int, code: str, *, lines: bool = False) -> str:
    rows = [" ".join(line.split()) for line in raw.splitlines()]
    text = ("\n" if lines else " ").join(rows).strip()
    if not text:
        raise DomainError(code)
    if len(text) > limit:
        raise DomainError("unlock_scope", what=f"nội dung dài quá {limit} ký tự")
    require_printable(
        "Nội dung yêu cầu", text.replace("\n", " ")
    )  # it stands in the minutes, which are signed
    return text


def _checked(
    school_class: SchoolClass,
    part: str,
    moment: str,
    columns: Sequence[str],
    enrolments: Sequence[Enrolment],
) -> None:
    known = dict(parts_of(school_class))
    own = columns_of(part, school_class.grade)
    if part == RECORD:
        own = tuple(c for c in own if record_moment(school_class.grade, c) == moment)
    wrong = ""
    if part not in known:
        wrong = "lớp không có phần này trong sổ điểm"
    elif moment not in moments_of_grade(school_class.grade):
        wrong = "lớp không nhập kết quả vào thời điểm này"
    elif unknown := [c for c in columns if c not in own]:
        wrong = f"phần này không có cột {', '.join(unknown)}"
    elif any(e.school_class_id != school_class.pk for e in enrolments):
        wrong = "có học sinh không thuộc lớp"
    if wrong:
        raise DomainError("unlock_scope", what=wrong)


def _refuse_open(case: UnlockCase, pupils: list[int], now: datetime) -> None:
    """What is open needs no case: at least one of the cells must be closed or frozen."""
    gates = Gates.of([case.school_class], now)
    columns = case.columns or columns_of(case.part, case.school_class.grade)
    usual = (gates.usual(case.school_class, case.part, case.moment, column) for column in columns)
    if any(not gate.open and gate.closed_at is not None for gate in usual):
        return
    if not _rows(case, pupils).filter(locked=True).exists():
        raise DomainError("unlock_not_locked")


def _rows(case: UnlockCase, pupils: list[int]) -> Any:
    """The stored rows that the case is about."""
    of_class: dict[str, Any] = {"enrolment__school_class": case.school_class_id}
    if pupils:
        of_class["enrolment__in"] = pupils
    if case.part == RECORD:
        return YearRecord.objects.filter(**of_class)
    if case.part == TRAITS:
        return TraitResult.objects.filter(**of_class, moment=case.moment)
    model = SubjectResult if case.school_class.grade in PRIMARY_GRADES else SubjectMarks
    return model._default_manager.filter(**of_class, moment=case.moment, subject_code=case.part)


def _refuse_double(case: UnlockCase, pupils: list[int]) -> None:
    """Two open cases for the same cells would leave it unclear which one a change was made under."""
    others = UnlockCase.objects.filter(
        school_class=case.school_class_id, part=case.part, moment=case.moment, state__in=OPEN_CASES
    ).prefetch_related("cells")
    for other in others:
        for cell in other.cells.all():
            same_column = not cell.column or not case.columns or cell.column in case.columns
            same_pupil = cell.enrolment_id is None or not pupils or cell.enrolment_id in pupils
            if same_column and same_pupil:
                state = CaseState(other.state).label.lower()
                raise DomainError("unlock_double", number=other.number, state=state, until=told(other.until))


def _next_number(school: Organisation, school_year: str) -> str:
    """``MK-2025-79000201-0007``: one row of numbers a school and school year."""
    prefix = f"MK-{school_year[:4]}-{school.code}-"
    last = UnlockCase.objects.filter(number__startswith=prefix).order_by("-id").first()
    return f"{prefix}{(int(last.number.removeprefix(prefix)) if last else 0) + 1:04d}"
