"""Reads about users and their posts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q, QuerySet

from hocbaso.apps.accounts.models import Assignment, Role, SignInAttempt, StaffMember, User
from hocbaso.apps.accounts.use_cases.throttle import CODE
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation, valid_on

_MISSING_DECISION = Q(decision_number="") | Q(decision_date__isnull=True) | Q(decision_signer="")


def present_posts(user: User, day: date | None = None) -> list[Assignment]:
    """The user's posts that hold on ``day``, with unit and class. One query."""
    return list(
        Assignment.objects.filter(valid_on(day or clock.today()), user=user)
        .select_related("organisation", "school_class", "user")
        .order_by("organisation__name", "role", "school_class__grade", "school_class__name", "subject_code")
    )


def ended_posts(user: User, day: date | None = None, limit: int = 5) -> list[Assignment]:
    """The user's posts that have ended, latest first. One query."""
    return list(
        Assignment.objects.filter(user=user, valid_to__lt=day or clock.today())
        .select_related("organisation", "school_class")
        .order_by("-valid_to", "-pk")[:limit]
    )


def previous_sign_in(user: User) -> datetime | None:
    """When the user signed in the time before the present one. One query."""
    moments = (
        SignInAttempt.objects.filter(username=user.username, succeeded=True)
        .exclude(address=CODE)
        .order_by("-at")
        .values_list("at", flat=True)[1:2]
    )
    return next(iter(moments), None)


def staff_of(unit: Organisation) -> QuerySet[StaffMember]:
    """The personnel file of a unit, with accounts. One query."""
    return StaffMember.objects.filter(organisation=unit).select_related("user").order_by("code")


def assignments_of(unit: Organisation, day: date | None = None) -> QuerySet[Assignment]:
    """Assignments of a unit that hold on ``day``. One query."""
    return (
        Assignment.objects.filter(valid_on(day or clock.today()), organisation=unit)
        .select_related("user", "school_class")
        .order_by("user__full_name", "user_id", "role", "school_class__grade", "school_class__name")
    )


def assignments_without_decision(unit: Organisation, day: date | None = None) -> QuerySet[Assignment]:
    """The listed gap: present assignments without number, date or signer of a decision. One query."""
    return assignments_of(unit, day).filter(_MISSING_DECISION)


@dataclass(frozen=True, slots=True)
class PostChoice:
    """What a person is asked to choose from: one post with every subject that it opens."""

    post: Assignment
    subjects: tuple[str, ...]  # subject codes; "*" = all that nobody else is named for


def post_choices(posts: list[Assignment]) -> list[PostChoice]:
    """Merge what opens the same doors: several subjects of one class are one choice, and a homeroom teacher's
    subjects in the own class come with the homeroom post (the policy asks for the class and the person).
    """
    homerooms = {p.school_class_id for p in posts if p.role == Role.HOMEROOM}
    subjects: dict[int | None, list[str]] = {}
    for post in posts:
        if post.role == Role.SUBJECT_TEACHER:
            subjects.setdefault(post.school_class_id, []).append(post.subject_code)
    choices: list[PostChoice] = []
    seen: set[int | None] = set()
    for post in posts:
        if post.role == Role.SUBJECT_TEACHER:
            if post.school_class_id in homerooms or post.school_class_id in seen:
                continue
            seen.add(post.school_class_id)
        teaches = post.role in (Role.SUBJECT_TEACHER, Role.HOMEROOM)
        choices.append(PostChoice(post, tuple(subjects.get(post.school_class_id, ())) if teaches else ()))
    return choices
