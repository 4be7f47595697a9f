"""The elements of ``ToNamHoc`` of the secondary form in their order (Phụ lục Thông tư 22/2021/TT-BGDĐT).

First the table of subjects, then results of conduct and study by semester and year, absences, promotion,
certificates, contests, awards, discipline and the homeroom teacher's comment. Continuing education (GDTX)
uses the same form with the level that it teaches (``CapHoc`` 2 or 3).
"""

from __future__ import annotations

from typing import Any

from hocbaso.core.document.codec import Leaf, Many, Maybe, One, Record, Section
from hocbaso.core.document.compiled import CompiledRecord
from hocbaso.core.document.kinds import LONG, MARK, SHORT, one_of
from hocbaso.core.document.layout import (
    AWARDS,
    COMMENT,
    COMPLETION,
    COUNT,
    GENERAL,
    HISTORY,
    PEOPLE,
    PUPIL,
    REMARKS,
    SUBJECT_HEAD,
    conclusion,
    subject_id,
)
from hocbaso.core.document.model import SecondaryResult, SecondarySubjectLine, YearSheet
from hocbaso.core.document.names import SHEET_ID

SCORED, COMMENTED = "diem", "nhan_xet"

SUBJECT = Record(
    "MonHoc",
    "môn học",
    SecondarySubjectLine,
    (
        *SUBJECT_HEAD,
        One("form", Leaf("HinhThuc", "hình thức đánh giá", one_of(SCORED, COMMENTED))),
        Maybe("term1", Leaf("HocKyI", "kết quả học kỳ I", MARK)),
        Maybe("term2", Leaf("HocKyII", "kết quả học kỳ II", MARK)),
        Maybe("year", Leaf("CaNam", "kết quả cả năm", MARK)),
        Maybe("retest", Leaf("DanhGiaLai", "điểm hoặc mức đánh giá lại", MARK)),
        Maybe("comment", Leaf("NhanXet", "nhận xét môn học", LONG)),
        Many("teachers", Leaf("GiaoVien", "giáo viên môn học", SHORT), limit=10),
        Maybe("term1_school", Leaf("TruongHocKyI", "trường học học kỳ I", SHORT)),
        Maybe("exempt", Leaf("LyDoMien", "lý do miễn học", SHORT)),
    ),
    identify=subject_id,
)


def _by_moment(element: str, label: str, field: str, after: str) -> Section:
    """One row of the table of results: two semesters, the year, after the summer."""
    return Section(
        element,
        (
            Maybe(f"{field}1", conclusion("HocKyI", f"{label} học kỳ I")),
            Maybe(f"{field}2", conclusion("HocKyII", f"{label} học kỳ II")),
            One(f"{field}_year", conclusion("CaNam", f"{label} cả năm")),
            Maybe(f"{field}_after", conclusion("DanhGiaLai", f"{label} {after}")),
        ),
    )


RESULT = Section(
    "KetQua",
    (
        _by_moment("RenLuyen", "kết quả rèn luyện", "conduct", "sau rèn luyện trong hè"),
        _by_moment("HocTap", "kết quả học tập", "study", "sau đánh giá lại trong hè"),
    ),
    of="result",
)


def _lines(element: str, line: str, label: str, attribute: str) -> Section:
    return Section(element, (Many(attribute, Leaf(line, label, LONG), limit=30),), of="result")


def _sheet(result: dict[str, Any], **values: Any) -> YearSheet:
    # The form has neither qualities and competences nor height and weight.
    return YearSheet(result=SecondaryResult(**result), traits=None, height_cm=None, weight_kg=None, **values)


SECONDARY_SHEET = Record(
    "ToNamHoc",
    "tờ năm học",
    _sheet,
    (
        GENERAL,
        One("pupil", PUPIL),
        HISTORY,
        Section("MonHocs", (Many("subjects", SUBJECT),)),
        RESULT,
        Section(
            "SoBuoiNghi",
            (
                Maybe("days_absent_excused", Leaf("CoPhep", "số buổi nghỉ có phép", COUNT)),
                Maybe("days_absent_unexcused", Leaf("KhongPhep", "số buổi nghỉ không phép", COUNT)),
            ),
        ),
        COMPLETION,
        _lines("ChungChi", "Dong", "chứng chỉ", "certificates"),
        _lines("CuocThi", "Dong", "kết quả tham gia các cuộc thi", "contests"),
        AWARDS,
        _lines("KyLuat", "Dong", "kỷ luật", "discipline"),
        COMMENT,
        PEOPLE,
        REMARKS,
    ),
    identify=lambda sheet: SHEET_ID,
)

#: The same table made ready for speed; gives nothing where it is in doubt.
QUICK_SECONDARY = CompiledRecord(SECONDARY_SHEET)
