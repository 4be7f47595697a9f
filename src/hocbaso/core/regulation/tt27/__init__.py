"""Thông tư 27/2020/TT-BGDĐT, assessment of primary pupils, as pure functions.

``evaluate_year`` gives the overall level, ``decide_promotion`` completion and promotion, ``excellent_title``
and ``exemplary_title`` the year-end titles, ``reassess`` the result after summer, ``period_summary`` the
counts of a class at one of the four moments, ``contradictions`` compares what a workbook states with the
rule. Every decision carries its clause and a sentence for parents.
"""

from hocbaso.core.regulation.tt27.awards import (
    EXCELLENT_TITLE,
    EXEMPLARY_TITLE,
    ExemplaryProposal,
    excellent_title,
    exemplary_title,
)
from hocbaso.core.regulation.tt27.evaluate import evaluate_year
from hocbaso.core.regulation.tt27.grammar import (
    read_flag,
    read_overall,
    read_subject_level,
    read_test_score,
    read_trait_level,
)
from hocbaso.core.regulation.tt27.model import (
    CIRCULAR,
    DEFAULT_SETTING,
    RULE_SET_ID,
    Missing,
    MissingKind,
    Overall,
    Ruling,
    Setting,
    SubjectLevel,
    SubjectResult,
    TraitLevel,
    TraitResult,
    YearDecision,
)
from hocbaso.core.regulation.tt27.period import (
    PeriodSummary,
    PupilMoment,
    SubjectCount,
    TraitCount,
    period_summary,
)
from hocbaso.core.regulation.tt27.promotion import Need, PrincipalDecision, Promotion, decide_promotion
from hocbaso.core.regulation.tt27.reassessment import Reassessment, reassess
from hocbaso.core.regulation.tt27.stated import Stated, contradiction, contradictions

__all__ = [
    "CIRCULAR",
    "DEFAULT_SETTING",
    "EXCELLENT_TITLE",
    "EXEMPLARY_TITLE",
    "RULE_SET_ID",
    "ExemplaryProposal",
    "Missing",
    "MissingKind",
    "Need",
    "Overall",
    "PeriodSummary",
    "PrincipalDecision",
    "Promotion",
    "PupilMoment",
    "Reassessment",
    "Ruling",
    "Setting",
    "Stated",
    "SubjectCount",
    "SubjectLevel",
    "SubjectResult",
    "TraitCount",
    "TraitLevel",
    "TraitResult",
    "YearDecision",
    "contradiction",
    "contradictions",
    "decide_promotion",
    "evaluate_year",
    "excellent_title",
    "exemplary_title",
    "period_summary",
    "read_flag",
    "read_overall",
    "read_subject_level",
    "read_test_score",
    "read_trait_level",
    "reassess",
]
