"""Parts of a class's gradebook, their names, and how periods, cases and reviews are told."""

from __future__ import annotations

from hocbaso.apps.periods.scope import MOMENTS, RECORD, TRAITS
from hocbaso.apps.pupils.class_subjects import subjects_of_class
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.core.regulation.programme import PRIMARY_GRADES

MOMENT_NAMES = {
    "ghk1": "Giữa học kỳ I",
    "chk1": "Cuối học kỳ I",
    "ghk2": "Giữa học kỳ II",
    "cn": "Cuối năm học",
    "hk1": "Học kỳ I",
    "hk2": "Học kỳ II",
    "he": "Đánh giá lại trong hè",
}
assert set(MOMENT_NAMES) == set(MOMENTS)

COLUMN_NAMES = {
    "level": "Mức đạt được",
    "score": "Điểm kiểm tra",
    "comment": "Nhận xét",
    "exempt_reason": "Miễn học",
    **{f"tx{n}": f"ĐĐGtx {n}" for n in range(1, 7)},
    "gk": "ĐĐGgk",
    "ck": "ĐĐGck",
    "retest": "Kiểm tra lại",
    "stated": "ĐTB ghi trong tệp",
    "carried": "Kết quả mang sang",
    "carried_school": "Trường cũ",
    "decided": "Kết quả do Hiệu trưởng quyết định",
    "decided_reason": "Lý do quyết định kết quả",
    "absent_excused": "Nghỉ có phép",
    "absent_unexcused": "Nghỉ không phép",
    "height_cm": "Chiều cao",
    "weight_kg": "Cân nặng",
    "conduct_1": "Rèn luyện học kỳ I",
    "conduct_2": "Rèn luyện học kỳ II",
    "conduct_summer": "Rèn luyện trong hè",
    "awards": "Khen thưởng",
    "certificates": "Chứng chỉ",
    "contests": "Kết quả các kỳ thi",
    "discipline": "Kỷ luật",
    "homeroom_comment": "Nhận xét của giáo viên chủ nhiệm",
    "qualities_comment": "Nhận xét phẩm chất",
    "general_comment": "Nhận xét năng lực chung",
    "specific_comment": "Nhận xét năng lực đặc thù",
    "stated_overall": "Đánh giá chung ghi trong tệp",
    "stated_completed": "Hoàn thành ghi trong tệp",
    "stated_promoted": "Lên lớp ghi trong tệp",
}
#: Columns filled with the results of tests on paper, regular marks excluded: what a review compares.
TEST_COLUMNS = ("score", "gk", "ck", "retest")


def parts_of(school_class: SchoolClass) -> tuple[tuple[str, str], ...]:
    """(code, name) of every part of a class's gradebook."""
    subjects = tuple((s.code, s.name) for s in subjects_of_class(school_class))
    traits = ((TRAITS, "Phẩm chất, năng lực"),) if school_class.grade in PRIMARY_GRADES else ()
    return (*subjects, *traits, (RECORD, "Nhận xét và ghi nhận"))


def part_name(school_class: SchoolClass, part: str) -> str:
    """The part as people say it; an unknown code stays as it is."""
    return dict(parts_of(school_class)).get(part, part)


def column_names(columns: list[str] | tuple[str, ...]) -> str:
    """``ĐĐGgk, ĐĐGck``; none named is "Tất cả các cột"."""
    return ", ".join(COLUMN_NAMES.get(c, c) for c in columns) or "Tất cả các cột"
