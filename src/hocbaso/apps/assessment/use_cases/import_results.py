"""Year-end results of a primary workbook, compared with what is stored; nothing is written here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.assessment.entries import Door, Entry, Sort, open_fields
from hocbaso.apps.assessment.import_check import EntryCheck, Writers, check_key
from hocbaso.apps.assessment.stored_rows import Stored, differing
from hocbaso.apps.assessment.use_cases.check_entry import grade_programme
from hocbaso.apps.assessment.use_cases.write_import import Work
from hocbaso.apps.intake.planning import (
    FieldChange,
    Judge,
    Missing,
    Plan,
    PlannedRow,
    RowState,
    chunks,
    columns_of,
)
from hocbaso.apps.matching import aliases
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Enrolment
from hocbaso.core.errors import DomainError, register, sentence
from hocbaso.core.regulation import tt27
from hocbaso.core.regulation.programme import GradeProgramme, TraitGroup, programme_for
from hocbaso.core.vietnamese.names import soft_equal
from hocbaso.core.vietnamese.school_year import SchoolYear
from hocbaso.engines.workbooks.columns import FIELD_NAMES
from hocbaso.engines.workbooks.model import PrimaryResultRow, Reading

register(
    {
        "result_locked": (
            "{what}: {why}",
            "{what} is closed.",
        ),
        "result_exempt": (
            "Học sinh được miễn môn {name}, tệp lại ghi kết quả môn này. Thầy cô để trống ô đó hoặc bỏ miễn.",
            "The pupil is exempt from {name}, yet the file has a result.",
        ),
        "result_not_assigned": (
            "Thầy cô không được phân công nhập phần này ({name}), mà tệp ghi khác dữ liệu đang có.",
            "You are not assigned to enter {name}.",
        ),
        "result_award": (
            "Khen thưởng “{text}” không được nhập từ tệp: danh hiệu Xuất sắc do quy định suy ra, danh hiệu "
            "Tiêu biểu do giáo viên chủ nhiệm đề nghị kèm lý do.",
            "Awards are not taken from the file.",
        ),
    }
)

_RECORD_LABELS = {
    "absent_excused": "Số ngày nghỉ có phép",
    "absent_unexcused": "Số ngày nghỉ không phép",
    "height_cm": "Chiều cao (cm)",
    "weight_kg": "Cân nặng (kg)",
    "homeroom_comment": "Nhận xét của giáo viên chủ nhiệm",
    "qualities_comment": "Nhận xét phẩm chất",
    "general_comment": "Nhận xét năng lực chung",
    "specific_comment": "Nhận xét năng lực đặc thù",
    "stated_overall": "Xếp loại ghi trong tệp",
    "stated_completed": "Hoàn thành chương trình ghi trong tệp",
    "stated_promoted": "Lên lớp ghi trong tệp",
}
_SUBJECT_LABELS = {"level": "mức đạt được", "score": "điểm kiểm tra định kỳ", "comment": "nhận xét"}
_GROUP_COMMENT = {
    TraitGroup.QUALITY: "qualities_comment",
    TraitGroup.GENERAL: "general_comment",
    TraitGroup.SPECIFIC: "specific_comment",
}


def plan(school: Organisation, year: str, reading: Reading[PrimaryResultRow], actor: Actor) -> Plan:
    """What importing the year-end results would do for ``actor``.

    An empty cell never erases what is stored. What the file says about the overall result is compared with
    the circular and told as a warning, never used.
    """
    judge = Judge(columns_of(reading, FIELD_NAMES))
    judge.issues = list(reading.issues)
    enrolments = _enrolments(school, year, reading.rows)
    since = check_key(judge, reading, school, year)
    work = Work()
    planning = _Planning(
        judge,
        EntryCheck(list(enrolments.values()), exported_at=since),
        Writers(actor, school),
        work,
        own_form=reading.key is not None,
    )
    result = Plan(issues=judge.issues, skipped=list(reading.skipped), sheets=reading.sheets, work=work)
    for row in reading.rows:
        enrolment = enrolments.get(row.code or "")
        planned = PlannedRow(
            row.sheet, row.row, row.code or "", row.full_name or "", row.class_name or "", RowState.REFUSED
        )
        result.rows.append(planned)
        if not judge.stands(row) or not _is_pupil(judge, row, enrolment, year):
            continue
        assert enrolment is not None
        planning.row(row, enrolment, planned)
        if judge.stands(row) and reading.key is None:
            _contradictions(judge, row, enrolment, year)
    result.missing = _missing(school, year, reading.rows)
    return result


def _enrolments(school: Organisation, year: str, rows: Sequence[PrimaryResultRow]) -> dict[str, Enrolment]:
    codes = sorted({row.code for row in rows if row.code})
    found: dict[str, Enrolment] = {}
    for part in chunks(codes):
        names = aliases.Names(part)
        of_year = Enrolment.objects.filter(
            names.condition, school_class__school=school, school_class__school_year=year
        )
        for enrolment in of_year.select_related("pupil", "school_class").order_by("active", "id"):
            for code in names.of(enrolment.pupil):
                found[code] = enrolment
    return found


def _is_pupil(judge: Judge, row: PrimaryResultRow, enrolment: Enrolment | None, year: str) -> bool:
    """Whether the line is that pupil's, in that class; an issue is noted when not."""
    code = row.code or ""
    if enrolment is None:
        judge.refuse(row, "code", "not_enrolled", sentence("result_not_enrolled", code=code, year=year), code)
        return False
    actual = enrolment.school_class.name
    if row.class_name and row.class_name != actual:
        text = sentence("result_other_class", code=code, actual=actual, stated=row.class_name)
        judge.refuse(row, "class_name", "other_class", text, row.class_name)
        return False
    if row.full_name and not soft_equal(row.full_name, enrolment.pupil.full_name).same:
        text = sentence("result_other_name", code=code, actual=enrolment.pupil.full_name)
        judge.refuse(row, "full_name", "other_name", text, row.full_name)
        return False
    return True


