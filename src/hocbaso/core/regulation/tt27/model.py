"""Values of Circular 27/2020: levels, results of one pupil's year, and decisions with their clause."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hocbaso.core.errors import DomainError, register
from hocbaso.core.vietnamese.reading import Finding

RULE_SET_ID = "tt27-2020"
CIRCULAR = "Thông tư 27/2020/TT-BGDĐT"


def clause(where: str) -> str:
    """Short citation as stored in transcripts: ``TT 27/2020 Điều 9 khoản 2 điểm a``."""
    return f"TT 27/2020 {where}"


register(
    {
        "tt27.subject_level": (
            "Mức đạt được của môn học chỉ là T, H hoặc C; không có mức “{written}”.",
            "A subject level is T, H or C, not {written!r}.",
        ),
        "tt27.trait_level": (
            "Mức đạt được của phẩm chất, năng lực chỉ là T, Đ hoặc C; không có mức “{written}”.",
            "A trait level is T, Đ or C, not {written!r}.",
        ),
        "tt27.score": (
            "Điểm bài kiểm tra định kỳ là số nguyên từ {low} đến 10; không nhận “{written}”.",
            "A test score is a whole number from {low} to 10, not {written!r}.",
        ),
        "tt27.duplicate": (
            "“{name}” được ghi hai lần cho cùng một học sinh.",
            "{name} occurs twice for one pupil.",
        ),
        "tt27.exempt_with_result": (
            "{name}: học sinh được miễn thì không ghi mức đạt được hay điểm.",
            "{name}: exempt yet assessed.",
        ),
    }
)


class SubjectLevel(StrEnum):
    """Mức đạt được of a subject or educational activity (Điều 7 khoản 1 điểm a)."""

    T = "T"
    H = "H"
    C = "C"

    @property
    def label(self) -> str:
        """Words of the circular."""
        return {"T": "Hoàn thành tốt", "H": "Hoàn thành", "C": "Chưa hoàn thành"}[self.value]

    @property
    def rank(self) -> int:
        """2 best, 0 lowest."""
        return "CHT".index(self.value)


class TraitLevel(StrEnum):
    """Mức đạt được of a quality or competence (Điều 7 khoản 2)."""

    T = "T"
    D = "Đ"
    C = "C"

    @property
    def label(self) -> str:
        """Words of the circular."""
        return {"T": "Tốt", "Đ": "Đạt", "C": "Cần cố gắng"}[self.value]

    @property
    def rank(self) -> int:
        """2 best, 0 lowest."""
        return "CĐT".index(self.value)


class Overall(StrEnum):
    """Đánh giá kết quả giáo dục cuối năm (Điều 9 khoản 2 điểm a), in words as printed."""

    EXCELLENT = "Hoàn thành xuất sắc"
    GOOD = "Hoàn thành tốt"
    COMPLETED = "Hoàn thành"
    NOT_COMPLETED = "Chưa hoàn thành"

    @property
    def abbreviation(self) -> str:
        """As workbooks write it."""
        return {"EXCELLENT": "HTXS", "GOOD": "HTT", "COMPLETED": "HT", "NOT_COMPLETED": "CHT"}[self.name]

    @property
    def rank(self) -> int:
        """3 best, 0 lowest."""
        return ("NOT_COMPLETED", "COMPLETED", "GOOD", "EXCELLENT").index(self.name)


@dataclass(frozen=True, slots=True)
class Setting:
    """What the circular leaves open, decided by the school or the province."""

    allow_zero: bool = False  # whether a test may get 0 (sector software accepts 1 to 10)
    optional_subjects_count: bool = True  # whether levels of optional subjects count for the overall level

    @property
    def lowest_score(self) -> int:
        """Smallest test score allowed."""
        return 0 if self.allow_zero else 1


DEFAULT_SETTING = Setting()


@dataclass(frozen=True, slots=True)
class SubjectResult:
    """End-of-year result of one subject line; ``score`` is the last end-of-year test.

    Plain strings are accepted as level. Give optional subjects only when the pupil takes them.

    :raises DomainError: ``tt27.subject_level``, ``tt27.score``, ``tt27.exempt_with_result``.
    """

    code: str
    level: SubjectLevel | None
    score: int | None = None
    exempt_reason: str | None = None

    def __post_init__(self) -> None:
        if self.level is not None:
            try:
                object.__setattr__(self, "level", SubjectLevel(self.level))
            except ValueError:
                raise DomainError("tt27.subject_level", written=self.level) from None
        if self.score is not None and (
            isinstance(self.score, bool) or not isinstance(self.score, int) or not 0 <= self.score <= 10
        ):
            raise DomainError("tt27.score", written=self.score, low=1)
        object.__setattr__(self, "exempt_reason", (self.exempt_reason or "").strip() or None)
        if self.exempt_reason and (self.level is not None or self.score is not None):
            raise DomainError("tt27.exempt_with_result", name=self.code)


@dataclass(frozen=True, slots=True)
class TraitResult:
    """End-of-year level of one quality or competence; exemption only under an individual plan.

    :raises DomainError: ``tt27.trait_level``, ``tt27.exempt_with_result``.
    """

    code: str
    level: TraitLevel | None
    exempt_reason: str | None = None

    def __post_init__(self) -> None:
        if self.level is not None:
            try:
                object.__setattr__(self, "level", TraitLevel(self.level))
            except ValueError:
                raise DomainError("tt27.trait_level", written=self.level) from None
        object.__setattr__(self, "exempt_reason", (self.exempt_reason or "").strip() or None)
        if self.exempt_reason and self.level is not None:
            raise DomainError("tt27.exempt_with_result", name=self.code)


class MissingKind(StrEnum):
    """What is lacking for a decision."""

    SUBJECT_LEVEL = "subject_level"
    TEST_SCORE = "test_score"
    TRAIT_LEVEL = "trait_level"
    NOTHING_ASSESSED = "nothing_assessed"


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing lacking, with a sentence for the teacher."""

    kind: MissingKind
    code: str
    name: str
    message: str


@dataclass(frozen=True, slots=True)
class Ruling:
    """A value decided by a clause (title, completion sentence)."""

    value: str
    clause: str
    explanation: str


@dataclass(frozen=True, slots=True)
class YearDecision:
    """Outcome of :func:`evaluate_year`.

    ``overall`` and ``completed`` are ``None`` exactly when ``missing`` is not empty. ``blocking`` holds the
    codes of subjects and traits that keep the pupil from *Hoàn thành*: what re-assessment is about.
    """

    grade: int
    individual_plan: bool
    overall: Overall | None
    clause: str
    explanation: str
    completed: bool | None
    completed_clause: str
    missing: tuple[Missing, ...] = ()
    warnings: tuple[Finding, ...] = ()
    blocking: tuple[str, ...] = ()

    @property
    def determined(self) -> bool:
        """Nothing is missing."""
        return self.overall is not None
