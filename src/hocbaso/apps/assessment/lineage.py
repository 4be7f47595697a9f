"""Where a value of the year sheet comes from: every change, who, when, from where, under which case.

Reads only: the lines are append-only by the database's own guard (``models.ResultChange``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from hocbaso.apps.accounts.models import User
from hocbaso.apps.assessment import class_programme
from hocbaso.apps.assessment.entries import Sort
from hocbaso.apps.assessment.models import Moment, ResultChange
from hocbaso.apps.assessment.parts import RECORD, TRAITS, is_secondary
from hocbaso.apps.assessment.sheet_fields import COLUMN_NAMES, Field
from hocbaso.apps.assessment.use_cases.check_entry import grade_programme
from hocbaso.apps.pupils.models import Enrolment, SchoolClass

#: Part of the lines about what a pupil studies.
PROGRAMME = "chuong-trinh"

_RECORD_NAMES = {
    "absent_excused": "Nghỉ có phép",
    "absent_unexcused": "Nghỉ không phép",
    "height_cm": "Chiều cao (cm)",
    "weight_kg": "Cân nặng (kg)",
    "conduct_1": "Rèn luyện học kỳ I",
    "conduct_2": "Rèn luyện học kỳ II",
    "conduct_summer": "Rèn luyện sau hè",
    "awards": "Khen thưởng",
    "certificates": "Chứng chỉ",
    "contests": "Kết quả các cuộc thi",
    "discipline": "Kỷ luật",
    "homeroom_comment": "Nhận xét của giáo viên chủ nhiệm",
    "qualities_comment": "Nhận xét phẩm chất",
    "general_comment": "Nhận xét năng lực chung",
    "specific_comment": "Nhận xét năng lực đặc thù",
    "stated_overall": "Xếp loại ghi trong tệp",
    "stated_completed": "Hoàn thành ghi trong tệp",
    "stated_promoted": "Lên lớp ghi trong tệp",
    "title_proposed_by": "Người đề nghị danh hiệu",
    "title_reason": "Lý do đề nghị danh hiệu",
    "title_grounds": "Căn cứ đề nghị danh hiệu",
    "promoted_by_principal": "Hiệu trưởng quyết định lên lớp",
    "promotion_reason": "Lý do quyết định lên lớp",
}
_OTHER_NAMES = {
    "exempt_reason": "Miễn học",
    "stated": "Điểm trung bình ghi trong tệp",
    "carried": "Kết quả ở trường cũ",
    "carried_school": "Trường cũ",
    "decided": "Kết quả do Hiệu trưởng quyết định",
    "decided_reason": "Lý do quyết định",
    "electives": "Môn học lựa chọn",
    "topics": "Cụm chuyên đề học tập",
    "optional": "Môn học tự chọn",
    "individual_plan": "Kế hoạch giáo dục cá nhân",
    "plan_note": "Ghi chú kế hoạch cá nhân",
    "decision": "Quyết định",
}


@dataclass(frozen=True, slots=True)
class Place:
    """What a line of history speaks of."""

    part: str  # subject, "pham-chat-nang-luc", "nhan-xet", "chuong-trinh"
    column: str
    code: str  # subject or trait


def place_of(name: str) -> Place:
    """The place that ``ResultChange.field`` names."""
    sort, _, rest = name.partition(":")
    code, _, column = rest.rpartition(":")
    if sort == Sort.TRAIT:
        return Place(TRAITS, "level", rest)
    if sort == Sort.RECORD:
        return Place(RECORD, rest, "")
    return Place(PROGRAMME, rest, "") if sort == "programme" else Place(code, column, code)


@dataclass(frozen=True, slots=True)
class Step:
    """One change of one value."""

    change: ResultChange
    by_name: str  # full name; the account's label where nobody bears it
    source_words: str

    @property
    def at(self) -> datetime:
        return self.change.at

    @property
    def old(self) -> str:
        return self.change.old

    @property
    def new(self) -> str:
        return self.change.new

    @property
    def case_number(self) -> str:
        return self.change.case_number


@dataclass(frozen=True, slots=True)
class Trail:
    """The history of one value, oldest first."""

    field: str  # as ``ResultChange`` names it
    moment: str
    name: str  # of the column, in words
    steps: tuple[Step, ...]

    @property
    def value(self) -> str:
        """What stands at the end of the trail."""
        return self.steps[-1].new

    @property
    def moment_name(self) -> str:
        return str(Moment(self.moment).label)


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One line of the year sheet with every value behind it."""

    part: str
    name: str
    trails: tuple[Trail, ...]


