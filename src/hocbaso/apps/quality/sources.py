"""What matching and residence know, read through their models that stand; registered at start."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from django.db.models import F, Max, Q

from hocbaso.apps.common import clock
from hocbaso.apps.matching.models import CaseState, MergeCase, Pair, PairState, TemporaryCode
from hocbaso.apps.quality.ports import register_facts
from hocbaso.apps.residence.models import Source, Stay


def duplicate_cases(pupils: Collection[int]) -> dict[int, int]:
    """Pairs and merge cases that wait for a decision. Two queries."""
    found: Counter[int] = Counter()
    among = set(pupils)
    pairs = Pair.objects.filter(Q(first__in=pupils) | Q(second__in=pupils), state=PairState.OPEN)
    cases = MergeCase.objects.filter(Q(survivor__in=pupils) | Q(merged__in=pupils), state=CaseState.PROPOSED)
    for rows in (pairs.values_list("first", "second"), cases.values_list("survivor", "merged")):
        found.update(pk for pair in rows for pk in pair if pk in among)
    return dict(found)


def temporary_codes(pupils: Collection[int]) -> dict[int, bool]:
    """Pupils whose code is still a temporary one. One query."""
    rows = TemporaryCode.objects.filter(pupil__in=pupils, code=F("pupil__code")).order_by()
    return dict.fromkeys(rows.values_list("pupil", flat=True), True)


def residence_days(pupils: Collection[int]) -> dict[int, str]:
    """The day on which the register, an exception or a person last told the residence. One query."""
    told = Stay.objects.filter(pupil__in=pupils, void=False, superseded_by=None).exclude(source=Source.FILE)
    rows = told.order_by().values_list("pupil").annotate(last=Max("recorded_at"))
    return {pk: at.astimezone(clock.VIETNAM).date().isoformat() for pk, at in rows}


def register_all() -> None:
    """Called when the apps are ready."""
    register_facts("duplicate_cases", duplicate_cases)
    register_facts("temporary_code", temporary_codes)
    register_facts("residence_on", residence_days)
