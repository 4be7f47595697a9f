"""Lists around the gradebook: my classes and their pages, the school's classes, what to check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Assignment, Role
from hocbaso.apps.accounts.queries import present_posts
from hocbaso.apps.assessment import class_programme
from hocbaso.apps.assessment.class_programme import ClassProgramme
from hocbaso.apps.assessment.class_sheet import Progress, programme_of, progress
from hocbaso.apps.assessment.class_sheet import parts_of as sheet_parts
from hocbaso.apps.assessment.parts import RECORD, TRAITS, is_secondary
from hocbaso.apps.assessment.policies import ALL_OTHERS, class_assignments, teaches
from hocbaso.apps.assessment.use_cases.finish_entry import finished
from hocbaso.apps.books.kinds import KINDS, moments_for
from hocbaso.apps.books.kinds import Kind as BookKind
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import valid_on
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.core.regulation.programme import PRIMARY_GRADES
from hocbaso.interfaces.web import gradebook_columns
from hocbaso.interfaces.web import gradebook_pages as pages
from hocbaso.interfaces.web.gradebook_place import Place, moment_of, page_url, usual_moment

_LEADERS = (Role.PRINCIPAL, Role.DEPUTY_PRINCIPAL)


@dataclass(frozen=True, slots=True)
class Item:
    """One page of a class in a list."""

    label: str
    optional: bool
    url: str
    post: int | None  # the post to change to first; None: the present one opens it
    progress: Progress
    finished_at: datetime | None
    mine: bool
    teacher: str  # who enters it, when it is not mine


@dataclass(frozen=True, slots=True)
class Section:
    """One class with its pages."""

    school_class: SchoolClass
    items: list[Item]
    pupils: int


def leads(actor: Actor) -> bool:
    """School leaders look at classes, not at own subjects."""
    return actor.role in _LEADERS


def classes_of(actor: Actor) -> list[SchoolClass]:
    """Classes that the list shows: the school's of its newest year, or those of the person's posts."""
    post = actor.assignment
    assert post is not None
    assert actor.user is not None
    if leads(actor):
        rows = list(SchoolClass.objects.filter(school=post.organisation).select_related("school"))
        newest = max((c.school_year for c in rows), default="")
        return [c for c in rows if c.school_year == newest]
    mine = {
        p.school_class_id: p.school_class
        for p in present_posts(actor.user)
        if p.organisation_id == post.organisation_id and p.school_class is not None
    }
    for school_class in mine.values():
        school_class.school = post.organisation
    return sorted(mine.values(), key=lambda c: (c.school_year, c.grade, c.name))


@dataclass(frozen=True, slots=True)
class PartLine:
    """One page that a class's gradebook has."""

    code: str
    label: str
    compulsory: bool


def parts_of(
    classes: Sequence[SchoolClass], known: ClassProgramme | None = None
) -> dict[int, list[PartLine]]:
    """The pages of each class, subjects first. Two queries when a class is secondary, else none.

    :param known: the programme of the only class, when it is read already.
    """
    secondary = (
        {known.school_class.pk: known}
        if known
        else class_programme.of_classes([c for c in classes if is_secondary(c.grade)])
    )
    found = {}
    for school_class in classes:
        programme = secondary.get(school_class.pk)
        if programme is not None:
            voluntary = {s.code for s in programme.grade.subjects if not programme.of_all(s)}
        else:
            voluntary = {line.code for line in programme_of(school_class).lines if not line.compulsory}
        found[school_class.pk] = [
            PartLine(p.code, pages.part_name(school_class, p.code), p.code not in voluntary)
            for p in sheet_parts(school_class, programme)
        ]
    return found


def frame(classes: Sequence[SchoolClass], wanted: str) -> dict[str, Any]:
    """Moments to choose from in a list of classes, and the present one."""
    grades = sorted({c.grade for c in classes})
    named = {value: label for c in classes for value, label in gradebook_columns.moments(c)}
    moment = wanted if wanted in named else usual_moment(grades[0] if grades else PRIMARY_GRADES[0])
    return {"moments": list(named.items()), "moment": moment, "now": clock.now()}


def _progress(classes: Sequence[SchoolClass], wanted: str) -> dict[tuple[int, str], Progress]:
    """How far the pages are, each class at its own moment."""
    by_moment: dict[str, list[SchoolClass]] = {}
    for school_class in classes:
        by_moment.setdefault(moment_of(school_class, wanted), []).append(school_class)
    found: dict[tuple[int, str], Progress] = {}
    for moment, some in by_moment.items():
        found |= progress(some, moment)
    return found


def _finished(classes: Sequence[SchoolClass], wanted: str) -> dict[tuple[int, str], datetime]:
    found: dict[tuple[int, str], datetime] = {}
    for moment in {moment_of(c, wanted) for c in classes}:
        some = [c for c in classes if moment_of(c, wanted) == moment]
        found |= finished(some, moment)
    return found


