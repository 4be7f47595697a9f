"""Which pages a class's gradebook has and which columns a page holds, in both circulars."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hocbaso.apps.assessment import class_programme
from hocbaso.apps.assessment.class_programme import ClassProgramme
from hocbaso.apps.assessment.entries import Entry, Key, Sort, field_name
from hocbaso.apps.assessment.models import MARK_COLUMNS, Moment
from hocbaso.apps.assessment.parts import RECORD, TERMS, TRAITS, is_secondary
from hocbaso.apps.assessment.use_cases.check_entry import RANGES, TEXT_LIMITS, grade_programme, test_moment
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.core.errors import DomainError, NotFound, register
from hocbaso.core.regulation.programme import ProgrammeLine
from hocbaso.core.regulation.secondary import SecondarySubject

register(
    {
        "no_such_part": ("Sổ điểm của lớp không có phần này.", "The class's gradebook has no such part."),
    }
)


class Kind(StrEnum):
    """How a field is written."""

    LEVEL = "level"  # T, H, C
    TRAIT = "trait"  # T, Đ, C
    SCORE = "score"  # primary: a whole number
    MARK = "mark"  # secondary: 0 to 10 with one decimal, V, M
    PASS = "pass"  # noqa: S105 - Đ, CĐ, V, M: the word of the circular, no password
    RATING = "rating"  # Tốt, Khá, Đạt, Chưa đạt
    NUMBER = "number"
    TEXT = "text"


class PartKind(StrEnum):
    """What a page is about."""

    LEVELS = "levels"  # primary: level, test, comment
    SCORED = "scored"  # secondary: marks
    COMMENT = "comment"  # secondary: Đạt, Chưa đạt
    TRAITS = "traits"
    RECORD = "record"


@dataclass(frozen=True, slots=True)
class Part:
    """One page of a class's gradebook."""

    code: str
    name: str
    kind: PartKind


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a page."""

    key: str  # in the page: "level", "tx1", "comment", a trait's code, a field of the record
    kind: Kind
    sort: Sort
    code: str  # subject or trait
    name: str  # attribute of the stored row
    required: bool  # an empty cell counts as missing
    low: int = 0
    high: int = 0  # largest number, or greatest length of a text

    def row_key(self, enrolment_id: int, moment: str) -> Key:
        """Key of the stored row that holds the field for a pupil."""
        return Entry(enrolment_id, self.sort, {}, self.code, moment).key

    @property
    def history_name(self) -> str:
        """As :class:`ResultChange` names the field."""
        return field_name(self.sort, self.code, self.name)


@dataclass(frozen=True, slots=True)
class Computed:
    """A column that nobody writes: the rule's result beside the marks."""

    key: str
    name: str


#: How a column of marks is called in a sentence or a head.
COLUMN_NAMES = {
    **{f"tx{n}": f"ĐĐGtx {n}" for n in range(1, 7)},
    "gk": "ĐĐGgk",
    "ck": "ĐĐGck",
    "retest": "Đánh giá lại",
    "score": "Điểm KTĐK",
    "level": "Mức đạt được",
    "comment": "Nhận xét",
}

#: Semester average and year average (of a comment subject: the result).
TERM_RESULT = Computed("tbm", "ĐTBmhk")
YEAR_RESULT = Computed("cn", "ĐTBmcn")


def subject_line(school_class: SchoolClass, code: str) -> ProgrammeLine | SecondarySubject:
    """The programme's line for a page: both kinds have ``code``, ``name``, ``short_name``. No query.

    :raises NotFound: ``no_such_part``.
    """
    if is_secondary(school_class.grade):
        try:
            return class_programme.plain_grade(school_class).subject(code)
        except DomainError as error:
            raise NotFound("no_such_part") from error
    for line in grade_programme(school_class.grade, school_class.school_year).lines:
        if line.code == code:
            return line
    raise NotFound("no_such_part")


