"""A pupil changes the class within the school and year. The enrolment stays: marks and history follow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.accounts.queries import teachers_of
from hocbaso.apps.assessment.models import PupilProgramme, ResultChange, SubjectMarks, SubjectResult
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.periods.use_cases.follow_class import require_as_closed, write_due
from hocbaso.apps.pupils.class_subjects import subject_name
from hocbaso.apps.pupils.models import ClassMove, Enrolment, SchoolClass
from hocbaso.apps.pupils.use_cases.decisions import live_sheet_state, reason_and_decision, require_day
from hocbaso.apps.pupils.use_cases.school_classes import require_open
from hocbaso.core.errors import DomainError, register

register(
    {
        "move_same_class": ("{name} đang học lớp {class_name}.", "{name} is in class {class_name} already."),
        "move_other_school": (
            "Lớp {class_name} không thuộc trường và năm học này.",
            "Class {class_name} is of another school or year.",
        ),
        "move_other_grade": (
            "Lớp {class_name} thuộc khối {grade}; chuyển lớp chỉ trong cùng khối.",
            "Class {class_name} is of grade {grade}.",
        ),
        "move_not_studying": (
            "{name} đang ở trạng thái “{status}” nên không chuyển lớp được.",
            "{name} does not study here now ({status}).",
        ),
        "move_sheet_live": (
            "Học bạ năm học này của {name} đã chốt hoặc đã phát hành với lớp {class_name}, không chuyển lớp "
            "được nữa.",
            "The year sheet of {name} is frozen with class {class_name}.",
        ),
        "move_twice_enrolled": (
            "{name} đã có tên trong lớp {class_name} (trạng thái “{status}”). Thầy cô xem lại lớp đó.",
            "{name} is on the list of class {class_name} already.",
        ),
        "move_undone": ("Lần chuyển lớp này đã được hoàn tác.", "The move was undone."),
        "move_not_last": (
            "Sau lần chuyển lớp này đã có lần chuyển khác; chỉ hoàn tác được lần gần nhất.",
            "Only the latest move can be undone.",
        ),
        "move_depends": (
            "Ở lớp mới đã nhập {count} kết quả cho {name} nên không hoàn tác được. Thầy cô lập một lần "
            "chuyển lớp mới; kết quả vẫn đi theo học sinh.",
            "{count} results were entered since; make a new move instead.",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class MovePreview:
    """What to look at before a pupil is moved: nothing of it stops the move."""

    only_here: tuple[str, ...]  # electives of the pupil that nobody in the other class studies
    only_there: tuple[str, ...]  # electives that every pupil of the other class studies and he does not
    untaught: tuple[str, ...]  # subjects with results of his, for which the other class has no teacher
    results: int  # rows of results that go with him


def preview(enrolment: Enrolment, to_class: SchoolClass) -> MovePreview:
    """Six queries at most."""
    own = PupilProgramme.objects.filter(enrolment=enrolment).first()
    others = [
        set(row.electives)
        for row in PupilProgramme.objects.filter(
            enrolment__school_class=to_class, enrolment__active=True
        ).only("electives")
    ]
    mine = set(own.electives) if own else set()
    studied = set().union(*others) if others else set()
    by_all = set.intersection(*others) if others else set()
    rows = set(SubjectResult.objects.filter(enrolment=enrolment).values_list("subject_code", "moment"))
    rows |= set(SubjectMarks.objects.filter(enrolment=enrolment).values_list("subject_code", "moment"))
    taught = teachers_of(to_class)
    untaught = {code for code, _moment in rows if code not in taught} if taught else set()

    def names(codes: set[str]) -> tuple[str, ...]:
        return tuple(sorted(subject_name(to_class, code) for code in codes))

    return MovePreview(
        names(mine - studied) if others else (),
        names(by_all - mine),
        names(untaught),
        len(rows),
    )


def _require_possible(enrolment: Enrolment, to_class: SchoolClass) -> None:
    here, name = enrolment.school_class, enrolment.pupil.full_name
    if to_class.pk == here.pk:
        raise DomainError("move_same_class", name=name, class_name=here.name)
    if (to_class.school_id, to_class.school_year) != (here.school_id, here.school_year):
        raise DomainError("move_other_school", class_name=to_class.name)
    if to_class.grade != here.grade:
        raise DomainError("move_other_grade", class_name=to_class.name, grade=to_class.grade)
    require_open(to_class)
    if not enrolment.active:
        raise DomainError("move_not_studying", name=name, status=enrolment.status)
    if live_sheet_state(enrolment):
        raise DomainError("move_sheet_live", name=name, class_name=here.name)
    double = Enrolment.objects.filter(pupil=enrolment.pupil_id, school_class=to_class).first()
    if double is not None:
        raise DomainError("move_twice_enrolled", name=name, class_name=to_class.name, status=double.status)
    write_due(here.school)
    require_as_closed(here, to_class)


def _held(enrolment: Enrolment) -> Enrolment:
    return (
        Enrolment.objects.select_for_update(of=("self",))
        .select_related("pupil", "school_class__school")
        .get(pk=enrolment.pk)
    )


def _as_it_stands(school_class: SchoolClass) -> SchoolClass:
    """Read anew and held, so that nobody closes or renames it meanwhile."""
    rows = SchoolClass.objects.select_for_update(of=("self",)).select_related("school")
    return rows.get(pk=school_class.pk)


@transaction.atomic
def move_pupil(
    actor: Actor,
    *,
    enrolment: Enrolment,
    to_class: SchoolClass,
    day: date,
    reason: str,
    decision: str = "",
) -> ClassMove:
    """Put the pupil into another class of the same grade; everything that hangs on the enrolment follows.

    :param day: the first day in the new class.
    :raises NotAllowed: policy ``pupils.place``
    :raises DomainError: ``move_*`` (``move_unlocks``: what is locked here is open there), ``decision_*``,
        ``class_closed``
    """
    require(actor, "pupils.place", enrolment.school_class.school)
    row = _held(enrolment)
    to_class = _as_it_stands(to_class)
    _require_possible(row, to_class)
    reason, decision = reason_and_decision(actor, row.school_class.school, reason, decision)
    require_day(day, row.school_class.school_year)
    return _write(actor, row, to_class, day, reason, decision, None)


@transaction.atomic
def undo_move(actor: Actor, *, move: ClassMove, reason: str, decision: str = "") -> ClassMove:
    """Back to the former class, as long as nothing was entered in the new one.

    :raises NotAllowed: policy ``pupils.place``
    :raises DomainError: ``move_*``, ``decision_*``
    """
    require(actor, "pupils.place", move.from_class.school)
    row = _held(move.enrolment)
    last = row.moves.order_by("-id").first()
    if ClassMove.objects.filter(undoes=move).exists():
        raise DomainError("move_undone")
    if last is None or last.pk != move.pk or row.school_class_id != move.to_class_id:
        raise DomainError("move_not_last")
    from_class = _as_it_stands(move.from_class)
    _require_possible(row, from_class)
    entered = ResultChange.objects.filter(enrolment=row, at__gt=move.at).count()
    if entered:
        raise DomainError("move_depends", count=entered, name=row.pupil.full_name)
    reason, decision = reason_and_decision(actor, row.school_class.school, reason, decision)
    return _write(actor, row, from_class, move.moved_on, reason, decision, move)


def _write(
    actor: Actor,
    row: Enrolment,
    to_class: SchoolClass,
    day: date,
    reason: str,
    decision: str,
    undoes: ClassMove | None,
) -> ClassMove:
    move = ClassMove(
        enrolment=row,
        from_class=row.school_class,
        to_class=to_class,
        moved_on=day,
        reason=reason,
        decision=decision,
        undoes=undoes,
        at=clock.now(),
        by=actor.label,
    )
    move.save(force_insert=True)
    row.school_class = to_class
    last = Enrolment.objects.filter(school_class=to_class).order_by("-order").values_list("order", flat=True)
    row.order = (last.first() or 0) + 1  # at the end of the list, as schools write newcomers
    row.save(update_fields=["school_class", "order"])
    chain.record(
        actor,
        "pupils.move" if undoes is None else "pupils.undo_move",
        row.pupil.code,
        organisation=to_class.school.code,
        year=to_class.school_year,
        before=move.from_class.name,
        after=to_class.name,
        day=day.isoformat(),
        reason=reason,
        decision=decision,
    )
    return move
