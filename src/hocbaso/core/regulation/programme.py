"""Programme tables: which subjects a primary grade studies, which are tested when, and the traits assessed.

Sources: Thông tư 32/2018/TT-BGDĐT (programme, effective 15/02/2019), Thông tư 27/2020/TT-BGDĐT Điều 7
khoản 1 điểm b (periodic tests), Phụ lục TT 27/2020 (order and names on the form); domain sheet 3.1, 3.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from hocbaso.core.errors import DomainError, register
from hocbaso.core.vietnamese.letters import fold, strip_marks
from hocbaso.core.vietnamese.school_year import SchoolYear

register(
    {
        "programme.grade": (
            "Không có khối {grade} trong chương trình tiểu học; chỉ có lớp 1 đến lớp 5.",
            "Primary education has no grade {grade}.",
        ),
        "programme.subject": (
            "Lớp {grade} không có môn học “{subject}”.",
            "Grade {grade} has no subject {subject}.",
        ),
        "programme.trait": (
            "Lớp {grade} không đánh giá phẩm chất, năng lực “{trait}”.",
            "Grade {grade} does not assess trait {trait}.",
        ),
        "programme.year": (
            "Chưa có chương trình áp dụng cho lớp {grade} năm học {year}.",
            "No programme covers grade {grade} in {year}.",
        ),
    }
)

PRIMARY_GRADES = (1, 2, 3, 4, 5)


class Moment(StrEnum):
    """The four moments of periodic assessment (TT 27/2020 Điều 7)."""

    MID_FIRST = "ghk1"
    END_FIRST = "chk1"
    MID_SECOND = "ghk2"
    END_YEAR = "cn"

    @property
    def label(self) -> str:
        """In the words of the circular."""
        return _MOMENT_LABELS[self]


_MOMENT_LABELS = {
    Moment.MID_FIRST: "giữa học kỳ I",
    Moment.END_FIRST: "cuối học kỳ I",
    Moment.MID_SECOND: "giữa học kỳ II",
    Moment.END_YEAR: "cuối năm học",
}


@dataclass(frozen=True, slots=True)
class ProgrammeLine:
    """One line of the form: a subject, a separately assessed part of one, or an educational activity."""

    code: str  # ascii slug, e.g. "tin-hoc"
    name: str  # as printed, e.g. "Tin học và Công nghệ (Tin học)"
    short_name: str  # as in workbooks and lists, e.g. "Tin học"
    compulsory: bool  # in this grade
    tests: frozenset[Moment]  # moments with a periodic test in this grade
    aliases: tuple[str, ...] = ()  # other headings in use

    @property
    def tested(self) -> bool:
        """Whether the year ends with a periodic test."""
        return Moment.END_YEAR in self.tests

    def printed_name(self, language: str | None = None) -> str:
        """Name on the form; the first foreign language names the school's choice when given."""
        if self.code == FOREIGN_LANGUAGE and language:
            return f"{self.name} ({language})"
        return self.name


class TraitGroup(StrEnum):
    """Sections 2, 3.1 and 3.2 of the form."""

    QUALITY = "pham_chat"
    GENERAL = "nang_luc_chung"
    SPECIFIC = "nang_luc_dac_thu"

    @property
    def label(self) -> str:
        """Heading on the form."""
        return _GROUP_LABELS[self]


_GROUP_LABELS = {
    TraitGroup.QUALITY: "Phẩm chất chủ yếu",
    TraitGroup.GENERAL: "Năng lực chung",
    TraitGroup.SPECIFIC: "Năng lực đặc thù",
}


@dataclass(frozen=True, slots=True)
class Trait:
    """A quality (phẩm chất) or core competence (năng lực cốt lõi)."""

    code: str  # "pc-…" or "nl-…", never equal to a subject's code
    name: str
    group: TraitGroup


