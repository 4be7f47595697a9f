"""Thông tư 22/2021/TT-BGDĐT, assessment of pupils of grades 6 to 12, as pure functions.

``read_mark`` and ``read_rating`` read what people write; ``term_result`` and ``year_value`` give one
subject's results, ``study_rating`` the study level with the one-subject adjustment, ``conduct_year`` the
conduct of the year, ``evaluate_year`` the whole year with promotion, summer and title. Every decision carries
its clause and a sentence for parents. ``hocbaso.core.regulation.secondary`` is re-exported.
"""

from hocbaso.core.regulation.secondary import (
    Form,
    SchoolAdjustment,
    SecondaryGrade,
    SecondaryProgramme,
    SecondarySubject,
    Term,
    Topic,
    adjusted,
    check_electives,
    pupil_subjects,
    secondary_grade,
    secondary_programme,
)
from hocbaso.core.regulation.tt22.awards import EXCELLENT_TITLE, GOOD_TITLE, title
from hocbaso.core.regulation.tt22.conduct import conduct_after_summer, conduct_term, conduct_year
from hocbaso.core.regulation.tt22.grammar import read_mark, read_rating
from hocbaso.core.regulation.tt22.model import (
    ABSENT,
    CIRCULAR,
    DEFAULT_SETTING,
    EXEMPT,
    NOT_PASSED,
    PASSED,
    RULE_SET_LOWER,
    RULE_SET_UPPER,
    Decision,
    Rating,
    Setting,
    SubjectOutcome,
    SubjectTerm,
    SubjectYear,
    TermMarks,
    YearInput,
    YearOutcome,
    mark_text,
    mark_value,
    show_mark,
)
from hocbaso.core.regulation.tt22.promotion import MOST_ABSENCES
from hocbaso.core.regulation.tt22.study import YEAR, study_rating
from hocbaso.core.regulation.tt22.term import average, kept_columns, term_result, year_average, year_value
from hocbaso.core.regulation.tt22.year import evaluate_year
from hocbaso.core.regulation.tt27.promotion import PrincipalDecision

__all__ = [
    "ABSENT",
    "CIRCULAR",
    "DEFAULT_SETTING",
    "EXCELLENT_TITLE",
    "EXEMPT",
    "GOOD_TITLE",
    "MOST_ABSENCES",
    "NOT_PASSED",
    "PASSED",
    "RULE_SET_LOWER",
    "RULE_SET_UPPER",
    "YEAR",
    "Decision",
    "Form",
    "PrincipalDecision",
    "Rating",
    "SchoolAdjustment",
    "SecondaryGrade",
    "SecondaryProgramme",
    "SecondarySubject",
    "Setting",
    "SubjectOutcome",
    "SubjectTerm",
    "SubjectYear",
    "Term",
    "TermMarks",
    "Topic",
    "YearInput",
    "YearOutcome",
    "adjusted",
    "average",
    "check_electives",
    "conduct_after_summer",
    "conduct_term",
    "conduct_year",
    "evaluate_year",
    "kept_columns",
    "mark_text",
    "mark_value",
    "pupil_subjects",
    "read_mark",
    "read_rating",
    "secondary_grade",
    "secondary_programme",
    "show_mark",
    "study_rating",
    "term_result",
    "title",
    "year_average",
    "year_value",
]