@dataclass(slots=True)
class _Planning:
    """Takes the rows one by one; what may be written goes to ``work``."""

    judge: Judge
    check: EntryCheck
    writers: Writers
    work: Work
    own_form: bool  # this system wrote the workbook: its conclusions are our own, nobody's statement

    def row(self, row: PrimaryResultRow, enrolment: Enrolment, planned: PlannedRow) -> None:
        """One pupil's line."""
        judge, school_class = self.judge, enrolment.school_class
        try:
            programme = grade_programme(school_class.grade, school_class.school_year)
        except DomainError as error:
            judge.refuse(row, "class_name", error.code, error.message, school_class.name)
            return
        entries = [self._plain(entry) for entry in _entries(row, enrolment, programme)]
        writes = [self._write(row, entry, enrolment, programme) for entry in entries]
        if row.awards:
            text = sentence("result_award", text=row.awards)
            judge.warn(row, "awards", "award_not_imported", text, row.awards)
        if not judge.stands(row):
            return
        _state(planned, self.check.stored, entries, programme)
        for write in writes:
            if write is not None:
                self.work.add(*write)

    def _plain(self, entry: Entry) -> Entry:
        if not self.own_form or entry.sort is not Sort.RECORD:
            return entry
        kept = {name: value for name, value in entry.values.items() if not name.startswith("stated_")}
        return replace(entry, values=kept)

    def _write(
        self, row: PrimaryResultRow, entry: Entry, enrolment: Enrolment, programme: GradeProgramme
    ) -> tuple[Door, Actor, list[Entry]] | None:
        """How the entry is written; None when it changes nothing or may not be (then noted)."""
        changed = self.check.changes(entry)
        name = _name(entry, programme)
        subject = entry.code if entry.sort is Sort.SUBJECT else ""
        place = self.writers.of(enrolment.school_class, subject)
        if place is None:
            if changed:
                text = sentence("result_not_assigned", name=name)
                self.judge.refuse(row, "code", "not_assigned", text, row.code)
            return None
        door, actor = place
        kept = {n: v for n, v in entry.values.items() if n in open_fields(entry.sort, door)}
        entry = replace(entry, values=kept)
        for refusal in self.check.refusals(entry, door):
            text = {
                "locked": sentence("result_locked", what=name, why=refusal.message),
                "exempt": sentence("result_exempt", name=name),
            }.get(refusal.code, refusal.message)
            self.judge.refuse(row, "code", refusal.code, text, row.code)
            break
        return (door, actor, [entry]) if self.check.changes(entry) else None


