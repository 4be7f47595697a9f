"""The posts that a row of a staff list gives, and those that somebody holds, in the same words."""

from __future__ import annotations

from dataclasses import dataclass

from hocbaso.apps.accounts.models import Assignment, Role
from hocbaso.apps.intake.planning import Judge
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.core.errors import register, sentence
from hocbaso.core.regulation.programme import PRIMARY_GRADES, TT32_PRIMARY
from hocbaso.core.regulation.secondary import SECONDARY_GRADES, SECONDARY_PROGRAMMES
from hocbaso.core.vietnamese.letters import strip_marks
from hocbaso.engines.workbooks.cells import grade_of
from hocbaso.engines.workbooks.model import StaffRow
from hocbaso.engines.workbooks.text import bare

register(
    {
        "staff_new_class": (
            "Năm học này chưa có lớp {name}; lớp sẽ được tạo, chưa có học sinh.",
            "Class {name} will be created without pupils.",
        ),
        "staff_class_grade": (
            "Không biết lớp “{name}” thuộc khối nào; phân công lớp này không được nhập.",
            "The grade of class {name} cannot be told.",
        ),
    }
)

_LONGEST_CLASS = SchoolClass._meta.get_field("name").max_length or 0
#: Words of the file's "Trạng thái CB" after which somebody holds no post any more.
_LEFT = (
    "nghi huu",
    "thoi viec",
    "chuyen di",
    "chuyen truong",
    "da nghi",
    "nghi viec",
    "bo viec",
    "da chuyen",
)
_ROLES = {
    "principal": Role.PRINCIPAL,
    "deputy_principal": Role.DEPUTY_PRINCIPAL,
    "seal_keeper": Role.SEAL_KEEPER,
    "data_clerk": Role.DATA_CLERK,
    "group_head": Role.GROUP_HEAD,
    "group_deputy": Role.GROUP_DEPUTY,
}
#: Posts that a workbook gives and takes; others (administrators, officers) are nobody's business here.
GIVEN = frozenset({*_ROLES.values(), Role.HOMEROOM, Role.SUBJECT_TEACHER})


@dataclass(frozen=True, slots=True)
class Post:
    """One assignment as a workbook tells it; class and subject are empty where they do not apply."""

    role: str
    class_name: str = ""
    subject_code: str = ""
    group_name: str = ""

    @property
    def words(self) -> str:
        label = str(Role(self.role).label)
        if self.subject_code:
            label += f" {subject_name(self.subject_code)}"
        if self.class_name:
            label += f" lớp {self.class_name}"
        return f"{label} {self.group_name}".strip()


def subject_name(code: str) -> str:
    """What people call a subject of the programme; a code that it does not know stays as it is."""
    if code == "*":
        return "các môn còn lại"
    lines = (line for grade in PRIMARY_GRADES for line in TT32_PRIMARY.grade(grade).lines)
    subjects = (one for p in SECONDARY_PROGRAMMES for grade in p.grades.values() for one in grade.subjects)
    primary = next((line.short_name for line in lines if line.code == code), None)
    return primary or next((one.name for one in subjects if one.code == code), code)


def has_left(row: StaffRow) -> bool:
    """Whether the file says that the person works here no more."""
    return bare(row.status or "").startswith(_LEFT)


def posts_of_row(
    judge: Judge, row: StaffRow, classes: dict[str, SchoolClass], new_classes: dict[str, int]
) -> list[Post]:
    """The posts that the row gives; classes that the year lacks are noted."""
    if has_left(row):
        return []
    group = row.group or ""
    posts = [
        Post(_ROLES[role], group_name=group if role.startswith("group_") and _is_group(group) else "")
        for role in row.roles
        if role in _ROLES
    ]
    wanted = [Post(Role.HOMEROOM, row.homeroom_class)] if row.homeroom_class else []
    for line in row.teaching:
        if code := _subject_code(line.class_name, line.subject, line.subject_code):
            wanted.append(Post(Role.SUBJECT_TEACHER, line.class_name, code))
    for post in dict.fromkeys(wanted):
        grade = grade_of(post.class_name)
        if post.class_name in classes or post.class_name in new_classes:
            posts.append(post)
        elif grade is None or len(post.class_name) > _LONGEST_CLASS:
            text = sentence("staff_class_grade", name=post.class_name)
            judge.warn(row, "teaching", "class_grade", text, post.class_name)
        else:
            new_classes[post.class_name] = grade
            text = sentence("staff_new_class", name=post.class_name)
            column = "homeroom_class" if post.role == Role.HOMEROOM else "teaching"
            judge.warn(row, column, "class_created", text, post.class_name)
            posts.append(post)
    return posts


def _is_group(text: str) -> bool:
    """Whether "Nhóm chức vụ" names a group of its own ("Tổ Toán"), not just the kind of post."""
    return bare(text) not in {"", "to truong", "to pho", "to truong chuyen mon", "to pho chuyen mon"}


def _subject_code(class_name: str, subject: str | None, code: str | None) -> str:
    if subject is None:
        return "*"
    if code:
        return code
    if grade_of(class_name) in (*PRIMARY_GRADES, *SECONDARY_GRADES):
        return ""  # the reader has warned: the grade has no such subject
    return "-".join(strip_marks(word) for word in bare(subject).split())[:40]


def post_of(assignment: Assignment) -> Post:
    """An assignment as the file would tell it."""
    school_class = assignment.school_class
    return Post(
        assignment.role,
        school_class.name if school_class else "",
        assignment.subject_code,
        assignment.group_name,
    )


def held_alone(post: Post) -> tuple[str, str] | None:
    """The key of a post that only one person can hold."""
    return (post.role, post.class_name) if post.role in (Role.PRINCIPAL, Role.HOMEROOM) else None
