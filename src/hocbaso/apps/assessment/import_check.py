"""What the one door would answer to a workbook's values, cell by cell, without writing anything.

The rules are the door's own (:mod:`record_results` asks the same functions again when it writes); here they
are asked for every field, so that a refusal stands in its cell of the workbook.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hocbaso.apps.accounts.door import Actor, allowed
from hocbaso.apps.accounts.models import Assignment, Role
from hocbaso.apps.assessment import class_programme
from hocbaso.apps.assessment.class_programme import ClassProgramme
from hocbaso.apps.assessment.entries import Door, Entry, Row, Sort, field_name, open_fields, value_text
from hocbaso.apps.assessment.models import ResultChange, SubjectMarks, SubjectResult
from hocbaso.apps.assessment.parts import is_secondary, record_moment
from hocbaso.apps.assessment.policies import ClassSubject
from hocbaso.apps.assessment.stored_rows import CHUNK, Stored, differing
from hocbaso.apps.assessment.use_cases.check_entry import complaint
from hocbaso.apps.common import clock
from hocbaso.apps.intake.planning import Judge
from hocbaso.apps.organisations.models import Organisation, valid_on
from hocbaso.apps.periods.queries import Gates
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.core.errors import register, sentence
from hocbaso.engines.workbooks.model import Issue, Reading

register(
    {
        "result_not_enrolled": (
            "Trường không có học sinh mang mã {code} trong năm học {year}. Thầy cô nhập danh sách học sinh "
            "trước.",
            "No pupil with code {code} is enrolled in {year}.",
        ),
        "result_other_class": (
            "Học sinh mã {code} học lớp {actual}, không phải lớp {stated}.",
            "Pupil {code} is in class {actual}, not {stated}.",
        ),
        "result_other_name": (
            "Mã {code} trong trường là {actual}, khác với tên trong tệp. Thầy cô kiểm tra mã hoặc tên.",
            "Code {code} belongs to {actual}.",
        ),
        "import_changed_since": (
            "{by} đã sửa ô này thành “{stored}” lúc {at}, sau khi tệp được xuất; tệp ghi “{written}”. Thầy "
            "cô xuất lại tệp, hoặc sửa ô này trên màn hình.",
            "{by} changed this cell to {stored!r} at {at}, after the workbook was written.",
        ),
    }
)

_OTHER_FILE = (
    "Tệp này được xuất cho trường {school}, năm học {year}; thầy cô đang nhập cho trường khác hoặc năm khác."
)


def check_key(judge: Judge, reading: Reading[Any], school: Organisation, year: str) -> datetime | None:
    """When this system wrote the workbook; None for any other. One of another school or year is refused."""
    key = reading.key
    if key is None:
        return None
    if (key.school, key.year) != (school.code, year):
        told = _OTHER_FILE.format(school=key.school, year=key.year)
        sheet = reading.sheets[0] if reading.sheets else ""
        judge.issues.append(Issue(1, "", "", "other_school_or_year", "error", told, key.school, None, sheet))
    return datetime.fromisoformat(key.moment)


#: What may still be written for a pupil who is exempt from the subject (as the door has it).
_BESIDE_EXEMPTION = frozenset({"comment", "exempt_reason"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one field cannot be written; ``name`` "" when it is the whole line."""

    name: str
    code: str
    message: str


@dataclass(slots=True)
class Writers:
    """Through which door, and in whose post, each page is written.

    The data clerk (and the operator) writes every page of the school by the import's own right. A teacher
    writes the pages of the classes and subjects assigned to him, exactly as on the screen: the same right is
    asked, in the post that gives it.
    """

    actor: Actor
    school: Organisation
    _posts: list[Assignment] | None = None
    _found: dict[tuple[int, str], tuple[Door, Actor] | None] = field(default_factory=dict)

    def of(self, school_class: SchoolClass, subject: str) -> tuple[Door, Actor] | None:
        """Door and post for a page ("" = the year record); None: not his to write."""
        key = (school_class.pk, subject)
        if key not in self._found:
            self._found[key] = self._look(school_class, subject)
        return self._found[key]

    def _look(self, school_class: SchoolClass, subject: str) -> tuple[Door, Actor] | None:
        if allowed(self.actor, "assessment.import_results", self.school):
            return Door.IMPORT, self.actor
        if self.actor.user is None:
            return None
        if self._posts is None:
            self._posts = list(
                Assignment.objects.select_related("user", "organisation", "school_class").filter(
                    valid_on(clock.today()),
                    user=self.actor.user,
                    organisation=self.school,
                    role__in=(Role.SUBJECT_TEACHER, Role.HOMEROOM),
                )
            )
        for post in self._posts:
            if post.school_class_id != school_class.pk:
                continue
            actor = Actor.of(post, channel=self.actor.channel, second_factor=self.actor.second_factor)
            if (
                allowed(actor, "assessment.enter", ClassSubject(school_class, subject))
                if subject
                else allowed(actor, "assessment.enter_traits", school_class)
            ):
                return Door.SCREEN, actor
        return None