def sections(
    actor: Actor, classes: Sequence[SchoolClass], wanted: str, *, whole_class: bool = False
) -> list[Section]:
    """The classes with the pages that the person enters; ``whole_class``: also those he may only read.

    :param wanted: the moment asked for; a class that has no such moment shows its usual one.
    """
    ids = [c.pk for c in classes]
    roles = (Role.SUBJECT_TEACHER, Role.HOMEROOM)
    posts: dict[int, list[Assignment]] = {}
    for post in Assignment.objects.filter(
        valid_on(clock.today()), school_class__in=ids, role__in=roles
    ).select_related("user"):
        posts.setdefault(post.school_class_id or 0, []).append(post)
    how_far = _progress(classes, wanted)
    done = _finished(classes, wanted)
    parts = parts_of(classes)
    found = []
    for school_class in classes:
        of_class = _OfClass(
            actor,
            school_class,
            moment_of(school_class, wanted),
            posts.get(school_class.pk, []),
            how_far,
            done,
            parts[school_class.pk],
        )
        items = [i for i in of_class.items() if i.mine or whole_class]
        pupils = max((p.pupils for key, p in how_far.items() if key[0] == school_class.pk), default=0)
        found.append(Section(school_class, items, pupils))
    return found


@dataclass(frozen=True, slots=True)
class _OfClass:
    actor: Actor
    school_class: SchoolClass
    moment: str
    posts: list[Assignment]
    how_far: dict[tuple[int, str], Progress]
    done: dict[tuple[int, str], datetime]
    parts: list[PartLine]

    def items(self) -> list[Item]:
        assert self.actor.user is not None
        user = self.actor.user.pk
        teachers = [p for p in self.posts if p.role == Role.SUBJECT_TEACHER]
        homeroom = next((p for p in self.posts if p.role == Role.HOMEROOM), None)
        own = homeroom is not None and homeroom.user_id == user
        post = homeroom.pk if homeroom and own else next((p.pk for p in teachers if p.user_id == user), None)
        found = []
        for line in self.parts:
            if line.code in (TRAITS, RECORD):
                people = [homeroom] if homeroom else []
                found.append(self._item(line, own, post, people))
            else:
                mine = teaches(teachers, line.code, user)
                found.append(self._item(line, mine, post, teachers))
        if self.actor.role == Role.SUBJECT_TEACHER:
            found = [i for i in found if i.mine]  # colleagues' subjects are not for them
        return found

    def _item(self, line: PartLine, mine: bool, post: int | None, people: list[Assignment]) -> Item:
        part = line.code
        url = page_url(self.school_class, part, self.moment)
        present = self.actor.assignment
        opens = present is not None and (
            present.role in _LEADERS
            or (
                (present.school_class_id == self.school_class.pk)
                and (part not in (TRAITS, RECORD) or present.role == Role.HOMEROOM)
            )
        )
        return Item(
            line.label,
            not line.compulsory,
            url,
            None if opens else post,
            self.how_far.get((self.school_class.pk, part), Progress(0, 0)),
            self.done.get((self.school_class.pk, part)),
            mine,
            "" if mine else _teacher(people, part),
        )


def _teacher(people: list[Assignment], part: str) -> str:
    """Who enters a page: named for it, else whoever has all the rest."""
    named = [p.user.full_name for p in people if p.subject_code == part or p.role == Role.HOMEROOM]
    others = [p.user.full_name for p in people if p.subject_code == ALL_OTHERS]
    return ", ".join(named or others)


@dataclass(frozen=True, slots=True)
class ClassLine:
    """One class in the leaders' list."""

    school_class: SchoolClass
    subjects: Progress  # pages of compulsory subjects that are complete
    traits: Progress | None  # none in secondary
    record: Progress


def overview(classes: Sequence[SchoolClass], wanted: str) -> list[ClassLine]:
    """How far each class is."""
    how_far = _progress(classes, wanted)
    parts = parts_of(classes)
    found = []
    for school_class in classes:
        of_class = {
            line.code: how_far.get((school_class.pk, line.code), Progress(0, 0))
            for line in parts[school_class.pk]
            if line.compulsory
        }
        traits, record = of_class.pop(TRAITS, None), of_class.pop(RECORD, Progress(0, 0))
        complete = sum(p.complete for p in of_class.values())
        found.append(ClassLine(school_class, Progress(complete, len(of_class)), traits, record))
    return found


@dataclass(frozen=True, slots=True)
class Choice:
    """Another page of the same class."""

    label: str
    url: str
    current: bool


def sees_all(actor: Actor) -> bool:
    """Whether somebody may open every page of a class that he may open at all."""
    return actor.role != Role.SUBJECT_TEACHER


def picker(actor: Actor, place: Place, programme: ClassProgramme | None = None) -> list[Choice]:
    """Pages of the class that the person may open in the present post, in the order of the form.

    One query for a subject teacher, two more in secondary unless ``programme`` is given.
    """
    school_class = place.school_class
    lines = parts_of([school_class], programme)[school_class.pk]
    if actor.role == Role.SUBJECT_TEACHER:
        assert actor.user is not None
        user, posts = actor.user.pk, class_assignments(school_class)
        lines = [one for one in lines if one.code not in (TRAITS, RECORD) and teaches(posts, one.code, user)]
    return [
        Choice(one.label, page_url(school_class, one.code, place.moment), one.code == place.part)
        for one in lines
    ]


def links(place: Place) -> list[tuple[str, str]]:
    """Where the page's data may be taken away, and the sheet to be filled in by hand."""
    found = [(_("Tải tệp Excel"), place.url("web:gradebook-export"))]
    if place.moment in moments_for(BookKind.ENTRY_SHEETS, place.school_class.grade):
        slug = KINDS[BookKind.ENTRY_SHEETS].slug
        query = {"lop": place.school_class.pk, "mon": place.part, "dot": place.moment, "dang": "pdf"}
        found.append((_("In phiếu trống"), reverse("web:books-file", args=[slug]) + f"?{urlencode(query)}"))
    return found
