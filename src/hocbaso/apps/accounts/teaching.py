"""Who teaches what in a school year: the matrix of classes and subjects, and the history of one cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from django.db.models import Q

from hocbaso.apps.accounts.models import Assignment, AssignmentProposal, Role, User
from hocbaso.apps.accounts.queries import ALL_OTHERS
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.class_subjects import ClassSubject, subjects_of_class
from hocbaso.apps.pupils.models import SchoolClass

#: Names of rows of the matrix that are no subject.
HOMEROOM_ROW, OTHERS_ROW = "chu-nhiem", "con-lai"


@dataclass(frozen=True, slots=True)
class Teaching:
    """One post as the matrix shows it."""

    post: Assignment
    present: bool
    coming: bool  # begins later

    @property
    def gap(self) -> bool:
        """Without number, date or signer of a decision."""
        return self.post.decision_is_missing


@dataclass(slots=True)
class Cell:
    """One class × one subject."""

    school_class: SchoolClass
    subject: str
    taught: bool  # the class's programme knows the subject
    needed: bool  # every pupil of the class studies it: somebody has to teach it
    posts: list[Teaching] = field(default_factory=list)
    by_others: list[Teaching] = field(default_factory=list)  # who teaches all that nobody is named for
    past: int = 0


@dataclass(slots=True)
class Row:
    """One subject over the classes."""

    code: str
    name: str
    cells: list[Cell]


@dataclass(slots=True)
class Matrix:
    """The teaching of a year; ``gaps`` counts present posts without a decision, ``empty`` subjects without
    anybody."""

    classes: list[SchoolClass]
    rows: list[Row]
    gaps: int = 0
    empty: int = 0


def classes_of(school: Organisation, year: str) -> list[SchoolClass]:
    """Open classes of a year in their order. One query."""
    rows = SchoolClass.objects.filter(school=school, school_year=year, closed_on__isnull=True)
    return list(rows.select_related("school").order_by("grade", "name"))


def matrix(classes: Sequence[SchoolClass], day: date | None = None) -> Matrix:
    """Homeroom, subjects in the order of the forms, and the class teacher's other subjects. One query."""
    day = day or clock.today()
    posts = (
        Assignment.objects.filter(school_class__in=classes, role__in=(Role.HOMEROOM, Role.SUBJECT_TEACHER))
        .select_related("user", "stands_in_for__user")
        .order_by("pk")
    )
    by_cell: dict[tuple[int, str], list[Assignment]] = {}
    for post in posts:
        by_cell.setdefault((post.school_class_id or 0, row_of(post)), []).append(post)
    known = {c.pk: {s.code: s for s in subjects_of_class(c)} for c in classes}
    made = Matrix(list(classes), [])
    for code, name in _row_names(known, by_cell):
        cells = [_cell(c, code, known[c.pk].get(code), by_cell, day) for c in classes]
        made.rows.append(Row(code, name, cells))
    for cell in (cell for row in made.rows for cell in row.cells):
        made.gaps += sum(p.gap for p in cell.posts if p.present)
        made.empty += cell.needed and not any(p.present for p in (*cell.posts, *cell.by_others))
    return made


def row_of(post: Assignment) -> str:
    """The row of the matrix that a post stands in."""
    if post.role == Role.HOMEROOM:
        return HOMEROOM_ROW
    return OTHERS_ROW if post.subject_code == ALL_OTHERS else post.subject_code or post.sign_subject


def _row_names(
    known: dict[int, dict[str, ClassSubject]], by_cell: dict[tuple[int, str], list[Assignment]]
) -> list[tuple[str, str]]:
    names = {HOMEROOM_ROW: "Chủ nhiệm"}
    if any(key == OTHERS_ROW for _pk, key in by_cell):
        names[OTHERS_ROW] = "Các môn còn lại"
    for subjects in known.values():
        for code, subject in subjects.items():
            names.setdefault(code, subject.name)
    for _pk, code in by_cell:
        names.setdefault(code, code)
    return list(names.items())


def _cell(
    school_class: SchoolClass,
    code: str,
    subject: ClassSubject | None,
    by_cell: dict[tuple[int, str], list[Assignment]],
    day: date,
) -> Cell:
    taught = subject is not None
    cell = Cell(
        school_class, code, taught, code == HOMEROOM_ROW or (subject is not None and subject.compulsory)
    )
    for post in by_cell.get((school_class.pk, code), ()):
        if post.valid_to is not None and post.valid_to < day:
            cell.past += 1
        else:
            cell.posts.append(Teaching(post, post.valid_from <= day, post.valid_from > day))
    if taught and not any(p.present and p.post.subject_code for p in cell.posts):
        cell.by_others = [
            Teaching(post, True, False)
            for post in by_cell.get((school_class.pk, OTHERS_ROW), ())
            if post.valid_from <= day and (post.valid_to is None or post.valid_to >= day)
        ]
    return cell


def cell_history(school_class: SchoolClass, row: str) -> list[Assignment]:
    """Every post of one cell, latest first, past and coming ones included. One query."""
    posts = Assignment.objects.filter(school_class=school_class)
    if row == HOMEROOM_ROW:
        posts = posts.filter(role=Role.HOMEROOM)
    else:
        code = ALL_OTHERS if row == OTHERS_ROW else row
        posts = posts.filter(Q(subject_code=code) | Q(sign_subject=code), role=Role.SUBJECT_TEACHER)
    return list(
        posts.select_related("user", "stands_in_for__user", "organisation").order_by("-valid_from", "-pk")
    )


def teaching_staff(school: Organisation) -> list[User]:
    """Whom a class's posts can be given to: open accounts of the school's staff. One query."""
    rows = User.objects.filter(
        Q(staff_records__organisation=school) | Q(assignments__organisation=school), is_active=True
    )
    return list(rows.distinct().order_by("full_name", "pk"))


def proposals_of(school: Organisation, year: str) -> list[AssignmentProposal]:
    """Posts copied from last year that nobody has confirmed yet. One query."""
    return list(
        AssignmentProposal.objects.filter(school_class__school=school, school_class__school_year=year)
        .select_related("user", "school_class")
        .order_by("school_class__grade", "school_class__name", "role", "subject_code", "pk")
    )
