"""Compare a staff list with the school's staff, accounts and assignments; nothing is written here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import Q

from hocbaso.apps.accounts.door import Actor, allowed
from hocbaso.apps.accounts.models import Assignment, Role, StaffMember, User
from hocbaso.apps.accounts.use_cases.staff_posts import (
    GIVEN,
    Post,
    has_left,
    held_alone,
    post_of,
    posts_of_row,
)
from hocbaso.apps.common import clock
from hocbaso.apps.intake.planning import (
    FieldChange,
    Judge,
    Missing,
    Plan,
    PlannedRow,
    RowState,
    columns_of,
    mask_change,
)
from hocbaso.apps.organisations.models import Organisation, valid_on
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.core.errors import register, sentence
from hocbaso.core.vietnamese.dates import format_vi
from hocbaso.engines.workbooks.columns import FIELD_NAMES
from hocbaso.engines.workbooks.model import Reading, StaffRow

register(
    {
        "staff_no_code": ("Thiếu mã cán bộ.", "The staff code is missing."),
        "staff_two_principals": (
            "Mỗi trường chỉ có một hiệu trưởng; dòng {row} đã ghi {name}.",
            "A school has one principal; row {row} names {name}.",
        ),
        "staff_user_taken": (
            "Tên đăng nhập {name} đã có người khác dùng. Thầy cô báo quản trị hệ thống.",
            "User name {name} is taken.",
        ),
        "staff_too_long": (
            "Dài {length} ký tự, chỉ được nhiều nhất {limit} ký tự.",
            "{length} characters, at most {limit} are allowed.",
        ),
        "staff_post_not_given": (
            "Vị trí {post} do {giver} phân công nên tệp này không trao được; thông tin khác của dòng vẫn "
            "nhập.",
            "Post {post} is not given by this file; the rest of the row is taken.",
        ),
        "staff_post_not_ended": (
            "Vị trí {post} do {giver} phân công nên tệp này không kết thúc được; thông tin khác của dòng vẫn "
            "nhập.",
            "Post {post} is not ended by this file; the rest of the row is taken.",
        ),
        "staff_missing_posts": (
            "còn {count} phân công; nếu đã nghỉ hoặc chuyển đi, thầy cô ghi trạng thái trong tệp",
            "still holds {count} posts",
        ),
    }
)

#: field of file and record → what people call it.
LABELS = {
    "full_name": "Họ tên",
    "birth_date": "Ngày sinh",
    "sex": "Giới tính",
    "personal_number": "Số định danh cá nhân",
    "email": "Email",
    "phone": "Điện thoại",
    "status": "Trạng thái CB",
    "position": "Vị trí việc làm",
    "position_group": "Nhóm chức vụ",
    "subject": "Môn dạy",
}
_MASKED = {"personal_number", "phone"}
_EMPTY = "(trống)"
#: Who gives a post that a data clerk's workbook cannot give.
_GIVERS = {Role.PRINCIPAL: "quản trị hệ thống"}
_OTHER_GIVERS = "hiệu trưởng hoặc quản trị hệ thống"
#: Whether whoever imports may give and end posts of a role.
May = Callable[[str], bool]


@dataclass(slots=True)
class Item:
    """One accepted row and what is to be written for it."""

    row: StaffRow
    username: str
    member: StaffMember | None = None
    values: dict[str, str] = field(default_factory=dict)
    user_values: dict[str, str] = field(default_factory=dict)
    begin: list[Post] = field(default_factory=list)
    end: list[Assignment] = field(default_factory=list)


@dataclass(slots=True)
class Work:
    """What :func:`import_staff.apply` needs of the plan."""

    items: list[Item]
    new_classes: dict[str, int]
    taken_over: list[Assignment]  # posts of people outside the file that somebody in it now holds alone


def username_of(school: Organisation, code: str) -> str:
    """What a member of staff types to sign in: the staff code in small letters, with the school's in front
    unless it begins with it (two schools may number their staff alike)."""
    name = code.strip().lower()
    return name if name.startswith(school.code.lower()) else f"{school.code.lower()}.{name}"


def may_of(actor: Actor | None, school: Organisation) -> May:
    """The roles that ``actor`` may give and end in the school; without an actor it is asked when applying."""
    return lambda role: actor is None or allowed(actor, "accounts.assign_role", (school, role))


def plan(school: Organisation, year: str, reading: Reading[StaffRow], actor: Actor | None = None) -> Plan:
    """What importing the staff list would do.

    Posts that ``actor`` may not give or end (a clerk's workbook makes nobody principal) stay as they are and
    are told as warnings; the rest of such a row is taken.

    The posts of a person in the file become those of the file (others end yesterday). A person whom the file
    does not name keeps his posts and is listed, except a post that only one can hold and the file gives to
    somebody else.
    """
    judge = Judge(columns_of(reading, FIELD_NAMES | LABELS))
    judge.issues = list(reading.issues)
    members = {
        member.code: member
        for member in StaffMember.objects.filter(organisation=school).select_related("user")
    }
    classes = {c.name: c for c in SchoolClass.objects.filter(school=school, school_year=year)}
    present = _present(school, year)
    may = may_of(actor, school)
    _one_principal(judge, reading.rows)
    items = [
        Item(row, username_of(school, row.code or ""), members.get(row.code or ""))
        for row in reading.rows
        if _acceptable(judge, row)
    ]
    _names_free(judge, items)
    items = [item for item in items if judge.stands(item.row)]
    new_classes: dict[str, int] = {}
    result = Plan(issues=judge.issues, skipped=list(reading.skipped), sheets=reading.sheets)
    planned: dict[tuple[str, int], PlannedRow] = {}
    for item in items:
        wanted = posts_of_row(judge, item.row, classes, new_classes)
        planned[item.row.sheet, item.row.row] = _compare(judge, item, wanted, present, may)
    for row in reading.rows:
        result.rows.append(planned.get((row.sheet, row.row)) or _planned(row, RowState.REFUSED))
    taken_over = _taken_over(items, present)
    _missing(result, reading.rows, members, present, {a.pk for a in taken_over})
    result.work = Work(items, new_classes, taken_over)
    return result


def _present(school: Organisation, year: str) -> list[Assignment]:
    """Posts that the school's staff hold now: those of the year and those of no year."""
    return list(
        Assignment.objects.filter(
            Q(school_year="") | Q(school_year=year),
            valid_on(clock.today()),
            organisation=school,
            role__in=GIVEN,
            user__staff_records__organisation=school,
        )
        # Who teaches or signs instead of somebody for a time does so by a decision, not by the workbook.
        .exclude(role=Role.SUBJECT_TEACHER, stands_in_for__isnull=False)
        .select_related("user", "school_class")
        .order_by("pk")
        .distinct()
    )


def _one_principal(judge: Judge, rows: Sequence[StaffRow]) -> None:
    first: StaffRow | None = None
    for row in rows:
        if "principal" not in row.roles or not row.ok or has_left(row):
            continue
        if first is None:
            first = row
            continue
        text = sentence("staff_two_principals", row=first.row, name=first.full_name)
        judge.refuse(row, "position", "two_principals", text, row.position)


def _values(row: StaffRow) -> dict[str, str]:
    names = {name: "group" if name == "position_group" else name for name in LABELS}
    found = {name: getattr(row, source) for name, source in names.items()}
    return {name: value for name, value in found.items() if value is not None}


def _acceptable(judge: Judge, row: StaffRow) -> bool:
    if judge.stands(row) and not row.code:
        judge.refuse(row, "code", "missing_code", sentence("staff_no_code"))
    for name, value in ({"code": row.code or ""} | _values(row)).items() if judge.stands(row) else ():
        limit = getattr(StaffMember._meta.get_field(name), "max_length", None)
        if limit and len(value) > limit:
            text = sentence("staff_too_long", length=len(value), limit=limit)
            judge.refuse(row, name, "too_long", text, value[:80])
    return judge.stands(row)


def _names_free(judge: Judge, items: Sequence[Item]) -> None:
    new = {item.username: item for item in items if item.member is None or item.member.user_id is None}
    for name in User.objects.filter(username__in=list(new)).values_list("username", flat=True):
        judge.refuse(new[name].row, "code", "user_taken", sentence("staff_user_taken", name=name), name)


def _planned(row: StaffRow, state: RowState) -> PlannedRow:
    return PlannedRow(
        row.sheet, row.row, row.code or "", row.full_name or "", row.homeroom_class or "", state
    )


def _withhold(judge: Judge, row: StaffRow, post: Post, code: str) -> None:
    giver = _GIVERS.get(Role(post.role), _OTHER_GIVERS)
    judge.warn(row, "position", "post_withheld", sentence(code, post=post.words, giver=giver), row.position)


def _compare(
    judge: Judge, item: Item, wanted: Sequence[Post], present: Sequence[Assignment], may: May
) -> PlannedRow:
    planned = _planned(item.row, RowState.SAME)
    values = _values(item.row)
    user = item.member.user if item.member else None
    held = {post_of(a): a for a in present if user is not None and a.user_id == user.pk}
    begin = [post for post in wanted if post not in held]
    end = {post: assignment for post, assignment in held.items() if post not in wanted}
    item.begin = [post for post in begin if may(post.role)]
    item.end = [assignment for post, assignment in end.items() if may(post.role)]
    for post in begin:
        if not may(post.role):
            _withhold(judge, item.row, post, "staff_post_not_given")
    for post in end:
        if not may(post.role):
            _withhold(judge, item.row, post, "staff_post_not_ended")
    if item.member is None:
        item.values = values
        planned.state = RowState.NEW
        return planned
    item.values = {name: value for name, value in values.items() if getattr(item.member, name) != value}
    if user is not None:
        given = {"full_name": values.get("full_name"), "email": values.get("email")}
        item.user_values = {n: v for n, v in given.items() if v is not None and getattr(user, n) != v}
    planned.changes = list(_shown(item))
    if planned.changes or item.user_values or user is None:
        planned.state = RowState.CHANGED
    return planned


def _shown(item: Item) -> Iterable[FieldChange]:
    for name, value in item.values.items():
        before = getattr(item.member, name)
        if name in _MASKED:
            before, value = mask_change(before, value)
        elif name == "birth_date":
            before, value = format_vi(before), format_vi(value)
        yield FieldChange(LABELS[name], before or _EMPTY, value)
    for assignment in item.end:
        yield FieldChange("Phân công", post_of(assignment).words, "(thôi)")
    for post in item.begin:
        yield FieldChange("Phân công", "(chưa có)", post.words)


def _taken_over(items: Sequence[Item], present: Sequence[Assignment]) -> list[Assignment]:
    """Lone posts held by people outside the file that the file gives to somebody."""
    in_file = {item.member.user_id for item in items if item.member is not None}
    given = {key for item in items for post in item.begin if (key := held_alone(post))}
    return [a for a in present if a.user_id not in in_file and held_alone(post_of(a)) in given]


def _missing(
    result: Plan,
    rows: Sequence[StaffRow],
    members: dict[str, StaffMember],
    present: Sequence[Assignment],
    ended: set[int],
) -> None:
    named = {row.code for row in rows}
    for code, member in members.items():
        if code in named:
            continue
        posts = sum(1 for a in present if a.user_id == member.user_id and a.pk not in ended)
        told = sentence("staff_missing_posts", count=posts) if posts else ""
        result.missing.append(Missing(code, member.full_name, told))
