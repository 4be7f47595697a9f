"""What merging two files would do: which values and codes stay, what will hang where, what forbids it.

Nothing is ever deleted or copied. What is open moves to the file that stays; what a lock or a sheet holds
fast stays where it is, and the file that goes leads to the other one. So no locked mark is ever moved.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from django.db.models import Q

from hocbaso.apps.assessment.models import SubjectMarks, SubjectResult, TraitResult, YearRecord
from hocbaso.apps.matching.use_cases import merge_refusals
from hocbaso.apps.periods.models import ColumnLock
from hocbaso.apps.privacy.masking import masked_phone
from hocbaso.apps.pupils.models import Enrolment, Pupil
from hocbaso.apps.transcripts.models import SheetState, YearSheet

Side = Literal["survivor", "merged"]
#: Fields of the file that a person chooses between; a residence is chosen whole.
FIELDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "full_name": ("Họ tên", ("full_name",)),
    "birth_date": ("Ngày sinh", ("birth_date",)),
    "sex": ("Giới tính", ("sex",)),
    "personal_number": ("Số định danh cá nhân", ("personal_number",)),
    "ethnic_group": ("Dân tộc", ("ethnic_group",)),
    "religion": ("Tôn giáo", ("religion",)),
    "nationality": ("Quốc tịch", ("nationality",)),
    "residence": (
        "Nơi thường trú",
        ("province", "province_code", "commune", "commune_code", "hamlet"),
    ),
    "birth_place": ("Nơi sinh", ("birth_place",)),
    "home_town": ("Quê quán", ("home_town",)),
    "current_address": ("Chỗ ở hiện nay", ("current_address",)),
    "phone": ("Số điện thoại liên hệ", ("phone",)),
    "disability": ("Loại khuyết tật", ("disability",)),
    "father": ("Cha", ("father_name", "father_occupation", "father_birth_year", "father_phone")),
    "mother": ("Mẹ", ("mother_name", "mother_occupation", "mother_birth_year", "mother_phone")),
    "guardian_name": ("Người giám hộ", ("guardian_name",)),
    "photo": ("Ảnh", ("photo_id",)),
}


@dataclass(frozen=True, slots=True)
class Choices:
    """What the proposer decided; what is not named follows the rule: the survivor's, unless it is empty."""

    code: Side = "survivor"  # whose code the file bears from now on; both find it for ever
    fields: Mapping[str, Side] = field(default_factory=dict)  # of :data:`FIELDS`
    years: Mapping[str, int] = field(default_factory=dict)  # school year → enrolment that counts

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code, "fields": dict(self.fields), "years": dict(self.years)}

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Choices:
        return cls(stored["code"], stored["fields"], stored["years"])


@dataclass(frozen=True, slots=True)
class FieldLine:
    """One field in which the files differ."""

    name: str
    label: str
    mine: str  # of the survivor, as shown
    theirs: str
    chosen: Side


@dataclass(slots=True)
class EnrolmentLine:
    """One class of one year and where it will hang."""

    enrolment: Enrolment
    side: Side
    marks: int  # results that somebody entered
    sheet: str  # state of the live sheet, "" none
    sealed: bool  # a lock or a sheet holds it where it is
    moves: bool = False  # to the survivor
    ends: bool = False  # is no longer the class in which the pupil studies

    @property
    def year(self) -> str:
        return self.enrolment.school_class.school_year


@dataclass(frozen=True, slots=True)
class YearConflict:
    """Both files study in classes of one year: a person says which one counts."""

    year: str
    lines: tuple[EnrolmentLine, ...]
    possible: tuple[int, ...]  # enrolments that may be chosen
    chosen: int


