"""Data quality "đúng, đủ, sạch, sống": pure rules over plain records, scores, the catalogue."""

from hocbaso.core.quality.catalogue import BY_ID, RULES, judge, rules_of
from hocbaso.core.quality.checklist import ITEMS
from hocbaso.core.quality.model import DIMENSION_NAMES, About, Dimension, Fix, Owner, Rule, Severity
from hocbaso.core.quality.records import ClassRecord, PupilRecord, StaffRecord
from hocbaso.core.quality.score import Part, Score, score, together

__all__ = [
    "BY_ID",
    "DIMENSION_NAMES",
    "ITEMS",
    "RULES",
    "About",
    "ClassRecord",
    "Dimension",
    "Fix",
    "Owner",
    "Part",
    "PupilRecord",
    "Rule",
    "Score",
    "Severity",
    "StaffRecord",
    "judge",
    "rules_of",
    "score",
    "together",
]
