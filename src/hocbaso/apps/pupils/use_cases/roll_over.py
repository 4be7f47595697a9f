"""The roll-over to the next school year: prepared, applied in one transaction, undone within 24 hours."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.accounts.models import AssignmentProposal
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.intake.planning import fingerprint
from hocbaso.apps.intake.states import UNDO_WITHIN
from hocbaso.apps.intake.use_cases.put_back import put_back
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Enrolment, RollOver, RollOverChange, RollOverState, SchoolClass
from hocbaso.apps.pupils.use_cases.decisions import hold_school
from hocbaso.apps.pupils.use_cases.number_register import level_of_grade
from hocbaso.apps.pupils.use_cases.plan_roll_over import Choices, Planned, RollOverPlan, plan_roll_over
from hocbaso.core.errors import DomainError, NotFound, register

register(
    {
        "roll_over_nothing": (
            "Không có học sinh nào để kết chuyển: ai đủ kết quả đều đã có lớp ở năm học {year}.",
            "Nobody is left to roll over to {year}.",
        ),
        "roll_over_moved": (
            "Dữ liệu của trường đã thay đổi từ lúc thầy cô xem phương án. Chưa ghi gì; thầy cô xem lại.",
            "The school's data changed since the plan was looked at; nothing was written.",
        ),
        "roll_over_state": (
            "Lần kết chuyển này đang ở trạng thái “{state}” nên không hoàn tác được.",
            "The roll-over is {state}.",
        ),
        "roll_over_late": (
            "Chỉ hoàn tác được trong 24 giờ sau khi kết chuyển. Lần này đã quá hạn.",
            "A roll-over can be undone within 24 hours only.",
        ),
        "roll_over_depends": (
            "Không hoàn tác được: ở năm học mới đã có {count} {what} được sửa hoặc đã có dữ liệu khác dựa "
            "vào. Không có gì bị thay đổi.",
            "Cannot undo: {count} rows ({what}) were changed or built upon.",
        ),
    }
)

STATUS = "Đang học"


def prepared(school: Organisation, from_year: str) -> RollOver | None:
    """The choices that the clerk has prepared and nobody has applied. One query."""
    return RollOver.objects.filter(school=school, from_year=from_year, state=RollOverState.PREPARED).first()


@transaction.atomic
def prepare(actor: Actor, *, school: Organisation, from_year: str, choices: Choices) -> RollOver:
    """Keep choices for the principal to apply; no class and no pupil changes.

    :raises NotAllowed: policy ``pupils.plan_roll_over``
    :raises DomainError: ``school_year.format``
    """
    require(actor, "pupils.plan_roll_over", school)
    plan = plan_roll_over(school, from_year, choices)
    batch = prepared(school, plan.from_year) or RollOver(school=school, from_year=plan.from_year)
    batch.choices = choices.to_json()
    batch.created_by, batch.created_at = actor.label, clock.now()
    batch.save()
    chain.record(
        actor, "pupils.prepare_roll_over", f"year:{plan.from_year}", organisation=school.code, **plan.counts
    )
    return batch


@transaction.atomic
def roll_over(
    actor: Actor,
    *,
    school: Organisation,
    from_year: str,
    choices: Choices | None = None,
    seen: str = "",
) -> RollOver:
    """Open the new classes, give every pupil who goes on his place, propose last year's posts.

    :param choices: those prepared when None.
    :param seen: fingerprint of the plan that was looked at; empty: none was.
    :raises NotAllowed: policy ``pupils.roll_over``
    :raises DomainError: ``roll_over_nothing``, ``roll_over_moved``
    """
    require(actor, "pupils.roll_over", school)
    hold_school(school)
    batch = prepared(school, from_year)
    if choices is None:
        choices = Choices.from_json(batch.choices) if batch else Choices()
    plan = plan_roll_over(school, from_year, choices)
    if seen and seen != plan.fingerprint:
        raise DomainError("roll_over_moved")
    if not plan.writes:
        raise DomainError("roll_over_nothing", year=plan.to_year)
    now = clock.now()
    batch = batch or RollOver(school=school, from_year=plan.from_year, created_by=actor.label, created_at=now)
    batch.state, batch.choices, batch.report = RollOverState.APPLIED, choices.to_json(), plan.report()
    batch.applied_by, batch.applied_at = actor.label, now
    batch.save()
    try:
        _write(batch, plan)
    except IntegrityError as error:  # somebody enrolled a pupil meanwhile
        raise DomainError("roll_over_moved") from error
    chain.record(
        actor,
        "pupils.roll_over",
        f"roll-over:{batch.pk}",
        organisation=school.code,
        from_year=plan.from_year,
        to_year=plan.to_year,
        **plan.counts,
    )
    return batch


def _write(batch: RollOver, plan: RollOverPlan) -> None:
    SchoolClass.objects.bulk_create(
        [
            SchoolClass(school=plan.school, school_year=plan.to_year, name=name, grade=grade, campus=campus)
            for name, (grade, campus) in plan.new_classes.items()
        ]
    )
    classes = {c.name: c for c in SchoolClass.objects.filter(school=plan.school, school_year=plan.to_year)}
    made: list[SchoolClass | Enrolment | AssignmentProposal] = [classes[name] for name in plan.new_classes]
    made += Enrolment.objects.bulk_create(_enrolments(plan, classes), batch_size=500)
    for proposal in plan.proposals:
        proposal.school_class = classes[proposal.school_class.name]
        proposal.created_at = batch.applied_at or clock.now()
    made += AssignmentProposal.objects.bulk_create(plan.proposals, batch_size=500)
    RollOverChange.objects.bulk_create(
        [
            RollOverChange(
                batch=batch, model=row._meta.label, object_id=row.pk, before=None, after=fingerprint(row)
            )
            for row in made
        ],
        batch_size=500,
    )


def _enrolments(plan: RollOverPlan, classes: dict[str, SchoolClass]) -> list[Enrolment]:
    """The new places in the order of the alphabet behind those who stand in the class already."""
    by_class: dict[str, list[Planned]] = {}
    for one in plan.moving:
        by_class.setdefault(one.to_class, []).append(one)
    last: dict[int, int] = {}
    rows = Enrolment.objects.filter(school_class__in=[classes[name] for name in by_class])
    for pk, order in rows.values_list("school_class_id", "order"):
        last[pk] = max(last.get(pk, 0), order)
    made = []
    for name, people in by_class.items():
        in_class = classes[name]
        people.sort(key=lambda one: (one.enrolment.pupil.sort_key, one.enrolment.pk))
        for place, one in enumerate(people, last.get(in_class.pk, 0) + 1):
            made.append(
                Enrolment(
                    pupil=one.enrolment.pupil,
                    school_class=in_class,
                    status=STATUS,
                    active=True,
                    order=place,
                    register_number=_number(one, in_class),
                )
            )
    return made


def _number(one: Planned, in_class: SchoolClass) -> str:
    """The number of the register stays the pupil's within the level."""
    same = level_of_grade(one.enrolment.school_class.grade) == level_of_grade(in_class.grade)
    return one.enrolment.register_number if same else ""


