"""The pupil's status of the year: one of the sector's twelve (domain 9.3); who studies follows from it."""

from __future__ import annotations

from datetime import date

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.pupils.models import Enrolment, StatusChange
from hocbaso.apps.pupils.use_cases.decisions import live_sheet_state, reason_and_decision, require_day
from hocbaso.apps.pupils.use_cases.school_classes import require_open
from hocbaso.core.codelists.attributes import PupilStatus, find_pupil_status
from hocbaso.core.errors import DomainError, register

register(
    {
        "status_unknown": (
            "“{status}” không có trong 12 trạng thái của ngành.",
            "{status!r} is none of the twelve statuses.",
        ),
        "status_same": ("Học sinh đang ở trạng thái “{status}”.", "The status is {status} already."),
        "status_reason_code": (
            "Lý do thôi học không có trong danh mục của ngành.",
            "The reason for leaving is not in the list.",
        ),
        "status_in_signing": (
            "Học bạ năm học này của {name} đang chờ ký hoặc chờ phát hành. Thầy cô trả lại hoặc phát hành "
            "học bạ trước khi đổi sang “{status}”.",
            "The year sheet of {name} waits to be signed or issued.",
        ),
        "status_issued": (
            "Học bạ năm học này của {name} đã phát hành; chỉ đổi được sang trạng thái trong hè, không phải "
            "“{status}”.",
            "The year sheet of {name} is issued; only summer statuses remain.",
        ),
    }
)

#: Lý do thôi học (domain 9.3).
LEAVING_REASONS = {
    "01": "Hoàn cảnh kinh tế khó khăn",
    "02": "Học lực yếu kém",
    "03": "Xa trường",
    "04": "Thiên tai, dịch bệnh",
    "05": "Bị kỳ thị",
    "06": "Nguyên nhân khác",
    "07": "Bảo lưu kết quả",
    "08": "Chuyển học nghề",
}
_SUMMER = "trong hè"


def _status(text: str) -> PupilStatus:
    found = find_pupil_status(text)
    if found is None:
        raise DomainError("status_unknown", status=text[:40])
    return found


def _require_sheet_allows(enrolment: Enrolment, status: PupilStatus) -> None:
    """A pupil who leaves takes no sheet out of the signers' hands; an issued year is over."""
    state = live_sheet_state(enrolment)
    name = enrolment.pupil.full_name
    if state and state != "issued" and not status.active:
        raise DomainError("status_in_signing", name=name, status=status.name)
    if state == "issued" and not (status.name.endswith(_SUMMER) or status.name == "Đang học"):
        raise DomainError("status_issued", name=name, status=status.name)


@transaction.atomic
def set_status(
    actor: Actor,
    *,
    enrolment: Enrolment,
    status: str,
    day: date,
    reason: str = "",
    reason_code: str = "",
    decision: str = "",
) -> StatusChange:
    """Give the pupil another status from ``day`` on; whoever leaves is no longer among those who study.

    :param status: the text of the list, e.g. ``Thôi học kỳ 1``.
    :param reason_code: of :data:`LEAVING_REASONS`, for leaving; then words may be left out.
    :raises NotAllowed: policy ``pupils.place``
    :raises DomainError: ``status_*``, ``decision_*``, ``class_closed``
    """
    require(actor, "pupils.place", enrolment.school_class.school)
    found = _status(status)
    row = (
        Enrolment.objects.select_for_update(of=("self",))
        .select_related("pupil", "school_class__school")
        .get(pk=enrolment.pk)
    )
    school_class = row.school_class
    if row.status == found.name and row.active == found.active:
        raise DomainError("status_same", status=found.name)
    if reason_code and reason_code not in LEAVING_REASONS:
        raise DomainError("status_reason_code")
    require_day(day, school_class.school_year)
    if found.active and not row.active:
        require_open(school_class)
    _require_sheet_allows(row, found)
    reason, decision = reason_and_decision(
        actor,
        school_class.school,
        reason or LEAVING_REASONS.get(reason_code, ""),
        decision,
        reason_needed=not found.active,
    )
    change = StatusChange(
        enrolment=row,
        old=row.status,
        new=found.name,
        day=day,
        reason_code=reason_code,
        reason=reason,
        decision=decision,
        at=clock.now(),
        by=actor.label,
    )
    change.save(force_insert=True)
    row.status, row.active, row.status_date = found.name, found.active, day.isoformat()
    row.save(update_fields=["status", "active", "status_date"])
    chain.record(
        actor,
        "pupils.set_status",
        row.pupil.code,
        organisation=school_class.school.code,
        year=school_class.school_year,
        before=change.old,
        after=change.new,
        day=day.isoformat(),
        reason_code=reason_code,
        decision=decision,
    )
    return change