@dataclass(frozen=True, slots=True)
class Lineage:
    """Everything behind one pupil's year sheet, in the order of the form."""

    enrolment: Enrolment
    lines: tuple[SheetLine, ...]

    def line(self, part: str) -> SheetLine | None:
        return next((line for line in self.lines if line.part == part), None)


def of_enrolment(enrolment: Enrolment, *, until: datetime | None = None) -> Lineage:
    """Behind one pupil's sheet. Two queries.

    :param until: only what had happened then, e.g. when an issued sheet was frozen.
    """
    return _of(enrolment.school_class, [enrolment], until)[enrolment.pk]


def of_class(school_class: SchoolClass) -> dict[int, Lineage]:
    """Behind every sheet of a class, by enrolment. Three queries."""
    return _of(school_class, list(school_class.enrolments.select_related("pupil")), None)


def of_cell(school_class: SchoolClass, enrolment_id: int, column: Field, moment: str) -> tuple[Step, ...]:
    """Every change of one cell of the gradebook, latest first. Two queries."""
    lines = ResultChange.objects.filter(
        enrolment_id=enrolment_id, enrolment__school_class=school_class, field=column.history_name
    )
    if column.sort is not Sort.RECORD:
        lines = lines.filter(moment=moment)
    return tuple(steps(lines.order_by("-at", "-pk")))


def _of(
    school_class: SchoolClass, enrolments: Collection[Enrolment], until: datetime | None
) -> dict[int, Lineage]:
    changes = ResultChange.objects.filter(enrolment__in=[e.pk for e in enrolments])
    if until is not None:
        changes = changes.filter(at__lte=until)
    found: dict[int, dict[tuple[str, str], list[Step]]] = {e.pk: {} for e in enrolments}
    for step in steps(changes.order_by("at", "pk")):
        change = step.change
        found[change.enrolment_id].setdefault((change.field, change.moment), []).append(step)
    names = part_names(school_class)
    return {e.pk: Lineage(e, tuple(_lines(found[e.pk], names, school_class))) for e in enrolments}


def _lines(
    trails: Mapping[tuple[str, str], list[Step]], names: Mapping[str, str], school_class: SchoolClass
) -> Iterable[SheetLine]:
    by_part: dict[str, list[Trail]] = {}
    for (name, moment), found in trails.items():
        place = place_of(name)
        by_part.setdefault(place.part, []).append(
            Trail(name, moment, column_name(place, school_class), tuple(found))
        )
    moments = [m.value for m in Moment]
    order = [*names, *sorted(set(by_part) - set(names))]
    for part in order:
        if part in by_part:
            own = sorted(by_part[part], key=lambda trail: (moments.index(trail.moment), trail.field))
            yield SheetLine(part, names.get(part, part), tuple(own))


def steps(changes: Iterable[ResultChange]) -> list[Step]:
    """Changes with the full names of who made them. Two queries."""
    rows = list(changes)
    labels = {row.by for row in rows}
    people = dict(User.objects.filter(username__in=labels).values_list("username", "full_name"))
    return [Step(row, people.get(row.by, row.by), source_words(row.source)) for row in rows]


def source_words(source: str) -> str:
    """Where a value came from, for people."""
    kind, _, rest = source.partition(":")
    known = {
        "screen": "nhập trên màn hình",
        "import": f"nhập từ tệp, lần nhập {rest}",
        "undo": f"hoàn tác lần nhập {rest}",
        "api": f"chương trình {rest}",
        "transfer": "tiếp nhận từ trường cũ",
        "office": "quyết định của nhà trường",
    }
    return known.get(kind, source)


def part_names(school_class: SchoolClass) -> dict[str, str]:
    """Names of a class's parts in the order of the form. No query."""
    ends = {RECORD: "Rèn luyện, nhận xét và ngày nghỉ", PROGRAMME: "Chương trình học của học sinh"}
    if is_secondary(school_class.grade):
        table = class_programme.plain_grade(school_class)
        return {s.code: s.short_name for s in table.subjects} | ends
    lines = grade_programme(school_class.grade, school_class.school_year).lines
    return {line.code: line.short_name for line in lines} | {TRAITS: "Phẩm chất và năng lực"} | ends


def column_name(place: Place, school_class: SchoolClass) -> str:
    """A column in words."""
    if place.part == TRAITS:
        traits = grade_programme(school_class.grade, school_class.school_year).traits
        return next((t.name for t in traits if t.code == place.code), place.code)
    if place.part == RECORD:
        return _RECORD_NAMES.get(place.column, place.column)
    return COLUMN_NAMES.get(place.column) or _OTHER_NAMES.get(place.column, place.column)
