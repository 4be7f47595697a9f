"""The year sheet as frozen values: everything that is signed, and nothing else.

One :class:`YearSheet` per pupil and school year (``trust.md`` section 1). The model holds what the official
form shows, in the order of the form, with the clause each result rests on. It knows no database and no XML.
Absent values are ``None``; a field that does not apply holds the word ``không``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SchoolLevel(StrEnum):
    """Cấp học, as the digit in the transcript code."""

    PRIMARY = "1"
    LOWER_SECONDARY = "2"
    UPPER_SECONDARY = "3"


class SignerRole(StrEnum):
    """Who signs, in the order in which they sign."""

    SUBJECT_TEACHER = "gvbm"
    HOMEROOM = "gvcn"
    PRINCIPAL = "hieu_truong"
    SEAL = "con_dau"


@dataclass(frozen=True, slots=True)
class School:
    """The school as it was on the day of freezing."""

    code: str
    name: str
    commune_code: str
    commune: str
    province_code: str
    province: str
    former_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Photo:
    """The 3×4 portrait: only its digest is signed; the bytes are kept beside, found by digest."""

    digest: str  # lower-case hex SHA-256 of the image file
    media_type: str  # "image/jpeg" or "image/png"


@dataclass(frozen=True, slots=True)
class Pupil:
    """Snapshot of the pupil's file (trang thông tin cá nhân)."""

    code: str  # mã học sinh
    full_name: str
    birth_date: str  # ISO "2017-02-09", or "2017-02", "2017" where civil papers hold no more
    sex: str  # "Nam" | "Nữ"
    ethnic_group: str
    nationality: str
    birth_place: str | None = None
    home_town: str | None = None
    residence: str | None = None  # nơi thường trú
    current_address: str | None = None  # nơi ở hiện nay
    father: str | None = None
    mother: str | None = None
    guardian: str | None = None
    father_occupation: str | None = None  # the secondary form names them
    mother_occupation: str | None = None
    policy_family: str | None = None  # con liệt sĩ, con thương binh …
    personal_number: str | None = None  # số định danh cá nhân; never shown in public
    identity_state: str = "not_sent"  # state of verification on the day of freezing (design 4.2)
    photo: Photo | None = None


@dataclass(frozen=True, slots=True)
class StudyYear:
    """One line of QUÁ TRÌNH HỌC TẬP."""

    year: str  # "2025-2026"
    class_name: str
    school: str
    register_number: str | None = None  # số đăng bộ
    entered: str | None = None  # ISO date of enrolment or transfer, or None


@dataclass(frozen=True, slots=True)
class SubjectLine:
    """One subject or educational activity (primary: level, end-of-year test, comment)."""

    code: str  # ascii slug from the programme table, e.g. "toan"
    name: str  # as printed, e.g. "Tin học và Công nghệ (Tin học)"
    level: str | None  # "T" | "H" | "C"; None = exempt (with `exempt` reason)
    score: int | None = None  # điểm kiểm tra định kì cuối năm
    comment: str | None = None
    teacher: str | None = None  # full name of the teacher responsible
    exempt: str | None = None  # reason why the pupil is exempt from the subject


@dataclass(frozen=True, slots=True)
class SecondarySubjectLine:
    """One subject or educational activity of the secondary form (Phụ lục TT 22/2021).

    Values are canonical text: a score "7.9" or "10", or "Đ" / "CĐ" of a subject assessed by comment.
    """

    code: str  # ascii slug from the programme table, e.g. "ngu-van"
    name: str
    form: str  # "diem" (scored) | "nhan_xet" (comment only)
    term1: str | None  # ĐTBmhkI, or the level of the semester; None = exempt (with `exempt` reason)
    term2: str | None
    year: str | None  # ĐTBmcn
    retest: str | None = None  # điểm hoặc mức đánh giá lại
    comment: str | None = None  # sự tiến bộ, ưu điểm nổi bật, hạn chế chủ yếu
    teachers: tuple[str, ...] = ()  # full names of the teachers responsible; several where team-taught
    term1_school: str | None = None  # where the first semester was studied, when that was another school
    exempt: str | None = None


@dataclass(frozen=True, slots=True)
class TraitLine:
    """One quality (phẩm chất) or competence (năng lực)."""

    code: str
    name: str
    level: str | None  # "T" | "Đ" | "C"


