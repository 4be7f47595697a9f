"""The page before a part is finished, in words: counts, means, blanks, doubts, changes, the review."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from hocbaso.apps.assessment.class_sheet import ClassSheet
from hocbaso.apps.assessment.entries import Sort
from hocbaso.apps.assessment.lineage import steps
from hocbaso.apps.assessment.models import ResultChange
from hocbaso.apps.assessment.use_cases.finish_entry import Check
from hocbaso.apps.periods.models import Review, ReviewState
from hocbaso.interfaces.web import gradebook_pages as pages
from hocbaso.interfaces.web.gradebook_columns import columns
from hocbaso.interfaces.web.gradebook_place import Place

MOST_CHANGES = 60
_TICK = timedelta(seconds=1)  # the audit chain keeps whole seconds
_REVIEW_KINDS = {
    ReviewState.ASSIGNED: ("idle", "clock"),
    ReviewState.STARTED: ("busy", "clock"),
    ReviewState.CONFIRMED: ("ok", "check"),
    ReviewState.RETURNED: ("warn", "warn"),
}


@dataclass(frozen=True, slots=True)
class Change:
    """One change since the page was last finished."""

    name: str
    column: str
    old: str
    new: str
    by: str
    at: datetime
    case: str


@dataclass(frozen=True, slots=True)
class ReviewLine:
    """A check of test papers by the subject head."""

    column: str
    state: str
    kind: str
    icon: str
    checker: str
    comment: str


def check_lines(sheet: ClassSheet, check: Check) -> dict[str, Any]:
    """The check page in words."""
    labels = {c.key: c.label for c in columns(sheet)}
    names = pages.names_of(sheet)
    means = {f.key: text for f, text in check.means}
    return {
        "pupils": check.pupils,
        "blanks": check.blanks,
        "counts": [(labels[f.key], values, means.get(f.key, "")) for f, values in check.counts],
        "missing": [
            (
                names[e.pk],
                ", ".join(labels[f.key] for f in fields),
                pages.cell_name(e.pk, fields[0].key),
            )
            for e, fields in check.missing
        ],
        "warnings": [
            (
                w.id,
                names.get(w.enrolment.pk, "") if w.enrolment else _("Cả lớp"),
                w.message,
                pages.cell_name(w.enrolment.pk, w.key) if w.enrolment else "",
            )
            for w in check.warnings
        ],
    }


def changes_since(sheet: ClassSheet, since: datetime | None) -> tuple[list[Change], int]:
    """What changed on the page after it was last finished, latest first; how many in all. Three queries."""
    if since is None:
        return [], 0
    shown = {c.field.history_name: c for c in columns(sheet)}
    lines = ResultChange.objects.filter(
        enrolment__in=[e.pk for e in sheet.enrolments], field__in=list(shown), at__gte=since + _TICK
    )
    if all(c.field.sort is not Sort.RECORD for c in shown.values()):
        lines = lines.filter(moment=sheet.moment)
    names = pages.names_of(sheet)
    found = [
        Change(
            names[step.change.enrolment_id],
            column.label,
            column.shown(step.old),
            column.shown(step.new),
            step.by_name,
            step.at,
            step.case_number,
        )
        for step in steps(lines.order_by("-at", "-pk")[:MOST_CHANGES])
        if (column := shown[step.change.field])
    ]
    return found, lines.count()


def reviews_of(place: Place, sheet: ClassSheet) -> list[ReviewLine]:
    """How far the subject head's check of the page's test papers is. One query."""
    labels = {c.field.name: c.label for c in columns(sheet)}
    rows = Review.objects.filter(
        school_class=place.school_class, part=place.part, moment=place.moment, next__isnull=True
    ).exclude(state=ReviewState.CANCELLED)
    return [
        ReviewLine(
            labels.get(row.column, row.column),
            str(ReviewState(row.state).label),
            *_REVIEW_KINDS[ReviewState(row.state)],
            row.checker.full_name,
            row.comment,
        )
        for row in rows.select_related("checker")
    ]
