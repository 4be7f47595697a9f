"""Who must sign at a school, and from which seats: read from the assignments of a day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from hocbaso.apps.accounts.models import Assignment, Role, User
from hocbaso.apps.organisations.models import Organisation, valid_on
from hocbaso.apps.organisations.queries import settings_of
from hocbaso.apps.signing.families import DEPUTY
from hocbaso.core.regulation.secondary import SECONDARY_GRADES

_POSTS = (Role.PRINCIPAL, Role.DEPUTY_PRINCIPAL, Role.HOMEROOM, Role.SUBJECT_TEACHER)
_ROLE_OF = {
    Role.PRINCIPAL: "hieu_truong",
    Role.DEPUTY_PRINCIPAL: DEPUTY,
    Role.HOMEROOM: "gvcn",
    Role.SUBJECT_TEACHER: "gvbm",
}
PRIMARY_SETTING = "primary_subject_teachers_sign"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """One seat as the authority register keeps it."""

    role: str
    class_name: str = ""
    school_year: str = ""
    subject_code: str = ""

    def as_list(self) -> list[str]:
        return [self.role, self.class_name, self.school_year, self.subject_code]

    def __str__(self) -> str:
        return "/".join(self.as_list())


SEAL = Place("con_dau")


@dataclass(slots=True)
class MustSign:
    """One person (``user`` None: the seal) with the seats to sign from."""

    school_id: int
    user: User | None
    places: set[Place] = field(default_factory=set)
    posts: list[Assignment] = field(default_factory=list)

    @property
    def roles(self) -> list[str]:
        """Of the seats, leaders first."""
        order = ("con_dau", "hieu_truong", DEPUTY, "gvcn", "gvbm")
        held = {place.role for place in self.places}
        return [role for role in order if role in held]


def primary_too(schools: Iterable[Organisation], day: date) -> dict[int, bool]:
    """Whether subject teachers sign in primary. One query, two where somebody has set it."""
    found = settings_of(schools, PRIMARY_SETTING, day)
    return {pk: value == "yes" for pk, value in found.items()}


def must_sign(schools: list[Organisation], day: date, only: User | None = None) -> list[MustSign]:
    """Everybody who must sign in these schools on ``day``, the seal of each school first. Two queries.

    :param only: this person alone, without the seals.
    """
    primary = primary_too(schools, day)
    found: dict[tuple[int, int | None], MustSign] = {}
    if only is None:
        found = {(one.pk, None): MustSign(one.pk, None, {SEAL}) for one in schools}
    posts = (
        Assignment.objects.filter(valid_on(day), organisation__in=schools, role__in=_POSTS)
        .filter(user__is_active=True)
        .select_related("user", "school_class")
        .order_by("organisation_id", "user__full_name", "user_id", "role", "id")
    )
    if only is not None:
        posts = posts.filter(user=only)
    for post in posts:
        places = _places(post, primary[post.organisation_id])
        if not places:
            continue
        key = (post.organisation_id, post.user_id)
        line = found.setdefault(key, MustSign(post.organisation_id, post.user))
        line.places |= places
        line.posts.append(post)
    return list(found.values())


def _places(post: Assignment, primary: bool) -> set[Place]:
    role, in_class = _ROLE_OF[Role(post.role)], post.school_class
    if role in ("hieu_truong", DEPUTY):
        return {Place(role)}
    if in_class is None or in_class.closed_on is not None:
        return set()
    if role == "gvcn":
        return {Place(role, in_class.name, in_class.school_year)}
    secondary = in_class.grade in SECONDARY_GRADES
    if not secondary and not primary:
        return set()
    codes = _subjects(post)
    return {Place(role, in_class.name, in_class.school_year, code) for code in codes}


def _subjects(post: Assignment) -> set[str]:
    """The subjects a post signs; for "every other subject", all that the programme requires."""
    from hocbaso.apps.oversight.progress import required_subjects

    code = post.sign_subject or post.subject_code
    if code != "*":
        return {code} if code else set()
    assert post.school_class is not None
    grade = post.school_class.grade
    return set(required_subjects(grade, post.school_class.school_year)) if grade else set()