@dataclass(frozen=True, slots=True)
class GradeProgramme:
    """What one grade is assessed in, in the order of the form."""

    grade: int
    lines: tuple[ProgrammeLine, ...]
    traits: tuple[Trait, ...]
    _headings: Mapping[str, ProgrammeLine] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        headings = {
            heading_key(name): line
            for line in self.lines
            for name in (line.name, line.short_name, *line.aliases)
        }
        object.__setattr__(self, "_headings", headings)

    def line(self, code: str) -> ProgrammeLine:
        """Line by code.

        :raises DomainError: ``programme.subject``.
        """
        for line in self.lines:
            if line.code == code:
                return line
        raise DomainError("programme.subject", grade=self.grade, subject=code)

    def trait(self, code: str) -> Trait:
        """Trait by code.

        :raises DomainError: ``programme.trait``.
        """
        for trait in self.traits:
            if trait.code == code:
                return trait
        raise DomainError("programme.trait", grade=self.grade, trait=code)

    def find_line(self, heading: str) -> ProgrammeLine | None:
        """Line by a heading as workbooks write it (short, printed or another name in use), exact words."""
        return self._headings.get(heading_key(heading))

    def find_trait(self, heading: str) -> Trait | None:
        """Trait by its name; ``Khoa học``, ``Công nghệ`` and ``Tin học`` also name subjects."""
        return next((t for t in self.traits if heading_key(t.name) == heading_key(heading)), None)

    @property
    def compulsory(self) -> tuple[ProgrammeLine, ...]:
        """Lines that every pupil of the grade studies."""
        return tuple(line for line in self.lines if line.compulsory)

    def group(self, group: TraitGroup) -> tuple[Trait, ...]:
        """Traits of one section."""
        return tuple(trait for trait in self.traits if trait.group is group)


@dataclass(frozen=True, slots=True)
class Programme:
    """A dated programme. ``first_year`` tells from which school year each grade follows it."""

    id: str
    name: str
    legal_basis: str
    valid_from: date
    valid_to: date | None
    first_year: Mapping[int, SchoolYear]
    grades: Mapping[int, GradeProgramme]

    def grade(self, grade: int) -> GradeProgramme:
        """Table of a grade.

        :raises DomainError: ``programme.grade``.
        """
        if grade not in self.grades:
            raise DomainError("programme.grade", grade=grade)
        return self.grades[grade]

    def covers(self, grade: int, year: SchoolYear) -> bool:
        """Whether pupils of the grade follow this programme in the year."""
        return grade in self.first_year and self.first_year[grade] <= year


def heading_key(text: str) -> str:
    """Letters with their marks, no punctuation: ``TH-CN (Tin học)`` and ``TH - CN(Tin học)`` meet."""
    return "".join(char for char in fold(text) if char.isalnum())


FOREIGN_LANGUAGE = "ngoai-ngu-1"
MINORITY_LANGUAGE = "tieng-dan-toc"

_END_TESTS = frozenset({Moment.END_FIRST, Moment.END_YEAR})
_ALL_TESTS = frozenset(Moment)
_NONE: frozenset[Moment] = frozenset()
#: Tested where compulsory (Điều 7 khoản 1 điểm b); Tiếng Việt and Toán also in mid-semester in grades 4-5.
_TESTED = {
    "tieng-viet",
    "toan",
    FOREIGN_LANGUAGE,
    "lich-su-va-dia-li",
    "khoa-hoc",
    "tin-hoc",
    "cong-nghe",
}
_MID_TESTED = {"tieng-viet", "toan"}

#: code, printed name, short name, grades, grades where compulsory, aliases; in the order of the form.
_LINES: tuple[tuple[str, str, str, str, str, tuple[str, ...]], ...] = (
    ("tieng-viet", "Tiếng Việt", "Tiếng Việt", "12345", "12345", ()),
    ("toan", "Toán", "Toán", "12345", "12345", ()),
    (
        FOREIGN_LANGUAGE,
        "Ngoại ngữ 1",
        "Ngoại ngữ",
        "12345",
        "345",
        ("Ngoại ngữ 1 (Tiếng Anh)", "Tiếng Anh", "Ngoại ngữ (Tiếng Anh)"),
    ),
    ("dao-duc", "Đạo đức", "Đạo đức", "12345", "12345", ()),
    ("tu-nhien-va-xa-hoi", "Tự nhiên và Xã hội", "Tự nhiên và Xã hội", "123", "123", ("TN-XH", "TN&XH")),
    (
        "lich-su-va-dia-li",
        "Lịch sử và Địa lí",
        "Lịch sử và Địa lí",
        "45",
        "45",
        ("Lịch sử và Địa lý", "LS-ĐL", "LS&ĐL"),
    ),
    ("khoa-hoc", "Khoa học", "Khoa học", "45", "45", ()),
    ("tin-hoc", "Tin học và Công nghệ (Tin học)", "Tin học", "345", "345", ("TH-CN (Tin học)",)),
    ("cong-nghe", "Tin học và Công nghệ (Công nghệ)", "Công nghệ", "345", "345", ("TH-CN (Công nghệ)",)),
    ("giao-duc-the-chat", "Giáo dục thể chất", "Giáo dục thể chất", "12345", "12345", ("GDTC", "Thể dục")),
    ("am-nhac", "Nghệ thuật (Âm nhạc)", "Âm nhạc", "12345", "12345", ("NT (Âm nhạc)",)),
    (
        "mi-thuat",
        "Nghệ thuật (Mĩ thuật)",
        "Mĩ thuật",
        "12345",
        "12345",
        ("Nghệ thuật (Mỹ thuật)", "Mỹ thuật", "NT (Mĩ thuật)", "NT (Mỹ thuật)"),
    ),
    (
        "hoat-dong-trai-nghiem",
        "Hoạt động trải nghiệm",
        "Hoạt động trải nghiệm",
        "12345",
        "12345",
        ("HĐTN", "HĐ trải nghiệm"),
    ),
    (
        MINORITY_LANGUAGE,
        "Tiếng dân tộc thiểu số",
        "Tiếng dân tộc",
        "12345",
        "",
        ("Tiếng DT", "Tiếng dân tộc"),
    ),
)

