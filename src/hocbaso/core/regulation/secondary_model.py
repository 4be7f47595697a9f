"""Values of a secondary programme: subjects, grades, dated programmes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from hocbaso.core.document.model import SchoolLevel
from hocbaso.core.errors import DomainError
from hocbaso.core.regulation.programme import heading_key
from hocbaso.core.vietnamese.letters import collapse, strip_marks
from hocbaso.core.vietnamese.school_year import SchoolYear

#: ``elective_group`` of the subjects of which a pupil of grades 10-12 chooses four.
ELECTIVE = "lua-chon"
#: ``elective_group`` of optional subjects (minority language, second foreign language).
OPTIONAL = "tu-chon"

#: Below so many letters a heading is not taken for one that Excel cut off.
_SHORTEST_CUT = 12
_TERM_PREFIX = re.compile(r"^(?:HK|học kỳ|học kì)\s*(?:II|I|2|1)\b[\s.:_-]*", re.IGNORECASE)


class Form(StrEnum):
    """Hình thức đánh giá (TT 22/2021 Điều 5)."""

    SCORED = "diem"  # nhận xét kết hợp điểm số
    COMMENT = "nhan_xet"  # nhận xét: Đạt, Chưa đạt

    @property
    def label(self) -> str:
        """In the words of the circular."""
        return {"diem": "nhận xét kết hợp điểm số", "nhan_xet": "nhận xét"}[self.value]


class Term(StrEnum):
    """Học kỳ."""

    ONE = "hk1"
    TWO = "hk2"

    @property
    def label(self) -> str:
        """As spoken in a sentence."""
        return {"hk1": "học kỳ I", "hk2": "học kỳ II"}[self.value]


@dataclass(frozen=True, slots=True)
class SecondarySubject:
    """A subject or educational activity of one grade."""

    code: str  # ascii slug, e.g. "khoa-hoc-tu-nhien"
    name: str  # as printed
    short_name: str  # for lists and narrow columns
    periods: int  # a year
    form: Form
    compulsory: bool
    elective_group: str = ""  # ELECTIVE, OPTIONAL or none
    aliases: tuple[str, ...] = ()  # other headings in use
    parts: tuple[str, ...] = ()  # taught and marked by several teachers, e.g. ("Âm nhạc", "Mĩ thuật")
    regular: int = 0  # number of regular marks decided by the school; 0 = as the circular counts

    @property
    def scored(self) -> bool:
        """Whether it has marks and averages."""
        return self.form is Form.SCORED

    @property
    def regular_count(self) -> int:
        """Regular assessments (ĐĐGtx) a semester (Điều 6 khoản 2): by periods; comment subjects 2."""
        if self.regular:
            return self.regular
        if not self.scored or self.periods <= 35:
            return 2
        return 3 if self.periods <= 70 else 4

    def printed_name(self, language: str | None = None) -> str:
        """Name on the form; a foreign language names the school's choice when given."""
        if language and self.code.startswith("ngoai-ngu"):
            return f"{self.name} ({language})"
        return self.name


@dataclass(frozen=True, slots=True)
class Topic:
    """Cụm chuyên đề học tập of a subject in grades 10-12 (35 periods a year)."""

    subject_code: str
    name: str
    periods: int = 35


@dataclass(frozen=True, slots=True)
class SecondaryGrade:
    """What one grade can be assessed in, in the order of the form.

    ``min_scored`` is the number of scored subjects that Điều 9 khoản 2 counts (six; fewer where a programme
    has fewer subjects, domain sheet A2).
    """

    grade: int
    level: SchoolLevel
    subjects: tuple[SecondarySubject, ...]
    topics: tuple[Topic, ...] = ()
    min_scored: int = 6
    continuing: bool = False  # giáo dục thường xuyên
    programme: str = ""  # id of the programme
    _headings: Mapping[str, SecondarySubject] = field(init=False, repr=False, compare=False)
    _skeletons: tuple[tuple[str, SecondarySubject], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        named = [
            (name, subject)
            for subject in self.subjects
            for name in (subject.name, subject.short_name, *subject.aliases)
        ]
        object.__setattr__(self, "_headings", {heading_key(name): subject for name, subject in named})
        object.__setattr__(self, "_skeletons", tuple((strip_marks(name), one) for name, one in named))

    def subject(self, code: str) -> SecondarySubject:
        """Subject by code.

        :raises DomainError: ``programme.subject``.
        """
        for subject in self.subjects:
            if subject.code == code:
                return subject
        raise DomainError("programme.subject", grade=self.grade, subject=code)

    def has(self, code: str) -> bool:
        """Whether the grade has the subject at all."""
        return any(subject.code == code for subject in self.subjects)

    def find(self, heading: str) -> SecondarySubject | None:
        """Subject by a heading as workbooks write it.

        Full words first; then, since Excel cuts sheet names at 31 characters (``HKII Nội dung giáo dục của
        địa ``), a heading that begins exactly one subject's name. A leading ``HKI`` / ``HKII`` is ignored.
        """
        text = _TERM_PREFIX.sub("", collapse(heading))
        found = self._headings.get(heading_key(text))
        skeleton = strip_marks(text)
        if found is not None or len(skeleton) < _SHORTEST_CUT:
            return found
        begun = {subject.code: subject for name, subject in self._skeletons if name.startswith(skeleton)}
        return next(iter(begun.values())) if len(begun) == 1 else None

    @property
    def compulsory(self) -> tuple[SecondarySubject, ...]:
        """What every pupil of the grade studies."""
        return tuple(subject for subject in self.subjects if subject.compulsory)

    @property
    def electives(self) -> tuple[SecondarySubject, ...]:
        """The subjects of which a pupil chooses four; empty below grade 10."""
        return tuple(subject for subject in self.subjects if subject.elective_group == ELECTIVE)

    @property
    def optional(self) -> tuple[SecondarySubject, ...]:
        """What a pupil may take in addition."""
        return tuple(subject for subject in self.subjects if subject.elective_group == OPTIONAL)


@dataclass(frozen=True, slots=True)
class SecondaryProgramme:
    """A dated programme. ``first_year`` tells from which school year each grade follows it."""

    id: str
    name: str
    legal_basis: str
    level: SchoolLevel
    valid_from: date
    valid_to: date | None
    first_year: Mapping[int, SchoolYear]
    grades: Mapping[int, SecondaryGrade]
    continuing: bool = False

    def covers(self, grade: int, year: SchoolYear) -> bool:
        """Whether pupils of the grade follow this programme in the year."""
        return grade in self.first_year and self.first_year[grade] <= year
