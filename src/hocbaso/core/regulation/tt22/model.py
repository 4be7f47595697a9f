"""Values of Circular 22/2021: ratings, marks, results and decisions with their clause."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from hocbaso.core.errors import DomainError, register
from hocbaso.core.regulation.secondary_model import SecondaryGrade, SecondarySubject
from hocbaso.core.regulation.tt27.promotion import PrincipalDecision

RULE_SET_LOWER = "tt22-2021-thcs"
RULE_SET_UPPER = "tt22-2021-thpt"
CIRCULAR = "Thông tư 22/2021/TT-BGDĐT"
CIRCULAR_CONTINUING = "Thông tư 43/2021/TT-BGDĐT"

#: Canonical texts of a comment subject's mark, of an absence and of an exemption.
PASSED, NOT_PASSED, ABSENT, EXEMPT = "Đ", "CĐ", "V", "M"

register(
    {
        "tt22.mark": (
            "“{written}” không phải là điểm hay mức đánh giá hợp lệ trong sổ.",
            "{written!r} is not a canonical mark.",
        ),
        "tt22.mark_form": (
            "{name}: “{written}” không hợp với hình thức đánh giá bằng {form}.",
            "{name}: mark {written!r} does not fit the form of assessment.",
        ),
    }
)

_CANONICAL = re.compile(r"^(?:10|[0-9](?:\.[1-9])?|Đ|CĐ|V|M|)$")


class Rating(StrEnum):
    """Mức đánh giá kết quả học tập and kết quả rèn luyện, in words as printed."""

    GOOD = "Tốt"
    FAIR = "Khá"
    PASS = "Đạt"  # noqa: S105 - the word of the circular, not a password
    FAIL = "Chưa đạt"

    @property
    def rank(self) -> int:
        """3 best, 0 lowest."""
        return ("FAIL", "PASS", "FAIR", "GOOD").index(self.name)

    @property
    def abbreviation(self) -> str:
        """As narrow columns write it."""
        return {"GOOD": "T", "FAIR": "K", "PASS": "Đ", "FAIL": "CĐ"}[self.name]

    def raised(self) -> Rating:
        """The adjacent higher level (mức liền kề)."""
        return next(one for one in Rating if one.rank == min(self.rank + 1, 3))


@dataclass(frozen=True, slots=True)
class Setting:
    """What the circular leaves open, decided by the school or the province; reasons in ``docs/rules.md``."""

    #: Điều 9 khoản 3 says "môn học": comment subjects can be the one that spoils.
    adjust_includes_comment: bool = True
    #: How "do duy nhất 01 môn học" is tried: the subject left out, or raised as high as needed.
    adjust_reading: Literal["left_out", "raised"] = "left_out"
    #: Number of scored subjects that Điều 9 khoản 2 counts. ``evaluate_year`` takes the grade's own number
    #: unless this differs from 6.
    min_scored: int = 6
    #: A topic cluster's mark is one of the regular marks of the table (True) or one more (False).
    topic_counts_within: bool = True
    #: Điều 7: no assessment and no make-up counts as 0 or Chưa đạt; otherwise the mark is missing.
    absent_without_makeup_is_zero: bool = True
    #: Điều 14 re-tests pupils whose conduct of the year is at least Đạt; False: also after summer training.
    retest_needs_year_conduct: bool = True
    #: Cites the circular of continuing education (set by ``evaluate_year`` from the grade).
    continuing: bool = False

    @property
    def circular(self) -> str:
        """Full name for sentences."""
        return CIRCULAR_CONTINUING if self.continuing else CIRCULAR

    def clause(self, where: str) -> str:
        """Short citation as stored in transcripts: ``TT 22/2021 Điều 9 khoản 2 điểm a``."""
        if self.continuing:  # the article numbers of the other circular are not certain: cite the model
            return f"TT 43/2021 (như TT 22/2021 {where})"
        return f"TT 22/2021 {where}"

    def cite(self, where: str) -> str:
        """Citation inside a sentence."""
        if self.continuing:
            return f"({CIRCULAR_CONTINUING}, như {CIRCULAR} {where})"
        return f"({CIRCULAR}, {where})"


DEFAULT_SETTING = Setting()


def mark_value(text: str) -> Decimal | None:
    """The number of a canonical score text; ``None`` for letters and blanks."""
    return Decimal(text) if text[:1].isdigit() else None


def mark_text(value: Decimal) -> str:
    """Canonical text of a score: ``7.5``, ``10``, ``0`` (no trailing zero)."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def show_mark(text: str, *, places: int | None = None) -> str:
    """A canonical text for people: decimal comma; ``places`` pads averages (``8`` -> ``8,0``)."""
    value = mark_value(text)
    if value is None:
        return text
    return (f"{value:.{places}f}" if places is not None else text).replace(".", ",")


def _check(text: str) -> None:
    if not _CANONICAL.match(text):
        raise DomainError("tt22.mark", written=text)


@dataclass(frozen=True, slots=True)
class TermMarks:
    """One pupil's marks of one subject in one semester, as canonical texts.

    ``regular`` has one place per column of the book, ``""`` where nothing is written. ``columns`` is the
    number of regular columns that the book of the class really keeps when it differs from the circular's
    count; without it, every regular mark that the circular counts must be there.

    :raises DomainError: ``tt22.mark`` for a text that is not canonical.
    """

    regular: tuple[str, ...] = ()
    mid: str = ""
    final: str = ""
    topic: str = ""  # chuyên đề học tập, counted as one regular mark
    columns: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "regular", tuple(self.regular))
        for text in (*self.regular, self.mid, self.final, self.topic):
            _check(text)

    @property
    def written(self) -> tuple[str, ...]:
        """Everything that is not blank."""
        return tuple(text for text in (*self.regular, self.topic, self.mid, self.final) if text)


