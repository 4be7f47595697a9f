"""Reads of seals that wait for their time stamp."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, QuerySet

from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.transcripts.waiting.models import SealState, WaitingSeal
from hocbaso.core.errors import DomainError, register

register(
    {
        "seal_waits_for_stamp": (
            "Học bạ đã đóng dấu và đang chờ dấu thời gian. Thầy cô không phải làm gì: hệ thống tự hoàn tất "
            "khi dịch vụ cấp dấu thời gian trả lời.",
            "The sheet is sealed already and waits for its time stamp.",
        ),
    }
)

#: The state of a signing item whose seal waits, and its words for desk, receipt and the sheet's page.
SEALED = "sealed"
SEALED_WORDS = SealState.WAITING.label


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many seals wait, and since when the oldest does."""

    count: int
    oldest: datetime | None


def waiting(units: Collection[Organisation] | None = None) -> Waiting:
    """On the whole node, or of some schools. One query."""
    rows = _waiting()
    if units is not None:
        rows = rows.filter(sheet__school__in=units)
    found = rows.aggregate(n=Count("pk"), oldest=Min("made_at"))
    return Waiting(found["n"], found["oldest"])


def waiting_since(sheets: Iterable[Any]) -> dict[int, datetime]:
    """When the seal was made, by sheet, for the sheets whose seal waits. One query.

    :param sheets: sheets or their keys.
    """
    return dict(_waiting().filter(sheet__in=sheets).values_list("sheet_id", "made_at"))


def waiting_by_class(school: Organisation) -> dict[int, int]:
    """How many seals wait, by class. One query."""
    rows = _waiting().filter(sheet__school=school).values("sheet__school_class").annotate(n=Count("pk"))
    return {row["sheet__school_class"]: row["n"] for row in rows.order_by()}


def waiting_of_year(school: Organisation, year: str) -> set[int]:
    """Keys of the sheets of a school year whose seal waits. One query."""
    rows = _waiting().filter(sheet__school=school, sheet__school_year=year)
    return set(rows.values_list("sheet_id", flat=True))


def refuse_waiting(sheets: Iterable[Any]) -> None:
    """Nothing that is sealed and waits is sealed again. One query.

    :raises DomainError: ``seal_waits_for_stamp``.
    """
    if _waiting().filter(sheet__in=sheets).exists():
        raise DomainError("seal_waits_for_stamp")


def _waiting() -> QuerySet[WaitingSeal]:
    return WaitingSeal.objects.filter(state=SealState.WAITING)