def find_batch(actor: Actor, school: Organisation, batch_id: int) -> RollOver:
    """:raises NotFound: no such roll-over of the school, or not for this actor to know."""
    require(actor, "pupils.plan_roll_over", school)
    found = RollOver.objects.filter(pk=batch_id, school=school).select_related("school").first()
    if found is None:
        raise NotFound("not_found", what=f"lần kết chuyển số {batch_id}")
    return found


def can_undo(batch: RollOver) -> bool:
    """The time to undo is not over (whether something depends on it is seen when undoing)."""
    return (
        batch.state == RollOverState.APPLIED
        and batch.applied_at is not None
        and clock.now() - batch.applied_at <= UNDO_WITHIN
    )


@transaction.atomic
def undo_roll_over(actor: Actor, *, school: Organisation, batch_id: int) -> RollOver:
    """Take the classes, places and proposals of a roll-over away again.

    :raises NotAllowed: policy ``pupils.roll_over``
    :raises NotFound: no such roll-over
    :raises DomainError: ``roll_over_state``, ``roll_over_late``, ``roll_over_depends``: something was entered
        for, or changed in, the new year; nothing is undone then.
    """
    require(actor, "pupils.roll_over", school)
    hold_school(school)
    find_batch(actor, school, batch_id)
    batch = RollOver.objects.select_for_update().get(pk=batch_id)
    if batch.state != RollOverState.APPLIED:
        raise DomainError("roll_over_state", state=RollOverState(batch.state).label)
    if not can_undo(batch):
        raise DomainError("roll_over_late")
    changes = list(batch.changes.order_by("id"))
    try:
        put_back(changes, actor, f"undo:{batch.pk}")  # type: ignore[arg-type]  # rows of the same shape
    except DomainError as error:
        if error.code != "intake_undo_depends":
            raise
        raise DomainError("roll_over_depends", **error.params) from error
    batch.state, batch.undone_by, batch.undone_at = RollOverState.UNDONE, actor.label, clock.now()
    batch.save(update_fields=["state", "undone_by", "undone_at"])
    chain.record(
        actor,
        "pupils.undo_roll_over",
        f"roll-over:{batch.pk}",
        organisation=school.code,
        rows=len(changes),
    )
    return batch