#: name, group, grades. Grades 1-2 have five specific competences on the ministry's form, grades 3-5 seven.
_TRAITS: tuple[tuple[str, TraitGroup, str], ...] = (
    ("Yêu nước", TraitGroup.QUALITY, "12345"),
    ("Nhân ái", TraitGroup.QUALITY, "12345"),
    ("Chăm chỉ", TraitGroup.QUALITY, "12345"),
    ("Trung thực", TraitGroup.QUALITY, "12345"),
    ("Trách nhiệm", TraitGroup.QUALITY, "12345"),
    ("Tự chủ và tự học", TraitGroup.GENERAL, "12345"),
    ("Giao tiếp và hợp tác", TraitGroup.GENERAL, "12345"),
    ("Giải quyết vấn đề và sáng tạo", TraitGroup.GENERAL, "12345"),
    ("Ngôn ngữ", TraitGroup.SPECIFIC, "12345"),
    ("Tính toán", TraitGroup.SPECIFIC, "12345"),
    ("Khoa học", TraitGroup.SPECIFIC, "12345"),
    ("Công nghệ", TraitGroup.SPECIFIC, "345"),
    ("Tin học", TraitGroup.SPECIFIC, "345"),
    ("Thẩm mĩ", TraitGroup.SPECIFIC, "12345"),
    ("Thể chất", TraitGroup.SPECIFIC, "12345"),
)


def _tests(code: str, grade: int, compulsory: bool) -> frozenset[Moment]:
    if not compulsory or code not in _TESTED:
        return _NONE
    return _ALL_TESTS if grade >= 4 and code in _MID_TESTED else _END_TESTS


def _slug(name: str) -> str:
    return "-".join(strip_marks(word) for word in name.split())


def _grade(grade: int) -> GradeProgramme:
    lines = tuple(
        ProgrammeLine(
            code,
            name,
            short,
            str(grade) in compulsory,
            _tests(code, grade, str(grade) in compulsory),
            aliases,
        )
        for code, name, short, grades, compulsory, aliases in _LINES
        if str(grade) in grades
    )
    traits = tuple(
        Trait(f"{'pc' if group is TraitGroup.QUALITY else 'nl'}-{_slug(name)}", name, group)
        for name, group, grades in _TRAITS
        if str(grade) in grades
    )
    return GradeProgramme(grade, lines, traits)


TT32_PRIMARY = Programme(
    id="tt32-2018-tieu-hoc",
    name="Chương trình giáo dục phổ thông 2018, cấp tiểu học",
    legal_basis="Thông tư 32/2018/TT-BGDĐT",
    valid_from=date(2019, 2, 15),
    valid_to=None,
    first_year={grade: SchoolYear(2019 + grade) for grade in PRIMARY_GRADES},
    grades={grade: _grade(grade) for grade in PRIMARY_GRADES},
)

PROGRAMMES: tuple[Programme, ...] = (TT32_PRIMARY,)


def programme_for(grade: int, year: SchoolYear) -> Programme:
    """The programme that pupils of a primary grade follow in a year.

    :raises DomainError: ``programme.grade`` or ``programme.year``.
    """
    if grade not in PRIMARY_GRADES:
        raise DomainError("programme.grade", grade=grade)
    for programme in PROGRAMMES:
        if programme.covers(grade, year):
            return programme
    raise DomainError("programme.year", grade=grade, year=year)
