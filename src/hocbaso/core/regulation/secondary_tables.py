"""The dated tables of the secondary programmes, general and continuing education.

General: Thông tư 32/2018/TT-BGDĐT with 13/2022 and 17/2025. Continuing (GDTX): the lower secondary programme
has five compulsory scored subjects, the upper one (Thông tư 12/2022/TT-BGDĐT) three and four chosen ones; the
number of subjects that the study levels count is not certain there (domain sheet A2) and can be changed by
``adjusted(grade, (), min_scored=…)``.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hocbaso.core.document.model import SchoolLevel
from hocbaso.core.errors import DomainError, register
from hocbaso.core.regulation.secondary_model import (
    ELECTIVE,
    OPTIONAL,
    Form,
    SecondaryGrade,
    SecondaryProgramme,
    SecondarySubject,
    Topic,
)
from hocbaso.core.vietnamese.school_year import SchoolYear

register(
    {
        "programme.secondary_grade": (
            "Không có khối {grade} trong chương trình trung học; chỉ có lớp 6 đến lớp 12.",
            "Secondary education has no grade {grade}.",
        ),
    }
)

SECONDARY_GRADES = (6, 7, 8, 9, 10, 11, 12)
#: Grades that end a level: completion instead of promotion.
FINAL_GRADES = (9, 12)

#: Roll-out (TT 32/2018 Điều 2 as amended; TT 22/2021 Điều 21): first school year of each grade.
ROLL_OUT = {
    6: SchoolYear(2021),
    7: SchoolYear(2022),
    8: SchoolYear(2023),
    9: SchoolYear(2024),
    10: SchoolYear(2022),
    11: SchoolYear(2023),
    12: SchoolYear(2024),
}

_S, _C = Form.SCORED, Form.COMMENT
_MUSIC, _FINE_ARTS = "Âm nhạc", "Mĩ thuật"
_LANGUAGE_1 = (
    "Ngoại ngữ",
    "Ngoại ngữ 1 (Tiếng Anh)",
    "Tiếng Anh",
    "Ngoại ngữ (Tiếng Anh)",
    "Anh văn",
    "NN1",
)
_ACTIVITY = (
    "Hoạt động trải nghiệm",
    "Hoạt động trải nghiệm hướng nghiệp",
    "HĐTN",
    "HĐTN-HN",
    "HĐTNHN",
    "HĐ trải nghiệm, hướng nghiệp",
)
_LOCAL = ("Giáo dục địa phương", "GDĐP", "NDGDĐP", "NDGD địa phương", "Nội dung giáo dục địa phương")

_LITERATURE = SecondarySubject("ngu-van", "Ngữ văn", "Ngữ văn", 140, _S, True, aliases=("Văn",))
_MATHEMATICS = SecondarySubject("toan", "Toán", "Toán", 140, _S, True, aliases=("Toán học",))
_FOREIGN = SecondarySubject("ngoai-ngu-1", "Ngoại ngữ 1", "Ngoại ngữ 1", 105, _S, True, aliases=_LANGUAGE_1)
_CIVICS = SecondarySubject("giao-duc-cong-dan", "Giáo dục công dân", "GDCD", 35, _S, True)
_HISTORY_GEOGRAPHY = SecondarySubject(
    "lich-su-va-dia-li",
    "Lịch sử và Địa lí",
    "Lịch sử và Địa lí",
    105,
    _S,
    True,
    aliases=("Lịch sử và Địa lý", "LS-ĐL", "LS&ĐL", "Lịch sử & Địa lí"),
    parts=("Lịch sử", "Địa lí"),
)
_SCIENCE = SecondarySubject(
    "khoa-hoc-tu-nhien",
    "Khoa học tự nhiên",
    "KHTN",
    140,
    _S,
    True,
    parts=("Vật lí", "Hóa học", "Sinh học"),
)
_TECHNOLOGY = SecondarySubject("cong-nghe", "Công nghệ", "Công nghệ", 35, _S, True)
_COMPUTING = SecondarySubject("tin-hoc", "Tin học", "Tin học", 35, _S, True)
_SPORT = SecondarySubject(
    "giao-duc-the-chat", "Giáo dục thể chất", "GDTC", 70, _C, True, aliases=("Thể dục",)
)
_ART = SecondarySubject(
    "nghe-thuat",
    "Nghệ thuật",
    "Nghệ thuật",
    70,
    _C,
    True,
    aliases=("Nghệ thuật (Âm nhạc, Mĩ thuật)", "Nghệ thuật (Âm nhạc, Mỹ thuật)"),
    parts=(_MUSIC, _FINE_ARTS),
)
_ACTIVITIES = SecondarySubject(
    "hoat-dong-trai-nghiem",
    "Hoạt động trải nghiệm, hướng nghiệp",
    "HĐTN, hướng nghiệp",
    105,
    _C,
    True,
    aliases=_ACTIVITY,
)
_LOCAL_CONTENT = SecondarySubject(
    "giao-duc-dia-phuong",
    "Nội dung giáo dục của địa phương",
    "GD địa phương",
    35,
    _C,
    True,
    aliases=_LOCAL,
)
_MINORITY = SecondarySubject(
    "tieng-dan-toc",
    "Tiếng dân tộc thiểu số",
    "Tiếng dân tộc",
    105,
    _S,
    False,
    OPTIONAL,
    aliases=("Tiếng DTTS", "Tiếng DT"),
)
_SECOND_LANGUAGE = SecondarySubject(
    "ngoai-ngu-2", "Ngoại ngữ 2", "Ngoại ngữ 2", 105, _S, False, OPTIONAL, aliases=("NN2",)
)


def _elective(code: str, name: str, *aliases: str, short: str = "", form: Form = _S) -> SecondarySubject:
    return SecondarySubject(code, name, short or name, 70, form, False, ELECTIVE, aliases)


_GEOGRAPHY = _elective("dia-li", "Địa lí", "Địa lý", "Địa")
_ECONOMICS_LAW = _elective(
    "giao-duc-kinh-te-va-phap-luat",
    "Giáo dục kinh tế và pháp luật",
    "GDKT&PL",
    "GD KT-PL",
    "GDKTPL",
    short="GDKT-PL",
)
_PHYSICS = _elective("vat-li", "Vật lí", "Vật lý", "Lí", "Lý")
_CHEMISTRY = _elective("hoa-hoc", "Hóa học", "Hoá học", "Hóa")
_BIOLOGY = _elective("sinh-hoc", "Sinh học", "Sinh")
_UPPER_TECHNOLOGY = _elective(
    "cong-nghe",
    "Công nghệ",
    "Công nghệ (Công nghiệp)",
    "Công nghệ (Nông nghiệp)",
    "Công nghệ công nghiệp",
    "Công nghệ nông nghiệp",
    "Công nghệ - Định hướng Công nghiệp",
    "Công nghệ - Định hướng Nông nghiệp",
)
_UPPER_COMPUTING = _elective("tin-hoc", "Tin học", "Tin")
_UPPER_MUSIC = _elective("am-nhac", _MUSIC, "Nhạc", form=_C)
_UPPER_FINE_ARTS = _elective("mi-thuat", _FINE_ARTS, "Mỹ thuật", form=_C)
_HISTORY = SecondarySubject("lich-su", "Lịch sử", "Lịch sử", 52, _S, True, aliases=("Sử",))
_DEFENCE = SecondarySubject(
    "giao-duc-quoc-phong-va-an-ninh",
    "Giáo dục quốc phòng và an ninh",
    "GDQP-AN",
    35,
    _S,
    True,
    aliases=("GDQP&AN", "GDQPAN", "GDQP", "Giáo dục quốc phòng - an ninh"),
)

#: Subjects of grades 10-12 that have a topic cluster (cụm chuyên đề học tập).
_WITH_TOPICS = (
    "ngu-van",
    "toan",
    "lich-su",
    "dia-li",
    "giao-duc-kinh-te-va-phap-luat",
    "vat-li",
    "hoa-hoc",
    "sinh-hoc",
    "cong-nghe",
    "tin-hoc",
    "am-nhac",
    "mi-thuat",
)


def _lower(grade: int) -> SecondaryGrade:
    technology = replace(_TECHNOLOGY, periods=52 if grade >= 8 else 35)
    subjects = (
        _LITERATURE,
        _MATHEMATICS,
        _FOREIGN,
        _CIVICS,
        _HISTORY_GEOGRAPHY,
        _SCIENCE,
        technology,
        _COMPUTING,
        _SPORT,
        _ART,
        _LOCAL_CONTENT,
        _ACTIVITIES,
        _MINORITY,
        _SECOND_LANGUAGE,
    )
    return SecondaryGrade(grade, SchoolLevel.LOWER_SECONDARY, subjects, programme="tt32-2018-thcs")


def _upper(grade: int) -> SecondaryGrade:
    subjects = (
        replace(_LITERATURE, periods=105),
        replace(_MATHEMATICS, periods=105),
        _FOREIGN,
        _HISTORY,
        _GEOGRAPHY,
        _ECONOMICS_LAW,
        _PHYSICS,
        _CHEMISTRY,
        _BIOLOGY,
        _UPPER_TECHNOLOGY,
        _UPPER_COMPUTING,
        _SPORT,
        _UPPER_MUSIC,
        _UPPER_FINE_ARTS,
        _DEFENCE,
        _ACTIVITIES,
        _LOCAL_CONTENT,
        _MINORITY,
        _SECOND_LANGUAGE,
    )
    return SecondaryGrade(
        grade, SchoolLevel.UPPER_SECONDARY, subjects, _topics(subjects), programme="tt32-2018-thpt"
    )


def _continuing_lower(grade: int) -> SecondaryGrade:
    chosen = (
        replace(subject, compulsory=False, elective_group=OPTIONAL)
        for subject in (_FOREIGN, _TECHNOLOGY, _COMPUTING)
    )
    subjects = (
        _LITERATURE,
        _MATHEMATICS,
        _CIVICS,
        _HISTORY_GEOGRAPHY,
        _SCIENCE,
        *chosen,
        _LOCAL_CONTENT,
        _ACTIVITIES,
        _MINORITY,
    )
    return SecondaryGrade(
        grade,
        SchoolLevel.LOWER_SECONDARY,
        subjects,
        min_scored=4,
        continuing=True,
        programme="gdtx-2018-thcs",
    )


def _continuing_upper(grade: int) -> SecondaryGrade:
    subjects = (
        replace(_LITERATURE, periods=105),
        replace(_MATHEMATICS, periods=105),
        _HISTORY,
        _GEOGRAPHY,
        _ECONOMICS_LAW,
        _PHYSICS,
        _CHEMISTRY,
        _BIOLOGY,
        _UPPER_TECHNOLOGY,
        _UPPER_COMPUTING,
        _ACTIVITIES,
        _LOCAL_CONTENT,
        replace(_FOREIGN, compulsory=False, elective_group=OPTIONAL),
        _MINORITY,
    )
    return SecondaryGrade(
        grade,
        SchoolLevel.UPPER_SECONDARY,
        subjects,
        _topics(subjects),
        min_scored=5,
        continuing=True,
        programme="gdtx-2018-thpt",
    )


def _topics(subjects: tuple[SecondarySubject, ...]) -> tuple[Topic, ...]:
    return tuple(
        Topic(one.code, f"Chuyên đề học tập {one.name}") for one in subjects if one.code in _WITH_TOPICS
    )


_LOWER = (6, 7, 8, 9)
_UPPER = (10, 11, 12)

TT32_LOWER_SECONDARY = SecondaryProgramme(
    id="tt32-2018-thcs",
    name="Chương trình giáo dục phổ thông 2018, cấp trung học cơ sở",
    legal_basis="Thông tư 32/2018/TT-BGDĐT",
    level=SchoolLevel.LOWER_SECONDARY,
    valid_from=date(2019, 2, 15),
    valid_to=None,
    first_year={grade: ROLL_OUT[grade] for grade in _LOWER},
    grades={grade: _lower(grade) for grade in _LOWER},
)

TT32_UPPER_SECONDARY = SecondaryProgramme(
    id="tt32-2018-thpt",
    name="Chương trình giáo dục phổ thông 2018, cấp trung học phổ thông",
    legal_basis="Thông tư 32/2018/TT-BGDĐT, Thông tư 13/2022/TT-BGDĐT",
    level=SchoolLevel.UPPER_SECONDARY,
    valid_from=date(2022, 8, 3),
    valid_to=None,
    first_year={grade: ROLL_OUT[grade] for grade in _UPPER},
    grades={grade: _upper(grade) for grade in _UPPER},
)

CONTINUING_LOWER = SecondaryProgramme(
    id="gdtx-2018-thcs",
    name="Chương trình giáo dục thường xuyên cấp trung học cơ sở",
    legal_basis="Chương trình giáo dục thường xuyên cấp trung học cơ sở theo Thông tư 32/2018/TT-BGDĐT",
    level=SchoolLevel.LOWER_SECONDARY,
    valid_from=date(2021, 9, 1),
    valid_to=None,
    first_year={grade: ROLL_OUT[grade] for grade in _LOWER},
    grades={grade: _continuing_lower(grade) for grade in _LOWER},
    continuing=True,
)

CONTINUING_UPPER = SecondaryProgramme(
    id="gdtx-2018-thpt",
    name="Chương trình giáo dục thường xuyên cấp trung học phổ thông",
    legal_basis="Thông tư 12/2022/TT-BGDĐT",
    level=SchoolLevel.UPPER_SECONDARY,
    valid_from=date(2022, 7, 26),
    valid_to=None,
    first_year={grade: ROLL_OUT[grade] for grade in _UPPER},
    grades={grade: _continuing_upper(grade) for grade in _UPPER},
    continuing=True,
)

SECONDARY_PROGRAMMES: tuple[SecondaryProgramme, ...] = (
    TT32_LOWER_SECONDARY,
    TT32_UPPER_SECONDARY,
    CONTINUING_LOWER,
    CONTINUING_UPPER,
)


def secondary_programme(grade: int, year: SchoolYear, *, continuing: bool = False) -> SecondaryProgramme:
    """The programme that a grade follows in a school year.

    :raises DomainError: ``programme.secondary_grade``, ``programme.year``.
    """
    if grade not in SECONDARY_GRADES:
        raise DomainError("programme.secondary_grade", grade=grade)
    for programme in SECONDARY_PROGRAMMES:
        if programme.continuing is continuing and programme.covers(grade, year):
            return programme
    raise DomainError("programme.year", grade=grade, year=year)


def secondary_grade(grade: int, year: SchoolYear, *, continuing: bool = False) -> SecondaryGrade:
    """Table of a grade in a school year; ``continuing`` for giáo dục thường xuyên.

    :raises DomainError: ``programme.secondary_grade``, ``programme.year``.
    """
    return secondary_programme(grade, year, continuing=continuing).grades[grade]
