"""Lists around the gradebook: my classes and their pages, the school's classes, what to check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Assignment, Role
from hocbaso.apps.accounts.queries import present_posts
from hocbaso.apps.assessment.class_sheet import RECORD, TRAITS, ClassSheet, Progress, programme_of, progress
from hocbaso.apps.assessment.models import Moment
from hocbaso.apps.assessment.policies import ALL_OTHERS, teaches
from hocbaso.apps.assessment.use_cases.finish_entry import Check, finished
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import valid_on
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.core.regulation.programme import PRIMARY_GRADES
from hocbaso.interfaces.web import gradebook_pages as pages

_LEADERS = (Role.PRINCIPAL, Role.DEPUTY_PRINCIPAL)
_STATES = {"T": "ok", "H": "idle", "Đ": "idle", "C": "warn"}


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
        return [c for c in rows if c.school_year == newest and c.grade in PRIMARY_GRADES]
    mine = {
        p.school_class_id: p.school_class
        for p in present_posts(actor.user)
        if p.organisation_id == post.organisation_id and p.school_class is not None
    }
    for school_class in mine.values():
        school_class.school = post.organisation
    return sorted(mine.values(), key=lambda c: (c.school_year, c.grade, c.name))


def sections(
    actor: Actor, classes: Sequence[SchoolClass], moment: str, *, whole_class: bool = False
) -> list[Section]:
    """The classes with the pages that the person enters; ``whole_class``: also those he may only read."""
    ids = [c.pk for c in classes]
    roles = (Role.SUBJECT_TEACHER, Role.HOMEROOM)
    posts: dict[int, list[Assignment]] = {}
    for post in Assignment.objects.filter(
        valid_on(clock.today()), school_class__in=ids, role__in=roles
    ).select_related("user"):
        posts.setdefault(post.school_class_id or 0, []).append(post)
    how_far = progress(classes, moment)
    done = finished(classes, moment)
    found = []
    for school_class in classes:
        of_class = _OfClass(actor, school_class, moment, posts.get(school_class.pk, []), how_far, done)
        items = [i for i in of_class.items() if i.mine or whole_class]
        found.append(Section(school_class, items, how_far[school_class.pk, TRAITS].pupils))
    return found


@dataclass(frozen=True, slots=True)
class _OfClass:
    actor: Actor
    school_class: SchoolClass
    moment: str
    posts: list[Assignment]
    how_far: dict[tuple[int, str], Progress]
    done: dict[tuple[int, str], datetime]

    def items(self) -> list[Item]:
        assert self.actor.user is not None
        user = self.actor.user.pk
        teachers = [p for p in self.posts if p.role == Role.SUBJECT_TEACHER]
        homeroom = next((p for p in self.posts if p.role == Role.HOMEROOM), None)
        own = homeroom is not None and homeroom.user_id == user
        post = homeroom.pk if homeroom and own else next((p.pk for p in teachers if p.user_id == user), None)
        found = [
            self._item(line.code, line.compulsory, teaches(teachers, line.code, user), post, teachers)
            for line in programme_of(self.school_class).lines
        ]
        for part in (TRAITS, RECORD):
            found.append(self._item(part, True, own, post, [homeroom] if homeroom else []))
        if self.actor.role == Role.SUBJECT_TEACHER:
            found = [i for i in found if i.mine]  # colleagues' subjects are not for them
        return found

    def _item(
        self, part: str, compulsory: bool, mine: bool, post: int | None, people: list[Assignment]
    ) -> Item:
        url = reverse("web:gradebook-sheet", args=[self.school_class.pk, part])
        if self.moment != Moment.YEAR_END and part != RECORD:
            url += f"?dot={self.moment}"
        present = self.actor.assignment
        opens = present is not None and (
            present.role in _LEADERS
            or (
                (present.school_class_id == self.school_class.pk)
                and (part not in (TRAITS, RECORD) or present.role == Role.HOMEROOM)
            )
        )
        return Item(
            pages.part_name(self.school_class, part),
            not compulsory,
            url,
            None if opens else post,
            self.how_far[self.school_class.pk, part],
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
    traits: Progress
    record: Progress


def overview(classes: Sequence[SchoolClass], moment: str) -> list[ClassLine]:
    """How far each class is."""
    how_far = progress(classes, moment)
    found = []
    for school_class in classes:
        lines = programme_of(school_class).compulsory
        complete = sum(how_far[school_class.pk, line.code].complete for line in lines)
        traits, record = how_far[school_class.pk, TRAITS], how_far[school_class.pk, RECORD]
        found.append(ClassLine(school_class, Progress(complete, len(lines)), traits, record))
    return found


def check_lines(sheet: ClassSheet, check: Check) -> dict[str, Any]:
    """The check page in words."""
    labels = {c.key: c.label for c in pages.columns(sheet)}
    names = {line.enrolment.pk: line.name for line in pages.build(sheet, editable=False, frozen={}).lines}
    return {
        "pupils": check.pupils,
        "blanks": check.blanks,
        "counts": [
            (labels[f.key], [(value, _STATES.get(value, ""), n) for value, n in values])
            for f, values in check.counts
        ],
        "missing": [
            (
                names[e.pk],
                ", ".join(labels[f.key] for f in fields),
                pages.cell_name(e.pk, fields[0].key),
            )
            for e, fields in check.missing
        ],
        "warnings": [
            (
                w.id,
                names.get(w.enrolment.pk, "") if w.enrolment else _("Cả lớp"),
                w.message,
                pages.cell_name(w.enrolment.pk, w.key) if w.enrolment else "",
            )
            for w in check.warnings
        ],
    }