@dataclass(slots=True)
class Preview:
    """The whole plan of a merge."""

    survivor: Pupil
    merged: Pupil
    choices: Choices
    fields: list[FieldLine] = field(default_factory=list)
    lines: list[EnrolmentLine] = field(default_factory=list)
    conflicts: list[YearConflict] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    @property
    def possible(self) -> bool:
        return not self.refusals

    @property
    def code(self) -> str:
        """The code that the file bears afterwards."""
        return (self.survivor if self.choices.code == "survivor" else self.merged).code

    @property
    def digest(self) -> str:
        """SHA-256 of what was looked at: whoever approves decides about exactly that."""
        seen = {
            "files": [_values(self.survivor), _values(self.merged)],
            "lines": [
                [line.enrolment.pk, line.enrolment.pupil_id, line.enrolment.active, line.sheet, line.moves]
                for line in self.lines
            ],
            "choices": self.choices.as_json(),
        }
        return hashlib.sha256(json.dumps(seen, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def _values(pupil: Pupil) -> dict[str, Any]:
    names = {name for _label, names in FIELDS.values() for name in names}
    return {"pk": pupil.pk, "code": pupil.code} | {name: getattr(pupil, name) for name in sorted(names)}


def preview(survivor: Pupil, merged: Pupil, choices: Choices | None = None) -> Preview:
    """Work out what merging ``merged`` into ``survivor`` would do; nothing is written. Ten queries."""
    plan = Preview(survivor, merged, choices or Choices())
    plan.lines = _lines(survivor, merged)
    plan.conflicts = _conflicts(plan)
    _place(plan)
    plan.fields = _fields(plan)
    plan.refusals = [
        *merge_refusals.of_people(plan),
        *merge_refusals.of_sheets(plan),
        *merge_refusals.of_places(plan),
    ]
    return plan


def _lines(survivor: Pupil, merged: Pupil) -> list[EnrolmentLine]:
    rows = list(
        Enrolment.objects.filter(pupil__in=[survivor.pk, merged.pk])
        .select_related("school_class__school", "pupil")
        .order_by("-school_class__school_year", "pupil_id", "pk")
    )
    ids = [row.pk for row in rows]
    marks = _marks(ids)
    sheets = {
        row.enrolment_id: row.state
        for row in YearSheet.objects.filter(enrolment__in=ids)
        .exclude(state=SheetState.VOIDED)
        .only("enrolment", "state", "version")
        .order_by("version")
    }
    locked = set(
        ColumnLock.objects.filter(school_class__in={row.school_class_id for row in rows}).values_list(
            "school_class", flat=True
        )
    )
    return [
        EnrolmentLine(
            row,
            "survivor" if row.pupil_id == survivor.pk else "merged",
            marks[row.pk],
            sheets.get(row.pk, ""),
            row.pk in sheets or row.school_class_id in locked,
        )
        for row in rows
    ]


def _marks(ids: list[int]) -> Counter[int]:
    """Enrolment id → rows of results that hold something. Four queries."""
    columns = [Q(**{f"{name}__gt": ""}) for name in ("gk", "ck", "retest", "comment", "carried")]
    columns += [Q(**{f"tx{n}__gt": ""}) for n in range(1, 7)]
    written = columns[0]
    for one in columns[1:]:
        written |= one
    subject = Q(level__gt="") | Q(score__isnull=False) | Q(comment__gt="")
    found: Counter[int] = Counter()
    for rows in (
        SubjectResult.objects.filter(subject),
        SubjectMarks.objects.filter(written),
        TraitResult.objects.filter(level__gt=""),
        YearRecord.objects.all(),
    ):
        found.update(rows.filter(enrolment__in=ids).values_list("enrolment", flat=True))
    return found


def _conflicts(plan: Preview) -> list[YearConflict]:
    """Years in which both files study."""
    found = []
    for year in sorted({line.year for line in plan.lines}, reverse=True):
        lines = [line for line in plan.lines if line.year == year and line.enrolment.active]
        if len({line.side for line in lines}) < 2:
            continue
        possible = tuple(line.enrolment.pk for line in lines if _may_count(plan, line))
        chosen = int(plan.choices.years.get(year, 0))
        found.append(YearConflict(year, tuple(lines), possible, chosen))
    return found


def _may_count(plan: Preview, line: EnrolmentLine) -> bool:
    if line.side == "survivor":
        return True
    return not line.sealed and not _in_same_class(plan, line)


def _in_same_class(plan: Preview, line: EnrolmentLine) -> bool:
    return any(
        other.side == "survivor" and other.enrolment.school_class_id == line.enrolment.school_class_id
        for other in plan.lines
    )


def suggested(conflict: YearConflict) -> int:
    """The class that probably counts: of those possible, the one with most results."""
    lines = [line for line in conflict.lines if line.enrolment.pk in conflict.possible]
    best = max(lines, key=lambda line: (line.marks, line.side == "survivor"), default=None)
    return best.enrolment.pk if best else 0


def _place(plan: Preview) -> None:
    """Where every enrolment will hang, and which one ends."""
    chosen = {conflict.year: conflict.chosen for conflict in plan.conflicts}
    for line in plan.lines:
        year = line.year
        line.ends = bool(chosen.get(year)) and line.enrolment.active and line.enrolment.pk != chosen[year]
        if line.side == "merged":
            free = not line.sealed and not _in_same_class(plan, line)
            line.moves = free and not line.ends


def _fields(plan: Preview) -> list[FieldLine]:
    found = []
    for name, (label, columns) in FIELDS.items():
        mine, theirs = (_shown(pupil, name, columns) for pupil in (plan.survivor, plan.merged))
        if [getattr(plan.survivor, c) for c in columns] != [getattr(plan.merged, c) for c in columns]:
            found.append(FieldLine(name, label, mine, theirs, _chosen(plan, name, columns)))
    return found


def _chosen(plan: Preview, name: str, columns: tuple[str, ...]) -> Side:
    given = plan.choices.fields.get(name)
    if given in ("survivor", "merged"):
        return given
    empty = not any(getattr(plan.survivor, column) for column in columns)
    return "merged" if empty else "survivor"


def _shown(pupil: Pupil, name: str, columns: tuple[str, ...]) -> str:
    if name == "photo":
        return "có ảnh" if pupil.photo_id else ""
    if name == "residence":
        return ", ".join(part for part in (pupil.hamlet, pupil.commune, pupil.province) if part)
    values = ((column, str(getattr(pupil, column))) for column in columns if getattr(pupil, column))
    return ", ".join(masked_phone(v) if column.endswith("phone") else v for column, v in values)