class EntryCheck:
    """The door's answers for many entries of one school, read with few queries.

    Eleven queries whatever the number of lines, per 500 pupils.
    """

    def __init__(self, enrolments: Collection[Enrolment], *, exported_at: datetime | None = None) -> None:
        """:param exported_at: when this system wrote the workbook: later changes are not overwritten."""
        self.now = clock.now()
        classes = {e.school_class_id: e.school_class for e in enrolments}
        self.enrolments = {e.pk: e for e in enrolments}
        self.stored = Stored(self.enrolments)
        self.gates = Gates.of(list(classes.values()), self.now)
        secondary = [c for c in classes.values() if is_secondary(c.grade)]
        self.programmes: dict[int, ClassProgramme] = class_programme.of_classes(secondary)
        self._later = self._changed_since(exported_at) if exported_at else {}

    def _changed_since(self, moment: datetime) -> dict[tuple[int, str, str], ResultChange]:
        found: dict[tuple[int, str, str], ResultChange] = {}
        ids = sorted(self.enrolments)
        for start in range(0, len(ids), CHUNK):
            part = ids[start : start + CHUNK]
            for line in ResultChange.objects.filter(enrolment_id__in=part, at__gt=moment).order_by("pk"):
                found[line.enrolment_id, line.moment, line.field] = line
        return found

    def row(self, entry: Entry) -> Row | None:
        """What is stored for the entry."""
        return self.stored.rows.get(entry.key)

    def changes(self, entry: Entry) -> dict[str, Any]:
        """The values that would change."""
        return differing(self.row(entry), entry.values)

    def refusals(self, entry: Entry, door: Door) -> list[Refusal]:
        """Why fields of the entry cannot be written; empty when all can."""
        school_class = self.enrolments[entry.enrolment_id].school_class
        if found := self._impossible(entry, school_class, door):
            return found
        changed = self.changes(entry)
        row = self.row(entry)
        found = [*self._closed(entry, school_class, changed), *self._stale(entry, school_class, changed)]
        if isinstance(row, SubjectResult | SubjectMarks) and row.exempt_reason:
            found += [
                Refusal(name, "exempt", sentence("results_exempt"))
                for name, value in changed.items()
                if value and name not in _BESIDE_EXEMPTION
            ]
        return found

    def _impossible(self, entry: Entry, school_class: SchoolClass, door: Door) -> list[Refusal]:
        strange = [name for name in entry.values if name not in open_fields(entry.sort, door)]
        if strange:
            return [Refusal(name, "not_here", sentence("results_not_here")) for name in strange]
        if not (problem := self._complaint(entry, school_class, entry.values)):
            return []
        found = [
            Refusal(name, "impossible_value", told)
            for name, value in entry.values.items()
            if (told := self._complaint(entry, school_class, {name: value}))
        ]
        if not found or (len({one.message for one in found}) == 1 and len(found) == len(entry.values)):
            return [Refusal("", "impossible_value", problem)]
        return found

    def _complaint(self, entry: Entry, school_class: SchoolClass, values: Mapping[str, Any]) -> str:
        return complaint(
            school_class,
            entry.sort,
            entry.code,
            entry.moment,
            values,
            programme=self.programmes.get(school_class.pk),
            enrolment_id=entry.enrolment_id,
        )

    def _closed(self, entry: Entry, school_class: SchoolClass, names: Iterable[str]) -> Iterable[Refusal]:
        frozen = self.stored.locked(entry)
        for name in names:
            moment = moment_of(entry, school_class.grade, name)
            gate = self.gates.gate(school_class, entry.part, moment, name, entry.enrolment_id)
            if not gate.open:
                yield Refusal(name, "locked", gate.message or sentence("results_locked"))
            elif frozen and not gate.case_number:
                yield Refusal(name, "locked", sentence("results_locked"))

    def _stale(
        self, entry: Entry, school_class: SchoolClass, changed: Mapping[str, Any]
    ) -> Iterable[Refusal]:
        for name, value in changed.items() if self._later else ():
            moment = moment_of(entry, school_class.grade, name)
            field_key = field_name(entry.sort, entry.code, name)
            if line := self._later.get((entry.enrolment_id, moment, field_key)):
                at = line.at.astimezone(clock.VIETNAM).strftime("%H:%M ngày %d/%m/%Y")
                told = {"by": line.by, "stored": line.new, "at": at, "written": value_text(value)}
                yield Refusal(name, "changed_since_export", sentence("import_changed_since", **told))


def moment_of(entry: Entry, grade: int, name: str) -> str:
    """The moment whose gate and history a field belongs to."""
    return record_moment(grade, name) if entry.sort is Sort.RECORD else str(entry.moment)