@dataclass(frozen=True, slots=True)
class SubjectYear:
    """One pupil's year in one subject.

    ``carried_term1`` is the semester I result of the sending school (A4). ``decided`` is a year result that
    the principal decided where the rules give none (only one semester available), with ``decided_reason``.
    ``topic_marks`` are the cluster's marks counted in semester I and semester II, in this order.

    :raises DomainError: ``tt22.mark`` for a text that is not canonical.
    """

    subject: SecondarySubject
    term1: TermMarks | None
    term2: TermMarks | None
    retest: str = ""
    exempt: str = ""  # reason
    carried_term1: str = ""
    topic_marks: tuple[str, ...] = ()
    decided: str = ""
    decided_reason: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "topic_marks", tuple(self.topic_marks))
        for text in (self.retest, self.carried_term1, self.decided, *self.topic_marks):
            _check(text)


@dataclass(frozen=True, slots=True)
class Decision:
    """A value with the clause it rests on and a sentence a parent can follow.

    For study results ``base`` is the level before the one-subject adjustment and ``adjusted_by`` the code of
    that subject.
    """

    value: str
    clause: str
    explanation: str
    base: Rating | None = None
    adjusted_by: str | None = None

    @property
    def rating(self) -> Rating:
        """The value as a rating (study and conduct decisions).

        :raises ValueError: the value is a sentence.
        """
        return Rating(self.value)


@dataclass(frozen=True, slots=True)
class SubjectTerm:
    """Semester result: ``value`` for scored, ``passed`` for comment subjects, both ``None`` if missing."""

    value: Decimal | None
    passed: bool | None
    text: str  # "7.9", "Đ", "CĐ", "M" when exempt, "" when undetermined
    missing: tuple[str, ...]  # words: "2 ĐĐGtx", "ĐĐGck"
    clause: str
    explanation: str
    notes: tuple[str, ...] = ()  # what is unusual but decided

    @property
    def exempt(self) -> bool:
        """The whole semester is exempt."""
        return self.text == EXEMPT


@dataclass(frozen=True, slots=True)
class SubjectOutcome:
    """Year result of one subject; ``after_retest_text`` is what counts in the end."""

    subject: SecondarySubject
    term1: SubjectTerm
    term2: SubjectTerm
    year: Decimal | bool | None
    year_text: str
    after_retest_text: str
    missing: tuple[str, ...]
    clause: str
    explanation: str
    retested: bool = False
    notes: tuple[str, ...] = ()

    @property
    def exempt(self) -> bool:
        """The pupil is exempt for the whole year."""
        return self.year_text == EXEMPT

    @property
    def below(self) -> bool:
        """Below what the year asks for: Chưa đạt, or an average under 5.0."""
        if isinstance(self.year, bool):
            return not self.year
        return self.year is not None and self.year < 5


@dataclass(frozen=True, slots=True)
class YearInput:
    """Everything that decides one pupil's year.

    ``absences`` counts half-day sessions (buổi) with and without permission. ``summer_done`` closes the
    summer: what was not re-tested by then stays as it is.
    """

    grade: SecondaryGrade
    subjects: tuple[SubjectYear, ...]
    conduct1: Rating | None
    conduct2: Rating | None
    conduct_summer: Rating | None = None
    absences: int | None = None
    individual_plan: bool = False
    principal_decision: PrincipalDecision | None = None
    summer_done: bool = False

    @property
    def final_grade(self) -> bool:
        """Whether the grade ends the level."""
        return self.grade.grade in (9, 12)


@dataclass(frozen=True, slots=True)
class YearOutcome:
    """Outcome of ``evaluate_year``; what depends on something missing is ``None``.

    ``promoted`` is the state with what is known: a pupil whose summer is still open (``summer_pending``) is
    not promoted yet.
    """

    grade: int
    subjects: tuple[SubjectOutcome, ...]
    study1: Decision | None
    study2: Decision | None
    study_year: Decision | None
    conduct1: Decision | None
    conduct2: Decision | None
    conduct_year: Decision | None
    study_after: Decision | None
    conduct_after: Decision | None
    absences: int | None
    promoted: bool | None
    completed: bool | None
    promotion: Decision
    title: Decision | None
    retests: tuple[str, ...] = ()
    summer: tuple[str, ...] = ()
    summer_pending: bool = False
    missing: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    _by_code: dict[str, SubjectOutcome] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_code", {one.subject.code: one for one in self.subjects})

    def subject(self, code: str) -> SubjectOutcome:
        """Outcome of one subject.

        :raises KeyError: the pupil is not assessed in it.
        """
        return self._by_code[code]

    @property
    def study_final(self) -> Decision | None:
        """Study result that counts in the end."""
        return self.study_after or self.study_year

    @property
    def conduct_final(self) -> Decision | None:
        """Conduct result that counts in the end."""
        return self.conduct_after or self.conduct_year

    @property
    def determined(self) -> bool:
        """Nothing is missing for the promotion."""
        return self.promoted is not None
