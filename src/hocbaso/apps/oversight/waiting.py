"""What holds a class up although nobody is late: the summer's re-assessment; and until when marks go in."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from hocbaso.apps.assessment.models import Moment, SubjectResult, TraitResult
from hocbaso.apps.assessment.year_outcomes import outcomes_of
from hocbaso.apps.assessment.year_rows import verdicts_of
from hocbaso.apps.common import clock
from hocbaso.apps.periods.queries import Gates
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.apps.transcripts.models import SheetState, YearSheet
from hocbaso.core.regulation.secondary import SECONDARY_GRADES

#: (moment, column) that the year's end waits for, by level.
_SECONDARY_CELLS = tuple((m.value, c) for m in (Moment.TERM_ONE, Moment.TERM_TWO) for c in ("gk", "ck"))
_PRIMARY_CELLS = ((Moment.YEAR_END.value, "level"),)


def waiting_for_summer(school_class: SchoolClass) -> int:
    """Pupils without a live sheet whose results are whole, but who must be re-assessed in summer first.

    Primary: two queries, four more where somebody has not completed. Secondary: six.
    """
    live = YearSheet.objects.filter(school_class=school_class).exclude(state=SheetState.VOIDED)
    pupils = school_class.enrolments.filter(active=True).exclude(pk__in=live.values("enrolment"))
    if school_class.grade in SECONDARY_GRADES:
        found = list(pupils.values_list("pk", flat=True))
        outcomes = outcomes_of(school_class, found).values() if found else ()
        return sum(bool(o.study_year and o.conduct_year and o.summer_pending) for o in outcomes)
    # Only who has a C or a test below 5 can be waiting (TT 27/2020 Điều 9): nobody else is looked at.
    at_end = {"enrolment__in": pupils, "moment": Moment.YEAR_END}
    subjects = SubjectResult.objects.filter(Q(level="C") | Q(score__lt=5), **at_end)
    traits = TraitResult.objects.filter(level="C", **at_end)
    weak = set(subjects.values_list("enrolment", flat=True).union(traits.values_list("enrolment", flat=True)))
    verdicts = verdicts_of(school_class, list(weak)).values() if weak else ()
    return sum(
        not v.missing and v.decision is not None and not (v.promotion and v.promotion.completion)
        for v in verdicts
    )


@dataclass(frozen=True, slots=True)
class Deadline:
    """Until when the marks of the year's end go in: when the next period closes, or that all have."""

    closes_at: datetime | None = None
    closed: bool = False


def entry_deadline(school_class: SchoolClass, subject_codes: Collection[str]) -> Deadline:
    """Of these subjects' semesters (secondary) or year's end (primary). Four queries."""
    cells = _SECONDARY_CELLS if school_class.grade in SECONDARY_GRADES else _PRIMARY_CELLS
    now = clock.now()
    gates = Gates.of([school_class], now)
    found = [gates.usual(school_class, code, m, c) for code in subject_codes for m, c in cells]
    ahead = [gate.closes_at for gate in found if gate.closes_at and gate.closes_at > now]
    if ahead:
        return Deadline(min(ahead))
    past = [gate.closed_at for gate in found if gate.closed_at]
    return Deadline(max(past), True) if found and len(past) == len(found) else Deadline()
