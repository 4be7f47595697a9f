"""What a roll-over from one school year to the next would do; nothing is written here.

Each class goes on as the class of the next grade with the same letters (1A → 2A, 6A1 → 7A1). Who is promoted
goes with it, who is not stays in the grade in a class that people choose, a final grade leaves, and who waits
for the summer is listed and rolled later. Running again touches nobody who has a place in the new year.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from hocbaso.apps.accounts.models import Assignment, AssignmentProposal, Role
from hocbaso.apps.assessment.year_rows import outcomes_of, verdicts_of
from hocbaso.apps.matching import aliases
from hocbaso.apps.organisations.models import Organisation, valid_on
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.apps.pupils.use_cases.school_classes import NAME_LIMIT, require_name
from hocbaso.apps.transcripts.models import SheetState, YearSheet
from hocbaso.core.errors import DomainError
from hocbaso.core.regulation.programme import PRIMARY_GRADES
from hocbaso.core.vietnamese.school_year import SchoolYear
from hocbaso.engines.workbooks.class_names import grade_of

FINAL_GRADES = (5, 9, 12)
_GRADE = re.compile(r"^(1[0-2]|[1-9])(?!\d)")


class Way(StrEnum):
    """What becomes of a pupil."""

    UP = "up"  # promoted: goes up with the class
    STAY = "stay"  # not promoted, and a class of the grade is chosen
    CHOOSE = "choose"  # not promoted; the class is still to be chosen
    LEAVE = "leave"  # has completed the level
    PENDING = "pending"  # no decision yet: results are missing, or the summer is open
    DONE = "done"  # has a place in the new year


@dataclass(frozen=True, slots=True)
class Choices:
    """What people chose: names of the new classes, classes of those who stay, whether posts are proposed."""

    classes: dict[int, str] = field(default_factory=dict)  # class of the old year → name in the new one
    stay: dict[int, str] = field(default_factory=dict)  # enrolment → name of a class of the same grade
    copy_teachers: bool = True

    def to_json(self) -> dict[str, Any]:
        return {
            "classes": {str(key): name for key, name in sorted(self.classes.items())},
            "stay": {str(key): name for key, name in sorted(self.stay.items())},
            "copy_teachers": self.copy_teachers,
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Choices:
        return cls(
            {int(key): str(name) for key, name in stored.get("classes", {}).items()},
            {int(key): str(name) for key, name in stored.get("stay", {}).items()},
            bool(stored.get("copy_teachers", True)),
        )


@dataclass(frozen=True, slots=True)
class Planned:
    """One pupil of the old year."""

    enrolment: Enrolment
    way: Way
    to_class: str  # name in the new year; empty where there is none
    why: str  # what the way rests on


@dataclass(slots=True)
class ClassPlan:
    """One class of the old year and what becomes of it."""

    school_class: SchoolClass
    next_name: str  # empty: a final grade
    new: bool  # the class is still to be opened in the new year
    pupils: list[Planned] = field(default_factory=list)
    problem: str = ""  # why nobody can go up with this name

    def count(self, way: Way) -> int:
        return sum(1 for one in self.pupils if one.way is way)


@dataclass(slots=True)
class RollOverPlan:
    """The whole school."""

    school: Organisation
    from_year: str
    to_year: str
    choices: Choices
    classes: list[ClassPlan]
    new_classes: dict[str, tuple[int, str]] = field(default_factory=dict)  # name → (grade, campus)
    grades: dict[int, list[str]] = field(
        default_factory=dict
    )  # classes of the new year by grade, new ones too
    proposals: list[AssignmentProposal] = field(default_factory=list)  # not stored

    def people(self, way: Way) -> list[Planned]:
        return [one for cp in self.classes for one in cp.pupils if one.way is way]

    @property
    def moving(self) -> list[Planned]:
        """Who gets a place in the new year."""
        return [*self.people(Way.UP), *self.people(Way.STAY)]

    @property
    def writes(self) -> bool:
        """Whether applying would write anything."""
        return bool(self.moving or self.new_classes)

    @property
    def counts(self) -> dict[str, int]:
        counts = {way.value: len(self.people(way)) for way in Way}
        return counts | {"classes": len(self.new_classes), "proposals": len(self.proposals)}

    @property
    def fingerprint(self) -> str:
        """Changes when the same choices would do something else: what was looked at is what is written."""
        told = [
            [cp.school_class.pk, cp.next_name, [[p.enrolment.pk, p.way, p.to_class] for p in cp.pupils]]
            for cp in self.classes
        ]
        text = json.dumps([told, asdict(self.choices)["copy_teachers"]], ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def report(self) -> dict[str, Any]:
        """The plan as plain data: what a batch keeps and the command line answers."""

        def rows(way: Way) -> list[dict[str, str]]:
            return [
                {
                    "pupil": one.enrolment.pupil.code,
                    "name": one.enrolment.pupil.full_name,
                    "class": one.enrolment.school_class.name,
                    "to": one.to_class,
                    "why": one.why,
                }
                for one in self.people(way)
            ]

        return {
            "from_year": self.from_year,
            "to_year": self.to_year,
            **self.counts,
            "fingerprint": self.fingerprint,
            "new_classes": sorted(self.new_classes, key=lambda name: (self.new_classes[name][0], name)),
            "class_moves": [
                {
                    "class": cp.school_class.name,
                    "to": cp.next_name,
                    "problem": cp.problem,
                    **{way.value: cp.count(way) for way in Way},
                }
                for cp in self.classes
            ],
            "people": {way.value: rows(way) for way in (Way.STAY, Way.CHOOSE, Way.PENDING, Way.LEAVE)},
        }


def next_name(school_class: SchoolClass) -> str:
    """``1A`` → ``2A``, ``6A1`` → ``7A1``; empty for a final grade and where the name tells no grade."""
    if school_class.grade in FINAL_GRADES or grade_of(school_class.name) != school_class.grade:
        return ""
    name = _GRADE.sub(str(school_class.grade + 1), school_class.name, count=1)
    return name[:NAME_LIMIT] if name != school_class.name else ""


def plan_roll_over(school: Organisation, from_year: str, choices: Choices | None = None) -> RollOverPlan:
    """Read the old year and say what becomes of everybody.

    Whether a pupil is promoted is read from the issued year sheet, else from the results as the circular
    judges them now. Eight queries for the school, and five for each class with pupils whose sheet is not
    issued.

    :raises DomainError: ``school_year.format``
    """
    choices = choices or Choices()
    year = SchoolYear.parse(from_year)
    made = RollOverPlan(school, str(year), str(year.next()), choices, [])
    old = list(
        SchoolClass.objects.filter(school=school, school_year=str(year), grade__range=(1, 12))
        .select_related("school")
        .order_by("grade", "name")
    )
    there = {c.name: c for c in SchoolClass.objects.filter(school=school, school_year=made.to_year)}
    for name, existing in there.items():
        if existing.closed_on is None:
            made.grades.setdefault(existing.grade, []).append(name)
    people: dict[int, list[Enrolment]] = {}
    rows = Enrolment.objects.filter(school_class__in=old, active=True).select_related("pupil", "school_class")
    studying = list(rows.order_by("school_class", "order", "pk"))
    aliases.follow(studying)  # whose file was merged goes on under the file that was kept
    for row in studying:
        people.setdefault(row.school_class_id, []).append(row)
    placed = set(
        Enrolment.objects.filter(
            school_class__school=school, school_class__school_year=made.to_year
        ).values_list("pupil", flat=True)
    )
    sheets = _issued(school, str(year))
    for school_class in old:
        _plan_class(made, school_class, people.get(school_class.pk, []), placed, sheets, there)
    for names in made.grades.values():
        names.sort()
    if choices.copy_teachers:
        made.proposals = _proposals(made, there)
    return made


def _issued(school: Organisation, year: str) -> dict[int, dict[str, Any]]:
    """Result of the newest issued sheet by enrolment. One query."""
    rows = YearSheet.objects.filter(school=school, school_year=year, state=SheetState.ISSUED)
    return dict(rows.order_by("version").values_list("enrolment_id", "result"))


def _plan_class(
    made: RollOverPlan,
    school_class: SchoolClass,
    rows: Sequence[Enrolment],
    placed: set[int],
    sheets: dict[int, dict[str, Any]],
    there: dict[str, SchoolClass],
) -> None:
    if not rows:
        return
    final = school_class.grade in FINAL_GRADES
    name = "" if final else made.choices.classes.get(school_class.pk, next_name(school_class))
    plan = ClassPlan(school_class, name, False)
    made.classes.append(plan)
    if not final:
        plan.problem = _problem(made.school, name, school_class.grade + 1, there)
    open_rows = [row.pk for row in rows if row.pupil_id not in placed and row.pk not in sheets]
    judged = _judged(school_class, open_rows)
    for row in rows:
        if row.pupil_id in placed:
            plan.pupils.append(Planned(row, Way.DONE, "", "Đã có lớp ở năm học mới"))
            continue
        promoted, why = _of_sheet(sheets[row.pk]) if row.pk in sheets else judged[row.pk]
        plan.pupils.append(_way(made, plan, row, promoted, why))
    if plan.count(Way.UP):
        plan.new = _wants(made, name, school_class.grade + 1, school_class.campus, there)
    for one in plan.pupils:
        if one.way is Way.STAY:
            _wants(made, one.to_class, school_class.grade, school_class.campus, there)


def _problem(school: Organisation, name: str, grade: int, there: dict[str, SchoolClass]) -> str:
    """Why the class cannot go on under this name; empty when it can."""
    if not name:
        return "Chưa có tên lớp ở năm học mới"
    try:
        told = require_name(school, name)[1]
    except DomainError as error:
        return error.message
    if told != grade:
        return f"Lớp {name} không thuộc khối {grade}"
    if name in there and (there[name].grade != grade or there[name].closed_on is not None):
        return f"Lớp {name} của năm học mới đã đóng hoặc thuộc khối khác"
    return ""


def _of_sheet(result: dict[str, Any]) -> tuple[bool | None, str]:
    return bool(result.get("promoted")), "Theo học bạ đã phát hành"


def _judged(school_class: SchoolClass, enrolments: Sequence[int]) -> dict[int, tuple[bool | None, str]]:
    """Promoted or not by the results as they stand, and what that rests on; None: not decided."""
    if not enrolments:
        return {}
    try:
        if school_class.grade in PRIMARY_GRADES:
            return {key: _primary(verdict) for key, verdict in verdicts_of(school_class, enrolments).items()}
        outcomes = outcomes_of(school_class, list(enrolments))
    except DomainError as error:
        return dict.fromkeys(enrolments, (None, error.message))
    return {
        key: _secondary(outcomes[key]) if key in outcomes else (None, "Chưa có kết quả năm học")
        for key in enrolments
    }


def _primary(verdict: Any) -> tuple[bool | None, str]:
    if verdict.promotion is None:
        return None, "Còn thiếu kết quả năm học"
    if verdict.promotion.promoted is None:
        return None, "Chờ đánh giá bổ sung trong hè"
    return bool(verdict.promotion.promoted), "Theo kết quả năm học"


def _secondary(outcome: Any) -> tuple[bool | None, str]:
    if outcome.missing or outcome.promoted is None:
        return None, "Còn thiếu kết quả năm học"
    if outcome.summer_pending:
        return None, "Chờ kiểm tra lại hoặc rèn luyện trong hè"
    return bool(outcome.promoted), "Theo kết quả năm học"


def _way(made: RollOverPlan, plan: ClassPlan, row: Enrolment, promoted: bool | None, why: str) -> Planned:
    if promoted is None:
        return Planned(row, Way.PENDING, "", why)
    if promoted:
        if plan.school_class.grade in FINAL_GRADES:
            return Planned(row, Way.LEAVE, "", why)
        if plan.problem:
            return Planned(row, Way.CHOOSE, "", plan.problem)
        return Planned(row, Way.UP, plan.next_name, why)
    wanted = made.choices.stay.get(row.pk, "")
    if wanted and grade_of(wanted) == plan.school_class.grade and len(wanted) <= NAME_LIMIT:
        return Planned(row, Way.STAY, wanted, why)
    return Planned(row, Way.CHOOSE, "", "Ở lại lớp, chưa chọn lớp của năm học mới")


def _wants(made: RollOverPlan, name: str, grade: int, campus: str, there: dict[str, SchoolClass]) -> bool:
    """Note a class of the new year; whether it is still to be opened."""
    if name in there:
        return False
    made.new_classes.setdefault(name, (grade, campus))
    names = made.grades.setdefault(grade, [])
    if name not in names:
        names.append(name)
    return True


def _proposals(made: RollOverPlan, there: dict[str, SchoolClass]) -> list[AssignmentProposal]:
    """Posts at the end of the old year, for the classes that go on and are opened by this roll-over."""
    going = {cp.school_class.pk: cp for cp in made.classes if cp.new}
    if not going:
        return []
    posts = (
        Assignment.objects.filter(
            valid_on(SchoolYear.parse(made.from_year).last_day),
            school_class__in=going,
            role__in=(Role.HOMEROOM, Role.SUBJECT_TEACHER),
            sign_subject="",
            user__is_active=True,
        )
        .exclude(stands_in_for__isnull=False, valid_to__isnull=False)
        .select_related("user")
        .order_by("school_class", "role", "subject_code", "pk")
    )
    return [
        AssignmentProposal(
            user=post.user,
            school_class=SchoolClass(name=going[post.school_class_id or 0].next_name),
            role=post.role,
            subject_code=post.subject_code,
            signs=post.signs,
        )
        for post in posts
    ]
