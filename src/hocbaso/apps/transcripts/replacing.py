"""When an issued sheet gets a replacing version: its results changed after it was frozen, by a lawful way.

A change after issue comes from the summer's re-assessment or through an unlock case; what else changed (an
address, a teacher's name) replaces nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from hocbaso.apps.assessment.models import Moment, ResultChange
from hocbaso.apps.transcripts.models import IssuedSheet, SheetState, YearSheet
from hocbaso.core.document import model
from hocbaso.core.document.parse import parse_sheet

IN_SUMMER = "Kết quả đánh giá lại trong hè"
BY_CASE = "Sửa kết quả theo hồ sơ mở khóa {cases}"
OTHER = "Kết quả đánh giá lại"
_SUMMER_FIELDS = ("record:conduct_summer", "record:promoted_by_principal", "record:promotion_reason")


@dataclass(frozen=True, slots=True)
class Earlier:
    """The newest issued version of a pupil's sheet, and why a new one may replace it."""

    issued: IssuedSheet
    reason: str
    cases: tuple[str, ...] = ()

    def same_results(self, new: model.YearSheet) -> bool:
        """Whether the new sheet would say of the results what the issued one says."""
        return _results(parse_sheet(bytes(self.issued.sheet.body))) == _results(new)


def _results(sheet: model.YearSheet) -> tuple[Any, ...]:
    """What a pupil's year came to, without the names of teachers."""
    lines = tuple(
        replace(one, teachers=())
        if isinstance(one, model.SecondarySubjectLine)
        else replace(one, teacher=None)
        for one in sheet.subjects
    )
    absences = (sheet.days_absent_excused, sheet.days_absent_unexcused)
    return lines, sheet.traits, sheet.result, absences, sheet.homeroom_comment


def newest_sheets(enrolments: Collection[int]) -> dict[int, YearSheet]:
    """The newest sheet of each enrolment that is not voided, without its bytes. One query."""
    rows = YearSheet.objects.filter(enrolment__in=enrolments).exclude(state=SheetState.VOIDED)
    return {row.enrolment_id: row for row in rows.defer("body").order_by("version")}


def newest_issued(enrolments: Collection[int]) -> dict[int, Earlier]:
    """The newest issued version by enrolment, with the reason of a replacing one. Two queries."""
    rows = IssuedSheet.objects.filter(sheet__enrolment__in=enrolments).select_related("sheet")
    issued = {row.sheet.enrolment_id: row for row in rows.defer("document").order_by("version")}
    changes: dict[int, list[ResultChange]] = {}
    for change in ResultChange.objects.filter(enrolment__in=issued).order_by("id"):
        if change.at > issued[change.enrolment_id].sheet.frozen_at:
            changes.setdefault(change.enrolment_id, []).append(change)
    return {key: _earlier(row, changes.get(key, [])) for key, row in issued.items()}


def _earlier(row: IssuedSheet, changes: list[ResultChange]) -> Earlier:
    cases = tuple(sorted({change.case_number for change in changes if change.case_number}))
    if cases:
        return Earlier(row, BY_CASE.format(cases=", ".join(cases)), cases)
    summer = any(c.moment == Moment.SUMMER or c.field in _SUMMER_FIELDS for c in changes)
    return Earlier(row, IN_SUMMER if summer else OTHER)


def changed_since(sheets: Collection[YearSheet]) -> set[int]:
    """Enrolments whose results were written after their issued sheet was frozen. One query."""
    frozen = {s.enrolment_id: s.frozen_at for s in sheets if s.state == SheetState.ISSUED}
    if not frozen:
        return set()
    rows = ResultChange.objects.filter(enrolment__in=frozen, at__gt=min(frozen.values()))
    return {key for key, at in rows.values_list("enrolment_id", "at") if at > frozen[key]}
