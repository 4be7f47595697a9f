"""The books by kind: which level keeps them, what each needs to be found, in which formats it comes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hocbaso.apps.assessment.parts import is_secondary
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.core.errors import register

register(
    {
        "book_unknown": (
            "Không có loại sổ “{kind}”. Các loại sổ: {known}.",
            "There is no book {kind}; there are: {known}.",
        ),
        "book_needs_class": (
            "Thầy cô hãy chọn lớp của sổ này.",
            "This book is of one class: name it.",
        ),
        "book_needs_subject": (
            "Thầy cô hãy chọn môn học của sổ này.",
            "This book is of one subject: name it.",
        ),
        "book_no_such_subject": (
            "Lớp {name} không có môn học hay phần “{subject}” trong sổ điểm.",
            "Class {name} has no part {subject}.",
        ),
        "book_needs_moment": (
            "Thầy cô hãy chọn thời điểm của sổ này: {known}.",
            "This book is of one moment: {known}.",
        ),
        "book_wrong_level": (
            "Lớp {name} không dùng {book}: sổ này của cấp {level}.",
            "{book} is not kept for class {name}.",
        ),
        "book_no_such_format": (
            "{book} không có bản {format}. Sổ này có: {known}.",
            "{book} does not come as {format}.",
        ),
    }
)

PDF, XLSX = "pdf", "xlsx"


class Kind(StrEnum):
    """The kinds, as commands name them."""

    CLASS_SUMMARY = "class-summary"
    SUBJECT_BOOK = "subject-book"
    CLASS_BOOK = "class-book"
    REGISTER = "register"
    HOMEROOM = "homeroom"
    ENTRY_SHEETS = "entry-sheets"
    SLIPS = "slips"


@dataclass(frozen=True, slots=True)
class BookKind:
    """What is known of a kind without looking at data."""

    kind: Kind
    slug: str  # in addresses and file names
    name: str
    formats: tuple[str, ...]
    needs_class: bool = True
    needs_subject: bool = False
    moments: bool = False  # one moment is chosen
    level: str = ""  # "tiểu học" | "trung học", empty: both


KINDS: dict[Kind, BookKind] = {
    one.kind: one
    for one in (
        BookKind(
            Kind.CLASS_SUMMARY,
            "bang-tong-hop",
            "Bảng tổng hợp kết quả đánh giá giáo dục của lớp",
            (PDF, XLSX),
            moments=True,
            level="tiểu học",
        ),
        BookKind(
            Kind.SUBJECT_BOOK,
            "so-mon-hoc",
            "Sổ theo dõi và đánh giá học sinh theo môn học",
            (PDF, XLSX),
            needs_subject=True,
            level="trung học",
        ),
        BookKind(
            Kind.CLASS_BOOK,
            "so-lop-hoc",
            "Sổ theo dõi và đánh giá học sinh theo lớp học",
            (PDF, XLSX),
            level="trung học",
        ),
        BookKind(Kind.REGISTER, "so-dang-bo", "Sổ đăng bộ", (PDF, XLSX), needs_class=False),
        BookKind(Kind.HOMEROOM, "so-chu-nhiem", "Sổ chủ nhiệm", (PDF,)),
        BookKind(
            Kind.ENTRY_SHEETS, "phieu-nhap", "Phiếu ghi kết quả đánh giá (để trống)", (PDF,), moments=True
        ),
        BookKind(Kind.SLIPS, "phieu-ket-qua", "Phiếu kết quả của từng học sinh", (PDF,), moments=True),
    )
}

MID_ONE, END_ONE, MID_TWO, YEAR = "ghk1", "chk1", "ghk2", "cn"
TERM_ONE, TERM_TWO = "hk1", "hk2"
_LABELS = {
    MID_ONE: "Giữa học kỳ I",
    END_ONE: "Cuối học kỳ I",
    MID_TWO: "Giữa học kỳ II",
    TERM_ONE: "Học kỳ I",
    TERM_TWO: "Học kỳ II",
}


def moment_label(moment: str, grade: int) -> str:
    """The moment in words."""
    if moment == YEAR:
        return "Cả năm học" if is_secondary(grade) else "Cuối năm học"
    return _LABELS[moment]


def moments_for(kind: Kind, grade: int) -> tuple[str, ...]:
    """Moments in which a book comes for a grade, in their order; empty where it has none.

    The class book may be asked for one semester or the year alone (the summary that is hung up and filed).
    """
    if kind is Kind.CLASS_BOOK:
        return (TERM_ONE, TERM_TWO, YEAR)
    if not KINDS[kind].moments:
        return ()
    if not is_secondary(grade):
        return (MID_ONE, END_ONE, MID_TWO, YEAR)
    return (TERM_ONE, TERM_TWO) if kind is Kind.ENTRY_SHEETS else (MID_ONE, TERM_ONE, MID_TWO, TERM_TWO, YEAR)


def fits(kind: Kind, school_class: SchoolClass) -> bool:
    """Whether the class's level keeps the book."""
    level = KINDS[kind].level
    return not level or (level == "trung học") == is_secondary(school_class.grade)


@dataclass(frozen=True, slots=True)
class BookTarget:
    """What the policy is asked about: one book of one class (and subject), or of the school."""

    school: Organisation
    kind: Kind
    school_class: SchoolClass | None = None
    subject: str = ""
