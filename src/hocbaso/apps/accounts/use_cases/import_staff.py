"""Write a planned staff list: records, accounts, assignments. One transaction, opened by the intake."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.contrib.auth.hashers import make_password

from hocbaso.apps.accounts.door import Actor, allowed
from hocbaso.apps.accounts.models import Assignment, Role, StaffMember, User
from hocbaso.apps.accounts.use_cases.plan_staff import Item, Work, may_of, plan
from hocbaso.apps.accounts.use_cases.staff_posts import Post
from hocbaso.apps.common import clock
from hocbaso.apps.identity.states import after_change, first_state, tell
from hocbaso.apps.intake.models import Change
from hocbaso.apps.intake.planning import Plan, Recorder, snapshot
from hocbaso.apps.intake.use_cases import put_back as rows
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.core.errors import DomainError, register
from hocbaso.core.vietnamese.school_year import SchoolYear

__all__ = ["apply", "plan", "put_back"]

register(
    {
        "staff_undo_posts": (
            "Lần nhập này đã trao hoặc kết thúc vị trí {post}. Chỉ người có quyền phân công vị trí ấy mới "
            "hoàn tác được.",
            "The import gave or ended post {post}; only somebody who may assign it can undo it.",
        ),
    }
)


def apply(made: Plan, recorder: Recorder, school: Organisation, year: str) -> None:
    """Write the rows of the plan that were not refused.

    New accounts have no password; they are opened with an activation code (:mod:`.activation`).
    Runs inside the caller's transaction, on a plan made in that same transaction.
    """
    work: Work = made.work
    _drop_what_is_not_his(work, recorder.actor, school)
    new = [
        SchoolClass(school=school, school_year=year, name=name, grade=grade)
        for name, grade in work.new_classes.items()
    ]
    recorder.created(SchoolClass.objects.bulk_create(new))
    classes = {c.name: c for c in SchoolClass.objects.filter(school=school, school_year=year)}
    for item in work.items:
        _person(item, recorder, school)
        recorder.step(1)
    # Every end before any beginning: a school has one principal, a class one homeroom teacher.
    held = _held_before(school)
    for assignment in [*work.taken_over, *(a for item in work.items for a in item.end)]:
        _end(assignment, recorder)
    for item in work.items:
        _begin(item, classes, recorder, school, year, held)
        recorder.step(1)


def _drop_what_is_not_his(work: Work, actor: Actor, school: Organisation) -> None:
    """Whatever the plan says: nobody gives or ends a post through a workbook that he may not otherwise."""
    may = may_of(actor, school)
    work.taken_over = [post for post in work.taken_over if may(post.role)]
    for item in work.items:
        item.begin = [post for post in item.begin if may(post.role)]
        item.end = [post for post in item.end if may(post.role)]


def put_back(changes: list[Change], actor: Actor, source: str) -> None:
    """Undo an import of staff: the rows of :func:`hocbaso.apps.intake.use_cases.put_back.put_back`.

    :raises DomainError: ``staff_undo_posts``, ``intake_undo_depends``
    """
    label = Assignment._meta.label
    touched = [change for change in changes if change.model == label]
    stored = Assignment.objects.select_related("organisation").in_bulk([c.object_id for c in touched])
    for change in touched:
        gone = Assignment(**change.before) if change.before and change.object_id not in stored else None
        post = stored.get(change.object_id) or gone
        if post is not None and not allowed(actor, "accounts.assign_role", (post.organisation, post.role)):
            raise DomainError("staff_undo_posts", post=Role(post.role).label)
    rows.put_back(changes, actor, source)


def _person(item: Item, recorder: Recorder, school: Organisation) -> None:
    if item.member is None:
        user = _account(item, recorder)
        state = first_state(item.values.get("personal_number", ""))
        item.member = StaffMember(
            organisation=school, code=item.row.code or "", user=user, identity_state=state, **item.values
        )
        item.member.save(force_insert=True)
        recorder.created([item.member])
        return
    if item.member.user is None:
        before = snapshot(item.member, ["user_id"])
        item.member.user = _account(item, recorder)
        item.member.save(update_fields=["user"])
        recorder.changed(item.member, before)
    _change(item.member.user, item.user_values, recorder)
    _change(item.member, item.values | _identity(item.member, item.values, recorder), recorder)


def _identity(member: StaffMember, values: dict[str, str], recorder: Recorder) -> dict[str, str]:
    """The state that follows when verified fields change."""
    number = values.get("personal_number", member.personal_number)
    to = after_change(member.identity_state, values.keys(), number)
    if to == member.identity_state:
        return {}
    came = {member.identity_state: [member.code]}
    tell(recorder.actor, to, came, organisation=recorder.batch.school.code, door=recorder.source, staff=True)
    return {"identity_state": to.value}


def _change(instance: Any, values: dict[str, str], recorder: Recorder) -> None:
    if values:
        before = snapshot(instance, values)
        for name, value in values.items():
            setattr(instance, name, value)
        instance.save(update_fields=list(values))
        recorder.changed(instance, before)


def _account(item: Item, recorder: Recorder) -> User:
    user = User(
        username=item.username,
        full_name=item.row.full_name or "",
        email=item.row.email or "",
        password=make_password(None),  # nobody can sign in until the account is activated
    )
    user.save(force_insert=True)
    recorder.created([user])
    return user


def _held_before(school: Organisation) -> set[tuple[str, int | None, str]]:
    """Posts that somebody has held: their next holder begins today, not with the school year."""
    return set(
        Assignment.objects.filter(organisation=school).values_list("role", "school_class_id", "subject_code")
    )


def _end(assignment: Assignment, recorder: Recorder) -> None:
    """End a post with yesterday; one that began today never was (a mistake corrected at once)."""
    today = clock.today()
    if assignment.valid_from >= today and not _signed_with(assignment):
        recorder.removed(assignment)
        assignment.delete()
        return
    before = snapshot(assignment, ["valid_to"])
    assignment.valid_to = max(today - timedelta(days=1), assignment.valid_from)
    assignment.save(update_fields=["valid_to"])
    recorder.changed(assignment, before)


def _signed_with(assignment: Assignment) -> bool:
    return any(
        relation.related_model._default_manager.filter(**{relation.field.name: assignment.pk}).exists()
        for relation in assignment._meta.related_objects
    )


def _begin(
    item: Item,
    classes: dict[str, SchoolClass],
    recorder: Recorder,
    school: Organisation,
    year: str,
    held: set[tuple[str, int | None, str]],
) -> None:
    assert item.member is not None
    assert item.member.user is not None
    first = SchoolYear.parse(year).first_day
    new = []
    for post in item.begin:
        school_class = classes[post.class_name] if post.class_name else None
        key = (post.role, school_class.pk if school_class else None, post.subject_code)
        new.append(
            Assignment(
                user=item.member.user,
                organisation=school,
                role=post.role,
                school_year=year if school_class else "",
                school_class=school_class,
                subject_code=post.subject_code,
                group_name=post.group_name,
                valid_from=_from(post, key in held, first),
            )
        )
    recorder.created(Assignment.objects.bulk_create(new))


def _from(post: Post, had_holder: bool, first_day: date) -> date:
    """The workbook tells the assignment of the whole year; only a successor begins today."""
    today = clock.today()
    lone = post.role not in (Role.GROUP_HEAD, Role.GROUP_DEPUTY, Role.DEPUTY_PRINCIPAL)
    return today if had_holder and lone else min(first_day, today)
