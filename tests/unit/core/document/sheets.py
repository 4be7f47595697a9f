"""Synthetic year sheets: a full one by hand, and any sheet that may be signed (hypothesis)."""

from __future__ import annotations

import datetime
import unicodedata

from hypothesis import strategies as st

from hocbaso.core.document.codes import new_code
from hocbaso.core.document.model import (
    Decision,
    Photo,
    PrimaryResult,
    Pupil,
    ResponsiblePerson,
    School,
    SchoolLevel,
    SecondaryResult,
    SecondarySubjectLine,
    SignerRole,
    StudyYear,
    SubjectLine,
    TraitLine,
    Traits,
    YearSheet,
)

SUBJECTS = [
    ("tieng-viet", "Tiếng Việt", 9),
    ("toan", "Toán", 10),
    ("ngoai-ngu-1", "Ngoại ngữ 1 (Tiếng Anh)", 9),
    ("dao-duc", "Đạo đức", None),
    ("tu-nhien-va-xa-hoi", "Tự nhiên và Xã hội", None),
    ("tin-hoc", "Tin học và Công nghệ (Tin học)", 9),
    ("cong-nghe", "Tin học và Công nghệ (Công nghệ)", 10),
    ("giao-duc-the-chat", "Giáo dục thể chất", None),
    ("am-nhac", "Nghệ thuật (Âm nhạc)", None),
    ("mi-thuat", "Nghệ thuật (Mĩ thuật)", None),
    ("hoat-dong-trai-nghiem", "Hoạt động trải nghiệm", None),
]
COMMENT = "Em nắm chắc kiến thức, 3 < 5 và 7 > 4 đều giải thích được."
QUALITIES = ["Yêu nước", "Nhân ái", "Chăm chỉ", "Trung thực", "Trách nhiệm"]
GENERAL = ["Tự chủ và tự học", "Giao tiếp và hợp tác", "Giải quyết vấn đề và sáng tạo"]
SPECIFIC = ["Ngôn ngữ", "Tính toán", "Khoa học", "Công nghệ", "Tin học", "Thẩm mĩ", "Thể chất"]
CODE = new_code(SchoolLevel.PRIMARY, "79", "79000101", 2025, bytes.fromhex("0f1e2d3c4b5a6978"))


def _traits(prefix: str, names: list[str]) -> tuple[TraitLine, ...]:
    return tuple(TraitLine(f"{prefix}-{place}", name, "T") for place, name in enumerate(names, start=1))


def grade_three() -> YearSheet:
    """A full sheet of grade 3 with long names and the characters that XML must escape."""
    homeroom = "Công Tằng Tôn Nữ Thị Hoàng Phương Thảo"
    return YearSheet(
        code=CODE,
        version=1,
        replaces=None,
        replace_reason=None,
        environment="thu_nghiem",
        rule_set="tt27-2020",
        template="tieu-hoc-1",
        frozen_at="2026-05-26T08:00:00Z",
        nonce="3f" * 32,
        school=School(
            code="79000101",
            name="Trường Tiểu học Hoa Mai",
            commune_code="26929",
            commune="Phường Bình Thạnh",
            province_code="79",
            province="Thành phố Hồ Chí Minh",
            former_names=("Trường Phổ thông cơ sở Hoa Mai & Hướng Dương",),
        ),
        school_level=SchoolLevel.PRIMARY,
        grade=3,
        class_name="3A",
        year="2025-2026",
        pupil=Pupil(
            code="79000101250001",
            full_name="Nguyễn Phước Công Huyền Tôn Nữ Ngọc Quỳnh Thương",
            birth_date="2017-02-09",
            sex="Nữ",
            ethnic_group="Kinh",
            nationality="Việt Nam",
            birth_place="Bệnh viện Từ Dũ, Thành phố Hồ Chí Minh",
            home_town="Thủy Biều, thành phố Huế",
            residence="12/3/4B Đường Nơ Trang Long, Phường Bình Thạnh, Thành phố Hồ Chí Minh",
            current_address="12/3/4B Đường Nơ Trang Long, Phường Bình Thạnh, Thành phố Hồ Chí Minh",
            father="Nguyễn Phước Bảo Đại Lộc",
            mother="Trần Lê Ngọc Bích Trâm",
            guardian="không",
            personal_number="079317000123",
            identity_state="verified",
            photo=Photo("a1" * 32, "image/jpeg"),
        ),
        history=(
            StudyYear("2023-2024", "1C", "Trường Tiểu học Sao Mai", "112/2023", "2023-09-05"),
            StudyYear("2024-2025", "2A", "Trường Tiểu học Hoa Mai", "45/2024", "2024-08-19"),
            StudyYear("2025-2026", "3A", "Trường Tiểu học Hoa Mai"),
        ),
        subjects=(
            *(SubjectLine(code, name, "T", score, COMMENT, homeroom) for code, name, score in SUBJECTS),
            SubjectLine("tieng-dan-toc", "Tiếng dân tộc thiểu số", None, exempt="Trường không tổ chức dạy"),
        ),
        traits=Traits(
            _traits("pham-chat", QUALITIES),
            _traits("chung", GENERAL),
            _traits("dac-thu", SPECIFIC),
            "Em biết giúp bạn & trung thực.",
            "Em tự tin khi trao đổi.",
        ),
        days_absent_excused=2,
        days_absent_unexcused=0,
        height_cm=131,
        weight_kg=28,
        result=PrimaryResult(
            overall=Decision(
                "Hoàn thành xuất sắc",
                "TT 27/2020 Điều 9 khoản 2 điểm a",
                "11/11 môn đạt T; 15/15 phẩm chất, năng lực đạt Tốt; điểm kiểm tra thấp nhất 9 ≥ 9.",
            ),
            completed=True,
            promoted=True,
            completion=Decision(
                "Hoàn thành chương trình lớp 3; được lên lớp 4.",
                "TT 27/2020 Điều 11",
                "Đánh giá từ mức Hoàn thành.",
            ),
            title=Decision(
                "Học sinh Xuất sắc", "TT 27/2020 Điều 13 khoản 1 điểm a", "Đạt Hoàn thành xuất sắc."
            ),
            other_awards=("Thư khen: nhặt được của rơi trả người mất.",),
        ),
        homeroom_comment="Em chăm ngoan, học tốt; cần mạnh dạn hơn khi đọc trước lớp.",
        remarks=("Tờ này lập trong môi trường thử nghiệm.",),
        place="Phường Bình Thạnh",
        responsible=(
            ResponsiblePerson(SignerRole.HOMEROOM, homeroom, "CB0007", "Giáo viên chủ nhiệm"),
            ResponsiblePerson(
                SignerRole.PRINCIPAL,
                "Lê Thị Hồng Gấm",
                "CB0002",
                "KT. Hiệu trưởng - Phó hiệu trưởng",
                "Quyết định số 15/QĐ-HM ngày 02/09/2025",
            ),
        ),
    )


