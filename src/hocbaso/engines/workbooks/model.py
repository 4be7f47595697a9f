"""What a reading hands out: issues a person can act on, rows, and what was passed over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Generic, Literal, TypeVar

Severity = Literal["error", "warning"]
SkipKind = Literal["class_line", "repeated_header", "signature", "blank", "title"]

#: Answers of a person to proposals: ``(row, code)`` speaks of the first sheet read,
#: ``(sheet, row, code)`` of any. True: "yes, that is meant"; False: "no".
Decisions = Mapping[tuple[int, str] | tuple[str, int, str], bool]


class WorkbookKind(StrEnum):
    """Which of the sector's forms a workbook is, by the texts of its headers."""

    PUPILS = "pupils"
    STAFF = "staff"
    PRIMARY_RESULTS = "primary_results"
    SECONDARY_MARKS = "secondary_marks"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing to correct (error) or to look at (warning) in one cell.

    ``row`` is the number Excel shows; ``column`` the header as a person reads it; ``value`` the cell as it
    stands in the file. A ``proposal`` makes the issue answerable: see :data:`Decisions`.
    """

    row: int
    column: str
    column_letter: str
    code: str
    severity: Severity
    message: str
    value: str
    proposal: str | None = None
    sheet: str = ""

    @property
    def answerable(self) -> bool:
        """A yes or a no settles it, without touching the file."""
        return self.proposal is not None

    def to_json(self) -> dict[str, Any]:
        """The issue as plain data (keys are the field names)."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that is no record, and why it was passed over."""

    sheet: str
    row: int
    kind: SkipKind
    text: str

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class HeaderPosition:
    """Where a table's header stands: first and last row as Excel counts, and field → column letter."""

    sheet: str
    first_row: int
    last_row: int
    columns: dict[str, str]


@dataclass(frozen=True, slots=True)
class Teaching:
    """One line of a teaching assignment; ``subject`` None (:data:`ALL_OTHER`) is "tất cả trừ môn chuyên".

    ``subject_code`` is the programme's code, None when the grade has no such subject.
    """

    class_name: str
    subject: str | None
    subject_code: str | None = None


#: The subject of an assignment "tất cả trừ môn chuyên": every subject of the class that nobody else is given.
ALL_OTHER: None = None


@dataclass(slots=True)  # not frozen: that would make building 20 000 rows five times slower
class PupilRow:
    """One pupil as the file says; ``ok`` is False when the row has an error.

    Dates are ISO, possibly partial (``2014`` or ``2014-05``); codes are of the code lists; a text cell that
    says "không" stays "không"; an empty optional cell is None.
    """

    sheet: str
    row: int
    ok: bool
    class_name: str | None = None
    code: str | None = None
    full_name: str | None = None
    birth_date: str | None = None
    sex: str | None = None
    status: str | None = None
    status_code: str | None = None
    status_date: str | None = None
    ethnic_group: str | None = None
    ethnic_group_code: str | None = None
    religion: str | None = None
    nationality: str | None = None
    personal_number: str | None = None
    personal_number_raw: str | None = None
    province: str | None = None
    province_code: str | None = None
    commune: str | None = None
    commune_code: str | None = None
    hamlet: str | None = None
    permanent_text: str | None = None
    birth_place: str | None = None
    home_town: str | None = None
    current_address: str | None = None
    phone: str | None = None
    disability: str | None = None
    father_name: str | None = None
    father_occupation: str | None = None
    father_birth_year: int | None = None
    father_phone: str | None = None
    mother_name: str | None = None
    mother_occupation: str | None = None
    mother_birth_year: int | None = None
    mother_phone: str | None = None
    guardian_name: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class StaffRow:
    """One member of staff; ``roles`` are what the post brings (see ``staff.ROLE_OF_POSITION``)."""

    sheet: str
    row: int
    ok: bool
    code: str | None = None
    full_name: str | None = None
    birth_date: str | None = None
    sex: str | None = None
    personal_number: str | None = None
    email: str | None = None
    phone: str | None = None
    status: str | None = None
    position: str | None = None
    group: str | None = None
    subject: str | None = None
    homeroom_class: str | None = None
    teaching: tuple[Teaching, ...] = ()
    roles: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class SubjectResult:
    """A subject of the year-end form: level T/H/C and, where the subject has a test, its whole score."""

    level: str | None
    score: int | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class PrimaryResultRow:
    """One pupil's year-end results; keys of ``subjects`` and ``traits`` are codes of the programme."""

    sheet: str
    row: int
    ok: bool
    class_name: str | None
    grade: int | None
    code: str | None = None
    full_name: str | None = None
    birth_date: str | None = None
    subjects: dict[str, SubjectResult] = field(default_factory=dict)
    traits: dict[str, str] = field(default_factory=dict)
    trait_comments: dict[str, str] = field(default_factory=dict)
    absences_excused: int | None = None
    absences_unexcused: int | None = None
    height_cm: int | None = None
    weight_kg: int | None = None
    comment: str | None = None
    stated_overall: str | None = None
    stated_completed: bool | None = None
    stated_promoted: bool | None = None
    awards: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


@dataclass(slots=True)  # not frozen: a mark book has a thousand lines
class MarkRow:
    """One pupil's line on one page of a secondary mark book.

    ``subject`` is the programme's code, "" on the page of conduct, absences and the homeroom teacher's
    comment; ``term`` is "hk1" or "hk2" ("" on that page). ``values`` holds what is written, by the name of
    the stored column: marks as canonical text ("7.5", "Đ", "V"), ``stated`` (ĐTBmhk of the file),
    ``comment``, ``conduct_1``, ``conduct_2``, ``absent_excused`` … Empty cells are not in it. The column
    of each value stands in the page's :class:`HeaderPosition`.
    """

    sheet: str
    row: int
    ok: bool
    class_name: str | None = None
    subject: str = ""
    term: str = ""
    code: str | None = None
    full_name: str | None = None
    values: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class WorkbookKey:
    """What a workbook that this system wrote says of itself, on its hidden sheet.

    ``moment`` is an ISO instant: values changed later elsewhere are not overwritten by the file's older ones.
    ``pages`` is sheet name → (class, subject code, term).
    """

    school: str
    year: str
    moment: str
    version: str
    pages: dict[str, tuple[str, str, str]] = field(default_factory=dict)


T = TypeVar("T", PupilRow, StaffRow, PrimaryResultRow, MarkRow)


@dataclass(slots=True)
class Reading(Generic[T]):
    """What was read from one workbook. Nothing of it is stored anywhere yet."""

    kind: WorkbookKind
    sheets: tuple[str, ...] = ()
    rows: list[T] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    headers: list[HeaderPosition] = field(default_factory=list)
    key: WorkbookKey | None = None

    @property
    def good_rows(self) -> list[T]:
        """The rows without an error."""
        return [row for row in self.rows if row.ok]

    @property
    def errors(self) -> list[Issue]:
        """The issues that refuse."""
        return [issue for issue in self.issues if issue.severity == "error"]

    @property
    def warnings(self) -> list[Issue]:
        """The issues that ask or tell."""
        return [issue for issue in self.issues if issue.severity == "warning"]

    @property
    def refused_rows(self) -> list[T]:
        """The rows with an error."""
        return [row for row in self.rows if not row.ok]
