"""Secondary mark books, compared with what is stored; nothing is written here (TT 22/2021)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hocbaso.apps.accounts.door import Actor, allowed
from hocbaso.apps.assessment.book_choices import BookChoices
from hocbaso.apps.assessment.book_pages import BookPupils, classes_of_year, marked, pages_of
from hocbaso.apps.assessment.entries import Door, Entry, Sort, open_fields
from hocbaso.apps.assessment.import_check import EntryCheck, Writers, check_key
from hocbaso.apps.assessment.models import REGULAR_COLUMNS, Moment, SubjectMarks
from hocbaso.apps.assessment.parts import record_moment
from hocbaso.apps.assessment.use_cases.write_import import Work
from hocbaso.apps.assessment.year_outcomes import rules_of
from hocbaso.apps.intake.planning import (
    FieldChange,
    Judge,
    Missing,
    Plan,
    PlannedRow,
    RowState,
    columns_of,
)
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.core.errors import DomainError, register, sentence
from hocbaso.core.regulation.secondary import SecondarySubject
from hocbaso.core.regulation.tt22 import Setting, TermMarks, kept_columns, show_mark, term_result
from hocbaso.core.vietnamese.names import Equality, soft_equal
from hocbaso.engines.workbooks.model import Issue, MarkRow, Reading
from hocbaso.engines.workbooks.text import bare

register(
    {
        "marks_no_class": (
            "Trường không có lớp {name} trong năm học {year}. Thầy cô kiểm tra tên lớp ở tiêu đề, hoặc nhập "
            "danh sách học sinh trước.",
            "The school has no class {name} in {year}.",
        ),
        "marks_not_in_class": (
            "Học sinh mã {code} không có trong lớp {name} năm học {year}.",
            "Pupil {code} is not in class {name}.",
        ),
        "marks_left_class": (
            "Học sinh mã {code} không còn học lớp {name} ({status}); điểm vẫn được nhập vào sổ của lớp này.",
            "Pupil {code} has left class {name}.",
        ),
        "marks_name_written_otherwise": (
            "Tên trong tệp viết khác một chút với tên đã lưu “{actual}”; hệ thống giữ tên đã lưu.",
            "The name is written a little differently: {actual}.",
        ),
        "marks_not_assigned": (
            "Thầy cô không được phân công nhập {what} của lớp {name}.",
            "You are not assigned to enter {what} of class {name}.",
        ),
        "marks_stated": (
            "Tệp ghi {stated}, tính theo quy định là {computed}: {why} Hệ thống dùng kết quả tính.",
            "The file states {stated}, the rule gives {computed}.",
        ),
    }
)

#: stored column → what people call it.
LABELS = {
    **{name: name.upper() for name in REGULAR_COLUMNS},
    "gk": "ĐĐGgk",
    "ck": "ĐĐGck",
    "stated": "ĐTBmhk",
    "comment": "Nhận xét",
    "conduct_1": "Rèn luyện HKI",
    "conduct_2": "Rèn luyện HKII",
    "conduct": "Rèn luyện",
    "absent_excused": "Số buổi nghỉ có phép",
    "absent_unexcused": "Số buổi nghỉ không phép",
    "discipline": "Kỷ luật",
    "code": "Mã học sinh",
    "full_name": "Họ và tên",
    "class_name": "Lớp",
}
_RECORD_LABELS = LABELS | {"homeroom_comment": "Nhận xét của GVCN"}
_TERMS = {Moment.TERM_ONE: "HKI", Moment.TERM_TWO: "HKII"}
_RECORD_WORDS = "rèn luyện, ngày nghỉ và nhận xét"


def plan(school: Organisation, year: str, reading: Reading[MarkRow], actor: Actor) -> Plan:
    """What importing a mark book would do for ``actor``.

    An empty cell never erases what is stored. ĐTBmhk of the file is kept beside the marks and compared with
    the circular; a difference is told as a warning, never used.
    """
    judge = Judge(columns_of(reading, LABELS))
    judge.issues = list(reading.issues)
    since = check_key(judge, reading, school, year)
    classes = classes_of_year(school, year)
    pupils = BookPupils(school, year, reading.rows)
    check = EntryCheck(pupils.all(), exported_at=since)
    may_choose = (allowed(actor, f"assessment.{what}", school) for what in ("programmes", "import_results"))
    choices = BookChoices(check.programmes, any(may_choose))
    choices.propose(marked(reading.rows, classes, pupils))
    planning = _Planning(
        judge,
        year,
        classes,
        pupils,
        check,
        choices,
        Writers(actor, school),
        rules_of(school),
        own_form=reading.key is not None,
    )
    result = Plan(
        issues=judge.issues, skipped=list(reading.skipped), sheets=reading.sheets, work=planning.work
    )
    for page in pages_of(reading.rows):
        result.rows += planning.page(page)
    result.missing = planning.missing()
    planning.work.choices = choices.to_write()
    planning.work.chooser = actor
    return result


@dataclass(slots=True)
class _Planning:
    """Takes the pages one by one; what may be written goes to ``work``."""

    judge: Judge
    year: str
    classes: dict[str, SchoolClass]
    pupils: BookPupils
    check: EntryCheck
    choices: BookChoices
    writers: Writers
    setting: Setting
    own_form: bool  # this system wrote the workbook: its averages are our own formulas, nobody's statement
    work: Work = field(default_factory=Work)
    named: dict[tuple[int, str, str], set[str]] = field(default_factory=dict)  # page → codes on it

    def page(self, rows: Sequence[MarkRow]) -> list[PlannedRow]:
        """The rows of one class on one sheet."""
        first = rows[0]
        planned = [_planned(row) for row in rows]
        school_class = self.classes.get(bare(first.class_name or ""))
        if school_class is None:
            if first.class_name:
                text = sentence("marks_no_class", name=first.class_name, year=self.year)
                self._of_sheet(first, "no_class", text)
            return planned
        writer = self.writers.of(school_class, first.subject)
        if writer is None:
            what = (
                f"môn {self._subject_name(school_class, first.subject)}" if first.subject else _RECORD_WORDS
            )
            text = sentence("marks_not_assigned", what=what, name=school_class.name)
            self._of_sheet(first, "not_assigned", text)
            return planned
        self.named.setdefault((school_class.pk, first.subject, first.term), set()).update(
            row.code for row in rows if row.code
        )
        kept: list[tuple[MarkRow, Enrolment]] = []
        for row, line in zip(rows, planned, strict=True):
            enrolment = self._pupil(row, school_class) if self.judge.stands(row) else None
            if enrolment is not None and self._row(row, enrolment, line, *writer):
                kept.append((row, enrolment))
        if first.subject and kept and not self.own_form:
            self._compare_stated(school_class, kept)
        return planned

    def _of_sheet(self, row: MarkRow, code: str, text: str) -> None:
        """One error for all rows of a class on a sheet."""
        self.judge.issues.append(
            Issue(row.row, LABELS["code"], "", code, "error", text, row.class_name or "", None, row.sheet)
        )

    def _subject(self, school_class: SchoolClass, code: str) -> SecondarySubject | None:
        programme = self.check.programmes.get(school_class.pk)
        try:
            return programme.subject(code) if programme else None
        except DomainError:
            return None

    def _subject_name(self, school_class: SchoolClass, code: str) -> str:
        subject = self._subject(school_class, code)
        return subject.name if subject else code

    def _pupil(self, row: MarkRow, school_class: SchoolClass) -> Enrolment | None:
        """The pupil of the line; an issue is noted when it is nobody of the class, or somebody else."""
        code = row.code or ""
        enrolment, actual = self.pupils.place(code, school_class), self.pupils.actual(code)
        if actual is None:
            text = sentence("result_not_enrolled", code=code, year=self.year)
            self.judge.refuse(row, "code", "not_enrolled", text, code)
            return None
        if enrolment is None or (not enrolment.active and actual.active):
            name, stated = actual.school_class.name, school_class.name
            text = sentence("result_other_class", code=code, actual=name, stated=stated)
            self.judge.refuse(row, "code", "other_class", text, code)
            return None
        names = soft_equal(row.full_name or "", enrolment.pupil.full_name)
        if names.equality is Equality.DIFFERENT:
            text = sentence("result_other_name", code=code, actual=enrolment.pupil.full_name)
            self.judge.refuse(row, "full_name", "other_name", text, row.full_name)
            return None
        if names.equality is Equality.SOFT:
            text = sentence("marks_name_written_otherwise", actual=enrolment.pupil.full_name)
            self.judge.warn(row, "full_name", "name_written_otherwise", text, row.full_name)
        if not enrolment.active:
            text = sentence("marks_left_class", code=code, name=school_class.name, status=enrolment.status)
            self.judge.warn(row, "code", "left_class", text, code)
        return enrolment

    def _row(self, row: MarkRow, enrolment: Enrolment, planned: PlannedRow, door: Door, actor: Actor) -> bool:
        """Whether the line is accepted; its entries go to the work when they change anything."""
        entries = [self._open(entry, door) for entry in _entries(row, enrolment)]
        if entries and (told := self.choices.refusal(enrolment.pk, row.subject)):
            self.judge.refuse(row, "code", "choice_unknown", told, row.code)
            return False
        for entry in entries:
            for refusal in self.check.refusals(entry, door):
                column = _column(refusal.name)
                written = str(entry.values.get(refusal.name, row.code or ""))
                self.judge.refuse(row, column, refusal.code, refusal.message, written)
        if not self.judge.stands(row):
            return False
        if entries and (asked := self.choices.question(enrolment.pk, row.subject)):
            self.judge.warn(row, "code", "choice_offered", asked, row.code)
        self._state(planned, entries, enrolment.school_class)
        changed = [entry for entry in entries if self.check.changes(entry)]
        if changed:
            self.work.add(door, actor, changed)
        return True

    def _open(self, entry: Entry, door: Door) -> Entry:
        """The entry with what the door leaves open; what an exemption already says is not said again."""
        kept = {n: v for n, v in entry.values.items() if n in open_fields(entry.sort, door)}
        if self.own_form:
            kept.pop("stated", None)
        row = self.check.row(entry)
        if isinstance(row, SubjectMarks) and row.exempt_reason:
            kept = {n: v for n, v in kept.items() if v != "M" and n != "stated"}
        return replace(entry, values=kept)

    def _state(self, planned: PlannedRow, entries: Sequence[Entry], school_class: SchoolClass) -> None:
        """New when nothing of the line is stored, changed with the differences, else the same."""
        known, changes = False, []
        for entry in entries:
            row = self.check.row(entry)
            known = known or row is not None
            for name, value in self.check.changes(entry).items():
                before = getattr(row, name) if row is not None else None
                label = self._label(entry, name, school_class)
                changes.append(FieldChange(label, _shown(before), _shown(value)))
        planned.state = RowState.SAME
        if changes:
            planned.state = RowState.CHANGED if known else RowState.NEW
            planned.changes = changes if known else []

    def _label(self, entry: Entry, name: str, school_class: SchoolClass) -> str:
        if entry.sort is Sort.RECORD:
            return _RECORD_LABELS[name]
        subject = self._subject_name(school_class, entry.code)
        return f"{subject} {_TERMS[Moment(entry.moment)]}: {LABELS[name]}"

    def _compare_stated(self, school_class: SchoolClass, rows: Sequence[tuple[MarkRow, Enrolment]]) -> None:
        """Where the file's ĐTBmhk and the circular differ: told, never resolved."""
        subject = self._subject(school_class, rows[0][0].subject)
        if subject is None:
            return
        books = {row.row: self._marks(row, enrolment) for row, enrolment in rows}
        kept = kept_columns(books.values())
        columns = kept if 0 < kept < subject.regular_count else None
        for row, _ in rows:
            stated = row.values.get("stated")
            if not stated:
                continue
            term = term_result(subject, replace(books[row.row], columns=columns), self.setting)
            if term.text and term.text != stated:
                places = 1 if subject.scored else None
                told = {
                    "stated": show_mark(stated, places=places),
                    "computed": show_mark(term.text, places=places),
                    "why": term.explanation,
                }
                self.judge.warn(row, "stated", "stated_differs", sentence("marks_stated", **told), stated)

    def _marks(self, row: MarkRow, enrolment: Enrolment) -> TermMarks:
        """The semester's marks as they will be: the file's, and what is stored where it says nothing."""
        stored = self.check.stored.rows.get((enrolment.pk, Sort.MARKS, row.subject, row.term))

        def mark(name: str) -> str:
            return str(row.values.get(name) or (getattr(stored, name) if stored is not None else ""))

        return TermMarks(tuple(mark(name) for name in REGULAR_COLUMNS), mark("gk"), mark("ck"))

    def missing(self) -> list[Missing]:
        """Pupils of the workbook's classes without a line on a page of theirs."""
        ids = {page[0] for page in self.named}
        enrolled = Enrolment.objects.filter(active=True, school_class__in=ids).select_related("pupil")
        found = []
        for one in enrolled.order_by("school_class__name", "order", "pk"):
            pages = [
                page for page in self.named if page[0] == one.school_class_id and self._expected(page, one.pk)
            ]
            lacking = [page for page in pages if one.pupil.code not in self.named[page]]
            if lacking:
                where = self._where(one.school_class_id, lacking, all_pages=len(lacking) == len(pages))
                found.append(Missing(one.pupil.code, one.pupil.full_name, where))
        return found

    def _expected(self, page: tuple[int, str, str], enrolment_id: int) -> bool:
        """Whether the pupil should stand on the page: who does not study the subject does not."""
        programme = self.check.programmes.get(page[0])
        return not page[1] or programme is None or programme.studies(enrolment_id, page[1])

    def _where(self, class_id: int, pages: Collection[tuple[int, str, str]], *, all_pages: bool) -> str:
        school_class = next(c for c in self.classes.values() if c.pk == class_id)
        if all_pages:
            return school_class.name
        names = [
            f"{self._subject_name(school_class, subject)} {_TERMS[Moment(term)]}" if subject else "rèn luyện"
            for _, subject, term in pages
        ]
        return f"{school_class.name} ({', '.join(names)})"


def _planned(row: MarkRow) -> PlannedRow:
    return PlannedRow(
        row.sheet, row.row, row.code or "", row.full_name or "", row.class_name or "", RowState.REFUSED
    )


def _entries(row: MarkRow, enrolment: Enrolment) -> list[Entry]:
    """A line's entries: one of marks, or one of the record for each semester that its fields belong to."""
    if row.subject:
        return [Entry(enrolment.pk, Sort.MARKS, row.values, row.subject, row.term)] if row.values else []
    by_moment: dict[str, dict[str, Any]] = {}
    for name, value in row.values.items():
        by_moment.setdefault(record_moment(enrolment.school_class.grade, name), {})[name] = value
    return [Entry(enrolment.pk, Sort.RECORD, values, "", moment) for moment, values in by_moment.items()]


def _column(name: str) -> str:
    """The page's column that holds a stored field; the whole line stands at the code."""
    return {"": "code", "homeroom_comment": "comment"}.get(name, name)


def _shown(value: Any) -> str:
    return "(trống)" if value in (None, "") else show_mark(str(value))