def parts_of(school_class: SchoolClass, programme: ClassProgramme | None = None) -> tuple[Part, ...]:
    """Pages of a class: subjects in the order of the form, then (primary) traits, then the record.

    Secondary: two queries unless ``programme`` is given; a subject that nobody of the class studies has none.
    """
    record = Part(RECORD, "Kết quả rèn luyện, nhận xét và ngày nghỉ", PartKind.RECORD)
    if is_secondary(school_class.grade):
        taught = (programme or class_programme.of_class(school_class)).taught()
        kinds = {True: PartKind.SCORED, False: PartKind.COMMENT}
        return (*(Part(s.code, s.short_name, kinds[s.scored]) for s in taught), record)
    lines = grade_programme(school_class.grade, school_class.school_year).lines
    return (
        *(Part(line.code, line.short_name, PartKind.LEVELS) for line in lines),
        Part(TRAITS, "Phẩm chất và năng lực", PartKind.TRAITS),
        Part(RECORD, "Nhận xét và ngày nghỉ", PartKind.RECORD),
    )


def fields_of(
    school_class: SchoolClass, part: str, moment: str, programme: ClassProgramme | None = None
) -> tuple[Field, ...]:
    """Columns of one page. One query for a secondary subject unless ``programme`` is given.

    :raises NotFound: ``no_such_part``: no such page, or none at that moment.
    """
    if is_secondary(school_class.grade):
        return _secondary(school_class, part, moment, programme)
    return _primary(school_class, part, moment)


def _primary(school_class: SchoolClass, part: str, moment: str) -> tuple[Field, ...]:
    """A test score only where the programme has a test at the moment (TT 27/2020 Điều 7)."""
    summer = moment == Moment.SUMMER
    if part == TRAITS:
        traits = grade_programme(school_class.grade, school_class.school_year).traits
        return tuple(Field(t.code, Kind.TRAIT, Sort.TRAIT, t.code, "level", not summer) for t in traits)
    if part == RECORD:
        if summer:
            raise NotFound("no_such_part")
        return _primary_record()
    line = subject_line(school_class, part)
    assert isinstance(line, ProgrammeLine)
    found = [Field("level", Kind.LEVEL, Sort.SUBJECT, part, "level", line.compulsory)]
    if test_moment(moment) in line.tests:
        found.append(Field("score", Kind.SCORE, Sort.SUBJECT, part, "score", not summer, 1, 10))
    return (*found, _text("comment", Sort.SUBJECT, part))


def _text(name: str, sort: Sort, code: str = "", *, required: bool = False) -> Field:
    return Field(name, Kind.TEXT, sort, code, name, required, 0, TEXT_LIMITS[name])


def _number(name: str, *, required: bool) -> Field:
    return Field(name, Kind.NUMBER, Sort.RECORD, "", name, required, *RANGES[name])


def _primary_record() -> tuple[Field, ...]:
    absences = ("absent_excused", "absent_unexcused")
    numbers = (_number(name, required=name in absences) for name in (*absences, "height_cm", "weight_kg"))
    texts = ("homeroom_comment", "qualities_comment", "general_comment", "specific_comment")
    return (*numbers, *(_text(name, Sort.RECORD, required=name == "homeroom_comment") for name in texts))


def _secondary(
    school_class: SchoolClass, part: str, moment: str, programme: ClassProgramme | None
) -> tuple[Field, ...]:
    if moment not in (*TERMS, Moment.SUMMER):
        raise NotFound("no_such_part")
    if part == RECORD:
        return _secondary_record(moment)
    own = programme or class_programme.of_classes([school_class], ())[school_class.pk]
    try:
        subject = own.subject(part)
    except DomainError as error:
        raise NotFound("no_such_part") from error
    kind = Kind.MARK if subject.scored else Kind.PASS
    if moment == Moment.SUMMER:
        return (Field("retest", kind, Sort.MARKS, part, "retest", True),)
    offered = (*own.columns(part), *MARK_COLUMNS[-2:])
    demanded = (*offered[: subject.regular_count], *MARK_COLUMNS[-2:])
    marks = (Field(name, kind, Sort.MARKS, part, name, name in demanded) for name in offered)
    return (*marks, _text("comment", Sort.MARKS, part))


def _secondary_record(moment: str) -> tuple[Field, ...]:
    conduct = {"hk1": "conduct_1", "hk2": "conduct_2", "he": "conduct_summer"}[moment]
    rating = Field(conduct, Kind.RATING, Sort.RECORD, "", conduct, True)
    if moment != Moment.TERM_TWO:
        return (rating,)
    return (
        rating,
        _number("absent_excused", required=True),
        _number("absent_unexcused", required=True),
        _text("homeroom_comment", Sort.RECORD, required=True),
        *(_text(name, Sort.RECORD) for name in ("awards", "certificates", "contests", "discipline")),
    )
