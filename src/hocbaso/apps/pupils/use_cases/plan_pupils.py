"""Compare a pupil list with the roster: new, changed, same, refused; nothing is written here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from hocbaso.apps.identity.states import after_change, first_state
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
from hocbaso.apps.organisations.models import Level, Organisation
from hocbaso.apps.pupils.models import Enrolment, IdentityState, Pupil, SchoolClass
from hocbaso.apps.pupils.use_cases.roster import Roster
from hocbaso.core.codelists import pupil_status
from hocbaso.core.errors import register, sentence
from hocbaso.core.vietnamese.dates import format_vi
from hocbaso.core.vietnamese.names import sort_key
from hocbaso.engines.workbooks.cells import grade_of
from hocbaso.engines.workbooks.class_names import KINDERGARTEN
from hocbaso.engines.workbooks.columns import FIELD_NAMES
from hocbaso.engines.workbooks.model import PupilRow, Reading

register(
    {
        "pupil_elsewhere": (
            "Mã học sinh {code} đang thuộc một trường khác. Nếu học sinh chuyển đến, thầy cô làm ở mục "
            "Chuyển trường; nếu không, thầy cô kiểm tra lại mã.",
            "Pupil code {code} belongs to another school; use a transfer.",
        ),
        "pupil_number_taken": (
            "Số định danh này đã thuộc về một học sinh khác trong hệ thống. Thầy cô đối chiếu lại giấy tờ "
            "của học sinh; nếu số trên giấy đúng, thầy cô báo đơn vị quản lý.",
            "Another pupil already holds this personal number.",
        ),
        "pupil_number_taken_here": (
            "Số định danh này đã thuộc về {name} (mã {code}) của trường. Thầy cô đối chiếu giấy tờ của hai "
            "học sinh.",
            "Pupil {code} of this school already holds this personal number.",
        ),
        "pupil_two_codes": (
            "Mã {code} và mã {other} là của cùng một học sinh. Thầy cô giữ một dòng.",
            "Codes {code} and {other} are of one pupil.",
        ),
        "pupil_no_code": ("Thiếu mã học sinh.", "The pupil code is missing."),
        "pupil_lacks": (
            "Học sinh mới cần có {what}; ô này trống hoặc chưa đọc được.",
            "A new pupil needs {what}.",
        ),
        "pupil_no_class": ("Thiếu mã lớp.", "The class is missing."),
        "pupil_class_grade": (
            "Lớp {name} không thuộc cấp học của trường ({levels}).",
            "Class {name} does not belong to the levels of the school.",
        ),
        "pupil_class_unreadable": (
            "Tên lớp “{name}” không bắt đầu bằng khối như 1A, 6A2 nên không biết là khối nào.",
            "The grade cannot be told from class name {name}.",
        ),
        "pupil_class_frozen": (
            "Học bạ năm học này của học sinh đã chốt ở lớp {name}, không đổi lớp bằng tệp được.",
            "The year sheet is frozen in class {name}.",
        ),
        "pupil_class_moved": (
            "Học sinh đã chuyển từ lớp {old} sang lớp {name} ngày {day}, còn tệp ghi lớp {old}. Nếu tệp là "
            "danh sách cũ, thầy cô sửa lại lớp; nếu ghi tệp này, học sinh trở về lớp {old}.",
            "The pupil was moved to class {name} on {day}; the workbook names the former class.",
        ),
        "pupil_too_long": (
            "Dài {length} ký tự, chỉ được nhiều nhất {limit} ký tự.",
            "{length} characters, at most {limit} are allowed.",
        ),
    }
)

#: field of the file and of the roster → what people call it.
LABELS = {
    "full_name": "Họ tên",
    "birth_date": "Ngày sinh",
    "sex": "Giới tính",
    "ethnic_group": "Dân tộc",
    "religion": "Tôn giáo",
    "nationality": "Quốc tịch",
    "personal_number": "Số định danh cá nhân",
    "province": "Tỉnh/Thành phố thường trú",
    "province_code": "Mã tỉnh thường trú",
    "commune": "Xã/Phường thường trú",
    "commune_code": "Mã xã thường trú",
    "hamlet": "Tổ/Thôn/Xóm thường trú",
    "birth_place": "Nơi sinh",
    "home_town": "Quê quán",
    "current_address": "Chỗ ở hiện nay",
    "phone": "Số điện thoại liên hệ",
    "disability": "Loại khuyết tật",
    "father_name": "Họ tên cha",
    "father_occupation": "Nghề nghiệp cha",
    "father_birth_year": "Năm sinh cha",
    "father_phone": "Số điện thoại cha",
    "mother_name": "Họ tên mẹ",
    "mother_occupation": "Nghề nghiệp mẹ",
    "mother_birth_year": "Năm sinh mẹ",
    "mother_phone": "Số điện thoại mẹ",
    "guardian_name": "Họ tên người giám hộ",
}
_MASKED = {"personal_number", "phone", "father_phone", "mother_phone"}
_FIRST_GRADES = (1, 6, 10)  # where a pupil comes from another school without a transfer
_GRADES = {
    Level.KINDERGARTEN: KINDERGARTEN,
    Level.PRIMARY: range(1, 6),
    Level.LOWER_SECONDARY: range(6, 10),
    Level.UPPER_SECONDARY: range(10, 13),
    Level.CONTINUING: range(6, 13),
}
_EMPTY = "(trống)"


@dataclass(slots=True)
class Item:
    """One accepted row: the rows of the database it speaks of and the values to write."""

    row: PupilRow
    order: int
    pupil: Pupil | None = None
    enrolment: Enrolment | None = None
    values: dict[str, Any] = field(default_factory=dict)  # of the pupil: all when new, else what differs
    enrol: dict[str, Any] = field(default_factory=dict)  # of the enrolment, likewise; "class_name" by name


@dataclass(slots=True)
class Work:
    """What :func:`import_pupils.apply` needs of the plan."""

    items: list[Item]
    new_classes: dict[str, int]  # name → grade
    clashes: list[tuple[Pupil, str]] = field(default_factory=list)  # file, number that another file keeps


def plan(school: Organisation, year: str, reading: Reading[PupilRow]) -> Plan:
    """What importing ``reading`` into ``school`` and ``year`` would do.

    :returns: a plan whose rows stand in the order of the file. An empty cell never erases what the roster
        holds; "không" does.
    """
    judge = Judge(columns_of(reading, FIELD_NAMES | LABELS))
    judge.issues = list(reading.issues)
    roster = Roster(school, year, reading.rows)
    new_classes = _classes(judge, roster, reading.rows)
    places: Counter[str] = Counter()
    items: list[Item] = []
    for row in reading.rows:
        places[row.class_name or ""] += 1
        if _acceptable(judge, roster, row):
            items.append(Item(row, places[row.class_name or ""]))
    clashes: list[tuple[Pupil, str]] = []
    items = _numbers(judge, roster, items, clashes)
    result = Plan(issues=judge.issues, skipped=list(reading.skipped), sheets=reading.sheets)
    planned = {(item.row.sheet, item.row.row): _compare(roster, item) for item in items}
    for row in reading.rows:
        result.rows.append(planned.get((row.sheet, row.row)) or _as_refused(row))
    used = {item.row.class_name for item in items}
    made = {name: grade for name, grade in new_classes.items() if name in used}
    result.work = Work(items, made, clashes)
    result.quiet = sum(1 for item in items if set(item.enrol) == {"order"})
    result.missing = _missing(school, year, reading.rows)
    return result


def _classes(judge: Judge, roster: Roster, rows: list[PupilRow]) -> dict[str, int]:
    """Classes that the file names and the year lacks; each said once."""
    grades = {g for level in roster.school.levels for g in _GRADES.get(Level(level), range(0))}
    labels = ", ".join(str(Level(level).label) for level in roster.school.levels)
    limit = SchoolClass._meta.get_field("name").max_length or 0
    new: dict[str, int] = {}
    for row in rows:
        name = row.class_name
        if not name or name in roster.classes:
            continue
        grade = grade_of(name)
        if grade is None:
            judge.refuse(
                row, "class_name", "class_unreadable", sentence("pupil_class_unreadable", name=name), name
            )
        elif len(name) > limit:
            text = sentence("pupil_too_long", length=len(name), limit=limit)
            judge.refuse(row, "class_name", "too_long", text, name)
        elif grade not in grades:
            text = sentence("pupil_class_grade", name=name, levels=labels)
            judge.refuse(row, "class_name", "class_grade", text, name)
        elif name not in new:
            new[name] = grade
    return new


def _acceptable(judge: Judge, roster: Roster, row: PupilRow) -> bool:
    if not judge.stands(row):
        return False
    if not row.code:
        judge.refuse(row, "code", "missing_code", sentence("pupil_no_code"))
        return False
    if not row.class_name:
        judge.refuse(row, "class_name", "missing_class", sentence("pupil_no_class"))
        return False
    for name in LABELS:
        value, limit = getattr(row, name), getattr(Pupil._meta.get_field(name), "max_length", None)
        if isinstance(value, str) and limit and len(value) > limit:
            text = sentence("pupil_too_long", length=len(value), limit=limit)
            judge.refuse(row, name, "too_long", text, value[:80])
    pupil = roster.pupils.get(row.code)
    first = roster.claimed.setdefault(pupil.pk, row.code) if pupil is not None else row.code
    if first != row.code:  # two codes of one pupil; a code that comes twice is told elsewhere
        text = sentence("pupil_two_codes", code=row.code, other=first)
        judge.refuse(row, "code", "two_codes", text, row.code)
    for name in ("full_name", "birth_date", "sex") if pupil is None else ():
        if not getattr(row, name):
            judge.refuse(row, name, "missing_value", sentence("pupil_lacks", what=LABELS[name].lower()))
    if pupil is not None and _belongs_elsewhere(roster, pupil, row):
        judge.refuse(row, "code", "other_school", sentence("pupil_elsewhere", code=row.code), row.code)
    enrolment = roster.here.get(pupil.pk) if pupil else None
    if enrolment and enrolment.pk in roster.frozen and enrolment.school_class.name != row.class_name:
        text = sentence("pupil_class_frozen", name=enrolment.school_class.name)
        judge.refuse(row, "class_name", "class_frozen", text, row.class_name)
    elif enrolment and (moment := roster.unlocks(enrolment.school_class, row.class_name)):
        here = enrolment.school_class.name
        text = sentence("move_unlocks", here=here, there=row.class_name, moment=moment)
        judge.refuse(row, "class_name", "class_locked", text, row.class_name)
    _moved_back(judge, roster, row, enrolment)
    return judge.stands(row)


def _moved_back(judge: Judge, roster: Roster, row: PupilRow, enrolment: Enrolment | None) -> None:
    """Warn of a workbook that is older than a class change."""
    move = roster.moves.get(enrolment.pupil_id) if enrolment else None
    if move is None or enrolment is None or enrolment.school_class_id != move.to_class_id:
        return
    if row.class_name == move.from_class.name:
        text = sentence(
            "pupil_class_moved",
            old=move.from_class.name,
            name=move.to_class.name,
            day=f"{move.moved_on:%d/%m/%Y}",
        )
        judge.warn(row, "class_name", "class_moved", text, row.class_name)


def _belongs_elsewhere(roster: Roster, pupil: Pupil, row: PupilRow) -> bool:
    """The pupil studies at another school, and this is not the step up into a new level."""
    if pupil.pk in roster.here and roster.here[pupil.pk].active:
        return False
    active = [e.school_class.school_year for e in roster.elsewhere.get(pupil.pk, []) if e.active]
    if not active:
        return False
    if max(active) >= roster.year:
        return True
    return pupil.pk not in roster.of_school and grade_of(row.class_name) not in _FIRST_GRADES


def _numbers(judge: Judge, roster: Roster, items: list[Item], clashes: list[tuple[Pupil, str]]) -> list[Item]:
    """Refuse rows whose personal number another pupil keeps; two pupils of the file may exchange theirs.

    :param clashes: gets the known files of such rows with the number that the row gives them.
    """
    while True:
        gives_up: dict[str, str | None] = {
            pupil.code: item.row.personal_number
            for item in items
            if (pupil := roster.pupils.get(item.row.code or "")) and item.row.personal_number
        }
        refused = [item for item in items if _taken(roster, item.row, gives_up)]
        if not refused:
            return items
        for item in refused:
            row = item.row
            holder = roster.holders[row.personal_number or ""]
            if holder.pk in roster.of_school:
                text = sentence("pupil_number_taken_here", name=holder.full_name, code=holder.code)
            else:
                text = sentence("pupil_number_taken")
            judge.refuse(row, "personal_number", "number_taken", text, row.personal_number)
            if own := roster.pupils.get(row.code or ""):
                clashes.append((own, holder.personal_number))
        items = [item for item in items if judge.stands(item.row)]


def _taken(roster: Roster, row: PupilRow, gives_up: dict[str, str | None]) -> bool:
    holder = roster.holders.get(row.personal_number or "")
    own = roster.pupils.get(row.code or "")
    if holder is None or holder.code == row.code or (own is not None and own.pk == holder.pk):
        return False
    return gives_up.get(holder.code) in (None, row.personal_number)


def _compare(roster: Roster, item: Item) -> PlannedRow:
    row = item.row
    item.pupil = roster.pupils.get(row.code or "")
    planned = PlannedRow(
        row.sheet, row.row, row.code or "", row.full_name or "", row.class_name or "", RowState.SAME
    )
    wanted = {name: str(value) for name in LABELS if (value := getattr(row, name)) is not None}
    status = pupil_status(row.status_code) if row.status_code else None
    enrol: dict[str, Any] = {"class_name": row.class_name, "order": item.order}
    if row.status is not None:
        enrol |= {"status": row.status, "active": status.active if status else True}
    if row.status_date is not None:
        enrol["status_date"] = row.status_date
    if item.pupil is None:
        planned.state = RowState.NEW
        wanted["identity_state"] = first_state(wanted.get("personal_number", "")).value
        item.values, item.enrol = wanted | {"sort_key": sort_key(wanted["full_name"])}, enrol
        return planned
    item.values = {name: value for name, value in wanted.items() if getattr(item.pupil, name) != value}
    planned.changes += list(_shown(item.pupil, item.values))
    _identity(item, planned)
    if "full_name" in item.values:
        item.values["sort_key"] = sort_key(wanted["full_name"])
    item.enrolment = roster.here.get(item.pupil.pk)
    planned.changes += list(_enrolment_changes(item, enrol))
    if planned.changes:
        planned.state = RowState.CHANGED
    return planned


def _shown(pupil: Pupil, values: dict[str, Any]) -> Iterable[FieldChange]:
    for name, value in values.items():
        if name.endswith("_code") and name.removesuffix("_code") in values:
            continue  # the name beside it says it
        before = getattr(pupil, name)
        if name in _MASKED:
            before, value = mask_change(before, value)
        elif name == "birth_date":
            before, value = format_vi(before), format_vi(value)
        yield FieldChange(LABELS[name], before or _EMPTY, value)


def _identity(item: Item, planned: PlannedRow) -> None:
    assert item.pupil is not None
    old = IdentityState(item.pupil.identity_state)
    number = item.values.get("personal_number", item.pupil.personal_number)
    new = after_change(old, item.values.keys(), number)
    if new is not old:
        item.values["identity_state"] = new.value
        planned.changes.append(FieldChange("Xác thực danh tính", str(old.label), str(new.label)))


def _enrolment_changes(item: Item, enrol: dict[str, Any]) -> Iterable[FieldChange]:
    here = item.enrolment
    if here is None:
        item.enrol = enrol
        yield FieldChange("Lớp", "(chưa xếp lớp năm học này)", enrol["class_name"])
        return
    now = {"class_name": here.school_class.name} | {
        name: getattr(here, name) for name in ("order", "status", "active", "status_date")
    }
    item.enrol = {name: value for name, value in enrol.items() if now[name] != value}
    labels = {"class_name": "Lớp", "status": "Trạng thái", "status_date": "Ngày nhập trạng thái"}
    for name, label in labels.items():
        if name in item.enrol:
            before, after = now[name], item.enrol[name]
            if name == "status_date":
                before, after = format_vi(before), format_vi(after)
            yield FieldChange(label, before or _EMPTY, after)


def _as_refused(row: PupilRow) -> PlannedRow:
    return PlannedRow(
        row.sheet, row.row, row.code or "", row.full_name or "", row.class_name or "", RowState.REFUSED
    )


def _missing(school: Organisation, year: str, rows: list[PupilRow]) -> list[Missing]:
    """Pupils studying in the file's classes whom the file does not name."""
    named = {row.code for row in rows}
    enrolled = Enrolment.objects.filter(
        active=True,
        school_class__school=school,
        school_class__school_year=year,
        school_class__name__in={row.class_name for row in rows if row.class_name},
    ).values_list("pupil__code", "pupil__full_name", "school_class__name")
    return [
        Missing(*line) for line in enrolled.order_by("school_class__name", "order") if line[0] not in named
    ]