def _entries(row: PrimaryResultRow, enrolment: Enrolment, programme: GradeProgramme) -> Iterable[Entry]:
    for code, subject in row.subjects.items():
        values = _present(level=subject.level, score=subject.score, comment=subject.comment)
        if values:
            yield Entry(enrolment.pk, Sort.SUBJECT, values, code)
    for code, level in row.traits.items():
        yield Entry(enrolment.pk, Sort.TRAIT, {"level": level}, code)
    overall = tt27.read_overall(row.stated_overall).value
    values = _present(
        absent_excused=row.absences_excused,
        absent_unexcused=row.absences_unexcused,
        height_cm=row.height_cm,
        weight_kg=row.weight_kg,
        homeroom_comment=row.comment,
        stated_overall=overall.abbreviation if overall else None,
        stated_completed=row.stated_completed,
        stated_promoted=row.stated_promoted,
        **_trait_comments(row, programme),
    )
    if values:
        yield Entry(enrolment.pk, Sort.RECORD, values)


def _present(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _trait_comments(row: PrimaryResultRow, programme: GradeProgramme) -> dict[str, str]:
    """Comments by section of the form; several traits of one section stand one after the other."""
    found: dict[str, list[str]] = {}
    groups = {trait.code: trait.group for trait in programme.traits}
    for code, text in row.trait_comments.items():
        group = groups.get(code) or TraitGroup(code)
        found.setdefault(_GROUP_COMMENT[group], []).append(text)
    return {name: " ".join(dict.fromkeys(texts)) for name, texts in found.items()}


def _name(entry: Entry, programme: GradeProgramme) -> str:
    if entry.sort is Sort.SUBJECT:
        return programme.line(entry.code).short_name
    return programme.trait(entry.code).name if entry.sort is Sort.TRAIT else "Tổng hợp cuối năm"


def _state(planned: PlannedRow, stored: Stored, entries: list[Entry], programme: GradeProgramme) -> None:
    """New when nothing of the pupil is stored, changed with the differences, else the same."""
    known = any(entry.key in stored.rows for entry in entries)
    changes: list[FieldChange] = []
    for entry in entries:
        row = stored.rows.get(entry.key)
        for name, value in differing(row, entry.values).items():
            before = getattr(row, name) if row is not None else None
            changes.append(FieldChange(_label(entry, name, programme), _shown(before), _shown(value)))
    planned.state = RowState.SAME
    if changes:
        planned.state = RowState.CHANGED if known else RowState.NEW
        planned.changes = changes if known else []


def _label(entry: Entry, name: str, programme: GradeProgramme) -> str:
    if entry.sort is Sort.RECORD:
        return _RECORD_LABELS[name]
    title = _name(entry, programme)
    return f"{title}: {_SUBJECT_LABELS[name]}" if entry.sort is Sort.SUBJECT else title


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "x" if value else "không"
    return "(trống)" if value in (None, "") else str(value)


def _contradictions(judge: Judge, row: PrimaryResultRow, enrolment: Enrolment, year: str) -> None:
    """Where the file's own conclusion and the circular differ: told, never resolved."""
    decision = tt27.evaluate_year(
        enrolment.school_class.grade,
        [
            tt27.SubjectResult(code, tt27.SubjectLevel(s.level) if s.level else None, s.score)
            for code, s in row.subjects.items()
        ],
        [tt27.TraitResult(code, tt27.TraitLevel(level)) for code, level in row.traits.items()],
        programme=programme_for(enrolment.school_class.grade, SchoolYear.parse(year)),
    )
    stated = tt27.Stated(
        overall=tt27.read_overall(row.stated_overall).value,
        completed=row.stated_completed,
        promoted=row.stated_promoted,
    )
    for finding in tt27.contradictions(stated, decision):
        column = "overall" if "overall" in finding.code or "undetermined" in finding.code else "completed"
        judge.warn(row, column, "result_contradiction", finding.message, row.stated_overall)


def _missing(school: Organisation, year: str, rows: Sequence[PrimaryResultRow]) -> list[Missing]:
    """Pupils of the file's classes without a line in it."""
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