@dataclass(frozen=True, slots=True)
class Traits:
    """Qualities and competences with one comment a group, as in the form's sections 2, 3.1 and 3.2."""

    qualities: tuple[TraitLine, ...]
    general_competences: tuple[TraitLine, ...]
    specific_competences: tuple[TraitLine, ...]
    qualities_comment: str | None = None
    general_comment: str | None = None
    specific_comment: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A result with the clause it rests on, e.g. overall level, "TT 27/2020 Điều 9 khoản 2 điểm a"."""

    value: str  # the words of the circular, e.g. "Hoàn thành tốt"
    clause: str
    explanation: str


@dataclass(frozen=True, slots=True)
class PrimaryResult:
    """Sections 4 to 6 of the primary form."""

    overall: Decision  # "Hoàn thành xuất sắc" | "Hoàn thành tốt" | "Hoàn thành" | "Chưa hoàn thành"
    completed: bool  # hoàn thành chương trình lớp học
    promoted: bool  # được lên lớp
    completion: Decision  # value = the sentence printed in section 6
    title: Decision | None = None  # "Học sinh Xuất sắc" | "Học sinh Tiêu biểu …"
    other_awards: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SecondaryResult:
    """The result table of the secondary form; values "Tốt" | "Khá" | "Đạt" | "Chưa đạt"."""

    study1: Decision | None  # kết quả học tập học kỳ I; None when only one semester could be assessed
    study2: Decision | None
    study_year: Decision
    conduct1: Decision | None  # kết quả rèn luyện
    conduct2: Decision | None
    conduct_year: Decision
    completed: bool  # hoàn thành chương trình lớp học (and of the level in grades 9, 12)
    promoted: bool
    completion: Decision  # value = the sentence printed: "Được lên lớp 7", …
    study_after: Decision | None = None  # mức đánh giá lại sau kiểm tra lại trong hè
    conduct_after: Decision | None = None  # sau rèn luyện trong hè
    title: Decision | None = None  # "Học sinh Xuất sắc" | "Học sinh Giỏi"
    other_awards: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()  # chứng chỉ
    contests: tuple[str, ...] = ()  # kết quả tham gia các cuộc thi
    discipline: tuple[str, ...] = ()  # kỷ luật


@dataclass(frozen=True, slots=True)
class ResponsiblePerson:
    """Who answers for the sheet; the signer may be a substitute with a decision number.

    A subject teacher (``gvbm``) names the subjects that he signs: of every subject at least one teacher must.
    """

    role: SignerRole
    name: str
    staff_code: str
    title: str  # as printed: "Giáo viên chủ nhiệm", "Hiệu trưởng", "KT. Hiệu trưởng - Phó hiệu trưởng"
    decision: str | None = None
    subjects: tuple[str, ...] = ()  # codes of the subjects that a subject teacher signs


@dataclass(frozen=True, slots=True)
class YearSheet:
    """Everything that is signed."""

    code: str  # transcript code, see core.document.codes
    version: int  # 1, 2, …
    replaces: str | None  # document digest (lower-case hex) of the version it replaces
    replace_reason: str | None
    environment: str  # "chinh_thuc" | "thu_nghiem"
    rule_set: str  # e.g. "tt27-2020"
    template: str  # e.g. "tieu-hoc-1"
    frozen_at: str  # ISO 8601 UTC, seconds, "2026-05-26T08:00:00Z"
    nonce: str  # 64 lower-case hex digits: nobody can guess a result from a published digest
    school: School
    school_level: SchoolLevel
    grade: int
    class_name: str
    year: str
    pupil: Pupil
    history: tuple[StudyYear, ...]
    subjects: tuple[SubjectLine, ...] | tuple[SecondarySubjectLine, ...]  # by the school level
    traits: Traits | None  # primary only
    #: Days in primary, half-day sessions (buổi) in secondary.
    days_absent_excused: int | None  # None: the school recorded none (a remark says so), never a silent 0
    days_absent_unexcused: int | None
    height_cm: int | None
    weight_kg: int | None
    result: PrimaryResult | SecondaryResult  # by the school level
    homeroom_comment: str | None
    remarks: tuple[str, ...]  # recorded warnings of policy, e.g. "Danh tính chưa xác thực", "Chưa có ảnh"
    place: str  # "Phường Bình Thạnh"
    responsible: tuple[ResponsiblePerson, ...]
