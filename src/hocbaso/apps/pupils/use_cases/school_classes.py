"""Open, rename and close classes of a school year."""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.db.models import Q

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.accounts.models import Assignment
from hocbaso.apps.accounts.use_cases.assign import end_assignment
from hocbaso.apps.audit import chain
from hocbaso.apps.organisations.models import Level, Organisation
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.core.errors import DomainError, register
from hocbaso.core.vietnamese.letters import collapse, nfc
from hocbaso.core.vietnamese.school_year import SchoolYear
from hocbaso.engines.workbooks.class_names import KINDERGARTEN, grade_of

register(
    {
        "class_name_missing": ("Cần ghi tên lớp, ví dụ 6A1.", "The class needs a name."),
        "class_name_long": ("Tên lớp dài quá {limit} ký tự.", "A class name has at most {limit} characters."),
        "class_name_taken": (
            "Năm học {year} đã có lớp {name}. Mỗi tên lớp chỉ dùng một lần trong năm.",
            "There is a class {name} in {year}.",
        ),
        "class_grade_unknown": (
            "Không rõ lớp {name} thuộc khối nào; tên lớp bắt đầu bằng khối, ví dụ 6A1, 12.6.",
            "The grade of class {name} is not clear.",
        ),
        "class_grade_elsewhere": (
            "Trường không dạy khối {grade} nên không mở được lớp {name}.",
            "The school does not teach grade {grade}.",
        ),
        "class_grade_fixed": (
            "Lớp {name} thuộc khối {grade}; tên mới cũng phải của khối {grade}.",
            "The new name must be of grade {grade}.",
        ),
        "class_has_sheets": (
            "Lớp {name} đã chốt {count} học bạ nên không đổi tên được; học bạ đã ghi tên lớp này.",
            "Year sheets of class {name} are frozen.",
        ),
        "class_has_pupils": (
            "Lớp {name} còn {count} học sinh đang học. Thầy cô chuyển các em sang lớp khác rồi đóng lớp.",
            "{count} pupils still study in class {name}.",
        ),
        "class_closed": (
            "Lớp {name} đã đóng từ ngày {day}.",
            "Class {name} is closed since {day}.",
        ),
    }
)

_GRADES: dict[Level, range] = {
    Level.KINDERGARTEN: KINDERGARTEN,
    Level.PRIMARY: range(1, 6),
    Level.LOWER_SECONDARY: range(6, 10),
    Level.UPPER_SECONDARY: range(10, 13),
    Level.CONTINUING: range(6, 13),
}
NAME_LIMIT = 20


def grades_of(school: Organisation) -> list[int]:
    """The grades that the school's levels teach, in order."""
    return sorted({grade for level in school.levels for grade in _GRADES.get(Level(level), range(0))})


def require_name(school: Organisation, name: str) -> tuple[str, int]:
    """A class name as it is stored, and the grade it tells.

    :raises DomainError: ``class_name_missing``, ``class_name_long``, ``class_grade_*``
    """
    name = collapse(nfc(name))
    if not name:
        raise DomainError("class_name_missing")
    if len(name) > NAME_LIMIT:
        raise DomainError("class_name_long", limit=NAME_LIMIT)
    grade = grade_of(name)
    if grade is None:
        raise DomainError("class_grade_unknown", name=name)
    if grade not in grades_of(school):
        raise DomainError("class_grade_elsewhere", grade=grade, name=name)
    return name, grade


def _require_free(school: Organisation, year: str, name: str, but: int | None = None) -> None:
    rows = SchoolClass.objects.filter(school=school, school_year=year)
    wanted = name.casefold()
    if any(n.casefold() == wanted for pk, n in rows.values_list("pk", "name") if pk != but):
        raise DomainError("class_name_taken", year=year, name=name)


@transaction.atomic
def create_class(
    actor: Actor, *, school: Organisation, year: str, name: str, campus: str = ""
) -> SchoolClass:
    """Open a class; its grade follows from the name.

    :param campus: điểm trường, where the school has several.
    :raises NotAllowed: policy ``pupils.manage_classes``
    :raises DomainError: ``class_*``, ``school_year.format``
    """
    require(actor, "pupils.manage_classes", school)
    year = str(SchoolYear.parse(year))
    name, grade = require_name(school, name)
    _require_free(school, year, name)
    made = SchoolClass.objects.create(
        school=school, school_year=year, name=name, grade=grade, campus=collapse(nfc(campus))[:120]
    )
    chain.record(
        actor,
        "pupils.create_class",
        f"class:{year}:{name}",
        organisation=school.code,
        grade=grade,
        campus=made.campus,
    )
    return made


@transaction.atomic
def change_class(
    actor: Actor, *, school_class: SchoolClass, name: str | None = None, campus: str | None = None
) -> SchoolClass:
    """Another name (of the same grade) or campus.

    :raises NotAllowed: policy ``pupils.manage_classes``
    :raises DomainError: ``class_*``: the name is taken or stands on frozen year sheets.
    """
    require(actor, "pupils.manage_classes", school_class.school)
    row = SchoolClass.objects.select_for_update(of=("self",)).select_related("school").get(pk=school_class.pk)
    before = {"name": row.name, "campus": row.campus}
    if name is not None:
        name, grade = require_name(row.school, name)
        if grade != row.grade:
            raise DomainError("class_grade_fixed", name=row.name, grade=row.grade)
        if name != row.name:
            _require_free(row.school, row.school_year, name, row.pk)
            sheets = row.sheets.exclude(state="voided").count()
            if sheets:
                raise DomainError("class_has_sheets", name=row.name, count=sheets)
        row.name = name
    if campus is not None:
        row.campus = collapse(nfc(campus))[:120]
    after = {"name": row.name, "campus": row.campus}
    if after != before:
        row.save(update_fields=["name", "campus"])
        chain.record(
            actor,
            "pupils.change_class",
            f"class:{row.school_year}:{before['name']}",
            organisation=row.school.code,
            before=before,
            after=after,
        )
    return row


@transaction.atomic
def dissolve_class(actor: Actor, *, school_class: SchoolClass, day: date) -> SchoolClass:
    """The class is dissolved at the end of ``day``: nobody studies in it any more, its posts end that day.

    :raises NotAllowed: policies ``pupils.manage_classes``, ``accounts.assign``
    :raises DomainError: ``class_has_pupils``, ``class_closed``
    """
    require(actor, "pupils.manage_classes", school_class.school)
    row = SchoolClass.objects.select_for_update(of=("self",)).select_related("school").get(pk=school_class.pk)
    require_open(row)
    studying = Enrolment.objects.filter(school_class=row, active=True).count()
    if studying:
        raise DomainError("class_has_pupils", name=row.name, count=studying)
    row.closed_on = day
    row.save(update_fields=["closed_on"])
    holds_on = Q(valid_to__isnull=True) | Q(valid_to__gt=day)
    posts = Assignment.objects.filter(holds_on, school_class=row).select_related("organisation")
    for post in posts:
        end_assignment(actor, assignment=post, last_day=max(day, post.valid_from))
    chain.record(
        actor,
        "pupils.dissolve_class",
        f"class:{row.school_year}:{row.name}",
        organisation=row.school.code,
        day=day.isoformat(),
        posts=len(posts),
    )
    return row


def require_open(school_class: SchoolClass) -> None:
    """:raises DomainError: ``class_closed``"""
    if school_class.closed_on is not None:
        raise DomainError("class_closed", name=school_class.name, day=f"{school_class.closed_on:%d/%m/%Y}")
