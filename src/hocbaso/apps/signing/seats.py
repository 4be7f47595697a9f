"""Who must sign at a school, and from which seats: read from the assignments of a day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from django.db.models import Q

from hocbaso.apps.accounts.models import Assignment, Role, User
from hocbaso.apps.organisations.models import Organisation, valid_on
from hocbaso.apps.organisations.queries import settings_of
from hocbaso.apps.pupils.class_subjects import subjects_of_class
from hocbaso.apps.pupils.models import SchoolClass
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
    primary, by_pk = primary_too(schools, day), {one.pk: one for one in schools}
    found: dict[tuple[int, int | None], MustSign] = {}
    if only is None:
        found = {(one.pk, None): MustSign(one.pk, None, {SEAL}) for one in schools}
    posts = (
        Assignment.objects.filter(valid_on(day), organisation__in=schools, role__in=_POSTS)
        .filter(user__is_active=True)
        .select_related("user", "school_class", "stands_in_for")
        .order_by("organisation_id", "user__full_name", "user_id", "role", "id")
    )
    if only is not None:  # with all who share his classes: who signs a subject is said of a class
        classes = Assignment.objects.filter(valid_on(day), user=only, organisation__in=schools)
        in_class = Q(school_class__in=classes.values("school_class"), role=Role.SUBJECT_TEACHER)
        posts = posts.filter(Q(user=only) | in_class)
    rows = list(posts)
    for post in rows:
        if post.school_class is not None:
            post.school_class.school = by_pk[post.organisation_id]
    signed = _subjects_of_posts(rows, primary)
    for post in rows:
        places = signed.get(post.pk, set()) if post.role == Role.SUBJECT_TEACHER else _places(post)
        if not places or (only is not None and post.user_id != only.pk):
            continue
        key = (post.organisation_id, post.user_id)
        line = found.setdefault(key, MustSign(post.organisation_id, post.user))
        line.places |= places
        line.posts.append(post)
    return list(found.values())


def _places(post: Assignment) -> set[Place]:
    role, in_class = _ROLE_OF[Role(post.role)], post.school_class
    if role in ("hieu_truong", DEPUTY):
        return {Place(role)}
    if in_class is None or in_class.closed_on is not None:
        return set()
    return {Place(role, in_class.name, in_class.school_year)}


def _subjects_of_posts(posts: Iterable[Assignment], primary: Mapping[int, bool]) -> dict[int, set[Place]]:
    """By post: the subject seats, as ``accounts.queries.signers_of`` says who signs. No query."""
    of_class: dict[int, list[Assignment]] = defaultdict(list)
    for post in posts:
        found = post.school_class
        if post.role != Role.SUBJECT_TEACHER or found is None or found.closed_on is not None:
            continue
        if found.grade in SECONDARY_GRADES or primary[post.organisation_id]:
            of_class[found.pk].append(post)
    places: dict[int, set[Place]] = defaultdict(set)
    for rows in of_class.values():
        school_class = rows[0].school_class
        assert school_class is not None
        for code, signers in _signers(school_class, rows).items():
            for post in signers:
                places[post.pk].add(Place("gvbm", school_class.name, school_class.school_year, code))
    return places


def _signers(school_class: SchoolClass, posts: list[Assignment]) -> dict[str, list[Assignment]]:
    """Subject → posts that sign it: the designated teacher, else all who teach it; ``*`` is every subject
    that nobody is named for; a substitute signs in the place of whom he stands in for."""
    named: dict[str, list[Assignment]] = defaultdict(list)
    for post in posts:
        if post.subject_code:
            named[post.subject_code].append(post)
    others = named.pop("*", [])
    codes = dict.fromkeys([*(subject.code for subject in subjects_of_class(school_class)), *named])
    found: dict[str, list[Assignment]] = {}
    for code in codes:
        teaching = named.get(code, others)
        found[code] = [post for post in teaching if post.signs] or list(teaching)
    for post in posts:
        original = post.stands_in_for
        if not post.sign_subject or original is None:
            continue
        signers = found.get(post.sign_subject, [])
        if original.valid_to is None and signers and original.user_id not in {one.user_id for one in signers}:
            continue  # a colleague is designated: whom this one stands in for does not sign anyhow
        replaced = {original.user_id, post.user_id}
        found[post.sign_subject] = [*(one for one in signers if one.user_id not in replaced), post]
    return found
