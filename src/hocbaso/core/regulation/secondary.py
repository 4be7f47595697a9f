"""Programmes of grades 6 to 12: subjects, periods, form of assessment, electives and topic clusters.

Sources: Thông tư 32/2018/TT-BGDĐT (programme), Thông tư 13/2022/TT-BGDĐT (Lịch sử compulsory in grades
10-12), Thông tư 22/2021/TT-BGDĐT Điều 5 (form of assessment) and Điều 6 khoản 2 điểm b (number of regular
marks); domain sheet 4.1 to 4.3. The tables stand in ``secondary_tables``, pupils' choices and schools'
adjustments in ``secondary_choice``; this module is the public face of the three.
"""

from hocbaso.core.regulation.secondary_choice import (
    ELECTIVES_NEEDED,
    TOPICS_NEEDED,
    SchoolAdjustment,
    adjusted,
    check_electives,
    pupil_subjects,
)
from hocbaso.core.regulation.secondary_model import (
    ELECTIVE,
    OPTIONAL,
    Form,
    SecondaryGrade,
    SecondaryProgramme,
    SecondarySubject,
    Term,
    Topic,
)
from hocbaso.core.regulation.secondary_tables import (
    CONTINUING_LOWER,
    CONTINUING_UPPER,
    FINAL_GRADES,
    SECONDARY_GRADES,
    SECONDARY_PROGRAMMES,
    TT32_LOWER_SECONDARY,
    TT32_UPPER_SECONDARY,
    secondary_grade,
    secondary_programme,
)

__all__ = [
    "CONTINUING_LOWER",
    "CONTINUING_UPPER",
    "ELECTIVE",
    "ELECTIVES_NEEDED",
    "FINAL_GRADES",
    "OPTIONAL",
    "SECONDARY_GRADES",
    "SECONDARY_PROGRAMMES",
    "TOPICS_NEEDED",
    "TT32_LOWER_SECONDARY",
    "TT32_UPPER_SECONDARY",
    "Form",
    "SchoolAdjustment",
    "SecondaryGrade",
    "SecondaryProgramme",
    "SecondarySubject",
    "Term",
    "Topic",
    "adjusted",
    "check_electives",
    "pupil_subjects",
    "secondary_grade",
    "secondary_programme",
]
