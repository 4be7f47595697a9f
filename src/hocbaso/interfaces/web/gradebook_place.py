"""Which page of the gradebook somebody is on, and what he may do there."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from hocbaso.apps.accounts.door import allowed
from hocbaso.apps.assessment.class_sheet import ClassSheet, read_sheet
from hocbaso.apps.assessment.models import Moment
from hocbaso.apps.assessment.parts import RECORD, TRAITS, is_secondary, moments_of
from hocbaso.apps.assessment.policies import ClassSubject
from hocbaso.apps.common import clock
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.apps.transcripts.queries import frozen_since
from hocbaso.core.errors import NotFound
from hocbaso.interfaces.web import gradebook_columns
from hocbaso.interfaces.web import gradebook_pages as pages
from hocbaso.interfaces.web.gradebook_locks import PageGates
from hocbaso.interfaces.web.views import actor_of, class_of, policy

_FIRST_TERM_MONTHS = (8, 9, 10, 11, 12, 1)


@dataclass(frozen=True, slots=True)
class Place:
    """One page: a class, a part, a moment."""

    school_class: SchoolClass
    part: str
    moment: str
    editable: bool

    @property
    def is_subject(self) -> bool:
        return self.part not in (TRAITS, RECORD)

    @property
    def has_moments(self) -> bool:
        """Whether the page exists once a moment; primary's record is one a year."""
        return self.part != RECORD or is_secondary(self.school_class.grade)

    @property
    def moment_name(self) -> str:
        return gradebook_columns.moment_name(self.moment) if self.has_moments else ""

    @property
    def label(self) -> str:
        """Names the page among a person's batches."""
        return f"{self.school_class.pk}:{self.part}:{self.moment}"

    def url(self, name: str = "web:gradebook-sheet") -> str:
        return page_url(self.school_class, self.part, self.moment, name)

    @property
    def check_url(self) -> str:
        return self.url("web:gradebook-check")

    def read(self) -> ClassSheet:
        return read_sheet(self.school_class, self.part, self.moment)

    def gates(self, sheet: ClassSheet) -> PageGates:
        return PageGates.of(sheet, gradebook_columns.columns(sheet), clock.now())

    def frame(self, sheet: ClassSheet) -> pages.Frame:
        """What decides over the page's cells.

        When a year was closed is asked only where something of it can be: closing locks the rows that are
        there, so that a secondary page with rows and no locked one has nothing closed.
        """
        rows = sheet.rows.values()
        asks = not rows or any(row.locked for row in rows) or not is_secondary(self.school_class.grade)
        frozen = frozen_since(self.school_class) if asks else {}
        return pages.Frame(sheet, self.editable, frozen, self.gates(sheet))


def page_url(school_class: SchoolClass, part: str, moment: str, name: str = "web:gradebook-sheet") -> str:
    """Address of a page; the moment is left out where it is the only one or the usual one of primary."""
    url = reverse(name, args=[school_class.pk, part])
    if moment == Moment.YEAR_END or (part == RECORD and not is_secondary(school_class.grade)):
        return url
    return f"{url}?dot={moment}"


def usual_moment(grade: int) -> str:
    """The moment that a page shows when none is asked for: the year's end, or the running semester."""
    if not is_secondary(grade):
        return Moment.YEAR_END.value
    first = clock.today().month in _FIRST_TERM_MONTHS
    return Moment.TERM_ONE.value if first else Moment.TERM_TWO.value


def moment_of(school_class: SchoolClass, wanted: str, part: str = "") -> str:
    """The moment that an address asks for, where the class has it."""
    grade = school_class.grade
    has_it = wanted in {m.value for m in moments_of(school_class)}
    if part == RECORD and not is_secondary(grade):
        return Moment.YEAR_END.value
    return wanted if has_it else usual_moment(grade)


def place_of(request: HttpRequest, class_id: int, part: str) -> Place:
    """:raises NotFound: no such class or page for this person; :raises NotAllowed: not this teacher's."""
    school_class = _class(request, class_id)
    pages.part_name(school_class, part)  # NotFound for a subject that the grade does not have
    if part == TRAITS and is_secondary(school_class.grade):
        raise NotFound("no_such_part")
    subject = "" if part in (TRAITS, RECORD) else part
    target = ClassSubject(school_class, subject)
    if subject:
        editable = allowed(actor_of(request), "assessment.enter", target)
    else:
        editable = allowed(actor_of(request), "assessment.enter_traits", school_class)
    if not editable:
        policy(request, "assessment.view_part", target)
    moment = moment_of(school_class, request.GET.get("dot", ""), part)
    return Place(school_class, part, moment, editable)


def _class(request: HttpRequest, class_id: int) -> SchoolClass:
    """The class; no query when it is the one of the chosen post."""
    post = actor_of(request).assignment
    own = post.school_class if post and post.school_class_id == class_id else None
    if own is not None and allowed(actor_of(request), "assessment.view_class", own):
        assert post is not None
        own.school = post.organisation
        return own
    return class_of(request, class_id, "assessment.view_class")


def require_editable(request: HttpRequest, place: Place) -> None:
    """:raises NotAllowed: the page is not this person's to enter."""
    if place.editable:
        return
    if place.is_subject:
        policy(request, "assessment.enter", ClassSubject(place.school_class, place.part))
    policy(request, "assessment.enter_traits", place.school_class)
