"""Reads of year sheets for screens, commands and the public."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from hocbaso.apps.audit.models import Event
from hocbaso.apps.ledger import queries as ledger
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.apps.transcripts.models import IssuedSheet, SheetState, StatusEvent, YearSheet
from hocbaso.core.document.codes import normalise_typed_code
from hocbaso.core.errors import NotFound, register

register(
    {
        "transcript_not_found": (
            "Không có học bạ đã phát hành mang mã {code}. Hãy kiểm tra lại mã in ở chân trang.",
            "No issued transcript has the code {code}.",
        ),
    }
)


def sheets(school: Organisation, year: str) -> QuerySet[YearSheet]:
    """Live sheets (not voided) in the order of the class lists."""
    return (
        YearSheet.objects.filter(school=school, school_year=year)
        .exclude(state=SheetState.VOIDED)
        .select_related("pupil", "school_class")
        .order_by("school_class__grade", "school_class__name", "enrolment__order", "id")
    )


def frozen_since(school_class: SchoolClass) -> dict[int, datetime]:
    """When each pupil's live sheet was frozen, by enrolment. One query."""
    rows = YearSheet.objects.filter(school_class=school_class).exclude(state=SheetState.VOIDED)
    return dict(rows.order_by("version").values_list("enrolment_id", "frozen_at"))


def statuses(codes: list[str]) -> dict[tuple[str, int], StatusEvent]:
    """The last status event of each issued version. One query."""
    rows = StatusEvent.objects.filter(code__in=codes).order_by("id")
    return {(row.code, row.version): row for row in rows}


def sheet_rows(school: Organisation, year: str) -> list[dict[str, Any]]:
    """Rows of ``transcripts list``. Two queries."""
    rows = list(sheets(school, year).defer("body"))
    events = statuses([row.code for row in rows])
    return [
        {
            "code": row.code,
            "pupil": row.pupil.code,
            "class": row.school_class.name,
            "state": events[row.code, row.version].status if (row.code, row.version) in events else row.state,
            "version": row.version,
            "result": row.result,
            "digest": row.digest,
        }
        for row in rows
    ]


def issued_sheets(school: Organisation, year: str) -> list[IssuedSheet]:
    """Issued sheets of a school year, newest version of each pupil last. One query."""
    return list(
        IssuedSheet.objects.filter(sheet__school=school, sheet__school_year=year)
        .select_related("sheet", "sheet__pupil", "sheet__school", "sheet__school_class")
        .order_by(
            "sheet__school_class__grade", "sheet__school_class__name", "sheet__enrolment__order", "version"
        )
    )


def issued_by_code(typed: str) -> list[IssuedSheet]:
    """Every issued version of a code as somebody typed it, newest first. One query.

    :raises Unreadable: ``transcript_code_invalid``; :raises NotFound: ``transcript_not_found``.
    """
    code = normalise_typed_code(typed)
    rows = list(
        IssuedSheet.objects.filter(code=code)
        .select_related("sheet", "sheet__pupil", "sheet__school", "sheet__school_class")
        .order_by("-version")
    )
    if not rows:
        raise NotFound("transcript_not_found", code=code)
    return rows


def inclusion_proof_of(typed: str) -> dict[str, Any]:
    """The proof that the newest version of a code stands in the log (JSON of ``log prove``)."""
    newest = issued_by_code(typed)[0]
    proof = ledger.inclusion_proof(newest.log, newest.log_index)
    return {"code": newest.code, "version": newest.version, "digest": newest.digest, "proof": proof}


def class_board(school: Organisation, year: str) -> list[dict[str, Any]]:
    """Where each class stands: sheets by state, and ``open``: who studies there and has none. Two queries.

    A corrected sheet counts beside its version of before, and one of a pupil who left stays: ``open`` cannot
    be told from the sums.
    """
    live = YearSheet.objects.filter(enrolment=OuterRef("pk")).exclude(state=SheetState.VOIDED)
    without = Enrolment.objects.filter(
        ~Exists(live), school_class__school=school, school_class__school_year=year, active=True
    )
    missing = dict(without.order_by().values_list("school_class").annotate(n=Count("pk")))
    rows = (
        SchoolClass.objects.filter(school=school, school_year=year)
        .annotate(
            pupils=Count("enrolments", filter=Q(enrolments__active=True), distinct=True),
            subjects=Count("sheets", filter=Q(sheets__state=SheetState.AWAITING_SUBJECTS), distinct=True),
            frozen=Count("sheets", filter=Q(sheets__state=SheetState.FROZEN), distinct=True),
            homeroom_signed=Count(
                "sheets", filter=Q(sheets__state=SheetState.HOMEROOM_SIGNED), distinct=True
            ),
            principal_signed=Count(
                "sheets", filter=Q(sheets__state=SheetState.PRINCIPAL_SIGNED), distinct=True
            ),
            issued=Count("sheets", filter=Q(sheets__state=SheetState.ISSUED), distinct=True),
        )
        .values(
            "id",
            "name",
            "grade",
            "pupils",
            "subjects",
            "frozen",
            "homeroom_signed",
            "principal_signed",
            "issued",
        )
        .order_by("grade", "name")
    )
    return [dict(row) | {"open": missing.get(row["id"], 0)} for row in rows]


def waits_for_subjects(school_class: SchoolClass) -> bool:
    """Whether sheets of the class wait for subject teachers. One query."""
    return YearSheet.objects.filter(school_class=school_class, state=SheetState.AWAITING_SUBJECTS).exists()


def returned_reasons(school_class: SchoolClass) -> dict[int, str]:
    """Why the last sheet was returned, by enrolment, where no new one stands. One query."""
    newest: dict[int, tuple[str, str]] = {}
    rows = YearSheet.objects.filter(school_class=school_class).order_by("id")
    for enrolment, state, reason in rows.values_list("enrolment_id", "state", "return_reason"):
        newest[enrolment] = (state, reason)
    return {key: reason for key, (state, reason) in newest.items() if state == SheetState.VOIDED}


@dataclass(frozen=True, slots=True)
class Closing:
    """The last act of closing a class, as the event chain tells it."""

    number: int  # sequence number of the event
    at: datetime
    by: str
    count: int


def closing_reference(school_class: SchoolClass) -> Closing | None:
    """The newest closing of a class. One query."""
    event = (
        Event.objects.filter(
            action="transcripts.closed",
            organisation=school_class.school.code,
            target=f"class:{school_class.name}",
            details__year=school_class.school_year,
        )
        .order_by("-sequence")
        .first()
    )
    if event is None:
        return None
    return Closing(event.sequence, event.at, event.actor, len(event.details["sheets"]))