_UNSEEN = "\u180b\u180c\u180d\u180f\u3164\uffa0\ufffc\ufffd" + "".join(map(chr, range(0xFE00, 0xFE10)))
_WORD = st.text(
    st.characters(exclude_categories=("C", "Z"), exclude_characters=_UNSEEN, max_codepoint=0x1FFFF)
    | st.sampled_from("&<>\"']ăằẳđĐơửỹ/"),
    min_size=1,
    max_size=8,
)


def texts(words: int = 4) -> st.SearchStrategy[str]:
    """Any text that a signed sheet may hold."""
    return st.lists(_WORD, min_size=1, max_size=words).map(
        lambda found: unicodedata.normalize("NFC", " ".join(found))
    )


slugs = st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,4})?", fullmatch=True)
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)
dates = st.dates(datetime.date(1000, 1, 1), datetime.date(2999, 12, 31)).map(str)
school_years = st.integers(1000, 2998).map(lambda year: f"{year}-{year + 1}")
decisions = st.builds(Decision, texts(), texts(), texts())


def _maybe(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.none() | strategy


def _some(strategy: st.SearchStrategy[object], most: int = 3) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(strategy, max_size=most).map(tuple)


_pupils = st.builds(
    Pupil,
    code=texts(),
    full_name=texts(),
    birth_date=dates.flatmap(lambda day: st.sampled_from([day, day[:7], day[:4]])),
    sex=st.sampled_from(["Nam", "Nữ"]),
    ethnic_group=texts(),
    nationality=texts(),
    birth_place=_maybe(texts()),
    home_town=_maybe(texts()),
    residence=_maybe(texts()),
    current_address=_maybe(texts()),
    father=_maybe(texts()),
    mother=_maybe(texts()),
    guardian=_maybe(texts()),
    father_occupation=_maybe(texts()),
    mother_occupation=_maybe(texts()),
    policy_family=_maybe(texts()),
    personal_number=_maybe(st.from_regex(r"[0-9]{12}", fullmatch=True)),
    identity_state=st.sampled_from(["not_sent", "verified", "no_number"]),
    photo=_maybe(st.builds(Photo, digests, st.sampled_from(["image/jpeg", "image/png"]))),
)
_schools = st.builds(
    School,
    code=st.from_regex(r"[0-9A-Za-z._-]{1,40}", fullmatch=True),
    name=texts(),
    commune_code=st.from_regex(r"[0-9]{5}", fullmatch=True),
    commune=texts(),
    province_code=st.from_regex(r"[0-9]{2}", fullmatch=True),
    province=texts(),
    former_names=_some(texts()),
)
_lines = st.builds(
    SubjectLine,
    code=slugs,
    name=texts(),
    level=_maybe(st.sampled_from("THC")),
    score=_maybe(st.integers(0, 10)),
    comment=_maybe(texts(20)),
    teacher=_maybe(texts()),
    exempt=_maybe(texts()),
)
_trait_lines = _some(st.builds(TraitLine, slugs, texts(), _maybe(st.sampled_from("TĐC"))))
_traits_any = st.builds(
    Traits,
    _trait_lines,
    _trait_lines,
    _trait_lines,
    _maybe(texts()),
    _maybe(texts()),
    _maybe(texts()),
)
_primary_results = st.builds(
    PrimaryResult, decisions, st.booleans(), st.booleans(), decisions, _maybe(decisions), _some(texts())
)
_secondary_results = st.builds(
    SecondaryResult,
    study1=_maybe(decisions),
    study2=_maybe(decisions),
    study_year=decisions,
    conduct1=_maybe(decisions),
    conduct2=_maybe(decisions),
    conduct_year=decisions,
    completed=st.booleans(),
    promoted=st.booleans(),
    completion=decisions,
    study_after=_maybe(decisions),
    conduct_after=_maybe(decisions),
    title=_maybe(decisions),
    other_awards=_some(texts()),
    certificates=_some(texts()),
    contests=_some(texts()),
    discipline=_some(texts()),
)
_people = st.builds(
    ResponsiblePerson, st.sampled_from(SignerRole), texts(), texts(), texts(), _maybe(texts())
)
_marks = st.integers(0, 100).map(lambda tenths: f"{tenths / 10:.1f}".removesuffix(".0"))


def _secondary_lines(form: str) -> st.SearchStrategy[SecondarySubjectLine]:
    mark = _maybe(_marks if form == "diem" else st.sampled_from(["Đ", "CĐ"]))
    return st.builds(
        SecondarySubjectLine,
        code=slugs,
        name=texts(),
        form=st.just(form),
        term1=mark,
        term2=mark,
        year=mark,
        retest=mark,
        comment=_maybe(texts(20)),
        teachers=_some(texts()),
        term1_school=_maybe(texts()),
        exempt=_maybe(texts()),
    )


@st.composite
def year_sheets(draw: st.DrawFn, levels: tuple[SchoolLevel, ...] = tuple(SchoolLevel)) -> YearSheet:
    """Any sheet that may be signed, of the form of its level."""
    level = draw(st.sampled_from(levels))
    primary = level is SchoolLevel.PRIMARY
    version = draw(st.integers(1, 3))
    lines = _lines if primary else _secondary_lines("diem") | _secondary_lines("nhan_xet")
    subjects = tuple(draw(st.lists(lines, max_size=3, unique_by=lambda line: line.code)))
    return YearSheet(
        code=new_code(
            level, "79", "79000101", draw(st.integers(2000, 2100)), draw(st.binary(min_size=8, max_size=8))
        ),
        version=version,
        replaces=draw(digests) if version > 1 else None,
        replace_reason=draw(texts()) if version > 1 else None,
        environment=draw(st.sampled_from(["chinh_thuc", "thu_nghiem"])),
        rule_set=draw(slugs),
        template=draw(slugs),
        frozen_at=draw(dates) + "T23:59:59Z",
        nonce=draw(digests),
        school=draw(_schools),
        school_level=level,
        grade=draw(st.integers(1, 12)),
        class_name=draw(texts()),
        year=draw(school_years),
        pupil=draw(_pupils),
        history=draw(
            _some(st.builds(StudyYear, school_years, texts(), texts(), _maybe(texts()), _maybe(dates)))
        ),
        subjects=subjects,
        traits=draw(_traits_any) if primary else None,
        days_absent_excused=draw(st.none() | st.integers(0, 400)),
        days_absent_unexcused=draw(st.none() | st.integers(0, 400)),
        height_cm=draw(_maybe(st.integers(30, 260))) if primary else None,
        weight_kg=draw(_maybe(st.integers(1, 400))) if primary else None,
        result=draw(_primary_results if primary else _secondary_results),
        homeroom_comment=draw(_maybe(texts(20))),
        remarks=draw(_some(texts())),
        place=draw(texts()),
        responsible=(*draw(_some(_people)), *draw(_teachers([line.code for line in subjects]))),
    )


def _teachers(codes: list[str]) -> st.SearchStrategy[tuple[object, ...]]:
    """Subject teachers who sign some of these subjects, alone or together."""
    if not codes:
        return st.just(())
    chosen = st.lists(st.sampled_from(codes), max_size=3, unique=True).map(tuple)
    teacher = st.just(SignerRole.SUBJECT_TEACHER)
    return _some(st.builds(ResponsiblePerson, teacher, texts(), texts(), texts(), st.none(), chosen))
