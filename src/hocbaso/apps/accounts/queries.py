"""Reads about users and their posts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q, QuerySet

from hocbaso.apps.accounts.models import Assignment, Role, SignInAttempt, StaffMember, User
from hocbaso.apps.accounts.use_cases.throttle import CODE
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation, valid_on
from hocbaso.apps.pupils.class_subjects import subjects_of_class
from hocbaso.apps.pupils.models import SchoolClass

_MISSING_DECISION = Q(decision_number="") | Q(decision_date__isnull=True) | Q(decision_signer="")


def present_posts(user: User, day: date | None = None) -> list[Assignment]:
    """The user's posts that hold on ``day``, with unit and class, the weightiest first. One query."""
    rows = (
        Assignment.objects.filter(valid_on(day or clock.today()), user=user)
        .select_related("organisation", "school_class", "user")
        .order_by("school_class__grade", "school_class__name", "subject_code")
    )
    weight = {role: place for place, role in enumerate(Role.values)}  # a homeroom class before a subject
    return sorted(rows, key=lambda post: (post.organisation.name, weight[post.role]))


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


ALL_OTHERS = "*"


@dataclass(frozen=True, slots=True)
class StaffRef:
    """Somebody who teaches or signs one subject of a class."""

    user_id: int
    name: str
    staff_code: str
    assignment_id: int
    decision: str = ""
    #: Of a substitute signer (domain A5): the teacher responsible for the results, and why he does not sign.
    responsible: str = ""
    reason: str = ""


def class_posts(school_class: SchoolClass, day: date | None = None) -> list[Assignment]:
    """Subject-teacher posts of a class that hold on ``day``, substitute signers among them. One query."""
    return list(
        Assignment.objects.filter(
            valid_on(day or clock.today()), school_class=school_class, role=Role.SUBJECT_TEACHER
        )
        .select_related("user", "stands_in_for__user")
        .order_by("pk")
    )


def teachers_of(school_class: SchoolClass, day: date | None = None) -> dict[str, list[StaffRef]]:
    """Subject code → who teaches it on ``day``, ``*`` resolved to the subjects nobody is named for.

    Two queries. A stand-in for a time stands beside the teacher whom he stands in for.
    """
    posts = class_posts(school_class, day)
    codes = _staff_codes(school_class)
    return {
        code: [_ref(post, codes) for post in found]
        for code, found in _by_subject(school_class, posts).items()
    }


def signers_of(school_class: SchoolClass, day: date | None = None) -> dict[str, list[StaffRef]]:
    """Subject code → who signs it: the teacher designated by the principal, else all who teach it.

    A substitute signer stands in the place of the teacher who cannot sign (also of one who has left) and
    names him as ``responsible``. Two queries.
    """
    posts = class_posts(school_class, day)
    codes = _staff_codes(school_class)
    found: dict[str, list[StaffRef]] = {}
    for code, teaching in _by_subject(school_class, posts).items():
        designated = [post for post in teaching if post.signs]
        found[code] = [_ref(post, codes) for post in designated or teaching]
    for post in posts:
        if post.sign_subject:
            _substitute(found, post, codes)
    return found


def _substitute(found: dict[str, list[StaffRef]], post: Assignment, codes: dict[int, str]) -> None:
    original = post.stands_in_for
    assert original is not None, "a substitute signer stands in for somebody"
    ref = _ref(post, codes)
    refs = found.get(post.sign_subject, [])
    present = any(r.user_id == original.user_id for r in refs)
    if original.valid_to is None and refs and not present:
        return  # a colleague is designated: whom this one stands in for does not sign anyhow
    stays = [r for r in refs if r.user_id not in (original.user_id, ref.user_id)]
    found[post.sign_subject] = [*stays, ref]


def _by_subject(school_class: SchoolClass, posts: list[Assignment]) -> dict[str, list[Assignment]]:
    named: dict[str, list[Assignment]] = {}
    for post in posts:
        if post.subject_code:
            named.setdefault(post.subject_code, []).append(post)
    others = named.pop(ALL_OTHERS, [])
    known = [subject.code for subject in subjects_of_class(school_class)]
    return {
        code: named.get(code, others)
        for code in [*known, *(code for code in named if code not in known)]
        if named.get(code, others)
    }


def _staff_codes(school_class: SchoolClass) -> dict[int, str]:
    rows = StaffMember.objects.filter(organisation=school_class.school_id, user__isnull=False)
    return {user: code for user, code in rows.values_list("user_id", "code") if user is not None}


def _ref(post: Assignment, codes: dict[int, str]) -> StaffRef:
    original = post.stands_in_for if post.sign_subject else None
    return StaffRef(
        post.user_id,
        post.user.full_name,
        codes.get(post.user_id, post.user.username),
        post.pk,
        post.decision_number,
        original.user.full_name if original else "",
        post.reason if original else "",
    )


def same_person(user: User, *others: int) -> bool:
    """Whether one of these accounts is the user's own, or another account of the same person: the staff files
    know by the personal number. At most one query.
    """
    if user.pk in others:
        return True
    if not others:
        return False
    files = StaffMember.objects.filter(user__in=[user.pk, *others]).exclude(personal_number="")
    rows = set(files.values_list("user", "personal_number"))
    own = {number for pk, number in rows if pk == user.pk}
    return any(number in own for pk, number in rows if pk != user.pk)
