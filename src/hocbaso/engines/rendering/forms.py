"""Which form a sheet is printed on, and the words in which the forms of the levels differ."""

from __future__ import annotations

from dataclasses import dataclass

from hocbaso.core.document.model import (
    PrimaryResult,
    SchoolLevel,
    SecondaryResult,
    SecondarySubjectLine,
    SubjectLine,
    YearSheet,
)
from hocbaso.core.errors import DomainError, register

register(
    {
        "template_unknown": (
            "Học bạ dùng mẫu {template} mà phiên bản phần mềm này chưa có. Thầy cô hãy báo bộ phận kỹ thuật "
            "cập nhật phần mềm.",
            "The form template {template} is not known to this version.",
        ),
        "template_of_other_level": (
            "Mẫu {template} không dùng cho cấp học của tờ học bạ này. Thầy cô hãy báo bộ phận kỹ thuật.",
            "The form template {template} does not belong to the level or the contents of the sheet.",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Form:
    """One version of a form, with the words that its pages share with no other form.

    A printed sheet names its template: what is issued with a version keeps entry file and words unchanged.
    """

    level: SchoolLevel
    entry: str  # template file
    title: str  # of the whole booklet
    learner: str = "học sinh"
    head: str = "Hiệu trưởng"
    cover: tuple[str, ...] = ()  # under HỌC BẠ
    level_name: str = ""
    school: str = "Trường"  # label of the school's name
    circular: str = ""
    counted: int = 0  # scored subjects that kết quả học tập counts (Điều 9 khoản 2)
    last_grade: int = 5
    whole: str = ""  # what the last grade completes


_ENTRY = "trung-hoc-1.typ"
_GENERAL = "Thông tư 22/2021/TT-BGDĐT"
_CONTINUING = "Thông tư 43/2021/TT-BGDĐT"
_CENTRE = "Cơ sở giáo dục"

#: Every template version ever issued.
FORMS = {
    "tieu-hoc-1": Form(SchoolLevel.PRIMARY, "tieu-hoc-1.typ", "Học bạ cấp Tiểu học"),
    "thcs-1": Form(
        SchoolLevel.LOWER_SECONDARY,
        _ENTRY,
        "Học bạ trung học cơ sở",
        cover=("TRUNG HỌC CƠ SỞ",),
        level_name="trung học cơ sở",
        circular=_GENERAL,
        counted=6,
        last_grade=9,
        whole="chương trình trung học cơ sở",
    ),
    "thpt-1": Form(
        SchoolLevel.UPPER_SECONDARY,
        _ENTRY,
        "Học bạ trung học phổ thông",
        cover=("TRUNG HỌC PHỔ THÔNG",),
        level_name="trung học phổ thông",
        circular=_GENERAL,
        counted=6,
        last_grade=12,
        whole="chương trình giáo dục phổ thông",
    ),
    "gdtx-thcs-1": Form(
        SchoolLevel.LOWER_SECONDARY,
        _ENTRY,
        "Học bạ giáo dục thường xuyên cấp trung học cơ sở",
        learner="học viên",
        head="Giám đốc",
        cover=("GIÁO DỤC THƯỜNG XUYÊN", "CẤP TRUNG HỌC CƠ SỞ"),
        level_name="trung học cơ sở",
        school=_CENTRE,
        circular=_CONTINUING,
        counted=4,
        last_grade=9,
        whole="chương trình giáo dục thường xuyên cấp trung học cơ sở",
    ),
    "gdtx-thpt-1": Form(
        SchoolLevel.UPPER_SECONDARY,
        _ENTRY,
        "Học bạ giáo dục thường xuyên cấp trung học phổ thông",
        learner="học viên",
        head="Giám đốc",
        cover=("GIÁO DỤC THƯỜNG XUYÊN", "CẤP TRUNG HỌC PHỔ THÔNG"),
        level_name="trung học phổ thông",
        school=_CENTRE,
        circular=_CONTINUING,
        counted=5,
        last_grade=12,
        whole="chương trình giáo dục thường xuyên cấp trung học phổ thông",
    ),
}


def form_of(sheet: YearSheet) -> Form:
    """The form that the sheet names.

    :raises DomainError: ``template_unknown``; ``template_of_other_level`` when level or contents are another
        form's, so that nothing is left out silently.
    """
    form = FORMS.get(sheet.template)
    if form is None:
        raise DomainError("template_unknown", template=sheet.template)
    primary = form.level is SchoolLevel.PRIMARY
    line, result = (SubjectLine, PrimaryResult) if primary else (SecondarySubjectLine, SecondaryResult)
    if (
        sheet.school_level is not form.level
        or not isinstance(sheet.result, result)
        or not all(isinstance(subject, line) for subject in sheet.subjects)
        or (sheet.traits is not None) is not primary
    ):
        raise DomainError("template_of_other_level", template=sheet.template)
    return form


def head_of(sheet: YearSheet) -> str:
    """What the head of the school is called on the sheet's form: ``Hiệu trưởng`` or ``Giám đốc``.

    :raises DomainError: as :func:`form_of`.
    """
    return form_of(sheet).head
