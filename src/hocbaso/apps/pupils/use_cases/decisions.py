"""What every decision about a pupil's place asks for: whose it is, its day, its words, no sheet in the way.

The principal's own act is the decision; the clerk writes down a decision that the principal has signed and
names its number.
"""

from __future__ import annotations

from datetime import date

from django.db import connection

from hocbaso.apps.accounts.door import Actor, allowed
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Enrolment
from hocbaso.core.errors import DomainError, register
from hocbaso.core.vietnamese.letters import collapse, nfc
from hocbaso.core.vietnamese.school_year import SchoolYear

register(
    {
        "decision_needed": (
            "Cần số quyết định (hoặc văn bản đồng ý) của hiệu trưởng.",
            "Whoever is not the principal names the principal's decision.",
        ),
        "decision_reason": ("Cần ghi lý do.", "A reason is needed."),
        "decision_too_long": ("Dài quá {limit} ký tự.", "Longer than {limit} characters."),
        "decision_day": (
            "Ngày {day} không thuộc năm học {year}.",
            "{day} is not a day of school year {year}.",
        ),
    }
)

REASON_LIMIT, DECISION_LIMIT = 300, 120


def reason_and_decision(
    actor: Actor, school: Organisation, reason: str, decision: str, *, reason_needed: bool = True
) -> tuple[str, str]:
    """Both texts as they are stored.

    :raises DomainError: ``decision_needed``, ``decision_reason``, ``decision_too_long``
    """
    reason, decision = collapse(nfc(reason)), collapse(nfc(decision))
    if reason_needed and not reason:
        raise DomainError("decision_reason")
    if len(reason) > REASON_LIMIT:
        raise DomainError("decision_too_long", limit=REASON_LIMIT)
    if len(decision) > DECISION_LIMIT:
        raise DomainError("decision_too_long", limit=DECISION_LIMIT)
    if not decision and not actor.is_operator and not allowed(actor, "pupils.decide", school):
        raise DomainError("decision_needed")
    return reason, decision


def require_day(day: date, year: str) -> None:
    """A day of the school year; what is decided in the summer may be dated to the end of August.

    :raises DomainError: ``decision_day``
    """
    span = SchoolYear.parse(year)
    last = date(span.start + 1, 8, 31)
    if not span.first_day <= day <= last:
        raise DomainError("decision_day", day=f"{day:%d/%m/%Y}", year=year)


def live_sheet_state(enrolment: Enrolment) -> str:
    """State of the enrolment's live year sheet: "issued" beats others; "" when there is none."""
    states = set(enrolment.sheets.exclude(state="voided").values_list("state", flat=True))
    return "issued" if "issued" in states else next(iter(states), "")


def hold_school(school: Organisation) -> None:
    """One numbering or roll-over a school at a time (on SQLite the transaction itself is the lock)."""
    if connection.vendor == "postgresql":
        Organisation.objects.select_for_update().get(pk=school.pk)
